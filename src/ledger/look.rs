//! What the book shows of itself. Nothing here changes anything.

use std::collections::BTreeSet;

use crate::domain::calendar::Day;
use crate::domain::ids::{EventKey, TransactionId};
use crate::domain::money::Sum;
use crate::domain::names::Name;
use crate::domain::rollout::Rollout;
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::time::Moment;

use super::arrivals::Arrivals;
use super::book::{Book, ConflictRow};
use super::chunks::Chunks;
use super::directory::Directory;
use super::guards::{Guards, Limits};
use super::meters::{Meters, Waiting};
use super::orders::{Closing, Link};
use super::payers::Payers;
use super::receivables::Receivables;
use super::roll::{NameNo, Roll};
use super::rows::{ChargeRow, Fact, FactNo, FactRow, Place, Sort};

impl Book {
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
        let charge = self.charges.get(number).filter(|charge| charge.fact == fact && charge.sort() == Sort::Charge)?;
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

    /// Who pays.
    pub fn payers(&self) -> &Payers {
        &self.payers
    }

    /// The tariffs.
    pub fn tariffs(&self) -> &Tariffs {
        &self.tariffs
    }

    /// Who is in which phase.
    pub fn rollout(&self) -> &Rollout {
        &self.rollout
    }

    /// What the guards have seen.
    pub fn guards(&self) -> &Guards {
        &self.guards
    }

    /// What the guards let pass.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The rows of charges that are held, in order.
    pub fn held(&self) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + '_ {
        self.held.keys().copied()
    }

    /// Whether a charge is held.
    pub fn is_held(&self, number: u32) -> bool {
        self.held.contains_key(&number)
    }

    /// What those charges count that count anything once they are let go, in order.
    pub fn waiting(&self) -> impl Iterator<Item = (u32, Waiting)> + '_ {
        self.held.iter().filter_map(|(number, waiting)| Some((*number, (*waiting)?)))
    }

    /// The rows of held charges of a citizen, business or client.
    pub fn held_of(&self, name: Name) -> impl Iterator<Item = u32> + '_ {
        let whose = self.roll.number(name);
        let is_his =
            move |row: &ChargeRow| whose.is_some_and(|whose| [row.citizen, row.business, row.client].contains(&whose));
        self.held().filter(move |number| self.charges.get(*number as usize).as_ref().is_some_and(is_his))
    }

    /// What speaks of what, in order of the later ones.
    pub fn links(&self) -> &Chunks<Link> {
        &self.links
    }

    /// What is owed and not invoiced.
    pub fn receivables(&self) -> &Receivables {
        &self.receivables
    }

    /// Who pays for the transaction in row `number`, if anybody does. What speaks of an earlier one is his who pays for
    /// that, whoever is on the list meanwhile; and what was held is his who was on it when it was let go.
    pub fn payer_of(&self, number: u32, charge: &ChargeRow) -> Option<NameNo> {
        let settled = match charge.sort() {
            Sort::Charge | Sort::Release => number,
            Sort::Adjustment | Sort::Reversal => self.speaks_of(number).map_or(number, |of| self.settled(of)),
        };
        self.payers.of(settled, charge)
    }

    /// The row of the earlier transaction that the one in row `number` speaks of, where it does.
    pub fn speaks_of(&self, number: u32) -> Option<u32> {
        let link = self.links.get(self.links.partition_point(|link| link.by < number));
        link.filter(|link| link.by == number).map(|link| link.of)
    }

    /// The row in which it was settled who pays for the charge in row `number`: its own, or where it was let go.
    pub(super) fn settled(&self, number: u32) -> u32 {
        self.released.get(&number).copied().unwrap_or(number)
    }

    /// Whether a conflict was accepted.
    pub fn is_accepted(&self, number: u32) -> bool {
        self.accepted.contains(&number)
    }

    /// The numbers of the conflicts that were accepted, in order.
    pub fn accepted(&self) -> &BTreeSet<u32> {
        &self.accepted
    }

    /// Which months were closed, in order.
    pub fn closings(&self) -> &[Closing] {
        &self.closings
    }

    /// The first day that is not closed, where any is.
    pub fn open_from(&self) -> Option<Day> {
        self.closings.last().map(|closing| closing.open)
    }

    /// Where each order's record stands, in order.
    pub fn orders(&self) -> &Chunks<Place> {
        &self.orders
    }

    /// When facts came in.
    pub fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// How many events were taken.
    pub fn events(&self) -> usize {
        self.facts.len() - self.order_facts
    }

    /// All amounts, whichever way they go.
    pub fn charged(&self) -> Sum {
        self.charged
    }

    /// What was used of what is priced together.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }
}
