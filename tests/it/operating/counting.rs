//! Prices that depend on what came before: tiers, allowances, discounts; also where some of it is held or taken back.

use std::path::Path;

use rialto::clock::Clock;
use rialto::domain::ids::TransactionId;
use rialto::domain::names::Name;
use rialto::domain::orders::What;
use rialto::ledger::guards::{Limit, Limits};
use rialto::wiring::Wanted;

use rialto::wiring::Rialto;

use super::{NOON, at, happened, order, refused, rules, start, stop_and_verify, sums, take_back, tariff};
use crate::support::{letter, service};

fn messages(version: u16, effective: &str, price: &str) -> String {
    format!(
        "version = {version}\neffective = {effective}\ncurrency = \"EUR\"\n[[rule]]\nname = \"external_message\"\nexternal = true\nprice = {{ {price} }}\n"
    )
}

const VOLUME_CHEAP: &str =
    "external = true\nmeter = \"m\"\nprice = { volume = [{ up_to = 10, amount = 0.10 }, { amount = 0.05 }] }";

const VOLUME_DEAR: &str =
    "external = true\nmeter = \"m\"\nprice = { volume = [{ up_to = 10, amount = 10 }, { amount = 5 }] }";

#[tokio::test]
async fn tiers_and_allowances_count_on_across_batches_restarts_and_tariffs() {
    let tiers = |version, effective| {
        let price = "graduated = [{ up_to = 3, amount = 0.10 }, { amount = 0.01 }], free = 1";
        messages(version, effective, price)
            .replace("external = true", "external = true\nmeter = \"letters\"\nscope = \"citizen\"")
    };
    // One free, three at ten cents, the rest at one.
    let expected = "0.36";
    for batches in [vec![10], vec![1, 4, 5], vec![1; 10]] {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::simulated(NOON);
        let mut rialto = start(folder.path(), &clock, Limits::OFF);
        order(&rialto, tariff(&tiers(2, "2026-11-02T13:00:00Z"))).await.unwrap();
        order(&rialto, tariff(&tiers(3, "2026-11-02T15:00:00Z"))).await.unwrap();
        clock.advance_to(at(10));
        let mut number = 0;
        for (count, size) in batches.iter().enumerate() {
            // The second half under the next tariff.
            let batch = (0..*size).map(|_| {
                number += 1;
                happened(letter(&format!("rec{number}"), "Lucid"), if number <= 5 { at(2) } else { at(4) })
            });
            rialto.record_batch(batch.collect()).await.unwrap();
            if count % 2 == 0 {
                stop_and_verify(rialto, folder.path()).await;
                rialto = start(folder.path(), &clock, Limits::OFF);
            }
        }
        assert_eq!(sums(&rialto)[1], expected, "{batches:?}");
        let again = rialto.record(happened(letter("rec1", "Lucid"), at(2))).await.unwrap();
        assert_eq!((again.charge, sums(&rialto)[1].as_str()), (None, expected));
        stop_and_verify(rialto, folder.path()).await;
    }
}

