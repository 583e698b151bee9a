//! How fast records are read.

use serde_json::{Value, json};

use super::reader;
use crate::reading::Format;

/// Prints records a second: `cargo test --release speed -- --ignored --nocapture`.
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
