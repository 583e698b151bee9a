//! The roll: every name that the book knows, numbered in the order in which they first appeared.
//!
//! The journal and the rows speak of names by these numbers, which are the same in every run over the
//! same journal, unlike a name's own serial.

use crate::domain::names::Name;

use super::chunks::Chunks;

/// The number of a name in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameNo(pub u32);

impl NameNo {
    /// The number that no name has.
    pub const NONE: NameNo = NameNo(u32::MAX);

    /// The number, or `None` for [`NameNo::NONE`].
    pub fn some(self) -> Option<NameNo> {
        (self != NameNo::NONE).then_some(self)
    }
}

/// The numbered names.
#[derive(Clone, Debug, Default)]
pub struct Roll {
    names: Chunks<Name>,
    /// By the serial of a name, the number that it has here.
    numbers: Vec<u32>,
}

impl Roll {
    /// The number of `name`, if it has one.
    pub fn number(&self, name: Name) -> Option<NameNo> {
        self.numbers.get(name.serial()).map(|&number| NameNo(number)).and_then(NameNo::some)
    }

    /// The number of `name`, which gets the next one if it has none.
    pub fn enrol(&mut self, name: Name) -> NameNo {
        if let Some(known) = self.number(name) {
            return known;
        }
        let number = NameNo(self.names.len() as u32);
        if self.numbers.len() <= name.serial() {
            self.numbers.resize(name.serial() + 1, NameNo::NONE.0);
        }
        self.numbers[name.serial()] = number.0;
        self.names.push(name);
        number
    }

    /// The name with this number.
    pub fn name(&self, number: NameNo) -> Option<Name> {
        self.names.get(number.0 as usize)
    }

    /// All names in order.
    pub fn names(&self) -> &Chunks<Name> {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_in_order_of_appearance_and_keep_their_number() {
        let [lucid, coffee] = ["Lucid", "coffee"].map(|text| Name::new(text).expect("a name"));
        let mut roll = Roll::default();
        assert_eq!(roll.number(coffee), None);
        assert_eq!([coffee, lucid, coffee].map(|name| roll.enrol(name)), [NameNo(0), NameNo(1), NameNo(0)]);
        assert_eq!(roll.name(NameNo(1)), Some(lucid));
        assert_eq!(roll.name(NameNo::NONE), None);
    }
}
