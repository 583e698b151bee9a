//! What the sidecar says of itself: the description of its API.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::sidecar::{JSON, Sidecar};

#[test]
fn the_description_of_the_api_lists_exactly_what_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    let admin = std::fs::read_to_string(folder.path().join("admin.token")).unwrap();
    let (status, api) = sidecar.get("/openapi.json");
    assert_eq!((status, api["openapi"].as_str()), (200, Some("3.1.0")));
    assert_eq!(api["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut listed = BTreeSet::new();
    for (path, item) in api["paths"].as_object().expect("paths") {
        for method in ["get", "post", "put", "patch", "delete", "head"] {
            let there = path.replace("{id}", "tx_1");
            let asked = format!(
                "{} {there} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Length: 0\r\n\r\n",
                method.to_uppercase(),
                admin.trim()
            );
            let answer = sidecar.raw_head(asked.as_bytes());
            let is_listed = item.get(method).is_some();
            assert_eq!(answer.status != 405, is_listed, "{method} {path}: {answer:?}");
            if is_listed {
                let known = &item[method]["responses"][answer.status.to_string()];
                assert!(known.is_object(), "{method} {path} answers {}, which is not described", answer.status);
                listed.insert(format!("{method} {path}"));
            }
        }
    }
    // Whoever adds a route adds it here and there.
    let routes = [
        "get /",
        "get /api/revenue/dashboard",
        "get /healthz",
        "get /metrics",
        "get /openapi.json",
        "get /page.css",
        "get /page/live",
        "get /page/why",
        "get /page.js",
        "get /readyz",
        "get /v1/activities/{id}",
        "get /v1/admin/people/{id}",
        "get /v1/bills",
        "get /v1/bills/plan",
        "get /v1/bills/reconcile",
        "get /v1/bills/{id}",
        "get /v1/conflicts",
        "get /v1/entities/{id}",
        "get /v1/guards",
        "get /v1/messages/{id}",
        "get /v1/orders",
        "get /v1/payers",
        "get /v1/payers/{id}/check",
        "get /v1/rollout",
        "get /v1/tariff",
        "get /v1/transactions",
        "get /v1/transactions/{id}",
        "get /v1/undecided",
        "post /v1/activities",
        "post /v1/admin/erase",
        "post /v1/admin/snapshot",
        "post /v1/bills/reconcile",
        "post /v1/bills/run",
        "post /v1/bills/{id}/again",
        "post /v1/bills/{id}/cancel",
        "post /v1/buildings",
        "post /v1/citizens",
        "post /v1/conflicts/accept",
        "post /v1/guards/release",
        "post /v1/messages",
        "post /v1/payers",
        "post /v1/payers/remove",
        "post /v1/periods/close",
        "post /v1/proposals",
        "post /v1/rollout",
        "post /v1/transactions/{id}/reverse",
        "post /webhooks/stripe",
        "put /v1/tariff",
    ];
    assert_eq!(listed, routes.map(str::to_owned).into());
    let text = api.to_string();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap_or_default();
        assert!(api.pointer(pointer).is_some(), "{pointer} is nowhere");
    }
}

#[test]
fn an_answer_has_the_keys_that_the_description_gives_it() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    let hour =
        |minutes: u32| json!({ "id": "rec1", "Type": "paid_service", "Citizen": "a", "duration_minutes": minutes });
    let rows = json!([{ "BuildingId": "building_1", "Category": "business", "RunBy": "a" }]).to_string();
    sidecar.post("/v1/citizens", JSON, "{\"Username\":\"a\",\"IsAI\":true}");
    sidecar.post("/v1/buildings", JSON, &rows);
    let batch = json!([hour(60), hour(90), {}]).to_string();
    let asked = json!({ "citizens": [{ "Username": "a" }], "buildings": [{ "BuildingId": "building_1", "Category": "business", "RunBy": "a" }] });
    let asked = asked.to_string();
    let api = sidecar.get("/openapi.json").1;
    for (schema, answer) in [
        ("Batch", sidecar.post("/v1/activities", JSON, &batch).1),
        ("Fate", sidecar.get("/v1/activities/rec1").1),
        ("Page", sidecar.get("/v1/transactions").1),
        ("Transaction", sidecar.get("/v1/transactions/tx_1").1),
        ("Entity", sidecar.get("/v1/entities/a").1),
        ("Entity", sidecar.get("/v1/entities/building_1").1),
        ("Conflict", sidecar.get("/v1/conflicts").1["conflicts"][0].clone()),
        ("Dashboard", sidecar.get("/api/revenue/dashboard").1),
        ("Tariffs", sidecar.get("/v1/tariff").1),
        ("Rollout", sidecar.get("/v1/rollout").1),
        ("Held", sidecar.get("/v1/guards").1),
        ("Payers", sidecar.get("/v1/payers").1),
        ("Bills", sidecar.get("/v1/bills/plan").1),
        ("Proposals", sidecar.post("/v1/proposals", JSON, &asked).1),
        ("Error", sidecar.get("/nothing").1),
    ] {
        fits(&api, &json!({ "$ref": format!("#/components/schemas/{schema}") }), &answer, schema);
    }
}

/// Checks a value against a schema, as far as this document uses schemas.
fn fits(api: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(pointer) = schema["$ref"].as_str() {
        return fits(api, api.pointer(&pointer[1..]).expect("a schema"), value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices
            .iter()
            .filter(|choice| (choice["type"] == "null") == value.is_null())
            .for_each(|choice| fits(api, choice, value, at));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    assert!(types.contains(&json!(kind)), "{at} is no {}: {value}", schema["type"]);
    assert!(schema["enum"].as_array().is_none_or(|words| words.contains(value)), "{at} is none of its words: {value}");
    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
        fits(api, &schema["items"], item, &format!("{at}[{place}]"));
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        let known = schema["properties"].get(key).unwrap_or_else(|| panic!("{at}.{key} is not described"));
        fits(api, known, value, &format!("{at}.{key}"));
    }
    for key in schema["required"].as_array().into_iter().flatten().filter(|_| value.is_object()) {
        assert!(value.get(key.as_str().unwrap()).is_some(), "{at}.{key} is missing: {value}");
    }
}
