//! Stripe's answers: whatever it says, and however often, every question to it comes to an end, and what is made of its
//! answers can be written down.
//!
//! The first byte says what is asked for. Then come answers, each a line with a status and the JSON below it, with `---`
//! on a line between two; whoever goes on asking is told them all over again.

use std::cell::Cell;
use std::sync::Arc;

use rialto::billing::adopt::{Found, found, found_note, unknown, unknown_notes};
use rialto::billing::books::Books;
use rialto::billing::call::{Call, Reply};
use rialto::billing::customers::{Person, customer};
use rialto::billing::look::look;
use rialto::billing::marks::House;
use rialto::billing::papers::Invoice;
use rialto::billing::walk::{Stripe, Unsure};
use rialto::billing::{answers, preflight, reconcile};
use rialto::domain::bills::{Attempt, BillNo, Deed, Detail, Drawn, Outcome, Sight, Step};
use rialto::domain::money::{Currency, Sum};
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, What};
use rialto::domain::payers::Payer;
use rialto::domain::time::Moment;
use rialto::journal::record;
use rialto::ledger::bill::{Bill, Look, Way};
use rialto::ledger::book::Book;
use rialto::ledger::entry::Entry;
use rialto::ledger::roll::NameNo;
use rialto::ledger::rows::Place;

use super::now;

const NOW: Moment = Moment(1_780_000_000_000_000);

/// Stripe, as the fuzzer would have it.
struct Scripted {
    replies: Vec<Reply>,
    asked: Cell<usize>,
}

impl Stripe for Scripted {
    async fn call(&self, _: &Call) -> Result<Reply, Unsure> {
        let asked = self.asked.replace(self.asked.get() + 1);
        assert!(asked < 1000, "it asks for ever");
        self.replies.get(asked % self.replies.len().max(1)).cloned().ok_or_else(|| Unsure::unreadable("nothing"))
    }

    fn is_live(&self) -> bool {
        false
    }
}

/// Answers.
pub fn read(bytes: &[u8]) {
    let Some((what, bytes)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let stripe = Scripted { replies: text.split("\n---\n").map(reply).collect(), asked: Cell::new(0) };
    let name = |text: &str| Name::new(text).expect("a name");
    let house = House::new("0123456789abcdef", None);
    let payer = Payer { customer: Name::new("cus_1"), ..Payer::new(name("Nobody")) };
    match what % 8 {
        looked @ 0..=3 => {
            let how = [Look::Find, Look::Lines, Look::Invoice, Look::Invoice][usize::from(looked)];
            let bill = bill(&house, payer, looked == 3);
            if let Ok(sight) = now(look(&stripe, &bill, &[], how)) {
                written(&Deed::See(bill.no, sight));
            }
        }
        4 => {
            if let Ok(told) = now(preflight::ask(&stripe, &payer)) {
                let faults = preflight::faults(&payer, &told, false, Currency::EUR);
                assert!(faults.iter().all(|fault| !fault.is_empty()));
            }
        }
        5 => {
            let person = Person::new(payer.id, payer.customer, "nobody@example.org", Some("Nobody"));
            let _ = now(customer(&stripe, &house, &person.unwrap_or_else(|_| panic!("a person"))));
        }
        6 => {
            let bills = [Arc::new(bill(&house, payer, false)), Arc::new(bill(&house, payer, true))];
            let compared = reconcile::reconcile(&stripe, &house, &bills, async |_| Vec::new(), |_| ());
            if let Ok(report) = now(compared) {
                let _ = format!("{:?}", report.differences);
            }
        }
        _ => adopt(&stripe, &house, payer),
    }
    refused(&stripe);
}

/// What is taken over, as far as the book takes it.
fn adopt(stripe: &Scripted, house: &House, payer: Payer) {
    let mut book = Book::default();
    let order = Order { by: "operator".into(), why: "tried".into(), what: What::List(payer) };
    Book::names_of(&order).into_iter().for_each(|name| book.enrol(name));
    book.obey(&order, NOW, Place(0));
    let zone = Name::new("UTC").expect("a name");
    let invoices = now(unknown::<Invoice>(stripe, house, book.bills(), None)).unwrap_or_default();
    let notes = now(unknown_notes(stripe, house, book.bills(), None)).unwrap_or_default();
    for invoice in &invoices {
        let found = found(invoice, &Books::of(&book), zone, false);
        take_over(&mut book, found);
    }
    for note in &notes {
        let found = found_note(note, &Books::of(&book), zone, false);
        take_over(&mut book, found);
    }
    super::journal::whole(&book);
}

fn take_over(book: &mut Book, found: Found) {
    let Found::Bill(drawn, sight, outbound) = found else { return };
    let deed = Deed::Adopt(drawn, sight, outbound);
    if book.admit_deed(&deed).is_err() {
        return;
    }
    Book::names_of_deed(&deed)
        .into_iter()
        .filter(|name| book.roll().number(*name).is_none())
        .collect::<Vec<_>>()
        .into_iter()
        .for_each(|name| book.enrol(name));
    let mut bytes = Vec::new();
    record::encode_deed(&deed, NOW, book.roll(), &mut bytes);
    let (_, content) = record::split(&bytes).expect("a record");
    match record::decode(content, |number| book.roll().name(number)) {
        Ok(Entry::Deed(back, NOW)) => assert_eq!(back, deed),
        other => panic!("{deed:?} is read back as {other:?}"),
    }
    book.take_deed(&deed, NOW);
}

/// A bill that was sent.
fn bill(house: &House, payer: Payer, is_credit: bool) -> Bill {
    let zone = Name::new("UTC").expect("a name");
    let drawn = Drawn {
        mark: house.mark(BillNo(1)),
        payer,
        to: 0,
        reissues: None,
        credits: is_credit.then_some(BillNo(1)),
        detail: Detail::ALL[0],
        zone,
        items: 1,
        digest: 0,
        total: 5000,
        carried: Sum(0),
        rest: Sum(0),
    };
    Bill {
        no: BillNo(1),
        drawn,
        at: NOW,
        payer: NameNo(0),
        rows: [].into(),
        reissued_by: None,
        way: Way::default(),
        seen: Sight { invoice: Some("in_1".into()), ..Sight::default() },
    }
}

fn written(deed: &Deed) {
    let (mut bytes, book) = (Vec::new(), Book::default());
    record::encode_deed(deed, NOW, book.roll(), &mut bytes);
    let (_, content) = record::split(&bytes).expect("a record");
    match record::decode(content, |_| None) {
        Ok(Entry::Deed(back, NOW)) => assert_eq!(back, *deed),
        other => panic!("{deed:?} is read back as {other:?}"),
    }
}

/// What is written down of an answer that says no.
fn refused(stripe: &Scripted) {
    for reply in &stripe.replies {
        let refusal = answers::refusal(reply);
        let _ = answers::is_final(reply);
        let attempt = Attempt { step: Step::Create, number: 0 };
        written(&Deed::Answer(BillNo(1), attempt, Outcome::Refused(refusal)));
    }
}

fn reply(text: &str) -> Reply {
    let (status, body) = text.split_once('\n').unwrap_or((text, ""));
    Reply { status: status.trim().parse().unwrap_or(200), body: body.to_owned(), ..Reply::default() }
}
