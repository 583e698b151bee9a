//! The journal: every fact, in the order in which it was posted, for ever.
//!
//! It is one stream of bytes, cut into segments only for the file system's sake. Records are written
//! in groups, each with one checksum and one sync. A group names the position that was synced before
//! it; from that, [`recovery`] can tell a tail that a crash tore off from damage to what was durable.

pub mod frame;
pub mod reader;
pub mod record;
pub mod recovery;
pub mod scrub;
pub mod segment;
pub mod wire;
pub mod writer;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a journal cannot be used.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("{path}: {doing} failed")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done to it.
        doing: &'static str,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Something that was durable is not what it was.
    #[error(
        "{path} is damaged at byte {offset}: {what}. This was durable once, so nothing is guessed: \
         restore the file from a backup, or the whole folder"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// There is none any more.
    #[error(
        "{0} holds no segment of the journal, though this folder had one from the moment it was made. Restore all of it \
         from a backup; to begin a new book, name another folder with --data"
    )]
    Gone(PathBuf),
    /// It belongs to another version of Rialto.
    #[error(
        "{path} has format {found}; this version of Rialto reads format {known}. Start the one that wrote it, or a later one"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The format that it has.
        found: u32,
        /// The format that is known.
        known: u32,
    },
}

impl JournalError {
    pub(crate) fn io(path: impl Into<PathBuf>, doing: &'static str) -> impl FnOnce(io::Error) -> JournalError {
        let path = path.into();
        move |cause| JournalError::Io { path, doing, cause }
    }
}
