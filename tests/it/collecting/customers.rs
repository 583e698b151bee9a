//! Customers: each payer is made one, and no other, whatever is lost and however often he is asked for.

use rialto::billing::call::Method;
use rialto::billing::customers::{NoCustomer, Person, customer};
use rialto::billing::marks::PAYER;
use rialto::billing::walk::Unsure;
use rialto::domain::names::Name;
use rialto::sandbox::Faults;
use serde_json::Value;

use super::world::{Mistake, World, now};
use crate::scribe::name;

const HOUR: i64 = 3_600_000_000;

fn ask(world: &World, payer: &str, known: Option<Name>, email: &str) -> Result<Result<Name, NoCustomer>, Unsure> {
    let person = Person::new(name(payer), known, email, Some("Somebody")).unwrap();
    now(customer(world, &world.house(), &person))
}

fn surely(world: &World, payer: &str, known: Option<Name>, email: &str) -> Result<Name, NoCustomer> {
    world.sandbox.borrow_mut().set_faults(Faults::NONE);
    ask(world, payer, known, email).unwrap()
}

/// The customers that carry a payer's mark, the newest first.
fn marked(world: &World, payer: &str) -> Vec<String> {
    let all: Value = serde_json::from_str(&world.by_hand(Method::Get, "/v1/customers", "limit=100").body).unwrap();
    let mark = format!("f01d-{payer}");
    let ours = all["data"].as_array().unwrap().iter().filter(|customer| customer["metadata"][PAYER] == mark.as_str());
    ours.map(|customer| customer["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_payer_is_made_one_customer_whatever_is_lost() {
    let (mut made, mut again) = (0, 0);
    for seed in 0..300 {
        let world = World::new(seed, Mistake::None);
        // Both get their post at one address.
        let mut found = [None, None];
        for _ in 0..40 {
            for (payer, found) in ["Dario", "Elena"].into_iter().zip(&mut found) {
                world.sandbox.borrow_mut().set_faults(Faults::ROUGH);
                match ask(&world, payer, None, "casa@example.org") {
                    Ok(Ok(id)) => {
                        made += 1;
                        assert_eq!(*found.get_or_insert(id), id, "{}", world.dice);
                    }
                    Ok(Err(none)) => panic!("{}: {none}", world.dice),
                    Err(_) => again += 1,
                }
            }
            world.pass(world.dice.below(HOUR as u64) as i64);
            if world.dice.below(3) == 0 {
                world.arrive();
            }
        }
        for (payer, found) in ["Dario", "Elena"].into_iter().zip(found) {
            let marked = marked(&world, payer);
            assert_eq!(marked, [found.unwrap().as_str()], "{}: {payer}", world.dice);
        }
    }
    assert!(1_000 < made && 1_000 < again, "{made} made, {again} times nobody knew");
}

#[test]
fn who_is_a_customer_already_is_made_no_other_one() {
    let world = World::new(1, Mistake::None);
    let first = surely(&world, "Dario", None, "dario@example.org").unwrap();
    assert_eq!(surely(&world, "Dario", Some(first), "dario@example.org"), Ok(first));
    assert_eq!(surely(&world, "Dario", Some(first), "nuovo@example.org"), Err(NoCustomer::Another(first)));
    let by_hand = world.by_hand(Method::Post, "/v1/customers", "email=elena%40example.org");
    let by_hand = name(&world.id_of(&by_hand));
    assert_eq!(surely(&world, "Elena", Some(by_hand), "elena@example.org"), Err(NoCustomer::Another(by_hand)));
    // One of another folder is nobody of ours.
    let ours = surely(&world, "Elena", None, "elena@example.org").unwrap();
    assert_ne!(ours, by_hand);
    assert_eq!((marked(&world, "Dario").len(), marked(&world, "Elena").len()), (1, 1));
}

#[test]
fn who_was_made_another_customer_by_hand_stays_that_one() {
    let world = World::new(1, Mistake::None);
    let first = surely(&world, "Dario", None, "dario@example.org").unwrap();
    let by_hand = world.by_hand(Method::Post, "/v1/customers", "email=dario%40example.org&payment_method=pm_card_visa");
    let by_hand = name(&world.id_of(&by_hand));
    assert_eq!(surely(&world, "Dario", Some(by_hand), "dario@example.org"), Err(NoCustomer::Another(by_hand)));
    assert_eq!(marked(&world, "Dario"), [first.as_str()]);
}

#[test]
fn in_the_place_of_a_customer_who_was_deleted_another_one_is_made() {
    let world = World::new(1, Mistake::None);
    let first = surely(&world, "Dario", None, "dario@example.org").unwrap();
    world.sandbox.borrow_mut().delete_customer(first.as_str(), world.seconds()).unwrap();
    let next = surely(&world, "Dario", Some(first), "dario@example.org").unwrap();
    assert_ne!(next, first);
    assert_eq!(marked(&world, "Dario"), [next.as_str()]);
    assert_eq!(surely(&world, "Dario", Some(first), "dario@example.org"), Ok(next));
}

#[test]
fn a_customer_whom_stripe_does_not_take_is_said_to_be_refused() {
    let world = World::new(1, Mistake::None);
    world.snare.replace(Some(Box::new(|_, call| {
        let body = r#"{"error":{"code":"email_invalid","type":"invalid_request_error"}}"#.to_owned();
        let is_meant = call.method == Method::Post;
        is_meant.then(|| Ok(rialto::billing::call::Reply { status: 400, body, ..Default::default() }))
    })));
    assert_eq!(surely(&world, "Dario", None, "a@b"), Err(NoCustomer::Refused("email_invalid".into())));
}
