//! A clerk prices one event: what every entity's actor does for its own, and the bookkeeper for those
//! that nobody owns.

use std::sync::Arc;

use super::atlas::Atlas;
use crate::domain::activity::Activity;
use crate::domain::charge::Draft;
use crate::domain::external::{Class, Ruling};
use crate::domain::ids::Feed;
use crate::domain::names::Name;
use crate::domain::tariff::Tariff;

/// Knows the tariff, and who is who.
#[derive(Clone, Debug)]
pub struct Clerk {
    /// The tariff in force.
    pub tariff: Arc<Tariff>,
    /// Who is who.
    pub atlas: Arc<Atlas>,
}

impl Clerk {
    /// Prices an event, as far as that can be done without knowing any other.
    pub fn draft(&self, activity: &Activity, business: Option<Name>) -> Draft {
        self.tariff.draft(activity, business, self.ruling(activity))
    }

    // One message can come by both feeds, so that an activity is taken for a message only where the
    // reader found that it says so itself.
    fn ruling(&self, activity: &Activity) -> Ruling {
        match (activity.feed, activity.receiver.class) {
            (Feed::Activity, Class::Absent) => Ruling::NotAMessage,
            _ => activity.receiver.ruling(|digest| self.atlas.is_human(digest)),
        }
    }
}
