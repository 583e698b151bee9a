//! More than it can do: twice and ten times as much, and visitors who take up room and give nothing.
//!
//! What is asserted always holds on any machine: memory is bounded, whoever is refused is told when to come again, all who
//! are taken have their answer, and afterwards everything is as before. How fast, is asserted where all is tried whole.

mod bodies;
mod load;
mod visitors;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::load::{Came, EVENTS, Stock, ceiling, offer};
use super::{tell, times};
use crate::sidecar::Sidecar;

/// Whether all of it is tried, on a quiet machine and by what users run.
fn is_whole() -> bool {
    times(0, 1) == 1
}

/// A figure that the kernel has of a process, in bytes: `VmRSS` is what is resident now, `VmHWM` the most that ever was.
fn memory(sidecar: &Sidecar, which: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", sidecar.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(which)).unwrap();
    line.trim_start_matches(':').trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

/// The sum of the samples of a metric whose labels have this in them.
fn metric(sidecar: &Sidecar, name: &str, label: &str) -> u64 {
    // Over a connection of its own, and again where that was given up for another.
    let ask = || ureq::get(format!("{}/metrics", sidecar.url())).call().ok()?.into_body().read_to_string().ok();
    let page = (0..20).find_map(|_| ask()).expect("an answer");
    let samples = page.lines().filter_map(|line| line.strip_prefix(name));
    let samples = samples.filter(|rest| rest.starts_with([' ', '{']) && rest.contains(label));
    samples.map(|rest| rest.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() as u64).sum()
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// As many connections as it takes, up to so many.
const CONNECTIONS: usize = 512;
/// What a quiet day is: half of what it can do.
const CALM: f64 = 0.5;
/// Of 100 who are taken the slowest waits no longer than so many times as long as on a quiet day,
const SLOWER: u32 = 5;
/// and it is like that again so long after.
const RECOVERS: Duration = Duration::from_secs(5);
/// So much more memory than at first, besides what the records take up.
const MEMORY: u64 = 192 << 20;
/// What a record takes up at most, where tables have just grown.
const RECORD: u64 = 400;

/// All who came were taken, or told when to come again.
fn is_told(came: &Came, what: &str) {
    assert!(came.other.is_empty() && came.broken.is_empty(), "{what}: {:?} {:?}", came.other, came.broken);
    assert!(!came.taken.is_empty(), "{what}: nobody was taken");
}

#[test]
fn who_is_taken_waits_hardly_longer_at_ten_times_what_it_can_do_and_who_is_not_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    let (address, stock) = (sidecar.address(), Arc::new(Stock::new(1)));
    let time = Duration::from_millis(times(700, 10_000) as u64);
    // The first requests fill the buffers, and make repeats of what is to be repeated.
    ceiling(address, &stock, 16, time / 4);
    let can = ceiling(address, &stock, 16, time);
    let (resident, facts) = (memory(&sidecar, "VmRSS"), metric(&sidecar, "rialto_ledger_facts_total", ""));
    let calm = offer(address, &stock, CALM * can, time, CONNECTIONS);
    is_told(&calm, "calm");
    let mut told = Vec::new();
    for factor in [2.0, 10.0] {
        let came = offer(address, &stock, factor * can, time, CONNECTIONS);
        is_told(&came, "at too much");
        told.push(came);
    }
    let over = Instant::now();
    let refused: usize = told.iter().map(|came| came.refused.len()).sum();
    assert_eq!(metric(&sidecar, "rialto_http_refusals_total", "busy"), (refused + calm.refused.len()) as u64);
    let after = recovered(&sidecar, &stock, CALM * can, calm.quantile(990), over);
    let highest = memory(&sidecar, "VmHWM");
    let records = (metric(&sidecar, "rialto_ledger_facts_total", "") - facts) * RECORD;
    assert!(highest < resident + records + MEMORY, "{highest} bytes, of {resident} at first");
    for name in ["rialto_door_under_way", "rialto_actors_mailbox_depth"] {
        assert_eq!(metric(&sidecar, name, ""), 0, "{name}");
    }
    let quiet = calm.quantile(990);
    let line = |came: &Came| {
        let (p99, all) = (milliseconds(came.quantile(990)), came.taken.len() + came.refused.len() + came.unsent);
        let [taken, refused] = [&came.taken, &came.refused].map(|some| some.len() as f64 / came.took.as_secs_f64());
        format!(
            "p50 {:.1} and p99 {p99:.1} ms, {taken:.0}/s taken, {refused:.0}/s refused, {} of {all} found no connection free",
            milliseconds(came.quantile(500)),
            came.unsent
        )
    };
    tell(
        "overload",
        format!(
            "{:.1} s each of 2 and 10 times what it can do ({can:.0} requests of {EVENTS} events a second), from one thread and at most {CONNECTIONS} connections",
            time.as_secs_f64()
        ),
        format!(
            "calm p50 {:.1} and p99 {:.1} ms; at 2 times {}; at 10 times {}; every refusal 503 with Retry-After; calm again after {:.1} s; {:.0} MB resident before, {:.0} at most, {:.0} after",
            milliseconds(calm.quantile(500)),
            milliseconds(quiet),
            line(&told[0]),
            line(&told[1]),
            after.as_secs_f64(),
            megabytes(resident),
            megabytes(highest),
            megabytes(memory(&sidecar, "VmRSS")),
        ),
    );
    if is_whole() {
        for came in &told {
            assert!(came.quantile(990) <= quiet * SLOWER, "{:?}, {quiet:?} on a quiet day", came.quantile(990));
        }
        assert!(0 < refused && after <= RECOVERS, "{refused} refused, {after:?} to recover");
    }
    sidecar.stop();
}

/// How long after `over` it is as calm as before: nobody is refused, and of 100 the slowest waits at most twice as long.
fn recovered(sidecar: &Sidecar, stock: &Arc<Stock>, per_s: f64, calm: Duration, over: Instant) -> Duration {
    loop {
        let began = over.elapsed();
        let came = offer(sidecar.address(), stock, per_s, Duration::from_millis(500), CONNECTIONS);
        is_told(&came, "afterwards");
        if came.refused.is_empty() && (came.quantile(990) <= 2 * calm || !is_whole()) {
            return began;
        }
        assert!(began < crate::sidecar::PATIENCE, "it does not recover: {:?}", came.quantile(990));
    }
}
