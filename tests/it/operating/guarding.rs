//! Guards: what they hold, and what is let go.

use rialto::clock::Clock;
use rialto::domain::charge::Hold;
use rialto::domain::external::Receiver;
use rialto::domain::ids::TransactionId;
use rialto::domain::money::Money;
use rialto::domain::names::Name;
use rialto::domain::orders::{Refused, What};
use rialto::domain::rollout::{Phase, Subject};
use rialto::ledger::guards::{Limit, Limits};
use rialto::wiring::{OrderError, Wanted};

use super::{NOON, at, happened, order, payer, refused, start, stop_and_verify, sums, to};
use crate::support::{letter, service};

#[tokio::test]
async fn a_runaway_pair_is_held_at_the_limit_and_everybody_else_is_charged_as_usual() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::default());
    let write = |id: String, from: &str, to: &str| {
        let mut message = happened(letter(&id, from), at(0));
        message.receiver = Receiver::new(Some(to), message.citizen, Some("external"), None);
        message
    };
    let mut batch = Vec::new();
    for number in 0..5_000 {
        batch.push(write(format!("recAB{number}"), "Ada", "Bea"));
        batch.push(write(format!("recBA{number}"), "Bea", "Ada"));
    }
    for number in 0..50 {
        batch.push(write(format!("recC{number}"), &format!("other_{}", number % 10), "somebody"));
    }
    for part in batch.chunks(1_000) {
        rialto.record_batch(part.to_vec()).await.unwrap();
    }
    let limit = Limits::default().pair_an_hour;
    let [_, shadow, held] = sums(&rialto);
    // So many back and forth are let pass, and all fifty of the others.
    let passed: rust_decimal::Decimal = shadow.parse().unwrap();
    assert!(passed <= rust_decimal::Decimal::new(i64::from(limit) * 10 + 10 + 500, 2), "{shadow}");
    assert!(rust_decimal::Decimal::new(500, 2) <= passed, "{shadow}");
    let total = passed + held.parse::<rust_decimal::Decimal>().unwrap();
    assert_eq!(total, rust_decimal::Decimal::new(100_500, 2));
    let reasons: Vec<_> = rialto.held(500).await.unwrap().iter().filter_map(|one| one.event.draft.hold).collect();
    assert!(reasons.iter().all(|hold| matches!(hold, Hold::Pair | Hold::Parked)), "{reasons:?}");
    let operations = rialto.operations().await.unwrap();
    assert_eq!(operations.parked.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["Ada", "Bea"]);
    stop_and_verify(rialto, folder.path()).await;
    // Nothing is forgotten, and who is let go goes on.
    let rialto = start(folder.path(), &clock, Limits::default());
    assert_eq!(sums(&rialto), ["0.00".to_owned(), shadow.clone(), held]);
    clock.advance_to(at(2));
    let late = happened(letter("recLate", "Ada"), at(2));
    rialto.record(late).await.unwrap();
    assert_eq!(sums(&rialto)[1], shadow);
    for name in ["Ada", "Bea"] {
        order(&rialto, What::ReleaseAll(Name::new(name).unwrap())).await.unwrap();
    }
    assert_eq!(sums(&rialto)[1..], ["1005.10".to_owned(), "0.00".to_owned()]);
    assert!(refused(order(&rialto, What::ReleaseAll(Name::new("Ada").unwrap())).await).contains("nothing is held"));
    assert!(matches!(
        order(&rialto, What::Release(TransactionId(1))).await,
        Err(OrderError::Refused(Refused::NotHeld(_)))
    ));
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn the_very_first_charge_of_somebody_is_held_where_it_is_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let limits = Limits {
        citizen: Limit { amount_a_day: Money::from_millionths(100_000_000), ..Limits::OFF.citizen },
        ..Limits::OFF
    };
    let rialto = start(folder.path(), &clock, limits);
    rialto.record(happened(service("recA", "Nobody_Knew_Her", 180), at(0))).await.unwrap();
    assert_eq!(sums(&rialto), ["0.00", "0.00", "150.00"]);
    assert_eq!(rialto.held(1).await.unwrap()[0].event.draft.hold, Some(Hold::Amount));
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn whoever_was_parked_and_let_go_is_so_also_under_other_limits() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let strict = Limits { citizen: Limit { charges_an_hour: 1, ..Limits::OFF.citizen }, park_after: 1, ..Limits::OFF };
    let rialto = start(folder.path(), &clock, strict);
    for id in ["recA", "recB"] {
        rialto.record(happened(letter(id, "Ada"), at(0))).await.unwrap();
    }
    let ada = Name::new("Ada").unwrap();
    // The charge is let go by itself, and then who made it, of whom nothing is held any more.
    order(&rialto, What::Release(TransactionId(2))).await.unwrap();
    order(&rialto, What::ReleaseAll(ada)).await.unwrap();
    stop_and_verify(rialto, folder.path()).await;
    std::fs::remove_dir_all(folder.path().join("images")).unwrap();
    std::fs::create_dir(folder.path().join("images")).unwrap();
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(sums(&rialto), ["0.00", "0.20", "0.00"]);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn an_hour_lets_pass_twice_its_limit_and_never_more() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let limits = Limits { citizen: Limit { charges_an_hour: 1, ..Limits::OFF.citizen }, ..Limits::OFF };
    let rialto = start(folder.path(), &clock, limits);
    for hour in 0..10 {
        clock.advance_to(at(hour));
        rialto.record(happened(letter(&format!("n{hour}"), "Bea"), at(hour))).await.unwrap();
        rialto.record(happened(letter(&format!("o{hour}"), "Ada"), at(hour))).await.unwrap();
        rialto.record(happened(letter(&format!("a{hour}"), "Ada"), at(-300))).await.unwrap();
    }
    let (found, _) = rialto.transactions(Wanted { limit: 100, ..Default::default() }).await.unwrap();
    let passed = found.iter().filter(|one| one.event.occurred_at == at(-300) && !one.charge.is_held()).count();
    assert!(passed <= 2, "{passed} passed a limit of one");
}

