//! `rialto guard`: what is held, who is parked, and letting it go.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Outcome;
use super::client::{Remote, Signature};

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
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
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
        let answer = self.remote.client()?.get(&format!("/v1/guards?limit={}", self.limit))?;
        self.remote.tell(&answer, told)
    }
}

fn told(answer: &Value) -> String {
    let mut text = format!("{} held\n", answer["held"]);
    for parked in answer["parked"].as_array().into_iter().flatten() {
        let part = |key: &str| parked[key].as_str().unwrap_or_default().to_owned();
        text += &format!("parked: {} {}\n", part("kind"), part("id"));
    }
    for held in answer["transactions"].as_array().into_iter().flatten() {
        let part = |key: &str| held[key].as_str().unwrap_or_default().to_owned();
        let [id, at, amount, currency] = ["id", "occurred_at", "amount", "currency"].map(part);
        text += &format!("{id}  {at}  {amount} {currency}  {}: {}\n", part("citizen_id"), part("why"));
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
