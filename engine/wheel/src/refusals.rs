//! Why something was not done: the exceptions, and which of them stands for what.
//!
//! An event that is bad is none of these: it has a receipt that says so.

use std::path::Path;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;

use sidecar::chain::Chain;
use sidecar::folder::FolderError;
use sidecar::http::reply::Refused;
use sidecar::wiring::{RecordError, StartError};

/// Why a batch was not taken in.
type NotTaken = sidecar::actors::door::Closed;

create_exception!(
    rialto,
    RialtoError,
    PyException,
    "Something was not done; every exception of rialto is one of these."
);
create_exception!(
    rialto,
    FolderInUse,
    RialtoError,
    "Somebody else has the data folder open: another process, or another Rialto of this one."
);
create_exception!(
    rialto,
    Closed,
    RialtoError,
    "It was closed, or has stopped. Hand it in again after opening the folder anew."
);
create_exception!(
    rialto,
    Full,
    RialtoError,
    "As much is under way as is held, or the disk is full. Nothing of it was taken; hand it in again in a moment."
);
create_exception!(
    rialto,
    Forked,
    RialtoError,
    "It was opened before this process was forked, and lives in the parent alone."
);

/// Why the folder at `path` was not opened.
pub fn start(path: &Path, error: &StartError) -> PyErr {
    match error {
        StartError::Folder(FolderError::InUse(_)) => FolderInUse::new_err(format!(
            "the data folder {} is in use by another process, or by another Rialto of this one; close that one first. A \
             subprocess that lives for five minutes does not open it at all: there, use the spool of rialto_hook instead",
            path.display()
        )),
        other => RialtoError::new_err(format!("the data folder {} was not opened: {}", path.display(), Chain(other))),
    }
}

/// Why a batch has no receipts.
pub fn batch(refused: &Refused) -> PyErr {
    match refused {
        Refused::Closed(closed) => not_taken(closed),
        Refused::NotDurable(RecordError::Closed(closed)) => not_taken(closed),
        Refused::NotDurable(RecordError::Stopped(_)) => Closed::new_err(Chain(refused).to_string()),
        Refused::TooManyEvents { found, max } => PyValueError::new_err(format!(
            "a batch has at most {max} events, this one has {found}; hand it in in parts"
        )),
        other => RialtoError::new_err(Chain(other).to_string()),
    }
}

/// Why something was not taken in.
pub fn not_taken(closed: &NotTaken) -> PyErr {
    let said = closed.to_string();
    match closed {
        NotTaken::Busy | NotTaken::DiskFull => Full::new_err(said),
        NotTaken::TooMany { .. } => PyValueError::new_err(said),
        NotTaken::Stopped(_) | NotTaken::Draining => Closed::new_err(said),
    }
}

/// It was closed.
pub fn closed(path: &Path) -> PyErr {
    Closed::new_err(format!("the Rialto of {} was closed; open the folder anew", path.display()))
}

/// It was opened in another process.
pub fn forked(path: &Path, opened_by: u32) -> PyErr {
    Forked::new_err(format!(
        "the Rialto of {} was opened by process {opened_by}, and this one was forked from it: its threads did not come along. \
         Hand in from the process that opened it, or use the spool of rialto_hook here",
        path.display()
    ))
}
