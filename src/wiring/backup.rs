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
use crate::folder::{DataFolder, FolderError};
use crate::journal::segment::{HEADER, Segment, path as segment_path};
use crate::journal::{JournalError, recovery};
use crate::snapshot::{self, SnapshotError};

/// What a backup holds.
#[derive(Debug)]
pub struct Backup {
    /// The journal up to this position.
    pub end: u64,
    /// The snapshot of this position, where there is one.
    pub snapshot: Option<u64>,
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
    let (snapshot, found) = read(&folder)?;
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
        match fs::copy(&path, aside.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            copied => drop(copied.map_err(io_at(&path))?),
        }
    }
    let done = || {
        for folder in [aside.join("journal"), aside.join("images"), aside.clone()] {
            Files.sync_folder(&folder)?;
        }
        fs::rename(&aside, to)?;
        Files.sync_folder(to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    };
    done().map_err(io_at(to))?;
    let report = verify(&DataFolder::open(to)?, zone)?;
    Ok(Backup { end: found.end, snapshot, bytes, report })
}

/// The newest snapshot, and the journal as far as it can be read now; all of that is durable.
fn read(folder: &DataFolder) -> Result<(Option<u64>, recovery::Recovered), BackupError> {
    let mut looks = 1;
    loop {
        // Before the journal, which is then no shorter.
        let snapshot = snapshot::positions(&folder.images()).map_err(SnapshotError::from)?.into_iter().next_back();
        match recovery::read(&folder.journal(), folder.id(), 0, |_, _| Ok(())) {
            Err(JournalError::Damaged { .. }) if looks < LOOKS => looks += 1,
            Err(error) => return Err(error.into()),
            Ok(found) => {
                found.sync()?;
                return Ok((snapshot.filter(|position| *position <= found.end), found));
            }
        }
    }
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
