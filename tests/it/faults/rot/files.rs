//! Files that are missing, swapped, twice there, of another version, of another folder, cut short or grown: what the
//! commands make of such a folder, and what they say.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use blake3::Hash;
use rialto::folder::DataFolder;
use rialto::journal::segment;

use super::super::super::dice::Dice;
use super::super::super::sidecar::{PATIENCE, Ran, Sidecar, path, run, verify};
use super::super::{tell, times};
use super::Folder;

/// What has to become of a folder.
enum Then {
    /// All four commands refuse it, and say this of this file.
    Refused(&'static str, &'static str),
    /// `verify` and `backup` do, because a start does not read what its snapshot covers.
    FoundOut(&'static str, &'static str),
    /// It is the book that it was; the snapshot is passed over, which `verify` calls a fault.
    PassedOver(&'static str),
    /// It is the book that it was.
    Whole,
}
use Then::{FoundOut, PassedOver, Refused, Whole};

/// A way to spoil a folder, and what has to become of it.
type Case = (&'static str, Box<dyn Fn(&Folder)>, Then);

fn case(what: &'static str, spoil: impl Fn(&Folder) + 'static, then: Then) -> Case {
    (what, Box::new(spoil), then)
}

const FIRST: &str = "journal/00000001.journal";
const SECOND: &str = "journal/00000002.journal";
const THIRD: &str = "journal/00000003.journal";
const FOURTH: &str = "journal/00000004.journal";

/// Changes the bytes of a file.
fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Makes a segment one of another version, with a checksum that fits.
fn renumber(bytes: &mut [u8], format: u8) {
    bytes[8] = format;
    let sum = crc32fast::hash(&bytes[..60]);
    bytes[60..64].copy_from_slice(&sum.to_le_bytes());
}

/// The file of this name in a folder that was made just like this one, and is another.
fn stranger(name: &str) -> Vec<u8> {
    let room = super::room();
    let data = DataFolder::open_or_create(room.path()).unwrap();
    if name.ends_with("snapshot") {
        let image = rialto::snapshot::Image::take(&rialto::ledger::book::Book::default(), 0);
        let aside = rialto::snapshot::write(&data.images(), data.id(), &image, || ()).unwrap();
        return fs::read(aside).unwrap();
    }
    fs::read(room.path().join(name)).unwrap()
}

fn missing() -> Vec<Case> {
    let remove = |name: &'static str| move |folder: &Folder| fs::remove_file(folder.path.join(name)).unwrap();
    vec![
        case("the first segment is missing", remove(FIRST), Refused(FIRST, "it is missing, though segment 2 is there")),
        case("the second is missing", remove(SECOND), Refused(SECOND, "it is missing, though segment 3 is there")),
        case("the snapshot is missing", |folder| fs::remove_file(folder.image()).unwrap(), Whole),
        case("images are missing", |folder| fs::remove_dir_all(folder.path.join("images")).unwrap(), Whole),
        case("FOLDER is missing", remove("FOLDER"), Refused("FOLDER", "does not hold a folder's id")),
        case("HOME is missing", remove("HOME"), Whole),
        case(
            "the journal is missing",
            |folder| fs::remove_dir_all(folder.path.join("journal")).unwrap(),
            Refused("journal", "holds no segment of the journal"),
        ),
    ]
}

fn misplaced() -> Vec<Case> {
    let put = |from: &'static str, to: &'static str| {
        move |folder: &Folder| assert!(fs::copy(folder.path.join(from), folder.path.join(to)).is_ok())
    };
    let swap = |folder: &Folder| {
        let [one, other] = [FIRST, SECOND].map(|name| folder.path.join(name));
        let bytes = fs::read(&one).unwrap();
        fs::copy(&other, &one).unwrap();
        fs::write(other, bytes).unwrap();
    };
    let foreign =
        |name: &'static str| move |folder: &Folder| fs::write(folder.path.join(name), stranger(FIRST)).unwrap();
    let another = "it is another segment under this name";
    let elsewhere = "it belongs to another data folder";
    let renamed = |folder: &Folder| {
        let ahead = rialto::snapshot::path(&folder.path.join("images"), 1_000_000);
        fs::rename(folder.image(), ahead).unwrap();
    };
    let others_image = |folder: &Folder| fs::write(folder.image(), stranger("snapshot")).unwrap();
    vec![
        case("two segments are swapped", swap, Refused(FIRST, another)),
        case("the second stands in the third's place", put(SECOND, THIRD), Refused(THIRD, another)),
        case("the second is there twice", put(SECOND, FOURTH), Refused(FOURTH, another)),
        case("the first is another folder's", foreign(FIRST), Refused(FIRST, elsewhere)),
        case("one of another folder follows", foreign(FOURTH), Refused(FOURTH, elsewhere)),
        case(
            "FOLDER is another folder's",
            |folder| fs::write(folder.path.join("FOLDER"), stranger("FOLDER")).unwrap(),
            Refused(FIRST, elsewhere),
        ),
        case("the snapshot is another folder's", others_image, PassedOver("belongs to another data folder")),
        case("the snapshot has another's name", renamed, PassedOver("its name tells another position")),
    ]
}

fn versions() -> Vec<Case> {
    let format = |format: u8| move |folder: &Folder| edit(&folder.path.join(SECOND), |bytes| renumber(bytes, format));
    let of_image = |format: u8| {
        move |folder: &Folder| {
            OpenOptions::new().write(true).open(folder.image()).unwrap().write_all_at(&[format], 8).unwrap();
        }
    };
    vec![
        case(
            "a segment is of a later version",
            format(9),
            Refused(SECOND, "has format 9; this version of Rialto reads"),
        ),
        case(
            "a segment is of a version before any",
            format(0),
            Refused(SECOND, "has format 0; this version of Rialto"),
        ),
        case("the snapshot is of a later version", of_image(9), PassedOver("has format 9")),
        case("the snapshot claims to be older", of_image(1), PassedOver("does not match its checksum")),
    ]
}

fn lengths() -> Vec<Case> {
    let grow = |name: &'static str, more: &'static [u8]| {
        move |folder: &Folder| edit(&folder.path.join(name), |bytes| bytes.extend_from_slice(more))
    };
    let cut = |name: &'static str, length: usize| {
        move |folder: &Folder| edit(&folder.path.join(name), |bytes| bytes.truncate(length))
    };
    let noughts = |name: &'static str| move |folder: &Folder| edit(&folder.path.join(name), |bytes| bytes.fill(0));
    let header = segment::HEADER as usize;
    vec![
        case("noughts follow the first segment", grow(FIRST, &[0; 500]), Whole),
        case("noughts follow the last segment", grow(THIRD, &[0; 500]), Whole),
        case("something follows the first segment", grow(FIRST, b"rust"), FoundOut(FIRST, "cannot be read")),
        case("something follows the second segment", grow(SECOND, b"rust"), Refused(SECOND, "cannot be read")),
        case(
            "a snapshot goes on",
            |folder| edit(&folder.image(), |bytes| bytes.push(0)),
            PassedOver("missing, or too"),
        ),
        case(
            "a snapshot is cut short",
            |folder| edit(&folder.image(), |bytes| bytes.truncate(99)),
            PassedOver("cut short"),
        ),
        case("the first segment is cut to its header", cut(FIRST, header), Refused(FIRST, "is damaged at byte 64: ")),
        case("the first segment is empty", cut(FIRST, 0), Refused(FIRST, "its header is gone")),
        case("the second segment is noughts", noughts(SECOND), Refused(SECOND, "its header is gone")),
    ]
}

#[test]
fn what_is_missing_misplaced_foreign_or_of_another_version_is_refused_by_name_or_does_no_harm() {
    let mut cases: Vec<Case> = [missing(), misplaced(), versions(), lengths()].into_iter().flatten().collect();
    let dice = Dice::seeded("RIALTO_ROT_SEED");
    println!("{dice}");
    while times(10, usize::MAX) < cases.len() {
        drop(cases.swap_remove(dice.below(cases.len() as u64) as usize));
    }
    let (mut refused, mut found_out, mut passed_over, mut whole) = (0, 0, 0, 0);
    for (what, spoil, then) in &cases {
        let folder = Folder::lay();
        spoil(&folder);
        let at = path(&folder.path).to_owned();
        let copy = folder.path.with_file_name("copy");
        let verified = run(&["verify", "--data", &at]);
        let backed_up = run(&["backup", path(&copy), "--data", &at]);
        let report = || run(&["report", "--data", &at, "--json"]);
        let serve = || run(&["serve", "--data", &at, "--listen", "127.0.0.1:0"]);
        match then {
            Refused(file, says) => {
                refused += 1;
                for ran in [verified, backed_up, report(), serve()] {
                    is_refused(&ran, &folder.path.join(file), says, what);
                }
            }
            FoundOut(file, says) => {
                found_out += 1;
                for ran in [verified, backed_up] {
                    is_refused(&ran, &folder.path.join(file), says, what);
                }
                assert_eq!(report().code, Some(0), "{what}");
                is_told(&folder, file, says, what);
            }
            PassedOver(says) => {
                passed_over += 1;
                assert_eq!(verified.code, Some(1), "{what}: {verified:?}");
                assert!(verified.out.contains("FAULT") && verified.out.contains(says), "{what}: {verified:?}");
                assert_eq!(backed_up.code, Some(0), "{what}: {backed_up:?}");
                assert!(
                    backed_up.out.contains("not copied: ") && backed_up.out.contains(says),
                    "{what}: {backed_up:?}"
                );
                let report = report();
                assert!(report.code == Some(0) && report.err.contains(says), "{what}: {report:?}");
                is_whole(&folder, &copy, what);
            }
            Whole => {
                whole += 1;
                for ran in [verified, backed_up, report()] {
                    assert!(ran.code == Some(0) && !ran.err.contains("passed over"), "{what}: {ran:?}");
                }
                is_whole(&folder, &copy, what);
            }
        }
    }
    tell(
        "files of a folder",
        format!("{} ways: missing, swapped, twice, foreign, other versions, cut, grown", cases.len()),
        format!(
            "{refused} refused by `verify`, `backup`, `report` and `serve`, by file, place and what to do; {found_out} by \
             `verify` and `backup`, and told by a running sidecar; in {passed_over} a snapshot is passed over, and said; {whole} do no harm"
        ),
    );
}

/// A running sidecar reads behind its start what it has left out, and tells what is wrong with it.
fn is_told(folder: &Folder, file: &str, says: &str, what: &str) {
    let sidecar = Sidecar::serve(&folder.path);
    let begun = Instant::now();
    loop {
        let log = sidecar.log();
        let is_said = |line: &str| line.contains("ERROR") && line.contains(file) && line.contains(says);
        if log.lines().any(is_said) {
            return sidecar.stop();
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: nothing is said of it: {log}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_refused(ran: &Ran, file: &Path, says: &str, what: &str) {
    assert_eq!(ran.code, Some(1), "{what}: {ran:?}");
    assert!(ran.err.contains(path(file)) && ran.err.contains(says), "{what}: {ran:?}");
    assert!(
        ["from a backup", "Start the one that wrote it"].iter().any(|advice| ran.err.contains(advice)),
        "{what}: {ran:?}"
    );
}

/// A sidecar opens it, and the book is what it was; and so is the copy's.
fn is_whole(folder: &Folder, copy: &Path, what: &str) {
    let is = |data: &Path, digest: Hash| assert_eq!(verify(data)["digest"], digest.to_string(), "{what}");
    is(copy, folder.whole);
    Sidecar::serve(&folder.path).stop();
    let ran = run(&["verify", "--json", "--data", path(&folder.path)]);
    // What cannot be used is still there.
    assert_eq!(ran.json()["digest"], folder.whole.to_string(), "{what}: {ran:?}");
}
