//! Targets: how much is to be earned by when, how far that is, and whether the pace is enough.
//!
//! What is projected is no money: it is an estimate from the days that are over, with a band from how much they
//! differ. Sums themselves are exact.

use super::calendar::Day;
use super::money::{Money, Sum};

/// A target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Within so many days from the start, the first of which is day one.
    pub days: u32,
    /// This much.
    pub goal: Money,
    /// What counts.
    pub basis: Basis,
}

/// What counts towards a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// All that was priced, shadow and live.
    Tracked,
    /// What was earned live, whoever pays it.
    Live,
    /// What was paid.
    Collected,
}

impl Basis {
    /// All of them.
    pub const ALL: [Basis; 3] = [Basis::Tracked, Basis::Live, Basis::Collected];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Basis::Tracked => "tracked",
            Basis::Live => "live",
            Basis::Collected => "collected",
        }
    }
}

/// What is to be reached, and from when on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    /// Day one; without it, the day of the first charge.
    pub start: Option<Day>,
    /// The targets.
    pub all: Vec<Target>,
}

/// The brief's own: EUR 10 tracked on day one; then EUR 500, 1,500 and 3,000 live, in a week, two, and a month.
impl Default for Targets {
    fn default() -> Targets {
        let target = |name: &str, days, units: i64, basis| Target {
            name: name.to_owned(),
            days,
            goal: Money::from_millionths(units * Money::PER_UNIT),
            basis,
        };
        Targets {
            start: None,
            all: vec![
                target("day one", 1, 10, Basis::Tracked),
                target("week one", 7, 500, Basis::Live),
                target("week two", 14, 1_500, Basis::Live),
                target("month one", 30, 3_000, Basis::Live),
            ],
        }
    }
}

/// What was earned on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earned {
    /// In shadow.
    pub shadow: Sum,
    /// Live.
    pub live: Sum,
    /// Paid.
    pub collected: Sum,
}

impl Earned {
    /// As much of it as counts.
    pub fn on(self, basis: Basis) -> Sum {
        match basis {
            Basis::Tracked => self.shadow.plus(self.live),
            Basis::Live => self.live,
            Basis::Collected => self.collected,
        }
    }
}

/// How a target stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// So much counts already.
    pub reached: Sum,
    /// And so much was collected.
    pub collected: Sum,
    /// What is needed a day for the days that are left; nothing once it is reached.
    pub needed_a_day: Sum,
    /// What was earned a day, over the last days that are over; today, where nothing came before it.
    pub rate_a_day: Sum,
    /// On which day it would be reached at this rate: as expected, at best and at worst. `None` where never.
    pub projected: [Option<Day>; 3],
    /// How it stands.
    pub state: State,
}

/// How a target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing was earned yet, and no start was set.
    Waiting,
    /// It is reached.
    Reached,
    /// The pace is enough.
    On,
    /// The pace is not enough.
    Behind,
    /// Its time is over.
    Missed,
}

impl State {
    /// The stable text of the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Reached => "reached",
            State::On => "on",
            State::Behind => "behind",
            State::Missed => "missed",
        }
    }
}

/// So many days that are over make the rate.
const WINDOW: i32 = 7;

