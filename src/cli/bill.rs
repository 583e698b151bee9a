//! `rialto bill`: what is due and what waits, what was invoiced and how it stands.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::Outcome;
use super::client::{Client, Remote, Signature};
use super::columns::columns;
use super::failure::Failure;

/// Show which invoices are due and why the rest waits; bill it; show how bills stand; compare them with Stripe.
#[derive(Debug, Args)]
pub struct Bill {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the invoices that are due now, to the cent, and why the rest waits. Nothing is sent.
    Plan(Plan),
    /// Bill what is due now, and wait until all of it is out: the very invoices that `plan` shows.
    Run(Run),
    /// List the bills and how they stand, the newest first.
    List(List),
    /// Show a bill with its lines, and the transactions of each; `rialto why tx_…` goes on from there.
    Show(Show),
    /// Call a bill off: its draft is deleted, or its invoice voided. What is on it waits until `again`.
    Cancel(Ordered),
    /// Bill what is on a bill that came to nothing, on the terms that its payer has now.
    Again(Ordered),
    /// Compare every bill with what there is at Stripe, to the cent. It exits with 1 where anything differs.
    ///
    /// A data folder that was copied or restored bills nothing: another one may have billed since. Once no other one
    /// bills any more, --adopt takes over what Stripe has, and billing goes on.
    Reconcile(Reconcile),
}

#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    remote: Remote,
    /// Do not wait: the sidecar goes on by itself.
    #[arg(long)]
    no_wait: bool,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    remote: Remote,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Those before this one.
    #[arg(long, value_name = "bill_…")]
    before: Option<String>,
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    remote: Remote,
    /// The bill, such as bill_7.
    bill: String,
}

#[derive(Debug, Args)]
struct Ordered {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// The bill, such as bill_7.
    bill: String,
}

#[derive(Debug, Args)]
struct Reconcile {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// Take over what Stripe has and the book has not, first.
    #[arg(long)]
    adopt: bool,
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
        match &self.command {
            Command::Plan(plan) => plan.run(),
            Command::Run(run) => run.run(),
            Command::List(list) => list.run(),
            Command::Show(show) => {
                show.remote.tell(&show.remote.client()?.get(&format!("/v1/bills/{}", show.bill))?, one)
            }
            Command::Cancel(ordered) => ordered.run("cancel"),
            Command::Again(ordered) => ordered.run("again"),
            Command::Reconcile(reconcile) => reconcile.run(),
        }
    }
}

impl Plan {
    fn run(&self) -> Outcome {
        let plan = self;
        let encoded =
            |id: &String| percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string();
        let payer = plan.payer.as_ref().map(|id| format!("payer={}", encoded(id)));
        let query: Vec<String> = payer.into_iter().chain(plan.lines.then(|| "lines=true".to_owned())).collect();
        plan.remote.tell(&plan.remote.client()?.get(&format!("/v1/bills/plan?{}", query.join("&")))?, told)
    }
}

/// An amount of nothing, as it is written.
const NOTHING: &str = "0.00";

/// How often it is asked how far something is.
const PAUSE: Duration = Duration::from_millis(250);

impl Run {
    fn run(&self) -> Outcome {
        let client = self.remote.client()?;
        let begun = client.post("/v1/bills/run", &json!({}))?;
        let all = begun["walking"].as_u64().unwrap_or_default();
        if !self.no_wait && 0 < all {
            let bar = progress(all, "bills are out");
            loop {
                let left = client.get("/v1/bills?limit=1")?;
                if let Some(why) = left["rests"].as_str() {
                    bar.finish_and_clear();
                    return Err(format!("the biller rests: {why}").into());
                }
                let left = left["walking"].as_u64().unwrap_or_default();
                bar.set_position(all.saturating_sub(left));
                if left == 0 {
                    break;
                }
                std::thread::sleep(PAUSE);
            }
            bar.finish_and_clear();
        }
        self.remote.tell(&begun, |begun| match begun["drawn"].as_u64().unwrap_or_default() {
            0 => "nothing is due; `rialto bill plan` says why\n".to_owned(),
            drawn => format!("{drawn} drawn; `rialto bill list` shows how they stand\n"),
        })
    }
}

