//! An onlooker reads a data folder as it is on the disk, also while a sidecar has it open. Nothing in it is changed, not
//! even a lock is taken.
//!
//! What it has read is synced before anybody is told of it: so that only what is durable counts, and all that anybody
//! has a receipt for is there.

use std::path::Path;
use std::sync::{Arc, RwLock};

use super::StartError;
use super::recover::{self, Opened};
use crate::folder::DataFolder;
use crate::journal::JournalError;
use crate::journal::reader::{ReadError, Reader};
use crate::ledger::book::Book;
use crate::ledger::entry::Entry;
use crate::ledger::guards::Limits;
use crate::ledger::rows::Place;

/// A book that is only looked at, and its journal.
#[derive(Debug)]
pub struct Onlooker {
    book: Book,
    reader: Reader,
    opened: Opened,
}

/// What is being written while it is read may look like damage; what is damaged looks so every time.
const LOOKS: usize = 5;

impl Onlooker {
    /// Reads the folder at `path`.
    pub fn at(path: &Path) -> Result<Onlooker, StartError> {
        let mut looks = 1;
        loop {
            match Onlooker::look(path) {
                Err(StartError::Journal(JournalError::Damaged { .. })) if looks < LOOKS => looks += 1,
                looked => return looked,
            }
        }
    }

    fn look(path: &Path) -> Result<Onlooker, StartError> {
        let folder = DataFolder::look_at(path)?;
        // Whom guards would hold is nothing that the past depends on.
        let (book, mut recovered, opened) = recover::read(&folder, Limits::default())?;
        recovered.sync()?;
        let segments = std::mem::take(&mut recovered.segments);
        Ok(Onlooker { book, reader: Reader::new(Arc::new(RwLock::new(segments))), opened })
    }

    /// The book.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// What reading it found. What stands behind its end may be just what is being written.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The record at a place of its journal.
    pub fn record(&self, place: Place) -> Result<Entry<'static>, ReadError> {
        self.reader.read(place, |number| self.book.roll().name(number))
    }
}
