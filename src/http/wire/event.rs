//! Events and transactions, with the reason for their price.

use serde::Serialize;

use crate::domain::activity::Stated;
use crate::domain::charge::{Free, Price, Stage};
use crate::domain::external::Ruling;
use crate::domain::money::Money;
use crate::domain::names::Name;
use crate::domain::tariff::Tariff;
use crate::ledger::entry::{Event, Status};
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
    pub fn new(transaction: &Transaction, tariff: &Tariff, zone: chrono_tz::Tz) -> Posted {
        let Transaction { id, charge, event } = transaction;
        Posted {
            id: id.to_string(),
            feed: event.activity.feed.as_str(),
            source_id: event.activity.source_id.to_string(),
            occurred_at: event.occurred_at.in_zone(zone),
            recorded_at: event.recorded_at.in_zone(zone),
            amount: charge.amount.to_string(),
            currency: charge.currency.to_string(),
            stage: charge.stage.as_str(),
            rule: tariff.rule_name(charge.rule),
            tariff: charge.tariff.0,
            citizen_id: event.activity.citizen.map(Name::as_str),
            business_id: event.draft.business.map(Name::as_str),
            client_id: event.activity.client.map(Name::as_str),
        }
    }
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
    external_rule: &'static str,
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
    conflicts: Vec<Contradiction>,
}

/// An event that contradicted an earlier one.
#[derive(Debug, Serialize)]
pub struct Contradiction {
    feed: &'static str,
    source_id: String,
    outcome: &'static str,
    recorded_at: String,
    amount_if_accepted: String,
    why: String,
}

impl Contradiction {
    /// What a conflicting event said.
    pub fn new(event: &Event<'_>, tariff: &Tariff, zone: chrono_tz::Tz) -> Contradiction {
        let (amount, _, _) = price(event, tariff);
        Contradiction {
            feed: event.activity.feed.as_str(),
            source_id: event.activity.source_id.to_string(),
            outcome: event.activity.outcome.as_str(),
            recorded_at: event.recorded_at.in_zone(zone),
            amount_if_accepted: amount.to_string(),
            why: "the same id came before with other content, or as processed; the first stays".to_owned(),
        }
    }
}

impl Told {
    /// The fate of an event, its times in `zone`.
    pub fn new(fate: &Fate, tariff: &Tariff, zone: chrono_tz::Tz) -> Told {
        let Fate { event, transaction, conflicts } = fate;
        let activity = &event.activity;
        let (amount, rule, reason) = price(event, tariff);
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
            time_basis: if is_ahead { "ahead" } else { activity.occurred.basis.as_str() },
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
            external_rule: event.draft.ruling.as_str(),
            status: status.as_str(),
            amount: amount.to_string(),
            currency: tariff.currency().to_string(),
            stage: event.stage.as_str(),
            rule,
            tariff: event.draft.tariff.0,
            transaction_id: transaction.map(|id| id.to_string()),
            reason,
            why: why(event, tariff),
            upgraded: event.is_upgrade,
            conflicts: conflicts.iter().map(|event| Contradiction::new(event, tariff, zone)).collect(),
        }
    }
}

fn figure(stated: Stated) -> Option<String> {
    match stated {
        Stated::Absent => None,
        Stated::Is(figure) => Some(figure.to_string()),
        Stated::Unreadable(_) => Some("unreadable".to_owned()),
    }
}

fn price(event: &Event<'_>, tariff: &Tariff) -> (Money, Option<&'static str>, &'static str) {
    match event.draft.price {
        Price::Charge { rule, amount, .. } => (amount, Some(tariff.rule_name(rule)), "charged"),
        Price::Free(reason) => (Money::ZERO, None, reason.as_str()),
    }
}

/// The fate in a sentence.
fn why(event: &Event<'_>, tariff: &Tariff) -> String {
    let outside = match event.draft.ruling {
        Ruling::NotAMessage => String::new(),
        ruling => format!(" (the message is {})", ruling.as_str().replace('_', ", ")),
    };
    match event.draft.price {
        Price::Charge { rule, amount, currency } => format!(
            "rule {} of tariff {} charges {amount} {currency}{outside}; stage {}: {}",
            tariff.rule_name(rule),
            event.draft.tariff.0,
            event.stage.as_str(),
            match event.stage {
                Stage::Shadow => "tracked, never collected",
                Stage::Live => "collectable",
            }
        ),
        Price::Free(reason) => format!(
            "recorded at zero: {}{outside}",
            match reason {
                Free::NoRule => "no rule of the tariff is about it",
                Free::NotProcessed => "only what is processed earns",
                Free::NotExternal if event.draft.ruling == Ruling::Undecided => {
                    "nothing says whether its receiver is outside, and in doubt nobody is charged"
                }
                Free::NotExternal => "it stayed inside",
                Free::NoDuration => "a paid service that declares no minutes",
                Free::BadDuration => "a paid service whose minutes are no figure from 0 to 10080, a week",
                Free::BadExpertise => "a paid service whose expertise is no figure",
                Free::Nothing => "the rule comes to nothing",
            }
        ),
    }
}
