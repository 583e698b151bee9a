//! Reading a data folder back: the newest good snapshot, and what the journal has beyond it.

use std::path::{Path, PathBuf};

use super::StartError;
use crate::chain::Chain;
use crate::folder::DataFolder;
use crate::journal::recovery::{self, Cut, Recovered};
use crate::journal::{JournalError, record};
use crate::ledger::book::Book;
use crate::ledger::guards::Limits;
use crate::ledger::rows::Place;
use crate::snapshot;

/// What opening a folder found.
#[derive(Clone, Debug, Default)]
pub struct Opened {
    /// The position of the snapshot that it began with.
    pub snapshot: Option<u64>,
    /// Snapshots that could not be used, and why.
    pub passed_over: Vec<(PathBuf, String)>,
    /// How many records of the journal were read after it.
    pub records: u64,
    /// The torn tail that was cut off.
    pub cut: Option<Cut>,
    /// The end of the journal.
    pub end: u64,
}

/// Reads a folder back, for guards that let so much pass. Nothing in it is changed.
pub fn read(folder: &DataFolder, limits: Limits) -> Result<(Book, Recovered, Opened), StartError> {
    let mut passed_over = Vec::new();
    let newest = snapshot::newest(&folder.images(), folder.id(), |path: &Path, error| {
        tracing::warn!(path = %path.display(), error = %Chain(error), "a snapshot is passed over; the journal has it all");
        passed_over.push((path.to_owned(), error.to_string()));
    });
    let newest = newest.map_err(|cause| StartError::Snapshots { folder: folder.images().to_path_buf(), cause })?;
    let snapshot = newest.as_ref().map(|(_, position)| *position);
    let (mut book, from) = newest.unwrap_or_default();
    book.limit(limits);
    let recovered = replay(folder, &mut book, from)?;
    let opened =
        Opened { snapshot, passed_over, records: recovered.records, cut: recovered.cut.clone(), end: recovered.end };
    Ok((book, recovered, opened))
}

/// Takes everything that the journal has from position `from` on into `book`.
pub fn replay(folder: &DataFolder, book: &mut Book, from: u64) -> Result<Recovered, JournalError> {
    recovery::read(&folder.journal(), folder.id(), from, |place: Place, content: &[u8]| {
        let entry = record::decode(content, |number| book.roll().name(number)).map_err(|error| error.to_string())?;
        book.replay(&entry, place).map_err(|error| error.to_string())
    })
}
