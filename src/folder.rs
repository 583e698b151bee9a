//! The data folder: whose it is, and who has it open.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use thiserror::Error;

use crate::journal::segment::{FolderId, sync_folder};

/// A data folder that this process alone has open.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    id: FolderId,
    // The lock lasts as long as anybody holds the file open.
    lock: Mutex<Option<Arc<File>>>,
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
        let create = || {
            fs::create_dir_all(path)?;
            fs::create_dir_all(path.join("journal"))?;
            fs::create_dir_all(path.join("images"))
        };
        create().map_err(io_at(path))?;
        DataFolder::open(path)
    }

    /// Opens the folder at `path`, which must be there.
    pub fn open(path: &Path) -> Result<DataFolder, FolderError> {
        if !path.join("journal").is_dir() {
            return Err(FolderError::Missing(path.to_owned()));
        }
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join("LOCK"));
        let lock = lock.map_err(io_at(path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::InUse(path.to_owned())),
            Err(TryLockError::Error(cause)) => return Err(io_at(path)(cause)),
        }
        let id = identity(path)?;
        Ok(DataFolder { path: path.to_owned(), id, lock: Mutex::new(Some(Arc::new(lock))) })
    }

    /// The lock: as long as anybody has it, nobody else opens the folder. Whoever writes holds one.
    pub fn hold(&self) -> Option<Arc<File>> {
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

    /// The journal's folder.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// The snapshots' folder.
    pub fn images(&self) -> PathBuf {
        self.path.join("images")
    }
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |cause| FolderError::Io { path, cause }
}

fn identity(folder: &Path) -> Result<FolderId, FolderError> {
    let path = folder.join("FOLDER");
    match fs::read_to_string(&path) {
        Ok(text) => parse(&text).ok_or(FolderError::Identity(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let holds = |inside: &str| fs::read_dir(folder.join(inside)).is_ok_and(|mut files| files.next().is_some());
            if holds("journal") || holds("images") {
                return Err(FolderError::Identity(path));
            }
            let mut id = FolderId::default();
            getrandom::fill(&mut id).map_err(|error| io_at(folder)(io::Error::other(error)))?;
            create_identity(folder, &path, id).map_err(io_at(folder))?;
            Ok(id)
        }
        Err(cause) => Err(io_at(folder)(cause)),
    }
}

fn create_identity(folder: &Path, path: &Path, id: FolderId) -> io::Result<()> {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let aside = folder.join("FOLDER.tmp");
    let mut file = File::create(&aside)?;
    writeln!(file, "rialto folder {hex}")?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    sync_folder(folder)?;
    // Its own name, and those of the folders that may have been made for it, are as durable as what is
    // in it. Where a folder further up may not be opened, it was there before.
    for above in folder.canonicalize()?.ancestors().skip(1) {
        match sync_folder(above) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
            // Some file systems know no syncing of a folder.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            synced => synced?,
        }
    }
    Ok(())
}

fn parse(text: &str) -> Option<FolderId> {
    let hex = text.trim().strip_prefix("rialto folder ").filter(|hex| hex.len() == 32 && hex.is_ascii())?;
    let mut id = FolderId::default();
    for (place, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(id)
}
