//! Traps: what goes wrong between a biller and Stripe, one by one, and what holds all the same.

use std::cell::Cell;

use rialto::billing::asks::{self, Words};
use rialto::billing::books::Books;
use rialto::billing::call::{Call, Method, Reply};
use rialto::billing::outlook::outlook;
use rialto::billing::papers::Paper;
use rialto::billing::plan::plan;
use rialto::billing::walk::Unsure;
use rialto::disk::{Files, Shelf};
use rialto::domain::bills::{
    Amounts, Attempt, BillNo, Deed, Fault, Outcome as Came, Refusal, Refused, Sight, Status, Step, Takings,
};
use rialto::domain::money::Currency;
use rialto::domain::names::Name;
use rialto::domain::orders::What;
use rialto::domain::payers::{Collection, Payer, Tax};
use rialto::domain::tariff::RuleId;
use rialto::domain::time::Moment;
use rialto::ledger::accounts::{Balances, Kind};
use rialto::ledger::bill::Bill;
use rialto::ledger::entry::Entry;
use rialto::ledger::roll::NameNo;
use rialto::sandbox::Faults;
use rialto::snapshot::{self, Image};

use super::world::{Mistake, World, apart};
use crate::scribe::name;

const DAY: i64 = 24 * 3600 * 1_000_000;
pub(super) const ADA: &str = "Ada";

/// A world in which nothing goes wrong by itself, and Ada is charged, or sent her invoices, without tax.
pub(super) fn quiet(collection: Collection, tax: Tax) -> World {
    let world = World::new(7, Mistake::None);
    world.sandbox.borrow_mut().set_faults(Faults::NONE);
    terms(&world, collection, tax, None);
    world
}

pub(super) fn terms(world: &World, collection: Collection, tax: Tax, customer: Option<&str>) {
    let listed = world.book.borrow().payers().listed();
    let known = listed.iter().find(|listed| listed.id == name(ADA)).unwrap().customer;
    let customer = customer.map_or(known, Name::new);
    world.order(What::List(Payer { customer, collection, tax, ..Payer::new(name(ADA)) }));
}

fn sent() -> World {
    quiet(Collection::Send { days: 30 }, Tax::None)
}

fn charged() -> World {
    quiet(Collection::Charge, Tax::None)
}

pub(super) fn bill(world: &World, number: u32) -> Bill {
    world.book.borrow().bills().get(BillNo(number)).unwrap().clone()
}

pub(super) fn invoice(world: &World, number: u32) -> String {
    bill(world, number).seen.invoice.unwrap().to_string()
}

pub(super) fn status(world: &World, invoice: &str) -> &'static str {
    world.sandbox.borrow().invoice(invoice).map_or("none", |invoice| invoice.status)
}

fn lost() -> Option<Result<Reply, Unsure>> {
    Some(Err(Unsure { why: "lost".into(), after: None, is_shut: false }))
}

