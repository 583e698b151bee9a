//! The brief's dashboard in PostgreSQL: its four queries, over as many rows as ours has transactions.
//!
//! The rows are spread evenly over thirty days, of which the last is today, and today is a Wednesday in the
//! middle of a month: so the shares that the queries select are the same whenever this is run.

use std::error::Error;

use crate::figure::{Bench, Figure, Found};
use crate::large::TRANSACTIONS;
use crate::{postgres, told};

/// The brief's record has a timestamp and no date, so its `date=TODAY()` is a range of it.
const QUERIES: [(&str, &str); 4] = [
    (
        "today",
        "SELECT SUM(amount) FROM transactions
            WHERE \"timestamp\" >= TIMESTAMP '2025-07-16' AND \"timestamp\" < TIMESTAMP '2025-07-17'",
    ),
    ("week", "SELECT SUM(amount) FROM transactions WHERE \"timestamp\" >= TIMESTAMP '2025-07-14'"),
    ("month", "SELECT SUM(amount) FROM transactions WHERE \"timestamp\" >= TIMESTAMP '2025-07-01'"),
    (
        "top_earners",
        "SELECT citizen_id, SUM(amount) FROM transactions GROUP BY citizen_id ORDER BY SUM(amount) DESC LIMIT 10",
    ),
];
/// The sums over a time need nothing but the index.
const INDEX: &str = "CREATE INDEX ON transactions (\"timestamp\") INCLUDE (amount)";
/// How often each query is timed, after the first time, which is not.
const ROUNDS: usize = 5;

/// All four with the keys alone, and with an index on the timestamp.
pub fn probe(bench: &Bench) -> Found {
    let port = postgres::port(bench)?;
    postgres::psql(port, &[postgres::TABLE, &fill(bench.volume(TRANSACTIONS)), postgres::KEYS])?;
    let mut figures = timed(port, "unindexed")?;
    postgres::psql(port, &[INDEX])?;
    figures.extend(timed(port, "indexed")?);
    // It would only be in the way of whoever needs the disk next.
    postgres::psql(port, &["DROP TABLE transactions"])?;
    Ok(figures)
}

/// A statement that inserts so many rows in the order of their time.
fn fill(rows: usize) -> String {
    format!(
        "INSERT INTO transactions (activity_id, amount, currency, \"timestamp\", citizen_id, business_id)
            SELECT 'rec' || left(md5(number::text), 14), 12.5 * (1 + number % 8), 'EUR',
                TIMESTAMP '2025-06-17' + number * INTERVAL '30 days' / {rows}, 'GondolaDrifter' || number * 2654435761 % 177,
                'building_45.43839918445191_12.32630106904' || lpad((number % 109)::text, 4, '0')
            FROM generate_series(0::bigint, {rows} - 1) AS number"
    )
}

/// Each query in each round, and the four of a round together: a dashboard.
fn timed(port: u16, with: &str) -> Found {
    let mut commands = vec!["VACUUM ANALYZE transactions", "CHECKPOINT", "\\timing on"];
    for _ in 0..=ROUNDS {
        commands.extend(QUERIES.map(|(_, query)| query));
    }
    let times = told::times_ms(&postgres::psql(port, &commands)?)?;
    let rounds: Vec<&[f64]> = times.chunks_exact(QUERIES.len()).skip(1).collect();
    if rounds.len() != ROUNDS {
        return Err(Box::<dyn Error>::from(format!("psql told {} times", times.len())));
    }
    let name = |what: &str| format!("postgres_{with}_{what}_ms");
    let alone = QUERIES
        .iter()
        .enumerate()
        .map(|(place, (what, _))| Figure::new(&name(what), rounds.iter().map(|round| round[place]).collect()));
    let together = Figure::new(&name("dashboard"), rounds.iter().map(|round| round.iter().sum()).collect());
    Ok(alone.chain([together]).collect())
}
