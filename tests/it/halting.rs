//! The kill switch: whoever pauses everything waits for nobody, and nothing stands in his way.

use std::path::Path;

use rialto::actors::door::{Bounds, Closed};
use rialto::actors::gate::Gate;
use rialto::clock::Clock;
use rialto::domain::activity::{Activity, Occurred};
use rialto::domain::charge::Stage;
use rialto::domain::orders::{Order, What};
use rialto::domain::rollout::{Move, Phase, Subject};
use rialto::domain::time::Moment;
use rialto::ledger::guards::Limits;
use rialto::metrics::page::Format;
use rialto::wiring::{OrderError, Rialto, Settings};

use super::faults::mounts::{Kind, Volume};
use super::support::{letter, pays, until_full, until_roomy};

/// 2026-11-02T12:00:00Z.
const NOON: Moment = Moment(1_793_620_800_000_000);
const LATER: Moment = Moment(NOON.0 + 3_600_000_000);

fn settings(folder: &Path, clock: &Clock) -> Settings {
    let gate = Gate { events: 1, hours: 0 };
    Settings { clock: clock.clone(), limits: Limits::OFF, gate, ..Settings::new(folder) }
}

async fn all(rialto: &Rialto, phase: Phase) -> Result<(), OrderError> {
    let what = What::Move(Move { subject: Subject::All, to: Some(phase) });
    rialto.order(Order { by: "operator".into(), why: "tried".into(), what }).await.map(drop)
}

fn later(id: &str) -> Activity {
    let mut activity = letter(id, "Ada");
    activity.occurred = Occurred::at(LATER);
    activity
}

async fn stage(rialto: &Rialto, id: &str) -> Stage {
    rialto.record(later(id)).await.unwrap().charge.unwrap().stage
}

/// A Rialto for which everything is live.
async fn live(settings: Settings) -> Rialto {
    let clock = settings.clock.clone();
    let rialto = Rialto::start(settings).unwrap();
    rialto.record(letter("recFirst", "Ada")).await.unwrap();
    pays(&rialto, "Ada").await;
    all(&rialto, Phase::Live).await.unwrap();
    clock.advance_to(LATER);
    assert_eq!(stage(&rialto, "recLive").await, Stage::Live);
    rialto
}

#[tokio::test]
async fn a_house_that_is_full_of_batches_takes_the_kill_switch_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let bounds = Bounds { events: 64, batches: 2 };
    let rialto = live(Settings { bounds, ..settings(folder.path(), &clock) }).await;
    let [first, second] = [(); 2].map(|()| rialto.reserve(1).unwrap());
    assert_eq!(rialto.reserve(1).map(drop), Err(Closed::Busy));
    all(&rialto, Phase::Paused).await.unwrap();
    let receipts = rialto.record_reserved(first, vec![later("recUnderWay")]).await.unwrap();
    assert_eq!(receipts[0].charge.unwrap().stage, Stage::Shadow);
    drop(second);
    // What was put on was taken back: whoever orders it goes on.
    all(&rialto, Phase::Live).await.unwrap();
    assert_eq!(stage(&rialto, "recAgain").await, Stage::Live);
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn a_pause_that_is_refused_because_it_is_so_already_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(settings(folder.path(), &clock)).await;
    let (first, second) = tokio::join!(all(&rialto, Phase::Paused), all(&rialto, Phase::Paused));
    assert!(first.is_ok() && matches!(second, Err(OrderError::Refused(_))), "{first:?} {second:?}");
    all(&rialto, Phase::Live).await.unwrap();
    assert_eq!(stage(&rialto, "recAgain").await, Stage::Live);
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn on_a_full_disk_the_kill_switch_is_in_force_until_a_restart_and_says_so() {
    let Some(volume) = Volume::made(Kind::Tmpfs, 40) else { return };
    let clock = Clock::simulated(NOON);
    let data = volume.at().join("data");
    let rialto = live(settings(&data, &clock)).await;
    let ballast = volume.fill();
    until_full(&rialto, later).await;
    let halted = all(&rialto, Phase::Paused).await.expect_err("it cannot be durable");
    assert_eq!(halted, OrderError::Halted(Closed::DiskFull));
    assert!(halted.to_string().contains("only until the sidecar restarts"), "{halted}");

    ballast.cast_off();
    until_roomy(&rialto).await;
    assert!(rialto.operations().await.unwrap().is_halted);
    assert!(rialto.metrics(Format::Text).contains("\nrialto_rollout_halted 1\n"));
    assert_eq!(stage(&rialto, "recHalted").await, Stage::Shadow);
    // Nobody goes live by an order while that is so, and a pause can be given again, for good.
    all(&rialto, Phase::Paused).await.unwrap();
    let refused = all(&rialto, Phase::Live).await.expect_err("everything is halted");
    assert!(refused.to_string().contains("halted until a restart"), "{refused}");
    rialto.stop().await.unwrap();
    let rialto = Rialto::start(settings(&data, &clock)).unwrap();
    assert_eq!(stage(&rialto, "recRestarted").await, Stage::Shadow);
    all(&rialto, Phase::Live).await.unwrap();
    assert_eq!(stage(&rialto, "recGoingOn").await, Stage::Live);
    rialto.stop().await.unwrap();
}
