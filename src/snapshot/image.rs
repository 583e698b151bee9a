//! The image of a book, taken in a moment and written out section by section.

use std::collections::BTreeSet;

use super::SnapshotError;
use super::bill::BillImage;
use super::section::{ConflictImage, MeterImage, PayerImage, RowImage, Section, TariffImage, WatchImage, own_image};
use crate::domain::bills::Account;
use crate::domain::names::Name;
use crate::domain::rollout::{Rollout, Standing, Subject};
use crate::domain::rows::Row;
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::time::Moment;
use crate::journal::segment::FolderId;
use crate::ledger::arrivals::Arrivals;
use crate::ledger::bill::Bill;
use crate::ledger::bills::{Bills, Taken};
use crate::ledger::book::{Book, ConflictRow};
use crate::ledger::chunks::Chunks;
use crate::ledger::directory::Directory;
use crate::ledger::guards::Guards;
use crate::ledger::meters::{Meters, Waiting};
use crate::ledger::orders::{Closing, Link};
use crate::ledger::payers::Payers;
use crate::ledger::rows::{ChargeRow, FactRow, Place};

/// How many rows a section has at most: whatever they are, they fit its bound.
const SECTION_ROWS: usize = 8192;
/// The same of tariffs, which are long.
const TARIFFS: usize = 64;
/// The same of bills, of which each may have a request under way.
const BILLS: usize = 64;

/// The book as it was at one position, shared with its owner and cheap to take.
#[derive(Debug)]
pub struct Image {
    position: u64,
    latest: Moment,
    names: Chunks<Name>,
    facts: Chunks<FactRow>,
    charges: Chunks<ChargeRow>,
    conflicts: Chunks<ConflictRow>,
    directory: Directory,
    payers: Payers,
    tariffs: Tariffs,
    meters: Meters,
    rollout: Rollout,
    accepted: BTreeSet<u32>,
    closings: Vec<Closing>,
    links: Chunks<Link>,
    ordered: Chunks<Place>,
    arrivals: Arrivals,
    waiting: Vec<(u32, Waiting)>,
    guards: Guards,
    bills: Bills,
}

impl Image {
    /// The image of `book`, whose journal has come to `position`.
    pub fn take(book: &Book, position: u64) -> Image {
        Image {
            position,
            latest: book.latest(),
            names: book.roll().names().share(),
            facts: book.facts().share(),
            charges: book.charges().share(),
            conflicts: book.conflicts().share(),
            directory: book.directory().clone(),
            payers: book.payers().clone(),
            tariffs: book.tariffs().clone(),
            meters: book.meters().clone(),
            rollout: book.rollout().clone(),
            accepted: book.accepted().clone(),
            closings: book.closings().to_vec(),
            links: book.links().share(),
            ordered: book.orders().share(),
            arrivals: book.arrivals().clone(),
            waiting: book.waiting().collect(),
            guards: book.guards().clone(),
            bills: book.bills().clone(),
        }
    }

