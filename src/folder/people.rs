//! People: what is personal of those who pay, sealed for each of them with a key of his own.
//!
//! The journal knows ids alone. An e-mail address and a name are in `people/`, and the keys to them in `keys/`: whoever
//! destroys somebody's key erases him, in every copy of the folder that has no keys, and the book stays as it is. Each time
//! that something else is kept it has another key, and those before are destroyed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::disk::{Disk, Files};
use crate::journal::segment::FolderId;

/// The folder of what is sealed,
pub const SEALED: &str = "people";
/// and that of the keys.
pub const KEYS: &str = "keys";
/// What every sealed file begins with; the number of its key follows, 8 bytes, the lowest first.
const MAGIC: &[u8; 16] = b"rialto person 1\n";
const HEADER: usize = MAGIC.len() + 8;

/// What is kept of somebody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Where invoices are sent.
    pub email: String,
    /// What is on them as his name.
    pub name: Option<String>,
}

/// It is personal, and shown to nobody by accident.
impl std::fmt::Debug for Details {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Details").finish_non_exhaustive()
    }
}

/// Why it cannot be read, written or erased.
#[derive(Debug, Error)]
pub enum PeopleError {
    /// What is kept has no key here: he was erased, or the folder was restored without its keys.
    #[error("what is kept of {0} is sealed, and its key is not here")]
    NoKey(String),
    /// It is not what was written.
    #[error("{0} is not what was written; restore it from a backup of this folder, or say it again")]
    Damaged(PathBuf),
    /// The operating system refused.
    #[error("{path} cannot be used")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// There is no randomness, no thread, or a cipher failed: all are the machine's.
    #[error("{0}")]
    Sealing(&'static str),
}

/// The people of one data folder.
#[derive(Debug)]
pub struct People {
    folder: PathBuf,
    id: FolderId,
}

/// Held by whoever writes or erases: a key is made and another destroyed as one.
static ONE: Mutex<()> = Mutex::new(());

impl People {
    pub(super) fn of(folder: &Path, id: FolderId) -> People {
        People { folder: folder.to_owned(), id }
    }

    /// What is kept of somebody, if anything is.
    pub fn find(&self, id: &str) -> Result<Option<Details>, PeopleError> {
        let _one = one();
        let Some((number, sealed)) = self.sealed(id)? else { return Ok(None) };
        let Some(key) = found(&self.key(id, number))? else { return Err(PeopleError::NoKey(id.to_owned())) };
        self.open(id, number, &key, sealed).map(Some).ok_or_else(|| PeopleError::Damaged(self.path(id)))
    }

    /// Keeps this of somebody, and nothing else: what else was kept before cannot be read any more, here or in a copy.
    pub fn keep(&self, id: &str, details: &Details) -> Result<(), PeopleError> {
        let _one = one();
        // What is the same stays as it is, also for whoever has a copy and its key. What cannot be read is replaced.
        if let Ok(Some((number, sealed))) = self.sealed(id)
            && let Ok(Some(key)) = found(&self.key(id, number))
            && self.open(id, number, &key, sealed).as_ref() == Some(details)
        {
            return self.destroy(id, |other| other != number);
        }
        for folder in [SEALED, KEYS] {
            make(&self.folder.join(folder)).map_err(io_at(&self.folder.join(folder)))?;
        }
        Files.sync_folder(&self.folder).map_err(io_at(&self.folder))?;
        // No number comes again, so that what an old copy has never meets a key that is not its own.
        let (mut number, mut key) = ([0; 8], [0; 32]);
        for random in [&mut number[..], &mut key] {
            getrandom::fill(random).map_err(|_| PeopleError::Sealing("the system has no randomness"))?;
        }
        let number = u64::from_le_bytes(number);
        let sealed = self.seal(id, number, &key, details)?;
        // The key first: what is sealed with one that is not there is lost.
        write(&self.key(id, number), &key)?;
        write(&self.path(id), &sealed)?;
        self.destroy(id, |other| other != number)
    }

    /// Destroys the key to what is kept of somebody; whether anything was, also where its key was gone. The sealed file
    /// stays until [`People::clear`], so that whoever is interrupted between the two finds it again.
    pub fn erase(&self, id: &str) -> Result<bool, PeopleError> {
        let _one = one();
        let has_keys = !self.keys(id)?.is_empty();
        self.destroy(id, |_| true)?;
        Ok(has_keys || self.path(id).exists())
    }

    /// Removes what nobody can read any more; not what was kept anew meanwhile.
    pub fn clear(&self, id: &str) -> Result<(), PeopleError> {
        let _one = one();
        if !self.keys(id)?.is_empty() {
            return Ok(());
        }
        let path = self.path(id);
        match fs::remove_file(&path).and_then(|()| Files.sync_folder(&self.folder.join(SEALED))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_at(&path)(error)),
            _ => Ok(()),
        }
    }

