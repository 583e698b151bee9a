//! Instants of the demo, written as the engine writes them, and the hour it is in Venice.
//!
//! Only unambiguous forms: an instant without its offset may mean two hours either way, and a demo that
//! cannot be read in one way only would prove nothing.

use std::fmt;

pub(super) const MICROS_PER_SECOND: i64 = 1_000_000;
pub(super) const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;
pub(super) const MICROS_PER_HOUR: i64 = 60 * MICROS_PER_MINUTE;
pub(super) const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;

/// The form in which one writer of the engine puts its instants.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hand {
    /// `2025-07-06T18:06:00.840Z`
    Zulu,
    /// `2025-07-06T18:06:00.840+00:00`
    Utc,
    /// `2025-07-06T20:06:00.840+02:00`, the offset being that of Europe/Rome on that day
    Rome,
}

/// An instant and the hand it is written in, down to the millisecond.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub(super) micros: i64,
    pub(super) hand: Hand,
}

impl fmt::Display for Stamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset_hours = match self.hand {
            Hand::Zulu | Hand::Utc => 0,
            Hand::Rome => rome_offset_hours(self.micros),
        };
        let local = self.micros + offset_hours * MICROS_PER_HOUR;
        let (year, month, day) = date_of(local.div_euclid(MICROS_PER_DAY));
        let millis = local.rem_euclid(MICROS_PER_DAY) / 1_000;
        let mut text = *b"0000-00-00T00:00:00.000+00:00";
        put(&mut text[0..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..10], day);
        put(&mut text[11..13], millis / 3_600_000);
        put(&mut text[14..16], millis / 60_000 % 60);
        put(&mut text[17..19], millis / 1_000 % 60);
        put(&mut text[20..23], millis % 1_000);
        put(&mut text[24..26], offset_hours);
        let length = match self.hand {
            Hand::Zulu => {
                text[23] = b'Z';
                24
            }
            Hand::Utc | Hand::Rome => text.len(),
        };
        out.write_str(std::str::from_utf8(&text[..length]).map_err(|_| fmt::Error)?)
    }
}

/// The hour of the day in Venice, 0 to 23.
pub(super) fn venice_hour(micros: i64) -> usize {
    let local = micros + rome_offset_hours(micros) * MICROS_PER_HOUR;
    (local.rem_euclid(MICROS_PER_DAY) / MICROS_PER_HOUR) as usize
}

/// `YYYYmmddHHMMSS` in UTC, as the engine's message ids carry it.
pub(super) fn compact(micros: i64) -> u64 {
    let (year, month, day) = date_of(micros.div_euclid(MICROS_PER_DAY));
    let seconds = micros.rem_euclid(MICROS_PER_DAY) / MICROS_PER_SECOND;
    let date = (year * 100 + month) * 100 + day;
    let time = (seconds / 3_600 * 100 + seconds / 60 % 60) * 100 + seconds % 60;
    (date * 1_000_000 + time).unsigned_abs()
}

/// Two hours from the last Sunday of March to the last of October, both at 01:00 UTC, else one.
pub(super) fn rome_offset_hours(micros: i64) -> i64 {
    let days = micros.div_euclid(MICROS_PER_DAY);
    let (_, month, day) = date_of(days);
    let summer = match month {
        4..=9 => true,
        3 | 10 => {
            let last_of_month = days - day + 31;
            // Day zero of the epoch was a Thursday, and 0 stands for Sunday here.
            let last_sunday = 31 - (last_of_month + 4).rem_euclid(7);
            let one_o_clock = micros.rem_euclid(MICROS_PER_DAY) >= MICROS_PER_HOUR;
            let changed = last_sunday < day || last_sunday == day && one_o_clock;
            changed == (month == 3)
        }
        _ => false,
    };
    if summer { 2 } else { 1 }
}

/// Year, month and day of a count of days since 1970-01-01 (Hinnant's civil_from_days).
fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months are counted from March, so that the leap day is the last of the year.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn put(place: &mut [u8], number: i64) {
    let mut left = number;
    for digit in place.iter_mut().rev() {
        *digit = b'0' + left.rem_euclid(10) as u8;
        left = left.div_euclid(10);
    }
}
