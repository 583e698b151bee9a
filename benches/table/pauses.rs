//! Pauses of a load that was held, and what explains them: the disk, or others who had the processors.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::DateTime;
use rialto::clock::Clock;
use rialto::domain::time::Moment;

use crate::disk::Overwrites;
use crate::machine;
use crate::pace::{Held, Span};
use crate::process::{Process, Turn};
use crate::text::number;

/// What happened while the load was held.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Groups of the journal that took the disk more than a few milliseconds.
    pub groups: Vec<Span>,
    /// Syncs of a file that is not the sidecar's, which took as much.
    pub syncs: Vec<Span>,
    /// The longest of these.
    pub longest: Duration,
    /// When the sidecar made snapshots.
    pub snapshots: Vec<Span>,
    /// What the processors did.
    processors: Vec<Used>,
}

/// What processor time was used from the start on.
#[derive(Clone, Debug, Default)]
struct Used {
    at: Duration,
    /// All of it, whoever used it.
    all: Duration,
    /// What each thread of the sidecar had, and of the load and who watches.
    ours: BTreeMap<u32, Turn>,
}

impl Used {
    fn now(at: Duration, sidecar: Process) -> Used {
        let mut ours = sidecar.threads();
        ours.append(&mut Process::own().threads());
        Used { at, all: machine::worked(), ours }
    }

    /// What others used from `before` on.
    fn others(&self, before: &Used) -> Duration {
        let ours: Duration = self.since(before).map(|turn| turn.ran).sum();
        self.all.saturating_sub(before.all).saturating_sub(ours)
    }

    /// The longest that one of our threads was ready from `before` on and did not run.
    fn queued(&self, before: &Used) -> Duration {
        self.since(before).map(|turn| turn.queued).max().unwrap_or_default()
    }

    fn since(&self, before: &Used) -> impl Iterator<Item = Turn> {
        self.ours.iter().map(|(thread, now)| {
            let then = before.ours.get(thread).copied().unwrap_or_default();
            Turn { ran: now.ran.saturating_sub(then.ran), queued: now.queued.saturating_sub(then.queued) }
        })
    }
}

/// When the load started, by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// By the one that is never set.
    pub at: Instant,
    /// By the one that logs are written by.
    pub wall: Moment,
}

impl Start {
    /// Now.
    pub fn now() -> Start {
        Start { at: Instant::now(), wall: Clock::system().now() }
    }
}

impl Evidence {
    /// Watches until it is over: fifty times a second, overwrites and syncs a file that is not the sidecar's,
    /// and looks who had the processors.
    pub fn watch(own: Overwrites, sidecar: Process, start: Start, is_over: &AtomicBool) -> std::io::Result<Evidence> {
        const SLOW: Duration = Duration::from_millis(5);
        let mut found = Evidence { processors: vec![Used::now(Duration::ZERO, sidecar)], ..Evidence::default() };
        while !is_over.load(Ordering::Acquire) {
            let from = start.at.elapsed();
            let took = own.time(1)?.into_iter().sum();
            found.longest = found.longest.max(took);
            if SLOW < took {
                found.syncs.push((from, from + took));
            }
            found.processors.push(Used::now(start.at.elapsed(), sidecar));
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(found)
    }

    /// Takes in what the sidecar's log tells.
    pub fn read(&mut self, log: &Path, start: Start) -> std::io::Result<()> {
        for line in fs::read_to_string(log)?.lines() {
            if let Some((what, span)) = logged(line, start) {
                match what.as_str() {
                    "the disk took long for a group" => self.groups.push(span),
                    "snapshot taken" => self.snapshots.push(span),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// The message of a line, and when what it tells of went on; nothing that was over at the start.
fn logged(line: &str, start: Start) -> Option<(String, Span)> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let time = DateTime::parse_from_rfc3339(line.get("timestamp")?.as_str()?).ok()?;
    let to = Duration::from_micros(u64::try_from(time.timestamp_micros() - start.wall.0).ok()?);
    let took = |unit: &str| line.get(unit)?.as_u64();
    let took = took("took_us").map(Duration::from_micros).or_else(|| took("took_ms").map(Duration::from_millis))?;
    Some((line.get("message")?.as_str()?.to_owned(), (to.saturating_sub(took), to)))
}

/// A time in which requests waited for long.
pub struct Pause {
    from: Duration,
    to: Duration,
    /// The longest wait.
    pub length: Duration,
    requests: usize,
    is_snapshot: bool,
    /// What explains it.
    pub why: Option<String>,
}

/// All of them: requests that waited at the same time are in the same pause.
pub fn pauses(held: &Held, evidence: &Evidence) -> Vec<Pause> {
    let mut pauses: Vec<Pause> = Vec::new();
    for &(from, to) in &held.long {
        match pauses.last_mut().filter(|pause| from <= pause.to) {
            Some(pause) => {
                pause.to = pause.to.max(to);
                pause.length = pause.length.max(to - from);
                pause.requests += 1;
            }
            None => pauses.push(Pause { from, to, length: to - from, requests: 1, is_snapshot: false, why: None }),
        }
    }
    for pause in &mut pauses {
        pause.is_snapshot = !pause.within(&evidence.snapshots).is_zero();
        pause.why = pause.explained(held, evidence);
    }
    pauses
}

impl Pause {
    /// How much of some spans falls into it.
    fn within(&self, spans: &[Span]) -> Duration {
        spans.iter().map(|(from, to)| self.to.min(*to).saturating_sub(self.from.max(*from))).sum()
    }

    /// Half of a wait is enough of a reason: what came meanwhile has to be worked off.
    fn explained(&self, held: &Held, evidence: &Evidence) -> Option<String> {
        let [first, .., last] = evidence.processors.as_slice() else { return None };
        let before = evidence.processors.iter().rfind(|used| used.at <= self.from).unwrap_or(first);
        let after = evidence.processors.iter().find(|used| self.to <= used.at).unwrap_or(last);
        // Interrupts are among what others always use, and the kernel's own work for the disk.
        let share = (after.at - before.at).div_duration_f64(last.at - first.at);
        let others = after.others(before).saturating_sub(last.others(first).mul_f64(share));
        let reasons = [
            (self.within(&evidence.groups), "the disk took the journal's groups"),
            (self.within(&evidence.syncs), "the disk took the syncs of another file"),
            (others, "others had a processor for"),
            (self.within(&held.late), "nothing of ours ran, not even the load, for"),
            (after.queued(before), "the processors were full: one of our threads was ready and had to wait for"),
        ];
        let (longest, reason) = reasons.into_iter().max_by_key(|(time, _)| *time)?;
        (self.length / 2 <= longest).then(|| format!("{reason} {} ms of it", number(longest.as_secs_f64() * 1e3)))
    }

    /// In a line.
    pub fn line(&self) -> String {
        let Pause { from, length, requests, is_snapshot, why, .. } = self;
        let snapshot = if *is_snapshot { ", while a snapshot was made" } else { "" };
        let why = why.as_deref().unwrap_or("**not explained**");
        let length = number(length.as_secs_f64() * 1e3);
        format!("at {:.1} s up to {length} ms, for {requests} requests{snapshot}: {why}", from.as_secs_f64())
    }
}