fn told(status: u16, code: &str) -> Option<Result<Reply, Unsure>> {
    let body = format!(r#"{{"error":{{"code":"{code}","type":"invalid_request_error"}}}}"#);
    Some(Ok(Reply { status, body, is_replayed: true, should_retry: Some(false), retry_after_s: None }))
}

/// The first so many calls that are meant are answered so.
fn snare(world: &World, times: u32, is_meant: fn(&Call) -> bool, answer: fn() -> Option<Result<Reply, Unsure>>) {
    let left = Cell::new(times);
    world.snare.replace(Some(Box::new(move |_, call| {
        if !is_meant(call) || left.get() == 0 {
            return None;
        }
        left.set(left.get() - 1);
        answer()
    })));
}

fn days(world: &World, days: u32) {
    for _ in 0..days {
        world.round();
        world.deliver();
        world.pass(DAY);
    }
}

// The walk.

#[test]
fn what_has_a_fault_is_not_finalised() {
    let world = sent();
    world.earn_of(ADA, 20_000_000, "forno");
    snare(&world, 1, |call| call.path.ends_with("/finalize"), lost);
    world.round();
    let id = invoice(&world, 1);
    assert_eq!(status(&world, &id), "draft");
    world.by_hand(
        Method::Post,
        &format!("/v1/invoices/{id}/add_lines"),
        "lines[0][amount]=9900&lines[0][description]=x",
    );
    world.round();
    println!("{:?}", bill(&world, 1).fault());
    assert_eq!(status(&world, &id), "draft", "a look found other lines, and it was finalised all the same");
}

#[test]
fn lines_that_were_read_long_ago_are_read_again_before_they_are_finalised() {
    let world = sent();
    world.earn_of(ADA, 20_000_000, "forno");
    snare(&world, 1, |call| call.path.ends_with("/finalize"), || told(429, "lock_timeout"));
    world.round();
    let id = invoice(&world, 1);
    assert_eq!(status(&world, &id), "draft");
    // Within the minute until it is tried again; its webhook is late.
    world.by_hand(
        Method::Post,
        &format!("/v1/invoices/{id}/add_lines"),
        "lines[0][amount]=9900&lines[0][description]=x",
    );
    world.pass(DAY);
    world.round();
    assert_eq!(status(&world, &id), "draft", "{:?}", bill(&world, 1).fault());
}

#[test]
fn what_was_called_off_is_not_charged() {
    let world = charged();
    world.earn_of(ADA, 20_000_000, "forno");
    snare(&world, 1, |call| call.path.ends_with("/pay"), lost);
    world.round();
    let id = invoice(&world, 1);
    world.order(What::Cancel(BillNo(1)));
    days(&world, 3);
    assert_eq!(status(&world, &id), "void", "the customer was charged after the operator had called it off");
}

#[test]
fn a_customer_who_is_none_is_no_bill_for_ever() {
    let world = sent();
    terms(&world, Collection::Send { days: 30 }, Tax::None, Some("cus_mistyped"));
    world.earn_of(ADA, 20_000_000, "forno");
    days(&world, 10);
    world.order(What::Cancel(BillNo(1)));
    days(&world, 30);
    let bill = bill(&world, 1);
    assert!(bill.is_dead(), "forty days later: {:?}", bill.way);
}

#[test]
fn lines_that_somebody_took_away_are_not_added_again() {
    let world = sent();
    world.earn_of(ADA, 20_000_000, "forno");
    snare(&world, 1, |call| call.method == Method::Get && call.path.ends_with("/lines"), lost);
    world.round();
    let id = invoice(&world, 1);
    let items: Vec<String> =
        world.sandbox.borrow().invoice(&id).unwrap().lines.iter().map(|line| line.item.to_owned()).collect();
    assert_eq!(items.len(), 1);
    world.by_hand(Method::Delete, &format!("/v1/invoiceitems/{}", items[0]), "");
    world.look_after();
    assert_eq!(bill(&world, 1).fault(), Some(Fault::Lines));
    let before = world.calls.borrow().len();
    world.look_after();
    world.look_after();
    let keys: Vec<String> = world.calls.borrow()[before..].iter().filter_map(|call| call.key.clone()).collect();
    assert_eq!(bill(&world, 1).fault(), Some(Fault::Lines), "the fault is forgotten");
    assert!(keys.is_empty(), "keys that were used are used again: {keys:?}");
}

#[test]
fn that_there_are_two_invoices_is_not_forgotten() {
    let world = sent();
    world.earn_of(ADA, 20_000_000, "forno");
    snare(&world, 1, |call| call.method == Method::Post && call.path == "/v1/invoices", lost);
    world.round();
    let customer = bill(&world, 1).drawn.payer.customer.unwrap();
    for _ in 0..2 {
        let form = format!(
            "customer={}&currency=eur&collection_method=send_invoice&days_until_due=30&metadata[rialto_bill]={}",
            customer.as_str(),
            world.house().mark(BillNo(1))
        );
        world.by_hand(Method::Post, "/v1/invoices", &form);
    }
    // The clock of a moment before, so that both are found.
    world.round();
    assert_eq!(bill(&world, 1).fault(), Some(Fault::Two));
    world.look_after();
    days(&world, 2);
    assert_eq!(bill(&world, 1).fault(), Some(Fault::Two), "{:?}", bill(&world, 1).seen);
}

#[test]
fn what_has_a_fault_can_be_called_off() {
    let world = sent();
    let form = "display_name=IVA&percentage=22&inclusive=true";
    let rate = world.id_of(&world.by_hand(Method::Post, "/v1/tax_rates", form));
    terms(&world, Collection::Send { days: 30 }, Tax::Rates([Name::new(&rate), None, None, None, None]), None);
    world.earn_of(ADA, 20_000_000, "forno");
    days(&world, 2);
    let id = invoice(&world, 1);
    println!("{} with {:?}", status(&world, &id), bill(&world, 1).fault());
    world.order(What::Cancel(BillNo(1)));
    days(&world, 5);
    world.look_after();
    assert!(bill(&world, 1).is_dead(), "{:?} {:?}", bill(&world, 1).way, bill(&world, 1).seen);
}

#[test]
fn a_rate_that_is_in_the_price_is_found_before_anything_is_finalised() {
    let world = sent();
    let form = "display_name=IVA&percentage=22&inclusive=true";
    let rate = world.id_of(&world.by_hand(Method::Post, "/v1/tax_rates", form));
    terms(&world, Collection::Send { days: 30 }, Tax::Rates([Name::new(&rate), None, None, None, None]), None);
    world.earn_of(ADA, 20_000_000, "forno");
    days(&world, 2);
    assert_eq!(status(&world, &invoice(&world, 1)), "draft", "{:?}", bill(&world, 1).fault());
}

#[test]
fn what_happens_to_a_faulty_invoice_is_looked_at_when_it_is_told() {
    let world = sent();
    let form = "display_name=IVA&percentage=22&inclusive=true";
    let rate = world.id_of(&world.by_hand(Method::Post, "/v1/tax_rates", form));
    terms(&world, Collection::Send { days: 30 }, Tax::Rates([Name::new(&rate), None, None, None, None]), None);
    world.earn_of(ADA, 20_000_000, "forno");
    days(&world, 2);
    let id = invoice(&world, 1);
    world.by_hand(Method::Delete, &format!("/v1/invoices/{id}"), "");
    days(&world, 5);
    assert!(bill(&world, 1).is_dead(), "{:?}", bill(&world, 1).way);
}

#[test]
fn a_payment_that_stripe_was_too_busy_for_is_tried_again() {
    let world = charged();
    world.earn_of(ADA, 20_000_000, "forno");
    snare(&world, 4, |call| call.path.ends_with("/pay"), || told(429, "lock_timeout"));
    days(&world, 60);
    let id = invoice(&world, 1);
    assert_eq!(status(&world, &id), "paid", "{:?}", bill(&world, 1).way);
}

// Requests.

struct Long;

impl Words for Long {
    fn name(&self, _: NameNo) -> Option<Name> {
        Name::new(&"\u{6f22}".repeat(42))
    }

    fn rule(&self, _: RuleId) -> &'static str {
        "paid_service"
    }
}

