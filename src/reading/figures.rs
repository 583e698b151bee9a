//! Figures, read from their digits: nothing is rounded, and no float comes near.

use rust_decimal::Decimal;

use crate::domain::activity::Stated;
use crate::domain::names::Name;

use super::values::Value;

/// The most decimal places that a figure has.
const PLACES_MAX: i64 = 28;

/// What a value states.
pub(super) fn stated(value: &Value<'_>) -> Stated {
    let text = match value {
        Value::Absent => return Stated::Absent,
        Value::Text(text) => text.trim(),
        Value::Broken(text) => text.as_str(),
        Value::Number(digits) => digits,
        Value::Flag(true) => "true",
        Value::Flag(false) => "false",
        Value::Compound(raw) => raw,
    };
    if text.is_empty() {
        return Stated::Absent;
    }
    decimal(text).map_or_else(|| Stated::Unreadable(Name::digest_of(text)), Stated::Is)
}

/// Reads `60`, `-1.20`, `.5`, `6e1`; `None` where it is no such figure, or has more digits than fit.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    let (is_negative, text) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, i64::from(exponent.parse::<i32>().ok()?)),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut mantissa = 0_i128;
    // Noughts are held back until another digit follows, so that trailing ones cost no room.
    let mut noughts = 0_i64;
    for digit in whole.bytes().chain(fraction.bytes()) {
        match digit {
            b'0' => noughts += 1,
            b'1'..=b'9' => {
                mantissa = shifted(mantissa, noughts + 1)?.checked_add(i128::from(digit - b'0'))?;
                noughts = 0;
            }
            _ => return None,
        }
    }
    if mantissa == 0 {
        return Some(Decimal::ZERO);
    }
    let places = i64::try_from(fraction.len()).ok()? - noughts - exponent;
    if places < 0 {
        mantissa = shifted(mantissa, -places)?;
    }
    if PLACES_MAX < places {
        return None;
    }
    let signed = if is_negative { -mantissa } else { mantissa };
    Decimal::try_from_i128_with_scale(signed, u32::try_from(places.max(0)).ok()?).ok()
}

fn shifted(mantissa: i128, places: i64) -> Option<i128> {
    if mantissa == 0 {
        return Some(0);
    }
    mantissa.checked_mul(10_i128.checked_pow(u32::try_from(places).ok()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_figure_keeps_its_digits() {
        for (text, figure) in [
            ("60", Some(Decimal::new(60, 0))),
            ("1.20", Some(Decimal::new(120, 2))),
            ("+1.2", Some(Decimal::new(12, 1))),
            ("6e1", Some(Decimal::new(60, 0))),
            ("6E+1", Some(Decimal::new(60, 0))),
            ("1.5e-3", Some(Decimal::new(15, 4))),
            ("-16.163375000000002", Some(Decimal::new(-16_163_375_000_000_002, 15))),
            (".5", Some(Decimal::new(5, 1))),
            ("5.", Some(Decimal::new(5, 0))),
            ("0060", Some(Decimal::new(60, 0))),
            ("0e999999999", Some(Decimal::ZERO)),
            ("-0", Some(Decimal::ZERO)),
            ("79228162514264337593543950335", Some(Decimal::MAX)),
            ("79228162514264337593543950336", None),
            ("1e28", Decimal::from_str_exact("10000000000000000000000000000").ok()),
            ("1e29", None),
            ("1e-28", Some(Decimal::new(1, 28))),
            ("1e-29", None),
            ("0.10000000000000000000000000000000000000000", Some(Decimal::new(1, 1))),
            ("1e9999999999", None),
            ("", None),
            ("-", None),
            (".", None),
            ("e1", None),
            ("1,5", None),
            ("1_000", None),
            ("60 min", None),
            ("NaN", None),
            ("Infinity", None),
            ("١", None),
        ] {
            assert_eq!(decimal(text), figure, "{text}");
        }
        let long = "1".repeat(100_000);
        assert_eq!(decimal(&long), None);
        assert_eq!(decimal(&"0".repeat(100_000)), Some(Decimal::ZERO));
    }

    #[test]
    fn what_is_no_figure_is_marked_by_its_text() {
        assert_eq!(stated(&Value::of("\" 60 \"")), Stated::Is(Decimal::from(60)));
        assert_eq!(stated(&Value::of("\"  \"")), Stated::Absent);
        assert_eq!(stated(&Value::of("[1.2]")), Stated::Is(Decimal::new(12, 1)));
        for (raw, text) in [("\"an hour\"", "an hour"), ("true", "true"), ("[1,2]", "[1,2]"), ("1e400", "1e400")] {
            assert_eq!(stated(&Value::of(raw)), Stated::Unreadable(Name::digest_of(text)), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn every_decimal_reads_back_as_itself(mantissa in any::<i64>(), places in 0_u32..=28) {
            let figure = Decimal::from_i128_with_scale(i128::from(mantissa), places);
            prop_assert_eq!(decimal(&figure.to_string()), Some(figure));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.eE]{0,60}") {
            let _ = decimal(&text);
        }
    }
}
