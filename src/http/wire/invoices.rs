//! Bills as they are written.

use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::billing::lines::{Key, Line};
use crate::billing::reconcile::Report;
use crate::billing::refusals::words;
use crate::domain::bills::{Detail, Step};
use crate::domain::money::Sum;
use crate::domain::names::Name;
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::time::Moment;
use crate::ledger::bill::{Bill, Want};
use crate::wiring::{Billed, Reconciling};

/// A bill, times in `zone`.
pub fn bill(bill: &Bill, zone: Tz) -> Value {
    let coin = bill.coin();
    let text = |amount: i64| Sum(coin.millionths(amount)).to_string();
    let (seen, takings) = (&bill.seen, bill.seen.takings.unwrap_or_default());
    json!({
        "bill": bill.no.to_string(),
        "payer": bill.drawn.payer.id.as_str(),
        "customer": bill.drawn.payer.customer.map(Name::as_str),
        "currency": bill.currency().to_string(),
        "drawn_at": bill.at.in_zone(zone),
        "status": status(bill),
        "next": next(bill),
        "invoice": seen.invoice.as_deref(),
        "amount": text(bill.drawn.total),
        "tax": text(seen.amounts.tax),
        "paid": text(seen.amounts.paid),
        "remaining": text(seen.amounts.remaining),
        "credited": text(seen.amounts.credited),
        "refunded": text(takings.refunded),
        "disputed": text(takings.disputed),
        "fees": text(takings.fees),
        "collected": text(bill.collected()),
        "collected_tax": text(bill.collected_tax()),
        "paid_at": seen.paid_at.map(|at| at.in_zone(zone)),
        "transactions": bill.rows.len(),
        "failed": bill.way.failed.as_ref().map(|failed| json!({
            "step": failed.step.text().as_str(),
            "code": failed.refusal.code.as_str(),
            "message": words(&failed.refusal.code),
            "times": failed.times,
            "at": failed.at.in_zone(zone),
            "again_at": again_at(bill).map(|at| at.in_zone(zone)),
        })),
        "fault": bill.fault().map(|fault| json!({ "code": fault.as_str(), "message": fault.to_string() })),
        "dropped": bill.way.dropped.as_deref(),
        "reissues": bill.drawn.reissues.map(|no| no.to_string()),
        "reissued_by": bill.reissued_by.map(|no| no.to_string()),
        "credits": bill.drawn.credits.map(|no| no.to_string()),
    })
}

/// How it stands: Stripe's own word, or what comes before and after it.
pub(super) fn status(bill: &Bill) -> &'static str {
    match bill.seen.invoice {
        _ if bill.is_dead() => "void",
        None => "drawn",
        // Stripe's own word for a credit note that stands.
        Some(_) if bill.is_credit() => "issued",
        Some(_) => bill.seen.status.as_str(),
    }
}

/// What it waits for.
fn next(bill: &Bill) -> Option<&'static str> {
    match bill.wants() {
        Want::Nothing => None,
        Want::Look(_) => Some("look"),
        Want::Ask(step, _) => Some(match step {
            Step::Create => "create",
            Step::Lines(_) => "lines",
            Step::Finalise => "finalise",
            Step::Send => "send",
            Step::Pay => "pay",
            Step::Delete => "delete",
            Step::Void => "void",
            Step::Credit => "credit",
        }),
    }
}

/// When what failed is tried again, if it is.
fn again_at(bill: &Bill) -> Option<Moment> {
    match bill.wants() {
        Want::Ask(step, at) if bill.way.failed.as_ref().is_some_and(|failed| failed.step == step) => Some(at),
        Want::Ask(..) | Want::Look(_) | Want::Nothing => None,
    }
}

/// A bill with its lines, and the transactions of each.
pub fn billed(billed: &Billed, tariffs: &Tariffs, zone: Tz) -> Value {
    let coin = billed.bill.coin();
    let detail = billed.bill.drawn.detail;
    let lines: Vec<Value> = billed
        .lines
        .iter()
        .map(|(line, transactions)| {
            let (date, rule) = line_words(line, detail, tariffs);
            json!({
                "date": date,
                "earner": billed.name(line.key.earner).map(Name::as_str),
                "rule": rule,
                "amount": Sum(coin.millionths(line.amount)).to_string(),
                "exact": line.exact.to_string(),
                "transactions": transactions.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut told = bill(&billed.bill, zone);
    told["lines"] = lines.into();
    told["carried"] = billed.bill.drawn.carried.to_string().into();
    told["rest"] = billed.bill.drawn.rest.to_string().into();
    told
}

/// The day or month of a line, and its rule, as far as it tells them.
pub(super) fn line_words(line: &Line, detail: Detail, tariffs: &Tariffs) -> (Option<String>, Option<&'static str>) {
    if line.key == Key::CARRIED {
        return (None, Some("carried"));
    }
    let date = match detail {
        Detail::Day => Some(line.key.day.date().to_string()),
        Detail::Month => Some(line.key.day.date().format("%Y-%m").to_string()),
        Detail::Rule | Detail::One => None,
    };
    (date, (detail != Detail::One).then(|| tariffs.rule_name(line.key.rule)))
}

/// How far a reconciliation is, and what it found.
pub fn reconciling(reconciling: &Reconciling) -> Value {
    match reconciling {
        Reconciling::None => json!({ "state": "none" }),
        Reconciling::Under { done, of } => json!({ "state": "running", "done": done, "of": of }),
        Reconciling::Failed(why) => json!({ "state": "failed", "why": why.to_string() }),
        Reconciling::Done(report) => found(report),
    }
}

fn found(report: &Report) -> Value {
    let differences: Vec<Value> = report
        .differences
        .iter()
        .map(|difference| {
            json!({
                "bill": difference.bill.map(|no| no.to_string()),
                "invoice": difference.invoice,
                "what": difference.what.as_str(),
                "book": difference.book,
                "stripe": difference.stripe,
            })
        })
        .collect();
    let carried = report.carried.iter().map(|(payer, currency, amount)| {
        json!({ "payer": payer.as_str(), "currency": currency.to_string(), "amount": amount.to_string() })
    });
    let carried: Vec<Value> = carried.collect();
    json!({
        "state": "done",
        "bills": report.bills,
        "invoices": report.invoices,
        "clean": differences.is_empty(),
        "differences": differences,
        "carried": carried,
    })
}