#[test]
fn lines_of_long_names_fit_what_is_written_down() {
    let world = sent();
    for number in 0..100 {
        world.earn_of(ADA, 1_000_000, &format!("shop{number}"));
    }
    snare(&world, 1, |call| call.path.ends_with("/add_lines"), lost);
    world.round();
    let bill = bill(&world, 1);
    let lines = {
        let book = world.book.borrow();
        rialto::billing::draw::lines_of(&bill, &Books::of(&book), &world.calendar).unwrap()
    };
    let ask = asks::ask(&bill, Step::Lines(0), &lines, None, &Long);
    println!("{} bytes in {} lines", ask.form.len(), lines.len());
    assert!(ask.path.len() + ask.form.len() <= 60_000, "{} bytes are refused for ever", ask.form.len());
}

#[test]
fn what_is_more_than_stripe_charges_at_once_is_not_one_invoice() {
    let world = sent();
    for _ in 0..3 {
        world.earn_of(ADA, 400_000_000_000, "forno");
    }
    for _ in 0..40 {
        let dead: Vec<BillNo> = {
            let book = world.book.borrow();
            let dead = book.bills().iter().filter(|bill| bill.is_dead() && !bill.way.is_released);
            dead.map(|bill| bill.no).collect()
        };
        dead.into_iter().for_each(|no| world.order(What::Rebill(no)));
        days(&world, 1);
        world.pay_all();
    }
    let collected = world.book.borrow().bills().collected(Currency::EUR).0;
    assert_eq!(collected, 1_200_000_000_000, "after {} bills", world.book.borrow().bills().len());
}

