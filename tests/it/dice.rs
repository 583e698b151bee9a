//! Chance that can be had again: every failure names its seed.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::cell::Cell;
use std::fmt;

/// A seeded source of numbers.
pub struct Dice {
    key: &'static str,
    seed: u64,
    state: Cell<u64>,
}

impl Dice {
    /// Dice with the seed in the environment variable `key`, or a fresh one.
    pub fn seeded(key: &'static str) -> Dice {
        let fresh = || {
            let mut bytes = [0; 8];
            getrandom::fill(&mut bytes).unwrap();
            u64::from_le_bytes(bytes)
        };
        let seed = std::env::var(key).ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(fresh);
        Dice { key, seed, state: Cell::new(seed) }
    }

    /// Dice of this seed, which the environment variable `key` would give too.
    pub fn of(key: &'static str, seed: u64) -> Dice {
        Dice { key, seed, state: Cell::new(seed) }
    }

    /// A number below `end` (splitmix64).
    pub fn below(&self, end: u64) -> u64 {
        self.state.set(self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut mixed = self.state.get();
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}

impl fmt::Display for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.seed)
    }
}
