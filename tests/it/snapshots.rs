//! Snapshots: an image is the book, whatever is wrong with one is found, and none is needed.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use proptest::prelude::*;
use rialto::disk::{Files, Shelf};
use rialto::domain::activity::Outcome;
use rialto::domain::ids::{EventKey, Feed};
use rialto::domain::money::Currency;
use rialto::folder::DataFolder;
use rialto::ledger::book::{Book, ConflictRow};
use rialto::ledger::chunks::Chunks;
use rialto::ledger::digest::digest;
use rialto::ledger::guards::Limits;
use rialto::ledger::parts::Parts;
use rialto::ledger::rows::Place;
use rialto::snapshot::{self, Image, SnapshotError};
use rialto::wiring::{Rialto, Settings, recover};

use super::any::{self, Told};
use super::scribe::{Scribe, lay, positions, story};
use super::support::{letter, service, start};

const ALL: u64 = u64::MAX;

fn save(data: &DataFolder, book: &Book, position: u64) -> std::path::PathBuf {
    let aside = snapshot::write(&data.images(), data.id(), &Image::take(book, position), || ()).unwrap();
    snapshot::commit(&data.images(), data.id(), &aside, (position, position), || ()).unwrap().unwrap()
}

/// The books of a story told by hand: as it was at `taken` groups of one event each, and at its end.
fn told(story: Vec<Told>, taken: usize) -> (Scribe, Option<(Book, u64)>) {
    let mut scribe = Scribe::at(Book::default(), 0);
    let mut image = None;
    for (number, told) in story.into_iter().enumerate() {
        if number == taken {
            let folder = tempfile::tempdir().unwrap();
            let position = scribe.groups.iter().map(|group| group.len() as u64).sum();
            let path = folder.path().join("one.snapshot");
            let aside =
                snapshot::write(&Shelf::from(folder.path()), [1; 16], &Image::take(&scribe.book, position), || ())
                    .unwrap();
            fs::rename(aside, &path).unwrap();
            image = Some(snapshot::load(&Files, &path, [1; 16]).unwrap());
        }
        match told {
            Told::Event(event) => drop(scribe.post(event).charge),
            Told::Row(row) => scribe.describe(row),
        }
        scribe.close();
    }
    (scribe, image)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_book_goes_through_a_snapshot_and_goes_on_as_if_it_never_had(story in any::story(60), taken in 0_usize..60) {
        let taken = taken % story.len().max(1);
        let (scribe, image) = told(story, taken);
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open_or_create(folder.path()).unwrap();
        lay(&data, &scribe.groups, 7, ALL);
        let (whole, found, _) = recover::read(&data, Limits::OFF).unwrap();
        prop_assert_eq!(digest(&whole), digest(&scribe.book));
        if let Some((book, position)) = image {
            prop_assert_eq!(position, positions(&scribe.groups)[taken]);
            prop_assert_eq!(digest(&book), scribe.digests[taken]);
            save(&data, &book, position);
            let (shortened, again, opened) = recover::read(&data, Limits::OFF).unwrap();
            prop_assert_eq!(opened.snapshot, Some(position));
            prop_assert_eq!((again.end, digest(&shortened)), (found.end, digest(&whole)));
            prop_assert_eq!(shortened.latest(), whole.latest());
            let rows = |book: &Book| book.facts().iter().map(|row| row.fact()).collect::<Vec<_>>();
            prop_assert_eq!(rows(&shortened), rows(&whole));
            prop_assert!(shortened.conflicts().iter().eq(whole.conflicts().iter()));
            prop_assert_eq!(shortened.receivables(), whole.receivables());
        }
    }
}

/// A folder with a journal and two snapshots, and the path of the newer one.
fn imaged(folder: &Path) -> (DataFolder, std::path::PathBuf, Scribe) {
    let data = DataFolder::open_or_create(folder).unwrap();
    let scribe = story();
    let positions = positions(&scribe.groups);
    let mut path = Path::new("").to_owned();
    for groups in [3, 5] {
        lay(&data, &scribe.groups[..groups], 2, ALL);
        let (book, ..) = recover::read(&data, Limits::OFF).unwrap();
        path = save(&data, &book, positions[groups]);
    }
    lay(&data, &scribe.groups, 2, ALL);
    (data, path, scribe)
}

