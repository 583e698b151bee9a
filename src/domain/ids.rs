//! Who an event is: its feed and its source id, for ever.

use std::fmt;

use compact_str::CompactString;
use thiserror::Error;

/// Which of the engine's two streams an event came in by, whatever carried it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// What the engine's citizens did: rows of ACTIVITIES.
    Activity,
    /// What they wrote: rows of MESSAGES.
    Message,
}

impl Feed {
    /// Both feeds.
    pub const ALL: [Feed; 2] = [Feed::Activity, Feed::Message];

    /// `activity` or `message`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Feed::Activity => "activity",
            Feed::Message => "message",
        }
    }
}

/// An event's id where it came from: opaque text of 1 to [`SourceId::BYTES_MAX`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(CompactString);

/// Why a text is no id.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum IdError {
    /// There is none.
    #[error("an event needs an id: the record id (`id`), or `activity_id`, or CloudEvents `source` and `id`")]
    Missing,
    /// It is longer than an id may be.
    #[error("an id has at most {max} bytes, this one has {length}")]
    TooLong {
        /// Its length.
        length: usize,
        /// The longest that is taken.
        max: usize,
    },
}

impl SourceId {
    /// The longest id that is taken.
    pub const BYTES_MAX: usize = 128;

    /// The id of this text.
    pub fn new(text: &str) -> Result<SourceId, IdError> {
        match text.len() {
            0 => Err(IdError::Missing),
            length if SourceId::BYTES_MAX < length => Err(IdError::TooLong { length, max: SourceId::BYTES_MAX }),
            _ => Ok(SourceId(CompactString::from(text))),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identity of an event, small enough to be known for ever: 16 bytes of BLAKE3 over feed and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(pub [u8; 16]);

impl EventKey {
    /// The key of `id` in `feed`. A cryptographic digest: ids are chosen by strangers, and two that
    /// met here would make one of them look like a repeat and go unbilled.
    pub fn new(feed: Feed, id: &str) -> EventKey {
        // One buffer, so that an id of up to 63 bytes costs a single compression.
        let mut text = [0; 1 + SourceId::BYTES_MAX];
        let id = &id.as_bytes()[..id.len().min(SourceId::BYTES_MAX)];
        text[0] = feed as u8;
        text[1..=id.len()].copy_from_slice(id);
        let mut key = [0; 16];
        key.copy_from_slice(&blake3::hash(&text[..=id.len()]).as_bytes()[..16]);
        EventKey(key)
    }

    /// The key of an order, which no event has.
    pub fn of_order(text: &str) -> EventKey {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[Feed::ALL.len() as u8]);
        hasher.update(text.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        EventKey(key)
    }

    /// Eight bytes of the key, for a hash table.
    pub fn hash64(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

/// The number of a transaction in the book, from 1 on in the order of posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(pub u64);

impl TransactionId {
    /// Reads `tx_42`.
    pub fn parse(text: &str) -> Option<TransactionId> {
        let digits = text.strip_prefix("tx_")?;
        let plain = !digits.starts_with(['0', '+']);
        plain.then(|| digits.parse().ok().map(TransactionId)).flatten()
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tx_{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_1_to_128_bytes() {
        assert_eq!(SourceId::new(""), Err(IdError::Missing));
        assert!(SourceId::new(&"é".repeat(64)).is_ok());
        assert_eq!(SourceId::new(&"x".repeat(129)), Err(IdError::TooLong { length: 129, max: 128 }));
    }

    #[test]
    fn a_feed_is_part_of_the_key() {
        let id = "recNkrRlpEztU7gqW";
        assert_ne!(EventKey::new(Feed::Activity, id), EventKey::new(Feed::Message, id));
        assert_eq!(EventKey::new(Feed::Activity, id), EventKey::new(Feed::Activity, id));
    }

    #[test]
    fn a_transaction_id_reads_back_as_itself_only() {
        assert_eq!(TransactionId::parse(&TransactionId(42).to_string()), Some(TransactionId(42)));
        for wrong in ["42", "tx_", "tx_042", "tx_+4", "tx_-1", "tx_99999999999999999999"] {
            assert_eq!(TransactionId::parse(wrong), None, "{wrong}");
        }
    }
}
