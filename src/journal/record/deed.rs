//! The record of a step of a bill.

use compact_str::CompactString;

use super::order::{put_payer, take_payer};
use super::{put_name, take_name};
use crate::domain::bills::{
    Account, Amounts, Ask, Attempt, BillNo, Deed, Detail, Drawn, Fault, Notice, Outbound, Outcome, Refusal, Sight,
    Status, Step, Takings,
};
use crate::domain::money::Sum;
use crate::domain::names::Name;
use crate::domain::time::Moment;
use crate::journal::wire::{Take, WireError, put_signed, put_text, put_varint};
use crate::ledger::entry::Entry;
use crate::ledger::roll::{NameNo, Roll};

pub(super) const TAG_DEED: u8 = 16;

/// Which deed: the byte behind the instant.
const BIND: u8 = 0;
const DRAW: u8 = 1;
const ASK: u8 = 2;
const DONE: u8 = 3;
const REFUSED: u8 = 4;
const SEE: u8 = 5;
const DROP: u8 = 6;
const NOTICE: u8 = 7;
const PLACE: u8 = 8;
const ADOPT: u8 = 9;
const OFFSET: u8 = 10;
const ADOPT_DUE: u8 = 11;
const VOUCH: u8 = 12;

pub(super) fn put(deed: &Deed, recorded_at: Moment, roll: &Roll, out: &mut Vec<u8>) {
    out.push(TAG_DEED);
    out.extend_from_slice(&recorded_at.0.to_le_bytes());
    match deed {
        Deed::Bind(Account { id, is_live }) => {
            out.push(BIND);
            put_text(out, id);
            out.push(u8::from(*is_live));
        }
        Deed::Draw(drawn) => {
            out.push(DRAW);
            put_drawn(drawn, roll, out);
        }
        Deed::Adopt(drawn, sight, outbound) => {
            out.push(match outbound {
                Outbound::Gone => ADOPT,
                Outbound::Due => ADOPT_DUE,
            });
            put_drawn(drawn, roll, out);
            put_sight(sight, out);
        }
        Deed::Ask(bill, ask) => {
            out.push(ASK);
            put_varint(out, bill.0.into());
            put_attempt(ask.attempt, out);
            put_long(&ask.path, out);
            put_long(&ask.form, out);
        }
        Deed::Answer(bill, attempt, outcome) => {
            out.push(if matches!(outcome, Outcome::Done(_)) { DONE } else { REFUSED });
            put_varint(out, bill.0.into());
            put_attempt(*attempt, out);
            match outcome {
                Outcome::Done(sight) => put_sight(sight, out),
                Outcome::Refused(Refusal { status, code }) => {
                    put_varint(out, (*status).into());
                    put_text(out, code);
                }
            }
        }
        Deed::See(bill, sight) => {
            out.push(SEE);
            put_varint(out, bill.0.into());
            put_sight(sight, out);
        }
        Deed::Drop(bill, why) => {
            out.push(DROP);
            put_varint(out, bill.0.into());
            put_text(out, why);
        }
        Deed::Offset(bill, offset) => {
            out.push(OFFSET);
            put_varint(out, bill.0.into());
            put_signed(out, *offset);
        }
        Deed::Vouch(bill) => {
            out.push(VOUCH);
            put_varint(out, bill.0.into());
        }
        Deed::Notice(Notice { event, kind, object, digest, bill }) => {
            out.push(NOTICE);
            [event, kind, object].into_iter().for_each(|text| put_text(out, text));
            out.extend_from_slice(&digest.to_le_bytes());
            put_bill(*bill, out);
        }
        Deed::Place(event, bill) => {
            out.push(PLACE);
            put_text(out, event);
            put_bill(*bill, out);
        }
    }
}

