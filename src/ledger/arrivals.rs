//! When facts came in, to a few minutes: rows have no room for it, and only the gate before going live asks.

use crate::domain::time::Moment;

use super::chunks::Chunks;
use super::rows::FactNo;

/// A fact and when it came in, where a while had passed since the one before it.
#[derive(Clone, Debug, Default)]
pub struct Arrivals(Chunks<Arrival>);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The fact.
    pub fact: FactNo,
    /// When it came in.
    pub at: Moment,
}

/// How long a while is: ten minutes.
const WHILE: i64 = 600_000_000;

impl Arrivals {
    /// A fact came in.
    pub fn note(&mut self, arrival: Arrival) {
        let last = self.0.len().checked_sub(1).and_then(|last| self.0.get(last));
        // A clock that was ahead may have been put right since.
        if last.is_none_or(|last| arrival.at < last.at || last.at.0.saturating_add(WHILE) <= arrival.at.0) {
            self.0.push(arrival);
        }
    }

    /// One that an image has.
    pub fn put(&mut self, arrival: Arrival) {
        self.0.push(arrival);
    }

    /// An instant at which a fact had come in, at most ten minutes after it did.
    pub fn at_latest(&self, fact: FactNo) -> Option<Moment> {
        let next = self.0.partition_point(|arrival| arrival.fact <= fact);
        let noted = self.0.get(next.checked_sub(1)?)?;
        Some(if noted.fact == fact { noted.at } else { Moment(noted.at.0.saturating_add(WHILE)) })
    }

    /// All that were noted, in order.
    pub fn rows(&self) -> &Chunks<Arrival> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_came_in_at_the_latest_when_it_did_or_ten_minutes_later() {
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.at_latest(FactNo(0)), None);
        for (fact, at) in [(0, 100), (1, 101), (2, 100 + WHILE), (3, 90)] {
            arrivals.note(Arrival { fact: FactNo(fact), at: Moment(at) });
        }
        let at_latest = |fact| arrivals.at_latest(FactNo(fact)).map(|at| at.0);
        assert_eq!([0, 1, 2, 3].map(at_latest), [100, 100 + WHILE, 100 + WHILE, 90].map(Some));
    }
}