    /// Where the journal had come to.
    pub fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn sections(
        &self,
        folder: FolderId,
        mut put: impl FnMut(&Section) -> Result<(), SnapshotError>,
    ) -> Result<(), SnapshotError> {
        let mut sections = 0;
        let mut put = |section: Section| {
            sections += 1;
            put(&section).map(|()| sections)
        };
        put(Section::Start { folder, position: self.position, latest: self.latest.0 })?;
        for names in self.names.slices().flat_map(|rows| rows.chunks(SECTION_ROWS)) {
            put(Section::Names(names.iter().map(|name| name.as_str().to_owned()).collect()))?;
        }
        for facts in self.facts.slices().flat_map(|rows| rows.chunks(SECTION_ROWS)) {
            put(Section::Facts(together(facts, |fact| fact.to_bytes())))?;
        }
        for charges in self.charges.slices().flat_map(|rows| rows.chunks(SECTION_ROWS)) {
            put(Section::Charges(together(charges, |charge| charge.to_bytes())))?;
        }
        for conflicts in self.conflicts.slices().flat_map(|rows| rows.chunks(SECTION_ROWS)) {
            put(Section::Conflicts(conflicts.iter().map(ConflictImage::of).collect()))?;
        }
        let rows: Vec<Row> = self.directory.rows().collect();
        for rows in rows.chunks(SECTION_ROWS) {
            put(Section::Rows(rows.iter().map(RowImage::of).collect()))?;
        }
        for payers in self.payers.sorted().chunks(SECTION_ROWS) {
            put(Section::Payers(payers.iter().map(|(_, listing)| PayerImage::of(listing)).collect()))?;
        }
        // The built-in one is part of the program.
        for tariffs in self.tariffs.all()[1..].chunks(TARIFFS) {
            put(Section::Tariffs(tariffs.iter().map(|tariff| TariffImage::of(tariff)).collect()))?;
        }
        for meters in self.meters.sorted().chunks(SECTION_ROWS) {
            put(Section::Meters(meters.iter().map(MeterImage::of).collect()))?;
        }
        let all = self.rollout.standing(Subject::All);
        if let Some(Standing { phase, since }) = all {
            put(Section::Rollout(phase as u8 + 1, since.0))?;
        }
        for own in self.rollout.all_own().chunks(SECTION_ROWS) {
            put(Section::Own(own.iter().map(own_image).collect()))?;
        }
        let accepted: Vec<u32> = self.accepted.iter().copied().collect();
        for accepted in accepted.chunks(SECTION_ROWS) {
            put(Section::Accepted(accepted.to_vec()))?;
        }
        let discrepancies = (0..).zip(self.conflicts.iter()).filter(|(_, row)| row.is_discrepancy);
        let discrepancies: Vec<u32> = discrepancies.map(|(number, _)| number).collect();
        for discrepancies in discrepancies.chunks(SECTION_ROWS) {
            put(Section::Discrepancies(discrepancies.to_vec()))?;
        }
        for closings in self.closings.chunks(SECTION_ROWS) {
            put(Section::Closings(closings.iter().map(|closing| (closing.from, closing.open.0)).collect()))?;
        }
        for links in self.links.slices().flat_map(|rows| rows.chunks(SECTION_ROWS)) {
            put(Section::Links(links.iter().map(|link| (link.of, link.by)).collect()))?;
        }
        for ordered in self.ordered.slices().flat_map(|rows| rows.chunks(SECTION_ROWS)) {
            put(Section::Ordered(ordered.iter().map(|place| place.0).collect()))?;
        }
        for arrivals in self.arrivals.rows().slices().flat_map(|rows| rows.chunks(SECTION_ROWS)) {
            put(Section::Arrivals(arrivals.iter().map(|arrival| (arrival.fact.0, arrival.at.0)).collect()))?;
        }
        for waiting in self.waiting.chunks(SECTION_ROWS) {
            let image =
                |(row, Waiting { start, measure }): &(u32, Waiting)| (*row, start.0, measure.quantity, measure.factor);
            put(Section::Waiting(waiting.iter().map(image).collect()))?;
        }
        let watched: Vec<_> = self.guards.of_use().collect();
        for watched in watched.chunks(SECTION_ROWS) {
            put(Section::Watched(watched.iter().map(WatchImage::of).collect()))?;
        }
        for late in self.guards.late().chunks(SECTION_ROWS) {
            put(Section::Late(late.to_vec()))?;
        }
        for pairs in self.guards.pairs().chunks(SECTION_ROWS) {
            put(Section::Pairs(pairs.to_vec()))?;
        }
        self.bills_to(&mut put)?;
        let last = put(Section::Newest(self.guards.newest()))?;
        put(Section::End { sections: last }).map(drop)
    }
}

impl Image {
    fn bills_to(&self, put: &mut impl FnMut(Section) -> Result<u64, SnapshotError>) -> Result<(), SnapshotError> {
        let bills: Vec<&Bill> = self.bills.iter().collect();
        for bills in bills.chunks(BILLS) {
            put(Section::Bills(bills.iter().map(|bill| BillImage::of(bill)).collect()))?;
        }
        if let Some(Account { id, is_live }) = self.bills.account() {
            put(Section::Account(id.to_string(), *is_live))?;
        }
        if let Some(byname) = self.bills.byname() {
            put(Section::Byname(byname.to_owned()))?;
        }
        let mut carried: Vec<(u32, [u8; 3], i128)> =
            self.bills.all_carried().map(|(payer, currency, sum)| (payer.0, currency.letters(), sum.0)).collect();
        carried.sort_unstable();
        for carried in carried.chunks(SECTION_ROWS) {
            put(Section::Carried(carried.to_vec()))?;
        }
        let offsets = self.bills.iter().filter(|bill| bill.way.offset != 0);
        let offsets: Vec<(u32, i64)> = offsets.map(|bill| (bill.no.0, bill.way.offset)).collect();
        for offsets in offsets.chunks(SECTION_ROWS) {
            put(Section::Offsets(offsets.to_vec()))?;
        }
        let vouched = self.bills.iter().filter(|bill| bill.way.is_vouched).map(|bill| bill.no.0);
        for vouched in vouched.collect::<Vec<_>>().chunks(SECTION_ROWS) {
            put(Section::Vouched(vouched.to_vec()))?;
        }
        for told in self.bills.known().chunks(SECTION_ROWS) {
            put(Section::Told(told.iter().map(|key| key.0).collect()))?;
        }
        let unplaced = self.bills.unplaced();
        let mut unplaced: Vec<[String; 3]> =
            unplaced.map(|(event, kind, object)| [event, kind, object].map(str::to_owned)).collect();
        unplaced.sort_unstable();
        for unplaced in unplaced.chunks(SECTION_ROWS) {
            put(Section::Unplaced(unplaced.to_vec()))?;
        }
        for takings in self.bills.takings().chunks(SECTION_ROWS) {
            let image = |taken: &Taken| (taken.bill.0, taken.at.0, taken.currency.letters(), taken.amount.0);
            put(Section::Takings(takings.iter().map(image).collect()))?;
        }
        Ok(())
    }
}

/// The bytes of rows behind each other.
fn together<T: Copy, const N: usize>(rows: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    let mut all = Vec::with_capacity(rows.len() * N);
    rows.iter().for_each(|row| all.extend_from_slice(&bytes(*row)));
    all
}
