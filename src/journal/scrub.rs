//! The scrub: groups are read for their checksums alone, one after another, so that what nobody needs does not rot unseen.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use super::JournalError;
use super::frame::{self, Salt};
use super::segment::{self, FolderId, Front};

/// Reads the journal in `folder` from its beginning to position `to`, before which all was durable once; `go_on` is asked
/// before every group. Returns how far it came.
pub fn scrub(folder: &Path, id: FolderId, to: u64, mut go_on: impl FnMut() -> bool) -> Result<u64, JournalError> {
    let (mut position, mut group, mut before) = (0, Vec::new(), None);
    for number in 1.. {
        if to <= position {
            break;
        }
        let path = segment::path(folder, number);
        let file = File::open(&path).map_err(JournalError::io(&path, "opening it"))?;
        let mut file = BufReader::with_capacity(1 << 18, file);
        let mut header = [0; segment::HEADER as usize];
        fill(&mut file, &mut header).map_err(JournalError::io(&path, "reading it"))?;
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
            let is_there = take(&mut file, &mut group).map_err(JournalError::io(&path, "reading it"))?;
            if !is_there {
                break;
            }
            match frame::open(&group, Salt::of(id)) {
                Ok((header, _)) if header.position == position => position += group.len() as u64,
                _ => return Err(damaged(&path, segment::HEADER + position - base, CANNOT)),
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

/// The next group of a file, as far as there is any of it.
fn take(file: &mut impl Read, group: &mut Vec<u8>) -> io::Result<bool> {
    group.resize(frame::HEADER, 0);
    let filled = fill(file, group)?;
    group.truncate(filled);
    if group.iter().all(|byte| *byte == 0) {
        return Ok(false);
    }
    let length = group.get(4..8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    let length = (length as usize).min(frame::PAYLOAD_MAX);
    file.take(length as u64).read_to_end(group)?;
    Ok(true)
}

/// Fills a place as far as there is something; how far.
fn fill(file: &mut impl Read, place: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < place.len() {
        match file.read(&mut place[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
