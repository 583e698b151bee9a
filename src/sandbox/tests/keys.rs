//! A call with a key has one effect, whatever goes wrong on its way.

use super::*;

fn make(key: &str, form: &str) -> Call {
    call(Method::Post, "/v1/customers", form, Some(key))
}

#[test]
fn a_call_with_a_key_is_answered_once_and_then_told_again() {
    let mut desk = Desk::new();
    let first = desk.ask(&make("k", "name=A&email=a@example.org"));
    let state = format!("{:?}", desk.sandbox.world);
    for form in ["name=A&email=a@example.org", "email=a@example.org&name=A"] {
        let again = desk.ask(&make("k", form));
        assert!(again.is_replayed);
        assert_eq!((again.status, &again.body), (200, &first.body));
    }
    assert_eq!(format!("{:?}", desk.sandbox.world), state);
}

#[test]
fn a_key_is_good_for_one_call_only() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    desk.ask(&make("k", "name=A"));
    for call in [
        make("k", "name=B"),
        make("k", ""),
        call(Method::Post, "/v1/invoices", "name=A", Some("k")),
        call(Method::Post, &format!("/v1/customers/{customer}"), "name=A", Some("k")),
    ] {
        let reply = desk.ask(&call);
        assert_eq!(reply.status, 400);
        assert!(reply.body.contains("idempotency_error"), "{}", reply.body);
    }
}

#[test]
fn a_key_is_forgotten_after_a_day() {
    let mut desk = Desk::new();
    let first = desk.ask(&make("k", "name=A"));
    desk.now += DAY - 1;
    assert!(desk.ask(&make("k", "name=A")).is_replayed);
    desk.now += 1;
    let late = desk.ask(&make("k", "name=A"));
    assert!(!late.is_replayed);
    assert_ne!(late.body, first.body);
    assert_eq!(desk.sandbox.customers(), 2);
}

#[test]
fn what_was_refused_before_it_began_may_be_put_right_under_the_same_key() {
    let mut desk = Desk::new();
    assert_eq!(desk.ask(&make("k", "nmae=A")).status, 400);
    assert_eq!(desk.ask(&make("k", "name=A")).status, 200);
}

#[test]
fn what_was_refused_after_it_began_is_refused_again() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.open(&customer, &[1_000]);
    let send = call(Method::Post, &format!("/v1/invoices/{invoice}/send"), "", Some("k"));
    assert_eq!(desk.ask(&send).status, 400);
    desk.post(&format!("/v1/customers/{customer}"), "email=a@example.org");
    let again = desk.ask(&send);
    assert_eq!((again.status, again.is_replayed, again.should_retry), (400, true, Some(false)));
}

#[test]
fn reading_takes_no_notice_of_keys() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let read = call(Method::Get, &format!("/v1/customers/{customer}"), "", Some("k"));
    desk.ask(&read);
    desk.post(&format!("/v1/customers/{customer}"), "name=new");
    let again = desk.ask(&read);
    assert!(!again.is_replayed);
    assert!(again.body.contains("new"));
}

#[test]
fn each_fault_has_the_effect_and_leaves_the_memory_that_it_says() {
    const ALWAYS: u32 = 1_000;
    let none = Faults::NONE;
    // (fault, status or nothing where it is lost, whether it has an effect, whether the key remembers)
    let cases = [
        (Faults { lost_before: ALWAYS, ..none }, None, false, false),
        (Faults { lost_after: ALWAYS, ..none }, None, true, true),
        (Faults { limited: ALWAYS, ..none }, Some(429), false, false),
        (Faults { lock_timeout: ALWAYS, ..none }, Some(429), false, true),
        (Faults { conflict: ALWAYS, ..none }, Some(409), false, false),
        (Faults { error_before: ALWAYS, ..none }, Some(500), false, true),
        (Faults { error_after: ALWAYS, ..none }, Some(500), true, true),
        (Faults { slow: ALWAYS, ..none }, Some(200), true, true),
    ];
    for (faults, status, has_effect, is_remembered) in cases {
        let mut desk = Desk::new();
        desk.sandbox.set_faults(faults);
        let outcome = desk.sandbox.call(&make("k", "name=A"), START);
        let reply = match outcome {
            Outcome::Answered { reply, after_ms } => {
                assert_eq!(1_000 <= after_ms, faults.slow != 0);
                Some(reply)
            }
            Outcome::Lost => None,
        };
        assert_eq!(reply.as_ref().map(|reply| reply.status), status, "{faults:?}");
        assert_eq!(desk.sandbox.customers() == 1, has_effect, "{faults:?}");
        desk.sandbox.set_faults(none);
        let again = desk.ask(&make("k", "name=A"));
        assert_eq!(again.is_replayed, is_remembered, "{faults:?}");
        match (is_remembered, reply) {
            (true, Some(reply)) => assert_eq!((again.status, again.body), (reply.status, reply.body), "{faults:?}"),
            _ => assert_eq!(again.status, 200, "{faults:?}"),
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_sandbox() {
    let lived = |seed| {
        let mut sandbox = Sandbox::new(seed);
        sandbox.set_faults(Faults::ROUGH);
        let mut told = Vec::new();
        for turn in 0..200 {
            let form = format!("name={turn}&email=a{turn}@example.org");
            told.push(format!("{:?}", sandbox.call(&make(&turn.to_string(), &form), START + turn)));
            told.push(format!("{:?}", sandbox.due(START + turn)));
        }
        told
    };
    assert_eq!(lived(7), lived(7));
    assert_ne!(lived(7), lived(8));
}
