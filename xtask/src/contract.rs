//! The contract: what we send to Stripe and take from it, held against Stripe's official library for Python.
//!
//! The library lives in an environment of its own, `target/contract`, in the versions that are named in
//! `tests/contract/requirements.txt`. Nothing is sent to Stripe.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Done, apt, needs, places};

/// Runs the tests that need the library.
pub fn check() -> Done {
    let python = python()?;
    let arguments = ["test", "--test", "it", "--", "--ignored", "contract"];
    println!("cargo {}", arguments.join(" "));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).env("RIALTO_CONTRACT_PYTHON", &python).current_dir(places::root());
    done(&mut cargo, "cargo")
}

/// The Python that has the library, made where it is missing or another one.
fn python() -> Result<PathBuf, String> {
    let folder = places::target().join("contract");
    let (python, installed) = (folder.join("bin/python"), folder.join("requirements.txt"));
    let path = places::root().join("tests/contract/requirements.txt");
    let wanted = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) && runs(&python, "import stripe") {
        return Ok(python);
    }
    if !runs(Path::new("python3"), "import ensurepip, venv") {
        apt::install(needs::CONTRACT)?;
    }
    println!("installing Stripe's official library into {}", folder.display());
    done(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), "python3 -m venv")?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps", "--requirement"]);
    done(pip.arg(&path), "pip")?;
    // Written last, so that what was broken off is begun anew.
    fs::write(&installed, wanted).map_err(|error| format!("{}: {error}", installed.display()))?;
    Ok(python)
}

fn runs(python: &Path, words: &str) -> bool {
    let status = Command::new(python).args(["-c", words]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn done(command: &mut Command, name: &str) -> Done {
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{name}` failed: {status}")),
        Err(error) => Err(format!("`{name}` did not start: {error}")),
    }
}