#[test]
fn one_bit_flipped_or_any_bytes_cut_from_a_snapshot_is_found_and_the_older_one_serves() {
    let folder = tempfile::tempdir().unwrap();
    let (data, path, scribe) = imaged(folder.path());
    let [older, newer] = snapshot::positions(&data.images()).unwrap()[..] else { panic!("two snapshots") };
    let whole = fs::read(&path).unwrap();
    let check = |what: &str| {
        assert!(snapshot::load(&Files, &path, data.id()).is_err(), "{what}");
        let (book, _, opened) = recover::read(&data, Limits::OFF).unwrap();
        assert_eq!((opened.snapshot, opened.passed_over.len()), (Some(older), 1), "{what}");
        assert_eq!(digest(&book), *scribe.digests.last().unwrap(), "{what}");
    };
    let opened = OpenOptions::new().write(true).open(&path).unwrap();
    for byte in 0..whole.len() {
        for bit in 0..8 {
            opened.write_all_at(&[whole[byte] ^ 1 << bit], byte as u64).unwrap();
            check(&format!("byte {byte}, bit {bit}"));
        }
        opened.write_all_at(&whole[byte..=byte], byte as u64).unwrap();
    }
    for length in (0..whole.len()).rev() {
        opened.set_len(length as u64).unwrap();
        check(&format!("cut to {length} bytes"));
    }
    fs::write(&path, [whole.as_slice(), &[0]].concat()).unwrap();
    check("a byte more");
    fs::write(&path, &whole).unwrap();
    assert_eq!(recover::read(&data, Limits::OFF).unwrap().2.snapshot, Some(newer));
}

#[test]
fn without_any_good_snapshot_the_journal_tells_it_all() {
    let check = |what: &str, spoil: &dyn Fn(&DataFolder, &Path), passed_over: usize| {
        let folder = tempfile::tempdir().unwrap();
        let (data, path, scribe) = imaged(folder.path());
        spoil(&data, &path);
        let (book, _, opened) = recover::read(&data, Limits::OFF).unwrap();
        assert_eq!((opened.snapshot, opened.passed_over.len()), (None, passed_over), "{what}");
        assert_eq!(digest(&book), *scribe.digests.last().unwrap(), "{what}");
    };
    let each = |data: &DataFolder, change: &dyn Fn(&Path)| {
        for position in snapshot::positions(&data.images()).unwrap() {
            change(&snapshot::path(&data.images(), position));
        }
    };
    check("they are gone", &|data, _| each(data, &|path| fs::remove_file(path).unwrap()), 0);
    check("the folder is gone", &|data, _| fs::remove_dir_all(data.images()).unwrap(), 0);
    check("they are empty", &|data, _| each(data, &|path| fs::write(path, "").unwrap()), 2);
    let foreign = |data: &DataFolder, _: &Path| {
        let folder = tempfile::tempdir().unwrap();
        let (other, ..) = imaged(folder.path());
        for position in snapshot::positions(&other.images()).unwrap() {
            fs::copy(snapshot::path(&other.images(), position), snapshot::path(&data.images(), position)).unwrap();
        }
    };
    check("they are another folder's", &foreign, 2);
    let renamed = |data: &DataFolder, newer: &Path| {
        fs::rename(newer, snapshot::path(&data.images(), 1)).unwrap();
        fs::remove_file(snapshot::path(&data.images(), snapshot::positions(&data.images()).unwrap()[1])).unwrap();
    };
    check("one has another's name", &renamed, 1);
    let newer_version = |data: &DataFolder, _: &Path| {
        each(data, &|path| OpenOptions::new().write(true).open(path).unwrap().write_all_at(&[9], 8).unwrap());
    };
    check("they are of a later version", &newer_version, 2);
}