// What is told.

#[test]
fn what_came_to_nothing_is_open_no_more() {
    let world = sent();
    world.earn_of(ADA, 20_000_000, "forno");
    snare(&world, 1, |call| call.path.ends_with("/finalize"), lost);
    world.round();
    world.order(What::Cancel(BillNo(1)));
    days(&world, 3);
    assert!(bill(&world, 1).is_dead());
    let open: Vec<BillNo> = world.book.borrow().bills().open().map(|bill| bill.no).collect();
    assert!(open.is_empty(), "{open:?} is for ever looked through: {:?}", bill(&world, 1).way);
}

#[test]
fn an_image_of_a_bill_that_was_let_go_is_the_book() {
    let world = sent();
    world.earn_of(ADA, 20_000_000, "forno");
    world.round();
    world.deliver();
    let id = invoice(&world, 1);
    world.by_hand(Method::Post, &format!("/v1/invoices/{id}/void"), "");
    world.look_after();
    assert!(bill(&world, 1).is_dead());
    // It is told after it was looked at.
    for _ in 0..5 {
        world.deliver();
    }
    world.order(What::Rebill(BillNo(1)));
    imaged(&world).unwrap();
}

fn imaged(world: &World) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let aside =
        snapshot::write(&Shelf::from(folder.path()), [1; 16], &Image::take(&world.book.borrow(), 1), || ()).unwrap();
    let (loaded, _) = snapshot::load(&Files, &aside, [1; 16]).unwrap();
    apart(&world.book.borrow(), &loaded, true)
}

#[test]
fn an_event_of_a_bill_that_is_not_ours_yet_does_not_wait_for_ever() {
    let world = sent();
    let customer = world.book.borrow().payers().listed()[0].customer.unwrap();
    let form = format!("customer={}&currency=eur&metadata[rialto_bill]=f01d-99", customer.as_str());
    world.by_hand(Method::Post, "/v1/invoices", &form);
    days(&world, 20);
    let before = world.calls.borrow().len();
    world.round();
    let calls = world.calls.borrow().len() - before;
    let waiting = world.book.borrow().bills().unplaced().count();
    assert_eq!((waiting, calls), (0, 0), "events wait for ever, and each is asked about in every round");
}

#[test]
fn a_refund_that_is_told_is_looked_at() {
    let world = charged();
    world.earn_of(ADA, 20_000_000, "forno");
    days(&world, 3);
    let id = invoice(&world, 1);
    assert_eq!(status(&world, &id), "paid");
    let seconds = world.seconds();
    world.sandbox.borrow_mut().refund(&id, 500, seconds).unwrap();
    days(&world, 4);
    let takings = bill(&world, 1).seen.takings;
    assert_eq!(takings.map(|takings| takings.refunded), Some(500), "the webhook was placed nowhere");
}

