//! `rialto bill`: what is due and what waits, what was invoiced and how it stands.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::client::{Client, Remote, Signature, encoded};
use super::columns::columns;
use super::failure::Failure;
use super::running::Run;
use super::{Outcome, plain};
use crate::domain::bills::BillNo;

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
    /// Bill what is due now, the very invoices that `plan` shows, and wait until they and all that were under way are out.
    ///
    /// Those that cannot go out are named, with Stripe's code and the way on; then it exits with 1.
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
struct List {
    #[command(flatten)]
    remote: Remote,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Those before this one.
    #[arg(long, value_name = "bill_…", value_parser = bill)]
    before: Option<BillNo>,
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    remote: Remote,
    /// The bill, such as bill_7.
    #[arg(value_parser = bill)]
    bill: BillNo,
}

#[derive(Debug, Args)]
struct Ordered {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// The bill, such as bill_7.
    #[arg(value_parser = bill)]
    bill: BillNo,
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

fn bill(text: &str) -> Result<BillNo, String> {
    BillNo::parse(text).ok_or_else(|| "a bill is written bill_42".to_owned())
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
            Command::Cancel(ordered) => ordered.remote.tell(&ordered.give("cancel")?, cancelled),
            Command::Again(ordered) => ordered.again(),
            Command::Reconcile(reconcile) => reconcile.run(),
        }
    }
}

impl Plan {
    fn run(&self) -> Outcome {
        let plan = self;
        let payer = plan.payer.as_ref().map(|id| format!("payer={}", encoded(id)));
        let query: Vec<String> = payer.into_iter().chain(plan.lines.then(|| "lines=true".to_owned())).collect();
        plan.remote.tell(&plan.remote.client()?.get(&format!("/v1/bills/plan?{}", query.join("&")))?, told)
    }
}

/// An amount of nothing, as it is written.
const NOTHING: &str = "0.00";

/// How often it is asked how far something is.
pub(super) const PAUSE: Duration = Duration::from_millis(250);

/// A bill that can be drawn again is drawn within this.
const DRAWN_WITHIN: Duration = Duration::from_secs(5);

impl List {
    fn run(&self) -> Outcome {
        let before = self.before.map(|before| format!("&before={before}")).unwrap_or_default();
        let answer = self.remote.client()?.get(&format!("/v1/bills?limit={}{before}", self.limit))?;
        self.remote.tell(&answer, |answer| {
            let part = |bill: &Value, key: &str| bill[key].as_str().unwrap_or("-").to_owned();
            let row = |bill: &Value| {
                let amount = format!("{} {}{}", part(bill, "amount"), part(bill, "currency"), taxed(bill));
                let trouble = bill["fault"]["message"].as_str().or(bill["failed"]["code"].as_str());
                let next = trouble.map_or_else(|| next(bill), str::to_owned);
                [part(bill, "bill"), part(bill, "payer"), amount, part(bill, "status"), part(bill, "collected"), next]
            };
            let rows: Vec<_> = answer["bills"].as_array().into_iter().flatten().map(row).collect();
            let rests = answer["rests"].as_str().map(|why| format!("the biller rests: {why}\n")).unwrap_or_default();
            match rows.is_empty() {
                true => format!("{rests}there is no bill\n"),
                false => {
                    rests
                        + &columns(["bill", "payer", "amount", "status", "collected", "what is next, or wrong"], &rows)
                }
            }
        })
    }
}

impl Ordered {
    fn give(&self, what: &str) -> Result<Value, Failure> {
        let body = self.signature.sign(json!({}));
        self.remote.client()?.post(&format!("/v1/bills/{}/{what}", self.bill), &body)
    }

    /// Orders it, and waits a moment for the bill that takes its place.
    fn again(&self) -> Outcome {
        let mut bill = self.give("again")?;
        let (client, since) = (self.remote.client()?, Instant::now());
        while bill["reissued_by"].is_null() && since.elapsed() < DRAWN_WITHIN {
            std::thread::sleep(PAUSE);
            bill = client.get(&format!("/v1/bills/{}", self.bill))?;
        }
        self.remote.tell(&bill, |bill| {
            let payer = plain::line(bill["payer"].as_str().unwrap_or_default());
            let waits = format!(
                "another one takes its place once {payer} can be billed in {}: see `rialto payer check {payer}`\n",
                bill["currency"].as_str().unwrap_or_default()
            );
            one(bill) + if bill["reissued_by"].is_null() { &waits } else { "" }
        })
    }
}

