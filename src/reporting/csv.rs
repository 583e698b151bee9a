//! Transactions as CSV (RFC 4180): a line of names, then a line for each.
//!
//! Amounts are exact decimals, instants are in UTC to the microsecond, and what is not known is empty. CSV is what people
//! open in a spreadsheet, and ids and reasons are what others wrote: one that a spreadsheet would take for a formula has an
//! apostrophe before it. Parquet has it as it is.

use std::borrow::Cow;
use std::io::{self, Write};

use super::sheet::{Line, Sheet};
use crate::domain::ids::TransactionId;
use crate::domain::names::Name;

/// The names of the columns, in their order.
pub const COLUMNS: [&str; 24] = [
    "id",
    "sort",
    "booked_on",
    "occurred_at",
    "recorded_at",
    "feed",
    "event",
    "type",
    "citizen",
    "business",
    "client",
    "rule",
    "tariff",
    "quantity",
    "unit",
    "stage",
    "held",
    "amount",
    "currency",
    "payer",
    "bill",
    "of",
    "by",
    "why",
];

/// A sheet of CSV.
pub struct CsvSheet<W: Write>(csv::Writer<W>);

impl<W: Write> CsvSheet<W> {
    /// Begins one.
    pub fn new(out: W) -> io::Result<CsvSheet<W>> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(COLUMNS).map_err(io_of)?;
        Ok(CsvSheet(writer))
    }
}

impl<W: Write> Sheet for CsvSheet<W> {
    fn put(&mut self, line: &Line) -> io::Result<()> {
        let text = |name: Option<Name>| harmless(name.map_or("", Name::as_str));
        let quantity = line.quantity.map(|quantity| quantity.amount.to_string()).unwrap_or_default();
        let of = line.of.as_ref().map(TransactionId::to_string).unwrap_or_default();
        let [by, why] = match &line.order {
            Some(order) => [order.by.as_str(), order.why.as_str()],
            None => ["", ""],
        };
        let activity = &line.event.activity;
        let record: [&str; COLUMNS.len()] = [
            &line.id.to_string(),
            line.charge.sort().as_str(),
            &line.booked_on.date().to_string(),
            &line.event.occurred_at.to_string(),
            &line.recorded_at.to_string(),
            activity.feed.as_str(),
            &harmless(activity.source_id.as_str()),
            &text(activity.kind),
            &text(line.citizen),
            &text(line.business),
            &text(line.client),
            &harmless(line.rule),
            &line.charge.tariff.0.to_string(),
            &quantity,
            line.quantity.map_or("", |quantity| quantity.unit),
            line.charge.stage().as_str(),
            if line.charge.is_held() { "true" } else { "false" },
            &line.charge.amount.to_string(),
            &line.charge.currency.to_string(),
            &text(line.payer_name),
            &line.bill.map(|bill| bill.to_string()).unwrap_or_default(),
            &of,
            &harmless(by),
            &harmless(why),
        ];
        self.0.write_record(record).map_err(io_of)
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

/// A text that no spreadsheet takes for a formula.
pub fn harmless(text: &str) -> Cow<'_, str> {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// What went wrong underneath.
pub fn io_of(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
