//! The commands, as their users run them: beside a running sidecar, on what is not there, and given wrongly.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rialto::domain::money::Sum;
use rialto::ledger::accounts::Balances;
use rialto::reporting::hledger::account_name;
use rialto::wiring::onlooker::Onlooker;
use serde_json::{Value, json};

use super::texts::{csv_rows, journal_balances, parquet_rows};
use super::{PERIODS, busy_house, golden_house};
use crate::house::House;
use crate::sidecar::{LINES, Ran, path, run};

/// Runs a command on a folder, which is to succeed.
fn done(data: &Path, arguments: &[&str]) -> Ran {
    let ran = run(&[arguments, &["--data", path(data)]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}: {ran:?}");
    ran
}

fn sum(text: &Value) -> i128 {
    Sum::parse(text.as_str().unwrap()).unwrap().0
}

/// Every file of a folder, with its length, its time, and what is in it.
fn files(folder: &Path) -> BTreeMap<String, (std::time::SystemTime, Vec<u8>)> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let modified = entry.metadata().unwrap().modified().unwrap();
        if entry.path().is_dir() {
            files.insert(name.clone(), (modified, Vec::new()));
            files.extend(
                self::files(&entry.path()).into_iter().map(|(inside, file)| (format!("{name}/{inside}"), file)),
            );
        } else {
            files.insert(name, (modified, fs::read(entry.path()).unwrap()));
        }
    }
    files
}

#[test]
fn a_report_beside_a_running_sidecar_is_its_dashboard_and_the_folder_stays_as_it_was() {
    for house in [busy_house(), golden_house()] {
        let data = house.folder.path();
        let report = done(data, &["report", "--json"]).out;
        let board = house.get("/api/revenue/dashboard");
        let report: Value = serde_json::from_str(&report).unwrap();
        let [euro] = report["currencies"].as_array().unwrap().as_slice() else { panic!("{report}") };
        for (place, period) in PERIODS.into_iter().enumerate() {
            for key in ["shadow", "live", "collected"] {
                assert_eq!(euro["rows"][place][key], board[key][period], "{key} {period}: {report} {board}");
            }
        }
        assert_eq!(euro["total"]["held"], board["held"]);
        // What lies longer back than a month is pointed at.
        let table = done(data, &["report"]).out;
        assert_eq!(table.contains("nothing since 2026-0"), sum(&board["month"]) == 0, "{table}");
        // A stopped folder is told like a running one, and nobody but us is there to change it.
        let folder = house.folder;
        house.sidecar.stop();
        let before = files(folder.path());
        let again: Value = serde_json::from_str(&done(folder.path(), &["report", "--json"]).out).unwrap();
        assert_eq!(again, report);
        let book = tempfile::tempdir().unwrap();
        for format in ["csv", "parquet", "hledger"] {
            done(folder.path(), &["export", "--format", format, "--out", path(&book.path().join(format))]);
        }
        assert_eq!(fs::read_dir(book.path()).unwrap().count(), 3, "nothing is left beside what was written");
        assert!(before == files(folder.path()), "something in the folder was changed");
    }
}

#[test]
fn the_exports_add_up_to_the_dashboard_and_to_the_accounts_of_the_book() {
    for house in [busy_house(), golden_house()] {
        let data = house.folder.path();
        let board = house.get("/api/revenue/dashboard");
        let csv = csv_rows(done(data, &["export", "--format", "csv"]).out.as_bytes());
        for stage in ["shadow", "live"] {
            let of_it = csv.iter().filter(|row| row[15] == stage && row[16] == "false");
            let all: i128 = of_it.map(|row| Sum::parse(&row[17]).unwrap().0).sum();
            assert_eq!(all, sum(&board[stage]["all_time"]), "{stage}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        done(data, &["export", "--format", "parquet", "--out", path(file.path())]);
        let parquet = parquet_rows(fs::read(file.path()).unwrap());
        assert_eq!(parquet.len(), csv.len());
        assert!(
            parquet
                .iter()
                .zip(&csv)
                .all(|(parquet, csv)| [0, 6, 15, 19, 20, 21, 23].iter().all(|cell| parquet[*cell] == csv[*cell]))
        );
        let journal = done(data, &["export", "--format", "hledger"]).out;
        let onlooker = Onlooker::at(data).unwrap();
        let balances = Balances::of(onlooker.book()).sorted().into_iter().filter(|(_, balance)| *balance != 0);
        let named = balances.map(|(account, balance)| {
            ((account_name(account, onlooker.book()), account.currency.to_string()), balance)
        });
        assert_eq!(journal_balances(&journal), named.collect());
        let bills = onlooker.book().bills().len();
        assert_eq!(csv.iter().any(|row| !row[20].is_empty()), 0 < bills, "what is on a bill says so");
    }
}

#[test]
fn what_has_a_receipt_is_in_every_report_however_busy_the_sidecar_is() {
    let house = House::with(&[("RIALTO_SEGMENT_BYTES", "65536"), ("RIALTO_SNAPSHOT_BYTES", "65536")]);
    let (sent, had, is_over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let line = house.sidecar.line();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let from = sent.fetch_add(40, Ordering::SeqCst);
                let event = |number| {
                    json!({ "id": format!("rec{number}"), "Type": "paid_service", "Citizen": "Ada", "duration_minutes": 1 })
                };
                let batch: String = (from..from + 40).map(|number| format!("{}\n", event(number))).collect();
                let (status, answer) = line.post("/v1/activities", LINES, &batch).unwrap();
                assert_eq!((status, &answer["priced"]), (200, &json!(40)), "{answer}");
                had.fetch_add(40, Ordering::SeqCst);
            }
        });
        for _ in 0..12 {
            let least = had.load(Ordering::SeqCst);
            let report = done(house.folder.path(), &["report", "--json"]);
            let most = sent.load(Ordering::SeqCst);
            let found = report.json()["currencies"][0]["total"]["charges"].as_u64().unwrap();
            assert!((least..=most).contains(&found), "{least} to {most}: {found}");
        }
        is_over.store(true, Ordering::SeqCst);
    });
}

