//! `rialto why`: the whole path of one activity, message or transaction in plain words.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::client::{Client, Remote, encoded};
use super::failure::Failure;
use super::{Outcome, plain};

/// Tell how one activity, message or transaction was read, priced, held and posted, and why so.
#[derive(Debug, Args)]
pub struct Why {
    #[command(flatten)]
    remote: Remote,
    /// Only an activity, or only a message, of this id; without it, all that have the id are told.
    #[arg(long, value_enum)]
    feed: Option<Feed>,
    /// The id of an activity or a message, or a transaction such as tx_42.
    id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Feed {
    Activity,
    Message,
}

impl Feed {
    /// Where it is asked for.
    fn path(self) -> &'static str {
        match self {
            Feed::Activity => "activities",
            Feed::Message => "messages",
        }
    }
}

impl Why {
    pub(super) fn run(&self) -> Outcome {
        let usage = |what: String| Failure::usage(what).told_in_json(self.remote.json);
        if self.id.trim().is_empty() {
            return Err(usage("an id is missing: that of an activity or a message, or tx_42".to_owned()).into());
        }
        let found = self.find(&self.remote.client()?)?;
        match found.as_slice() {
            [] => {
                let what = match self.feed {
                    None => "no activity, message or transaction",
                    Some(Feed::Activity) => "no activity",
                    Some(Feed::Message) => "no message",
                };
                let failure = Failure::unknown(format!("{what} has the id {:?}", self.id));
                Err(failure.told_in_json(self.remote.json).into())
            }
            // A transaction is looked for first; whoever means another of its name says so.
            [one, ..] if !self.remote.json || found.len() == 1 || one["transaction"].is_object() => {
                self.remote.tell(one, |_| found.iter().map(told).collect::<Vec<_>>().join("\n"))
            }
            _ => {
                let what =
                    format!("an activity and a message have the id {:?}; add --feed activity or message", self.id);
                Err(usage(what).into())
            }
        }
    }

    /// All that have the id: a transaction's event, an activity, a message.
    fn find(&self, client: &Client) -> Result<Vec<Value>, Failure> {
        let mut found = Vec::new();
        if self.feed.is_none()
            && self.id.starts_with("tx_")
            && let Some(transaction) = known(client.get(&format!("/v1/transactions/{}", encoded(&self.id))))?
        {
            let feed = if transaction["feed"] == "message" { Feed::Message } else { Feed::Activity };
            let id = transaction["source_id"].as_str().unwrap_or_default();
            let mut fate = client.get(&format!("/v1/{}/{}", feed.path(), encoded(id)))?;
            fate["transaction"] = transaction;
            found.push(fate);
        }
        for feed in [Feed::Activity, Feed::Message] {
            if self.feed.is_none_or(|wanted| wanted == feed) {
                let fate = known(client.get(&format!("/v1/{}/{}", feed.path(), encoded(&self.id))))?;
                // The transaction may be of this very event.
                let is_told = |fate: &Value| {
                    found.iter().any(|one| ["feed", "source_id"].iter().all(|key| one[*key] == fate[*key]))
                };
                let fate = fate.filter(|fate| !is_told(fate));
                found.extend(fate);
            }
        }
        Ok(found)
    }
}

fn known(answer: Result<Value, Failure>) -> Result<Option<Value>, Failure> {
    match answer {
        Err(failure) if failure.is_unknown() => Ok(None),
        answer => answer.map(Some),
    }
}

