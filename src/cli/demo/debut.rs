//! The demo's debut: clients are listed as payers, and the first business goes live, through the gate like any other.
//!
//! All of it is ordered and on record. Which business it is follows from the city alone: the demo knows what is going to
//! happen there, and takes one that is soon asked for, and often.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::error::Error;

use crate::billing::customers::Person;
use crate::demo::{City, Table};
use crate::domain::activity::Outcome;
use crate::domain::names::Name;
use crate::domain::orders::{Order, What};
use crate::domain::payers::Payer;
use crate::domain::rollout::{Move, Phase, Subject};
use crate::domain::time::Moment;
use crate::reading::Reader;
use crate::wiring::{OrderError, Rialto};

use super::DAY_MICROS;

/// So many days of the city are looked at.
const AHEAD: i64 = 7;

/// Lists all clients, accepts what the city contradicted so far, and has the first business that the gate lets through
/// go live; which one, if any. `now` is a midnight.
pub async fn go_live(
    rialto: &Rialto,
    city: &City,
    reader: Reader,
    now: Moment,
) -> Result<Option<Name>, Box<dyn Error>> {
    for client in City::clients().filter_map(Name::new) {
        let person = Person::new(client, None, &format!("{client}@example.org"), None)?;
        let payer = Payer { customer: Some(rialto.customer_of(person.clone()).await?), ..Payer::new(client) };
        if order(rialto, What::List(payer), "a client of the demo's city").await? {
            rialto.keep(&person).await?;
        }
    }
    for conflict in rialto.conflicts(usize::MAX).await?.iter().rev().filter(|conflict| !conflict.is_accepted) {
        let why = "the demo's city contradicts itself now and then: what came first stays";
        order(rialto, What::Accept(conflict.number), why).await?;
    }
    let city = city.clone();
    for business in tokio::task::spawn_blocking(move || in_demand(&city, reader, now)).await? {
        let live = Move { subject: Subject::Business(business), to: Some(Phase::Live) };
        if order(rialto, What::Move(live), "the demo trusts it to be billed").await? {
            return Ok(Some(business));
        }
    }
    tracing::warn!("the gate lets no business of the demo through, and all stays in shadow");
    Ok(None)
}

/// Gives an order; whether it was obeyed. The gate may be shut, and whoever watches the demo may have been faster.
async fn order(rialto: &Rialto, what: What, why: &str) -> Result<bool, OrderError> {
    match rialto.order(Order { by: "demo".into(), why: why.into(), what }).await {
        Ok(_) => Ok(true),
        Err(OrderError::Refused(refused)) => {
            tracing::debug!(error = %refused, "an order of the demo was refused");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The businesses with paid services in the days from `now` on. Those that have one before noon come first, and of
/// these those that have some on the most days.
fn in_demand(city: &City, reader: Reader, Moment(now): Moment) -> Vec<Name> {
    let mut services: BTreeMap<Name, Vec<i64>> = BTreeMap::new();
    let ahead = city.ticks().skip_while(|tick| tick.at_micros < now);
    for tick in ahead.take_while(|tick| tick.at_micros < now + AHEAD * DAY_MICROS) {
        let activities = tick.deliveries.iter().filter(|delivery| delivery.table == Table::Activities);
        let done = activities.flat_map(|delivery| &delivery.rows).filter_map(|row| reader.activity(row).ok());
        let done = done.filter(|activity| activity.outcome == Outcome::Processed);
        let paid = done.filter(|activity| activity.kind.is_some_and(|kind| kind.as_str() == "paid_service"));
        for business in paid.filter_map(|activity| activity.business) {
            services.entry(business).or_default().push(tick.at_micros - now);
        }
    }
    let rank = |business: &Name| {
        let after = &services[business];
        let mut days: Vec<i64> = after.iter().map(|after| after / DAY_MICROS).collect();
        days.dedup();
        (DAY_MICROS / 2 <= after[0], Reverse(days.len()))
    };
    let mut all: Vec<Name> = services.keys().copied().collect();
    all.sort_by_key(rank);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_demand_follows_from_the_city_alone() {
        let found = |seed| {
            in_demand(&City::new(seed), Reader::new(chrono_tz::UTC), Moment(City::START_MICROS + 3 * DAY_MICROS))
        };
        let [one, same, other] = [1, 1, 2].map(found);
        assert!(!one.is_empty() && one == same && one != other, "{one:?} {other:?}");
    }
}
