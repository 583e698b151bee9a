//! The writer: the stream on the disk is what was handed over, whatever the sizes, and a failure is
//! told once and is the end.

use std::fs::{self, File};
use std::sync::{Arc, RwLock, mpsc};

use rialto::folder::DataFolder;
use rialto::journal::segment::{self, Segment, Segments};
use rialto::journal::writer::{Options, Writer, Written};
use rialto::journal::{frame, recovery};

fn options(data: &DataFolder, segment_bytes: u64) -> Options {
    Options { folder: data.journal(), id: data.id(), segment_bytes }
}

/// A group with one record after another, of `bytes` in all.
fn group(bytes: usize, fill: u8) -> Vec<u8> {
    let mut group = frame::start();
    let mut left = bytes;
    while 2 < left {
        let length = (left - 2).min(1000);
        group.extend((length as u16).to_le_bytes());
        group.resize(group.len() + length, fill);
        left -= 2 + length;
    }
    group
}

/// All records of the journal, one after another.
fn records(data: &DataFolder) -> Vec<u8> {
    let mut all = Vec::new();
    let found = recovery::read(&data.journal(), data.id(), 0, |_, content| {
        all.extend((content.len() as u16).to_le_bytes());
        all.extend_from_slice(content);
        Ok(())
    });
    assert_eq!(found.unwrap().cut, None);
    all
}

#[test]
fn groups_of_any_size_stand_in_the_stream_as_they_were_handed_over() {
    // Small ones that noughts are written ahead of, large ones that run past the noughts, and one that
    // is larger than a segment; segments that hold one group or many.
    let sizes = [3, 40, 5_000, 0, 90_000, 300_000, 7, 255_000, 1_200_000, 600, 0, 0, 262_144, 262_112, 17, 3_000];
    for segment_bytes in [1, 300_000, 1 << 20, 64 << 20] {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open_or_create(folder.path()).unwrap();
        let (tell, told) = mpsc::channel();
        let segments = Segments::default();
        let writer = Writer::start(options(&data, segment_bytes), Arc::clone(&segments), 0, move |written| {
            drop(tell.send(written))
        });
        let writer = writer.unwrap();
        let (mut end, mut expected) = (0, Vec::new());
        for (number, size) in sizes.iter().cycle().take(sizes.len() * 4).enumerate() {
            let group = group(*size, number as u8);
            expected.extend_from_slice(&group[frame::HEADER..]);
            end += group.len() as u64;
            writer.write(group);
            match told.recv().unwrap() {
                Written::Synced { end: found, buffer, .. } => {
                    assert_eq!(found, end);
                    assert!(frame::HEADER <= buffer.len());
                }
                Written::Failed(error) => panic!("{error}"),
            }
            if number % 16 == 0 {
                assert_eq!(records(&data), expected, "after group {number}, while the next segment may be filled");
            }
        }
        drop(writer);
        assert_eq!(records(&data), expected, "segments of {segment_bytes}");
        assert_eq!(segments.read().unwrap().len(), segment::numbers(&data.journal()).unwrap().len());
    }
}

#[test]
fn noughts_never_overtake_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open_or_create(folder.path()).unwrap();
    let (tell, told) = mpsc::channel();
    let writer =
        Writer::start(options(&data, 8 << 20), Segments::default(), 0, move |written| drop(tell.send(written)));
    let writer = writer.unwrap();
    let mut expected = Vec::new();
    // A small group has noughts written ahead of it, and at once a larger one goes where they go.
    for number in 0..25 {
        for size in [100, 240_000, 700_000] {
            let group = group(size, number + 1);
            expected.extend_from_slice(&group[frame::HEADER..]);
            writer.write(group);
        }
    }
    drop(writer);
    assert!(told.iter().all(|written| matches!(written, Written::Synced { .. })));
    assert!(records(&data) == expected, "the records are as they were handed over");
}

#[test]
fn a_failure_is_told_once_and_nothing_is_written_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open_or_create(folder.path()).unwrap();
    let path = file_of(&data, 1);
    // A file that cannot be written stands for a disk that cannot.
    let file = Arc::new(File::open(&path).unwrap());
    let segments = Arc::new(RwLock::new(vec![Segment { path: path.clone(), number: 1, base: 0, file }]));
    let before = fs::read(&path).unwrap();
    let (tell, told) = mpsc::channel();
    let writer = Writer::start(options(&data, 1 << 20), segments, 0, move |written| drop(tell.send(written))).unwrap();
    for _ in 0..3 {
        writer.write(group(500, 1));
    }
    assert!(matches!(told.recv().unwrap(), Written::Failed(_)));
    drop(writer);
    assert!(told.recv().is_err(), "nothing more is told");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
#[should_panic(expected = "too large")]
fn a_group_that_could_never_be_read_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open_or_create(folder.path()).unwrap();
    let writer = Writer::start(options(&data, 1 << 20), Segments::default(), 0, drop).unwrap();
    writer.write(vec![0; frame::HEADER + frame::PAYLOAD_MAX + 1]);
}

fn file_of(data: &DataFolder, number: u32) -> std::path::PathBuf {
    let file = segment::create(&data.journal(), number).unwrap();
    segment::write_header(&*file, number, 0, 0, data.id()).unwrap();
    segment::path(&data.journal(), number)
}
