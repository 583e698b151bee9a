//! What payers have to get back: carried, or given back by credit notes.

use std::cell::Cell;

use rialto::billing::call::Method;
use rialto::billing::policy::Negative;
use rialto::billing::walk::{Desk, Unsure};
use rialto::domain::bills::{BillNo, Status};
use rialto::domain::ids::TransactionId;
use rialto::domain::money::Currency;
use rialto::domain::names::Name;
use rialto::domain::orders::What;
use rialto::domain::payers::{Collection, Tax};
use rialto::ledger::accounts::{Balances, Kind};

use super::seeds::live_wild;
use super::traps::{ADA, bill, invoice, quiet, status, terms};
use super::world::{DAY, Mistake, Wild, World, now};

const SENT: Collection = Collection::Send { days: 30 };

/// A world in which Ada was invoiced two sessions of 20 and 30, of which the second is taken back.
fn taken_back(is_paid: bool) -> World {
    taken_back_in(quiet(SENT, Tax::None), SENT, Tax::None, is_paid)
}

fn taken_back_in(mut world: World, collection: Collection, tax: Tax, is_paid: bool) -> World {
    terms(&world, collection, tax, None);
    world.policy.negative = Negative::CreditNote;
    world.earn_of(ADA, 20_000_000, "forno");
    world.earn_of(ADA, 30_000_000, "forno");
    world.round();
    if is_paid {
        world.pay_all();
        world.look_after();
    }
    world.reverse(TransactionId(2));
    world
}

#[test]
fn what_was_paid_and_is_taken_back_is_refunded_by_a_credit_note() {
    let world = taken_back(true);
    world.round();
    let note = bill(&world, 2);
    assert_eq!((note.drawn.credits, note.drawn.total, note.seen.status), (Some(BillNo(1)), -3000, Status::Paid));
    world.look_after();
    let of = bill(&world, 1);
    assert_eq!((of.seen.status, of.seen.takings.unwrap().refunded, of.collected()), (Status::Paid, 3000, 2000));
    let balances = Balances::of(&world.book.borrow());
    assert_eq!(balances.of_kind(Kind::Unbilled, Currency::EUR).0, 0);
    assert_eq!(
        balances.of_kind(Kind::Clearing, Currency::EUR).0,
        20_000_000 - i128::from(of.seen.takings.unwrap().fees) * 10_000
    );
    world.round();
    assert!(world.book.borrow().bills().get(BillNo(3)).is_none(), "it is given back once");
}

#[test]
fn what_is_still_to_be_paid_is_lowered() {
    let world = taken_back(false);
    world.round();
    world.look_after();
    let of = bill(&world, 1);
    assert_eq!((of.seen.status, of.seen.amounts.remaining, of.seen.amounts.credited), (Status::Open, 2000, 3000));
    world.pay_all();
    world.look_after();
    assert_eq!(bill(&world, 1).collected(), 2000);
    let credited = Balances::of(&world.book.borrow()).of_kind(Kind::Credited, Currency::EUR);
    assert_eq!(credited.0, 0, "what was owed to be taken off was");
}

#[test]
fn what_is_more_than_one_invoice_came_to_is_given_back_by_several_notes() {
    let world = taken_back(true);
    world.round();
    world.look_after();
    world.earn_of(ADA, 40_000_000, "forno");
    world.round();
    world.pay_all();
    world.look_after();
    // 20 are left of the first invoice, and 40 of the second.
    world.reverse(TransactionId(1));
    world.reverse(TransactionId(4));
    world.round();
    world.look_after();
    let notes = [bill(&world, 4), bill(&world, 5)];
    assert_eq!(
        notes.each_ref().map(|note| (note.drawn.credits, note.drawn.total)),
        [(Some(BillNo(3)), -4000), (Some(BillNo(1)), -2000),]
    );
    assert_eq!(notes.map(|note| (note.rows.len(), note.drawn.rest.0)), [(2, -20_000_000), (0, 0)]);
    assert_eq!(Balances::of(&world.book.borrow()).of_kind(Kind::RoundingCarried, Currency::EUR).0, 0);
}

