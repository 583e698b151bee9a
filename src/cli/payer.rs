//! `rialto payer`: who pays, and on what terms.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Outcome;
use super::client::{Remote, Signature, encoded};
use super::columns::columns;
use crate::domain::money::{Currency, Sum};
use crate::domain::payers;

/// Show who pays, put somebody on the list, or take somebody off.
#[derive(Debug, Args)]
pub struct Payer {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put a client, business or citizen on the list of those who pay, or change his terms.
    ///
    /// He pays for what is posted from then on. What is not said stays as it is. With an e-mail address the sidecar makes
    /// him a customer at Stripe, once however often this is said; the address and the name are kept there, and here sealed
    /// with a key that `rialto erase` destroys.
    Add(Add),
    /// Take somebody off the list: what comes later is not his; what he owes, he still owes.
    Remove(Remove),
    /// List who pays.
    List(List),
    /// Show what is personal of somebody: the e-mail address and the name that are kept of him.
    Show(Show),
    /// Ask Stripe whether somebody can be billed: his customer, e-mail or payment method, currency, and where he is.
    ///
    /// It exits with 1 where he cannot.
    Check(Check),
}

#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    remote: Remote,
    /// The client, business or citizen.
    id: String,
}

impl Check {
    fn run(&self) -> Outcome {
        let answer = self.remote.client()?.get(&format!("/v1/payers/{}/check", encoded(&self.id)))?;
        let is_ready = answer["ready"] == true;
        self.remote.tell(&answer, |answer| {
            let faults = answer["faults"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let lines: Vec<String> = faults.map(|fault| format!("{}: {fault}\n", self.id)).collect();
            if lines.is_empty() { format!("{} can be billed\n", self.id) } else { lines.concat() }
        })?;
        Ok(if is_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// The client, business or citizen.
    id: String,
    /// The customer's id at Stripe; only with one he can be billed.
    #[arg(long, value_name = "cus_…", value_parser = customer)]
    customer: Option<String>,
    /// Make him a customer at Stripe, to whom invoices are sent here.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "customer")]
    email: Option<String>,
    /// What is on his invoices as his name.
    #[arg(long, requires = "email")]
    name: Option<String>,
    /// Make him a customer anew, by the address and the name that are kept of him: with another key of Stripe's, such as
    /// after trying in test mode, as long as no bill was drawn there.
    #[arg(long, conflicts_with_all = ["customer", "email"])]
    anew: bool,
    /// In what he pays [default: EUR].
    #[arg(long, value_name = "CODE", value_parser = currency)]
    currency: Option<String>,
    /// Whether invoices are sent to him, or his default payment method is charged [default: send].
    #[arg(long, value_enum)]
    collection: Option<Collection>,
    /// Within how many days an invoice that is sent is to be paid [default: 30].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=i64::from(payers::Collection::DAYS_MAX)))]
    days: Option<u16>,
    /// What an invoice of his comes to at least [default: as configured].
    #[arg(long, value_name = "AMOUNT", value_parser = minimum)]
    minimum: Option<String>,
    /// The tax on his invoices: none, automatic, or tax rates of the account joined by commas [default: none].
    #[arg(long, value_name = "none|automatic|txr_…", value_parser = tax)]
    tax: Option<String>,
}

fn customer(text: &str) -> Result<String, &'static str> {
    if payers::is_customer(text) { Ok(text.to_owned()) } else { Err(payers::CUSTOMER) }
}

fn currency(text: &str) -> Result<String, &'static str> {
    let known = Currency::parse(text).filter(|currency| currency.is_known());
    known.map(|currency| currency.to_string()).ok_or("a currency is an ISO 4217 code such as EUR")
}

fn minimum(text: &str) -> Result<String, &'static str> {
    let amount = Sum::parse(text).filter(|sum| 0 <= sum.0 && i64::try_from(sum.0).is_ok());
    amount.map(|_| text.to_owned()).ok_or("an amount is nothing or more, such as 10.00")
}

