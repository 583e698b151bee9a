//! The halt: while it is in force, nothing that is posted is collectable.
//!
//! Whoever orders that everybody rests puts it on at the door, before anything may be in his way, and his order
//! takes back what it put on once the book says so itself. Each order takes back its own and nobody else's. What is
//! never taken back, because the order could not be made durable, is in force for as long as the process lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::domain::orders::{Order, What};
use crate::domain::rollout::{Move, Phase, Subject};

/// The halt. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Halt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// So many put it on, and did not take it back.
    brakes: AtomicUsize,
    /// One of them never will.
    is_lasting: AtomicBool,
}

impl Halt {
    /// Whether an order calls for it: that everybody rests.
    pub fn is_called_for_by(order: &Order) -> bool {
        matches!(order.what, What::Move(Move { subject: Subject::All, to: Some(Phase::Paused) }))
    }

    /// Puts it on.
    pub fn put_on(&self) -> Brake {
        self.0.brakes.fetch_add(1, Ordering::AcqRel);
        Brake { halt: self.clone(), is_taken_back: false }
    }

    /// Whether it is in force.
    pub fn is_on(&self) -> bool {
        0 < self.0.brakes.load(Ordering::Acquire)
    }

    /// Whether it is in force for as long as the process lives: somebody paused everything, and the book will
    /// never say so.
    pub fn is_lasting(&self) -> bool {
        self.0.is_lasting.load(Ordering::Acquire)
    }
}

/// What one order put on.
#[derive(Debug)]
#[must_use = "what is dropped is never taken back"]
pub struct Brake {
    halt: Halt,
    is_taken_back: bool,
}

impl Brake {
    /// Takes it back: the book says so itself now, or the order was refused for what it is.
    pub fn take_back(mut self) {
        self.is_taken_back = true;
    }
}

impl Drop for Brake {
    fn drop(&mut self) {
        if self.is_taken_back {
            self.halt.0.brakes.fetch_sub(1, Ordering::AcqRel);
        } else {
            self.halt.0.is_lasting.store(true, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{RwLock, mpsc};

    use tokio::sync::{Semaphore, oneshot};

    use super::*;
    use crate::actors::bookkeeper::Bookkeeper;
    use crate::actors::clerk::Clerk;
    use crate::actors::gate::Gate;
    use crate::actors::messages::{Found, Obey, Outside};
    use crate::clock::Clock;
    use crate::domain::calendar::Calendar;
    use crate::domain::charge::Stage;
    use crate::domain::names::Name;
    use crate::domain::payers::Payer;
    use crate::domain::time::Moment;
    use crate::folder::DataFolder;
    use crate::journal::writer::{Options, Writer};
    use crate::ledger::book::Book;
    use crate::ledger::totals::Totals;

    const NOW: Moment = Moment(1_793_620_800_000_000);

    /// A bookkeeper who is no actor yet: what he is told is done at once, and in order.
    fn bookkeeper(folder: &DataFolder, halt: &Halt) -> Bookkeeper {
        let (book, calendar) = (Book::default(), Calendar::new(chrono_tz::UTC));
        let clerk = Clerk::new(book.tariffs().clone(), Arc::default(), calendar.clone());
        let options = Options { folder: folder.journal(), id: folder.id(), segment_bytes: 1 << 20 };
        let (tell, _told) = mpsc::channel();
        let tell = move |written| drop(tell.send(written));
        let writer = Writer::start(options, Arc::new(RwLock::new(Vec::new())), 0, tell).expect("a writer");
        let found = Found { book, totals: Totals::new(calendar), position: 0, recorded: 0, imaged: 0 };
        let outside = Outside {
            view: Arc::default(),
            atlas: Arc::default(),
            meters: Default::default(),
            vitals: Default::default(),
            images: Box::new(drop),
            clock: Clock::simulated(NOW),
            gate: Gate { events: 0, hours: 0 },
            targets: Arc::default(),
            halt: halt.clone(),
            posted: Arc::default(),
            durable: Arc::default(),
            news: tokio::sync::watch::channel(0).0,
            snapshot_bytes: u64::MAX,
        };
        Bookkeeper::new(found, clerk, writer, outside)
    }

    /// An order to all, as it comes from the door: what it put on is on already.
    fn to(phase: Phase, halt: &Halt) -> Obey {
        let what = What::Move(Move { subject: Subject::All, to: Some(phase) });
        let order = Order { by: "operator".into(), why: "tried".into(), what };
        let brake = Halt::is_called_for_by(&order).then(|| halt.put_on());
        Obey { ticket: 0, seen: NOW, order, brake, reply: oneshot::channel().0, permit: permit() }
    }

    fn permit() -> tokio::sync::OwnedSemaphorePermit {
        Arc::new(Semaphore::new(1)).try_acquire_owned().expect("there is one")
    }

    #[test]
    fn nothing_is_live_between_two_pauses_that_are_on_their_way_whoever_is_between_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = DataFolder::open_or_create(folder.path()).expect("a folder");
        let halt = Halt::default();
        let mut bookkeeper = bookkeeper(&folder, &halt);
        let ada = Payer::new(Name::new("Ada").expect("a name"));
        let what = What::List(Payer { customer: Name::new("cus_1"), ..ada });
        let order = Order { by: "operator".into(), why: "tried".into(), what };
        let reply = oneshot::channel().0;
        bookkeeper.obey(Obey { ticket: 0, seen: NOW, order, brake: None, reply, permit: permit() });
        bookkeeper.obey(to(Phase::Live, &halt));
        assert_eq!(bookkeeper.stage(None, None, NOW), Stage::Live);
        let [first, live, second] = [Phase::Paused, Phase::Live, Phase::Paused].map(|phase| to(phase, &halt));
        for obey in [first, live, second] {
            assert_eq!(bookkeeper.stage(None, None, NOW), Stage::Shadow);
            bookkeeper.obey(obey);
        }
        assert_eq!(bookkeeper.stage(None, None, NOW), Stage::Shadow);
        bookkeeper.obey(to(Phase::Live, &halt));
        assert_eq!(bookkeeper.stage(None, None, NOW), Stage::Live);
    }

    #[test]
    fn a_pause_that_is_obeyed_takes_nothing_back_of_the_next_one() {
        let halt = Halt::default();
        let [first, second] = [halt.put_on(), halt.put_on()];
        first.take_back();
        assert!(halt.is_on());
        second.take_back();
        assert!(!halt.is_on());
        assert!(!halt.is_lasting());
    }

    #[test]
    fn a_pause_that_was_lost_stays_in_force_whoever_comes_after_it() {
        let halt = Halt::default();
        drop(halt.put_on());
        halt.put_on().take_back();
        assert!(halt.is_on());
        assert!(halt.is_lasting());
    }
}
