//! Ids as the engine's database gives them out: no two rows of a city ever share one.
//!
//! They are not drawn but counted, and the count is scrambled by a mapping that can be undone. So they look
//! drawn, and uniqueness is a fact rather than a likelihood.

use std::fmt;

/// What a run of ids is for; each has its own stretch of the count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stretch {
    Citizens = 0,
    Buildings = 1,
    Life = 2,
}

/// Gives out ids.
#[derive(Clone, Debug)]
pub(super) struct Registry {
    key: u64,
    next: u64,
}

/// One id that was given out; it can be written in several forms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    /// Different for every number of a registry.
    unique: u64,
    /// Fills up the longer forms; promises nothing.
    filler: u64,
}

impl Registry {
    pub(super) fn new(seed: u64, stretch: Stretch) -> Registry {
        Registry { key: scramble(seed), next: (stretch as u64) << 32 }
    }

    pub(super) fn number(&mut self) -> Number {
        let count = self.next;
        self.next += 1;
        let unique = scramble(count.wrapping_add(self.key));
        Number { unique, filler: scramble(unique ^ self.key) }
    }
}

impl Number {
    /// `rec` and 14 letters or digits.
    pub(super) fn record(self) -> Record {
        const DIGITS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut text = *b"rec00000000000000";
        let (mut unique, mut filler) = (self.unique, self.filler);
        // Eleven digits hold any 64-bit number, so the unique part is kept whole.
        for (place, digit) in text[3..].iter_mut().enumerate() {
            let left = if place < 11 { &mut unique } else { &mut filler };
            *digit = DIGITS[(*left % 62) as usize];
            *left /= 62;
        }
        Record(text)
    }

    /// A version 4 UUID.
    pub(super) fn uuid(self) -> Uuid {
        Uuid(self)
    }

    /// Eight hexadecimal digits' worth, which may collide as the engine's own do.
    pub(super) fn short(self) -> u32 {
        self.filler as u32
    }
}

/// `rec` and 14 letters or digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record([u8; 17]);

impl fmt::Display for Record {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(std::str::from_utf8(&self.0).map_err(|_| fmt::Error)?)
    }
}

/// A version 4 UUID.
#[derive(Clone, Copy, Debug)]
pub(super) struct Uuid(Number);

impl fmt::Display for Uuid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The unique part lies where no version or variant bit overwrites it.
        let Number { unique, filler } = self.0;
        write!(
            out,
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}",
            unique >> 32,
            filler & 0xffff,
            filler >> 16 & 0xfff,
            0x8000 | (filler >> 28 & 0x3fff),
            filler >> 48,
            unique & 0xffff_ffff,
        )
    }
}

/// SplitMix64's finaliser: every step can be undone, so different counts stay different.
fn scramble(count: u64) -> u64 {
    let mut mixed = count.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
