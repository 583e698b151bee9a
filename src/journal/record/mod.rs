//! Records: the entries of the ledger as bytes.
//!
//! A record is its length (two bytes), a tag, and what the tag says. A tag's layout never changes;
//! another layout takes another tag. Names are numbers on the roll, so that a record is small.

mod deed;
mod event;
mod order;
mod row;

use crate::domain::activity::Activity;
use crate::domain::bills::Deed;
use crate::domain::calendar::Day;
use crate::domain::names::Name;
use crate::domain::orders::Order;
use crate::domain::rows::Row;
use crate::domain::time::Moment;
use crate::journal::wire::{Take, WireError, put_text, put_varint};
use crate::ledger::entry::{Entry, Event};
use crate::ledger::roll::{NameNo, Roll};

const TAG_NAME: u8 = 1;
const TAG_EVENT: u8 = 2;
const TAG_CONFLICT: u8 = 3;

/// The names of an event that its record will speak of, in a fixed order.
pub fn names(event: &Event<'_>) -> [Option<Name>; 8] {
    let activity = &event.activity;
    let Activity { kind, citizen, business, from_building, to_building, client, service, .. } = **activity;
    [kind, citizen, business, event.draft.business, from_building, to_building, client, service]
}

/// Appends the record of `entry` to `out`. Every name in it must be on the roll.
pub fn encode(entry: &Entry<'_>, roll: &Roll, out: &mut Vec<u8>) {
    match entry {
        Entry::Name(name) => encode_name(*name, out),
        Entry::Event(event) => encode_event(event, roll, out),
        Entry::Conflict(event) => encode_conflict(event, roll, out),
        Entry::Row(row, recorded_at) => encode_row(*row, *recorded_at, roll, out),
        Entry::Payer(id, customer, recorded_at) => {
            record(out, |out| row::put_payer(*id, *customer, *recorded_at, roll, out));
        }
        Entry::Order(order, recorded_at) => encode_order(order, *recorded_at, roll, out),
        Entry::Deed(deed, recorded_at) => encode_deed(deed, *recorded_at, roll, out),
    }
}

/// Appends the record of a name that appears for the first time.
pub fn encode_name(name: Name, out: &mut Vec<u8>) {
    record(out, |out| {
        out.push(TAG_NAME);
        put_text(out, name.as_str());
    });
}

/// Appends the record of an event that is taken.
pub fn encode_event(event: &Event<'_>, roll: &Roll, out: &mut Vec<u8>) {
    record(out, |out| event::put(TAG_EVENT, event, roll, out));
}

/// Appends the record of an event that contradicts an earlier one.
pub fn encode_conflict(event: &Event<'_>, roll: &Roll, out: &mut Vec<u8>) {
    record(out, |out| event::put(TAG_CONFLICT, event, roll, out));
}

/// Appends the record of a row.
pub fn encode_row(row: Row, recorded_at: Moment, roll: &Roll, out: &mut Vec<u8>) {
    record(out, |out| row::put(row, recorded_at, roll, out));
}

/// Appends the record of an order.
pub fn encode_order(order: &Order, recorded_at: Moment, roll: &Roll, out: &mut Vec<u8>) {
    record(out, |out| order::put(order, recorded_at, roll, out));
}

/// Appends the record of a step of a bill.
pub fn encode_deed(deed: &Deed, recorded_at: Moment, roll: &Roll, out: &mut Vec<u8>) {
    record(out, |out| deed::put(deed, recorded_at, roll, out));
}

/// Puts the length of a record before it.
fn record(out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0, 0]);
    put(out);
    // Every text in a record is at most 255 bytes, but for a tariff's and a request's, which leave room for the rest.
    let length = (out.len() - start - 2) as u16;
    out[start..start + 2].copy_from_slice(&length.to_le_bytes());
}

fn put_name(out: &mut Vec<u8>, roll: &Roll, name: Option<Name>) {
    let number = name.and_then(|name| roll.number(name));
    // 0 is nobody, so that the numbers are one higher than on the roll.
    put_varint(out, number.map_or(0, |NameNo(number)| u64::from(number) + 1));
}

/// Takes the next record off the front of `bytes`: its length in all, and its content.
pub fn split(bytes: &[u8]) -> Result<(usize, &[u8]), WireError> {
    let mut take = Take(bytes);
    let length = usize::from(u16::from_le_bytes(take.array()?));
    Ok((2 + length, take.bytes(length)?))
}

/// Reads the content of one record; `name` tells the name with a number on the roll.
pub fn decode(content: &[u8], name: impl Fn(NameNo) -> Option<Name>) -> Result<Entry<'static>, WireError> {
    let mut take = Take(content);
    let take = &mut take;
    let entry = match take.byte()? {
        TAG_NAME => Entry::Name(Name::new(take.text()?).ok_or(WireError::Range("a name"))?),
        TAG_EVENT => Entry::Event(event::decode(take, name)?),
        TAG_CONFLICT => Entry::Conflict(event::decode(take, name)?),
        tag @ (row::TAG_CITIZEN | row::TAG_BUILDING | row::TAG_PAYER) => row::decode(tag, take, name)?,
        tag @ (order::TAG_FIRST..=order::TAG_LAST) => order::decode(tag, take, name)?,
        tag @ (order::TAG_LIST | order::TAG_STRIKE) => order::decode(tag, take, name)?,
        tag @ (order::TAG_CANCEL | order::TAG_REBILL | order::TAG_ADOPT | order::TAG_ACT) => {
            order::decode(tag, take, name)?
        }
        deed::TAG_DEED => deed::decode(take, name)?,
        kind => return Err(WireError::Kind(kind)),
    };
    take.end()?;
    Ok(entry)
}

fn take_day(take: &mut Take<'_>) -> Result<Day, WireError> {
    i32::try_from(take.signed()?).map(Day).map_err(|_| WireError::Range("a day"))
}

fn take_name(take: &mut Take<'_>, name: impl Fn(NameNo) -> Option<Name>) -> Result<Option<Name>, WireError> {
    let Some(number) = take.varint()?.checked_sub(1) else { return Ok(None) };
    let number = u32::try_from(number).map_err(|_| WireError::Range("a name's number"))?;
    name(NameNo(number)).map(Some).ok_or(WireError::Name(number))
}
