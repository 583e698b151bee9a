//! What operators decide: prices, phases, what is held, what is taken back; and that a restart forgets none of it.

use std::path::Path;
use std::sync::Arc;

use rialto::actors::gate::Gate;
use rialto::clock::Clock;
use rialto::domain::activity::{Activity, Occurred, Stated};
use rialto::domain::calendar::Day;
use rialto::domain::charge::{Hold, Stage};
use rialto::domain::external::Receiver;
use rialto::domain::ids::{Feed, TransactionId};
use rialto::domain::money::{Currency, Money};
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, Refused, What};
use rialto::domain::rollout::{Move, Phase, Subject};
use rialto::domain::rows::{Payer, Row};
use rialto::domain::time::Moment;
use rialto::folder::DataFolder;
use rialto::ledger::guards::{Limit, Limits};
use rialto::ledger::totals::both;
use rialto::tariffs;
use rialto::wiring::verify::verify;
use rialto::wiring::{OrderError, Rialto, Settings};

use super::support::{letter, service};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// 2026-11-02T12:00:00Z, a Monday.
const NOON: Moment = Moment(1_793_620_800_000_000);

fn at(hours: i64) -> Moment {
    Moment(NOON.0 + hours * HOUR)
}

fn start(folder: &Path, clock: &Clock, limits: Limits) -> Rialto {
    let gate = Gate { events: 2, hours: 1 };
    Rialto::start(Settings { clock: clock.clone(), limits, gate, ..Settings::new(folder) }).unwrap()
}

fn happened(mut activity: Activity, at: Moment) -> Activity {
    activity.occurred = Occurred::at(at);
    activity
}

async fn order(rialto: &Rialto, what: What) -> Result<Option<TransactionId>, OrderError> {
    let order = Order { by: "operator".into(), why: "tried".into(), what };
    rialto.order(order).await.map(|obeyed| obeyed.transaction)
}

fn tariff(text: &str) -> What {
    What::Tariff(Arc::new(tariffs::read(text, chrono_tz::UTC).tariff.expect(text)))
}

fn to(subject: Subject, phase: Phase) -> What {
    What::Move(Move { subject, to: Some(phase) })
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, OrderError>) -> String {
    match outcome.expect_err("it is to be refused") {
        OrderError::Refused(refused) => refused.to_string(),
        other => panic!("{other}"),
    }
}

/// Live and shadow, all time, and what is held.
fn sums(rialto: &Rialto) -> [String; 3] {
    let dashboard = rialto.dashboard(Currency::EUR);
    let [shadow, live] = dashboard.periods[3];
    [live, shadow, both(dashboard.held)].map(|sum| sum.to_string())
}

async fn stop_and_verify(rialto: Rialto, folder: &Path) {
    rialto.stop().await.unwrap();
    drop(rialto);
    let report = verify(&DataFolder::open(folder).unwrap(), chrono_tz::Europe::Rome).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
}

fn messages(version: u16, effective: &str, price: &str) -> String {
    format!(
        "version = {version}\neffective = {effective}\ncurrency = \"EUR\"\n[[rule]]\nname = \"external_message\"\nexternal = true\nprice = {{ {price} }}\n"
    )
}

