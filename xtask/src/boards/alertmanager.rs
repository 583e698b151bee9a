//! A real Alertmanager with the committed configuration, which sends to a receiver of ours.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use super::board::{items, text};
use super::replaced;
use crate::kept::Kept;
use crate::unpacked::{Unpacked, program_of, share_of};
use crate::{Done, demo, http, places};

/// The committed configuration,
pub const CONFIGURATION: &str = "grafana/prometheus/alertmanager.yaml";
/// and whom it tells in it of what is urgent.
const PAGER: &str = "url: http://127.0.0.1:9099/page";
/// How long it may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where Debian's looks for its templates,
const BUILT_IN: &str = "/usr/share/prometheus/alertmanager";
const SHARE: &str = "prometheus/alertmanager";
/// and a path of the same length, within the folder that it runs in.
const WITHIN: &str = "././././././././././././templates/";

/// Where it comes from.
pub const PACKAGE: Unpacked = Unpacked {
    name: "prometheus-alertmanager",
    programs: &["prometheus-alertmanager", "amtool"],
    shares: Some(SHARE),
    reason: "delivers an alert to a test receiver",
};

/// See the module.
pub struct Alertmanager {
    /// Where it listens.
    pub address: String,
    server: Kept,
    deliveries: Receiver<String>,
}

impl Alertmanager {
    /// Starts one with a receiver on the loopback, and waits until it is ready.
    pub fn start(folder: &Path) -> Result<Alertmanager, String> {
        let (receiver, deliveries) = receiver()?;
        let committed = places::root().join(CONFIGURATION);
        let text = fs::read_to_string(&committed).map_err(|error| format!("{}: {error}", committed.display()))?;
        let hook = format!("url: http://{receiver}/");
        // Somebody who waits for the first alert wants it at once.
        let text = replaced(&text, &[(PAGER, &hook), ("group_wait: 10s", "group_wait: 1s")])
            .map_err(|error| format!("{}: {error}", committed.display()))?;
        let configuration = folder.join("alertmanager.yaml");
        fs::write(&configuration, text).map_err(|error| format!("{}: {error}", configuration.display()))?;
        let address = http::free_address()?;
        let arguments = [
            format!("--config.file={}", configuration.display()),
            format!("--storage.path={}", folder.join("alertmanager").display()),
            format!("--web.listen-address={address}"),
            "--cluster.listen-address=".into(),
        ];
        let server = Kept::start(&program(folder)?, &arguments, folder, "alertmanager")?;
        let this = Alertmanager { address, server, deliveries };
        demo::within(PATIENCE, || http::get(&this.address, "/-/ready").ok())
            .ok_or_else(|| format!("Alertmanager is not ready:\n{}", this.server.log()))?;
        Ok(this)
    }

    /// Waits until an alert of this name was delivered; what it says.
    pub fn delivered(&self, name: &str, patience: Duration) -> Result<String, String> {
        let summary = demo::within(patience, || {
            let delivery: Value = serde_json::from_str(&self.deliveries.try_recv().ok()?).ok()?;
            let alert = items(&delivery["alerts"]).find(|alert| alert["labels"]["alertname"] == name)?;
            Some(text(&alert["annotations"]["summary"]).to_owned())
        });
        summary.ok_or_else(|| format!("Alertmanager did not deliver {name}; it says:\n{}", self.server.log()))
    }
}

/// The program; where it is only unpacked, a copy that looks for its templates in this folder: Debian's has the place built
/// in, which a path of the same length can be written over.
fn program(folder: &Path) -> Result<PathBuf, String> {
    let program = program_of("prometheus-alertmanager");
    if Path::new(BUILT_IN).exists() {
        return Ok(program);
    }
    let failed = |error: std::io::Error| format!("{}: {error}", program.display());
    let templates = places::made(folder.join("templates"))?;
    for template in ["default.tmpl", "email.tmpl"] {
        fs::copy(share_of(SHARE).join(template), templates.join(template)).map_err(failed)?;
    }
    let mut bytes = fs::read(&program).map_err(failed)?;
    const { assert!(BUILT_IN.len() == WITHIN.len()) };
    let mut place = 0;
    while let Some(found) = bytes[place..].windows(BUILT_IN.len()).position(|bytes| bytes == BUILT_IN.as_bytes()) {
        place += found;
        bytes[place..place + WITHIN.len()].copy_from_slice(WITHIN.as_bytes());
    }
    let copy = folder.join("alertmanager-within");
    fs::write(&copy, bytes).map_err(failed)?;
    let permissions = fs::metadata(&program).map_err(failed)?.permissions();
    fs::set_permissions(&copy, permissions).map_err(failed)?;
    Ok(copy)
}

/// Holds a configuration against Alertmanager's own tool.
pub fn check(configuration: &Path) -> Done {
    let output = Command::new(program_of("amtool")).arg("check-config").arg(configuration).output();
    let output = output.map_err(|error| format!("amtool did not start: {error}"))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if output.status.success() { Ok(()) } else { Err(format!("amtool says:\n{said}")) }
}

/// Takes what is posted, on the loopback, for as long as this process lives.
fn receiver() -> Result<(String, Receiver<String>), String> {
    let failed = |error: std::io::Error| format!("no receiver on the loopback: {error}");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?.to_string();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            // Who sends half a request sends it again.
            let Ok(body) = taken(stream) else { continue };
            if sender.send(body).is_err() {
                return;
            }
        }
    });
    Ok((address, receiver))
}

fn taken(stream: std::net::TcpStream) -> std::io::Result<String> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}
