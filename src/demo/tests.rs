//! What the demo's city promises, tried on whole weeks of its life.

use std::collections::BTreeSet;

use serde_json::Value;

use super::almanac::MICROS_PER_DAY;
use super::*;

mod rows;
mod times;

/// A row with its tick, read back.
struct Seen {
    at_micros: i64,
    table: Table,
    text: String,
    row: Value,
}

impl Seen {
    /// A field, in whatever spelling the row has; an empty text where there is none.
    fn field(&self, keys: &[&str]) -> String {
        let fields = self.row.get("fields").unwrap_or(&self.row);
        let found = keys.iter().find_map(|key| fields.get(*key));
        match found {
            Some(Value::Array(list)) => list[0].as_str().expect("a list of texts").to_owned(),
            Some(value) => value.as_str().unwrap_or_default().to_owned(),
            None => String::new(),
        }
    }

    fn id(&self) -> String {
        let id = ["id", "airtableId", "activity_id"].iter().find_map(|key| self.row.get(*key));
        id.and_then(Value::as_str).expect("every row has an id").to_owned()
    }

    fn kind(&self) -> String {
        self.field(&["Type", "type"])
    }

    fn status(&self) -> String {
        self.field(&["Status", "status"])
    }
}

fn first_days(city: &City, days: i64) -> Vec<Tick> {
    let end = City::START_MICROS + days * MICROS_PER_DAY;
    city.ticks().take_while(|tick| tick.at_micros <= end).collect()
}

fn seen(ticks: Vec<Tick>) -> Vec<Seen> {
    let mut seen = Vec::new();
    for Tick { at_micros, deliveries } in ticks {
        for Delivery { table, rows } in deliveries {
            for text in rows {
                assert!(!text.contains('\n'), "{text}");
                let row = serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{cause}: {text}"));
                seen.push(Seen { at_micros, table, text, row });
            }
        }
    }
    seen
}

fn week() -> Vec<Seen> {
    seen(first_days(&City::new(1), 7))
}

fn founding(seed: u64) -> Vec<Seen> {
    seen(vec![Tick { at_micros: City::START_MICROS, deliveries: City::new(seed).founding() }])
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (one, other) = (City::new(42), City::new(42));
    assert_eq!(one.founding(), other.founding());
    assert_eq!(first_days(&one, 2), first_days(&other, 2));
    assert_eq!(first_days(&one, 1), first_days(&one, 1), "living through it once must not change it");
}

#[test]
fn another_seed_gives_another_city() {
    let (one, other) = (City::new(1), City::new(2));
    let (founded, founded_other) = (one.founding(), other.founding());
    assert!(founded.iter().zip(&founded_other).all(|(one, other)| one.rows != other.rows));
    assert_ne!(first_days(&one, 1), first_days(&other, 1));
}

#[test]
fn the_bytes_of_a_seed_stay_what_they_are() {
    // Whoever changes the city on purpose puts the new digest here. FNV-1a, because the standard library's hash may change from one release to the next.
    let city = City::new(7);
    let life = first_days(&city, 1).into_iter().flat_map(|tick| tick.deliveries);
    let rows = city.founding().into_iter().chain(life).flat_map(|delivery| delivery.rows);
    let digest = rows
        .flat_map(String::into_bytes)
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    assert_eq!(digest, 0x0dec_6255_1f2f_447d, "{digest:#018x}");
}

#[test]
fn the_city_has_the_people_and_houses_of_the_audit() {
    for seed in [0, 1, u64::MAX] {
        let rows = founding(seed);
        let citizens: Vec<&Seen> = rows.iter().filter(|row| row.table == Table::Citizens).collect();
        let usernames: BTreeSet<String> = citizens.iter().map(|row| row.field(&["Username"])).collect();
        assert_eq!((citizens.len(), usernames.len()), (177, 177));
        let players = citizens.iter().filter(|row| row.row["fields"]["IsAI"] == Value::Bool(false));
        assert_eq!(players.count(), 6);
        assert!(usernames.contains(usernames::ENVOY));
        assert!(usernames::SYSTEM_ACCOUNTS.iter().all(|account| !usernames.contains(*account)));

        let businesses: Vec<&Seen> = rows.iter().filter(|row| row.field(&["Category"]) == "business").collect();
        let of_type = |kind| businesses.iter().filter(|row| row.kind() == kind).count();
        assert_eq!(businesses.len(), 109);
        assert_eq!((of_type("market_stall"), of_type("public_dock"), of_type("bakery")), (31, 22, 9));
        assert_eq!(rows.iter().filter(|row| row.field(&["Category"]) == "home").count(), 60);
        let operators: Vec<String> = businesses.iter().map(|row| row.field(&["RunBy"])).collect();
        assert_eq!(operators.iter().filter(|operator| operator.is_empty()).count(), 6);
        assert!(operators.iter().all(|operator| operator.is_empty() || usernames.contains(operator)));
        let ids: BTreeSet<String> = rows.iter().map(|row| row.field(&["BuildingId"])).collect();
        assert_eq!(ids.len(), 109 + 60 + 1, "and none for a citizen");
    }
}

#[test]
fn a_day_has_the_volume_of_the_engines() {
    for seed in 1..=3 {
        let rows = seen(first_days(&City::new(seed), 7));
        let a_day = |wanted: &dyn Fn(&Seen) -> bool| rows.iter().filter(|row| wanted(row)).count() / 7;
        let activities = a_day(&|row| row.table == Table::Activities);
        let messages = a_day(&|row| row.table == Table::Messages);
        let services = a_day(&|row| row.kind() == "paid_service");
        let flat = a_day(&|row| row.row.get("activity_id").is_some());
        let bytes = rows.iter().map(|row| row.text.len()).sum::<usize>() / rows.len();
        println!("{activities} activities, {messages} messages, {services} services, {flat} flat; {bytes} bytes a row");
        assert!((4_000..=6_000).contains(&activities), "{activities}");
        assert!((400..=650).contains(&messages), "{messages}");
        assert!((30..=50).contains(&services), "{services}");
        assert!((4..=16).contains(&flat), "{flat}");
        assert!((500..=750).contains(&bytes), "{bytes}");
    }
}

#[test]
fn a_tick_hands_over_activities_before_messages() {
    for tick in first_days(&City::new(1), 2) {
        let tables: Vec<Table> = tick.deliveries.iter().map(|delivery| delivery.table).collect();
        assert!(
            matches!(*tables, [] | [Table::Activities] | [Table::Messages] | [Table::Activities, Table::Messages]),
            "{tables:?}"
        );
        assert!(tick.deliveries.iter().all(|delivery| !delivery.rows.is_empty()));
    }
}
