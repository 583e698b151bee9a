//! A file as a whole: its version, its time, its currency, who is outside, and its rules.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;
use toml::de::{DeTable, DeValue};
use toml::value::{Datetime, Offset};

use super::keys::{File, Item, Keys};
use super::{BYTES_MAX, Checked, check, rules};
use crate::domain::money::Currency;
use crate::domain::names::Name;
use crate::domain::tariff::when::Patterns;
use crate::domain::tariff::{LISTED_MAX, Listed, Parts, Tariff, TariffVersion};
use crate::domain::time::Moment;

const KEYS: [&str; 5] = ["version", "effective", "currency", "external", "rule"];
const LISTED_KEYS: [&str; 6] = ["name", "external", "receiver", "channel", "type", "recipient_type"];

const VERSION: &str = "write a whole number from 1 to 65535, higher than that of the tariff in force: version = 2";
const EFFECTIVE: &str = "write the time from which on it prices: effective = 2026-12-01T00:00:00+01:00";
const CURRENCY: &str = "write the three letters of ISO 4217: currency = \"EUR\"";

pub(super) fn read(text: &str, zone: Tz) -> Checked {
    let file = File::new(text);
    let found = if text.len() <= BYTES_MAX {
        parts(&file, text, zone)
    } else {
        let what = format!("a tariff has at most {BYTES_MAX} bytes, this one has {}", text.len());
        file.error(0, what, "leave out comments, or write rules together: type = [\"a\", \"b\"]");
        None
    };
    // Where every rule is faulty, that is told already, and nothing is to be compared.
    if let Some(found) = found.as_ref().filter(|found| !found.rules.0.rules.is_empty() || found.is_empty) {
        check::check(&file, &found.rules);
    }
    let faults = file.into_faults();
    let is_sound = faults.iter().all(|fault| fault.severity != super::Severity::Error);
    let parts = found.filter(|found| is_sound && found.has_head).map(|found| found.rules.0);
    Checked { tariff: parts.map(Tariff::new), faults }
}

/// The tariff of a file, whatever else is to be said about it.
pub(super) fn recall(text: &str) -> Option<Tariff> {
    let found = parts(&File::new(text), text, Tz::UTC).filter(|found| found.has_head);
    found.map(|found| Tariff::new(found.rules.0))
}

/// What was found in a file.
struct Found {
    /// Its parts, and where each of the rules among them stands. A faulty rule is none of them.
    rules: (Parts, Vec<usize>),
    /// Whether version, time and currency are those of the file; else others stand in for them, so that the rules
    /// are read all the same, and every fault is found at once.
    has_head: bool,
    /// Whether it says itself that there are no rules.
    is_empty: bool,
}

fn parts(file: &File<'_>, text: &str, zone: Tz) -> Option<Found> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        file.error(at, format!("it is no TOML: {}", error.message()), "see https://toml.io for how it is written");
    }
    if !errors.is_empty() {
        return None;
    }
    let keys = Keys::new(file, table.get_ref(), 0..0, &KEYS);
    let version = keys.need("version", VERSION).and_then(version);
    let effective = keys.need("effective", EFFECTIVE).and_then(|item| moment(item, zone));
    let currency = keys.need("currency", CURRENCY).and_then(currency);
    let listed = keys.get("external").map_or_else(Vec::new, |item| {
        let must = "write a table for each entry: [[external]]";
        item.tables(&LISTED_KEYS, must).into_iter().filter_map(entry).collect()
    });
    if LISTED_MAX < listed.len() {
        let what = format!("[[external]] has {} entries", listed.len());
        file.error(
            0,
            what,
            format!("it has at most {LISTED_MAX}; write receivers together: receiver = [\"@a\", \"@b\"]"),
        );
    }
    let has_head = version.is_some() && effective.is_some() && currency.is_some();
    let currency = currency.unwrap_or(Currency::EUR);
    let (rules, places) = rules::read(&keys, currency);
    let is_empty = keys.get("rule").is_some_and(|item| item.value().as_array().is_some_and(|rules| rules.is_empty()));
    let (version, effective) = (version.unwrap_or(TariffVersion(0)), effective.unwrap_or(Moment::OLDEST));
    let parts = Parts { version, effective, currency, listed, rules, text: Arc::from(text) };
    Some(Found { rules: (parts, places), has_head, is_empty })
}

