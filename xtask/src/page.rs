//! The revenue page, looked at in a headless Chromium.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Done, demo, needs};

/// It talks to nobody but the page's own host, and leaves nothing behind.
const QUIET: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // A container's shared memory is often too small for it.
    "--disable-dev-shm-usage",
    "--window-size=1280,1400",
    // The page has eight seconds of its own time to ask, answer and draw.
    "--virtual-time-budget=8000",
    "--enable-logging=stderr",
    "--v=0",
];

/// Opens the page, keeps a picture of it, and checks what it shows.
pub fn look(url: &str, folder: &Path, picture: &Path) -> Done {
    let (shown, logged) = (folder.join("page.html"), folder.join("chromium.log"));
    let file = |path: &Path| File::create(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut command = Command::new(needs::CHROMIUM.found().ok_or("there is no Chromium")?);
    command.args(QUIET).arg(format!("--user-data-dir={}", folder.join("chromium").display()));
    command.arg(format!("--screenshot={}", picture.display())).args(["--dump-dom", url]);
    command.stdin(Stdio::null()).stdout(file(&shown)?).stderr(file(&logged)?);
    // A picture of an earlier time would look like success.
    let _ = fs::remove_file(picture);
    let mut child = command.spawn().map_err(|error| format!("Chromium did not start: {error}"))?;
    let Some(status) = demo::ended(&mut child) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err("Chromium did not come to an end".into());
    };
    let read = |path: &Path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let (shown, logged) = (read(&shown).unwrap_or_default(), read(&logged).unwrap_or_default());
    match fault(&shown, &logged) {
        None if status.success() && picture.exists() => Ok(()),
        None => Err(format!("Chromium kept no picture ({status}); it says:\n{logged}")),
        Some(fault) => Err(format!("{fault}; the page is:\n{shown}\nand Chromium says:\n{logged}")),
    }
}

/// What is wrong with the page, if anything is.
fn fault(shown: &str, logged: &str) -> Option<&'static str> {
    let has = |id: &str, text: &str| {
        let element = shown.split_once(&format!("id=\"{id}\"")).map(|(_, rest)| rest);
        element.and_then(|rest| rest.split_once("</")).is_some_and(|(element, _)| element.contains(text))
    };
    if !["today", "week", "month"].iter().all(|total| has(total, ">€")) {
        return Some("a total is missing from the page");
    }
    if !["earned", "collectable", "collected"].iter().all(|step| has(step, ">€")) {
        return Some("the page does not say what was earned, is collectable and was collected");
    }
    if !shown.contains(">tx_") {
        return Some("the page shows no charge");
    }
    if ![" tracked", " live"].iter().all(|basis| shown.contains(&format!("0{basis}"))) {
        return Some("the page does not say what counts towards a target");
    }
    if !has("paused", "role=\"status\">") || shown.contains("All is paused") {
        return Some("the page says that all is paused");
    }
    if !has("notice", "role=\"status\">")
        || shown.contains("cannot be reached")
        || shown.contains("class=\"card stale\"")
    {
        return Some("the page says that something cannot be had");
    }
    // The page writes to the console only what went wrong.
    logged.contains("CONSOLE").then_some("there is an error in the page's console")
}
