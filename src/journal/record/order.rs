//! The record of an order: who, why and what.

use std::sync::Arc;

use super::{put_name, take_day, take_name};
use crate::domain::bills::BillNo;
use crate::domain::ids::TransactionId;
use crate::domain::money::{Currency, Money};
use crate::domain::names::Name;
use crate::domain::orders::{Act, Order, Reverse, What};
use crate::domain::payers::{Collection, Payer, Tax};
use crate::domain::rollout::{Move, Phase, Subject};
use crate::domain::tariff::Tariff;
use crate::domain::time::Moment;
use crate::journal::wire::{Take, WireError, put_signed, put_text, put_varint};
use crate::ledger::entry::Entry;
use crate::ledger::roll::{NameNo, Roll};
use crate::tariffs;

const TAG_TARIFF: u8 = 6;
const TAG_MOVE: u8 = 7;
const TAG_RELEASE: u8 = 8;
const TAG_RELEASE_ALL: u8 = 9;
const TAG_ACCEPT: u8 = 10;
const TAG_REVERSE: u8 = 11;
const TAG_CLOSE: u8 = 12;
pub(super) const TAG_LIST: u8 = 14;
pub(super) const TAG_STRIKE: u8 = 15;
pub(super) const TAG_CANCEL: u8 = 17;
pub(super) const TAG_REBILL: u8 = 18;
pub(super) const TAG_ADOPT: u8 = 19;
pub(super) const TAG_ACT: u8 = 22;
/// The first of the other tags,
pub(super) const TAG_FIRST: u8 = TAG_TARIFF;
/// and the last.
pub(super) const TAG_LAST: u8 = TAG_CLOSE;

pub(super) fn put(order: &Order, recorded_at: Moment, roll: &Roll, out: &mut Vec<u8>) {
    out.push(match &order.what {
        What::Tariff(_) => TAG_TARIFF,
        What::Move(_) => TAG_MOVE,
        What::Release(_) => TAG_RELEASE,
        What::ReleaseAll(_) => TAG_RELEASE_ALL,
        What::Accept(_) => TAG_ACCEPT,
        What::Reverse(_) => TAG_REVERSE,
        What::Close(_) => TAG_CLOSE,
        What::List(_) => TAG_LIST,
        What::Strike(_) => TAG_STRIKE,
        What::Cancel(_) => TAG_CANCEL,
        What::Rebill(_) => TAG_REBILL,
        What::Adopt(_) => TAG_ADOPT,
        What::Act(_) => TAG_ACT,
    });
    out.extend_from_slice(&recorded_at.0.to_le_bytes());
    put_text(out, &order.by);
    put_text(out, &order.why);
    match &order.what {
        What::Tariff(tariff) => {
            out.extend_from_slice(&tariff.effective().0.to_le_bytes());
            put_varint(out, tariff.text().len() as u64);
            out.extend_from_slice(tariff.text().as_bytes());
        }
        What::Move(Move { subject, to }) => {
            out.push(match subject {
                Subject::All => 0,
                Subject::Business(_) => 1,
                Subject::Citizen(_) => 2,
            });
            put_name(out, roll, subject.id());
            out.push(to.map_or(0, |phase| phase as u8 + 1));
        }
        What::Release(transaction) => put_varint(out, transaction.0),
        What::ReleaseAll(name) => put_name(out, roll, Some(*name)),
        What::Accept(number) => put_varint(out, (*number).into()),
        What::Reverse(Reverse { transaction, used }) => {
            put_varint(out, transaction.0);
            out.push(u8::from(used.is_some()));
            if let Some((start, quantity)) = used {
                put_signed(out, start.0.into());
                put_varint(out, *quantity);
            }
        }
        What::Close(open) => put_signed(out, open.0.into()),
        What::List(payer) => put_payer(payer, roll, out),
        What::Strike(id) => put_name(out, roll, Some(*id)),
        What::Cancel(bill) | What::Rebill(bill) => put_varint(out, bill.0.into()),
        What::Adopt(name) => put_text(out, name),
        What::Act(act) => put_act(act, out),
    }
}

pub(super) fn decode(
    tag: u8,
    take: &mut Take<'_>,
    name: impl Fn(NameNo) -> Option<Name>,
) -> Result<Entry<'static>, WireError> {
    let recorded_at = Moment(take.word()? as i64);
    let (by, why) = (take.text()?.into(), take.text()?.into());
    Ok(Entry::Order(Order { by, why, what: decode_what(tag, take, name)? }, recorded_at))
}

fn put_act(act: &Act, out: &mut Vec<u8>) {
    out.push(match act {
        Act::Snapshot => 0,
        Act::Run => 1,
        Act::Reconcile => 2,
        Act::TokenAdded(..) => 3,
        Act::TokenRemoved(_) => 4,
        Act::Erased(_) => 5,
    });
    match act {
        Act::Snapshot | Act::Run | Act::Reconcile => {}
        Act::TokenAdded(name, allows) => {
            put_text(out, name);
            put_text(out, allows);
        }
        Act::TokenRemoved(name) | Act::Erased(name) => put_text(out, name),
    }
}

