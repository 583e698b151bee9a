//! `rialto city`: the demo's records, for feeding them in by another way.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use clap::Args;

use super::Outcome;
use super::demo::{SEED, lived};

/// Print the demo's city as records, one a line: citizens and buildings first, then what they did and
/// wrote, in the order of the engine's ticks.
#[derive(Debug, Args)]
#[command(after_help = "Example: rialto city --seed 7 --days 5 | rialto import --url http://127.0.0.1:8717 -")]
pub struct City {
    /// Which city: the same seed is the same city.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// How many days of its life.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
}

impl City {
    pub(super) fn run(&self) -> Outcome {
        let city = crate::demo::City::new(self.seed);
        let ticks = lived(&city, self.days).flat_map(|tick| tick.deliveries);
        let mut out = BufWriter::new(std::io::stdout().lock());
        for row in city.founding().into_iter().chain(ticks).flat_map(|delivery| delivery.rows) {
            match writeln!(out, "{row}") {
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
                written => written?,
            }
        }
        match out.flush() {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}
