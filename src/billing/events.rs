//! Events: what Stripe's webhooks tell. Only whom an event concerns is taken from it; how that stands is looked at.
//!
//! Other tenants of the account, types that nobody here knows and other versions of the API are all read alike: an
//! event is its id, its type and an object, and whatever else it has is not needed.

use serde::Deserialize;
use std::collections::HashMap;
use twox_hash::XxHash3_64;

use super::answers::Reference;
use super::asks;
use super::marks::{BILL, House};
use crate::domain::bills::{BillNo, Notice};
use crate::ledger::bills::Bills;

/// An event.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// Its type, such as `invoice.paid`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it is about real money.
    #[serde(default)]
    pub livemode: bool,
    /// The version of the API that its object is written in.
    pub api_version: Option<String>,
    /// When it happened, in seconds since 1970.
    #[serde(default)]
    pub created: i64,
    data: Data,
    /// The request that it is due to; older versions of the API tell its id alone.
    #[serde(default)]
    request: serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct Data {
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Object {
    id: Option<String>,
    object: Option<String>,
    invoice: Option<Reference>,
    payment_intent: Option<Reference>,
    charge: Option<Reference>,
    metadata: Option<HashMap<String, String>>,
}

/// The kinds of object that may say something of a bill.
const KINDS: [&str; 7] = ["invoice", "invoice_payment", "charge", "refund", "dispute", "credit_note", "payment_intent"];

impl Event {
    /// Reads an event's body.
    pub fn read(body: &[u8]) -> Option<Event> {
        serde_json::from_slice(body).ok()
    }

    /// The id of what it is about: of the invoice, where it names one; else of the payment; else of its object.
    pub fn about(&self) -> &str {
        let object = &self.data.object;
        let is_invoice = object.object.as_deref() == Some("invoice");
        let own = object.id.as_deref();
        let other = [&object.invoice, &object.payment_intent, &object.charge];
        let other = other.into_iter().flatten().map(Reference::id).next();
        own.filter(|_| is_invoice).or(other).or(own).unwrap_or_default()
    }

    /// Whether it may be about a bill.
    pub fn may_concern(&self) -> bool {
        self.data.object.object.as_deref().is_some_and(|object| KINDS.contains(&object))
    }

    /// The bill that it is about, as far as the event and the book tell.
    pub fn bill(&self, bills: &Bills) -> Option<BillNo> {
        self.mark().and_then(|mark| bills.of_mark(mark)).or_else(|| bills.of_invoice(self.about()))
    }

    /// Whether it is somebody else's: an invoice that does not carry our mark, or anything that carries another's.
    pub fn is_others(&self, house: &House) -> bool {
        let is_invoice = self.data.object.object.as_deref() == Some("invoice");
        self.mark().map_or(is_invoice, |mark| !house.is_ours(mark))
    }

    /// Whether it tells of what was asked here, and is answered or will be looked for. Only of steps whose answer tells all
    /// that comes of them: of a charge that succeeds, the fee is told by nobody.
    pub fn is_own(&self, bills: &Bills) -> bool {
        let key = self.request["idempotency_key"].as_str();
        let known = key.and_then(asks::step_of).and_then(|(mark, step)| Some((bills.get(bills.of_mark(mark)?)?, step)));
        known.is_some_and(|(bill, step)| bill.has_asked(step))
    }

    fn mark(&self) -> Option<&str> {
        self.data.object.metadata.as_ref()?.get(BILL).map(String::as_str)
    }

    /// What is written down of it: never what it tells, and nothing of anybody.
    pub fn notice(&self, body: &[u8], bill: Option<BillNo>) -> Notice {
        Notice {
            event: self.id.as_str().into(),
            kind: self.kind.as_str().into(),
            object: self.about().into(),
            digest: XxHash3_64::oneshot(body),
            bill,
        }
    }
}
