//! Rows of CITIZENS and BUILDINGS, and what a record is that nobody labelled.

use crate::domain::activity::Stated;
use crate::domain::names::Name;
use crate::domain::rows::{Building, Citizen, Row};

use super::error::{Refusal, RefusalCode};
use super::fields::Fields;
use super::keys::Key;
use super::record::Record;
use super::texts;
use super::values::Value;
use super::{Kind, Skilled, terms};

pub(super) fn citizen(text: &str) -> Result<Row, Refusal> {
    let record = Record::read(text, Kind::Citizen)?;
    let id = name(&record, Kind::Citizen)?;
    let told = record.fields.get(Key::IsAi).and_then(flag);
    // Airtable leaves out a box that is not ticked. A whole row is one with a social class, which every
    // citizen has; of anything less, nothing is concluded.
    let is_whole = record.fields.has(Key::SocialClass) && record.fields.is_enveloped();
    Ok(Row::Citizen(Citizen { id, is_ai: told.or(is_whole.then_some(false)) }))
}

pub(super) fn skilled(text: &str) -> Result<Skilled, Refusal> {
    let record = Record::read(text, Kind::Citizen)?;
    let expertise = match terms::expertise(&record.fields) {
        Stated::Is(expertise) => Some(expertise),
        Stated::Absent | Stated::Unreadable(_) => None,
    };
    Ok(Skilled { id: name(&record, Kind::Citizen)?, expertise })
}

pub(super) fn building(text: &str) -> Result<Row, Refusal> {
    let record = Record::read(text, Kind::Building)?;
    let fields = &record.fields;
    let id = record.id(Kind::Building)?;
    let refused = |bad: texts::BadField| bad.refusal(&id);
    let category = texts::text(fields, &[Key::Category]).map_err(refused)?;
    let kind = texts::id(fields, &[Key::Type]).map_err(refused)?;
    let run_by = texts::id(fields, &[Key::RunBy]).map_err(refused)?;
    Ok(Row::Building(Building {
        id: name(&record, Kind::Building)?,
        kind: texts::named(kind),
        is_business: category.map(|category| category.trim().eq_ignore_ascii_case("business")),
        run_by: texts::named(run_by),
    }))
}

fn name(record: &Record<'_>, kind: Kind) -> Result<Name, Refusal> {
    let id = record.id(kind)?;
    Name::new(&id).ok_or_else(|| Refusal::new(RefusalCode::BadId, "an id has 1 to 128 bytes"))
}

fn flag(raw: &str) -> Option<bool> {
    match Value::of(raw) {
        Value::Flag(flag) => Some(flag),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        Value::Number("1") => Some(true),
        Value::Number("0") => Some(false),
        Value::Absent | Value::Number(_) | Value::Broken(_) | Value::Compound(_) => None,
    }
}

/// What a record is, by its keys: its own id tells it at once, and then what only one kind has.
pub(super) fn kind_of(text: &str) -> Option<Kind> {
    let record = Record::read(text, Kind::Activity).ok()?;
    let fields = &record.fields;
    let any = |keys: &[Key]| keys.iter().any(|key| fields.has(*key));
    if any(&[Key::ActivityId]) {
        Some(Kind::Activity)
    } else if any(&[Key::MessageId]) {
        Some(Kind::Message)
    } else if any(&[Key::BuildingId]) && !any(&[Key::EndDate, Key::ActivityType, Key::ServiceType]) {
        Some(Kind::Building)
    } else if any(&[Key::EndDate, Key::StartDate, Key::ActivityType, Key::ServiceType]) {
        Some(Kind::Activity)
    } else if is_message(fields) {
        Some(Kind::Message)
    } else if any(&[Key::Username, Key::CitizenId])
        && any(&[Key::IsAi, Key::SocialClass, Key::FirstName, Key::LastName, Key::Ducats, Key::InVenice])
    {
        Some(Kind::Citizen)
    } else if any(&[Key::Category, Key::RunBy, Key::Variant, Key::LandId, Key::Owner]) || record.place_id().is_some() {
        Some(Kind::Building)
    } else if any(&[Key::Type]) && any(&[Key::Citizen, Key::CitizenId, Key::CitizenUsername, Key::Status]) {
        Some(Kind::Activity)
    } else {
        None
    }
}

fn is_message(fields: &Fields<'_>) -> bool {
    let any = |keys: &[Key]| keys.iter().any(|key| fields.has(*key));
    let sent = any(&[Key::Sender, Key::SenderUsername, Key::SenderId, Key::From]);
    let received = any(&[Key::Receiver, Key::ReceiverUsername, Key::Recipient, Key::RecipientUsername, Key::To]);
    sent && (received || any(&[Key::Content, Key::Message]))
}
