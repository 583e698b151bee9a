//! The dependencies: their licences, who is banned, where they come from, and what is known against them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{places, steps};

/// Named, so that what is checked does not change by itself.
const VERSION: &str = "cargo-deny@0.20.2";

/// What is to be done where cargo-deny is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Build it.
    Build,
    /// Go without it.
    GoWithout,
}

impl Wish {
    /// What the arguments of a task wish; CI leaves nothing out.
    pub fn parse(arguments: &[String]) -> Result<Wish, String> {
        match arguments {
            [] if std::env::var_os("CI").is_some_and(|value| value == "true") => Ok(Wish::Build),
            [] => Ok(Wish::GoWithout),
            [argument] if argument == "--deny" => Ok(Wish::Build),
            [argument, ..] => Err(format!("this task takes --deny and no {argument}; see `cargo xtask help`")),
        }
    }
}

/// Checks them; what was left out is the remark.
pub fn check(wish: Wish) -> Result<String, String> {
    let program = match (program(), wish) {
        (Some(program), _) => program,
        (None, Wish::Build) => build()?,
        (None, Wish::GoWithout) => {
            let remark = "left out: there is no cargo-deny; `--deny` builds it in about three minutes";
            println!("{remark}");
            return Ok(remark.into());
        }
    };
    // The advisories are a git repository, which is not reachable from everywhere.
    let has_advisories = run(&program, &["fetch", "db"]).is_ok();
    if has_advisories {
        return run(&program, &["check"]).map(|()| String::new());
    }
    let remark = "without advisories, which could not be fetched";
    println!("{remark}");
    run(&program, &["check", "licenses", "bans", "sources"]).map(|()| remark.into())
}

fn build() -> Result<PathBuf, String> {
    let tools = places::made(places::target().join("tools"))?;
    steps::cargo(&["install", VERSION, "--locked", "--root", &tools.display().to_string()])?;
    Ok(places::tool("cargo-deny"))
}

fn program() -> Option<PathBuf> {
    [places::tool("cargo-deny"), PathBuf::from("cargo-deny")].into_iter().find(|program| {
        let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    })
}

fn run(program: &PathBuf, arguments: &[&str]) -> Result<(), String> {
    println!("cargo deny {}", arguments.join(" "));
    let status = Command::new(program).args(arguments).current_dir(places::root()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`cargo deny {}` failed: {status}", arguments.join(" "))),
        Err(error) => Err(format!("cargo-deny did not start: {error}")),
    }
}
