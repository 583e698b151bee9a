//! Opening a journal: reading every group back, and telling a torn tail from damage.
//!
//! A crash may tear the last groups off, or leave them in any state and order: they were never
//! acknowledged, and are cut off and reported. But what stands before a position that some later
//! group names as synced was durable once. If that cannot be read, nothing is guessed, and the
//! journal is not opened.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::JournalError;
use super::frame::{self, Header, NoGroup, Salt};
use super::record;
use super::segment::{self, FolderId, Front, Segment};
use crate::disk::{Disk, Shelf, read_up_to, read_whole};
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
    id: FolderId,
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
    folder: &Shelf,
    id: FolderId,
    from: u64,
    mut take: impl FnMut(Place, &[u8]) -> Result<(), String>,
) -> Result<Recovered, JournalError> {
    let salt = Salt::of(id);
    // A snapshot names a position only after it was synced.
    let (segments, spare) = (Vec::new(), Vec::new());
    let mut found = Recovered { segments, end: 0, records: 0, cut: None, uncertain: from, spare, id };
    let files = fronts(folder, id)?;
    if files.is_empty() {
        return Err(JournalError::Gone(folder.to_path_buf()));
    }
    for (place, file) in files.iter().enumerate() {
        let rest = &files[place..];
        let Front::Header { base, synced } = file.front else {
            let is_begun = file.front != Front::Blank;
            return found.cut_off(folder, rest, 0, is_begun.then_some(0), salt, front_says(file.front));
        };
        if base != found.end {
            let what = format!("it begins at {base} of the stream, which ends at {} before it", found.end);
            return Err(file.damaged(16, what));
        }
        found.segments.push(file.open(folder, base)?);
        found.uncertain = found.uncertain.max(synced);
        let next_base = match rest.get(1).map(|next| next.front) {
            Some(Front::Header { base, .. }) => Some(base),
            _ => None,
        };
        // Everything in a segment that ends before `from` is in the snapshot already.
        if let Some(next_base) = next_base.filter(|&next_base| next_base <= from) {
            if file.length < segment::HEADER + (next_base - base) {
                return Err(file.damaged(file.length, "it is cut short".to_owned()));
            }
            found.end = next_base;
            continue;
        }
        match read_segment(folder.disk(), file, base, from, salt, &mut found, &mut take)? {
            End::Clean if next_base.is_none_or(|next_base| next_base == found.end) => {}
            End::Clean | End::Broken => {
                let offset = segment::HEADER + found.end - base;
                let what = "the group that begins here cannot be read";
                return found.cut_off(folder, rest, offset, Some(offset), salt, what);
            }
        }
    }
    if found.end < from {
        let path = files.last().map_or_else(|| folder.to_path_buf(), |last| last.path.clone());
        let what = format!("the stream ends at {}, but a snapshot was taken at {from}", found.end);
        return Err(JournalError::Damaged { path, offset: 0, what });
    }
    Ok(found)
}

/// Makes what was read the whole truth: whatever lies behind its end is gone, the uncertain end is
/// written and synced again, and the stream can be written on.
pub fn settle(folder: &Shelf, found: &mut Recovered) -> Result<(), JournalError> {
    // From the last one on: whatever stops this leaves none missing in between. The first is never gone: where there
    // is an identity, there is a journal.
    for path in found.spare.drain(..).rev().filter(|path| *path != segment::path(folder, 1)) {
        folder.disk().remove(&path).map_err(JournalError::io(&path, "removing it"))?;
    }
    if found.segments.is_empty() {
        found
            .segments
            .push(segment::begin(folder, found.id).map_err(JournalError::io(&**folder, "beginning it anew"))?);
    }
    let mut end = found.end;
    for segment in found.segments.iter_mut().rev() {
        segment.open_to_write(folder.disk()).map_err(JournalError::io(&segment.path, "opening it to write"))?;
        rewrite(segment, found.uncertain, end).map_err(JournalError::io(&segment.path, "rewriting its end"))?;
        if segment.base <= found.uncertain {
            break;
        }
        end = segment.base;
    }
    folder.sync().map_err(JournalError::io(&**folder, "syncing it"))
}

