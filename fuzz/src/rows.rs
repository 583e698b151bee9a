//! Rows of citizens and buildings: read or refused with a sentence, and written down, and read back as they were.

use chrono_tz::UTC;
use rialto::domain::rows::Row;
use rialto::domain::time::Moment;
use rialto::journal::record;
use rialto::ledger::book::Book;
use rialto::ledger::entry::Entry;
use rialto::reading::{Format, Reader};

/// A body of rows.
pub fn read(body: &[u8]) {
    let reader = Reader::new(UTC);
    let mut book = Book::default();
    for format in [Format::Json, Format::Lines] {
        for text in reader.split(body, format).into_iter().flatten().flatten() {
            let _ = reader.kind_of(text);
            if let Err(refusal) = reader.skilled(text) {
                assert!(!refusal.message.is_empty());
            }
            for row in [reader.citizen(text), reader.building(text)] {
                match row {
                    Ok(row) => describe(&mut book, row),
                    Err(refusal) => assert!(!refusal.message.is_empty() && refusal.message.len() < 2000, "{refusal:?}"),
                }
            }
        }
    }
}

fn describe(book: &mut Book, row: Row) {
    let Some(row) = book.directory().news(row) else { return };
    let names = match row {
        Row::Citizen(citizen) => [Some(citizen.id), None, None],
        Row::Building(building) => [Some(building.id), building.kind, building.run_by],
    };
    for name in names.into_iter().flatten() {
        if book.roll().number(name).is_none() {
            book.enrol(name);
        }
    }
    let mut written = Vec::new();
    record::encode_row(row, Moment(7), book.roll(), &mut written);
    let (_, content) = record::split(&written).expect("a record");
    match record::decode(content, |number| book.roll().name(number)) {
        Ok(Entry::Row(back, Moment(7))) => assert_eq!(back, row),
        other => panic!("{row:?} is read back as {other:?}"),
    }
    book.describe(row);
}
