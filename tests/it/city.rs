//! One city by different ways in: in process, over one connection, over four. It is one book.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use rialto::reading::{Kind, Reader};
use serde_json::{Value, json};

use super::sidecar::{LINES, Sidecar, path, rialto, run, run_with, verify};

const CITY: [&str; 4] = ["--seed", "7", "--days", "5"];
const CONNECTIONS: usize = 4;
const CHUNK: usize = 50;

#[test]
fn one_city_is_one_book_whichever_way_it_comes_in() {
    let folder = tempfile::tempdir().unwrap();
    let lines = city();
    let entities: Vec<String> = lines.lines().map(told).filter(|(kind, _)| is_row(*kind)).map(|(_, id)| id).collect();
    let lives = ["first", "second"].map(|name| folder.path().join(name));
    let [fed, four] = ["fed", "four"].map(|name| folder.path().join(name));
    let sidecar = Sidecar::serve(&fed);
    std::thread::scope(|scope| {
        for life in &lives {
            scope.spawn(|| live(life));
        }
        let report = run_with(&["import", "--json", "--url", &sidecar.url(), "-"], &lines);
        assert_eq!(report.code, Some(0), "{report:?}");
    });
    let one = totals(&sidecar, &entities);
    sidecar.stop();
    let books = lives.each_ref().map(|life| verify(&life.join("snapshots/demo")));
    let book = verify(&fed);
    assert_ne!((&book["transactions"], &book["snapshots"]), (&json!(0), &json!(0)));
    assert_eq!(books[0]["digest"], books[1]["digest"], "the same seed, twice");
    assert_eq!(books[0]["digest"], book["digest"], "in process, and over HTTP");

    std::fs::remove_dir_all(fed.join("images")).unwrap();
    std::fs::create_dir(fed.join("images")).unwrap();
    let alone = verify(&fed);
    assert_eq!((&alone["digest"], &alone["snapshots"]), (&book["digest"], &json!(0)), "the journal alone");
    let sidecar = Sidecar::serve(&fed);
    assert_eq!(totals(&sidecar, &entities), one, "the journal alone");
    sidecar.stop();

    let sidecar = Sidecar::serve(&four);
    feed_at_once(&sidecar, &lines);
    assert_eq!(totals(&sidecar, &entities), one, "over four connections");
    sidecar.stop();
    let four = verify(&four);
    for key in ["facts", "transactions", "conflicts", "charged"] {
        assert_eq!(four[key], book[key], "{key}");
    }
    println!("{} events, {} transactions, {} conflicts", book["facts"], book["transactions"], book["conflicts"]);
}

fn is_row(kind: Kind) -> bool {
    matches!(kind, Kind::Citizen | Kind::Building)
}

/// What a record is, and its id.
pub fn told(line: &str) -> (Kind, String) {
    let reader = Reader::new(chrono_tz::UTC);
    let kind = reader.kind_of(line).unwrap_or_else(|| panic!("of no kind: {line}"));
    let id = match kind {
        Kind::Activity => reader.activity(line).unwrap().source_id.to_string(),
        Kind::Message => reader.message(line).unwrap().source_id.to_string(),
        Kind::Citizen => reader.citizen(line).unwrap().id().as_str().to_owned(),
        Kind::Building => reader.building(line).unwrap().id().as_str().to_owned(),
    };
    (kind, id)
}

/// The path that records of a kind are handed in at.
pub fn way_in(kind: Kind) -> &'static str {
    match kind {
        Kind::Activity => "/v1/activities",
        Kind::Message => "/v1/messages",
        Kind::Citizen => "/v1/citizens",
        Kind::Building => "/v1/buildings",
    }
}

fn city() -> String {
    run(&["city"].into_iter().chain(CITY).collect::<Vec<_>>()).out
}

/// Lives the city in process, in the demo's own folder under `home`.
fn live(home: &Path) {
    std::fs::create_dir(home).unwrap();
    let mut command = rialto(&["serve", "--demo", "--listen", "127.0.0.1:0", "--day-seconds", "0"]);
    command.args(CITY).current_dir(home);
    let (status, log) = Sidecar::start(command).ended();
    assert!(status.success(), "{status}: {log}");
    assert!(home.join("snapshots/demo/journal").is_dir(), "{log}");
}

/// Citizens and buildings first, for they tell who runs what and who is human; then all the rest over
/// several connections at once.
///
/// A record that comes again (sent twice, upgraded, or contradicted) is settled by which came first, so
/// that the lines of one id keep to one connection: two that disagree and overtake each other would
/// rightly come to other sums.
fn feed_at_once(sidecar: &Sidecar, lines: &str) {
    let mut rows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut shares: [Vec<(&str, &str)>; CONNECTIONS] = Default::default();
    for line in lines.lines() {
        let (kind, id) = told(line);
        match kind {
            Kind::Citizen | Kind::Building => rows.entry(way_in(kind)).or_default().push(line),
            Kind::Activity | Kind::Message => {
                let mut hasher = DefaultHasher::new();
                id.hash(&mut hasher);
                shares[hasher.finish() as usize % CONNECTIONS].push((way_in(kind), line));
            }
        }
    }
    for (path, rows) in rows {
        assert_eq!(sidecar.post(path, LINES, &rows.join("\n")).0, 200);
    }
    std::thread::scope(|scope| {
        for share in &shares {
            let line = sidecar.line();
            scope.spawn(move || {
                // A chunk is of one feed; another feed begins another chunk.
                for run in share.chunk_by(|(one, _), (other, _)| one == other).flat_map(|run| run.chunks(CHUNK)) {
                    let body = run.iter().map(|(_, line)| format!("{line}\n")).collect::<String>();
                    let (status, answer) = line.post(run[0].0, LINES, &body).expect("an answer");
                    assert_eq!((status, &answer["rejected"]), (200, &json!(0)), "{answer}");
                }
            });
        }
    });
}

/// What everybody and everything made in all, and how often.
fn totals(sidecar: &Sidecar, entities: &[String]) -> BTreeMap<String, Value> {
    let mut totals: BTreeMap<String, Value> = entities
        .iter()
        .map(|id| {
            let (status, entity) = sidecar.get(&format!("/v1/entities/{id}"));
            assert_eq!(status, 200, "{id}: {entity}");
            let earned = ["as_citizen", "as_business"].map(|role| {
                let earned = &entity[role];
                json!([earned["charges"], earned["all_time"]])
            });
            (id.clone(), json!(earned))
        })
        .collect();
    let board = sidecar.get("/api/revenue/dashboard").1;
    totals.insert("live".into(), board["live"]["all_time"].clone());
    totals.insert("shadow".into(), board["shadow"]["all_time"].clone());
    totals.insert("top_earners".into(), board["top_earners"].clone());
    totals
}

#[test]
fn a_demo_touches_no_other_folder() {
    let home = tempfile::tempdir().unwrap();
    let mine = home.path().join("mine");
    let refused = run(&["serve", "--demo", "--data", path(&mine)]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    let mut command = rialto(&["serve", "--demo", "--listen", "127.0.0.1:0", "--day-seconds", "0", "--days", "1"]);
    command.env("RIALTO_DATA", &mine).current_dir(home.path());
    let (status, log) = Sidecar::start(command).ended();
    assert!(status.success(), "{status}: {log}");
    assert!(!mine.exists());
}
