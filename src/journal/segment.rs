//! Segments: the files that the stream is cut into.
//!
//! A segment begins with a header that says which stretch of which folder's stream it holds. Its end
//! is a file of noughts, written ahead, because overwriting is synced faster than appending.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use super::JournalError;
use crate::disk::{Disk, DiskFile, Shelf};

/// The bytes of a segment's header.
pub const HEADER: u64 = 64;

/// The format that this version writes and reads.
pub const FORMAT: u32 = 1;

const MAGIC: [u8; 8] = *b"RIALTOJL";

/// The identity of a data folder; what is in one folder is never taken for another's.
pub type FolderId = [u8; 16];

/// A segment in use.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Its file's path.
    pub path: PathBuf,
    /// Its number, from 1 on.
    pub number: u32,
    /// Where in the stream it begins.
    pub base: u64,
    /// The open file.
    pub file: Arc<dyn DiskFile>,
}

impl Segment {
    /// Opens the file of one that was only read, to write on.
    pub(super) fn open_to_write(&mut self, disk: &dyn Disk) -> io::Result<()> {
        self.file = disk.open_to_write(&self.path)?;
        Ok(())
    }
}

/// The segments of a journal, in order, shared by its writer and its readers.
pub type Segments = Arc<RwLock<Vec<Segment>>>;

/// The path of segment `number` in the journal's folder.
pub fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:08}.journal"))
}

/// The numbers of the segments in `folder`, ascending.
pub fn numbers(folder: &Shelf) -> Result<Vec<u32>, JournalError> {
    let mut numbers = Vec::new();
    for name in folder.names().map_err(JournalError::io(&**folder, "listing it"))? {
        if let Some(number) = name.to_str().and_then(|name| name.strip_suffix(".journal")) {
            numbers.extend(number.parse::<u32>().ok().filter(|known| path(folder, *known) == folder.join(&name)));
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// A new, empty file for segment `number`, with its name made durable.
pub fn create(folder: &Shelf, number: u32) -> io::Result<Arc<dyn DiskFile>> {
    let file = folder.disk().create(&path(folder, number))?;
    folder.sync()?;
    Ok(file)
}

/// The first segment of a journal, with nothing in it but its header, all of it durable.
pub fn begin(folder: &Shelf, id: FolderId) -> io::Result<Segment> {
    let file = create(folder, 1)?;
    write_header(&*file, 1, 0, 0, id)?;
    file.sync_all()?;
    Ok(Segment { path: path(folder, 1), number: 1, base: 0, file })
}

/// Writes the header of a segment that begins at `base`, now that everything before `synced` is
/// durable; it is synced with the first group.
pub fn write_header(file: &dyn DiskFile, number: u32, base: u64, synced: u64, folder: FolderId) -> io::Result<()> {
    file.write_all_at(&header(number, base, synced, folder), 0)
}

fn header(number: u32, base: u64, synced: u64, folder: FolderId) -> [u8; HEADER as usize] {
    let mut bytes = [0; HEADER as usize];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[12..16].copy_from_slice(&number.to_le_bytes());
    bytes[16..24].copy_from_slice(&base.to_le_bytes());
    bytes[24..40].copy_from_slice(&folder);
    bytes[40..48].copy_from_slice(&synced.to_le_bytes());
    let sum = crc32fast::hash(&bytes[..60]);
    bytes[60..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// What the front of a segment's file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// It begins at `base`.
    Header {
        /// Where in the stream it begins.
        base: u64,
        /// Everything before this was synced when the segment was begun.
        synced: u64,
    },
    /// Nothing: the segment was made, but not begun.
    Blank,
    /// Something else: a header cut short or changed.
    Broken(&'static str),
    /// A whole header, of some other file. No crash leaves that.
    Misplaced(&'static str),
    /// It was written by another version.
    Version(u32),
}

/// Reads the front of segment `number` of `folder`.
pub fn front(bytes: &[u8], number: u32, folder: FolderId) -> Front {
    let Some(raw) = bytes.first_chunk::<{ HEADER as usize }>() else {
        return if bytes.iter().all(|&byte| byte == 0) {
            Front::Blank
        } else {
            Front::Broken("its header is cut short")
        };
    };
    if raw.iter().all(|&byte| byte == 0) {
        return Front::Blank;
    }
    let half = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| raw[at + byte]));
    let word = |at: usize| u64::from(half(at + 4)) << 32 | u64::from(half(at));
    if half(60) != crc32fast::hash(&raw[..60]) || raw[..8] != MAGIC {
        Front::Broken("its header does not match its checksum")
    } else if half(8) != FORMAT {
        Front::Version(half(8))
    } else if raw[24..40] != folder {
        Front::Misplaced("it belongs to another data folder than the one that FOLDER names")
    } else if half(12) != number {
        Front::Misplaced("it is another segment under this name")
    } else {
        Front::Header { base: word(16), synced: word(40) }
    }
}
