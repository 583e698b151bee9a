//! Meters: how much was used of what is priced together, for whom, in which period.
//!
//! They count in the order of posting, and go on counting from one tariff to the next. What was used in shadow
//! is counted apart: it takes nothing of anybody's allowance. What is held is not counted before it is let go.
//!
//! Beside what all rules of a meter count together, each rule of each tariff counts its own, and what was posted for
//! it: earlier charges are only ever changed by the rule that made them.
//!
//! What counts for payers counts for whoever pays by the list, where orders keep it. What is in shadow, and what nobody
//! is known to pay, counts for who is named; and so does what is paid by those who were listed of old, before orders
//! said who is: what was counted for them stays where it is.

use hashbrown::HashMap;

use crate::domain::calendar::{Day, Period};
use crate::domain::charge::{Free, Price, Stage};
use crate::domain::names::Name;
use crate::domain::tariff::asks::{Amounts, Counted, Measure, Unit};
use crate::domain::tariff::{Meter, Rule, RuleId, Scope, TariffVersion};

use super::entry::Event;

/// What one count is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The meter's name.
    pub meter: Name,
    /// What it counts in.
    pub base: Base,
    /// For whom it counts, in which capacity.
    pub capacity: Capacity,
    /// For whom; nobody's are counted together.
    pub whose: Option<Name>,
    /// Shadow or live.
    pub stage: Stage,
    /// The kind of period,
    pub period: Period,
    /// and the first day of it.
    pub start: Day,
    /// The rule, and its tariff, whose own count it is; `None` for all that count together.
    pub of: Option<(TariffVersion, RuleId)>,
}

/// A count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// A quantity.
    pub quantity: u128,
    /// As much of it was not free: a quantity; only of a rule's own count.
    pub billable: u128,
    /// What was posted for it, in millionths; only of a rule's own count.
    pub posted: i128,
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

/// In which capacity somebody is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Capacity {
    /// As the first who is named of those who may pay.
    Named = 0,
    /// As the business, else the citizen.
    Business = 1,
    /// As the citizen.
    Citizen = 2,
    /// As who pays by the list.
    Payer = 3,
}

impl Capacity {
    /// All of them.
    pub const ALL: [Capacity; 4] = [Capacity::Named, Capacity::Business, Capacity::Citizen, Capacity::Payer];
}

/// Whom something is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// The client that it names.
    pub client: Option<Name>,
    /// The business that it counts for.
    pub business: Option<Name>,
    /// The citizen who did it.
    pub citizen: Option<Name>,
    /// Who pays, where it is live, and he is on the list by an order.
    pub payer: Option<Name>,
}

impl Whose {
    /// For whom it counts.
    fn counted(self, scope: Scope) -> (Capacity, Option<Name>) {
        let capacity = match scope {
            Scope::Payer if self.payer.is_some() => return (Capacity::Payer, self.payer),
            Scope::Payer => Capacity::Named,
            Scope::Business => Capacity::Business,
            Scope::Citizen => Capacity::Citizen,
        };
        (capacity, scope.of(self.client, self.business, self.citizen))
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

/// What a held charge counts once it is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// In the period that begins on this day.
    pub start: Day,
    /// What is priced of it then.
    pub measure: Measure,
}

/// All counts.
#[derive(Clone, Debug, Default)]
pub struct Meters(HashMap<Key, Count>);

impl Meters {
    /// How much has been counted, given the key of all that count together and that of the rule's own.
    pub fn counted(&self, [all, own]: [&Key; 2]) -> Counted {
        let count = |key| self.0.get(key).copied().unwrap_or_default();
        let Count { quantity, billable, posted } = count(own);
        Counted { all: count(all).quantity, own: quantity, billable, posted }
    }

    /// Takes what is counted now.
    pub fn set(&mut self, [all, own]: [Key; 2], counted: Counted) {
        let Counted { all: quantity, own: own_quantity, billable, posted } = counted;
        self.0.insert(all, Count { quantity, billable: 0, posted: 0 });
        self.0.insert(own, Count { quantity: own_quantity, billable, posted });
    }

    /// A count that an image has.
    pub fn put(&mut self, key: Key, count: Count) {
        self.0.insert(key, count);
    }

    /// All of them in a fixed order.
    pub fn sorted(&self) -> Vec<(Key, Count)> {
        let mut all: Vec<(Key, Count)> = self.0.iter().map(|(key, count)| (*key, *count)).collect();
        all.sort_unstable();
        all
    }

    /// Settles the price of an event that `rule` counts, which happened on `day`. Nothing is counted by it.
    pub fn settle(&self, event: &mut Event<'_>, rule: &Rule, whose: Whose, day: Day) {
        let start = rule.meter.period.start(day);
        let measure = match rule.asks.measure(&event.activity) {
            Ok(measure) => measure,
            Err(reason) => {
                event.draft.price = Price::Free(reason);
                return;
            }
        };
        let used = Used { rule: rule.id, start, quantity: measure.quantity };
        let [all, own] = keys(rule, event.draft.tariff, whose, event.stage, start);
        let price = rule.asks.price(self.counted([&all, &own]), measure);
        event.used = Some(used);
        event.draft.price = match price {
            Ok(Amounts { charge, .. }) => Price::Charge { rule: rule.id, amount: charge, currency: rule.currency },
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

/// The meters that count by a rule of a tariff, for these, in the period that begins with `start`: what is counted
/// together with others, and the rule's own.
pub fn keys(rule: &Rule, tariff: TariffVersion, whose: Whose, stage: Stage, start: Day) -> [Key; 2] {
    let Meter { name: meter, scope, period } = rule.meter;
    let (capacity, whose) = whose.counted(scope);
    let all = Key { meter, base: Base::of(rule.asks.unit), capacity, whose, stage, period, start, of: None };
    [all, Key { of: Some((tariff, rule.id)), ..all }]
}
