//! `rialto reverse` and `rialto close`: what was wrong is answered, and never changed.

use clap::Args;
use serde_json::json;

use super::client::{Remote, Signature};
use super::{Outcome, print};

/// Take a charge back by another transaction, once.
#[derive(Debug, Args)]
pub struct Reverse {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// The transaction, such as tx_42.
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
        print(&format!("{} is reversed by {}\n", self.id, answer["transaction_id"].as_str().unwrap_or_default()))
    }
}

impl Close {
    pub(super) fn run(&self) -> Outcome {
        let body = self.signature.sign(json!({ "month": self.month }));
        self.remote.client()?.post("/v1/periods/close", &body)?;
        print(&format!("{} is closed\n", self.month))
    }
}
