//! The home of a data folder: where it was made, so that a copy is told from the original.
//!
//! A copy holds the same identity and the same journal, and both would bill the same charges. What a copy cannot have is
//! the very file that the journal begins with: another one has another number in its file system, or was made at
//! another time. A folder that was moved within its file system is still at home; one that was restored is not.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::disk::{Disk, Files};
use crate::journal::segment;

/// The home of one folder.
#[derive(Clone, Debug)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    pub(super) fn of(folder: &Path) -> Home {
        Home { folder: folder.to_owned() }
    }

    /// Whether the folder is where it was made, or was last [settled](Home::settle).
    pub fn is_here(&self) -> io::Result<bool> {
        // As bytes: what is no text is no word of any home.
        match fs::read(self.path()) {
            Ok(found) => {
                let [here, of_old] = self.texts(&fs::metadata(self.path())?)?;
                Ok(found == here.as_bytes() || found == of_old.as_bytes())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// From now on it has none, whatever becomes of whoever says so.
    pub fn leave(&self) -> io::Result<()> {
        match fs::remove_file(self.path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Files.sync_folder(&self.folder),
        }
    }

    /// From now on the folder's home is here.
    pub fn settle(&self) -> io::Result<()> {
        let aside = self.folder.join("HOME.tmp");
        let mut file = File::create(&aside)?;
        let [here, _] = self.texts(&file.metadata()?)?;
        file.write_all(here.as_bytes())?;
        file.sync_all()?;
        fs::rename(&aside, self.path())?;
        Files.sync_folder(&self.folder)
    }

    fn path(&self) -> PathBuf {
        self.folder.join("HOME")
    }

    /// What says where the folder is, in the file of which these are the metadata; and what did so in folders of old.
    fn texts(&self, own: &Metadata) -> io::Result<[String; 2]> {
        let first = fs::metadata(segment::path(&self.folder.join("journal"), 1))?;
        let made = first.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
        let of_old = format!("rialto home {} {}\n", first.ino(), made.map_or(0, |made| made.as_nanos()));
        // Some file systems do not know when a file was made, and use a number again; but hardly both of them at once.
        let here =
            if made.is_some() { of_old.clone() } else { format!("rialto home {} 0 {}\n", first.ino(), own.ino()) };
        Ok([here, of_old])
    }
}

#[cfg(test)]
mod tests {
    use super::super::DataFolder;
    use super::*;

    #[test]
    fn a_folder_that_was_moved_is_at_home_and_a_copy_is_not_before_it_settles() {
        let room = tempfile::tempdir().expect("a folder");
        let [made, moved, copy] = ["made", "moved", "copy"].map(|name| room.path().join(name));
        drop(DataFolder::open_or_create(&made).expect("a new folder"));
        assert!(Home::of(&made).is_here().expect("a home"));
        fs::rename(&made, &moved).expect("another name");
        assert!(Home::of(&moved).is_here().expect("a home"));
        fs::create_dir_all(copy.join("journal")).expect("a folder");
        for file in ["FOLDER", "HOME", "journal/00000001.journal"] {
            fs::copy(moved.join(file), copy.join(file)).expect("a copy");
        }
        assert!(!Home::of(&copy).is_here().expect("a home"));
        Home::of(&copy).settle().expect("a home");
        assert!(Home::of(&copy).is_here().expect("a home"));
        Home::of(&moved).leave().expect("no home");
        assert!(!Home::of(&moved).is_here().expect("a home"), "what does not say where it was made may be a copy");
    }
}
