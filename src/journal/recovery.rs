//! Opening a journal: reading every group back, and telling a torn tail from damage.
//!
//! A crash may tear the last groups off, or leave them in any state and order: they were never
//! acknowledged, and are cut off and reported. But what stands before a position that some later
//! group names as synced was durable once. If that cannot be read, nothing is guessed, and the
//! journal is not opened.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::JournalError;
use super::frame::{self, NoGroup};
use super::record;
use super::segment::{self, FolderId, Front, Segment};
use crate::ledger::rows::Place;

/// What opening a journal found.
#[derive(Debug)]
pub struct Recovered {
    /// The segments with anything in them, in order.
    pub segments: Vec<Segment>,
    /// Where the stream ends.
    pub end: u64,
    /// How many records were read.
    pub records: u64,
    /// What was cut off its end.
    pub cut: Option<Cut>,
    /// From where on nothing says that it was synced before.
    uncertain: u64,
    /// Files of segments that nothing durable is in.
    spare: Vec<PathBuf>,
}

/// A torn tail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The file.
    pub path: PathBuf,
    /// Where in it the tail began.
    pub offset: u64,
}

/// Reads the journal in `folder` and hands each record from position `from` on to `take`, which may
/// find that a record does not follow from those before it. Nothing is changed.
pub fn read(
    folder: &Path,
    id: FolderId,
    from: u64,
    mut take: impl FnMut(Place, &[u8]) -> Result<(), String>,
) -> Result<Recovered, JournalError> {
    let numbers = segment::numbers(folder)?;
    let mut found = Recovered { segments: Vec::new(), end: 0, records: 0, cut: None, uncertain: 0, spare: Vec::new() };
    // A snapshot names a position only after it was synced.
    found.uncertain = from;
    let files = fronts(folder, id, &numbers)?;
    for (place, file) in files.iter().enumerate() {
        let later = &files[place + 1..];
        let Front::Header { base } = file.front else {
            if let Some(damage) = damage(file, 0, found.end, later, found.uncertain, front_says(file.front)) {
                return Err(damage);
            }
            if file.front != Front::Blank {
                found.cut = Some(Cut { path: file.path.clone(), offset: 0 });
            }
            found.spare.extend(files[place..].iter().map(|file| file.path.clone()));
            return Ok(found);
        };
        if base != found.end {
            let what = format!("it begins at {base} of the stream, which ends at {} before it", found.end);
            return Err(JournalError::Damaged { path: file.path.clone(), offset: 16, what });
        }
        let open = OpenOptions::new().read(true).write(true).open(&file.path);
        let open = open.map_err(JournalError::io(&file.path, "opening it"))?;
        found.segments.push(Segment { path: file.path.clone(), number: file.number, base, file: Arc::new(open) });
        let next_base = match later.first().map(|next| next.front) {
            Some(Front::Header { base }) => Some(base),
            _ => None,
        };
        // Everything in a segment that ends before `from` is in the snapshot already.
        if let Some(next_base) = next_base.filter(|&next_base| next_base <= from) {
            found.end = next_base;
            continue;
        }
        match read_segment(file, base, from, &mut found, &mut take)? {
            End::Clean if next_base.is_none_or(|next_base| next_base == found.end) => {}
            End::Clean | End::Broken => {
                let offset = segment::HEADER + found.end - base;
                let what = "the group that begins here cannot be read";
                if let Some(damage) = damage(file, offset, found.end, later, found.uncertain, what) {
                    return Err(damage);
                }
                found.cut = Some(Cut { path: file.path.clone(), offset });
                found.spare.extend(later.iter().map(|file| file.path.clone()));
                return Ok(found);
            }
        }
    }
    if found.end < from {
        let path = numbers.last().map_or_else(|| folder.to_owned(), |last| segment::path(folder, *last));
        let what = format!("the stream ends at {}, but a snapshot was taken at {from}", found.end);
        return Err(JournalError::Damaged { path, offset: 0, what });
    }
    Ok(found)
}

