//! Reading one record again, by its place, while the journal is being written.

use std::io;

use super::record;
use super::segment::{self, Segments};
use super::wire::WireError;
use crate::disk::read_up_to;
use crate::domain::names::Name;
use crate::ledger::entry::Entry;
use crate::ledger::roll::NameNo;
use crate::ledger::rows::Place;
use thiserror::Error;

/// Reads records by their place.
#[derive(Clone, Debug)]
pub struct Reader {
    segments: Segments,
}

/// Why a record cannot be read again.
#[derive(Debug, Error)]
pub enum ReadError {
    /// No segment holds the place.
    #[error("no segment of the journal holds {0:?}")]
    Nowhere(Place),
    /// The operating system refused.
    #[error("the journal could not be read")]
    Io(#[source] io::Error),
    /// It is no record.
    #[error("what stands at {place:?} is no record")]
    Wire {
        /// Where.
        place: Place,
        /// Why.
        #[source]
        cause: WireError,
    },
}

impl Reader {
    /// A reader of these segments.
    pub fn new(segments: Segments) -> Reader {
        Reader { segments }
    }

    /// The record at `place`.
    pub fn read(&self, place: Place, name: impl Fn(NameNo) -> Option<Name>) -> Result<Entry<'static>, ReadError> {
        let segment = {
            let segments = self.segments.read().unwrap_or_else(|poisoned| poisoned.into_inner());
            let after = segments.partition_point(|segment| segment.base <= place.0);
            after.checked_sub(1).and_then(|place| segments.get(place).cloned()).ok_or(ReadError::Nowhere(place))?
        };
        let offset = segment::HEADER + place.0 - segment.base;
        // Nearly every record fits the first read; a longer one is read again.
        let mut bytes = vec![0; 512];
        loop {
            let length = read_up_to(&*segment.file, &mut bytes, offset).map_err(ReadError::Io)?;
            match record::split(&bytes[..length]) {
                Ok((_, content)) => {
                    return record::decode(content, name).map_err(|cause| ReadError::Wire { place, cause });
                }
                Err(WireError::Short) if length == 512 && bytes.len() == 512 => bytes.resize(2 + 0xffff, 0),
                Err(cause) => return Err(ReadError::Wire { place, cause }),
            }
        }
    }
}
