//! A sheet: one batch of events on its way from the door to the bookkeeper.
//!
//! It makes a round among the entities: each gets the part that is its own, and writes its drafts beside
//! the events. When the last part is done, or lost, the sheet goes to the bookkeeper; what was lost he
//! works out himself. So nothing depends on which actor was faster, or on whether it lived.

use std::sync::{Arc, Mutex};

use actix::prelude::*;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::bookkeeper::Bookkeeper;
use super::clerk::Clerk;
use super::messages::Post;
use crate::domain::activity::{Activity, Identity};
use crate::domain::charge::Draft;
use crate::domain::names::Name;
use crate::domain::time::Moment;
use crate::ledger::entry::Receipt;

/// A receipt for each event of a batch, in order.
pub type Receipts = Vec<Receipt>;

/// What the sender of a batch waits for.
#[derive(Debug)]
pub struct Answer {
    /// The receipts.
    pub receipts: Receipts,
    /// His events, given back: to free them is work for his thread, not the bookkeeper's.
    pub activities: Vec<Activity>,
}

/// Whose part of a sheet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// A business's.
    Business(Name),
    /// A citizen's, where no business is named.
    Citizen(Name),
}

/// A batch under way.
#[derive(Debug)]
pub struct Sheet {
    /// The door's number of the batch.
    pub ticket: u64,
    /// When the door saw it.
    pub seen: Moment,
    /// The events, in order.
    pub activities: Vec<Activity>,
    /// Who each event is, worked out while the door has it at hand.
    pub identities: Vec<Identity>,
    /// For each event, the business that it counts for.
    pub businesses: Vec<Option<Name>>,
    /// The events' places, those of one entity beside each other.
    pub order: Vec<u32>,
    /// Whose are which of them. What belongs to nobody is in no part.
    pub parts: Vec<Share>,
    /// The drafts that were made, by place.
    pub drafts: Drafts,
    /// Who waits for it.
    pub reply: oneshot::Sender<Answer>,
    /// What it takes up of the room at the door.
    pub permit: OwnedSemaphorePermit,
}

/// The part of a sheet that is one entity's: from a place in its order to before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Whose.
    pub entity: Entity,
    /// From here on,
    pub from: u32,
    /// to before this.
    pub to: u32,
}

/// The drafts of a sheet, which several arbiters' actors may write at once.
#[derive(Debug)]
pub struct Drafts(Mutex<Vec<Option<Draft>>>);

impl Drafts {
    /// No drafts yet, for so many events.
    pub fn of(count: usize) -> Drafts {
        Drafts(Mutex::new(vec![None; count]))
    }

    fn write(&self, places: &[u32], made: Vec<Draft>) {
        let mut drafts = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for (&place, draft) in places.iter().zip(made) {
            drafts[place as usize] = Some(draft);
        }
    }

    /// The drafts, by place.
    pub fn read(self) -> Vec<Option<Draft>> {
        self.0.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A sheet's round among the entities. Whoever holds it has still to do his part; when nobody does any
/// more, the sheet goes to the bookkeeper.
#[derive(Debug)]
pub struct Round {
    sheet: Option<Box<Sheet>>,
    bookkeeper: Addr<Bookkeeper>,
}

impl Round {
    /// The round of this sheet, which ends at the bookkeeper.
    pub fn new(sheet: Box<Sheet>, bookkeeper: Addr<Bookkeeper>) -> Arc<Round> {
        Arc::new(Round { sheet: Some(sheet), bookkeeper })
    }

    /// The parts.
    pub fn parts(&self) -> &[Share] {
        self.sheet.as_ref().map_or(&[], |sheet| &sheet.parts)
    }
}

/// Also when an actor died: whatever becomes of its parts, a sheet arrives.
impl Drop for Round {
    fn drop(&mut self) {
        let Some(sheet) = self.sheet.take() else { return };
        // If he is gone, so is the sheet, and whoever waits is told.
        if self.bookkeeper.try_send(Post(sheet)).is_err() {
            tracing::debug!("a batch came after the bookkeeper had gone");
        }
    }
}

/// The part of a sheet that belongs to one entity: a message to its actor.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Part {
    round: Arc<Round>,
    from: u32,
    to: u32,
}

impl Part {
    /// One share of the sheet that is on this round.
    pub fn new(round: Arc<Round>, share: Share) -> Part {
        Part { round, from: share.from, to: share.to }
    }

    /// Works every event of the part out.
    pub fn price(&self, clerk: &Clerk) {
        let Some(sheet) = &self.round.sheet else { return };
        let places = &sheet.order[self.from as usize..self.to as usize];
        let tariffs = clerk.tariffs();
        let draft = |&place: &u32| {
            let (activity, business) = (&sheet.activities[place as usize], sheet.businesses[place as usize]);
            clerk.draft(&tariffs, activity, business, activity.happened(sheet.seen))
        };
        sheet.drafts.write(places, places.iter().map(draft).collect());
    }
}
