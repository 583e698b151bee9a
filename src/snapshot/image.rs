//! What a snapshot holds, section by section, and the book made of it again.

use bincode::{Decode, Encode};

use super::SnapshotError;
use crate::domain::activity::Outcome;
use crate::domain::ids::EventKey;
use crate::domain::names::Name;
use crate::domain::rows::{Building, Citizen, Row};
use crate::domain::time::Moment;
use crate::journal::segment::FolderId;
use crate::ledger::book::{Book, ConflictRow, Parts};
use crate::ledger::chunks::Chunks;
use crate::ledger::directory::Directory;
use crate::ledger::rows::{ChargeRow, FactRow, Place};

/// How many rows a section has at most: whatever they are, they fit its bound.
const SECTION_ROWS: usize = 8192;

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
    Citizen { id: String, is_ai: Option<bool> },
    Building { id: String, kind: Option<String>, is_business: Option<bool>, run_by: Option<String> },
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
        let mut count = 0;
        let mut put = |section: Section| {
            count += 1;
            put(&section).map(|()| count)
        };
        let mut sections = put(Section::Start { folder, position: self.position, latest: self.latest.0 })?;
        for names in self.names.slices().flat_map(|rows| rows.chunks(SECTION_ROWS)) {
            sections = put(Section::Names(names.iter().map(|name| name.as_str().to_owned()).collect()))?;
        }
        for facts in self.facts.slices().flat_map(|rows| rows.chunks(SECTION_ROWS)) {
            sections = put(Section::Facts(together(facts, |fact| fact.to_bytes())))?;
        }
        for charges in self.charges.slices().flat_map(|rows| rows.chunks(SECTION_ROWS)) {
            sections = put(Section::Charges(together(charges, |charge| charge.to_bytes())))?;
        }
        for conflicts in self.conflicts.slices().flat_map(|rows| rows.chunks(SECTION_ROWS)) {
            sections = put(Section::Conflicts(conflicts.iter().map(ConflictImage::of).collect()))?;
        }
        let rows: Vec<Row> = self.directory.rows().collect();
        for rows in rows.chunks(SECTION_ROWS) {
            sections = put(Section::Rows(rows.iter().map(RowImage::of).collect()))?;
        }
        put(Section::End { sections }).map(drop)
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
        let Parts { names, facts, charges, conflicts, rows, latest: last } = &mut self.parts;
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
        Ok(ConflictRow { key: EventKey(self.key), content: self.content, outcome: *outcome, place: Place(self.place) })
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
        }
    }

    fn row(self) -> Result<Row, SnapshotError> {
        let maybe = |text: Option<String>| text.map(|text| named(&text)).transpose();
        Ok(match self {
            RowImage::Citizen { id, is_ai } => Row::Citizen(Citizen { id: named(&id)?, is_ai }),
            RowImage::Building { id, kind, is_business, run_by } => {
                Row::Building(Building { id: named(&id)?, kind: maybe(kind)?, is_business, run_by: maybe(run_by)? })
            }
        })
    }
}

fn named(text: &str) -> Result<Name, SnapshotError> {
    Name::new(text).ok_or(SnapshotError::Damaged("a name is none"))
}

fn none_left(rest: &[u8]) -> Result<(), SnapshotError> {
    if rest.is_empty() { Ok(()) } else { Err(SnapshotError::Damaged("a row is cut short")) }
}
