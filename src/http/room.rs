//! Room for bodies: what all of them together may take up, charged as they arrive; and for answers that nobody reads.
//!
//! Nobody takes up anything by what he says he is about to send. What the operator orders has room of its own, so that
//! whoever fills the house with bodies does not keep the kill switch out.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::reply::Refused;
use super::tokens::Scope;
use crate::actors::door::Closed;

/// The room that there is.
#[derive(Debug)]
pub struct Room {
    /// In steps.
    everybody: Arc<Semaphore>,
    operator: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

/// A part of it, held until the answer is made; or until it is read, where that is large.
pub type Held = Option<OwnedSemaphorePermit>;

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
/// What answers to questions may take up together until they are read. Smaller ones than a step are free: of them a
/// connection has one.
const ANSWERS: usize = 64 << 20;

impl Room {
    /// Room for so many bytes, besides what the operator's orders take up.
    pub fn new(bytes: usize) -> Room {
        let [everybody, operator, answers] =
            [bytes, ORDERS, ANSWERS].map(|bytes| Arc::new(Semaphore::new(bytes / STEP)));
        Room { everybody, operator, answers }
    }

    /// Reads a body to its end, for a request that needs this scope.
    pub async fn read(&self, body: Incoming, scope: Option<Scope>, bound: Bound) -> Result<(Bytes, Held), Refused> {
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

    /// The answer to a question, which takes up room until it is read, or nobody waits for it any more.
    pub fn keep(&self, answer: Bytes) -> Result<Bytes, Refused> {
        if answer.len() < STEP {
            return Ok(answer);
        }
        let mut held = None;
        charge(&self.answers, &mut held, answer.len().div_ceil(STEP)).map_err(|_| Refused::Unread)?;
        Ok(kept(answer, held))
    }
}

/// An answer that keeps the room that its request took up until it is read: what was done cannot be refused any more.
pub fn kept(answer: Bytes, held: Held) -> Bytes {
    struct Kept(Bytes, #[expect(dead_code, reason = "held for as long as the bytes are")] Held);
    impl AsRef<[u8]> for Kept {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    if answer.len() < STEP || held.is_none() { answer } else { Bytes::from_owner(Kept(answer, held)) }
}

async fn read(mut body: Incoming, room: &Arc<Semaphore>, max: usize) -> Result<(Bytes, Held), Refused> {
    let mut held: Held = None;
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

fn charge(room: &Arc<Semaphore>, held: &mut Held, steps: usize) -> Result<(), Refused> {
    let more = u32::try_from(steps).ok().and_then(|steps| Arc::clone(room).try_acquire_many_owned(steps).ok());
    let more = more.ok_or(Refused::Closed(Closed::Busy))?;
    match held {
        Some(held) => held.merge(more),
        None => *held = Some(more),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_nobody_reads_have_a_bound_and_small_ones_are_free() {
        let room = Room::new(0);
        let answer = |bytes: usize| Bytes::from(vec![b'7'; bytes]);
        let mut unread: Vec<Bytes> = Vec::new();
        while let Ok(kept) = room.keep(answer(ANSWERS / 4)) {
            unread.push(kept);
        }
        assert_eq!((unread.len(), &unread[0][..2]), (4, &b"77"[..]));
        assert!(room.keep(answer(STEP - 1)).is_ok());
        // A part that is still to be written keeps the room of the whole.
        let rest = unread.remove(0).slice(1..);
        assert!(matches!(room.keep(answer(STEP)), Err(Refused::Unread)));
        drop(rest);
        assert!(room.keep(answer(ANSWERS / 4)).is_ok());
    }
}