#[test]
fn what_cannot_be_given_back_is_carried_and_lowers_the_next_invoice() {
    // Paid in cash: nothing was charged that could be refunded.
    let world = taken_back(false);
    let path = format!("/v1/invoices/{}/pay", invoice(&world, 1));
    world.by_hand(Method::Post, &path, "paid_out_of_band=true");
    world.look_after();
    for _ in 0..12 {
        world.round();
        world.pass(24 * 3600 * 1_000_000);
    }
    let note = bill(&world, 2);
    assert!(note.is_dead() && note.seen.invoice.is_none(), "{note:#?}");
    world.earn_of(ADA, 50_000_000, "forno");
    world.round();
    assert_eq!(bill(&world, 3).drawn.total, 2000);
    assert_eq!(status(&world, &invoice(&world, 3)), "open");
    assert_eq!(Balances::of(&world.book.borrow()).of_kind(Kind::RoundingCarried, Currency::EUR).0, 0);
}

#[test]
fn what_was_lowered_and_then_voided_is_left_out_of_what_is_billed_in_its_place() {
    let world = taken_back(false);
    world.round();
    world.look_after();
    let _ = world.sandbox.borrow_mut().void(&invoice(&world, 1), world.seconds());
    world.look_after();
    assert!(bill(&world, 1).is_dead() && bill(&world, 2).is_dead());
    world.order(What::Rebill(BillNo(1)));
    world.earn_of(ADA, 55_000_000, "forno");
    world.round();
    assert_eq!((bill(&world, 3).drawn.total, bill(&world, 3).drawn.reissues), (2000, Some(BillNo(1))));
    let lines = now(world.lines(&bill(&world, 3))).unwrap();
    assert!(lines.iter().any(|line| line.amount == -3000 && line.count == 0), "{lines:?}");
    assert_eq!(bill(&world, 4).drawn.total, 5500, "nothing is taken off what was earned besides");
    world.pay_all();
    world.look_after();
    world.faults().unwrap();
}

#[test]
fn where_there_are_taxes_it_is_carried() {
    let world = quiet(SENT, Tax::None);
    let form = "display_name=IVA&percentage=22&inclusive=false";
    let rate = world.by_hand(Method::Post, "/v1/tax_rates", form);
    let rates = Tax::Rates([Name::new(&world.id_of(&rate)), None, None, None, None]);
    let world = taken_back_in(world, SENT, rates, true);
    world.round();
    assert_eq!((bill(&world, 1).seen.amounts.tax, bill(&world, 1).creditable()), (1100, 0));
    assert!(world.book.borrow().bills().get(BillNo(2)).is_none());
    world.earn_of(ADA, 45_000_000, "forno");
    world.round();
    assert_eq!(bill(&world, 2).drawn.total, 1500);
}

fn days(world: &World, days: u32) {
    for _ in 0..days {
        world.round();
        world.deliver();
        world.pass(DAY);
    }
}

/// What was paid, and what of it was given back.
fn paid(world: &World) -> (i64, i64) {
    let totals = world.sandbox.borrow().totals("eur");
    (totals.collected, totals.refunded)
}

#[test]
fn what_was_called_off_and_is_taken_back_is_not_refunded_from_another_invoice() {
    let mut world = quiet(SENT, Tax::None);
    world.policy.negative = Negative::CreditNote;
    world.earn_of(ADA, 50_000_000, "forno");
    world.round();
    world.pay_all();
    world.look_after();
    // The second invoice is wrong.
    world.earn_of(ADA, 30_000_000, "forno");
    world.round();
    world.order(What::Cancel(BillNo(2)));
    days(&world, 2);
    assert_eq!(status(&world, &invoice(&world, 2)), "void");
    world.reverse(TransactionId(2));
    days(&world, 2);
    world.look_after();
    assert_eq!(paid(&world), (5000, 0), "what was never paid is not given back");
    world.order(What::Rebill(BillNo(2)));
    days(&world, 40);
    assert!(world.book.borrow().bills().get(BillNo(3)).is_none(), "all of it was taken back");
    world.faults().unwrap();
}

#[test]
fn what_was_called_off_and_is_taken_back_does_not_lower_the_next_invoice() {
    // Whether it is called off or taken back first makes no difference.
    for is_called_off_first in [true, false] {
        let world = quiet(SENT, Tax::None);
        world.earn_of(ADA, 20_000_000, "forno");
        world.earn_of(ADA, 30_004_000, "forno");
        world.round();
        if is_called_off_first {
            world.order(What::Cancel(BillNo(1)));
            days(&world, 2);
            world.reverse(TransactionId(2));
        } else {
            world.reverse(TransactionId(2));
            world.order(What::Cancel(BillNo(1)));
            days(&world, 2);
        }
        world.earn_of(ADA, 50_000_000, "forno");
        days(&world, 2);
        assert_eq!(bill(&world, 2).drawn.total, 5000, "a charge that was never paid lowers nothing");
        world.order(What::Rebill(BillNo(1)));
        days(&world, 2);
        let again = bill(&world, 3);
        assert_eq!(
            (again.drawn.reissues, again.drawn.total),
            (Some(BillNo(1)), 2000),
            "what was taken back is left out"
        );
        world.pay_all();
        world.look_after();
        world.faults().unwrap();
    }
}

