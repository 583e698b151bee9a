//! Records: the entries of the ledger as bytes.
//!
//! A record is its length (two bytes), a tag, and what the tag says. A tag's layout never changes;
//! another layout takes another tag. Names are numbers on the roll, so that a record is small.

use std::sync::Arc;

use compact_str::CompactString;
use rust_decimal::Decimal;

use crate::domain::activity::{Activity, Basis, Body, Occurred, Outcome, Stated};
use crate::domain::calendar::Day;
use crate::domain::charge::{Draft, Free, Hold, Price, Stage};
use crate::domain::external::{Class, Receiver, Ruling};
use crate::domain::ids::{Feed, SourceId, TransactionId};
use crate::domain::money::{Currency, Money};
use crate::domain::names::Name;
use crate::domain::orders::{Order, Reverse, What};
use crate::domain::rollout::{Move, Phase, Subject};
use crate::domain::rows::{Building, Citizen, Payer, Row};
use crate::domain::tariff::{RuleId, Tariff, TariffVersion};
use crate::domain::time::Moment;
use crate::ledger::entry::{Entry, Event, Telling};
use crate::ledger::meters::Used;
use crate::ledger::roll::{NameNo, Roll};
use crate::tariffs;

use super::wire::{Take, WireError, put_signed, put_text, put_varint};

const TAG_NAME: u8 = 1;
const TAG_EVENT: u8 = 2;
const TAG_CONFLICT: u8 = 3;
const TAG_CITIZEN: u8 = 4;
const TAG_BUILDING: u8 = 5;
const TAG_TARIFF: u8 = 6;
const TAG_MOVE: u8 = 7;
const TAG_RELEASE: u8 = 8;
const TAG_RELEASE_ALL: u8 = 9;
const TAG_ACCEPT: u8 = 10;
const TAG_REVERSE: u8 = 11;
const TAG_CLOSE: u8 = 12;
const TAG_PAYER: u8 = 13;

// What an event's record holds beyond its fixed part; 24 bits of flags.
const MESSAGE: u32 = 1;
const LIVE: u32 = 1 << 1;
const UPGRADE: u32 = 1 << 2;
const CHARGED: u32 = 1 << 3;
const NOT_EUR: u32 = 1 << 4;
const SECOND_ID: u32 = 1 << 5;
const KIND: u32 = 1 << 6;
const CITIZEN: u32 = 1 << 7;
const NAMED_BUSINESS: u32 = 1 << 8;
const BUSINESS: u32 = 1 << 9;
const FROM: u32 = 1 << 10;
const TO: u32 = 1 << 11;
const CLIENT: u32 = 1 << 12;
const SERVICE: u32 = 1 << 13;
const MINUTES: u32 = 1 << 14;
const EXPERTISE: u32 = 1 << 15;
const DECLARED: u32 = 1 << 16;
const RECEIVER: u32 = 1 << 17;
const CHANNEL: u32 = 1 << 18;
const BODY: u32 = 1 << 19;
const TIMED: u32 = 1 << 20;
const TIME_DIFFERS: u32 = 1 << 21;
const TIME_TEXT: u32 = 1 << 22;
/// A byte follows with more of this.
const MORE: u32 = 1 << 23;

// What that byte tells of.
const HELD: u8 = 1;
const USED: u8 = 1 << 1;
const ADJUSTED: u8 = 1 << 2;
const DISPUTED: u8 = 1 << 3;
const KNOWN_MORE: u8 = HELD | USED | ADJUSTED | DISPUTED;

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
        Entry::Order(order, recorded_at) => encode_order(order, *recorded_at, roll, out),
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
    record(out, |out| put_event(TAG_EVENT, event, roll, out));
}

/// Appends the record of an event that contradicts an earlier one.
pub fn encode_conflict(event: &Event<'_>, roll: &Roll, out: &mut Vec<u8>) {
    record(out, |out| put_event(TAG_CONFLICT, event, roll, out));
}

/// Appends the record of a row.
pub fn encode_row(row: Row, recorded_at: Moment, roll: &Roll, out: &mut Vec<u8>) {
    record(out, |out| match row {
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
        Row::Payer(payer) => {
            out.push(TAG_PAYER);
            out.extend_from_slice(&recorded_at.0.to_le_bytes());
            put_name(out, roll, Some(payer.id));
            put_name(out, roll, payer.customer);
        }
    });
}

