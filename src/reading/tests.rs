//! Whole records, in every shape in which they come.

use chrono_tz::Europe::Rome;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::domain::activity::{Basis, Body, Outcome, Stated};
use crate::domain::external::{Class, Receiver};
use crate::domain::names::Name;
use crate::domain::rows::{Building, Citizen};

fn reader() -> Reader {
    Reader::new(Rome)
}

fn activity(record: &Value) -> Activity {
    reader().activity(&record.to_string()).unwrap_or_else(|refusal| panic!("{record}: {refusal:?}"))
}

fn message(record: &Value) -> Activity {
    reader().message(&record.to_string()).unwrap_or_else(|refusal| panic!("{record}: {refusal:?}"))
}

fn name(text: &str) -> Option<Name> {
    Name::new(text)
}

fn is(figure: &str) -> Stated {
    Stated::Is(Decimal::from_str_exact(figure).expect("a figure"))
}

/// A paid service as a row of Airtable, in each of the other spellings, and in CloudEvents.
fn shapes() -> Vec<Value> {
    let rows = vec![
        json!({"id": "recPaidService001", "createdTime": "2025-07-05T09:00:00.000Z", "fields": {
            "ActivityId": "paid_service_The-Old-Boy_1751700000", "Type": "paid_service", "Status": "processed",
            "Citizen": ["The-Old-Boy"], "FromBuilding": "building_45.1_12.1", "ToBuilding": ["canal_45.2_12.2"],
            "EndDate": "2025-07-05T10:12:00.840Z", "Path": "[{\"lat\":45.1}]", "_ParsedStartDate": {"a": 1},
            "Notes": "{\"revenue\":{\"client\":\"client_7\",\"minutes\":\"90\",\"expertise\":\"1.20\",\"service\":\"consultation\",\"business\":\"building_45.3_12.3\"}}"}}),
        json!({"airtableId": "recPaidService001", "activityId": "paid_service_The-Old-Boy_1751700000",
            "type": "paid_service", "status": "Processed", "citizen": "The-Old-Boy", "fromBuilding": "building_45.1_12.1",
            "toBuilding": "canal_45.2_12.2", "endDate": "2025-07-05T12:12:00.84+02:00", "clientId": "client_7",
            "durationMinutes": 90, "expertise": 1.2, "serviceType": "consultation", "businessId": "building_45.3_12.3"}),
        json!({"airtable_id": "recPaidService001", "activity_id": "paid_service_The-Old-Boy_1751700000",
            "citizen_id": "The-Old-Boy", "business_id": "building_45.3_12.3", "client_id": "client_7",
            "service_type": "consultation", "duration": "90.0", "skills.expertise": 1.2,
            "timestamp": 1751710320.84, "from_building": "building_45.1_12.1", "to_building": "canal_45.2_12.2"}),
        json!({"id": "recPaidService001", "ActivityId": "paid_service_The-Old-Boy_1751700000", "Type": "paid_service",
            "Citizen": "The-Old-Boy", "FromBuilding": "building_45.1_12.1", "ToBuilding": "canal_45.2_12.2",
            "EndDate": 1751710320840_i64, "Skills": {"expertise": "1.2", "fishing": 3},
            "Revenue": {"client": "client_7", "minutes": 9e1, "service": "consultation", "business": "building_45.3_12.3"}}),
    ];
    let events = rows.iter().map(|row| {
        json!({"data": row, "specversion": "1.0", "id": "17", "source": "/engine", "time": "2025-07-05T11:00:00Z",
            "type": "activity.processed", "datacontenttype": "application/json"})
    });
    rows.iter().cloned().chain(events.collect::<Vec<_>>()).collect()
}

