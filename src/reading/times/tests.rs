//! Times in each of their formats.

use super::*;
use chrono_tz::Europe::Rome;
use proptest::prelude::*;

fn read(raw: &str) -> Occurred {
    occurred(&Value::of(raw), Rome)
}

fn check(raw: &str, instant: Option<&str>, basis: Basis) {
    let occurred = read(raw);
    assert_eq!(occurred.at.map(|at| at.to_string()).as_deref(), instant, "{raw}");
    assert_eq!(occurred.basis, basis, "{raw}");
    assert_eq!(occurred.text.is_some(), basis != Basis::Exact, "{raw}");
}

#[test]
fn a_time_with_its_offset_is_exact() {
    for (raw, instant) in [
        ("\"2025-06-10T14:11:06.563Z\"", "2025-06-10T14:11:06.563000Z"),
        ("\"2025-06-10T14:11:06.000Z\"", "2025-06-10T14:11:06.000000Z"),
        ("\"2025-06-10T14:11:06Z\"", "2025-06-10T14:11:06.000000Z"),
        ("\"2025-06-10t14:11:06z\"", "2025-06-10T14:11:06.000000Z"),
        ("\" 2025-06-10T14:11Z \"", "2025-06-10T14:11:00.000000Z"),
        ("\"2025-06-10T14:11:06+00:00\"", "2025-06-10T14:11:06.000000Z"),
        ("\"2025-06-10T14:11:06.384376+02:00\"", "2025-06-10T12:11:06.384376Z"),
        ("\"2025-06-10T14:11:06.3843769999999+02:00\"", "2025-06-10T12:11:06.384376Z"),
        ("\"2025-06-10 14:11:06-0330\"", "2025-06-10T17:41:06.000000Z"),
        ("\"2025-06-10 14:11:06 +02\"", "2025-06-10T12:11:06.000000Z"),
        ("\"2025-06-10 14:11:06 UTC\"", "2025-06-10T14:11:06.000000Z"),
        ("[\"2025-06-10T14:11:06Z\"]", "2025-06-10T14:11:06.000000Z"),
        ("\"2016-12-31T23:59:60Z\"", "2017-01-01T00:00:00.000000Z"),
        ("1749564666", "2025-06-10T14:11:06.000000Z"),
        ("\"1749564666\"", "2025-06-10T14:11:06.000000Z"),
        ("1746607045.8070474", "2025-05-07T08:37:25.807047Z"),
        ("1.749564666e9", "2025-06-10T14:11:06.000000Z"),
        ("1749564666563", "2025-06-10T14:11:06.563000Z"),
        ("1749564666563.25", "2025-06-10T14:11:06.563250Z"),
        ("1749564666563999", "2025-06-10T14:11:06.563999Z"),
        ("\"9999-12-31T23:59:59.999999Z\"", "9999-12-31T23:59:59.999999Z"),
        ("\"2000-01-01T00:00:00Z\"", "2000-01-01T00:00:00.000000Z"),
    ] {
        check(raw, Some(instant), Basis::Exact);
    }
}

#[test]
fn a_time_without_one_is_read_in_the_zone_and_kept_as_it_was_written() {
    for (raw, instant) in [
        ("\"2025-05-30T15:21:35.384376\"", "2025-05-30T13:21:35.384376Z"),
        ("\"2025-05-30 07:08:06,396\"", "2025-05-30T05:08:06.396000Z"),
        ("\"2025-01-30 07:08\"", "2025-01-30T06:08:00.000000Z"),
        ("\"2025-06-05\"", "2025-06-04T22:00:00.000000Z"),
        ("\"28 Jun 2025, 16:04\"", "2025-06-28T14:04:00.000000Z"),
        ("\"8 June 2025 16:04:05\"", "2025-06-08T14:04:05.000000Z"),
        ("\"1 Sep 2025\"", "2025-08-31T22:00:00.000000Z"),
    ] {
        check(raw, Some(instant), Basis::Naive);
        let kept = read(raw).text.expect("a text");
        assert_eq!(kept, raw.trim_matches('"'));
    }
}

