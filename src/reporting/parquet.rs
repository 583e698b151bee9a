//! Transactions as Parquet: the columns of the [CSV](super::csv), with types that nobody has to guess.
//!
//! Amounts are decimals of six places in sixteen bytes, because eight hold only eighteen digits; instants are in UTC to the
//! microsecond. Rows are written in groups, and only one group is in memory.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use chrono::NaiveDate;
use parquet::basic::Compression;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use super::sheet::{Line, Sheet};
use crate::domain::calendar::Day;
use crate::domain::names::Name;
use crate::domain::tariff::asks::PLACES;

/// The columns and their types.
const SCHEMA: &str = "message transactions {
    REQUIRED BYTE_ARRAY id (STRING);
    REQUIRED BYTE_ARRAY sort (STRING);
    REQUIRED INT32 booked_on (DATE);
    REQUIRED INT64 occurred_at (TIMESTAMP(MICROS,true));
    REQUIRED INT64 recorded_at (TIMESTAMP(MICROS,true));
    REQUIRED BYTE_ARRAY feed (STRING);
    REQUIRED BYTE_ARRAY event (STRING);
    OPTIONAL BYTE_ARRAY type (STRING);
    OPTIONAL BYTE_ARRAY citizen (STRING);
    OPTIONAL BYTE_ARRAY business (STRING);
    OPTIONAL BYTE_ARRAY client (STRING);
    REQUIRED BYTE_ARRAY rule (STRING);
    REQUIRED INT32 tariff;
    OPTIONAL FIXED_LEN_BYTE_ARRAY (16) quantity (DECIMAL(38,12));
    OPTIONAL BYTE_ARRAY unit (STRING);
    REQUIRED BYTE_ARRAY stage (STRING);
    REQUIRED BOOLEAN held;
    REQUIRED FIXED_LEN_BYTE_ARRAY (16) amount (DECIMAL(38,6));
    REQUIRED BYTE_ARRAY currency (STRING);
    OPTIONAL BYTE_ARRAY payer (STRING);
    OPTIONAL BYTE_ARRAY bill (STRING);
    OPTIONAL BYTE_ARRAY of (STRING);
    OPTIONAL BYTE_ARRAY by (STRING);
    OPTIONAL BYTE_ARRAY why (STRING);
}";

/// So many rows are a group.
const ROWS: usize = 32_768;

/// A sheet of Parquet.
pub struct ParquetSheet<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<Column>,
    rows: usize,
}

/// What a column has of the rows that are not written yet.
struct Column {
    /// For each row 1 where there is a value, else 0; what is required has no such list.
    levels: Option<Vec<i16>>,
    values: Values,
}

enum Values {
    Texts(Vec<ByteArray>),
    Numbers(Vec<i32>),
    Instants(Vec<i64>),
    Flags(Vec<bool>),
    Decimals(Vec<FixedLenByteArray>),
}

/// A value, or that there is none.
enum Cell {
    Text(ByteArray),
    Number(i32),
    Instant(i64),
    Flag(bool),
    Decimal(i128),
    Nothing,
}

impl<W: Write + Send> ParquetSheet<W> {
    /// Begins one.
    pub fn new(out: W) -> io::Result<ParquetSheet<W>> {
        let schema = Arc::new(parse_message_type(SCHEMA).map_err(io_of)?);
        let columns = schema.get_fields().iter().map(|field| Column::of(field)).collect();
        let made_by = format!("rialto version {}", env!("CARGO_PKG_VERSION"));
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_created_by(made_by);
        let file = SerializedFileWriter::new(out, schema, Arc::new(properties.build())).map_err(io_of)?;
        Ok(ParquetSheet { file, columns, rows: 0 })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            column.write(&mut writer)?;
            writer.close()?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

impl<W: Write + Send> Sheet for ParquetSheet<W> {
    fn put(&mut self, line: &Line) -> io::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells(line)) {
            column.push(cell);
        }
        self.rows += 1;
        if self.rows == ROWS { self.write_group().map_err(io_of) } else { Ok(()) }
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        if 0 < self.rows {
            self.write_group().map_err(io_of)?;
        }
        self.file.into_inner().map_err(io_of)?.flush()
    }
}

