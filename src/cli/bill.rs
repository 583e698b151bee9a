//! `rialto bill`: what is invoiced, and what waits.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Outcome;
use super::client::Remote;
use super::columns::columns;

/// Show which invoices are due, and why what else is owed waits.
#[derive(Debug, Args)]
pub struct Bill {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the invoices that are due now, to the cent, and why the rest waits. Nothing is sent.
    Plan(Plan),
}

#[derive(Debug, Args)]
struct Plan {
    #[command(flatten)]
    remote: Remote,
    /// Of this payer alone, with every line.
    #[arg(long, value_name = "ID")]
    payer: Option<String>,
    /// With the lines of all invoices.
    #[arg(long)]
    lines: bool,
}

impl Bill {
    pub(super) fn run(&self) -> Outcome {
        let Command::Plan(plan) = &self.command;
        let encoded =
            |id: &String| percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string();
        let payer = plan.payer.as_ref().map(|id| format!("payer={}", encoded(id)));
        let query: Vec<String> = payer.into_iter().chain(plan.lines.then(|| "lines=true".to_owned())).collect();
        plan.remote.tell(&plan.remote.client()?.get(&format!("/v1/bills/plan?{}", query.join("&")))?, told)
    }
}

fn told(answer: &Value) -> String {
    let part = |value: &Value, key: &str| value[key].as_str().unwrap_or("-").to_owned();
    let list = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
    let (invoices, waiting) = (list("invoices"), list("waiting"));
    let mut text = String::new();
    let bill = |bill: &Value| {
        let how = bill["days"].as_u64().map_or("charged".to_owned(), |days| format!("{days} days"));
        let fee = format!("{} ({} %)", part(bill, "fee"), part(bill, "fee_share"));
        let amount = format!("{} {}", part(bill, "amount"), part(bill, "currency"));
        let range = format!("{} to {}", part(bill, "from"), part(bill, "to"));
        [part(bill, "payer"), amount, fee, bill["items"].to_string(), range, how]
    };
    if !invoices.is_empty() {
        let header = ["invoice to", "amount", "fee expected", "lines", "of what is his from", "to be paid"];
        text += &columns(header, &invoices.iter().map(bill).collect::<Vec<_>>());
    }
    for invoice in invoices.iter().filter(|invoice| invoice["lines"].is_array()) {
        let line = |line: &Value| {
            let earner = part(line, "earner");
            [
                part(line, "date"),
                earner,
                part(line, "rule"),
                line["transactions"].to_string(),
                part(line, "amount"),
                part(line, "exact"),
            ]
        };
        let lines: Vec<_> = invoice["lines"].as_array().into_iter().flatten().map(line).collect();
        text += &format!("\n{}:\n", part(invoice, "payer"));
        text += &columns(["date", "earned by", "rule", "transactions", "amount", "exactly"], &lines);
    }
    if !waiting.is_empty() {
        let row = |rest: &Value| {
            let owed = format!("{} {}", part(rest, "owed"), part(rest, "currency"));
            [part(rest, "payer"), owed, part(rest, "since"), part(rest, "help")]
        };
        text += if text.is_empty() { "" } else { "\n" };
        text += &columns(["waits", "owed", "since", "why"], &waiting.iter().map(row).collect::<Vec<_>>());
    }
    for total in list("totals") {
        text += if text.is_empty() { "" } else { "\n" };
        text += &format!(
            "{}: {} owed; {} due, of which Stripe takes some {}; {} waits, {} is carried",
            part(&total, "currency"),
            part(&total, "owed"),
            part(&total, "due"),
            part(&total, "fees"),
            part(&total, "waiting"),
            part(&total, "carried"),
        );
        let nobodys = part(&total, "without_payer");
        text += &if nobodys == "0.00" { "\n".to_owned() } else { format!("; {nobodys} has no payer\n") };
    }
    if text.is_empty() { "nothing is owed\n".to_owned() } else { text }
}
