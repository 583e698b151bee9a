//! One record, whatever it came wrapped in, and who it is.
//!
//! A record is read into its keys; its id is the Airtable record id, else the engine's own, else that
//! of the CloudEvent around it.

use std::borrow::Cow;

use chrono_tz::Tz;
use serde::de::IgnoredAny;

use crate::domain::activity::{Basis, Occurred};
use crate::domain::ids::SourceId;

use super::Kind;
use super::error::{Refusal, RefusalCode};
use super::fields::Fields;
use super::keys::Key;
use super::scan;
use super::texts;
use super::times;
use super::values::Value;

/// The text of one event is at most this long,
const BYTES_MAX: usize = 256 * 1024;
/// and nests at most this deeply.
const DEPTH_MAX: usize = 64;

/// A record's keys, and the CloudEvent they came in.
pub(super) struct Record<'a> {
    /// Its keys.
    pub(super) fields: Fields<'a>,
    /// Its CloudEvents envelope.
    pub(super) cloud: Option<Cloud<'a>>,
}

/// What matters of a CloudEvents envelope; as raw JSON.
pub(super) struct Cloud<'a> {
    source: Option<&'a str>,
    id: Option<&'a str>,
    /// Its time.
    pub(super) time: Option<&'a str>,
}

impl<'a> Record<'a> {
    /// Reads one record of this kind.
    pub(super) fn read(text: &'a str, kind: Kind) -> Result<Record<'a>, Refusal> {
        if BYTES_MAX < text.len() {
            let head = Record::lenient(scan::head(text, BYTES_MAX));
            let message = format!("an event is at most {BYTES_MAX} bytes; this one has {}", text.len());
            return Err(Refusal::new(RefusalCode::TooLarge, message).of(head.told_id(kind)));
        }
        if !text.trim_ascii_start().starts_with('{') {
            let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
            let code = if is_json { RefusalCode::NotAnObject } else { RefusalCode::NotJson };
            return Err(Refusal::new(code, "an event is one JSON object: {\"id\": …}"));
        }
        if scan::is_deeper(text, DEPTH_MAX) {
            let message = format!("an event nests at most {DEPTH_MAX} deep");
            return Err(Refusal::new(RefusalCode::TooDeep, message).of(Record::lenient(text).told_id(kind)));
        }
        let (fields, outcome) = Fields::read(text);
        let record = Record { fields, cloud: None };
        if let Err(error) = outcome {
            let message = format!("an event is one JSON object: {error}");
            return Err(Refusal::new(RefusalCode::NotJson, message).of(record.told_id(kind)));
        }
        if record.fields.has(Key::SpecVersion) && !record.fields.is_enveloped() { record.opened() } else { Ok(record) }
    }

    /// The record within a CloudEvent.
    fn opened(self) -> Result<Record<'a>, Refusal> {
        let get = |key| self.fields.get(key);
        let cloud = Some(Cloud { source: get(Key::Source), id: get(Key::Id), time: get(Key::Time) });
        let Some(data) = get(Key::Data).filter(|data| data.starts_with('{')) else {
            let message = "`data` of a CloudEvent is the record, as a JSON object";
            let id = Record { fields: Fields::EMPTY, cloud }.told_id(Kind::Activity);
            return Err(Refusal::new(RefusalCode::BadField, message).of(id));
        };
        let (fields, outcome) = Fields::read(data);
        outcome.map(|()| Record { fields, cloud }).map_err(|error| {
            Refusal::new(RefusalCode::NotJson, format!("`data` of a CloudEvent is one JSON object: {error}"))
        })
    }

    /// When it happened: what the first of these keys says that says anything. A `date` and a `time`
    /// that stand apart come between the two lists; a CloudEvent's time comes last.
    pub(super) fn occurred(&self, before: &[Key], after: &[Key], zone: Tz) -> Occurred {
        let value = |key| self.fields.get(key).map_or(Value::Absent, Value::of);
        let told = |keys: &[Key]| {
            let occurred =
                keys.iter().filter(|key| self.fields.has(**key)).map(|key| times::occurred(&value(*key), zone));
            { occurred }.find(|occurred| occurred.basis != Basis::Absent)
        };
        let apart = || {
            let there = self.fields.has(Key::Date) || self.fields.has(Key::Time);
            let occurred = there.then(|| times::occurred_apart(&value(Key::Date), &value(Key::Time), zone));
            occurred.filter(|occurred| occurred.basis != Basis::Absent)
        };
        let cloud = || Some(times::occurred(&Value::of(self.cloud.as_ref()?.time?), zone));
        told(before).or_else(apart).or_else(|| told(after)).or_else(cloud).unwrap_or(Occurred::UNTOLD)
    }

