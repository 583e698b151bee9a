//! Folders that are restored from an older copy, and take over what was billed since.

use std::sync::Arc;

use rialto::billing::adopt::{Found, found, found_note, unknown, unknown_notes};
use rialto::billing::books::Books;
use rialto::billing::call::Method;
use rialto::billing::papers::Invoice;
use rialto::billing::walk::{Desk, Rest, Walk};
use rialto::domain::bills::{BillNo, Status};
use rialto::domain::orders::What;
use rialto::domain::payers::{Collection, Tax};
use rialto::journal::record;
use rialto::ledger::bill::Bill;
use rialto::ledger::entry::Entry;
use rialto::sandbox::Faults;

use super::seeds::live_wild;
use super::traps::{ADA, bill, quiet};
use super::world::{Mistake, Wild, World, now};
use crate::scribe::name;

pub(super) const SENT: Collection = Collection::Send { days: 30 };

impl World {
    /// The folder is restored from a copy that was made some time ago. What came in since comes in again, before or after
    /// what Stripe has is taken over.
    pub fn restore_older(&self) {
        let length = self.journal.borrow().len() as u64;
        // Those who pay were listed before anything was copied.
        let later = length - self.founded.get() as u64;
        self.restore(length - self.dice.below(1 + later.min(60)), self.dice.below(2) == 0);
    }

    /// The same from the copy that has so many records.
    pub fn restore(&self, records: u64, is_told_first: bool) {
        // Nobody takes over what may still be under way.
        self.arrive();
        let lost = self.lost(records as usize);
        self.book.replace(self.replayed());
        if is_told_first {
            lost.iter().for_each(|entry| self.tell_again(entry));
        }
        self.order(What::Adopt(format!("b{}", self.now.get()).into()));
        self.adopt();
        if !is_told_first {
            lost.iter().for_each(|entry| self.tell_again(entry));
        }
    }

    /// Cuts the journal off after so many records, and tells what came after.
    pub(super) fn lost(&self, records: usize) -> Vec<Entry<'static>> {
        let book = self.book.borrow();
        let lost = self.journal.borrow_mut().split_off(records);
        self.end.set(self.journal.borrow().iter().map(|bytes| bytes.len() as u64).sum());
        let entry = |bytes: Vec<u8>| {
            let (_, content) = record::split(&bytes).unwrap();
            record::decode(content, |number| book.roll().name(number)).unwrap()
        };
        lost.into_iter().map(entry).collect()
    }

    /// What engines and operators do once more; what became of bills is gone.
    pub(super) fn tell_again(&self, entry: &Entry<'static>) {
        match entry {
            Entry::Event(event) => {
                self.enrol(record::names(event).into_iter().flatten());
                let place = self.write(entry);
                self.book.borrow_mut().post(event, place);
            }
            Entry::Order(order, _) if matches!(order.what, What::List(_) | What::Reverse(_)) => {
                self.order(order.what.clone());
            }
            _ => {}
        }
    }

    /// What the biller does when he is told to take over what Stripe has.
    pub(super) fn adopt(&self) {
        self.sandbox.borrow_mut().set_faults(Faults::NONE);
        let walk = Walk { desk: self, stripe: self };
        let bills = || self.book.borrow().bills().clone();
        let take_over = |found: Found| {
            let adopted = now(walk.adopt(found)).unwrap();
            assert_eq!(adopted, Ok(()), "{}: it is taken over", self.dice);
        };
        let zone = name("Europe/Rome");
        let look_at = |bill: &Arc<Bill>| {
            let looked = now(walk.look_at(bill)).unwrap();
            assert!(!matches!(looked, Err(Rest::Unsure(_))), "{}: {looked:?}", self.dice);
        };
        let known = bills();
        known.all().iter().for_each(look_at);
        for invoice in now(unknown::<Invoice>(self, &self.house(), &bills(), None)).unwrap() {
            let found = found(&invoice, &Books::of(&self.book.borrow()), zone, false);
            take_over(found);
        }
        bills().all()[known.len()..].iter().for_each(look_at);
        for note in now(unknown_notes(self, &self.house(), &bills(), None)).unwrap() {
            let found = found_note(&note, &Books::of(&self.book.borrow()), zone, false);
            take_over(found);
        }
        assert!(now(unknown::<Invoice>(self, &self.house(), &bills(), None)).unwrap().is_empty());
        assert!(now(unknown_notes(self, &self.house(), &bills(), None)).unwrap().is_empty());
    }
}

#[test]
fn what_was_billed_after_a_copy_was_made_is_never_billed_again() {
    for seed in 0..60 {
        let wild = Wild(Wild::RESTORES.0 | Wild::IMAGES.0 | Wild::TAXES.0 | Wild::YEN.0);
        if let Err(why) = live_wild(seed, 60, Mistake::None, wild) {
            panic!("world {seed}: {why}");
        }
    }
}

#[test]
fn a_restored_folder_takes_over_invoices_with_the_rows_that_it_still_has() {
    let world = quiet(SENT, Tax::None);
    world.earn_of(ADA, 20_000_000, "forno");
    let records = world.journal.borrow().len() as u64;
    world.round();
    world.pay_all();
    assert_eq!(world.sandbox.borrow().invoices().count(), 1);
    world.restore(records, true);
    let adopted = bill(&world, 1);
    assert_eq!((adopted.seen.status, adopted.drawn.total, adopted.rows.len()), (Status::Paid, 2000, 1));
    assert_eq!(adopted.drawn.rest.0, 0, "all of it is explained");
    world.earn_of(ADA, 30_000_000, "forno");
    world.settle();
    world.faults().unwrap();
    assert_eq!(bill(&world, 2).drawn.total, 3000);
    assert_ne!(bill(&world, 2).drawn.mark, "f01d-2", "its bills go by another name");
}

