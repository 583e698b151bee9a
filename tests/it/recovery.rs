//! The journal after every kind of mishap: what was durable is there or missed aloud, and what was
//! not is gone for good.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rialto::disk::Shelf;
use rialto::folder::{DataFolder, FolderError};
use rialto::journal::recovery::{self, Recovered};
use rialto::journal::{JournalError, frame, segment};
use rialto::ledger::book::Book;
use rialto::ledger::digest::digest;
use rialto::ledger::entry::Status;
use rialto::ledger::guards::Limits;
use rialto::snapshot::{self, Image};
use rialto::wiring::{Rialto, Settings, StartError, recover};
use tempfile::TempDir;

use super::scribe::{Scribe, copy, event, file, lay, positions, sealed, story};
use super::sidecar::{path, run};
use super::support::{letter, service};

const ALL: u64 = u64::MAX;

fn folder() -> (TempDir, DataFolder) {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open_or_create(folder.path()).unwrap();
    (folder, data)
}

fn read(data: &DataFolder) -> Result<(Book, Recovered), JournalError> {
    match recover::read(data, Limits::OFF) {
        Ok((book, recovered, _)) => Ok((book, recovered)),
        Err(StartError::Journal(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

/// The damage that is found: the file, and where in it.
fn damage(data: &DataFolder, what: &str) -> (PathBuf, u64) {
    match read(data) {
        Err(JournalError::Damaged { path, offset, .. }) => (path, offset),
        Err(error) => panic!("{what}: {error}"),
        Ok((_, found)) => panic!("{what}: it was opened, up to {}", found.end),
    }
}

/// Settles what was recovered, writes one event more, and reads that back: there is nothing else.
fn go_on(data: &DataFolder, book: Book, mut found: Recovered, what: &str) {
    recovery::settle(&data.journal(), &mut found).unwrap();
    let mut scribe = Scribe::at(book, found.end);
    scribe.post(event(&service("recNew", "Lucid", 60)));
    scribe.close();
    let group = sealed(data, &scribe.groups[0], found.end, ALL);
    let (opened, offset) = match found.segments.last() {
        Some(last) => (data.disk().open_to_write(&last.path).unwrap(), found.end - last.base),
        None => {
            let opened = segment::create(&data.journal(), 1).unwrap();
            segment::write_header(&*opened, 1, 0, 0, data.id()).unwrap();
            (opened, 0)
        }
    };
    opened.write_all_at(&group, segment::HEADER + offset).unwrap();
    for _ in 0..2 {
        let (book, mut again) = read(data).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(digest(&book), scribe.digests[1], "{what}");
        assert_eq!((again.end, &again.cut), (found.end + group.len() as u64, &None), "{what}");
        recovery::settle(&data.journal(), &mut again).unwrap();
    }
}

#[test]
fn a_journal_cut_at_any_byte_gives_a_prefix_or_is_missed_aloud() {
    let story = story();
    let positions = positions(&story.groups);
    let (_kept, data) = folder();
    for per_segment in [story.groups.len(), 2, 1] {
        lay(&data, &story.groups, per_segment, ALL);
        let last = story.groups.len().div_ceil(per_segment);
        for number in 1..=last {
            let path = file(&data, number);
            let whole = fs::read(&path).unwrap();
            let base = positions[(number - 1) * per_segment];
            for length in 0..whole.len() {
                let what = format!("{per_segment} a segment, segment {number} cut to {length} bytes");
                fs::write(&path, &whole[..length]).unwrap();
                if number < last {
                    assert_eq!(damage(&data, &what).0, path, "{what}");
                    continue;
                }
                let (book, found) = read(&data).unwrap_or_else(|error| panic!("{what}: {error}"));
                let end = (base + length as u64).saturating_sub(segment::HEADER).max(base);
                let groups = positions.iter().rposition(|&position| position <= end).unwrap();
                assert_eq!((digest(&book), found.end), (story.digests[groups], positions[groups]), "{what}");
                if length % 11 == 0 {
                    go_on(&data, book, found, &what);
                    lay(&data, &story.groups, per_segment, ALL);
                }
            }
            fs::write(&path, &whole).unwrap();
        }
    }
}

#[test]
fn one_bit_flipped_anywhere_in_what_was_synced_is_found_and_named() {
    let story = story();
    let positions = positions(&story.groups);
    // The last group is the mark of a stop; it names everything before it, and there is nothing in it.
    let marked = positions[positions.len() - 2];
    let (_kept, data) = folder();
    for per_segment in [story.groups.len(), 2, 1] {
        lay(&data, &story.groups, per_segment, ALL);
        for number in 1..=story.groups.len().div_ceil(per_segment) {
            let path = file(&data, number);
            let base = positions[(number - 1) * per_segment];
            if base == marked {
                continue;
            }
            let whole = fs::read(&path).unwrap();
            let synced = (segment::HEADER + marked - base).min(whole.len() as u64);
            let starts = positions.iter().filter(|&&position| base <= position && position < marked);
            let starts: Vec<u64> = starts.map(|position| segment::HEADER + position - base).collect();
            let opened = OpenOptions::new().write(true).open(&path).unwrap();
            for byte in 0..synced {
                for bit in 0..8 {
                    opened.write_all_at(&[whole[byte as usize] ^ 1 << bit], byte).unwrap();
                    let what = format!("{per_segment} a segment, segment {number}, byte {byte}, bit {bit}");
                    let start = starts.iter().rev().find(|&&start| start <= byte).copied().unwrap_or(0);
                    assert_eq!(damage(&data, &what), (path.clone(), start), "{what}");
                }
                opened.write_all_at(&whole[byte as usize..=byte as usize], byte).unwrap();
            }
        }
        assert_eq!(digest(&read(&data).unwrap().0), *story.digests.last().unwrap());
    }
}

#[test]
fn a_bit_flipped_in_the_mark_of_a_stop_loses_nothing() {
    let story = story();
    let (_kept, data) = folder();
    lay(&data, &story.groups, ALL as usize >> 1, ALL);
    let path = file(&data, 1);
    let whole = fs::read(&path).unwrap();
    for bit in (whole.len() - frame::HEADER) * 8..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, flipped).unwrap();
        assert_eq!(digest(&read(&data).unwrap().0), *story.digests.last().unwrap(), "bit {bit}");
    }
}

/// What a power cut made of a group that was written and not synced.
#[derive(Clone, Debug)]
enum Fate {
    Whole,
    Noughts,
    Torn(prop::sample::Index, u8),
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let torn = (any::<prop::sample::Index>(), 1_u8..).prop_map(|(place, change)| Fate::Torn(place, change));
    prop::collection::vec(prop_oneof![2 => Just(Fate::Whole), 1 => Just(Fate::Noughts), 1 => torn], 7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn groups_that_were_never_synced_may_come_back_in_any_state(
        synced in 0_usize..6,
        per_segment in 1_usize..=7,
        fates in fates(),
        headless: [bool; 7],
    ) {
        let story = story();
        let positions = positions(&story.groups);
        let (_kept, data) = folder();
        lay(&data, &story.groups, per_segment, positions[synced]);
        let mut whole = story.groups.len();
        for number in (synced..story.groups.len()).rev() {
            let path = file(&data, number / per_segment + 1);
            let mut bytes = fs::read(&path).unwrap();
            let start = (positions[number] - positions[number - number % per_segment] + segment::HEADER) as usize;
            let group = start..start + story.groups[number].len();
            match &fates[number] {
                Fate::Whole => {}
                Fate::Noughts => bytes[group].fill(0),
                Fate::Torn(place, change) => bytes[start + place.index(group.len())] ^= change,
            }
            let is_headless = number % per_segment == 0 && headless[number];
            if is_headless {
                bytes[..segment::HEADER as usize].fill(0);
            }
            if is_headless || !matches!(fates[number], Fate::Whole) {
                whole = number;
            }
            fs::write(&path, bytes).unwrap();
        }
        let (book, found) = read(&data).unwrap();
        prop_assert_eq!(found.end, positions[whole]);
        prop_assert_eq!(digest(&book), story.digests[whole]);
        go_on(&data, book, found, "after a power cut");
    }
}

#[test]
fn files_that_are_missing_misplaced_or_foreign_are_refused_and_empty_ones_go() {
    enum Then {
        Refused(usize, &'static str),
        /// This many groups are there.
        Opened(usize),
    }
    use Then::{Opened, Refused};

    let story = story();
    let positions = positions(&story.groups);
    let (_other_kept, other) = folder();
    lay(&other, &story.groups, 2, ALL);
    // Six groups in three segments.
    let check = |what: &str, change: &dyn Fn(&DataFolder), then: Then| {
        let (_kept, data) = folder();
        lay(&data, &story.groups, 2, ALL);
        change(&data);
        match (read(&data), then) {
            (Err(error @ JournalError::Damaged { .. }), Refused(number, says)) => {
                let JournalError::Damaged { path, .. } = &error else { unreachable!() };
                assert_eq!(*path, file(&data, number), "{what}");
                assert!(error.to_string().contains(says), "{what}: {error}");
            }
            (Ok((book, found)), Opened(groups)) => {
                assert_eq!((digest(&book), found.end), (story.digests[groups], positions[groups]), "{what}");
                go_on(&data, book, found, what);
            }
            (Ok((_, found)), Refused(..)) => panic!("{what}: it was opened, up to {}", found.end),
            (Err(error), _) => panic!("{what}: {error}"),
        }
    };
    let remove = |number| move |data: &DataFolder| fs::remove_file(file(data, number)).unwrap();
    let fill = |number, bytes: usize| move |data: &DataFolder| fs::write(file(data, number), vec![0; bytes]).unwrap();
    let put =
        |from: usize, to: usize| move |data: &DataFolder| assert!(fs::copy(file(data, from), file(data, to)).is_ok());

    check("nothing", &|_| {}, Opened(6));
    check("the first is missing", &remove(1), Refused(1, "it is missing, though segment 2 is there"));
    check("one in the middle is missing", &remove(2), Refused(2, "it is missing, though segment 3 is there"));
    check("the last is missing, and nothing else knows of it", &remove(3), Opened(4));
    check("a number is left out", &|data| fs::rename(file(data, 3), file(data, 4)).unwrap(), Refused(3, "missing"));
    check("one stands there twice", &put(2, 4), Refused(4, "another segment under this name"));
    check("one stands in another's place", &put(2, 1), Refused(1, "another segment under this name"));
    let swap = |data: &DataFolder| {
        let [first, second] = [1, 2].map(|number| fs::read(file(data, number)).unwrap());
        fs::write(file(data, 1), second).unwrap();
        fs::write(file(data, 2), first).unwrap();
    };
    check("two are swapped", &swap, Refused(1, "another segment under this name"));
    let foreign = |number: usize| {
        let from = file(&other, number.min(3));
        move |data: &DataFolder| assert!(fs::copy(&from, file(data, number)).is_ok())
    };
    for number in 1..=3 {
        check("one is of another folder", &foreign(number), Refused(number, "belongs to another data folder"));
    }
    let stranger = |data: &DataFolder| assert!(fs::copy(file(&other, 1), file(data, 4)).is_ok());
    check("one of another folder follows", &stranger, Refused(4, "belongs to another data folder"));
    for bytes in [0, 1, 63, 64, 5000] {
        check("noughts follow", &fill(4, bytes), Opened(6));
        check("the first is noughts", &fill(1, bytes), Refused(1, "its header is gone"));
        check("one in the middle is noughts", &fill(2, bytes), Refused(2, "its header is gone"));
        check("the last is noughts", &fill(3, bytes), Opened(4));
    }
    check("rubbish follows", &|data| fs::write(file(data, 4), [7; 900]).unwrap(), Opened(6));
    check("another file lies there", &|data| fs::write(data.journal().join("notes.txt"), "x").unwrap(), Opened(6));
    let image = |position: u64| {
        let book = story_up_to(5);
        move |data: &DataFolder| {
            let aside = snapshot::write(&data.images(), data.id(), &Image::take(&book, position), || ()).unwrap();
            snapshot::commit(&data.images(), data.id(), &aside, (position, position), || ()).unwrap();
        }
    };
    check("a snapshot knows the end", &image(positions[5]), Opened(6));
    check("a snapshot is ahead", &image(positions[6] + 1), Refused(3, "but a snapshot was taken at"));
    check("a snapshot stands amid a group", &image(positions[5] - 1), Refused(3, "amid this group"));
    let forgotten = |data: &DataFolder| {
        image(positions[5])(data);
        fs::remove_file(file(data, 3)).unwrap();
    };
    check("the last is missing, and a snapshot knows of it", &forgotten, Refused(2, "but a snapshot was taken at"));
    let shortened = |data: &DataFolder| {
        image(positions[5])(data);
        let first = OpenOptions::new().write(true).open(file(data, 1)).unwrap();
        first.set_len(100).unwrap();
    };
    let flip_last = |data: &DataFolder, number| {
        let mut bytes = fs::read(file(data, number)).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(file(data, number), bytes).unwrap();
    };
    let torn_behind_a_snapshot = |data: &DataFolder| {
        lay(data, &story.groups[..5], 2, ALL);
        image(positions[5])(data);
        flip_last(data, 3);
    };
    check("what a snapshot knows is torn off", &torn_behind_a_snapshot, Refused(3, "cannot be read"));
    let begun_and_no_more = |data: &DataFolder| {
        OpenOptions::new().write(true).open(file(data, 3)).unwrap().set_len(segment::HEADER).unwrap();
        flip_last(data, 2);
    };
    check("a segment that was only begun knows the one before", &begun_and_no_more, Refused(2, "cannot be read"));
    let out_of_place = |data: &DataFolder| {
        let first = sealed(data, &story.groups[0], 0, ALL);
        fs::write(file(data, 3), [fs::read(file(data, 3)).unwrap(), first].concat()).unwrap();
    };
    check("an old group stands behind the end", &out_of_place, Opened(6));
    check("one that a snapshot covers is cut short", &shortened, Refused(1, "it is cut short"));
}

fn story_up_to(groups: usize) -> Book {
    let (_kept, data) = folder();
    lay(&data, &story().groups[..groups], groups, ALL);
    read(&data).unwrap().0
}

#[test]
fn a_folder_that_lost_its_identity_is_refused_and_nothing_in_it_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("FOLDER");
    let story = story();
    let data = DataFolder::open_or_create(folder.path()).unwrap();
    lay(&data, &story.groups, 2, ALL);
    drop(data);
    let whole = fs::read(&path).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, flipped).unwrap();
        let Ok(data) = DataFolder::open(folder.path()) else { continue };
        match read(&data) {
            Err(error) => assert!(error.to_string().contains("belongs to another data folder"), "bit {bit}: {error}"),
            // A letter in the other case is the same figure.
            Ok((book, _)) => assert_eq!(digest(&book), *story.digests.last().unwrap(), "bit {bit}"),
        }
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(DataFolder::open_or_create(folder.path()), Err(FolderError::Identity(_))));
    fs::rename(folder.path().join("journal"), folder.path().join("moved")).unwrap();
    fs::write(folder.path().join("images/00000000000000000001.snapshot"), "").unwrap();
    assert!(matches!(DataFolder::open_or_create(folder.path()), Err(FolderError::Identity(_))));
    fs::remove_dir_all(folder.path().join("journal")).unwrap();
    fs::rename(folder.path().join("moved"), folder.path().join("journal")).unwrap();
    fs::remove_file(folder.path().join("images/00000000000000000001.snapshot")).unwrap();
    fs::write(&path, whole).unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    assert_eq!(digest(&read(&data).unwrap().0), *story.digests.last().unwrap());
    assert!(matches!(DataFolder::open(folder.path()), Err(FolderError::InUse(_))));
}

#[test]
fn a_folder_whose_journal_is_gone_is_never_taken_for_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let rialto = |command: &str| {
        let listen = ["--listen", "127.0.0.1:0"];
        let listen: &[&str] = if command == "serve" { &listen } else { &[] };
        run(&[&[command, "--data", path(data)], listen].concat())
    };
    let lay = |data: &DataFolder| lay(data, &story().groups, 2, ALL);
    let gone = |what: &str| {
        for command in ["verify", "serve"] {
            let ran = rialto(command);
            assert_eq!(ran.code, Some(1), "{what}: {ran:?}");
            for said in ["holds no segment of the journal", path(&data.join("journal")), "from a backup", "--data"] {
                assert!(ran.err.contains(said), "{what}, {command}: {said}: {ran:?}");
            }
        }
    };
    drop(DataFolder::open_or_create(data).unwrap());
    assert_eq!(rialto("verify").code, Some(0), "a folder that was only just made is in order");
    lay(&DataFolder::open(data).unwrap());
    assert_eq!(rialto("verify").code, Some(0));
    for number in 1..=3 {
        fs::remove_file(segment::path(&data.join("journal"), number)).unwrap();
    }
    gone("all segments");
    fs::remove_dir_all(data.join("journal")).unwrap();
    gone("the journal's own folder");
}

