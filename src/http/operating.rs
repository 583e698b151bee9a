//! What operators order, and what they look at before they do: tariffs, the rollout, guards, corrections.

use bytes::Bytes;
use chrono_tz::Tz;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use warp::http::StatusCode;

use super::answers::{Query, cursor, decoded, limit};
use super::house::House;
use super::reply::{Answer, Refused, json};
use super::wire::{Held, Phases, Prices};
use crate::domain::calendar::Day;
use crate::domain::ids::TransactionId;
use crate::domain::names::Name;
use crate::domain::orders::{self, Order, What};
use crate::domain::rollout::{Move, Phase, Subject};
use crate::domain::rows::{Payer, Row};
use crate::domain::tariff::timeline;
use crate::ledger::orders::Obeyed;
use crate::tariffs::{self, Severity};
use crate::wiring::OrderError;

/// Who orders something, and why; it goes on record.
#[derive(Debug, Default, Deserialize)]
struct Signed<T> {
    #[serde(default = "operator")]
    by: String,
    #[serde(default)]
    why: String,
    #[serde(flatten)]
    what: T,
}

const NOBODY: &str = "`by` says who gives the order, and goes on record: a name, or no `by` at all";

fn operator() -> String {
    "operator".to_owned()
}

/// The tariffs: that in force, those before it and those still to come.
pub fn tariff(house: &House) -> Answer {
    let now = house.rialto.clock().now();
    json(StatusCode::OK, &Prices::new(&house.rialto.tariffs(), now, house.rialto.calendar().zone()))
}

/// Takes the tariff in a body into force; the query may say by whom, and why.
pub async fn use_tariff(house: House, query: Query, body: Bytes) -> Result<Answer, Refused> {
    let text = std::str::from_utf8(&body).map_err(|_| Refused::Tariff("it is no UTF-8 text".to_owned()))?;
    let checked = tariffs::read(text, house.rialto.calendar().zone());
    let Some(tariff) = checked.tariff else {
        let errors = checked.faults.iter().filter(|fault| fault.severity == Severity::Error);
        return Err(Refused::Tariff(errors.map(ToString::to_string).collect::<Vec<_>>().join("; ")));
    };
    let by = query.get("by").cloned().unwrap_or_else(operator);
    if by.trim().is_empty() {
        return Err(Refused::Query { name: "by", what: NOBODY });
    }
    let why = query.get("why").cloned().unwrap_or_default();
    let order = Order { by: by.into(), why: why.into(), what: What::Tariff(tariff.into()) };
    let zone = house.rialto.calendar().zone();
    house.rialto.order(order).await.map_err(|error| untimely(&error, zone).unwrap_or_else(|| error.into()))?;
    Ok(self::tariff(&house))
}

/// A tariff that comes too early, in times of the configured zone: the inside knows no zones.
fn untimely(error: &OrderError, zone: Tz) -> Option<Refused> {
    let OrderError::Refused(orders::Refused::Tariff(refused)) = error else { return None };
    let said = match *refused {
        timeline::Refused::Backdated { given, now } => {
            let [given, now] = [given, now].map(|at| at.in_zone(zone));
            format!("a tariff prices what is still to come: `effective` is {given}, and now it is {now}")
        }
        timeline::Refused::Overtaken { version, last } => {
            let (version, last) = (version.0, last.in_zone(zone));
            format!("version {version} comes into force only at {last}; a later version cannot come before it")
        }
        timeline::Refused::Version { .. } | timeline::Refused::Rules => return None,
    };
    Some(Refused::Untimely(said))
}

/// Who is in which phase.
pub async fn rollout(house: House) -> Result<Answer, Refused> {
    let operations = house.rialto.operations().await?;
    Ok(json(StatusCode::OK, &Phases::new(&operations.rollout, house.rialto.calendar().zone())))
}

#[derive(Debug, Deserialize)]
struct Moving {
    to: String,
    business: Option<String>,
    citizen: Option<String>,
    #[serde(default)]
    all: bool,
}

/// Moves a business, a citizen or all to another phase.
pub async fn move_to(house: House, body: Bytes) -> Result<Answer, Refused> {
    let help = r#"{"to":"live","business":"building_…","why":"…"}; `to` is shadow, live, paused or none"#;
    let signed: Signed<Moving> = read(&body, help)?;
    let wrong = || Refused::Body { help };
    let to = match signed.what.to.as_str() {
        "none" => None,
        text => Some(Phase::ALL.into_iter().find(|phase| phase.as_str() == text).ok_or_else(wrong)?),
    };
    let name = |id: &str| Name::new(id).ok_or_else(wrong);
    let subject = match (&signed.what.business, &signed.what.citizen, signed.what.all) {
        (Some(id), None, false) => Subject::Business(name(id)?),
        (None, Some(id), false) => Subject::Citizen(name(id)?),
        (None, None, true) => Subject::All,
        _ => return Err(wrong()),
    };
    order(&house, signed.by, signed.why, What::Move(Move { subject, to })).await?;
    rollout(house).await
}