/// Writes what a segment has from `uncertain` to `end` once more: a failed sync may have left it in
/// memory only, looking as if it were on the disk.
fn rewrite(segment: &Segment, uncertain: u64, end: u64) -> io::Result<()> {
    // Where all of it is uncertain, so is its header.
    let start = if uncertain <= segment.base { 0 } else { segment::HEADER + uncertain.min(end) - segment.base };
    let end = segment::HEADER + end - segment.base;
    let mut bytes = vec![0; (end - start) as usize];
    if read_up_to(&*segment.file, &mut bytes, start)? < bytes.len() {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    segment.file.write_all_at(&bytes, start)?;
    segment.file.set_length(end)?;
    segment.file.sync_all()
}

struct SegmentFile {
    path: PathBuf,
    number: u32,
    length: u64,
    front: Front,
}

impl SegmentFile {
    fn open(&self, folder: &Shelf, base: u64) -> Result<Segment, JournalError> {
        let file = folder.disk().open(&self.path).map_err(JournalError::io(&self.path, "opening it"))?;
        Ok(Segment { path: self.path.clone(), number: self.number, base, file })
    }

    fn bytes(&self, disk: &dyn Disk) -> Result<Vec<u8>, JournalError> {
        let read = disk.open(&self.path).and_then(|file| read_whole(&*file));
        read.map_err(JournalError::io(&self.path, "reading it"))
    }

    fn damaged(&self, offset: u64, what: String) -> JournalError {
        JournalError::Damaged { path: self.path.clone(), offset, what }
    }
}

/// The fronts of all segments, of which none may be missing, another's, or of another version.
fn fronts(folder: &Shelf, id: FolderId) -> Result<Vec<SegmentFile>, JournalError> {
    let mut files = Vec::new();
    let numbers = segment::numbers(folder)?;
    for (expected, number) in (1..).zip(numbers) {
        let path = segment::path(folder, number);
        if number != expected {
            let path = segment::path(folder, expected);
            let what = format!("it is missing, though segment {number} is there");
            return Err(JournalError::Damaged { path, offset: 0, what });
        }
        let mut bytes = [0; segment::HEADER as usize];
        let file = folder.disk().open(&path).map_err(JournalError::io(&path, "opening it"))?;
        let length = file.length().map_err(JournalError::io(&path, "looking at it"))?;
        let read = read_up_to(&*file, &mut bytes, 0).map_err(JournalError::io(&path, "reading it"))?;
        let front = segment::front(&bytes[..read], number, id);
        let file = SegmentFile { path, number, length, front };
        match front {
            Front::Version(found) => {
                return Err(JournalError::Version { path: file.path, found, known: segment::FORMAT });
            }
            Front::Misplaced(what) => return Err(file.damaged(0, what.to_owned())),
            Front::Header { .. } | Front::Blank | Front::Broken(_) => files.push(file),
        }
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
    disk: &dyn Disk,
    file: &SegmentFile,
    base: u64,
    from: u64,
    salt: Salt,
    found: &mut Recovered,
    take: &mut impl FnMut(Place, &[u8]) -> Result<(), String>,
) -> Result<End, JournalError> {
    let bytes = file.bytes(disk)?;
    let mut offset = segment::HEADER as usize;
    loop {
        let rest = bytes.get(offset..).unwrap_or_default();
        let (header, payload) = match frame::open(rest, salt) {
            Ok((header, payload)) if header.position == found.end => (header, payload),
            Err(NoGroup::Nothing) if rest.iter().all(|&byte| byte == 0) => return Ok(End::Clean),
            Ok(_) | Err(_) => return Ok(End::Broken),
        };
        let end = header.position + (frame::HEADER + payload.len()) as u64;
        if header.position < from && from < end {
            return Err(file.damaged(offset as u64, format!("a snapshot was taken at {from}, amid this group")));
        }
        let mut place = header.position + frame::HEADER as u64;
        let mut records = payload;
        while from <= header.position && !records.is_empty() {
            let damaged = |what: String| file.damaged(segment::HEADER + place - base, what);
            let (length, content) = record::split(records).map_err(|error| damaged(error.to_string()))?;
            take(Place(place), content).map_err(damaged)?;
            found.records += 1;
            place += length as u64;
            records = &records[length..];
        }
        found.uncertain = found.uncertain.max(header.synced);
        offset += frame::HEADER + payload.len();
        found.end = end;
    }
}

impl Recovered {
    /// Makes sure that all that was read is on the disk. Whoever has the folder open may have written some of it just now,
    /// and be about to sync it; no byte of it is changed by this.
    pub fn sync(&self) -> Result<(), JournalError> {
        for segment in self.segments.iter().rev() {
            match segment.file.sync_data() {
                // Nobody writes to what may only be read; and some file systems know no syncing of it.
                Err(error) if matches!(error.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::InvalidInput) => {}
                synced => synced.map_err(JournalError::io(&segment.path, "syncing it"))?,
            }
            if segment.base <= self.uncertain {
                break;
            }
        }
        Ok(())
    }

    /// Ends the stream where it cannot be read on, at `offset` of the first of `rest`; unless anything
    /// says that it was synced past there. `torn` is where the tail begins, if there is any.
    fn cut_off(
        mut self,
        folder: &Shelf,
        rest: &[SegmentFile],
        offset: u64,
        torn: Option<u64>,
        salt: Salt,
        what: &str,
    ) -> Result<Recovered, JournalError> {
        let Some(file) = rest.first() else { return Ok(self) };
        if self.end < self.uncertain || was_synced_past(self.end, folder.disk(), rest, offset, salt)? {
            return Err(file.damaged(offset, what.to_owned()));
        }
        self.cut = torn.map(|offset| Cut { path: file.path.clone(), offset });
        let is_kept = self.segments.last().is_some_and(|last| last.number == file.number);
        self.spare.extend(rest.iter().skip(usize::from(is_kept)).map(|file| file.path.clone()));
        Ok(self)
    }
}

/// Whether anything in `files`, in the first from `offset` on, says that the stream was synced past
/// `end`. A file that cannot be read just now might: that is an error, and not a no.
fn was_synced_past(
    end: u64,
    disk: &dyn Disk,
    files: &[SegmentFile],
    offset: u64,
    salt: Salt,
) -> Result<bool, JournalError> {
    for (file, offset) in files.iter().zip(std::iter::once(offset).chain(std::iter::repeat(0))) {
        if matches!(file.front, Front::Header { synced, .. } if end < synced) {
            return Ok(true);
        }
        let bytes = file.bytes(disk)?;
        let bytes = bytes.get(offset as usize..).unwrap_or_default();
        // A real group names the place where it stands, and never claims what lies behind itself.
        let is_sought = |at: usize, header: &Header| {
            let stands_right = match file.front {
                Front::Header { base, .. } => {
                    Some(header.position) == (base + offset + at as u64).checked_sub(segment::HEADER)
                }
                _ => true,
            };
            stands_right && end < header.synced && header.synced <= header.position
        };
        if frame::stands_in(bytes, salt, is_sought) {
            return Ok(true);
        }
    }
    Ok(false)
}
