//! What holds for every text, on inputs nobody chose.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

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
    let notes = json!({"revenue": {"client": client, "minutes": minutes, "service": service}});
    [
        json!({"id": id, "fields": {"Type": kind, "Citizen": [citizen], "ToBuilding": building, "Notes": notes.to_string(),
            "RecipientType": recipient_type}}),
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
