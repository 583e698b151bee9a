//! The disk: what the journal and the snapshots ask of a file system, and no more.
//!
//! There is one real one, [`Files`]. The tests have another, in memory, which loses its power between any two of these
//! calls, fails, and forgets what was not synced.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::Deref;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file system. What was not synced, a file's bytes or a folder's names, may be gone after a power cut, in part and in
/// any order.
pub trait Disk: fmt::Debug + Send + Sync {
    /// The names in a folder, in no order.
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>>;
    /// Opens a file to read it.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens a file that is there, to read and write it.
    fn open_to_write(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes a file, or empties the one that is there, to read and write it.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives a file another name, also where another one had that.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// How many bytes it has.
    fn length(&self) -> io::Result<u64>;
    /// Makes it so long: cut off, or filled up with noughts.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Reads from `offset` on, into as much of `bytes` as there is at once; nothing at its end.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes` from `offset` on. Where that fails, some of it may have been written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes its bytes durable, and its length. Where that fails, nobody knows which are, not even after another sync.
    fn sync_data(&self) -> io::Result<()>;
    /// Makes all of it durable.
    fn sync_all(&self) -> io::Result<()>;
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Files;

impl Disk for Files {
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(File::open(path)?))
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(OpenOptions::new().read(true).write(true).open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        Ok(Arc::new(options.read(true).write(true).create(true).truncate(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, bytes, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn sync_all(&self) -> io::Result<()> {
        File::sync_all(self)
    }
}

/// A folder of files, on some disk.
#[derive(Clone, Debug)]
pub struct Shelf {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

impl Shelf {
    /// The folder at `path` of this disk.
    pub fn on(disk: Arc<dyn Disk>, path: PathBuf) -> Shelf {
        Shelf { disk, path }
    }

    /// The disk.
    pub fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// The names in it; none where it is not there.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        match self.disk.list(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            names => names,
        }
    }

    /// Makes the names in it durable.
    pub fn sync(&self) -> io::Result<()> {
        self.disk.sync_folder(&self.path)
    }
}

/// A folder of the machine's own file system.
impl From<&Path> for Shelf {
    fn from(path: &Path) -> Shelf {
        Shelf { disk: Arc::new(Files), path: path.to_owned() }
    }
}

/// Where it is.
impl Deref for Shelf {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl AsRef<Path> for Shelf {
    fn as_ref(&self) -> &Path {
        self
    }
}

/// Reads from `offset` on until `bytes` are full or the file ends; how many it read.
pub fn read_up_to(file: &dyn DiskFile, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// All that is in a file.
pub fn read_whole(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; file.length()? as usize];
    let read = read_up_to(file, &mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// A file that is read or written from its beginning on.
#[derive(Debug)]
pub struct Stream {
    file: Arc<dyn DiskFile>,
    offset: u64,
}

impl Stream {
    /// At the beginning of this file.
    pub fn of(file: Arc<dyn DiskFile>) -> Stream {
        Stream { file, offset: 0 }
    }

    /// The file.
    pub fn file(&self) -> &dyn DiskFile {
        &*self.file
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(bytes, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
