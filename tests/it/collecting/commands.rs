//! The commands about bills and payers: what they take, what they wait for, and how they say what went wrong.

use std::time::Duration;

use serde_json::json;

use super::whole::{Bank, earn, live, until};
use crate::doors::request;
use crate::sidecar::run;

#[test]
fn whatever_an_id_holds_commands_and_paths_mean_it() {
    let bank = Bank::open();
    let house = live(&bank);
    let customer = bank.customer("anna%40example.com");
    for id in ["client_1", "a-b", "building_45.44_12.33", "a/b", "È %20?"] {
        house.done(&["payer", "add", id, "--customer", &customer]);
        assert_eq!(house.done(&["payer", "check", id]), format!("{id} can be billed\n"));
    }
    earn(&house);
    house.done(&["bill", "run"]);
    assert_eq!(house.get("/v1/bills/bill%5F1")["bill"], "bill_1");
    assert_eq!(house.get("/v1/bills")["mode"], "sandbox");
    assert_eq!(house.get("/v1/transactions/tx%5F1")["id"], "tx_1");
}

#[test]
fn what_is_no_bill_is_refused_before_anybody_is_asked_and_what_is_not_known_says_where_to_look() {
    for arguments in [
        &["bill", "show", "a b"][..],
        &["bill", "show", "bill_9?x"],
        &["bill", "show", "bill_01"],
        &["bill", "list", "--before", "bill_9&limit=1"],
        &["bill", "cancel", ""],
        &["bill", "again", "9"],
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains("a bill is written bill_42"), "{arguments:?}: {ran:?}");
    }
    let ran = run(&["reverse", "42/x"]);
    assert!(ran.code == Some(2) && ran.err.contains("a transaction looks like tx_42"), "{ran:?}");

    let bank = Bank::open();
    let house = live(&bank);
    for (arguments, part) in [
        (&["bill", "show", "bill_9"][..], "`rialto bill list` lists them"),
        (&["bill", "cancel", "bill_9"], "there is no bill_9"),
        (&["payer", "check", "nobody"], "`rialto payer list` shows who is on the list"),
        (&["guard", "release", "nobody"], "`rialto guard list` shows what is held"),
        (&["reverse", "tx_99"], "a transaction is written tx_42"),
    ] {
        let ran = house.run(arguments);
        assert!(ran.code == Some(1) && ran.err.contains(part), "{arguments:?}: {ran:?}");
        assert!(!ran.err.contains("has another id or feed"), "{arguments:?}: {ran:?}");
    }
    let why = house.sidecar.get("/v1/activities/nobody").1;
    assert!(why["error"]["help"].as_str().unwrap().contains("has another id or feed"), "{why}");
    assert_eq!(house.sidecar.get("/v1/bills/9").1["error"]["message"], json!("bill \"9\" is not known"));
}

