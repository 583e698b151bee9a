//! How a Rialto is to run, and why it may not do what it is asked.

use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use thiserror::Error;

use super::biller::Collecting;
use crate::actors::door::{Bounds, Closed, NotTaken};
use crate::actors::gate::Gate;
use crate::actors::vitals::Cause;
use crate::billing::policy::Policy;
use crate::clock::Clock;
use crate::config;
use crate::domain::orders;
use crate::domain::targets::Targets;
use crate::folder::FolderError;
use crate::journal::JournalError;
use crate::ledger::guards::Limits;
use crate::snapshot::SnapshotError;
use crate::stripe::gateway::Unusable;

/// How a Rialto is to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data folder.
    pub data: PathBuf,
    /// Whose days are counted.
    pub time_zone: Tz,
    /// The clock.
    pub clock: Clock,
    /// How much may be under way at once.
    pub bounds: Bounds,
    /// After how long an idle actor retires.
    pub idle: Duration,
    /// How many threads the citizens and businesses are spread over; with 0 they work beside the bookkeeper.
    pub arbiters: usize,
    /// The size of the journal's segments.
    pub segment_bytes: u64,
    /// How much of the journal must be new before a snapshot is taken by itself.
    pub snapshot_bytes: u64,
    /// What the guards let pass.
    pub limits: Limits,
    /// What going live asks for.
    pub gate: Gate,
    /// What is to be earned by when.
    pub targets: Targets,
    /// When something is worth an invoice.
    pub policy: Policy,
    /// How money is collected; not at all, where that is not said.
    pub collecting: Option<Collecting>,
    /// Asks the allocator to give back what the calling thread has freed: called after many actors
    /// retired. Only whoever chooses the allocator knows how.
    pub give_back: Option<fn()>,
}

impl Settings {
    /// The settings that serve most, with the data in `data`.
    pub fn new(data: impl Into<PathBuf>) -> Settings {
        Settings {
            data: data.into(),
            time_zone: chrono_tz::Europe::Rome,
            clock: Clock::system(),
            bounds: Bounds::default(),
            idle: Duration::from_secs(300),
            arbiters: config::arbiters(),
            segment_bytes: 64 << 20,
            snapshot_bytes: 64 << 20,
            limits: Limits::default(),
            gate: Gate::default(),
            targets: Targets::default(),
            policy: Policy::default(),
            collecting: None,
            give_back: None,
        }
    }
}

/// Why a Rialto does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Its folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its journal.
    #[error("the journal cannot be used")]
    Journal(#[from] JournalError),
    /// Its snapshots.
    #[error("the snapshots in {folder} cannot be used")]
    Snapshots {
        /// Where they are.
        folder: PathBuf,
        /// Why.
        #[source]
        cause: SnapshotError,
    },
    /// A thread.
    #[error("a thread could not be started")]
    Thread(#[source] std::io::Error),
    /// There is no way to Stripe.
    #[error("Stripe cannot be called")]
    Stripe(#[source] Unusable),
    /// The key is not of the account whose bills the folder has.
    #[error("{0}, and the key is another's; take that account's key, or another data folder")]
    Account(String),
}

/// Why an event has no receipt.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RecordError {
    /// It was not taken in.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// It was taken in, but everything stopped before it was known to be durable. After a restart it
    /// may be there or not; sending it again is safe.
    #[error("the sidecar stopped before the event was durable: {0}")]
    Stopped(Cause),
}

/// Why an order was not obeyed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OrderError {
    /// It was refused, and nothing was changed.
    #[error(transparent)]
    Refused(#[from] orders::Refused),
    /// It was not taken in, or everything stopped before it was durable.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Everything was to be paused, and is, but only for as long as the process lives: the order was not made
    /// durable.
    #[error("everything is halted, but only until the sidecar restarts: the pause is not durable")]
    Halted(#[source] Closed),
}

impl From<NotTaken> for OrderError {
    fn from(not_taken: NotTaken) -> OrderError {
        match not_taken {
            NotTaken::Closed(closed) => OrderError::Record(closed.into()),
            NotTaken::Halted(closed) => OrderError::Halted(closed),
        }
    }
}
