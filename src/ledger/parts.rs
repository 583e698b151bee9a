//! What a book is made of, as an image holds it; all the rest follows from it.

use std::collections::BTreeSet;

use compact_str::CompactString;

use crate::domain::bills::{Account, BillNo};
use crate::domain::ids::EventKey;
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::domain::rollout::Rollout;
use crate::domain::rows::Row;
use crate::domain::tariff::Tariff;
use crate::domain::time::Moment;

use super::arrivals::{Arrival, Arrivals};
use super::bill::Bill;
use super::bills::{Bills, Taken};
use super::book::{Book, ConflictRow};
use super::chunks::Chunks;
use super::guards::Guards;
use super::meters::{Meters, Waiting};
use super::orders::{Closing, Link};
use super::payers::Listing;
use super::roll::NameNo;
use super::rows::{ChargeRow, FactNo, FactRow, Place, Sort};

/// What an image holds of bills.
#[derive(Debug, Default)]
pub struct BillParts {
    /// The bills, without their rows.
    pub all: Vec<Bill>,
    /// Whose bills they are.
    pub account: Option<Account>,
    /// What their marks have besides the folder's name.
    pub byname: Option<CompactString>,
    /// The events that Stripe told,
    pub told: Vec<EventKey>,
    /// and those of them of which nobody knows yet what they are about: id, type and object.
    pub unplaced: Vec<[CompactString; 3]>,
    /// What was collected, look by look.
    pub takings: Vec<Taken>,
    /// What is carried to each payer's next bill.
    pub carried: Vec<(NameNo, Currency, Sum)>,
    /// How much of each was taken back while nobody paid it, of those of which anything was.
    pub offsets: Vec<(BillNo, i64)>,
    /// Those that were taken over, and of which somebody asked for what they carry.
    pub vouched: Vec<BillNo>,
}

/// The parts of a book.
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
    /// Those who pay: who was listed before there were terms, by his customer's id,
    pub payers_of_old: Vec<(Name, Option<Name>)>,
    /// and who is or was since, from which rows on.
    pub payers: Vec<Listing>,
    /// The tariffs after the built-in one, in order.
    pub tariffs: Vec<Tariff>,
    /// The meters.
    pub meters: Meters,
    /// Who is in which phase.
    pub rollout: Rollout,
    /// What the guards have seen.
    pub guards: Guards,
    /// What speaks of what.
    pub links: Chunks<Link>,
    /// The conflicts that were accepted.
    pub accepted: BTreeSet<u32>,
    /// Which of the conflicts are discrepancies.
    pub discrepancies: Vec<u32>,
    /// The months that were closed.
    pub closings: Vec<Closing>,
    /// Where each order's record stands.
    pub orders: Chunks<Place>,
    /// When facts came in.
    pub arrivals: Arrivals,
    /// What is known of bills.
    pub bills: BillParts,
    /// What held charges count once they are let go, by their rows.
    pub waiting: Vec<(u32, Waiting)>,
    /// The latest instant at which anything was recorded.
    pub latest: Moment,
}

impl Book {
    /// A book of these parts.
    pub fn from_parts(parts: Parts) -> Book {
        let mut book = Book {
            facts: parts.facts,
            charges: parts.charges,
            conflicts: with_discrepancies(&parts.conflicts, &parts.discrepancies),
            meters: parts.meters,
            rollout: parts.rollout,
            guards: parts.guards,
            links: parts.links,
            accepted: parts.accepted,
            closings: parts.closings,
            orders: parts.orders,
            arrivals: parts.arrivals,
            latest: parts.latest,
            ..Book::default()
        };
        parts.names.into_iter().for_each(|name| book.enrol(name));
        parts.rows.into_iter().for_each(|row| book.describe(row));
        parts.payers_of_old.into_iter().for_each(|(id, customer)| book.list_of_old(id, customer));
        for listing in parts.payers {
            let number = book.roll.enrol(listing.payer.id);
            book.payers.put(number, listing);
        }
        parts.tariffs.iter().for_each(|tariff| book.tariffs.take(tariff));
        for number in 0..book.facts.len() {
            book.index.put(FactNo(number as u32), &book.facts);
        }
        book.order_facts = book.facts.iter().filter(|row| row.is_order()).count();
        for (number, charge) in (0..).zip(book.charges.iter()) {
            book.charged.0 += i128::from(charge.amount.millionths()).abs();
            if charge.is_held() && charge.sort() == Sort::Charge {
                book.held.insert(number, None);
            }
        }
        if book.arrivals.rows().is_empty() && !book.facts.is_empty() {
            // An image of the first format does not tell: then at the latest by the last of them.
            book.arrivals.put(Arrival { fact: FactNo(0), at: book.latest });
        }
        for Link { of, by } in book.links.iter() {
            book.held.remove(&of);
            if book.charges.get(by as usize).is_some_and(|row| row.sort() == Sort::Release) {
                book.released.insert(of, by);
            }
        }
        book.bills = Bills::from_parts(parts.bills);
        book.owe_anew();
        for (number, waiting) in parts.waiting {
            book.held.entry(number).and_modify(|held| *held = Some(waiting));
        }
        for (number, conflict) in book.conflicts.iter().enumerate().filter(|(_, conflict)| !conflict.is_discrepancy) {
            book.noted.entry(conflict.key).or_default().push(number as u32);
        }
        book
    }
}

/// The conflicts, of which these are discrepancies.
fn with_discrepancies(conflicts: &Chunks<ConflictRow>, discrepancies: &[u32]) -> Chunks<ConflictRow> {
    let mut all = Chunks::default();
    for (number, row) in (0..).zip(conflicts.iter()) {
        all.push(ConflictRow { is_discrepancy: discrepancies.binary_search(&number).is_ok(), ..row });
    }
    all
}
