//! One event as the engine told it: read once at the door, never changed after.

use compact_str::CompactString;
use rust_decimal::Decimal;
use twox_hash::XxHash3_64;

use super::external::Receiver;
use super::ids::{EventKey, Feed, SourceId};
use super::names::Name;
use super::time::Moment;

/// An event: what somebody did, or wrote.
///
/// In process, start from [`Activity::new`] and fill in what is known; everything else may stay absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// The stream it came in by.
    pub feed: Feed,
    /// Its id there; with the feed, its identity for ever.
    pub source_id: SourceId,
    /// The engine's own `ActivityId` or `MessageId`, where it is another text: kept, but not unique.
    pub second_id: Option<CompactString>,
    /// Its `Type`.
    pub kind: Option<Name>,
    /// How it ended.
    pub outcome: Outcome,
    /// When it happened.
    pub occurred: Occurred,
    /// Who did it: the citizen, or the sender of a message.
    pub citizen: Option<Name>,
    /// The business that it names itself.
    pub business: Option<Name>,
    /// Where it began.
    pub from_building: Option<Name>,
    /// Where it led to.
    pub to_building: Option<Name>,
    /// Who is to pay.
    pub client: Option<Name>,
    /// The kind of service.
    pub service: Option<Name>,
    /// Declared minutes of service.
    pub minutes: Stated,
    /// Declared expertise.
    pub expertise: Stated,
    /// The engine's own figure for its price.
    pub declared: Stated,
    /// To whom it was written.
    pub receiver: Receiver,
    /// The digest of its channel; 0 where there is none.
    pub channel: u64,
    /// The length and digest of its body; the body itself is not kept.
    pub body: Option<Body>,
    /// What it says of its receiver, in its own words. They are for deciding who is outside, and are not kept:
    /// handles and addresses are personal.
    pub address: Option<Box<Address>>,
}

/// What a message says of its receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// To whom it was written.
    pub receiver: CompactString,
    /// Its channel, in lower case.
    pub channel: CompactString,
    /// What it says its receiver is, in lower case.
    pub recipient_type: CompactString,
}

/// How an event ended, as far as the engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// It was done. The only outcome that may earn, and the only one that is final.
    Processed = 0,
    /// It is planned.
    Created = 1,
    /// It is under way.
    InProgress = 2,
    /// It was interrupted.
    Interrupted = 3,
    /// It failed.
    Failed = 4,
    /// The engine stumbled over it.
    Error = 5,
    /// It ended in a way that we do not know.
    Other = 6,
}

impl Outcome {
    /// Every outcome there is.
    pub const ALL: [Outcome; 7] = [
        Outcome::Processed,
        Outcome::Created,
        Outcome::InProgress,
        Outcome::Interrupted,
        Outcome::Failed,
        Outcome::Error,
        Outcome::Other,
    ];

    /// Reads the engine's `Status`; an absent one means processed.
    pub fn parse(status: Option<&str>) -> Outcome {
        let Some(status) = status.map(str::trim).filter(|status| !status.is_empty()) else {
            return Outcome::Processed;
        };
        let known = Outcome::ALL.into_iter().find(|outcome| outcome.as_str().eq_ignore_ascii_case(status));
        known.unwrap_or(Outcome::Other)
    }

    /// The engine's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Processed => "processed",
            Outcome::Created => "created",
            Outcome::InProgress => "in_progress",
            Outcome::Interrupted => "interrupted",
            Outcome::Failed => "failed",
            Outcome::Error => "error",
            Outcome::Other => "other",
        }
    }
}

/// A figure as an event states it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stated {
    /// It states none.
    #[default]
    Absent,
    /// It states this one.
    Is(Decimal),
    /// It states something that is no figure; the digest of its text.
    Unreadable(u64),
}

/// When an event happened, as far as it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurred {
    /// The instant; `None` means: when it was recorded.
    pub at: Option<Moment>,
    /// How sure that is.
    pub basis: Basis,
    /// The time as it was written, kept where the basis leaves doubt.
    pub text: Option<CompactString>,
}

impl Occurred {
    /// At this very instant.
    pub fn at(moment: Moment) -> Occurred {
        Occurred { at: Some(moment), basis: Basis::Exact, text: None }
    }

    /// At a time not told.
    pub const UNTOLD: Occurred = Occurred { at: None, basis: Basis::Absent, text: None };
}

/// How an event's time was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Basis {
    /// It names its offset from UTC.
    Exact = 0,
    /// It names none; it was read in the configured zone.
    Naive = 1,
    /// There is none.
    Absent = 2,
    /// It lies before the year 2000: a date of the play.
    BeforeOurTime = 3,
    /// It could not be read.
    Unreadable = 4,
}

impl Basis {
    /// Every basis there is.
    pub const ALL: [Basis; 5] = [Basis::Exact, Basis::Naive, Basis::Absent, Basis::BeforeOurTime, Basis::Unreadable];

    /// The stable text of the basis.
    pub const fn as_str(self) -> &'static str {
        match self {
            Basis::Exact => "exact",
            Basis::Naive => "naive",
            Basis::Absent => "absent",
            Basis::BeforeOurTime => "before_2000",
            Basis::Unreadable => "unreadable",
        }
    }
}

