//! When something happened, in each of the ways the engine and its citizens write a time.
//!
//! | written | read as |
//! |---|---|
//! | `2025-07-05T10:12:00.384376Z`, `… +02:00`, `+0200`, `+02`, `UTC` | that instant, cut to the microsecond |
//! | `2025-07-05T10:12:00.384376`, a space for the `T`, a comma for the point | in the configured zone |
//! | `2025-07-05` and `18:03` apart | in the configured zone |
//! | `2025-07-05` | midnight in the configured zone |
//! | `28 Jun 2025, 16:04` | in the configured zone |
//! | `1746607045.8070474`, from 10¹¹ on milliseconds, from 10¹⁴ on microseconds | that instant |
//!
//! Where the clocks are set back, a time that comes twice is the earlier; where they are set forward, a
//! time that never comes is as much later as the clocks were moved.

use chrono::{MappedLocalTime, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;
use compact_str::CompactString;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::domain::activity::{Basis, Occurred};
use crate::domain::time::Moment;

use super::figures;
use super::scan;
use super::values::Value;

/// As much of a doubtful time's text is kept.
const TEXT_MAX: usize = 48;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A time as it is written.
enum Stamp {
    /// An instant, in microseconds.
    Instant(i64),
    /// What a clock on some wall showed.
    Wall(NaiveDateTime),
}

/// What a value says of the time.
pub(super) fn occurred(value: &Value<'_>, zone: Tz) -> Occurred {
    let (stamp, text) = match value {
        Value::Absent => return Occurred::UNTOLD,
        Value::Text(text) if text.trim().is_empty() => return Occurred::UNTOLD,
        Value::Text(text) => (stamp(text.trim()), text.trim()),
        Value::Number(digits) => (epoch(digits), *digits),
        Value::Broken(text) => (None, text.as_str()),
        Value::Flag(_) => (None, ""),
        Value::Compound(raw) => (None, *raw),
    };
    settled(stamp, text, zone)
}

/// What a date and a time of day say that stand apart; each may also be a whole time by itself.
pub(super) fn occurred_apart(date: &Value<'_>, time: &Value<'_>, zone: Tz) -> Occurred {
    let (Value::Text(date_text), Value::Text(time_text)) = (date, time) else {
        return occurred(if matches!(date, Value::Absent) { time } else { date }, zone);
    };
    let both = format!("{} {}", date_text.trim(), time_text.trim());
    let whole = || stamp(time_text.trim()).or_else(|| stamp(date_text.trim()));
    settled(stamp(&both).or_else(whole), &both, zone)
}

fn settled(stamp: Option<Stamp>, text: &str, zone: Tz) -> Occurred {
    let (micros, basis) = match stamp {
        None => (None, Basis::Unreadable),
        Some(Stamp::Instant(micros)) => (Some(micros), Basis::Exact),
        Some(Stamp::Wall(wall)) => (in_zone(wall, zone), Basis::Naive),
    };
    let (at, basis) = match micros {
        Some(micros) if micros < Moment::OLDEST.0 => (None, Basis::BeforeOurTime),
        Some(micros) if micros <= Moment::NEWEST.0 => (Some(Moment(micros)), basis),
        _ => (None, Basis::Unreadable),
    };
    let kept = || CompactString::from(scan::head(text, TEXT_MAX));
    Occurred { at, basis, text: (basis != Basis::Exact).then(kept) }
}

fn in_zone(wall: NaiveDateTime, zone: Tz) -> Option<i64> {
    let offset = match zone.offset_from_local_datetime(&wall) {
        MappedLocalTime::Single(offset) | MappedLocalTime::Ambiguous(offset, _) => offset,
        // The clocks skipped it: it is counted on as if they had not been moved.
        MappedLocalTime::None => (1..=100).find_map(|quarters| {
            let before = wall.checked_sub_signed(TimeDelta::minutes(15 * quarters))?;
            zone.offset_from_local_datetime(&before).latest()
        })?,
    };
    let seconds = i64::from(offset.fix().local_minus_utc());
    Some(wall.and_utc().timestamp_micros() - seconds * SECOND)
}

/// Seconds, milliseconds or microseconds since 1970, by how many there are.
fn epoch(text: &str) -> Option<Stamp> {
    let figure = figures::decimal(text)?;
    let size = figure.abs();
    let micros_each = if size < Decimal::from(100_000_000_000_i64) {
        SECOND
    } else if size < Decimal::from(100_000_000_000_000_i64) {
        1_000
    } else {
        1
    };
    let (whole, fraction) = (figure.trunc(), figure.fract());
    let rest = (fraction * Decimal::from(micros_each)).trunc().to_i64()?;
    whole.to_i64()?.checked_mul(micros_each)?.checked_add(rest).map(Stamp::Instant)
}

fn stamp(text: &str) -> Option<Stamp> {
    let bytes = text.as_bytes();
    if bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-') {
        let date = NaiveDate::from_ymd_opt(
            i32::try_from(number(&bytes[..4])?).ok()?,
            number(&bytes[5..7])?,
            number(bytes.get(8..10)?)?,
        )?;
        return on(date, &bytes[10..]);
    }
    epoch(text).or_else(|| spoken(text))
}

