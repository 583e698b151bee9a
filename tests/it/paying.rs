//! Who pays, and on what terms: as an operator says it, and as it is kept.

use serde_json::{Value, json};

use super::doors::request;
use super::house::House;

#[test]
fn a_payer_keeps_his_terms_and_what_is_said_later_changes_that_alone() {
    let house = House::open();
    house.done(&["payer", "add", "Ada", "--customer", "cus_1", "--days", "14", "--minimum", "25", "--by", "Bepi"]);
    house.done(&["payer", "add", "Ada", "--tax", "txr_1,txr_2", "--why", "she is in Italy"]);
    house.done(&["payer", "add", "bakery", "--collection", "charge", "--tax", "automatic", "--currency", "usd"]);
    let ada = json!({
        "id": "Ada", "customer": "cus_1", "currency": "EUR", "collection": "send_invoice", "days": 14,
        "minimum": "25.00", "tax": ["txr_1", "txr_2"],
    });
    let bakery = json!({
        "id": "bakery", "customer": null, "currency": "USD", "collection": "charge_automatically", "days": null,
        "minimum": null, "tax": "automatic",
    });
    let payers = |house: &House| house.run(&["payer", "list", "--json"]).json()["payers"].clone();
    assert_eq!(payers(&house), json!([ada, bakery]));
    assert_eq!(house.get("/v1/entities/Ada")["payer"], ada);
    let orders = house.get("/v1/orders")["orders"].clone();
    let signed: Vec<[&Value; 3]> =
        orders.as_array().unwrap().iter().map(|order| [&order["by"], &order["why"], &order["about"]["id"]]).collect();
    assert_eq!(signed[1][1..], ["she is in Italy", "Ada"]);
    assert_eq!(signed[2][..], ["Bepi", "", "Ada"]);
    let house = house.restarted();
    assert_eq!(payers(&house), json!([ada, bakery]));
    let back = house.run(&["payer", "add", "bakery", "--collection", "send", "--json"]).json()["payers"][1].clone();
    assert_eq!(
        [&back["collection"], &back["days"], &back["tax"]],
        [&json!("send_invoice"), &json!(30), &json!("automatic")]
    );
}

#[test]
fn who_is_taken_off_the_list_is_on_it_no_more_and_only_once() {
    let house = House::open();
    house.done(&["payer", "add", "Ada"]);
    assert_eq!(house.done(&["payer", "remove", "Ada"]), "no payers\n");
    assert_eq!(house.sidecar.get("/v1/entities/Ada").0, 404);
    let refused = house.run(&["payer", "remove", "Ada"]);
    assert!(refused.code == Some(1) && refused.err.contains("Ada is not on the list of those who pay"), "{refused:?}");
    let refused = house.run(&["payer", "remove", "Bepi"]);
    assert!(refused.code == Some(1) && refused.err.contains("Bepi"), "{refused:?}");
}

#[test]
fn terms_that_make_no_sense_are_refused() {
    let house = House::open();
    for (arguments, says) in [
        (&["--days", "0"][..], "1..=365"),
        (&["--days", "366"], "1..=365"),
        (&["--minimum=-1"], "an amount is nothing or more, such as 10.00"),
        (&["--currency", "ABC"], "an ISO 4217 code"),
        (&["--customer", "../cus"], "such as cus_"),
        (&["--customer", "foo"], "such as cus_"),
        (&["--customer", "cus_"], "such as cus_"),
        (&["--tax", "foo"], "none, automatic, or tax rates of the account such as txr_"),
        (&["--tax", "txr_"], "such as txr_"),
        (&["--tax", "txr_1,txr 2"], "such as txr_"),
    ] {
        let refused = house.run(&[&["payer", "add", "Ada"], arguments].concat());
        assert!(refused.code == Some(2) && refused.err.contains(says), "{arguments:?}: {refused:?}");
    }
    let charged = house.run(&["payer", "add", "Ada", "--collection", "charge", "--days", "3"]);
    assert_eq!(charged.code, Some(1), "{charged:?}");
    assert!(charged.err.contains("no `days` to pay in; `rialto payer add --help`"), "{charged:?}");
    // Whoever asks over HTTP is told the same.
    let admin = std::fs::read_to_string(house.folder.path().join("admin.token")).unwrap();
    for (terms, says) in [
        (json!({ "days": 0 }), "within 1 to 365 days"),
        (json!({ "minimum": "-1" }), "a minimum is not below nothing"),
        (json!({ "customer": "foo" }), "such as cus_"),
        (json!({ "tax": "foo" }), "none, automatic or a list of tax rates"),
        (json!({ "tax": ["foo"] }), "such as txr_"),
        (json!({ "tax": ["txr_"] }), "such as txr_"),
    ] {
        let mut body = json!({ "id": "Ada" });
        body.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        let header = format!("Authorization: Bearer {}", admin.trim());
        let asked = request("POST /v1/payers", &[&header], &body.to_string());
        let answer = house.sidecar.raw(asked.as_bytes());
        assert!(answer.status == 400 && answer.body.contains(says), "{terms}: {answer:?}");
    }
    assert_eq!(house.done(&["payer", "list"]), "no payers\n");
}

#[test]
fn the_plan_shows_what_is_due_to_the_cent_and_why_the_rest_waits() {
    let house = House::with(&[("RIALTO_GATE_EVENTS", "0"), ("RIALTO_GATE_HOURS", "0"), ("RIALTO_BILL_MINIMUM", "20")]);
    assert_eq!(house.done(&["bill", "plan"]), "nothing is owed\n");
    house.done(&["payer", "add", "Ada", "--customer", "cus_1"]);
    house.done(&["payer", "add", "Bepi", "--customer", "cus_2"]);
    house.done(&["rollout", "live", "--all"]);
    for (id, citizen, minutes) in [("rec1", "Ada", 25), ("rec2", "Ada", 50), ("rec3", "Bepi", 20), ("rec4", "Zane", 60)]
    {
        let service = json!({ "id": id, "Type": "paid_service", "Citizen": citizen, "duration_minutes": minutes });
        assert_eq!(house.take(&service)["stage"], "live", "{service}");
    }
    let plan = house.done(&["bill", "plan", "--payer", "Ada"]);
    let today = house.get("/v1/bills/plan")["today"].as_str().unwrap().to_owned();
    for part in [
        "Ada  62.50 EUR  1.19 (1.9 %)  1  tx_1 to tx_2  30 days",
        &format!("{today}  Ada  paid_service  2  62.50  62.50"),
        "EUR: 62.50 owed; 62.50 due, 0.00 waits\n",
        "61.31 collectable: 62.50 due and 0.00 invoiced, less some 1.19 for Stripe; 0.00 collected",
    ] {
        let squeezed: String = plan.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(&part.replace("  ", " ")), "{part}\n{plan}");
    }
    let plan = house.done(&["bill", "plan"]);
    assert!(plan.contains("it is less than 20.00 EUR; after 35 days it is invoiced all the same"), "{plan}");
    assert!(plan.contains("EUR: 79.166667 owed") && plan.contains("; 50.00 has no payer\n"), "{plan}");
    let json = house.run(&["bill", "plan", "--lines", "--json"]).json();
    assert_eq!(
        [&json["invoices"][0]["lines"][0]["transactions"], &json["waiting"][0]["why"]],
        [&json!(2), &json!("below_minimum")]
    );
    let refused = house.run(&["bill", "plan", "--payer", "nobody at all"]);
    assert!(refused.code == Some(1) && refused.err.contains("nobody at all"), "{refused:?}");
}
