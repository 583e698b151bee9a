//! The peer that is the brief's own way: Python that calls a function and inserts a row for every activity,
//! into the same PostgreSQL.

use std::process::Command;
use std::time::Duration;

use crate::figure::{Bench, Figure, Found};
use crate::{postgres, stats, told};

/// Debian's own, which finds Debian's psycopg2.
const PYTHON: &str = "/usr/bin/python3";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/table/brief.py");
/// One, and as many as the engine has.
const THREADS: [usize; 2] = [1, 5];

/// How many activities a second, and how long each of them is held up.
pub fn probe(bench: &Bench) -> Found {
    let port = postgres::port(bench)?;
    let seconds = if bench.is_quick { "1" } else { "5" };
    let mut figures = Vec::new();
    for threads in THREADS {
        let (mut rates, mut p50, mut p99) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..bench.runs_beside() {
            postgres::psql(port, &[postgres::TABLE, postgres::KEYS])?;
            let mut script = Command::new(PYTHON);
            script.arg(SCRIPT).args([&threads.to_string(), seconds]);
            let told::Script { took_s, held_up_us } = told::script(&postgres::run(&mut script, port)?)?;
            let mut waits: Vec<_> = held_up_us.iter().map(|us| Duration::from_secs_f64(us / 1e6)).collect();
            rates.push(waits.len() as f64 / took_s);
            let (half, most) = stats::p50_p99_us(&mut waits);
            p50.push(half);
            p99.push(most);
        }
        for (what, runs) in [("per_s", rates), ("p50_us", p50), ("p99_us", p99)] {
            figures.push(Figure::new(&format!("python_{threads}_{what}"), runs));
        }
    }
    Ok(figures)
}