    /// The number of the key, and what is sealed with it.
    fn sealed(&self, id: &str) -> Result<Option<(u64, Vec<u8>)>, PeopleError> {
        let path = self.path(id);
        let Some(bytes) = found(&path)? else { return Ok(None) };
        let parts = bytes.strip_prefix(MAGIC).and_then(|rest| rest.split_first_chunk::<8>());
        let (number, sealed) = parts.ok_or(PeopleError::Damaged(path))?;
        Ok(Some((u64::from_le_bytes(*number), sealed.to_vec())))
    }

    fn seal(&self, id: &str, number: u64, key: &[u8], details: &Details) -> Result<Vec<u8>, PeopleError> {
        const FAILED: PeopleError = PeopleError::Sealing("the cipher does not take it");
        let mut inside = serde_json::to_vec(details).map_err(|_| FAILED)?;
        let cipher = cipher(key).ok_or(FAILED)?;
        cipher.seal_in_place_append_tag(nonce(), self.about(id, number), &mut inside).map_err(|_| FAILED)?;
        let mut sealed = Vec::with_capacity(HEADER + inside.len());
        sealed.extend_from_slice(MAGIC);
        sealed.extend_from_slice(&number.to_le_bytes());
        sealed.extend_from_slice(&inside);
        Ok(sealed)
    }

    fn open(&self, id: &str, number: u64, key: &[u8], mut sealed: Vec<u8>) -> Option<Details> {
        let inside = cipher(key)?.open_in_place(nonce(), self.about(id, number), &mut sealed).ok()?;
        serde_json::from_slice(inside).ok()
    }

    /// What a sealed file is of: another folder's, another one's or an older one does not pass for it.
    fn about(&self, id: &str, number: u64) -> Aad<[u8; 40]> {
        let mut about = [0; 40];
        about[..32].copy_from_slice(self.digest(id).as_bytes());
        about[32..].copy_from_slice(&number.to_le_bytes());
        Aad::from(about)
    }

    /// No path is made of an id, and a digest has no characters that a path minds.
    fn digest(&self, id: &str) -> blake3::Hash {
        let mut digest = blake3::Hasher::new();
        digest.update(&self.id).update(id.as_bytes());
        digest.finalize()
    }

    fn stem(&self, id: &str) -> String {
        self.digest(id).to_hex()[..32].to_owned()
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(SEALED).join(self.stem(id))
    }

    fn key(&self, id: &str, number: u64) -> PathBuf {
        self.folder.join(KEYS).join(format!("{}.{number}", self.stem(id)))
    }

    /// The numbers of somebody's keys: one, or more where a crash left some.
    fn keys(&self, id: &str) -> Result<Vec<u64>, PeopleError> {
        let (folder, stem) = (self.folder.join(KEYS), self.stem(id));
        let names = match Files.list(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            names => names.map_err(io_at(&folder))?,
        };
        let number = |name: &str| name.strip_prefix(&stem)?.strip_prefix('.')?.parse().ok();
        Ok(names.iter().filter_map(|name| number(name.to_str()?)).collect())
    }

    /// Destroys those of somebody's keys.
    fn destroy(&self, id: &str, is_meant: impl Fn(u64) -> bool) -> Result<(), PeopleError> {
        let mut is_any = false;
        for number in self.keys(id)?.into_iter().filter(|number| is_meant(*number)) {
            let path = self.key(id, number);
            // Where the file lay, as far as the file system writes it to the same place. One that was put there by
            // somebody else may be his to write; it goes all the same.
            let blanked = OpenOptions::new().write(true).open(&path).and_then(|mut file| {
                file.write_all(&[0; 32])?;
                file.sync_all()
            });
            fs::remove_file(&path).map_err(io_at(&path))?;
            if let Err(error) = blanked {
                tracing::warn!(%error, "a key was removed without being overwritten");
            }
            is_any = true;
        }
        let folder = self.folder.join(KEYS);
        if is_any { Files.sync_folder(&folder).map_err(io_at(&folder)) } else { Ok(()) }
    }
}

fn one() -> MutexGuard<'static, ()> {
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cipher(key: &[u8]) -> Option<LessSafeKey> {
    Some(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).ok()?))
}

/// Always the same: a key seals once.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn make(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Writes a file that is there as a whole or not at all, and that only its owner reads.
fn write(path: &Path, bytes: &[u8]) -> Result<(), PeopleError> {
    let aside = path.with_extension("tmp");
    let write = || {
        let mut file: File = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        path.parent().map_or(Ok(()), |folder| Files.sync_folder(folder))
    };
    write().map_err(io_at(path))
}

/// What is in a file, where there is one.
fn found(path: &Path) -> Result<Option<Vec<u8>>, PeopleError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).map_err(io_at(path)),
    }
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> PeopleError {
    let path = path.to_owned();
    move |cause| PeopleError::Io { path, cause }
}
