//! What a snapshot holds, section by section, and the book made of it again.

use std::collections::BTreeSet;

use bincode::{Decode, Encode};

use super::SnapshotError;
use crate::domain::activity::Outcome;
use crate::domain::calendar::{Day, Period};
use crate::domain::charge::Stage;
use crate::domain::ids::EventKey;
use crate::domain::names::Name;
use crate::domain::rollout::{Move, Phase, Rollout, Standing, Subject};
use crate::domain::rows::{Building, Citizen, Payer, Row};
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::tariff::{RuleId, Scope, Tariff, TariffVersion};
use crate::domain::time::Moment;
use crate::journal::segment::FolderId;
use crate::ledger::arrivals::{Arrival, Arrivals};
use crate::ledger::book::{Book, ConflictRow};
use crate::ledger::chunks::Chunks;
use crate::ledger::directory::Directory;
use crate::ledger::guards::{Capacity, Guards, Watch};
use crate::ledger::meters::{Base, Count, Key, Meters, Used};
use crate::ledger::orders::{Closing, Link};
use crate::ledger::parts::Parts;
use crate::ledger::roll::NameNo;
use crate::ledger::rows::{ChargeRow, FactNo, FactRow, Place};
use crate::tariffs;

/// How many rows a section has at most: whatever they are, they fit its bound.
const SECTION_ROWS: usize = 8192;
/// The same of tariffs, which are long.
const TARIFFS: usize = 64;

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
    tariffs: Tariffs,
    meters: Meters,
    rollout: Rollout,
    accepted: BTreeSet<u32>,
    closings: Vec<Closing>,
    links: Chunks<Link>,
    ordered: Chunks<Place>,
    arrivals: Arrivals,
    held_used: Vec<(u32, Used)>,
    guards: Guards,
}

/// One section of the file. New kinds join at the end; none is changed.
#[derive(Encode, Decode)]
pub(super) enum Section {
    /// The first: whose it is, and what the book had come to.
    Start { folder: FolderId, position: u64, latest: i64 },
    /// Names, in order.
    Names(Vec<String>),
    /// Facts, 38 bytes each.
    Facts(Vec<u8>),
    /// Charges, 32 bytes each.
    Charges(Vec<u8>),
    /// Conflicts.
    Conflicts(Vec<ConflictImage>),
    /// The directory.
    Rows(Vec<RowImage>),
    /// The last: how many came before.
    End { sections: u64 },
    /// Tariffs after the built-in one, in order; from format 2 on.
    Tariffs(Vec<TariffImage>),
    /// Meters; from format 2 on.
    Meters(Vec<MeterImage>),
    /// In which phase all are, and since when; from format 2 on.
    Rollout(u8, i64),
    /// Who has or had a phase of his own: 0 a business and 1 a citizen, the id, the phase, since when; from format 2 on.
    Own(Vec<(u8, String, u8, i64)>),
    /// The conflicts that were accepted; from format 2 on.
    Accepted(Vec<u32>),
    /// The conflicts that are discrepancies; from format 2 on.
    Discrepancies(Vec<u32>),
    /// The months that were closed: from which charge on, the first open day; from format 2 on.
    Closings(Vec<(u32, i32)>),
    /// Where orders stand; from format 2 on.
    Ordered(Vec<u64>),
    /// Facts, and when they came in; from format 2 on.
    Arrivals(Vec<(u32, i64)>),
    /// What held charges count once they are let go: the row, the rule, the first day, the quantity; from format 2 on.
    HeldUsed(Vec<(u32, u16, i32, u64)>),
    /// Transactions that speak of earlier ones, each by its row and theirs; from format 2 on.
    Links(Vec<(u32, u32)>),
    /// What the guards have seen, of each by his number on the roll; from format 2 on.
    Watched(Vec<WatchImage>),
    /// What came late for them: whose, its kind, its time, how much, and when it was added to; from format 2 on.
    Late(Vec<(u32, u8, u32, i64, u32)>),
    /// What they have seen of pairs: writer, receiver, hour and count; from format 2 on.
    Pairs(Vec<(u64, u64, u32, u32)>),
    /// The newest hour that they have seen, counted from 1970 on; from format 2 on.
    Newest(u32),
}

