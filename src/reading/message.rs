//! An event of the message feed: a row of MESSAGES, in any of the spellings in which citizens write one.

use chrono_tz::Tz;

use crate::domain::activity::{Activity, Body};
use crate::domain::external::Receiver;
use crate::domain::ids::Feed;
use crate::domain::names::Name;

use super::Kind;
use super::activity::event;
use super::error::Refusal;
use super::keys::Key;
use super::record::Record;
use super::terms::Terms;
use super::texts::{self, BadField};
use super::values::Value;

const SENDER: &[Key] = &[
    Key::Sender,
    Key::SenderUsername,
    Key::SenderId,
    Key::From,
    Key::Citizen,
    Key::CitizenId,
    Key::CitizenUsername,
    Key::Username,
];
const RECEIVER: &[Key] = &[
    Key::Receiver,
    Key::ReceiverUsername,
    Key::ReceiverId,
    Key::Recipient,
    Key::RecipientUsername,
    Key::RecipientId,
    Key::To,
    Key::ToEmail,
];
const CONTENT: &[Key] = &[Key::Content, Key::Message, Key::Body];
/// When it was written; a date and a time that stand apart come next,
const WRITTEN: &[Key] = &[Key::CreatedAt, Key::Timestamp];
/// and then when its row was made.
const STORED: &[Key] = &[Key::CreatedTime];

pub(super) fn read(text: &str, zone: Tz) -> Result<Activity, Refusal> {
    let record = Record::read(text, Kind::Message)?;
    let mut message = event(&record, Feed::Message)?;
    fill(&mut message, &record).map_err(|bad| bad.refusal(message.source_id.as_str()))?;
    message.occurred = record.occurred(WRITTEN, STORED, zone);
    Ok(message)
}

fn fill(message: &mut Activity, record: &Record<'_>) -> Result<(), BadField> {
    let fields = &record.fields;
    let terms = Terms::of(fields, RECEIVER)?;
    let kind = texts::id(fields, &[Key::Type, Key::MessageType])?;
    let sender = texts::id(fields, SENDER)?;
    let channel = texts::text(fields, &[Key::Channel])?;
    let receiver = terms.receiver?;

    // From here on nothing is refused.
    message.kind = texts::named(kind);
    message.citizen = texts::named(sender);
    message.business = texts::named(terms.business);
    message.client = texts::named(terms.client);
    message.channel = channel.as_deref().map_or(0, Name::digest_of);
    message.receiver = Receiver::new(receiver.as_deref(), message.citizen, terms.recipient_type, channel.as_deref());
    message.address = texts::address(receiver.as_deref(), channel.as_deref(), terms.recipient_type);
    message.body = CONTENT.iter().filter_map(|key| fields.get(*key)).find_map(body);
    Ok(())
}

fn body(raw: &str) -> Option<Body> {
    match Value::of(raw) {
        Value::Text(text) => Some(Body::of(&text)),
        Value::Broken(text) => Some(Body::of(&text)),
        Value::Number(digits) => Some(Body::of(digits)),
        Value::Absent | Value::Flag(_) | Value::Compound(_) => None,
    }
}
