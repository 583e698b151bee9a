//! Days, ISO weeks and months as the people of one time zone count them.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;

use super::time::Moment;

/// A day of the calendar, by the number of days since the year 1 began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The Monday of this day's ISO week.
    pub fn week_start(self) -> Day {
        Day(self.0 - self.date().weekday().num_days_from_monday() as i32)
    }

    /// The first day of this day's month.
    pub fn month_start(self) -> Day {
        Day(self.0 - self.date().day0() as i32)
    }

    /// The day after a month such as `2026-11`, from `2000-01` to `9999-12`.
    pub fn after_month(text: &str) -> Option<Day> {
        let [y, e, a, r, b'-', m, n] = *text.as_bytes() else { return None };
        // A sign would be read as part of a number.
        let number = |digits: &[u8]| {
            let digit = |sum: u32, digit: &u8| digit.is_ascii_digit().then(|| 10 * sum + u32::from(digit - b'0'));
            digits.iter().try_fold(0, digit)
        };
        let (year, month) = (number(&[y, e, a, r])?, number(&[m, n])?);
        let first = NaiveDate::from_ymd_opt(i32::try_from(year).ok().filter(|year| 2000 <= *year)?, month, 1)?;
        first.checked_add_months(chrono::Months::new(1)).map(Day::of)
    }

    /// The date.
    pub fn date(self) -> NaiveDate {
        NaiveDate::from_num_days_from_ce_opt(self.0).unwrap_or_default()
    }

    /// The day of a date.
    pub fn of(date: NaiveDate) -> Day {
        Day(date.num_days_from_ce())
    }
}

/// The spans of time that sums are kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Period {
    /// A calendar day.
    Day = 0,
    /// An ISO week, from Monday on.
    Week = 1,
    /// A calendar month.
    Month = 2,
    /// Since the beginning.
    AllTime = 3,
}

impl Period {
    /// All of them, the shortest first.
    pub const ALL: [Period; 4] = [Period::Day, Period::Week, Period::Month, Period::AllTime];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
            Period::AllTime => "all_time",
        }
    }

    /// The first day of the period that `day` lies in.
    pub fn start(self, day: Day) -> Day {
        match self {
            Period::Day => day,
            Period::Week => day.week_start(),
            Period::Month => day.month_start(),
            Period::AllTime => Day(i32::MIN),
        }
    }
}

/// The days of one time zone.
///
/// Asking for the day of an instant is fast where it lies in one of the days that were asked for lately,
/// which is how events come: today's nearly all, and some that are late by up to a month.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: Tz,
    /// Days that were asked for, as spans of instants, each where its half day belongs; an empty span holds
    /// no instant.
    known: [(Moment, Moment, Day); HALF_DAYS],
}

/// A month of half days: two days meet in the same place only around midnight.
const HALF_DAYS: usize = 64;

impl Calendar {
    /// The calendar of `zone`.
    pub fn new(zone: Tz) -> Calendar {
        Calendar { zone, known: [(Moment(0), Moment(0), Day(0)); HALF_DAYS] }
    }

    /// Its zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The day that `moment` falls on.
    pub fn day(&self, moment: Moment) -> Day {
        Day::of(self.zone.from_utc_datetime(&moment.utc().naive_utc()).date_naive())
    }

    /// The day of the week, Monday being 0, and the hour of the day that `moment` falls in.
    pub fn weekday_and_hour(&self, moment: Moment) -> (u32, u32) {
        let local = self.zone.from_utc_datetime(&moment.utc().naive_utc());
        (local.weekday().num_days_from_monday(), local.hour())
    }

    /// The instant at which the clocks struck the hour that `moment` falls in.
    pub fn hour_start(&self, moment: Moment) -> Moment {
        let local = self.zone.from_utc_datetime(&moment.utc().naive_utc());
        let past = i64::from(local.minute() * 60 + local.second()) * 1_000_000 + i64::from(local.nanosecond() / 1_000);
        Moment(moment.0 - past)
    }

    /// [`Calendar::day`], remembering the day's span for the next calls.
    pub fn day_cached(&mut self, moment: Moment) -> Day {
        let place = moment.0.div_euclid(43_200_000_000).rem_euclid(HALF_DAYS as i64) as usize;
        let (start, end, day) = self.known[place];
        if start <= moment && moment < end {
            return day;
        }
        let day = self.day(moment);
        let (start, end) = (self.start(day), self.start(Day(day.0 + 1)));
        // A day on which the clocks change may not be one span of instants; it is looked up each time.
        if end.0 - start.0 == 86_400_000_000 {
            self.known[place] = (start, end, day);
        }
        day
    }

