//! Who earned most, kept as the money comes in, so that asking needs no scan.

use crate::domain::names::Name;

/// How many earners a list holds.
pub const LENGTH: usize = 10;

/// The highest earners, best first; of equal ones, the name that comes first in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Top(Vec<(Name, i64)>);

impl Top {
    /// `earner` has come to `millionths` in all, which is no less than before.
    pub fn rise(&mut self, earner: Name, millionths: i64) {
        let is_above = |(name, other): &(Name, i64)| (*other, earner) > (millionths, *name);
        if self.0.len() == LENGTH && self.0.last().is_some_and(is_above) {
            return;
        }
        self.0.retain(|(name, _)| *name != earner);
        let rank = self.0.partition_point(is_above);
        self.0.insert(rank, (earner, millionths));
        self.0.truncate(LENGTH);
    }

    /// The list of everybody, where somebody came to less than before.
    pub fn of(everybody: impl Iterator<Item = (Name, i64)>) -> Top {
        let mut top = Top::default();
        everybody.for_each(|(earner, millionths)| top.rise(earner, millionths));
        top
    }

    /// The earners, best first.
    pub fn earners(&self) -> &[(Name, i64)] {
        &self.0
    }

    /// Nobody any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn the_list_is_what_sorting_everybody_would_give(rises in prop::collection::vec((0_u8..25, 1_i64..4), 0..200)) {
            let mut top = Top::default();
            let mut everybody = BTreeMap::new();
            for (earner, amount) in rises {
                let earner = Name::new(&format!("earner_{earner}")).expect("a name");
                let sum = everybody.entry(earner).or_insert(0);
                *sum += amount;
                top.rise(earner, *sum);
            }
            let mut sorted: Vec<_> = everybody.into_iter().collect();
            sorted.sort_by_key(|(name, sum)| (-sum, *name));
            sorted.truncate(LENGTH);
            prop_assert_eq!(top.earners(), &sorted);
        }
    }
}
