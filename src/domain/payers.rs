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

/// Whether a text is a customer's id at Stripe.
pub fn is_customer(id: &str) -> bool {
    is_stripes("cus_", id)
}

/// Whether a text is a tax rate's id at Stripe.
pub fn is_tax_rate(id: &str) -> bool {
    is_stripes("txr_", id)
}

/// They become parts of paths.
fn is_stripes(kind: &str, id: &str) -> bool {
    let own = id.strip_prefix(kind).filter(|own| !own.is_empty() && id.len() <= 64);
    own.is_some_and(|own| own.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// What a customer's id looks like,
pub const CUSTOMER: &str =
    "a customer's id at Stripe is cus_ and letters, digits and `_` after it, such as cus_NffrFeUfNV2Hib";
/// and what a tax rate's.
pub const TAX_RATE: &str =
    "a tax rate's id at Stripe is txr_ and letters, digits and `_` after it, such as txr_1MnyhGLkdIwHu7ixbzGhwrXU";

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
            Payer { customer: Some(customer), .. } if !is_customer(customer.as_str()) => Some(CUSTOMER),
            payer if payer.tax.rates().any(|rate| !is_tax_rate(rate.as_str())) => Some(TAX_RATE),
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