#[test]
fn a_folder_that_a_crash_left_half_made_is_made_to_the_end() {
    // Each is what there is after one step more.
    let steps: [&dyn Fn(&Path); 7] = [
        &|_| {},
        &|data| fs::create_dir_all(data.join("journal")).unwrap(),
        &|data| fs::create_dir_all(data.join("images")).unwrap(),
        &|data| fs::write(data.join("LOCK"), "").unwrap(),
        &|data| drop(segment::create(&Shelf::from(&*data.join("journal")), 1).unwrap()),
        &|data| drop(segment::begin(&Shelf::from(&*data.join("journal")), [7; 16]).unwrap()),
        &|data| fs::write(data.join("FOLDER.tmp"), "rialto folder 07").unwrap(),
    ];
    for count in 1..=steps.len() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        steps[..count].iter().for_each(|step| step(&data));
        assert!(matches!(DataFolder::open(&data), Err(FolderError::Missing(_))), "{count} steps");
        let made = DataFolder::open_or_create(&data).unwrap_or_else(|error| panic!("{count} steps: {error}"));
        let (book, found) = read(&made).unwrap_or_else(|error| panic!("{count} steps: {error}"));
        assert_eq!((book.events(), found.end), (0, 0), "{count} steps");
        go_on(&made, book, found, &format!("{count} steps"));
    }
}