#[derive(Encode, Decode)]
pub(super) struct WatchImage {
    capacity: u8,
    number: u32,
    hour: u32,
    count: u32,
    amount: i64,
    usual: u32,
    held: u32,
}

#[derive(Encode, Decode)]
pub(super) struct TariffImage {
    effective: i64,
    text: String,
}

#[derive(Encode, Decode)]
pub(super) struct MeterImage {
    meter: String,
    base: u8,
    scope: u8,
    whose: Option<String>,
    stage: u8,
    period: u8,
    start: i32,
    counted: u128,
    own: Option<(u16, u16)>,
    posted: i128,
}

#[derive(Encode, Decode)]
pub(super) struct ConflictImage {
    key: [u8; 16],
    content: u64,
    outcome: u8,
    place: u64,
}

#[derive(Encode, Decode)]
pub(super) enum RowImage {
    Citizen {
        id: String,
        is_ai: Option<bool>,
    },
    Building {
        id: String,
        kind: Option<String>,
        is_business: Option<bool>,
        run_by: Option<String>,
    },
    /// From format 2 on.
    Payer {
        id: String,
        customer: Option<String>,
    },
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
            tariffs: book.tariffs().clone(),
            meters: book.meters().clone(),
            rollout: book.rollout().clone(),
            accepted: book.accepted().clone(),
            closings: book.closings().to_vec(),
            links: book.links().share(),
            ordered: book.orders().share(),
            arrivals: book.arrivals().clone(),
            held_used: book.held_used().collect(),
            guards: book.guards().clone(),
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
        for held in self.held_used.chunks(SECTION_ROWS) {
            let image = |(row, used): &(u32, Used)| (*row, used.rule.0, used.start.0, used.quantity);
            put(Section::HeldUsed(held.iter().map(image).collect()))?;
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
        let last = put(Section::Newest(self.guards.newest()))?;
        put(Section::End { sections: last }).map(drop)
    }
}

/// The bytes of rows behind each other.
fn together<T: Copy, const N: usize>(rows: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    let mut all = Vec::with_capacity(rows.len() * N);
    rows.iter().for_each(|row| all.extend_from_slice(&bytes(*row)));
    all
}

/// What was read of a snapshot so far.
#[derive(Default)]
pub(super) struct Loading {
    position: u64,
    parts: Parts,
}