pub(super) fn decode(take: &mut Take<'_>, name: impl Fn(NameNo) -> Option<Name>) -> Result<Entry<'static>, WireError> {
    let recorded_at = Moment(take.word()? as i64);
    let deed = match take.byte()? {
        BIND => Deed::Bind(Account { id: text(take)?, is_live: flag(take)? }),
        DRAW => Deed::Draw(Box::new(take_drawn(take, name)?)),
        tag @ (ADOPT | ADOPT_DUE) => {
            let outbound = if tag == ADOPT { Outbound::Gone } else { Outbound::Due };
            Deed::Adopt(Box::new(take_drawn(take, name)?), Box::new(take_sight(take)?), outbound)
        }
        ASK => {
            let (bill, attempt) = (bill(take)?, attempt(take)?);
            Deed::Ask(bill, Box::new(Ask { attempt, path: long(take)?, form: long(take)? }))
        }
        DONE => Deed::Answer(bill(take)?, attempt(take)?, Outcome::Done(take_sight(take)?)),
        REFUSED => {
            let (bill, attempt) = (bill(take)?, attempt(take)?);
            let status = u16::try_from(take.varint()?).map_err(|_| WireError::Range("a status"))?;
            Deed::Answer(bill, attempt, Outcome::Refused(Refusal { status, code: text(take)? }))
        }
        SEE => Deed::See(bill(take)?, take_sight(take)?),
        OFFSET => Deed::Offset(bill(take)?, take.signed()?),
        VOUCH => Deed::Vouch(bill(take)?),
        DROP => Deed::Drop(bill(take)?, text(take)?),
        NOTICE => {
            let [event, kind, object] = [text(take)?, text(take)?, text(take)?];
            Deed::Notice(Notice { event, kind, object, digest: take.word()?, bill: maybe_bill(take)? })
        }
        PLACE => Deed::Place(text(take)?, maybe_bill(take)?),
        kind => return Err(WireError::Kind(kind)),
    };
    Ok(Entry::Deed(deed, recorded_at))
}

fn put_drawn(drawn: &Drawn, roll: &Roll, out: &mut Vec<u8>) {
    put_text(out, &drawn.mark);
    put_payer(&drawn.payer, roll, out);
    put_varint(out, drawn.to.into());
    put_bill(drawn.reissues, out);
    put_bill(drawn.credits, out);
    out.push(drawn.detail as u8);
    put_name(out, roll, Some(drawn.zone));
    put_varint(out, drawn.items.into());
    out.extend_from_slice(&drawn.digest.to_le_bytes());
    put_signed(out, drawn.total);
    for sum in [drawn.carried, drawn.rest] {
        put_signed(out, sum.0 as i64);
    }
}

fn take_drawn(take: &mut Take<'_>, name: impl Fn(NameNo) -> Option<Name>) -> Result<Drawn, WireError> {
    let mark = text(take)?;
    let payer = take_payer(take, &name)?;
    let to = u32::try_from(take.varint()?).map_err(|_| WireError::Range("a row"))?;
    let reissues = maybe_bill(take)?;
    let credits = maybe_bill(take)?;
    let detail = *Detail::ALL.get(usize::from(take.byte()?)).ok_or(WireError::Range("a detail"))?;
    let zone = take_name(take, &name)?.ok_or(WireError::Range("a time zone"))?;
    let items = u16::try_from(take.varint()?).map_err(|_| WireError::Range("a number of lines"))?;
    let digest = take.word()?;
    let total = take.signed()?;
    let [carried, rest] = [Sum(take.signed()?.into()), Sum(take.signed()?.into())];
    Ok(Drawn { mark, payer, to, reissues, credits, detail, zone, items, digest, total, carried, rest })
}

fn put_sight(sight: &Sight, out: &mut Vec<u8>) {
    let Sight { invoice, status, amounts, parts, takings, paid_at, fault } = sight;
    put_text(out, invoice.as_deref().unwrap_or_default());
    out.push(*status as u8);
    let Amounts { total, tax, paid, remaining, credited } = *amounts;
    [total, tax, paid, remaining, credited].into_iter().for_each(|amount| put_signed(out, amount));
    // What is there is said by bits, in the order of what follows.
    let told = [parts.is_some(), takings.is_some(), paid_at.is_some(), fault.is_some()];
    out.push(told.into_iter().enumerate().map(|(bit, is_told)| u8::from(is_told) << bit).sum());
    out.extend(parts);
    if let Some(Takings { refunded, disputed, fees }) = *takings {
        [refunded, disputed, fees].into_iter().for_each(|amount| put_signed(out, amount));
    }
    if let Some(Moment(at)) = paid_at {
        out.extend_from_slice(&at.to_le_bytes());
    }
    out.extend(fault.map(|fault| fault as u8));
}

fn take_sight(take: &mut Take<'_>) -> Result<Sight, WireError> {
    let invoice = text(take)?;
    let status = *Status::ALL.get(usize::from(take.byte()?)).ok_or(WireError::Range("an invoice's status"))?;
    let mut amount = || take.signed();
    let amounts = Amounts::of([amount()?, amount()?, amount()?, amount()?, amount()?]);
    let amounts = amounts.ok_or(WireError::Range("an invoice's amounts"))?;
    let told = take.byte()?;
    if 16 <= told {
        return Err(WireError::Range("what was seen"));
    }
    let is_told = |bit: u8| told & 1 << bit != 0;
    let parts = if is_told(0) { Some(take.byte()?) } else { None };
    let takings = if is_told(1) {
        let (refunded, disputed, fees) = (take.signed()?, take.signed()?, take.signed()?);
        Some(Takings { refunded, disputed, fees })
    } else {
        None
    };
    let paid_at = if is_told(2) { Some(Moment(take.word()? as i64)) } else { None };
    let fault = if is_told(3) {
        Some(*Fault::ALL.get(usize::from(take.byte()?)).ok_or(WireError::Range("a fault"))?)
    } else {
        None
    };
    let invoice = Some(invoice).filter(|id| !id.is_empty());
    Ok(Sight { invoice, status, amounts, parts, takings, paid_at, fault })
}

fn put_attempt(Attempt { step, number }: Attempt, out: &mut Vec<u8>) {
    out.extend(step.code());
    put_varint(out, number.into());
}

fn attempt(take: &mut Take<'_>) -> Result<Attempt, WireError> {
    let step = Step::of_code(take.array()?).ok_or(WireError::Range("a step"))?;
    let number = u16::try_from(take.varint()?).map_err(|_| WireError::Range("an attempt"))?;
    Ok(Attempt { step, number })
}

fn bill(take: &mut Take<'_>) -> Result<BillNo, WireError> {
    maybe_bill(take)?.ok_or(WireError::Range("a bill"))
}

/// Bills are numbered from 1 on, so that 0 is none.
fn put_bill(bill: Option<BillNo>, out: &mut Vec<u8>) {
    put_varint(out, bill.map_or(0, |bill| bill.0.into()));
}

fn maybe_bill(take: &mut Take<'_>) -> Result<Option<BillNo>, WireError> {
    let number = u32::try_from(take.varint()?).map_err(|_| WireError::Range("a bill"))?;
    Ok((number != 0).then_some(BillNo(number)))
}

fn text(take: &mut Take<'_>) -> Result<CompactString, WireError> {
    take.text().map(CompactString::from)
}

fn flag(take: &mut Take<'_>) -> Result<bool, WireError> {
    match take.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(WireError::Range("a yes or no")),
    }
}

fn put_long(text: &str, out: &mut Vec<u8>) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn long(take: &mut Take<'_>) -> Result<String, WireError> {
    let length = usize::try_from(take.varint()?).map_err(|_| WireError::Range("a length"))?;
    let text = std::str::from_utf8(take.bytes(length)?).map_err(|_| WireError::Range("a text"))?;
    Ok(text.to_owned())
}