/// The cells of a row, in the order of the schema.
fn cells(line: &Line) -> [Cell; super::csv::COLUMNS.len()] {
    let fixed = |text: &'static str| Cell::Text(Bytes::from_static(text.as_bytes()).into());
    let text = |text: String| Cell::Text(text.into_bytes().into());
    let name = |name: Option<Name>| name.map_or(Cell::Nothing, |name| fixed(name.as_str()));
    let maybe = |told: Option<String>| told.map_or(Cell::Nothing, text);
    let activity = &line.event.activity;
    let mut quantity = line.quantity.map(|quantity| quantity.amount);
    quantity.iter_mut().for_each(|quantity| quantity.rescale(PLACES));
    [
        text(line.id.to_string()),
        fixed(line.charge.sort().as_str()),
        Cell::Number(line.booked_on.0 - Day::of(NaiveDate::default()).0),
        Cell::Instant(line.event.occurred_at.0),
        Cell::Instant(line.recorded_at.0),
        fixed(activity.feed.as_str()),
        text(activity.source_id.to_string()),
        name(activity.kind),
        name(line.citizen),
        name(line.business),
        name(line.client),
        fixed(line.rule),
        Cell::Number(line.charge.tariff.0.into()),
        quantity.map_or(Cell::Nothing, |quantity| Cell::Decimal(quantity.mantissa())),
        line.quantity.map_or(Cell::Nothing, |quantity| fixed(quantity.unit)),
        fixed(line.charge.stage().as_str()),
        Cell::Flag(line.charge.is_held()),
        Cell::Decimal(line.charge.amount.millionths().into()),
        text(line.charge.currency.to_string()),
        name(line.payer_name),
        maybe(line.bill.map(|bill| bill.to_string())),
        maybe(line.of.map(|of| of.to_string())),
        maybe(line.order.as_ref().map(|order| order.by.to_string())),
        maybe(line.order.as_ref().map(|order| order.why.to_string())),
    ]
}

impl Column {
    fn of(field: &parquet::schema::types::Type) -> Column {
        use parquet::basic::Type;
        let values = match field.get_physical_type() {
            Type::BOOLEAN => Values::Flags(Vec::new()),
            Type::INT32 => Values::Numbers(Vec::new()),
            Type::INT64 => Values::Instants(Vec::new()),
            Type::FIXED_LEN_BYTE_ARRAY => Values::Decimals(Vec::new()),
            Type::BYTE_ARRAY | Type::INT96 | Type::FLOAT | Type::DOUBLE => Values::Texts(Vec::new()),
        };
        Column { levels: field.is_optional().then(Vec::new), values }
    }

    /// Adds a cell, which is of the column's type.
    fn push(&mut self, cell: Cell) {
        if let Some(levels) = &mut self.levels {
            levels.push(i16::from(!matches!(cell, Cell::Nothing)));
        }
        match (&mut self.values, cell) {
            (Values::Texts(values), Cell::Text(value)) => values.push(value),
            (Values::Numbers(values), Cell::Number(value)) => values.push(value),
            (Values::Instants(values), Cell::Instant(value)) => values.push(value),
            (Values::Flags(values), Cell::Flag(value)) => values.push(value),
            (Values::Decimals(values), Cell::Decimal(value)) => {
                values.push(FixedLenByteArray::from(value.to_be_bytes().to_vec()));
            }
            (_, Cell::Nothing) => assert!(self.levels.is_some(), "a required column has a value in every row"),
            _ => panic!("a cell is of another type than its column"),
        }
    }

    /// Writes all that it has, and has nothing from then on.
    fn write(&mut self, writer: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = self.levels.as_deref();
        match &mut self.values {
            Values::Texts(values) => {
                writer.typed::<ByteArrayType>().write_batch(values, levels, None).map(|_| values.clear())
            }
            Values::Numbers(values) => {
                writer.typed::<Int32Type>().write_batch(values, levels, None).map(|_| values.clear())
            }
            Values::Instants(values) => {
                writer.typed::<Int64Type>().write_batch(values, levels, None).map(|_| values.clear())
            }
            Values::Flags(values) => {
                writer.typed::<BoolType>().write_batch(values, levels, None).map(|_| values.clear())
            }
            Values::Decimals(values) => {
                writer.typed::<FixedLenByteArrayType>().write_batch(values, levels, None).map(|_| values.clear())
            }
        }?;
        self.levels.iter_mut().for_each(Vec::clear);
        Ok(())
    }
}

/// What went wrong underneath.
fn io_of(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(cause) => io::Error::other(cause),
        },
        other => io::Error::other(other),
    }
}
