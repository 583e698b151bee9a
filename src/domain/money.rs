//! Money is a whole number of millionths of its currency's unit; it is never a float.
//!
//! There are three named roundings in Rialto: a quantity, half-even to the twelfth decimal (in the
//! tariff); a charge; and an invoice. This file holds the second, [`Money::from_ratio`]:
//! half-even to the millionth. The third, down to the minor unit of an invoice, belongs to billing.

use std::cmp::Ordering;
use std::fmt;

use ethnum::U256;

/// A signed amount of millionths of a currency's unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

impl Money {
    /// How many millionths make one unit.
    pub const PER_UNIT: i64 = 1_000_000;
    /// No money.
    pub const ZERO: Money = Money(0);

    /// An amount of `millionths`.
    pub const fn from_millionths(millionths: i64) -> Money {
        Money(millionths)
    }

    /// The amount in millionths.
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// Rounds a computed price of `numerator / denominator` millionths to a whole one, half to even;
    /// `None` where it is too large to hold or divided by nothing.
    pub fn from_ratio(numerator: u128, denominator: u128) -> Option<Money> {
        // Nearly every price is small, and words are divided ten times faster than pairs of them.
        let (whole, rest) = match (u64::try_from(numerator), u64::try_from(denominator)) {
            (Ok(numerator), Ok(denominator)) => {
                (numerator.checked_div(denominator)?.into(), (numerator % denominator).into())
            }
            _ => (numerator.checked_div(denominator)?, numerator % denominator),
        };
        // rest < denominator, so that the comparison with its half cannot overflow this way round.
        let up = match rest.cmp(&(denominator - rest)) {
            Ordering::Less => false,
            Ordering::Equal => whole % 2 == 1,
            Ordering::Greater => true,
        };
        i64::try_from(whole + u128::from(up)).ok().map(Money)
    }

    /// The same of numbers of so many digits that 128 bits do not hold them.
    pub fn from_wide_ratio(numerator: U256, denominator: U256) -> Option<Money> {
        let (whole, rest) = (numerator.checked_div(denominator)?, numerator % denominator);
        let up = match rest.cmp(&(denominator - rest)) {
            Ordering::Less => U256::ZERO,
            Ordering::Equal => whole % 2,
            Ordering::Greater => U256::ONE,
        };
        i64::try_from(whole.checked_add(up)?).ok().map(Money)
    }

    /// The sum, or `None` past the largest amount there is.
    pub const fn checked_add(self, other: Money) -> Option<Money> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Money(sum)),
            None => None,
        }
    }

    /// The difference, or `None` past the largest amount there is.
    pub const fn checked_sub(self, other: Money) -> Option<Money> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Money(difference)),
            None => None,
        }
    }

    /// As much, the other way round; `None` for the one amount that has no opposite.
    pub const fn checked_neg(self) -> Option<Money> {
        match self.0.checked_neg() {
            Some(opposite) => Some(Money(opposite)),
            None => None,
        }
    }

    /// Whether there is any money here, and it is owed to us.
    pub const fn is_positive(self) -> bool {
        0 < self.0
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sum(i128::from(self.0)).fmt(f)
    }
}

/// A sum over many amounts, in millionths; wide enough that no number of postings overflows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sum(pub i128);

impl Sum {
    /// Adds one amount.
    pub fn add(&mut self, amount: Money) {
        self.0 += i128::from(amount.0);
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Sum) -> Sum {
        Sum(self.0 + other.0)
    }
}

impl Sum {
    /// Reads what a sum is shown as: a decimal of at most six places.
    pub fn parse(text: &str) -> Option<Sum> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_plain = !whole.is_empty()
            && part.len() <= 6
            && [whole, part].iter().all(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let millionths: i128 = is_plain.then(|| format!("{whole}{part:0<6}").parse().ok()).flatten()?;
        Some(Sum(sign * millionths))
    }
}

/// Shown as an exact decimal of two to six places: `0.10`, `12.345`, `-3.00`.
impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_unit = u128::from(Money::PER_UNIT.unsigned_abs());
        let size = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let (mut part, mut places) = (size % per_unit, 6);
        while 2 < places && part.is_multiple_of(10) {
            part /= 10;
            places -= 1;
        }
        write!(f, "{sign}{}.{part:0places$}", size / per_unit)
    }
}

/// A currency by its ISO 4217 code. Amounts of different currencies never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro, and the default.
    pub const EUR: Currency = Currency(*b"EUR");

    /// Reads a code of three letters, in either case.
    pub fn parse(code: &str) -> Option<Currency> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_alphabetic).then(|| Currency(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// The three letters.
    pub const fn letters(self) -> [u8; 3] {
        self.0
    }

    /// Whether ISO 4217 knows it as money that is in use.
    pub fn is_known(self) -> bool {
        KNOWN.split(' ').any(|known| known.as_bytes() == self.0)
    }

    /// How many decimal places its smallest coin has (ISO 4217, the column "minor unit").
    pub fn minor_digits(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

/// The currencies of ISO 4217 that people pay with.
const KNOWN: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
    CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL \
    HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA \
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB \
    RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU \
    UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&letter| write!(f, "{}", char::from(letter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    #[test]
    fn amounts_are_shown_exactly_with_two_to_six_places() {
        for (millionths, shown) in [
            (0, "0.00"),
            (100_000, "0.10"),
            (1, "0.000001"),
            (12_345_000, "12.345"),
            (-3_000_000, "-3.00"),
            (-50, "-0.00005"),
            (i64::MIN, "-9223372036854.775808"),
        ] {
            assert_eq!(Money::from_millionths(millionths).to_string(), shown);
        }
    }

    #[test]
    fn a_charge_is_rounded_half_to_even_at_the_millionth() {
        for (numerator, denominator, millionths) in
            [(1, 2, 0), (3, 2, 2), (5, 2, 2), (500_001, 200_000, 3), (7, 3, 2), (8, 3, 3), (0, 60, 0)]
        {
            assert_eq!(Money::from_ratio(numerator, denominator), Some(Money(millionths)));
            let [numerator, denominator] = [numerator, denominator].map(U256::from);
            assert_eq!(Money::from_wide_ratio(numerator << 100, denominator << 100), Some(Money(millionths)));
        }
        assert_eq!(Money::from_ratio(u128::MAX, 1), None);
        assert_eq!(Money::from_ratio(1, 0), None);
        assert_eq!(Money::from_wide_ratio(U256::MAX, U256::ONE), None);
        assert_eq!(Money::from_wide_ratio(U256::ONE, U256::ZERO), None);
    }

    #[test]
    fn a_currency_is_three_letters_in_either_case() {
        assert_eq!(Currency::parse("eur"), Some(Currency::EUR));
        for wrong in ["", "EU", "EURO", "E1R", "€"] {
            assert_eq!(Currency::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_currency_has_the_decimal_places_of_its_smallest_coin() {
        for (code, digits) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("usd", 2)] {
            let currency = Currency::parse(code).expect("three letters");
            assert!(currency.is_known(), "{code}");
            assert_eq!(currency.minor_digits(), digits, "{code}");
        }
        assert!(!Currency::parse("EUX").is_some_and(Currency::is_known));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_the_same_amount(millionths: i64) {
            let shown: Decimal = Money(millionths).to_string().parse().expect("a decimal");
            prop_assert_eq!(shown * Decimal::from(Money::PER_UNIT), Decimal::from(millionths));
            prop_assert_eq!(Sum::parse(&Money(millionths).to_string()), Some(Sum(millionths.into())));
        }
    }
}
