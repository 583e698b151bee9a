//! What was earned in each of the last hours: a small projection of the charges, exact and bounded.
//!
//! An hour is one of the clock on the wall, so that hours of a zone that is half an hour off begin when its clocks
//! strike. What happened belongs to the hour in which it happened, also where a month was closed and it is booked later.

use crate::domain::calendar::Calendar;
use crate::domain::charge::Stage;
use crate::domain::money::{Money, Sum};
use crate::domain::time::Moment;

use super::totals::ByStage;

/// An hour's length.
pub const HOUR_US: i64 = 3_600_000_000;
/// As many hours are told, up to the one that it is.
pub const TOLD: usize = 24;
/// A few more are kept, so that those which are told stay when the clock goes back a little.
const KEPT: usize = 32;

/// The sums of the last hours, each by the instant when it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours(Vec<(Moment, ByStage)>);

impl Hours {
    /// What happened before this is in no hour that is told `now`.
    pub fn reach(now: Moment) -> Moment {
        Moment(now.0.saturating_sub(KEPT as i64 * HOUR_US))
    }

    /// Counts what was earned at `at`.
    pub fn add(&mut self, at: Moment, stage: Stage, amount: Money, calendar: &Calendar) {
        // Nearly every charge is of the last hour, whose beginning need not be looked up again.
        let is_last = |(start, _): &(Moment, ByStage)| *start <= at && at.0 - start.0 < HOUR_US;
        let place = match self.0.last().is_some_and(is_last) {
            true => self.0.len() - 1,
            false => self.place(calendar.hour_start(at)),
        };
        self.0[place].1[stage as usize].add(amount);
        if KEPT < self.0.len() {
            self.0.remove(0);
        }
    }

    fn place(&mut self, start: Moment) -> usize {
        self.0.binary_search_by_key(&start, |(start, _)| *start).unwrap_or_else(|place| {
            self.0.insert(place, (start, ByStage::default()));
            place
        })
    }

    /// Forgets what happened before this.
    pub fn forget(&mut self, before: Moment) {
        let old = self.0.partition_point(|(start, _)| start.0.saturating_add(HOUR_US) <= before.0);
        self.0.drain(..old);
    }

    /// The hours up to that of `now`, the oldest first.
    pub fn told(&self, now: Moment, calendar: &Calendar) -> [(Moment, ByStage); TOLD] {
        let current = calendar.hour_start(now);
        std::array::from_fn(|place| {
            let start = Moment(current.0 - (TOLD - 1 - place) as i64 * HOUR_US);
            // Where the clocks of a zone change by half an hour, an hour may begin within the one before.
            let known = self.0.iter().filter(|(known, _)| start <= *known && known.0 - start.0 < HOUR_US);
            let sum = |[shadow, live]: ByStage, [more, most]: ByStage| [shadow.plus(more), live.plus(most)];
            (start, known.fold([Sum::default(); 2], |sums, (_, stages)| sum(sums, *stages)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(text: &str) -> Moment {
        Moment(chrono::DateTime::parse_from_rfc3339(text).expect("RFC 3339").timestamp_micros())
    }

    #[test]
    fn an_hour_begins_when_the_clocks_of_the_zone_strike() {
        let calendar = Calendar::new(chrono_tz::Asia::Kathmandu);
        let mut hours = Hours::default();
        // A quarter past five is the sixth hour there: they are 5:45 ahead.
        hours.add(moment("2026-11-28T11:14:59Z"), Stage::Live, Money::from_millionths(1), &calendar);
        hours.add(moment("2026-11-28T11:15:00Z"), Stage::Live, Money::from_millionths(2), &calendar);
        let told = hours.told(moment("2026-11-28T11:20:00Z"), &calendar);
        let [.., (_, before), (start, last)] = told;
        assert_eq!((before[1], last[1], start), (Sum(1), Sum(2), moment("2026-11-28T11:15:00Z")));
    }

    #[test]
    fn the_hour_that_comes_twice_in_autumn_is_two_hours() {
        let calendar = Calendar::new(chrono_tz::Europe::Rome);
        let mut hours = Hours::default();
        for at in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"] {
            hours.add(moment(at), Stage::Shadow, Money::from_millionths(5), &calendar);
        }
        let told = hours.told(moment("2026-10-25T01:59:00Z"), &calendar);
        let starts = [told[TOLD - 2].0, told[TOLD - 1].0].map(|start| start.in_zone(calendar.zone()));
        assert_eq!(starts, ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]);
        assert_eq!([told[TOLD - 2].1[0], told[TOLD - 1].1[0]], [Sum(5); 2]);
    }

    proptest! {
        #[test]
        fn the_hours_are_what_adding_everything_up_again_would_give(
            charges in prop::collection::vec((0_i64..40 * 60, any::<bool>(), -9_i64..99), 0..200),
            zone in prop::sample::select(vec![chrono_tz::Europe::Rome, chrono_tz::Asia::Kathmandu]),
        ) {
            const MINUTE: i64 = 60_000_000;
            let calendar = Calendar::new(zone);
            // The clocks of Rome change in the middle of it.
            let begun = moment("2026-10-24T10:07:00Z");
            let (mut hours, mut latest) = (Hours::default(), begun);
            let at = |minute: i64| Moment(begun.0 + minute * MINUTE);
            for (minute, is_live, amount) in &charges {
                latest = latest.max(at(*minute));
                hours.forget(Hours::reach(latest));
                if Hours::reach(latest) <= at(*minute) {
                    let stage = if *is_live { Stage::Live } else { Stage::Shadow };
                    hours.add(at(*minute), stage, Money::from_millionths(*amount), &calendar);
                }
                prop_assert!(hours.0.len() <= KEPT + 1);
            }
            for (start, stages) in hours.told(latest, &calendar) {
                for (stage, sum) in stages.iter().enumerate() {
                    let is_in = |(minute, is_live, _): &&(i64, bool, i64)| {
                        start <= at(*minute) && at(*minute).0 < start.0 + HOUR_US && usize::from(*is_live) == stage
                    };
                    let expected = charges.iter().filter(is_in).map(|(.., amount)| i128::from(*amount)).sum();
                    prop_assert_eq!(*sum, Sum(expected), "the hour from {}", start);
                }
            }
        }
    }
}