#[test]
fn settling_a_journal_whose_beginning_was_torn_leaves_one_that_is_begun() {
    let (_kept, data) = folder();
    fs::write(file(&data, 1), "").unwrap();
    fs::write(file(&data, 2), "").unwrap();
    let (_, mut found) = read(&data).unwrap();
    recovery::settle(&data.journal(), &mut found).unwrap();
    assert_eq!(segment::numbers(&data.journal()).unwrap(), [1]);
    assert_eq!(read(&data).unwrap().1.end, 0);
}

#[test]
fn another_version_is_named_and_not_taken_for_damage() {
    let (_kept, data) = folder();
    lay(&data, &story().groups, 3, ALL);
    let mut bytes = fs::read(file(&data, 2)).unwrap();
    bytes[8] = 9;
    let sum = crc32fast::hash(&bytes[..60]);
    bytes[60..64].copy_from_slice(&sum.to_le_bytes());
    fs::write(file(&data, 2), bytes).unwrap();
    assert!(matches!(read(&data), Err(JournalError::Version { found: 9, path, .. }) if path == file(&data, 2)));
}

#[test]
fn an_id_made_to_look_like_a_group_does_not_keep_a_torn_journal_closed() {
    let (_kept, data) = folder();
    // A whole group that names all there is, as somebody might send it in an id; but he cannot know
    // what this folder's checksums are salted with.
    // It even tells its own place right.
    let mut made_up = b"RGRP\0\0\0\0\x20\0\0\0\0\0\0\0\x20\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    made_up.extend(crc32fast::hash(&made_up).to_le_bytes());
    let mut torn = frame::start();
    torn.extend([made_up, vec![1; 50]].concat());
    lay(&data, &[torn], 1, ALL);
    let path = file(&data, 1);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() = 0;
    fs::write(&path, bytes).unwrap();
    assert_eq!(read(&data).unwrap().1.end, 0);
}

