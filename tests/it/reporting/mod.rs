//! Reports and exports: that they tell what the book holds, each in its own way and all of them the same.

mod commands;
mod laws;
mod programs;
mod texts;

use std::convert::Infallible;
use std::path::Path;

use rialto::domain::calendar::Calendar;
use rialto::ledger::book::Book;
use rialto::ledger::entry::Entry;
use rialto::ledger::rows::Place;
use rialto::reporting::days::Days;
use rialto::reporting::sheet::{Sheet, Transactions};
use serde_json::{Value, json};

use crate::house::House;
use crate::scribe::copy;

const ROME: chrono_tz::Tz = chrono_tz::Europe::Rome;
/// The periods of the dashboard, by the names that it has for them.
const PERIODS: [&str; 4] = ["today", "week", "month", "all_time"];

/// Puts all transactions of a book on a sheet.
fn fill(book: &Book, days: Days, mut sheet: Box<dyn Sheet + '_>, record: impl Fn(Place) -> Entry<'static>) {
    let mut looked_at = 0;
    let read = |place| Ok::<_, Infallible>(record(place));
    Transactions::of(book, &Calendar::new(ROME), days).put_on(&mut *sheet, read, |done| looked_at = done).unwrap();
    assert_eq!(looked_at, book.charges().len() as u64);
    sheet.end().unwrap();
}

/// A house in which there is some of everything but bills: shadow and live, held, let go and taken back, on several
/// days, with amounts to the millionth.
fn busy_house() -> House {
    let house = House::with(&[("RIALTO_GATE_EVENTS", "0"), ("RIALTO_GATE_HOURS", "0")]);
    let mut number = 0;
    let mut take = |citizen: &str, minutes: u32, more: Value| {
        number += 1;
        let mut service = json!({
            "id": format!("rec{number}"), "Type": "paid_service", "Citizen": citizen, "duration_minutes": minutes
        });
        more.as_object().unwrap().iter().for_each(|(key, value)| service[key] = value.clone());
        house.take(&service)
    };
    for (citizen, minutes) in [("Ada", 25), ("Bepi", 50), ("a:b  ; c", 7), ("città", 13)] {
        assert_eq!(take(citizen, minutes, json!({}))["stage"], "shadow");
    }
    for days in [1, 2, 9, 33] {
        let then = chrono::DateTime::from_timestamp_secs(seconds() - days * 86_400).unwrap();
        take("Ada", 11, json!({ "timestamp": then.to_rfc3339(), "skills": { "expertise": "1.2345" } }));
    }
    assert_eq!(take("Bepi", 60, json!({ "skills": { "expertise": "25" } }))["held"], true);
    house.done(&["payer", "add", "Ada", "--customer", "cus_1"]);
    house.done(&["payer", "add", "client_1", "--customer", "cus_2"]);
    house.done(&["rollout", "live", "--all"]);
    assert_eq!(take("Ada", 25, json!({}))["stage"], "live");
    take("Bepi", 20, json!({ "client_id": "client_1" }));
    take("Zane", 40, json!({}));
    let held = take("Ada", 60, json!({ "skills": { "expertise": "25" } }));
    assert_eq!((&held["held"], &held["stage"]), (&json!(true), &json!("live")));
    take("Ada", 61, json!({ "skills": { "expertise": "26" } }));
    house.done(&["guard", "release", held["transaction_id"].as_str().unwrap()]);
    house.done(&["reverse", "tx_1"]);
    house.done(&["reverse", "tx_11"]);
    house
}

/// A house with bills that were paid, called off, drawn again and credited: that of a golden folder.
fn golden_house() -> House {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/golden/v3"), folder.path());
    House::at(folder, &[])
}

fn seconds() -> i64 {
    rialto::clock::Clock::system().now().0 / 1_000_000
}
