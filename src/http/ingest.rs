//! Handing events in: a body becomes events, each read by itself, and the good ones are recorded.
//!
//! What happens behind the body, [`record`] and [`describe`], is the same for whoever is in process and has no body.

use bytes::Bytes;
use warp::http::StatusCode;

use super::house::House;
use super::reply::{Answer, Refused, json};
use super::wire::{Batch, Told};
use crate::actors::door::BATCH_MAX;
use crate::domain::activity::{Activity, Basis, Occurred};
use crate::domain::ids::Feed;
use crate::domain::rows::Row;
use crate::domain::time::Moment;
use crate::ledger::entry::Status;
use crate::reading::{Format, Reader, Refusal};
use crate::wiring::Rialto;

/// The most events that a request has.
pub const EVENTS_MAX: usize = 10_000;
const _: () = assert!(EVENTS_MAX <= BATCH_MAX, "a request is one batch");

/// The texts of some events or rows, in order; where one is no text at all, its refusal.
pub type Texts<'a> = Vec<Result<&'a str, Refusal>>;

/// What a body of rows is about.
#[derive(Clone, Copy, Debug)]
pub enum Table {
    /// Citizens.
    Citizens,
    /// Buildings.
    Buildings,
}

/// Records the events in a body.
pub async fn events(house: House, feed: Feed, content_type: Option<String>, body: Bytes) -> Result<Answer, Refused> {
    house.rialto.meters().heard().request();
    let texts = split(&house, content_type, &body)?;
    record(&house.rialto, house.reader, feed, texts).await
}

/// Records events, each by itself, and answers what became of each once all of them are durable.
pub async fn record(rialto: &Rialto, reader: Reader, feed: Feed, texts: Texts<'_>) -> Result<Answer, Refused> {
    bounded(&texts)?;
    // Refused before any event is read, so that a full house costs its visitors little.
    let reserved = rialto.reserve(texts.len()).map_err(Refused::Closed)?;
    let read: Vec<Result<Activity, Refusal>> = texts
        .into_iter()
        .map(|text| match feed {
            Feed::Activity => text.and_then(|text| reader.activity(text)),
            Feed::Message => text.and_then(|text| reader.message(text)),
        })
        .collect();
    let mut told = Vec::with_capacity(read.len());
    let mut refusals = Vec::new();
    let mut good = Vec::with_capacity(read.len());
    for event in read {
        match event {
            Ok(activity) => {
                let Occurred { at, basis, .. } = activity.occurred;
                told.push(Some((activity.source_id.clone(), at, basis)));
                good.push(activity);
            }
            Err(refusal) => {
                told.push(None);
                refusals.push(refusal);
            }
        }
    }
    rialto.meters().rejected(feed, refusals.len());
    let receipts = if good.is_empty() { Vec::new() } else { rialto.record_reserved(reserved, good).await? };
    let currency = rialto.tariff().currency();
    let now = rialto.clock().now();
    let mut batch = Batch::with_capacity(told.len());
    let (mut receipts, mut refusals) = (receipts.iter(), refusals.iter());
    for event in &told {
        match event {
            Some((id, at, basis)) => {
                if let Some(receipt) = receipts.next() {
                    batch.receipt(id.as_str(), receipt, currency);
                    let is_new = matches!(receipt.status, Status::Recorded | Status::Priced);
                    if let Some(basis) = not_taken(*at, *basis, now).filter(|_| is_new) {
                        batch.without_its_time(basis);
                    }
                }
            }
            None => {
                if let Some(refusal) = refusals.next() {
                    batch.refusal(refusal);
                }
            }
        }
    }
    Ok(json(StatusCode::OK, &batch))
}

/// Why a time that an event told could not be taken, if it told one.
fn not_taken(at: Option<Moment>, basis: Basis, now: Moment) -> Option<&'static str> {
    match basis {
        Basis::BeforeOurTime | Basis::Unreadable => Some(basis.as_str()),
        Basis::Exact | Basis::Naive if at.is_some_and(|at| now < at) => Some(Told::AHEAD),
        Basis::Exact | Basis::Naive | Basis::Absent => None,
    }
}

/// Takes in the rows in a body.
pub async fn rows(house: House, table: Table, content_type: Option<String>, body: Bytes) -> Result<Answer, Refused> {
    house.rialto.check().map_err(Refused::Closed)?;
    let texts = split(&house, content_type, &body)?;
    describe(&house.rialto, house.reader, table, texts).await
}

/// Takes in rows, each by itself, and answers for each whether it was news.
pub async fn describe(rialto: &Rialto, reader: Reader, table: Table, texts: Texts<'_>) -> Result<Answer, Refused> {
    bounded(&texts)?;
    let read: Vec<Result<Row, Refusal>> = texts
        .into_iter()
        .map(|text| match table {
            Table::Citizens => text.and_then(|text| reader.citizen(text)),
            Table::Buildings => text.and_then(|text| reader.building(text)),
        })
        .collect();
    let good: Vec<Row> = read.iter().filter_map(|row| row.as_ref().ok().copied()).collect();
    let news = if good.is_empty() { Vec::new() } else { rialto.describe(good).await? };
    let mut news = news.into_iter();
    let mut batch = Batch::with_capacity(read.len());
    for row in &read {
        match row {
            Ok(row) => batch.row(row.id().as_str(), news.next().unwrap_or(false)),
            Err(refusal) => batch.refusal(refusal),
        }
    }
    Ok(json(StatusCode::OK, &batch))
}

/// The texts of the events in a body.
fn split<'a>(house: &House, content_type: Option<String>, body: &'a [u8]) -> Result<Texts<'a>, Refused> {
    house.reader.split(body, format(content_type)?).map_err(Refused::Unreadable)
}

fn bounded(texts: &[Result<&str, Refusal>]) -> Result<(), Refused> {
    match texts.len() {
        found if EVENTS_MAX < found => Err(Refused::TooManyEvents { found, max: EVENTS_MAX }),
        _ => Ok(()),
    }
}

/// The format that a content type stands for; without one, a body is JSON.
fn format(content_type: Option<String>) -> Result<Format, Refused> {
    let Some(given) = content_type else { return Ok(Format::Json) };
    let kind = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" | "application/cloudevents+json" | "application/cloudevents-batch+json" => Ok(Format::Json),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Format::Lines),
        _ => Err(Refused::ContentType(given.chars().take(80).collect())),
    }
}
