//! The steady state: minutes at 80 % of what is possible over HTTP, and a reason for every pause.
//!
//! `rialto serve` is a child process with an empty folder. First it is asked as fast as it answers; then
//! the load comes at its own times. Meanwhile somebody looks at its memory and its metrics, and
//! at what the disk does to a file that is not the sidecar's.

use std::error::Error;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rialto::ledger::rows::{ChargeRow, FactRow};

use crate::disk::Overwrites;
use crate::figure::{Bench, Figure, Found};
use crate::http::{self, BATCH, BATCHERS, Connection, Rows, SINGLES, Server};
use crate::machine::TICKS_PER_S;
use crate::pace::{self, Hands, Held, Span, Stock};
use crate::pauses::{self, Evidence, Pause, Start};
use crate::rows::Figures;
use crate::section::{Section, grid};
use crate::{sidecar, stats};

/// A kind of load.
struct Kind {
    name: &'static str,
    /// Records a request.
    batch: usize,
    /// How many of them are new.
    fresh: usize,
    /// The share of the minutes that it is held for.
    share_of_time: f64,
    /// As many requests are under way at once in the table's row.
    connections: usize,
}

const KINDS: [Kind; 2] = [
    Kind { name: "singles", batch: 1, fresh: 1, share_of_time: 1.0, connections: SINGLES },
    Kind { name: "batches", batch: BATCH, fresh: BATCH / 10, share_of_time: 0.1, connections: BATCHERS },
];

/// The share of the ceiling that is held.
const SHARE: f64 = 0.8;
/// How many times as many connections there are: what is due is to find one free, also while the disk is
/// slower than usual, so that groups can grow.
const SPARE: usize = 8;
/// The machine's own speed drifts by half within minutes: so often the ceiling is measured anew, and the load
/// follows it.
const ROUNDS: u32 = 10;
/// How many pauses are told of, the longest first.
const TOLD: usize = 20;
/// How many rows are laid out in memory, to be sent again and again.
const ROWS: usize = 100_000;

/// The section.
pub static SECTION: Section = Section {
    flag: "--steady",
    probes: &[
        ("steady-singles", |bench| measure(bench, &KINDS[0])),
        ("steady-batches", |bench| measure(bench, &KINDS[1])),
    ],
    markdown,
};

fn measure(bench: &Bench, kind: &Kind) -> Found {
    let room = bench.room()?;
    let log = room.path().join("log");
    let server = Server::start_logging(&bench.binary, &room.path().join("data"), File::create(&log)?)?;
    let stock = Arc::new(stock(&server, kind)?);
    let time = Duration::from_secs_f64(if bench.is_quick { 2.0 } else { 10.0 });
    // The ceiling is that of the connections that the load has then: more of them cost more to look after.
    let connections = SPARE * kind.connections;
    // The first requests fill the buffers, and make repeats of what is to be repeated.
    let first = pace::ceiling(server.port, &stock, connections, time / 4)?;
    let mut hands = Hands::open(server.port, &stock, connections)?;
    // A connection's first requests find its windows and buffers small.
    hands.hold(SHARE * first, Instant::now(), time / 4)?;

    let minutes = kind.share_of_time * bench.minutes.unwrap_or(if bench.is_quick { 0.5 } else { 10.0 });
    let other_file = Overwrites::create(room.path())?;
    let (start, is_over, ticks) = (Start::now(), AtomicBool::new(false), server.ticks());
    let (held, looks, mut evidence) = std::thread::scope(|scope| {
        let (process, is_over) = (server.process(), &is_over);
        let looks = scope.spawn(|| watch(&server, is_over).map_err(|error| error.to_string()));
        let evidence = scope.spawn(move || Evidence::watch(other_file, process, start, is_over));
        let mut held = Rounds::default();
        for _ in 0..ROUNDS {
            held.ceilings.push(pace::ceiling(server.port, &stock, connections, time / 2)?);
            let load = SHARE * held.ceilings[held.ceilings.len() - 1];
            let begun = Instant::now();
            let round = hands.hold(load, begun, Duration::from_secs_f64(60.0 * minutes / f64::from(ROUNDS)))?;
            held.add(round, begun - start.at);
        }
        is_over.store(true, Ordering::Release);
        let dead = |_| "a watch died".to_owned();
        Ok::<_, Box<dyn Error>>((held, looks.join().map_err(dead)??, evidence.join().map_err(dead)??))
    })?;
    let cores = (server.ticks() - ticks) as f64 / TICKS_PER_S / start.at.elapsed().as_secs_f64();
    evidence.read(&log, start)?;

    let Rounds { ceilings, held } = held;
    let mut pauses = pauses::pauses(&held, &evidence);
    let unexplained = pauses.iter().filter(|pause| pause.why.is_none()).count();
    let mut found = vec![
        ("minutes", minutes),
        ("cores", cores),
        ("snapshots", evidence.snapshots.len() as f64),
        ("disk_sync_ms", milliseconds(evidence.longest)),
        ("pauses", pauses.len() as f64),
        ("unexplained", unexplained as f64),
    ];
    found.extend(quantiles(held));
    found.extend(told_by_metrics(&looks));
    let mut figures: Vec<Figure> =
        found.into_iter().map(|(name, value)| Figure::new(&called(kind, name), vec![value])).collect();
    let records = |share: f64| ceilings.iter().map(|ceiling| share * ceiling * kind.batch as f64).collect();
    figures.push(Figure::new(&called(kind, "ceiling"), records(1.0)));
    figures.push(Figure::new(&called(kind, "load"), records(SHARE)));
    pauses.sort_unstable_by_key(|pause| std::cmp::Reverse(pause.length));
    let lengths = pauses.iter().map(|pause| milliseconds(pause.length)).collect();
    let lines = pauses.iter().take(TOLD).map(Pause::line).collect::<Vec<_>>().join("\n");
    figures.push(Figure::new(&called(kind, "longest_pauses"), lengths).noted(lines));
    Ok(figures)
}

