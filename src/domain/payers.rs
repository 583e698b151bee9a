//! Who pays, and on what terms. What is personal of him is not here: Stripe keeps that.

use super::money::{Currency, Money};
use super::names::Name;

/// Somebody who pays: a client, a business or a citizen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payer {
    /// The client's, business's or citizen's id.
    pub id: Name,
    /// The customer's id at Stripe, once there is one: only then he can be billed.
    pub customer: Option<Name>,
    /// In what he pays; what is charged in another currency is not billed to him.
    pub currency: Currency,
    /// How he pays.
    pub collection: Collection,
    /// What an invoice of his comes to at least; `None` for what is configured.
    pub minimum: Option<Money>,
    /// What tax is added to his invoices.
    pub tax: Tax,
}

/// How invoices are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// They are sent, and to be paid within so many days.
    Send {
        /// 1 to [`DAYS_MAX`](Collection::DAYS_MAX).
        days: u16,
    },
    /// The customer's default payment method is charged.
    Charge,
}

impl Collection {
    /// The most days that an invoice may be due in.
    pub const DAYS_MAX: u16 = 365;

    /// The stable text, which is Stripe's own.
    pub const fn as_str(self) -> &'static str {
        match self {
            Collection::Send { .. } => "send_invoice",
            Collection::Charge => "charge_automatically",
        }
    }
}

impl Default for Collection {
    fn default() -> Collection {
        Collection::Send { days: 30 }
    }
}

/// What tax is added to invoices. Prices are net of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tax {
    /// None.
    #[default]
    None,
    /// What Stripe works out by where the customer is.
    Automatic,
    /// These tax rates of the account, by their ids at Stripe.
    Rates([Option<Name>; Tax::RATES_MAX]),
}

impl Tax {
    /// The most rates that one invoice has.
    pub const RATES_MAX: usize = 5;

    /// The rates, in order.
    pub fn rates(self) -> impl Iterator<Item = Name> {
        let rates = if let Tax::Rates(rates) = self { rates } else { [None; Tax::RATES_MAX] };
        rates.into_iter().flatten()
    }
}

/// Whether a text may be an id at Stripe. They become parts of paths.
fn is_stripes(id: &str) -> bool {
    id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Payer {
    /// Somebody on the terms that hold where nothing else is said.
    pub fn new(id: Name) -> Payer {
        Payer {
            id,
            customer: None,
            currency: Currency::EUR,
            collection: Collection::default(),
            minimum: None,
            tax: Tax::None,
        }
    }

    /// The names in his terms, his own first.
    pub fn names(self) -> impl Iterator<Item = Name> {
        [Some(self.id), self.customer].into_iter().flatten().chain(self.tax.rates())
    }

    /// Why these terms make no sense, if they do not.
    pub fn fault(self) -> Option<&'static str> {
        match self {
            Payer { collection: Collection::Send { days }, .. } if !(1..=Collection::DAYS_MAX).contains(&days) => {
                Some("an invoice is due within 1 to 365 days")
            }
            Payer { minimum: Some(minimum), .. } if minimum < Money::ZERO => Some("a minimum is not below nothing"),
            payer if payer.customer.into_iter().chain(payer.tax.rates()).any(|id| !is_stripes(id.as_str())) => {
                Some("an id at Stripe is letters, digits and `_`, such as cus_NffrFeUfNV2Hib")
            }
            Payer { tax: Tax::Rates(rates), .. }
                if !rates.is_sorted_by_key(|rate| rate.is_none()) || rates[0].is_none() =>
            {
                Some("tax rates are one to five, without gaps")
            }
            Payer { currency, .. } if !currency.is_known() => Some("a currency is an ISO 4217 code such as EUR"),
            _ => None,
        }
    }
}
