//! A clerk prices one event: what every entity's actor does for its own, and the bookkeeper for those
//! that nobody owns.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::atlas::Atlas;
use crate::domain::activity::Activity;
use crate::domain::calendar::Calendar;
use crate::domain::charge::Draft;
use crate::domain::external::{Class, Ruling};
use crate::domain::ids::Feed;
use crate::domain::names::Name;
use crate::domain::tariff::Tariff;
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::tariff::when::Occasion;
use crate::domain::time::Moment;

/// Knows the tariffs, and who is who. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Clerk(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    tariffs: ArcSwap<Tariffs>,
    atlas: Arc<Atlas>,
    calendar: Calendar,
}

impl Clerk {
    /// A clerk who knows all this.
    pub fn new(tariffs: Tariffs, atlas: Arc<Atlas>, calendar: Calendar) -> Clerk {
        Clerk(Arc::new(Desk { tariffs: ArcSwap::from_pointee(tariffs), atlas, calendar }))
    }

    /// The tariffs that are durable.
    pub fn tariffs(&self) -> Guard<Arc<Tariffs>> {
        self.0.tariffs.load()
    }

    /// From now on these are the tariffs.
    pub fn learn(&self, tariffs: Tariffs) {
        self.0.tariffs.store(Arc::new(tariffs));
    }

    /// Who is who.
    pub fn atlas(&self) -> &Arc<Atlas> {
        &self.0.atlas
    }

    /// The calendar that hours and days are counted by.
    pub fn calendar(&self) -> &Calendar {
        &self.0.calendar
    }

    /// Prices an event that happened `at`, as far as that can be done without knowing any other.
    pub fn draft(&self, tariffs: &Tariffs, activity: &Activity, business: Option<Name>, at: Moment) -> Draft {
        let tariff = tariffs.at(at);
        tariff.draft(&Occasion {
            activity,
            business,
            business_kind: business
                .filter(|_| tariff.asks_business_kinds())
                .and_then(|business| self.0.atlas.kind_of(business)),
            ruling: self.ruling(tariff, activity),
            at,
            calendar: &self.0.calendar,
        })
    }

    // One message can come by both feeds, so that an activity is taken for a message only where the
    // reader found that it says so itself.
    fn ruling(&self, tariff: &Tariff, activity: &Activity) -> Ruling {
        match (activity.feed, activity.receiver.class) {
            (Feed::Activity, Class::Absent) => Ruling::NotAMessage,
            _ => tariff
                .ruling(activity)
                .unwrap_or_else(|| activity.receiver.ruling(|digest| self.0.atlas.is_human(digest))),
        }
    }
}
