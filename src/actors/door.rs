//! The door: takes batches in, numbers them in order of arrival, and gives every entity its part.
//!
//! Only so much may be under way at once. Who comes when the house is full is told so, before
//! anything of his batch is taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::prelude::*;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::atlas::Atlas;
use super::bookkeeper::Bookkeeper;
use super::halt::Halt;
use super::messages::{Describe, Obey};
use super::registry::Registries;
use super::sheet::{Answer, Drafts, Entity, Round, Share, Sheet};
use super::vitals::{Cause, State, Vitals};
use crate::clock::Clock;
use crate::domain::activity::Activity;
use crate::domain::orders::{Order, Refused};
use crate::domain::rows::Row;
use crate::journal::writer::Room;
use crate::ledger::orders::Obeyed;

/// How much may be under way at once.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Events.
    pub events: usize,
    /// Batches; no mailbox ever holds more.
    pub batches: usize,
}

/// The most events that one batch has: however long their ids, they fit one group of the journal.
pub const BATCH_MAX: usize = 16_384;

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { events: 131_072, batches: 4096 }
    }
}

/// Why a batch was not taken in. Nothing of it was.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Closed {
    /// Too much is under way.
    #[error("as much is under way as the sidecar holds; send it again in a moment")]
    Busy,
    /// One batch is larger than all that may be under way.
    #[error("a batch has at most {max} events, this one has {found}; send it in parts")]
    TooMany {
        /// How many it has.
        found: usize,
        /// How many are taken.
        max: usize,
    },
    /// The disk is full.
    #[error("the disk that holds the journal is full; make room, and it goes on by itself")]
    DiskFull,
    /// The whole is about to stop, or has.
    #[error("the sidecar has stopped: {0}")]
    Stopped(Cause),
    /// The whole is about to stop.
    #[error("the sidecar is stopping")]
    Draining,
}

/// Why an order was not taken in.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NotTaken {
    /// As nothing is.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// Everything was to be paused, and is, but only in memory.
    #[error("everything is halted, but only until the sidecar restarts: the pause was not made durable")]
    Halted(#[source] Closed),
}

/// So many orders may be under way at once, and so many more that pause everything. They have room of their own:
/// a house that is full of batches takes them all the same.
const ORDERS: usize = 64;
const PAUSES: usize = 16;

/// Room for a batch that is still to come.
#[derive(Debug)]
pub struct Reserved {
    permit: OwnedSemaphorePermit,
    count: usize,
}

/// The door.
#[derive(Debug)]
pub struct Door {
    registries: Registries,
    atlas: Arc<Atlas>,
    bookkeeper: Addr<Bookkeeper>,
    clock: Clock,
    vitals: Vitals,
    room: Arc<Room>,
    bounds: Bounds,
    events: Arc<Semaphore>,
    orders: Arc<Semaphore>,
    pauses: Arc<Semaphore>,
    tickets: AtomicU64,
    posted: Arc<AtomicU64>,
    halt: Halt,
}

/// What the door hands on to.
pub struct House {
    /// The entities.
    pub registries: Registries,
    /// Who is who.
    pub atlas: Arc<Atlas>,
    /// The bookkeeper.
    pub bookkeeper: Addr<Bookkeeper>,
    /// The clock.
    pub clock: Clock,
    /// The vitals.
    pub vitals: Vitals,
    /// Whether there is room on the disk.
    pub room: Arc<Room>,
    /// How many tickets the bookkeeper has posted.
    pub posted: Arc<AtomicU64>,
    /// Put on by who pauses everything.
    pub halt: Halt,
}

impl Door {
    /// The door of a house.
    pub fn new(house: House, bounds: Bounds) -> Door {
        let House { registries, atlas, bookkeeper, clock, vitals, room, posted, halt } = house;
        // There is always room for one event.
        let bounds = Bounds { events: bounds.events.max(1), batches: bounds.batches.clamp(1, bounds.events.max(1)) };
        let events = Arc::new(Semaphore::new(bounds.events));
        let [orders, pauses] = [ORDERS, PAUSES].map(|count| Arc::new(Semaphore::new(count)));
        let tickets = AtomicU64::new(0);
        Door {
            registries,
            atlas,
            bookkeeper,
            clock,
            vitals,
            room,
            bounds,
            events,
            orders,
            pauses,
            tickets,
            posted,
            halt,
        }
    }

