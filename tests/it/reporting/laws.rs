//! What always holds of reports and exports, on books that nobody chose: with charges that are held, let go and taken
//! back, months that are closed and payers who come and go.

use std::collections::BTreeMap;

use chrono::DateTime;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rialto::domain::calendar::{Calendar, Day, Period};
use rialto::domain::charge::{Hold, Stage};
use rialto::domain::ids::{EventKey, TransactionId};
use rialto::domain::money::{Currency, Sum};
use rialto::domain::names::Name;
use rialto::domain::orders::{Reverse, What};
use rialto::domain::payers::Payer;
use rialto::domain::time::Moment;
use rialto::ledger::accounts::Balances;
use rialto::ledger::book::Book;
use rialto::ledger::roll::NameNo;
use rialto::ledger::rows::{ChargeRow, Sort};
use rialto::ledger::totals::{Totals, both};
use rialto::ledger::view::View;
use rialto::reporting::csv::CsvSheet;
use rialto::reporting::days::Days;
use rialto::reporting::hledger::{Journal, account_name};
use rialto::reporting::parquet::ParquetSheet;
use rialto::reporting::report::{By, Report, Sums};

use super::texts::{csv_rows, journal_balances, parquet_rows};
use super::{ROME, fill};
use crate::any::{self, Told};
use crate::scribe::{Scribe, name};

/// What an operator does in between.
#[derive(Clone, Debug)]
enum Turn {
    Nothing,
    Release(Index),
    Reverse(Index),
    Close(u8),
    List(u8),
    Strike(u8),
}

/// A story in which something is held now and then, and what its operator does after each event.
fn story() -> impl Strategy<Value = Vec<(Told, bool, Turn)>> {
    let turn = prop_oneof![
        12 => Just(Turn::Nothing),
        3 => any::<Index>().prop_map(Turn::Release),
        3 => any::<Index>().prop_map(Turn::Reverse),
        1 => (0..3_u8).prop_map(Turn::Close),
        2 => (0..6_u8).prop_map(Turn::List),
        1 => (0..6_u8).prop_map(Turn::Strike),
    ];
    let more = prop::collection::vec((prop::bool::weighted(0.2), turn), 100);
    (any::story(100), more).prop_map(|(story, more)| {
        let with = story.into_iter().zip(more).map(|(told, (is_held, turn))| (told, is_held, turn));
        with.collect()
    })
}

fn who(number: u8) -> Name {
    name(["client_0", "client_1", "building_0", "building_1", "citizen_0", "citizen_1"][usize::from(number)])
}

fn told(story: &[(Told, bool, Turn)]) -> Scribe {
    let mut scribe = Scribe::at(Book::default(), 0);
    for (told, is_held, turn) in story {
        match told {
            Told::Event(event) => {
                let mut event = event.clone();
                event.draft.hold = is_held.then_some(Hold::ALL[0]);
                scribe.post(event);
            }
            Told::Row(row) => scribe.describe(*row),
        }
        let some = |index: &Index| TransactionId(index.index(scribe.book.charges().len().max(1)) as u64 + 1);
        let what = match turn {
            Turn::Nothing => continue,
            Turn::Release(index) => What::Release(some(index)),
            Turn::Reverse(index) => What::Reverse(Reverse { transaction: some(index), used: None }),
            Turn::Close(month) => {
                What::Close(Day::after_month(["2025-12", "2026-01", "2026-02"][usize::from(*month)]).unwrap())
            }
            Turn::List(number) => What::List(Payer::new(who(*number))),
            Turn::Strike(number) => What::Strike(who(*number)),
        };
        scribe.obey(what);
    }
    scribe.close();
    scribe
}

/// The day that a row is booked on, found in the slowest way.
fn day(book: &Book, number: usize, charge: &ChargeRow) -> Day {
    let at = book.fact(charge.fact).occurred_at;
    let day = Day::of(DateTime::from_timestamp_micros(at.0).unwrap().with_timezone(&ROME).date_naive());
    let mut booked = day;
    for closing in book.closings().iter().filter(|closing| closing.from as usize <= number) {
        booked = day.max(closing.open);
    }
    booked
}