fn tiny(folder: &Path) -> Settings {
    Settings { segment_bytes: 400, ..Settings::new(folder) }
}

/// Drops the noughts behind the end of a journal that nobody has open, and tells where that is.
fn trim(path: &Path) -> u64 {
    let data = DataFolder::open(path).unwrap();
    let (_, mut found, _) = recover::read(&data, Limits::OFF).unwrap();
    recovery::settle(&data.journal(), &mut found).unwrap();
    found.end
}

#[tokio::test]
async fn a_sidecar_whose_journal_was_cut_goes_on_from_a_prefix_and_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = Rialto::start(tiny(folder.path())).unwrap();
    let mut ends = vec![0];
    for number in 0..12 {
        rialto.record(service(&format!("rec{number}"), "Lucid", 60)).await.unwrap();
        ends.push(rialto.view().position);
    }
    rialto.stop().await.unwrap();
    let end = trim(folder.path());
    let numbers = segment::numbers(&Shelf::from(&*folder.path().join("journal"))).unwrap();
    assert!(2 < numbers.len(), "{} segments", numbers.len());
    let last = segment::path(Path::new("journal"), *numbers.last().unwrap());
    let length = fs::metadata(folder.path().join(&last)).unwrap().len();
    let base = end + segment::HEADER - length;
    for cut in (0..length).step_by(17) {
        let copied = tempfile::tempdir().unwrap();
        copy(folder.path(), copied.path());
        fs::remove_dir_all(copied.path().join("images")).unwrap();
        OpenOptions::new().write(true).open(copied.path().join(&last)).unwrap().set_len(cut).unwrap();
        let there =
            ends.iter().rposition(|&end| end <= (base + cut).saturating_sub(segment::HEADER).max(base)).unwrap();
        for start in 0..3 {
            let rialto = Rialto::start(tiny(copied.path())).unwrap();
            assert_eq!(rialto.view().facts as usize, there + start, "cut at {cut}, start {start}");
            let receipt = rialto.record(service(&format!("rec{}", there + start), "Lucid", 60)).await.unwrap();
            assert_eq!(receipt.status, Status::Priced, "cut at {cut}, start {start}");
            rialto.stop().await.unwrap();
        }
    }
}