impl List {
    fn run(&self) -> Outcome {
        let before = self.before.as_ref().map(|before| format!("&before={before}")).unwrap_or_default();
        let answer = self.remote.client()?.get(&format!("/v1/bills?limit={}{before}", self.limit))?;
        self.remote.tell(&answer, |answer| {
            let part = |bill: &Value, key: &str| bill[key].as_str().unwrap_or("-").to_owned();
            let row = |bill: &Value| {
                let amount = format!("{} {}{}", part(bill, "amount"), part(bill, "currency"), taxed(bill));
                let trouble = bill["fault"]["message"].as_str().or(bill["failed"]["code"].as_str());
                let next = trouble.map_or_else(|| part(bill, "next"), str::to_owned);
                [part(bill, "bill"), part(bill, "payer"), amount, part(bill, "status"), part(bill, "collected"), next]
            };
            let rows: Vec<_> = answer["bills"].as_array().into_iter().flatten().map(row).collect();
            let rests = answer["rests"].as_str().map(|why| format!("the biller rests: {why}\n")).unwrap_or_default();
            match rows.is_empty() {
                true => format!("{rests}there is no bill\n"),
                false => rests + &columns(["bill", "payer", "amount", "status", "collected", "next or wrong"], &rows),
            }
        })
    }
}

impl Ordered {
    fn run(&self, what: &str) -> Outcome {
        let body = self.signature.sign(json!({}));
        let answer = self.remote.client()?.post(&format!("/v1/bills/{}/{what}", self.bill), &body)?;
        self.remote.tell(&answer, one)
    }
}

