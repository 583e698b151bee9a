//! The steps of `test` and `lint`, one command each.

use std::process::{Command, Stdio};

use crate::{Done, apt, needs};

/// Everything that must hold before a change is taken.
pub fn test() -> Done {
    apt::install(needs::BUILD)?;
    cargo(&["build", "--release"])?;
    cargo(&["test", "--workspace"])?;
    lint()
}

/// Formatting, clippy, and the dependencies.
pub fn lint() -> Done {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    if has_cargo_deny() {
        return cargo(&["deny", "check"]);
    }
    println!("left out: `cargo deny check`, as cargo-deny is not installed (`cargo install cargo-deny`)");
    Ok(())
}

/// Runs cargo, in the open.
pub fn cargo(arguments: &[&str]) -> Done {
    println!("cargo {}", arguments.join(" "));
    let status = Command::new(env!("CARGO")).args(arguments).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`cargo {}` failed: {status}", arguments.join(" "))),
        Err(error) => Err(format!("`cargo {}` did not start: {error}", arguments.join(" "))),
    }
}

fn has_cargo_deny() -> bool {
    let mut command = Command::new(env!("CARGO"));
    command.args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
