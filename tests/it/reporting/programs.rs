//! The exports as other programs read them: hledger, and DuckDB for CSV and Parquet. `cargo xtask exports`
//!
//! What they make of them is held against the book, and against the dashboard of a running sidecar.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use chrono::NaiveDate;
use rialto::domain::calendar::{Day, Period};
use rialto::domain::money::Sum;
use rialto::ledger::accounts::Balances;
use rialto::reporting::days::Days;
use rialto::reporting::hledger::account_name;
use rialto::wiring::onlooker::Onlooker;
use serde_json::Value;

use super::{PERIODS, busy_house, golden_house};
use crate::sidecar::{path, run};

/// Runs hledger on a journal; what it says against it is a failure.
fn hledger(journal: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("hledger");
    // Names in a journal are UTF-8, whatever this machine speaks.
    command.env("LC_ALL", "C.UTF-8").arg("-f").arg(journal).args(arguments);
    let output = command.output().expect("`cargo xtask exports` installs hledger");
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success() && err.is_empty(), "hledger {arguments:?}: {out}{err}");
    out
}

/// What hledger says is on each account, by its name and currency.
fn balances(journal: &Path, arguments: &[&str]) -> BTreeMap<(String, String), i128> {
    let told = hledger(journal, &[&["balance", "-O", "csv", "--layout=bare", "--no-total"], arguments].concat());
    let mut reader = csv::Reader::from_reader(told.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    let balances = rows.map(|row| ((row[0].to_owned(), row[1].to_owned()), Sum::parse(&row[2]).unwrap().0));
    balances.filter(|(_, balance)| *balance != 0).collect()
}

/// What DuckDB says that a file of transactions adds up to in these days: shadow and live, and what is held.
fn duckdb(file: &Path, days: Days) -> [i128; 3] {
    let python = std::env::var_os("RIALTO_EXPORTS_PYTHON").expect("`cargo xtask exports` names the Python to ask");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exports/sums.py");
    let mut command = Command::new(python);
    command.args(["-I", "-B", "-X", "utf8"]).arg(script).arg(file);
    command.args([days.from, days.to].map(|day| day.map_or("-".to_owned(), |day| day.date().to_string())));
    let output = command.output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success() && err.is_empty(), "{out}{err}");
    let told: [String; 3] = serde_json::from_str(&out).unwrap();
    told.map(|text| Sum::parse(&text).unwrap().0)
}

fn sum(text: &Value) -> i128 {
    Sum::parse(text.as_str().unwrap()).unwrap().0
}

#[test]
#[ignore = "needs hledger and DuckDB: cargo xtask exports"]
fn the_three_exports_agree_with_the_dashboard_to_the_millionth() {
    for (what, house) in [("all but bills", busy_house()), ("bills", golden_house())] {
        let room = tempfile::tempdir().unwrap();
        let [csv, parquet, journal] = ["csv", "parquet", "hledger"].map(|format| {
            let file = room.path().join(format!("book.{format}"));
            let data = path(house.folder.path());
            let ran = run(&["export", "--format", format, "--out", path(&file), "--data", data]);
            assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
            file
        });
        let board = house.get("/api/revenue/dashboard");
        hledger(&journal, &["check"]);
        hledger(&journal, &["check", "--strict"]);
        let today = &board["as_of"].as_str().unwrap()[..10];
        let today = Day::of(today.parse::<NaiveDate>().unwrap());
        for (period, name) in Period::ALL.into_iter().zip(PERIODS) {
            let days = Days::of(period, today);
            let shown = ["shadow", "live"].map(|stage| sum(&board[stage][name]));
            for file in [&csv, &parquet] {
                let [shadow, live, _] = duckdb(file, days);
                assert_eq!([shadow, live], shown, "{name} by {}", file.display());
            }
            let within = match (days.from, days.to) {
                (Some(from), Some(to)) => format!("{}..{}", from.date(), Day(to.0 + 1).date()),
                _ => "1900-01-01..9999-01-01".to_owned(),
            };
            let earned = ["shadow:revenue", "revenues:earned"].map(|account| {
                let found = balances(&journal, &["--depth", "2", "-p", &within, account]);
                -found.values().sum::<i128>()
            });
            assert_eq!(earned, shown, "{name} by hledger");
            println!("{what}, {name}: shadow {} and live {} EUR by all four", Sum(shown[0]), Sum(shown[1]));
        }
        let held = sum(&board["held"]);
        assert_eq!([duckdb(&csv, Days::ALL)[2], duckdb(&parquet, Days::ALL)[2]], [held; 2]);
        assert_eq!(-balances(&journal, &["held:revenue"]).values().sum::<i128>(), held);
        // There are no taxes here; what Stripe took of it was collected before.
        let collected = balances(&journal, &["assets:clearing", "expenses:fees"]).values().sum::<i128>();
        assert_eq!(collected, sum(&board["collected"]["all_time"]));
    }
}

#[test]
#[ignore = "needs hledger and DuckDB: cargo xtask exports"]
fn every_balance_of_hledger_is_that_of_the_book() {
    for house in [busy_house(), golden_house()] {
        let file = tempfile::NamedTempFile::new().unwrap();
        let data = house.folder.path();
        let ran = run(&["export", "--format", "hledger", "--out", path(file.path()), "--data", path(data)]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let onlooker = Onlooker::at(data).unwrap();
        let book = onlooker.book();
        let of_book = Balances::of(book).sorted().into_iter().filter(|(_, balance)| *balance != 0);
        let of_book: BTreeMap<_, _> = of_book
            .map(|(account, balance)| ((account_name(account, book), account.currency.to_string()), balance))
            .collect();
        assert!(5 < of_book.len());
        assert_eq!(balances(file.path(), &["--flat"]), of_book);
        println!("{} accounts are the same to the millionth", of_book.len());
    }
}
