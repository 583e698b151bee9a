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
    use super::*;

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
