//! Journals: any bytes where a segment should be, and any records in groups whose checksums are right, which nobody but
//! a fault of our own could have written.
//!
//! The first byte says which. Whatever opens is a book that is whole, and reading it again gives the same.

use std::fs;
use std::path::Path;

use rialto::disk::Shelf;
use rialto::domain::names::Name;
use rialto::journal::frame::{self, Salt};
use rialto::journal::recovery::{self, Recovered};
use rialto::journal::segment::{self, FolderId};
use rialto::journal::{JournalError, record};
use rialto::ledger::accounts::Balances;
use rialto::ledger::book::Book;
use rialto::ledger::digest::digest;
use rialto::ledger::rows::Place;

pub(super) const ID: FolderId = [0; 16];

/// A journal.
pub fn read(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => raw(bytes),
        1 => rest(bytes),
        2 => decode(bytes),
        _ => groups(bytes),
    }
}

/// A whole file, header and all.
fn raw(bytes: &[u8]) {
    super::scratch(|folder| {
        empty(folder);
        fs::write(segment::path(folder, 1), bytes).expect("room");
        open(folder);
    });
}

/// What follows a header that is right.
fn rest(bytes: &[u8]) {
    let is_any = |_: usize, header: &frame::Header| header.synced <= header.position;
    let _ = frame::stands_in(bytes, Salt::of(ID), is_any);
    super::scratch(|folder| {
        lay(folder, bytes);
        open(folder);
    });
}

/// One record, by a roll of a few names: what is read is written as something that reads back as the same.
fn decode(content: &[u8]) {
    let mut book = Book::default();
    for number in 0..40 {
        book.enrol(Name::new(&format!("name {number}")).expect("a name"));
    }
    let by_roll = |bytes: &[u8]| record::decode(bytes, |number| book.roll().name(number));
    let Ok(entry) = by_roll(content) else { return };
    let mut written = Vec::new();
    record::encode(&entry, book.roll(), &mut written);
    let (_, again) = record::split(&written).expect("a record");
    let back = by_roll(again).unwrap_or_else(|error| panic!("{entry:?} cannot be read back: {error}"));
    let mut twice = Vec::new();
    record::encode(&back, book.roll(), &mut twice);
    assert!(written == twice, "{entry:?} is read back as {back:?}");
}

/// Groups of records, each with its header made right; between two of them stands what a header begins with.
fn groups(bytes: &[u8]) {
    let mut stream = Vec::new();
    for payload in split(bytes, b"RGRP") {
        let mut group = frame::start();
        group.extend_from_slice(payload);
        let position = stream.len() as u64;
        frame::seal(&mut group, position, position, Salt::of(ID));
        stream.extend(group);
    }
    super::scratch(|folder| {
        lay(folder, &stream);
        open(folder);
    });
}

fn split<'a>(bytes: &'a [u8], by: &'static [u8; 4]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let found = bytes.windows(4).position(|window| window == by);
        let (part, after) = found.map_or((bytes, None), |at| (&bytes[..at], Some(&bytes[at + 4..])));
        rest = after;
        Some(part)
    })
}

fn lay(folder: &Path, stream: &[u8]) {
    empty(folder);
    let file = segment::create(&Shelf::from(folder), 1).expect("room");
    segment::write_header(&*file, 1, 0, 0, ID).expect("room");
    file.write_all_at(stream, segment::HEADER).expect("room");
}

fn empty(folder: &Path) {
    for file in fs::read_dir(folder).expect("a folder") {
        fs::remove_file(file.expect("a file").path()).expect("a file that is there");
    }
}

fn replay(folder: &Path, book: &mut Book) -> Result<Recovered, JournalError> {
    recovery::read(&Shelf::from(folder), ID, 0, |place: Place, content: &[u8]| {
        let entry = record::decode(content, |number| book.roll().name(number)).map_err(|error| error.to_string())?;
        book.replay(&entry, place).map_err(|error| error.to_string())
    })
}

/// Opens it, settles it, and opens it again.
fn open(folder: &Path) {
    let mut book = Book::default();
    match replay(folder, &mut book) {
        Ok(mut found) => {
            whole(&book);
            recovery::settle(&Shelf::from(folder), &mut found).expect("a journal that was read can be settled");
            let mut again = Book::default();
            let settled = replay(folder, &mut again).expect("a journal that was settled can be read");
            assert_eq!((settled.end, settled.cut), (found.end, None));
            assert_eq!(digest(&again), digest(&book));
        }
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains("00000001.journal"), "it does not say where: {said}");
        }
    }
}

/// Whatever was made of it, the book balances.
pub(super) fn whole(book: &Book) {
    let _ = digest(book);
    for (currency, sum) in Balances::of(book).trial() {
        assert_eq!(sum, 0, "the accounts in {currency} are apart");
    }
}