#[test]
fn what_does_not_go_out_is_named_with_the_reason_and_the_way_on_however_it_was_drawn() {
    let bank = Bank::open();
    let house = live(&bank);
    let nobody = bank.post("/v1/customers", "name=Bea")["id"].as_str().unwrap().to_owned();
    house.done(&["payer", "add", "Bea", "--customer", &nobody]);
    earn(&house);
    house.take(&json!({ "id": "recB", "type": "paid_service", "citizen": "Lucid", "duration_minutes": 60,
        "client": "Bea", "business": "bottega" }));
    let ran = house.run(&["bill", "run"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    for part in [
        "2 drawn: 1 out, 1 not;",
        " to Bea: send failed: invalid_request_error (Stripe gives no code; most often the customer has no e-mail",
        "; it is tried again at 20",
        "`rialto payer check Bea` says what Stripe lacks",
        "(`rialto payer add Bea`)",
        "after `rialto bill cancel bill_",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    // Nothing is drawn now, and whoever asks is told all the same.
    let again = house.run(&["bill", "run"]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.out.starts_with("nothing new is due; 1 under way before: 0 out, 1 not;"), "{again:?}");
    let told = house.run(&["bill", "run", "--json"]);
    let bill = told.json()["failed"][0]["bill"].as_str().unwrap().to_owned();
    assert_eq!((told.code, &told.json()["under_way"]), (Some(1), &json!([bill])), "{told:?}");
    assert!(house.done(&["bill", "show", &bill]).contains("send failed: invalid_request_error"));
    // Many rounds went by, and each said the same.
    let log = house.sidecar.log();
    let warned: Vec<&str> = log.lines().filter(|line| line.contains("WARN a bill does not go on")).collect();
    assert!(matches!(warned[..], [one] if one.contains("send failed") && one.contains("Bea")), "{warned:?}");

    bank.post(&format!("/v1/customers/{nobody}"), "email=bea%40example.com");
    house.done(&["bill", "cancel", &bill]);
    house.done(&["bill", "run"]);
    let plan = house.done(&["bill", "plan"]);
    assert!(plan.contains("50.00 is on bills that came to nothing") && plan.contains("`rialto bill again`"), "{plan}");
    let again = house.done(&["bill", "again", &bill]);
    assert!(again.contains("\nbill_3 takes its place\n"), "{again}");
    assert!(house.done(&["bill", "show", "bill_3"]).contains(&format!("\nit takes the place of {bill}\n")));
    let orders = house.done(&["orders"]);
    for part in [format!("call {bill} off"), format!("bill again what is on {bill}")] {
        assert!(orders.contains(&part), "{part}: {orders}");
    }
    let out = house.run(&["bill", "run"]);
    assert_eq!(out.code, Some(0), "{out:?}");
    assert_eq!(house.get("/v1/bills/bill_3")["status"], "open");
    assert_eq!(house.get("/v1/bills/plan")["totals"][0]["withdrawn"], "0.00");
}

#[test]
fn a_check_asks_for_the_tax_rates_too_and_knows_in_which_currency_is_charged() {
    let bank = Bank::open();
    let house = live(&bank);
    let rate = bank.post("/v1/tax_rates", "display_name=IVA&percentage=22&inclusive=false")["id"].clone();
    house.done(&["payer", "add", "Ada", "--tax", rate.as_str().unwrap()]);
    assert_eq!(house.done(&["payer", "check", "Ada"]), "Ada can be billed\n");
    house.done(&["payer", "add", "Ada", "--tax", "txr_nonsense", "--currency", "usd"]);
    let check = house.run(&["payer", "check", "Ada"]);
    assert_eq!(check.code, Some(1), "{check:?}");
    assert!(check.out.contains("Ada: there is no tax rate txr_nonsense"), "{check:?}");
    assert!(check.out.contains("Ada: he pays in USD, and the tariff charges in EUR"), "{check:?}");
}

#[test]
fn a_payment_that_comes_while_both_sides_are_compared_is_no_difference() {
    let bank = Bank::slow(Duration::from_millis(200));
    let house = live(&bank);
    earn(&house);
    house.done(&["bill", "run"]);
    let invoice = house.get("/v1/bills/bill_1")["invoice"].as_str().unwrap().to_owned();
    let admin = std::fs::read_to_string(house.folder.path().join("admin.token")).unwrap();
    let header = format!("Authorization: Bearer {}", admin.trim());
    let begun = house.sidecar.raw(request("POST /v1/bills/reconcile", &[&header], "{}").as_bytes());
    assert_eq!(begun.json()["state"], "running", "{begun:?}");
    let at = bank.running().now();
    bank.running().with(|sandbox| sandbox.pay(&invoice, at)).unwrap();
    bank.tell(&house, "whsec_sandbox");
    until("both sides are compared", || house.get("/v1/bills/reconcile")["state"] != "running");
    let found = house.get("/v1/bills/reconcile");
    assert_eq!((&found["clean"], &found["bills"]), (&json!(true), &json!(1)), "{found}");
    assert_eq!(house.get("/v1/bills/bill_1")["status"], "paid");

    // What nobody told of differs, and stays a difference.
    let bank = Bank::open();
    let house = live(&bank);
    earn(&house);
    house.done(&["bill", "run"]);
    let invoice = house.get("/v1/bills/bill_1")["invoice"].as_str().unwrap().to_owned();
    let at = bank.running().now();
    bank.running().with(|sandbox| sandbox.pay(&invoice, at)).unwrap();
    let differs = house.run(&["bill", "reconcile"]);
    assert!(differs.code == Some(1) && differs.out.contains("paid"), "{differs:?}");
}

#[test]
fn what_cannot_be_compared_or_billed_is_told_as_json_where_that_is_asked_for() {
    let bank = Bank::open();
    let house = live(&bank);
    drop(bank);
    for arguments in [["bill", "reconcile", "--json"], ["bill", "run", "--json"]] {
        let ran = house.run(&arguments);
        assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{arguments:?}: {ran:?}");
        assert!(ran.json()["error"]["message"].as_str().is_some_and(|told| told.contains("Stripe")), "{ran:?}");
    }
}

#[test]
fn a_charge_tells_on_which_bill_it_is_and_how_that_stands() {
    let bank = Bank::open();
    let house = live(&bank);
    earn(&house);
    let of = |id: &str| {
        let told = house.get(&format!("/v1/transactions/{id}"));
        ["bill", "bill_status"].map(|key| told.get(key).cloned().unwrap_or_default())
    };
    assert_eq!(of("tx_1"), [json!(null), json!(null)]);
    assert!(house.done(&["why", "recS1"]).contains("stage live: collectable\n"));
    house.done(&["bill", "run"]);
    assert_eq!(of("tx_1"), [json!("bill_1"), json!("open")]);
    let why = house.done(&["why", "recS1"]);
    assert!(why.contains("stage live: on bill_1, which is open\n"), "{why}");
    assert!(why.contains("tx_39 charge 41.666667 EUR, on bill_1 (open)"), "{why}");
    let listed = house.get("/v1/transactions?limit=500");
    assert!(listed["transactions"].as_array().unwrap().iter().all(|one| one["bill"] == "bill_1"), "{listed}");

    house.done(&["bill", "cancel", "bill_1"]);
    until("it is void", || of("tx_1")[1] == "void");
    assert!(house.done(&["why", "recS1"]).contains("stage live: it was on bill_1, which came to nothing\n"));
    house.done(&["bill", "again", "bill_1"]);
    house.done(&["bill", "run"]);
    let invoice = house.get("/v1/bills/bill_2")["invoice"].as_str().unwrap().to_owned();
    let at = bank.running().now();
    bank.running().with(|sandbox| sandbox.pay(&invoice, at)).unwrap();
    bank.tell(&house, "whsec_sandbox");
    until("it is paid", || of("tx_1") == [json!("bill_2"), json!("paid")]);
    assert!(house.done(&["why", "recS1"]).contains("stage live: on bill_2, which is paid\n"));
}
