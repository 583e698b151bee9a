//! What a restored folder takes over: what was called off, was never sent, has lines of others, or comes to more or less
//! than the folder knows.

use std::cell::Cell;

use rialto::billing::adopt::{Found, found, unknown};
use rialto::billing::books::Books;
use rialto::billing::call::Method;
use rialto::billing::papers::Invoice;
use rialto::billing::policy::Negative;
use rialto::billing::walk::Unsure;
use rialto::domain::bills::{BillNo, Fault};
use rialto::domain::ids::TransactionId;
use rialto::domain::orders::What;
use rialto::domain::payers::{Collection, Payer, Tax};
use rialto::ledger::entry::Entry;

use super::restoring::SENT;
use super::traps::{ADA, bill, invoice, quiet, terms};
use super::world::{DAY, Wild, World, now};
use crate::scribe::name;

impl World {
    /// The folder is restored from the copy that has so many records, and of what came in since nothing comes in again.
    fn restore_alone(&self, records: u64) -> Vec<Entry<'static>> {
        self.arrive();
        let lost = self.lost(records as usize);
        self.book.replace(self.replayed());
        self.order(What::Adopt(format!("b{}", self.now.get()).into()));
        self.adopt();
        lost
    }

    fn days(&self, days: u32) {
        for _ in 0..days {
            self.round();
            self.deliver();
            self.pass(DAY);
        }
    }

    /// What there is at Stripe: how it stands, what it comes to, and how often it was mailed.
    fn invoices(&self) -> Vec<(&'static str, i64, usize)> {
        let sandbox = self.sandbox.borrow();
        sandbox.invoices().map(|invoice| (invoice.status, invoice.total, invoice.mailed.len())).collect()
    }

    /// Of whom whole amounts are carried since something was taken over.
    fn carried_over(&self) -> Vec<i128> {
        self.book.borrow().bills().carried_over().map(|(_, carried)| carried.0).collect()
    }
}

#[test]
fn what_was_called_off_after_a_copy_was_made_waits_until_somebody_says_so() {
    for is_told_first in [true, false] {
        let world = quiet(SENT, Tax::None);
        let before = world.journal.borrow().len() as u64;
        world.earn_of(ADA, 20_000_000, "forno");
        world.round();
        world.order(What::Cancel(BillNo(1)));
        world.days(7);
        assert_eq!(world.invoices(), [("void", 2000, 1)], "it waits");
        world.restore(before, is_told_first);
        world.days(2);
        assert_eq!(world.invoices(), [("void", 2000, 1)], "and is not sent again");
        world.order(What::Rebill(BillNo(1)));
        world.settle();
        world.faults().unwrap();
        assert_eq!(world.invoices(), [("void", 2000, 1), ("paid", 2000, 1)]);
    }
}

#[test]
fn somebody_elses_line_on_an_invoice_that_is_taken_over_lowers_nothing() {
    let world = quiet(SENT, Tax::None);
    world.earn_of(ADA, 20_000_000, "forno");
    let records = world.journal.borrow().len() as u64;
    // While the call that finalises it is under way.
    let done = Cell::new(false);
    world.snare.replace(Some(Box::new(move |world, call| {
        if call.path.ends_with("/finalize") && !done.replace(true) {
            let id = call.path.split('/').nth(3).unwrap();
            let line = "lines[0][amount]=9900&lines[0][description]=catering";
            world.by_hand(Method::Post, &format!("/v1/invoices/{id}/add_lines"), line);
        }
        None
    })));
    world.round();
    world.round();
    // It is not sent, but its customer has the page.
    world.sandbox.borrow_mut().pay(&invoice(&world, 1), world.seconds()).unwrap();
    world.look_after();
    assert_eq!(world.invoices(), [("paid", 11_900, 0)]);
    world.restore(records, true);
    let adopted = bill(&world, 1);
    assert_eq!((adopted.drawn.total, adopted.drawn.rest.0, adopted.fault()), (2000, 0, Some(Fault::Total)));
    world.earn_of(ADA, 150_000_000, "forno");
    world.days(2);
    assert_eq!(bill(&world, 2).drawn.total, 15_000);
}

#[test]
fn what_is_taken_over_and_was_never_mailed_or_charged_is() {
    for (collection, step, mailed) in [(SENT, "/send", 1), (Collection::Charge, "/pay", 0)] {
        let world = quiet(collection, Tax::None);
        world.earn_of(ADA, 20_000_000, "forno");
        let records = world.journal.borrow().len() as u64;
        let left = Cell::new(true);
        world.snare.replace(Some(Box::new(move |_, call| {
            let lost = || Err(Unsure { why: "lost".into(), after: None, is_shut: false });
            (call.path.ends_with(step) && left.replace(false)).then(lost)
        })));
        world.round();
        assert_eq!(world.invoices(), [("open", 2000, 0)]);
        world.restore(records, true);
        world.days(60);
        world.pay_all();
        assert_eq!(world.invoices(), [("paid", 2000, mailed)]);
        world.look_after();
        world.faults().unwrap();
    }
}