#[tokio::test]
async fn each_activity_is_priced_by_the_tariff_that_was_in_force_when_it_happened() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let dear = messages(2, "2026-11-03T12:00:00Z", "amount = 1");
    for (text, why) in [
        (messages(2, "2026-11-01T12:00:00Z", "amount = 1"), "still to come"),
        (messages(1, "2026-11-03T12:00:00Z", "amount = 1"), "version 1 is taken; the next is 2"),
    ] {
        assert!(refused(order(&rialto, tariff(&text)).await).contains(why), "{why}");
    }
    order(&rialto, tariff(&dear)).await.unwrap();
    assert!(
        refused(order(&rialto, tariff(&messages(3, "2026-11-03T11:00:00Z", "amount = 2"))).await)
            .contains("comes into force only")
    );
    let amount = async |rialto: &Rialto, id: &str, at| {
        let receipt = rialto.record(happened(letter(id, "Lucid"), at)).await.unwrap();
        receipt.charge.map(|charge| charge.amount.to_string())
    };
    assert_eq!(amount(&rialto, "recA", at(1)).await.as_deref(), Some("0.10"));
    clock.advance_to(at(30));
    assert_eq!(amount(&rialto, "recB", at(24)).await.as_deref(), Some("1.00"));
    // It comes late: by then another tariff is in force.
    assert_eq!(amount(&rialto, "recC", at(23)).await.as_deref(), Some("0.10"));
    assert_eq!(rialto.tariff().version().0, 2);
    stop_and_verify(rialto, folder.path()).await;
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(amount(&rialto, "recD", at(23)).await.as_deref(), Some("0.10"));
    assert_eq!(amount(&rialto, "recE", at(29)).await.as_deref(), Some("1.00"));
    assert_eq!(rialto.tariffs().all().len(), 2);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn tiers_and_allowances_count_on_across_batches_restarts_and_tariffs() {
    let tiers = |version, effective| {
        let price = "graduated = [{ up_to = 3, amount = 0.10 }, { amount = 0.01 }], free = 1";
        messages(version, effective, price)
            .replace("external = true", "external = true\nmeter = \"letters\"\nscope = \"citizen\"")
    };
    // One free, three at ten cents, the rest at one.
    let expected = "0.36";
    for batches in [vec![10], vec![1, 4, 5], vec![1; 10]] {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::simulated(NOON);
        let mut rialto = start(folder.path(), &clock, Limits::OFF);
        order(&rialto, tariff(&tiers(2, "2026-11-02T13:00:00Z"))).await.unwrap();
        order(&rialto, tariff(&tiers(3, "2026-11-02T15:00:00Z"))).await.unwrap();
        clock.advance_to(at(10));
        let mut number = 0;
        for (count, size) in batches.iter().enumerate() {
            // The second half under the next tariff.
            let batch = (0..*size).map(|_| {
                number += 1;
                happened(letter(&format!("rec{number}"), "Lucid"), if number <= 5 { at(2) } else { at(4) })
            });
            rialto.record_batch(batch.collect()).await.unwrap();
            if count % 2 == 0 {
                stop_and_verify(rialto, folder.path()).await;
                rialto = start(folder.path(), &clock, Limits::OFF);
            }
        }
        assert_eq!(sums(&rialto)[1], expected, "{batches:?}");
        let again = rialto.record(happened(letter("rec1", "Lucid"), at(2))).await.unwrap();
        assert_eq!((again.charge, sums(&rialto)[1].as_str()), (None, expected));
        stop_and_verify(rialto, folder.path()).await;
    }
}

