//! `rialto payer`: who pays.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Outcome;
use super::client::Remote;
use super::columns::columns;

/// Show who pays, and put somebody on the list.
#[derive(Debug, Args)]
pub struct Payer {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put a client, business or citizen on the list of those who pay.
    Add(Add),
    /// List who pays.
    List(List),
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    remote: Remote,
    /// The client, business or citizen.
    id: String,
    /// The customer's id at Stripe; only with one he can be billed.
    #[arg(long, value_name = "cus_…")]
    customer: Option<String>,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    remote: Remote,
}

impl Payer {
    pub(super) fn run(&self) -> Outcome {
        match &self.command {
            Command::Add(add) => {
                let body = json!({ "id": add.id, "customer": add.customer });
                add.remote.tell(&add.remote.client()?.post("/v1/payers", &body)?, told)
            }
            Command::List(list) => list.remote.tell(&list.remote.client()?.get("/v1/payers")?, told),
        }
    }
}

fn told(answer: &Value) -> String {
    let row = |payer: &Value| {
        let part = |key: &str| payer[key].as_str().map(str::to_owned);
        let customer = part("customer").unwrap_or_else(|| "none yet: cannot be billed".to_owned());
        [part("id").unwrap_or_default(), customer]
    };
    match answer["payers"].as_array().map(Vec::as_slice).unwrap_or_default() {
        [] => "no payers\n".to_owned(),
        payers => columns(["payer", "customer at Stripe"], &payers.iter().map(row).collect::<Vec<_>>()),
    }
}
