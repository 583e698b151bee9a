//! How long one caller waits for one event.

use std::error::Error;
use std::time::{Duration, Instant};

use rialto::wiring::Rialto;
use tokio::runtime::Runtime;

use crate::city::City;
use crate::figure::{Bench, Figure, Found};
use crate::machine::Others;
use crate::{disk, sidecar, stats};

/// How many of each are timed in turn.
const TURN: usize = 20;

/// One event after the other, each to its durable receipt, beside the disk's own sync.
pub fn record(bench: &Bench) -> Found {
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    let mut city = City::venice();
    let rialto = sidecar::settle(room.path(), &city, &runtime)?;
    let others = Others::start();
    let mut figures = ["record_p50_us", "record_p99_us", "record_disk_p50_us", "record_disk_p99_us"]
        .map(|name| Figure::new(name, Vec::new()));
    for _ in 0..Bench::RUNS {
        let (mut waits, mut syncs) = in_turn(&rialto, &runtime, &mut city, bench.volume(4000).max(600))?;
        let ((p50, p99), (disk_p50, disk_p99)) = (stats::p50_p99_us(&mut waits), stats::p50_p99_us(&mut syncs));
        for (figure, value) in figures.iter_mut().zip([p50, p99, disk_p50, disk_p99]) {
            figure.runs.push(value);
        }
    }
    figures[0].note = Others::note(&[others.share()]);
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    Ok(figures.into())
}

/// How long so many events wait for their receipts, one after the other, and as many of the disk's own syncs.
pub fn in_turn(
    rialto: &Rialto,
    runtime: &Runtime,
    city: &mut City,
    samples: usize,
) -> Result<(Vec<Duration>, Vec<Duration>), Box<dyn Error>> {
    let (mut waits, mut syncs) = (Vec::new(), Vec::new());
    // A few of each in turn, so that the disk's drift falls on both.
    let overwrites = disk::Overwrites::create(&rialto.folder().journal())?;
    for _ in 0..samples / TURN {
        syncs.extend(overwrites.time(TURN)?);
        runtime.block_on(async {
            for activity in city.mix(TURN) {
                let start = Instant::now();
                rialto.record(activity).await?;
                waits.push(start.elapsed());
            }
            Ok::<_, rialto::wiring::RecordError>(())
        })?;
    }
    Ok((waits, syncs))
}

/// Events handed over without waiting, 100 every millisecond.
pub fn submit(bench: &Bench) -> Found {
    const BURST: usize = 100;
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    let mut city = City::venice();
    let rialto = sidecar::settle(room.path(), &city, &runtime)?;
    let (mut p50, mut p99, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    let others = Others::start();
    for _ in 0..Bench::RUNS {
        let mut events = city.mix(bench.volume(400_000)).into_iter();
        let mut times = Vec::with_capacity(events.len());
        let (began, mut last) = (Instant::now(), None);
        let mut due = began;
        while 0 < events.len() {
            for activity in events.by_ref().take(BURST) {
                let start = Instant::now();
                let pending = rialto.submit(activity)?;
                times.push(start.elapsed());
                last = Some(pending);
            }
            due += Duration::from_millis(1);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        rates.push(times.len() as f64 / began.elapsed().as_secs_f64());
        if let Some(pending) = last {
            runtime.block_on(pending)?;
        }
        let (half, most) = stats::p50_p99_us(&mut times);
        p50.push(half);
        p99.push(most);
    }
    let note = Others::note(&[others.share()]);
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    Ok(vec![
        Figure::new("submit_p50_us", p50).noted(note),
        Figure::new("submit_p99_us", p99),
        Figure::new("submit_per_s", rates),
    ])
}
