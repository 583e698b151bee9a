//! `rialto conflicts`: what contradicted what.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Remote, Signature};
use super::columns::columns;
use super::{Outcome, print};

/// Show the latest events that contradicted an earlier one of the same id, or the tariff.
///
/// What was charged first stays, before and after a conflict is accepted: to accept it says that somebody
/// looked at it, which going live asks for.
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
    /// Say that some were looked at. What was charged first stays; the other amount is never charged.
    Accept(Accept),
}

#[derive(Debug, Args)]
struct Accept {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// The numbers of the conflicts, as they are listed.
    #[arg(required = true, value_parser = number)]
    numbers: Vec<u32>,
}

fn number(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "a conflict is a number, as `rialto conflicts list` shows it, such as 3")
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    remote: Remote,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
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
        let mut accepted = Vec::new();
        for number in &self.numbers {
            let order = self.signature.sign(json!({ "number": number }));
            let answer = client.post("/v1/conflicts/accept", &order);
            answer.map_err(|failure| failure.after("accepted", json!(accepted)))?;
            accepted.push(*number);
            if !self.remote.json {
                print(&format!("{number} is accepted: what was charged first stays\n"))?;
            }
        }
        self.remote.tell(&json!({ "accepted": accepted }), |_| String::new())
    }
}

impl List {
    fn run(&self) -> Outcome {
        let answer = self.remote.client()?.get(&format!("/v1/conflicts?limit={}", self.limit))?;
        self.remote.tell(&answer, told)
    }
}

fn told(answer: &Value) -> String {
    let conflicts = answer["conflicts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |conflict: &Value| {
        let part = |key: &str| conflict[key].as_str().unwrap_or_default().to_owned();
        let [feed, id, currency, outcome] = ["feed", "source_id", "currency", "outcome"].map(part);
        let [charged, other] = ["charged", "other_amount"].map(|key| format!("{} {currency}", part(key)));
        let says = if conflict["kind"] == "discrepancy" { "declares" } else { "comes to" };
        let accepted = if conflict["accepted"] == true { "yes" } else { "no" };
        [
            conflict["number"].to_string(),
            format!("{feed}/{id}"),
            charged,
            format!("{says} {other}"),
            differs(conflict, &outcome),
            accepted.to_owned(),
            part("recorded_at"),
        ]
    };
    match conflicts {
        [] => "no conflicts\n".to_owned(),
        conflicts => columns(HEADER, &conflicts.iter().map(row).collect::<Vec<_>>()),
    }
}

const HEADER: [&str; 7] = ["number", "event", "charged", "the other", "differs in", "accepted", "seen"];

/// In what the later event differs: `minutes 60, then 90`.
fn differs(conflict: &Value, outcome: &str) -> String {
    let one = |one: &Value| {
        let [field, first, other] = ["field", "first", "other"].map(|key| one[key].as_str());
        let field = field.unwrap_or_default();
        match (first, other) {
            (None, None) => field.to_owned(),
            (first, other) => format!("{field} {}, then {}", first.unwrap_or("none"), other.unwrap_or("none")),
        }
    };
    let all: Vec<String> = conflict["differs"].as_array().into_iter().flatten().map(one).collect();
    match (all.as_slice(), conflict["kind"] == "discrepancy") {
        ([], true) => "the tariff".to_owned(),
        ([], false) => format!("outcome, now {outcome}"),
        (some, _) => some.join("; "),
    }
}
