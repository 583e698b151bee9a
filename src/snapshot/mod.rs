//! Snapshots: images of the book, so that a start need not read the whole journal.
//!
//! A snapshot is a shortcut and never the truth: it is written aside, synced, renamed, and read back
//! before an older one goes; one that cannot be read is passed over, because the journal has it all.
//! This is the only place that knows bincode.

mod bill;
mod image;
mod loading;
mod section;

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bincode::config;
use thiserror::Error;

use crate::disk::{Disk, Shelf, Stream};
use crate::journal::segment::FolderId;
use crate::ledger::book::Book;

pub use image::Image;
use loading::Loading;
use section::Section;

/// The format that this version writes, and the newest that it reads: it reads all of them.
pub const FORMAT: u32 = 3;

const MAGIC: [u8; 8] = *b"RIALTOSN";
/// No section is larger; a length that says so is damage, and nothing is allocated for it.
const SECTION_MAX: usize = 8 << 20;
/// How many snapshots are kept.
const KEPT: usize = 2;
/// A snapshot is synced in strides, so that a sync of the journal never waits behind all of it: at ten million
/// events, groups waited 90 ms for the disk while one was written.
const STRIDE: usize = 4 << 20;

/// What is wrong with a snapshot that is another one's by its name.
pub const MISNAMED: &str = "its name tells another position than it does";

/// Why a snapshot cannot be used.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The operating system refused.
    #[error("the snapshot could not be read or written")]
    Io(#[from] io::Error),
    /// It is not what was written.
    #[error("the snapshot is damaged: {0}")]
    Damaged(&'static str),
    /// It is of another version.
    #[error(
        "the snapshot has format {0}; this version of Rialto reads formats 1 to {FORMAT}, and a later one wrote it"
    )]
    Version(u32),
    /// It is another folder's.
    #[error("the snapshot belongs to another data folder")]
    Foreign,
}

/// Writes `image` aside, so that only [`commit`] makes it count. Returns where it is. What could not be
/// written whole is removed: it would only fill the disk that the journal needs. `rest` is called after
/// every section, by which whoever has time leaves the processor and the disk to others.
pub fn write(folder: &Shelf, id: FolderId, image: &Image, rest: impl FnMut()) -> Result<PathBuf, SnapshotError> {
    let aside = folder.join("snapshot.tmp");
    write_to(folder.disk(), &aside, id, image, rest).inspect_err(|_| drop(folder.disk().remove(&aside)))?;
    Ok(aside)
}

fn write_to(
    disk: &dyn Disk,
    path: &Path,
    id: FolderId,
    image: &Image,
    mut rest: impl FnMut(),
) -> Result<(), SnapshotError> {
    let mut out = BufWriter::with_capacity(1 << 20, Stream::of(disk.create(path)?));
    out.write_all(&MAGIC)?;
    out.write_all(&FORMAT.to_le_bytes())?;
    let mut unsynced = 0;
    image.sections(id, |section| {
        unsynced += put(&mut out, section, salt(FORMAT))?;
        if STRIDE <= unsynced {
            out.flush()?;
            out.get_ref().file().sync_data()?;
            unsynced = 0;
        }
        rest();
        Ok(())
    })?;
    Ok(out.into_inner().map_err(io::IntoInnerError::into_error)?.file().sync_all()?)
}

/// Makes the snapshot that was written aside count: it is the image of the book at `position`, and the journal is durable
/// up to `durable`. An image is a few milliseconds ahead of the disk; until that has it all, it stays aside, and there is
/// no path. It is read back before older ones go, with a `rest` after every section.
pub fn commit(
    folder: &Shelf,
    id: FolderId,
    aside: &Path,
    (position, durable): (u64, u64),
    mut rest: impl FnMut(),
) -> Result<Option<PathBuf>, SnapshotError> {
    if durable < position {
        return Ok(None);
    }
    let path = path(folder, position);
    folder.disk().rename(aside, &path)?;
    folder.sync()?;
    let read = read_sections(folder.disk(), &path, id, |_| {
        rest();
        Ok(())
    });
    // One that cannot be read would only be passed over, and fill the disk, each time.
    read.inspect_err(|_| drop(folder.disk().remove(&path)))?;
    // What claims to be ahead of this one is no image of this journal, and takes no place of one that is.
    for old in positions(folder)?.into_iter().rev().filter(|&old| old <= position).skip(KEPT) {
        folder.disk().remove(&self::path(folder, old))?;
    }
    Ok(Some(path))
}

/// The book of the newest snapshot that can be read, and the position it was taken at. What had to be
/// passed over is told to `passed_over`.
pub fn newest(
    folder: &Shelf,
    id: FolderId,
    mut passed_over: impl FnMut(&Path, &SnapshotError),
) -> Result<Option<(Book, u64)>, SnapshotError> {
    for position in positions(folder)?.into_iter().rev() {
        let path = path(folder, position);
        match load(folder.disk(), &path, id) {
            Ok((book, found)) if found == position => return Ok(Some((book, position))),
            Ok(_) => passed_over(&path, &SnapshotError::Damaged(MISNAMED)),
            Err(error) => passed_over(&path, &error),
        }
    }
    Ok(None)
}

