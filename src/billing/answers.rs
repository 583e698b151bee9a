//! Answers: what Stripe's JSON says, of lines and payments and of what was not done.
//!
//! Of each object only what is needed is read. The types of async-stripe want every field of an object to be as its
//! description has it, and tell nothing of an object in which one is not; an invoice would then be paid, and nobody
//! here could say so.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

use super::call::Reply;
use super::marks::LINE;
use crate::domain::bills::{Fault, PART_LINES, Refusal, Takings};
use crate::domain::money::Currency;

/// A page of a list.
#[derive(Debug, Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub data: Vec<T>,
    /// Whether another one follows.
    pub has_more: bool,
}

/// An object by its id, or the object.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Reference {
    /// The id.
    Id(String),
    /// The object, of which the id is enough.
    Object {
        /// Its id.
        id: String,
    },
}

impl Reference {
    /// The id.
    pub fn id(&self) -> &str {
        match self {
            Reference::Id(id) | Reference::Object { id } => id,
        }
    }
}

/// What is read of a line of an invoice.
#[derive(Clone, Debug, Deserialize)]
pub struct Item {
    /// Its id.
    pub id: String,
    amount: i64,
    #[serde(default)]
    metadata: HashMap<String, String>,
}

impl Item {
    /// What it comes to, where it is one of a bill.
    pub fn own(&self) -> Option<i64> {
        self.metadata.contains_key(LINE).then_some(self.amount)
    }
}

/// What is read of a payment of an invoice.
#[derive(Debug, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: String,
    payment: Option<PaymentOf>,
}

#[derive(Debug, Deserialize)]
struct PaymentOf {
    payment_intent: Option<Reference>,
    charge: Option<Reference>,
}

/// What is read of a charge.
#[derive(Debug, Deserialize)]
pub struct Charge {
    /// Its id.
    pub id: String,
    /// The id of the payment that it is part of.
    pub payment_intent: Option<Reference>,
    #[serde(default)]
    amount_refunded: i64,
    /// Whether there was a dispute about it.
    #[serde(default)]
    pub disputed: bool,
    balance_transaction: Option<Booked>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Booked {
    Object { fee: i64, currency: String },
    // Only its id, where it was not asked for.
    Other(serde::de::IgnoredAny),
}

/// What is read of a dispute.
#[derive(Debug, Deserialize)]
pub struct Dispute {
    /// Its id.
    pub id: String,
    amount: i64,
    status: String,
    #[serde(default)]
    balance_transactions: Vec<Booked>,
}

#[derive(Deserialize)]
struct Failure {
    error: FailureOf,
}

#[derive(Deserialize)]
struct FailureOf {
    code: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// What an answer says, if it can be read.
pub fn read<T: DeserializeOwned>(reply: &Reply) -> Option<T> {
    serde_json::from_str(&reply.body).ok()
}

/// Why Stripe did not do it.
pub fn refusal(reply: &Reply) -> Refusal {
    let code = read::<Failure>(reply).and_then(|failure| failure.error.code.or(failure.error.kind));
    let mut code: compact_str::CompactString = code.unwrap_or_else(|| format!("http_{}", reply.status)).into();
    code.truncate(code.floor_char_boundary(64));
    Refusal { status: reply.status, code }
}

/// Whether an answer failed for certain, so that the same call will never do it.
pub fn is_final(reply: &Reply) -> bool {
    match reply.status {
        // Told again under the same key for a day: whatever failed then, this key does it no more.
        409 | 429 | 500.. => reply.is_replayed || reply.should_retry == Some(false) && reply.status != 429,
        _ => true,
    }
}

/// Which parts of a bill's lines are there, given the amounts of all that it has and what is found; or that what is
/// there is something else.
pub fn parts(amounts: &[i64], found: &[Item]) -> Result<u8, Fault> {
    let mut is_there = vec![false; amounts.len()];
    for item in found {
        let number = item.metadata.get(LINE).and_then(|number| number.parse::<usize>().ok()).ok_or(Fault::Lines)?;
        if amounts.get(number) != Some(&item.amount) || std::mem::replace(&mut is_there[number], true) {
            return Err(Fault::Lines);
        }
    }
    let parts = is_there.chunks(PART_LINES).enumerate();
    parts.map(|(part, there)| if there.iter().all(|there| *there) { Ok(1 << part) } else { missing(there) }).sum()
}

/// Lines are added in parts, each of them all at once.
fn missing(part: &[bool]) -> Result<u8, Fault> {
    if part.iter().any(|there| *there) { Err(Fault::Lines) } else { Ok(0) }
}

impl Payment {
    /// The payment intent, or the charge, that it was made by.
    pub fn intent(&self) -> Option<&str> {
        self.payment.as_ref().and_then(|of| of.payment_intent.as_ref()).map(Reference::id)
    }

    /// The charge that it was made by, where there is no payment intent.
    pub fn charge(&self) -> Option<&str> {
        self.payment.as_ref().and_then(|of| of.charge.as_ref()).map(Reference::id)
    }
}

impl Charge {
    /// What was given back of it, and what Stripe took.
    pub fn add_to(&self, takings: &mut Takings, currency: Currency) {
        takings.refunded = takings.refunded.saturating_add(self.amount_refunded);
        let fee = self.balance_transaction.as_ref().map_or(0, |booked| booked.fee(currency));
        takings.fees = takings.fees.saturating_add(fee);
    }
}

impl Dispute {
    /// What is withdrawn by it, and what Stripe took.
    pub fn add_to(&self, takings: &mut Takings, currency: Currency) {
        // Nothing is withdrawn by an inquiry, and what was won is back.
        let is_back = self.status == "won" || self.status.starts_with("warning_") || self.status == "prevented";
        takings.disputed = takings.disputed.saturating_add(if is_back { 0 } else { self.amount });
        for booked in &self.balance_transactions {
            takings.fees = takings.fees.saturating_add(booked.fee(currency));
        }
    }
}

impl Booked {
    /// What it cost in this currency. An account that is paid out in another one pays its fees in that.
    fn fee(&self, of: Currency) -> i64 {
        match self {
            Booked::Object { fee, currency } if currency.eq_ignore_ascii_case(&of.to_string()) => *fee,
            Booked::Object { .. } | Booked::Other(_) => 0,
        }
    }
}
