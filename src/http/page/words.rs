//! Amounts, times and ids as people read them. An amount is exact: nothing is ever rounded.

use chrono::{DateTime, TimeZone};
use chrono_tz::Tz;

use crate::domain::money::{Currency, Sum};
use crate::domain::time::Moment;

/// An amount with the sign of its currency: `€1,234.50`.
pub fn money(sum: Sum, currency: Currency) -> String {
    let plain = sum.to_string();
    let (minus, plain) = plain.strip_prefix('-').map_or(("", plain.as_str()), |plain| ("−", plain));
    let (whole, part) = plain.split_once('.').unwrap_or((plain, "00"));
    let digits = whole.bytes().enumerate().flat_map(|(place, digit)| {
        let is_group = place != 0 && (whole.len() - place).is_multiple_of(3);
        is_group.then_some(',').into_iter().chain([char::from(digit)])
    });
    let sign = match &currency.letters() {
        b"EUR" => "€".to_owned(),
        b"USD" => "$".to_owned(),
        b"GBP" => "£".to_owned(),
        b"JPY" => "¥".to_owned(),
        _ => format!("{currency}\u{a0}"),
    };
    format!("{minus}{sign}{}.{part}", digits.collect::<String>())
}

/// Amounts of a column, each followed by as much blank as it has fewer decimal places than the longest: so their points
/// are one below the other.
pub fn column(amounts: &mut [String]) {
    let places = |amount: &String| amount.rsplit_once('.').map_or(0, |(_, part)| part.len());
    let most = amounts.iter().map(places).max().unwrap_or(0);
    for amount in amounts {
        let missing = most - places(amount);
        // As wide as a digit.
        amount.extend(std::iter::repeat_n('\u{2007}', missing));
    }
}

/// An id as it is shown: what would be invisible in it, or turn the text around it, is seen.
pub fn shown(id: &str) -> String {
    let seen = |letter: char| match letter {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' => '\u{fffd}',
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' => '\u{fffd}',
        other => other,
    };
    id.chars().map(seen).collect()
}

/// An instant as it is shown in the sidecar's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// RFC 3339.
    pub exact: String,
    /// `5 Jul`.
    pub day: String,
    /// `5 July 2025`.
    pub date: String,
    /// `10:12:00`.
    pub clock: String,
    /// `10:12`.
    pub minute: String,
    /// `UTC+02:00`.
    pub offset: String,
}

impl Time {
    /// An instant in `zone`.
    pub fn new(at: Moment, zone: Tz) -> Time {
        let local: DateTime<Tz> = zone.from_utc_datetime(&at.utc().naive_utc());
        let text = |format: &str| local.format(format).to_string();
        Time {
            exact: at.in_zone(zone),
            day: text("%-d %b"),
            date: text("%-d %B %Y"),
            clock: text("%H:%M:%S"),
            minute: text("%H:%M"),
            offset: text("UTC%:z").replace('-', "−"),
        }
    }
}

/// So many of something: `1 charge`, `2 charges`.
pub fn many(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_amount_is_grouped_and_exact() {
        let dollars = Currency::parse("USD").expect("three letters");
        let francs = Currency::parse("CHF").expect("three letters");
        for (millionths, currency, words) in [
            (0, Currency::EUR, "€0.00"),
            (1_234_567_000_001, Currency::EUR, "€1,234,567.000001"),
            (999_990_000, dollars, "$999.99"),
            (-12_345_600_000, francs, "−CHF\u{a0}12,345.60"),
        ] {
            assert_eq!(money(Sum(millionths), currency), words);
        }
    }

    #[test]
    fn a_column_has_its_points_one_below_the_other() {
        let mut amounts = ["€1.50".to_owned(), "€0.123456".to_owned(), "−€20.125".to_owned()];
        column(&mut amounts);
        assert_eq!(amounts, ["€1.50\u{2007}\u{2007}\u{2007}\u{2007}", "€0.123456", "−€20.125\u{2007}\u{2007}\u{2007}"]);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_the_same_amount(millionths: i64) {
            let sum = Sum(millionths.into());
            let plain = money(sum, Currency::EUR).replace([',', '€'], "").replace('−', "-");
            prop_assert_eq!(Sum::parse(&plain), Some(sum));
        }

        #[test]
        fn nothing_of_an_id_is_invisible(id: String) {
            let shown = shown(&id);
            prop_assert!(shown.chars().all(|letter| !letter.is_control()));
            prop_assert_eq!(shown.chars().count(), id.chars().count());
        }
    }
}