#[tokio::test]
async fn what_is_taken_back_leaves_what_the_others_would_cost_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let price = "graduated = [{ up_to = 2, amount = 1 }, { amount = 0.25 }]";
    order(&rialto, tariff(&messages(2, "2026-11-02T12:00:00Z", price))).await.unwrap();
    for number in 0..4 {
        rialto.record(happened(letter(&format!("rec{number}"), "Lucid"), at(0))).await.unwrap();
    }
    assert_eq!(sums(&rialto)[1], "2.50");
    // The first cost 1.00; without it the third is the second, and three cost 2.25.
    let reversal = rialto.reversal(TransactionId(1)).await.unwrap().expect("a charge");
    let made = order(&rialto, reversal.clone()).await.unwrap().expect("a transaction");
    assert_eq!(sums(&rialto)[1], "2.25");
    assert!(refused(order(&rialto, reversal).await).contains("tx_1 is reversed already"));
    let of_reversal = rialto.reversal(made).await.unwrap().expect("a transaction");
    assert!(refused(order(&rialto, of_reversal).await).contains("is a reversal; only a charge can be reversed"));
    let unknown = What::Reverse(rialto::domain::orders::Reverse { transaction: TransactionId(99), used: None });
    assert!(refused(order(&rialto, unknown).await).contains("no transaction tx_99"));
    let (found, _) = rialto.transactions(rialto::wiring::Wanted { limit: 10, ..Default::default() }).await.unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.charge.sort().as_str(), one.charge.amount.to_string(), one.correction.as_ref().map(|c| c.of.0)))
        .collect();
    assert_eq!(told[..2], [("adjustment", "0.75".to_owned(), Some(1)), ("reversal", "-1.00".to_owned(), Some(1))]);
    stop_and_verify(rialto, folder.path()).await;
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(sums(&rialto)[1], "2.25");
    rialto.record(happened(letter("rec9", "Lucid"), at(0))).await.unwrap();
    assert_eq!(sums(&rialto)[1], "2.50");
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn nobody_goes_live_before_everything_is_ready_and_then_nothing_of_before_is_collectable() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let bakery = Name::new("building_bakery").unwrap();
    let of_bakery = |id: &str, hours| {
        let mut activity = happened(service(id, "Lucid", 60), at(hours));
        activity.business = Some(bakery);
        activity
    };
    let live = || to(Subject::Business(bakery), Phase::Live);
    assert!(refused(order(&rialto, live()).await).contains("no business building_bakery is known"));
    let mut disputed = of_bakery("recA", 0);
    disputed.declared = Stated::Is("49".parse().unwrap());
    rialto.record(disputed).await.unwrap();
    let why = refused(order(&rialto, live()).await);
    for reason in ["1 of 2 charges", "0 of 1 hours", "1 conflicts or discrepancies", "nobody is ready to pay"] {
        assert!(why.contains(reason), "{reason}: {why}");
    }
    clock.advance_to(at(2));
    rialto.record(of_bakery("recB", 2)).await.unwrap();
    let listed = rialto.conflicts(10).await.unwrap();
    assert_eq!(
        listed.iter().map(|one| (one.number, one.is_discrepancy, one.is_accepted)).collect::<Vec<_>>(),
        [(0, true, false)]
    );
    order(&rialto, What::Accept(0)).await.unwrap();
    assert!(refused(order(&rialto, What::Accept(0)).await).contains("accepted already"));
    rialto.describe(vec![Row::Payer(Payer { id: bakery, customer: Name::new("cus_1") })]).await.unwrap();
    order(&rialto, live()).await.unwrap();
    assert!(refused(order(&rialto, live()).await).contains("so already"));
    clock.advance_to(at(4));
    // A backlog from before, something new, and somebody else's.
    let stage = async |activity| rialto.record(activity).await.unwrap().charge.map(|charge| charge.stage);
    assert_eq!(stage(of_bakery("recC", 1)).await, Some(Stage::Shadow));
    assert_eq!(stage(of_bakery("recD", 3)).await, Some(Stage::Live));
    assert_eq!(stage(happened(letter("recE", "coffee"), at(3))).await, Some(Stage::Shadow));
    // The kill switch, and going on: what came meanwhile stays shadow.
    order(&rialto, to(Subject::All, Phase::Paused)).await.unwrap();
    assert_eq!(stage(of_bakery("recF", 4)).await, Some(Stage::Shadow));
    order(&rialto, to(Subject::All, Phase::Shadow)).await.unwrap();
    assert_eq!(stage(of_bakery("recG", 4)).await, Some(Stage::Live));
    assert_eq!(sums(&rialto), ["100.00", "200.10", "0.00"]);
    stop_and_verify(rialto, folder.path()).await;
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(sums(&rialto), ["100.00", "200.10", "0.00"]);
    let standing = rialto.operations().await.unwrap().rollout.standing(Subject::Business(bakery)).unwrap();
    assert_eq!(standing.phase, Phase::Live);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn a_runaway_pair_is_held_at_the_limit_and_everybody_else_is_charged_as_usual() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::default());
    let write = |id: String, from: &str, to: &str| {
        let mut message = happened(letter(&id, from), at(0));
        message.receiver = Receiver::new(Some(to), message.citizen, Some("external"), None);
        message
    };
    let mut batch = Vec::new();
    for number in 0..5_000 {
        batch.push(write(format!("recAB{number}"), "Ada", "Bea"));
        batch.push(write(format!("recBA{number}"), "Bea", "Ada"));
    }
    for number in 0..50 {
        batch.push(write(format!("recC{number}"), &format!("other_{}", number % 10), "somebody"));
    }
    for part in batch.chunks(1_000) {
        rialto.record_batch(part.to_vec()).await.unwrap();
    }
    let limit = Limits::default().pair_an_hour;
    let [_, shadow, held] = sums(&rialto);
    // So many back and forth are let pass, and all fifty of the others.
    let passed: rust_decimal::Decimal = shadow.parse().unwrap();
    assert!(passed <= rust_decimal::Decimal::new(i64::from(limit) * 10 + 10 + 500, 2), "{shadow}");
    assert!(rust_decimal::Decimal::new(500, 2) <= passed, "{shadow}");
    let total = passed + held.parse::<rust_decimal::Decimal>().unwrap();
    assert_eq!(total, rust_decimal::Decimal::new(100_500, 2));
    let reasons: Vec<_> = rialto.held(500).await.unwrap().iter().filter_map(|one| one.event.draft.hold).collect();
    assert!(reasons.iter().all(|hold| matches!(hold, Hold::Pair | Hold::Parked)), "{reasons:?}");
    let operations = rialto.operations().await.unwrap();
    assert_eq!(operations.parked.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["Ada", "Bea"]);
    stop_and_verify(rialto, folder.path()).await;
    // Nothing is forgotten, and who is let go goes on.
    let rialto = start(folder.path(), &clock, Limits::default());
    assert_eq!(sums(&rialto), ["0.00".to_owned(), shadow.clone(), held]);
    clock.advance_to(at(2));
    let late = happened(letter("recLate", "Ada"), at(2));
    rialto.record(late).await.unwrap();
    assert_eq!(sums(&rialto)[1], shadow);
    for name in ["Ada", "Bea"] {
        order(&rialto, What::ReleaseAll(Name::new(name).unwrap())).await.unwrap();
    }
    assert_eq!(sums(&rialto)[1..], ["1005.10".to_owned(), "0.00".to_owned()]);
    assert!(refused(order(&rialto, What::ReleaseAll(Name::new("Ada").unwrap())).await).contains("nothing is held"));
    assert!(matches!(
        order(&rialto, What::Release(TransactionId(1))).await,
        Err(OrderError::Refused(Refused::NotHeld(_)))
    ));
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn the_very_first_charge_of_somebody_is_held_where_it_is_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let limits = Limits {
        citizen: Limit { amount_a_day: Money::from_millionths(100_000_000), ..Limits::OFF.citizen },
        ..Limits::OFF
    };
    let rialto = start(folder.path(), &clock, limits);
    rialto.record(happened(service("recA", "Nobody_Knew_Her", 180), at(0))).await.unwrap();
    assert_eq!(sums(&rialto), ["0.00", "0.00", "150.00"]);
    assert_eq!(rialto.held(1).await.unwrap()[0].event.draft.hold, Some(Hold::Amount));
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn whoever_was_parked_and_let_go_is_so_also_under_other_limits() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let strict = Limits { citizen: Limit { charges_an_hour: 1, ..Limits::OFF.citizen }, park_after: 1, ..Limits::OFF };
    let rialto = start(folder.path(), &clock, strict);
    for id in ["recA", "recB"] {
        rialto.record(happened(letter(id, "Ada"), at(0))).await.unwrap();
    }
    let ada = Name::new("Ada").unwrap();
    // The charge is let go by itself, and then who made it, of whom nothing is held any more.
    order(&rialto, What::Release(TransactionId(2))).await.unwrap();
    order(&rialto, What::ReleaseAll(ada)).await.unwrap();
    stop_and_verify(rialto, folder.path()).await;
    std::fs::remove_dir_all(folder.path().join("images")).unwrap();
    std::fs::create_dir(folder.path().join("images")).unwrap();
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(sums(&rialto), ["0.00", "0.20", "0.00"]);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn what_comes_late_for_a_month_that_is_closed_is_booked_into_the_open_one() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    rialto.record(happened(letter("recA", "Lucid"), Moment(NOON.0 - 10 * DAY))).await.unwrap();
    let open = Day::after_month("2026-10").unwrap();
    order(&rialto, What::Close(open)).await.unwrap();
    assert!(refused(order(&rialto, What::Close(open)).await).contains("closed already"));
    rialto.record(happened(letter("recB", "Lucid"), Moment(NOON.0 - 10 * DAY))).await.unwrap();
    let month = |rialto: &Rialto| both(rialto.dashboard(Currency::EUR).periods[2]).to_string();
    assert_eq!(month(&rialto), "0.10");
    let fate = rialto.fate(Feed::Message, "recB").await.unwrap().expect("it is known");
    assert_eq!(fate.event.occurred_at, Moment(NOON.0 - 10 * DAY));
    stop_and_verify(rialto, folder.path()).await;
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(month(&rialto), "0.10");
    stop_and_verify(rialto, folder.path()).await;
}
