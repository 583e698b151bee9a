//! A Rialto of a probe's own, and how batches are handed to it.

use std::collections::VecDeque;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rialto::clock::Clock;
use rialto::domain::activity::Activity;
use rialto::domain::orders::{Order, What};
use rialto::domain::time::Moment;
use rialto::ledger::entry::{Receipt, Status};
use rialto::ledger::guards::Limits;
use rialto::wiring::{Rialto, Settings};
use tokio::runtime::Runtime;

use crate::city::{BATCH, City};
use crate::tariff;

/// How many batches are under way at once; the door takes 16 of them.
pub const UNDER_WAY: usize = 8;

/// A runtime for whoever hands events over.
pub fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// A Rialto in `folder`, as everybody gets it.
pub fn start(folder: &Path) -> Result<Rialto, Box<dyn Error>> {
    Ok(Rialto::start(settings(folder))?)
}

/// The settings that probes run by.
pub fn settings(folder: &Path) -> Settings {
    Settings { give_back: Some(crate::give_back), limits: Limits::OFF, ..Settings::new(folder) }
}

/// The same, told who runs which business.
pub fn settle(folder: &Path, city: &City, runtime: &Runtime) -> Result<Rialto, Box<dyn Error>> {
    let rialto = start(folder)?;
    runtime.block_on(rialto.describe(city.rows()))?;
    Ok(rialto)
}

/// The same, with a tariff of 200 rules, which came into force before anything happened.
pub fn settle_by_200_rules(folder: &Path, city: &City, runtime: &Runtime) -> Result<Rialto, Box<dyn Error>> {
    const BEFORE: i64 = 60 * 24 * 3600 * 1_000_000;
    let now = Clock::system().now();
    let clock = Clock::simulated(Moment(now.0 - BEFORE));
    let rialto = Rialto::start(Settings { clock: clock.clone(), ..settings(folder) })?;
    runtime.block_on(rialto.describe(city.rows()))?;
    let tariff = Arc::new(tariff::of_200_rules(city, clock.now()));
    runtime.block_on(rialto.order(Order {
        by: "bench".into(),
        why: "200 rules".into(),
        what: What::Tariff(tariff),
    }))?;
    clock.advance_to(now);
    Ok(rialto)
}

/// Events in batches.
pub fn batches(activities: Vec<Activity>) -> Vec<Vec<Activity>> {
    let count = activities.len().div_ceil(BATCH);
    let mut activities = activities.into_iter();
    (0..count).map(|_| activities.by_ref().take(BATCH).collect()).collect()
}

/// What became of the events that were handed over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Durable at zero.
    pub recorded: usize,
    /// Durable at a price.
    pub priced: usize,
    /// Anything else, which should not be.
    pub others: usize,
    /// From the first batch handed over to the last receipt.
    pub took: Duration,
}

impl Tally {
    /// Events a second; an error if any of them became something else than was meant.
    pub fn per_s(self) -> Result<f64, Box<dyn Error>> {
        if 0 < self.others {
            return Err(format!("{} events were neither recorded nor priced", self.others).into());
        }
        Ok((self.recorded + self.priced) as f64 / self.took.as_secs_f64())
    }

    fn count(&mut self, receipts: &[Receipt]) {
        for receipt in receipts {
            match receipt.status {
                Status::Recorded => self.recorded += 1,
                Status::Priced => self.priced += 1,
                Status::Duplicate | Status::Conflict | Status::Rejected => self.others += 1,
            }
        }
    }
}

/// Records batches, several of them under way, until all of it is durable.
pub fn record(rialto: &Rialto, runtime: &Runtime, batches: Vec<Vec<Activity>>) -> Result<Tally, Box<dyn Error>> {
    runtime.block_on(async {
        let mut tally = Tally::default();
        let mut under_way = VecDeque::new();
        let start = Instant::now();
        for batch in batches {
            if under_way.len() == UNDER_WAY
                && let Some(oldest) = under_way.pop_front()
            {
                tally.count(&finished(oldest).await?);
            }
            let rialto = rialto.clone();
            under_way.push_back(tokio::spawn(async move { rialto.record_batch(batch).await }));
        }
        for batch in under_way {
            tally.count(&finished(batch).await?);
        }
        Ok(Tally { took: start.elapsed(), ..tally })
    })
}

type Batch = tokio::task::JoinHandle<Result<Vec<Receipt>, rialto::wiring::RecordError>>;

async fn finished(batch: Batch) -> Result<Vec<Receipt>, Box<dyn Error>> {
    Ok(batch.await??)
}