/// A bill that was just called off.
fn cancelled(bill: &Value) -> String {
    let again = format!(
        "what is on it is billed by nobody until `rialto bill again {}`\n",
        bill["bill"].as_str().unwrap_or_default()
    );
    // What a credit note would have given is carried.
    one(bill) + if bill["credits"].is_null() { &again } else { "" }
}

impl Reconcile {
    fn run(&self) -> Outcome {
        let client = self.remote.client()?;
        let order = self.signature.sign(json!({ "adopt": self.adopt }));
        let answer = reconciled(&client, &order)?;
        if let Some(why) = answer["why"].as_str() {
            let why = format!("it could not be compared: {why}");
            let failure =
                Failure::faulty("not_compared", why, "it can be ordered again at any time; the log says more");
            return Err(failure.told_in_json(self.remote.json).into());
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

pub(super) fn progress(all: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} {msg}, {elapsed}");
    ProgressBar::new(all).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
}

/// The taxes of a bill, beside its amount, where it has any.
fn taxed(bill: &Value) -> String {
    bill["tax"].as_str().filter(|tax| *tax != NOTHING).map(|tax| format!(" + {tax} tax")).unwrap_or_default()
}

/// What a bill waits for, where that is ours.
fn next(bill: &Value) -> String {
    let words = match bill["next"].as_str() {
        None => "-",
        Some("look") => "Stripe is asked how it stands",
        Some("create") => "to be made at Stripe",
        Some("lines") => "lines to be added",
        Some("finalise") => "to be finalised",
        Some("send") => "to be sent",
        Some("pay") => "to be charged",
        Some("delete") => "its draft to be deleted",
        Some("void") => "to be voided",
        Some("credit") => "to be issued",
        Some(next) => next,
    };
    words.to_owned()
}

/// What keeps a bill from going out, if anything does.
pub(super) fn trouble(bill: &Value) -> Option<String> {
    if let Some(fault) = bill["fault"]["message"].as_str() {
        return Some(format!("it goes no further: {fault}"));
    }
    let is_over = bill["status"] == "void";
    if let Some(failed) = bill["failed"].as_object().filter(|_| !is_over) {
        let part = |key: &str| failed.get(key).and_then(Value::as_str);
        let words = part("message").map(|words| format!(" ({words})")).unwrap_or_default();
        let again = part("again_at").map(|at| format!("; it is tried again at {at}")).unwrap_or_default();
        let times = match failed.get("times").and_then(Value::as_u64) {
            None | Some(0) => "did not go through".to_owned(),
            Some(1) => "failed".to_owned(),
            Some(times) => format!("failed {times} times"),
        };
        let [step, code] = ["step", "code"].map(|key| part(key).unwrap_or("-"));
        return Some(format!("{step} {times}: {code}{words}{again}"));
    }
    match bill["dropped"].as_str() {
        Some(why) if is_over && why != "ordered" && bill["reissued_by"].is_null() => {
            Some(format!("it came to nothing: {why}; `rialto bill again` lets another one take its place"))
        }
        _ => None,
    }
}

/// A bill, with its lines where it has them.
fn one(bill: &Value) -> String {
    let part = |value: &Value, key: &str| value[key].as_str().unwrap_or("-").to_owned();
    let tax = taxed(bill);
    let with_tax = if tax.is_empty() { "" } else { " with tax" };
    let kind = bill["credits"].as_str().map(|of| format!("a credit note on {of}, ")).unwrap_or_default();
    let mut text = format!(
        "{} to {}: {kind}{} {}{tax}, {}; {} {}; paid {}{with_tax}",
        part(bill, "bill"),
        part(bill, "payer"),
        part(bill, "amount"),
        part(bill, "currency"),
        part(bill, "status"),
        if kind.is_empty() { "invoice" } else { "at Stripe" },
        part(bill, "invoice"),
        part(bill, "paid"),
    );
    for (key, what) in [("credited", "taken off by credit notes"), ("refunded", "refunded"), ("disputed", "disputed")] {
        let amount = part(bill, key);
        text += &if amount == NOTHING { String::new() } else { format!(", {what} {amount}") };
    }
    text += &format!(", fees {}, collected {}\n", part(bill, "fees"), part(bill, "collected"));
    if let Some(former) = bill["reissues"].as_str() {
        text += &format!("it takes the place of {former}\n");
    }
    if let Some(next) = bill["reissued_by"].as_str() {
        text += &format!("{next} takes its place\n");
    }
    if let Some(trouble) = trouble(bill) {
        text += &format!("{trouble}\n");
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
            "{}: {} owed; {} due, {} waits{}",
            part(&total, "currency"),
            part(&total, "owed"),
            part(&total, "due"),
            part(&total, "waiting"),
            carried(&part(&total, "carried")),
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
        let withdrawn = part(&total, "withdrawn");
        if withdrawn != NOTHING {
            text += &format!(
                "     {withdrawn} is on bills that came to nothing, and nobody is asked for it: `rialto bill list` shows \
                 which, and `rialto bill again` bills one once more\n"
            );
        }
        let taxes = ["invoiced_tax", "collected_tax"].map(|key| part(&total, key));
        if taxes.iter().any(|tax| tax != NOTHING) {
            let [invoiced, collected] = taxes;
            text += &format!("     taxes are beside that: {invoiced} invoiced, {collected} collected\n");
        }
    }
    if text.is_empty() { "nothing is owed\n".to_owned() } else { text }
}

/// What is left of what is due for the invoices after it, or came to it from those before.
fn carried(more: &str) -> String {
    match more.strip_prefix('-') {
        _ if more == NOTHING => String::new(),
        None => format!(", {more} too small for an invoice is carried to the next ones"),
        Some(less) => format!(", with {less} that the last invoices carried to these"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_note_names_the_bill_that_it_is_on_and_a_bill_what_was_taken_off_it() {
        let note = json!({ "bill": "bill_2", "payer": "Ada", "amount": "-20.00", "currency": "EUR", "status": "issued",
            "invoice": "cn_1", "paid": "0.00", "credited": "0.00", "credits": "bill_1" });
        assert!(one(&note).starts_with("bill_2 to Ada: a credit note on bill_1, -20.00 EUR, issued; at Stripe cn_1;"));
        let bill = json!({ "paid": "0.00", "credited": "20.00", "refunded": "0.00", "disputed": "3.00" });
        assert!(one(&bill).contains("; paid 0.00, taken off by credit notes 20.00, disputed 3.00, fees"));
    }

    #[test]
    fn what_is_carried_on_and_what_was_carried_here_are_told_apart() {
        assert_eq!(carried("0.00"), "");
        assert_eq!(carried("0.003333"), ", 0.003333 too small for an invoice is carried to the next ones");
        assert_eq!(carried("-0.0025"), ", with 0.0025 that the last invoices carried to these");
    }

    #[test]
    fn what_failed_is_told_with_its_code_in_words_and_when_it_is_tried_again() {
        let failed = |times: u64, message: Value, again_at: Value| {
            let failed =
                json!({ "step": "pay", "code": "c", "times": times, "message": message, "again_at": again_at });
            trouble(&json!({ "status": "open", "failed": failed })).unwrap_or_default()
        };
        assert_eq!(failed(0, Value::Null, Value::Null), "pay did not go through: c");
        assert_eq!(failed(1, json!("busy"), json!("noon")), "pay failed: c (busy); it is tried again at noon");
        assert_eq!(failed(3, Value::Null, Value::Null), "pay failed 3 times: c");
        let nothing = json!({ "status": "void", "dropped": "resource_missing", "failed": { "step": "create" } });
        assert!(trouble(&nothing).is_some_and(|told| told.starts_with("it came to nothing: resource_missing;")));
        for bill in [json!({ "status": "void", "dropped": "ordered" }), json!({ "status": "open", "next": null })] {
            assert_eq!(trouble(&bill), None);
        }
    }
}
