//! Which tariff prices what: the one that was in force when it happened.
//!
//! A tariff is only ever added, and never for the past: what was priced once is priced the same whenever it is looked
//! at again. One that is still to come is replaced by a later version that begins no later.

use std::sync::Arc;

use thiserror::Error;

use super::{RuleId, Tariff, TariffVersion};
use crate::domain::names::Name;
use crate::domain::time::Moment;

/// All tariffs, in the order in which they were taken.
#[derive(Clone, Debug)]
pub struct Tariffs {
    all: Vec<Arc<Tariff>>,
    rules: Vec<Name>,
}

/// Why a tariff is not taken into force. The one in force stays.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// Its version is not the next one.
    #[error("version {} is not the next one, which is {next}", given.0)]
    Version {
        /// Its version.
        given: TariffVersion,
        /// The next.
        next: u32,
    },
    /// It would price what happened already.
    #[error("a tariff prices what is still to come: `effective` is {given}, and now it is {now}")]
    Backdated {
        /// From when on.
        given: Moment,
        /// When it was to be taken.
        now: Moment,
    },
    /// There have been more rules than there are numbers.
    #[error("there have been {} rules by name, which is as many as there can be", u16::MAX)]
    Rules,
}

impl Tariffs {
    /// The first tariff, which is in force from the beginning.
    pub fn new(first: Tariff) -> Tariffs {
        let mut tariffs = Tariffs { all: Vec::new(), rules: Vec::new() };
        tariffs.take(&first);
        tariffs
    }

    /// The tariff in force at `moment`.
    pub fn at(&self, moment: Moment) -> &Arc<Tariff> {
        self.all.iter().rev().find(|tariff| tariff.effective() <= moment).unwrap_or(&self.all[0])
    }

    /// The newest, which may be still to come.
    pub fn newest(&self) -> &Arc<Tariff> {
        &self.all[self.all.len() - 1]
    }

    /// The tariff of this version.
    pub fn version(&self, version: TariffVersion) -> Option<&Arc<Tariff>> {
        self.all.iter().find(|tariff| tariff.version() == version)
    }

    /// All of them, in order.
    pub fn all(&self) -> &[Arc<Tariff>] {
        &self.all
    }

    /// The name of a rule.
    pub fn rule_name(&self, id: RuleId) -> &'static str {
        let name = usize::from(id.0).checked_sub(1).and_then(|place| self.rules.get(place));
        name.map_or("unknown", |name| name.as_str())
    }

    /// The name of a rule of any tariff, if there is one that is spelt like this.
    pub fn rule_named(&self, text: &str) -> Option<&'static str> {
        self.rules.iter().map(|name| name.as_str()).find(|name| *name == text)
    }

    /// Whether `tariff` may be taken into force now. Nothing is changed.
    pub fn admit(&self, tariff: &Tariff, now: Moment) -> Result<(), Refused> {
        let newest = self.newest();
        let next = u32::from(newest.version().0) + 1;
        if u32::from(tariff.version().0) != next {
            return Err(Refused::Version { given: tariff.version(), next });
        }
        if tariff.effective() < now {
            return Err(Refused::Backdated { given: tariff.effective(), now });
        }
        let new = tariff.rules().iter().filter(|rule| !self.rules.contains(&rule.name)).count();
        if usize::from(u16::MAX) < self.rules.len() + new { Err(Refused::Rules) } else { Ok(()) }
    }

    /// Takes an admitted tariff into force.
    pub fn take(&mut self, tariff: &Tariff) {
        let names = &mut self.rules;
        let tariff = tariff.clone().numbered(|name| {
            let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            RuleId(place as u16 + 1)
        });
        self.all.push(Arc::new(tariff));
    }
}
