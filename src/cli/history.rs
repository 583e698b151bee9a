//! `rialto orders` and `rialto undecided`: what was ordered, and what nobody decided about.

use clap::Args;
use serde_json::Value;

use super::Outcome;
use super::client::Remote;
use super::columns::columns;

/// Show the orders that were given: when, by whom, what, and why.
#[derive(Debug, Args)]
pub struct Orders {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    page: Page,
}

/// Show the messages of which no rule says whether they left the simulation.
///
/// They count as internal, and are free. To have them charged, or to be rid of them, write an `[[external]]` entry into
/// the tariff that is about them, or import the citizens: then the sidecar knows whom a human plays.
#[derive(Debug, Args)]
pub struct Undecided {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    page: Page,
}

#[derive(Debug, Args)]
struct Page {
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// Only those before this one: what the page before said at its end.
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
}

impl Page {
    fn of(&self, path: &str) -> String {
        let cursor = self.before.map_or_else(String::new, |before| format!("&cursor={before}"));
        format!("{path}?limit={}{cursor}", self.limit)
    }
}

impl Orders {
    pub(super) fn run(&self) -> Outcome {
        let answer = self.remote.client()?.get(&self.page.of("/v1/orders"))?;
        let row = |order: &Value| {
            let part = |key: &str| order[key].as_str().unwrap_or_default().to_owned();
            [order["number"].to_string(), part("at"), part("by"), words(order), part("why")]
        };
        self.remote.tell(&answer, |answer| told(answer, "orders", ["number", "when", "by", "what", "why"], row))
    }
}

/// What was ordered, in words.
fn words(order: &Value) -> String {
    let about = &order["about"];
    let part = |key: &str| about[key].as_str().unwrap_or_default();
    match order["what"].as_str().unwrap_or_default() {
        "tariff" => format!("tariff {} from {} on", about["version"], part("effective")),
        "rollout" => format!("{} {} to {}", part("kind"), part("id"), part("to")).replace("  ", " "),
        "accept" => format!("accept conflict {}", about["conflict"]),
        "payer" if about["removed"] == true => format!("{} pays no more", part("id")),
        "payer" => format!("{} pays, {}", part("id"), part("collection")),
        "bill" if about["cancelled"] == true => format!("call {} off", part("bill")),
        "bill" => format!("bill again what is on {}", part("bill")),
        "adopt" => "take over what Stripe has".to_owned(),
        "snapshot" => "take a snapshot".to_owned(),
        "run" => "bill what is due".to_owned(),
        "reconcile" => "compare every bill with Stripe".to_owned(),
        "token" if about["removed"] == true => format!("token {} is no more", part("token")),
        "token" => format!("token {} allows {}", part("token"), part("allows")),
        "erase" => format!("erase what was kept of {}", part("id")),
        "close" => format!("close all before {}", part("open_from")),
        what => format!("{what} {}{}", part("transaction"), part("name")),
    }
}

impl Undecided {
    pub(super) fn run(&self) -> Outcome {
        let answer = self.remote.client()?.get(&self.page.of("/v1/undecided"))?;
        let row = |message: &Value| {
            let part = |key: &str| message[key].as_str().unwrap_or("none").to_owned();
            let event = format!("{}/{}", part("feed"), part("source_id"));
            [event, part("type"), part("citizen"), part("receiver_digest"), part("occurred_at")]
        };
        let header = ["message", "type", "from", "to (a digest)", "when"];
        self.remote.tell(&answer, |answer| told(answer, "undecided", header, row))
    }
}

fn told<const N: usize>(
    answer: &Value,
    key: &str,
    header: [&'static str; N],
    row: impl Fn(&Value) -> [String; N],
) -> String {
    let rows: Vec<[String; N]> = answer[key].as_array().into_iter().flatten().map(row).collect();
    let table = if rows.is_empty() { "none\n".to_owned() } else { columns(header, &rows) };
    match answer["next"].as_u64() {
        Some(next) => format!("{table}more: --before {next}\n"),
        None => table,
    }
}