/// What is kept of a message's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its length in bytes.
    pub length: u32,
    /// Its digest.
    pub digest: u64,
}

impl Body {
    /// What is kept of `text`.
    pub fn of(text: &str) -> Body {
        Body { length: u32::try_from(text.len()).unwrap_or(u32::MAX), digest: Name::digest_of(text) }
    }
}

/// Who an event is, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// See [`Activity::key`].
    pub key: EventKey,
    /// See [`Activity::content`].
    pub content: u64,
}

impl Activity {
    /// An event of which nothing is known but who it is: processed, and at a time not told.
    pub fn new(feed: Feed, source_id: SourceId) -> Activity {
        Activity {
            feed,
            source_id,
            second_id: None,
            kind: None,
            outcome: Outcome::Processed,
            occurred: Occurred::UNTOLD,
            citizen: None,
            business: None,
            from_building: None,
            to_building: None,
            client: None,
            service: None,
            minutes: Stated::Absent,
            expertise: Stated::Absent,
            declared: Stated::Absent,
            receiver: Receiver::ABSENT,
            channel: 0,
            body: None,
            address: None,
        }
    }

    /// Its identity.
    pub fn key(&self) -> EventKey {
        EventKey::new(self.feed, self.source_id.as_str())
    }

    /// When it happened, for one who saw it at `seen`: nothing happened later than that.
    pub fn happened(&self, seen: Moment) -> Moment {
        self.occurred.at.unwrap_or(seen).clamp(Moment::OLDEST, seen.max(Moment::OLDEST))
    }

    /// Its identity, and the digest of its content.
    pub fn identity(&self) -> Identity {
        Identity { key: self.key(), content: self.content() }
    }

    /// The digest of what decides its price, as given: the same event sent again has the same content,
    /// whatever became of its status, its times or its body meanwhile.
    pub fn content(&self) -> u64 {
        let name = |name: Option<Name>| name.map_or(0, Name::digest);
        let [minutes, expertise, declared] = [self.minutes, self.expertise, self.declared].map(Stated::words);
        let words = [
            name(self.kind),
            name(self.citizen),
            name(self.business),
            name(self.from_building),
            name(self.to_building),
            name(self.client),
            name(self.service),
            self.receiver.class as u64,
            self.receiver.digest,
            self.channel,
            minutes[0],
            minutes[1],
            minutes[2],
            expertise[0],
            expertise[1],
            expertise[2],
            declared[0],
            declared[1],
            declared[2],
        ];
        let mut bytes = [0; 19 * 8];
        for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        XxHash3_64::oneshot(&bytes)
    }
}

impl Stated {
    /// Three words that differ wherever two figures do, and not for `1.0` and `1.00`.
    fn words(self) -> [u64; 3] {
        match self {
            Stated::Absent => [0; 3],
            Stated::Unreadable(digest) => [1, digest, 0],
            Stated::Is(figure) => {
                let bytes = figure.normalize().serialize();
                let word =
                    |from: usize| bytes[from..from + 8].iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
                [2, word(0), word(8)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consultation() -> Activity {
        let mut activity = Activity::new(Feed::Activity, SourceId::new("recA").expect("an id"));
        activity.kind = Name::new("paid_service");
        activity.minutes = Stated::Is(Decimal::from(60));
        activity
    }

    #[test]
    fn an_absent_status_means_processed_and_a_strange_one_does_not() {
        for (status, outcome) in [
            (None, Outcome::Processed),
            (Some(""), Outcome::Processed),
            (Some("Processed"), Outcome::Processed),
            (Some("in_progress"), Outcome::InProgress),
            (Some("error"), Outcome::Error),
            (Some("vanished"), Outcome::Other),
        ] {
            assert_eq!(Outcome::parse(status), outcome, "{status:?}");
        }
    }

    #[test]
    fn status_time_and_body_are_not_content() {
        let first = consultation();
        let mut later = first.clone();
        later.outcome = Outcome::Failed;
        later.occurred = Occurred::at(Moment(1));
        later.body = Some(Body::of("Buongiorno"));
        assert_eq!(later.content(), first.content());
    }

    #[test]
    fn whatever_prices_an_event_is_content() {
        let changes: [fn(&mut Activity); 9] = [
            |activity| activity.kind = Name::new("idle"),
            |activity| activity.citizen = Name::new("Lucid"),
            |activity| activity.business = Name::new("building_1"),
            |activity| activity.client = Name::new("client_1"),
            |activity| activity.minutes = Stated::Is(Decimal::from(61)),
            |activity| activity.minutes = Stated::Absent,
            |activity| activity.expertise = Stated::Is(Decimal::ZERO),
            |activity| activity.expertise = Stated::Unreadable(7),
            |activity| activity.receiver = Receiver::new(Some("@a"), None, None, None),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = consultation();
            change(&mut changed);
            assert_ne!(changed.content(), consultation().content(), "change {number}");
        }
    }

    #[test]
    fn a_figure_written_with_more_noughts_is_the_same_content() {
        let mut other = consultation();
        other.minutes = Stated::Is(Decimal::new(6000, 2));
        assert_eq!(other.content(), consultation().content());
    }
}
