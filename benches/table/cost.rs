//! Cost: what a million activities take of processor and disk, and what a sidecar takes that does nothing.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::city::City;
use crate::figure::{Bench, Figure, Found};
use crate::http::{self, BATCHERS, Load, Rows, SINGLES, Server};
use crate::machine::{Others, TICKS_PER_S};
use crate::process::{Process, on_disk};
use crate::rows::Figures;
use crate::section::{Section, grid};
use crate::sidecar;
use crate::text::number;

/// How many activities.
const COUNT: usize = 1_000_000;
/// How many at once are laid out in memory.
const PORTION: usize = 100_000;
/// How often a start is timed.
const STARTS: usize = 10;

/// The section.
pub static SECTION: Section = Section {
    flag: "--cost",
    probes: &[
        ("cost-start", start),
        ("cost-in-process", in_process),
        ("cost-batches", |bench| over_http(bench, "batches", http::BATCH, BATCHERS)),
        ("cost-singles", |bench| over_http(bench, "singles", 1, SINGLES)),
        ("cost-idle", idle),
    ],
    markdown,
};

/// A million of the real mix, in batches of 8,192.
fn in_process(bench: &Bench) -> Found {
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    let mut city = City::venice();
    let rialto = sidecar::settle(room.path(), &city, &runtime)?;
    let count = bench.volume(COUNT);
    let mut used = Used::default();
    for done in (0..count).step_by(PORTION) {
        let batches = sidecar::batches(city.mix(PORTION.min(count - done)));
        let (ticks, written) = (Others::ticks_of(Process::own().0), Process::own().written());
        sidecar::record(&rialto, &runtime, batches)?.per_s()?;
        used.ticks += Others::ticks_of(Process::own().0) - ticks;
        used.written += Process::own().written() - written;
    }
    let figures = used.figures("in_process", count, room.path())?;
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    Ok(figures)
}

/// A million rows as the engine writes them, so many a request.
fn over_http(bench: &Bench, name: &str, batch: usize, connections: usize) -> Found {
    let room = bench.room()?;
    let server = Server::start(&bench.binary, room.path())?;
    let mut rows = Rows::new();
    http::found_city(&server, &rows)?;
    let count = bench.volume(COUNT);
    let (ticks, written) = (server.ticks(), server.process().written());
    send(&server, &mut rows, count, batch, connections)?;
    let used = Used { ticks: server.ticks() - ticks, written: server.process().written() - written };
    used.figures(name, count, room.path())
}

fn send(
    server: &Server,
    rows: &mut Rows,
    count: usize,
    batch: usize,
    connections: usize,
) -> Result<(), Box<dyn Error>> {
    let kind = if batch == 1 { "application/json" } else { "application/x-ndjson" };
    for done in (0..count).step_by(PORTION) {
        let rows = rows.take(PORTION.min(count - done));
        let requests = rows.chunks(batch).map(|rows| http::post(server.port, kind, &rows.join("\n"))).collect();
        Load::new(requests, connections).run(server.port, Duration::MAX)?;
    }
    Ok(())
}

/// What activities used.
#[derive(Default)]
struct Used {
    ticks: u64,
    written: u64,
}

impl Used {
    /// For a million, whatever the count was.
    fn figures(&self, name: &str, count: usize, folder: &Path) -> Found {
        let million = 1e6 / count as f64;
        let figure = |what: &str, value: f64| Figure::new(&format!("{name}_{what}"), vec![value * million]);
        Ok(vec![
            figure("cpu_s", self.ticks as f64 / TICKS_PER_S),
            figure("written_mb", self.written as f64 / 1e6),
            figure("disk_mb", on_disk(folder)? as f64 / 1e6),
        ])
    }
}

/// What a sidecar takes that nobody asks anything of: with nothing recorded, and with a million.
fn idle(bench: &Bench) -> Found {
    let room = bench.room()?;
    let server = Server::start(&bench.binary, room.path())?;
    let mut figures = Vec::new();
    rest(bench, &server, "empty", &mut figures);
    let mut rows = Rows::new();
    http::found_city(&server, &rows)?;
    send(&server, &mut rows, bench.volume(COUNT), http::BATCH, BATCHERS)?;
    // Until its last snapshot is written.
    std::thread::sleep(Duration::from_secs(5));
    rest(bench, &server, "million", &mut figures);
    Ok(figures)
}

