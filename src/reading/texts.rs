//! Texts and names under the first of several keys that holds one.

use std::borrow::Cow;

use crate::domain::activity::{Address, Stated};
use crate::domain::names::Name;

use super::error::{Refusal, RefusalCode};
use super::fields::Fields;
use super::figures;
use super::keys::Key;
use super::values::Value;

/// A field that prices an event and holds something else than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadField(pub(super) Key);

impl BadField {
    /// The refusal of the record that has this id.
    pub(super) fn refusal(self, id: &str) -> Refusal {
        let message = format!(
            "`{}` is one text of at most {} bytes, alone or as the one element of a list",
            self.0.text(),
            Name::BYTES_MAX
        );
        Refusal::new(RefusalCode::BadField, message).of(Some(id.to_owned()))
    }
}

/// The text under the first of `keys` that holds one; a number is the text of its digits.
pub(super) fn text<'a>(fields: &Fields<'a>, keys: &[Key]) -> Result<Option<Cow<'a, str>>, BadField> {
    for key in keys {
        let Some(raw) = fields.get(*key) else { continue };
        match Value::of(raw) {
            Value::Absent => {}
            Value::Text(text) => return Ok(Some(text)),
            Value::Number(digits) => return Ok(Some(digits.into())),
            Value::Broken(_) | Value::Flag(_) | Value::Compound(_) => return Err(BadField(*key)),
        }
    }
    Ok(None)
}

/// The id under the first of `keys` that holds one: a text short enough to be a name.
///
/// It is made a name only by [`named`], once nothing can refuse its record any more: names are for
/// ever, and a record that is refused must leave nothing behind.
pub(super) fn id<'a>(fields: &Fields<'a>, keys: &[Key]) -> Result<Option<Cow<'a, str>>, BadField> {
    for key in keys {
        if let Some(text) = text(fields, &[*key])? {
            return if text.len() <= Name::BYTES_MAX { Ok(Some(text)) } else { Err(BadField(*key)) };
        }
    }
    Ok(None)
}

/// The name of an id.
pub(super) fn named(id: Option<impl AsRef<str>>) -> Option<Name> {
    id.and_then(|id| Name::new(id.as_ref()))
}

/// What a message says of its receiver.
pub(super) fn address(
    receiver: Option<&str>,
    channel: Option<&str>,
    recipient_type: Option<&str>,
) -> Option<Box<Address>> {
    let lower = |text: Option<&str>| text.unwrap_or_default().trim().to_lowercase().into();
    Some(Box::new(Address {
        receiver: receiver.unwrap_or_default().into(),
        channel: lower(channel),
        recipient_type: lower(recipient_type),
    }))
}

/// The figure under the first of `keys` that states one.
pub(super) fn figure(fields: &Fields<'_>, keys: &[Key]) -> Stated {
    let stated = keys.iter().filter_map(|key| fields.get(*key)).map(|raw| figures::stated(&Value::of(raw)));
    { stated }.find(|stated| *stated != Stated::Absent).unwrap_or_default()
}
