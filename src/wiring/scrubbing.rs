//! Scrubbing: what a start does not read of the journal, because its snapshot covers it, is read behind it.
//!
//! A start is quick because it leaves that out, and so nobody would learn that an old segment rots before he needs it.
//! What is found is told in the log and changes nothing else: the book is that of a snapshot that is whole, and goes on.

use std::io;
use std::time::{Duration, Instant};

use crate::actors::vitals::Vitals;
use crate::chain::Chain;
use crate::folder::DataFolder;
use crate::journal::JournalError;
use crate::journal::scrub::scrub;

/// How long it works before it rests for three times as long: nobody waits for it.
const STRETCH: Duration = Duration::from_millis(2);

/// Starts a thread that reads the journal of `folder` up to position `to`, for as long as the sidecar runs.
pub(super) fn start(folder: &DataFolder, to: u64, vitals: Vitals) -> io::Result<()> {
    let (journal, id) = (folder.journal(), folder.id());
    std::thread::Builder::new().name("rialto-scrub".into()).spawn(move || {
        let mut begun = Instant::now();
        let rest = || {
            let worked = begun.elapsed();
            if STRETCH < worked {
                std::thread::sleep(3 * worked.min(Duration::from_secs(1)));
                begun = Instant::now();
            }
            vitals.is_running()
        };
        match scrub(&journal, id, to, rest) {
            Ok(read) => tracing::debug!(bytes = read, "the journal that a snapshot covers was read, and is whole"),
            // Where the folder is gone with the sidecar, so is what there was to read.
            Err(JournalError::Io { .. }) if !vitals.is_running() => {}
            Err(error) => tracing::error!(
                error = %Chain(&error),
                "the journal is damaged where a snapshot covers it: what is served is right, but do without that snapshot and nothing opens"
            ),
        }
    })?;
    Ok(())
}
