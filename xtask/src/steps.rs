//! Steps: each says in one line that it begins, and all of them at the end how they went.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::Done;

/// The steps of one task, so far.
pub struct Steps {
    begun: Instant,
    ended: Vec<Ended>,
}

struct Ended {
    name: &'static str,
    took: Duration,
    is_ok: bool,
    remark: String,
}

impl Steps {
    /// Runs a task, and prints a line for each of its steps whichever way it went.
    pub fn run(task: &str, steps: impl FnOnce(&mut Steps) -> Done) -> Done {
        let mut this = Steps { begun: Instant::now(), ended: Vec::new() };
        let done = steps(&mut this);
        println!("\ncargo xtask {task}:");
        for Ended { name, took, is_ok, remark } in &this.ended {
            let word = if *is_ok { "ok" } else { "FAILED" };
            println!("{}", format!("  {name:<12} {word:<6} {:>7.1} s  {remark}", took.as_secs_f64()).trim_end());
        }
        let word = if done.is_ok() { "ok" } else { "FAILED" };
        println!("  {:<12} {word:<6} {:>7.1} s", "all of it", this.begun.elapsed().as_secs_f64());
        done
    }

    /// Runs one step.
    pub fn step(&mut self, name: &'static str, what: &str, run: impl FnOnce() -> Done) -> Done {
        self.step_with_remark(name, what, || run().map(|()| String::new()))
    }

    /// Runs one step that has something to say at the end.
    pub fn step_with_remark(
        &mut self,
        name: &'static str,
        what: &str,
        run: impl FnOnce() -> Result<String, String>,
    ) -> Done {
        println!("\n== {name}: {what}");
        let begun = Instant::now();
        let done = run();
        let (took, is_ok) = (begun.elapsed(), done.is_ok());
        let remark = done.as_ref().map_or_else(|_| String::new(), String::clone);
        self.ended.push(Ended { name, took, is_ok, remark });
        done.map(drop).map_err(|error| format!("{name}: {error}"))
    }
}

/// Runs cargo, in the open.
pub fn cargo(arguments: &[&str]) -> Done {
    cargo_with(&[], arguments)
}

/// Likewise, with variables in its environment; those that whoever called has set are left as they are.
pub fn cargo_with(variables: &[(&str, &str)], arguments: &[&str]) -> Done {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments);
    for (name, value) in variables.iter().filter(|(name, _)| std::env::var_os(name).is_none()) {
        command.env(name, value);
        print!("{name}={value} ");
    }
    println!("cargo {}", arguments.join(" "));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`cargo {}` failed: {status}", arguments.join(" "))),
        Err(error) => Err(format!("`cargo {}` did not start: {error}", arguments.join(" "))),
    }
}
