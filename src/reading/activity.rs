//! An event of the activity feed: a row of ACTIVITIES, or the brief's flat form of one.

use chrono_tz::Tz;
use compact_str::CompactString;

use crate::domain::activity::{Activity, Outcome};
use crate::domain::external::Receiver;
use crate::domain::ids::{Feed, SourceId};
use crate::domain::names::Name;

use super::Kind;
use super::error::{Refusal, RefusalCode};
use super::keys::Key;
use super::record::Record;
use super::terms::Terms;
use super::texts::{self, BadField};

const CITIZEN: &[Key] = &[Key::Citizen, Key::CitizenId, Key::CitizenUsername, Key::Username];
const RECEIVER: &[Key] = &[
    Key::Receiver,
    Key::ReceiverUsername,
    Key::ReceiverId,
    Key::Recipient,
    Key::RecipientUsername,
    Key::RecipientId,
    Key::ToEmail,
];
/// When it was over; a date and a time that stand apart come next,
const ENDED: &[Key] = &[Key::EndDate, Key::Timestamp];
/// and then, for want of better, when it began or was planned.
const BEGAN: &[Key] = &[Key::StartDate, Key::CreatedAt, Key::CreatedTime];

pub(super) fn read(text: &str, zone: Tz) -> Result<Activity, Refusal> {
    let record = Record::read(text, Kind::Activity)?;
    let mut activity = event(&record, Feed::Activity)?;
    fill(&mut activity, &record).map_err(|bad| bad.refusal(activity.source_id.as_str()))?;
    activity.occurred = record.occurred(ENDED, BEGAN, zone);
    Ok(activity)
}

/// An event of which only the ids are read.
pub(super) fn event(record: &Record<'_>, feed: Feed) -> Result<Activity, Refusal> {
    let kind = if feed == Feed::Message { Kind::Message } else { Kind::Activity };
    let id = record.id(kind)?;
    let source_id = SourceId::new(&id).map_err(|error| Refusal::new(RefusalCode::BadId, error.to_string()))?;
    let second_id = record.second_id(kind).map_err(|bad| bad.refusal(&id))?;
    let second_id = second_id.filter(|second| *second != id).map(CompactString::from);
    Ok(Activity { second_id, ..Activity::new(feed, source_id) })
}

fn fill(activity: &mut Activity, record: &Record<'_>) -> Result<(), BadField> {
    let fields = &record.fields;
    let terms = Terms::of(fields, RECEIVER)?;
    activity.kind = texts::name(fields, &[Key::Type, Key::ActivityType])?;
    if activity.kind.is_none() && terms.has_service_type {
        activity.kind = Name::new("paid_service");
    }
    activity.outcome = Outcome::parse(texts::text(fields, &[Key::Status])?.as_deref());
    activity.citizen = texts::name(fields, CITIZEN)?;
    activity.from_building = texts::name(fields, &[Key::FromBuilding, Key::FromBuildingId])?;
    activity.to_building = texts::name(fields, &[Key::ToBuilding, Key::ToBuildingId])?;
    activity.business = terms.business;
    activity.client = terms.client;
    activity.service = terms.service;
    activity.minutes = terms.minutes;
    activity.expertise = terms.expertise;
    activity.declared = terms.declared;
    // MESSAGES brings the messages. Here one counts only if it says itself that it is one, or is the
    // e-mail that no row of MESSAGES ever shows.
    let is_email = activity.kind.is_some_and(|kind| kind.as_str() == "send_diplomatic_email");
    let email = terms.to_email.filter(|_| is_email);
    if email.is_some() || terms.recipient_type.is_some() {
        let receiver = email.map_or(terms.receiver, |email| Ok(Some(email)))?;
        let channel = texts::text(fields, &[Key::Channel])?.filter(|_| terms.recipient_type.is_some());
        activity.channel = channel.as_deref().map_or(0, Name::digest_of);
        activity.receiver =
            Receiver::new(receiver.as_deref(), activity.citizen, terms.recipient_type, channel.as_deref());
    }
    Ok(())
}
