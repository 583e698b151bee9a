//! The faults: everything is broken on purpose, as often as FAULTS.md tells, by the tests in `tests/it/faults/`.

mod mutants;

use std::fs;
use std::process::{Command, Stdio};

use crate::{Done, apt, bench, doors, fuzz, needs, places};

/// What is wanted of the task.
pub enum Wish {
    /// All of it; its table is written.
    All,
    /// What has this in its name; its table is only printed.
    Row(String),
    /// Mistakes in the core alone.
    Mutants,
}

impl Wish {
    /// Reads the task's arguments.
    pub fn parse(rest: &[String]) -> Result<Wish, String> {
        match rest.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => Ok(Wish::All),
            ["--mutants"] => Ok(Wish::Mutants),
            ["--row", name] => Ok(Wish::Row(name.to_owned())),
            _ => Err(format!(
                "`cargo xtask faults` takes --row NAME (such as crashes) or --mutants; not {}",
                rest.join(" ")
            )),
        }
    }
}

/// Breaks everything, and makes the table.
pub fn run(wish: &Wish) -> Done {
    if matches!(wish, Wish::Mutants) {
        println!("\n{}", table(&mutants::row()?)?);
        return Ok(());
    }
    apt::install(&[needs::BUILD, needs::FAULTS].concat())?;
    let folder = places::made(places::target().join("faults"))?;
    let told = folder.join("told.ndjson");
    fs::write(&told, "").map_err(|error| format!("{}: {error}", told.display()))?;
    let filter = match wish {
        Wish::All | Wish::Mutants => "faults::".to_owned(),
        Wish::Row(name) => format!("faults::{name}"),
    };
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(places::root()).stdin(Stdio::null());
    // One after another, so that no fault is mistaken for the next, and what is timed has the machine to itself.
    command.args([
        "test",
        "--release",
        "--workspace",
        "--test",
        "it",
        &filter,
        "--",
        "--test-threads=1",
        "--nocapture",
        "--include-ignored",
    ]);
    command.env(doors::VARIABLE, doors::LIBRARIES.python()?);
    command.env("RIALTO_FAULTS", "whole").env("RIALTO_FAULTS_TOOLS", "1").env("RIALTO_FAULTS_TABLE", &told);
    let status = command.status().map_err(|error| format!("the tests did not start: {error}"))?;
    let mut told = fs::read_to_string(&told).map_err(|error| format!("{}: {error}", told.display()))?;
    if matches!(wish, Wish::All) && status.success() {
        told += &mutants::row()?;
        told += &fuzz::row()?;
    }
    let table = table(&told)?;
    println!("\n{table}");
    if !status.success() {
        return Err("something did not hold; what did is in the table".into());
    }
    match wish {
        Wish::All => bench::write(&places::root().join("FAULTS.md"), "the table", &table),
        Wish::Row(_) | Wish::Mutants => Ok(()),
    }
}

/// The table of what the tests told, a line of JSON each.
fn table(told: &str) -> Result<String, String> {
    let mut table = "| broken | how often and how | what came of it |\n|---|---|---|\n".to_owned();
    for line in told.lines() {
        let line: serde_json::Value = serde_json::from_str(line).map_err(|error| format!("{line}: {error}"))?;
        let cell = |key: &str| line[key].as_str().unwrap_or_default().replace('|', "\\|");
        table += &format!("| {} | {} | {} |\n", cell("fault"), cell("tried"), cell("came"));
    }
    Ok(table)
}
