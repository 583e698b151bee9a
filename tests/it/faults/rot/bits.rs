//! A bit that flipped, in every file that a folder has.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use blake3::Hash;
use rialto::chain::Chain;
use rialto::folder::DataFolder;
use rialto::journal::scrub::scrub;
use rialto::journal::segment;
use rialto::ledger::digest::digest;
use rialto::ledger::guards::Limits;
use rialto::wiring::backup::back_up;
use rialto::wiring::onlooker::Onlooker;
use rialto::wiring::recover;
use rialto::wiring::verify::verify;

use super::super::super::dice::Dice;
use super::super::{tell, times};
use super::{Folder, Segment};

/// What a door came to: the book, and what it says about it; or why there is none.
type Came = Result<(Hash, Vec<String>), String>;

const DOORS: [&str; 5] = ["start", "report", "verify", "backup", "scrub"];

/// What each door comes to. A running sidecar reads up to its snapshot behind its start: that is the last one.
fn doors(folder: &Path) -> [Came; 5] {
    let said = |error: &dyn std::error::Error| Chain(error).to_string();
    let open = || DataFolder::open(folder).map_err(|error| said(&error));
    let cut = |cut: &Option<rialto::journal::recovery::Cut>| {
        cut.iter().map(|cut| format!("{} is cut off at byte {}", cut.path.display(), cut.offset)).collect::<Vec<_>>()
    };
    let start = open().and_then(|data| {
        let (book, _, opened) = recover::read(&data, Limits::OFF).map_err(|error| said(&error))?;
        let passed_over = opened.passed_over.iter().map(|(path, why)| format!("{}: {why}", path.display()));
        Ok((digest(&book), passed_over.chain(cut(&opened.cut)).collect()))
    });
    let report = Onlooker::at(folder).map_err(|error| said(&error)).map(|onlooker| {
        let opened = onlooker.opened();
        let passed_over = opened.passed_over.iter().map(|(path, why)| format!("{}: {why}", path.display()));
        (digest(onlooker.book()), passed_over.chain(cut(&opened.cut)).collect())
    });
    let verified = open().and_then(|data| {
        let report = verify(&data, chrono_tz::UTC).map_err(|error| said(&error))?;
        Ok((report.digest, [report.faults, cut(&report.cut)].concat()))
    });
    let to = folder.with_file_name("copy");
    let backup = back_up(folder, &to, chrono_tz::UTC, |_, _| ()).map_err(|error| said(&error)).map(|backup| {
        let passed_over = backup.passed_over.iter().map(|(path, why)| format!("{}: {why}", path.display()));
        let told = [backup.report.faults, cut(&backup.cut)].concat();
        (backup.report.digest, passed_over.chain(told).collect())
    });
    let _ = fs::remove_dir_all(to);
    let scrubbed = start.clone().and_then(|(book, told)| {
        let data = open()?;
        let imaged = recover::read(&data, Limits::OFF).map_err(|error| said(&error))?.2.snapshot.unwrap_or_default();
        let read = scrub(&data.journal(), data.id(), imaged, || true).map_err(|error| said(&error))?;
        assert_eq!(read, imaged);
        Ok((book, told))
    });
    [start, report, verified, backup, scrubbed]
}

/// Every bit of a file of so many bytes, or a few of them that nobody chose.
fn bits(bytes: usize, few: usize) -> Vec<usize> {
    let dice = Dice::seeded("RIALTO_ROT_SEED");
    println!("{dice}");
    match times(few, usize::MAX) {
        usize::MAX => (0..bytes * 8).collect(),
        few => (0..few).map(|_| dice.below(bytes as u64 * 8) as usize).collect(),
    }
}

/// Flips bits of a file, one after another, and has a look at each.
fn flip(path: &Path, bits: &[usize], mut look: impl FnMut(usize, usize)) {
    let whole = fs::read(path).unwrap();
    let file = OpenOptions::new().write(true).open(path).unwrap();
    for bit in bits {
        let (byte, bit) = (bit / 8, bit % 8);
        file.write_all_at(&[whole[byte] ^ 1 << bit], byte as u64).unwrap();
        look(byte, bit);
        file.write_all_at(&whole[byte..=byte], byte as u64).unwrap();
    }
}

/// What a door has to come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Must {
    /// It is refused: what begins at this byte is damaged.
    Refuse(usize),
    /// The last group, which begins at this byte, is cut off, or noughts behind it.
    Cut(usize),
    /// It opens as if nothing were: a start does not read what its snapshot covers.
    Open,
}

/// What a flipped byte of a segment means for a door.
fn must(folder: &Folder, segment: &Segment, byte: usize, door: &str) -> Must {
    let is_last = std::ptr::eq(segment, folder.segments.last().unwrap());
    let uncertain = if is_last { *segment.groups.last().unwrap() } else { usize::MAX };
    let is_covered = segment.base + (segment.end as u64 - segment::HEADER) <= folder.imaged;
    let skips = matches!(door, "start" | "report") && is_covered;
    match segment.groups.iter().rposition(|start| *start <= byte) {
        None => Must::Refuse(0),
        Some(_) if segment.end <= byte => Must::Cut(segment.end),
        Some(_) if uncertain <= byte => Must::Cut(uncertain),
        Some(_) if skips => Must::Open,
        Some(group) => Must::Refuse(segment.groups[group]),
    }
}

