//! The book: every event that was taken, and the charge of each that earned.
//!
//! A change is decided first, by [`Book::admit`], which changes nothing and may refuse; then it is
//! made, by [`Book::post`], which cannot refuse. Rows are only ever appended.

use hashbrown::HashMap;
use thiserror::Error;

use crate::domain::activity::Outcome;
use crate::domain::charge::Price;
use crate::domain::ids::{EventKey, TransactionId};
use crate::domain::money::Sum;
use crate::domain::names::Name;
use crate::domain::rows::Row;
use crate::domain::time::Moment;

use super::accounts::CHARGES_MAX;
use super::chunks::Chunks;
use super::directory::Directory;
use super::entry::{Charged, Entry, Event, Receipt, Status};
use super::index::Index;
use super::roll::{NameNo, Roll};
use super::rows::{ChargeRow, Fact, FactNo, FactRow, Place};

/// The book.
#[derive(Debug, Default)]
pub struct Book {
    roll: Roll,
    facts: Chunks<FactRow>,
    index: Index,
    charges: Chunks<ChargeRow>,
    conflicts: Chunks<ConflictRow>,
    /// The conflicts of each key, so that sending one again writes nothing.
    noted: HashMap<EventKey, Vec<u32>>,
    directory: Directory,
    charged: Sum,
    latest: Moment,
}

/// An event that contradicted the one of the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConflictRow {
    /// The key of both.
    pub key: EventKey,
    /// The digest of the later one's content.
    pub content: u64,
    /// The later one's outcome.
    pub outcome: Outcome,
    /// Where the later one's record stands.
    pub place: Place,
}

/// What the book makes of an event, before anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is new.
    New,
    /// It is known with an unfinished outcome, and is processed now.
    Upgrade(FactNo),
    /// It is known, and the same.
    Repeat(FactNo),
    /// It is known, and not the same.
    Conflict {
        /// The first of its key.
        first: FactNo,
        /// Whether this very contradiction is written down already.
        is_noted: bool,
    },
}

/// The book can take no more.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error(
    "the book is full: it takes four thousand million events, a terabyte of journal and charges of {CHARGES_MAX} in all"
)]
pub struct Full;

/// A journal's record does not follow from those before it.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Contradiction {
    /// The book would have decided otherwise.
    #[error("the record would be {found:?} in the book made from the records before it")]
    Verdict {
        /// What it would be.
        found: Verdict,
    },
    /// A name is enrolled twice.
    #[error("the name {0} is enrolled twice")]
    Name(Name),
    /// There is more than a book holds.
    #[error(transparent)]
    Full(#[from] Full),
}

impl Book {
    /// Decides about an event, and changes nothing.
    pub fn admit(&self, event: &Event<'_>, place: Place) -> Result<Verdict, Full> {
        let Some(first) = self.index.find(event.key, &self.facts) else {
            return self.room_for(event, place).map(|()| Verdict::New);
        };
        let known = self.fact(first);
        let outcome = event.activity.outcome;
        let is_same = known.content == event.content;
        Ok(match (is_same, known.outcome, outcome) {
            (true, Outcome::Processed, Outcome::Processed) => Verdict::Repeat(first),
            // It was seen with an unfinished outcome before it was processed; so this is no change of mind.
            (true, Outcome::Processed, _) if known.is_upgrade => Verdict::Repeat(first),
            (true, Outcome::Processed, _) | (false, ..) => {
                let is_same = |noted: ConflictRow| (noted.content, noted.outcome) == (event.content, outcome);
                let is_noted = self.conflicts_of(event.key).any(|(_, noted)| is_same(noted));
                if !is_noted {
                    self.room_for(event, place)?;
                }
                Verdict::Conflict { first, is_noted }
            }
            (true, _, Outcome::Processed) => self.room_for(event, place).map(|()| Verdict::Upgrade(first))?,
            // Unfinished it was, and unfinished it is: nothing that could be charged has changed.
            (true, ..) => Verdict::Repeat(first),
        })
    }

    /// Whether there is room for the event's rows.
    fn room_for(&self, event: &Event<'_>, place: Place) -> Result<(), Full> {
        let charge = match event.draft.price {
            Price::Charge { amount, .. } => i128::from(amount.millionths()),
            Price::Free(_) => 0,
        };
        let is_rowed = self.facts.len() < u32::MAX as usize && self.roll.names().len() < u32::MAX as usize - 16;
        let fits = is_rowed && place < Place::END && self.charged.0 + charge <= i128::from(CHARGES_MAX.millionths());
        if fits { Ok(()) } else { Err(Full) }
    }

    /// Posts an event that was admitted as new or as an upgrade; `place` is where its record stands.
    pub fn post(&mut self, event: &Event<'_>, place: Place) -> Receipt {
        let number = FactNo(self.facts.len() as u32);
        self.latest = self.latest.max(event.recorded_at);
        let charge = match event.draft.price {
            Price::Charge { rule, amount, currency } => Some(ChargeRow {
                amount,
                fact: number,
                citizen: self.enrolled(event.activity.citizen),
                business: self.enrolled(event.draft.business),
                client: self.enrolled(event.activity.client),
                rule,
                tariff: event.draft.tariff,
                currency,
                stage: event.stage,
            }),
            Price::Free(_) => None,
        };
        self.facts.push(FactRow::new(Fact {
            key: event.key,
            content: event.content,
            occurred_at: event.occurred_at,
            place,
            feed: event.activity.feed,
            outcome: event.activity.outcome,
            is_charged: charge.is_some(),
            is_upgrade: event.is_upgrade,
        }));
        self.index.put(number, &self.facts);
        if let Some(charge) = charge {
            self.charges.push(charge);
            self.charged.add(charge.amount);
        }
        let status = if charge.is_some() { Status::Priced } else { Status::Recorded };
        let charge = charge.map(|charge| charged(TransactionId(self.charges.len() as u64), &charge));
        Receipt { status, charge, upgraded: event.is_upgrade }
    }

