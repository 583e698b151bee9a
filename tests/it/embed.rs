//! The handle in process.

use rialto::domain::activity::Outcome;
use rialto::domain::ids::Feed;
use rialto::domain::money::Currency;
use rialto::ledger::entry::Status;
use rialto::ledger::totals::both;

use super::support::{letter, service, start};

#[tokio::test]
async fn what_was_recorded_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = start(folder.path());
    let receipts = rialto
        .record_batch(vec![service("recA", "Lucid", 60), letter("recB", "coffee"), letter("recB", "coffee")])
        .await
        .unwrap();
    let statuses: Vec<Status> = receipts.iter().map(|receipt| receipt.status).collect();
    assert_eq!(statuses, [Status::Priced, Status::Priced, Status::Duplicate]);
    let before = rialto.dashboard(Currency::EUR);
    assert_eq!(both(before.periods[0]).to_string(), "50.10");
    rialto.stop().await.unwrap();

    let rialto = start(folder.path());
    assert_eq!(rialto.dashboard(Currency::EUR).periods, before.periods);
    assert_eq!(rialto.dashboard(Currency::EUR).top_earners, before.top_earners);
    let receipt = rialto.record(service("recA", "Lucid", 60)).await.unwrap();
    assert_eq!(receipt.status, Status::Duplicate);
    assert_eq!(receipt.charge, receipts[0].charge);
    let fate = rialto.fate(Feed::Activity, "recA").await.unwrap().expect("it is known");
    assert_eq!(fate.transaction, receipts[0].charge.map(|charge| charge.transaction));
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn an_outcome_is_upgraded_once_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = start(folder.path());
    let with = |outcome, minutes| {
        let mut activity = service("recA", "Lucid", minutes);
        activity.outcome = outcome;
        activity
    };
    for (outcome, minutes, status, upgraded) in [
        (Outcome::Failed, 60, Status::Recorded, false),
        (Outcome::Created, 60, Status::Duplicate, false),
        (Outcome::Processed, 90, Status::Conflict, false),
        (Outcome::Processed, 60, Status::Priced, true),
        (Outcome::Processed, 60, Status::Duplicate, false),
        (Outcome::Failed, 60, Status::Duplicate, false),
    ] {
        let receipt = rialto.record(with(outcome, minutes)).await.unwrap();
        assert_eq!((receipt.status, receipt.upgraded), (status, upgraded), "{outcome:?} {minutes}");
    }
    assert_eq!(both(rialto.dashboard(Currency::EUR).periods[3]).to_string(), "50.00");
    assert_eq!(rialto.fate(Feed::Activity, "recA").await.unwrap().expect("known").conflicts.len(), 1);
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_processed_from_the_first_is_never_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = start(folder.path());
    let mut failed = service("recA", "Lucid", 60);
    failed.outcome = Outcome::Failed;
    rialto.record(service("recA", "Lucid", 60)).await.unwrap();
    assert_eq!(rialto.record(failed).await.unwrap().status, Status::Conflict);
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_submitted_is_recorded_also_if_nobody_waits() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = start(folder.path());
    let mut last = rialto.submit(letter("recM0", "Lucid")).unwrap();
    for number in 1..1000 {
        last = rialto.submit(letter(&format!("recM{number}"), "Lucid")).unwrap();
    }
    assert_eq!(last.await.unwrap().status, Status::Priced);
    assert_eq!(both(rialto.dashboard(Currency::EUR).periods[3]).to_string(), "100.00");
    rialto.stop().await.unwrap();
}