/// Makes what was read the whole truth: the uncertain end is written and synced again, whatever lies
/// behind it is gone, and the stream can be written on.
pub fn settle(folder: &Path, found: &mut Recovered) -> Result<(), JournalError> {
    for path in found.spare.drain(..) {
        fs::remove_file(&path).map_err(JournalError::io(&path, "removing it"))?;
    }
    let Some(last) = found.segments.last() else {
        return segment::sync_folder(folder).map_err(JournalError::io(folder, "syncing it"));
    };
    let end = segment::HEADER + found.end - last.base;
    let start = segment::HEADER + found.uncertain.max(last.base) - last.base;
    let bytes = fs::read(&last.path).map_err(JournalError::io(&last.path, "reading it"))?;
    let uncertain = bytes.get(start.min(end) as usize..end as usize).unwrap_or_default();
    let rewrite = || {
        last.file.write_all_at(uncertain, start.min(end))?;
        last.file.set_len(end)?;
        last.file.sync_all()?;
        segment::sync_folder(folder)
    };
    rewrite().map_err(JournalError::io(&last.path, "rewriting its end"))?;
    // Groups that were written but not known to be synced may stand in the segment before, too.
    for earlier in found.segments.iter().rev().skip(1).take(1) {
        earlier.file.sync_all().map_err(JournalError::io(&earlier.path, "syncing it"))?;
    }
    Ok(())
}

struct SegmentFile {
    path: PathBuf,
    number: u32,
    front: Front,
}

fn fronts(folder: &Path, id: FolderId, numbers: &[u32]) -> Result<Vec<SegmentFile>, JournalError> {
    let mut files = Vec::new();
    for (expected, &number) in (1..).zip(numbers) {
        let path = segment::path(folder, number);
        if number != expected {
            let path = segment::path(folder, expected);
            let what = format!("it is missing, though segment {number} is there");
            return Err(JournalError::Damaged { path, offset: 0, what });
        }
        let mut bytes = [0; segment::HEADER as usize];
        let file = fs::File::open(&path).map_err(JournalError::io(&path, "opening it"))?;
        let length = file.read_at(&mut bytes, 0).map_err(JournalError::io(&path, "reading it"))?;
        let front = segment::front(&bytes[..length], number, id);
        if let Front::Version(found) = front {
            return Err(JournalError::Version { path, found, known: segment::FORMAT });
        }
        files.push(SegmentFile { path, number, front });
    }
    Ok(files)
}

fn front_says(front: Front) -> &'static str {
    match front {
        Front::Broken(what) => what,
        _ => "its header is gone",
    }
}

enum End {
    /// Nothing but noughts follows.
    Clean,
    /// Something follows that is no group.
    Broken,
}

fn read_segment(
    file: &SegmentFile,
    base: u64,
    from: u64,
    found: &mut Recovered,
    take: &mut impl FnMut(Place, &[u8]) -> Result<(), String>,
) -> Result<End, JournalError> {
    let bytes = fs::read(&file.path).map_err(JournalError::io(&file.path, "reading it"))?;
    let mut offset = segment::HEADER as usize;
    loop {
        let rest = bytes.get(offset..).unwrap_or_default();
        let (header, payload) = match frame::open(rest) {
            Ok((header, payload)) if header.position == found.end => (header, payload),
            Err(NoGroup::Nothing) if rest.iter().all(|&byte| byte == 0) => return Ok(End::Clean),
            Ok(_) | Err(_) => return Ok(End::Broken),
        };
        let mut place = header.position + frame::HEADER as u64;
        let mut records = payload;
        while from <= header.position && !records.is_empty() {
            let at = segment::HEADER + place - base;
            let damaged = |what: String| JournalError::Damaged { path: file.path.clone(), offset: at, what };
            let (length, content) = record::split(records).map_err(|error| damaged(error.to_string()))?;
            take(Place(place), content).map_err(damaged)?;
            found.records += 1;
            place += length as u64;
            records = &records[length..];
        }
        found.uncertain = found.uncertain.max(header.synced);
        offset += frame::HEADER + payload.len();
        found.end += (frame::HEADER + payload.len()) as u64;
    }
}

/// Whether anything says that the stream was synced past `end`, where it cannot be read.
fn damage(
    file: &SegmentFile,
    offset: u64,
    end: u64,
    later: &[SegmentFile],
    uncertain: u64,
    what: &str,
) -> Option<JournalError> {
    let names_more = |file: &SegmentFile, from: u64| {
        let bytes = fs::read(&file.path).unwrap_or_default();
        let rest = bytes.get(from as usize..).unwrap_or_default();
        frame::search(rest).any(|(_, header)| end < header.synced)
    };
    let is_damage = end < uncertain || names_more(file, offset) || later.iter().any(|file| names_more(file, 0));
    is_damage.then(|| JournalError::Damaged { path: file.path.clone(), offset, what: what.to_owned() })
}