/// The sums of a book by the texts that a report has, from all of its rows.
fn scan(book: &Book, by: By, days: Days) -> BTreeMap<(Currency, Option<String>), Sums> {
    let mut sums: BTreeMap<_, Sums> = BTreeMap::new();
    for (number, charge) in book.charges().iter().enumerate() {
        let day = day(book, number, &charge);
        if !days.contain(day) {
            continue;
        }
        let name = |number: NameNo| number.some().map(|number| book.roll().name(number).unwrap().to_string());
        let of = match by {
            By::Citizen => name(charge.citizen),
            By::Business => name(charge.business),
            By::Client => name(charge.client),
            By::Rule => Some(book.tariffs().rule_name(charge.rule).to_owned()),
            By::Stage => Some(charge.stage().as_str().to_owned()),
            By::Day => Some(day.date().to_string()),
            By::Period => unreachable!("it is no key"),
        };
        // What is held is a charge of that day which is still held now.
        let is_held = book.is_held(number as u32);
        if is_held || !charge.is_held() {
            let row = sums.entry((charge.currency, of)).or_default();
            if is_held {
                row.held.add(charge.amount);
            } else {
                row.stages[charge.stage() as usize].add(charge.amount);
                row.charges += u64::from([Sort::Charge, Sort::Release].contains(&charge.sort()));
            }
        }
    }
    sums.retain(|_, sums| *sums != Sums::default());
    sums
}

fn rows(report: &Report) -> BTreeMap<(Currency, Option<String>), Sums> {
    let of = |currency: &rialto::reporting::report::InCurrency| {
        let code = currency.currency;
        currency.rows.iter().map(move |row| ((code, row.of.clone()), row.sums)).collect::<Vec<_>>()
    };
    report.currencies.iter().flat_map(of).collect()
}

