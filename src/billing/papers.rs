//! Papers: what is made of a bill at Stripe, which is an invoice or a credit note, and what it says of the bill.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

use super::answers::{Item, Reference};
use super::marks::BILL;
use crate::domain::bills::{Amounts, Drawn, Fault, Sight, Status};
use crate::domain::money::Currency;
use crate::domain::time::Moment;

/// A paper of a bill.
pub trait Paper: DeserializeOwned {
    /// The list that such papers are on.
    const LIST: &str;

    /// Its id.
    fn id(&self) -> &String;

    /// What was written on it by whoever made it.
    fn metadata(&self) -> &HashMap<String, String>;

    /// Whether it is void.
    fn is_void(&self) -> bool;

    /// Whether it was never finalised.
    fn is_draft(&self) -> bool {
        false
    }

    /// Whether a book has to know of it.
    fn counts(&self) -> bool {
        !self.is_nothing()
    }

    /// Where its lines are, of which not all may be a bill's.
    fn lines(&self) -> Option<String> {
        None
    }

    /// Counts those of a bill alone.
    fn count(&mut self, _: &[Item]) {}

    /// Whether nobody owes or gets anything by it.
    fn is_nothing(&self) -> bool;

    /// Whose it is, in which currency, and whether it is about real money.
    fn terms(&self) -> (Option<&Reference>, Option<&str>, bool);

    /// How the bill stands, of which this is made.
    fn sight(&self, drawn: &Drawn, is_live: bool) -> Option<Sight>;

    /// The mark of the bill that it is of, where it has one.
    fn mark(&self) -> Option<&str> {
        self.metadata().get(BILL).map(String::as_str)
    }

    /// Its currency, where that is one.
    fn currency(&self) -> Option<Currency> {
        self.terms().1.and_then(|letters| Currency::parse(&letters.to_ascii_uppercase()))
    }

    /// Whether it is on other terms than the bill.
    fn misfit(&self, drawn: &Drawn, is_live: bool) -> Option<Fault> {
        let (customer, currency, livemode) = self.terms();
        let payer = &drawn.payer;
        let currency = currency.unwrap_or_default();
        if livemode != is_live {
            Some(Fault::Mode)
        } else if customer.map(Reference::id) != payer.customer.map(|id| id.as_str()) {
            Some(Fault::Customer)
        } else if !currency.eq_ignore_ascii_case(&payer.currency.to_string()) {
            Some(Fault::Currency)
        } else {
            None
        }
    }
}

/// No paper comes to more, and sums of such amounts are never too large.
const MOST: i64 = 10_000_000_000_000;

/// What is read of an invoice.
#[derive(Clone, Debug, Deserialize)]
pub struct Invoice {
    /// Its id.
    pub id: String,
    #[serde(default)]
    deleted: bool,
    /// How it stands.
    pub status: Option<String>,
    customer: Option<Reference>,
    currency: Option<String>,
    #[serde(default)]
    livemode: bool,
    #[serde(default)]
    metadata: HashMap<String, String>,
    #[serde(default)]
    total: i64,
    total_excluding_tax: Option<i64>,
    #[serde(default)]
    amount_paid: i64,
    #[serde(default)]
    amount_remaining: i64,
    #[serde(default)]
    pre_payment_credit_notes_amount: i64,
    status_transitions: Option<Transitions>,
    /// Whether anybody tried to charge it.
    #[serde(default)]
    pub attempted: bool,
    /// How it is collected.
    pub collection_method: Option<String>,
    /// What the lines of a bill come to, without taxes, where they were counted.
    #[serde(skip)]
    own: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
struct Transitions {
    paid_at: Option<i64>,
}

impl Paper for Invoice {
    const LIST: &str = "/v1/invoices";

    fn id(&self) -> &String {
        &self.id
    }

    fn metadata(&self) -> &HashMap<String, String> {
        &self.metadata
    }

    fn is_void(&self) -> bool {
        self.status.as_deref() == Some("void")
    }

    fn is_draft(&self) -> bool {
        self.status.as_deref() == Some("draft")
    }

    fn is_nothing(&self) -> bool {
        let is_empty = !self.is_draft() && self.net() <= 0;
        self.amount_paid == 0 && (self.is_void() || is_empty)
    }

