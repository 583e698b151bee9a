//! What ten million transactions do to the dashboard, to a snapshot and to a restart.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rialto::domain::ids::Feed;
use rialto::domain::money::Currency;
use rialto::wiring::Rialto;
use tokio::runtime::Runtime;

use crate::city::City;
use crate::figure::{Bench, Figure, Found};
use crate::http::{self, Connection, Server};
use crate::{sidecar, stats, throughput};

/// How many transactions.
pub const TRANSACTIONS: usize = 10_000_000;

/// The probe.
pub fn probe(bench: &Bench) -> Found {
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    let mut city = City::venice();
    let rialto = sidecar::settle(room.path(), &city, &runtime)?;
    throughput::fill(&rialto, &runtime, &mut city, bench.volume(TRANSACTIONS))?;
    let mut figures = dashboard(&rialto);
    figures.extend(snapshot(&rialto, &runtime, &mut city)?);
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    drop(rialto);
    figures.extend(restart(room.path(), &runtime)?);
    match dashboard_over_http(bench, room.path()) {
        Ok(over_http) => figures.extend(over_http),
        Err(error) => figures.push(Figure::new("dashboard_http_p50_us", Vec::new()).noted(error.to_string())),
    }
    Ok(figures)
}

/// How long the dashboard takes.
pub fn dashboard(rialto: &Rialto) -> Vec<Figure> {
    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for _ in 0..Bench::RUNS {
        let ask = |_| {
            let start = Instant::now();
            std::hint::black_box(rialto.dashboard(Currency::EUR));
            start.elapsed()
        };
        let (half, most) = stats::p50_p99_us(&mut (0..20_000).map(ask).collect::<Vec<_>>());
        p50.push(half);
        p99.push(most);
    }
    vec![Figure::new("dashboard_p50_us", p50), Figure::new("dashboard_p99_us", p99)]
}

fn dashboard_over_http(bench: &Bench, data: &Path) -> Found {
    let server = Server::start(&bench.binary, data)?;
    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for _ in 0..Bench::RUNS {
        let mut times = sidecar::runtime()?.block_on(async {
            let mut connection = Connection::open(server.port).await?;
            let request = http::get(server.port, "/api/revenue/dashboard");
            let mut times = Vec::new();
            for _ in 0..2000 {
                let start = Instant::now();
                connection.expect_200(&request).await?;
                times.push(start.elapsed());
            }
            Ok::<_, Box<dyn Error>>(times)
        })?;
        let (half, most) = stats::p50_p99_us(&mut times);
        p50.push(half);
        p99.push(most);
    }
    Ok(vec![Figure::new("dashboard_http_p50_us", p50), Figure::new("dashboard_http_p99_us", p99)])
}

/// How long the bookkeeper lets a question wait, at most, while a snapshot is taken, and while none is.
/// He answers questions between his other work, and one about an unknown id needs no disk; so the
/// longest wait is the longest time that he was held.
fn snapshot(rialto: &Rialto, runtime: &Runtime, city: &mut City) -> Found {
    let quiet = longest_answer(rialto, runtime, || std::thread::sleep(Duration::from_secs(2)))?;
    let (mut held, mut records) = (Vec::new(), Vec::new());
    for _ in 0..Bench::RUNS {
        // Something new, so that there is a snapshot to take.
        throughput::fill(rialto, runtime, city, 1000)?;
        let images = rialto.folder().images();
        let (before, mut slowest) = (newest(&images), Duration::ZERO);
        let events = city.services(20_000);
        let longest = longest_answer(rialto, runtime, || {
            rialto.take_snapshot();
            // Its thread has a runtime of its own, so that what it waits for keeps no question waiting.
            let recorder = sidecar::runtime().expect("a runtime");
            let start = Instant::now();
            // The snapshot takes longer than these; what comes again is answered all the same.
            for event in events.into_iter().cycle() {
                let began = Instant::now();
                let _ = recorder.block_on(rialto.record(event));
                slowest = slowest.max(began.elapsed());
                if newest(&images) != before || Duration::from_secs(180) < start.elapsed() {
                    break;
                }
            }
        })?;
        if newest(&images) == before {
            return Err("no snapshot was made within three minutes".into());
        }
        held.push(longest.as_secs_f64() * 1e3);
        records.push(slowest.as_secs_f64() * 1e3);
    }
    let quiet_ms = quiet.as_secs_f64() * 1e3;
    Ok(vec![
        Figure::new("snapshot_held_ms", held).noted(format!("the longest without a snapshot: {quiet_ms:.1} ms")),
        Figure::new("snapshot_slowest_record_ms", records),
    ])
}

/// Asks the bookkeeper again and again while `meanwhile` runs on another thread.
pub fn longest_answer(
    rialto: &Rialto,
    runtime: &Runtime,
    meanwhile: impl FnOnce() + Send,
) -> Result<Duration, Box<dyn Error>> {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            meanwhile();
            is_over.store(true, Ordering::Release);
        });
        let mut longest = Duration::ZERO;
        while !is_over.load(Ordering::Acquire) {
            let start = Instant::now();
            runtime.block_on(rialto.fate(Feed::Activity, "recNobodyKnowsIt"))?;
            longest = longest.max(start.elapsed());
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(longest)
    })
}

/// The name of the newest file in the snapshots' folder that is in force.
fn newest(images: &Path) -> Option<std::ffi::OsString> {
    let entries = std::fs::read_dir(images).ok()?.filter_map(Result::ok).map(|entry| entry.file_name());
    entries.filter(|name| !name.to_string_lossy().contains("tmp")).max()
}

fn restart(data: &Path, runtime: &Runtime) -> Found {
    let timed = || {
        let start = Instant::now();
        let rialto = sidecar::start(data)?;
        let took = start.elapsed().as_secs_f64();
        let records = rialto.opened().records;
        runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
        Ok::<_, Box<dyn Error>>((took, records))
    };
    let runs: Vec<(f64, u64)> = (0..Bench::RUNS).map(|_| timed()).collect::<Result<_, _>>()?;
    let images = rialto::folder::DataFolder::open(data)?.images();
    for image in std::fs::read_dir(images)? {
        std::fs::remove_file(image?.path())?;
    }
    let (alone, records) = timed()?;
    Ok(vec![
        Figure::new("restart_s", runs.iter().map(|(took, _)| *took).collect()),
        Figure::new("restart_journal_alone_s", vec![alone]).noted(format!("{records} records")),
    ])
}
