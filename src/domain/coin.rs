//! Coins: in which whole numbers a currency is invoiced, and how little of it Stripe takes.
//!
//! Stripe's amounts are whole numbers of a currency's minor unit. What that is, is not always what ISO 4217 says; the
//! exceptions are those of <https://docs.stripe.com/currencies>.

use super::money::{Currency, Money};

/// How a currency is invoiced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coin {
    /// So many millionths of the currency's unit make one of Stripe's.
    pub minor: i64,
    /// Amounts are whole multiples of so many of those.
    pub step: i64,
    /// The least that an invoice may come to, in Stripe's units, where Stripe says one.
    pub least: Option<i64>,
}

impl Coin {
    /// How `currency` is invoiced.
    pub fn of(currency: Currency) -> Coin {
        let (digits, step) = match &currency.letters() {
            // No decimals, of which Stripe writes two for old times' sake.
            b"ISK" | b"UGX" => (2, 100),
            // Three decimals, of which the last is nought.
            b"BHD" | b"JOD" | b"KWD" | b"OMR" | b"TND" => (3, 10),
            b"MGA" => (0, 1),
            _ => (currency.minor_digits(), 1),
        };
        Coin { minor: Money::PER_UNIT / 10_i64.pow(digits), step, least: least(currency) }
    }

    /// How many millionths the smallest amount is that can be invoiced.
    pub fn smallest(self) -> i128 {
        i128::from(self.minor) * i128::from(self.step)
    }

    /// How many millionths an invoice comes to at most, before taxes: Stripe takes eight digits at once
    /// (<https://docs.stripe.com/currencies>), and a quarter of that is left for taxes.
    pub fn most(self) -> i128 {
        self.millionths(75_000_000)
    }

    /// An amount of Stripe's units in millionths.
    pub fn millionths(self, amount: i64) -> i128 {
        i128::from(amount) * i128::from(self.minor)
    }
}

/// Stripe's least charges, in its units.
fn least(currency: Currency) -> Option<i64> {
    Some(match &currency.letters() {
        b"AUD" | b"BRL" | b"CAD" | b"CHF" | b"EUR" | b"INR" | b"NZD" | b"SGD" | b"USD" => 50,
        b"GBP" => 30,
        b"JPY" => 50,
        b"AED" | b"MYR" | b"PLN" | b"RON" => 200,
        b"BGN" => 100,
        b"CZK" => 1500,
        b"DKK" => 250,
        b"HKD" => 400,
        b"HUF" => 17_500,
        b"MXN" | b"THB" => 1000,
        b"NOK" | b"SEK" => 300,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_invoiced_in_the_whole_numbers_that_stripe_takes() {
        for (code, minor, step, least) in [
            ("EUR", 10_000, 1, Some(50)),
            ("GBP", 10_000, 1, Some(30)),
            ("JPY", 1_000_000, 1, Some(50)),
            ("ISK", 10_000, 100, None),
            ("KWD", 1_000, 10, None),
            ("IQD", 1_000, 1, None),
            ("MGA", 1_000_000, 1, None),
        ] {
            let currency = Currency::parse(code).expect("three letters");
            assert_eq!(Coin::of(currency), Coin { minor, step, least }, "{code}");
        }
    }
}
