//! Orders to the sandbox itself, under `/sandbox`: what customers and banks do, what time it is, what goes wrong.

use std::sync::atomic::Ordering;

use super::House;
use super::answer::refusal;
use crate::billing::call::Reply;
use crate::sandbox::form::Form;
use crate::sandbox::json::{Object, array};
use crate::sandbox::problem::Problem;
use crate::sandbox::{Cannot, Faults, Sandbox, SeenInvoice};

/// Does what is ordered.
pub(super) fn order(house: &House, method: &str, path: &str, body: &str) -> Reply {
    let done = Form::parse(body, None).and_then(|form| obey(house, method, path, form));
    match done {
        Ok(body) => Reply { status: 200, body, ..Reply::default() },
        Err(problem) => refusal(&problem),
    }
}

fn obey(house: &House, method: &str, path: &str, mut form: Form) -> Result<String, Problem> {
    let parts: Vec<&str> = path.split('/').skip(2).collect();
    match (method, &*parts) {
        ("GET", []) => return form.end().map(|()| summary(&house.sandbox(), house.now())),
        ("GET", ["invoices"]) => return form.end().map(|()| invoices(&house.sandbox())),
        ("POST", ["clock"]) => {
            let seconds = form.within("seconds", 0, 315_360_000)?.ok_or_else(|| form.lacks("seconds"))?;
            form.end()?;
            house.ahead.fetch_add(seconds, Ordering::AcqRel);
            house.sandbox().advance(house.now());
        }
        ("POST", ["faults"]) => {
            let faults = Faults::read(&mut form)?;
            form.end()?;
            house.sandbox().set_faults(faults);
        }
        ("POST", ["invoices", id, what]) => happen(house, id, what, path, form)?,
        ("POST", ["customers", id, what]) => change(house, id, what, path, form)?,
        _ => return Err(Problem::nowhere(method, path)),
    }
    Ok(summary(&house.sandbox(), house.now()))
}

fn happen(house: &House, id: &str, what: &str, path: &str, mut form: Form) -> Result<(), Problem> {
    let now = house.now();
    let amount = form.within("amount", 1, i64::MAX)?;
    let is_won = form.flag("won")?;
    if what == "refund" && amount.is_none() {
        return Err(form.lacks("amount"));
    }
    if what == "close_dispute" && is_won.is_none() {
        return Err(form.lacks("won"));
    }
    form.end()?;
    let mut sandbox = house.sandbox();
    let done = match what {
        "pay" => sandbox.pay(id, now),
        "void" => sandbox.void(id, now),
        "mark_uncollectible" => sandbox.mark_uncollectible(id, now),
        "refund" => sandbox.refund(id, amount.unwrap_or_default(), now),
        "dispute" => sandbox.dispute(id, now),
        "close_dispute" => sandbox.close_dispute(id, is_won.unwrap_or_default(), now),
        _ => return Err(Problem::nowhere("POST", path)),
    };
    done.map_err(|cannot| told(&cannot))
}

fn change(house: &House, id: &str, what: &str, path: &str, mut form: Form) -> Result<(), Problem> {
    let now = house.now();
    let (has_card, is_declined) = (form.flag("has_card")?, form.flag("declined")?);
    let amount = form.integer("amount")?;
    if what == "balance" && amount.is_none() {
        return Err(form.lacks("amount"));
    }
    form.end()?;
    let mut sandbox = house.sandbox();
    let done = match what {
        "delete" => sandbox.delete_customer(id, now),
        "balance" => sandbox.set_balance(id, amount.unwrap_or_default()),
        "card" => {
            let left = has_card.map_or(Ok(()), |has_card| sandbox.set_card(id, has_card));
            left.and_then(|()| is_declined.map_or(Ok(()), |is_declined| sandbox.fail_cards(id, is_declined)))
        }
        _ => return Err(Problem::nowhere("POST", path)),
    };
    done.map_err(|cannot| told(&cannot))
}

fn told(cannot: &Cannot) -> Problem {
    match cannot {
        Cannot::Unknown { id } => Problem::missing("object", id, "id"),
        Cannot::Refused { why, .. } => Problem::refused("", why.clone()),
    }
}

/// How many of what there are, and what was really moved.
fn summary(sandbox: &Sandbox, now: i64) -> String {
    let mut out = String::with_capacity(400);
    let mut object = Object::open(&mut out);
    object.number("now", now.max(sandbox.now()));
    object.number("customers", i64::try_from(sandbox.customers()).unwrap_or(i64::MAX));
    let mut counts = object.object("invoices");
    for status in ["draft", "open", "paid", "void", "uncollectible"] {
        let count = sandbox.invoices().filter(|invoice| invoice.status == status).count();
        counts.number(status, i64::try_from(count).unwrap_or(i64::MAX));
    }
    counts.close();
    let mut totals = object.object("totals");
    for currency in sandbox.currencies() {
        let moved = sandbox.totals(currency);
        let mut of = totals.object(currency);
        of.number("collected", moved.collected);
        of.number("refunded", moved.refunded);
        of.number("disputed", moved.disputed);
        of.number("fees", moved.fees);
        of.number("elsewhere", moved.elsewhere);
        of.close();
    }
    totals.close();
    object.close();
    out
}

fn invoices(sandbox: &Sandbox) -> String {
    let mut out = String::new();
    array(&mut out, sandbox.invoices(), |out, invoice: SeenInvoice<'_>| {
        let mut object = Object::open(out);
        object.text("id", invoice.id);
        object.maybe_text("number", invoice.number);
        object.text("customer", invoice.customer);
        object.text("status", invoice.status);
        object.text("currency", invoice.currency);
        object.number("total", invoice.total);
        object.number("amount_due", invoice.amount_due);
        object.number("amount_paid", invoice.amount_paid);
        object.number("refunded", invoice.refunded);
        object.number("disputed", invoice.disputed);
        object.number("lines", i64::try_from(invoice.lines.len()).unwrap_or(i64::MAX));
        object.map("metadata", invoice.metadata);
        object.close();
    });
    out
}
