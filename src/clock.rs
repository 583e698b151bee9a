//! The one clock: the system's, or a simulated one that somebody sets.
//!
//! It does not go back by the little that a system's clock is put right now and then. When it was wrong
//! by more, it is believed again once it is right: a wrong date must not stay for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::time::Moment;

/// Tells the time. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    is_simulated: bool,
    /// The latest instant that was told or set.
    latest: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Clock {
        Clock { is_simulated: false, latest: Arc::new(AtomicI64::new(0)) }
    }

    /// A clock that stands at `start` until it is [set](Clock::advance_to).
    pub fn simulated(start: Moment) -> Clock {
        Clock { is_simulated: true, latest: Arc::new(AtomicI64::new(start.0)) }
    }

    /// Now; not before an instant that was told already, unless that was far ahead.
    pub fn now(&self) -> Moment {
        let latest = self.latest.load(Ordering::Acquire);
        if self.is_simulated {
            return Moment(latest);
        }
        let now = system_micros();
        if now < latest.saturating_sub(FAR) {
            tracing::warn!(was = %Moment(latest), now = %Moment(now), "the system's clock went back; it is believed");
            self.latest.store(now, Ordering::Release);
            return Moment(now);
        }
        Moment(self.latest.fetch_max(now, Ordering::AcqRel).max(now))
    }

    /// Moves the clock forward to `moment`; it stays where it is if it is past that.
    pub fn advance_to(&self, moment: Moment) {
        self.latest.fetch_max(moment.0, Ordering::AcqRel);
    }
}

/// How far back a clock is put right without anybody noticing.
const FAR: i64 = 60_000_000;

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_clock_goes_back_by_a_little() {
        for clock in [Clock::system(), Clock::simulated(Moment(5))] {
            let ahead = Moment(clock.now().0 + FAR / 2);
            clock.advance_to(ahead);
            clock.advance_to(Moment(0));
            assert!(ahead <= clock.now());
        }
    }

    #[test]
    fn a_date_far_ahead_does_not_stay_for_ever() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance_to(Moment(before.0 + 100 * FAR));
        assert!(clock.now().0 < before.0 + 50 * FAR);
    }
}
