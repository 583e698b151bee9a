//! Answering questions.

use std::collections::HashMap;
use std::str::FromStr;

use bytes::Bytes;
use warp::http::StatusCode;

use super::billing::{Signed, sign};
use super::house::House;
use super::operating::order;
use super::reply::{Answer, Refused, Thing, json, with_type};
use super::wire::{Board, Contradiction, Doubtful, Entity, Orders, Page, Posted, Told};
use crate::domain::charge::Stage;
use crate::domain::ids::{Feed, TransactionId};
use crate::domain::money::Currency;
use crate::domain::names::Name;
use crate::domain::orders::{Act, What};
use crate::metrics::page::Format;
use crate::wiring::Wanted;

/// A query's parameters.
pub type Query = HashMap<String, String>;

/// The most items that a page has, and how many it has where nobody says.
const PAGE_MAX: usize = 500;
const PAGE: usize = 50;

/// The dashboard.
pub async fn dashboard(house: House, query: Query) -> Result<Answer, Refused> {
    let what = "a currency is three letters, such as EUR";
    let currency = match query.get("currency") {
        Some(code) => Currency::parse(code).ok_or(Refused::Query { name: "currency", what })?,
        None => house.rialto.tariff().currency(),
    };
    house.rialto.look_ahead().await;
    let dashboard = house.rialto.dashboard(currency);
    Ok(json(StatusCode::OK, &Board::new(&dashboard, house.rialto.calendar().zone())))
}

/// The fate of an event.
pub async fn event(house: House, feed: Feed, id: String) -> Result<Answer, Refused> {
    let fate = house.rialto.fate(feed, &id).await?.ok_or(Refused::Unknown { what: Thing::Event(feed), id })?;
    Ok(json(StatusCode::OK, &Told::new(&fate, &house.rialto.tariffs(), house.rialto.calendar().zone())))
}

/// A page of transactions.
pub async fn transactions(house: House, query: Query) -> Result<Answer, Refused> {
    let zone = house.rialto.calendar().zone();
    // A name that nobody ever used is nobody's; it is not made one by asking.
    let [citizen, business] = ["citizen", "business"].map(|key| query.get(key).map(|id| Name::known(id)));
    let rule = query.get("rule").map(|wanted| {
        house
            .rialto
            .tariffs()
            .rule_named(wanted)
            .ok_or(Refused::Query { name: "rule", what: "it is no rule of the tariff" })
    });
    let stage = query.get("stage").map(|wanted| {
        let known = Stage::ALL.into_iter().find(|stage| stage.as_str() == wanted);
        known.ok_or(Refused::Query { name: "stage", what: "a stage is shadow or live" })
    });
    let wanted = Wanted {
        before: cursor(&query)?,
        citizen: citizen.flatten(),
        business: business.flatten(),
        rule: rule.transpose()?,
        stage: stage.transpose()?,
        limit: limit(&query)?,
    };
    if citizen == Some(None) || business == Some(None) {
        return Ok(json(StatusCode::OK, &Page::new(Vec::new(), None)));
    }
    let (found, next) = house.rialto.transactions(wanted).await?;
    let tariffs = house.rialto.tariffs();
    let posted = found.iter().map(|transaction| Posted::new(transaction, &tariffs, zone)).collect();
    Ok(json(StatusCode::OK, &Page::new(posted, next)))
}

/// One transaction.
pub async fn transaction(house: House, id: String) -> Result<Answer, Refused> {
    let unknown = || Refused::Unknown { what: Thing::Transaction, id: id.clone() };
    let number = TransactionId::parse(&id).ok_or_else(unknown)?;
    let found = house.rialto.transaction(number).await?.ok_or_else(unknown)?;
    Ok(json(StatusCode::OK, &Posted::new(&found, &house.rialto.tariffs(), house.rialto.calendar().zone())))
}

/// The latest conflicts.
pub async fn conflicts(house: House, query: Query) -> Result<Answer, Refused> {
    let found = house.rialto.conflicts(limit(&query)?).await?;
    let (tariffs, zone) = (house.rialto.tariffs(), house.rialto.calendar().zone());
    let told: Vec<_> = found.iter().map(|disputed| Contradiction::new(disputed, &tariffs, zone)).collect();
    Ok(json(StatusCode::OK, &serde_json::json!({ "conflicts": told })))
}

/// Messages of which no rule says whether they left the simulation.
pub async fn undecided(house: House, query: Query) -> Result<Answer, Refused> {
    let (found, next) = house.rialto.undecided(number(&query)?, limit(&query)?).await?;
    Ok(json(StatusCode::OK, &Doubtful::new(&found, next, house.rialto.calendar().zone())))
}

/// Orders that were given.
pub async fn orders(house: House, query: Query) -> Result<Answer, Refused> {
    let limit = limit(&query)?;
    let found = house.rialto.orders(number(&query)?, limit).await?;
    Ok(json(StatusCode::OK, &Orders::new(&found, limit, house.rialto.calendar().zone())))
}

/// A citizen or business.
pub async fn entity(house: House, id: String) -> Result<Answer, Refused> {
    let unknown = || Refused::Unknown { what: Thing::Earner, id: id.clone() };
    let name = Name::known(&id).ok_or_else(unknown)?;
    let account = house.rialto.entity(name).await?.ok_or_else(unknown)?;
    Ok(json(StatusCode::OK, &Entity::new(name, &account)))
}

/// Whether the process answers at all.
pub fn healthz() -> Answer {
    with_type(StatusCode::OK, "text/plain; charset=utf-8", "ok\n".into())
}

/// Whether events are taken.
pub fn readyz(house: &House) -> Answer {
    match house.rialto.check() {
        Ok(()) => with_type(StatusCode::OK, "text/plain; charset=utf-8", "ready\n".into()),
        Err(closed) => Refused::Closed(closed).answer(),
    }
}

/// The metrics, in the format that is asked for. Nobody waits for a plan: what may come of all is as of the last one, and
/// asking for it has the next one made.
pub fn metrics(house: &House, accept: Option<&str>) -> Answer {
    let format = Format::asked_for(accept);
    with_type(StatusCode::OK, format.content_type(), house.rialto.metrics(format).into())
}

/// Asks for a snapshot.
pub async fn snapshot(house: House, body: Bytes) -> Result<Answer, Refused> {
    let Signed { by, why } = sign(&body)?;
    order(&house, by, why, What::Act(Act::Snapshot)).await?;
    house.rialto.take_snapshot();
    Ok(json(StatusCode::ACCEPTED, &serde_json::json!({ "snapshot": "it is being taken" })))
}

pub(super) fn limit(query: &Query) -> Result<usize, Refused> {
    let what = "a limit is a whole number from 1 to 500";
    let Some(limit) = query.get("limit") else { return Ok(PAGE) };
    let limit = limit.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
    limit.ok_or(Refused::Query { name: "limit", what })
}

/// Before which transaction a page begins.
pub(super) fn cursor(query: &Query) -> Result<Option<TransactionId>, Refused> {
    let what = "a cursor is what `next` of the page before says, such as tx_42";
    let cursor = |text: &String| TransactionId::parse(text).ok_or(Refused::Query { name: "cursor", what });
    query.get("cursor").map(cursor).transpose()
}

/// The same, where a page begins before a number.
fn number<N: FromStr>(query: &Query) -> Result<Option<N>, Refused> {
    let what = "a cursor is what `next` of the page before says, such as 42";
    query.get("cursor").map(|text| text.parse().map_err(|_| Refused::Query { name: "cursor", what })).transpose()
}
