//! `rialto payer`: who pays.

use clap::{Args, Subcommand};
use serde_json::json;

use super::client::Remote;
use super::{Outcome, plain, print};

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
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Payer {
    pub(super) fn run(&self) -> Outcome {
        let (answer, is_json) = match &self.command {
            Command::Add(add) => {
                let body = json!({ "id": add.id, "customer": add.customer });
                (add.remote.client()?.post("/v1/payers", &body)?, false)
            }
            Command::List(list) => (list.remote.client()?.get("/v1/payers")?, list.json),
        };
        if is_json {
            return print(&(serde_json::to_string_pretty(&answer)? + "\n"));
        }
        let line = |payer: &serde_json::Value| {
            let customer = payer["customer"].as_str().unwrap_or("no customer at Stripe yet");
            format!("{}  {}\n", plain::line(payer["id"].as_str().unwrap_or_default()), plain::line(customer))
        };
        print(&answer["payers"].as_array().into_iter().flatten().map(line).collect::<String>())
    }
}
