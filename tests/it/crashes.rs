//! Killed at any moment: what was acknowledged is there, and telling everything again makes it whole.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::dice::Dice;
use super::sidecar::{JSON, LINES, Line, Sidecar, path, rialto, run, verify};

const KILLS: usize = 20;
const CITIZENS: u64 = 7;
const BATCH: usize = 12;
/// Small enough that segments are sealed and snapshots taken between the kills.
const BYTES: &str = "16384";

/// A request that was sent: its path, its type and its body.
type Sent = (&'static str, &'static str, String);

/// What was acknowledged of an event: where it is asked for, its amount and its transaction.
type Told = (String, Value, Value);

#[test]
fn what_was_acknowledged_survives_every_kill_and_the_whole_feed_again_makes_the_same_book() {
    let dice = Dice::seeded("RIALTO_CRASH_SEED");
    let folder = tempfile::tempdir().unwrap();
    let (mut sent, mut told): (Vec<Sent>, Vec<Told>) = (Vec::new(), Vec::new());
    for round in 0..KILLS {
        let mut sidecar = start(folder.path());
        all_are_there(&sidecar, &told, &format!("round {round}, {dice}"));
        let (requests, answers) = feed_until_killed(&mut sidecar, round, &dice);
        sent.extend(requests);
        told.extend(answers);
    }
    assert!(!told.is_empty(), "nothing was ever acknowledged, {dice}");
    println!("{KILLS} kills, {} requests, {} events acknowledged, {dice}", sent.len(), told.len());

    let sidecar = start(folder.path());
    all_are_there(&sidecar, &told, &dice.to_string());
    let disturbed = feed(&sidecar, &sent);
    all_are_there(&sidecar, &told, &dice.to_string());
    sidecar.stop();
    let calm = tempfile::tempdir().unwrap();
    let sidecar = start(calm.path());
    let undisturbed = feed(&sidecar, &sent);
    sidecar.stop();
    assert_eq!(disturbed, undisturbed, "{dice}");
    let (disturbed, undisturbed) = (verify(folder.path()), verify(calm.path()));
    for key in ["facts", "transactions", "conflicts", "charged"] {
        assert_eq!(disturbed[key], undisturbed[key], "{key}, {dice}");
    }
}

#[test]
fn an_import_that_is_killed_and_done_again_comes_to_the_same_book() {
    let dice = Dice::seeded("RIALTO_CRASH_SEED");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("city.ndjson");
    std::fs::write(&file, run(&["city", "--seed", "7", "--days", "1"]).out).unwrap();
    let (calm, data) = (folder.path().join("calm"), folder.path().join("data"));

    let began = Instant::now();
    let whole = super::sidecar::ran(import(&calm, &file));
    let took = began.elapsed();
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let records = &whole.json()["records"];

    for _ in 0..KILLS {
        let mut child = import(&data, &file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // No wait for anything: the moment of the kill is what is tried here.
        std::thread::sleep(Duration::from_micros(dice.below(took.as_micros() as u64)));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let last = super::sidecar::ran(import(&data, &file));
    assert_eq!((last.code, &last.json()["records"]), (Some(0), records), "{dice}: {last:?}");
    let book = verify(&data);
    let undisturbed = verify(&calm);
    for key in ["digest", "facts", "transactions", "conflicts", "charged"] {
        assert_eq!(book[key], undisturbed[key], "{key}, {dice}");
    }
    let again = super::sidecar::ran(import(&data, &file)).json();
    assert_eq!(&again["duplicate"], records, "{dice}: {again}");
    assert_eq!(verify(&data)["digest"], book["digest"], "{dice}");
}

fn start(data: &Path) -> Sidecar {
    let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(data)]);
    command.env("RIALTO_SEGMENT_BYTES", BYTES).env("RIALTO_SNAPSHOT_BYTES", BYTES);
    Sidecar::start(command)
}

fn import(data: &Path, file: &Path) -> Command {
    let mut command = rialto(&["import", "--json", "--data", path(data), path(file)]);
    command.env("RIALTO_SEGMENT_BYTES", "65536").env("RIALTO_SNAPSHOT_BYTES", "65536");
    command
}

/// Feeds fresh records over two connections in batches and over a third one by one, and kills the
/// sidecar at some moment; what was sent, and what was acknowledged of it.
fn feed_until_killed(sidecar: &mut Sidecar, round: usize, dice: &Dice) -> (Vec<Sent>, Vec<Told>) {
    let (acknowledge, acknowledged) = channel();
    let feeders: Vec<_> = (0..3)
        .map(|feeder| {
            let (line, acknowledge) = (sidecar.line(), acknowledge.clone());
            std::thread::spawn(move || feed_until_dead(&line, round, feeder, &acknowledge))
        })
        .collect();
    drop(acknowledge);
    let answers = 1 + dice.below(10) as usize;
    let mut told: Vec<Told> = acknowledged.iter().take(answers).flatten().collect();
    // No wait for anything: the moment of the kill is what is tried here.
    std::thread::sleep(Duration::from_micros(dice.below(4000)));
    sidecar.kill();
    told.extend(acknowledged.iter().flatten());
    let sent = feeders.into_iter().flat_map(|feeder| feeder.join().unwrap()).collect();
    (sent, told)
}

