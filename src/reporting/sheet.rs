//! Every transaction with all that is known of it, one after another, for whoever writes them down.
//!
//! What memory has no room for (ids of events, quantities, who ordered what and why) is read from the journal, one record
//! at a time: a sheet of ten million takes no more memory than one of ten.

use std::io;

use rust_decimal::Decimal;

use super::days::Days;
use crate::domain::bills::BillNo;
use crate::domain::calendar::{Calendar, Day};
use crate::domain::charge::Stage;
use crate::domain::ids::{EventKey, TransactionId};
use crate::domain::names::Name;
use crate::domain::orders::Order;
use crate::domain::tariff::asks::{Unit, decimal_of};
use crate::domain::time::Moment;
use crate::ledger::book::Book;
use crate::ledger::entry::{Entry, Event};
use crate::ledger::orders::Closing;
use crate::ledger::roll::NameNo;
use crate::ledger::rows::{ChargeRow, Fact, Place, Sort};

/// Whoever writes transactions down.
pub trait Sheet {
    /// Writes one.
    fn put(&mut self, line: &Line) -> io::Result<()>;

    /// Writes what comes after the last.
    fn end(self: Box<Self>) -> io::Result<()>;
}

/// A transaction, with all that is known of it.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number.
    pub id: TransactionId,
    /// Its row in the book.
    pub charge: ChargeRow,
    /// The day whose sums it is in.
    pub booked_on: Day,
    /// When it was recorded.
    pub recorded_at: Moment,
    /// The event that it is about.
    pub event: Box<Event<'static>>,
    /// The key of that event.
    pub key: EventKey,
    /// The rule that priced it.
    pub rule: &'static str,
    /// Who did it,
    pub citizen: Option<Name>,
    /// for which business,
    pub business: Option<Name>,
    /// and who is to pay, as the event names him.
    pub client: Option<Name>,
    /// What was measured of the event, where it is its charge.
    pub quantity: Option<Quantity>,
    /// Who pays, where it may be collected and somebody does.
    pub payer: Option<NameNo>,
    /// The same by his name.
    pub payer_name: Option<Name>,
    /// The bill that it is on; the newest one, where that came to nothing and another is in its place.
    pub bill: Option<BillNo>,
    /// The earlier transaction that it takes back, lets go or adjusts.
    pub of: Option<TransactionId>,
    /// The order that made it, where no event did.
    pub order: Option<Order>,
}

/// How much was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// Exactly so much, to at most twelve places.
    pub amount: Decimal,
    /// Of this: hours are counted in minutes.
    pub unit: &'static str,
}

/// Why the transactions cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum SheetError<E> {
    /// The journal does not tell of one.
    #[error("{id} could not be read")]
    Read {
        /// Of this one.
        id: TransactionId,
        /// Why.
        #[source]
        cause: E,
    },
    /// The journal tells of something else.
    #[error("the journal tells of something else where {0} should be")]
    Other(TransactionId),
    /// They could not be written.
    #[error("it could not be written")]
    Write(#[source] io::Error),
}

/// The transactions of a book.
#[derive(Debug)]
pub struct Transactions<'a> {
    book: &'a Book,
    calendar: Calendar,
    days: Days,
    /// The rows that are on bills, in order, and on which.
    billed: Vec<(u32, BillNo)>,
}

impl<'a> Transactions<'a> {
    /// Those of a book that are booked on one of `days`, which `calendar` counts.
    pub fn of(book: &'a Book, calendar: &Calendar, days: Days) -> Transactions<'a> {
        let rows = |bill: &'a crate::ledger::bill::Bill| bill.rows.iter().map(|row| (*row, bill.no));
        let mut billed: Vec<(u32, BillNo)> = book.bills().iter().flat_map(rows).collect();
        billed.sort_unstable();
        Transactions { book, calendar: calendar.clone(), days, billed }
    }

    /// Puts each of them on a sheet, in their order. `read` reads the journal, and `told` is told how many of the book's
    /// transactions were looked at.
    pub fn put_on<E>(
        &mut self,
        sheet: &mut dyn Sheet,
        mut read: impl FnMut(Place) -> Result<Entry<'static>, E>,
        mut told: impl FnMut(u64),
    ) -> Result<(), SheetError<E>> {
        let book = self.book;
        for (number, charge) in (0..).zip(book.charges().iter()) {
            let own = book.fact(charge.fact);
            let happened = self.calendar.day_cached(own.occurred_at);
            let booked_on = Closing::booked_on(book.closings(), number as usize, happened);
            if self.days.contain(booked_on) {
                let line = self.line(number, charge, own, booked_on, &mut read)?;
                sheet.put(&line).map_err(SheetError::Write)?;
            }
            told(u64::from(number) + 1);
        }
        Ok(())
    }

    fn line<E>(
        &self,
        number: u32,
        charge: ChargeRow,
        own: Fact,
        booked_on: Day,
        read: &mut impl FnMut(Place) -> Result<Entry<'static>, E>,
    ) -> Result<Line, SheetError<E>> {
        let book = self.book;
        let id = id(number);
        let mut read = |place| read(place).map_err(|cause| SheetError::Read { id, cause });
        let of = book.speaks_of(number);
        let (order, fact) = match (own.is_order, of.and_then(|of| book.charges().get(of as usize))) {
            (false, _) => (None, own),
            (true, Some(first)) => match read(own.place)? {
                Entry::Order(order, at) => (Some((order, at)), book.fact(first.fact)),
                _ => return Err(SheetError::Other(id)),
            },
            (true, None) => return Err(SheetError::Other(id)),
        };
        let Entry::Event(event) = read(fact.place)? else { return Err(SheetError::Other(id)) };
        let payer = book.payer_of(number, &charge).filter(|_| charge.stage() == Stage::Live && !charge.is_held());
        let name = |number: NameNo| number.some().and_then(|number| book.roll().name(number));
        Ok(Line {
            id,
            charge,
            booked_on,
            recorded_at: order.as_ref().map_or(event.recorded_at, |(_, at)| *at),
            key: fact.key,
            rule: book.tariffs().rule_name(charge.rule),
            citizen: name(charge.citizen),
            business: name(charge.business),
            client: name(charge.client),
            quantity: self.quantity(&charge, &event),
            payer,
            payer_name: payer.and_then(name),
            bill: self.bill(number),
            of: of.map(self::id),
            order: order.map(|(order, _)| order),
            event: Box::new(event),
        })
    }

    fn quantity(&self, charge: &ChargeRow, event: &Event<'_>) -> Option<Quantity> {
        let tariff = self.book.tariffs().version(charge.tariff).filter(|_| charge.sort() == Sort::Charge)?;
        let asks = &tariff.rule(charge.rule)?.asks;
        let measure = asks.measure(&event.activity).ok()?;
        let counted = match asks.unit {
            Unit::Hour => Unit::Minute,
            unit => unit,
        };
        Some(Quantity { amount: decimal_of(measure.quantity.into()), unit: counted.as_str() })
    }

    fn bill(&self, number: u32) -> Option<BillNo> {
        let after = self.billed.partition_point(|(row, _)| *row <= number);
        let (row, bill) = self.billed.get(after.checked_sub(1)?)?;
        (*row == number).then_some(*bill)
    }
}

/// The transaction in row `number`.
fn id(number: u32) -> TransactionId {
    TransactionId(u64::from(number) + 1)
}