#[tokio::test]
async fn what_is_taken_back_leaves_what_the_others_would_cost_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let price = "graduated = [{ up_to = 2, amount = 1 }, { amount = 0.25 }]";
    order(&rialto, tariff(&messages(2, "2026-11-02T12:00:00Z", price))).await.unwrap();
    for number in 0..4 {
        rialto.record(happened(letter(&format!("rec{number}"), "Lucid"), at(0))).await.unwrap();
    }
    assert_eq!(sums(&rialto)[1], "2.50");
    // The first cost 1.00; without it the third is the second, and three cost 2.25.
    let reversal = rialto.reversal(TransactionId(1)).await.unwrap().expect("a charge");
    let made = order(&rialto, reversal.clone()).await.unwrap().expect("a transaction");
    assert_eq!(sums(&rialto)[1], "2.25");
    assert!(refused(order(&rialto, reversal).await).contains("tx_1 is reversed already"));
    let of_reversal = rialto.reversal(made).await.unwrap().expect("a transaction");
    assert!(refused(order(&rialto, of_reversal).await).contains("is a reversal; only a charge can be reversed"));
    let unknown = What::Reverse(rialto::domain::orders::Reverse { transaction: TransactionId(99), used: None });
    assert!(refused(order(&rialto, unknown).await).contains("no transaction tx_99"));
    let (found, _) = rialto.transactions(Wanted { limit: 10, ..Default::default() }).await.unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.charge.sort().as_str(), one.charge.amount.to_string(), one.correction.as_ref().map(|c| c.of.0)))
        .collect();
    assert_eq!(told[..2], [("adjustment", "0.75".to_owned(), Some(1)), ("reversal", "-1.00".to_owned(), Some(1))]);
    stop_and_verify(rialto, folder.path()).await;
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(sums(&rialto)[1], "2.25");
    rialto.record(happened(letter("rec9", "Lucid"), at(0))).await.unwrap();
    assert_eq!(sums(&rialto)[1], "2.50");
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn a_new_volume_tariff_pays_nobody_money() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("letters", VOLUME_CHEAP)])).await.unwrap();
    for number in 0..10 {
        rialto.record(happened(letter(&format!("a{number}"), "Ada"), at(0))).await.unwrap();
    }
    assert_eq!(sums(&rialto)[1], "1.00");
    order(&rialto, rules(3, "2026-11-02T13:00:00Z", &[("letters", VOLUME_DEAR)])).await.unwrap();
    clock.advance_to(at(2));
    rialto.record(happened(letter("b", "Ada"), at(2))).await.unwrap();
    let shadow = sums(&rialto)[1].clone();
    assert!(!shadow.starts_with('-'), "eleven letters cost {shadow}");
}

#[tokio::test]
async fn what_is_taken_back_under_another_tariff_costs_nothing_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let first =
        "external = true\nmeter = \"m\"\nprice = { graduated = [{ up_to = 10, amount = 1 }, { amount = 0.01 }] }";
    let second = "external = true\nmeter = \"m\"\nprice = { graduated = [{ amount = 1 }] }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("letters", first)])).await.unwrap();
    rialto.record(happened(letter("a", "Ada"), at(0))).await.unwrap();
    order(&rialto, rules(3, "2026-11-02T13:00:00Z", &[("letters", second)])).await.unwrap();
    clock.advance_to(at(2));
    for number in 0..20 {
        rialto.record(happened(letter(&format!("b{number}"), "Ada"), at(2))).await.unwrap();
    }
    assert_eq!(sums(&rialto)[1], "21.00");
    take_back(&rialto, TransactionId(1)).await;
    // Without it the twenty others would cost 20.00 under their own tariff, as they did.
    assert_eq!(sums(&rialto)[1], "20.00");
}

#[tokio::test]
async fn what_a_tier_asks_once_is_a_charge_that_guards_see_and_that_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::default());
    let flat = "external = true\nprice = { volume = [{ up_to = 2, amount = 0, flat = 1500 }, { amount = 1 }] }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("letters", flat)])).await.unwrap();
    let write = async |id: &str| rialto.record(happened(letter(id, "Ada"), at(0))).await.unwrap().charge;
    // More than a citizen is let pass in a day.
    assert_eq!(write("a").await.unwrap().amount.to_string(), "1500.00");
    assert_eq!(sums(&rialto), ["0.00", "0.00", "1500.00"]);
    order(&rialto, What::ReleaseAll(Name::new("Ada").unwrap())).await.unwrap();
    assert_eq!(sums(&rialto), ["0.00", "1500.00", "0.00"]);
    assert_eq!(write("b").await, None);
    // The third makes all three cost one each, and gives the rest back.
    assert_eq!(write("c").await.unwrap().amount.to_string(), "1.00");
    assert_eq!(sums(&rialto), ["0.00", "3.00", "0.00"]);
    take_back(&rialto, TransactionId(1)).await;
    assert_eq!(sums(&rialto), ["0.00", "1500.00", "0.00"]);
    stop_and_verify(rialto, folder.path()).await;
}