/// What is held, and who is parked.
pub async fn guards(house: House, query: Query) -> Result<Answer, Refused> {
    let (before, limit) = (cursor(&query)?, limit(&query)?);
    let operations = house.rialto.operations().await?;
    let page = house.rialto.held_before(&operations, before, limit).await?;
    let (view, tariffs, zone) = (house.rialto.view(), house.rialto.tariffs(), house.rialto.calendar().zone());
    Ok(json(StatusCode::OK, &Held::new(&operations, &view, page, &tariffs, zone)))
}

#[derive(Debug, Deserialize)]
struct Releasing {
    transaction: Option<String>,
    name: Option<String>,
}

/// Lets a held charge go, or all that is held of a citizen, business or client.
pub async fn release(house: House, body: Bytes) -> Result<Answer, Refused> {
    let help = r#"{"transaction":"tx_42","why":"…"}, or {"name":"the citizen, business or client"}"#;
    let signed: Signed<Releasing> = read(&body, help)?;
    let wrong = || Refused::Body { help };
    let what = match (&signed.what.transaction, &signed.what.name) {
        (Some(id), None) => What::Release(TransactionId::parse(id).ok_or_else(wrong)?),
        (None, Some(id)) => {
            What::ReleaseAll(Name::known(id).ok_or_else(|| unknown("citizen, business or client", id))?)
        }
        _ => return Err(wrong()),
    };
    obeyed(order(&house, signed.by, signed.why, what).await?)
}

#[derive(Debug, Default, Deserialize)]
struct Nothing {}

/// Takes a charge back.
pub async fn reverse(house: House, id: String, body: Bytes) -> Result<Answer, Refused> {
    let help = r#"{"by":"…","why":"…"}"#;
    let signed: Signed<Nothing> =
        if body.is_empty() { Signed { by: operator(), ..Signed::default() } } else { read(&body, help)? };
    let id = decoded(&id);
    let transaction = TransactionId::parse(&id).ok_or_else(|| unknown("transaction", &id))?;
    let what = house.rialto.reversal(transaction).await?.ok_or_else(|| unknown("transaction", &id))?;
    obeyed(order(&house, signed.by, signed.why, what).await?)
}

#[derive(Debug, Deserialize)]
struct Accepting {
    number: u32,
}

/// Accepts a conflict or a discrepancy.
pub async fn accept(house: House, body: Bytes) -> Result<Answer, Refused> {
    let signed: Signed<Accepting> = read(&body, r#"{"number":7,"why":"…"}, with a number of GET /v1/conflicts"#)?;
    obeyed(order(&house, signed.by, signed.why, What::Accept(signed.what.number)).await?)
}

#[derive(Debug, Deserialize)]
struct Closing {
    month: String,
}

/// Closes a month for good.
pub async fn close(house: House, body: Bytes) -> Result<Answer, Refused> {
    let help = r#"{"month":"2026-11"}, a month that is over"#;
    let signed: Signed<Closing> = read(&body, help)?;
    let open = Day::after_month(&signed.what.month).ok_or(Refused::Body { help })?;
    let calendar = house.rialto.calendar();
    if calendar.day(house.rialto.clock().now()) < open {
        return Err(Refused::Order(orders::Refused::NotOver(open.date().to_string())));
    }
    obeyed(order(&house, signed.by, signed.why, What::Close(open)).await?)
}

#[derive(Debug, Deserialize)]
struct Paying {
    id: String,
    #[serde(default)]
    customer: Option<String>,
}

/// Puts somebody on the list of those who pay.
pub async fn payer(house: House, body: Bytes) -> Result<Answer, Refused> {
    let help = r#"{"id":"the client, business or citizen","customer":"cus_…"}"#;
    let paying: Paying = read(&body, help)?;
    let wrong = || Refused::Body { help };
    let id = Name::new(&paying.id).ok_or_else(wrong)?;
    let customer = paying.customer.map(|customer| Name::new(&customer).ok_or_else(wrong)).transpose()?;
    house.rialto.describe(vec![Row::Payer(Payer { id, customer })]).await?;
    payers(house).await
}

/// Who pays.
pub async fn payers(house: House) -> Result<Answer, Refused> {
    let operations = house.rialto.operations().await?;
    let row =
        |payer: &Payer| serde_json::json!({ "id": payer.id.as_str(), "customer": payer.customer.map(Name::as_str) });
    let payers: Vec<_> = operations.payers.iter().map(row).collect();
    Ok(json(StatusCode::OK, &serde_json::json!({ "payers": payers })))
}

async fn order(house: &House, by: String, why: String, what: What) -> Result<Obeyed, Refused> {
    if by.trim().is_empty() {
        return Err(Refused::Body { help: NOBODY });
    }
    Ok(house.rialto.order(Order { by: by.into(), why: why.into(), what }).await?)
}

fn obeyed(obeyed: Obeyed) -> Result<Answer, Refused> {
    let transaction = obeyed.transaction.map(|id| id.to_string());
    let body = serde_json::json!({ "done": true, "transaction_id": transaction, "transactions": obeyed.transactions });
    Ok(json(StatusCode::OK, &body))
}

fn read<T: DeserializeOwned>(body: &[u8], help: &'static str) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|_| Refused::Body { help })
}

fn unknown(what: &'static str, id: &str) -> Refused {
    Refused::Unknown { what, id: id.to_owned() }
}
