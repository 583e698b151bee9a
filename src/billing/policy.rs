//! The policy: when something is worth an invoice, what Stripe is expected to take of it, and what is done where a payer has
//! more to get back than he owes.

use rust_decimal::Decimal;

use crate::domain::coin::Coin;
use crate::domain::money::Money;

/// When something is worth an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// An invoice comes to this much at least, unless it is old or its payer has a minimum of his own.
    pub minimum: Money,
    /// After so many days the minimum holds no more, but only Stripe's own.
    pub age_days: u32,
    /// What Stripe takes of a payment: a part of it, in percent,
    pub fee_percent: Decimal,
    /// and so much besides.
    pub fee_fixed: Money,
    /// What is done where a payer has more to get back than he owes.
    pub negative: Negative,
}

/// What is done where a payer has more to get back than he owes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Negative {
    /// It is carried, and lowers his next invoice.
    #[default]
    Carry,
    /// It is taken off an invoice of his by a credit note, and given back where that was paid.
    CreditNote,
}

impl Negative {
    /// Both.
    pub const ALL: [Negative; 2] = [Negative::Carry, Negative::CreditNote];

    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Negative::Carry => "carry",
            Negative::CreditNote => "credit_note",
        }
    }
}

/// The brief's currency, and Stripe's usual fee in Europe: 1.5 % and EUR 0.25.
impl Default for Policy {
    fn default() -> Policy {
        Policy {
            minimum: Money::from_millionths(10 * Money::PER_UNIT),
            age_days: 35,
            fee_percent: Decimal::new(15, 1),
            fee_fixed: Money::from_millionths(Money::PER_UNIT / 4),
            negative: Negative::Carry,
        }
    }
}

impl Policy {
    /// What Stripe is expected to take of a payment, in the units of its amounts, rounded up.
    pub fn fee(&self, amount: i64, coin: Coin) -> i64 {
        let part = Decimal::from(amount) * self.fee_percent / Decimal::ONE_HUNDRED;
        let fixed = Decimal::from(self.fee_fixed.millionths()) / Decimal::from(coin.minor);
        i64::try_from((part + fixed).ceil()).unwrap_or(i64::MAX)
    }
}