/// Appends the record of an order.
pub fn encode_order(order: &Order, recorded_at: Moment, roll: &Roll, out: &mut Vec<u8>) {
    record(out, |out| {
        out.push(match &order.what {
            What::Tariff(_) => TAG_TARIFF,
            What::Move(_) => TAG_MOVE,
            What::Release(_) => TAG_RELEASE,
            What::ReleaseAll(_) => TAG_RELEASE_ALL,
            What::Accept(_) => TAG_ACCEPT,
            What::Reverse(_) => TAG_REVERSE,
            What::Close(_) => TAG_CLOSE,
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
        }
    });
}

/// Puts the length of a record before it.
fn record(out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0, 0]);
    put(out);
    // Every text in a record is at most 255 bytes, but for that of a tariff, which leaves room for the rest.
    let length = (out.len() - start - 2) as u16;
    out[start..start + 2].copy_from_slice(&length.to_le_bytes());
}

fn put_event(tag: u8, event: &Event<'_>, roll: &Roll, out: &mut Vec<u8>) {
    let activity = &*event.activity;
    let Draft { business, ruling, tariff, price, hold } = event.draft;
    let is_stated = |figure: Stated| figure != Stated::Absent;
    let time_differs = activity.occurred.at.is_some_and(|at| at != event.occurred_at);
    let flags = [
        (activity.feed == Feed::Message, MESSAGE),
        (event.stage == Stage::Live, LIVE),
        (event.is_upgrade, UPGRADE),
        (matches!(price, Price::Charge { .. }), CHARGED),
        (matches!(price, Price::Charge { currency, .. } if currency != Currency::EUR), NOT_EUR),
        (activity.second_id.is_some(), SECOND_ID),
        (activity.kind.is_some(), KIND),
        (activity.citizen.is_some(), CITIZEN),
        (activity.business.is_some(), NAMED_BUSINESS),
        (business.is_some(), BUSINESS),
        (activity.from_building.is_some(), FROM),
        (activity.to_building.is_some(), TO),
        (activity.client.is_some(), CLIENT),
        (activity.service.is_some(), SERVICE),
        (is_stated(activity.minutes), MINUTES),
        (is_stated(activity.expertise), EXPERTISE),
        (is_stated(activity.declared), DECLARED),
        (activity.receiver != Receiver::ABSENT, RECEIVER),
        (activity.channel != 0, CHANNEL),
        (activity.body.is_some(), BODY),
        (activity.occurred.at.is_some(), TIMED),
        (time_differs, TIME_DIFFERS),
        (activity.occurred.text.is_some(), TIME_TEXT),
    ];
    let more = [
        (hold.is_some(), HELD),
        (event.used.is_some(), USED),
        (event.adjustment.is_some(), ADJUSTED),
        (event.is_disputed, DISPUTED),
    ];
    let more = more.into_iter().fold(0, |more, (set, flag)| if set { more | flag } else { more });
    let flags = flags.into_iter().fold(0, |flags, (set, flag)| if set { flags | flag } else { flags });
    let flags = if more == 0 { flags } else { flags | MORE };
    let [a, b, c, _] = flags.to_le_bytes();
    out.extend_from_slice(&[
        tag,
        a,
        b,
        c,
        activity.outcome as u8 | (activity.occurred.basis as u8) << 4,
        ruling.code(),
    ]);
    if more != 0 {
        put_more(more, event, out);
    }
    put_varint(out, tariff.0.into());
    match price {
        Price::Charge { rule, amount, currency } => {
            put_varint(out, rule.0.into());
            put_signed(out, amount.millionths());
            if currency != Currency::EUR {
                out.extend_from_slice(&currency.letters());
            }
        }
        Price::Free(reason) => out.push(reason as u8),
        // The bookkeeper settles every price before it is written.
        Price::Counted { .. } => out.push(Free::NoRule as u8),
    }
    out.extend_from_slice(&event.content.to_le_bytes());
    out.extend_from_slice(&event.occurred_at.0.to_le_bytes());
    // Wrapping, so that no two instants are too far apart for the difference to tell one from the other.
    put_signed(out, event.recorded_at.0.wrapping_sub(event.occurred_at.0));
    put_text(out, activity.source_id.as_str());
    if let Some(id) = &activity.second_id {
        put_text(out, id);
    }
    for name in names(event).into_iter().flatten() {
        put_name(out, roll, Some(name));
    }
    for figure in [activity.minutes, activity.expertise, activity.declared] {
        match figure {
            Stated::Absent => {}
            Stated::Is(figure) => {
                out.push(0);
                out.extend_from_slice(&figure.serialize());
            }
            Stated::Unreadable(digest) => {
                out.push(1);
                out.extend_from_slice(&digest.to_le_bytes());
            }
        }
    }
    if activity.receiver != Receiver::ABSENT {
        out.push(activity.receiver.class as u8);
        out.extend_from_slice(&activity.receiver.digest.to_le_bytes());
    }
    if activity.channel != 0 {
        out.extend_from_slice(&activity.channel.to_le_bytes());
    }
    if let Some(body) = activity.body {
        put_varint(out, body.length.into());
        out.extend_from_slice(&body.digest.to_le_bytes());
    }
    if let Some(at) = activity.occurred.at.filter(|_| time_differs) {
        out.extend_from_slice(&at.0.to_le_bytes());
    }
    if let Some(text) = &activity.occurred.text {
        put_text(out, text);
    }
}