#[tokio::test]
async fn nothing_becomes_collectable_while_all_is_paused() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    rialto.record(happened(letter("m0", "Ada"), at(0))).await.unwrap();
    payer(&rialto, "Ada").await;
    order(&rialto, to(Subject::All, Phase::Live)).await.unwrap();
    clock.advance_to(at(1));
    let mut doubtful = happened(letter("b", "Ada"), at(1));
    doubtful.client = Name::new("unknown");
    let held = rialto.record(doubtful).await.unwrap().charge.unwrap().transaction;
    order(&rialto, to(Subject::All, Phase::Paused)).await.unwrap();
    assert!(refused(order(&rialto, What::Release(held)).await).contains("all is paused"));
    assert!(refused(order(&rialto, What::ReleaseAll(Name::new("Ada").unwrap())).await).contains("all is paused"));
    assert_eq!(sums(&rialto)[0], "0.00");
    order(&rialto, to(Subject::All, Phase::Shadow)).await.unwrap();
    order(&rialto, What::Release(held)).await.unwrap();
    assert_eq!(sums(&rialto)[0], "0.10");
    stop_and_verify(rialto, folder.path()).await;
}

/// The book is ahead of the disk while a group is written; what is shown is not.
#[tokio::test]
async fn what_is_held_is_shown_with_the_transactions_that_it_is_in_and_never_before() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let all = Limit { amount_a_day: Money::ZERO, ..Limits::OFF.citizen };
    let rialto = start(folder.path(), &clock, Limits { citizen: all, ..Limits::OFF });
    let mut recording = tokio::task::JoinSet::new();
    for number in 0..200 {
        let rialto = rialto.clone();
        recording.spawn(async move {
            let letters = (0..50).map(|of| happened(letter(&format!("rec{number}_{of}"), "Lucid"), at(0)));
            rialto.record_batch(letters.collect()).await.unwrap();
        });
    }
    while !recording.is_empty() {
        let view = rialto.view();
        assert_eq!(view.held, view.transactions);
        drop(recording.try_join_next());
        tokio::task::yield_now().await;
    }
    assert_eq!(rialto.view().held, 10_000);
    stop_and_verify(rialto, folder.path()).await;
}
