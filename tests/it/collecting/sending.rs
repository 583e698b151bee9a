//! Sending: how few calls a bill takes that meets no trouble, and that nothing is overlooked for it.

use rialto::billing::call::Method;
use rialto::billing::events::Event;
use rialto::domain::bills::{BillNo, Status};
use rialto::domain::names::Name;
use rialto::domain::orders::What;
use rialto::domain::payers::{Collection, Payer};
use rialto::sandbox::Faults;
use rialto::stripe::pace::endpoint;

use super::world::{Mistake, PAYERS, World};
use crate::scribe::name;

/// A world in which nothing goes wrong by itself, and everybody is sent his invoices, without tax.
fn quiet() -> World {
    let world = World::new(7, Mistake::None);
    world.sandbox.borrow_mut().set_faults(Faults::NONE);
    for payer in PAYERS {
        let customer = customer(&world, payer);
        let collection = Collection::Send { days: 30 };
        world.order(What::List(Payer { customer: Some(customer), collection, ..Payer::new(name(payer)) }));
    }
    world
}

fn customer(world: &World, payer: &str) -> Name {
    let listed = world.book.borrow().payers().listed();
    listed.iter().find(|listed| listed.id == name(payer)).unwrap().customer.unwrap()
}

fn called(world: &World) -> Vec<String> {
    let calls = world.calls.take();
    let mut called: Vec<String> =
        calls.iter().map(|call| format!("{} {}", call.method.as_str(), endpoint(&call.path))).collect();
    called.sort_unstable();
    called
}

/// What a bill that goes out takes, besides looking for it.
const OUT: [&str; 5] = [
    "GET /v1/invoices/:id/lines",
    "POST /v1/invoices",
    "POST /v1/invoices/:id/add_lines",
    "POST /v1/invoices/:id/finalize",
    "POST /v1/invoices/:id/send",
];

#[test]
fn a_bill_goes_out_with_one_call_of_each_endpoint_and_many_are_looked_for_at_once() {
    let world = quiet();
    PAYERS.into_iter().for_each(|payer| world.earn_of(payer, 20_000_000, "forno"));
    world.round();
    let mut expected: Vec<&str> = OUT.into_iter().flat_map(|call| [call; 3]).chain(["GET /v1/invoices"]).collect();
    expected.sort_unstable();
    assert_eq!(called(&world), expected);
    assert!(world.book.borrow().bills().iter().all(|bill| bill.is_out()));
}

#[test]
fn what_stripe_tells_of_our_own_steps_is_no_news_and_whatever_else_it_tells_is() {
    let world = quiet();
    world.earn_of("Ada", 20_000_000, "forno");
    world.round();
    called(&world);
    world.deliver();
    world.round();
    assert_eq!(called(&world), [""; 0], "all was known");
    assert_eq!(world.book.borrow().bills().told(), 0);
    let invoice = world.book.borrow().bills().get(BillNo(1)).unwrap().seen.invoice.clone().unwrap();
    world.by_hand(Method::Post, &format!("/v1/invoices/{invoice}/void"), "");
    world.deliver();
    world.round();
    assert_eq!(world.book.borrow().bills().get(BillNo(1)).unwrap().seen.status, Status::Void);
}

#[test]
fn a_step_that_this_book_never_asked_for_is_news() {
    let world = quiet();
    world.earn_of("Ada", 20_000_000, "forno");
    let key = |step: &str| format!("rialto-f01d-1-{step}-0");
    let is_own = |key: &str| {
        let object = r#"{"object":{"id":"in_1","object":"invoice","metadata":{"rialto_bill":"f01d-1"}}}"#;
        let request = format!(r#"{{"id":"req_1","idempotency_key":"{key}"}}"#);
        let event = format!(r#"{{"id":"evt_1","type":"invoice.updated","data":{object},"request":{request}}}"#);
        Event::read(event.as_bytes()).unwrap().is_own(world.book.borrow().bills())
    };
    assert!(!is_own(&key("create")), "nothing is drawn");
    // It is drawn, and its maker dies before he asks for anything; what then goes out goes out from a copy.
    world.dies_in.set(Some(1));
    assert!(world.try_round().is_err());
    world.dies_in.set(None);
    assert_eq!(world.book.borrow().bills().len(), 1);
    assert!(!is_own(&key("create")));
    world.round();
    for step in ["create", "lines0", "finalise", "send"] {
        assert!(is_own(&key(step)), "{step}");
        assert!(!is_own(&key(step).replace("f01d", "0ther")), "{step}");
    }
    for other in ["lines1", "pay", "void", "credit", "customer", ""] {
        assert!(!is_own(&key(other)), "{other}");
    }
    let old = r#"{"id":"evt_1","type":"invoice.paid","data":{"object":{}},"request":"req_1"}"#;
    assert!(!Event::read(old.as_bytes()).unwrap().is_own(world.book.borrow().bills()));
}

#[test]
fn what_a_later_copy_made_is_found_where_many_are_looked_for_at_once() {
    let world = quiet();
    PAYERS.into_iter().for_each(|payer| world.earn_of(payer, 20_000_000, "forno"));
    // All are drawn, and none is asked for.
    world.dies_in.set(Some(5));
    assert!(world.try_round().is_err());
    world.dies_in.set(None);
    assert_eq!(world.book.borrow().bills().len(), 3);
    // One of them was made by a copy, whose keys nobody knows any more.
    let form = format!("customer={}&currency=eur&metadata[rialto_bill]=f01d-2", customer(&world, "Bruno").as_str());
    let made = world.id_of(&world.by_hand(Method::Post, "/v1/invoices", &form));
    world.round();
    let book = world.book.borrow();
    let bruno = book.bills().iter().find(|bill| bill.drawn.payer.id == name("Bruno")).unwrap();
    assert_eq!((bruno.no, bruno.seen.invoice.as_deref()), (BillNo(2), Some(made.as_str())));
    assert_eq!(world.sandbox.borrow().invoices().count(), 3);
}
