//! `rialto guard`: what is held, who is parked, and letting it go.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Remote, Signature};
use super::columns::columns;
use super::{Outcome, plain};
use crate::domain::ids::TransactionId;

/// Show what guards hold, and let it go.
#[derive(Debug, Args)]
pub struct Guard {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what is held, the newest first, and who is parked.
    List(List),
    /// Let a held charge go, or all that is held of a citizen, business or client.
    Release(Release),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    remote: Remote,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=LIMIT_MAX.into()))]
    limit: u16,
    /// Only what came before this transaction: where the last page ended.
    #[arg(long, value_name = "tx_42", value_parser = transaction)]
    before: Option<String>,
    /// All of them, however many.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

#[derive(Debug, Args)]
struct Release {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// A transaction such as tx_42, or the id of a citizen, business or client.
    id: String,
}

/// The most that a sidecar lists at once.
const LIMIT_MAX: u16 = 500;

pub(super) fn transaction(text: &str) -> Result<String, String> {
    let id = TransactionId::parse(text).ok_or("a transaction looks like tx_42")?;
    Ok(id.to_string())
}

impl Guard {
    pub(super) fn run(&self) -> Outcome {
        match &self.command {
            Command::List(list) => list.run(),
            Command::Release(order) => order.run(),
        }
    }
}

impl List {
    fn run(&self) -> Outcome {
        let client = self.remote.client()?;
        let page = |before: Option<&str>| {
            let cursor = before.map_or_else(String::new, |before| format!("&cursor={before}"));
            client.get(&format!("/v1/guards?limit={}{cursor}", if self.all { LIMIT_MAX } else { self.limit }))
        };
        let mut answer = page(self.before.as_deref())?;
        while self.all
            && let Some(next) = answer["next"].as_str()
        {
            let mut more = page(Some(next))?;
            answer["next"] = more["next"].take();
            let more = more["transactions"].as_array_mut().map(std::mem::take).unwrap_or_default();
            answer["transactions"].as_array_mut().into_iter().for_each(|held| held.extend_from_slice(&more));
        }
        self.remote.tell(&answer, told)
    }
}

fn told(answer: &Value) -> String {
    let amounts = answer["amounts"].as_object().into_iter().flatten();
    let amounts: Vec<String> =
        amounts.map(|(currency, amount)| format!("{} {currency}", amount.as_str().unwrap_or_default())).collect();
    let amounts = if amounts.is_empty() { String::new() } else { format!(": {}", amounts.join(", ")) };
    let mut text = format!("{} held in all{amounts}\n", answer["held"]);
    for parked in answer["parked"].as_array().into_iter().flatten() {
        let part = |key: &str| plain::line(parked[key].as_str().unwrap_or_default());
        text += &format!("parked: {} {}\n", part("kind"), part("id"));
    }
    let row = |held: &Value| {
        let part = |key: &str| held[key].as_str().unwrap_or_default().to_owned();
        let amount = format!("{} {}", part("amount"), part("currency"));
        [part("id"), part("occurred_at"), amount, part("citizen_id"), part("why")]
    };
    let rows: Vec<_> = answer["transactions"].as_array().into_iter().flatten().map(row).collect();
    if !rows.is_empty() {
        text += &columns(["id", "happened", "amount", "citizen", "why it is held"], &rows);
    }
    if let Some(next) = answer["next"].as_str() {
        text += &format!("there are more: --before {next} goes on, --all lists them all\n");
    }
    text
}

impl Release {
    fn run(&self) -> Outcome {
        let key = if self.id.starts_with("tx_") { "transaction" } else { "name" };
        let body = self.signature.sign(json!({ key: self.id }));
        let answer = self.remote.client()?.post("/v1/guards/release", &body)?;
        self.remote.tell(&answer, |answer| format!("{} let go\n", answer["transactions"]))
    }
}
