//! `rialto why`: the whole path of one activity, message or transaction in plain words.

use clap::Args;
use serde_json::Value;

use super::Outcome;
use super::client::{Client, Remote};
use super::failure::Failure;

/// Tell how one activity, message or transaction was read, priced, held and posted, and why so.
#[derive(Debug, Args)]
pub struct Why {
    #[command(flatten)]
    remote: Remote,
    /// The id of an activity or a message, or a transaction such as tx_42.
    id: String,
}

impl Why {
    pub(super) fn run(&self) -> Outcome {
        let client = self.remote.client()?;
        let found = self.find(&client)?;
        self.remote.tell(&found, told)
    }

    /// A transaction's event, an activity or a message, whichever has the id.
    fn find(&self, client: &Client) -> Result<Value, Failure> {
        if self.id.starts_with("tx_") {
            let transaction = client.get(&format!("/v1/transactions/{}", encoded(&self.id)))?;
            let part = |key: &str| transaction[key].as_str().unwrap_or_default().to_owned();
            let feed = if part("feed") == "message" { "messages" } else { "activities" };
            let mut fate = client.get(&format!("/v1/{feed}/{}", encoded(&part("source_id"))))?;
            fate["transaction"] = transaction;
            return Ok(fate);
        }
        let activity = client.get(&format!("/v1/activities/{}", encoded(&self.id)));
        activity.or_else(|first| client.get(&format!("/v1/messages/{}", encoded(&self.id))).map_err(|_| first))
    }
}

fn encoded(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn told(fate: &Value) -> String {
    let part = |key: &str| fate[key].as_str().unwrap_or_default();
    let or_none = |key: &str| fate[key].as_str().unwrap_or("none");
    let mut lines = vec![
        format!("{} {}, of type {}, ended as {}", part("feed"), part("source_id"), or_none("type"), part("outcome")),
        format!(
            "it happened {} ({}), and was recorded {}",
            part("occurred_at"),
            part("time_basis"),
            part("recorded_at")
        ),
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
    lines.push(format!("{}: {}", part("status"), part("why")));
    if let Some(hold) = fate["held_because"].as_str() {
        lines.push(format!("it was held: {hold}"));
    }
    for transaction in fate["transactions"].as_array().into_iter().flatten() {
        let part = |key: &str| transaction[key].as_str().unwrap_or_default();
        let order = match (part("by"), part("why")) {
            ("", _) => String::new(),
            (by, "") => format!(", by {by}"),
            (by, why) => format!(", by {by}: {why}"),
        };
        lines.push(format!("{} {} {} {}{order}", part("id"), part("kind"), part("amount"), part("currency")));
    }
    for conflict in fate["conflicts"].as_array().into_iter().flatten() {
        let part = |key: &str| conflict[key].as_str().unwrap_or_default();
        let accepted = if conflict["accepted"] == true { "accepted" } else { "not accepted yet" };
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
        lines.push(format!(
            "{} {}, seen {}: {what} ({accepted})",
            part("kind"),
            conflict["number"],
            part("recorded_at")
        ));
    }
    lines.join("\n") + "\n"
}