#[test]
fn a_time_that_comes_twice_is_the_earlier_and_one_that_never_comes_is_later() {
    for (raw, instant) in [
        ("\"2025-10-26T02:30:00\"", "2025-10-26T00:30:00.000000Z"),
        ("\"2025-10-26T03:00:00\"", "2025-10-26T02:00:00.000000Z"),
        ("\"2025-03-30T01:59:59\"", "2025-03-30T00:59:59.000000Z"),
        ("\"2025-03-30T02:30:00\"", "2025-03-30T01:30:00.000000Z"),
        ("\"2025-03-30T03:00:00\"", "2025-03-30T01:00:00.000000Z"),
    ] {
        check(raw, Some(instant), Basis::Naive);
    }
    // Apia left out a whole day.
    let skipped = occurred(&Value::of("\"2011-12-30T12:00:00\""), chrono_tz::Pacific::Apia);
    assert_eq!(skipped.at.map(|at| at.to_string()).as_deref(), Some("2011-12-30T22:00:00.000000Z"));
}

#[test]
fn a_date_of_the_play_and_what_is_no_time_have_no_instant() {
    for raw in [
        "\"28 Jun 1525, 16:04\"",
        "\"1525-06-28T16:04:00Z\"",
        "\"1999-12-31T23:59:59.999999Z\"",
        "0",
        "-5",
        "\"2000-01-01\"",
    ] {
        check(raw, None, Basis::BeforeOurTime);
    }
    for raw in [
        "\"yesterday\"",
        "\"18:03\"",
        "\"2025-13-01\"",
        "\"2025-02-30T10:00:00Z\"",
        "\"2025-06-10T25:00:00Z\"",
        "\"2025-06-10T14:11:06.Z\"",
        "\"2025-06-10T14:11:06Zx\"",
        "\"2025-06-10T14:11:06+25:00\"",
        "\"2025-06-10T14:11:06+0\"",
        "\"2025-06-10T14\"",
        "\"2025-06-10X14:11:06Z\"",
        "\"9999-12-31T23:59:59-01:00\"",
        "\"+10000-01-01T00:00:00Z\"",
        "\"32 Jun 2025, 16:04\"",
        "\"28 J 2025, 16:04\"",
        "\"\\ud800\"",
        "1e400",
        "1749564666563999000",
        "true",
        "{\"a\":1}",
        "[1,2]",
    ] {
        check(raw, None, Basis::Unreadable);
    }
    for raw in ["null", "\"\"", "\"  \"", "[]"] {
        assert_eq!(read(raw), Occurred::UNTOLD, "{raw}");
    }
}

#[test]
fn a_date_and_a_time_of_day_may_stand_apart() {
    for (date, time, instant) in [
        ("\"2025-06-05\"", "\"18:03\"", Some("2025-06-05T16:03:00.000000Z")),
        ("\"5 Jun 2025\"", "\"18:03:30\"", Some("2025-06-05T16:03:30.000000Z")),
        ("\"2025-06-05\"", "\"18:03+00:00\"", Some("2025-06-05T18:03:00.000000Z")),
        ("\"2025-06-05\"", "\"2025-06-05T18:03:00Z\"", Some("2025-06-05T18:03:00.000000Z")),
        ("\"2025-06-05T18:03:00Z\"", "\"evening\"", Some("2025-06-05T18:03:00.000000Z")),
        ("\"2025-06-05\"", "null", Some("2025-06-04T22:00:00.000000Z")),
        ("null", "1749564666", Some("2025-06-10T14:11:06.000000Z")),
        ("\"one day\"", "\"18:03\"", None),
    ] {
        let occurred = occurred_apart(&Value::of(date), &Value::of(time), Rome);
        assert_eq!(occurred.at.map(|at| at.to_string()).as_deref(), instant, "{date} {time}");
    }
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let kept = read(&format!("\"{}\"", "é".repeat(100))).text.expect("a text");
    assert_eq!(kept, "é".repeat(24));
}

proptest! {
    #[test]
    fn every_instant_reads_back_from_what_chrono_writes(
        micros in Moment::OLDEST.0..Moment::NEWEST.0,
        zone in prop::sample::select(vec![Rome, chrono_tz::UTC, chrono_tz::Asia::Kathmandu, chrono_tz::America::St_Johns]),
    ) {
        let moment = Moment(micros);
        let written = zone.from_utc_datetime(&moment.utc().naive_utc()).to_rfc3339();
        prop_assert_eq!(occurred(&Value::Text((&written).into()), Rome), Occurred::at(moment));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[-+0-9T:., ZeJunUTC]{0,40}", other in ".*") {
        for zone in [Rome, chrono_tz::Pacific::Apia] {
            for text in [&text, &other] {
                let value = Value::Text(text.into());
                let _ = (occurred(&value, zone), occurred_apart(&value, &value, zone));
            }
        }
    }
}