fn tax(text: &str) -> Result<String, &'static str> {
    let is_rates = || text.split(',').map(str::trim).all(payers::is_tax_rate);
    match text {
        "none" | "automatic" => Ok(text.to_owned()),
        _ if is_rates() => Ok(text.to_owned()),
        _ => Err(
            "the tax is none, automatic, or tax rates of the account such as txr_1MnyhGLkdIwHu7ixbzGhwrXU, joined by commas",
        ),
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Collection {
    /// Invoices are sent.
    Send,
    /// The default payment method is charged.
    Charge,
}

#[derive(Debug, Args)]
struct Remove {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// Who is on the list.
    id: String,
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    remote: Remote,
    /// The client, business or citizen.
    id: String,
}

/// Erase what is personal of somebody: the key to it is destroyed, and nobody reads it any more, here or in a backup.
///
/// Nothing that was written changes: what was earned and paid under his id, the digest of every backup, and what `rialto
/// verify` finds; that he was erased is one more order. What Stripe has of him is erased there. He stays on the list of
/// those who pay until `rialto payer remove` takes him off.
#[derive(Debug, Args)]
pub struct Erase {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// The client, business or citizen.
    id: String,
}

impl Erase {
    pub(super) fn run(&self) -> Outcome {
        let body = self.signature.sign(json!({ "id": self.id }));
        let answer = self.remote.client()?.post("/v1/admin/erase", &body)?;
        self.remote.tell(&answer, |answer| {
            let id = &self.id;
            let mut text = format!("what was kept of {id} is erased: its key is destroyed\n");
            if let Some(customer) = answer["customer"].as_str() {
                text += &format!(
                    "Stripe still has {customer}: erase him there, https://dashboard.stripe.com/customers/{customer}\n"
                );
            }
            if answer["listed"] == true {
                text +=
                    &format!("{id} is still on the list of those who pay: `rialto payer remove {id}` takes him off\n");
            }
            text
        })
    }
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
                let body = add.signature.sign(add.body());
                let answer = add.remote.client()?.post("/v1/payers", &body);
                let answer =
                    answer.map_err(|failure| failure.given("`rialto payer add --help` shows how each is given"))?;
                add.remote.tell(&answer, told)
            }
            Command::Remove(remove) => {
                let body = remove.signature.sign(json!({ "id": remove.id }));
                remove.remote.tell(&remove.remote.client()?.post("/v1/payers/remove", &body)?, told)
            }
            Command::List(list) => list.remote.tell(&list.remote.client()?.get("/v1/payers")?, told),
            Command::Show(show) => {
                let answer = show.remote.client()?.get(&format!("/v1/admin/people/{}", encoded(&show.id)))?;
                show.remote.tell(&answer, |answer| {
                    let part = |key: &str| answer[key].as_str().unwrap_or("none").to_owned();
                    columns(["payer", "e-mail", "name"], &[[part("id"), part("email"), part("name")]])
                })
            }
            Command::Check(check) => check.run(),
        }
    }
}

impl Add {
    fn body(&self) -> Value {
        let mut body = json!({ "id": self.id });
        let mut say = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                body[key] = value;
            }
        };
        let collection = self.collection.map(|collection| match collection {
            Collection::Send => "send_invoice",
            Collection::Charge => "charge_automatically",
        });
        let tax = self.tax.as_ref().map(|tax| match tax.as_str() {
            word @ ("none" | "automatic") => json!(word),
            rates => rates.split(',').map(str::trim).collect(),
        });
        say("customer", self.customer.clone().map(Value::from));
        say("email", self.email.clone().map(Value::from));
        say("name", self.name.clone().map(Value::from));
        say("anew", self.anew.then_some(true).map(Value::from));
        say("currency", self.currency.clone().map(Value::from));
        say("collection", collection.map(Value::from));
        say("days", self.days.map(Value::from));
        say("minimum", self.minimum.clone().map(Value::from));
        say("tax", tax);
        body
    }
}

fn told(answer: &Value) -> String {
    let row = |payer: &Value| {
        let part = |key: &str| payer[key].as_str().map(str::to_owned);
        let how = match payer["days"].as_u64() {
            Some(days) => format!("invoices, {days} days"),
            None => "charged at once".to_owned(),
        };
        let tax = match payer["tax"].as_array() {
            Some(rates) => rates.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            None => part("tax").unwrap_or_default(),
        };
        [
            part("id").unwrap_or_default(),
            part("customer").unwrap_or_else(|| "none yet: cannot be billed".to_owned()),
            part("currency").unwrap_or_default(),
            how,
            part("minimum").unwrap_or_else(|| "as configured".to_owned()),
            tax,
        ]
    };
    match answer["payers"].as_array().map(Vec::as_slice).unwrap_or_default() {
        [] => "no payers\n".to_owned(),
        payers => columns(
            ["payer", "customer at Stripe", "currency", "how he pays", "at least", "tax"],
            &payers.iter().map(row).collect::<Vec<_>>(),
        ),
    }
}
