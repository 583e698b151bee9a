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
    /// Why it is held, if what it says of itself leaves doubt.
    pub hold: Option<Hold>,
}

/// A price, or the reason why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// It earns.
    Charge {
        /// The rule that matched.
        rule: RuleId,
        /// Nothing at least; and more than nothing, unless it makes earlier charges less.
        amount: Money,
        /// Of this currency.
        currency: Currency,
    },
    /// It may earn: what came before decides how much, and only the bookkeeper knows that.
    Counted {
        /// The rule that matched.
        rule: RuleId,
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
    /// A service whose minutes are no figure.
    BadDuration = 4,
    /// A service whose expertise is no figure.
    BadExpertise = 5,
    /// The rule comes to nothing.
    Nothing = 6,
    /// It is within what is free in this period.
    Allowance = 7,
    /// It comes to more than an amount can be.
    TooMuch = 8,
    /// A rule takes the engine's own figure, and there is none.
    NoDeclared = 9,
    /// The engine's own figure is no figure.
    BadDeclared = 10,
}

impl Free {
    /// Every reason there is.
    pub const ALL: [Free; 11] = [
        Free::NoRule,
        Free::NotProcessed,
        Free::NotExternal,
        Free::NoDuration,
        Free::BadDuration,
        Free::BadExpertise,
        Free::Nothing,
        Free::Allowance,
        Free::TooMuch,
        Free::NoDeclared,
        Free::BadDeclared,
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
            Free::Allowance => "allowance",
            Free::TooMuch => "too_much",
            Free::NoDeclared => "no_declared_amount",
            Free::BadDeclared => "bad_declared_amount",
        }
    }
}

macro_rules! holds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal, $words:literal;)*) => {
        /// Why a charge is held: it is posted, but nothing collects it until somebody releases it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Hold { $($(#[$doc])* $name = $code,)* }

        impl Hold {
            /// Every reason there is.
            pub const ALL: &[Hold] = &[$(Hold::$name),*];

            /// The stable text of the reason.
            pub const fn as_str(self) -> &'static str {
                match self { $(Hold::$name => $text,)* }
            }

            /// The reason in words.
            pub const fn words(self) -> &'static str {
                match self { $(Hold::$name => $words,)* }
            }
        }
    };
}

// The codes are in the journal: a new reason takes a new code, and none is ever used again.
holds! {
    /// A service of other minutes than a service has.
    Minutes = 1, "minutes", "a service is 1 to 480 minutes";
    /// An expertise that nobody has.
    Expertise = 2, "expertise", "an expertise is 0 to 10";
    /// A client that is on no list.
    Client = 3, "client", "its client is not among the payers";
    /// More charges an hour than the guard lets pass.
    Rate = 4, "rate", "more charges in an hour than the guard lets pass";
    /// A larger amount a day than the guard lets pass.
    Amount = 5, "amount", "a larger amount in a day than the guard lets pass";
    /// Two citizens write to each other without end.
    Pair = 6, "pair", "two citizens write to each other without end";
    /// Many times as many charges as before.
    Jump = 7, "jump", "many times as many charges as in the hours before";
    /// The entity is parked.
    Parked = 8, "parked", "it is parked after guards had tripped repeatedly";
    /// A declared amount that nobody asks.
    Declared = 9, "declared", "a declared amount is 0 to 1000000";
}

impl Hold {
    /// The reason with this code.
    pub fn from_code(code: u8) -> Option<Hold> {
        Hold::ALL.iter().copied().find(|hold| *hold as u8 == code)
    }
}
