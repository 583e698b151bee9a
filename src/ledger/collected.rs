//! What was collected, by currency and day: a projection of what was taken by bills, as far as it is durable.

use std::collections::BTreeMap;

use crate::domain::calendar::{Calendar, Day, Period};
use crate::domain::money::{Currency, Sum};

use super::bills::Taken;

/// What was collected, without taxes.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    days: BTreeMap<(Currency, Day), Sum>,
    counted: usize,
}

impl Collected {
    /// Whether there are takings before the `to`th that are not counted.
    pub fn is_behind(&self, to: usize) -> bool {
        self.counted < to
    }

    /// Counts the takings before the `to`th.
    pub fn advance(&mut self, takings: &[Taken], to: usize, calendar: &mut Calendar) {
        for taken in takings.iter().take(to).skip(self.counted) {
            let day = self.days.entry((taken.currency, calendar.day_cached(taken.at))).or_default();
            *day = day.plus(taken.amount);
        }
        self.counted = self.counted.max(to.min(takings.len()));
    }

    /// What was collected on a day.
    pub fn on(&self, currency: Currency, day: Day) -> Sum {
        self.days.get(&(currency, day)).copied().unwrap_or_default()
    }

    /// What was collected in the period that `today` is in, up to it; of all time, whenever.
    pub fn in_period(&self, currency: Currency, period: Period, today: Day) -> Sum {
        let (from, to) = match period {
            Period::AllTime => (Day(i32::MIN), Day(i32::MAX)),
            Period::Day | Period::Week | Period::Month => (period.start(today), today),
        };
        let days = self.days.range((currency, from)..=(currency, to));
        days.fold(Sum::default(), |sum, (_, day)| sum.plus(*day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bills::BillNo;
    use crate::domain::time::Moment;

    #[test]
    fn what_is_collected_is_of_its_day_and_counted_once() {
        const DAY: i64 = 86_400_000_000;
        // A Thursday.
        let first = 20_000 * DAY + DAY / 2;
        let taken = |days: i64, amount| Taken {
            bill: BillNo(1),
            at: Moment(first + days * DAY),
            currency: Currency::EUR,
            amount: Sum(amount),
        };
        let takings = [taken(0, 5), taken(1, 7), taken(1, -2), taken(40, 100)];
        let mut calendar = Calendar::new(chrono_tz::UTC);
        let mut collected = Collected::default();
        collected.advance(&takings, 2, &mut calendar);
        collected.advance(&takings, 3, &mut calendar);
        collected.advance(&takings, 3, &mut calendar);
        assert!(!collected.is_behind(3) && collected.is_behind(4), "only what is durable is counted");
        let today = calendar.day(Moment(first + DAY));
        assert_eq!(collected.on(Currency::EUR, today), Sum(5));
        let sums = Period::ALL.map(|period| collected.in_period(Currency::EUR, period, today).0);
        assert_eq!(sums, [5, 10, 10, 10]);
        let dollar = Currency::parse("USD").expect("three letters");
        assert_eq!(collected.in_period(dollar, Period::AllTime, today), Sum(0));
    }
}
