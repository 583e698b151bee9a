//! Records: what is written reads back as itself, and what was never written is refused.

use std::fs;

use proptest::prelude::*;
use rialto::disk::Files;
use rialto::domain::bills::{Amounts, BillNo, Deed, Sight};
use rialto::domain::names::Name;
use rialto::domain::time::Moment;
use rialto::journal::{frame, record};
use rialto::ledger::book::Book;
use rialto::ledger::entry::Entry;
use rialto::ledger::roll::{NameNo, Roll};
use rialto::snapshot;

use super::any;

/// A roll with every name that an entry speaks of.
fn roll(entry: &Entry<'_>) -> Roll {
    let mut book = Book::default();
    let mut enrol = |name: Option<Name>| name.into_iter().for_each(|name| book.enrol(name));
    match entry {
        Entry::Name(_) => {}
        Entry::Event(event) | Entry::Conflict(event) => record::names(event).into_iter().for_each(enrol),
        Entry::Row(row, _) => {
            enrol(Some(row.id()));
            if let rialto::domain::rows::Row::Building(building) = row {
                enrol(building.kind);
                enrol(building.run_by);
            }
        }
        Entry::Payer(id, customer, _) => [Some(*id), *customer].into_iter().for_each(enrol),
        Entry::Order(order, _) => Book::names_of(order).into_iter().map(Some).for_each(enrol),
        Entry::Deed(deed, _) => Book::names_of_deed(deed).into_iter().map(Some).for_each(enrol),
    }
    book.roll().clone()
}

#[test]
fn amounts_of_an_invoice_that_cannot_be_added_up_are_refused() {
    let refused = |amounts: Amounts| {
        let sight = Sight { amounts, ..Sight::default() };
        let entry = Entry::Deed(Deed::See(BillNo(1), sight), Moment(0));
        let mut bytes = Vec::new();
        record::encode(&entry, &Roll::default(), &mut bytes);
        let (_, content) = record::split(&bytes).unwrap();
        record::decode(content, |_| None).is_err()
    };
    let most = i64::MAX / 8;
    for amount in [most + 1, -most - 1, i64::MAX, i64::MIN] {
        assert!(refused(Amounts { paid: amount, ..Amounts::default() }), "{amount}");
    }
    // The largest that are read can be added up, whatever their signs.
    for [total, others] in [[most, -most], [-most, most]] {
        let amounts = Amounts { total, tax: others, paid: others, remaining: others, credited: others };
        assert!(!refused(amounts));
        assert_eq!((amounts.balanced(), amounts.net(1)), (4 * total, if 0 < total { 2 } else { 1 }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_entry_reads_back_as_itself_and_as_nothing_else(entry in any::entry()) {
        let roll = roll(&entry);
        let mut bytes = Vec::new();
        record::encode(&entry, &roll, &mut bytes);
        let (length, content) = record::split(&bytes).unwrap();
        prop_assert_eq!(length, bytes.len());
        let found = record::decode(content, |number| roll.name(number));
        prop_assert_eq!(found.as_ref(), Ok(&entry));
        let mut again = Vec::new();
        record::encode(&found.unwrap(), &roll, &mut again);
        prop_assert_eq!(again, bytes.clone());
        for cut in 0..content.len() {
            prop_assert!(record::decode(&content[..cut], |number| roll.name(number)).is_err(), "cut to {}", cut);
        }
        let longer = [content, &[0]].concat();
        prop_assert!(record::decode(&longer, |number| roll.name(number)).is_err());
        prop_assert!(record::split(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn a_changed_record_is_read_or_refused_and_never_panics(
        entry in any::entry(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let roll = roll(&entry);
        let mut bytes = Vec::new();
        record::encode(&entry, &roll, &mut bytes);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let content = record::split(&bytes).map(|(_, content)| content).unwrap_or_default();
        if let Ok(entry) = record::decode(content, |number| roll.name(number)) {
            let mut again = Vec::new();
            record::encode(&entry, &roll, &mut again);
            prop_assert!(record::split(&again).is_ok());
        }
    }

    #[test]
    fn no_bytes_make_a_record_panic(bytes: Vec<u8>, tag in 0_u8..20) {
        let name = |number: NameNo| Name::new("Lucid").filter(|_| number.0 < 9);
        let _ = record::split(&bytes);
        let _ = record::decode(&bytes, name);
        let _ = record::decode(&[&[tag], bytes.as_slice()].concat(), name);
        let _ = frame::open(&bytes, frame::Salt::of([0; 16]));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_snapshot_panic(sections in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..4)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("any.snapshot");
        let mut bytes = b"RIALTOSN\x01\0\0\0".to_vec();
        for (kind, section) in sections.iter().enumerate() {
            // A section's kind comes first; with a right checksum, its content is looked at.
            let section = [&(kind as u32).to_le_bytes(), section.as_slice()].concat();
            bytes.extend((section.len() as u32).to_le_bytes());
            bytes.extend(crc32fast::hash(&section).to_le_bytes());
            bytes.extend(section);
        }
        fs::write(&path, &bytes).unwrap();
        prop_assert!(snapshot::load(&Files, &path, [0; 16]).is_err());
        fs::write(&path, &bytes[12..]).unwrap();
        prop_assert!(snapshot::load(&Files, &path, [0; 16]).is_err());
    }
}
