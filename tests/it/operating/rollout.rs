//! The rollout: who goes live when, and what is never collected.

use rialto::actors::gate::Gate;
use rialto::clock::Clock;
use rialto::domain::activity::{Activity, Stated};
use rialto::domain::charge::Stage;
use rialto::domain::ids::TransactionId;
use rialto::domain::names::Name;
use rialto::domain::orders::What;
use rialto::domain::rollout::{Move, Phase, Subject};
use rialto::ledger::guards::{Limit, Limits};
use rialto::wiring::Rialto;

use super::{
    NOON, at, at_bakery, happened, order, payer, refused, rules, start, start_with, stop_and_verify, sums, to,
};
use crate::faults::mounts::{Kind, Volume};
use crate::support::{letter, service};

async fn stage(rialto: &Rialto, activity: Activity) -> Option<Stage> {
    rialto.record(activity).await.unwrap().charge.map(|charge| charge.stage)
}

#[tokio::test]
async fn nobody_goes_live_before_everything_is_ready_and_then_nothing_of_before_is_collectable() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let gate = Gate { events: 2, hours: 1 };
    let rialto = start_with(folder.path(), &clock, Limits::OFF, gate);
    let bakery = Name::new("building_bakery").unwrap();
    let of_bakery = |id: &str, hours| {
        let mut activity = happened(service(id, "Lucid", 60), at(hours));
        activity.business = Some(bakery);
        activity
    };
    let live = || to(Subject::Business(bakery), Phase::Live);
    assert!(refused(order(&rialto, live()).await).contains("no business building_bakery is known"));
    let mut disputed = of_bakery("recA", 0);
    disputed.declared = Stated::Is("49".parse().unwrap());
    rialto.record(disputed).await.unwrap();
    let why = refused(order(&rialto, live()).await);
    for reason in ["1 of 2 charges", "0 of 1 hours", "1 conflicts or discrepancies", "nobody is ready to pay"] {
        assert!(why.contains(reason), "{reason}: {why}");
    }
    clock.advance_to(at(2));
    rialto.record(of_bakery("recB", 2)).await.unwrap();
    let listed = rialto.conflicts(10).await.unwrap();
    assert_eq!(
        listed.iter().map(|one| (one.number, one.is_discrepancy, one.is_accepted)).collect::<Vec<_>>(),
        [(0, true, false)]
    );
    order(&rialto, What::Accept(0)).await.unwrap();
    assert!(refused(order(&rialto, What::Accept(0)).await).contains("accepted already"));
    payer(&rialto, "building_bakery").await;
    order(&rialto, live()).await.unwrap();
    assert!(refused(order(&rialto, live()).await).contains("so already"));
    clock.advance_to(at(4));
    // A backlog from before, something new, and somebody else's.
    let stage = async |activity| rialto.record(activity).await.unwrap().charge.map(|charge| charge.stage);
    assert_eq!(stage(of_bakery("recC", 1)).await, Some(Stage::Shadow));
    assert_eq!(stage(of_bakery("recD", 3)).await, Some(Stage::Live));
    assert_eq!(stage(happened(letter("recE", "coffee"), at(3))).await, Some(Stage::Shadow));
    // The kill switch, and going on: what came meanwhile stays shadow, and nobody is live unless he goes live again.
    order(&rialto, to(Subject::All, Phase::Paused)).await.unwrap();
    assert_eq!(stage(of_bakery("recF", 4)).await, Some(Stage::Shadow));
    assert!(refused(order(&rialto, live()).await).contains("all is paused"));
    order(&rialto, to(Subject::All, Phase::Shadow)).await.unwrap();
    assert_eq!(stage(of_bakery("recG", 4)).await, Some(Stage::Shadow));
    clock.advance_to(at(5));
    order(&rialto, live()).await.unwrap();
    clock.advance_to(at(6));
    assert_eq!(stage(of_bakery("recH", 4)).await, Some(Stage::Shadow));
    assert_eq!(stage(of_bakery("recI", 5)).await, Some(Stage::Live));
    assert_eq!(sums(&rialto), ["100.00", "300.10", "0.00"]);
    stop_and_verify(rialto, folder.path()).await;
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(sums(&rialto), ["100.00", "300.10", "0.00"]);
    let standing = rialto.operations().await.unwrap().rollout.standing(Subject::Business(bakery)).unwrap();
    assert_eq!(standing.phase, Phase::Live);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn clearing_an_own_phase_bills_no_backlog() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let bakery = Subject::Business(Name::new("bakery").unwrap());
    stage(&rialto, at_bakery("a0", 0)).await;
    payer(&rialto, "bakery").await;
    order(&rialto, to(bakery, Phase::Paused)).await.unwrap();
    order(&rialto, to(Subject::All, Phase::Live)).await.unwrap();
    clock.advance_to(at(5));
    assert_eq!(stage(&rialto, at_bakery("a1", 4)).await, Some(Stage::Shadow));
    clock.advance_to(at(10));
    // Cleared at ten o'clock: what happened at four is before that.
    order(&rialto, What::Move(Move { subject: bakery, to: None })).await.unwrap();
    assert_eq!(
        stage(&rialto, at_bakery("a2", 4)).await,
        Some(Stage::Shadow),
        "a spooled backlog of the pause is billed"
    );
}

#[tokio::test]
async fn clearing_an_own_phase_passes_the_gate() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let bakery = Subject::Business(Name::new("bakery").unwrap());
    stage(&rialto, letter("m0", "Lucid")).await;
    payer(&rialto, "somebody").await;
    order(&rialto, to(bakery, Phase::Shadow)).await.unwrap();
    order(&rialto, to(Subject::All, Phase::Live)).await.unwrap();
    clock.advance_to(at(1));
    for moved in [to(bakery, Phase::Live), What::Move(Move { subject: bakery, to: None })] {
        assert!(refused(order(&rialto, moved).await).contains("no business bakery is known"));
    }
}

