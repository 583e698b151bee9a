//! What is found in the book and its journal, for whoever asked.

use std::sync::Arc;

use thiserror::Error;

use crate::domain::calendar::Day;
use crate::domain::ids::TransactionId;
use crate::domain::names::Name;
use crate::domain::orders::Order;
use crate::domain::time::Moment;
use crate::journal::reader::ReadError;
use crate::ledger::bill::Bill;
use crate::ledger::entry::Event;
use crate::ledger::rows::{ChargeRow, Place};

/// Why a question has no answer.
#[derive(Debug, Error)]
pub enum QueryError {
    /// Everything stopped.
    #[error("the sidecar has stopped: {0}")]
    Stopped(String),
    /// The journal could not be read.
    #[error("the record could not be read again")]
    Journal(#[from] ReadError),
    /// The record is not the one that was looked for.
    #[error("the record at {0:?} is another one")]
    Other(Place),
}

/// What became of an event.
#[derive(Clone, Debug)]
pub struct Fate {
    /// The event as it was taken.
    pub event: Event<'static>,
    /// Its transaction, if it earned.
    pub transaction: Option<TransactionId>,
    /// All transactions that are about it, in order: its own, and what corrected them.
    pub transactions: Vec<Transaction>,
    /// What contradicted it; itself, where it declares another amount than was charged.
    pub conflicts: Vec<Disputed>,
}

/// A transaction, and the event that it is about.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Its number.
    pub id: TransactionId,
    /// The charge.
    pub charge: ChargeRow,
    /// The event.
    pub event: Event<'static>,
    /// What made it, where that was no event.
    pub correction: Option<Correction>,
    /// What let it go, where it was held and then released.
    pub released_by: Option<TransactionId>,
    /// What took it back.
    pub reversed_by: Option<TransactionId>,
    /// The bill that it is on, if it is on one.
    pub bill: Option<Arc<Bill>>,
    /// The day whose sums it is in: that of its event or order, or the first open one where that came late for a
    /// month that was closed.
    pub booked_on: Day,
}

impl Transaction {
    /// Whether it is held now, and can be released.
    pub fn is_held(&self) -> bool {
        let is_over = self.released_by.is_some() || self.reversed_by.is_some() || self.correction.is_some();
        self.charge.is_held() && !is_over
    }
}

/// Some of the charges that are held.
#[derive(Clone, Debug)]
pub struct HeldPage {
    /// The charges, the newest first.
    pub transactions: Vec<Transaction>,
    /// Before which to go on, if there are more.
    pub next: Option<TransactionId>,
}

/// An order that speaks of an earlier transaction.
#[derive(Clone, Debug)]
pub struct Correction {
    /// The earlier one.
    pub of: TransactionId,
    /// The order.
    pub order: Order,
    /// When it was given.
    pub at: Moment,
}

/// An event that contradicts an earlier one, or the tariff.
#[derive(Clone, Debug)]
pub struct Disputed {
    /// Its number.
    pub number: u32,
    /// Whether it declares another amount than was charged.
    pub is_discrepancy: bool,
    /// Whether somebody looked at it and let it be.
    pub is_accepted: bool,
    /// The event.
    pub event: Event<'static>,
    /// What was taken and stays: the earlier event, or the same one where it contradicts the tariff.
    pub first: Event<'static>,
}

/// An order that was given.
#[derive(Clone, Debug)]
pub struct Ordered {
    /// Its number, from 1 on.
    pub number: u64,
    /// The order.
    pub order: Order,
    /// When it was given.
    pub at: Moment,
}

/// A message of which no rule says whether it left the simulation.
#[derive(Clone, Debug)]
pub struct Undecided {
    /// The number of its fact.
    pub number: u32,
    /// The message.
    pub event: Event<'static>,
}

/// Which transactions are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Only those before this one; without it, from the newest on.
    pub before: Option<TransactionId>,
    /// Only those of this citizen.
    pub citizen: Option<Name>,
    /// Only those of this business.
    pub business: Option<Name>,
    /// Only those of this rule.
    pub rule: Option<&'static str>,
    /// Only those of this stage.
    pub stage: Option<crate::domain::charge::Stage>,
    /// At most this many.
    pub limit: usize,
}
