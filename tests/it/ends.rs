//! How a Rialto ends: stopped, dropped, or too small to breathe; what was accepted is there.

use rialto::actors::door::{Bounds, Closed};
use rialto::domain::names::Name;
use rialto::domain::rows::{Building, Citizen, Row};
use rialto::ledger::entry::Status;
use rialto::wiring::{Rialto, Settings};

use super::support::{letter, service, start};

fn small(folder: &std::path::Path, events: usize, batches: usize) -> Rialto {
    let bounds = Bounds { events, batches };
    Rialto::start(Settings { bounds, ..Settings::new(folder) }).unwrap()
}

#[tokio::test]
async fn dropping_the_last_handle_ends_every_thread_before_anybody_else_may_write() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = start(folder.path());
    rialto.record(letter("recA", "Lucid")).await.unwrap();
    assert!(Rialto::start(Settings::new(folder.path())).is_err(), "the folder is in use");
    drop(rialto);
    let rialto = start(folder.path());
    assert_eq!(rialto.record(letter("recB", "Lucid")).await.unwrap().status, Status::Priced);
    drop(rialto);
    let rialto = start(folder.path());
    assert_eq!(rialto.view().facts, 2);
    rialto.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_submit_accepted_is_recorded_before_a_stop_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = start(folder.path());
    let accepted =
        (0..20_000).filter(|number| rialto.submit(letter(&format!("recM{number}"), "Lucid")).is_ok()).count();
    rialto.stop().await.unwrap();
    assert_eq!(rialto.view().facts, accepted as u64);
    assert!(matches!(rialto.submit(letter("late", "Lucid")), Err(Closed::Stopped(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_submit_accepted_waits_for_room_and_is_never_busy() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = small(folder.path(), 256, 16);
    let hog = rialto.clone();
    let hogging = tokio::spawn(async move {
        for number in 0..200 {
            // Busy or not: it only takes room away.
            let _ = hog
                .record_batch((0..256).map(|place| service(&format!("h{number}_{place}"), "coffee", 1)).collect())
                .await;
        }
    });
    let pending: Vec<_> =
        (0..2000).map(|number| rialto.submit(letter(&format!("recM{number}"), "Lucid")).unwrap()).collect();
    for receipt in pending {
        assert_eq!(receipt.await.unwrap().status, Status::Priced);
    }
    hogging.await.unwrap();
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn the_smallest_house_takes_one_event_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = small(folder.path(), 0, 0);
    assert_eq!(rialto.record(letter("recA", "Lucid")).await.unwrap().status, Status::Priced);
    let batch = vec![letter("recB", "Lucid"), letter("recC", "Lucid")];
    assert_eq!(rialto.record_batch(batch).await, Err(Closed::TooMany { found: 2, max: 1 }.into()));
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn a_thin_row_erases_nothing_that_a_whole_one_told() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = start(folder.path());
    let id = Name::new("Player_One").unwrap();
    let bakery = Name::new("building_45.1_12.1").unwrap();
    let whole = Building { id: bakery, kind: Name::new("bakery"), is_business: Some(true), run_by: Some(id) };
    let rows = vec![
        Row::Citizen(Citizen { id, is_ai: Some(false) }),
        Row::Citizen(Citizen { id, is_ai: None }),
        Row::Building(whole),
        Row::Building(Building { kind: None, is_business: None, run_by: None, ..whole }),
        Row::Building(Building { run_by: None, ..whole }),
    ];
    assert_eq!(rialto.describe(rows).await.unwrap(), [true, false, true, false, true]);
    let mut letter = letter("recA", "Lucid");
    letter.receiver = rialto::domain::external::Receiver::new(Some("Player_One"), letter.citizen, None, None);
    assert_eq!(rialto.record(letter).await.unwrap().status, Status::Priced);
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn an_actor_that_retired_wakes_up_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = start(folder.path());
    rialto.record_batch(vec![letter("recA", "Lucid"), letter("recB", "coffee")]).await.unwrap();
    assert_eq!(rialto.awake(), 2);
    rialto.retire(std::time::Duration::ZERO);
    while 0 < rialto.awake() {
        tokio::task::yield_now().await;
    }
    assert_eq!(rialto.record(letter("recC", "Lucid")).await.unwrap().status, Status::Priced);
    assert_eq!(rialto.awake(), 1);
    rialto.stop().await.unwrap();
    rialto.clone().stop().await.unwrap();
}
