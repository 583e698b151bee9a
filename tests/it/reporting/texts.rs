//! The exports read back, each by the simplest reader there is.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, SecondsFormat};
use parquet::data_type::Decimal;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use rialto::domain::money::Sum;
use rialto::reporting::csv::COLUMNS;

/// The rows of CSV, cell by cell, without the line of names.
pub fn csv_rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(bytes);
    assert_eq!(reader.headers().unwrap(), &COLUMNS[..]);
    reader.records().map(|record| record.unwrap().iter().map(as_written).collect()).collect()
}

/// A cell without the apostrophe that keeps a spreadsheet from taking it for a formula.
fn as_written(cell: &str) -> String {
    let text = cell.strip_prefix('\'').filter(|text| text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
    text.unwrap_or(cell).to_owned()
}

/// The rows of Parquet, with the texts that CSV has for them; amounts and quantities with all their places.
pub fn parquet_rows(bytes: Vec<u8>) -> Vec<Vec<String>> {
    let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
    let names: Vec<_> =
        reader.metadata().file_metadata().schema().get_fields().iter().map(|field| field.name().to_owned()).collect();
    assert_eq!(names, COLUMNS);
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| row.unwrap().get_column_iter().map(|(_, field)| text(field)).collect()).collect()
}

fn text(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Bool(is) => is.to_string(),
        Field::Int(number) => number.to_string(),
        Field::Date(days) => (NaiveDate::default() + chrono::TimeDelta::days((*days).into())).to_string(),
        Field::TimestampMicros(at) => {
            DateTime::from_timestamp_micros(*at).unwrap().to_rfc3339_opts(SecondsFormat::Micros, true)
        }
        Field::Decimal(decimal) => exact(decimal),
        other => panic!("no column is of this type: {other:?}"),
    }
}

fn exact(decimal: &Decimal) -> String {
    let mantissa = i128::from_be_bytes(decimal.data().try_into().unwrap());
    rust_decimal::Decimal::from_i128_with_scale(mantissa, decimal.scale() as u32).to_string()
}

/// What is on each account of a journal, by its name and currency. Every transaction of it must come to nothing.
pub fn journal_balances(text: &str) -> BTreeMap<(String, String), i128> {
    let mut balances = BTreeMap::new();
    let mut open: BTreeMap<String, i128> = BTreeMap::new();
    for line in text.lines() {
        let Some(posting) = line.strip_prefix("    ") else {
            assert!(open.values().all(|sum| *sum == 0), "{open:?} before {line}");
            continue;
        };
        let (account, amount) = posting.split_once("  ").unwrap();
        let (amount, currency) = amount.split_once(' ').unwrap();
        let amount = Sum::parse(amount).unwrap().0;
        *open.entry(currency.to_owned()).or_default() += amount;
        *balances.entry((account.to_owned(), currency.to_owned())).or_default() += amount;
    }
    assert!(open.values().all(|sum| *sum == 0), "{open:?} at the end");
    balances.retain(|_, sum| *sum != 0);
    balances
}