impl Loading {
    pub(super) fn take(&mut self, section: Section) -> Result<(), SnapshotError> {
        let Parts { names, facts, charges, conflicts, rows, tariffs, meters, latest: last, .. } = &mut self.parts;
        match section {
            Section::Start { position, latest, .. } => {
                self.position = position;
                *last = Moment(latest);
            }
            Section::End { .. } => {}
            Section::Names(texts) => {
                for text in texts {
                    names.push(named(&text)?);
                }
            }
            Section::Facts(bytes) => {
                let (found, rest) = bytes.as_chunks::<{ FactRow::BYTES }>();
                none_left(rest)?;
                found.iter().for_each(|fact| facts.push(FactRow::from_bytes(fact)));
            }
            Section::Charges(bytes) => {
                let (found, rest) = bytes.as_chunks::<{ ChargeRow::BYTES }>();
                none_left(rest)?;
                for charge in found {
                    charges.push(ChargeRow::from_bytes(charge).ok_or(SnapshotError::Damaged("a charge is none"))?);
                }
            }
            Section::Conflicts(images) => {
                for image in images {
                    conflicts.push(image.row()?);
                }
            }
            Section::Rows(images) => {
                for image in images {
                    rows.push(image.row()?);
                }
            }
            Section::Tariffs(images) => {
                for image in images {
                    tariffs.push(image.tariff()?);
                }
            }
            Section::Rollout(code, since) => {
                self.parts.rollout.make(Move { subject: Subject::All, to: phase(code)? }, Moment(since));
            }
            Section::Own(images) => {
                for (kind, id, code, since) in images {
                    let id = named(&id)?;
                    let subject = if kind == 0 { Subject::Business(id) } else { Subject::Citizen(id) };
                    self.parts.rollout.make(Move { subject, to: phase(code)? }, Moment(since));
                }
            }
            Section::Accepted(numbers) => self.parts.accepted.extend(numbers),
            Section::Discrepancies(numbers) => self.parts.discrepancies.extend(numbers),
            Section::Closings(images) => {
                let closings = images.into_iter().map(|(from, open)| Closing { from, open: Day(open) });
                self.parts.closings.extend(closings);
            }
            Section::Ordered(places) => places.into_iter().for_each(|place| self.parts.orders.push(Place(place))),
            Section::Arrivals(images) => {
                let arrivals = images.into_iter().map(|(fact, at)| Arrival { fact: FactNo(fact), at: Moment(at) });
                arrivals.for_each(|arrival| self.parts.arrivals.put(arrival));
            }
            Section::HeldUsed(images) => {
                let used =
                    |(row, rule, start, quantity)| (row, Used { rule: RuleId(rule), start: Day(start), quantity });
                self.parts.held_used.extend(images.into_iter().map(used));
            }
            Section::Links(images) => {
                images.into_iter().for_each(|(of, by)| self.parts.links.push(Link { of, by }));
            }
            Section::Watched(images) => {
                for image in images {
                    let (capacity, number, watch) = image.watch(self.parts.names.len())?;
                    self.parts.guards.put(capacity, number, watch);
                }
            }
            Section::Newest(hour) => self.parts.guards.put_newest(hour),
            Section::Late(images) => images.into_iter().for_each(|late| self.parts.guards.put_late(late)),
            Section::Pairs(images) => images.into_iter().for_each(|pair| self.parts.guards.put_pair(pair)),
            Section::Meters(images) => {
                for image in images {
                    let (key, count) = image.meter()?;
                    meters.put(key, count);
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(Book, u64), SnapshotError> {
        let facts = self.parts.facts.len();
        if self.parts.charges.iter().any(|charge| facts <= charge.fact.0 as usize) {
            return Err(SnapshotError::Damaged("a charge is of no fact"));
        }
        Ok((Book::from_parts(self.parts), self.position))
    }
}

impl ConflictImage {
    fn of(row: &ConflictRow) -> ConflictImage {
        ConflictImage { key: row.key.0, content: row.content, outcome: row.outcome as u8, place: row.place.0 }
    }

    fn row(self) -> Result<ConflictRow, SnapshotError> {
        let outcome =
            Outcome::ALL.get(usize::from(self.outcome)).ok_or(SnapshotError::Damaged("an outcome is none"))?;
        Ok(ConflictRow {
            key: EventKey(self.key),
            content: self.content,
            outcome: *outcome,
            place: Place(self.place),
            // Which are, another section tells.
            is_discrepancy: false,
        })
    }
}

impl TariffImage {
    fn of(tariff: &Tariff) -> TariffImage {
        TariffImage { effective: tariff.effective().0, text: tariff.text().to_string() }
    }

    fn tariff(self) -> Result<Tariff, SnapshotError> {
        tariffs::recall(&self.text, Moment(self.effective)).ok_or(SnapshotError::Damaged("a tariff is none"))
    }
}

fn own_image((subject, phase, since): &(Subject, Option<Phase>, Moment)) -> (u8, String, u8, i64) {
    let id = subject.id().map_or_else(String::new, |id| id.as_str().to_owned());
    (u8::from(matches!(subject, Subject::Citizen(_))), id, phase.map_or(0, |phase| phase as u8 + 1), since.0)
}

/// 0 is none, and every other number one more than the phase's own.
fn phase(code: u8) -> Result<Option<Phase>, SnapshotError> {
    let Some(place) = code.checked_sub(1) else { return Ok(None) };
    let phase = Phase::ALL.get(usize::from(place)).copied();
    phase.map(Some).ok_or(SnapshotError::Damaged("a phase is none"))
}

impl WatchImage {
    fn of((capacity, number, watch): &(Capacity, NameNo, Watch)) -> WatchImage {
        let Watch { hour, count, amount, usual, held } = *watch;
        WatchImage { capacity: *capacity as u8, number: number.0, hour, count, amount, usual, held }
    }

    fn watch(self, names: usize) -> Result<(Capacity, NameNo, Watch), SnapshotError> {
        let WatchImage { capacity, number, hour, count, amount, usual, held } = self;
        let capacity = Capacity::ALL.get(usize::from(capacity)).copied();
        let capacity = capacity.filter(|_| (number as usize) < names);
        let capacity = capacity.ok_or(SnapshotError::Damaged("a watch is of nobody"))?;
        Ok((capacity, NameNo(number), Watch { hour, count, amount, usual, held }))
    }
}

impl MeterImage {
    fn of((key, count): &(Key, Count)) -> MeterImage {
        MeterImage {
            meter: key.meter.as_str().to_owned(),
            base: key.base as u8,
            scope: key.scope as u8,
            whose: key.whose.map(|name| name.as_str().to_owned()),
            stage: key.stage as u8,
            period: key.period as u8,
            start: key.start.0,
            counted: count.quantity,
            own: key.of.map(|(tariff, rule)| (tariff.0, rule.0)),
            posted: count.posted,
        }
    }

    fn meter(self) -> Result<(Key, Count), SnapshotError> {
        fn one_of<T: Copy>(all: &[T], code: u8) -> Result<T, SnapshotError> {
            all.get(usize::from(code)).copied().ok_or(SnapshotError::Damaged("a meter is none"))
        }
        let key = Key {
            meter: named(&self.meter)?,
            base: one_of(&Base::ALL, self.base)?,
            scope: one_of(&Scope::ALL, self.scope)?,
            whose: self.whose.map(|text| named(&text)).transpose()?,
            stage: one_of(&Stage::ALL, self.stage)?,
            period: one_of(&Period::ALL, self.period)?,
            start: Day(self.start),
            of: self.own.map(|(tariff, rule)| (TariffVersion(tariff), RuleId(rule))),
        };
        Ok((key, Count { quantity: self.counted, posted: self.posted }))
    }
}

impl RowImage {
    fn of(row: &Row) -> RowImage {
        let text = |name: Name| name.as_str().to_owned();
        match *row {
            Row::Citizen(Citizen { id, is_ai }) => RowImage::Citizen { id: text(id), is_ai },
            Row::Building(Building { id, kind, is_business, run_by }) => {
                RowImage::Building { id: text(id), kind: kind.map(text), is_business, run_by: run_by.map(text) }
            }
            Row::Payer(Payer { id, customer }) => RowImage::Payer { id: text(id), customer: customer.map(text) },
        }
    }

    fn row(self) -> Result<Row, SnapshotError> {
        let maybe = |text: Option<String>| text.map(|text| named(&text)).transpose();
        Ok(match self {
            RowImage::Citizen { id, is_ai } => Row::Citizen(Citizen { id: named(&id)?, is_ai }),
            RowImage::Building { id, kind, is_business, run_by } => {
                Row::Building(Building { id: named(&id)?, kind: maybe(kind)?, is_business, run_by: maybe(run_by)? })
            }
            RowImage::Payer { id, customer } => Row::Payer(Payer { id: named(&id)?, customer: maybe(customer)? }),
        })
    }
}

fn named(text: &str) -> Result<Name, SnapshotError> {
    Name::new(text).ok_or(SnapshotError::Damaged("a name is none"))
}

fn none_left(rest: &[u8]) -> Result<(), SnapshotError> {
    if rest.is_empty() { Ok(()) } else { Err(SnapshotError::Damaged("a row is cut short")) }
}
