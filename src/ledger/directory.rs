//! Who runs which business, and who is played by a human: the newest row of each id.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::names::Name;
use crate::domain::rows::{Building, Citizen, Row};

/// The rows that hold. Cloning it shares it, until the next row comes in.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    citizens: Arc<BTreeMap<Name, Citizen>>,
    buildings: Arc<BTreeMap<Name, Building>>,
}

impl Directory {
    /// What holds once `row` is taken in; `None` where it tells nothing that is not known.
    pub fn news(&self, row: Row) -> Option<Row> {
        let known = match row {
            Row::Citizen(citizen) => self.citizens.get(&citizen.id).copied().map(Row::Citizen),
            Row::Building(building) => self.buildings.get(&building.id).copied().map(Row::Building),
        };
        Some(row.over(known)).filter(|news| known != Some(*news))
    }

    /// Takes a row in, which holds from now on.
    pub fn put(&mut self, row: Row) {
        match row {
            Row::Citizen(citizen) => drop(Arc::make_mut(&mut self.citizens).insert(citizen.id, citizen)),
            Row::Building(building) => drop(Arc::make_mut(&mut self.buildings).insert(building.id, building)),
        }
    }

    /// A citizen.
    pub fn citizen(&self, id: Name) -> Option<Citizen> {
        self.citizens.get(&id).copied()
    }

    /// A building.
    pub fn building(&self, id: Name) -> Option<Building> {
        self.buildings.get(&id).copied()
    }

    /// All rows, in the order of their ids: citizens, then buildings.
    pub fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        let citizens = self.citizens.values().map(|citizen| Row::Citizen(*citizen));
        let buildings = self.buildings.values().map(|building| Row::Building(*building));
        citizens.chain(buildings)
    }
}
