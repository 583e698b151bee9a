//! Plans of invoices, and the outlook that the last of them gave: remembered, so that no look at the dashboard waits for
//! a plan.
//!
//! Whoever looks has it worked out anew in the background, where the book or the day has changed since, and seldom enough
//! that it takes a tenth of a processor at most. Where nobody looks, nothing is done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix::{Addr, ArbiterHandle};
use arc_swap::ArcSwapOption;
use tokio::sync::oneshot;

use crate::actors::bookkeeper::Bookkeeper;
use crate::actors::queries::{Owed, Owing};
use crate::billing::books::Books;
use crate::billing::outlook::outlook;
use crate::billing::plan::{Plan, plan};
use crate::billing::policy::Policy;
use crate::clock::Clock;
use crate::domain::calendar::{Calendar, Day};
use crate::domain::money::Currency;
use crate::domain::names::Name;
use crate::domain::outlook::Outlook;
use crate::domain::time::Moment;
use crate::ledger::bills::Bills;
use crate::ledger::book::Book;
use crate::ledger::chunks::Chunks;
use crate::ledger::invoices::Invoices;
use crate::ledger::roll::NameNo;

/// A plan, and what its numbers stand for.
#[derive(Debug)]
pub struct Planned {
    /// The invoices that are due, and what waits.
    pub plan: Plan,
    /// It was made for this day.
    pub today: Day,
    /// What was billed before.
    pub bills: Bills,
    names: Chunks<Name>,
}

impl Planned {
    /// The name with this number, where it is somebody's.
    pub fn name(&self, number: NameNo) -> Option<Name> {
        number.some().and_then(|number| self.names.get(number.0 as usize))
    }
}

/// What plans are made with.
#[derive(Debug)]
pub(super) struct Means {
    pub(super) bookkeeper: Addr<Bookkeeper>,
    pub(super) arbiter: ArbiterHandle,
    pub(super) clock: Clock,
    pub(super) calendar: Calendar,
    pub(super) policy: Policy,
}

/// Makes plans, one at a time, and remembers what the last one came to.
#[derive(Debug)]
pub(super) struct Planner {
    means: Means,
    turn: Arc<tokio::sync::Mutex<()>>,
    last: ArcSwapOption<Prospect>,
    /// Held by whoever waits for one.
    looking: tokio::sync::Mutex<()>,
    began: Instant,
    /// Since it began; [`UNDER_WAY`] while one is made in the background.
    rests_until_ms: AtomicU64,
}

/// What a plan came to.
#[derive(Debug)]
pub(super) struct Prospect {
    pub(super) outlook: BTreeMap<Currency, Outlook>,
    pub(super) invoices: BTreeMap<Currency, Invoices>,
    /// How many events nobody looked into yet.
    pub(super) unplaced: usize,
    as_of: Moment,
    today: Day,
    /// Where the last durable record ended then.
    recorded: u64,
}

/// How long after a plan in the background there is another one at the earliest,
const REST_MS: u64 = 3000;
/// and how many times as long as the last one took.
const REST_TIMES: u64 = 9;
const UNDER_WAY: u64 = u64::MAX;
/// What is older than this is not shown to anybody who can wait a moment.
const STALE_US: u64 = 60_000_000;
const PATIENCE: Duration = Duration::from_secs(1);

/// A start works the outlook out where no more transactions than these are owed, which takes a fraction of a second.
const OWED_AT_START_MAX: usize = 500_000;

impl Prospect {
    /// What a book comes to that was just read, and whose last record ends at `recorded`; `None` where that takes too long
    /// for a start.
    pub(super) fn at_start(
        book: &Book,
        policy: &Policy,
        calendar: &Calendar,
        now: Moment,
        recorded: u64,
    ) -> Option<Prospect> {
        let owed: usize = book.receivables().all().map(|(.., open)| open.rows.len()).sum();
        if OWED_AT_START_MAX < owed {
            return None;
        }
        let books = Books::of(book);
        Some(Prospect::of(&books, policy, calendar, (now, recorded)).1)
    }

    /// The plan, and what it comes to.
    fn of(
        books: &Books<'_>,
        policy: &Policy,
        calendar: &Calendar,
        (as_of, recorded): (Moment, u64),
    ) -> (Plan, Prospect) {
        let mut calendar = calendar.clone();
        let today = calendar.day(as_of);
        let plan = plan(books, policy, &mut calendar, today);
        let outlook = outlook(&plan, books.bills.iter(), policy, None);
        let invoices = Invoices::by_currency(books.bills.iter(), as_of);
        let unplaced = books.bills.unplaced().count();
        (plan, Prospect { outlook, invoices, unplaced, as_of, today, recorded })
    }
}