#[test]
fn a_flipped_bit_in_the_journal_is_refused_by_file_and_byte_or_was_never_certain() {
    let folder = Folder::lay();
    let mut count = [0; 3];
    let all: usize = folder.segments.iter().map(|segment| segment.bytes.len()).sum();
    for segment in &folder.segments {
        let few = 90 * segment.bytes.len() / all + 1;
        // A few bits of each kind of place in any case: the header, the first group, the last, behind the end.
        let mut bits = bits(segment.bytes.len(), few);
        if times(0, 1) == 0 {
            bits.extend([0, 8 * 20 + 3, 8 * 64, 8 * (segment.end - 1), 8 * segment.bytes.len() - 1]);
        }
        flip(&segment.path, &bits, |byte, bit| {
            for (door, came) in DOORS.into_iter().zip(doors(&folder.path)) {
                let what = format!("{}, byte {byte}, bit {bit}, {door}: {came:?}", segment.path.display());
                let must = must(&folder, segment, byte, door);
                match (must, came) {
                    (Must::Refuse(offset), Err(said)) => {
                        let place = format!("{} is damaged at byte {offset}: ", segment.path.display());
                        assert!(said.contains(&place) && said.contains("from a backup"), "{what}");
                    }
                    (Must::Cut(offset), Ok((book, said))) => {
                        let place = format!("{} is cut off at byte {offset}", segment.path.display());
                        assert_eq!(said, [place], "{what}");
                        let left = if offset == segment.end { folder.whole } else { folder.certain };
                        assert_eq!(book, left, "{what}");
                    }
                    (Must::Open, Ok((book, said))) => {
                        assert_eq!((book, said.as_slice()), (folder.whole, &[][..]), "{what}");
                    }
                    (must, _) => panic!("it must {must:?}: {what}"),
                }
                count[match must {
                    Must::Refuse(_) => 0,
                    Must::Cut(_) => 1,
                    Must::Open => 2,
                }] += 1;
            }
        });
    }
    let [refused, cut, open] = count;
    tell(
        "a bit of the journal",
        format!(
            "{} flipped of {all} bytes in three segments, with a record of every kind; a start, `report`, `verify`, \
             `backup` and what reads behind a start after each",
            (refused + cut + open) / DOORS.len()
        ),
        format!(
            "{refused} times refused, by file and byte; {cut} times in a tail that was never certain, which is cut off, and \
             that is said; {open} times not read by a start or `report`, because a snapshot covers it; never another book"
        ),
    );
}

#[test]
fn a_flipped_bit_in_a_snapshot_is_passed_over_and_said_and_the_book_is_the_same() {
    let folder = Folder::lay();
    let image = folder.image();
    let bits = bits(fs::metadata(&image).unwrap().len() as usize, 60);
    flip(&image, &bits, |byte, bit| {
        for (door, came) in DOORS.into_iter().zip(doors(&folder.path)) {
            let what = format!("byte {byte}, bit {bit}, {door}: {came:?}");
            let (book, said) = came.unwrap_or_else(|_| panic!("{what}"));
            assert_eq!(book, folder.whole, "{what}");
            assert!(said.len() == 1 && said[0].starts_with(&format!("{}: the snapshot ", image.display())), "{what}");
        }
    });
    tell(
        "a bit of a snapshot",
        format!("{} flipped; a start, `report`, `verify` and `backup` after each", bits.len()),
        "each time passed over, and said; the book is the same by the journal",
    );
}

#[test]
fn a_flipped_bit_in_what_says_whose_a_folder_is_never_makes_it_anothers() {
    let folder = Folder::lay();
    let identity = folder.path.join("FOLDER");
    let of_identity: Vec<usize> = (0..fs::metadata(&identity).unwrap().len() as usize * 8).collect();
    flip(&identity, &of_identity, |byte, bit| {
        for (door, came) in DOORS.into_iter().zip(doors(&folder.path)) {
            let what = format!("FOLDER, byte {byte}, bit {bit}, {door}: {came:?}");
            match came {
                // A letter in the other case is the same figure.
                Ok((book, said)) => assert_eq!((book, said.len()), (folder.whole, 0), "{what}"),
                Err(said) => {
                    let is_named = said.contains(identity.to_str().unwrap()) || said.contains("another data folder");
                    assert!(is_named && said.contains("backup"), "{what}");
                }
            }
        }
    });
    let home = folder.path.join("HOME");
    let data = folder.data();
    assert!(data.home().is_here().unwrap());
    let of_home: Vec<usize> = (0..fs::metadata(&home).unwrap().len() as usize * 8).collect();
    flip(&home, &of_home, |byte, bit| {
        let is_here = data.home().is_here();
        assert!(matches!(is_here, Ok(false)), "HOME, byte {byte}, bit {bit}: {is_here:?}");
    });
    assert!(data.home().is_here().unwrap());
    tell(
        "a bit of FOLDER or HOME",
        format!("each of {}", of_identity.len() + of_home.len()),
        "FOLDER: refused, or the same figure in another case; HOME: a folder that bills nothing before it is asked to",
    );
}