#[test]
fn two_snapshots_are_kept_and_what_claims_to_be_ahead_takes_no_place() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open_or_create(folder.path()).unwrap();
    for ahead in [1_000_000, 1_000_001] {
        fs::write(snapshot::path(&data.images(), ahead), "no snapshot").unwrap();
    }
    for position in [10, 20, 30, 40] {
        save(&data, &Book::default(), position);
    }
    assert_eq!(snapshot::positions(&data.images()).unwrap(), [30, 40, 1_000_000, 1_000_001]);
    assert!(snapshot::load(&Files, &snapshot::path(&data.images(), 40), data.id()).is_ok());
    assert!(matches!(
        snapshot::load(&Files, &snapshot::path(&data.images(), 40), [0; 16]),
        Err(SnapshotError::Foreign)
    ));
}

#[test]
fn a_snapshot_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("snapshot.tmp")).unwrap();
    assert!(snapshot::write(&Shelf::from(folder.path()), [0; 16], &Image::take(&Book::default(), 0), || ()).is_err());
    assert!(
        snapshot::write(
            &Shelf::from(&*folder.path().join("missing")),
            [0; 16],
            &Image::take(&Book::default(), 0),
            || ()
        )
        .is_err()
    );
    assert!(snapshot::positions(&Shelf::from(folder.path())).unwrap().is_empty());
}

#[tokio::test]
async fn a_start_from_a_snapshot_equals_one_from_the_journal_alone() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || Settings { segment_bytes: 2000, snapshot_bytes: 1500, ..Settings::new(folder.path()) };
    let rialto = Rialto::start(settings()).unwrap();
    for number in 0..40 {
        let batch =
            vec![service(&format!("rec{number}"), "Lucid", 10 + number), letter(&format!("recM{number}"), "coffee")];
        rialto.record_batch(batch).await.unwrap();
    }
    let before = rialto.dashboard(Currency::EUR);
    rialto.stop().await.unwrap();
    let read = || {
        let data = DataFolder::open(folder.path()).unwrap();
        let (book, _, opened) = recover::read(&data, Limits::OFF).unwrap();
        (digest(&book), opened)
    };
    let (imaged, opened) = read();
    assert_eq!((opened.snapshot, opened.records), (Some(opened.end), 0));
    for start in 0..2 {
        let rialto = self::start(folder.path());
        assert_eq!(rialto.dashboard(Currency::EUR).periods, before.periods, "start {start}");
        assert_eq!(rialto.dashboard(Currency::EUR).top_earners, before.top_earners, "start {start}");
        assert_eq!(rialto.opened().snapshot.is_some(), start == 0);
        rialto.stop().await.unwrap();
        fs::remove_dir_all(folder.path().join("images")).unwrap();
    }
    let (replayed, opened) = read();
    assert_eq!((replayed, opened.snapshot), (imaged, None));
}

#[test]
fn a_snapshot_of_more_discrepancies_than_one_section_holds_can_be_read() {
    let count = 2_200_000;
    let mut conflicts = Chunks::default();
    for number in 0..count {
        let key = EventKey::new(Feed::Activity, &number.to_string());
        let outcome = Outcome::Processed;
        conflicts.push(ConflictRow { key, content: 0, outcome, place: Place(1), is_discrepancy: true });
    }
    let parts = Parts { conflicts, discrepancies: (0..count).collect(), ..Parts::default() };
    let book = Book::from_parts(parts);
    let folder = tempfile::tempdir().unwrap();
    let id = DataFolder::open_or_create(&folder.path().join("data")).unwrap().id();
    let aside = snapshot::write(&Shelf::from(folder.path()), id, &Image::take(&book, 1), || ()).unwrap();
    let path = snapshot::commit(&Shelf::from(folder.path()), id, &aside, (1, 1), || ()).unwrap().unwrap();
    let (read, _) = snapshot::load(&Files, &path, id).unwrap();
    assert!(read.conflicts().iter().eq(book.conflicts().iter()));
}
