//! What the guard counts.

use crate::{book, pricing, reading, records, sums};

/// A row.
pub struct Row {
    /// Its name, which is also its name in `counts.txt`.
    pub name: &'static str,
    /// What one event of it is.
    pub what: &'static str,
    /// Runs it, once under [`crate::count::counted`], and tells how many events that were.
    pub run: fn() -> usize,
}

const fn row(name: &'static str, what: &'static str, run: fn() -> usize) -> Row {
    Row { name, what, run }
}

/// All of them, in the order of an event's way.
pub const ROWS: [Row; 22] = [
    row("read-activity", "a row of ACTIVITIES, read from NDJSON", reading::activities),
    row("read-message", "a row of MESSAGES, read from NDJSON", reading::messages),
    row("draft-mix", "an event of the mix, its business found and drafted by a clerk", pricing::mix),
    row("draft-service", "a service, likewise, and priced", pricing::services),
    row("draft-mix-200", "an event of the mix, drafted by a tariff of 200 rules", pricing::mix_by_many_rules),
    row("draft-service-200", "a service, likewise, and priced", pricing::services_by_many_rules),
    row("post-mix", "a new event of the mix, admitted and posted", book::new_mix),
    row("post-service", "a new service, admitted and posted", book::new_services),
    row("repeat", "an event that is known already", book::repeats),
    row("conflict", "an event that contradicts what is known", book::conflicts),
    row("encode-mix", "a record of the mix, its names looked up", records::encode_mix),
    row("encode-service", "a record of a service", records::encode_services),
    row("seal", "a record in a group that is sealed", records::seal),
    row("decode-mix", "a record of the mix, its group's checksum included", records::decode_mix),
    row("decode-service", "a record of a service", records::decode_services),
    row("replay-mix", "an entry of the mix, taken into a book", records::replay_mix),
    row("replay-service", "an entry of a service, taken into a book", records::replay_services),
    row("answer", "an event in the answer to a batch, as JSON", reading::answer),
    row("total", "a charge, counted into all sums", sums::advance),
    row("view", "a view of the sums, made after a group", sums::view),
    row("dashboard", "the dashboard, asked in process", sums::dashboard),
    row("board", "the dashboard's answer as JSON", sums::board),
];
