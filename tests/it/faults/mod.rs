//! What is broken on purpose: each of these rooms breaks one thing many times, and says what came of it.
//!
//! `cargo test` breaks each a few times. `cargo xtask faults` breaks it as often as [FAULTS.md](../../../FAULTS.md) says,
//! with `RIALTO_FAULTS=whole`, and makes the table there of what the rooms [`tell`].

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

mod clocks;
mod crashes;
mod disks;
mod doors;
mod feed;
mod fuzzing;
pub mod mounts;
mod overload;
mod power;
mod rot;
mod simulation;
mod soak;

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// So many in the tests, and so many in `cargo xtask faults`.
pub fn times(few: usize, whole: usize) -> usize {
    if std::env::var("RIALTO_FAULTS").is_ok_and(|text| text == "whole") { whole } else { few }
}

/// A line of the table: what was broken, how often and how, and what came of it.
pub fn tell(fault: &str, tried: impl Display, came: impl Display) {
    let (tried, came) = (tried.to_string(), came.to_string());
    println!("{fault}: {tried}: {came}");
    if let Some(table) = std::env::var_os("RIALTO_FAULTS_TABLE") {
        let line = serde_json::json!({ "fault": fault, "tried": tried, "came": came });
        let mut table = OpenOptions::new().append(true).create(true).open(table).unwrap();
        writeln!(table, "{line}").unwrap();
    }
}

/// A program of the machine. Where it is not there, a test is skipped and says so; but `cargo xtask` has installed it,
/// and there (`RIALTO_FAULTS_TOOLS`) it has to be.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let found = places.map(|place| place.join(name)).find(|path| path.is_file());
    if found.is_none() {
        assert!(std::env::var_os("RIALTO_FAULTS_TOOLS").is_none(), "{name} is not installed");
        eprintln!("skipped: {name} is not installed, which `cargo xtask test` does");
    }
    found
}

/// A shared library of the machine, likewise, by its path below a folder of libraries.
pub fn library(name: &str) -> Option<PathBuf> {
    let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
    let found = [Path::new("/usr/lib").join(triple).join(name), Path::new("/usr/lib").join(name)];
    let found = found.into_iter().find(|path| path.is_file());
    if found.is_none() {
        assert!(std::env::var_os("RIALTO_FAULTS_TOOLS").is_none(), "{name} is not installed");
        eprintln!("skipped: {name} is not installed, which `cargo xtask test` does");
    }
    found
}
