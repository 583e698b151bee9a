//! A full disk: nothing acknowledged is lost, the door says why it is closed, and it opens by itself.

use rialto::actors::door::Closed;
use rialto::domain::money::Currency;
use rialto::ledger::entry::Status;
use rialto::wiring::RecordError;

use super::super::mounts::{Kind, Volume};
use super::super::times;
use crate::support::{letter, start, until_full, until_roomy};

/// All that may be under way at the door has room on each. It is a lot, and so the tests take the first alone.
const DISKS: [(Kind, u64); 2] = [(Kind::Tmpfs, 40), (Kind::Ext4, 64)];

#[tokio::test]
async fn a_stop_on_a_full_disk_ends_and_leaves_what_was_acknowledged() {
    for (kind, megabytes) in DISKS.into_iter().take(times(1, 2)) {
        stops_while_full(kind, megabytes).await;
    }
}

async fn stops_while_full(kind: Kind, megabytes: u64) {
    let Some(volume) = Volume::made(kind, megabytes) else { return };
    let data = volume.at().join("data");
    let rialto = start(&data);
    rialto.record(letter("recFirst", "Lucid")).await.unwrap();
    let ballast = volume.fill();
    until_full(&rialto, |id| letter(id, "coffee")).await;
    // Whether a group was waiting for room or not, stopping waits for none.
    let _ = rialto.stop().await;
    ballast.cast_off();
    let rialto = start(&data);
    assert_eq!(rialto.record(letter("recFirst", "Lucid")).await.unwrap().status, Status::Duplicate);
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn on_a_full_disk_the_door_says_so_and_all_goes_on_when_there_is_room() {
    for (kind, megabytes) in DISKS.into_iter().take(times(1, 2)) {
        waits_for_room(kind, megabytes).await;
    }
}

async fn waits_for_room(kind: Kind, megabytes: u64) {
    let Some(volume) = Volume::made(kind, megabytes) else { return };
    let data = volume.at().join("data");
    let rialto = start(&data);
    rialto.record(letter("recFirst", "Lucid")).await.unwrap();
    // Something else takes all the room there is.
    let ballast = volume.fill();
    let mut pending = Vec::new();
    let refused = loop {
        let id = format!("rec{}", pending.len());
        match rialto.submit(letter(&id, "coffee")) {
            Ok(receipt) => pending.push((id, receipt)),
            Err(Closed::Busy) => tokio::task::yield_now().await,
            Err(closed) => break closed,
        }
        // His events are told apart only once they are taken in; give the others their turn.
        tokio::task::yield_now().await;
    };
    assert_eq!(refused, Closed::DiskFull);
    assert!(refused.to_string().contains("full"));
    // Reads go on, and show what is durable.
    assert!(1 <= rialto.view().facts);
    assert!(!rialto.dashboard(Currency::EUR).top_earners[3].is_empty());
    let fate = rialto.fate(rialto::domain::ids::Feed::Message, "recFirst").await.unwrap();
    assert!(fate.is_some());

    ballast.cast_off();
    let mut acknowledged = Vec::new();
    for (id, receipt) in pending {
        match receipt.await {
            Ok(receipt) => {
                assert_eq!(receipt.status, Status::Priced, "{id}");
                acknowledged.push(id);
            }
            Err(RecordError::Closed(Closed::DiskFull)) => {}
            Err(error) => panic!("{id}: {error}"),
        }
    }
    until_roomy(&rialto).await;
    assert_eq!(rialto.record(letter("recLast", "Lucid")).await.unwrap().status, Status::Priced);
    rialto.stop().await.unwrap();

    let rialto = start(&data);
    assert_eq!(rialto.view().facts as usize, acknowledged.len() + 2);
    for id in ["recFirst", "recLast"].into_iter().chain(acknowledged.iter().rev().step_by(501).map(String::as_str)) {
        let receipt = rialto.record(letter(id, if id.ends_with("st") { "Lucid" } else { "coffee" })).await.unwrap();
        assert_eq!(receipt.status, Status::Duplicate, "{id}");
    }
    rialto.stop().await.unwrap();
}