#[test]
fn a_record_is_the_same_in_every_shape() {
    for shape in shapes() {
        let read = activity(&shape);
        assert_eq!(read.source_id.as_str(), "recPaidService001", "{shape}");
        assert_eq!(read.second_id.as_deref(), Some("paid_service_The-Old-Boy_1751700000"), "{shape}");
        assert_eq!(read.kind, name("paid_service"), "{shape}");
        assert_eq!(read.outcome, Outcome::Processed, "{shape}");
        assert_eq!(read.citizen, name("The-Old-Boy"), "{shape}");
        assert_eq!(read.from_building, name("building_45.1_12.1"), "{shape}");
        assert_eq!(read.to_building, name("canal_45.2_12.2"), "{shape}");
        assert_eq!(read.business, name("building_45.3_12.3"), "{shape}");
        assert_eq!(read.client, name("client_7"), "{shape}");
        assert_eq!(read.service, name("consultation"), "{shape}");
        assert_eq!((read.minutes, read.expertise), (is("90"), is("1.2")), "{shape}");
        assert_eq!(read.receiver, Receiver::ABSENT, "{shape}");
        let at = read.occurred.at.map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("2025-07-05T10:12:00.840000Z"), "{shape}");
        assert_eq!(read.occurred.basis, Basis::Exact, "{shape}");
        let first = activity(&shapes()[0]);
        assert_eq!((read.key(), read.content()), (first.key(), first.content()), "{shape}");
    }
}

#[test]
fn an_event_is_known_by_the_first_of_its_ids() {
    let check = |record: Value, id: &str, second: Option<&str>| {
        let read = activity(&record);
        assert_eq!((read.source_id.as_str(), read.second_id.as_deref()), (id, second), "{record}");
    };
    check(json!({"id": "recA", "fields": {"airtableId": "recB", "ActivityId": "a"}}), "recA", Some("a"));
    check(json!({"id": "other", "airtableId": "recB", "activityId": "a"}), "recB", Some("a"));
    check(json!({"id": "recA", "activityId": "recA"}), "recA", None);
    check(json!({"id": "", "fields": {"ActivityId": "a"}}), "a", None);
    check(json!({"fields": {"id": "inner", "ActivityId": "a"}}), "inner", Some("a"));
    check(json!({"activity_id": 42}), "42", None);
    check(json!({"activity_id": ["a"]}), "a", None);
    check(json!({"specversion": "1.0", "source": "/en gine", "id": "1 2", "data": {}}), "/en%20gine 1 2", None);
    check(json!({"specversion": "1.0", "source": "/engine", "id": "1", "data": {"activity_id": "a"}}), "a", None);
    let read = message(&json!({"MessageId": "m", "ActivityId": "a"}));
    assert_eq!(read.source_id.as_str(), "m");
}

