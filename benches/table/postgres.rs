//! The peer: PostgreSQL, durable as it comes, on the same disk, driven by its own `pgbench`.
//!
//! One table of transactions: the brief's six columns, with a primary key and a unique id of the activity,
//! which is the least that answers a repeat the same way.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::figure::{Bench, Figure, Found};
use crate::told;

/// Makes the table anew.
pub const TABLE: &str = "DROP TABLE IF EXISTS transactions; CREATE TABLE transactions (
    id bigserial, activity_id text NOT NULL, amount numeric(14,6) NOT NULL, currency text NOT NULL,
    \"timestamp\" timestamp NOT NULL, citizen_id text NOT NULL, business_id text NOT NULL);";
/// What is unique in it.
pub const KEYS: &str = "ALTER TABLE transactions ADD PRIMARY KEY (id), ADD UNIQUE (activity_id);";
/// Rows a statement, where there is more than one.
const ROWS: usize = 1000;

/// Single inserts by one client and by 64, and statements of 1,000 rows.
pub fn probe(bench: &Bench) -> Found {
    let port = port(bench)?;
    let room = bench.room()?;
    let (single, many) = (room.path().join("single.sql"), room.path().join("batch.sql"));
    std::fs::write(&single, insert(1))?;
    std::fs::write(&many, insert(ROWS))?;
    let seconds = if bench.is_quick { 1 } else { 5 };
    let mut figures = Vec::new();
    for (name, script, clients, rows) in [
        ("postgres_single_1_per_s", &single, 1, 1),
        ("postgres_single_64_per_s", &single, 64, 1),
        ("postgres_batch_1_per_s", &many, 1, ROWS),
        ("postgres_batch_4_per_s", &many, 4, ROWS),
    ] {
        let mut runs = Vec::new();
        for _ in 0..bench.runs_beside() {
            psql(port, &[TABLE, KEYS])?;
            runs.push(pgbench(port, script, clients, seconds)? * rows as f64);
        }
        figures.push(Figure::new(name, runs));
    }
    Ok(figures)
}

/// A statement that inserts so many rows, none of them known.
fn insert(rows: usize) -> String {
    let mut text =
        "INSERT INTO transactions (activity_id, amount, currency, \"timestamp\", citizen_id, business_id) VALUES "
            .to_owned();
    for row in 0..rows {
        let comma = if row == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{comma}('rec' || gen_random_uuid(), 50.000000, 'EUR', '2025-07-16 12:00:00', 'GondolaDrifter{}', 'building_45.43839918445191_12.32630106904{:04}')",
            row % 177,
            row % 109,
        );
    }
    text + ";\n"
}

/// Where the server listens.
pub fn port(bench: &Bench) -> Result<u16, Box<dyn Error>> {
    Ok(bench.postgres.ok_or("no PostgreSQL to compare with; `cargo xtask bench` brings one")?)
}

/// Has commands carried out, one after the other on one connection; what they answer, without any frame.
pub fn psql(port: u16, commands: &[&str]) -> Result<String, Box<dyn Error>> {
    let mut psql = Command::new("psql");
    psql.args(["--quiet", "--no-psqlrc", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]);
    psql.args(commands.iter().flat_map(|command| ["--command", command]));
    run(&mut psql, port)
}

/// Transactions a second.
fn pgbench(port: u16, script: &Path, clients: usize, seconds: u32) -> Result<f64, Box<dyn Error>> {
    let mut command = Command::new("pgbench");
    command.arg("--no-vacuum").arg("--file").arg(script);
    command.args(["--client", &clients.to_string(), "--jobs", &clients.min(2).to_string()]);
    command.args(["--time", &seconds.to_string(), "--protocol", "prepared"]);
    told::rate(&run(&mut command, port)?)
}

/// Runs something that libpq connects to the server, and hands over what it prints.
pub fn run(command: &mut Command, port: u16) -> Result<String, Box<dyn Error>> {
    command.env("PGHOST", "127.0.0.1").env("PGPORT", port.to_string()).env("PGUSER", "postgres");
    command.env("PGDATABASE", "postgres").env("LC_ALL", "C");
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