/// How `target` stands `today`, for days from `start` on that earned what `earned` tells of each.
pub fn progress(target: &Target, start: Day, today: Day, earned: impl Fn(Day) -> Earned) -> Progress {
    let end = Day(start.0.saturating_add_unsigned(target.days));
    let days = |from: i32, to: i32| (from..to).map(Day);
    let last = end.0.min(today.0 + 1);
    let sum = |basis: Basis| days(start.0, last).fold(Sum::default(), |sum, day| sum.plus(earned(day).on(basis)));
    let (reached, collected) = (sum(target.basis), sum(Basis::Collected));
    let goal = i128::from(target.goal.millionths());
    let missing = (goal - reached.0).max(0);
    // Days that are over; and today, where nothing that counts came on any of those: what was earned in shadow says nothing
    // of how much is earned live.
    let from = start.0.max(today.0 - WINDOW);
    let window: Vec<i128> = match days(from, today.0).map(|day| earned(day).on(target.basis).0).collect::<Vec<_>>() {
        over if over.iter().all(|day| *day == 0) => vec![earned(today).on(target.basis).0],
        over => over,
    };
    let count = window.len() as i128;
    let rate = window.iter().sum::<i128>() / count;
    let variance = window.iter().map(|day| (day - rate) * (day - rate)).sum::<i128>() / count;
    // The mean of so many days is off by its own share of their spread.
    let error = (variance / count).isqrt();
    let reached_on = |rate: i128| {
        let days = if missing == 0 { Some(0) } else { (0 < rate).then(|| (missing + rate - 1) / rate) };
        days.and_then(|days| i32::try_from(days).ok()).and_then(|days| today.0.checked_add(days)).map(Day)
    };
    let left = i128::from(end.0 - today.0).max(0);
    let needed = if left == 0 { missing } else { (missing + left - 1) / left };
    let state = match () {
        () if missing == 0 => State::Reached,
        () if left == 0 => State::Missed,
        () if needed <= rate => State::On,
        () => State::Behind,
    };
    Progress {
        reached,
        collected,
        needed_a_day: Sum(needed),
        rate_a_day: Sum(rate),
        projected: [reached_on(rate), reached_on(rate + error), reached_on(rate - error)],
        state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(units: i64) -> Sum {
        Sum(i128::from(units) * i128::from(Money::PER_UNIT))
    }

    fn target(days: u32, goal: i64) -> Target {
        Target { name: "t".to_owned(), days, goal: Money::from_millionths(goal * Money::PER_UNIT), basis: Basis::Live }
    }

    /// Days from day 100 on, with so much live on each.
    fn stand(target: &Target, today: i32, days: &[i64]) -> Progress {
        progress(target, Day(100), Day(today), |day| Earned {
            live: units(days.get((day.0 - 100) as usize).copied().unwrap_or(0)),
            ..Earned::default()
        })
    }

    #[test]
    fn a_target_is_reached_on_behind_or_missed() {
        for (today, days, reached, needed, rate, expected, state) in [
            (100, &[5][..], 5, 14, 5, Some(119), State::Behind),
            (102, &[20, 20, 0], 40, 12, 20, Some(105), State::On),
            (104, &[20, 20, 20, 20, 20], 100, 0, 20, Some(104), State::Reached),
            (107, &[10, 10, 10, 10, 10, 10, 10, 50], 70, 30, 10, Some(110), State::Missed),
            (101, &[0, 0], 0, 17, 0, None, State::Behind),
            // The first day live, after two in shadow.
            (102, &[0, 0, 50], 50, 10, 50, Some(103), State::On),
        ] {
            let found = stand(&target(7, 100), today, days);
            assert_eq!(found.reached, units(reached), "{days:?}");
            assert_eq!(
                found.needed_a_day.0 / 1_000_000 + i128::from(found.needed_a_day.0 % 1_000_000 != 0),
                needed,
                "{days:?}"
            );
            assert_eq!(found.rate_a_day, units(rate), "{days:?}");
            assert_eq!((found.projected[0], found.state), (expected.map(Day), state), "{days:?}");
        }
    }

    #[test]
    fn the_band_is_as_wide_as_the_days_differ() {
        let even = stand(&target(30, 1_000), 104, &[50, 50, 50, 50, 0]);
        assert_eq!(even.projected, [Some(Day(120)); 3]);
        let uneven = stand(&target(30, 1_000), 104, &[100, 0, 100, 0, 0]);
        let [expected, best, worst] = uneven.projected;
        assert_eq!(expected, Some(Day(120)));
        assert!(best < expected && expected < worst, "{best:?} {worst:?}");
    }

    #[test]
    fn only_what_counts_is_counted() {
        let earned = Earned { shadow: units(1), live: units(2), collected: units(4) };
        assert_eq!(Basis::ALL.map(|basis| earned.on(basis)), [units(3), units(2), units(4)]);
    }
}
