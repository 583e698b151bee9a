//! Visitors: the connections that are open at an address, and those that were given up for others.

use std::sync::atomic::{AtomicU64, Ordering};

/// An address that connections come in at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Entry {
    /// The house's own.
    House = 0,
    /// That for Stripe alone.
    Webhooks = 1,
}

impl Entry {
    /// Both.
    pub const ALL: [Entry; 2] = [Entry::House, Entry::Webhooks];

    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Entry::House => "house",
            Entry::Webhooks => "webhooks",
        }
    }
}

/// Those at one address.
#[derive(Debug, Default)]
pub struct Visitors {
    open: AtomicU64,
    given_up: AtomicU64,
}

impl Visitors {
    /// Somebody came.
    pub fn comes(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    /// Somebody went, in whatever way.
    pub fn goes(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Somebody has to go for another.
    pub fn gives_up(&self) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
    }

    /// How many are there.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// How many had to go so far.
    pub fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }
}
