//! Backups: a copy of a data folder that holds all that was durable when it was begun, also while a sidecar writes on.
//!
//! What is copied is fixed before anything is: the journal up to where it could be read, and the newest snapshot that is
//! no further. So a backup never holds a piece of something. It has no home, as any copy: whoever starts from it is asked
//! to take over what was billed since before it bills anything.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::verify::{Report, verify};
use crate::disk::{Disk, Files};
use crate::folder::{DataFolder, FolderError, SEALED};
use crate::journal::JournalError;
use crate::journal::recovery::{self, Cut, Recovered};
use crate::journal::segment::{HEADER, Segment, path as segment_path};
use crate::snapshot::{self, SnapshotError};

/// What a backup holds.
#[derive(Debug)]
pub struct Backup {
    /// The journal up to this position.
    pub end: u64,
    /// The snapshot of this position, where there is one.
    pub snapshot: Option<u64>,
    /// Snapshots that were not copied, because they cannot be used, and why.
    pub passed_over: Vec<(PathBuf, String)>,
    /// What stood behind the end and was not copied: it was being written, or a crash left it.
    pub cut: Option<Cut>,
    /// So many bytes in all.
    pub bytes: u64,
    /// What verifying the copy found.
    pub report: Report,
}

/// Why there is no backup.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The folder to be copied, or the copy.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its journal, or the copy's.
    #[error("the journal cannot be copied")]
    Journal(#[from] JournalError),
    /// Its snapshots.
    #[error("the snapshots cannot be copied")]
    Snapshots(#[from] SnapshotError),
    /// Something is there already.
    #[error("{0} is there already; a backup is a new folder, such as one with the day in its name")]
    There(PathBuf),
    /// The operating system refused.
    #[error("{path} cannot be written")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

/// What is being written while it is read may look like damage; what is damaged looks so every time.
const LOOKS: usize = 5;
/// Files that a folder may have besides journal and snapshots, and that belong into a copy. The admin's token does not:
/// a start makes another one.
const FILES: [&str; 2] = ["FOLDER", "tokens.toml"];

/// Copies the folder at `from` to `to`, which must not be there, and verifies the copy by the days of `zone`; `progress`
/// hears how many bytes are copied, and of how many.
pub fn back_up(
    from: &Path,
    to: &Path,
    zone: chrono_tz::Tz,
    mut progress: impl FnMut(u64, u64),
) -> Result<Backup, BackupError> {
    if to.exists() {
        return Err(BackupError::There(to.to_owned()));
    }
    let folder = DataFolder::look_at(from)?;
    let Whole { snapshot, passed_over, found } = read(&folder)?;
    // Beside where it is to be, so that it is there as a whole or not at all.
    let mut aside = to.as_os_str().to_owned();
    aside.push(".partial");
    let aside = PathBuf::from(aside);
    let made = || {
        match fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(aside.join("journal"))?;
        fs::create_dir_all(aside.join("images"))
    };
    made().map_err(io_at(&aside))?;
    let image = snapshot.map(|position| snapshot::path(&folder.images(), position));
    let image_bytes = image.as_ref().and_then(|path| fs::metadata(path).ok()).map_or(0, |image| image.len());
    let parts = parts(&found.segments, found.end);
    let all = image_bytes + parts.iter().map(|(_, length)| length).sum::<u64>();
    let mut bytes = 0;
    let mut copied = |more: u64| {
        bytes += more;
        progress(bytes, all);
    };
    if let Some(position) = snapshot {
        // The file is open for as long as it takes, also where a newer snapshot makes it go.
        let path = snapshot::path(&folder.images(), position);
        let file = File::open(&path).map_err(io_at(&path))?;
        copy(file, &snapshot::path(&aside.join("images"), position), &mut copied)?;
    }
    for (segment, length) in parts {
        let file = File::open(&segment.path).map_err(io_at(&segment.path))?;
        copy(file.take(length), &segment_path(&aside.join("journal"), segment.number), &mut copied)?;
    }
    for name in FILES {
        let path = folder.path().join(name);
        copy_small(&path, &aside.join(name))?;
    }
    people(folder.path(), &aside)?;
    let done = || {
        for folder in [aside.join("journal"), aside.join("images"), aside.clone()] {
            Files.sync_folder(&folder)?;
        }
        fs::rename(&aside, to)?;
        Files.sync_folder(to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    };
    done().map_err(io_at(to))?;
    let report = verify(&DataFolder::open(to)?, zone)?;
    Ok(Backup { end: found.end, snapshot, passed_over, cut: found.cut, bytes, report })
}

/// What is personal is copied as it is sealed. The keys are not: whoever destroys one means all copies.
fn people(from: &Path, to: &Path) -> Result<(), BackupError> {
    let [from, to] = [from, to].map(|folder| folder.join(SEALED));
    let begin = || {
        let names = match Files.list(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            names => names?,
        };
        fs::create_dir(&to)?;
        Ok(names)
    };
    let names = begin().map_err(io_at(&to))?;
    for name in names.iter().filter(|name| Path::new(name).extension().is_none()) {
        copy_small(&from.join(name), &to.join(name))?;
    }
    if names.is_empty() { Ok(()) } else { Files.sync_folder(&to).map_err(io_at(&to)) }
}

/// Copies a file, where there is one: somebody may just have been erased.
fn copy_small(from: &Path, to: &Path) -> Result<(), BackupError> {
    match fs::copy(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        copied => copied.and_then(|_| File::open(to)?.sync_all()).map_err(io_at(to)),
    }
}

/// What is worth being copied; all of it is durable.
struct Whole {
    snapshot: Option<u64>,
    passed_over: Vec<(PathBuf, String)>,
    found: Recovered,
}

/// The newest snapshot that is whole, and the journal as far as it can be read now.
fn read(folder: &DataFolder) -> Result<Whole, BackupError> {
    let mut looks = 1;
    loop {
        let mut passed_over = Vec::new();
        // Before the journal, which is then no shorter.
        let snapshot = snapshot::newest_whole(&folder.images(), folder.id(), |path, error| {
            passed_over.push((path.to_owned(), error.to_string()));
        })?;
        let found = recovery::read(&folder.journal(), folder.id(), 0, |_, _| Ok(()));
        match found.and_then(|found| reaches(found, snapshot)) {
            Err(JournalError::Damaged { .. }) if looks < LOOKS => looks += 1,
            Err(error) => return Err(error.into()),
            Ok(found) => {
                found.sync()?;
                return Ok(Whole { snapshot, passed_over, found });
            }
        }
    }
}

/// A snapshot is taken of what was durable: a journal that ends before it has lost something, and is no torn one.
fn reaches(found: Recovered, snapshot: Option<u64>) -> Result<Recovered, JournalError> {
    let Some(imaged) = snapshot.filter(|imaged| found.end < *imaged) else { return Ok(found) };
    let place = found.cut.map(|Cut { path, offset }| (path, offset));
    let last = || found.segments.last().map(|last| (last.path.clone(), HEADER + found.end - last.base));
    let (path, offset) = place.or_else(last).unwrap_or_default();
    let what = format!("the stream ends at {}, but a snapshot was taken at {imaged}", found.end);
    Err(JournalError::Damaged { path, offset, what })
}

/// The segments, and how much of each file is to be copied.
fn parts(segments: &[Segment], end: u64) -> Vec<(&Segment, u64)> {
    let next = segments.iter().skip(1).map(|segment| segment.base).chain([end]);
    segments.iter().zip(next).map(|(segment, next)| (segment, HEADER + (next - segment.base))).collect()
}

fn copy(mut from: impl Read, to: &Path, copied: &mut impl FnMut(u64)) -> Result<(), BackupError> {
    const STRIDE: u64 = 8 << 20;
    let mut copy = || {
        let mut file = File::create(to)?;
        loop {
            match io::copy(&mut from.by_ref().take(STRIDE), &mut file)? {
                0 => return file.sync_all(),
                more => copied(more),
            }
        }
    };
    copy().map_err(io_at(to))
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |cause| BackupError::Io { path, cause }
}
