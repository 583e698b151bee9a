//! Who pays for what, and to whom it was written, wherever in a record that is said.
//!
//! What the record says itself comes first, then its `revenue` object, then the `revenue` object in its `Notes`. Nothing
//! else in a text decides about money: citizens write those texts. Only an address is looked for in `Notes`, `Details`
//! and `Description`, in this order, because the engine itself puts it there.

use compact_str::CompactString;

use crate::domain::activity::Stated;

use super::fields::Fields;
use super::keys::Key;
use super::nested::{self, Nested};
use super::texts::{self, BadField};
use super::values::Value;

const MINUTES: &[Key] = &[Key::DurationMinutes, Key::Minutes, Key::Duration];
const EXPERTISE: &[Key] = &[Key::Expertise, Key::SkillsExpertise];
const DECLARED: &[Key] = &[Key::Declared, Key::DeclaredAmount];

/// What a record says of its price and its receiver.
pub(super) struct Terms {
    /// Who is to pay.
    pub(super) client: Option<CompactString>,
    /// The business.
    pub(super) business: Option<CompactString>,
    /// The kind of service.
    pub(super) service: Option<CompactString>,
    /// Whether a `service_type` said so, which only a paid service has.
    pub(super) has_service_type: bool,
    /// Declared minutes.
    pub(super) minutes: Stated,
    /// Declared expertise.
    pub(super) expertise: Stated,
    /// The engine's own figure for the price.
    pub(super) declared: Stated,
    /// `external` or `internal`, where it says so; another word says nothing.
    pub(super) recipient_type: Option<&'static str>,
    /// An e-mail address.
    pub(super) to_email: Option<String>,
    /// To whom it was written. Only who needs it has to care that it is none.
    pub(super) receiver: Result<Option<String>, BadField>,
}

impl Terms {
    /// Those of a record whose receiver stands under one of `receivers`.
    pub(super) fn of(fields: &Fields<'_>, receivers: &[Key]) -> Result<Terms, BadField> {
        let service_type = id(fields, &[Key::ServiceType])?;
        let has_service_type = service_type.is_some();
        let mut terms = Terms {
            client: id(fields, &[Key::ClientId, Key::Client])?,
            business: id(fields, &[Key::BusinessId, Key::Business])?,
            service: service_type.map_or_else(|| id(fields, &[Key::Service, Key::Subtype]), |told| Ok(Some(told)))?,
            has_service_type,
            minutes: texts::figure(fields, MINUTES),
            expertise: expertise(fields),
            declared: texts::figure(fields, DECLARED),
            recipient_type: recipient_type(fields),
            to_email: loose_text(fields, &[Key::ToEmail]),
            receiver: texts::text(fields, receivers).map(|text| text.map(Into::into)),
        };
        terms.take_revenue(fields)?;
        if terms.declared == Stated::Absent {
            let is_object = fields.get(Key::Revenue).is_some_and(|raw| nested::object(raw).is_some());
            terms.declared = if is_object { Stated::Absent } else { texts::figure(fields, &[Key::Revenue]) };
        }
        let nested = Nested::of(fields);
        if let Some(notes) = nested.notes() {
            terms.take_revenue(&notes)?;
        }
        nested.each().for_each(|keys| terms.take_address(&keys));
        Ok(terms)
    }

    /// Takes what is still open from a `revenue` object.
    fn take_revenue(&mut self, fields: &Fields<'_>) -> Result<(), BadField> {
        let Some(object) = fields.get(Key::Revenue).and_then(nested::object) else {
            return Ok(());
        };
        let Some(revenue) = nested::keys(&object) else {
            return Ok(());
        };
        let known_or = |known: Option<CompactString>, keys| match known {
            Some(known) => Ok(Some(known)),
            None => id(&revenue, keys),
        };
        self.client = known_or(self.client.take(), &[Key::Client, Key::ClientId])?;
        self.business = known_or(self.business.take(), &[Key::Business, Key::BusinessId])?;
        self.service = known_or(self.service.take(), &[Key::Service, Key::ServiceType])?;
        self.take_figures(&revenue);
        if self.declared == Stated::Absent {
            self.declared = texts::figure(&revenue, &[Key::Amount, Key::Declared, Key::DeclaredAmount]);
        }
        Ok(())
    }

    /// Takes an address from a nested text, where there is none yet.
    fn take_address(&mut self, keys: &Fields<'_>) {
        if self.to_email.is_none() {
            self.to_email = loose_text(keys, &[Key::ToEmail]);
        }
        if self.receiver == Ok(None) {
            self.receiver = Ok(loose_text(keys, &[Key::ReceiverUsername, Key::RecipientUsername, Key::ToEmail]));
        }
    }

    fn take_figures(&mut self, fields: &Fields<'_>) {
        if self.minutes == Stated::Absent {
            self.minutes = texts::figure(fields, MINUTES);
        }
        if self.expertise == Stated::Absent {
            self.expertise = expertise(fields);
        }
    }
}

fn id(fields: &Fields<'_>, keys: &[Key]) -> Result<Option<CompactString>, BadField> {
    Ok(texts::id(fields, keys)?.map(CompactString::from))
}

/// `expertise`, `skills.expertise`, or the `expertise` of an object `skills`.
pub(super) fn expertise(fields: &Fields<'_>) -> Stated {
    match texts::figure(fields, EXPERTISE) {
        Stated::Absent => {
            let skills = fields.get(Key::Skills).and_then(nested::object);
            let keys = skills.as_deref().and_then(nested::keys);
            keys.map_or(Stated::Absent, |skills| texts::figure(&skills, &[Key::Expertise]))
        }
        stated => stated,
    }
}

fn recipient_type(fields: &Fields<'_>) -> Option<&'static str> {
    let Value::Text(told) = Value::of(fields.get(Key::RecipientType)?) else {
        return None;
    };
    ["external", "internal"].into_iter().find(|word| told.trim().eq_ignore_ascii_case(word))
}

fn loose_text(fields: &Fields<'_>, keys: &[Key]) -> Option<String> {
    texts::text(fields, keys).ok().flatten().map(Into::into)
}
