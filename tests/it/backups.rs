//! Backups: all that was durable, whoever writes meanwhile, and nothing that bills by itself.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use super::sidecar::{JSON, Sidecar, path, rialto, run, verify};

#[test]
fn what_has_a_receipt_is_in_the_backup_while_more_is_written() {
    let room = tempfile::tempdir().unwrap();
    let data = room.path().join("data");
    // So many segments that some end while they are copied.
    let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(&data)]);
    command.env("RIALTO_SEGMENT_BYTES", "65536");
    let sidecar = Sidecar::start(command);
    let (told, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let line = sidecar.line();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !is_over.load(Ordering::Acquire) {
                let batch: Vec<_> = (0..100)
                    .map(|place| json!({ "id": format!("rec{}", number + place), "Citizen": "a", "Type": "paid_service", "duration_minutes": 60 }))
                    .collect();
                let answer = line.post("/v1/activities", JSON, &json!(batch).to_string());
                assert_eq!(answer.map(|(status, _)| status), Some(200));
                number += 100;
                told.store(number, Ordering::Release);
            }
        });
        for copy in 0..5 {
            while told.load(Ordering::Acquire) < 300 * (copy + 1) {
                std::thread::yield_now();
            }
            let before = told.load(Ordering::Acquire);
            let to = room.path().join(format!("copy{copy}"));
            let made = run(&["backup", path(&to), "--data", path(&data), "--json"]);
            assert_eq!(made.code, Some(0), "{made:?}");
            let told = made.json();
            assert!(before as u64 <= told["transactions"].as_u64().unwrap(), "{before} of {told}");
            assert_eq!(verify(&to)["digest"], told["digest"]);
            for there in ["HOME", "admin.token"] {
                assert!(!to.join(there).exists(), "{there}");
            }
        }
        is_over.store(true, Ordering::Release);
    });
    sidecar.stop();
}

#[test]
fn a_backup_serves_on_with_its_snapshot_and_its_tokens() {
    let room = tempfile::tempdir().unwrap();
    let (data, copy) = (room.path().join("data"), room.path().join("copy"));
    let sidecar = Sidecar::serve(&data);
    sidecar.post("/v1/messages", JSON, "{\"id\":\"rec1\",\"Sender\":\"a\",\"Receiver\":\"@somebody\"}");
    sidecar.stop();
    assert_eq!(run(&["token", "add", "engine", "--scope", "ingest", "--data", path(&data)]).code, Some(0));
    let made = run(&["backup", path(&copy), "--data", path(&data), "--json"]);
    assert!(made.json()["snapshot"].is_u64(), "{made:?}");
    assert_eq!(fs::read(data.join("tokens.toml")).unwrap(), fs::read(copy.join("tokens.toml")).unwrap());
    let sidecar = Sidecar::serve(&copy);
    assert_eq!(sidecar.get("/api/revenue/dashboard").1["today"], "0.10");
    sidecar.stop();
}

#[test]
fn a_backup_that_cannot_be_made_says_why_and_leaves_nothing() {
    let room = tempfile::tempdir().unwrap();
    let (data, copy) = (room.path().join("data"), room.path().join("copy"));
    let missing = run(&["backup", path(&copy), "--data", path(&data)]);
    assert!(missing.code == Some(1) && missing.err.contains("there is no data folder at"), "{missing:?}");
    Sidecar::serve(&data).stop();
    fs::create_dir(&copy).unwrap();
    let there = run(&["backup", path(&copy), "--data", path(&data)]);
    assert!(there.code == Some(1) && there.err.contains("is there already"), "{there:?}");
    assert_eq!(fs::read_dir(&copy).unwrap().count(), 0);
}

#[test]
fn a_journal_that_lost_what_a_snapshot_knows_of_is_not_backed_up_as_if_it_were_whole() {
    let room = tempfile::tempdir().unwrap();
    let (data, copy) = (room.path().join("data"), room.path().join("copy"));
    let sidecar = Sidecar::serve(&data);
    sidecar.post("/v1/messages", JSON, "{\"id\":\"rec1\",\"Sender\":\"a\",\"Receiver\":\"@somebody\"}");
    sidecar.stop();
    // The snapshot of the stop covers all of it.
    let first = data.join("journal/00000001.journal");
    let mut bytes = fs::read(&first).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end] ^= 1;
    fs::write(&first, bytes).unwrap();
    for command in [&["backup", path(&copy)][..], &["verify"], &["report"], &["serve", "--listen", "127.0.0.1:0"]] {
        let ran = run(&[command, &["--data", path(&data)]].concat());
        let is_said = ran.err.contains("00000001.journal is damaged at byte ");
        assert!(ran.code == Some(1) && is_said, "{command:?}: {ran:?}");
    }
    assert!(!copy.exists());
}
