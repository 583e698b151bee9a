//! What operators order, and what they look at before they do: tariffs, the rollout, guards, corrections.

use bytes::Bytes;
use chrono_tz::Tz;
use serde::Deserialize;
use warp::http::StatusCode;

use super::answers::{Query, cursor, limit};
use super::bearer::signed;
use super::house::House;
use super::reply::{Answer, Refused, Thing, json};
use super::wire::{Held, Phases, Prices};
use crate::domain::calendar::Day;
use crate::domain::ids::TransactionId;
use crate::domain::names::Name;
use crate::domain::orders::{self, Order, What};
use crate::domain::rollout::{Move, Phase, Subject};
use crate::domain::tariff::timeline;
use crate::ledger::orders::Obeyed;
use crate::tariffs::{self, Severity};
use crate::wiring::OrderError;

const NOBODY: &str = "`by` says who gives the order, and goes on record: a name, or no `by` at all";

pub(super) fn operator() -> String {
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
    if by.trim_matches(' ').is_empty() {
        return Err(Refused::Query { name: "by", what: NOBODY });
    }
    let why = query.get("why").cloned().unwrap_or_default();
    let order = Order { by: signed(&by).into(), why: why.into(), what: What::Tariff(tariff.into()) };
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
        timeline::Refused::Version { .. } | timeline::Refused::Rules => return None,
    };
    Some(Refused::Untimely(said))
}

