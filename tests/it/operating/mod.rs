//! What operators decide: prices, phases, what is held, what is taken back; and that a restart forgets none of it.

mod corrections;
mod counting;
mod debts;
mod guarding;
mod metering;
mod owing;
mod rollout;
mod sameness;
mod stories;
mod tariffs;

use std::path::Path;
use std::sync::Arc;

use rialto::actors::gate::Gate;
use rialto::clock::Clock;
use rialto::domain::activity::{Activity, Occurred};
use rialto::domain::ids::TransactionId;
use rialto::domain::money::Currency;
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, What};
use rialto::domain::rollout::{Move, Phase, Subject};
use rialto::domain::time::Moment;
use rialto::folder::DataFolder;
use rialto::ledger::guards::Limits;
use rialto::ledger::totals::both;
use rialto::wiring::verify::verify;
use rialto::wiring::{OrderError, Rialto, Settings};

use super::support::{pays, service};

const HOUR: i64 = 3_600_000_000;
/// 2026-11-02T12:00:00Z, a Monday.
const NOON: Moment = Moment(1_793_620_800_000_000);

fn at(hours: i64) -> Moment {
    Moment(NOON.0 + hours * HOUR)
}

fn start(folder: &Path, clock: &Clock, limits: Limits) -> Rialto {
    start_with(folder, clock, limits, Gate { events: 1, hours: 0 })
}

fn start_with(folder: &Path, clock: &Clock, limits: Limits, gate: Gate) -> Rialto {
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

async fn take_back(rialto: &Rialto, transaction: TransactionId) {
    order(rialto, rialto.reversal(transaction).await.unwrap().unwrap()).await.unwrap();
}

fn tariff(text: &str) -> What {
    let checked = rialto::tariffs::read(text, chrono_tz::UTC);
    What::Tariff(Arc::new(checked.tariff.unwrap_or_else(|| panic!("{text}\n{:?}", checked.faults))))
}

/// A tariff of rules, each by its name and the rest of it.
fn rules(version: u16, effective: &str, rules: &[(&str, &str)]) -> What {
    let mut text = format!("version = {version}\neffective = {effective}\ncurrency = \"EUR\"\n");
    for (name, rule) in rules {
        text += &format!("[[rule]]\nname = \"{name}\"\n{rule}\n");
    }
    tariff(&text)
}

fn to(subject: Subject, phase: Phase) -> What {
    What::Move(Move { subject, to: Some(phase) })
}

async fn payer(rialto: &Rialto, id: &str) {
    pays(rialto, id).await;
}

/// An hour of service at the bakery.
fn at_bakery(id: &str, hours: i64) -> Activity {
    let mut activity = happened(service(id, "Lucid", 60), at(hours));
    activity.business = Name::new("bakery");
    activity
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
