//! The scrub: groups are read for their checksums alone, one after another, so that what nobody needs does not rot unseen.

use std::io;
use std::path::Path;

use super::JournalError;
use super::frame::{self, Salt};
use super::segment::{self, FolderId, Front};
use crate::disk::{DiskFile, Shelf, read_up_to};

/// Reads the journal in `folder` from its beginning to position `to`, before which all was durable once; `go_on` is asked
/// before every group. Returns how far it came.
pub fn scrub(folder: &Shelf, id: FolderId, to: u64, mut go_on: impl FnMut() -> bool) -> Result<u64, JournalError> {
    let (mut position, mut group, mut before) = (0, Vec::new(), None);
    for number in 1.. {
        if to <= position {
            break;
        }
        let path = segment::path(folder, number);
        let file = folder.disk().open(&path).map_err(JournalError::io(&path, "opening it"))?;
        let mut header = [0; segment::HEADER as usize];
        read_up_to(&*file, &mut header, 0).map_err(JournalError::io(&path, "reading it"))?;
        match segment::front(&header, number, id) {
            Front::Header { base, .. } if base == position => {}
            // Something is gone from the end of the one before.
            Front::Header { .. } => {
                let (path, offset) = before.unwrap_or((path, 16));
                return Err(damaged(&path, offset, CANNOT));
            }
            Front::Broken(what) | Front::Misplaced(what) => return Err(damaged(&path, 0, what)),
            Front::Blank | Front::Version(_) => return Err(damaged(&path, 0, "its header is gone")),
        }
        let base = position;
        while position < to {
            if !go_on() {
                return Ok(position);
            }
            let offset = segment::HEADER + position - base;
            let is_there = take(&*file, &mut group, offset).map_err(JournalError::io(&path, "reading it"))?;
            if !is_there {
                break;
            }
            match frame::open(&group, Salt::of(id)) {
                Ok((header, _)) if header.position == position => position += group.len() as u64,
                _ => return Err(damaged(&path, offset, CANNOT)),
            }
        }
        before = Some((path, segment::HEADER + position - base));
    }
    Ok(position)
}

const CANNOT: &str = "the group that begins here cannot be read";

fn damaged(path: &Path, offset: u64, what: &str) -> JournalError {
    JournalError::Damaged { path: path.to_owned(), offset, what: what.to_owned() }
}

/// The group at `offset` of a file, as far as there is any of it; whether there is.
fn take(file: &dyn DiskFile, group: &mut Vec<u8>, offset: u64) -> io::Result<bool> {
    group.resize(frame::HEADER, 0);
    let filled = read_up_to(file, group, offset)?;
    group.truncate(filled);
    if group.iter().all(|byte| *byte == 0) {
        return Ok(false);
    }
    let length = group.get(4..8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    // No more than there is: a length that rotted makes nobody look for room.
    let rest = file.length()?.saturating_sub(offset + filled as u64).min(length.into());
    group.resize(filled + rest.min(frame::PAYLOAD_MAX as u64) as usize, 0);
    let read = read_up_to(file, &mut group[filled..], offset + filled as u64)?;
    group.truncate(filled + read);
    Ok(true)
}