fn feed_until_dead(line: &Line, round: usize, feeder: usize, acknowledge: &Sender<Vec<Told>>) -> Vec<Sent> {
    let mut sent = Vec::new();
    loop {
        let place = sent.len();
        let name = format!("{round}-{feeder}-{place}");
        let request: Sent = match (feeder, place % 2) {
            (0 | 1, 0) => {
                ("/v1/activities", LINES, (0..BATCH).map(|n| activity(&format!("{name}-{n}")) + "\n").collect())
            }
            (0 | 1, _) => ("/v1/messages", LINES, (0..BATCH).map(|n| message(&format!("{name}-{n}")) + "\n").collect()),
            (_, 0) => ("/v1/activities", JSON, activity(&name)),
            (_, _) => ("/v1/messages", JSON, message(&name)),
        };
        let (path, content_type, body) = request.clone();
        sent.push(request);
        match line.post(path, content_type, &body) {
            Some((200, answer)) => drop(acknowledge.send(told(path, &answer))),
            Some((503, _)) => {}
            Some((status, answer)) => panic!("{status}: {answer}"),
            None => return sent,
        }
    }
}

/// One of four kinds, and an amount, by what is in its name: the same name is the same record.
fn activity(name: &str) -> String {
    let number = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let citizen = format!("citizen_{}", number % CITIZENS);
    let (kind, status) = match number / CITIZENS % 4 {
        0 => ("goto_work", "processed"),
        1 => ("paid_service", "failed"),
        _ => ("paid_service", "processed"),
    };
    let notes = json!({ "revenue": { "minutes": 1 + number % 97, "expertise": 1.1, "service": "advice" } });
    json!({ "id": format!("rec-{name}"), "createdTime": "2025-07-02T08:00:00.000Z", "fields": {
        "Type": kind, "Citizen": citizen, "Status": status, "EndDate": "2025-07-02T09:30:00+00:00",
        "Notes": notes.to_string(),
    }})
    .to_string()
}

fn message(name: &str) -> String {
    let number = name.bytes().map(u64::from).sum::<u64>();
    let receiver = if number % 3 == 0 { "citizen_0" } else { "@somebody" };
    json!({ "id": format!("rec-{name}"), "fields": {
        "Sender": format!("citizen_{}", 1 + number % (CITIZENS - 1)), "Receiver": receiver, "Content": "Salve",
        "CreatedAt": "2025-07-02T09:30:00Z",
    }})
    .to_string()
}

fn told(path: &str, answer: &Value) -> Vec<Told> {
    let results = answer["results"].as_array().expect("results");
    let is_kept = |result: &&Value| {
        let status = result["status"].as_str().unwrap();
        assert!(["recorded", "priced", "duplicate"].contains(&status), "{result}");
        true
    };
    let one = |result: &Value| {
        let id = result["id"].as_str().unwrap();
        (format!("{path}/{id}"), result["amount"].clone(), result["transaction_id"].clone())
    };
    results.iter().filter(is_kept).map(one).collect()
}

fn all_are_there(sidecar: &Sidecar, told: &[Told], when: &str) {
    for (path, amount, transaction) in told {
        let (status, fate) = sidecar.get(path);
        assert_eq!(status, 200, "{path} was acknowledged and is gone; {when}");
        assert_eq!((&fate["amount"], &fate["transaction_id"]), (amount, transaction), "{path}; {when}");
    }
}

/// Sends everything, and tells all sums that follow from it.
fn feed(sidecar: &Sidecar, sent: &[Sent]) -> BTreeMap<String, Value> {
    for (path, content_type, body) in sent {
        let (status, answer) = sidecar.post(path, content_type, body);
        assert_eq!((status, &answer["rejected"], &answer["conflict"]), (200, &json!(0), &json!(0)), "{answer}");
    }
    let board = sidecar.get("/api/revenue/dashboard").1;
    let citizens = (0..CITIZENS).map(|number| {
        let path = format!("/v1/entities/citizen_{number}");
        let (_, entity) = sidecar.get(&path);
        (path, json!([entity["as_citizen"]["charges"], entity["as_citizen"]["all_time"]]))
    });
    let sums =
        [("all".to_owned(), json!([board["live"]["all_time"], board["shadow"]["all_time"], board["top_earners"]]))];
    citizens.chain(sums).collect()
}
