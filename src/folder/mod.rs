//! The data folder: whose it is, and who has it open.
//!
//! Its identity is the last thing that is made of it, after the first segment of its journal: where there is an
//! identity there was a journal, and a folder without one is never taken for a new one.

mod home;
mod people;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use thiserror::Error;

use crate::disk::{Disk, Files, Shelf};
use crate::journal::segment::{self, FolderId};

pub use home::Home;
pub use people::{Details, KEYS, People, PeopleError, SEALED};

/// A data folder that this process alone has open, or only [looks at](DataFolder::look_at).
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    id: FolderId,
    /// What its journal and its snapshots are on.
    disk: Arc<dyn Disk>,
    // The lock lasts as long as anybody holds it.
    lock: Mutex<Option<Arc<Lock>>>,
}

/// The right to a data folder. It is given back expressly: a process that was just forked from this one holds all of
/// its files open until it becomes another program, and would keep the folder for as long.
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Where that fails, it is given back when the file is closed.
        let _ = self.0.unlock();
    }
}

/// Why a data folder cannot be opened.
#[derive(Debug, Error)]
pub enum FolderError {
    /// Another process, or another handle in this one, has it open.
    #[error("the data folder {0} is in use by another Rialto; stop that one, or choose another folder with --data")]
    InUse(PathBuf),
    /// There is none.
    #[error("there is no data folder at {0}; name the one that `rialto serve` used with --data")]
    Missing(PathBuf),
    /// Its identity cannot be read.
    #[error("{0} does not hold a folder's id; restore it from a backup of this folder")]
    Identity(PathBuf),
    /// The operating system refused.
    #[error("the data folder {path} cannot be used")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl DataFolder {
    /// Opens the folder at `path`, which is made if it is not there.
    pub fn open_or_create(path: &Path) -> Result<DataFolder, FolderError> {
        let make = || {
            create(path)?;
            fs::create_dir_all(path.join("journal"))?;
            fs::create_dir_all(path.join("images"))
        };
        make().map_err(io_at(path))?;
        let lock = lock(path)?;
        let id = match identity(path)? {
            Some(id) => id,
            None => begin(path).map_err(io_at(path))?,
        };
        Ok(DataFolder::locked(path, id, lock))
    }

    /// Opens the folder at `path`, which must be there.
    pub fn open(path: &Path) -> Result<DataFolder, FolderError> {
        if !path.join("journal").is_dir() && !path.join("FOLDER").is_file() {
            return Err(FolderError::Missing(path.to_owned()));
        }
        let lock = lock(path)?;
        let id = identity(path)?.ok_or_else(|| FolderError::Missing(path.to_owned()))?;
        Ok(DataFolder::locked(path, id, lock))
    }

    /// The folder at `path`, to be read, whoever has it open: it is not locked, and nothing is made in it.
    pub fn look_at(path: &Path) -> Result<DataFolder, FolderError> {
        let id = identity(path)?.ok_or_else(|| FolderError::Missing(path.to_owned()))?;
        Ok(DataFolder { path: path.to_owned(), id, disk: Arc::new(Files), lock: Mutex::new(None) })
    }

    /// A folder of another disk, with nothing in it but its journal and its snapshots. Nobody else can have it open.
    pub fn on(disk: Arc<dyn Disk>, path: &Path, id: FolderId) -> DataFolder {
        DataFolder { path: path.to_owned(), id, disk, lock: Mutex::new(None) }
    }

    fn locked(path: &Path, id: FolderId, lock: Lock) -> DataFolder {
        DataFolder { path: path.to_owned(), id, disk: Arc::new(Files), lock: Mutex::new(Some(Arc::new(lock))) }
    }

