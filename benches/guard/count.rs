//! Counting instructions: the bench runs itself under callgrind, a row in a process.
//!
//! The runner is our own. The crate for it, gungraun (0.20.0, Rust 1.88), is well kept, but it wants a second
//! program of the very same version installed, built from two hundred packages, and knows nothing of counts that
//! are committed. What it would save is the one command below.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::rows::Row;

/// Said to the child that runs a row, before its name.
pub const CHILD: &str = "--count";
/// Said to the child that tells its processor.
pub const PROCESSOR: &str = "--processor";

/// Runs `work`, and has its instructions counted: callgrind counts from the entry of this function to its
/// end, and nothing else, so that what a row needs is made before.
#[inline(never)]
pub fn counted(work: &mut dyn FnMut()) {
    work();
    // So that the work is no tail call, and this function ends after it.
    black_box(());
}

/// The instructions of one event of a row.
pub fn row(row: &Row, run: usize) -> Result<f64, Box<dyn Error>> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guard");
    fs::create_dir_all(&folder)?;
    let profile = folder.join(format!("{}.out", row.name));
    let flags = [
        "--collect-atstart=no".to_owned(),
        "--toggle-collect=guard::count::counted*".to_owned(),
        format!("--callgrind-out-file={}", profile.display()),
    ];
    let output = child(&flags, &[CHILD, row.name], run)?;
    let events: f64 = text(&output.stdout)?.trim().parse()?;
    let said = text(&output.stderr)?;
    let collected = said.lines().find_map(|line| line.split_once("Collected : ").map(|(_, count)| count.trim()));
    let instructions: f64 = collected.ok_or_else(|| format!("callgrind tells no count:\n{said}"))?.parse()?;
    if instructions == 0.0 {
        return Err(format!("{}: nothing was counted; is `counted` still its own function?", row.name).into());
    }
    Ok(instructions / events)
}

/// The processor that code under valgrind sees.
pub fn processor() -> Result<String, Box<dyn Error>> {
    let output = child(&["--callgrind-out-file=/dev/null".to_owned()], &[PROCESSOR], 0)?;
    Ok(text(&output.stdout)?.trim().to_owned())
}

/// This program under callgrind. Nothing of the environment comes along: it could speak to the allocator, and
/// it moves the stack, whose address is a seed of hashes. `run` moves it on purpose.
fn child(flags: &[String], arguments: &[&str], run: usize) -> Result<Output, Box<dyn Error>> {
    let mut command = Command::new("/usr/bin/valgrind");
    command.arg("--tool=callgrind").args(flags).arg(std::env::current_exe()?).args(arguments);
    command.env_clear().env("RUN", "x".repeat(run * 16)).stdin(Stdio::null());
    let output = command
        .output()
        .map_err(|error| format!("valgrind did not start ({error}); `cargo xtask bench --guard` installs it"))?;
    if !output.status.success() {
        return Err(
            format!("under callgrind, {arguments:?} failed:\n{}", String::from_utf8_lossy(&output.stderr)).into()
        );
    }
    Ok(output)
}

fn text(bytes: &[u8]) -> Result<&str, std::str::Utf8Error> {
    str::from_utf8(bytes)
}
