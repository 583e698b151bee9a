//! What the rows of a week say, and what comes again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::trades::TRADES;
use super::super::{Table, usernames};
use super::{Seen, founding, week};

#[test]
fn a_row_comes_again_only_unchanged_or_finished_or_as_a_contradicted_service() {
    let mut first: BTreeMap<String, Seen> = BTreeMap::new();
    let (mut unchanged, mut finished, mut contradicted) = (0, 0, 0);
    let priced_by = |row: &Seen| {
        let keys = ["Type", "Citizen", "FromBuilding", "ToBuilding", "Notes", "Details", "Description", "ActivityId"];
        keys.map(|key| row.field(&[key, &format!("{}{}", key[..1].to_lowercase(), &key[1..])]))
    };
    for row in founding(1).into_iter().chain(week()) {
        let Some(earlier) = first.get(&row.id()) else {
            first.insert(row.id(), row);
            continue;
        };
        assert!(earlier.at_micros < row.at_micros);
        if earlier.text == row.text {
            unchanged += 1;
        } else if earlier.status() != "processed" {
            assert_eq!(row.status(), "processed");
            assert!(["in_progress", "created"].contains(&earlier.status().as_str()));
            assert_eq!(priced_by(earlier), priced_by(&row));
            assert_eq!(earlier.field(&["StartDate", "startDate"]), row.field(&["StartDate", "startDate"]));
            finished += 1;
        } else {
            assert_eq!(row.kind(), "paid_service");
            assert_ne!(earlier.field(&["Notes"]), row.field(&["Notes"]));
            contradicted += 1;
        }
    }
    assert!((60..=240).contains(&unchanged), "{unchanged}");
    assert!((200..=900).contains(&finished), "{finished}");
    assert!((1..=21).contains(&contradicted), "{contradicted}");
}

#[test]
fn every_dispatched_type_appears_within_a_week() {
    let kinds: BTreeSet<String> = week().iter().filter(|row| row.table == Table::Activities).map(Seen::kind).collect();
    let expected = TRADES.iter().map(|(_, trade)| trade.kind).chain(["paid_service", "send_message"]);
    assert_eq!(kinds, expected.map(str::to_owned).collect());
    assert_eq!(kinds.len(), 75 + 2);
}

#[test]
fn the_common_types_keep_their_proportions() {
    let rows = week();
    let activities = rows.iter().filter(|row| row.table == Table::Activities).count();
    for (kind, hundredths) in
        [("fetch_resource", 30), ("rest", 27), ("goto_location", 18), ("register_import_agreement", 13)]
    {
        let share = rows.iter().filter(|row| row.kind() == kind).count() * 100 / activities;
        assert!(share.abs_diff(hundredths) <= 3, "{kind}: {share}");
    }
}

#[test]
fn a_third_of_the_messages_leave_the_city() {
    let players = usernames::PLAYERS.map(str::to_owned);
    let rows = week();
    let messages: Vec<&Seen> = rows.iter().filter(|row| row.table == Table::Messages).collect();
    let receiver =
        |row: &Seen| row.field(&["Receiver", "receiver", "recipient", "receiverUsername", "recipientUsername"]);
    let leaves = |row: &&&Seen| {
        let receiver = receiver(row);
        receiver.starts_with('@') || receiver.starts_with("TG_") || players.contains(&receiver)
    };
    let share = messages.iter().filter(leaves).count() * 100 / messages.len();
    assert!((31..=39).contains(&share), "{share}");
    for row in &messages {
        let length = row.field(&["Content", "content", "message"]).len();
        assert!((100..=600).contains(&length), "{length}: {}", row.text);
        assert!(!receiver(row).is_empty());
    }
}

#[test]
fn a_paid_service_says_who_pays_and_for_how_long() {
    let rows = week();
    let run_by: BTreeMap<String, String> =
        founding(1).iter().map(|row| (row.field(&["BuildingId"]), row.field(&["RunBy"]))).collect();
    for row in rows.iter().filter(|row| row.kind() == "paid_service" && row.row.get("fields").is_some()) {
        let notes: Value = serde_json::from_str(&row.field(&["Notes"])).expect("JSON in Notes");
        let revenue = &notes["revenue"];
        assert!((30..=240).contains(&revenue["minutes"].as_i64().unwrap_or_default()));
        assert!(revenue["client"].as_str().unwrap_or_default().starts_with("client_"));
        assert_eq!(run_by[revenue["business"].as_str().unwrap_or_default()], row.field(&["Citizen"]));
        assert_eq!(row.field(&["ToBuilding"]), "");
        if let Some(expertise) = revenue.get("expertise") {
            let tenths: u32 = expertise.as_str().unwrap_or_default().replace('.', "").parse().expect("tenths");
            assert!((8..=30).contains(&tenths), "{tenths}");
        }
    }
}
