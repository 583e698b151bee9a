//! Webhooks: a header and a body. No header is believed that was not made with the secret; and what Stripe tells is
//! read, and what is written down of it reads back as the same, or is refused.

use rialto::billing::events::Event;
use rialto::billing::marks::House;
use rialto::billing::signature::{Secrets, sign, verify};
use rialto::domain::bills::Deed;
use rialto::domain::time::Moment;
use rialto::journal::record;
use rialto::ledger::bills::Bills;
use rialto::ledger::book::Book;
use rialto::ledger::entry::Entry;

const NOW: i64 = 1_780_000_000;

/// A header on the first line, and a body below it.
pub fn read(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (header, body) = (&bytes[..at], bytes.get(at + 1..).unwrap_or_default());
    let secrets = Secrets::new(["whsec_nobody_knows", "whsec_another"]).expect("secrets");
    if let Ok(header) = std::str::from_utf8(header) {
        assert!(verify(header, body, &secrets, NOW).is_err(), "a forged signature is believed: {header}");
    }
    let signed = sign(body, "whsec_another", NOW - 7);
    assert_eq!(verify(&signed, body, &secrets, NOW), Ok(NOW - 7));
    let Some(event) = Event::read(body) else { return };
    let mut book = Book::default();
    let bills = Bills::default();
    let _ = (event.may_concern(), event.bill(&bills), event.is_own(&bills));
    let _ = event.is_others(&House::new("0123456789abcdef", Some("byname")));
    let deed = Deed::Notice(event.notice(body, None));
    if book.admit_deed(&deed).is_ok() {
        let mut written = Vec::new();
        record::encode_deed(&deed, Moment(7), book.roll(), &mut written);
        let (_, content) = record::split(&written).expect("a record");
        match record::decode(content, |_| None) {
            Ok(Entry::Deed(back, Moment(7))) => assert_eq!(back, deed),
            other => panic!("{deed:?} is read back as {other:?}"),
        }
        book.take_deed(&deed, Moment(7));
        assert!(book.admit_deed(&deed).is_err(), "what was told twice is taken twice: {deed:?}");
    }
}
