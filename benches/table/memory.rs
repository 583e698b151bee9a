//! How much memory a transaction, a zero activity and an actor take: the resident size of a process
//! that has done nothing else.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rialto::domain::activity::Activity;

use crate::city::{BATCH, City};
use crate::figure::{Bench, Figure, Found};
use crate::large::TRANSACTIONS;
use crate::process::Process;
use crate::{sidecar, throughput};

/// Bytes a transaction.
pub fn transaction(bench: &Bench) -> Found {
    let bytes = per_event(bench, City::services)?;
    Ok(vec![Figure::new("transaction_bytes", vec![bytes])])
}

/// Bytes an activity of the real mix, nearly all of which earn nothing.
pub fn zero(bench: &Bench) -> Found {
    let bytes = per_event(bench, City::mix)?;
    Ok(vec![Figure::new("zero_bytes", vec![bytes])])
}

fn per_event(bench: &Bench, events: fn(&mut City, usize) -> Vec<Activity>) -> Result<f64, Box<dyn Error>> {
    // Small, so that what waits to be recorded hardly counts.
    const STRIDE: usize = 20_000;
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    let mut city = City::venice();
    let rialto = sidecar::settle(room.path(), &city, &runtime)?;
    let some = |city: &mut City| sidecar::record(&rialto, &runtime, sidecar::batches(events(city, STRIDE)))?.per_s();
    // The first fill the buffers, which stay as they are.
    for _ in 0..5 {
        some(&mut city)?;
    }
    let before = settled();
    let strides = bench.volume(TRANSACTIONS) / STRIDE;
    for _ in 0..strides {
        some(&mut city)?;
    }
    let bytes = settled().saturating_sub(before) as f64 / (strides * STRIDE) as f64;
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    Ok(bytes)
}

/// Bytes a live actor with its state, what is left of it when it retired, and what a process needs
/// for it that never woke it: its name, its totals and its transactions.
pub fn actors(bench: &Bench) -> Found {
    let count = bench.volume(1_000_000);
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    let before = settled();
    let mut city = City::of(count);
    let rialto = sidecar::settle(room.path(), &city, &runtime)?;
    for _ in 0..2 {
        // A batch at a time, so that what waits to be recorded hardly counts.
        for from in (0..count).step_by(BATCH) {
            let events = city.each(from..count.min(from + BATCH));
            sidecar::record(&rialto, &runtime, vec![events])?.per_s()?;
        }
    }
    let live = settled().saturating_sub(before);
    throughput::retire(&rialto)?;
    let retired = settled().saturating_sub(before);
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    let sleeping = in_a_process_of_its_own("memory-sleeping", room.path())?;
    let figure = |name, bytes: f64| Figure::new(name, vec![bytes / count as f64]);
    Ok(vec![
        figure("actor_live_bytes", live as f64),
        figure("actor_retired_bytes", retired as f64),
        figure("actor_sleeping_bytes", sleeping),
    ])
}

/// What a process takes that opens the folder, and wakes nobody. A child of [`actors`], not a probe of the table.
pub fn sleeping(bench: &Bench) -> Found {
    let before = settled();
    let rialto = sidecar::start(&bench.folder)?;
    let bytes = settled().saturating_sub(before);
    sidecar::runtime()?.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    Ok(vec![Figure::new("sleeping_bytes", vec![bytes as f64])])
}

fn in_a_process_of_its_own(probe: &str, folder: &Path) -> Result<f64, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?).args(["--probe", probe, "--folder"]).arg(folder).output()?;
    let figure: Figure = serde_json::from_slice(output.stdout.trim_ascii())?;
    figure.runs.first().copied().ok_or_else(|| "nothing was measured".into())
}

/// The resident size, once the allocator gave back what it does not need.
pub fn settled() -> u64 {
    std::thread::sleep(Duration::from_millis(1500));
    Process::own().resident()
}
