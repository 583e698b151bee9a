//! The tariff: an ordered list of rules, the first of which that is about an event prices it.
//!
//! What a tariff looks like as a file is none of its business: see `tariffs`.

pub mod asks;
mod index;
pub mod timeline;
pub mod when;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::asks::{Asks, Counted, DECLARED_MAX, EXPERTISE_MAX, Unit};
use self::index::Index;
use self::when::{Occasion, Patterns, When};
use super::activity::{Activity, Stated};
use super::calendar::Period;
use super::charge::{Draft, Free, Hold, Price};
use super::external::Ruling;
use super::ids::Feed;
use super::money::{Currency, Money};
use super::names::Name;
use super::time::Moment;

/// The version of a tariff; every charge names the one that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TariffVersion(pub u16);

/// The number of a rule's name, in the order in which names first appeared in any tariff: a rule that keeps its
/// name is the same rule in the next tariff too. From 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u16);

/// A tariff.
#[derive(Clone, Debug, PartialEq)]
pub struct Tariff {
    version: TariffVersion,
    effective: Moment,
    currency: Currency,
    listed: Vec<Listed>,
    rules: Vec<Rule>,
    index: Index,
    /// By the number of a rule, its place; none before the tariff is taken into force.
    places: Vec<u16>,
    /// Whether any rule asks for the type of a business.
    asks_business_kinds: bool,
    text: Arc<str>,
}

/// What a tariff is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Its version.
    pub version: TariffVersion,
    /// It prices what happens from then on.
    pub effective: Moment,
    /// The currency of its rules, where they name no other.
    pub currency: Currency,
    /// Who is outside, beyond what is always so: the first that matches decides.
    pub listed: Vec<Listed>,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
    /// The file that it was read from.
    pub text: Arc<str>,
}

/// One rule: what it is about, and what it asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The number of its name; 0 until the tariff is taken into force.
    pub id: RuleId,
    /// Its name, as charges and metrics show it.
    pub name: Name,
    /// What it is about.
    pub when: When,
    /// What it asks,
    pub asks: Asks,
    /// in this currency.
    pub currency: Currency,
    /// What counts together, where a price depends on what came before.
    pub meter: Meter,
}

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Meter {
    /// Its name: rules with the same one count together, from one tariff to the next.
    pub name: Name,
    /// For whom it counts,
    pub scope: Scope,
    /// and from when on it counts anew.
    pub period: Period,
}

/// For whom is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Who pays by the list; where the list has nobody, the client, else the business, else the citizen.
    Payer,
    /// The business that an event counts for, else the citizen.
    Business,
    /// The citizen who did it.
    Citizen,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 3] = [Scope::Payer, Scope::Business, Scope::Citizen];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Payer => "payer",
            Scope::Business => "business",
            Scope::Citizen => "citizen",
        }
    }

    /// For whom counts what names this client, this business and this citizen, where the list does not tell; `None`
    /// where it is nobody, and all of those count together.
    pub fn of<T>(self, client: Option<T>, business: Option<T>, citizen: Option<T>) -> Option<T> {
        match self {
            Scope::Payer => client.or(business).or(citizen),
            Scope::Business => business.or(citizen),
            Scope::Citizen => citizen,
        }
    }
}

/// An entry of the list of who is outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its name.
    pub name: Name,
    /// Whether what it matches left the simulation.
    pub external: bool,
    /// To one of these receivers.
    pub receivers: Patterns,
    /// By one of these channels, in lower case.
    pub channels: Patterns,
    /// Of one of these types.
    pub kinds: Patterns,
    /// Saying one of these of its receiver, in lower case.
    pub recipient_types: Patterns,
}

/// The most entries that a list of who is outside has.
pub const LISTED_MAX: usize = 64;
/// A service that declares less is held,
pub const SERVICE_MINUTES_MIN: u64 = 1;
/// and one that declares more.
pub const SERVICE_MINUTES_MAX: u64 = 480;

impl Tariff {
    /// The tariff of these parts.
    pub fn new(parts: Parts) -> Tariff {
        let Parts { version, effective, currency, listed, rules, text } = parts;
        let asks_business_kinds = rules.iter().any(|rule| !rule.when.business_kinds.is_any());
        let index = Index::new(&rules);
        Tariff { version, effective, currency, listed, rules, index, places: Vec::new(), asks_business_kinds, text }
    }

    /// Its version.
    pub fn version(&self) -> TariffVersion {
        self.version
    }

    /// It prices what happens from then on, until the next tariff does.
    pub fn effective(&self) -> Moment {
        self.effective
    }

    /// The currency of its rules, where they name no other.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Its rules, in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Who is outside, beyond what is always so.
    pub fn listed(&self) -> &[Listed] {
        &self.listed
    }

