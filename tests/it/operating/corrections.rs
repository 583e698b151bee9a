//! Corrections: what is taken back, accepted or closed is so for good.

use rialto::clock::Clock;
use rialto::domain::calendar::Day;
use rialto::domain::ids::Feed;
use rialto::domain::money::Currency;
use rialto::domain::names::Name;
use rialto::domain::orders::What;
use rialto::ledger::guards::Limits;
use rialto::ledger::totals::both;
use rialto::metrics::page::Format;
use rialto::wiring::Rialto;

use super::{NOON, at, happened, order, payer, refused, start, stop_and_verify, sums, take_back};
use crate::support::{letter, service};

#[tokio::test]
async fn a_conflict_that_was_accepted_is_not_open_any_more_and_goes_on_to_count() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    for (id, minutes) in [("recA", 60), ("recA", 90), ("recB", 60), ("recB", 90)] {
        rialto.record(happened(service(id, "Lucid", minutes), at(0))).await.unwrap();
    }
    let check = |rialto: &Rialto, open: u32| {
        let metrics = rialto.metrics(Format::Text);
        for line in ["rialto_ledger_conflicts_total 2".to_owned(), format!("rialto_ledger_conflicts_open {open}")] {
            assert!(metrics.lines().any(|known| known == line), "{line} is missing:\n{metrics}");
        }
    };
    check(&rialto, 2);
    order(&rialto, What::Accept(0)).await.unwrap();
    check(&rialto, 1);
    stop_and_verify(rialto, folder.path()).await;
    let rialto = start(folder.path(), &clock, Limits::OFF);
    check(&rialto, 1);
    order(&rialto, What::Accept(1)).await.unwrap();
    check(&rialto, 0);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn a_month_that_is_not_over_cannot_be_closed() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    for (month, last) in [("2026-11", "2026-11-30"), ("2099-11", "2099-11-30"), ("9999-12", "9999-12-31")] {
        let why = refused(order(&rialto, What::Close(Day::after_month(month).unwrap())).await);
        assert!(why.contains(last) && why.contains("only one that is over"), "{month}: {why}");
    }
    rialto.record(happened(letter("recA", "Lucid"), at(0))).await.unwrap();
    assert_eq!(both(rialto.dashboard(Currency::EUR).periods[0]).to_string(), "0.10");
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn what_comes_late_for_a_month_that_is_closed_is_booked_into_the_open_one() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    rialto.record(happened(letter("recA", "Lucid"), at(-240))).await.unwrap();
    let open = Day::after_month("2026-10").unwrap();
    order(&rialto, What::Close(open)).await.unwrap();
    assert!(refused(order(&rialto, What::Close(open)).await).contains("closed already"));
    rialto.record(happened(letter("recB", "Lucid"), at(-240))).await.unwrap();
    let month = |rialto: &Rialto| both(rialto.dashboard(Currency::EUR).periods[2]).to_string();
    assert_eq!(month(&rialto), "0.10");
    let fate = rialto.fate(Feed::Message, "recB").await.unwrap().expect("it is known");
    assert_eq!(fate.event.occurred_at, at(-240));
    stop_and_verify(rialto, folder.path()).await;
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(month(&rialto), "0.10");
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn orders_told_again_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    payer(&rialto, "known").await;
    let mut doubtful = happened(letter("b", "Ada"), at(0));
    doubtful.client = Name::new("unknown");
    let held = rialto.record(doubtful).await.unwrap().charge.unwrap().transaction;
    order(&rialto, What::Release(held)).await.unwrap();
    take_back(&rialto, held).await;
    let before = sums(&rialto);
    assert_eq!(before, ["0.00", "0.00", "0.00"]);
    assert!(order(&rialto, What::Release(held)).await.is_err());
    stop_and_verify(rialto, folder.path()).await;
    std::fs::remove_dir_all(folder.path().join("images")).unwrap();
    std::fs::create_dir(folder.path().join("images")).unwrap();
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(sums(&rialto), before);
    assert!(order(&rialto, What::Release(held)).await.is_err());
    assert!(order(&rialto, What::ReleaseAll(Name::new("Ada").unwrap())).await.is_err());
    stop_and_verify(rialto, folder.path()).await;
}
