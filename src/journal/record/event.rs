//! The record of an event, taken or contradicting: flags, then what they tell of.

use compact_str::CompactString;
use rust_decimal::Decimal;

use super::{names, put_name, take_day, take_name};
use crate::domain::activity::{Activity, Basis, Body, Occurred, Outcome, Stated};
use crate::domain::charge::{Draft, Free, Hold, Price, Stage};
use crate::domain::external::{Class, Receiver, Ruling};
use crate::domain::ids::{Feed, SourceId};
use crate::domain::money::{Currency, Money};
use crate::domain::names::Name;
use crate::domain::tariff::{RuleId, TariffVersion};
use crate::domain::time::Moment;
use crate::journal::wire::{Take, WireError, put_signed, put_text, put_varint};
use crate::ledger::entry::{Event, Telling};
use crate::ledger::meters::Used;
use crate::ledger::roll::{NameNo, Roll};

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

pub(super) fn put(tag: u8, event: &Event<'_>, roll: &Roll, out: &mut Vec<u8>) {
    let activity = &*event.activity;
    let Draft { business, ruling, tariff, price, hold } = event.draft;
    let is_stated = |figure: Stated| figure != Stated::Absent;
    let time_differs = activity.occurred.at.is_some_and(|at| at != event.occurred_at);
    let flag = |set: bool, flag: u32| u32::from(set) * flag;
    // One after another and not folded over a list: this is done for every event.
    let flags = flag(activity.feed == Feed::Message, MESSAGE)
        | flag(event.stage == Stage::Live, LIVE)
        | flag(event.is_upgrade, UPGRADE)
        | flag(matches!(price, Price::Charge { .. }), CHARGED)
        | flag(matches!(price, Price::Charge { currency, .. } if currency != Currency::EUR), NOT_EUR)
        | flag(activity.second_id.is_some(), SECOND_ID)
        | flag(activity.kind.is_some(), KIND)
        | flag(activity.citizen.is_some(), CITIZEN)
        | flag(activity.business.is_some(), NAMED_BUSINESS)
        | flag(business.is_some(), BUSINESS)
        | flag(activity.from_building.is_some(), FROM)
        | flag(activity.to_building.is_some(), TO)
        | flag(activity.client.is_some(), CLIENT)
        | flag(activity.service.is_some(), SERVICE)
        | flag(is_stated(activity.minutes), MINUTES)
        | flag(is_stated(activity.expertise), EXPERTISE)
        | flag(is_stated(activity.declared), DECLARED)
        | flag(activity.receiver != Receiver::ABSENT, RECEIVER)
        | flag(activity.channel != 0, CHANNEL)
        | flag(activity.body.is_some(), BODY)
        | flag(activity.occurred.at.is_some(), TIMED)
        | flag(time_differs, TIME_DIFFERS)
        | flag(activity.occurred.text.is_some(), TIME_TEXT);
    let part = |set: bool, part: u8| u8::from(set) * part;
    let more = part(hold.is_some(), HELD)
        | part(event.used.is_some(), USED)
        | part(event.adjustment.is_some(), ADJUSTED)
        | part(event.is_disputed, DISPUTED);
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

pub(super) fn decode(take: &mut Take<'_>, name: impl Fn(NameNo) -> Option<Name>) -> Result<Event<'static>, WireError> {
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
