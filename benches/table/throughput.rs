//! How many events a second become durable in process, in batches of 8,192, eight of them under way.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use rialto::domain::activity::Activity;
use rialto::wiring::Rialto;
use tokio::runtime::Runtime;

use crate::city::City;
use crate::figure::{Bench, Figure, Found};
use crate::machine::Others;
use crate::sidecar::{self, Tally};
use crate::stats;

/// The real mix, nearly all of it recorded at zero.
pub fn mix(bench: &Bench) -> Found {
    let (rates, bytes) = measure_mix(bench, sidecar::settle)?;
    Ok(vec![rates.figure("mix_per_s"), Figure::new("journal_bytes_per_activity", bytes)])
}

/// The same, by a tariff of 200 rules.
pub fn mix_by_200_rules(bench: &Bench) -> Found {
    let (rates, _) = measure_mix(bench, sidecar::settle_by_200_rules)?;
    Ok(vec![rates.figure("mix_200_per_s")])
}

/// Every event a service, priced and posted.
pub fn priced(bench: &Bench) -> Found {
    Ok(vec![measure_priced(bench, sidecar::settle)?.figure("priced_per_s")])
}

/// The same, by a tariff of 200 rules.
pub fn priced_by_200_rules(bench: &Bench) -> Found {
    Ok(vec![measure_priced(bench, sidecar::settle_by_200_rules)?.figure("priced_200_per_s")])
}

type Settle = fn(&Path, &City, &Runtime) -> Result<Rialto, Box<dyn Error>>;

/// The rates, and the journal's bytes an event.
fn measure_mix(bench: &Bench, settle: Settle) -> Result<(Rates, Vec<f64>), Box<dyn Error>> {
    let (mut rates, mut bytes) = (Rates::default(), Vec::new());
    for _ in 0..Bench::RUNS {
        let mut city = City::venice();
        let events = city.mix(bench.volume(3_000_000));
        let (runtime, room) = (sidecar::runtime()?, bench.room()?);
        let rialto = settle(room.path(), &city, &runtime)?;
        warm_up(&rialto, &runtime, city.mix(bench.volume(200_000)))?;
        let (before, count) = (rialto.view().position, events.len());
        rates.time(&rialto, &runtime, events)?;
        bytes.push((rialto.view().position - before) as f64 / count as f64);
        stop(&rialto, &runtime)?;
    }
    Ok((rates, bytes))
}

fn measure_priced(bench: &Bench, settle: Settle) -> Result<Rates, Box<dyn Error>> {
    let mut rates = Rates::default();
    for _ in 0..Bench::RUNS {
        let mut city = City::venice();
        let events = city.services(bench.volume(2_000_000));
        let (runtime, room) = (sidecar::runtime()?, bench.room()?);
        let rialto = settle(room.path(), &city, &runtime)?;
        warm_up(&rialto, &runtime, city.services(bench.volume(200_000)))?;
        let tally = rates.time(&rialto, &runtime, events)?;
        assert_eq!(tally.recorded, 0, "a service was not priced");
        stop(&rialto, &runtime)?;
    }
    Ok(rates)
}

/// Every event priced by the actor of one of a million citizens, who is awake, or has to be woken.
pub fn million(bench: &Bench) -> Found {
    let mut city = City::of(bench.volume(1_000_000));
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    let rialto = sidecar::settle(room.path(), &city, &runtime)?;
    warm_up(&rialto, &runtime, city.everybody())?;
    let (mut live, mut woken) = (Rates::default(), Rates::default());
    for _ in 0..Bench::RUNS {
        live.time(&rialto, &runtime, city.anybody(bench.volume(1_000_000)))?;
        retire(&rialto)?;
        woken.time(&rialto, &runtime, city.everybody())?;
    }
    stop(&rialto, &runtime)?;
    Ok(vec![live.figure("million_live_per_s"), woken.figure("million_woken_per_s")])
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

/// The rates of some runs, and what they cost.
#[derive(Default)]
struct Rates {
    per_s: Vec<f64>,
    cost_us: Vec<f64>,
    foreign: Vec<f64>,
}

impl Rates {
    /// Records events while the clock runs.
    fn time(&mut self, rialto: &Rialto, runtime: &Runtime, events: Vec<Activity>) -> Result<Tally, Box<dyn Error>> {
        let (count, batches) = (events.len(), sidecar::batches(events));
        let others = Others::start();
        let tally = sidecar::record(rialto, runtime, batches)?;
        self.per_s.push(tally.per_s()?);
        self.cost_us.push(others.own_us() / count as f64);
        self.foreign.push(others.share());
        Ok(tally)
    }

    fn figure(self, name: &str) -> Figure {
        let cost = stats::spread(&self.cost_us).map_or(0.0, |[_, median, _]| median);
        let note = format!("{cost:.2} µs of processor time each; {}", Others::note(&self.foreign));
        Figure::new(name, self.per_s).noted(note.trim_end_matches("; "))
    }
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