/// Who is in which phase.
pub async fn rollout(house: House) -> Result<Answer, Refused> {
    let operations = house.rialto.operations().await?;
    Ok(json(StatusCode::OK, &Phases::new(&operations.rollout, operations.is_halted, house.rialto.calendar().zone())))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Moving {
    #[serde(default = "operator")]
    by: String,
    #[serde(default)]
    why: String,
    to: String,
    business: Option<String>,
    citizen: Option<String>,
    #[serde(default)]
    all: bool,
}

/// Moves a business, a citizen or all to another phase.
pub async fn move_to(house: House, body: Bytes) -> Result<Answer, Refused> {
    let help = r#"{"to":"live","business":"building_…","why":"…"}; `to` is shadow, live, paused or none"#;
    let moving: Moving = object(&body, help)?;
    let to = match moving.to.as_str() {
        "none" => None,
        text => {
            let phase = Phase::ALL.into_iter().find(|phase| phase.as_str() == text);
            Some(phase.ok_or_else(|| wrong("`to` is shadow, live, paused or none", help))?)
        }
    };
    let name = |id: &str| Name::new(id).ok_or_else(|| wrong(ID, help));
    let subject = match (&moving.business, &moving.citizen, moving.all) {
        (Some(id), None, false) => Subject::Business(name(id)?),
        (None, Some(id), false) => Subject::Citizen(name(id)?),
        (None, None, true) => Subject::All,
        _ => return Err(wrong("exactly one of `business`, `citizen` and `all` is given", help)),
    };
    let warning = unheard_of(&house, subject).await?;
    order(&house, moving.by, moving.why, What::Move(Move { subject, to })).await?;
    let operations = house.rialto.operations().await?;
    let phases = Phases::new(&operations.rollout, operations.is_halted, house.rialto.calendar().zone());
    Ok(json(StatusCode::OK, &phases.with(warning)))
}

/// What to say where nobody was ever told of by that id: it may be a slip, and the real one goes on as before.
async fn unheard_of(house: &House, subject: Subject) -> Result<Option<String>, Refused> {
    let Some(id) = subject.id() else { return Ok(None) };
    let account = house.rialto.entity(id).await?;
    let is_known = account.is_some_and(|account| !account.rows.is_empty() || !account.earned.is_empty());
    let kind = subject.as_str();
    let warning = || format!("no {kind} {id} is known: this holds for whoever comes by that id, letter by letter");
    Ok((!is_known).then(warning))
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
#[serde(deny_unknown_fields)]
struct Releasing {
    #[serde(default = "operator")]
    by: String,
    #[serde(default)]
    why: String,
    transaction: Option<String>,
    name: Option<String>,
}

/// Lets a held charge go, or all that is held of a citizen, business or client.
pub async fn release(house: House, body: Bytes) -> Result<Answer, Refused> {
    let help = r#"{"transaction":"tx_42","why":"…"}, or {"name":"the citizen, business or client"}"#;
    let releasing: Releasing = object(&body, help)?;
    let what = match (&releasing.transaction, &releasing.name) {
        (Some(id), None) => {
            What::Release(TransactionId::parse(id).ok_or_else(|| wrong("a transaction is such as tx_42", help))?)
        }
        (None, Some(id)) => What::ReleaseAll(Name::known(id).ok_or_else(|| unknown(Thing::Watched, id))?),
        _ => return Err(wrong("either `transaction` or `name` is given", help)),
    };
    obeyed(order(&house, releasing.by, releasing.why, what).await?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reversing {
    #[serde(default = "operator")]
    by: String,
    #[serde(default)]
    why: String,
}

/// Takes a charge back.
pub async fn reverse(house: House, id: String, body: Bytes) -> Result<Answer, Refused> {
    let help = r#"{"by":"…","why":"…"}"#;
    let nobody = || Reversing { by: operator(), why: String::new() };
    let reversing = if body.is_empty() { nobody() } else { object(&body, help)? };
    let transaction = TransactionId::parse(&id).ok_or_else(|| unknown(Thing::Transaction, &id))?;
    let what = house.rialto.reversal(transaction).await?.ok_or_else(|| unknown(Thing::Transaction, &id))?;
    obeyed(order(&house, reversing.by, reversing.why, what).await?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepting {
    #[serde(default = "operator")]
    by: String,
    #[serde(default)]
    why: String,
    number: u32,
}

/// Accepts a conflict or a discrepancy.
pub async fn accept(house: House, body: Bytes) -> Result<Answer, Refused> {
    let accepting: Accepting = object(&body, r#"{"number":7,"why":"…"}, with a number of GET /v1/conflicts"#)?;
    obeyed(order(&house, accepting.by, accepting.why, What::Accept(accepting.number)).await?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    #[serde(default = "operator")]
    by: String,
    #[serde(default)]
    why: String,
    month: String,
}

/// Closes a month for good.
pub async fn close(house: House, body: Bytes) -> Result<Answer, Refused> {
    let help = r#"{"month":"2026-11"}, a month that is over"#;
    let closing: Closing = object(&body, help)?;
    let open = Day::after_month(&closing.month);
    let open = open.ok_or_else(|| {
        let month: String = closing.month.chars().take(20).collect();
        let what = "a month is written as 2026-11, from 2000-01 to 9999-12, and only one that is over can be closed";
        wrong(&format!("{month:?} is no month: {what}"), help)
    })?;
    obeyed(order(&house, closing.by, closing.why, What::Close(open)).await?)
}

pub(super) async fn order(house: &House, by: String, why: String, what: What) -> Result<Obeyed, Refused> {
    somebody(&by)?;
    Ok(house.rialto.order(Order { by: signed(&by).into(), why: why.into(), what }).await?)
}

/// Whoever orders something is somebody.
pub(super) fn somebody(by: &str) -> Result<(), Refused> {
    if by.trim_matches(' ').is_empty() { Err(wrong("`by` is empty", NOBODY)) } else { Ok(()) }
}

fn obeyed(obeyed: Obeyed) -> Result<Answer, Refused> {
    let transaction = obeyed.transaction.map(|id| id.to_string());
    let body = serde_json::json!({ "done": true, "transaction_id": transaction, "transactions": obeyed.transactions });
    Ok(json(StatusCode::OK, &body))
}

/// Reads a body that is one object, in which nothing stands twice.
pub(super) fn object<'a, T: Deserialize<'a>>(body: &'a [u8], help: &'static str) -> Result<T, Refused> {
    // A list of its fields in their order would be read as one, too.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(wrong("it is to be one JSON object", help));
    }
    serde_json::from_slice(body).map_err(|error| wrong(&error.to_string(), help))
}

pub(super) const ID: &str = "an id has 1 to 128 bytes";

pub(super) fn wrong(what: &str, help: &'static str) -> Refused {
    Refused::Body { what: what.to_owned(), help }
}

fn unknown(what: Thing, id: &str) -> Refused {
    Refused::Unknown { what, id: id.to_owned() }
}
