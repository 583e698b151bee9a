//! The search: what became of an activity, message or transaction, and why. It tells what `/v1` answers.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, to_value};

use super::super::house::House;
use super::super::reply::Refused;
use super::super::wire::{Posted, Told};
use super::words::{money, shown};
use crate::domain::ids::{Feed, TransactionId};
use crate::domain::money::{Currency, Sum};

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// What was searched for.
    pub id: String,
    /// What there is of it: an activity and a message may have the same id.
    pub fates: Vec<Fate>,
}

/// What became of an event.
#[derive(Debug)]
pub struct Fate {
    /// `activity`.
    pub feed: String,
    /// Its id.
    pub id: String,
    /// The reason, in a sentence.
    pub why: String,
    /// What it came to.
    pub amount: String,
    /// `live` or `shadow`.
    pub stage: String,
    /// What else is known: name and value.
    pub facts: Vec<(&'static str, String)>,
    /// What was posted of it: number, kind, amount.
    pub transactions: Vec<(String, String, String)>,
    /// How many contradicted it.
    pub conflicts: usize,
    /// Where the same is answered in full.
    pub path: String,
}

/// Searches for an id, whatever it is of.
pub async fn search(house: &House, id: &str) -> Result<Found, Refused> {
    let mut fates = Vec::new();
    let of_transaction = match TransactionId::parse(id) {
        Some(number) => house.rialto.transaction(number).await?,
        None => None,
    };
    let events = match &of_transaction {
        Some(found) => vec![(found.event.activity.feed, found.event.activity.source_id.to_string())],
        None => Vec::new(),
    };
    // What looks like a number of ours may be an id of the engine's all the same.
    for (feed, id) in events.into_iter().chain(Feed::ALL.map(|feed| (feed, id.to_owned()))) {
        if let Some(fate) = house.rialto.fate(feed, &id).await? {
            let zone = house.rialto.calendar().zone();
            // Types of the wire always serialise.
            let told = to_value(Told::new(&fate, &house.rialto.tariffs(), zone)).unwrap_or_default();
            fates.push(told_as(&told, feed, &id));
        }
    }
    if let (Some(found), true) = (of_transaction, fates.is_empty()) {
        // Its event was upgraded since, or is an order's.
        let posted = Posted::new(&found, &house.rialto.tariffs(), house.rialto.calendar().zone());
        fates.push(told_as(&to_value(posted).unwrap_or_default(), found.event.activity.feed, id));
    }
    Ok(Found { id: shown(id), fates })
}

fn told_as(told: &Value, feed: Feed, id: &str) -> Fate {
    let text = |key: &str| told[key].as_str().map(shown);
    let named = [
        ("status", "Status"),
        ("type", "Type"),
        ("occurred_at", "Happened"),
        ("recorded_at", "Recorded"),
        ("citizen_id", "Citizen"),
        ("business_id", "Business"),
        ("client_id", "Client"),
        ("service_type", "Service"),
        ("minutes", "Minutes"),
        ("rule", "Rule"),
        ("external_rule", "Outside"),
        ("held_because", "Held because"),
    ];
    let posted = told["transactions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let posted = posted.iter().map(|one| {
        let text = |key: &str| one[key].as_str().map(shown).unwrap_or_default();
        let kind = format!("{}, {}", text("kind"), text("stage"));
        (text("id"), kind, amount_of(one))
    });
    let path = match feed {
        Feed::Activity => "v1/activities/",
        Feed::Message => "v1/messages/",
    };
    Fate {
        feed: feed.as_str().to_owned(),
        id: shown(id),
        why: text("why").unwrap_or_else(|| "it is on record".to_owned()),
        amount: amount_of(told),
        stage: text("stage").unwrap_or_default(),
        facts: named.into_iter().filter_map(|(key, name)| Some((name, text(key)?))).collect(),
        transactions: posted.collect(),
        conflicts: told["conflicts"].as_array().map_or(0, Vec::len),
        path: format!("{path}{}", utf8_percent_encode(id, NON_ALPHANUMERIC)),
    }
}

fn amount_of(told: &Value) -> String {
    let text = |key: &str| told[key].as_str().unwrap_or_default();
    match (Sum::parse(text("amount")), Currency::parse(text("currency"))) {
        (Some(sum), Some(currency)) => money(sum, currency),
        _ => shown(text("amount")),
    }
}
