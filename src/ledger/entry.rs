//! What may be posted: the entries of the journal, from which the book can always be made again.

use std::ops::Deref;

use crate::domain::activity::Activity;
use crate::domain::bills::Deed;
use crate::domain::charge::{Draft, Hold, Price, Stage};
use crate::domain::ids::{EventKey, TransactionId};
use crate::domain::money::{Currency, Money};
use crate::domain::names::Name;
use crate::domain::orders::Order;
use crate::domain::rows::Row;
use crate::domain::time::Moment;

use super::meters::Used;

/// One record of the journal.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry<'a> {
    /// A name appears for the first time; it gets the next number.
    Name(Name),
    /// An event is taken, and posted if it earned.
    Event(Event<'a>),
    /// An event that contradicts what was taken before. It changes no sum.
    Conflict(Event<'a>),
    /// Somebody or something is described anew.
    Row(Row, Moment),
    /// Somebody pays, with the customer's id at Stripe if there is one: as journals have it that were written before
    /// payers had terms.
    Payer(Name, Option<Name>, Moment),
    /// An operator's order.
    Order(Order, Moment),
    /// A step of a bill.
    Deed(Deed, Moment),
}

/// An event with all that was resolved to price it, and its price.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// The event as it was told.
    pub activity: Telling<'a>,
    /// Its identity.
    pub key: EventKey,
    /// The digest of its content.
    pub content: u64,
    /// What the actor made of it.
    pub draft: Draft,
    /// What it adds to a meter, where its price depends on what came before.
    pub used: Option<Used>,
    /// What becomes of earlier charges by it.
    pub adjustment: Option<Money>,
    /// Whether it declares another amount than is charged.
    pub is_disputed: bool,
    /// Whether its charge may be collected.
    pub stage: Stage,
    /// When it happened, resolved.
    pub occurred_at: Moment,
    /// When it was seen.
    pub recorded_at: Moment,
    /// Whether it upgrades the outcome of an event that was taken before.
    pub is_upgrade: bool,
}

impl Event<'_> {
    /// Whether a rule is about it as it is.
    pub fn is_priced(&self) -> bool {
        self.is_upgrade || self.used.is_some() || !matches!(self.draft.price, Price::Free(_))
    }
}

/// An event as it was told: the sender's own, or one that was read back. An entry is passed on by value,
/// and so is small; a `Cow` would hold a whole activity.
#[derive(Clone, Debug, PartialEq)]
pub enum Telling<'a> {
    /// It lies in the batch that it came in.
    Lent(&'a Activity),
    /// It was read from the journal.
    Read(Box<Activity>),
}

impl Deref for Telling<'_> {
    type Target = Activity;

    fn deref(&self) -> &Activity {
        match self {
            Telling::Lent(activity) => activity,
            Telling::Read(activity) => activity,
        }
    }
}

/// What became of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its fate.
    pub status: Status,
    /// The charge, where it earned.
    pub charge: Option<Charged>,
    /// Whether it upgraded the outcome of an event that was taken before.
    pub upgraded: bool,
}

/// The charge of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// The transaction that holds it.
    pub transaction: TransactionId,
    /// How much.
    pub amount: Money,
    /// In what currency.
    pub currency: Currency,
    /// Whether it may be collected.
    pub stage: Stage,
    /// Whether it is held now: then nothing collects it before it is released.
    pub is_held: bool,
    /// Why it was held, where that is at hand: a duplicate's receipt is made from rows, which do not tell.
    pub hold: Option<Hold>,
}

/// The five fates of an event, of which each has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Status {
    /// Taken, at zero.
    Recorded = 0,
    /// Taken, and it earned.
    Priced = 1,
    /// Known already, with the same content.
    Duplicate = 2,
    /// Known already, with other content; the first stays.
    Conflict = 3,
    /// Not taken; sending it again unchanged changes nothing.
    Rejected = 4,
}

impl Status {
    /// Every status there is.
    pub const ALL: [Status; 5] =
        [Status::Recorded, Status::Priced, Status::Duplicate, Status::Conflict, Status::Rejected];

    /// The stable text of the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Recorded => "recorded",
            Status::Priced => "priced",
            Status::Duplicate => "duplicate",
            Status::Conflict => "conflict",
            Status::Rejected => "rejected",
        }
    }
}
