//! The engine's rows of citizens and buildings, as far as they matter to money: who is played by a
//! human, and who runs which business.

use super::names::Name;

/// A row that tells who somebody or something is; the newest of an id holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// A citizen.
    Citizen(Citizen),
    /// A building.
    Building(Building),
}

/// A citizen, by username.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Citizen {
    /// The username.
    pub id: Name,
    /// Whether the engine plays this citizen; not every row says so.
    pub is_ai: Option<bool>,
}

/// A building.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Building {
    /// The `BuildingId`.
    pub id: Name,
    /// Its type, such as `bakery`.
    pub kind: Option<Name>,
    /// Whether its category is `business`.
    pub is_business: bool,
    /// The citizen who runs it.
    pub run_by: Option<Name>,
}

impl Building {
    /// Who runs a business here, if anybody does.
    pub fn operator(self) -> Option<Name> {
        self.run_by.filter(|_| self.is_business)
    }
}

impl Row {
    /// The id that the row is about.
    pub fn id(self) -> Name {
        match self {
            Row::Citizen(citizen) => citizen.id,
            Row::Building(building) => building.id,
        }
    }
}