    fn lenient(text: &'a str) -> Record<'a> {
        Record { fields: Fields::read(text).0, cloud: None }
    }

    /// Its id, as a record of this kind.
    pub(super) fn id(&self, kind: Kind) -> Result<Cow<'a, str>, Refusal> {
        match kind {
            Kind::Activity | Kind::Message => self.event_id(kind),
            Kind::Citizen => self.row_id(&[Key::Username, Key::CitizenId, Key::CitizenUsername], "Username"),
            Kind::Building => match self.row_id(&[Key::BuildingId], "BuildingId") {
                Err(Refusal { code: RefusalCode::MissingId, message, .. }) => {
                    self.place_id().ok_or_else(|| Refusal::new(RefusalCode::MissingId, message))
                }
                told => told,
            },
        }
    }

    /// The engine's own id of an event, which need not be unique.
    pub(super) fn second_id(&self, kind: Kind) -> Option<Cow<'a, str>> {
        let id = texts::text(&self.fields, &[own_id(kind)]).ok().flatten();
        id.filter(|id| id.len() <= SourceId::BYTES_MAX)
    }

    /// A flat `id` that is a building's or another place's.
    pub(super) fn place_id(&self) -> Option<Cow<'a, str>> {
        let id = id_text(self.fields.get(Key::Id)?).ok().flatten()?;
        ["building", "canal", "land", "water"].iter().any(|place| id.starts_with(place)).then_some(id)
    }

    fn event_id(&self, kind: Kind) -> Result<Cow<'a, str>, Refusal> {
        let fields = &self.fields;
        let (id, airtable_id) = (fields.get(Key::Id), fields.get(Key::AirtableId));
        let record_ids = if fields.is_enveloped() { [id, airtable_id] } else { [airtable_id, id] };
        let told = record_ids.into_iter().chain([fields.inner_id(), fields.get(own_id(kind))]);
        for raw in told.flatten() {
            if let Some(id) = id_text(raw)? {
                return Ok(id);
            }
        }
        if let Some(id) = self.cloud_id()? {
            return Ok(id);
        }
        let own = if kind == Kind::Message { "message_id" } else { "activity_id" };
        let message =
            format!("an event needs an id: the record id (`id`), or `{own}`, or CloudEvents `source` and `id`");
        Err(Refusal::new(RefusalCode::MissingId, message))
    }

    /// `source`, a space, `id`. A source is a URI, which has no spaces: any are written `%20`, so that
    /// no two pairs have one text.
    fn cloud_id(&self) -> Result<Option<Cow<'a, str>>, Refusal> {
        let Some(Cloud { source: Some(source), id: Some(id), .. }) = self.cloud else {
            return Ok(None);
        };
        let (Some(source), Some(id)) = (id_text(source)?, id_text(id)?) else {
            return Ok(None);
        };
        within_bounds(format!("{} {id}", source.replace(' ', "%20")).into()).map(Some)
    }

    fn row_id(&self, keys: &[Key], name: &str) -> Result<Cow<'a, str>, Refusal> {
        for raw in keys.iter().filter_map(|key| self.fields.get(*key)) {
            if let Some(id) = id_text(raw)? {
                return Ok(id);
            }
        }
        Err(Refusal::new(RefusalCode::MissingId, format!("a row needs its `{name}`")))
    }

    fn told_id(&self, kind: Kind) -> Option<String> {
        // A CloudEvent that was never opened has an id that is not the record's.
        let is_closed = self.fields.has(Key::SpecVersion) && self.cloud.is_none();
        self.id(kind).ok().filter(|_| !is_closed).map(Cow::into_owned)
    }
}

fn own_id(kind: Kind) -> Key {
    if kind == Kind::Message { Key::MessageId } else { Key::ActivityId }
}

fn id_text(raw: &str) -> Result<Option<Cow<'_, str>>, Refusal> {
    match Value::of(raw) {
        Value::Absent => Ok(None),
        Value::Text(text) => within_bounds(text).map(Some),
        Value::Number(digits) => within_bounds(digits.into()).map(Some),
        Value::Broken(_) | Value::Flag(_) | Value::Compound(_) => {
            Err(Refusal::new(RefusalCode::BadId, "an id is text, such as \"recNkrRlpEztU7gqW\""))
        }
    }
}

fn within_bounds(id: Cow<'_, str>) -> Result<Cow<'_, str>, Refusal> {
    if SourceId::BYTES_MAX < id.len() {
        let message = format!("an id has at most {} bytes, this one has {}", SourceId::BYTES_MAX, id.len());
        return Err(Refusal::new(RefusalCode::BadId, message));
    }
    Ok(id)
}
