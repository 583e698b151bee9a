//! Pricing: who an event is and whose business it counts for, which the door finds out, and its draft by a clerk.

use std::hint::black_box;

use rialto::actors::clerk::Clerk;
use rialto::domain::activity::Activity;

use crate::count::counted;
use crate::inputs;

/// Drafts of the mix.
pub fn mix() -> usize {
    draft(&inputs::mix(), inputs::clerk)
}

/// Drafts of services.
pub fn services() -> usize {
    draft(&inputs::services(), inputs::clerk)
}

/// Drafts of the mix, by 200 rules.
pub fn mix_by_many_rules() -> usize {
    draft(&inputs::mix(), inputs::clerk_with_many_rules)
}

/// Drafts of services, by 200 rules.
pub fn services_by_many_rules() -> usize {
    draft(&inputs::services(), inputs::clerk_with_many_rules)
}

/// Each clerk's atlas has hashes of its own. In one so small, two buildings that happen to collide are 2 % of a
/// row; among so many it evens out.
const CLERKS: usize = 32;

fn draft(activities: &[Activity], clerk: fn() -> Clerk) -> usize {
    let clerks: Vec<_> = (0..CLERKS).map(|_| clerk()).collect();
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
