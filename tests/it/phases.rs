//! A city of 177 citizens goes through the three phases: shadow, one business live, all live.

use rialto::actors::gate::Gate;
use rialto::clock::Clock;
use rialto::demo::{City, Table};
use rialto::domain::charge::Stage;
use rialto::domain::money::{Currency, Sum};
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, What};
use rialto::domain::payers::Payer;
use rialto::domain::rollout::{Move, Phase, Subject};
use rialto::domain::time::Moment;
use rialto::folder::DataFolder;
use rialto::ledger::guards::Limits;
use rialto::ledger::totals::both;
use rialto::reading::Reader;
use rialto::wiring::verify::verify;
use rialto::wiring::{Rialto, Settings, Wanted};

const DAY: i64 = 86_400_000_000;
const DAYS: i64 = 28;

fn settings(folder: &std::path::Path, clock: &Clock) -> Settings {
    let gate = Gate { events: 2, hours: 12 };
    Settings { clock: clock.clone(), limits: Limits::OFF, gate, ..Settings::new(folder) }
}

/// Hands in what a city does until a day is over; the rows of citizens and buildings first.
async fn live(rialto: &Rialto, ticks: &mut impl Iterator<Item = rialto::demo::Tick>, until: i64) {
    let reader = Reader::new(chrono_tz::UTC);
    for tick in ticks {
        rialto.clock().advance_to(Moment(tick.at_micros));
        for delivery in tick.deliveries {
            let events = delivery.rows.iter().map(|row| match delivery.table {
                Table::Messages => reader.message(row).unwrap(),
                _ => reader.activity(row).unwrap(),
            });
            rialto.record_batch(events.collect()).await.unwrap();
        }
        if City::START_MICROS + until * DAY <= tick.at_micros {
            break;
        }
    }
}

async fn order(rialto: &Rialto, what: What) {
    rialto.order(Order { by: "operator".into(), why: "as planned".into(), what }).await.unwrap();
}

fn live_from_now(subject: Subject) -> What {
    What::Move(Move { subject, to: Some(Phase::Live) })
}

/// Shadow, live and held, all time.
fn sums(rialto: &Rialto) -> [Sum; 3] {
    let dashboard = rialto.dashboard(Currency::EUR);
    let [shadow, live] = dashboard.periods[3];
    [shadow, live, both(dashboard.held)]
}

#[tokio::test]
async fn a_city_goes_from_shadow_to_one_live_business_to_all() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(Moment(City::START_MICROS));
    let city = City::new(1);
    let rialto = Rialto::start(settings(folder.path(), &clock)).unwrap();
    let reader = Reader::new(chrono_tz::UTC);
    for delivery in city.founding() {
        let row = |row: &String| match delivery.table {
            Table::Citizens => reader.citizen(row).unwrap(),
            _ => reader.building(row).unwrap(),
        };
        rialto.describe(delivery.rows.iter().map(row).collect()).await.unwrap();
    }
    let mut ticks = city.ticks();

    // Day one: shadow, and nothing is collectable.
    live(&rialto, &mut ticks, 1).await;
    let [shadow, none, held] = sums(&rialto);
    println!("day 1: shadow {shadow}, live {none}, held {held}");
    assert_eq!(none, Sum::default());
    assert!(0 < shadow.0);

    // Day two: the business that earned most goes live.
    let trusted = rialto.dashboard(Currency::EUR).top_businesses[3][0].0;
    for number in (0..rialto.view().conflicts as u32).rev() {
        order(&rialto, What::Accept(number)).await;
    }
    // Whoever is a client of anybody pays; who becomes one later is held until he is on the list.
    let (all, _) = rialto.transactions(Wanted { limit: 100_000, ..Wanted::default() }).await.unwrap();
    let mut payers: Vec<Name> = all.iter().filter_map(|one| one.event.activity.client).chain([trusted]).collect();
    payers.sort_unstable();
    payers.dedup();
    let customer = Name::new("cus_tried");
    for id in payers {
        order(&rialto, What::List(Payer { customer, ..Payer::new(id) })).await;
    }
    let [before, ..] = sums(&rialto);
    order(&rialto, live_from_now(Subject::Business(trusted))).await;
    live(&rialto, &mut ticks, 2).await;
    let [shadow, live_now, held] = sums(&rialto);
    println!("day 2: shadow {shadow}, live {live_now}, held {held}");
    assert!(before.0 <= shadow.0 && 0 < live_now.0);
    let stage = Wanted { stage: Some(Stage::Live), limit: 100_000, ..Wanted::default() };
    let (collectable, _) = rialto.transactions(stage).await.unwrap();
    assert!(collectable.iter().all(|one| one.event.draft.business == Some(trusted)));

    // From day three on all of them, once what contradicted was looked at.
    let open: Vec<u32> =
        rialto.conflicts(500).await.unwrap().iter().filter(|one| !one.is_accepted).map(|one| one.number).collect();
    for number in open {
        order(&rialto, What::Accept(number)).await;
    }
    order(&rialto, live_from_now(Subject::All)).await;
    live(&rialto, &mut ticks, DAYS).await;
    let [shadow_at_end, live_at_end, held_at_end] = sums(&rialto);
    println!("day 28: shadow {shadow_at_end}, live {live_at_end}, held {held_at_end}");
    assert!(live_now.0 < live_at_end.0);
    rialto.stop().await.unwrap();
    drop(rialto);
    let report = verify(&DataFolder::open(folder.path()).unwrap(), chrono_tz::Europe::Rome).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());

    // The same city without any rollout comes to the same.
    let alone = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(Moment(City::START_MICROS));
    let rialto = Rialto::start(settings(alone.path(), &clock)).unwrap();
    for delivery in city.founding() {
        let row = |row: &String| match delivery.table {
            Table::Citizens => reader.citizen(row).unwrap(),
            _ => reader.building(row).unwrap(),
        };
        rialto.describe(delivery.rows.iter().map(row).collect()).await.unwrap();
    }
    live(&rialto, &mut city.ticks(), DAYS).await;
    let [tracked, none, held_alone] = sums(&rialto);
    assert_eq!(none, Sum::default());
    let all = |sums: [Sum; 3]| sums.iter().fold(Sum::default(), |sum, part| sum.plus(*part));
    assert_eq!(all([shadow_at_end, live_at_end, held_at_end]), all([tracked, none, held_alone]));
    rialto.stop().await.unwrap();
}
