//! Spans of whole days.

use crate::domain::calendar::{Day, Period};

/// The days from one to another, both among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first; none where it is from the beginning.
    pub from: Option<Day>,
    /// The last; none where it is to the end.
    pub to: Option<Day>,
}

impl Days {
    /// All of them.
    pub const ALL: Days = Days { from: None, to: None };

    /// The period that `today` is in, up to it; of all time, whenever. So does the dashboard count.
    pub fn of(period: Period, today: Day) -> Days {
        match period {
            Period::AllTime => Days::ALL,
            Period::Day | Period::Week | Period::Month => Days { from: Some(period.start(today)), to: Some(today) },
        }
    }

    /// Whether a day is one of them.
    pub fn contain(self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}
