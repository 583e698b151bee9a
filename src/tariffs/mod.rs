//! Tariff files: TOML in, a tariff out, or every fault in it with its line and what to write instead.
//!
//! Nothing here knows a clock or a disk. A file that has an error makes no tariff; what is only odd is a
//! warning. No figure passes through a float: a number is read from its digits.

mod check;
mod fault;
mod keys;
mod kinds;
mod prices;
mod read;
mod rules;

#[cfg(test)]
mod tests;

use chrono_tz::Tz;

pub use self::fault::{Fault, Severity};

use crate::domain::tariff::Tariff;
use crate::domain::time::Moment;

/// The file of the tariff that is in force where nobody made another.
pub const BUILT_IN: &str = include_str!("built_in.toml");

/// The longest file that is taken: it is one record of the journal.
pub const BYTES_MAX: usize = 60_000;

/// What became of a file: the tariff, unless there is an error, and all that was found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The tariff.
    pub tariff: Option<Tariff>,
    /// Errors and warnings, in the order of their lines.
    pub faults: Vec<Fault>,
}

/// Reads and checks a file; times in it that name no offset are those of `zone`.
pub fn read(text: &str, zone: Tz) -> Checked {
    read::read(text, zone)
}

/// Reads a file again that was taken into force once, from `effective` on: also where a later version of this
/// program would find fault with it.
pub fn recall(text: &str, effective: Moment) -> Option<Tariff> {
    read::recall(text).map(|tariff| tariff.from_then_on(effective))
}

/// The tariff that is in force where nobody made another.
///
/// # Panics
/// Never: its file is part of the program, and a test reads it.
pub fn built_in() -> Tariff {
    #[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
    read(BUILT_IN, chrono_tz::UTC).tariff.expect("the built-in tariff is sound")
}