fn told(fate: &Value) -> String {
    let fate = &in_lines(fate);
    let part = |key: &str| fate[key].as_str().unwrap_or_default();
    let or_none = |key: &str| fate[key].as_str().unwrap_or("none");
    let mut lines = vec![
        format!("{} {}, of type {}, ended as {}", part("feed"), part("source_id"), or_none("type"), part("outcome")),
        format!("it happened {}{}, and was recorded {}", part("occurred_at"), basis(fate), part("recorded_at")),
        format!(
            "citizen {}, business {}, client {}",
            or_none("citizen_id"),
            or_none("business_id"),
            or_none("client_id")
        ),
    ];
    if part("external_rule") != "not_a_message" {
        lines.push(format!("the message is {}", part("external_rule").replacen('_', ", ", 1)));
    }
    lines.push(match part("why").starts_with(part("status")) {
        true => part("why").to_owned(),
        false => format!("{}: {}", part("status"), part("why")),
    });
    let transactions = || fate["transactions"].as_array().into_iter().flatten();
    if let Some(hold) = fate["held_because"].as_str() {
        let held = transactions().find(|one| one["held"] == true).and_then(|one| one["id"].as_str());
        lines.push(match held {
            Some(id) => format!("it is held: {hold}; `rialto guard release {id}` lets it go"),
            None => format!("it was held: {hold}"),
        });
    }
    lines.extend(transactions().map(transaction));
    lines.extend(fate["conflicts"].as_array().into_iter().flatten().map(conflict));
    lines.join("\n") + "\n"
}

/// An answer whose texts stand each within a line.
fn in_lines(answer: &Value) -> Value {
    match answer {
        Value::String(text) => plain::line(text).into(),
        Value::Array(list) => list.iter().map(in_lines).collect(),
        Value::Object(table) => table.iter().map(|(key, value)| (key.clone(), in_lines(value))).collect(),
        other => other.clone(),
    }
}

/// How its time was come by, where that leaves doubt.
fn basis(fate: &Value) -> String {
    let given = fate["time_given"].as_str().unwrap_or("none");
    match fate["time_basis"].as_str().unwrap_or_default() {
        "naive" => format!(" (its time, {given}, names no offset, and was read in the configured zone)"),
        "absent" => " (it tells no time, so that is when it was seen)".to_owned(),
        "before_2000" => format!(" (its time, {given}, is a date of the play, so that is when it was seen)"),
        "unreadable" => format!(" (its time, {given:?}, cannot be read, so that is when it was seen)"),
        "ahead" => format!(" (its time, {given}, was still to come, so that is when it was seen)"),
        _ => String::new(),
    }
}

fn transaction(one: &Value) -> String {
    let part = |key: &str| one[key].as_str().unwrap_or_default();
    let by = |key: &str, what: &str| one[key].as_str().map_or_else(String::new, |id| format!(", {what} by {id}"));
    let held = if one["held"] == true { ", held" } else { "" };
    let billed = match (part("bill"), part("bill_status")) {
        ("", _) => String::new(),
        (bill, "void") => format!(", was on {bill}, which came to nothing"),
        (bill, status) => format!(", on {bill} ({status})"),
    };
    let booked = match (part("booked_in"), part("kind")) {
        ("", _) => String::new(),
        (month, "charge" | "adjustment") if part("of").is_empty() => {
            format!(", booked in {}, because it came when its own month was closed", spelled(month))
        }
        (month, _) => format!(", booked in {}", spelled(month)),
    };
    let order = match (part("by"), part("why")) {
        ("", _) => String::new(),
        (by, "") => format!(", ordered by {by}"),
        (by, why) => format!(", ordered by {by}: {why}"),
    };
    let [id, kind, amount, currency] = ["id", "kind", "amount", "currency"].map(part);
    let [released, reversed] = [by("released_by", "released"), by("reversed_by", "taken back")];
    format!("{id} {kind} {amount} {currency}{held}{released}{reversed}{billed}{booked}{order}")
}

/// A month such as `2026-11` in words.
fn spelled(month: &str) -> String {
    let first = NaiveDate::parse_from_str(&format!("{month}-01"), "%Y-%m-%d");
    first.map_or_else(|_| month.to_owned(), |day| day.format("%B %Y").to_string())
}

fn conflict(one: &Value) -> String {
    let part = |key: &str| one[key].as_str().unwrap_or_default();
    let accepted = if one["accepted"] == true { "accepted" } else { "not accepted yet" };
    let what = match part("kind") {
        "discrepancy" => part("why").to_owned(),
        _ => format!(
            "{}; {} {currency} was charged, and the other would come to {} {currency}",
            part("why"),
            part("charged"),
            part("other_amount"),
            currency = part("currency"),
        ),
    };
    format!("{} {}, seen {}: {what} ({accepted})", part("kind"), one["number"], part("recorded_at"))
}
