//! Whole records: activities, in every shape in which they come.

mod laws;
mod messages;

use chrono_tz::Europe::Rome;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::domain::activity::{Basis, Outcome, Stated};
use crate::domain::external::{Class, Receiver};
use crate::domain::names::Name;

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
    let rows = [
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
        (r#"{"specversion":"1.0","source":"/e","id":"1","data":"text"}"#, "bad_field", Some("/e 1")),
        (r#"{"specversion":"1.0","source":"/e","id":"1"}"#, "bad_field", Some("/e 1")),
    ] {
        let shown = scan::head(text, 80);
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
fn what_a_record_says_itself_wins_over_its_revenue_and_that_over_the_revenue_in_its_notes() {
    let notes = json!({"revenue": {"client": "notes", "minutes": 5, "service": "advice"}}).to_string();
    let check = |record: Value, client: &str, minutes: &str| {
        let read = activity(&record);
        assert_eq!((read.client, read.minutes), (name(client), is(minutes)), "{record}");
    };
    check(json!({"id": "a", "client": "own", "minutes": 1, "Notes": notes}), "own", "1");
    check(json!({"id": "a", "revenue": {"client": "own"}, "Notes": notes}), "own", "5");
    check(json!({"id": "a", "Notes": notes}), "notes", "5");
}

#[test]
fn no_other_text_of_a_citizen_decides_about_money() {
    let terms = json!({
        "client_id": "payer", "business_id": "shop", "minutes": 480, "expertise": 9, "service_type": "advice",
        "recipient_type": "external",
    });
    let revenue = json!({"revenue": {"client": "payer", "business": "shop", "minutes": 480, "expertise": 9}});
    let plain = activity(&json!({"id": "a", "Type": "idle"}));
    for (key, text) in [
        ("Notes", &terms),
        ("Details", &terms),
        ("Description", &terms),
        ("Details", &revenue),
        ("Description", &revenue),
    ] {
        for text in [text.clone(), Value::String(text.to_string())] {
            let read = activity(&json!({"id": "a", "Type": "idle", key: text}));
            assert_eq!(read.content(), plain.content(), "{key}: {text}");
        }
    }
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
    check(json!({"id": "a", "Notes": notes}), Class::Absent, None);
    check(json!({"id": "a", "recipient_type": "external", "Notes": notes}), Class::DeclaredExternal, Some("@x"));
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