/// What few events have.
fn put_more(more: u8, event: &Event<'_>, out: &mut Vec<u8>) {
    out.push(more);
    if let Some(hold) = event.draft.hold {
        out.push(hold as u8);
    }
    if let Some(Used { rule, start, quantity }) = event.used {
        put_varint(out, rule.0.into());
        put_signed(out, start.0.into());
        put_varint(out, quantity);
    }
    if let Some(amount) = event.adjustment {
        put_signed(out, amount.millionths());
    }
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
        TAG_EVENT => Entry::Event(decode_event(take, name)?),
        TAG_CONFLICT => Entry::Conflict(decode_event(take, name)?),
        TAG_CITIZEN => {
            let recorded_at = Moment(take.word()? as i64);
            let id = take_name(take, &name)?.ok_or(WireError::Range("a citizen"))?;
            let is_ai = take_told(take)?;
            Entry::Row(Row::Citizen(Citizen { id, is_ai }), recorded_at)
        }
        TAG_BUILDING => {
            let recorded_at = Moment(take.word()? as i64);
            let id = take_name(take, &name)?.ok_or(WireError::Range("a building"))?;
            let is_business = take_told(take)?;
            let [kind, run_by] = [take_name(take, &name)?, take_name(take, &name)?];
            Entry::Row(Row::Building(Building { id, kind, is_business, run_by }), recorded_at)
        }
        TAG_PAYER => {
            let recorded_at = Moment(take.word()? as i64);
            let id = take_name(take, &name)?.ok_or(WireError::Range("a payer"))?;
            Entry::Row(Row::Payer(Payer { id, customer: take_name(take, &name)? }), recorded_at)
        }
        tag @ TAG_TARIFF..=TAG_CLOSE => {
            let recorded_at = Moment(take.word()? as i64);
            let (by, why) = (take.text()?.into(), take.text()?.into());
            Entry::Order(Order { by, why, what: decode_order(tag, take, name)? }, recorded_at)
        }
        _ => return Err(WireError::Range("a record's tag")),
    };
    take.end()?;
    Ok(entry)
}