#[test]
fn a_card_that_was_declined_is_left_alone_by_whoever_takes_the_invoice_over() {
    let world = quiet(Collection::Charge, Tax::None);
    let customer = world.book.borrow().payers().listed()[0].customer.unwrap();
    world.sandbox.borrow_mut().fail_cards(customer.as_str(), true).unwrap();
    world.earn_of(ADA, 20_000_000, "forno");
    let records = world.journal.borrow().len() as u64;
    world.round();
    let id = invoice(&world, 1);
    assert_eq!(world.sandbox.borrow().invoice(&id).unwrap().declined.len(), 1);
    world.restore(records, true);
    world.days(30);
    assert_eq!(world.sandbox.borrow().invoice(&id).unwrap().declined.len(), 1);
}

#[test]
fn what_was_taken_back_is_not_invoiced_by_a_folder_that_has_lost_that_before_somebody_asks_for_it() {
    for negative in Negative::ALL {
        let mut world = quiet(SENT, Tax::None);
        world.policy.negative = negative;
        world.earn_of(ADA, 50_000_000, "forno");
        world.earn_of(ADA, 30_000_000, "forno");
        let is_credited = negative == Negative::CreditNote;
        if is_credited {
            world.round();
            world.pay_all();
            world.look_after();
        }
        let records = world.journal.borrow().len() as u64;
        world.reverse(TransactionId(2));
        world.round();
        world.pay_all();
        world.look_after();
        let all = [("paid", if is_credited { 8000 } else { 5000 }, 1)];
        assert_eq!(world.invoices(), all);
        let lost = world.restore_alone(records);
        world.days(40);
        assert_eq!((world.invoices(), world.carried_over()), (all.to_vec(), vec![30_000_000]), "nobody knows why");
        // What was ordered since is ordered again.
        lost.iter().for_each(|entry| world.tell_again(entry));
        world.earn_of(ADA, 40_000_000, "forno");
        world.run();
        assert_eq!(world.invoices().last(), Some(&("open", 4000, 1)));
        assert!(world.carried_over().is_empty());
        world.settle();
        world.faults().unwrap();
    }
}

#[test]
fn what_was_billed_since_is_not_given_back_before_somebody_asks_for_it() {
    let world = quiet(SENT, Tax::None);
    let records = world.journal.borrow().len() as u64;
    world.earn_of(ADA, 20_000_000, "forno");
    world.round();
    world.pay_all();
    // Its engine has a receipt for it, and does not hand it in again.
    let lost = world.restore_alone(records);
    world.earn_of(ADA, 30_000_000, "forno");
    world.days(60);
    assert_eq!((world.invoices(), world.carried_over()), (vec![("paid", 2000, 1)], vec![-20_000_000]));
    // It survives a restart.
    world.restart();
    world.days(2);
    assert_eq!(world.invoices().len(), 1);
    lost.iter().for_each(|entry| world.tell_again(entry));
    world.run();
    world.settle();
    world.faults().unwrap();
    assert_eq!(world.invoices(), [("paid", 2000, 1), ("paid", 3000, 1)]);
}

#[test]
fn whoever_asks_for_a_run_vouches_for_what_is_carried_also_where_nothing_comes_of_it() {
    let world = quiet(SENT, Tax::None);
    let records = world.journal.borrow().len() as u64;
    world.earn_of(ADA, 20_000_000, "forno");
    world.round();
    world.pay_all();
    let lost = world.restore_alone(records);
    lost.iter().for_each(|entry| world.tell_again(entry));
    assert_eq!(world.carried_over(), [-20_000_000]);
    world.run();
    assert_eq!((world.invoices().len(), world.carried_over()), (1, vec![]));
    world.wild.set(Wild::IMAGES);
    world.restart();
    world.earn_of(ADA, 30_000_000, "forno");
    world.days(2);
    assert_eq!(world.invoices(), [("paid", 2000, 1), ("open", 3000, 1)]);
    world.settle();
    world.faults().unwrap();
}

#[test]
fn an_invoice_is_taken_over_for_nobody_where_it_names_another_than_whose_customer_it_is() {
    let world = quiet(SENT, Tax::None);
    let bruno = world.book.borrow().payers().listed().iter().find(|payer| payer.id == name("Bruno")).unwrap().customer;
    world.order(What::List(Payer { customer: bruno, collection: SENT, ..Payer::new(name("Bruno")) }));
    world.earn_of(ADA, 20_000_000, "forno");
    let records = world.journal.borrow().len();
    world.round();
    // Somebody edits it at the dashboard.
    let path = format!("/v1/invoices/{}", invoice(&world, 1));
    world.by_hand(Method::Post, &path, "metadata[rialto_payer]=Bruno");
    drop(world.lost(records));
    world.book.replace(world.replayed());
    let left: Vec<Invoice> = now(unknown(&world, &world.house(), world.book.borrow().bills(), None)).unwrap();
    let nobody = found(&left[0], &Books::of(&world.book.borrow()), name("Europe/Rome"), false);
    assert!(matches!(nobody, Found::Nobody), "{nobody:?}");
    // Nobody else is his customer by now: he became another one, and pays what he was billed.
    world.by_hand(Method::Post, &path, "metadata[rialto_payer]=Ada");
    let another = world.by_hand(Method::Post, "/v1/customers", "email=ada%40example.com");
    terms(&world, SENT, Tax::None, Some(&world.id_of(&another)));
    let left: Vec<Invoice> = now(unknown(&world, &world.house(), world.book.borrow().bills(), None)).unwrap();
    let his = found(&left[0], &Books::of(&world.book.borrow()), name("Europe/Rome"), false);
    assert!(matches!(his, Found::Bill(..)), "{his:?}");
}
