//! `rialto conflicts`: what contradicted what.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::client::{Remote, Signature};
use super::{Outcome, plain, print};

/// Show the latest events that contradicted an earlier one of the same id, or the tariff. The first stays.
#[derive(Debug, Args)]
pub struct Conflicts {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them, the newest first.
    List(List),
    /// Say that one was looked at, and that what was recorded first stays.
    Accept(Accept),
}

#[derive(Debug, Args)]
struct Accept {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// The numbers of the conflicts, as they are listed.
    #[arg(required = true)]
    numbers: Vec<u32>,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    remote: Remote,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Conflicts {
    pub(super) fn run(&self) -> Outcome {
        match &self.command {
            None => self.list.run(),
            Some(Command::List(list)) => list.run(),
            Some(Command::Accept(accept)) => accept.run(),
        }
    }
}

impl Accept {
    fn run(&self) -> Outcome {
        let client = self.remote.client()?;
        for number in &self.numbers {
            client.post("/v1/conflicts/accept", &self.signature.sign(json!({ "number": number })))?;
            print(&format!("{number} is accepted\n"))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    fn run(&self) -> Outcome {
        let answer = self.remote.client()?.get(&format!("/v1/conflicts?limit={}", self.limit))?;
        if self.json {
            return print(&(serde_json::to_string_pretty(&answer)? + "\n"));
        }
        let conflicts = answer["conflicts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let line = |conflict: &serde_json::Value| {
            let part = |key: &str| plain::line(conflict[key].as_str().unwrap_or_default());
            let [at, feed, id] = ["recorded_at", "feed", "source_id"].map(part);
            let [outcome, amount] = ["outcome", "amount_if_accepted"].map(part);
            let accepted = if conflict["accepted"] == true { ", accepted" } else { "" };
            let what = if conflict["kind"] == "discrepancy" { "declares" } else { "would be" };
            format!("{:>6}  {at}  {feed:<8}  {id}  {outcome}, {what} {amount}{accepted}\n", conflict["number"])
        };
        match conflicts {
            [] => print("no conflicts\n"),
            conflicts => print(&conflicts.iter().map(line).collect::<String>()),
        }
    }
}