    /// The lock: as long as anybody has it, nobody else opens the folder. Whoever writes holds one.
    pub fn hold(&self) -> Option<Arc<Lock>> {
        self.lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Lets go of the lock.
    pub fn release(&self) {
        self.lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its identity, made when the folder was.
    pub fn id(&self) -> FolderId {
        self.id
    }

    /// Where it was made.
    pub fn home(&self) -> Home {
        Home::of(&self.path)
    }

    /// What is personal of those who pay.
    pub fn people(&self) -> People {
        People::of(&self.path, self.id)
    }

    /// What its journal and its snapshots are on.
    pub fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// The journal's folder.
    pub fn journal(&self) -> Shelf {
        Shelf::on(Arc::clone(&self.disk), self.path.join("journal"))
    }

    /// The snapshots' folder.
    pub fn images(&self) -> Shelf {
        Shelf::on(Arc::clone(&self.disk), self.path.join("images"))
    }
}

/// Makes a folder that only its owner looks into: who earns what from whom is nobody else's. One that is there stays as it
/// is, for somebody may have shared it on purpose.
fn create(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    match fs::DirBuilder::new().mode(0o700).create(path) {
        // Somebody else was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |cause| FolderError::Io { path, cause }
}

fn lock(path: &Path) -> Result<Lock, FolderError> {
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join("LOCK"));
    let lock = lock.map_err(io_at(path))?;
    match lock.try_lock() {
        Ok(()) => Ok(Lock(lock)),
        Err(TryLockError::WouldBlock) => Err(FolderError::InUse(path.to_owned())),
        Err(TryLockError::Error(cause)) => Err(io_at(path)(cause)),
    }
}

/// The identity of a folder; `None` where it is not one yet, and nothing in it speaks of more.
fn identity(folder: &Path) -> Result<Option<FolderId>, FolderError> {
    let path = folder.join("FOLDER");
    match fs::read(&path) {
        Ok(bytes) => {
            let id = str::from_utf8(&bytes).ok().and_then(parse);
            id.map(Some).ok_or(FolderError::Identity(path))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if holds_anything(folder).map_err(io_at(folder))? {
                Err(FolderError::Identity(path))
            } else {
                Ok(None)
            }
        }
        Err(cause) => Err(io_at(folder)(cause)),
    }
}

/// Whether there is anything in a folder that a crash did not leave while it was being made.
fn holds_anything(folder: &Path) -> io::Result<bool> {
    let journal = folder.join("journal");
    let begun = segment::path(&journal, 1);
    for inside in [journal, folder.join("images")] {
        let files = match fs::read_dir(&inside) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            files => files?,
        };
        for file in files {
            let file = file?;
            if file.path() != begun || segment::HEADER < file.metadata()?.len() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Makes a folder one of its own: the first segment of its journal, and then its identity.
fn begin(folder: &Path) -> io::Result<FolderId> {
    let mut id = FolderId::default();
    getrandom::fill(&mut id).map_err(io::Error::other)?;
    segment::begin(&Shelf::from(&*folder.join("journal")), id)?;
    Files.sync_folder(folder)?;
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let aside = folder.join("FOLDER.tmp");
    let mut file = File::create(&aside)?;
    writeln!(file, "rialto folder {hex}")?;
    file.sync_all()?;
    fs::rename(&aside, folder.join("FOLDER"))?;
    Home::of(folder).settle()?;
    // Its own name, and those of the folders that may have been made for it, are as durable as what is
    // in it. Where a folder further up may not be opened, it was there before.
    for above in folder.canonicalize()?.ancestors().skip(1) {
        match Files.sync_folder(above) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
            // Some file systems know no syncing of a folder.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            synced => synced?,
        }
    }
    Ok(id)
}

fn parse(text: &str) -> Option<FolderId> {
    let hex = text.trim().strip_prefix("rialto folder ").filter(|hex| hex.len() == 32 && hex.is_ascii())?;
    let mut id = FolderId::default();
    for (place, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_was_just_forked_does_not_keep_a_folder_that_was_let_go() {
        let room = tempfile::tempdir().expect("a folder");
        let folder = DataFolder::open_or_create(room.path()).expect("a new folder");
        // What a forked process has of it: the same open file, for as long as it is no other program.
        let forked = folder.hold().and_then(|lock| lock.0.try_clone().ok()).expect("a lock");
        assert!(matches!(DataFolder::open(room.path()), Err(FolderError::InUse(_))));
        drop(folder);
        assert!(DataFolder::open(room.path()).is_ok());
        drop(forked);
    }
}