#[test]
fn what_is_taken_back_of_an_invoice_that_is_given_up_lowers_that_one() {
    for negative in Negative::ALL {
        let mut world = quiet(SENT, Tax::None);
        world.policy.negative = negative;
        world.earn_of(ADA, 50_000_000, "forno");
        world.round();
        world.pay_all();
        world.look_after();
        world.earn_of(ADA, 30_000_000, "forno");
        world.round();
        let (id, seconds) = (invoice(&world, 2), world.seconds());
        world.sandbox.borrow_mut().mark_uncollectible(&id, seconds).unwrap();
        world.look_after();
        world.reverse(TransactionId(2));
        days(&world, 2);
        world.look_after();
        assert_eq!(paid(&world), (5000, 0), "of 50 that were owed and paid, none are given back");
        let note = world.book.borrow().bills().get(BillNo(3)).and_then(|note| note.drawn.credits);
        assert_eq!(note, (negative == Negative::CreditNote).then_some(BillNo(2)));
        world.earn_of(ADA, 40_000_000, "forno");
        days(&world, 2);
        let last = world.book.borrow().bills().iter().next_back().unwrap().drawn.total;
        assert_eq!(last, 4000, "and none are taken off what comes next");
        if negative == Negative::Carry {
            // Somebody pays it after all: that is owed the other way.
            world.sandbox.borrow_mut().pay(&id, world.seconds()).unwrap();
            world.look_after();
            world.earn_of(ADA, 45_000_000, "forno");
            days(&world, 2);
            assert_eq!(world.book.borrow().bills().iter().next_back().unwrap().drawn.total, 1500);
        }
        world.pay_all();
        world.look_after();
        world.faults().unwrap();
    }
}

#[test]
fn a_credit_note_that_was_called_off_gives_nothing_back() {
    let world = taken_back(true);
    // It never reaches Stripe.
    let left = Cell::new(true);
    world.snare.replace(Some(Box::new(move |_, call| {
        let is_meant = call.method == Method::Post && call.path == "/v1/credit_notes";
        let lost = || Err(Unsure { why: "lost".into(), after: None, is_shut: false });
        (is_meant && left.replace(false)).then(lost)
    })));
    world.round();
    assert_eq!(bill(&world, 2).seen.status, Status::Absent);
    world.order(What::Cancel(BillNo(2)));
    days(&world, 3);
    world.look_after();
    assert_eq!(paid(&world), (5000, 0));
    assert!(bill(&world, 2).is_dead());
}

#[test]
fn what_was_refunded_by_hand_and_is_taken_back_is_given_back_once() {
    for negative in Negative::ALL {
        let mut world = quiet(SENT, Tax::None);
        world.policy.negative = negative;
        world.earn_of(ADA, 20_000_000, "forno");
        world.earn_of(ADA, 30_000_000, "forno");
        world.round();
        world.pay_all();
        world.sandbox.borrow_mut().refund(&invoice(&world, 1), 3000, world.seconds()).unwrap();
        world.look_after();
        world.reverse(TransactionId(2));
        days(&world, 2);
        world.look_after();
        assert_eq!(paid(&world), (5000, 3000), "what was refunded is not given back once more");
        world.earn_of(ADA, 40_000_000, "forno");
        world.round();
        assert_eq!(bill(&world, 2).drawn.total, 4000, "nor does it lower what comes next");
        world.settle();
        world.faults().unwrap();
    }
}

#[test]
fn in_worlds_where_much_is_taken_back_everything_is_given_back_once() {
    let wild = Wild(Wild::CREDITS.0 | Wild::RESTORES.0 | Wild::IMAGES.0 | Wild::YEN.0 | Wild::ACCOUNTS.0);
    let mut notes = 0;
    for seed in 0..60 {
        match live_wild(seed, 60, Mistake::None, wild) {
            Ok(world) => notes += world.book.borrow().bills().iter().filter(|bill| bill.is_credit()).count(),
            Err(why) => panic!("world {seed}: {why}"),
        }
    }
    assert!(30 <= notes, "hardly anything was given back: {notes} notes");
}
