//! Pricing: who an event is and whose business it counts for, which the door finds out, and its draft by a clerk.

use std::hint::black_box;

use rialto::domain::activity::Activity;

use crate::count::counted;
use crate::inputs;

/// Drafts of the mix.
pub fn mix() -> usize {
    draft(&inputs::mix())
}

/// Drafts of services.
pub fn services() -> usize {
    draft(&inputs::services())
}

/// Each clerk's atlas has hashes of its own. In one so small, two buildings that happen to collide are 2 % of a
/// row; among so many it evens out.
const CLERKS: usize = 32;

fn draft(activities: &[Activity]) -> usize {
    let clerks: Vec<_> = (0..CLERKS).map(|_| inputs::clerk()).collect();
    counted(&mut || {
        for (activities, clerk) in activities.chunks(activities.len().div_ceil(CLERKS)).zip(&clerks) {
            let tariffs = clerk.tariffs();
            for activity in activities {
                let business = clerk.atlas().business_of(activity);
                black_box(activity.identity());
                black_box(clerk.draft(&tariffs, activity, business, activity.happened(inputs::NOW)));
            }
        }
    });
    activities.len()
}