/// Reads `28 Jun 2025, 16:04`.
fn spoken(text: &str) -> Option<Stamp> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let (day, rest) = text.split_once(' ')?;
    let (month, rest) = rest.trim_start().split_once(' ')?;
    let rest = rest.trim_start().as_bytes();
    let month = month.trim_end_matches(['.', ',']).to_ascii_lowercase();
    let number_of = MONTHS.iter().position(|name| 3 <= month.len() && name.starts_with(&month))?;
    if 2 < day.len() {
        return None;
    }
    let year = i32::try_from(number(rest.get(..4)?)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, u32::try_from(number_of).ok()? + 1, number(day.as_bytes())?)?;
    let rest = &rest[4..];
    on(date, rest.strip_prefix(b",").unwrap_or(rest))
}

/// The time of day and the offset that follow a date, if any do.
fn on(date: NaiveDate, rest: &[u8]) -> Option<Stamp> {
    let midnight = date.and_time(chrono::NaiveTime::MIN);
    let Some((separator, clock)) = rest.split_first() else {
        return Some(Stamp::Wall(midnight));
    };
    if !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let (micros, rest) = clock_micros(clock.trim_ascii_start())?;
    let Some(offset) = offset_micros(rest.trim_ascii_start())? else {
        return midnight.checked_add_signed(TimeDelta::microseconds(micros)).map(Stamp::Wall);
    };
    Some(Stamp::Instant(midnight.and_utc().timestamp_micros() + micros - offset))
}

/// Reads `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fraction`, and what follows.
fn clock_micros(text: &[u8]) -> Option<(i64, &[u8])> {
    let two = |at: usize, below: u32| number(text.get(at..at + 2)?).filter(|value| *value < below);
    let minutes = two(0, 24)? * 60 + two(3, 60)?;
    if text.get(2) != Some(&b':') {
        return None;
    }
    let micros = i64::from(minutes) * 60 * SECOND;
    if text.get(5) != Some(&b':') {
        return Some((micros, &text[5..]));
    }
    // 60 is a leap second, which is the next one here.
    let micros = micros + i64::from(two(6, 61)?) * SECOND;
    if !matches!(text.get(8), Some(b'.' | b',')) {
        return Some((micros, &text[8..]));
    }
    let fraction = &text[9..];
    let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let digits = (0..6).map(|place| if place < length { fraction[place] - b'0' } else { 0 });
    Some((micros + digits.fold(0, |sum, digit| sum * 10 + i64::from(digit)), &fraction[length..]))
}

/// Reads `Z`, `UTC`, `+02:00`, `+0200` or `+02`; nothing is no offset, and anything else is no time.
fn offset_micros(text: &[u8]) -> Option<Option<i64>> {
    let (sign, digits) = match text {
        [] => return Some(None),
        b"Z" | b"z" | b"UTC" | b"GMT" => return Some(Some(0)),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [_, _] => (digits, &b"00"[..]),
        [_, _, b':', minutes @ ..] => (&digits[..2], minutes),
        _ => digits.split_at_checked(2)?,
    };
    if minutes.len() != 2 {
        return None;
    }
    let hours = number(hours).filter(|hours| *hours < 24)?;
    let minutes = number(minutes).filter(|minutes| *minutes < 60)?;
    let micros = i64::from(hours * 60 + minutes) * 60 * SECOND;
    debug_assert!(micros < DAY, "an offset is less than a day");
    Some(Some(sign * micros))
}

/// A number of nothing but digits, and few of them.
fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || 9 < digits.len() {
        return None;
    }
    digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

#[cfg(test)]
mod tests;
