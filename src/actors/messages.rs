//! What the bookkeeper is told, what he begins with, and whom he tells in turn.

use std::sync::Arc;

use actix::prelude::*;
use arc_swap::ArcSwap;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::oneshot;

use super::atlas::Atlas;
use super::gate::Gate;
use super::halt::{Brake, Halt};
use super::sheet::Sheet;
use super::vitals::Vitals;
use crate::clock::Clock;
use crate::domain::orders::{Order, Refused};
use crate::domain::rows::Row;
use crate::domain::targets::Targets;
use crate::domain::time::Moment;
use crate::journal::writer::Written;
use crate::ledger::book::Book;
use crate::ledger::orders::Obeyed;
use crate::ledger::totals::Totals;
use crate::ledger::view::View;
use crate::metrics::Meters;
use crate::snapshot::Image;

/// A batch whose drafts are done, or lost.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Post(pub Box<Sheet>);

/// Rows of citizens and buildings.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Describe {
    /// The door's number.
    pub ticket: u64,
    /// When the door saw them.
    pub seen: Moment,
    /// The rows.
    pub rows: Vec<Row>,
    /// Who waits: told for each row whether it was news.
    pub reply: oneshot::Sender<Vec<bool>>,
    /// What they take up of the room at the door.
    pub permit: OwnedSemaphorePermit,
}

/// What became of an order.
pub type Outcome = Result<Obeyed, Refused>;

/// An operator's order.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Obey {
    /// The door's number.
    pub ticket: u64,
    /// When the door saw it.
    pub seen: Moment,
    /// The order.
    pub order: Order,
    /// What it put on, where it pauses everything; taken back when the book says so.
    pub brake: Option<Brake>,
    /// Who waits.
    pub reply: oneshot::Sender<Outcome>,
    /// What it takes up of the room at the door.
    pub permit: OwnedSemaphorePermit,
}

/// The writer is done with a group.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Synced(pub Written);

/// Everything that was handed in before must be durable, marked as such, and in a snapshot.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Flush {
    /// Who waits.
    pub done: oneshot::Sender<()>,
}

/// A snapshot is to be taken, if there is anything new.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct TakeSnapshot;

/// He may go: whatever is under way is lost, but was never acknowledged.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Leave;

/// Whom the bookkeeper tells, and by what.
pub struct Outside {
    /// What readers see.
    pub view: Arc<ArcSwap<View>>,
    /// Who is who, for everybody.
    pub atlas: Arc<Atlas>,
    /// The meters.
    pub meters: Meters,
    /// The vitals.
    pub vitals: Vitals,
    /// Takes images, and makes snapshots of them.
    pub images: Box<dyn FnMut(Image) + Send>,
    /// The clock.
    pub clock: Clock,
    /// What going live asks for.
    pub gate: Gate,
    /// What is to be earned by when.
    pub targets: Arc<Targets>,
    /// In force while who paused everything is still on his way.
    pub halt: Halt,
    /// Is told how many of the door's tickets are posted.
    pub posted: Arc<std::sync::atomic::AtomicU64>,
    /// Is told each durable position.
    pub durable: Arc<std::sync::atomic::AtomicU64>,
    /// Is told where the last record ends, each time that there is another one in the view.
    pub news: tokio::sync::watch::Sender<u64>,
    /// How large the journal may grow past the last snapshot before the next one is due; it also
    /// waits until half the size of the last one is new.
    pub snapshot_bytes: u64,
}

/// What a start found.
pub struct Found {
    /// The book, as the journal has it.
    pub book: Book,
    /// The sums over it.
    pub totals: Totals,
    /// The end of the journal.
    pub position: u64,
    /// The end of the last group with records that are in no snapshot; where there is none, the same
    /// as `imaged`.
    pub recorded: u64,
    /// Up to where a snapshot has it.
    pub imaged: u64,
}
