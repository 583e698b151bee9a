//! The rollout and the guards.

use chrono_tz::Tz;
use serde::Serialize;

use crate::actors::queries::Operations;
use crate::domain::names::Name;
use crate::domain::rollout::{Rollout, Standing, Subject};
use crate::domain::tariff::timeline::Tariffs;
use crate::wiring::Transaction;

use super::event::Posted;

/// Everybody's phase.
#[derive(Debug, Serialize)]
pub struct Phases {
    all: OfAll,
    own: Vec<OfOne>,
    halted: bool,
}

#[derive(Debug, Serialize)]
struct OfAll {
    phase: &'static str,
    since: String,
}

#[derive(Debug, Serialize)]
struct OfOne {
    kind: &'static str,
    id: Option<&'static str>,
    phase: &'static str,
    since: String,
}

impl Phases {
    /// Those of a rollout, its times in `zone`, and whether everything is halted besides.
    pub fn new(rollout: &Rollout, is_halted: bool, zone: Tz) -> Phases {
        let since = |standing: Standing| standing.since.in_zone(zone);
        let own = rollout.own().into_iter().map(|(subject, standing)| OfOne {
            kind: subject.as_str(),
            id: subject.id().map(Name::as_str),
            phase: standing.phase.as_str(),
            since: since(standing),
        });
        let all = rollout
            .standing(Subject::All)
            .map(|standing| OfAll { phase: standing.phase.as_str(), since: since(standing) });
        Phases {
            all: all.unwrap_or(OfAll { phase: "shadow", since: String::new() }),
            own: own.collect(),
            halted: is_halted,
        }
    }
}

/// What is held.
#[derive(Debug, Serialize)]
pub struct Held {
    held: usize,
    parked: Vec<Parked>,
    transactions: Vec<HeldOne>,
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
    /// What is held in all, and these transactions of it.
    pub fn new(operations: &Operations, held: &[Transaction], tariffs: &Tariffs, zone: Tz) -> Held {
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
            transactions: held.iter().map(one).collect(),
        }
    }
}
