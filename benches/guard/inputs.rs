//! The fixed inputs: the same events, in the same order, at the same instant, in every run.

use std::sync::Arc;

use rialto::actors::atlas::Atlas;
use rialto::actors::clerk::Clerk;
use rialto::demo;
use rialto::domain::activity::{Activity, Identity};
use rialto::domain::calendar::Calendar;
use rialto::domain::charge::Stage;
use rialto::domain::tariff::Tariff;
use rialto::domain::tariff::timeline::Tariffs;
use rialto::domain::time::Moment;
use rialto::ledger::entry::{Event, Telling};

use crate::city::{BATCH, CITIZENS, City};
use crate::tariff;

/// How many events a row has: enough that a table's growth is spread over many, and few enough for a second.
pub const EVENTS: usize = 4 * BATCH;

/// It is always the same morning: that of the 16th of July 2025.
pub const NOW: Moment = Moment(demo::City::START_MICROS + (14 * 24 + 10) * 3_600_000_000);

/// Venice.
pub fn venice() -> City {
    City::at(CITIZENS, NOW)
}

/// Events of the real mix.
pub fn mix() -> Vec<Activity> {
    venice().mix(EVENTS)
}

/// Services, all of which are priced.
pub fn services() -> Vec<Activity> {
    venice().services(EVENTS)
}

/// A clerk who knows who runs which business of Venice.
pub fn clerk() -> Clerk {
    clerk_with(rialto::tariffs::built_in())
}

/// The same, with a tariff of 200 rules.
pub fn clerk_with_many_rules() -> Clerk {
    clerk_with(tariff::of_200_rules(&venice(), Moment(0)))
}

fn clerk_with(tariff: Tariff) -> Clerk {
    let atlas = Atlas::default();
    venice().rows().into_iter().for_each(|row| atlas.put(row));
    Clerk::new(Tariffs::new(tariff), Arc::new(atlas), Calendar::new(chrono_tz::Europe::Rome))
}

/// The events that the bookkeeper makes of what happened.
pub fn events(activities: &[Activity]) -> Vec<Event<'_>> {
    let clerk = clerk();
    activities.iter().map(|activity| event(activity, &clerk)).collect()
}

fn event<'a>(activity: &'a Activity, clerk: &Clerk) -> Event<'a> {
    let Identity { key, content } = activity.identity();
    Event {
        activity: Telling::Lent(activity),
        key,
        content,
        draft: clerk.draft(&clerk.tariffs(), activity, clerk.atlas().business_of(activity), activity.happened(NOW)),
        used: None,
        adjustment: None,
        is_disputed: false,
        stage: Stage::Shadow,
        occurred_at: activity.occurred.at.unwrap_or(NOW),
        recorded_at: NOW,
        is_upgrade: false,
    }
}

/// The engine's rows of a table, as the demo's city writes them.
pub fn rows(table: demo::Table, count: usize) -> Vec<String> {
    let deliveries = demo::City::new(1797).ticks().flat_map(|tick| tick.deliveries);
    deliveries.filter(|delivery| delivery.table == table).flat_map(|delivery| delivery.rows).take(count).collect()
}