    /// Writes a conflict down; it must have been admitted as one that is not noted.
    pub fn note_conflict(&mut self, event: &Event<'_>, place: Place) {
        let outcome = event.activity.outcome;
        self.noted.entry(event.key).or_default().push(self.conflicts.len() as u32);
        self.conflicts.push(ConflictRow { key: event.key, content: event.content, outcome, place });
    }

    /// Gives `name` its number, which is new if it is not on the roll.
    pub fn enrol(&mut self, name: Name) {
        self.roll.enrol(name);
    }

    /// Takes in a row that is [news](Directory::news), with what was known put in.
    pub fn describe(&mut self, row: Row) {
        self.directory.put(row);
    }

    /// Takes one record of a journal, which must follow from those before it.
    pub fn replay(&mut self, entry: &Entry<'_>, place: Place) -> Result<(), Contradiction> {
        match entry {
            Entry::Name(name) if self.roll.number(*name).is_some() => return Err(Contradiction::Name(*name)),
            Entry::Name(name) => self.enrol(*name),
            Entry::Row(row, _) => self.describe(*row),
            Entry::Event(event) => match self.admit(event, place)? {
                Verdict::New if !event.is_upgrade => drop(self.post(event, place)),
                Verdict::Upgrade(_) if event.is_upgrade => drop(self.post(event, place)),
                found => return Err(Contradiction::Verdict { found }),
            },
            Entry::Conflict(event) => match self.admit(event, place)? {
                Verdict::Conflict { is_noted: false, .. } => self.note_conflict(event, place),
                found => return Err(Contradiction::Verdict { found }),
            },
        }
        Ok(())
    }

    /// The receipt of an event that is known already.
    pub fn repeated(&self, first: FactNo, status: Status) -> Receipt {
        let charge = self.charge_of(first).map(|(transaction, charge)| charged(transaction, &charge));
        Receipt { status, charge, upgraded: false }
    }

    /// Brings near what [`Book::admit`] will ask of these keys.
    pub fn touch(&self, keys: impl Iterator<Item = EventKey>) {
        keys.for_each(|key| self.index.touch(key));
    }

    /// The newest fact of `key`.
    pub fn find(&self, key: EventKey) -> Option<FactNo> {
        self.index.find(key, &self.facts)
    }

    /// The fact with this number.
    ///
    /// # Panics
    /// Where the book gave out no such number.
    #[expect(clippy::expect_used, reason = "numbers come from this book alone, and rows are never taken away")]
    pub fn fact(&self, number: FactNo) -> Fact {
        self.facts.get(number.0 as usize).expect("a number that the book gave out").fact()
    }

    /// The transaction of a fact, if it earned.
    pub fn charge_of(&self, fact: FactNo) -> Option<(TransactionId, ChargeRow)> {
        let number = self.charges.partition_point(|charge| charge.fact < fact);
        let charge = self.charges.get(number).filter(|charge| charge.fact == fact)?;
        Some((TransactionId(number as u64 + 1), charge))
    }

    /// The names.
    pub fn roll(&self) -> &Roll {
        &self.roll
    }

    /// The facts.
    pub fn facts(&self) -> &Chunks<FactRow> {
        &self.facts
    }

    /// The charges; transaction `n` is row `n - 1`.
    pub fn charges(&self) -> &Chunks<ChargeRow> {
        &self.charges
    }

    /// The latest instant at which anything was recorded.
    pub fn latest(&self) -> Moment {
        self.latest
    }

    /// The conflicts, in order.
    pub fn conflicts(&self) -> &Chunks<ConflictRow> {
        &self.conflicts
    }

    /// The conflicts with the event of `key`, each with its number.
    pub fn conflicts_of(&self, key: EventKey) -> impl Iterator<Item = (usize, ConflictRow)> + '_ {
        let numbers = self.noted.get(&key).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|&number| Some((number as usize, self.conflicts.get(number as usize)?)))
    }

    /// Who is who.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// A book of these parts, such as an image holds; the rest follows from them.
    pub fn from_parts(parts: Parts) -> Book {
        let Parts { names, facts, charges, conflicts, rows, latest } = parts;
        let mut book = Book { facts, charges, conflicts, latest, ..Book::default() };
        names.into_iter().for_each(|name| book.enrol(name));
        rows.into_iter().for_each(|row| book.describe(row));
        for number in 0..book.facts.len() {
            book.index.put(FactNo(number as u32), &book.facts);
        }
        book.charges.iter().for_each(|charge| book.charged.add(charge.amount));
        for (number, conflict) in book.conflicts.iter().enumerate() {
            book.noted.entry(conflict.key).or_default().push(number as u32);
        }
        book
    }

    fn enrolled(&self, name: Option<Name>) -> NameNo {
        name.and_then(|name| self.roll.number(name)).unwrap_or(NameNo::NONE)
    }
}

/// What a book is made of, without what follows from it.
#[derive(Debug, Default)]
pub struct Parts {
    /// The roll, in order.
    pub names: Vec<Name>,
    /// The facts.
    pub facts: Chunks<FactRow>,
    /// The charges.
    pub charges: Chunks<ChargeRow>,
    /// The conflicts.
    pub conflicts: Chunks<ConflictRow>,
    /// The directory.
    pub rows: Vec<Row>,
    /// The latest instant at which anything was recorded.
    pub latest: Moment,
}

fn charged(transaction: TransactionId, charge: &ChargeRow) -> Charged {
    Charged { transaction, amount: charge.amount, currency: charge.currency, stage: charge.stage }
}
