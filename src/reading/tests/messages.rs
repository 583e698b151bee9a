//! Messages, citizens and buildings, and what is what.

use serde_json::json;

use super::*;
use crate::domain::activity::Body;
use crate::domain::rows::{Building, Citizen};

#[test]
fn a_message_is_read_in_all_its_spellings() {
    for (sender, receiver, content) in [
        ("Sender", "Receiver", "Content"),
        ("sender", "receiver", "content"),
        ("sender", "recipient", "message"),
        ("senderUsername", "receiverUsername", "content"),
        ("senderUsername", "recipientUsername", "content"),
        ("sender_username", "receiver_username", "content"),
        ("from", "to", "body"),
        ("Sender", "to_email", "Content"),
    ] {
        let record = json!({"id": "recM", sender: "GondolaDrifter", receiver: "guest@example.org",
            content: "Buongiorno — Niccolò", "Type": "message", "Channel": "a_b",
            "CreatedAt": "2025-06-10T14:11:06.000Z", "createdTime": "2025-06-11T00:00:00Z"});
        let read = message(&record);
        assert_eq!(read.citizen, name("GondolaDrifter"), "{record}");
        let addressee = Receiver { class: Class::Email, digest: Name::digest_of("guest@example.org") };
        assert_eq!(read.receiver, addressee, "{record}");
        assert_eq!(read.body, Some(Body::of("Buongiorno — Niccolò")), "{record}");
        assert_eq!((read.kind, read.channel), (name("message"), Name::digest_of("a_b")), "{record}");
        assert_eq!(read.outcome, Outcome::Processed);
        assert_eq!(read.occurred.at.map(|at| at.to_string()).as_deref(), Some("2025-06-10T14:11:06.000000Z"));
    }
}

#[test]
fn a_message_may_lack_all_but_its_id() {
    let read = message(&json!({"message_id": "m"}));
    assert_eq!((read.receiver, read.citizen, read.body, read.channel), (Receiver::ABSENT, None, None, 0));
    assert_eq!(read.occurred.basis, Basis::Absent);
    let read = message(&json!({"id": "m", "sender": "a", "receiver": "a", "recipient_type": "stranger"}));
    assert_eq!(read.receiver.class, Class::Oneself);
    let read = reader().message(r#"{"id":"m","content":"cut in half \ud83d"}"#).expect("a message");
    assert_eq!(read.body, Some(Body::of("cut in half \u{fffd}")));
}

#[test]
fn rows_of_citizens_and_buildings_are_read_in_their_shapes() {
    for (record, id, is_ai) in [
        (json!({"id": "rec1", "fields": {"Username": "Lucid", "CitizenId": "x", "IsAI": true}}), "Lucid", Some(true)),
        (json!({"citizenId": "Lucid", "isAI": "true"}), "Lucid", Some(true)),
        (json!({"citizen_id": "Lucid", "is_ai": 0}), "Lucid", Some(false)),
        (json!({"username": ["Lucid"], "isAi": "maybe"}), "Lucid", None),
        (json!({"username": "Lucid"}), "Lucid", None),
    ] {
        let row = Row::Citizen(Citizen { id: name(id).expect("a name"), is_ai });
        assert_eq!(reader().citizen(&record.to_string()), Ok(row), "{record}");
    }
    let bakery = Building {
        id: name("building_45.1_12.1").expect("a name"),
        kind: name("bakery"),
        is_business: Some(true),
        run_by: name("Lucid"),
    };
    for record in [
        json!({"id": "rec1", "fields": {"BuildingId": "building_45.1_12.1", "Type": "bakery", "Category": "Business", "RunBy": ["Lucid"]}}),
        json!({"buildingId": "building_45.1_12.1", "type": "bakery", "category": "business", "runBy": "Lucid"}),
        json!({"id": "building_45.1_12.1", "type": "bakery", "category": " business ", "run_by": "Lucid"}),
    ] {
        assert_eq!(reader().building(&record.to_string()), Ok(Row::Building(bakery)), "{record}");
    }
    let home = json!({"buildingId": "canal_1", "category": "home", "workplace": null});
    let row = reader().building(&home.to_string());
    assert!(matches!(row, Ok(Row::Building(Building { is_business: Some(false), run_by: None, kind: None, .. }))));
    for record in [json!({"id": "rec1", "fields": {"Name": "x"}}), json!({"id": "polygon-1"})] {
        let refusal = reader().building(&record.to_string()).expect_err("refused");
        assert_eq!(refusal.code, RefusalCode::MissingId);
        let refusal = reader().citizen(&record.to_string()).expect_err("refused");
        assert_eq!(refusal.code, RefusalCode::MissingId);
    }
}

#[test]
fn a_record_tells_what_it_is_by_its_keys() {
    for (record, kind) in [
        (json!({"id": "rec1", "fields": {"ActivityId": "x", "Type": "idle"}}), Some(Kind::Activity)),
        (
            json!({"id": "rec1", "fields": {"Type": "rest", "Citizen": "a", "EndDate": "2025-07-05"}}),
            Some(Kind::Activity),
        ),
        (json!({"activity_id": "x", "citizen_id": "a", "recipient_type": "external"}), Some(Kind::Activity)),
        (json!({"id": "x", "service_type": "advice"}), Some(Kind::Activity)),
        (json!({"id": "x", "type": "rest", "citizen": "a"}), Some(Kind::Activity)),
        (json!({"Sender": "a", "Receiver": "b", "Content": "c", "Type": "message"}), Some(Kind::Message)),
        (json!({"from": "a", "content": "c"}), Some(Kind::Message)),
        (json!({"id": "rec1", "fields": {"MessageId": "m"}}), Some(Kind::Message)),
        (json!({"id": "rec1", "fields": {"Username": "a", "IsAI": true, "Ducats": 1.5}}), Some(Kind::Citizen)),
        (json!({"citizenId": "a", "socialClass": "Popolani"}), Some(Kind::Citizen)),
        (json!({"id": "rec1", "fields": {"BuildingId": "building_1", "Type": "bakery"}}), Some(Kind::Building)),
        (json!({"id": "building-1746-59", "type": "public_dock", "owner": "Italia"}), Some(Kind::Building)),
        (json!({"specversion": "1.0", "id": "1", "source": "s", "data": {"activity_id": "x"}}), Some(Kind::Activity)),
        (json!({"a": 1}), None),
        (json!([]), None),
    ] {
        assert_eq!(reader().kind_of(&record.to_string()), kind, "{record}");
    }
    assert_eq!(reader().kind_of("{\"ActivityId\":"), None);
}
