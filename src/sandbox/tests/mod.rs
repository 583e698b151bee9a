//! What the sandbox promises, claim by claim.

mod credit;
mod invoicing;
mod keys;
mod laws;
mod lists;
mod objects;
mod served;
mod strict;
mod webhooks;

use serde_json::Value;

use super::{Faults, Outcome, Sandbox};
use crate::billing::call::{Call, Method, Reply};

/// A day in September 2026.
const START: i64 = 1_789_000_000;
const DAY: i64 = 86_400;

/// A sandbox and a clock beside it.
#[derive(Clone)]
struct Desk {
    sandbox: Sandbox,
    now: i64,
}

impl Desk {
    fn new() -> Desk {
        Desk { sandbox: Sandbox::new(1), now: START }
    }

    fn ask(&mut self, call: &Call) -> Reply {
        match self.sandbox.call(call, self.now) {
            Outcome::Answered { reply, .. } => reply,
            Outcome::Lost => panic!("{call:?} was lost"),
        }
    }

    /// The status and what was answered.
    fn told(&mut self, method: Method, path: &str, form: &str) -> (u16, Value) {
        let reply = self.ask(&call(method, path, form, None));
        (reply.status, serde_json::from_str(&reply.body).unwrap())
    }

    /// What was answered to a call that is right.
    fn good(&mut self, method: Method, path: &str, form: &str) -> Value {
        let (status, answer) = self.told(method, path, form);
        assert_eq!(status, 200, "{path} {form}: {answer}");
        answer
    }

    fn post(&mut self, path: &str, form: &str) -> Value {
        self.good(Method::Post, path, form)
    }

    fn get(&mut self, path: &str, form: &str) -> Value {
        self.good(Method::Get, path, form)
    }

    /// The status, the code and the parameter of a call that is wrong.
    fn bad(&mut self, method: Method, path: &str, form: &str) -> (u16, String, String) {
        let (status, answer) = self.told(method, path, form);
        assert_ne!(status, 200, "{path} {form}: {answer}");
        let error = |name: &str| answer["error"][name].as_str().unwrap_or_default().to_owned();
        assert!(!error("type").is_empty() && !error("message").is_empty(), "{answer}");
        (status, error("code"), error("param"))
    }

    fn customer(&mut self, form: &str) -> String {
        id(&self.post("/v1/customers", form))
    }

    /// An invoice that is to be sent, still a draft, with these lines.
    fn draft(&mut self, customer: &str, amounts: &[i64]) -> String {
        let form = format!("customer={customer}&collection_method=send_invoice&days_until_due=14");
        let invoice = id(&self.post("/v1/invoices", &form));
        if !amounts.is_empty() {
            self.post(&format!("/v1/invoices/{invoice}/add_lines"), &lines(amounts));
        }
        invoice
    }

    /// An invoice that is open.
    fn open(&mut self, customer: &str, amounts: &[i64]) -> String {
        let invoice = self.draft(customer, amounts);
        self.step(&invoice, "finalize");
        invoice
    }

    fn step(&mut self, invoice: &str, step: &str) -> Value {
        self.post(&format!("/v1/invoices/{invoice}/{step}"), "")
    }

    fn invoice(&mut self, invoice: &str) -> Value {
        self.get(&format!("/v1/invoices/{invoice}"), "")
    }

    /// The kinds of all events, the oldest first.
    fn kinds(&mut self) -> Vec<String> {
        let events = self.get("/v1/events", "limit=100");
        let kinds = events["data"].as_array().unwrap().iter().rev();
        kinds.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

fn call(method: Method, path: &str, form: &str, key: Option<&str>) -> Call {
    Call { method, path: path.to_owned(), form: form.to_owned(), key: key.map(str::to_owned) }
}

fn lines(amounts: &[i64]) -> String {
    let line = |(place, amount)| format!("lines[{place}][amount]={amount}&lines[{place}][metadata][line]={place}");
    amounts.iter().enumerate().map(line).collect::<Vec<_>>().join("&")
}

fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

/// The ids in a list.
fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(id).collect()
}