fn rest(bench: &Bench, server: &Server, name: &str, figures: &mut Vec<Figure>) {
    let time = Duration::from_secs(if bench.is_quick { 10 } else { 60 });
    let (start, ticks) = (Instant::now(), server.ticks());
    std::thread::sleep(time);
    let share = (server.ticks() - ticks) as f64 / TICKS_PER_S / start.elapsed().as_secs_f64();
    let resident = server.process().resident() as f64 / 1e6;
    let note = format!("over {} s", time.as_secs());
    figures.push(Figure::new(&format!("idle_{name}_percent"), vec![share * 100.0]).noted(note));
    figures.push(Figure::new(&format!("idle_{name}_mb"), vec![resident]));
}

/// From starting the process to the first 200 of /readyz, and how large the binary is.
fn start(bench: &Bench) -> Found {
    let room = bench.room()?;
    let timed = |folder: &Path| {
        let start = Instant::now();
        let server = Server::start(&bench.binary, folder)?;
        let took = start.elapsed();
        drop(server);
        Ok::<f64, Box<dyn Error>>(took.as_secs_f64() * 1e3)
    };
    let (mut new, mut again) = (Vec::new(), Vec::new());
    for number in 0..STARTS {
        let folder = room.path().join(number.to_string());
        new.push(timed(&folder)?);
        again.push(timed(&folder)?);
    }
    let million = room.path().join("million");
    let runtime = sidecar::runtime()?;
    let mut city = City::venice();
    let rialto = sidecar::settle(&million, &city, &runtime)?;
    for _ in 0..COUNT / PORTION {
        sidecar::record(&rialto, &runtime, sidecar::batches(city.mix(bench.volume(PORTION))))?.per_s()?;
    }
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    drop(rialto);
    let million = (0..STARTS).map(|_| timed(&million)).collect::<Result<_, _>>()?;
    Ok(vec![
        Figure::new("start_new_ms", new),
        Figure::new("start_again_ms", again),
        Figure::new("start_million_ms", million),
        Figure::new("binary_mb", vec![stripped(&bench.binary, room.path())? as f64 / 1e6]),
    ])
}

/// The size of the binary without what only a debugger reads.
fn stripped(binary: &Path, folder: &Path) -> Result<u64, Box<dyn Error>> {
    let path = folder.join("stripped");
    let status = Command::new("strip").arg("-o").arg(&path).arg(binary).status()?;
    if !status.success() {
        return Err(format!("`strip` failed: {status}").into());
    }
    Ok(std::fs::metadata(path)?.len())
}

fn markdown(figures: &Figures) -> String {
    const WAYS: [(&str, &str); 3] = [
        ("in process, batches of 8,192", "in_process"),
        ("HTTP, NDJSON batches of 500", "batches"),
        ("HTTP, one a request, 64 connections", "singles"),
    ];
    let rows = [
        ("processor time, s", "cpu_s"),
        ("written to the disk, MB", "written_mb"),
        ("what the folder takes up then, MB", "disk_mb"),
    ]
    .map(|(what, figure)| {
        let cells = WAYS.iter().map(|(_, way)| told(figures.median(&format!("{way}_{figure}")).map(number)));
        (what, cells.collect::<Vec<_>>())
    });
    let head: Vec<&str> =
        ["a million activities"].into_iter().chain(WAYS.iter().map(|(heading, _)| *heading)).collect();
    let held = [
        ("idle, nothing recorded", "idle_empty_percent", "% of a core", 0.5),
        ("idle, a million recorded", "idle_million_percent", "% of a core", 0.5),
        ("resident, nothing recorded", "idle_empty_mb", "MB", 30.0),
        ("from the start to ready, a new folder", "start_new_ms", "ms", 300.0),
        ("the same, a folder that is there", "start_again_ms", "ms", 300.0),
    ]
    .map(|(what, figure, unit, bound)| {
        let is_held = figures.median(figure).map(|value| if value < bound { "yes" } else { "**no**" });
        let reach = format!("below {bound} {unit}");
        (what, vec![told(figures.text(figure, unit)), reach, told(is_held.map(str::to_owned))])
    });
    let shown = [
        ("resident, a million recorded", "idle_million_mb", "MB"),
        ("from the start to ready, a folder with a million", "start_million_ms", "ms"),
        ("the binary, stripped", "binary_mb", "MB"),
    ]
    .map(|(what, figure, unit)| (what, vec![told(figures.text(figure, unit)), String::new(), String::new()]));
    let does_nothing = grid(&["a sidecar that does nothing", "measured", "reach", "ok"], held.into_iter().chain(shown));
    format!("{}\n{does_nothing}", grid(&head, rows))
}

fn told(found: Option<String>) -> String {
    found.unwrap_or_else(|| "not measured".to_owned())
}
