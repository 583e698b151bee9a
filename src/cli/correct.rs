//! `rialto reverse` and `rialto close`: what was wrong is answered, and never changed.

use clap::Args;
use serde_json::{Value, json};

use super::Outcome;
use super::client::{Remote, Signature};
use super::guard::transaction;

/// Take a charge back by another transaction, once.
#[derive(Debug, Args)]
pub struct Reverse {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// The transaction, such as tx_42.
    #[arg(value_parser = transaction)]
    id: String,
}

/// Close a month for good: what arrives for it later is booked into the one that is open.
#[derive(Debug, Args)]
pub struct Close {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// A month that is over, such as 2026-11.
    month: String,
}

impl Reverse {
    pub(super) fn run(&self) -> Outcome {
        let path = format!("/v1/transactions/{}/reverse", self.id);
        let answer = self.remote.client()?.post(&path, &self.signature.sign(json!({})))?;
        let told = |answer: &Value| {
            format!("{} is reversed by {}\n", self.id, answer["transaction_id"].as_str().unwrap_or_default())
        };
        self.remote.tell(&answer, told)
    }
}

impl Close {
    pub(super) fn run(&self) -> Outcome {
        let body = self.signature.sign(json!({ "month": self.month }));
        let answer = self.remote.client()?.post("/v1/periods/close", &body)?;
        let told =
            |_: &Value| format!("{} is closed: what comes late for it is booked into the open month\n", self.month);
        self.remote.tell(&answer, told)
    }
}
