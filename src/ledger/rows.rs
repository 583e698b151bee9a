//! What memory holds of each event and of each charge: fixed, small rows. Texts stay on disk.

use crate::domain::activity::Outcome;
use crate::domain::charge::Stage;
use crate::domain::ids::{EventKey, Feed};
use crate::domain::money::{Currency, Money};
use crate::domain::tariff::{RuleId, TariffVersion};
use crate::domain::time::Moment;

use super::roll::NameNo;

/// The number of a fact in the book, from 0 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactNo(pub u32);

/// Where in the journal a record stands: its offset in the stream of all groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub u64);

impl Place {
    /// No fact is taken from here on: its row has five bytes for its place, and the group that is
    /// being written when this is reached must still fit.
    pub const END: Place = Place((1 << 40) - (1 << 27));
}

/// A fact: one event as it was first taken, or its outcome's upgrade. 38 bytes, without alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactRow {
    key: [u8; 16],
    content: [u8; 8],
    occurred_at: [u8; 8],
    place: [u8; 5],
    flags: u8,
}

/// A fact, spelled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its identity.
    pub key: EventKey,
    /// The digest of its content.
    pub content: u64,
    /// When it happened.
    pub occurred_at: Moment,
    /// Where its record stands.
    pub place: Place,
    /// Its feed.
    pub feed: Feed,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it earned.
    pub is_charged: bool,
    /// Whether it replaced an earlier fact of the same key.
    pub is_upgrade: bool,
    /// Whether it is no event, but an operator's order.
    pub is_order: bool,
    /// Whether it is a message of which no rule says whether it left the simulation.
    pub is_undecided: bool,
}

const OUTCOME_BITS: u8 = 0b0000_0111;
const MESSAGE: u8 = 0b0000_1000;
const CHARGED: u8 = 0b0001_0000;
const UPGRADE: u8 = 0b0010_0000;
const ORDER: u8 = 0b0100_0000;
const UNDECIDED: u8 = 0b1000_0000;

impl FactRow {
    /// How many bytes a row has, on disk as in memory.
    pub const BYTES: usize = 38;

    /// The row of a fact.
    pub fn new(fact: Fact) -> FactRow {
        let flag = |bit: u8, set: bool| if set { bit } else { 0 };
        let [a, b, c, d, e, ..] = fact.place.0.to_le_bytes();
        FactRow {
            key: fact.key.0,
            content: fact.content.to_le_bytes(),
            occurred_at: fact.occurred_at.0.to_le_bytes(),
            place: [a, b, c, d, e],
            flags: fact.outcome as u8
                | flag(MESSAGE, fact.feed == Feed::Message)
                | flag(CHARGED, fact.is_charged)
                | flag(UPGRADE, fact.is_upgrade)
                | flag(ORDER, fact.is_order)
                | flag(UNDECIDED, fact.is_undecided),
        }
    }

    /// Its key alone.
    pub fn key(&self) -> EventKey {
        EventKey(self.key)
    }

    /// Whether it is no event, but an operator's order.
    pub fn is_order(&self) -> bool {
        self.flags & ORDER != 0
    }

    /// The fact spelled out.
    pub fn fact(&self) -> Fact {
        let [a, b, c, d, e] = self.place;
        let outcome = Outcome::ALL.get(usize::from(self.flags & OUTCOME_BITS));
        Fact {
            key: self.key(),
            content: u64::from_le_bytes(self.content),
            occurred_at: Moment(i64::from_le_bytes(self.occurred_at)),
            place: Place(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0])),
            feed: if self.flags & MESSAGE == 0 { Feed::Activity } else { Feed::Message },
            outcome: outcome.copied().unwrap_or(Outcome::Other),
            is_charged: self.flags & CHARGED != 0,
            is_upgrade: self.flags & UPGRADE != 0,
            is_order: self.flags & ORDER != 0,
            is_undecided: self.flags & UNDECIDED != 0,
        }
    }

    /// The row's bytes.
    pub fn to_bytes(self) -> [u8; FactRow::BYTES] {
        let mut bytes = [0; FactRow::BYTES];
        bytes[..16].copy_from_slice(&self.key);
        bytes[16..24].copy_from_slice(&self.content);
        bytes[24..32].copy_from_slice(&self.occurred_at);
        bytes[32..37].copy_from_slice(&self.place);
        bytes[37] = self.flags;
        bytes
    }

    /// The row of these bytes.
    pub fn from_bytes(bytes: &[u8; FactRow::BYTES]) -> FactRow {
        let mut row = FactRow { key: [0; 16], content: [0; 8], occurred_at: [0; 8], place: [0; 5], flags: bytes[37] };
        row.key.copy_from_slice(&bytes[..16]);
        row.content.copy_from_slice(&bytes[16..24]);
        row.occurred_at.copy_from_slice(&bytes[24..32]);
        row.place.copy_from_slice(&bytes[32..37]);
        row
    }
}

/// What a transaction is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Sort {
    /// What an event costs.
    #[default]
    Charge = 0,
    /// What becomes of earlier charges by it: volume prices do that.
    Adjustment = 1,
    /// What takes a charge back.
    Reversal = 2,
    /// What lets a held charge go.
    Release = 3,
}