#[test]
fn a_plan_tells_of_what_is_billed_again() {
    let world = sent();
    world.earn_of(ADA, 20_000_000, "forno");
    world.round();
    world.order(What::Cancel(BillNo(1)));
    days(&world, 2);
    world.order(What::Rebill(BillNo(1)));
    let book = world.book.borrow();
    let books = Books::of(&book);
    let today = world.calendar.day(Moment(world.now.get()));
    let plan = plan(&books, &world.policy, &mut world.calendar.clone(), today);
    let drawn: i64 = plan.due(name("Europe/Rome")).map(|drawn| drawn.total).sum();
    let outlook = outlook(&plan, book.bills().iter(), &world.policy, None);
    assert_eq!((drawn, outlook[&Currency::EUR].invoiced.0), (2000, 20_000_000));
}

// Deeds.

fn draw_of(world: &World) -> rialto::domain::bills::Drawn {
    world.earn_of(ADA, 20_000_000, "forno");
    let aside = World::new(7, Mistake::None);
    terms(&aside, Collection::Send { days: 30 }, Tax::None, None);
    aside.earn_of(ADA, 20_000_000, "forno");
    aside.round();
    bill(&aside, 1).drawn
}

#[test]
fn a_bill_takes_no_rows_that_are_not_there_yet() {
    let world = sent();
    let mut drawn = draw_of(&world);
    drawn.payer = *world.book.borrow().payers().listed().iter().find(|listed| listed.id == name(ADA)).unwrap();
    drawn.to = u32::MAX;
    let admitted = world.deed(&Deed::Draw(Box::new(drawn)));
    world.earn_of(ADA, 30_000_000, "forno");
    imaged(&world).unwrap_or_else(|why| panic!("{admitted:?}: the image has {why}"));
}

#[test]
fn a_bill_has_no_more_lines_than_an_invoice_takes() {
    let world = sent();
    let mut drawn = draw_of(&world);
    drawn.items = 60_000;
    let admitted = world.deed(&Deed::Draw(Box::new(drawn)));
    assert!(matches!(admitted, Err(Refused::Owed { .. })), "{admitted:?}: {} parts", bill(&world, 1).parts());
}

#[test]
fn what_was_billed_is_not_owed_again_by_who_was_listed_of_old() {
    let world = sent();
    // Without a client: the citizen pays, as long as the business is on no list.
    world.order(What::List(Payer { customer: Name::new("cus_x"), ..Payer::new(name("Lucid")) }));
    world.earn_for_nobody(20_000_000, "forno");
    world.round();
    assert_eq!(world.book.borrow().bills().len(), 1);
    world.enrol([name("forno")]);
    let entry = Entry::Payer(name("forno"), None, rialto::domain::time::Moment(world.seconds() * 1_000_000));
    let place = world.write(&entry);
    let replayed = world.book.borrow_mut().replay(&entry, place);
    let book = world.book.borrow();
    let owed: i128 = book.receivables().all().map(|(_, _, open)| open.sum.0).sum();
    assert_eq!(owed, 0, "{replayed:?}: what is on a bill is owed once more, and the bill has {} rows", {
        book.bills().get(BillNo(1)).unwrap().rows.len()
    });
}

// Accounts.

fn kind(world: &World, kind: Kind) -> i128 {
    Balances::of(&world.book.borrow()).of_kind(kind, Currency::EUR).0
}

#[test]
fn fees_are_of_the_currency_that_they_are_taken_in() {
    let world = charged();
    world.earn_of(ADA, 20_000_000, "forno");
    world.snare.replace(Some(Box::new(|world, call| {
        if call.path != "/v1/charges" {
            return None;
        }
        let mut sandbox = world.sandbox.borrow_mut();
        let rialto::sandbox::Outcome::Answered { mut reply, .. } = sandbox.call(call, world.seconds()) else {
            return None;
        };
        let mut body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        for charge in body["data"].as_array_mut().unwrap() {
            // The account is settled in yen: the fee of 55 cents is 90 yen.
            charge["balance_transaction"]["currency"] = "jpy".into();
            charge["balance_transaction"]["fee"] = 90.into();
        }
        reply.body = body.to_string();
        Some(Ok(reply))
    })));
    days(&world, 2);
    world.look_after();
    assert_eq!(bill(&world, 1).seen.status, Status::Paid);
    assert_ne!(kind(&world, Kind::Fees), 900_000, "90 yen are booked as EUR 0.90");
}

