//! Instants. Nothing here reads a clock.

use std::fmt;

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    /// 2000-01-01T00:00:00Z. What claims to be older is a date of the play, not of the world.
    pub const OLDEST: Moment = Moment(946_684_800_000_000);
    /// 9999-12-31T23:59:59.999999Z, the last instant that four digits of a year can write.
    pub const NEWEST: Moment = Moment(253_402_300_799_999_999);

    /// The instant in UTC; instants past what a calendar can show are drawn in to it.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.clamp(Moment::OLDEST.0, Moment::NEWEST.0)).unwrap_or_default()
    }

    /// RFC 3339 in `zone`, to the second: `2025-07-05T10:12:00+02:00`.
    pub fn in_zone(self, zone: Tz) -> String {
        zone.from_utc_datetime(&self.utc().naive_utc()).to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

/// RFC 3339 in UTC with microseconds.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}
