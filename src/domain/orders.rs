//! What an operator orders: by whom, why, and what. Each is a record of the journal, and none is ever changed.

use std::sync::Arc;

use compact_str::CompactString;
use thiserror::Error;

use super::bills::{self, BillNo};
use super::calendar::Day;
use super::ids::TransactionId;
use super::names::Name;
use super::payers::Payer;
use super::rollout::{self, Move};
use super::tariff::{Tariff, timeline};

/// An order.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Who gives it, at most [`TEXT_MAX`] bytes.
    pub by: CompactString,
    /// Why, at most [`TEXT_MAX`] bytes.
    pub why: CompactString,
    /// What is ordered.
    pub what: What,
}

impl Order {
    /// Whether who and why are words for a record: short, and a line that people are shown, on terminals too.
    pub fn is_worded(&self) -> Result<(), Refused> {
        let texts = [&self.by, &self.why];
        if texts.into_iter().any(|text| TEXT_MAX < text.len()) {
            Err(Refused::Text)
        } else if texts.into_iter().any(|text| text.contains(char::is_control)) {
            Err(Refused::Control)
        } else {
            Ok(())
        }
    }
}

/// The longest `by` and `why`.
pub const TEXT_MAX: usize = 255;

/// What is ordered.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A tariff comes into force.
    Tariff(Arc<Tariff>),
    /// Somebody goes from one phase of the rollout to another.
    Move(Move),
    /// A held charge is let go.
    Release(TransactionId),
    /// Whoever is watched under this name goes on, and all that is held of it is let go.
    ReleaseAll(Name),
    /// A conflict or a discrepancy was looked at: the first event stays.
    Accept(u32),
    /// A charge is taken back.
    Reverse(Reverse),
    /// A month is closed: what arrives for it later is booked from this day on.
    Close(Day),
    /// Somebody is on the list of those who pay from now on, on these terms.
    List(Payer),
    /// Somebody is on it no more.
    Strike(Name),
    /// A bill comes to nothing: its invoice is deleted or voided.
    Cancel(BillNo),
    /// What is on a bill that came to nothing is billed again.
    Rebill(BillNo),
    /// What Stripe has is taken over by this folder, which may be a copy; from then on the marks of its bills have this
    /// besides the folder's name.
    Adopt(CompactString),
    /// Something is done that changes nothing in the book, and that somebody has to answer for.
    Act(Act),
}

/// What is done beside the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A snapshot is taken.
    Snapshot,
    /// What is due is billed now.
    Run,
    /// Every bill is compared with what there is at Stripe.
    Reconcile,
    /// There is a token by this name, which allows this, at most [`TEXT_MAX`] bytes each.
    TokenAdded(CompactString, CompactString),
    /// There is none any more.
    TokenRemoved(CompactString),
    /// The key to what was kept of whoever has this id, of at most [`TEXT_MAX`] bytes, is destroyed.
    Erased(CompactString),
}

/// What a charge that is taken back had added to a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reverse {
    /// The charge.
    pub transaction: TransactionId,
    /// In the period that began on this day, and how much: a quantity.
    pub used: Option<(Day, u64)>,
}

/// Why an order is refused. Nothing was changed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// Who or why is too long.
    #[error("`by` and `why` have at most {TEXT_MAX} bytes each")]
    Text,
    /// Who or why is no plain text.
    #[error("`by` and `why` are a line of plain text each, without line breaks and other control characters")]
    Control,
    /// A tariff does not follow from those before it.
    #[error(transparent)]
    Tariff(#[from] timeline::Refused),
    /// A tariff is not what its text says.
    #[error("the tariff is another than its text makes: read it with `tariffs::read`")]
    NotItsText,
    /// A move changes nothing.
    #[error(transparent)]
    Move(#[from] rollout::Refused),
    /// Nobody goes live before everything is ready for it.
    #[error("it is not ready to go live: {}", .0.join("; "))]
    NotReady(Vec<String>),
    /// There is no such transaction.
    #[error("there is no transaction {0}")]
    NoTransaction(TransactionId),
    /// Only what was charged can be taken back or let go.
    #[error("{transaction} is a {sort}; only a charge can be {done}")]
    NotACharge {
        /// The transaction.
        transaction: TransactionId,
        /// What it is.
        sort: &'static str,
        /// What was to be done with it.
        done: &'static str,
    },
    /// It was done before.
    #[error("{0} is reversed already")]
    Reversed(TransactionId),
    /// It is not held.
    #[error("{0} is not held")]
    NotHeld(TransactionId),
    /// Nothing is held of it.
    #[error("nothing is held of {0}")]
    NothingHeld(Name),
    /// Nothing becomes collectable while all is paused.
    #[error(
        "all is paused: what is live is let go, and what others owe by it is taken back, once all is `shadow` or `live` again"
    )]
    Paused,
    /// There is no such conflict.
    #[error("there is no conflict {0}")]
    NoConflict(u32),
    /// It was accepted before.
    #[error("conflict {0} is accepted already")]
    Accepted(u32),
    /// A month that is not over cannot be closed,
    #[error("the month is not over before {0} is, and only one that is over can be closed")]
    NotOver(String),
    /// nor one that is closed.
    #[error("everything before {0} is closed already")]
    Closed(String),
    /// Terms that make no sense.
    #[error("{0}")]
    Terms(&'static str),
    /// Who is to be taken off the list is not on it.
    #[error("{0} is not on the list of those who pay")]
    NotListed(Name),
    /// A bill is not so far, or further.
    #[error(transparent)]
    Bill(#[from] bills::Refused),
    /// The book is full.
    #[error("the book is full")]
    Full,
}
