//! Tariffs: which one prices what, and when one is refused.

use std::sync::Arc;

use rialto::clock::Clock;
use rialto::domain::activity::{Outcome, Stated};
use rialto::domain::money::{Currency, Money};
use rialto::domain::orders::What;
use rialto::domain::tariff::{Parts, Tariff, TariffVersion};
use rialto::ledger::entry::Status;
use rialto::ledger::guards::Limits;
use rialto::wiring::Rialto;

use super::{NOON, at, happened, order, refused, rules, start, stop_and_verify, sums, tariff};
use crate::support::{letter, service};

fn messages(version: u16, effective: &str, price: &str) -> String {
    format!(
        "version = {version}\neffective = {effective}\ncurrency = \"EUR\"\n[[rule]]\nname = \"external_message\"\nexternal = true\nprice = {{ {price} }}\n"
    )
}

#[tokio::test]
async fn each_activity_is_priced_by_the_tariff_that_was_in_force_when_it_happened() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let dear = messages(2, "2026-11-03T12:00:00Z", "amount = 1");
    for (text, why) in [
        (messages(2, "2026-11-01T12:00:00Z", "amount = 1"), "still to come"),
        (messages(1, "2026-11-03T12:00:00Z", "amount = 1"), "version 1 is not the next one, which is 2"),
        (messages(3, "2026-11-03T12:00:00Z", "amount = 1"), "version 3 is not the next one, which is 2"),
    ] {
        assert!(refused(order(&rialto, tariff(&text)).await).contains(why), "{why}");
    }
    order(&rialto, tariff(&dear)).await.unwrap();
    let amount = async |rialto: &Rialto, id: &str, at| {
        let receipt = rialto.record(happened(letter(id, "Lucid"), at)).await.unwrap();
        receipt.charge.map(|charge| charge.amount.to_string())
    };
    assert_eq!(amount(&rialto, "recA", at(1)).await.as_deref(), Some("0.10"));
    clock.advance_to(at(30));
    assert_eq!(amount(&rialto, "recB", at(24)).await.as_deref(), Some("1.00"));
    // It comes late: by then another tariff is in force.
    assert_eq!(amount(&rialto, "recC", at(23)).await.as_deref(), Some("0.10"));
    assert_eq!(rialto.tariff().version().0, 2);
    stop_and_verify(rialto, folder.path()).await;
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(amount(&rialto, "recD", at(23)).await.as_deref(), Some("0.10"));
    assert_eq!(amount(&rialto, "recE", at(29)).await.as_deref(), Some("1.00"));
    assert_eq!(rialto.tariffs().all().len(), 2);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn a_tariff_that_is_still_to_come_is_replaced_by_a_later_one_that_begins_sooner() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let rule = [("letters", "external = true\nprice = { amount = 1 }")];
    order(&rialto, rules(2, "2096-12-01T00:00:00Z", &rule)).await.unwrap();
    order(&rialto, rules(3, "2026-12-01T00:00:00Z", &rule)).await.unwrap();
    let tariffs = rialto.tariffs();
    assert_eq!([0, 24 * 40, 24 * 365 * 100].map(|hours| tariffs.at(at(hours)).version().0), [1, 3, 3]);
}

#[tokio::test]
async fn a_rule_for_what_failed_charges_what_failed() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let failed = "type = \"paid_service\"\noutcome = [\"failed\"]\nprice = { amount = 5 }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("no_show", failed)])).await.unwrap();
    let with = |id, outcome| {
        let mut activity = happened(service(id, "Ada", 60), at(0));
        activity.outcome = outcome;
        activity
    };
    rialto.record(with("a", Outcome::Failed)).await.unwrap();
    assert_eq!(sums(&rialto)[1], "5.00");
    rialto.record(with("b", Outcome::Created)).await.unwrap();
    rialto.record(with("b", Outcome::Failed)).await.unwrap();
    assert_eq!(sums(&rialto)[1], "10.00", "first seen as created, its failure is no more than a duplicate");
}

