//! The guard: how many instructions each step of the hot path takes, for inputs that never change.
//!
//! Every row runs in a process of its own under `valgrind --tool=callgrind`, on one thread, and only what
//! [`count::counted`] runs is counted. Nothing is timed, so that a busy machine changes no figure.
//! `cargo xtask bench --guard` holds the counts against those in `counts.txt`.

mod book;
#[expect(dead_code, reason = "the table asks the city for more")]
#[path = "../common/city.rs"]
mod city;
mod count;
mod inputs;
mod pricing;
mod processor;
mod reading;
mod records;
mod rows;
mod sums;
#[path = "../common/tariff.rs"]
mod tariff;

use std::error::Error;
use std::process::ExitCode;

use rows::{ROWS, Row};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
The regression guard. Usually run by `cargo xtask bench --guard`, which compares what it counts.

usage: cargo bench --bench guard -- [options]
  --row NAME        this row alone; may be given again
  --runs N          counts every row so often, each time with other addresses and hashes, and prints the
                    least and the most
  --rows            the names of the rows";

/// What the command line asks for.
enum Task {
    Guard { rows: Vec<&'static Row>, runs: usize },
    Child(&'static Row),
    Processor,
    Show(String),
}

fn main() -> ExitCode {
    match task().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("guard: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Box<dyn Error>> {
    match task {
        Task::Guard { rows, runs } => guard(&rows, runs)?,
        Task::Child(row) => println!("{}", (row.run)()),
        Task::Processor => println!("{}", processor::features()),
        Task::Show(text) => println!("{text}"),
    }
    Ok(())
}

/// Prints what `cargo xtask bench --guard` reads: the processor, then a line a row, its parts set apart by tabs.
fn guard(rows: &[&Row], runs: usize) -> Result<(), Box<dyn Error>> {
    println!("processor\t{}", count::processor()?);
    for row in rows {
        let mut counts = (0..runs).map(|run| count::row(row, run)).collect::<Result<Vec<f64>, _>>()?;
        counts.sort_by(f64::total_cmp);
        let of = |place: usize| counts.get(place).copied().unwrap_or_default();
        let (least, median, most) = (of(0), of(runs / 2), of(runs.saturating_sub(1)));
        let spread = if 1 < runs { format!("\t{least:.1} to {most:.1}") } else { String::new() };
        println!("{}\t{median:.1}\t{}{spread}", row.name, row.what);
    }
    Ok(())
}

fn task() -> Result<Task, Box<dyn Error>> {
    let (mut rows, mut runs) = (Vec::new(), 1);
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            // Cargo says this to every bench.
            "--bench" => {}
            "--row" => rows.push(row(&value()?)?),
            "--runs" => runs = value()?.parse::<usize>()?.max(1),
            count::CHILD => return Ok(Task::Child(row(&value()?)?)),
            count::PROCESSOR => return Ok(Task::Processor),
            "--rows" => return Ok(Task::Show(names())),
            "--help" => return Ok(Task::Show(HELP.to_owned())),
            unknown => return Err(format!("unknown argument {unknown}\n\n{HELP}").into()),
        }
    }
    if rows.is_empty() {
        rows = ROWS.iter().collect();
    }
    Ok(Task::Guard { rows, runs })
}

fn row(name: &str) -> Result<&'static Row, String> {
    ROWS.iter().find(|row| row.name == name).ok_or_else(|| format!("no row {name}; there are {}", names()))
}

fn names() -> String {
    ROWS.iter().map(|row| row.name).collect::<Vec<_>>().join(" ")
}