/// One letter is 1.00, and from the eleventh on all of them are 0.10; the eleventh comes too soon, and is held.
async fn ten_letters_and_one_that_is_held(folder: &Path, clock: &Clock) -> (Rialto, TransactionId) {
    let ten = Limit { charges_an_hour: 10, ..Limits::OFF.citizen };
    let rialto = start(folder, clock, Limits { citizen: ten, ..Limits::OFF });
    let price = "external = true\nprice = { volume = [{ up_to = 10, amount = 1 }, { amount = 0.10 }] }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("letters", price)])).await.unwrap();
    for number in 0..10 {
        rialto.record(happened(letter(&format!("a{number}"), "Ada"), at(0))).await.unwrap();
    }
    let held = rialto.record(happened(letter("b", "Ada"), at(0))).await.unwrap().charge.unwrap();
    assert_eq!(sums(&rialto), ["0.00", "10.00", "0.10"]);
    (rialto, held.transaction)
}

#[tokio::test]
async fn what_is_held_changes_the_price_of_nothing_until_it_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let (rialto, held) = ten_letters_and_one_that_is_held(folder.path(), &clock).await;
    order(&rialto, What::Release(held)).await.unwrap();
    assert_eq!(sums(&rialto), ["0.00", "1.10", "0.00"]);
    clock.advance_to(at(1));
    rialto.record(happened(letter("c", "Ada"), at(1))).await.unwrap();
    assert_eq!(sums(&rialto), ["0.00", "1.20", "0.00"]);
    // Taken back after it was let go: the others cost what eleven do, and what ten do.
    take_back(&rialto, held).await;
    assert_eq!(sums(&rialto), ["0.00", "1.10", "0.00"]);
    take_back(&rialto, TransactionId(1)).await;
    assert_eq!(sums(&rialto), ["0.00", "10.00", "0.00"]);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn what_is_held_and_taken_back_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let (rialto, held) = ten_letters_and_one_that_is_held(folder.path(), &clock).await;
    take_back(&rialto, TransactionId(1)).await;
    assert_eq!(sums(&rialto), ["0.00", "9.00", "0.10"]);
    stop_and_verify(rialto, folder.path()).await;
    // Also after a restart, from a snapshot and from the journal alone.
    for is_bare in [false, true] {
        if is_bare {
            std::fs::remove_dir_all(folder.path().join("images")).unwrap();
            std::fs::create_dir(folder.path().join("images")).unwrap();
        }
        let rialto = start(folder.path(), &clock, Limits::OFF);
        assert_eq!(sums(&rialto), ["0.00", "9.00", "0.10"]);
        stop_and_verify(rialto, folder.path()).await;
    }
    let rialto = start(folder.path(), &clock, Limits::OFF);
    order(&rialto, What::Release(held)).await.unwrap();
    assert_eq!(sums(&rialto), ["0.00", "10.00", "0.00"]);
    take_back(&rialto, held).await;
    assert_eq!(sums(&rialto), ["0.00", "9.00", "0.00"]);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn where_prices_add_up_to_no_total_a_reversal_takes_back_its_own_charge_alone() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let rule = "type = \"paid_service\"\nprice = { amount = 60, per = \"hour\", times = \"expertise\", free = 10 }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("service", rule)])).await.unwrap();
    for (id, hours) in [("a", 8), ("b", 4), ("c", 5)] {
        rialto.record(happened(service(id, "Ada", 60 * hours), at(0))).await.unwrap();
    }
    // Two hours of the second, and five.
    assert_eq!(sums(&rialto)[1], "420.00");
    take_back(&rialto, TransactionId(1)).await;
    assert_eq!(sums(&rialto)[1], "300.00");
    stop_and_verify(rialto, folder.path()).await;
}
