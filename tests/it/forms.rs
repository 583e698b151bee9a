//! The forms in which events are taken, and a batch in which some are bad.

use serde_json::{Value, json};

use super::sidecar::{JSON, LINES, Sidecar};

#[test]
fn one_bad_event_never_sinks_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    let hour = |id: &str| json!({ "id": id, "Type": "paid_service", "Citizen": "a", "Notes": { "revenue": { "minutes": 60 } } });
    let long = "x".repeat(129);
    let lines = [
        hour("rec1").to_string(),
        "{\"id\":\"rec2\",".to_owned(),
        "null".to_owned(),
        json!({ "Type": "rest" }).to_string(),
        json!({ "id": long }).to_string(),
        json!({ "id": { "of": "rec3" } }).to_string(),
        json!({ "id": "rec4", "Type": "rest", "pad": "x".repeat(300 * 1024) }).to_string(),
        format!("{{\"id\":\"rec5\",\"deep\":{}1{}}}", "[".repeat(80), "]".repeat(80)),
        json!({ "id": "rec6", "Type": "rest" }).to_string(),
        hour("rec1").to_string(),
        json!({ "id": "rec1", "Type": "paid_service", "Citizen": "a", "Notes": { "revenue": { "minutes": 90 } } })
            .to_string(),
    ];
    let (status, answer) = sidecar.post("/v1/activities", LINES, &lines.join("\n"));
    assert_eq!(status, 200, "{answer}");
    let results = answer["results"].as_array().unwrap();
    let told: Vec<_> = results
        .iter()
        .enumerate()
        .map(|(place, result)| {
            assert_eq!(result["index"], place, "{result}");
            let code = result["error"]["code"].as_str();
            assert_eq!(code.is_some(), result["status"] == "rejected", "{result}");
            assert_eq!(code.is_some(), result["error"]["message"].is_string(), "{result}");
            assert_eq!(code.is_some(), result["amount"].is_null(), "{result}");
            (result["status"].as_str().unwrap(), result["id"].as_str(), code)
        })
        .collect();
    let expected = [
        ("priced", Some("rec1"), None),
        ("rejected", Some("rec2"), Some("not_json")),
        ("rejected", None, Some("not_an_object")),
        ("rejected", None, Some("missing_id")),
        ("rejected", None, Some("bad_id")),
        ("rejected", None, Some("bad_id")),
        ("rejected", Some("rec4"), Some("too_large")),
        ("rejected", Some("rec5"), Some("too_deep")),
        ("recorded", Some("rec6"), None),
        ("duplicate", Some("rec1"), None),
        ("conflict", Some("rec1"), None),
    ];
    assert_eq!(told, expected);
    for (status, count) in [("recorded", 1), ("priced", 1), ("duplicate", 1), ("conflict", 1), ("rejected", 7)] {
        assert_eq!(answer[status], count, "{status}");
    }
    let first = json!({ "index": 0, "id": "rec1", "status": "priced", "amount": "50.00", "currency": "EUR",
        "stage": "shadow", "transaction_id": "tx_1" });
    assert_eq!(results[0], first);
    let array = format!("[{}]", [&lines[0], &lines[2], &lines[8]].map(String::as_str).join(","));
    let (_, again) = sidecar.post("/v1/activities", JSON, &array);
    assert_eq!([&again["duplicate"], &again["rejected"]], [&json!(2), &json!(1)], "{again}");
    let (_, conflicts) = sidecar.get("/v1/conflicts");
    let conflict = &conflicts["conflicts"][0];
    assert_eq!((&conflict["charged"], &conflict["other_amount"]), (&json!("50.00"), &json!("75.00")), "{conflicts}");
}

#[test]
fn an_event_is_taken_in_every_form_in_which_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    let cloud = "application/cloudevents+json";
    let clouds = "application/cloudevents-batch+json";
    let event = |id: &str, data: Value| json!({ "specversion": "1.0", "type": "activity", "source": "/engine", "id": id, "time": "2025-07-02T09:30:00Z", "data": data });
    let service = json!({ "Type": "paid_service", "Citizen": "Lucid", "Notes": "{\"revenue\":{\"minutes\":60}}" });
    let notes = json!({ "revenue": { "minutes": 60, "service": "advice" } });
    for (kind, body, id) in [
        (JSON, json!({ "id": "recA", "createdTime": "2025-07-02T08:00:00Z", "fields": service }), "recA"),
        (
            JSON,
            json!({ "airtableId": "recB", "activityId": "b", "type": "paid_service", "citizen": "Lucid", "notes": notes.to_string() }),
            "recB",
        ),
        (
            JSON,
            json!({ "activity_id": "c", "activity_type": "paid_service", "citizen_id": "Lucid", "duration_minutes": 60, "timestamp": "2025-07-02T09:30:00" }),
            "c",
        ),
        (JSON, json!({ "id": "recD", "Type": "paid_service", "Citizen": "Lucid", "Notes": notes }), "recD"),
        (cloud, event("e", service.clone()), "/engine e"),
        (clouds, json!([event("f", service.clone())]), "/engine f"),
        ("application/cloudevents+json; charset=utf-8", event("g", json!({ "id": "recG", "fields": service })), "recG"),
    ] {
        let (status, answer) = sidecar.post("/v1/activities", kind, &body.to_string());
        assert_eq!((status, &answer["priced"]), (200, &json!(1)), "{body}: {answer}");
        let result = &answer["results"][0];
        assert_eq!((result["id"].as_str(), result["amount"].as_str()), (Some(id), Some("50.00")), "{body}");
        let (status, fate) = sidecar.get(&format!("/v1/activities/{}", id.replace('/', "%2F").replace(' ', "%20")));
        assert_eq!((status, fate["citizen_id"].as_str()), (200, Some("Lucid")), "{body}: {fate}");
    }
    for (place, body) in [
        json!({ "fields": { "Sender": "Lucid", "Receiver": "@somebody", "Content": "Salve", "CreatedAt": "2025-07-02T09:30:00Z" } }),
        json!({ "sender": "Lucid", "receiver": "@somebody", "content": "Salve" }),
        json!({ "SenderUsername": "Lucid", "ReceiverUsername": "guest@example.org", "Message": "Salve" }),
        json!({ "from": "Lucid", "to": "TG_12345", "message": "Salve" }),
        json!({ "sender_username": "Lucid", "recipient": "MerchantPrince", "recipient_type": "external", "body": "Salve" }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = body;
        body["id"] = json!(format!("recM{place}"));
        let (status, answer) = sidecar.post("/v1/messages", JSON, &body.to_string());
        assert_eq!((status, &answer["results"][0]["amount"]), (200, &json!("0.10")), "{body}: {answer}");
        let (_, fate) = sidecar.get(&format!("/v1/messages/recM{place}"));
        assert_eq!((&fate["external"], &fate["citizen_id"]), (&json!(true), &json!("Lucid")), "{body}: {fate}");
    }
    assert_eq!(sidecar.get("/v1/entities/Lucid").1["as_citizen"]["all_time"], "350.50");
}