    /// The first instant of `day`.
    pub fn start(&self, day: Day) -> Moment {
        let midnight = day.date().and_time(NaiveTime::MIN);
        // Where the clocks skip midnight, the day starts when they come out on the other side.
        (0..=96)
            .map(|quarters| midnight + TimeDelta::minutes(15 * quarters))
            .find_map(|local| self.zone.from_local_datetime(&local).earliest())
            .map_or_else(
                || {
                    Moment(
                        day.date()
                            .checked_add_days(Days::new(1))
                            .unwrap_or_default()
                            .and_time(NaiveTime::MIN)
                            .and_utc()
                            .timestamp_micros(),
                    )
                },
                |instant| Moment(instant.timestamp_micros()),
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use proptest::prelude::*;

    fn moment(text: &str) -> Moment {
        Moment(DateTime::parse_from_rfc3339(text).expect("RFC 3339").timestamp_micros())
    }

    fn rome() -> Calendar {
        Calendar::new(chrono_tz::Europe::Rome)
    }

    #[test]
    fn days_are_romes_days_also_when_the_clocks_change() {
        for (instant, date) in [
            ("2025-07-05T21:59:59Z", "2025-07-05"),
            ("2025-07-05T22:00:00Z", "2025-07-06"),
            ("2025-03-29T22:59:59Z", "2025-03-29"),
            ("2025-03-29T23:00:00Z", "2025-03-30"),
            ("2025-03-30T21:59:59.999999Z", "2025-03-30"),
            ("2025-03-30T22:00:00Z", "2025-03-31"),
            ("2025-10-26T22:59:59Z", "2025-10-26"),
            ("2025-10-26T23:00:00Z", "2025-10-27"),
        ] {
            assert_eq!(rome().day(moment(instant)).date().to_string(), date, "{instant}");
        }
    }

    #[test]
    fn a_month_is_written_in_one_way() {
        for (month, next) in [("2026-11", "2026-12-01"), ("2026-12", "2027-01-01"), ("2000-01", "2000-02-01")] {
            assert_eq!(Day::after_month(month).map(|day| day.date().to_string()).as_deref(), Some(next), "{month}");
        }
        assert!(Day::after_month("9999-12").is_some());
        for wrong in [
            "",
            "foo",
            "2026-13",
            "2026-00",
            "+026-11",
            "-026-11",
            "2026-+1",
            "2026- 1",
            "0000-01",
            "1999-12",
            "10000-01",
            "2026-1",
            "26-11",
            "2026-11-01",
            "2026_11",
            " 2026-11",
            "2026-11 ",
            "２０２６-11",
            "2026—1",
        ] {
            assert_eq!(Day::after_month(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_week_starts_on_monday_and_a_month_on_the_first() {
        let day = rome().day(moment("2025-01-01T12:00:00Z"));
        assert_eq!(day.week_start().date().to_string(), "2024-12-30");
        assert_eq!(day.month_start().date().to_string(), "2025-01-01");
    }

    #[test]
    fn the_days_of_summer_time_have_23_and_25_hours() {
        for (instant, hours) in
            [("2025-03-30T12:00:00Z", 23), ("2025-10-26T12:00:00Z", 25), ("2025-07-05T12:00:00Z", 24)]
        {
            let day = rome().day(moment(instant));
            let length = rome().start(Day(day.0 + 1)).0 - rome().start(day).0;
            assert_eq!(length, hours * 3_600_000_000, "{instant}");
        }
    }

    proptest! {
        #[test]
        fn the_remembered_day_is_the_day(
            instants in prop::collection::vec(1_735_000_000_000_000_i64..1_767_000_000_000_000, 1..60),
            zone in prop::sample::select(vec![
                chrono_tz::Europe::Rome, chrono_tz::America::Sao_Paulo, chrono_tz::Asia::Kathmandu, chrono_tz::America::Havana,
            ]),
        ) {
            let mut remembering = Calendar::new(zone);
            for instant in instants {
                let moment = Moment(instant);
                prop_assert_eq!(remembering.day_cached(moment), Calendar::new(zone).day(moment));
            }
        }
    }
}
