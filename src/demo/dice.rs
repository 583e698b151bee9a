//! Chance, for the demo: whole numbers drawn from a seed, the same on every machine.
//!
//! No float is ever drawn, because rounding and libm differ between machines and a single differing byte
//! would give another city.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What a series of draws is for; draws for one purpose never move those for another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Town = 0,
    Citizens = 1,
    Buildings = 2,
    Ticks = 3,
}

/// A series of draws, decided by a seed and a purpose.
#[derive(Clone, Debug)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64, purpose: Purpose) -> Dice {
        // The key is laid out here rather than by `seed_from_u64`, whose expansion belongs to the crate.
        let mut key = *b"rialto demo city\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        key[24..].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(purpose as u64);
        Dice(generator)
    }

    /// A number below `bound`; below nothing, zero.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        // The bias of multiplying is under one in a million for the bounds met here, and costs no division.
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A number from `low` to `high`, both included; `low` where that is an empty range.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u128::from(high.saturating_sub(low).max(0).unsigned_abs()) + 1;
        low + ((u128::from(self.0.next_u64()) * span) >> 64) as i64
    }

    /// Whether something happens that happens so many times in a thousand.
    pub(super) fn chance(&mut self, in_a_thousand: u32) -> bool {
        self.below(1_000) < in_a_thousand
    }

    /// One of a list, which must not be empty.
    pub(super) fn among<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u32) as usize]
    }

    /// The same for what is small enough to be copied.
    pub(super) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        *self.among(list)
    }

    /// One of a list in which each has a weight; the list must not be empty.
    pub(super) fn weigh<T: Copy>(&mut self, list: &[(u32, T)]) -> T {
        let total = list.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(total);
        for (weight, item) in list {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        list[0].1
    }

    /// Puts a list into another order, each as likely as any other.
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}
