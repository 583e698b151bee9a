//! Chance and names: all that is not decided by who calls, drawn from the seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What a series of draws is for; draws for one purpose never move those for another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Ids = 0,
    Faults = 1,
    Webhooks = 2,
    Requests = 3,
}

/// A series of draws, decided by a seed and a purpose.
#[derive(Clone, Debug)]
pub(super) struct Dice(ChaCha8Rng);

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Dice {
    pub(super) fn new(seed: u64, purpose: Purpose) -> Dice {
        // The key is laid out here rather than by `seed_from_u64`, whose expansion belongs to the crate.
        let mut key = *b"rialto sandbox\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        key[24..].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(purpose as u64);
        Dice(generator)
    }

    /// A number below `bound`; below nothing, zero.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// Whether something happens that happens so many times in a thousand.
    pub(super) fn chance(&mut self, in_a_thousand: u32) -> bool {
        // What never happens moves no draw.
        in_a_thousand != 0 && self.below(1_000) < in_a_thousand
    }

    /// An id as Stripe makes them: a prefix, and letters that mean nothing.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        let mut id = String::with_capacity(prefix.len() + 24);
        id.push_str(prefix);
        for _ in 0..3 {
            let mut draw = self.0.next_u64();
            for _ in 0..8 {
                id.push(char::from(LETTERS[(draw % 62) as usize]));
                draw /= 62;
            }
        }
        id
    }
}