#[test]
fn what_comes_back_is_collected_when_it_comes_back() {
    let world = charged();
    world.earn_of(ADA, 20_000_000, "forno");
    days(&world, 1);
    let id = invoice(&world, 1);
    let seconds = world.seconds();
    world.sandbox.borrow_mut().dispute(&id, seconds).unwrap();
    world.look_after();
    days(&world, 60);
    let seconds = world.seconds();
    world.sandbox.borrow_mut().close_dispute(&id, true, seconds).unwrap();
    world.look_after();
    let book = world.book.borrow();
    let takings = book.bills().takings();
    println!("{takings:#?}");
    assert!(takings.is_sorted_by_key(|taken| taken.at), "it is told as collected two months before");
}

#[test]
fn what_is_void_and_was_paid_in_part_is_on_the_accounts() {
    let world = sent();
    world.earn_of(ADA, 20_000_000, "forno");
    days(&world, 1);
    let amounts = Amounts { total: 2000, tax: 0, paid: 500, remaining: 1500, credited: 0 };
    let takings = Some(Takings { refunded: 0, disputed: 0, fees: 33 });
    let seen = bill(&world, 1).seen;
    world.deed(&Deed::See(BillNo(1), Sight { amounts, takings, ..seen.clone() })).unwrap();
    world.deed(&Deed::See(BillNo(1), Sight { status: Status::Void, amounts, takings, ..seen })).unwrap();
    let collected = world.book.borrow().bills().collected(Currency::EUR).0;
    assert_eq!(kind(&world, Kind::Clearing) + kind(&world, Kind::Fees), collected, "collected, and on no account");
}

#[test]
fn numbers_that_nobody_means_are_no_panic() {
    let body = |total: i64, net: i64, paid: i64, remaining: i64| {
        format!(
            r#"{{"id":"in_1","object":"invoice","status":"open","customer":"cus_1","currency":"eur","livemode":false,
            "total":{total},"total_excluding_tax":{net},"amount_paid":{paid},"amount_remaining":{remaining}}}"#
        )
    };
    for (total, net, paid, remaining) in
        [(i64::MIN, 1, 0, 0), (0, i64::MIN, 0, 0), (i64::MAX, i64::MAX, -5, i64::MIN), (2000, 2000, i64::MIN, 7)]
    {
        let world = sent();
        world.earn_of(ADA, 20_000_000, "forno");
        snare(&world, 1, |call| call.path.ends_with("/finalize"), lost);
        world.round();
        let text = body(total, net, paid, remaining);
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let invoice: rialto::billing::papers::Invoice = serde_json::from_str(&text).unwrap();
            assert_eq!(invoice.sight(&bill(&world, 1).drawn, false), None, "nobody believes that");
        }));
        assert!(done.is_ok(), "{text}");
    }
}

// What should hold, and does.

#[test]
fn an_answer_is_taken_once() {
    let world = sent();
    world.earn_of(ADA, 20_000_000, "forno");
    snare(&world, 1, |call| call.method == Method::Post, lost);
    world.round();
    let attempt = Attempt { step: Step::Create, number: 0 };
    let refusal = || Came::Refused(Refusal { status: 400, code: "x".into() });
    world.deed(&Deed::Answer(BillNo(1), attempt, refusal())).unwrap();
    assert!(world.deed(&Deed::Answer(BillNo(1), attempt, refusal())).is_err());
}
