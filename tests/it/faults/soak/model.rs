//! What a city's records come to, worked out by hand: which are taken, what each costs, and what is due to it all.
//!
//! It shares the reading of rows with the sidecar, and nothing else: no book, tariff, meter or guard.

use std::collections::{HashMap, HashSet};

use rialto::demo::Table;
use rialto::domain::activity::{Activity, Outcome, Stated};
use rialto::reading::Reader;
use serde_json::Value;

/// The two tariffs: what an hour and what a letter to the outside cost, in millionths.
pub const TARIFFS: [(i128, i128); 2] = [(50_000_000, 100_000), (60_000_000, 150_000)];

/// See the module.
#[derive(Debug, Default)]
pub struct Model {
    players: HashSet<String>,
    /// Those that are known, and whether they were done.
    known: HashMap<(bool, String), bool>,
    /// When the second tariff is in force.
    pub second: Option<i64>,
    /// What all comes to, in millionths.
    pub sum: i128,
    /// How many cost something.
    pub charges: usize,
    /// How many records came, repeats included.
    pub rows: usize,
    upgrades: usize,
}

impl Model {
    /// How many facts that makes: an event that was seen before it was done is another once it is.
    pub fn facts(&self) -> usize {
        self.known.len() + self.upgrades
    }

    /// Takes a citizen's row in: whom a human plays is outside.
    pub fn citizen(&mut self, row: &str) {
        let row: Value = serde_json::from_str(row).unwrap();
        if row["fields"]["IsAI"] == false {
            self.players.insert(row["fields"]["Username"].as_str().unwrap().to_owned());
        }
    }

    /// Takes a record in that comes at this instant.
    pub fn take(&mut self, table: Table, row: &str, now: i64) {
        let reader = Reader::new(chrono_tz::UTC);
        let is_message = table == Table::Messages;
        let read = if is_message { reader.message(row) } else { reader.activity(row) };
        let activity = read.unwrap();
        self.rows += 1;
        let is_done = activity.outcome == Outcome::Processed;
        let was_done = self.known.insert((is_message, activity.source_id.to_string()), is_done);
        match was_done {
            Some(true) => {
                // What was done stays done.
                self.known.insert((is_message, activity.source_id.to_string()), true);
                return;
            }
            _ if !is_done => return,
            Some(false) => self.upgrades += 1,
            None => {}
        }
        let at = activity.occurred.at.map_or(now, |at| at.0.min(now));
        let (hour, letter) = TARIFFS[usize::from(self.second.is_some_and(|second| second <= at))];
        let price = if activity.kind.is_some_and(|kind| kind.as_str() == "paid_service") {
            hour * service_tenths_of_minutes(&activity) / 600
        } else if self.is_outside(is_message, row) {
            letter
        } else {
            0
        };
        self.sum += price;
        self.charges += usize::from(0 < price);
    }

    fn is_outside(&self, is_message: bool, row: &str) -> bool {
        let row: Value = serde_json::from_str(row).unwrap();
        let fields = row.get("fields").unwrap_or(&row);
        let text = |keys: &[&str]| keys.iter().find_map(|key| fields[*key].as_str()).unwrap_or_default().to_owned();
        if is_message {
            let receiver = text(&["Receiver", "receiver", "recipient", "receiverUsername", "recipientUsername"]);
            return receiver.starts_with('@') || receiver.starts_with("TG_") || self.players.contains(&receiver);
        }
        // What else is said among activities comes again as a message.
        match &*text(&["Type", "type"]) {
            "send_diplomatic_email" => true,
            "send_message" => fields["recipient_type"] == "external",
            _ => false,
        }
    }
}

/// Minutes times tenths of expertise, without which it is 1.
fn service_tenths_of_minutes(activity: &Activity) -> i128 {
    let whole = |stated: &Stated, times: i64, without: i128| match stated {
        Stated::Is(figure) => {
            let text = (*figure * rust_decimal::Decimal::from(times)).normalize().to_string();
            text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
        }
        _ => without,
    };
    whole(&activity.minutes, 1, 0) * whole(&activity.expertise, 10, 10)
}
