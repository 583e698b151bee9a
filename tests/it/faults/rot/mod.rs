//! Rot: whatever becomes of the files of a data folder while nobody looks, no other book is ever opened in silence.
//!
//! What is refused names the file, the place in it and what to do. What is opened all the same is the book as it was, or
//! as it was before a tail of which nobody knows whether it was ever durable, and that is said. Each is tried through
//! every door: a start, `verify`, `report` and `backup`.

mod bits;
mod files;

use std::fs;
use std::path::{Path, PathBuf};

use blake3::Hash;
use rialto::folder::DataFolder;
use rialto::journal::frame::{self, Salt};
use rialto::journal::{record, recovery, segment};
use rialto::ledger::book::Book;
use rialto::ledger::digest::digest;
use rialto::ledger::guards::Limits;
use rialto::ledger::rows::Place;
use rialto::snapshot;
use rialto::wiring::recover;
use tempfile::TempDir;

use super::super::scribe::{Scribe, copy, event, sealed};
use super::super::support::service;

/// So many noughts stand behind the end, as a segment has them.
const NOUGHTS: usize = 40;

/// A folder with a record of every kind in its journal, which is in three segments: the snapshot that it has covers the
/// first of them and a part of the second. Behind its last group stands another one, of which nothing says that it was
/// ever durable, and noughts.
pub struct Folder {
    /// In memory, where the machine has room there.
    _room: TempDir,
    pub path: PathBuf,
    /// The segments.
    pub segments: Vec<Segment>,
    /// The book as a whole, and without its last group.
    pub whole: Hash,
    pub certain: Hash,
    /// Where its snapshot was taken.
    pub imaged: u64,
}

/// A segment, and where its groups begin in its file.
pub struct Segment {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    pub base: u64,
    pub groups: Vec<usize>,
    /// Where the last of them ends.
    pub end: usize,
}

/// An empty folder, in memory where there is room.
pub fn room() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

impl Folder {
    /// The newest golden folder, laid out anew.
    pub fn lay() -> Folder {
        let room = room();
        let path = room.path().join("data");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/golden/v3"), &path);
        let data = DataFolder::open(&path).unwrap();
        let imaged = snapshot::positions(&data.images()).unwrap()[0];
        let (groups, digests) = groups(&data);
        let certain = *digests.last().unwrap();
        let end = groups.iter().map(|group| group.len() as u64).sum();
        let (book, ..) = recover::read(&data, Limits::OFF).unwrap();
        let mut scribe = Scribe::at(book, end);
        scribe.post(event(&service("recUncertain", "Lucid", 60)));
        scribe.close();
        let last = sealed(&data, &scribe.groups[0], end, end);
        let groups = [groups, vec![last]].concat();
        let segments = cut(&data, &groups, imaged);
        data.home().settle().unwrap();
        let whole = *scribe.digests.last().unwrap();
        Folder { _room: room, path, segments, whole, certain, imaged }
    }

    /// Opens it as a start does.
    pub fn data(&self) -> DataFolder {
        DataFolder::open(&self.path).unwrap()
    }

    /// Its one snapshot.
    pub fn image(&self) -> PathBuf {
        snapshot::path(&self.path.join("images"), self.imaged)
    }
}

/// The groups of a journal of one segment, and the book's digest after each.
fn groups(data: &DataFolder) -> (Vec<Vec<u8>>, Vec<Hash>) {
    let bytes = fs::read(segment::path(&data.journal(), 1)).unwrap();
    let (mut groups, mut at) = (Vec::new(), segment::HEADER as usize);
    while let Ok((_, payload)) = frame::open(&bytes[at..], Salt::of(data.id())) {
        let group = &bytes[at..at + frame::HEADER + payload.len()];
        at += group.len();
        groups.push(group.to_vec());
    }
    let (mut book, mut digests, mut ends) = (Book::default(), Vec::new(), 0_u64);
    let mut passed = 0;
    let ends: Vec<u64> = groups
        .iter()
        .map(|group| {
            ends += group.len() as u64;
            ends
        })
        .collect();
    recovery::read(&data.journal(), data.id(), 0, |place: Place, content: &[u8]| {
        while ends[passed] <= place.0 {
            digests.push(digest(&book));
            passed += 1;
        }
        let entry = record::decode(content, |number| book.roll().name(number)).map_err(|error| error.to_string())?;
        book.replay(&entry, place).map_err(|error| error.to_string())
    })
    .unwrap();
    digests.resize(groups.len(), digest(&book));
    (groups, digests)
}

/// Lays groups down in three segments, the second of which begins before `imaged` and ends behind it.
fn cut(data: &DataFolder, groups: &[Vec<u8>], imaged: u64) -> Vec<Segment> {
    let mut starts = vec![0];
    groups.iter().for_each(|group| starts.push(starts.last().unwrap() + group.len() as u64));
    let covered = starts.partition_point(|start| *start <= imaged) - 1;
    assert!(2 < covered && covered + 2 < groups.len(), "{covered} of {} groups are in the snapshot", groups.len());
    let bounds = [0, covered / 2, covered + (groups.len() - covered) / 2, groups.len()];
    let mut segments = Vec::new();
    for (number, bound) in (1..).zip(bounds.windows(2)) {
        let base = starts[bound[0]];
        let path = segment::path(&data.journal(), number);
        let file = segment::create(&data.journal(), number).unwrap();
        segment::write_header(&*file, number, base, base, data.id()).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes.resize(segment::HEADER as usize, 0);
        let mut places = Vec::new();
        for group in &groups[bound[0]..bound[1]] {
            places.push(bytes.len());
            bytes.extend_from_slice(group);
        }
        let end = bytes.len();
        if bound[1] == groups.len() {
            bytes.resize(end + NOUGHTS, 0);
        }
        fs::write(&path, &bytes).unwrap();
        segments.push(Segment { path, bytes, base, groups: places, end });
    }
    segments
}

#[test]
fn the_folder_that_is_spoilt_holds_a_record_of_every_kind() {
    let folder = Folder::lay();
    let data = folder.data();
    let mut tags = std::collections::BTreeSet::new();
    recovery::read(&data.journal(), data.id(), 0, |_, content: &[u8]| {
        tags.insert(content[0]);
        Ok(())
    })
    .unwrap();
    // Tags have no gaps; 13 is a payer as older journals have him.
    let expected: Vec<u8> = (1..=19).filter(|tag| *tag != 13).collect();
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), expected);
    let (book, found, opened) = recover::read(&data, Limits::OFF).unwrap();
    assert_eq!((digest(&book), opened.snapshot, found.cut), (folder.whole, Some(folder.imaged), None));
}
