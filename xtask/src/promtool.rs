//! promtool, which says whether metrics are good ones. It comes with Prometheus, in one Debian package.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Done;
use crate::unpacked::{Unpacked, program_of};

const PACKAGE: Unpacked = Unpacked {
    name: "prometheus",
    programs: &["promtool", "prometheus"],
    shares: None,
    reason: "its promtool says whether metrics and rules are good ones, and it shows the boards' numbers",
};

/// Makes sure that it is there, and Prometheus with it.
pub fn unpack() -> Done {
    PACKAGE.unpack()
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

/// Shows it a configuration of Prometheus; the files that it names are where they will be, and not here.
pub fn check_configuration(file: &Path) -> Done {
    let output = Command::new(program()).args(["check", "config", "--syntax-only"]).arg(file).output();
    let output = output.map_err(|error| format!("promtool did not start: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("promtool says:\n{}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// Where it is.
pub fn program() -> PathBuf {
    program_of("promtool")
}