impl Sort {
    /// All of them.
    pub const ALL: [Sort; 4] = [Sort::Charge, Sort::Adjustment, Sort::Reversal, Sort::Release];

    /// The stable text of the sort.
    pub const fn as_str(self) -> &'static str {
        match self {
            Sort::Charge => "charge",
            Sort::Adjustment => "adjustment",
            Sort::Reversal => "reversal",
            Sort::Release => "release",
        }
    }
}

/// A transaction: what one fact comes to. 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChargeRow {
    /// How much.
    pub amount: Money,
    /// Of which event.
    pub fact: FactNo,
    /// Who did it.
    pub citizen: NameNo,
    /// For which business.
    pub business: NameNo,
    /// Who is to pay.
    pub client: NameNo,
    /// By which rule
    pub rule: RuleId,
    /// of which tariff.
    pub tariff: TariffVersion,
    /// In what currency.
    pub currency: Currency,
    /// What it is, and whether it may be collected.
    pub marks: Marks,
}

/// What a transaction is, in which stage, and whether it is held; in one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    /// The marks of a transaction. What is held is collected by nothing before it is released.
    pub const fn new(stage: Stage, sort: Sort, is_held: bool) -> Marks {
        Marks(stage as u8 | (sort as u8) << 1 | (is_held as u8) << 3)
    }

    fn from_byte(byte: u8) -> Option<Marks> {
        (byte >> 4 == 0).then_some(Marks(byte))
    }
}

impl ChargeRow {
    /// How many bytes a row has on disk.
    pub const BYTES: usize = 32;

    /// Whether it may be collected.
    pub fn stage(&self) -> Stage {
        Stage::ALL[usize::from(self.marks.0 & 1)]
    }

    /// What it is.
    pub fn sort(&self) -> Sort {
        Sort::ALL[usize::from(self.marks.0 >> 1 & 3)]
    }

    /// Whether it is held: then nothing collects it before it is released.
    pub fn is_held(&self) -> bool {
        self.marks.0 >> 3 == 1
    }

    /// The row's bytes.
    pub fn to_bytes(self) -> [u8; ChargeRow::BYTES] {
        let mut bytes = [0; ChargeRow::BYTES];
        bytes[..8].copy_from_slice(&self.amount.millionths().to_le_bytes());
        bytes[8..12].copy_from_slice(&self.fact.0.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.citizen.0.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.business.0.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.client.0.to_le_bytes());
        bytes[24..26].copy_from_slice(&self.rule.0.to_le_bytes());
        bytes[26..28].copy_from_slice(&self.tariff.0.to_le_bytes());
        bytes[28..31].copy_from_slice(&self.currency.letters());
        bytes[31] = self.marks.0;
        bytes
    }

    /// The row of these bytes; `None` where they are none.
    pub fn from_bytes(bytes: &[u8; ChargeRow::BYTES]) -> Option<ChargeRow> {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        Some(ChargeRow {
            amount: Money::from_millionths((i64::from(word(4)) << 32) | i64::from(word(0))),
            fact: FactNo(word(8)),
            citizen: NameNo(word(12)),
            business: NameNo(word(16)),
            client: NameNo(word(20)),
            rule: RuleId(half(24)),
            tariff: TariffVersion(half(26)),
            currency: Currency::parse(std::str::from_utf8(&bytes[28..31]).ok()?)?,
            marks: Marks::from_byte(bytes[31])?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_are_as_small_as_promised() {
        assert_eq!(size_of::<FactRow>(), FactRow::BYTES);
        assert_eq!(size_of::<ChargeRow>(), ChargeRow::BYTES);
    }

    proptest! {
        #[test]
        fn a_fact_reads_back_as_it_was(
            key: [u8; 16], content: u64, at: i64, place in 0..Place::END.0, bits in 0_usize..32, outcome in 0_usize..7,
        ) {
            let fact = Fact {
                key: EventKey(key),
                content,
                occurred_at: Moment(at),
                place: Place(place),
                feed: Feed::ALL[bits & 1],
                outcome: Outcome::ALL[outcome],
                is_charged: bits & 2 != 0,
                is_upgrade: bits & 4 != 0,
                is_order: bits & 8 != 0,
                is_undecided: bits & 16 != 0,
            };
            prop_assert_eq!(FactRow::from_bytes(&FactRow::new(fact).to_bytes()).fact(), fact);
        }

        #[test]
        fn a_charge_reads_back_as_it_was(amount: i64, numbers: [u32; 4], rule: u16, tariff: u16, live: bool, sort in 0_usize..4, is_held: bool) {
            let [fact, citizen, business, client] = numbers;
            let charge = ChargeRow {
                amount: Money::from_millionths(amount),
                fact: FactNo(fact),
                citizen: NameNo(citizen),
                business: NameNo(business),
                client: NameNo(client),
                rule: RuleId(rule),
                tariff: TariffVersion(tariff),
                currency: Currency::EUR,
                marks: Marks::new(Stage::ALL[usize::from(live)], Sort::ALL[sort], is_held),
            };
            prop_assert_eq!(ChargeRow::from_bytes(&charge.to_bytes()), Some(charge));
        }
    }
}
