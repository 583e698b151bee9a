//! A full disk: nothing acknowledged is lost, the door says why it is closed, and it opens by itself.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use rialto::actors::door::Closed;
use rialto::domain::money::Currency;
use rialto::ledger::entry::Status;
use rialto::wiring::RecordError;

use super::support::{letter, start};

/// A small disk of its own, gone with the test; all that may be under way at the door has room on it.
pub struct Disk<'a>(&'a Path);

impl Disk<'_> {
    /// Mounts it; `None` where that cannot be done here.
    pub fn mount(at: &Path) -> Option<Disk<'_>> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=40m", "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then_some(Disk(at))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).output();
    }
}

#[tokio::test]
async fn a_stop_on_a_full_disk_ends_and_leaves_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_disk) = Disk::mount(folder.path()) else {
        eprintln!("skipped: a small disk cannot be mounted here, which takes root and a mount command");
        return;
    };
    let data = folder.path().join("data");
    let rialto = start(&data);
    rialto.record(letter("recFirst", "Lucid")).await.unwrap();
    let ballast = folder.path().join("ballast");
    let mut heavy = fs::File::create(&ballast).unwrap();
    while heavy.write_all(&[1; 4096]).is_ok() {}
    for number in 0.. {
        if let Err(Closed::DiskFull) = rialto.submit(letter(&format!("rec{number}"), "coffee")) {
            break;
        }
        tokio::task::yield_now().await;
    }
    // Whether a group was waiting for room or not, stopping waits for none.
    let _ = rialto.stop().await;
    fs::remove_file(&ballast).unwrap();
    drop(heavy);
    let rialto = start(&data);
    assert_eq!(rialto.record(letter("recFirst", "Lucid")).await.unwrap().status, Status::Duplicate);
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn on_a_full_disk_the_door_says_so_and_all_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_disk) = Disk::mount(folder.path()) else {
        eprintln!("skipped: a small disk cannot be mounted here, which takes root and a mount command");
        return;
    };
    let data = folder.path().join("data");
    let rialto = start(&data);
    rialto.record(letter("recFirst", "Lucid")).await.unwrap();
    // Something else takes all the room there is.
    let ballast = folder.path().join("ballast");
    let mut heavy = fs::File::create(&ballast).unwrap();
    while heavy.write_all(&[1; 4096]).is_ok() {}

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

    fs::remove_file(&ballast).unwrap();
    drop(heavy);
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
    while rialto.check() == Err(Closed::DiskFull) {
        tokio::task::yield_now().await;
    }
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