#[tokio::test]
async fn an_event_is_counted_once_whatever_becomes_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let rule = "type = \"paid_service\"\noutcome = [\"in_progress\", \"processed\"]\nprice = { amount = 5, free = 1 }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("service", rule)])).await.unwrap();
    let with = |outcome| {
        let mut activity = happened(service("a", "Ada", 60), at(0));
        activity.outcome = outcome;
        activity
    };
    rialto.record(with(Outcome::InProgress)).await.unwrap();
    rialto.record(with(Outcome::Processed)).await.unwrap();
    assert_eq!(sums(&rialto)[1], "0.00", "the one free event was charged");
}

#[tokio::test]
async fn a_minimum_is_a_minimum_and_a_maximum_a_maximum() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let rule = "type = \"paid_service\"\nprice = { declared = true, minimum = 1, maximum = 100 }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("service", rule)])).await.unwrap();
    for (id, declared, amount, is_held) in [
        ("a", "0.000001", "1.00", false),
        ("b", "0", "1.00", false),
        ("c", "50.5", "50.50", false),
        ("d", "1000000", "100.00", false),
        ("e", "-1", "1.00", true),
        ("f", "1000000.01", "100.00", true),
        ("g", "100000000000000000000", "100.00", true),
    ] {
        let before = rialto.dashboard(Currency::EUR).held;
        let mut activity = happened(service(id, "Ada", 60), at(0));
        activity.declared = Stated::Is(declared.parse().unwrap());
        let charge = rialto.record(activity).await.unwrap().charge.unwrap();
        let held = rialto.dashboard(Currency::EUR).held;
        assert_eq!((charge.amount.to_string().as_str(), held != before), (amount, is_held), "{declared}");
    }
}

#[tokio::test]
async fn an_exact_price_is_never_free_because_its_digits_are_many() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let rule = "type = \"paid_service\"\nprice = { amount = 99.123456789, per = \"hour\", times = \"expertise\" }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("service", rule)])).await.unwrap();
    let mut activity = happened(service("a", "Ada", 60), at(0));
    activity.minutes = Stated::Is("479.333333333333336".parse().unwrap());
    activity.expertise = Stated::Is("9.166666666666667".parse().unwrap());
    let receipt = rialto.record(activity).await.unwrap();
    // 99.123456789 x 479.333333333333336 / 60 x 9.166666666666667, to the millionth.
    assert_eq!(receipt.charge.unwrap().amount, Money::from_millionths(7_258_957_590));
}

#[tokio::test]
async fn a_tariff_that_is_not_what_its_text_says_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let parts = Parts {
        version: TariffVersion(2),
        effective: at(1),
        currency: Currency::EUR,
        listed: Vec::new(),
        rules: Vec::new(),
        text: Arc::from("# made by hand"),
    };
    assert!(
        refused(order(&rialto, What::Tariff(Arc::new(Tariff::new(parts)))).await).contains("another than its text")
    );
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn an_upgrade_that_a_full_book_has_no_room_for_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let dear = "type = \"paid_service\"\nprice = { amount = 1000000, per = \"declared\" }";
    let free = "type = \"paid_service\"\nprice = { amount = 0, per = \"declared\" }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("service", dear)])).await.unwrap();
    order(&rialto, rules(3, "2026-11-02T13:00:00Z", &[("service", free)])).await.unwrap();
    let with = |id: &str, outcome| {
        let mut activity = service(id, "Ada", 60);
        activity.declared = Stated::Is(1_000_000.into());
        activity.outcome = outcome;
        activity
    };
    for id in ["a", "b", "c", "d"] {
        assert!(rialto.record(with(id, Outcome::Processed)).await.unwrap().charge.is_some());
    }
    assert_eq!(rialto.record(with("f", Outcome::Processed)).await.unwrap().status, Status::Rejected);
    rialto.record(with("e", Outcome::Created)).await.unwrap();
    clock.advance_to(at(2));
    assert_eq!(rialto.record(with("e", Outcome::Processed)).await.unwrap().status, Status::Rejected);
    stop_and_verify(rialto, folder.path()).await;
}