/// What came of one round after another.
#[derive(Default)]
struct Rounds {
    ceilings: Vec<f64>,
    held: Held,
}

impl Rounds {
    /// Adds a round that began at this time after the start.
    fn add(&mut self, round: Held, begun: Duration) {
        let since_start = |spans: Vec<Span>| spans.into_iter().map(move |(from, to)| (from + begun, to + begun));
        self.held.waits_us.extend(round.waits_us);
        self.held.long.extend(since_start(round.long));
        self.held.late.extend(since_start(round.late));
    }
}

/// What is sent, to a sidecar that was told of the city.
fn stock(server: &Server, kind: &Kind) -> Result<Stock, Box<dyn Error>> {
    let mut rows = Rows::new();
    http::found_city(server, &rows)?;
    let content = if kind.batch == 1 { "application/json" } else { "application/x-ndjson" };
    let rows = pace::once_each(rows.take(ROWS));
    let request = |rows: &[String]| http::post(server.port, content, &rows.join("\n"));
    Ok(Stock::new(rows.chunks_exact(kind.batch).map(request).collect(), kind.fresh))
}

fn called(kind: &Kind, figure: &str) -> String {
    format!("{}_{figure}", kind.name)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn quantiles(Held { mut waits_us, .. }: Held) -> [(&'static str, f64); 5] {
    waits_us.sort_unstable();
    let of = |q| f64::from(stats::quantile(&waits_us, q)) / 1e3;
    [
        ("requests", waits_us.len() as f64),
        ("p50_ms", of(0.5)),
        ("p99_ms", of(0.99)),
        ("p999_ms", of(0.999)),
        ("max_ms", of(1.0)),
    ]
}

/// What the sidecar looked like at one time.
struct Look {
    resident: u64,
    /// What the rows of its book take up.
    rows: u64,
    facts: f64,
    /// Events that were refused, or contradicted an earlier one.
    bad: f64,
    /// How many syncs of the journal took up to so many seconds, or up to less; the last is all of them.
    syncs: Vec<(f64, f64)>,
}

/// Looks at the sidecar once a second.
fn watch(server: &Server, is_over: &AtomicBool) -> Result<Vec<Look>, Box<dyn Error>> {
    let runtime = sidecar::runtime()?;
    let request = http::get(server.port, "/metrics");
    let mut connection = runtime.block_on(Connection::open(server.port))?;
    let mut looks = Vec::new();
    loop {
        let was_over = is_over.load(Ordering::Acquire);
        let text = String::from_utf8_lossy(runtime.block_on(connection.expect_200(&request))?).into_owned();
        looks.push(Look::new(server.process().resident(), &text));
        if was_over {
            return Ok(looks);
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

impl Look {
    fn new(resident: u64, metrics: &str) -> Look {
        let of = |name: &str| -> f64 { samples(metrics, name).map(|(_, value)| value).sum() };
        let (facts, charges) = (of("rialto_ledger_facts"), of("rialto_ledger_charges"));
        let bad = samples(metrics, "rialto_door_events_total")
            .filter(|(labels, _)| labels.contains("rejected") || labels.contains("conflict"))
            .map(|(_, value)| value)
            .sum();
        let syncs = samples(metrics, "rialto_journal_sync_seconds_bucket").filter_map(|(labels, value)| {
            let bound = labels.split('"').nth(1)?;
            Some((if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? }, value))
        });
        let rows = (facts * FactRow::BYTES as f64 + charges * ChargeRow::BYTES as f64) as u64;
        Look { resident, rows, facts, bad, syncs: syncs.collect() }
    }
}

/// The labels and values of a metric.
fn samples<'a>(metrics: &'a str, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
    metrics.lines().filter_map(move |line| {
        let rest = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']))?;
        let (labels, value) = rest.rsplit_once(' ')?;
        Some((labels, value.parse().ok()?))
    })
}

fn told_by_metrics(looks: &[Look]) -> Vec<(&'static str, f64)> {
    let (Some(first), Some(middle), Some(last)) = (looks.first(), looks.get(looks.len() / 2), looks.last()) else {
        return Vec::new();
    };
    let facts = last.facts - first.facts;
    let slowest = first.syncs.iter().zip(&last.syncs).rfind(|(before, after)| {
        let below =
            |look: &Look| look.syncs.iter().rfind(|(bound, _)| *bound < after.0).map_or(0.0, |(_, count)| *count);
        before.1 - below(first) < after.1 - below(last)
    });
    vec![
        ("recorded", facts),
        ("bad", last.bad - first.bad),
        ("resident_start_mb", first.resident as f64 / 1e6),
        ("resident_middle_mb", middle.resident as f64 / 1e6),
        ("resident_end_mb", last.resident as f64 / 1e6),
        ("growth_bytes", (last.resident as f64 - first.resident as f64) / facts.max(1.0)),
        ("rows_bytes", (last.rows as f64 - first.rows as f64) / facts.max(1.0)),
        ("journal_sync_ms", slowest.map_or(0.0, |(_, (bound, _))| bound * 1e3)),
    ]
}

fn markdown(figures: &Figures) -> String {
    let rows: [(&str, &str); 21] = [
        ("ceiling: records a second, each connection as fast as it is answered, measured anew each minute", "ceiling"),
        ("load: 80 % of it", "load"),
        ("minutes", "minutes"),
        ("cores that the sidecar used", "cores"),
        ("requests", "requests"),
        ("activities recorded, the others were repeats", "recorded"),
        ("rejected, or in conflict", "bad"),
        ("p50, ms", "p50_ms"),
        ("p99, ms", "p99_ms"),
        ("p99.9, ms", "p999_ms"),
        ("maximum, ms", "max_ms"),
        ("snapshots written meanwhile", "snapshots"),
        ("longest sync of the journal, at most, ms", "journal_sync_ms"),
        ("longest fdatasync of another file, ms", "disk_sync_ms"),
        ("pauses above 50 ms", "pauses"),
        ("of them with nothing that explains them", "unexplained"),
        ("resident at the start, MB", "resident_start_mb"),
        ("in the middle, MB", "resident_middle_mb"),
        ("at the end, MB", "resident_end_mb"),
        ("growth for each that was recorded, B", "growth_bytes"),
        ("of it rows of the book, B", "rows_bytes"),
    ];
    let cell =
        |kind: &Kind, figure| figures.text(&called(kind, figure), "").unwrap_or_else(|| "not measured".to_owned());
    let head =
        ["over HTTP", "one record a request, 64 connections, all new", "NDJSON batches of 500, 4 connections, 50 new"];
    let rows = rows.into_iter().map(|(what, figure)| (what, KINDS.iter().map(|kind| cell(kind, figure)).collect()));
    let mut text = grid(&head, rows);
    for kind in &KINDS {
        text += &format!("\nThe longest pauses above 50 ms, {}:", kind.name);
        let pauses = figures.note(&called(kind, "longest_pauses"));
        text += if pauses.is_empty() { " none.\n" } else { "\n\n" };
        for pause in pauses.lines() {
            text += &format!("- {pause}\n");
        }
    }
    text
}