#[test]
fn what_a_restored_folder_does_not_know_of_lowers_the_next_invoice_as_a_line() {
    let world = quiet(SENT, Tax::None);
    let records = world.journal.borrow().len() as u64;
    world.earn_of(ADA, 20_004_000, "forno");
    world.round();
    world.pay_all();
    world.restore(records, false);
    let adopted = bill(&world, 1);
    assert_eq!((adopted.rows.len(), adopted.drawn.rest.0), (0, -20_000_000));
    world.earn_of(ADA, 30_000_000, "forno");
    world.settle();
    world.faults().unwrap();
    assert_eq!((bill(&world, 2).drawn.total, bill(&world, 2).drawn.rest.0), (3000, 4000));
    let lines = now(world.lines(&bill(&world, 2))).unwrap();
    assert!(lines.iter().any(|line| line.amount == -2000 && line.count == 0), "{lines:?}");
}

#[test]
fn what_was_made_in_the_place_of_a_bill_takes_its_place_again() {
    // The copies are of before it was drawn, called off, let go, called off again, and let go again.
    let places = [None, Some(BillNo(1)), Some(BillNo(1)), Some(BillNo(2)), Some(BillNo(2))];
    for (copy, place) in places.into_iter().enumerate() {
        let world = quiet(SENT, Tax::None);
        let mut copies = Vec::new();
        let copied = |copies: &mut Vec<u64>| copies.push(world.journal.borrow().len() as u64);
        world.earn_of(ADA, 20_004_000, "forno");
        copied(&mut copies);
        world.round();
        for no in [BillNo(1), BillNo(2)] {
            copied(&mut copies);
            world.order(What::Cancel(no));
            world.round();
            copied(&mut copies);
            world.order(What::Rebill(no));
            world.round();
        }
        world.pay_all();
        world.settle();
        world.restore(copies[copy], true);
        let last = world.book.borrow().bills().iter().next_back().unwrap().clone();
        assert_eq!((last.seen.status, last.drawn.total, last.rows.len()), (Status::Paid, 2000, 1), "{copy}");
        assert_eq!(last.drawn.reissues, place, "{copy}");
        assert_eq!(last.drawn.rest.0, 4000, "nothing is owed beside it, and nothing lowers what comes next");
        world.earn_of(ADA, 30_000_000, "forno");
        world.settle();
        world.faults().unwrap();
        assert_eq!(world.book.borrow().bills().iter().next_back().unwrap().drawn.total, 3000);
    }
}

#[test]
fn what_was_made_in_the_place_of_a_bill_that_the_book_has_as_never_sent_takes_its_place() {
    let world = quiet(SENT, Tax::None);
    world.earn_of(ADA, 20_000_000, "forno");
    world.dies_in.set(Some(1));
    assert!(world.try_round().is_err());
    world.dies_in.set(None);
    let records = world.journal.borrow().len() as u64;
    assert_eq!((bill(&world, 1).seen.status, world.sandbox.borrow().invoices().count()), (Status::Absent, 0));
    world.order(What::Cancel(BillNo(1)));
    world.round();
    world.order(What::Rebill(BillNo(1)));
    world.round();
    world.restore(records, true);
    assert_eq!(bill(&world, 2).drawn.reissues, Some(BillNo(1)));
    world.settle();
    world.faults().unwrap();
    let all: Vec<&str> = world.sandbox.borrow().invoices().map(|invoice| invoice.status).collect();
    assert_eq!(all, ["paid"]);
}

#[test]
fn an_invoice_of_nobody_on_the_list_is_not_taken_over() {
    let world = quiet(SENT, Tax::None);
    world.earn_of(ADA, 20_000_000, "forno");
    world.round();
    let book = rialto::ledger::book::Book::default();
    let unknown: Vec<Invoice> = now(unknown(&world, &world.house(), book.bills(), None)).unwrap();
    let nobody = found(&unknown[0], &Books::of(&book), name("Europe/Rome"), false);
    assert!(matches!(nobody, Found::Nobody), "{nobody:?}");
}

#[test]
fn a_draft_that_only_stripe_has_is_deleted_and_a_void_one_is_let_be() {
    let world = quiet(SENT, Tax::None);
    let records = world.journal.borrow().len() as u64;
    for mark in ["f01d-1", "f01d-2"] {
        let customer = world.book.borrow().payers().listed()[0].customer.unwrap();
        let form = format!(
            "customer={}&currency=eur&collection_method=send_invoice&days_until_due=30&metadata[rialto_bill]={mark}",
            customer.as_str()
        );
        let reply = world.by_hand(Method::Post, "/v1/invoices", &form);
        if mark == "f01d-2" {
            let id = world.id_of(&reply);
            let line = "lines[0][amount]=100&lines[0][description]=by+hand";
            world.by_hand(Method::Post, &format!("/v1/invoices/{id}/add_lines"), line);
            world.by_hand(Method::Post, &format!("/v1/invoices/{id}/finalize"), "");
            world.by_hand(Method::Post, &format!("/v1/invoices/{id}/void"), "");
        }
    }
    world.restore(records, true);
    let left: Vec<&str> = world.sandbox.borrow().invoices().map(|invoice| invoice.status).collect();
    assert_eq!(left, ["void"]);
    assert!(world.book.borrow().bills().get(BillNo(1)).is_none());
    world.faults().unwrap();
}
