//! The rollout and the guards.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::Serialize;

use crate::actors::queries::Operations;
use crate::domain::money::Sum;
use crate::domain::names::Name;
use crate::domain::rollout::{Phase, Rollout, Standing, Subject};
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::time::Moment;
use crate::ledger::totals::both;
use crate::ledger::view::View;
use crate::wiring::{HeldPage, Transaction};

use super::event::Posted;

/// Everybody's phase.
#[derive(Debug, Serialize)]
pub struct Phases {
    /// Whether all are paused, which goes before everybody's own phase.
    paused: bool,
    all: OfAll,
    own: Vec<OfOne>,
    halted: bool,
    /// What whoever moved somebody may have meant otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

#[derive(Debug, Serialize)]
struct OfAll {
    phase: &'static str,
    since: String,
    /// Whether nobody ever moved it.
    from_the_beginning: bool,
}

#[derive(Debug, Serialize)]
struct OfOne {
    kind: &'static str,
    id: Option<&'static str>,
    phase: &'static str,
    /// The phase that it is really in.
    effective: &'static str,
    since: String,
}

impl Phases {
    /// The same, with a warning where there is one.
    pub fn with(self, warning: Option<String>) -> Phases {
        Phases { warning, ..self }
    }

    /// Those of a rollout, its times in `zone`, and whether everything is halted besides.
    pub fn new(rollout: &Rollout, is_halted: bool, zone: Tz) -> Phases {
        let since = |standing: Standing| standing.since.in_zone(zone);
        let all = rollout.standing(Subject::All).unwrap_or(Standing { phase: Phase::Shadow, since: Moment::OLDEST });
        let paused = all.phase == Phase::Paused;
        let own = rollout.own().into_iter().map(|(subject, standing)| OfOne {
            kind: subject.as_str(),
            id: subject.id().map(Name::as_str),
            phase: standing.phase.as_str(),
            effective: if paused { Phase::Paused } else { standing.phase }.as_str(),
            since: since(standing),
        });
        let from_the_beginning = all.since == Moment::OLDEST;
        let all = OfAll { phase: all.phase.as_str(), since: since(all), from_the_beginning };
        Phases { paused, all, own: own.collect(), halted: is_halted, warning: None }
    }
}

/// What is held.
#[derive(Debug, Serialize)]
pub struct Held {
    held: usize,
    /// How much that is, by currency.
    amounts: BTreeMap<String, String>,
    parked: Vec<Parked>,
    transactions: Vec<HeldOne>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct Parked {
    kind: &'static str,
    id: &'static str,
}

#[derive(Debug, Serialize)]
struct HeldOne {
    reason: &'static str,
    why: &'static str,
    #[serde(flatten)]
    transaction: Posted,
}

impl Held {
    /// What is held in all, and a page of its transactions.
    pub fn new(operations: &Operations, view: &View, page: HeldPage, tariffs: &Tariffs, zone: Tz) -> Held {
        let amounts = view.held_money().map(|(currency, stages)| (currency.to_string(), both(stages)));
        let amounts = amounts.filter(|(_, amount)| *amount != Sum::default());
        let one = |transaction: &Transaction| HeldOne {
            reason: transaction.event.draft.hold.map_or("", |hold| hold.as_str()),
            why: transaction.event.draft.hold.map_or("", |hold| hold.words()),
            transaction: Posted::new(transaction, tariffs, zone),
        };
        let parked = |(capacity, id): &(crate::ledger::guards::Capacity, Name)| Parked {
            kind: capacity.as_str(),
            id: id.as_str(),
        };
        Held {
            held: operations.held.len(),
            parked: operations.parked.iter().map(parked).collect(),
            amounts: amounts.map(|(currency, amount)| (currency, amount.to_string())).collect(),
            transactions: page.transactions.iter().map(one).collect(),
            next: page.next.map(|id| id.to_string()),
        }
    }
}
