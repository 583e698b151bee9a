//! The chart of the last hours: where each bar stands and how high it is, in whole numbers.
//!
//! The template draws it as SVG, in colours of the style, so that it is right in light and in dark; a chart crate would
//! bake them in. Texts stand beside the drawing and not in it: so they stay readable however narrow it becomes.

use super::words::{Time, money};
use crate::domain::charge::Stage;
use crate::domain::money::{Currency, Sum};
use crate::domain::time::Moment;
use crate::ledger::totals::{ByStage, both};

/// How high the drawing is, in its own units.
pub const HEIGHT: i128 = 1000;
/// How wide the place of a bar is, and the bar in it.
pub const PLACE: usize = 40;
pub const BAR: usize = 30;

/// The chart of some hours.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// How wide the drawing is, in its own units.
    pub width: usize,
    /// How high.
    pub height: i128,
    /// The bars, from left to right.
    pub bars: Vec<Bar>,
    /// What was earned in the best hour, and which that was; nothing where nothing was.
    pub most: Option<(String, String)>,
    /// What all of them come to.
    pub total: String,
}

/// An hour.
#[derive(Clone, Debug)]
pub struct Bar {
    /// When it began.
    pub from: Time,
    /// `14`, in the hours that have room to be named.
    pub label: Option<String>,
    /// What was earned live, and in shadow.
    pub live: String,
    /// The same in shadow.
    pub shadow: String,
    /// Where the bar begins, and how wide it is.
    pub x: usize,
    /// See [`BAR`].
    pub width: usize,
    /// Top and height of what is live, which stands below.
    pub live_box: (i128, i128),
    /// Top and height of what is shadow, which stands on it.
    pub shadow_box: (i128, i128),
}

impl Chart {
    /// The chart of these hours, each with when it began.
    pub fn new(hours: &[(Moment, ByStage)], currency: Currency, zone: chrono_tz::Tz) -> Chart {
        // Where more was taken back than earned there is no bar; the figure tells.
        let high = |stages: &ByStage| stages.iter().map(|sum| sum.0.max(0)).sum::<i128>();
        let most = hours.iter().map(|(_, stages)| high(stages)).max().unwrap_or(0);
        let scaled = |sum: Sum| if most == 0 { 0 } else { sum.0.max(0) * HEIGHT / most };
        let bar = |(place, (start, stages)): (usize, &(Moment, ByStage))| {
            let from = Time::new(*start, zone);
            let [shadow, live] = [Stage::Shadow, Stage::Live].map(|stage| stages[stage as usize]);
            let (low, tall) = (scaled(live), scaled(shadow));
            let hour: u32 = from.minute.get(..2).and_then(|hour| hour.parse().ok()).unwrap_or(0);
            Bar {
                label: hour.is_multiple_of(3).then(|| format!("{hour:02}")),
                live: money(live, currency),
                shadow: money(shadow, currency),
                x: place * PLACE + (PLACE - BAR) / 2,
                width: BAR,
                live_box: (HEIGHT - low, low),
                shadow_box: (HEIGHT - low - tall, tall),
                from,
            }
        };
        let best = hours.iter().max_by_key(|(start, stages)| (high(stages), *start)).filter(|_| 0 < most);
        let total = hours.iter().fold(Sum::default(), |sum, (_, stages)| sum.plus(both(*stages)));
        Chart {
            width: hours.len() * PLACE,
            height: HEIGHT,
            bars: hours.iter().enumerate().map(bar).collect(),
            most: best.map(|(start, stages)| (money(both(*stages), currency), Time::new(*start, zone).minute)),
            total: money(total, currency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bars_stand_on_the_ground_and_within_the_drawing(
            sums in prop::collection::vec((-99_i64..i64::MAX, -99_i64..i64::MAX), 1..30),
        ) {
            let hours: Vec<_> = sums
                .iter()
                .enumerate()
                .map(|(hour, (shadow, live))| {
                    (Moment(hour as i64 * 3_600_000_000), [Sum((*shadow).into()), Sum((*live).into())])
                })
                .collect();
            let chart = Chart::new(&hours, Currency::EUR, chrono_tz::UTC);
            for bar in &chart.bars {
                let ((low_top, low), (top, tall)) = (bar.live_box, bar.shadow_box);
                prop_assert_eq!(low_top + low, HEIGHT);
                prop_assert_eq!(top + tall, low_top);
                prop_assert!(0 <= top && 0 <= tall && 0 <= low);
                prop_assert!(bar.x + bar.width <= chart.width);
            }
        }
    }
}
