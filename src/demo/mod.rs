//! The demo's city: a Venice that hands over raw rows as the engine would.
//!
//! One seed gives one city and one life of it, byte for byte, on every machine: integers only, and no
//! clock, disk, network or other randomness. The rows are the engine's own shapes with their quirks: both
//! spellings of the keys, JSON inside strings, hours of outage and the burst after them, runs repeated,
//! and now and then a row that contradicts an earlier one. Every text, handle and address is made up.
//!
//! It never ends: whoever holds [`Ticks`] decides how many days to live through, and how fast.

mod activities;
mod almanac;
mod buildings;
mod cadence;
mod citizens;
mod dice;
mod kinds;
mod letters;
mod names;
mod phrases;
mod record;
mod sessions;
mod sheet;
mod spot;
#[cfg(test)]
mod tests;
mod ticks;
mod town;
mod trades;
mod usernames;
mod wording;

use std::sync::Arc;

pub use ticks::Ticks;
use town::Town;

/// A city of 177 citizens and 109 businesses, wholly decided by its seed.
#[derive(Clone, Debug)]
pub struct City {
    seed: u64,
    town: Arc<Town>,
}

/// The engine's table a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// CITIZENS: who lives here, and who of them is a human player.
    Citizens,
    /// BUILDINGS: homes and businesses, and who runs them.
    Buildings,
    /// ACTIVITIES: what citizens did, paid services among it.
    Activities,
    /// MESSAGES: what they wrote, to each other and to the world outside.
    Messages,
}

/// Rows of one table, handed over together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The table the rows belong to.
    pub table: Table,
    /// One JSON object each, on a single line.
    pub rows: Vec<String>,
}

/// One run of the engine's processing, and what it hands over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// When the run happens, in simulated microseconds since the epoch; no row of it is dated later.
    pub at_micros: i64,
    /// Activities, then messages; a table without rows is left out.
    pub deliveries: Vec<Delivery>,
}

impl City {
    /// 2025-07-02T00:00:00 in Europe/Rome, in microseconds since the epoch: where the city's life begins.
    pub const START_MICROS: i64 = 1_751_407_200_000_000;

    /// The city of a seed.
    pub fn new(seed: u64) -> City {
        City { seed, town: Arc::new(Town::of(seed)) }
    }

    /// The rows of every citizen and building, to be handed over once, before the first tick.
    pub fn founding(&self) -> Vec<Delivery> {
        vec![
            Delivery { table: Table::Citizens, rows: self.town.citizen_rows(self.seed) },
            Delivery { table: Table::Buildings, rows: self.town.building_rows(self.seed) },
        ]
    }

    /// The clients from outside whom its citizens serve.
    pub fn clients() -> impl Iterator<Item = &'static str> {
        names::CLIENTS.into_iter()
    }

    /// The city's life, tick by tick, from [`City::START_MICROS`] on and without end.
    pub fn ticks(&self) -> Ticks {
        Ticks::of(self.seed, Arc::clone(&self.town))
    }
}