fn decode_event(take: &mut Take<'_>, name: impl Fn(NameNo) -> Option<Name>) -> Result<Event<'static>, WireError> {
    let [a, b, c, how, ruling] = take.array()?;
    let flags = u32::from_le_bytes([a, b, c, 0]);
    let has = |flag: u32| flags & flag != 0;
    let feed = if has(MESSAGE) { Feed::Message } else { Feed::Activity };
    let outcome = *Outcome::ALL.get(usize::from(how & 0x0f)).ok_or(WireError::Range("an outcome"))?;
    let basis = *Basis::ALL.get(usize::from(how >> 4)).ok_or(WireError::Range("a basis of time"))?;
    let ruling = Ruling::from_code(ruling).ok_or(WireError::Range("a ruling"))?;
    let small = |value: u64, what| u16::try_from(value).map_err(|_| WireError::Range(what));
    let (mut hold, mut used, mut adjustment, mut is_disputed) = (None, None, None, false);
    if has(MORE) {
        let more = take.byte()?;
        if more == 0 || more & !KNOWN_MORE != 0 {
            return Err(WireError::Range("a flag"));
        }
        if more & HELD != 0 {
            hold = Some(Hold::from_code(take.byte()?).ok_or(WireError::Range("a hold"))?);
        }
        if more & USED != 0 {
            let rule = RuleId(small(take.varint()?, "a rule")?);
            let start = take_day(take)?;
            used = Some(Used { rule, start, quantity: take.varint()? });
        }
        is_disputed = more & DISPUTED != 0;
        if more & ADJUSTED != 0 {
            adjustment = Some(Money::from_millionths(take.signed()?));
        }
    }
    let tariff = TariffVersion(small(take.varint()?, "a tariff")?);
    let price = if has(CHARGED) {
        let rule = RuleId(small(take.varint()?, "a rule")?);
        let amount = Money::from_millionths(take.signed()?);
        let letters = if has(NOT_EUR) { take.array()? } else { Currency::EUR.letters() };
        let currency = std::str::from_utf8(&letters).ok().and_then(Currency::parse);
        Price::Charge { rule, amount, currency: currency.ok_or(WireError::Range("a currency"))? }
    } else {
        Price::Free(*Free::ALL.get(usize::from(take.byte()?)).ok_or(WireError::Range("a reason"))?)
    };
    let content = take.word()?;
    let occurred_at = Moment(take.word()? as i64);
    let recorded_at = Moment(occurred_at.0.wrapping_add(take.signed()?));
    let source_id = SourceId::new(take.text()?).map_err(|_| WireError::Range("an id"))?;
    let mut activity = Activity::new(feed, source_id);
    activity.outcome = outcome;
    if has(SECOND_ID) {
        activity.second_id = Some(CompactString::from(take.text()?));
    }
    let mut named = |flag| if has(flag) { take_name(take, &name) } else { Ok(None) };
    activity.kind = named(KIND)?;
    activity.citizen = named(CITIZEN)?;
    activity.business = named(NAMED_BUSINESS)?;
    let business = named(BUSINESS)?;
    activity.from_building = named(FROM)?;
    activity.to_building = named(TO)?;
    activity.client = named(CLIENT)?;
    activity.service = named(SERVICE)?;
    let mut stated = |flag| if has(flag) { take_stated(take) } else { Ok(Stated::Absent) };
    activity.minutes = stated(MINUTES)?;
    activity.expertise = stated(EXPERTISE)?;
    activity.declared = stated(DECLARED)?;
    if has(RECEIVER) {
        activity.receiver = Receiver { class: take_class(take.byte()?)?, digest: take.word()? };
    }
    if has(CHANNEL) {
        activity.channel = take.word()?;
    }
    if has(BODY) {
        let length = u32::try_from(take.varint()?).map_err(|_| WireError::Range("a length"))?;
        activity.body = Some(Body { length, digest: take.word()? });
    }
    let at = match (has(TIMED), has(TIME_DIFFERS)) {
        (true, true) => Some(Moment(take.word()? as i64)),
        (true, false) => Some(occurred_at),
        (false, _) => None,
    };
    let text = if has(TIME_TEXT) { Some(CompactString::from(take.text()?)) } else { None };
    activity.occurred = Occurred { at, basis, text };
    Ok(Event {
        key: activity.key(),
        activity: Telling::Read(Box::new(activity)),
        content,
        draft: Draft { business, ruling, tariff, price, hold },
        used,
        adjustment,
        is_disputed,
        stage: if has(LIVE) { Stage::Live } else { Stage::Shadow },
        occurred_at,
        recorded_at,
        is_upgrade: has(UPGRADE),
    })
}

fn take_tariff(take: &mut Take<'_>) -> Result<Tariff, WireError> {
    let effective = Moment(take.word()? as i64);
    let length = usize::try_from(take.varint()?).map_err(|_| WireError::Range("a length"))?;
    let text = std::str::from_utf8(take.bytes(length)?).map_err(|_| WireError::Range("a text"))?;
    tariffs::recall(text, effective).ok_or(WireError::Range("a tariff"))
}

fn decode_order(tag: u8, take: &mut Take<'_>, name: impl Fn(NameNo) -> Option<Name>) -> Result<What, WireError> {
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
        _ => What::Close(take_day(take)?),
    })
}

fn take_day(take: &mut Take<'_>) -> Result<Day, WireError> {
    i32::try_from(take.signed()?).map(Day).map_err(|_| WireError::Range("a day"))
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

fn take_name(take: &mut Take<'_>, name: impl Fn(NameNo) -> Option<Name>) -> Result<Option<Name>, WireError> {
    let Some(number) = take.varint()?.checked_sub(1) else { return Ok(None) };
    let number = u32::try_from(number).map_err(|_| WireError::Range("a name's number"))?;
    name(NameNo(number)).map(Some).ok_or(WireError::Name(number))
}

fn take_stated(take: &mut Take<'_>) -> Result<Stated, WireError> {
    match take.byte()? {
        0 => {
            let bytes: [u8; 16] = take.array()?;
            // The 28 bits that a decimal does not use, and scales past 28, were never written.
            let is_decimal = bytes[0] == 0 && bytes[1] == 0 && bytes[2] <= 28 && bytes[3] & 0x7f == 0;
            is_decimal.then(|| Stated::Is(Decimal::deserialize(bytes))).ok_or(WireError::Range("a figure"))
        }
        1 => take.word().map(Stated::Unreadable),
        _ => Err(WireError::Range("a figure")),
    }
}

fn take_class(code: u8) -> Result<Class, WireError> {
    const CLASSES: [Class; 9] = [
        Class::Absent,
        Class::DeclaredExternal,
        Class::DeclaredInternal,
        Class::Telegram,
        Class::Email,
        Class::Place,
        Class::System,
        Class::Oneself,
        Class::Username,
    ];
    CLASSES.get(usize::from(code)).copied().ok_or(WireError::Range("a receiver's class"))
}
