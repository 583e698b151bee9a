//! The atlas: who runs which business, and who is human, for everybody to look up.
//!
//! It shows what is durable; the bookkeeper alone writes it.

use dashmap::DashMap;
use hashbrown::DefaultHashBuilder;

use crate::domain::activity::Activity;
use crate::domain::names::Name;
use crate::domain::rows::Row;

/// The atlas.
#[derive(Debug, Default)]
pub struct Atlas {
    /// Who runs the business in a building.
    operators: DashMap<Name, Name, DefaultHashBuilder>,
    /// The type of a building.
    kinds: DashMap<Name, Name, DefaultHashBuilder>,
    /// Whether a citizen is human, by the digest of the username.
    humans: DashMap<u64, bool, DefaultHashBuilder>,
}

impl Atlas {
    /// Takes a row in.
    pub fn put(&self, row: Row) {
        match row {
            Row::Citizen(citizen) => match citizen.is_ai {
                Some(is_ai) => drop(self.humans.insert(citizen.id.digest(), !is_ai)),
                None => drop(self.humans.remove(&citizen.id.digest())),
            },
            Row::Building(building) => {
                match building.operator() {
                    Some(operator) => drop(self.operators.insert(building.id, operator)),
                    None => drop(self.operators.remove(&building.id)),
                }
                match building.kind {
                    Some(kind) => drop(self.kinds.insert(building.id, kind)),
                    None => drop(self.kinds.remove(&building.id)),
                }
            }
        }
    }

    /// Whether the citizen with this digest is human, where that is known.
    pub fn is_human(&self, digest: u64) -> Option<bool> {
        self.humans.get(&digest).map(|human| *human)
    }

    /// The type of a building, where that is known.
    pub fn kind_of(&self, building: Name) -> Option<Name> {
        self.kinds.get(&building).map(|kind| *kind)
    }

    /// The business that an activity counts for: the one that it names, else the one where it began
    /// or led to, if that citizen runs it.
    pub fn business_of(&self, activity: &Activity) -> Option<Name> {
        let is_run_by_citizen = |building: &Name| {
            let operator = self.operators.get(building).map(|operator| *operator);
            operator.is_some() && operator == activity.citizen
        };
        let places = [activity.from_building, activity.to_building];
        activity.business.or_else(|| places.into_iter().flatten().find(is_run_by_citizen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{Feed, SourceId};
    use crate::domain::rows::Building;

    #[test]
    fn a_business_is_named_or_else_a_building_that_the_citizen_runs() {
        let name = |text| Name::new(text);
        let [bakery, dock, home] = ["bakery", "dock", "home"].map(name);
        let atlas = Atlas::default();
        for (id, is_business, run_by) in [(bakery, true, "Lucid"), (dock, true, "coffee"), (home, false, "Lucid")] {
            let id = id.expect("a name");
            let is_business = Some(is_business);
            atlas.put(Row::Building(Building { id, kind: None, is_business, run_by: name(run_by) }));
        }
        for (named, from, to, business) in [
            (None, bakery, None, bakery),
            (None, dock, bakery, bakery),
            (None, dock, home, None),
            (dock, bakery, bakery, dock),
            (None, None, None, None),
        ] {
            let mut activity = Activity::new(Feed::Activity, SourceId::new("a").expect("an id"));
            (activity.citizen, activity.business) = (name("Lucid"), named);
            (activity.from_building, activity.to_building) = (from, to);
            assert_eq!(atlas.business_of(&activity), business, "{named:?} {from:?} {to:?}");
        }
    }
}