    /// The file that it was read from.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Whether any rule asks for the type of a business.
    pub fn asks_business_kinds(&self) -> bool {
        self.asks_business_kinds
    }

    /// The same tariff, from another time on.
    #[must_use]
    pub fn from_then_on(self, effective: Moment) -> Tariff {
        Tariff { effective, ..self }
    }

    /// The rule with this number.
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        let place = *self.places.get(usize::from(id.0))?;
        self.rules.get(usize::from(place)).filter(|rule| rule.id == id)
    }

    /// The same tariff, its rules numbered by their names.
    #[must_use]
    fn numbered(mut self, mut number: impl FnMut(Name) -> RuleId) -> Tariff {
        for (place, rule) in (0..).zip(&mut self.rules) {
            rule.id = number(rule.name);
            let id = usize::from(rule.id.0);
            if self.places.len() <= id {
                self.places.resize(id + 1, u16::MAX);
            }
            self.places[id] = place;
        }
        self
    }

    /// What the list says about a message; `None` where nothing in it is about it.
    pub fn ruling(&self, activity: &Activity) -> Option<Ruling> {
        let address = activity.address.as_deref()?;
        let is_about = |listed: &Listed| {
            listed.receivers.hold_text(&address.receiver)
                && listed.channels.hold_text(&address.channel)
                && listed.recipient_types.hold_text(&address.recipient_type)
                && listed.kinds.hold(activity.kind)
        };
        let number = self.listed.iter().position(is_about)?;
        Some(Ruling::listed(number as u8, self.listed[number].external))
    }

    /// Prices an event, as far as that can be done without knowing any other.
    pub fn draft(&self, occasion: &Occasion<'_>) -> Draft {
        let (price, hold) = self.price(occasion);
        let Occasion { business, ruling, .. } = *occasion;
        Draft { business, ruling, tariff: self.version, price, hold }
    }

    fn price(&self, occasion: &Occasion<'_>) -> (Price, Option<Hold>) {
        let Occasion { activity, ruling, .. } = *occasion;
        let free = |reason| (Price::Free(reason), None);
        let mut is_unfinished = false;
        let place = self.index.first(occasion, |place| {
            let when = &self.rules[usize::from(place)].when;
            let is_about = when.is_about(occasion);
            let has_outcome = when.outcomes.has(activity.outcome);
            is_unfinished |= is_about && !has_outcome;
            is_about && has_outcome
        });
        let Some(rule) = place.map(|place| &self.rules[usize::from(place)]) else {
            let is_message = activity.feed == Feed::Message || ruling != Ruling::NotAMessage;
            return free(match is_unfinished {
                true => Free::NotProcessed,
                false if is_message && !ruling.is_external() => Free::NotExternal,
                false => Free::NoRule,
            });
        };
        let measure = match rule.asks.measure(activity) {
            Ok(measure) => measure,
            Err(reason) => return free(reason),
        };
        let hold = rule.asks.doubt(activity);
        if rule.asks.is_counted() {
            return (Price::Counted { rule: rule.id }, hold);
        }
        match rule.asks.price(Counted::default(), measure) {
            Ok(amounts) => (Price::Charge { rule: rule.id, amount: amounts.charge, currency: rule.currency }, hold),
            Err(reason) => free(reason),
        }
    }
}

impl Asks {
    /// Why a charge is held, by what its event says of itself.
    fn doubt(&self, activity: &Activity) -> Option<Hold> {
        let is_service = matches!(self.unit, Unit::Minute | Unit::Hour);
        let is_within = |figure: Stated, [min, max]: [u64; 2]| match figure {
            Stated::Is(figure) => figure >= min.into() && figure <= max.into(),
            Stated::Absent | Stated::Unreadable(_) => true,
        };
        if is_service && !is_within(activity.minutes, [SERVICE_MINUTES_MIN, SERVICE_MINUTES_MAX]) {
            Some(Hold::Minutes)
        } else if self.times_expertise && !is_within(activity.expertise, [0, EXPERTISE_MAX]) {
            Some(Hold::Expertise)
        } else if self.unit == Unit::Declared && !is_within(activity.declared, [0, DECLARED_MAX]) {
            Some(Hold::Declared)
        } else {
            None
        }
    }
}

/// The engine's own figure beside what the tariff charges, where the two differ: it is written down and shown,
/// and never trusted.
pub fn differs(declared: Stated, amount: Money) -> bool {
    match declared {
        Stated::Absent => false,
        Stated::Unreadable(_) => true,
        Stated::Is(declared) => {
            let millionths = declared.checked_mul(Money::PER_UNIT.into());
            // To the cent: the engine's figures are floats.
            let apart = millionths.and_then(|declared| declared.checked_sub(amount.millionths().into()));
            apart.is_none_or(|apart| apart.abs() >= 5_000.into())
        }
    }
}