    /// Reserves room for a batch of `count` events, so that it can be refused before it is even read.
    pub fn reserve(&self, count: usize) -> Result<Reserved, Closed> {
        self.permit(count).map(|permit| Reserved { permit, count })
    }

    /// Waits for room for `count` events, also when the house takes nothing new any more: for what was
    /// accepted before.
    pub async fn reserve_waiting(&self, count: usize) -> Result<Reserved, Closed> {
        let stuck = async {
            self.vitals.stopping().await;
            self.room.full().await;
        };
        tokio::select! {
            permit = Arc::clone(&self.events).acquire_many_owned(self.weight(count)) => {
                permit.map(|permit| Reserved { permit, count }).map_err(|_| Closed::Draining)
            }
            // What waits for room on a disk that stays full cannot be waited for by who stops.
            () = stuck => Err(Closed::DiskFull),
        }
    }

    /// Takes a batch of events in; the receipts come when all of it is durable.
    pub fn take(&self, activities: Vec<Activity>) -> Result<oneshot::Receiver<Answer>, Closed> {
        Ok(self.take_reserved(self.reserve(activities.len())?, activities))
    }

    /// Takes a batch in for which there is room.
    ///
    /// # Panics
    /// Where it has more events than were reserved for.
    pub fn take_reserved(&self, reserved: Reserved, activities: Vec<Activity>) -> oneshot::Receiver<Answer> {
        let Reserved { permit, count: reserved } = reserved;
        assert!(activities.len() <= reserved, "a batch is larger than its reservation");
        let (reply, answer) = oneshot::channel();
        let count = activities.len();
        let (mut identities, mut businesses) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut owners = Vec::with_capacity(count);
        // Each event is in the cache once: a batch is larger than that.
        for activity in &activities {
            let business = self.atlas.business_of(activity);
            identities.push(activity.identity());
            businesses.push(business);
            owners.push(business.map(Entity::Business).or(activity.citizen.map(Entity::Citizen)));
        }
        let (order, parts) = split(&owners);
        // From here on nothing may fail: the bookkeeper waits for every number that is given out.
        let sheet = Box::new(Sheet {
            ticket: self.tickets.fetch_add(1, Ordering::AcqRel),
            seen: self.clock.now(),
            drafts: Drafts::of(count),
            identities,
            activities,
            businesses,
            order,
            parts,
            reply,
            permit,
        });
        self.registries.deliver(&Round::new(sheet, self.bookkeeper.clone()));
        answer
    }

    /// Takes rows of citizens and buildings in; for each, whether it told anything new.
    pub fn describe(&self, rows: Vec<Row>) -> Result<oneshot::Receiver<Vec<bool>>, Closed> {
        let permit = self.permit(rows.len())?;
        let (reply, told) = oneshot::channel();
        let ticket = self.tickets.fetch_add(1, Ordering::AcqRel);
        let describe = Describe { ticket, seen: self.clock.now(), rows, reply, permit };
        // His mailbox holds more than may be under way, and an address of its own is never kept waiting;
        // if he is gone, whoever waits is told.
        drop(self.bookkeeper.clone().try_send(describe));
        Ok(told)
    }

    /// Takes an operator's order in; whether it was obeyed is told when it is durable.
    ///
    /// Who pauses everything waits for nobody: from now on nothing that is posted is collectable, whatever is
    /// under way before him. Where his order cannot be made durable, that is so until the process ends.
    pub fn order(&self, order: Order) -> Result<oneshot::Receiver<Result<Obeyed, Refused>>, NotTaken> {
        // Before anything that may refuse him.
        let brake = Halt::is_called_for_by(&order).then(|| self.halt.put_on());
        let room = if brake.is_some() { &self.pauses } else { &self.orders };
        let permit = self.check().and_then(|()| Arc::clone(room).try_acquire_owned().map_err(|_| Closed::Busy));
        let permit = match (permit, brake.as_ref()) {
            (Ok(permit), _) => permit,
            // What was put on is dropped here, and stays.
            (Err(closed @ (Closed::DiskFull | Closed::Draining)), Some(_)) => return Err(NotTaken::Halted(closed)),
            (Err(closed), _) => {
                if let Some(brake) = brake {
                    brake.take_back();
                }
                return Err(closed.into());
            }
        };
        let (reply, obeyed) = oneshot::channel();
        let ticket = self.tickets.fetch_add(1, Ordering::AcqRel);
        let obey = Obey { ticket, seen: self.clock.now(), order, brake, reply, permit };
        drop(self.bookkeeper.clone().try_send(obey));
        Ok(obeyed)
    }

