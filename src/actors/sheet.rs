//! A sheet: one batch of events on its way from the door to the bookkeeper.
//!
//! Every entity gets the part of the sheet that is its own, and writes its drafts beside the events.
//! When the last part is done, or lost, the sheet goes to the bookkeeper; what was lost he works out
//! himself. So nothing depends on which actor was faster, or on whether it lived.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use actix::prelude::*;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::bookkeeper::Bookkeeper;
use super::clerk::{Clerk, Drafted};
use crate::domain::activity::Activity;
use crate::domain::names::Name;
use crate::domain::time::Moment;
use crate::ledger::entry::Receipt;

/// What the sender of a batch waits for: a receipt for each event, in order.
pub type Receipts = Vec<Receipt>;

/// A batch under way.
#[derive(Debug)]
pub struct Sheet {
    /// The door's number of the batch.
    pub ticket: u64,
    /// When the door saw it.
    pub seen: Moment,
    /// The events, in order.
    pub activities: Vec<Activity>,
    /// For each event, the business that it counts for.
    pub businesses: Vec<Option<Name>>,
    drafts: Box<[OnceLock<Drafted>]>,
    /// The events' places, those of one entity beside each other.
    order: Vec<u32>,
    parts: AtomicUsize,
    bookkeeper: Addr<Bookkeeper>,
    reply: Mutex<Option<oneshot::Sender<Receipts>>>,
    /// What this batch takes up of the room at the door.
    _permit: OwnedSemaphorePermit,
}

/// What a sheet is made of.
pub struct Making {
    /// See [`Sheet::ticket`].
    pub ticket: u64,
    /// See [`Sheet::seen`].
    pub seen: Moment,
    /// See [`Sheet::activities`].
    pub activities: Vec<Activity>,
    /// See [`Sheet::businesses`].
    pub businesses: Vec<Option<Name>>,
    /// The events' places, those of one entity beside each other.
    pub order: Vec<u32>,
    /// How many parts there will be.
    pub parts: usize,
    /// Where it goes in the end.
    pub bookkeeper: Addr<Bookkeeper>,
    /// Who waits for it.
    pub reply: oneshot::Sender<Receipts>,
    /// What it takes up of the room at the door.
    pub permit: OwnedSemaphorePermit,
}

impl Sheet {
    /// A sheet without drafts.
    pub fn new(making: Making) -> Arc<Sheet> {
        let Making { ticket, seen, activities, businesses, order, parts, bookkeeper, reply, permit } = making;
        Arc::new(Sheet {
            ticket,
            seen,
            drafts: (0..activities.len()).map(|_| OnceLock::new()).collect(),
            activities,
            businesses,
            order,
            parts: AtomicUsize::new(parts),
            bookkeeper,
            reply: Mutex::new(Some(reply)),
            _permit: permit,
        })
    }

    /// The draft of the event at `place`, if somebody made one.
    pub fn draft(&self, place: usize) -> Option<Drafted> {
        self.drafts[place].get().copied()
    }

    /// Who waits for the receipts. There is one, and it is given out once.
    pub fn take_reply(&self) -> Option<oneshot::Sender<Receipts>> {
        self.reply.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }
}

/// The part of a sheet that belongs to one entity: a message to its actor.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Part {
    sheet: Arc<Sheet>,
    from: u32,
    to: u32,
}

impl Part {
    /// The events from `from` to before `to` in the sheet's order.
    pub fn new(sheet: Arc<Sheet>, from: usize, to: usize) -> Part {
        Part { sheet, from: from as u32, to: to as u32 }
    }

    /// Works every event of the part out.
    pub fn price(&self, clerk: &Clerk) {
        for &place in &self.sheet.order[self.from as usize..self.to as usize] {
            let place = place as usize;
            let drafted = clerk.draft(&self.sheet.activities[place], self.sheet.businesses[place]);
            // Each event is in one part alone, so that nobody was here before.
            let _ = self.sheet.drafts[place].set(drafted);
        }
    }
}

/// Also when its actor died: whatever becomes of its parts, a sheet arrives.
impl Drop for Part {
    fn drop(&mut self) {
        if self.sheet.parts.fetch_sub(1, Ordering::AcqRel) == 1 {
            Sheet::send(Arc::clone(&self.sheet));
        }
    }
}

impl Sheet {
    /// Hands the sheet to the bookkeeper. If he is gone, so is the sheet, and whoever waits is told.
    pub fn send(sheet: Arc<Sheet>) {
        let bookkeeper = sheet.bookkeeper.clone();
        if bookkeeper.try_send(super::bookkeeper::Post(sheet)).is_err() {
            tracing::debug!("a batch came after the bookkeeper had gone");
        }
    }
}
