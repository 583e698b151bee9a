//! A disk in memory that loses its power, or fails, at any of its effects.
//!
//! What was not synced survives a power cut or not, sector by sector, as the seed has it; names survive up to some point,
//! because file systems with a journal keep their order. After a sync that failed, nobody knows what of it is on the disk,
//! and no later sync makes up for it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use rialto::disk::{Disk, DiskFile};

/// A power cut takes or leaves so many bytes at once.
const SECTOR: usize = 512;

/// What happens at an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The process is killed: what was written stays as it is.
    Kill,
    /// The power is gone.
    PowerCut,
    /// The disk fails this once.
    Failure,
}

/// The disk. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Drive(Arc<Mutex<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    renamed: Vec<Naming>,
    effects: u64,
    trouble: Option<(u64, Trouble)>,
    is_off: bool,
}

#[derive(Clone, Debug, Default)]
struct Content {
    seen: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    /// What a failed sync left behind,
    lost: Vec<Change>,
    /// and what was synced over it since.
    since: Vec<Change>,
}

impl Content {
    /// What survives whatever comes.
    fn settled(&self) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        self.since.iter().for_each(|change| change.apply(&mut bytes));
        bytes
    }
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Clone, Debug)]
enum Naming {
    Put(PathBuf, usize),
    Move(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Naming::Put(path, file) => drop(names.insert(path.clone(), *file)),
            Naming::Move(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Naming::Remove(path) => drop(names.remove(path)),
        }
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write(offset, written) => {
                bytes.resize(bytes.len().max(offset + written.len()), 0);
                bytes[*offset..offset + written.len()].copy_from_slice(written);
            }
            Change::Length(length) => bytes.resize(*length, 0),
        }
    }

    /// Applies the sectors of it that survive.
    fn apply_torn(&self, bytes: &mut Vec<u8>, mut survives: impl FnMut() -> bool) {
        match self {
            Change::Write(offset, written) => {
                let mut at = *offset;
                while at < offset + written.len() {
                    let end = (at / SECTOR * SECTOR + SECTOR).min(offset + written.len());
                    if survives() {
                        Change::Write(at, written[at - offset..end - offset].to_vec()).apply(bytes);
                    }
                    at = end;
                }
            }
            Change::Length(_) if !survives() => {}
            Change::Length(_) => self.apply(bytes),
        }
    }
}

fn gone() -> io::Error {
    io::Error::other("the machine is off")
}

impl Drive {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// This happens at the `after`th effect from now on.
    pub fn trouble(&self, after: u64, trouble: Trouble) {
        let mut state = self.state();
        state.trouble = Some((state.effects + after, trouble));
    }

    /// Nothing more happens by itself.
    pub fn calm(&self) {
        self.state().trouble = None;
    }

    /// Whether it was killed or lost its power.
    pub fn is_off(&self) -> bool {
        self.state().is_off
    }

    /// How many effects it has had.
    pub fn effects(&self) -> u64 {
        self.state().effects
    }

    /// Off, and on again, after a kill: nothing is lost.
    pub fn restart(&self) {
        let mut state = self.state();
        (state.is_off, state.trouble) = (false, None);
    }

    /// Off, and on again, after a power cut. `below` throws dice: a number below its argument.
    pub fn power_cycle(&self, mut below: impl FnMut(u64) -> u64) {
        let mut state = self.state();
        let State { files, names, durable_names, renamed, .. } = &mut *state;
        let kept = below(renamed.len() as u64 + 1) as usize;
        for naming in renamed.drain(..).take(kept) {
            naming.apply(durable_names);
        }
        *names = durable_names.clone();
        // Nothing, everything, or some of what was not synced.
        let odds = [0, 10, 5, 9, 1][below(5) as usize];
        for file in files.iter_mut() {
            let mut bytes = std::mem::take(&mut file.durable);
            file.lost.drain(..).for_each(|change| change.apply_torn(&mut bytes, || below(10) < odds));
            file.since.drain(..).for_each(|change| change.apply(&mut bytes));
            file.unsynced.drain(..).for_each(|change| change.apply_torn(&mut bytes, || below(10) < odds));
            file.seen.clone_from(&bytes);
            file.durable = bytes;
        }
        (state.is_off, state.trouble) = (false, None);
    }

