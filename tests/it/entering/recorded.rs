//! Every order leaves who, when, what and why in the journal: also those that change nothing in the book.

use std::time::Instant;

use serde_json::{Value, json};

use super::{admin, bearer, token};
use crate::doors::request;
use crate::house::House;
use crate::sidecar::{PATIENCE, path, run};

/// What is on record, the oldest first, as who, what and why.
fn orders(house: &House) -> Vec<(String, String, Value, String)> {
    let told = house.get("/v1/orders?limit=500");
    let text = |order: &Value, key: &str| order[key].as_str().unwrap().to_owned();
    let orders = told["orders"].as_array().unwrap().iter().rev();
    orders
        .map(|order| {
            assert!(order["at"].is_string(), "{order}");
            (text(order, "by"), text(order, "what"), order["about"].clone(), text(order, "why"))
        })
        .collect()
}

fn order(by: &str, what: &str, about: Value, why: &str) -> (String, String, Value, String) {
    (by.to_owned(), what.to_owned(), about, why.to_owned())
}

/// Waits until so many orders are on record.
fn until(house: &House, count: usize) -> Vec<(String, String, Value, String)> {
    let begun = Instant::now();
    loop {
        let orders = orders(house);
        if count <= orders.len() {
            assert_eq!(orders.len(), count, "{orders:?}");
            return orders;
        }
        assert!(begun.elapsed() < PATIENCE, "{count} orders are never on record: {orders:?}");
    }
}

#[test]
fn whoever_gets_a_token_or_loses_one_is_on_record_whether_the_sidecar_runs_or_not() {
    let folder = tempfile::tempdir().unwrap();
    token(folder.path(), "engine", "ingest", &["--by", "ada", "--why", "a new engine"]);
    let house = House::at(folder, &[]);
    let mut expected = vec![order("ada", "token", json!({ "token": "engine", "allows": "ingest" }), "a new engine")];
    assert_eq!(until(&house, 1), expected);
    // Beside the running sidecar.
    token(house.folder.path(), "board", "read", &["--by", "bea"]);
    expected.push(order("bea", "token", json!({ "token": "board", "allows": "read" }), ""));
    assert_eq!(until(&house, 2), expected);
    let data = path(house.folder.path()).to_owned();
    let removed = run(&["token", "--data", &data, "remove", "engine", "--by", "ada", "--why", "it was lost"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    expected.push(order("ada", "token", json!({ "token": "engine", "removed": true }), "it was lost"));
    assert_eq!(until(&house, 3), expected);
    // By hand, which says nothing of who it was; and while nobody looks.
    let House { folder, sidecar } = house;
    sidecar.stop();
    let file = folder.path().join("tokens.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"read\"", "\"admin\"").replace("by = \"bea\"", "")).unwrap();
    let house = House::at(folder, &[]);
    expected.push(order("whoever wrote tokens.toml", "token", json!({ "token": "board", "allows": "admin" }), ""));
    assert_eq!(until(&house, 4), expected);
    let house = house.restarted();
    assert_eq!(house.done(&["orders"]).lines().filter(|line| line.contains("token ")).count(), 4);
    assert_eq!(orders(&house), expected, "nothing is on record twice");
}

#[test]
fn each_thing_that_an_operator_does_is_on_record_with_who_and_why_and_by_which_token() {
    let folder = tempfile::tempdir().unwrap();
    let ops = token(folder.path(), "ops", "admin", &["--by", "ada"]);
    let environment = [("RIALTO_STRIPE_MODE", "sandbox"), ("RIALTO_STRIPE_URL", "http://127.0.0.1:9")];
    let house = House::at(folder, &environment);
    let mut expected = until(&house, 1);
    let admin = admin(house.folder.path());
    let api = house.get("/openapi.json");
    // Whoever adds an operation that is an operator's says here what it leaves on record.
    let signed = |mut about: Value| {
        (about["by"], about["why"]) = ("bea".into(), "tried".into());
        about.to_string()
    };
    let operations = [
        ("POST /v1/admin/snapshot", json!({}), "snapshot", json!({})),
        ("POST /v1/bills/run", json!({}), "run", json!({})),
        ("POST /v1/bills/reconcile", json!({}), "reconcile", json!({})),
        ("POST /v1/payers", json!({ "id": "cleo" }), "payer", Value::Null),
        ("POST /v1/payers/remove", json!({ "id": "cleo" }), "payer", json!({ "id": "cleo", "removed": true })),
        (
            "POST /v1/rollout",
            json!({ "to": "paused", "all": true }),
            "rollout",
            json!({ "kind": "all", "to": "paused" }),
        ),
        ("POST /v1/periods/close", json!({ "month": "2026-01" }), "close", json!({ "open_from": "2026-02-01" })),
    ];
    for (token, by) in [(&admin, "bea"), (&ops, "bea, by token ops")] {
        for (asked, body, what, about) in &operations {
            let is_once = *asked == "POST /v1/periods/close" || *asked == "POST /v1/rollout";
            if is_once && token == &ops {
                continue;
            }
            let body = signed(body.clone());
            let answer = house.sidecar.raw(request(asked, &[&bearer(token)], &body).as_bytes());
            assert!(matches!(answer.status, 200 | 202 | 409 | 503), "{asked}: {answer:?}");
            let orders = until(&house, expected.len() + 1);
            let last = orders.last().unwrap().clone();
            assert_eq!((last.0.as_str(), last.1.as_str(), last.3.as_str()), (by, *what, "tried"), "{asked}");
            assert!(about.is_null() || last.2 == *about, "{asked}: {last:?}");
            expected = orders;
        }
    }
    // Whoever has the admin's own token does not pass for somebody who has another one.
    let eve = json!({ "by": "eve, by token ops" }).to_string();
    house.sidecar.raw(request("POST /v1/admin/snapshot", &[&bearer(&admin)], &eve).as_bytes());
    expected = until(&house, expected.len() + 1);
    assert_eq!(expected.last().unwrap().0, "eve (by token) ops");
    // Nobody else can leave anything there.
    let without: Vec<&str> = operations.iter().map(|(asked, ..)| *asked).collect();
    for asked in without {
        assert_eq!(house.sidecar.raw(request(asked, &[], "{}").as_bytes()).status, 401, "{asked}");
    }
    assert_eq!(orders(&house), expected);
    // All that is the operator's, by the description, is known here; what orders of the book itself leave, `operating/`
    // tries.
    let elsewhere = [
        // Of nobody anything is kept here; `erasing.rs` tries it.
        "POST /v1/admin/erase",
        // It is looked at, and nothing is done.
        "GET /v1/admin/people/{id}",
        "PUT /v1/tariff",
        "POST /v1/guards/release",
        "POST /v1/conflicts/accept",
        "POST /v1/transactions/{id}/reverse",
        "POST /v1/bills/{id}/cancel",
        "POST /v1/bills/{id}/again",
    ];
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            let asked = format!("{} {path}", method.to_uppercase());
            let is_operators = operation["security"] == json!([{ "bearer": [] }]);
            let is_known = operations.iter().any(|(known, ..)| *known == asked) || elsewhere.contains(&asked.as_str());
            assert!(!is_operators || is_known, "{asked} is an operator's: what does it leave on record?");
        }
    }
}
