//! Meters: how much was used of what is priced together, for whom, in which period.
//!
//! They count in the order of posting, and go on counting from one tariff to the next. What was used in shadow
//! is counted apart: it takes nothing of anybody's allowance.

use hashbrown::HashMap;

use crate::domain::calendar::{Day, Period};
use crate::domain::charge::{Draft, Free, Price, Stage};
use crate::domain::names::Name;
use crate::domain::tariff::asks::Unit;
use crate::domain::tariff::{Meter, Rule, RuleId, Scope};

use super::entry::Event;
use super::roll::Roll;
use super::rows::ChargeRow;

/// What one count is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The meter's name.
    pub meter: Name,
    /// What it counts in.
    pub base: Base,
    /// For whom it counts, in which capacity.
    pub scope: Scope,
    /// For whom; nobody's are counted together.
    pub whose: Option<Name>,
    /// Shadow or live.
    pub stage: Stage,
    /// The kind of period,
    pub period: Period,
    /// and the first day of it.
    pub start: Day,
}

/// What a meter counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Base {
    /// Events.
    Events = 0,
    /// Minutes.
    Minutes = 1,
    /// Units of money.
    Money = 2,
}

impl Base {
    /// All of them.
    pub const ALL: [Base; 3] = [Base::Events, Base::Minutes, Base::Money];

    fn of(unit: Unit) -> Base {
        match unit {
            Unit::Event => Base::Events,
            Unit::Minute | Unit::Hour => Base::Minutes,
            Unit::Declared => Base::Money,
        }
    }
}

/// What an event adds to a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// By the rule that counts it.
    pub rule: RuleId,
    /// In the period that begins on this day.
    pub start: Day,
    /// So much: a quantity.
    pub quantity: u64,
}

/// All counts.
#[derive(Clone, Debug, Default)]
pub struct Meters(HashMap<Key, u128>);

impl Meters {
    /// How much has been counted.
    pub fn counted(&self, key: &Key) -> u128 {
        self.0.get(key).copied().unwrap_or_default()
    }

    /// Counts more.
    pub fn count(&mut self, key: Key, quantity: u64) {
        let counted = self.0.entry(key).or_default();
        *counted = counted.saturating_add(quantity.into());
    }

    /// Counts less: what was charged is taken back.
    pub fn uncount(&mut self, key: Key, quantity: u64) {
        let counted = self.0.entry(key).or_default();
        *counted = counted.saturating_sub(quantity.into());
    }

    /// A count that an image has.
    pub fn put(&mut self, key: Key, counted: u128) {
        self.0.insert(key, counted);
    }

    /// All of them in a fixed order.
    pub fn sorted(&self) -> Vec<(Key, u128)> {
        let mut all: Vec<(Key, u128)> = self.0.iter().map(|(key, counted)| (*key, *counted)).collect();
        all.sort_unstable();
        all
    }

    /// How many counts there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was counted yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Settles the price of an event that `rule` counts, which happened on `day`. Nothing is counted by it.
    pub fn settle(&self, event: &mut Event<'_>, rule: &Rule, day: Day) {
        let start = rule.meter.period.start(day);
        let measure = match rule.asks.measure(&event.activity) {
            Ok(measure) => measure,
            Err(reason) => {
                event.draft.price = Price::Free(reason);
                return;
            }
        };
        let used = Used { rule: rule.id, start, quantity: measure.quantity };
        let price = rule.asks.price(self.counted(&key_of(event, rule, used)), measure);
        event.used = Some(used);
        event.draft.price = match price {
            Ok(amounts) if amounts.charge.is_positive() => {
                Price::Charge { rule: rule.id, amount: amounts.charge, currency: rule.currency }
            }
            Ok(_) => Price::Free(Free::Nothing),
            Err(reason) => {
                if reason == Free::TooMuch {
                    event.used = None;
                }
                Price::Free(reason)
            }
        };
        event.adjustment = price.ok().map(|amounts| amounts.adjustment).filter(|amount| amount.millionths() != 0);
    }
}

/// The meter that a charge was counted by, in the period that begins with `start`.
pub fn key_of_row(row: &ChargeRow, rule: &Rule, start: Day, roll: &Roll) -> Key {
    let [client, business, citizen] = [row.client, row.business, row.citizen].map(|number| roll.name(number));
    let whose = match rule.meter.scope {
        Scope::Payer => client.or(business).or(citizen),
        Scope::Business => business.or(citizen),
        Scope::Citizen => citizen,
    };
    key(rule, whose, row.stage(), start)
}

/// The meter that an event is counted by.
pub fn key_of(event: &Event<'_>, rule: &Rule, used: Used) -> Key {
    let Draft { business, .. } = event.draft;
    key(rule, rule.meter.scope.of(&event.activity, business), event.stage, used.start)
}

fn key(rule: &Rule, whose: Option<Name>, stage: Stage, start: Day) -> Key {
    let Meter { name: meter, scope, period } = rule.meter;
    Key { meter, base: Base::of(rule.asks.unit), scope, whose, stage, period, start }
}
