//! The record of a row: a citizen or a building; and of a payer, as older journals have it.

use super::{put_name, take_name};
use crate::domain::names::Name;
use crate::domain::rows::{Building, Citizen, Row};
use crate::domain::time::Moment;
use crate::journal::wire::{Take, WireError};
use crate::ledger::entry::Entry;
use crate::ledger::roll::{NameNo, Roll};

pub(super) const TAG_CITIZEN: u8 = 4;
pub(super) const TAG_BUILDING: u8 = 5;
pub(super) const TAG_PAYER: u8 = 13;

pub(super) fn put(row: Row, recorded_at: Moment, roll: &Roll, out: &mut Vec<u8>) {
    match row {
        Row::Citizen(citizen) => {
            out.push(TAG_CITIZEN);
            out.extend_from_slice(&recorded_at.0.to_le_bytes());
            put_name(out, roll, Some(citizen.id));
            out.push(told(citizen.is_ai));
        }
        Row::Building(building) => {
            out.push(TAG_BUILDING);
            out.extend_from_slice(&recorded_at.0.to_le_bytes());
            put_name(out, roll, Some(building.id));
            out.push(told(building.is_business));
            put_name(out, roll, building.kind);
            put_name(out, roll, building.run_by);
        }
    }
}

pub(super) fn put_payer(id: Name, customer: Option<Name>, recorded_at: Moment, roll: &Roll, out: &mut Vec<u8>) {
    out.push(TAG_PAYER);
    out.extend_from_slice(&recorded_at.0.to_le_bytes());
    put_name(out, roll, Some(id));
    put_name(out, roll, customer);
}

pub(super) fn decode(
    tag: u8,
    take: &mut Take<'_>,
    name: impl Fn(NameNo) -> Option<Name>,
) -> Result<Entry<'static>, WireError> {
    let recorded_at = Moment(take.word()? as i64);
    let row = match tag {
        TAG_CITIZEN => {
            let id = take_name(take, &name)?.ok_or(WireError::Range("a citizen"))?;
            let is_ai = take_told(take)?;
            Row::Citizen(Citizen { id, is_ai })
        }
        TAG_BUILDING => {
            let id = take_name(take, &name)?.ok_or(WireError::Range("a building"))?;
            let is_business = take_told(take)?;
            let [kind, run_by] = [take_name(take, &name)?, take_name(take, &name)?];
            Row::Building(Building { id, kind, is_business, run_by })
        }
        _ => {
            let id = take_name(take, &name)?.ok_or(WireError::Range("a payer"))?;
            return Ok(Entry::Payer(id, take_name(take, &name)?, recorded_at));
        }
    };
    Ok(Entry::Row(row, recorded_at))
}

fn told(flag: Option<bool>) -> u8 {
    match flag {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    }
}

fn take_told(take: &mut Take<'_>) -> Result<Option<bool>, WireError> {
    match take.byte()? {
        0 => Ok(None),
        1 => Ok(Some(false)),
        2 => Ok(Some(true)),
        _ => Err(WireError::Range("what a row tells")),
    }
}