impl Planner {
    /// One who remembers what a start found.
    pub(super) fn new(means: Means, first: Option<Prospect>) -> Planner {
        Planner {
            means,
            turn: Arc::default(),
            looking: tokio::sync::Mutex::default(),
            last: ArcSwapOption::from_pointee(first),
            began: Instant::now(),
            rests_until_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.means.policy
    }

    /// Makes a plan of what is owed now; `None` where the bookkeeper is gone.
    pub(super) async fn plan(self: &Arc<Planner>) -> Option<Planned> {
        // Each takes a thread, and holds on to rows; it is in turn until it is made, also where nobody waits any more.
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let now = self.means.clock.now();
        let (reply, owed) = oneshot::channel();
        self.means.bookkeeper.send(Owing { reply }).await.ok()?;
        let owed = owed.await.ok()?;
        let (reply, planned) = oneshot::channel();
        let planner = Arc::clone(self);
        // Of many payers it takes a while, and whoever asks may share his thread with others.
        std::thread::spawn(move || {
            let planned = planner.planned(owed, now);
            drop(turn);
            let _ = reply.send(planned);
        });
        planned.await.ok()
    }

    fn planned(&self, owed: Owed, now: Moment) -> Planned {
        let Means { policy, calendar, .. } = &self.means;
        let (plan, prospect) = Prospect::of(&books(&owed), policy, calendar, (now, owed.recorded));
        let today = prospect.today;
        self.last.store(Some(Arc::new(prospect)));
        Planned { plan, today, names: owed.rows.names, bills: owed.bills }
    }

    /// What the last plan came to, and as of when. Where more is recorded by now, or it is another day, it is worked out
    /// anew in the background.
    pub(super) fn outlook(
        self: &Arc<Planner>,
        currency: Currency,
        recorded: u64,
        now: Moment,
    ) -> Option<(Outlook, Moment)> {
        let last = self.prospect(recorded, now)?;
        Some((last.outlook.get(&currency).copied().unwrap_or_default(), last.as_of))
    }

    /// The same of all currencies, and how the bills stood then.
    pub(super) fn prospect(self: &Arc<Planner>, recorded: u64, now: Moment) -> Option<Arc<Prospect>> {
        let (last, today) = (self.last.load_full(), self.means.calendar.day(now));
        if last.as_ref().is_none_or(|last| (last.recorded, last.today) != (recorded, today)) {
            self.freshen();
        }
        last
    }

    /// Makes a plan where the last one is of an older book and nobody looked for long, and waits for it as long as somebody
    /// at a screen does.
    pub(super) async fn look_ahead(self: &Arc<Planner>, recorded: u64, now: Moment) {
        let is_stale = || {
            let last = self.last.load();
            last.as_ref().is_some_and(|last| last.recorded < recorded && is_old(last.as_of, now))
        };
        if !is_stale() {
            return;
        }
        let looking = async {
            let _one = self.looking.lock().await;
            // Somebody else may have waited for the same.
            if is_stale() {
                self.plan().await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, looking).await;
    }

    fn freshen(self: &Arc<Planner>) {
        let rests_until_ms = self.rests_until_ms.load(Ordering::Acquire);
        let is_due = rests_until_ms <= self.age_ms();
        let claim =
            || self.rests_until_ms.compare_exchange(rests_until_ms, UNDER_WAY, Ordering::AcqRel, Ordering::Relaxed);
        if !is_due || claim().is_err() {
            return;
        }
        let planner = Arc::clone(self);
        // Where nobody is there to do it any more, all is stopping.
        self.means.arbiter.spawn(async move {
            let began_ms = planner.age_ms();
            planner.plan().await;
            let ended_ms = planner.age_ms();
            let rest_ms = REST_MS.max(REST_TIMES * (ended_ms - began_ms));
            planner.rests_until_ms.store(ended_ms + rest_ms, Ordering::Release);
        });
    }

    fn age_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }
}

/// Whether a plan is not shown any more to anybody who can wait; also one of a time that is still to come, because the
/// clock was wrong.
fn is_old(as_of: Moment, now: Moment) -> bool {
    STALE_US < now.0.abs_diff(as_of.0)
}

/// The books of what is owed.
pub(super) fn books(owed: &Owed) -> Books<'_> {
    Books {
        charges: &owed.rows.charges,
        facts: &owed.rows.facts,
        closings: &owed.rows.closings,
        links: &owed.rows.links,
        receivables: &owed.receivables,
        payers: &owed.payers,
        bills: &owed.bills,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_an_hour_that_the_clock_took_back_is_as_old_as_one_of_an_hour_ago() {
        let (hour, now) = (3_600_000_000, Moment(1_793_620_800_000_000));
        assert!(is_old(Moment(now.0 - hour), now));
        assert!(is_old(Moment(now.0 + hour), now));
        assert!(!is_old(Moment(now.0 - hour / 120), now));
        // A clock that was put right by a little is not waited for.
        assert!(!is_old(Moment(now.0 + hour / 120), now));
    }
}