#[tokio::test]
async fn what_happened_while_all_was_paused_is_never_billed() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let bakery = Subject::Business(Name::new("bakery").unwrap());
    stage(&rialto, at_bakery("a0", 0)).await;
    payer(&rialto, "bakery").await;
    order(&rialto, to(bakery, Phase::Live)).await.unwrap();
    clock.advance_to(at(1));
    order(&rialto, to(Subject::All, Phase::Paused)).await.unwrap();
    clock.advance_to(at(10));
    order(&rialto, to(Subject::All, Phase::Shadow)).await.unwrap();
    assert_eq!(stage(&rialto, at_bakery("a1", 5)).await, Some(Stage::Shadow), "it happened while all was paused");
}

#[tokio::test]
async fn nobody_is_made_live_by_an_order_that_says_shadow() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let bakery = Subject::Business(Name::new("bakery").unwrap());
    stage(&rialto, at_bakery("a0", 0)).await;
    payer(&rialto, "bakery").await;
    order(&rialto, to(bakery, Phase::Live)).await.unwrap();
    order(&rialto, to(Subject::All, Phase::Paused)).await.unwrap();
    // A discrepancy that nobody accepted: the gate would refuse now.
    let mut disputed = at_bakery("a1", 0);
    disputed.declared = Stated::Is(1.into());
    rialto.record(disputed).await.unwrap();
    clock.advance_to(at(1));
    order(&rialto, to(Subject::All, Phase::Shadow)).await.unwrap();
    assert_eq!(stage(&rialto, at_bakery("a2", 1)).await, Some(Stage::Shadow), "`shadow --all` went live past the gate");
}

#[tokio::test]
async fn the_gate_waits_its_hours() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let gate = Gate { events: 100, hours: 24 };
    let rialto = start_with(folder.path(), &clock, Limits::OFF, gate);
    payer(&rialto, "Ada").await;
    let batch = (0..100).map(|number| happened(letter(&format!("a{number}"), "Ada"), at(-100))).collect();
    rialto.record_batch(batch).await.unwrap();
    let ada = Subject::Citizen(Name::new("Ada").unwrap());
    // What came in has happened long ago; but it came in just now.
    assert!(refused(order(&rialto, to(ada, Phase::Live)).await).contains("0 of 24 hours"));
    clock.advance_to(at(25));
    order(&rialto, to(ada, Phase::Live)).await.unwrap();
}

#[tokio::test]
async fn no_reversal_bills_the_others_while_all_is_paused() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let rule = "external = true\nprice = { volume = [{ up_to = 10, amount = 10 }, { amount = 0.10 }] }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("letters", rule)])).await.unwrap();
    payer(&rialto, "Ada").await;
    rialto.record(happened(letter("z", "Zoe"), at(0))).await.unwrap();
    order(&rialto, to(Subject::All, Phase::Live)).await.unwrap();
    clock.advance_to(at(1));
    for number in 0..11 {
        rialto.record(happened(letter(&format!("a{number}"), "Ada"), at(1))).await.unwrap();
    }
    assert_eq!(sums(&rialto)[0], "1.10");
    order(&rialto, to(Subject::All, Phase::Paused)).await.unwrap();
    let reversal = rialto.reversal(TransactionId(2)).await.unwrap().unwrap();
    assert!(refused(order(&rialto, reversal.clone()).await).contains("all is paused"));
    assert_eq!(sums(&rialto)[0], "1.10");
    order(&rialto, to(Subject::All, Phase::Shadow)).await.unwrap();
    order(&rialto, reversal).await.unwrap();
    assert_eq!(sums(&rialto)[0], "100.00");
}

/// A halt that was not made durable is in force, and what was held and live is let go all the same.
#[tokio::test]
async fn nothing_live_is_let_go_while_a_halt_lasts() {
    let Some(volume) = Volume::made(Kind::Tmpfs, 40) else { return };
    let clock = Clock::simulated(NOON);
    let data = volume.at().join("data");
    let one = Limit { charges_an_hour: 1, ..Limits::OFF.citizen };
    let rialto = start(&data, &clock, Limits { citizen: one, ..Limits::OFF });
    payer(&rialto, "Ada").await;
    rialto.record(happened(letter("z", "Zoe"), at(0))).await.unwrap();
    order(&rialto, to(Subject::All, Phase::Live)).await.unwrap();
    clock.advance_to(at(1));
    rialto.record(happened(letter("a", "Ada"), at(1))).await.unwrap();
    let held = rialto.record(happened(letter("b", "Ada"), at(1))).await.unwrap().charge.unwrap();
    assert!(held.is_held);
    let ballast = volume.fill();
    crate::support::until_full(&rialto, |id| happened(letter(id, "Ada"), at(0))).await;
    let halted = order(&rialto, to(Subject::All, Phase::Paused)).await;
    assert!(matches!(halted, Err(rialto::wiring::OrderError::Halted(_))), "{halted:?}");
    ballast.cast_off();
    while rialto.check().is_err() {
        tokio::task::yield_now().await;
    }
    assert!(rialto.operations().await.unwrap().is_halted);
    let before = sums(&rialto)[0].clone();
    assert!(refused(order(&rialto, What::Release(held.transaction)).await).contains("all is paused"));
    assert_eq!(sums(&rialto)[0], before);
}