impl Reconcile {
    fn run(&self) -> Outcome {
        let client = self.remote.client()?;
        let order = match self.adopt {
            true => self.signature.sign(json!({ "adopt": true })),
            false => json!({}),
        };
        let answer = reconciled(&client, &order)?;
        if let Some(why) = answer["why"].as_str() {
            return Err(format!("it could not be compared: {why}").into());
        }
        let is_clean = answer["clean"] == true;
        self.remote.tell(&answer, |answer| {
            let part = |found: &Value, key: &str| found[key].as_str().unwrap_or("-").to_owned();
            let row = |found: &Value| ["bill", "invoice", "what", "book", "stripe"].map(|key| part(found, key));
            let rows: Vec<_> = answer["differences"].as_array().into_iter().flatten().map(row).collect();
            let counted = format!("{} bills, {} invoices at Stripe", answer["bills"], answer["invoices"]);
            let compared = match rows.is_empty() {
                true => format!("{counted}: the same to the cent\n"),
                false => {
                    let header = ["bill", "invoice", "differs in", "the book", "Stripe"];
                    columns(header, &rows) + &format!("\n{counted}, {} differences\n", rows.len())
                }
            };
            compared + &carried_over(answer)
        })?;
        Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Of whom whole amounts are carried since something was taken over, and what is to be done about it.
fn carried_over(answer: &Value) -> String {
    let mut text = String::new();
    for carried in answer["carried"].as_array().into_iter().flatten() {
        let [payer, currency, amount] = ["payer", "currency", "amount"].map(|key| carried[key].as_str().unwrap_or("-"));
        let what = match amount.starts_with('-') {
            true => "was billed for what this book does not have: hand in again what came since the copy was made",
            false => "was billed less than this book has: repeat the orders given since the copy was made",
        };
        text += &format!("{payer} {what} ({amount} {currency}); nothing is billed to him before `rialto bill run`\n");
    }
    text
}

/// What a reconciliation comes to, once it is done.
fn reconciled(client: &Client, order: &Value) -> Result<Value, Failure> {
    let mut answer = client.post("/v1/bills/reconcile", order)?;
    let bar = progress(0, "bills are compared");
    while answer["state"] == "running" {
        bar.set_length(answer["of"].as_u64().unwrap_or_default());
        bar.set_position(answer["done"].as_u64().unwrap_or_default());
        std::thread::sleep(PAUSE);
        answer = client.get("/v1/bills/reconcile")?;
    }
    bar.finish_and_clear();
    Ok(answer)
}

fn progress(all: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} {msg}, {elapsed}");
    ProgressBar::new(all).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
}

/// The taxes of a bill, beside its amount, where it has any.
fn taxed(bill: &Value) -> String {
    bill["tax"].as_str().filter(|tax| *tax != NOTHING).map(|tax| format!(" + {tax} tax")).unwrap_or_default()
}

/// A bill, with its lines where it has them.
fn one(bill: &Value) -> String {
    let part = |value: &Value, key: &str| value[key].as_str().unwrap_or("-").to_owned();
    let tax = taxed(bill);
    let with_tax = if tax.is_empty() { "" } else { " with tax" };
    let mut text = format!(
        "{} to {}: {} {}{tax}, {}; invoice {}; paid {}{with_tax}, fees {}, collected {}\n",
        part(bill, "bill"),
        part(bill, "payer"),
        part(bill, "amount"),
        part(bill, "currency"),
        part(bill, "status"),
        part(bill, "invoice"),
        part(bill, "paid"),
        part(bill, "fees"),
        part(bill, "collected"),
    );
    if let Some(code) = bill["failed"]["code"].as_str() {
        text += &format!("{} failed {} times: {code}\n", part(&bill["failed"], "step"), bill["failed"]["times"]);
    }
    if let Some(fault) = bill["fault"]["message"].as_str() {
        text += &format!("it goes no further: {fault}\n");
    }
    let row = |line: &Value| {
        let transactions = line["transactions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let shown: Vec<&str> = transactions.iter().filter_map(Value::as_str).take(3).collect();
        let more = if 3 < transactions.len() { format!(" and {} more", transactions.len() - 3) } else { String::new() };
        let of = shown.join(" ") + &more;
        [part(line, "date"), part(line, "earner"), part(line, "rule"), part(line, "amount"), part(line, "exact"), of]
    };
    let lines: Vec<_> = bill["lines"].as_array().into_iter().flatten().map(row).collect();
    if !lines.is_empty() {
        text += "\n";
        text += &columns(["date", "earned by", "rule", "amount", "exactly", "transactions"], &lines);
    }
    text
}

fn told(answer: &Value) -> String {
    let part = |value: &Value, key: &str| value[key].as_str().unwrap_or("-").to_owned();
    let list = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
    let (invoices, waiting) = (list("invoices"), list("waiting"));
    let mut text = String::new();
    let bill = |bill: &Value| {
        let how = match bill["credits"].as_str() {
            Some(of) => format!("a credit note on {of}"),
            None => bill["days"].as_u64().map_or("charged".to_owned(), |days| format!("{days} days")),
        };
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
    let again = list("again");
    if !again.is_empty() {
        let row = |again: &Value| {
            [
                part(again, "bill"),
                part(again, "payer"),
                format!("{} {}", part(again, "amount"), part(again, "currency")),
            ]
        };
        text += if text.is_empty() { "" } else { "\n" };
        text += &columns(["in the place of", "invoice to", "amount"], &again.iter().map(row).collect::<Vec<_>>());
    }
    text += &carried_over(answer);
    for total in list("totals") {
        text += if text.is_empty() { "" } else { "\n" };
        text += &format!(
            "{}: {} owed; {} due, {} waits, {} is carried",
            part(&total, "currency"),
            part(&total, "owed"),
            part(&total, "due"),
            part(&total, "waiting"),
            part(&total, "carried"),
        );
        let nobodys = part(&total, "without_payer");
        text += &if nobodys == NOTHING { "\n".to_owned() } else { format!("; {nobodys} has no payer\n") };
        let earned = total["earned"].as_str().map(|earned| format!("{earned} earned live; ")).unwrap_or_default();
        text += &format!(
            "     {earned}{} collectable: {} due and {} invoiced, less some {} for Stripe; {} collected\n",
            part(&total, "collectable"),
            part(&total, "due"),
            part(&total, "invoiced"),
            part(&total, "fees"),
            part(&total, "collected"),
        );
        let taxes = ["invoiced_tax", "collected_tax"].map(|key| part(&total, key));
        if taxes.iter().any(|tax| tax != NOTHING) {
            let [invoiced, collected] = taxes;
            text += &format!("     taxes are beside that: {invoiced} invoiced, {collected} collected\n");
        }
    }
    if text.is_empty() { "nothing is owed\n".to_owned() } else { text }
}
