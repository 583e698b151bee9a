//! Posting: how the bookkeeper takes a batch into the book and into the open group.
//!
//! Each event is decided by the book, written behind the names that it needs, and then posted; what is
//! known already writes nothing.

use super::bookkeeper::{Bookkeeper, Describe};
use super::sheet::{Answer, Receipts, Sheet};
use crate::domain::activity::Identity;
use crate::domain::charge::Stage;
use crate::domain::external::Ruling;
use crate::domain::names::Name;
use crate::domain::rows::Row;
use crate::domain::time::Moment;
use crate::journal::record;
use crate::ledger::book::Verdict;
use crate::ledger::entry::{Event, Receipt, Status, Telling};
use crate::ledger::rows::Place;

/// For so many events at once, the book's index is looked at before it is asked: see [`Index::touch`].
///
/// [`Index::touch`]: crate::ledger::index::Index::touch
const AHEAD: usize = 32;
/// More than the records of all the names in one event take up.
const NAMES_BYTES_MAX: u64 = 16 * (8 + Name::BYTES_MAX as u64);

impl Bookkeeper {
    pub(super) fn post(&mut self, sheet: Sheet) {
        let Sheet { seen, activities, identities, businesses, drafts, reply, permit, .. } = sheet;
        let drafts = drafts.read();
        let mut receipts = Receipts::with_capacity(activities.len());
        for (place, (activity, business)) in activities.iter().zip(businesses).enumerate() {
            if place % AHEAD == 0 {
                self.book.touch(identities[place..].iter().take(AHEAD).map(|identity| identity.key));
            }
            let Identity { key, content } = identities[place];
            let draft = drafts[place].unwrap_or_else(|| self.clerk.draft(activity, business));
            let happened = activity.occurred.at.unwrap_or(seen);
            let event = Event {
                activity: Telling::Lent(activity),
                key,
                content,
                draft,
                stage: Stage::Shadow,
                // Nothing happened later than it was seen.
                occurred_at: happened.clamp(Moment::OLDEST, seen.max(Moment::OLDEST)),
                recorded_at: seen,
                is_upgrade: false,
            };
            let receipt = self.post_event(event);
            let is_undecided = draft.ruling == Ruling::Undecided;
            self.open.tally.add(activity.feed, receipt.status, activity.occurred.basis, is_undecided);
            receipts.push(receipt);
        }
        self.open.answers.push((reply, Answer { receipts, activities }, permit));
    }

    fn post_event(&mut self, mut event: Event<'_>) -> Receipt {
        // Its record stands behind those of its names; what has room there has room here.
        let verdict = match self.book.admit(&event, Place(self.place().0 + NAMES_BYTES_MAX)) {
            Ok(verdict) => verdict,
            Err(_full) => return Receipt { status: Status::Rejected, charge: None, upgraded: false },
        };
        match verdict {
            Verdict::New => {}
            Verdict::Upgrade(first) => {
                event.occurred_at = self.book.fact(first).occurred_at;
                event.is_upgrade = true;
            }
            Verdict::Repeat(first) => return self.book.repeated(first, Status::Duplicate),
            Verdict::Conflict { first, is_noted } => {
                if !is_noted {
                    let place = self.write_names(&event);
                    record::encode_conflict(&event, self.book.roll(), &mut self.group);
                    self.book.note_conflict(&event, place);
                }
                return self.book.repeated(first, Status::Conflict);
            }
        }
        let place = self.write_names(&event);
        record::encode_event(&event, self.book.roll(), &mut self.group);
        self.book.post(&event, place)
    }

    /// Writes the names that an event needs into the open group; its own record stands behind them.
    fn write_names(&mut self, event: &Event<'_>) -> Place {
        record::names(event).into_iter().flatten().for_each(|name| self.write_name(name));
        self.place()
    }

    fn write_name(&mut self, name: Name) {
        if self.book.roll().number(name).is_none() {
            self.book.enrol(name);
            record::encode_name(name, &mut self.group);
        }
    }

    pub(super) fn describe(&mut self, describe: Describe) {
        let Describe { seen, rows, reply, permit, .. } = describe;
        let mut news = Vec::with_capacity(rows.len());
        for row in rows {
            let told = self.book.directory().news(row);
            if let Some(row) = told {
                row_names(row).into_iter().flatten().for_each(|name| self.write_name(name));
                record::encode_row(row, seen, self.book.roll(), &mut self.group);
                self.book.describe(row);
                self.open.rows.push(row);
            }
            news.push(told.is_some());
        }
        self.open.news.push((reply, news, permit));
    }

    /// Where the next record will stand.
    pub(super) fn place(&self) -> Place {
        Place(self.position + self.group.len() as u64)
    }
}

fn row_names(row: Row) -> [Option<Name>; 3] {
    match row {
        Row::Citizen(citizen) => [Some(citizen.id), None, None],
        Row::Building(building) => [Some(building.id), building.kind, building.run_by],
    }
}