#[test]
fn a_report_is_told_as_a_table_as_json_and_as_csv() {
    let house = busy_house();
    let data = house.folder.path();
    let table = done(data, &["report", "--by", "citizen", "--top", "2"]).out;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("EUR by citizen, all days (Europe/Rome)"), "{table}");
    assert!(lines[1].starts_with("citizen") && lines[2].starts_with("Ada"), "{table}");
    assert!(lines[4].starts_with("(3 more)") && lines[5].starts_with("(total)"), "{table}");
    let json = done(data, &["report", "--by", "citizen", "--top", "2", "--format", "json"]).json();
    let euro = &json["currencies"][0];
    let parts = [&euro["rows"][0], &euro["rows"][1], &euro["rest"]].map(|row| sum(&row["earned"]));
    assert_eq!(parts.iter().sum::<i128>(), sum(&euro["total"]["earned"]));
    assert_eq!((&euro["rest"]["rows"], &euro["rows"][0]["collected"]), (&json!(3), &Value::Null));
    let csv = done(data, &["report", "--by", "citizen", "--format", "csv"]).out;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header =
        ["currency", "row", "citizen", "from", "to", "charges", "shadow", "live", "earned", "held", "collected"];
    assert_eq!(reader.headers().unwrap(), &header[..]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(
        (&rows[rows.len() - 1][1], &rows[rows.len() - 1][8]),
        ("total", euro["total"]["earned"].as_str().unwrap())
    );
    assert!(rows.iter().any(|row| &row[2] == "a:b  ; c"), "{csv}");
    let none = done(data, &["report", "--currency", "usd", "--json"]).json();
    assert_eq!(
        (&none["currencies"][0]["currency"], &none["currencies"][0]["rows"][3]["earned"]),
        (&json!("USD"), &json!("0.00"))
    );
    house.sidecar.stop();
}

#[test]
fn a_new_folder_has_earned_nothing_in_the_currency_of_its_tariff() {
    let house = House::open();
    let data = house.folder.path();
    let report = done(data, &["report", "--json"]).json();
    assert_eq!(
        (&report["currencies"][0]["currency"], &report["currencies"][0]["total"]["earned"]),
        (&json!("EUR"), &json!("0.00"))
    );
    assert_eq!(csv_rows(done(data, &["export", "--format", "csv"]).out.as_bytes()), Vec::<Vec<String>>::new());
}

#[test]
fn what_is_given_wrongly_is_told_with_what_would_be_right() {
    let house = House::open();
    let data = house.folder.path();
    let inside = data.join("journal/book.csv");
    let room = tempfile::tempdir().unwrap();
    let nowhere = room.path().join("nowhere/book.csv");
    for (arguments, code, says) in [
        (&["report", "--from", "yesterday"][..], 2, "such as 2026-11-28"),
        (&["report", "--from", "2026-11-31"], 2, "such as 2026-11-28"),
        (&["report", "--from", "2026-11-02", "--to", "2026-11-01"], 2, "--from 2026-11-02 is after --to 2026-11-01"),
        (&["report", "--period", "year"], 2, "day, week, month, all"),
        (&["report", "--period", "day", "--from", "2026-11-01"], 2, "cannot be used with"),
        (&["report", "--by", "name"], 2, "citizen, business, rule, client, stage, day"),
        (&["report", "--currency", "euro"], 2, "three letters, such as EUR"),
        (&["report", "--top", "0"], 2, "0 is not in 1.."),
        (&["report", "--json", "--format", "csv"], 2, "cannot be used with"),
        (&["export"], 2, "--format <FORMAT>"),
        (&["export", "--format", "xml"], 2, "csv, parquet, hledger"),
        (&["export", "--format", "csv", "--out", path(&inside)], 2, "the data folder holds the book alone"),
        (&["export", "--format", "csv", "--out", path(&nowhere)], 1, "cannot be written"),
        (&["export", "--format", "csv", "--out", "/"], 1, "it is there, and no file"),
        (&["export", "--format", "csv", "--out", "/dev/null"], 1, "it is there, and no file"),
    ] {
        let ran = run(&[arguments, &["--data", path(data)]].concat());
        let told = format!("{}{}", ran.out, ran.err);
        assert!(ran.code == Some(code) && told.contains(says), "{arguments:?}: {ran:?}");
    }
    let missing = run(&["report", "--data", path(&data.join("nowhere"))]);
    assert!(missing.code == Some(1) && missing.err.contains("there is no data folder"), "{missing:?}");
    assert!(!data.join("nowhere").exists(), "nothing is made by looking");
    for command in ["report", "export"] {
        let help = run(&[command, "--help"]);
        assert!(help.out.contains("Examples:") && help.out.contains("running sidecar"), "{help:?}");
    }
}
