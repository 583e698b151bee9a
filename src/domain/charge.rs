//! What an event costs, or why it costs nothing.

use super::external::Ruling;
use super::money::{Currency, Money};
use super::names::Name;
use super::tariff::{RuleId, TariffVersion};

/// Whether a charge may ever be collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Stage {
    /// Tracked, never collected.
    Shadow = 0,
    /// Collectable.
    Live = 1,
}

impl Stage {
    /// Both stages.
    pub const ALL: [Stage; 2] = [Stage::Shadow, Stage::Live];

    /// `shadow` or `live`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stage::Shadow => "shadow",
            Stage::Live => "live",
        }
    }
}

/// What an entity's actor worked out about one event, for the bookkeeper to post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The business that it counts for, resolved.
    pub business: Option<Name>,
    /// Whether it left the simulation, and by which rule.
    pub ruling: Ruling,
    /// The tariff that priced it.
    pub tariff: TariffVersion,
    /// Its price.
    pub price: Price,
}

/// A price, or the reason why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// It earns.
    Charge {
        /// The rule that matched.
        rule: RuleId,
        /// More than nothing.
        amount: Money,
        /// Of this currency.
        currency: Currency,
    },
    /// It is recorded at zero.
    Free(Free),
}

/// Why an event is recorded at zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Free {
    /// No rule of the tariff is about it.
    NoRule = 0,
    /// It was not done, or not yet.
    NotProcessed = 1,
    /// It is a message that stayed inside.
    NotExternal = 2,
    /// A service that declares no minutes.
    NoDuration = 3,
    /// A service whose minutes are no figure, or out of bounds.
    BadDuration = 4,
    /// A service whose expertise is no figure.
    BadExpertise = 5,
    /// The rule comes to nothing.
    Nothing = 6,
}

impl Free {
    /// Every reason there is.
    pub const ALL: [Free; 7] = [
        Free::NoRule,
        Free::NotProcessed,
        Free::NotExternal,
        Free::NoDuration,
        Free::BadDuration,
        Free::BadExpertise,
        Free::Nothing,
    ];

    /// The stable text of the reason.
    pub const fn as_str(self) -> &'static str {
        match self {
            Free::NoRule => "no_rule",
            Free::NotProcessed => "not_processed",
            Free::NotExternal => "not_external",
            Free::NoDuration => "no_duration",
            Free::BadDuration => "bad_duration",
            Free::BadExpertise => "bad_expertise",
            Free::Nothing => "nothing",
        }
    }
}
