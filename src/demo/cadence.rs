//! When the engine ticks, and how much its citizens get done in between.
//!
//! The gaps follow a real log of 720 ticks: half of them at or below 279 s, a third of them within a minute
//! because someone ran it by hand, and now and then hours of silence.

use super::almanac::{MICROS_PER_HOUR, venice_hour};
use super::dice::Dice;

/// How often in ten thousand ticks a gap lies in a range of milliseconds.
const GAPS_MS: [(u32, (i64, i64)); 15] = [
    (3_330, (9_000, 42_000)),
    (170, (240_000, 258_000)),
    (500, (258_000, 264_500)),
    (500, (264_500, 274_500)),
    (500, (274_500, 279_100)),
    (500, (279_100, 283_700)),
    (500, (283_700, 286_100)),
    (500, (286_100, 297_300)),
    (500, (297_300, 300_200)),
    (2_000, (300_200, 300_300)),
    (500, (300_300, 303_700)),
    (300, (303_700, 340_700)),
    (110, (340_700, 590_000)),
    (80, (600_000, 3_030_000)),
    (10, (7_200_000, 15_480_000)),
];

/// The time to the next tick.
pub(super) fn gap_micros(dice: &mut Dice) -> i64 {
    let (low, high) = dice.weigh(&GAPS_MS);
    dice.between(low * 1_000, high * 1_000)
}

/// How many of something happen in each hour of Venice's day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm(pub(super) [u32; 24]);

/// Activities of the dispatched types: 4,900 a day, a third of the noon's pace at night.
pub(super) const ACTIVITIES: Rhythm = Rhythm([
    90, 80, 75, 80, 100, 150, 220, 270, 280, 280, 270, 260, 250, 240, 260, 270, 280, 270, 260, 230, 210, 190, 160, 125,
]);
/// Messages: some 500 a day.
pub(super) const MESSAGES: Rhythm =
    Rhythm([8, 6, 5, 5, 6, 10, 16, 22, 28, 32, 34, 32, 26, 22, 26, 30, 34, 36, 34, 30, 24, 18, 12, 10]);
/// Paid services: 40 a day, in business hours.
pub(super) const SESSIONS: Rhythm = Rhythm([0, 0, 0, 0, 0, 0, 0, 1, 3, 4, 4, 4, 3, 2, 3, 4, 4, 4, 2, 1, 1, 0, 0, 0]);
/// Messages to the outside in the brief's own form: 6 a day.
pub(super) const NOTICES: Rhythm = Rhythm([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0]);

/// A stretch of time within one hour of Venice's day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    from_micros: i64,
    to_micros: i64,
    hour: usize,
}

/// The time between two ticks, cut where the hour changes.
pub(super) fn slices(from_micros: i64, to_micros: i64) -> impl Iterator<Item = Slice> {
    // Venice's offset is whole hours, so its hours change with those of UTC.
    let mut next = from_micros;
    std::iter::from_fn(move || {
        if to_micros <= next {
            return None;
        }
        let from_micros = next;
        next = (from_micros - from_micros.rem_euclid(MICROS_PER_HOUR) + MICROS_PER_HOUR).min(to_micros);
        Some(Slice { from_micros, to_micros: next, hour: venice_hour(from_micros) })
    })
}

impl Slice {
    /// How many of something happen meanwhile: half as many to half as many again as its rhythm says.
    pub(super) fn count(self, rhythm: Rhythm, dice: &mut Dice) -> u32 {
        let per_hour = u64::from(rhythm.0[self.hour]);
        let length_ms = (self.to_micros - self.from_micros).unsigned_abs() / 1_000;
        let swing = u64::from(500 + dice.below(1_001));
        let millionths = per_hour * length_ms * swing * 1_000 / (MICROS_PER_HOUR / 1_000).unsigned_abs();
        let whole = (millionths / 1_000_000) as u32;
        let rest = (millionths % 1_000_000) as u32;
        whole + u32::from(dice.below(1_000_000) < rest)
    }

    /// Some instant within.
    pub(super) fn instant(self, dice: &mut Dice) -> i64 {
        dice.between(self.from_micros, self.to_micros - 1)
    }
}
