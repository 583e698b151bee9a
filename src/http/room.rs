//! Room for bodies: what all of them together may take up, charged as they arrive.
//!
//! Nobody takes up anything by what he says he is about to send. What the operator orders has room of its own, so that
//! whoever fills the house with bodies does not keep the kill switch out.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::reply::Refused;
use super::tokens::Scope;
use crate::actors::door::Closed;

/// The room that there is.
#[derive(Debug)]
pub struct Room {
    /// In steps.
    everybody: Semaphore,
    operator: Semaphore,
}

/// A part of it, held until the answer is made.
pub type Held<'a> = Option<SemaphorePermit<'a>>;

/// How much a body is, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// The largest.
    pub bytes: usize,
    /// The longest.
    pub time: Duration,
}

/// Bodies are charged in steps of so many bytes.
const STEP: usize = 1 << 14;
/// What the operator's orders may take up together, and one of them: a tariff has 60,000 bytes.
const ORDERS: usize = 16 << 20;
const ORDER: usize = 1 << 20;

impl Room {
    /// Room for so many bytes, besides what the operator's orders take up.
    pub fn new(bytes: usize) -> Room {
        Room { everybody: Semaphore::new(bytes / STEP), operator: Semaphore::new(ORDERS / STEP) }
    }

    /// Reads a body to its end, for a request that needs this scope.
    pub async fn read(&self, body: Incoming, scope: Option<Scope>, bound: Bound) -> Result<(Bytes, Held<'_>), Refused> {
        let (room, max) = match scope {
            Some(Scope::Admin) => (&self.operator, bound.bytes.min(ORDER)),
            _ => (&self.everybody, bound.bytes),
        };
        if body.size_hint().upper().is_some_and(|told| (max as u64) < told) {
            return Err(Refused::TooLarge { max });
        }
        let reading = tokio::time::timeout(bound.time, read(body, room, max));
        reading.await.unwrap_or(Err(Refused::BodyLate))
    }
}

async fn read(mut body: Incoming, room: &Semaphore, max: usize) -> Result<(Bytes, Held<'_>), Refused> {
    let mut held: Held<'_> = None;
    // Most bodies come in one piece, which is taken as it is.
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| Refused::BodyLate)?.into_data() else { continue };
        let before = length;
        length += piece.len();
        if max < length {
            return Err(Refused::TooLarge { max });
        }
        charge(room, &mut held, length.div_ceil(STEP) - before.div_ceil(STEP))?;
        if before == 0 {
            first = piece;
            continue;
        }
        if whole.is_empty() {
            whole = BytesMut::from(&first[..]);
        }
        whole.extend_from_slice(&piece);
    }
    Ok((if whole.is_empty() { first } else { whole.freeze() }, held))
}

fn charge<'a>(room: &'a Semaphore, held: &mut Held<'a>, steps: usize) -> Result<(), Refused> {
    let more = u32::try_from(steps).ok().and_then(|steps| room.try_acquire_many(steps).ok());
    let more = more.ok_or(Refused::Closed(Closed::Busy))?;
    match held {
        Some(held) => held.merge(more),
        None => *held = Some(more),
    }
    Ok(())
}