#[test]
fn a_refusal_has_a_code_and_the_id_where_it_could_be_read() {
    let long = "x".repeat(129);
    let deep = format!(r#"{{"id":"recA","x":{}{}}}"#, "[".repeat(64), "]".repeat(64));
    let very_deep = format!(r#"{{"id":"recA","x":{}"#, "[{\"a\":".repeat(40_000));
    let large = format!(r#"{{"id":"recA","Path":"{}"}}"#, "é".repeat(140_000));
    let large_late = format!(r#"{{"Thought":"{}","id":"recA"}}"#, "é".repeat(140_000));
    for (text, code, id) in [
        ("{}", "missing_id", None),
        (r#"{"id":null,"activity_id":"","fields":{}}"#, "missing_id", None),
        (r#"{"specversion":"1.0","id":"1","data":{}}"#, "missing_id", None),
        (r#"{"id":{"$oid":"x"}}"#, "bad_id", None),
        (r#"{"id":true}"#, "bad_id", None),
        (r#"{"id":["a","b"]}"#, "bad_id", None),
        (r#"{"id":"\ud800"}"#, "bad_id", None),
        (&format!(r#"{{"id":"{long}"}}"#), "bad_id", None),
        (&format!(r#"{{"specversion":"1.0","source":"{long}","id":"1","data":{{}}}}"#), "bad_id", None),
        ("", "not_json", None),
        ("hello", "not_json", None),
        ("north", "not_json", None),
        ("}", "not_json", None),
        (r#"{"id":"recA""#, "not_json", Some("recA")),
        (r#"{"id":"recA","fields":{"Ducats":NaN}}"#, "not_json", Some("recA")),
        ("{\"id\":\"recA\",\"Notes\":\"raw\nline\"}", "not_json", Some("recA")),
        (r#"{"id":"recA"} {}"#, "not_json", Some("recA")),
        (r#"{"id":"recA",}"#, "not_json", Some("recA")),
        ("[]", "not_an_object", None),
        ("\"recA\"", "not_an_object", None),
        ("7", "not_an_object", None),
        (&deep, "too_deep", Some("recA")),
        (&very_deep, "too_deep", Some("recA")),
        (&large, "too_large", Some("recA")),
        (&large_late, "too_large", None),
        (&format!(r#"{{"id":"recA","Citizen":"{long}"}}"#), "bad_field", Some("recA")),
        (r#"{"id":"recA","Citizen":["a","b"]}"#, "bad_field", Some("recA")),
        (r#"{"id":"recA","client_id":{"id":"a"}}"#, "bad_field", Some("recA")),
        (r#"{"id":"recA","Type":"\ud800"}"#, "bad_field", Some("recA")),
        (r#"{"id":"recA","Notes":"{\"revenue\":{\"client\":[1,2]}}"}"#, "bad_field", Some("recA")),
        (&format!(r#"{{"id":"recA","ActivityId":"{long}"}}"#), "bad_field", Some("recA")),
        (r#"{"specversion":"1.0","source":"/e","id":"1","data":"text"}"#, "bad_field", Some("/e 1")),
        (r#"{"specversion":"1.0","source":"/e","id":"1"}"#, "bad_field", Some("/e 1")),
    ] {
        let shown = &text[..text.len().min(80)];
        let refusal = reader().activity(text).expect_err(shown);
        assert_eq!((refusal.code.as_str(), refusal.id.as_deref()), (code, id), "{shown}: {refusal}");
        assert!(!refusal.message.is_empty());
    }
    let deep_enough = format!(r#"{{"id":"recA","x":{}{}}}"#, "[".repeat(63), "]".repeat(63));
    assert!(reader().activity(&deep_enough).is_ok());
}

#[test]
fn a_refusal_never_repeats_what_it_refuses() {
    for record in
        [json!({"id": "recA", "Citizen": {"secret": "guest@example.org"}}), json!({"id": ["guest@example.org", "b"]})]
    {
        let refusal = reader().activity(&record.to_string()).expect_err("refused");
        assert!(!refusal.message.contains("guest"), "{}", refusal.message);
    }
}

#[test]
fn what_a_record_says_itself_wins_over_its_texts_and_notes_over_the_others() {
    let notes = json!({"revenue": {"client": "notes"}, "client_id": "loose", "duration_minutes": 5}).to_string();
    let details = json!({"client_id": "details", "minutes": 6, "expertise": "2"}).to_string();
    let description = json!({"service_type": "advice", "minutes": 7, "expertise": 3}).to_string();
    let check = |record: Value, client: &str, minutes: &str| {
        let read = activity(&record);
        assert_eq!((read.client, read.minutes), (name(client), is(minutes)), "{record}");
    };
    check(json!({"id": "a", "client": "own", "minutes": 1, "Notes": notes}), "own", "1");
    check(json!({"id": "a", "revenue": {"client": "own"}, "Notes": notes}), "own", "5");
    check(json!({"id": "a", "Description": description, "Details": details, "Notes": notes}), "notes", "5");
    check(json!({"id": "a", "Notes": "**prose**", "Details": details, "Description": description}), "details", "6");
    let read = activity(&json!({"id": "a", "Notes": notes, "Details": details, "Description": description}));
    assert_eq!((read.expertise, read.service, read.kind), (is("2"), name("advice"), name("paid_service")));
}

#[test]
fn a_text_that_makes_no_sense_is_no_fault_of_the_record() {
    for notes in [
        json!("⏳ **Idle**: nothing to do"),
        json!("{\"client_id\":[1,2],\"service_type\":{\"a\":1}}"),
        json!("{\"revenue\":120,\"receiverUsername\":[\"a\",\"b\"]}"),
        json!("{\"revenue\":\"much\"}"),
        json!("{cut"),
        json!(["a", "b"]),
        json!(7),
        json!(null),
    ] {
        let read = activity(&json!({"id": "a", "Type": "idle", "Notes": notes}));
        let plain = activity(&json!({"id": "a", "Type": "idle"}));
        assert_eq!(read.content(), plain.content(), "{notes}");
    }
}

#[test]
fn a_declared_price_is_a_figure_or_the_amount_of_a_revenue() {
    for (record, declared) in [
        (json!({"id": "a", "declared": "50.00"}), is("50")),
        (json!({"id": "a", "declared_amount": 0.1}), is("0.1")),
        (json!({"id": "a", "revenue": 0.1}), is("0.1")),
        (json!({"id": "a", "revenue": {"amount": "60.5"}}), is("60.5")),
        (json!({"id": "a", "Notes": {"revenue": {"amount": 7}}}), is("7")),
        (json!({"id": "a", "Amount": 12}), Stated::Absent),
        (json!({"id": "a", "revenue": "much"}), Stated::Unreadable(Name::digest_of("much"))),
    ] {
        assert_eq!(activity(&record).declared, declared, "{record}");
    }
}

#[test]
fn figures_keep_their_digits() {
    for (raw, figure) in [
        ("1.20", is("1.2")),
        ("\"1.20\"", is("1.2")),
        ("6e1", is("60")),
        ("\" 60 \"", is("60")),
        ("0.1234567890123456789012345678", is("0.1234567890123456789012345678")),
        ("1234567890123456789.000000001", is("1234567890123456789.000000001")),
        ("0.12345678901234567890123456789", Stated::Unreadable(Name::digest_of("0.12345678901234567890123456789"))),
        ("\"an hour\"", Stated::Unreadable(Name::digest_of("an hour"))),
        ("\"\"", Stated::Absent),
        ("null", Stated::Absent),
    ] {
        let read = reader().activity(&format!(r#"{{"id":"a","duration":{raw},"expertise":{raw}}}"#)).expect(raw);
        assert_eq!((read.minutes, read.expertise), (figure, figure), "{raw}");
    }
}

#[test]
fn an_activity_is_a_message_only_if_it_says_so_or_is_the_e_mail() {
    let check = |record: Value, class: Class, receiver: Option<&str>| {
        let read = activity(&record);
        let digest = receiver.map_or(0, Name::digest_of);
        assert_eq!(read.receiver, Receiver { class, digest }, "{record}");
    };
    check(json!({"id": "a", "Type": "send_message", "recipient_type": "external"}), Class::DeclaredExternal, None);
    check(json!({"id": "a", "recipientType": " External", "receiver": "@x"}), Class::DeclaredExternal, Some("@x"));
    check(
        json!({"id": "a", "recipient_type": "internal", "to_email": "a@b.c"}),
        Class::DeclaredInternal,
        Some("a@b.c"),
    );
    check(json!({"id": "a", "recipient_type": "friend", "receiver": "@x"}), Class::Absent, None);
    check(json!({"id": "a", "Notes": "{\"receiverUsername\":\"@x\",\"content\":\"Hi\"}"}), Class::Absent, None);
    let notes = "{\"receiverUsername\":\"@x\",\"recipient_type\":\"external\"}";
    check(json!({"id": "a", "Notes": notes}), Class::DeclaredExternal, Some("@x"));
    let email = "{\"to_email\":\"guest@example.org\",\"subject\":\"Salve\"}";
    check(
        json!({"id": "a", "Type": "send_diplomatic_email", "Description": email}),
        Class::Email,
        Some("guest@example.org"),
    );
    check(json!({"id": "a", "Type": "send_diplomatic_email"}), Class::Absent, None);
    check(json!({"id": "a", "Type": "idle", "Description": email}), Class::Absent, None);
    let several = json!({"id": "a", "receiver": ["x", "y"]});
    assert!(reader().activity(&several.to_string()).is_ok());
    let several = json!({"id": "a", "receiver": ["x", "y"], "recipient_type": "external"});
    assert!(matches!(reader().activity(&several.to_string()), Err(Refusal { code: RefusalCode::BadField, .. })));
}

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
fn the_time_is_the_first_that_is_told() {
    let check = |record: Value, instant: Option<&str>, basis: Basis| {
        let read = activity(&record);
        assert_eq!(read.occurred.at.map(|at| at.to_string()).as_deref(), instant, "{record}");
        assert_eq!(read.occurred.basis, basis, "{record}");
    };
    let at = |hour| format!("2025-07-05T{hour:02}:00:00Z");
    let told = |hour| format!("2025-07-05T{hour:02}:00:00.000000Z");
    let all = json!({"id": "a", "createdTime": at(1), "fields": {"EndDate": at(2), "timestamp": at(3), "StartDate": at(4), "CreatedAt": at(5)}});
    check(all, Some(&told(2)), Basis::Exact);
    check(json!({"id": "a", "timestamp": at(3), "StartDate": at(4)}), Some(&told(3)), Basis::Exact);
    check(
        json!({"id": "a", "date": "2025-07-05", "time": "18:03", "StartDate": at(4)}),
        Some("2025-07-05T16:03:00.000000Z"),
        Basis::Naive,
    );
    check(json!({"id": "a", "StartDate": at(4), "CreatedAt": at(5)}), Some(&told(4)), Basis::Exact);
    check(json!({"id": "a", "EndDate": " ", "CreatedAt": at(5), "createdTime": at(1)}), Some(&told(5)), Basis::Exact);
    check(json!({"id": "a", "createdTime": at(1), "fields": {}}), Some(&told(1)), Basis::Exact);
    check(
        json!({"specversion": "1.0", "source": "s", "id": "1", "time": at(6), "data": {"id": "a"}}),
        Some(&told(6)),
        Basis::Exact,
    );
    check(json!({"id": "a", "EndDate": "soon", "StartDate": at(4)}), None, Basis::Unreadable);
    check(json!({"id": "a", "UpdatedAt": at(4)}), None, Basis::Absent);
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
        is_business: true,
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
    assert!(matches!(row, Ok(Row::Building(Building { is_business: false, run_by: None, kind: None, .. }))));
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

fn everything(text: &str) {
    let reader = reader();
    let _ = (reader.activity(text), reader.message(text), reader.citizen(text), reader.building(text));
    let _ = reader.kind_of(text);
}

fn all_of(body: &[u8]) {
    for format in [Format::Json, Format::Lines] {
        for text in reader().split(body, format).into_iter().flatten().flatten() {
            everything(text);
        }
    }
}

#[test]
fn no_depth_and_no_length_does_harm() {
    for open in ["[", "{\"a\":", "{\"fields\":", "{\"data\":", "{\"Notes\":", "{\"revenue\":", "[{\"skills\":"] {
        let text = open.repeat(30_000);
        everything(&text);
        all_of(text.as_bytes());
    }
}

fn rows() -> impl Strategy<Value = Vec<u8>> {
    let message = json!({"id": "recM", "fields": {"Sender": "a", "Receiver": "@b", "Content": "c\u{1f5fa}\n", "CreatedAt": "2025-06-05 18:03"}});
    let rows: Vec<Vec<u8>> = shapes().into_iter().chain([message]).map(|row| row.to_string().into_bytes()).collect();
    prop::sample::select(rows)
}

/// The same record as a row of Airtable, as REST writes it, and as the brief does.
fn respelt(id: &str, texts: &[String; 5], minutes: Decimal, external: bool) -> [Value; 3] {
    let [kind, citizen, building, client, service] = texts;
    let recipient_type = if external { "external" } else { "internal" };
    let minutes = minutes.to_string();
    let notes = json!({"revenue": {"client": client, "minutes": minutes, "service": service}, "recipient_type": recipient_type});
    [
        json!({"id": id, "fields": {"Type": kind, "Citizen": [citizen], "ToBuilding": building, "Notes": notes.to_string()}}),
        json!({"airtableId": id, "type": kind, "citizenUsername": citizen, "toBuilding": building, "client": client,
            "durationMinutes": minutes, "serviceType": service, "recipientType": recipient_type}),
        json!({"airtable_id": id, "type": kind, "citizen_id": citizen, "to_building": [building], "client_id": client,
            "duration": format!("{minutes}{}", if minutes.contains('.') { "00" } else { ".0" }), "service_type": service,
            "recipient_type": recipient_type}),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        all_of(&body);
    }

    #[test]
    fn no_json_makes_it_panic(body in "[\\[\\]{}:,\"\\\\ntfue0-9E.\\-a\n ]{0,200}") {
        all_of(body.as_bytes());
        everything(&body);
    }

    #[test]
    fn no_change_of_a_good_row_makes_it_panic(
        row in rows(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..6),
        other in rows(),
    ) {
        let mut row = row;
        for (place, byte, change) in changes {
            if row.is_empty() {
                break;
            }
            let place = place.index(row.len());
            match change {
                0 => row[place] = byte,
                1 => row.truncate(place),
                2 => row.insert(place, b"[]{}\",:\\"[usize::from(byte) % 8]),
                _ => {
                    row.splice(place..place, other.iter().copied().take(usize::from(byte)));
                }
            }
        }
        all_of(&row);
        all_of(&[b"[", &row[..], b"]"].concat());
    }

    #[test]
    fn a_record_has_one_key_and_one_content_however_it_is_spelt(
        id in "\\PC{1,32}",
        texts in prop::array::uniform5("\\PC{1,20}"),
        mantissa in 0_i64..10_000_000,
        places in 0_u32..4,
        external in any::<bool>(),
    ) {
        let minutes = Decimal::new(mantissa, places);
        let [first, others @ ..] = respelt(&id, &texts, minutes, external).map(|record| activity(&record));
        prop_assert_eq!(first.minutes, Stated::Is(minutes));
        prop_assert_eq!(first.source_id.as_str(), &id);
        for other in others {
            prop_assert_eq!((first.key(), first.content()), (other.key(), other.content()));
        }
    }

    #[test]
    fn an_array_and_its_lines_are_the_same_events(rows in prop::collection::vec(rows(), 1..8)) {
        let array = [b"[".to_vec(), rows.join(&b", "[..]), b"]".to_vec()].concat();
        let lines = rows.join(&b'\n');
        let texts = |body: &[u8], format| -> Vec<String> {
            let texts = reader().split(body, format).expect("readable");
            texts.into_iter().map(|text| text.expect("a text").to_owned()).collect()
        };
        prop_assert_eq!(texts(&array, Format::Json), texts(&lines, Format::Lines));
    }
}

/// Prints records a second: `cargo test --release reading::tests::speed -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, for release builds"]
fn speed() {
    let path: Vec<Value> = (0..5).map(|step| json!({"lat": 45.43 + f64::from(step), "lng": 12.33})).collect();
    let line = |number: u32, notes: &str| {
        let row = json!({"id": format!("rec{number:014}"), "createdTime": "2025-07-05T09:00:00.000Z", "fields": {
            "ActivityId": format!("goto_location_GondolaDrifter_{number}"), "Type": "goto_location",
            "Citizen": "GondolaDrifter", "FromBuilding": "building_45.440864_12.335067",
            "ToBuilding": "canal_45.428796_12.363885", "Status": "processed", "Priority": 5,
            "CreatedAt": "2025-07-05T09:00:00.840Z", "StartDate": "2025-07-05T09:02:03.574Z",
            "EndDate": "2025-07-05T09:18:03.574Z", "UpdatedAt": "2025-07-05T09:18:36.000Z",
            "TransportMode": "walk", "Path": json!(path[..2]).to_string(), "Notes": notes,
            "Description": "GondolaDrifter walks along the canal."}});
        row.to_string()
    };
    let bodies = [
        ("notes in prose", "⏳ **Walking** to the next errand of the day"),
        ("notes in JSON", "{\"revenue\":{\"client\":\"client_7\",\"minutes\":60}}"),
    ];
    for (what, notes) in bodies {
        let lines: Vec<String> = (0..20_000).map(|number| line(number, notes)).collect();
        let each = lines.iter().map(String::len).sum::<usize>() / lines.len();
        let bodies = [(Format::Lines, lines.join("\n")), (Format::Json, format!("[{}]", lines.join(",")))];
        for (format, body) in bodies {
            let rounds = 20;
            let start = std::time::Instant::now();
            for _ in 0..rounds {
                for text in reader().split(body.as_bytes(), format).expect("readable") {
                    std::hint::black_box(reader().activity(text.expect("a text")).expect("an activity"));
                }
            }
            let rate = f64::from(rounds) * 20_000.0 / start.elapsed().as_secs_f64();
            println!("{what}, {format:?}, {each} bytes each: {rate:.0} records/s");
        }
    }
}
