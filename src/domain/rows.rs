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
    /// Whether its category is `business`; not every row tells its category.
    pub is_business: Option<bool>,
    /// The citizen who runs it.
    pub run_by: Option<Name>,
}

impl Building {
    /// Who runs a business here, if anybody does.
    pub fn operator(self) -> Option<Name> {
        self.run_by.filter(|_| self.is_business == Some(true))
    }
}

impl Row {
    /// This row over what was `known` of the same id: what it does not tell stays as it was.
    ///
    /// A building's row that tells its category is a whole one, and then who runs it is as told, also
    /// where it tells nobody: the engine's database leaves out what is empty.
    #[must_use]
    pub fn over(self, known: Option<Row>) -> Row {
        match (self, known) {
            (Row::Citizen(told), Some(Row::Citizen(known))) => {
                Row::Citizen(Citizen { is_ai: told.is_ai.or(known.is_ai), ..told })
            }
            (Row::Building(told), Some(Row::Building(known))) => Row::Building(Building {
                kind: told.kind.or(known.kind),
                is_business: told.is_business.or(known.is_business),
                run_by: if told.is_business.is_some() { told.run_by } else { told.run_by.or(known.run_by) },
                ..told
            }),
            (told, _) => told,
        }
    }

    /// The id that the row is about.
    pub fn id(self) -> Name {
        match self {
            Row::Citizen(citizen) => citizen.id,
            Row::Building(building) => building.id,
        }
    }
}