fn take_act(take: &mut Take<'_>) -> Result<Act, WireError> {
    Ok(match take.byte()? {
        0 => Act::Snapshot,
        1 => Act::Run,
        2 => Act::Reconcile,
        3 => Act::TokenAdded(take.text()?.into(), take.text()?.into()),
        4 => Act::TokenRemoved(take.text()?.into()),
        5 => Act::Erased(take.text()?.into()),
        _ => return Err(WireError::Range("an act")),
    })
}

fn take_tariff(take: &mut Take<'_>) -> Result<Tariff, WireError> {
    let effective = Moment(take.word()? as i64);
    let length = usize::try_from(take.varint()?).map_err(|_| WireError::Range("a length"))?;
    let text = std::str::from_utf8(take.bytes(length)?).map_err(|_| WireError::Range("a text"))?;
    tariffs::recall(text, effective).ok_or(WireError::Range("a tariff"))
}

pub(super) fn put_payer(payer: &Payer, roll: &Roll, out: &mut Vec<u8>) {
    put_name(out, roll, Some(payer.id));
    put_name(out, roll, payer.customer);
    out.extend_from_slice(&payer.currency.letters());
    // No invoice is due in no days.
    put_varint(out, if let Collection::Send { days } = payer.collection { days.into() } else { 0 });
    // Nor is a minimum below nothing.
    put_signed(out, payer.minimum.map_or(-1, Money::millionths));
    out.push(match payer.tax {
        Tax::None => 0,
        Tax::Automatic => 1,
        Tax::Rates(_) => 2,
    });
    if let Tax::Rates(rates) = payer.tax {
        rates.into_iter().for_each(|rate| put_name(out, roll, rate));
    }
}

pub(super) fn take_payer(take: &mut Take<'_>, name: impl Fn(NameNo) -> Option<Name>) -> Result<Payer, WireError> {
    let id = take_name(take, &name)?.ok_or(WireError::Range("a payer"))?;
    let customer = take_name(take, &name)?;
    let currency = std::str::from_utf8(take.bytes(3)?).ok().and_then(Currency::parse);
    let days = u16::try_from(take.varint()?).map_err(|_| WireError::Range("days"))?;
    let minimum = take.signed()?;
    let tax = match take.byte()? {
        0 => Tax::None,
        1 => Tax::Automatic,
        2 => {
            let mut rates = [None; Tax::RATES_MAX];
            for rate in &mut rates {
                *rate = take_name(take, &name)?;
            }
            Tax::Rates(rates)
        }
        _ => return Err(WireError::Range("a tax")),
    };
    Ok(Payer {
        id,
        customer,
        currency: currency.ok_or(WireError::Range("a currency"))?,
        collection: if days == 0 { Collection::Charge } else { Collection::Send { days } },
        minimum: (0 <= minimum).then_some(Money::from_millionths(minimum)),
        tax,
    })
}

fn take_bill(take: &mut Take<'_>) -> Result<BillNo, WireError> {
    u32::try_from(take.varint()?).map(BillNo).map_err(|_| WireError::Range("a bill"))
}

fn decode_what(tag: u8, take: &mut Take<'_>, name: impl Fn(NameNo) -> Option<Name>) -> Result<What, WireError> {
    Ok(match tag {
        TAG_TARIFF => What::Tariff(Arc::new(take_tariff(take)?)),
        TAG_MOVE => {
            let kind = take.byte()?;
            let subject = match (kind, take_name(take, &name)?) {
                (0, None) => Subject::All,
                (1, Some(id)) => Subject::Business(id),
                (2, Some(id)) => Subject::Citizen(id),
                _ => return Err(WireError::Range("whom a move is about")),
            };
            let to = match take.byte()?.checked_sub(1) {
                None => None,
                Some(phase) => Some(*Phase::ALL.get(usize::from(phase)).ok_or(WireError::Range("a phase"))?),
            };
            What::Move(Move { subject, to })
        }
        TAG_RELEASE => What::Release(TransactionId(take.varint()?)),
        TAG_RELEASE_ALL => What::ReleaseAll(take_name(take, &name)?.ok_or(WireError::Range("a name"))?),
        TAG_ACCEPT => What::Accept(u32::try_from(take.varint()?).map_err(|_| WireError::Range("a conflict"))?),
        TAG_REVERSE => {
            let transaction = TransactionId(take.varint()?);
            let used = match take.byte()? {
                0 => None,
                1 => Some((take_day(take)?, take.varint()?)),
                _ => return Err(WireError::Range("what was used")),
            };
            What::Reverse(Reverse { transaction, used })
        }
        TAG_LIST => What::List(take_payer(take, &name)?),
        TAG_STRIKE => What::Strike(take_name(take, &name)?.ok_or(WireError::Range("a name"))?),
        TAG_CANCEL => What::Cancel(take_bill(take)?),
        TAG_REBILL => What::Rebill(take_bill(take)?),
        TAG_ADOPT => What::Adopt(take.text()?.into()),
        TAG_ACT => What::Act(take_act(take)?),
        _ => What::Close(take_day(take)?),
    })
}
