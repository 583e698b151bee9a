//! When things happen in the city, and how it is written down.

use serde_json::Value;

use super::super::City;
use super::super::almanac::{Hand, Stamp, rome_offset_hours};
use super::{first_days, founding, week};

#[test]
fn nothing_is_dated_after_its_tick() {
    let keys = [
        "CreatedAt",
        "createdAt",
        "StartDate",
        "startDate",
        "EndDate",
        "endDate",
        "UpdatedAt",
        "updatedAt",
        "timestamp",
    ];
    for row in founding(1).into_iter().chain(week()) {
        let mut dates: Vec<String> = keys.iter().map(|key| row.field(&[key])).collect();
        dates.push(row.row.get("createdTime").and_then(Value::as_str).unwrap_or_default().to_owned());
        dates.retain(|date| !date.is_empty());
        assert!(!dates.is_empty(), "{}", row.text);
        for date in dates {
            let instant = chrono::DateTime::parse_from_rfc3339(&date).unwrap_or_else(|cause| panic!("{cause}: {date}"));
            assert!(instant.timestamp_micros() <= row.at_micros, "{date} in {}", row.text);
            assert!(instant.format("%Y").to_string().as_str() >= "2025", "{date}");
        }
    }
}

#[test]
fn ticks_ascend_with_the_gaps_of_the_engines_log() {
    let ats: Vec<i64> = first_days(&City::new(3), 30).iter().map(|tick| tick.at_micros).collect();
    assert!(ats.is_sorted_by(|one, next| one < next) && City::START_MICROS < ats[0]);
    let mut gaps_s: Vec<i64> = ats.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000_000).collect();
    gaps_s.sort_unstable();
    let at = |hundredth: usize| gaps_s[gaps_s.len() * hundredth / 100];
    assert!((274..=284).contains(&at(50)), "{}", at(50));
    assert!((300..=306).contains(&at(95)), "{}", at(95));
    assert!(at(30) < 60);
    assert!(gaps_s.iter().any(|gap| *gap > 2 * 3_600) && at(100 - 1) < 2 * 3_600);
    assert!(gaps_s[gaps_s.len() - 1] <= 15_480);
}

#[test]
fn stamps_read_back_as_the_instant_they_were_made_of() {
    // A leap day, both changes of the clocks with the millisecond before them, and the turn of a year.
    for millis in [
        1_709_208_000_123_i64,
        1_743_296_399_999,
        1_743_296_400_000,
        1_761_440_399_999,
        1_761_440_400_000,
        1_767_225_599_999,
        1_751_407_200_000,
    ] {
        let micros = millis * 1_000;
        for hand in [Hand::Zulu, Hand::Utc, Hand::Rome] {
            let text = Stamp { micros, hand }.to_string();
            assert_eq!(
                chrono::DateTime::parse_from_rfc3339(&text).expect("a date that exists").timestamp_millis(),
                millis,
                "{text}"
            );
        }
    }
}

#[test]
fn venice_keeps_the_time_of_rome() {
    use chrono::{Offset, TimeZone};
    for hours in 0..(4 * 366 * 24) {
        let instant = chrono::DateTime::from_timestamp_micros(City::START_MICROS).expect("a date that exists")
            + chrono::TimeDelta::hours(hours);
        let offset = chrono_tz::Europe::Rome.offset_from_utc_datetime(&instant.naive_utc()).fix();
        let hours_east = i64::from(offset.local_minus_utc()) / 3_600;
        assert_eq!(rome_offset_hours(instant.timestamp_micros()), hours_east, "{instant}");
    }
}
