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
    let second_id = record.second_id(kind);
    let second_id = second_id.filter(|second| *second != id).map(CompactString::from);
    Ok(Activity { second_id, ..Activity::new(feed, source_id) })
}

fn fill(activity: &mut Activity, record: &Record<'_>) -> Result<(), BadField> {
    let fields = &record.fields;
    let terms = Terms::of(fields, RECEIVER)?;
    let kind = texts::id(fields, &[Key::Type, Key::ActivityType])?;
    let kind = kind.or_else(|| terms.has_service_type.then_some("paid_service".into()));
    let citizen = texts::id(fields, CITIZEN)?;
    let from_building = texts::id(fields, &[Key::FromBuilding, Key::FromBuildingId])?;
    let to_building = texts::id(fields, &[Key::ToBuilding, Key::ToBuildingId])?;
    let outcome = texts::text(fields, &[Key::Status])?;
    // MESSAGES brings the messages. Here one counts only if it says itself that it is one, or is the
    // e-mail that no row of MESSAGES ever shows.
    let is_email = kind.as_deref() == Some("send_diplomatic_email");
    let email = terms.to_email.filter(|_| is_email);
    let is_message = email.is_some() || terms.recipient_type.is_some();
    let receiver = if !is_message { None } else { email.map_or(terms.receiver, |email| Ok(Some(email)))? };
    let channel = if !is_message { None } else { texts::text(fields, &[Key::Channel])? };
    let channel = channel.filter(|_| terms.recipient_type.is_some());

    // From here on nothing is refused.
    activity.kind = texts::named(kind);
    activity.outcome = Outcome::parse(outcome.as_deref());
    activity.citizen = texts::named(citizen);
    activity.from_building = texts::named(from_building);
    activity.to_building = texts::named(to_building);
    activity.business = texts::named(terms.business);
    activity.client = texts::named(terms.client);
    activity.service = texts::named(terms.service);
    activity.minutes = terms.minutes;
    activity.expertise = terms.expertise;
    activity.declared = terms.declared;
    if is_message {
        activity.channel = channel.as_deref().map_or(0, Name::digest_of);
        activity.address = texts::address(receiver.as_deref(), channel.as_deref(), terms.recipient_type);
        activity.receiver =
            Receiver::new(receiver.as_deref(), activity.citizen, terms.recipient_type, channel.as_deref());
    }
    Ok(())
}
