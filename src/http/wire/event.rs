//! Events and transactions, with the reason for their price.

use serde::Serialize;

use super::conflict::Contradiction;
use super::invoices::status as status_of;
use super::why::{currency, external_rule, figure, price, why};
use crate::domain::calendar::Day;
use crate::domain::charge::Hold;
use crate::domain::names::Name;
use crate::domain::tariff::timeline::Tariffs;
use crate::ledger::entry::Status;
use crate::wiring::{Fate, Transaction};

/// A transaction.
#[derive(Debug, Serialize)]
pub struct Posted {
    id: String,
    feed: &'static str,
    source_id: String,
    occurred_at: String,
    recorded_at: String,
    amount: String,
    currency: String,
    stage: &'static str,
    rule: &'static str,
    tariff: u16,
    citizen_id: Option<&'static str>,
    business_id: Option<&'static str>,
    client_id: Option<&'static str>,
    kind: &'static str,
    held: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    released_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reversed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    booked_in: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// A page of transactions.
#[derive(Debug, Serialize)]
pub struct Page {
    transactions: Vec<Posted>,
    next: Option<String>,
}

impl Page {
    /// A page, and where the next one begins.
    pub fn new(transactions: Vec<Posted>, next: Option<crate::domain::ids::TransactionId>) -> Page {
        Page { transactions, next: next.map(|id| id.to_string()) }
    }
}

impl Posted {
    /// A transaction, its times in `zone`.
    pub fn new(transaction: &Transaction, tariffs: &Tariffs, zone: chrono_tz::Tz) -> Posted {
        let Transaction { id, charge, event, correction, released_by, reversed_by, bill, booked_on } = transaction;
        let recorded_at = correction.as_ref().map_or(event.recorded_at, |correction| correction.at);
        let happened_at = event.occurred_at.in_zone(zone);
        Posted {
            id: id.to_string(),
            feed: event.activity.feed.as_str(),
            source_id: event.activity.source_id.to_string(),
            occurred_at: happened_at.clone(),
            recorded_at: recorded_at.in_zone(zone),
            amount: charge.amount.to_string(),
            currency: charge.currency.to_string(),
            stage: charge.stage().as_str(),
            rule: tariffs.rule_name(charge.rule),
            tariff: charge.tariff.0,
            citizen_id: event.activity.citizen.map(Name::as_str),
            business_id: event.draft.business.map(Name::as_str),
            client_id: event.activity.client.map(Name::as_str),
            kind: charge.sort().as_str(),
            held: transaction.is_held(),
            hold: event.draft.hold.filter(|_| correction.is_none()).map(Hold::as_str),
            released_by: released_by.map(|id| id.to_string()),
            reversed_by: reversed_by.map(|id| id.to_string()),
            bill: bill.as_ref().map(|bill| bill.no.to_string()),
            bill_status: bill.as_deref().map(status_of),
            // Told only where it is another month than that in which it happened.
            booked_in: Some(month(*booked_on)).filter(|month| !happened_at.starts_with(month)),
            of: correction.as_ref().map(|correction| correction.of.to_string()),
            by: correction.as_ref().map(|correction| correction.order.by.to_string()),
            why: correction.as_ref().map(|correction| correction.order.why.to_string()),
        }
    }
}

/// A month as it is written, such as `2026-11`.
fn month(day: Day) -> String {
    day.date().format("%Y-%m").to_string()
}

/// What became of an event, and why.
#[derive(Debug, Serialize)]
pub struct Told {
    feed: &'static str,
    source_id: String,
    second_id: Option<String>,
    r#type: Option<&'static str>,
    outcome: &'static str,
    occurred_at: String,
    recorded_at: String,
    time_basis: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_given: Option<String>,
    citizen_id: Option<&'static str>,
    business_id: Option<&'static str>,
    from_building: Option<&'static str>,
    to_building: Option<&'static str>,
    client_id: Option<&'static str>,
    service_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expertise: Option<String>,
    external: bool,
    external_rule: String,
    status: &'static str,
    amount: String,
    currency: String,
    stage: &'static str,
    rule: Option<&'static str>,
    tariff: u16,
    transaction_id: Option<String>,
    reason: &'static str,
    why: String,
    upgraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_because: Option<&'static str>,
    transactions: Vec<Posted>,
    conflicts: Vec<Contradiction>,
}

impl Told {
    /// The basis of a time that lay ahead of the clock: nothing happened later than it was seen.
    pub const AHEAD: &str = "ahead";

    /// The fate of an event, its times in `zone`.
    pub fn new(fate: &Fate, tariffs: &Tariffs, zone: chrono_tz::Tz) -> Told {
        let Fate { event, transaction, transactions, conflicts } = fate;
        let activity = &event.activity;
        let (amount, rule, reason) = price(event, tariffs);
        let own = transactions.iter().find(|one| Some(one.id) == *transaction);
        let status = if transaction.is_some() { Status::Priced } else { Status::Recorded };
        let text = |name: Option<Name>| name.map(Name::as_str);
        // Nothing happened later than it was seen; what it said stays on record.
        let ahead = activity.occurred.at.filter(|at| event.recorded_at < *at).map(|at| at.to_string());
        let is_ahead = ahead.is_some();
        Told {
            feed: activity.feed.as_str(),
            source_id: activity.source_id.to_string(),
            second_id: activity.second_id.as_ref().map(ToString::to_string),
            r#type: text(activity.kind),
            outcome: activity.outcome.as_str(),
            occurred_at: event.occurred_at.in_zone(zone),
            recorded_at: event.recorded_at.in_zone(zone),
            time_basis: if is_ahead { Told::AHEAD } else { activity.occurred.basis.as_str() },
            time_given: ahead.or_else(|| activity.occurred.text.as_ref().map(ToString::to_string)),
            citizen_id: text(activity.citizen),
            business_id: text(event.draft.business),
            from_building: text(activity.from_building),
            to_building: text(activity.to_building),
            client_id: text(activity.client),
            service_type: text(activity.service),
            minutes: figure(activity.minutes),
            expertise: figure(activity.expertise),
            external: event.draft.ruling.is_external(),
            external_rule: external_rule(event.draft.ruling, event, tariffs),
            status: status.as_str(),
            amount: amount.to_string(),
            currency: currency(event, tariffs).to_string(),
            stage: event.stage.as_str(),
            rule,
            tariff: event.draft.tariff.0,
            transaction_id: transaction.map(|id| id.to_string()),
            reason,
            why: why(event, own, tariffs),
            upgraded: event.is_upgrade,
            held_because: event.draft.hold.map(Hold::words),
            transactions: transactions.iter().map(|one| Posted::new(one, tariffs, zone)).collect(),
            conflicts: conflicts.iter().map(|one| Contradiction::new(one, tariffs, zone)).collect(),
        }
    }
}
