//! The city's life, one run of the engine after another.
//!
//! A tick hands over what concluded since the one before, in no order. What an earlier tick left open, what
//! the engine runs twice, and what contradicts an earlier row wait here for their time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::activities::{Concluded, Outcome};
use super::almanac::MICROS_PER_MINUTE;
use super::cadence::{self, Slice};
use super::dice::{Dice, Purpose};
use super::letters;
use super::record::{Registry, Stretch};
use super::sessions::{self, Session};
use super::town::Town;
use super::{City, Delivery, Table, Tick};

/// The ticks of a city, in the order of time and without end.
#[derive(Clone, Debug)]
pub struct Ticks {
    town: Arc<Town>,
    dice: Dice,
    registry: Registry,
    /// When the last tick was.
    at_micros: i64,
    /// Rows for a later tick, by when they are due and in the order they came up.
    waiting: BTreeMap<(i64, u64), String>,
    waited: u64,
}

impl Ticks {
    pub(super) fn of(seed: u64, town: Arc<Town>) -> Ticks {
        Ticks {
            town,
            dice: Dice::new(seed, Purpose::Ticks),
            registry: Registry::new(seed, Stretch::Life),
            at_micros: City::START_MICROS,
            waiting: BTreeMap::new(),
            waited: 0,
        }
    }

    /// What happened within a slice of time, put where it belongs.
    fn live_through(&mut self, slice: Slice, activities: &mut Vec<String>, messages: &mut Vec<String>) {
        let town = Arc::clone(&self.town);
        for _ in 0..slice.count(cadence::ACTIVITIES, &mut self.dice) {
            let ended = slice.instant(&mut self.dice);
            let (concluded, outcome) = Concluded::some(&town, ended, &mut self.dice, &mut self.registry);
            activities.push(self.settle(concluded, outcome));
        }
        for _ in 0..slice.count(cadence::SESSIONS, &mut self.dice) {
            let ended = slice.instant(&mut self.dice);
            let session = Session::some(&town, ended, &mut self.dice, &mut self.registry);
            activities.push(self.serve(session));
        }
        for _ in 0..slice.count(cadence::NOTICES, &mut self.dice) {
            let sent = slice.instant(&mut self.dice);
            activities.push(sessions::notice(&town, sent, &mut self.dice, &mut self.registry));
        }
        for _ in 0..slice.count(cadence::MESSAGES, &mut self.dice) {
            let written = slice.instant(&mut self.dice);
            messages.push(letters::row(&town, written, &mut self.dice, &mut self.registry));
        }
    }

    /// The row of an activity, after what else will come of it was put by for later.
    fn settle(&mut self, concluded: Concluded, outcome: Outcome) -> String {
        if outcome.is_open() {
            let due = self.later();
            self.put_by(due, concluded.clone().row_processed_at(due));
        }
        let row = concluded.row(outcome);
        // The engine could not write the outcome down, and so does it all again.
        if outcome == Outcome::Processed && self.dice.chance(4) {
            let due = self.later();
            self.put_by(due, row.clone());
        }
        row
    }

    /// The row of a paid service; one in forty is contradicted later.
    fn serve(&mut self, session: Session<'_>) -> String {
        if self.dice.chance(85) {
            return session.flat_row();
        }
        let outcome = Outcome::usual(&mut self.dice);
        if outcome == Outcome::Processed && self.dice.chance(25) {
            let due = self.later();
            let other = session.contradicted(&mut self.dice);
            self.put_by(due, other.concluded().row(outcome));
        }
        self.settle(session.concluded(), outcome)
    }

    /// Some instant after the tick that is being made.
    fn later(&mut self) -> i64 {
        self.at_micros + self.dice.between(1, 90 * MICROS_PER_MINUTE)
    }

    fn put_by(&mut self, due_micros: i64, row: String) {
        self.waited += 1;
        self.waiting.insert((due_micros, self.waited), row);
    }

    /// Rows that have come due.
    fn due(&mut self) -> Vec<String> {
        let still_waiting = self.waiting.split_off(&(self.at_micros + 1, 0));
        std::mem::replace(&mut self.waiting, still_waiting).into_values().collect()
    }
}

impl Iterator for Ticks {
    type Item = Tick;

    fn next(&mut self) -> Option<Tick> {
        let before = self.at_micros;
        self.at_micros += cadence::gap_micros(&mut self.dice);
        let mut activities = self.due();
        let mut messages = Vec::new();
        for slice in cadence::slices(before, self.at_micros) {
            self.live_through(slice, &mut activities, &mut messages);
        }
        self.dice.shuffle(&mut activities);
        self.dice.shuffle(&mut messages);
        let deliveries = [(Table::Activities, activities), (Table::Messages, messages)]
            .into_iter()
            .filter(|(_, rows)| !rows.is_empty())
            .map(|(table, rows)| Delivery { table, rows })
            .collect();
        Some(Tick { at_micros: self.at_micros, deliveries })
    }
}
