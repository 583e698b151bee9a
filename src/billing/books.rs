//! What billing reads of the book, and a transaction of it as it is billed.

use super::lines;
use crate::domain::bills::Detail;
use crate::domain::calendar::{Calendar, Day};
use crate::ledger::bills::Bills;
use crate::ledger::book::Book;
use crate::ledger::chunks::Chunks;
use crate::ledger::orders::{Closing, Link};
use crate::ledger::payers::Payers;
use crate::ledger::receivables::Receivables;
use crate::ledger::rows::{ChargeRow, FactRow};

/// What billing reads of the book.
#[derive(Debug)]
pub struct Books<'a> {
    /// The transactions.
    pub charges: &'a Chunks<ChargeRow>,
    /// The facts that they are of.
    pub facts: &'a Chunks<FactRow>,
    /// The months that were closed.
    pub closings: &'a [Closing],
    /// What takes what back, or lets it go.
    pub links: &'a Chunks<Link>,
    /// What is owed.
    pub receivables: &'a Receivables,
    /// Who pays.
    pub payers: &'a Payers,
    /// What was billed.
    pub bills: &'a Bills,
}

impl Books<'_> {
    /// Those of a book.
    pub fn of(book: &Book) -> Books<'_> {
        Books {
            charges: book.charges(),
            facts: book.facts(),
            closings: book.closings(),
            links: book.links(),
            receivables: book.receivables(),
            payers: book.payers(),
            bills: book.bills(),
        }
    }
}

/// A transaction that is owed, or was.
#[derive(Clone, Copy, Debug)]
pub struct Owed {
    /// Its row.
    pub row: u32,
    /// The day that it is booked on.
    pub day: Day,
    /// The transaction.
    pub charge: ChargeRow,
}

/// The transaction in a row, and the day that it is booked on.
pub fn owed(books: &Books<'_>, calendar: &mut Calendar, row: u32) -> Option<Owed> {
    let charge = books.charges.get(row as usize)?;
    let fact = books.facts.get(charge.fact.0 as usize)?.fact();
    let day = calendar.day_cached(fact.occurred_at);
    Some(Owed { row, day: Closing::booked_on(books.closings, row as usize, day), charge })
}

impl Owed {
    /// The line that it is in, where lines tell so much.
    pub fn key(&self, detail: Detail) -> lines::Key {
        let earner = self.charge.business.some().unwrap_or(self.charge.citizen);
        lines::key(detail, earner, self.charge.rule, self.day)
    }
}
