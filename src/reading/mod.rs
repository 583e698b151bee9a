//! Lenient reading of the engine's records: bytes in, activities and rows out.
//!
//! What means something is taken in every spelling and shape that the engine and its citizens use,
//! what means nothing is passed over, and what is wrong is refused alone. Nothing here knows a clock, a
//! disk or a network, no text makes it panic, and no figure ever passes through a float.
//!
//! # Who an event is
//!
//! The Airtable record id (`id` of an envelope, then `airtableId`, or the other way round in a flat
//! record), else `activity_id`, or `message_id` in the message feed, else `source`, a space and `id` of
//! a CloudEvent. The first of them that holds something decides.
//!
//! # When it happened
//!
//! An activity: `EndDate`, `timestamp`, `date` and `time`, `StartDate`, `CreatedAt`, `createdTime`, the
//! CloudEvent's `time`. A message: `CreatedAt`, `timestamp`, `date` and `time`, `createdTime`, the
//! CloudEvent's `time`. The first that is there decides, even where it cannot be read.

mod activity;
mod body;
mod error;
mod fields;
mod figures;
mod keys;
mod message;
mod nested;
mod record;
mod rows;
mod scan;
mod terms;
mod texts;
mod times;
mod values;

#[cfg(test)]
mod tests;

pub use self::body::Format;
pub use self::error::{Refusal, RefusalCode, Unreadable};

use chrono_tz::Tz;
use rust_decimal::Decimal;

use crate::domain::activity::Activity;
use crate::domain::names::Name;
use crate::domain::rows::Row;

/// Reads the engine's records.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    naive_zone: Tz,
}

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What a citizen did: a row of ACTIVITIES.
    Activity,
    /// What one wrote: a row of MESSAGES.
    Message,
    /// A row of CITIZENS.
    Citizen,
    /// A row of BUILDINGS.
    Building,
}

/// Who a citizen is, and how expert; where the row states none, or no figure, nobody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skilled {
    /// The username.
    pub id: Name,
    /// The expertise.
    pub expertise: Option<Decimal>,
}

impl Reader {
    /// A reader that reads a time without an offset as one of `naive_zone`.
    pub fn new(naive_zone: Tz) -> Reader {
        Reader { naive_zone }
    }

    /// The texts of a body's events, in order. A line that is no text at all is refused alone; what
    /// the others are worth is found out when each is read.
    pub fn split<'a>(&self, body: &'a [u8], format: Format) -> Result<Vec<Result<&'a str, Refusal>>, Unreadable> {
        body::split(body, format)
    }

    /// Reads an event of the activity feed.
    pub fn activity(&self, text: &str) -> Result<Activity, Refusal> {
        activity::read(text, self.naive_zone)
    }

    /// Reads an event of the message feed.
    pub fn message(&self, text: &str) -> Result<Activity, Refusal> {
        message::read(text, self.naive_zone)
    }

    /// Reads a row of CITIZENS.
    pub fn citizen(&self, text: &str) -> Result<Row, Refusal> {
        rows::citizen(text)
    }

    /// Reads a row of CITIZENS for who it is, and how expert.
    pub fn skilled(&self, text: &str) -> Result<Skilled, Refusal> {
        rows::skilled(text)
    }

    /// Reads a row of BUILDINGS.
    pub fn building(&self, text: &str) -> Result<Row, Refusal> {
        rows::building(text)
    }

    /// What a record is that nobody labelled, by its keys.
    pub fn kind_of(&self, text: &str) -> Option<Kind> {
        rows::kind_of(text)
    }
}
