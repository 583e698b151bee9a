//! Encoding and decoding: events into the journal's groups, and back into a book.

use std::hint::black_box;

use rialto::domain::activity::Activity;
use rialto::journal::frame::{self, Salt};
use rialto::journal::record;
use rialto::ledger::entry::{Entry, Event};
use rialto::ledger::roll::Roll;
use rialto::ledger::rows::Place;

use crate::book::with_names;
use crate::count::counted;
use crate::inputs;

/// Any folder's would do.
const FOLDER: [u8; 16] = [7; 16];

/// Records of the mix.
pub fn encode_mix() -> usize {
    encode(&inputs::mix())
}

/// Records of services.
pub fn encode_services() -> usize {
    encode(&inputs::services())
}

fn encode(activities: &[Activity]) -> usize {
    let events = inputs::events(activities);
    let book = with_names(&events);
    // As the bookkeeper's group, which is used again and again, and so has the room.
    let mut group = group(&events, book.roll());
    group.truncate(frame::HEADER);
    counted(&mut || put(&events, book.roll(), &mut group));
    black_box(group);
    events.len()
}

/// A group of the mix, sealed.
pub fn seal() -> usize {
    let activities = inputs::mix();
    let events = inputs::events(&activities);
    let mut group = group(&events, with_names(&events).roll());
    let salt = Salt::of(FOLDER);
    counted(&mut || frame::seal(&mut group, 0, 0, salt));
    events.len()
}

/// A group of the mix, opened and decoded.
pub fn decode_mix() -> usize {
    decode(&inputs::mix())
}

/// A group of services, opened and decoded.
pub fn decode_services() -> usize {
    decode(&inputs::services())
}

fn decode(activities: &[Activity]) -> usize {
    let events = inputs::events(activities);
    let book = with_names(&events);
    let group = sealed(&events, book.roll());
    let mut decoded = 0;
    counted(&mut || {
        read(&group, book.roll(), |entry, _| {
            black_box(&entry);
            decoded += 1;
        })
    });
    decoded
}

/// A group of the mix, taken into a book.
pub fn replay_mix() -> usize {
    replay(&inputs::mix())
}

/// A group of services, taken into a book.
pub fn replay_services() -> usize {
    replay(&inputs::services())
}

fn replay(activities: &[Activity]) -> usize {
    let events = inputs::events(activities);
    let mut book = with_names(&events);
    let mut entries = Vec::with_capacity(events.len());
    read(&sealed(&events, book.roll()), book.roll(), |entry, place| entries.push((entry, place)));
    counted(&mut || {
        for (entry, place) in &entries {
            assert_eq!(book.replay(entry, *place), Ok(()), "a record does not follow from those before it");
        }
    });
    entries.len()
}

/// A group with the records of these events.
fn group(events: &[Event<'_>], roll: &Roll) -> Vec<u8> {
    let mut group = frame::start();
    put(events, roll, &mut group);
    group
}

/// Puts the records of these events behind a group's, as the bookkeeper does: their names first, all of which
/// are on the roll.
fn put(events: &[Event<'_>], roll: &Roll, group: &mut Vec<u8>) {
    for event in events {
        for name in record::names(event).into_iter().flatten() {
            assert!(roll.number(name).is_some(), "{name} is not on the roll");
        }
        record::encode_event(event, roll, group);
    }
}

fn sealed(events: &[Event<'_>], roll: &Roll) -> Vec<u8> {
    let mut group = group(events, roll);
    frame::seal(&mut group, 0, 0, Salt::of(FOLDER));
    group
}

/// Opens a group, and hands every entry of it on.
fn read(group: &[u8], roll: &Roll, mut take: impl FnMut(Entry<'static>, Place)) {
    let (_, mut records) = frame::open(group, Salt::of(FOLDER)).expect("a group that was sealed");
    let mut place = frame::HEADER as u64;
    while !records.is_empty() {
        let (length, content) = record::split(records).expect("a record");
        take(record::decode(content, |number| roll.name(number)).expect("an entry"), Place(place));
        place += length as u64;
        records = &records[length..];
    }
}
