//! How many events a second become durable in process, in batches of 8,192, six of them under way.

use std::error::Error;
use std::time::{Duration, Instant};

use rialto::domain::activity::Activity;
use rialto::wiring::Rialto;
use tokio::runtime::Runtime;

use crate::city::City;
use crate::figure::{Bench, Figure, Found};
use crate::machine::Others;
use crate::sidecar::{self, Tally};

/// The real mix, nearly all of it recorded at zero.
pub fn mix(bench: &Bench) -> Found {
    let (mut rates, mut bytes, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..Bench::RUNS {
        let mut city = City::venice();
        let events = city.mix(bench.volume(3_000_000));
        let (runtime, room) = (sidecar::runtime()?, bench.room()?);
        let rialto = sidecar::settle(room.path(), &city, &runtime)?;
        warm_up(&rialto, &runtime, city.mix(bench.volume(200_000)))?;
        let (before, count) = (rialto.view().position, events.len());
        let (tally, foreign) = timed(&rialto, &runtime, events)?;
        rates.push(tally.per_s()?);
        others.push(foreign);
        bytes.push((rialto.view().position - before) as f64 / count as f64);
        stop(&rialto, &runtime)?;
    }
    Ok(vec![
        Figure::new("mix_per_s", rates).noted(Others::note(&others)),
        Figure::new("journal_bytes_per_activity", bytes),
    ])
}

/// Every event a service, priced and posted.
pub fn priced(bench: &Bench) -> Found {
    let (mut rates, mut others) = (Vec::new(), Vec::new());
    for _ in 0..Bench::RUNS {
        let mut city = City::venice();
        let events = city.services(bench.volume(2_000_000));
        let (runtime, room) = (sidecar::runtime()?, bench.room()?);
        let rialto = sidecar::settle(room.path(), &city, &runtime)?;
        warm_up(&rialto, &runtime, city.services(bench.volume(200_000)))?;
        let (tally, foreign) = timed(&rialto, &runtime, events)?;
        rates.push(tally.per_s()?);
        others.push(foreign);
        assert_eq!(tally.recorded, 0, "a service was not priced");
        stop(&rialto, &runtime)?;
    }
    Ok(vec![Figure::new("priced_per_s", rates).noted(Others::note(&others))])
}

/// Every event priced by the actor of one of a million citizens, who is awake, or has to be woken.
pub fn million(bench: &Bench) -> Found {
    let mut city = City::of(bench.volume(1_000_000));
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    let rialto = sidecar::settle(room.path(), &city, &runtime)?;
    warm_up(&rialto, &runtime, city.everybody())?;
    let (mut live, mut woken, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..Bench::RUNS {
        let (tally, foreign) = timed(&rialto, &runtime, city.anybody(bench.volume(1_000_000)))?;
        live.push(tally.per_s()?);
        others.push(foreign);
        retire(&rialto)?;
        let (tally, foreign) = timed(&rialto, &runtime, city.everybody())?;
        woken.push(tally.per_s()?);
        others.push(foreign);
    }
    stop(&rialto, &runtime)?;
    Ok(vec![
        Figure::new("million_live_per_s", live).noted(Others::note(&others)),
        Figure::new("million_woken_per_s", woken).noted(Others::note(&others)),
    ])
}

/// Retires everybody, and waits until they are gone.
pub fn retire(rialto: &Rialto) -> Result<(), Box<dyn Error>> {
    rialto.retire(Duration::ZERO);
    let start = Instant::now();
    while 0 < rialto.awake() {
        if Duration::from_secs(30) < start.elapsed() {
            return Err(format!("{} actors did not retire", rialto.awake()).into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn timed(rialto: &Rialto, runtime: &Runtime, events: Vec<Activity>) -> Result<(Tally, f64), Box<dyn Error>> {
    let batches = sidecar::batches(events);
    let others = Others::start();
    let tally = sidecar::record(rialto, runtime, batches)?;
    Ok((tally, others.share()))
}

fn warm_up(rialto: &Rialto, runtime: &Runtime, events: Vec<Activity>) -> Result<(), Box<dyn Error>> {
    sidecar::record(rialto, runtime, sidecar::batches(events))?.per_s().map(drop)
}

fn stop(rialto: &Rialto, runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string().into())
}

/// Fills a Rialto with so many transactions, without ever holding many events in memory.
pub fn fill(rialto: &Rialto, runtime: &Runtime, city: &mut City, count: usize) -> Result<(), Box<dyn Error>> {
    const STRIDE: usize = 500_000;
    for done in (0..count).step_by(STRIDE) {
        let services = city.services(STRIDE.min(count - done));
        sidecar::record(rialto, runtime, sidecar::batches(services))?.per_s()?;
    }
    Ok(())
}