    /// The same disk after the worst power cut there is: whatever was not synced is gone.
    pub fn worst(&self) -> Drive {
        let mut state = self.state().clone();
        state.names = state.durable_names.clone();
        state.renamed.clear();
        for file in &mut state.files {
            let seen = file.settled();
            *file = Content { durable: seen.clone(), seen, ..Content::default() };
        }
        (state.is_off, state.trouble) = (false, None);
        Drive(Arc::new(Mutex::new(state)))
    }
}

impl State {
    /// Counts an effect; what happens at it, where something does.
    fn effect(&mut self) -> io::Result<Option<Trouble>> {
        if self.is_off {
            return Err(gone());
        }
        self.effects += 1;
        let now = self.trouble.filter(|(at, _)| *at <= self.effects).map(|(_, trouble)| trouble);
        if now.is_some() {
            self.trouble = None;
        }
        self.is_off = matches!(now, Some(Trouble::Kill | Trouble::PowerCut));
        Ok(now)
    }

    /// Does something to names, unless something happens at that; at a power cut it may have been done.
    fn rename(&mut self, naming: Naming) -> io::Result<()> {
        let trouble = self.effect()?;
        if trouble == Some(Trouble::Failure) {
            return Err(io::Error::other("the disk failed"));
        }
        naming.apply(&mut self.names);
        self.renamed.push(naming);
        if trouble.is_some() { Err(gone()) } else { Ok(()) }
    }

    fn change(&mut self, file: usize, change: Change) -> io::Result<()> {
        let trouble = self.effect()?;
        let done = match (&change, trouble) {
            (_, None) | (Change::Length(_), Some(Trouble::Kill | Trouble::PowerCut)) => change,
            // Half of it was done.
            (Change::Write(offset, bytes), Some(_)) => Change::Write(*offset, bytes[..bytes.len() / 2].to_vec()),
            (Change::Length(_), Some(Trouble::Failure)) => return Err(io::Error::other("the disk failed")),
        };
        let file = &mut self.files[file];
        done.apply(&mut file.seen);
        file.unsynced.push(done);
        match trouble {
            None => Ok(()),
            Some(Trouble::Failure) => Err(io::Error::other("the disk failed")),
            Some(_) => Err(gone()),
        }
    }

    fn sync(&mut self, file: usize) -> io::Result<()> {
        let trouble = self.effect()?;
        let file = &mut self.files[file];
        match trouble {
            None if file.lost.is_empty() => {
                file.durable.clone_from(&file.seen);
                file.unsynced.clear();
                Ok(())
            }
            // What was lost is still shown, as if it were there.
            None => {
                file.since.append(&mut file.unsynced);
                Ok(())
            }
            Some(Trouble::Failure) => {
                file.lost.append(&mut file.unsynced);
                Err(io::Error::other("the disk failed"))
            }
            Some(_) => Err(gone()),
        }
    }
}

impl Disk for Drive {
    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let state = self.state();
        if state.is_off {
            return Err(gone());
        }
        let inside = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.filter_map(|path| path.file_name().map(OsString::from)).collect())
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state();
        if state.is_off {
            return Err(gone());
        }
        let file = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(Opened { drive: self.clone(), file }))
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let known = state.names.get(path).copied();
        let file = match known {
            Some(file) => {
                state.change(file, Change::Length(0))?;
                file
            }
            None => {
                let file = state.files.len();
                state.files.push(Content::default());
                state.rename(Naming::Put(path.to_owned(), file))?;
                file
            }
        };
        Ok(Arc::new(Opened { drive: self.clone(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.state().rename(Naming::Move(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.state().rename(Naming::Remove(path.to_owned()))
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        let mut state = self.state();
        match state.effect()? {
            None => {
                let names = state.names.clone();
                state.durable_names = names;
                state.renamed.clear();
                Ok(())
            }
            Some(Trouble::Failure) => Err(io::Error::other("the disk failed")),
            Some(_) => Err(gone()),
        }
    }
}

#[derive(Debug)]
struct Opened {
    drive: Drive,
    file: usize,
}

impl DiskFile for Opened {
    fn length(&self) -> io::Result<u64> {
        Ok(self.drive.state().files[self.file].seen.len() as u64)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.drive.state().change(self.file, Change::Length(length as usize))
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.drive.state();
        if state.is_off {
            return Err(gone());
        }
        let seen = &state.files[self.file].seen;
        let rest = seen.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.drive.state().change(self.file, Change::Write(offset as usize, bytes.to_vec()))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.drive.state().sync(self.file)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.drive.state().sync(self.file)
    }
}