fn plus(a: Sums, b: Sums) -> Sums {
    Sums {
        charges: a.charges + b.charges,
        stages: [0, 1].map(|stage| a.stages[stage].plus(b.stages[stage])),
        held: a.held.plus(b.held),
        collected: a.collected.plus(b.collected),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_report_is_what_a_scan_of_the_rows_finds(
        story in story(),
        by in select(&[By::Citizen, By::Business, By::Rule, By::Client, By::Stage, By::Day]),
        ends in any::<[Option<u8>; 2]>(),
        most in 1..8_usize,
    ) {
        let book = &told(&story).book;
        let first = Day::after_month("2025-11").unwrap();
        let [from, to] = ends.map(|end| end.map(|days| Day(first.0 + i32::from(days % 70))));
        let days = Days { from, to };
        let report = Report::new(book, &Calendar::new(ROME), by, days);
        prop_assert_eq!(rows(&report), scan(book, by, days));
        let top = report.clone().top(most);
        for (all, best) in report.currencies.iter().zip(&top.currencies) {
            let sum = all.rows.iter().map(|row| row.sums).fold(Sums::default(), plus);
            prop_assert_eq!(sum, all.total);
            let (left, rest) = best.rest.unwrap_or_default();
            prop_assert_eq!(best.rows.len() + left, all.rows.len());
            prop_assert_eq!(best.rows.iter().map(|row| row.sums).fold(rest, plus), all.total);
            let earned: Vec<Sum> = best.rows.iter().map(|row| row.sums.earned()).collect();
            prop_assert!(earned.is_sorted_by(|a, b| a >= b));
            prop_assert_eq!(best.total, all.total);
        }
    }

    #[test]
    fn the_sums_of_each_period_are_those_of_the_dashboard(story in story(), back in 0..8_i32) {
        let book = &told(&story).book;
        let calendar = Calendar::new(ROME);
        let mut totals = Totals::new(calendar.clone());
        totals.advance(book, usize::MAX, Moment::NEWEST);
        let view = View::new(&totals, 0, 0, 0, &Default::default());
        for sums in totals.currencies() {
            let today = sums.days.last().map_or(Day(740_000), |sums| Day(sums.day.0 - back));
            let noon = Moment(calendar.start(today).0 + 43_200_000_000);
            let dashboard = view.dashboard(sums.currency, noon, &calendar);
            let days = Days { from: None, to: Some(today) };
            let report = Report::new(book, &calendar, By::Period, days).only(sums.currency);
            let rows = &report.currencies[0].rows;
            prop_assert_eq!(rows.iter().map(|row| row.sums.stages).collect::<Vec<_>>(), dashboard.periods);
            prop_assert_eq!(rows[Period::AllTime as usize].sums.held, both(dashboard.held));
        }
    }

    #[test]
    fn csv_reads_back_as_the_book_and_parquet_as_the_same(story in story(), ends in any::<[Option<u8>; 2]>()) {
        let scribe = told(&story);
        let book = &scribe.book;
        let first = Day::after_month("2025-11").unwrap();
        let [from, to] = ends.map(|end| end.map(|days| Day(first.0 + i32::from(days % 70))));
        let days = Days { from, to };
        let (mut csv, mut parquet) = (Vec::new(), Vec::new());
        fill(book, days, Box::new(CsvSheet::new(&mut csv).unwrap()), |place| scribe.record(place));
        fill(book, days, Box::new(ParquetSheet::new(&mut parquet).unwrap()), |place| scribe.record(place));
        let rows = csv_rows(&csv);
        let in_days = book.charges().iter().enumerate().filter(|(number, charge)| days.contain(day(book, *number, charge)));
        let in_days: Vec<(usize, ChargeRow)> = in_days.collect();
        prop_assert_eq!(rows.len(), in_days.len());
        for (cells, (number, charge)) in rows.iter().zip(in_days) {
            let text = |number: NameNo| number.some().map_or("", |number| book.roll().name(number).unwrap().as_str());
            let number = number as u32;
            let links = book.links().iter();
            let of = { links }.find(|link| link.by == number).map(|link| TransactionId(u64::from(link.of) + 1).to_string());
            let event = book.fact(match &of {
                Some(of) => book.charges().get(TransactionId::parse(of).unwrap().0 as usize - 1).unwrap().fact,
                None => charge.fact,
            });
            let feed = event.feed;
            prop_assert_eq!(EventKey::new(feed, &cells[6]), event.key, "the event is found by its id");
            let is_live = charge.stage() == Stage::Live && !charge.is_held();
            let payer = book.payer_of(number, &charge).filter(|_| is_live).map_or("", text);
            let [by, why] = if book.fact(charge.fact).is_order { ["operator", "tried, \"once\""] } else { ["", ""] };
            let expected = [
                (0, TransactionId(u64::from(number) + 1).to_string()),
                (1, charge.sort().as_str().to_owned()),
                (2, day(book, number as usize, &charge).date().to_string()),
                (3, event.occurred_at.to_string()),
                (5, feed.as_str().to_owned()),
                (8, text(charge.citizen).to_owned()),
                (9, text(charge.business).to_owned()),
                (10, text(charge.client).to_owned()),
                (11, book.tariffs().rule_name(charge.rule).to_owned()),
                (12, charge.tariff.0.to_string()),
                (15, charge.stage().as_str().to_owned()),
                (16, charge.is_held().to_string()),
                (17, charge.amount.to_string()),
                (18, charge.currency.to_string()),
                (19, payer.to_owned()),
                (20, String::new()),
                (21, of.unwrap_or_default()),
                (22, by.to_owned()),
                (23, why.to_owned()),
            ];
            for (column, expected) in expected {
                prop_assert_eq!(&cells[column], &expected, "column {} of {:?}", column, cells);
            }
        }
        let same = |rows: Vec<Vec<String>>| -> Vec<Vec<String>> {
            let all_places = |(column, cell): (usize, String)| match column {
                13 | 17 => cell.parse::<rust_decimal::Decimal>().map_or(cell, |figure| figure.normalize().to_string()),
                _ => cell,
            };
            rows.into_iter().map(|row| row.into_iter().enumerate().map(all_places).collect()).collect()
        };
        prop_assert_eq!(same(parquet_rows(parquet)), same(rows));
    }

    #[test]
    fn the_journal_balances_and_has_the_balances_of_the_book(story in story()) {
        let scribe = told(&story);
        let book = &scribe.book;
        let mut journal = Vec::new();
        let sheet = Journal::new(book, &Calendar::new(ROME), Days::ALL, &mut journal).unwrap();
        fill(book, Days::ALL, Box::new(sheet), |place| scribe.record(place));
        let balances = Balances::of(book).sorted().into_iter().filter(|(_, balance)| *balance != 0);
        let named = |(account, balance): (rialto::ledger::accounts::Account, i128)| {
            ((account_name(account, book), account.currency.to_string()), balance)
        };
        let balances: BTreeMap<_, _> = balances.map(named).collect();
        prop_assert_eq!(journal_balances(&String::from_utf8(journal).unwrap()), balances);
    }
}
