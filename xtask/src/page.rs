//! The revenue page, looked at in a headless Chromium by `tests/page/look.py`.
//!
//! axe-core, which says whether everybody can use it, is installed into `target/page`, in the version and with the digest
//! that `tests/page/package-lock.json` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Done, places};

/// Looks at the page, and keeps pictures of it in this folder.
pub fn look(url: &str, pictures: &Path) -> Done {
    let mut command = Command::new("python3");
    command.arg(places::root().join("tests/page/look.py")).arg(url).arg(axe()?).arg(pictures);
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("python3 did not start: {error}"))?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// axe-core, installed where it is missing or another one.
fn axe() -> Result<PathBuf, String> {
    let (source, folder) = (places::root().join("tests/page"), places::made(places::target().join("page"))?);
    let (axe, installed) = (folder.join("node_modules/axe-core/axe.min.js"), folder.join("installed"));
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let wanted = read(&source.join("package-lock.json"))?;
    if axe.exists() && read(&installed).is_ok_and(|text| text == wanted) {
        return Ok(axe);
    }
    println!("installing axe-core into {}", folder.display());
    for name in ["package.json", "package-lock.json"] {
        fs::copy(source.join(name), folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
    match npm.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("npm could not install axe-core: {status}")),
        Err(error) => return Err(format!("npm did not start: {error}")),
    }
    // Written last, so that what was broken off is begun anew.
    fs::write(&installed, wanted).map_err(|error| format!("{}: {error}", installed.display()))?;
    Ok(axe)
}
