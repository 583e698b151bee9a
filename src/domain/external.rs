//! Who is outside of the simulation: the rules that decide whether a message is worth money.
//!
//! The engine has no field for it, so it is decided by an ordered list, and what no rule decides is
//! internal: nobody is ever billed on doubt.

use super::names::Name;

/// What an event says of its receiver, without keeping who that is: handles and addresses are
/// personal, so that only a class and a digest are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// What can be told from the event alone.
    pub class: Class,
    /// The digest of the receiver's text; 0 where there is none.
    pub digest: u64,
}

/// What an event alone tells of its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// No receiver is named.
    Absent = 0,
    /// The event says `recipient_type: external` itself.
    DeclaredExternal = 1,
    /// The event says `recipient_type: internal` itself.
    DeclaredInternal = 2,
    /// A Telegram handle, `@name` or `TG_…`, or the channel `telegram`.
    Telegram = 3,
    /// An e-mail address, or the channel `email`.
    Email = 4,
    /// A building or another place: a broadcast.
    Place = 5,
    /// An account of the system, or everybody.
    System = 6,
    /// The sender.
    Oneself = 7,
    /// Some name; only the list of citizens can tell whose.
    Username = 8,
}

impl Receiver {
    /// Nobody.
    pub const ABSENT: Receiver = Receiver { class: Class::Absent, digest: 0 };

    /// Classifies a receiver by the event's own words, in the order of the rules.
    pub fn new(
        receiver: Option<&str>,
        sender: Option<Name>,
        recipient_type: Option<&str>,
        channel: Option<&str>,
    ) -> Receiver {
        let text = receiver.unwrap_or_default();
        let digest = if text.is_empty() { 0 } else { Name::digest_of(text) };
        Receiver { class: Receiver::class(text, sender, recipient_type, channel), digest }
    }

    fn class(text: &str, sender: Option<Name>, recipient_type: Option<&str>, channel: Option<&str>) -> Class {
        let is = |word: Option<&str>, meant: &str| word.is_some_and(|word| word.trim().eq_ignore_ascii_case(meant));
        if is(recipient_type, "external") {
            Class::DeclaredExternal
        } else if is(recipient_type, "internal") {
            Class::DeclaredInternal
        } else if (text.starts_with('@') || text.starts_with("TG_")) && text.len() > 1 || is(channel, "telegram") {
            Class::Telegram
        } else if is_email(text) || is(channel, "email") {
            Class::Email
        } else if text.is_empty() {
            Class::Absent
        } else if ["building_", "building-", "canal_", "land_", "water_"].iter().any(|place| text.starts_with(place)) {
            Class::Place
        } else if ["public", "Treasury", "Italia", "ConsiglioDeiDieci"].contains(&text) {
            Class::System
        } else if sender.is_some_and(|sender| sender.as_str() == text) {
            Class::Oneself
        } else {
            Class::Username
        }
    }

    /// The ruling on a message to this receiver. `is_human` tells what the citizens' rows say of a
    /// username: a player, one of the engine's own, or not known.
    pub fn ruling(self, is_human: impl FnOnce(u64) -> Option<bool>) -> Ruling {
        match self.class {
            Class::Absent => Ruling::Undecided,
            Class::DeclaredExternal => Ruling::ExternalDeclared,
            Class::DeclaredInternal => Ruling::InternalDeclared,
            Class::Telegram => Ruling::ExternalTelegram,
            Class::Email => Ruling::ExternalEmail,
            Class::Place => Ruling::InternalPlace,
            Class::System => Ruling::InternalSystem,
            Class::Oneself => Ruling::InternalOneself,
            Class::Username => match is_human(self.digest) {
                Some(true) => Ruling::ExternalPlayer,
                Some(false) => Ruling::InternalCitizen,
                None => Ruling::Undecided,
            },
        }
    }
}

/// Whether `text` looks like an e-mail address: something, an `@`, and a domain with a dot.
pub fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !text.contains(char::is_whitespace) && domain.trim_matches('.').contains('.')
    })
}

macro_rules! rulings {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Whether a message left the simulation, and which rule said so.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Ruling {
            $($(#[$doc])* $name,)*
            /// External: this entry of the tariff's own list says so.
            ListedExternal(u8),
            /// Internal: this entry of the tariff's own list says so.
            ListedInternal(u8),
        }

        impl Ruling {
            /// Every ruling there is without a tariff's own list.
            pub const ALL: &[Ruling] = &[$(Ruling::$name),*];

            /// The ruling as the journal has it.
            pub const fn code(self) -> u8 {
                match self {
                    $(Ruling::$name => $code,)*
                    Ruling::ListedInternal(number) => LISTED_INTERNAL | number % LISTED,
                    Ruling::ListedExternal(number) => LISTED_EXTERNAL | number % LISTED,
                }
            }

            /// The stable text of the ruling.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Ruling::$name => $text,)*
                    Ruling::ListedExternal(_) => "external_listed",
                    Ruling::ListedInternal(_) => "internal_listed",
                }
            }
        }
    };
}

