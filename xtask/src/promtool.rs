//! promtool, which says whether metrics are good ones.
//!
//! It comes in Debian's package `prometheus`, together with a server that would be started and enabled.
//! So the package is unpacked and not installed: one file is kept, and nothing is left running.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Done, apt, places};

const INSTALLED: &str = "/usr/bin/promtool";

/// Makes sure that it is there.
pub fn unpack() -> Done {
    if program().exists() {
        return Ok(());
    }
    println!("unpacking from Debian, without installing:");
    println!("  {:<24} its promtool says whether the metrics are good ones", "prometheus");
    let folder = places::made(places::target().join("tools/prometheus"))?;
    let package = apt::download("prometheus", &folder)?;
    let unpacked = Command::new("dpkg-deb").arg("--extract").arg(&package).arg(&folder).status();
    if !unpacked.is_ok_and(|status| status.success()) {
        return Err(format!("{} could not be unpacked", package.display()));
    }
    places::made(places::target().join("tools/bin"))?;
    let kept = places::tool("promtool");
    fs::rename(folder.join("usr/bin/promtool"), &kept)
        .and_then(|()| fs::remove_dir_all(&folder))
        .map_err(|error| format!("{}: {error}", kept.display()))
}

/// Shows it the metrics in a file; what it says about them is the error.
pub fn check(metrics: &Path) -> Done {
    let input = File::open(metrics).map_err(|error| format!("{}: {error}", metrics.display()))?;
    let output = Command::new(program()).args(["check", "metrics"]).stdin(Stdio::from(input)).output();
    let output = output.map_err(|error| format!("promtool did not start: {error}"))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if output.status.success() && said.trim().is_empty() {
        return Ok(());
    }
    Err(format!("promtool says about /metrics ({}):\n{said}", output.status))
}

/// Where it is.
pub fn program() -> PathBuf {
    let installed = PathBuf::from(INSTALLED);
    if installed.exists() { installed } else { places::tool("promtool") }
}