/// The position of the newest snapshot that is as it was written, of which no book is made. What had to be passed over is
/// told to `passed_over`.
pub fn newest_whole(
    folder: &Shelf,
    id: FolderId,
    mut passed_over: impl FnMut(&Path, &SnapshotError),
) -> Result<Option<u64>, SnapshotError> {
    for position in positions(folder)?.into_iter().rev() {
        let (path, mut found) = (path(folder, position), None);
        let read = read_sections(folder.disk(), &path, id, |section| {
            if let Section::Start { position, .. } = section {
                found = Some(position);
            }
            Ok(())
        });
        match read {
            Ok(()) if found == Some(position) => return Ok(found),
            Ok(()) => passed_over(&path, &SnapshotError::Damaged(MISNAMED)),
            Err(error) => passed_over(&path, &error),
        }
    }
    Ok(None)
}

/// The book in one snapshot, and the position it was taken at.
pub fn load(disk: &dyn Disk, path: &Path, id: FolderId) -> Result<(Book, u64), SnapshotError> {
    let mut loading = Loading::default();
    read_sections(disk, path, id, |section| loading.take(section))?;
    loading.finish()
}

/// The positions of the snapshots in `folder`, ascending; none where there is no folder.
pub fn positions(folder: &Shelf) -> io::Result<Vec<u64>> {
    let mut positions = Vec::new();
    for name in folder.names()? {
        let position: Option<u64> =
            name.to_str().and_then(|name| name.strip_suffix(".snapshot")).and_then(|name| name.parse().ok());
        positions.extend(position);
    }
    positions.sort_unstable();
    Ok(positions)
}

/// The path of the snapshot taken at `position`.
pub fn path(folder: &Path, position: u64) -> PathBuf {
    folder.join(format!("{position:020}.snapshot"))
}

// The legacy layout is fixed for good, also beyond bincode: other crates read and write the same bytes.
fn layout() -> impl config::Config {
    config::legacy().with_limit::<SECTION_MAX>()
}

/// What checksums begin with: from format 3 on the format itself, so that a number that was damaged is found.
fn salt(format: u32) -> u32 {
    if format < 3 { 0 } else { format }
}

fn checksum(salt: u32, bytes: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new_with_initial(salt);
    sum.update(bytes);
    sum.finalize()
}

/// Writes a section, and tells how many bytes it takes.
fn put(out: &mut impl Write, section: &Section, salt: u32) -> Result<usize, SnapshotError> {
    let bytes =
        bincode::encode_to_vec(section, layout()).map_err(|_| SnapshotError::Damaged("a section cannot be encoded"))?;
    if SECTION_MAX < bytes.len() {
        return Err(SnapshotError::Damaged("a section is longer than any that is read"));
    }
    out.write_all(&(bytes.len() as u32).to_le_bytes())?;
    out.write_all(&checksum(salt, &bytes).to_le_bytes())?;
    out.write_all(&bytes)?;
    Ok(bytes.len())
}

/// Reads section by section, each checked before it is handed on; the first must be of this folder,
/// and the last must be the end.
fn read_sections(
    disk: &dyn Disk,
    path: &Path,
    id: FolderId,
    mut take: impl FnMut(Section) -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    let mut file = BufReader::with_capacity(1 << 20, Stream::of(disk.open(path)?));
    let mut front = [0; 12];
    read_exact(&mut file, &mut front)?;
    if front[..8] != MAGIC {
        return Err(SnapshotError::Damaged("it does not begin as a snapshot"));
    }
    let format = u32::from_le_bytes([front[8], front[9], front[10], front[11]]);
    if !(1..=FORMAT).contains(&format) {
        return Err(SnapshotError::Version(format));
    }
    let mut bytes = Vec::new();
    for number in 0_u64.. {
        let section = get(&mut file, &mut bytes, salt(format))?;
        match &section {
            Section::Start { folder, .. } if number == 0 && *folder != id => return Err(SnapshotError::Foreign),
            Section::Start { .. } if number != 0 => return Err(SnapshotError::Damaged("it begins twice")),
            _ if number == 0 && !matches!(section, Section::Start { .. }) => {
                return Err(SnapshotError::Damaged("it has no beginning"));
            }
            Section::End { sections } => {
                let is_whole = *sections == number && file.read(&mut [0])? == 0;
                take(section)?;
                return if is_whole {
                    Ok(())
                } else {
                    Err(SnapshotError::Damaged("sections are missing, or too many"))
                };
            }
            _ => {}
        }
        take(section)?;
    }
    Err(SnapshotError::Damaged("it has no end"))
}

fn get(file: &mut impl Read, bytes: &mut Vec<u8>, salt: u32) -> Result<Section, SnapshotError> {
    let mut front = [0; 8];
    read_exact(file, &mut front)?;
    let [a, b, c, d, e, f, g, h] = front;
    let (length, sum) = (u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]));
    if SECTION_MAX < length {
        return Err(SnapshotError::Damaged("a section is longer than any that was written"));
    }
    bytes.resize(length, 0);
    read_exact(file, bytes)?;
    if checksum(salt, bytes) != sum {
        return Err(SnapshotError::Damaged("a section does not match its checksum"));
    }
    match bincode::decode_from_slice(bytes, layout()) {
        Ok((section, read)) if read == length => Ok(section),
        _ => Err(SnapshotError::Damaged("a section cannot be decoded")),
    }
}

fn read_exact(file: &mut impl Read, bytes: &mut [u8]) -> Result<(), SnapshotError> {
    file.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => SnapshotError::Damaged("it is cut short"),
        _ => SnapshotError::Io(error),
    })
}