    fn counts(&self) -> bool {
        // What was called off is not billed again before somebody says so.
        self.is_draft() || 0 < self.own()
    }

    fn lines(&self) -> Option<String> {
        (!self.is_draft()).then(|| format!("/v1/invoices/{}/lines", self.id))
    }

    fn count(&mut self, lines: &[Item]) {
        let own = lines.iter().filter_map(Item::own).fold(0_i64, i64::saturating_add);
        self.own = Some(own.clamp(-MOST, MOST));
    }

    fn terms(&self) -> (Option<&Reference>, Option<&str>, bool) {
        (self.customer.as_ref(), self.currency.as_deref(), self.livemode)
    }

    fn sight(&self, drawn: &Drawn, is_live: bool) -> Option<Sight> {
        if self.deleted {
            return Some(Sight::default());
        }
        let net = self.total_excluding_tax.unwrap_or_default();
        let amounts = [self.total, net, self.amount_paid, self.amount_remaining, self.pre_payment_credit_notes_amount];
        if amounts.iter().any(|amount| !(-MOST..=MOST).contains(amount)) {
            return None;
        }
        let status = match self.status.as_deref()? {
            "draft" => Status::Draft,
            "open" => Status::Open,
            "paid" => Status::Paid,
            "void" => Status::Void,
            "uncollectible" => Status::Uncollectible,
            _ => return None,
        };
        let other = (status != Status::Draft && self.net() != drawn.total).then_some(Fault::Total);
        let paid_at = self.status_transitions.as_ref().and_then(|transitions| transitions.paid_at);
        Some(Sight {
            invoice: Some(self.id.as_str().into()),
            status,
            amounts: Amounts {
                total: self.total,
                tax: self.tax(),
                paid: self.amount_paid,
                remaining: self.amount_remaining,
                credited: self.pre_payment_credit_notes_amount,
            },
            parts: None,
            takings: None,
            paid_at: paid_at.and_then(|seconds| Some(Moment(seconds.checked_mul(1_000_000)?))),
            fault: self.misfit(drawn, is_live).or(other),
        })
    }
}

impl Invoice {
    /// What it comes to without taxes.
    pub fn net(&self) -> i64 {
        self.total_excluding_tax.unwrap_or(self.total).clamp(-MOST, MOST)
    }

    /// What the lines of a bill come to on it, which are all where nobody counted: somebody else may have added some.
    pub fn own(&self) -> i64 {
        self.own.unwrap_or_else(|| self.net())
    }

    fn tax(&self) -> i64 {
        self.total - self.net()
    }
}

/// What is read of a credit note.
#[derive(Clone, Debug, Deserialize)]
pub struct Note {
    /// Its id.
    pub id: String,
    status: Option<String>,
    amount: i64,
    /// The id of the invoice that it takes from.
    pub invoice: Option<Reference>,
    customer: Option<Reference>,
    currency: Option<String>,
    #[serde(default)]
    livemode: bool,
    #[serde(default)]
    metadata: HashMap<String, String>,
}

impl Paper for Note {
    const LIST: &str = "/v1/credit_notes";

    fn id(&self) -> &String {
        &self.id
    }

    fn metadata(&self) -> &HashMap<String, String> {
        &self.metadata
    }

    fn is_void(&self) -> bool {
        self.status.as_deref() == Some("void")
    }

    fn is_nothing(&self) -> bool {
        self.is_void() || self.amount <= 0
    }

    fn terms(&self) -> (Option<&Reference>, Option<&str>, bool) {
        (self.customer.as_ref(), self.currency.as_deref(), self.livemode)
    }

    fn sight(&self, drawn: &Drawn, is_live: bool) -> Option<Sight> {
        let status = match self.status.as_deref()? {
            "issued" => Status::Paid,
            "void" => Status::Void,
            _ => return None,
        };
        let total = -self.amount();
        let other = (total != drawn.total).then_some(Fault::Total);
        Some(Sight {
            invoice: Some(self.id.as_str().into()),
            status,
            // What it took off is seen where it took it from.
            amounts: Amounts { total, ..Amounts::default() },
            fault: self.misfit(drawn, is_live).or(other),
            ..Sight::default()
        })
    }
}

impl Note {
    /// What it takes off, in the units of Stripe's amounts.
    pub fn amount(&self) -> i64 {
        self.amount.clamp(-MOST, MOST)
    }
}