    /// Whether batches are taken in.
    pub fn check(&self) -> Result<(), Closed> {
        match self.vitals.state() {
            State::Running if self.room.is_full() => Err(Closed::DiskFull),
            State::Running => Ok(()),
            State::Draining => Err(Closed::Draining),
            State::Stopped(cause) => Err(Closed::Stopped(cause)),
        }
    }

    /// Waits until nothing is under way, or until a full disk holds it up; whether nothing is.
    pub async fn emptied(&self) -> bool {
        let emptied = async {
            let orders = [(&self.orders, ORDERS), (&self.pauses, PAUSES)];
            for (room, count) in [(&self.events, self.bounds.events)].into_iter().chain(orders) {
                if room.acquire_many(count as u32).await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::select! {
            is_empty = emptied => is_empty,
            () = self.room.full() => false,
        }
    }

    /// Waits until the disk is full.
    pub async fn disk_full(&self) {
        self.room.full().await;
    }

    /// Whether everything is halted in memory alone, until the process ends.
    pub fn is_halted(&self) -> bool {
        self.halt.is_lasting()
    }

    /// Waits until there is room on the disk, or the house is about to stop.
    pub async fn roomy(&self) {
        tokio::select! {
            () = self.room.free() => {}
            () = self.vitals.stopping() => {}
        }
    }

    /// How many events one batch may have.
    pub fn batch_max(&self) -> usize {
        BATCH_MAX.min(self.bounds.events)
    }

    /// How many batches wait in mailboxes: of citizens and businesses, or of the bookkeeper.
    pub fn mailbox_depth(&self) -> u64 {
        // Read first, so that it is never ahead of the tickets.
        let posted = self.posted.load(Ordering::Relaxed);
        self.tickets.load(Ordering::Relaxed).saturating_sub(posted)
    }

    /// How many events are under way.
    pub fn under_way(&self) -> usize {
        self.bounds.events.saturating_sub(self.events.available_permits())
    }

    /// The room that a batch of `count` takes up. A batch gives its place back with its events.
    fn permit(&self, count: usize) -> Result<OwnedSemaphorePermit, Closed> {
        self.check()?;
        let max = self.batch_max();
        if max < count {
            return Err(Closed::TooMany { found: count, max });
        }
        Arc::clone(&self.events).try_acquire_many_owned(self.weight(count)).map_err(|_| Closed::Busy)
    }

    /// An event weighs one; and a batch as much as keeps the number of batches within its bound.
    fn weight(&self, count: usize) -> u32 {
        count.max(self.bounds.events / self.bounds.batches).max(1) as u32
    }
}

/// Sorts a batch by the entities that own its events: the places of its events, those of one entity beside
/// each other and in order, and where the part of each entity lies among them. What belongs to nobody is in
/// no part.
fn split(owners: &[Option<Entity>]) -> (Vec<u32>, Vec<Share>) {
    // Serial and role above, place below: one sort of plain numbers brings an entity's events together.
    let key = |entity: Entity, place: usize| {
        let (serial, role) = match entity {
            Entity::Business(name) => (name.serial(), 0),
            Entity::Citizen(name) => (name.serial(), 1),
        };
        ((serial as u64) << 1 | role) << 31 | place as u64
    };
    let owned = owners.iter().enumerate().filter_map(|(place, owner)| Some((place, (*owner)?)));
    let mut keys: Vec<u64> = owned.map(|(place, entity)| key(entity, place)).collect();
    keys.sort_unstable();
    let order: Vec<u32> = keys.iter().map(|key| (key & 0x7fff_ffff) as u32).collect();
    // The parts lie in the order of their first events, so that the actors come to the events as they lie in
    // memory, and not at random in a batch that is larger than the cache.
    let mut parts = vec![None; owners.len()];
    let mut from = 0;
    for to in 1..=keys.len() {
        if to == keys.len() || keys[to] >> 31 != keys[from] >> 31 {
            let first = order[from] as usize;
            parts[first] = owners[first].map(|entity| Share { entity, from: from as u32, to: to as u32 });
            from = to;
        }
    }
    (order, parts.into_iter().flatten().collect())
}