#[tokio::test]
async fn whatever_was_acknowledged_is_there_after_a_crash_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = Rialto::start(tiny(folder.path())).unwrap();
    for number in 0..10 {
        rialto.record(service(&format!("rec{number}"), "Lucid", 60)).await.unwrap();
        // What another process would find, had this one died here.
        let copied = tempfile::tempdir().unwrap();
        copy(folder.path(), copied.path());
        let after = Rialto::start(tiny(copied.path())).unwrap();
        assert_eq!(after.view().facts, number + 1);
        after.stop().await.unwrap();
    }
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn after_a_stop_in_good_order_a_flipped_bit_keeps_the_sidecar_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = Rialto::start(tiny(folder.path())).unwrap();
    for number in 0..9 {
        rialto.record(letter(&format!("recM{number}"), "coffee")).await.unwrap();
    }
    rialto.stop().await.unwrap();
    trim(folder.path());
    fs::remove_dir_all(folder.path().join("images")).unwrap();
    let journal = folder.path().join("journal");
    for number in segment::numbers(&Shelf::from(&*journal)).unwrap() {
        let path = segment::path(&journal, number);
        let whole = fs::read(&path).unwrap();
        for byte in (0..whole.len().saturating_sub(frame::HEADER)).step_by(29) {
            let mut flipped = whole.clone();
            flipped[byte] ^= 0x10;
            fs::write(&path, flipped).unwrap();
            match Rialto::start(tiny(folder.path())) {
                Err(StartError::Journal(JournalError::Damaged { path: found, .. })) => assert_eq!(found, path),
                started => panic!("byte {byte} of segment {number}: {:?}", started.map(drop)),
            }
        }
        fs::write(&path, whole).unwrap();
    }
    let rialto = Rialto::start(tiny(folder.path())).unwrap();
    assert_eq!(rialto.view().facts, 9);
    rialto.stop().await.unwrap();
}
