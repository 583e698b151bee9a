//! What would be invoiced now and why the rest waits; what was, and how it stands.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use warp::http::StatusCode;

use super::answers::{Query, limit};
use super::bearer::signed;
use super::house::House;
use super::operating::{object, operator, order, somebody};
use super::reply::{Answer, Refused, Thing, json};
use super::wire::{Bills, invoices};
use crate::billing::preflight;
use crate::domain::bills::BillNo;
use crate::domain::calendar::Period;
use crate::domain::charge::Stage;
use crate::domain::names::Name;
use crate::domain::orders::{Act, What};
use crate::wiring::Resting;

/// The plan; of one payer alone with its lines, where one is asked for.
pub async fn plan(house: House, query: Query) -> Result<Answer, Refused> {
    let payer = match query.get("payer") {
        None => None,
        Some(id) => Some(Name::known(id).ok_or_else(|| Refused::Unknown { what: Thing::Payer, id: id.clone() })?),
    };
    let has_lines = match query.get("lines").map(String::as_str) {
        None => payer.is_some(),
        Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(Refused::Query { name: "lines", what: "`lines` is true or false" }),
    };
    let planned = house.rialto.bill_plan().await?;
    let rules = house.rialto.tariffs();
    let mut bills = Bills::new(&planned, house.rialto.policy(), &rules, payer, has_lines);
    if payer.is_none() {
        // Of all time, whoever pays.
        bills.earned(|currency| {
            house.rialto.dashboard(currency).periods[Period::AllTime as usize][Stage::Live as usize]
        });
    }
    Ok(json(StatusCode::OK, &bills))
}

/// The bills, the newest first.
pub async fn bills(house: House, query: Query) -> Result<Answer, Refused> {
    let limit = limit(&query)?;
    let before = match query.get("before") {
        None => u32::MAX,
        Some(text) => {
            let number = BillNo::parse(text);
            number.ok_or(Refused::Query { name: "before", what: "a bill is written bill_42" })?.0
        }
    };
    let bills = house.rialto.bills().await?;
    let zone = house.rialto.calendar().zone();
    let found = bills.all().iter().rev().filter(|bill| bill.no.0 < before);
    let found: Vec<Value> = found.take(limit).map(|bill| invoices::bill(bill, zone)).collect();
    let next = found.last().filter(|_| found.len() == limit).map(|last| last["bill"].clone());
    let walking = house.rialto.walking(&bills);
    Ok(json(
        StatusCode::OK,
        &serde_json::json!({
            "bills": found,
            "next": next,
            "count": bills.len(),
            "unsettled": bills.open().count(),
            "walking": walking,
            "mode": house.rialto.collects().map(|is_live| match (is_live, house.rialto.is_sandboxed()) {
                (_, true) => "sandbox",
                (true, false) => "live",
                (false, false) => "test",
            }),
            "rests": house.rialto.biller_rests(),
        }),
    ))
}

/// One bill, with its lines and the transactions of each.
pub async fn bill(house: House, id: String) -> Result<Answer, Refused> {
    if id == "run" {
        // Which is a path of its own, and only ordered.
        return Err(Refused::Method);
    }
    let billed = house.rialto.bill(numbered(&id)?).await?.ok_or_else(|| unknown(&id))?;
    let zone = house.rialto.calendar().zone();
    Ok(json(StatusCode::OK, &invoices::billed(&billed, &house.rialto.tariffs(), zone)))
}

/// Bills what is due now.
pub async fn run(house: House, body: Bytes) -> Result<Answer, Refused> {
    let Signed { by, why } = sign(&body)?;
    // What cannot be done is not on record as if it had been.
    house.rialto.collects().ok_or(Resting::Off)?;
    order(&house, by, why, What::Act(Act::Run)).await?;
    let before = house.rialto.bills().await?;
    let done = house.rialto.bill_now().await?;
    let after = house.rialto.bills().await?;
    // Also what was drawn by itself just before: whoever wishes to bill wants to know what came of it.
    let drawn = after.iter().skip(before.len());
    let under_way = before.open().map(|bill| &**bill).filter(|bill| bill.is_under_way()).chain(drawn);
    let under_way: Vec<String> = under_way.map(|bill| bill.no.to_string()).collect();
    let body = serde_json::json!({ "drawn": done.drawn, "walking": done.walking, "under_way": under_way });
    Ok(json(StatusCode::OK, &body))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reconcile {
    #[serde(default)]
    adopt: bool,
    #[serde(default = "operator")]
    by: String,
    #[serde(default)]
    why: String,
}

/// Begins to compare everything with what there is at Stripe; takes over what only Stripe has, where that is ordered.
pub async fn reconcile(house: House, body: Bytes) -> Result<Answer, Refused> {
    let Reconcile { adopt, by, why } =
        object(&body, r#"{"adopt":true,"by":"…","why":"…"}, of which nothing must be there"#)?;
    house.rialto.collects().ok_or(Resting::Off)?;
    if adopt {
        somebody(&by)?;
        house.rialto.adopt(&signed(&by), &why).await?;
    } else {
        order(&house, by, why, What::Act(Act::Reconcile)).await?;
        house.rialto.reconcile()?;
    }
    Ok(reconciling(&house))
}

/// How far that is.
pub fn reconciling(house: &House) -> Answer {
    json(StatusCode::OK, &invoices::reconciling(&house.rialto.reconciling()))
}

/// Who gives an order of which the path says all, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signed {
    #[serde(default = "operator")]
    pub(super) by: String,
    #[serde(default)]
    pub(super) why: String,
}

const SIGNED: &str = r#"{"by":"…","why":"…"}, of which nothing must be there"#;

/// Reads it; no body at all says nothing of it.
pub(super) fn sign(body: &[u8]) -> Result<Signed, Refused> {
    object(if body.is_empty() { b"{}" } else { body }, SIGNED)
}

/// Calls a bill off: its draft is deleted, or its invoice voided.
pub async fn cancel(house: House, id: String, body: Bytes) -> Result<Answer, Refused> {
    ordered(house, &id, &body, What::Cancel).await
}

/// Lets another bill take the place of one that came to nothing.
pub async fn again(house: House, id: String, body: Bytes) -> Result<Answer, Refused> {
    ordered(house, &id, &body, What::Rebill).await
}

async fn ordered(house: House, id: &str, body: &[u8], what: impl Fn(BillNo) -> What) -> Result<Answer, Refused> {
    let Signed { by, why } = sign(body)?;
    let no = numbered(id)?;
    order(&house, by, why, what(no)).await?;
    house.rialto.wake_biller();
    bill(house, no.to_string()).await
}

/// What Stripe has of a payer: whether he can be billed, and why not.
pub async fn check(house: House, id: String) -> Result<Answer, Refused> {
    let operations = house.rialto.operations().await?;
    let unknown = || Refused::Unknown { what: Thing::Payer, id: id.clone() };
    let payer = operations.payers.iter().find(|payer| payer.id.as_str() == id).ok_or_else(unknown)?;
    let is_live = house.rialto.collects().ok_or(Resting::Off)?;
    let found = house.rialto.preflight(*payer).await?;
    let faults = preflight::faults(payer, &found, is_live, house.rialto.tariff().currency());
    let body = serde_json::json!({ "id": id, "ready": faults.is_empty(), "faults": faults });
    Ok(json(StatusCode::OK, &body))
}

fn numbered(id: &str) -> Result<BillNo, Refused> {
    BillNo::parse(id).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Refused {
    Refused::Unknown { what: Thing::Bill, id: id.to_owned() }
}