fn version(item: Item<'_, '_>) -> Option<TariffVersion> {
    let number = match item.value() {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse::<u16>().ok(),
        _ => None,
    };
    if number.is_none_or(|number| number == 0) {
        item.wrong(VERSION);
    }
    number.filter(|number| *number != 0).map(TariffVersion)
}

/// A time; where it names no offset, it is one of `zone`.
fn moment(item: Item<'_, '_>, zone: Tz) -> Option<Moment> {
    let time = match item.value() {
        DeValue::Datetime(time) => instant(time, zone),
        _ => None,
    };
    if time.is_none() {
        let quoted = item.value().as_str().filter(|text| text.parse::<Datetime>().is_ok());
        match quoted {
            Some(text) => item.wrong(&format!("write it without the quotation marks: effective = {text}")),
            None => item.wrong(EFFECTIVE),
        }
    }
    time
}

fn instant(time: &Datetime, zone: Tz) -> Option<Moment> {
    let date = time.date?;
    let date = NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())?;
    let clock = match time.time {
        Some(time) => NaiveTime::from_hms_opt(time.hour.into(), time.minute.into(), time.second.unwrap_or(0).into())?,
        None => NaiveTime::MIN,
    };
    let local = NaiveDateTime::new(date, clock);
    let micros = match time.offset {
        Some(Offset::Z) => local.and_utc().timestamp_micros(),
        Some(Offset::Custom { minutes }) => local.and_utc().timestamp_micros() - i64::from(minutes) * 60_000_000,
        None => zone.from_local_datetime(&local).earliest()?.timestamp_micros(),
    };
    (Moment::OLDEST.0..=Moment::NEWEST.0).contains(&micros).then_some(Moment(micros))
}

pub(super) fn currency(item: Item<'_, '_>) -> Option<Currency> {
    let text = item.text(CURRENCY)?;
    let currency = Currency::parse(text).filter(|currency| currency.is_known());
    if currency.is_none() {
        item.wrong(CURRENCY);
    }
    currency
}

/// The name of a rule, a meter or an entry.
pub(super) fn name(item: Item<'_, '_>) -> Option<Name> {
    const MUST: &str = "write 1 to 60 letters, digits and underscores: name = \"paid_service\"";
    let text = item.text(MUST)?;
    let is_plain = text.len() <= 60 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_plain {
        item.wrong(MUST);
    }
    Name::new(text).filter(|_| is_plain)
}

/// Texts in which `*` stands for anything and `?` for one character; without the key, anything.
pub(super) fn patterns(keys: &Keys<'_, '_>, key: &'static str, is_lower: bool) -> Option<Patterns> {
    const MUST: &str =
        "write a text, or a list of texts; * stands for anything, ? for one character: [\"@*\", \"TG_*\"]";
    let Some(item) = keys.get(key) else { return Some(Patterns::ANY) };
    let texts = item.texts(MUST)?;
    let texts: Vec<String> =
        texts.into_iter().map(|text| if is_lower { text.to_lowercase() } else { text.to_owned() }).collect();
    let patterns = Patterns::new(texts.iter().map(String::as_str));
    if patterns.is_none() {
        item.wrong(MUST);
    }
    patterns
}

fn entry(keys: Keys<'_, '_>) -> Option<Listed> {
    let name = keys.need("name", "write name = \"partners\"").and_then(name);
    let external = keys
        .need("external", "write external = true, or false")
        .and_then(|item| item.flag("write external = true, or false"));
    let [receivers, channels, kinds, recipient_types] =
        [("receiver", false), ("channel", true), ("type", false), ("recipient_type", true)]
            .map(|(key, is_lower)| patterns(&keys, key, is_lower));
    if !["receiver", "channel", "type", "recipient_type"].iter().any(|key| keys.has(key)) {
        let help = "write at least one of receiver, channel, type, recipient_type";
        keys.file.warning(keys.at, "this entry decides about every message", help);
    }
    Some(Listed {
        name: name?,
        external: external?,
        receivers: receivers?,
        channels: channels?,
        kinds: kinds?,
        recipient_types: recipient_types?,
    })
}
