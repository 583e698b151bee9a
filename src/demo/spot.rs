//! Places on the lagoon.

use std::fmt;

use super::dice::Dice;

/// A place on the lagoon, in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) lat_millionths: u32,
    pub(super) lng_millionths: u32,
}

impl Spot {
    pub(super) fn drawn(dice: &mut Dice) -> Spot {
        Spot { lat_millionths: 45_426_000 + dice.below(19_000), lng_millionths: 12_312_000 + dice.below(48_000) }
    }

    pub(super) fn lat(self) -> Degrees {
        Degrees(self.lat_millionths)
    }

    pub(super) fn lng(self) -> Degrees {
        Degrees(self.lng_millionths)
    }
}

/// As JSON, the way the engine keeps a position inside a text field.
impl fmt::Display for Spot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{{\"lat\": {}, \"lng\": {}}}", self.lat(), self.lng())
    }
}

/// A coordinate, written from its millionths.
pub(super) struct Degrees(u32);

impl fmt::Display for Degrees {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}
