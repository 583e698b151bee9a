//! The demo as a newcomer has it: without an account, and without a word from him, an invoice is paid.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::sidecar::{Ran, Sidecar, ran, rialto, verify};

/// A demo in the folder `home`, with a day in every so many seconds.
fn demo(home: &Path, day_seconds: &str) -> std::process::Command {
    let mut command = rialto(&["serve", "--demo", "--listen", "127.0.0.1:0", "--day-seconds", day_seconds]);
    command.current_dir(home);
    command
}

/// Waits until there is such a thing.
fn until<T>(what: &str, find: impl Fn() -> Option<T>) -> T {
    for _ in 0..1200 {
        if let Some(found) = find() {
            return found;
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
    panic!("never: {what}");
}

#[test]
fn a_newcomer_without_an_account_sees_an_invoice_paid_and_the_same_on_both_sides() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("snapshots/demo");
    let mut command = demo(home.path(), "10");
    command.env("RIALTO_LOG", "info,rialto::http::webhooks=debug");
    let sidecar = Sidecar::start(command);
    let token = std::fs::read_to_string(folder.join("admin.token")).unwrap();
    let operator = |arguments: &[&str]| -> Ran {
        let mut command = rialto(arguments);
        command.env("RIALTO_URL", sidecar.url()).env("RIALTO_TOKEN", token.trim());
        ran(command)
    };

    let paid = until("a bill is paid", || {
        let bills = sidecar.get("/v1/bills").1["bills"].as_array()?.clone();
        bills.into_iter().find(|bill| bill["status"] == "paid")
    });
    assert_eq!(paid["collected"], paid["amount"], "{paid}");
    let board = sidecar.get("/api/revenue/dashboard").1;
    assert_ne!(board["collected"]["all_time"], "0.00", "{board}");
    assert_ne!(board["shadow"]["all_time"], "0.00", "{board}");
    // Another bill may be on its way just now.
    let clean = until("both sides are the same", || {
        Some(operator(&["bill", "reconcile"])).filter(|reconciled| reconciled.code == Some(0))
    });
    assert!(clean.out.contains("the same to the cent"), "{clean:?}");

    let log = sidecar.log();
    let (_, stand_in) = log.split_once("what stands in for Stripe, ").unwrap_or_else(|| panic!("{log}"));
    let bank: Value = {
        let url = stand_in.lines().next().unwrap();
        serde_json::from_str(&ureq::get(url).call().unwrap().into_body().read_to_string().unwrap()).unwrap()
    };
    assert_ne!(bank["totals"]["eur"]["collected"], json!(0), "{bank}");
    // However fast its clock runs, what it is told is believed.
    assert!(log.contains("taken") && !log.contains("refused"), "{log}");
    assert_eq!(sidecar.get("/v1/guards").1["held"], json!(0), "all clients of the city are listed");
    let orders = operator(&["orders"]).out;
    assert!(orders.contains("demo") && orders.contains("live"), "{orders}");
    sidecar.stop();
    verify(&folder);
}

#[test]
fn who_says_where_a_demo_collects_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let mut command = demo(home.path(), "1");
    command.args(["--days", "4"]).env("RIALTO_STRIPE_MODE", "off");
    let (status, log) = Sidecar::start(command).ended();
    assert!(status.success() && !log.contains("Stripe") && !log.contains("is live"), "{status}: {log}");
    let charged = &verify(&home.path().join("snapshots/demo"))["charged"];
    assert_eq!((charged.as_array().unwrap().len(), &charged[0]["live"]), (1, &json!("0.00")), "{charged}");
}

#[test]
fn a_demo_with_real_money_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let mut command = demo(home.path(), "1");
    command.env("RIALTO_STRIPE_MODE", "live").env("STRIPE_SECRET_KEY", "sk_live_x");
    let ran = crate::sidecar::ran(command);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("real money") && !home.path().join("snapshots").exists(), "{}", ran.err);
}

#[test]
fn a_city_that_is_silenced_hands_nothing_in_and_everything_else_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::start(demo(home.path(), "5"));
    let told = || {
        let dashboard = sidecar.get("/api/revenue/dashboard").1;
        let hour = dashboard["as_of"].as_str().expect("when it was asked")[..13].to_owned();
        let page = sidecar.get("/metrics").1;
        let events =
            page.as_str().expect("a page").lines().filter(|line| line.starts_with("rialto_door_events_total{"));
        (
            hour,
            events
                .map(|line| line.rsplit(' ').next().expect("a number").parse::<u64>().expect("a number"))
                .sum::<u64>(),
        )
    };
    until("something is handed in", || (0 < told().1).then_some(()));
    sidecar.signal("USR1");
    until("the city is silent", || sidecar.log().contains("silent").then_some(()));
    let (hour, events) = told();
    // In an hour a city that lives does dozens of things.
    let later = until("its time goes on", || Some(told()).filter(|told| told.0 != hour));
    assert_eq!(later.1, events);
    sidecar.stop();
    verify(&home.path().join("snapshots/demo"));
}