// The codes are in the journal: a new ruling takes a new code, and none is ever used again.
rulings! {
    /// It is no message at all, or one that the message feed will bring itself.
    NotAMessage = 0, "not_a_message";
    /// External: it says so itself.
    ExternalDeclared = 1, "external_declared";
    /// External: to Telegram.
    ExternalTelegram = 2, "external_telegram";
    /// External: to an e-mail address.
    ExternalEmail = 3, "external_email";
    /// External: to a citizen whom a human plays.
    ExternalPlayer = 4, "external_player";
    /// Internal: it says so itself.
    InternalDeclared = 16, "internal_declared";
    /// Internal: to a building or another place.
    InternalPlace = 17, "internal_place";
    /// Internal: to an account of the system, or to everybody.
    InternalSystem = 18, "internal_system";
    /// Internal: a note to oneself.
    InternalOneself = 19, "internal_oneself";
    /// Internal: to a citizen whom the engine plays.
    InternalCitizen = 20, "internal_citizen";
    /// No rule decides it; internal, and counted.
    Undecided = 32, "undecided";
}

/// How many entries a tariff's own list may have.
const LISTED: u8 = 64;
const LISTED_INTERNAL: u8 = 64;
const LISTED_EXTERNAL: u8 = 128;

impl Ruling {
    /// What an entry of a tariff's own list says.
    pub const fn listed(number: u8, is_external: bool) -> Ruling {
        if is_external { Ruling::ListedExternal(number) } else { Ruling::ListedInternal(number) }
    }

    /// Whether the message left the simulation.
    pub const fn is_external(self) -> bool {
        matches!(
            self,
            Ruling::ExternalDeclared
                | Ruling::ExternalTelegram
                | Ruling::ExternalEmail
                | Ruling::ExternalPlayer
                | Ruling::ListedExternal(_)
        )
    }

    /// The ruling with this code.
    pub fn from_code(code: u8) -> Option<Ruling> {
        match code & !(LISTED - 1) {
            LISTED_INTERNAL => Some(Ruling::ListedInternal(code % LISTED)),
            LISTED_EXTERNAL => Some(Ruling::ListedExternal(code % LISTED)),
            _ => Ruling::ALL.iter().copied().find(|ruling| ruling.code() == code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_decides_and_doubt_is_internal() {
        let sender = Name::new("GondolaDrifter");
        let citizens = |digest| {
            [("MerchantPrince", false), ("Player_One", true)]
                .into_iter()
                .find_map(|(name, human)| (Name::digest_of(name) == digest).then_some(human))
        };
        for (receiver, recipient_type, channel, ruling) in [
            (Some("@rialto"), None, None, Ruling::ExternalTelegram),
            (Some("TG_12345"), None, None, Ruling::ExternalTelegram),
            (Some("MerchantPrince"), None, Some("Telegram"), Ruling::ExternalTelegram),
            (Some("guest@example.org"), None, None, Ruling::ExternalEmail),
            (Some("Player_One"), None, None, Ruling::ExternalPlayer),
            (Some("MerchantPrince"), None, None, Ruling::InternalCitizen),
            (Some("MerchantPrince"), Some("External"), None, Ruling::ExternalDeclared),
            (Some("@rialto"), Some("internal"), None, Ruling::InternalDeclared),
            (Some("building_45.43_12.32"), None, None, Ruling::InternalPlace),
            (Some("ConsiglioDeiDieci"), None, None, Ruling::InternalSystem),
            (Some("GondolaDrifter"), None, None, Ruling::InternalOneself),
            (Some("Nobody_Knows"), None, None, Ruling::Undecided),
            (Some("@"), None, None, Ruling::Undecided),
            (None, None, None, Ruling::Undecided),
        ] {
            let ruled = Receiver::new(receiver, sender, recipient_type, channel).ruling(citizens);
            assert_eq!(ruled, ruling, "{receiver:?} {recipient_type:?} {channel:?}");
        }
    }

    #[test]
    fn every_ruling_reads_back_from_its_code() {
        let listed = (0..64).flat_map(|number| [Ruling::ListedExternal(number), Ruling::ListedInternal(number)]);
        for ruling in Ruling::ALL.iter().copied().chain(listed) {
            assert_eq!(Ruling::from_code(ruling.code()), Some(ruling));
        }
    }
}
