//! Posting: how the bookkeeper takes a batch into the book and into the open group.
//!
//! Each event is decided by the book, written behind the names that it needs, and then posted; what is
//! known already writes nothing.

use super::bookkeeper::Bookkeeper;
use super::messages::{Describe, Obey};
use super::sheet::{Answer, Receipts, Sheet};
use crate::domain::activity::{Activity, Identity};
use crate::domain::charge::{Draft, Free, Hold, Price, Stage};
use crate::domain::names::Name;
use crate::domain::orders::What;
use crate::domain::rows::Row;
use crate::domain::time::Moment;
use crate::journal::record;
use crate::ledger::book::{Book, Verdict};
use crate::ledger::entry::{Event, Receipt, Status, Telling};
use crate::ledger::orders::Obeyed;
use crate::ledger::payers::Listing;
use crate::ledger::rows::Place;
use crate::metrics::Counted;

/// For so many events at once, the book looks at what it will need: see [`Book::touch`].
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
                let near = place..activities.len().min(place + AHEAD);
                // Another thread has just written the drafts: they too are waited for together.
                let is_free = |draft: &Option<Draft>| matches!(draft, Some(Draft { price: Price::Free(_), .. }));
                let charged = near.clone().filter(|&place| !is_free(&drafts[place]));
                let charged = charged.filter_map(|place| activities[place].citizen);
                self.book.touch(near.map(|place| identities[place].key), charged);
            }
            let Identity { key, content } = identities[place];
            let occurred_at = activity.happened(seen);
            let made;
            let draft = match &drafts[place] {
                Some(draft) if draft.tariff == self.book.tariffs().at(occurred_at).version() => draft,
                // What an actor did not come to, or priced before another tariff came into force, is priced here.
                _ => {
                    made = self.draft(activity, business, occurred_at);
                    &made
                }
            };
            let mut event = Event {
                activity: Telling::Lent(activity),
                key,
                content,
                draft: *draft,
                used: None,
                adjustment: None,
                is_disputed: false,
                stage: self.stage(business, activity.citizen, occurred_at),
                occurred_at,
                recorded_at: seen,
                is_upgrade: false,
            };
            let receipt = self.post_event(&mut event);
            self.open.tally.add(Counted {
                feed: activity.feed,
                class: self.classes.of(activity.kind),
                status: receipt.status,
                basis: activity.occurred.basis,
                ruling: draft.ruling,
            });
            receipts.push(receipt);
        }
        self.open.answers.push((reply, Answer { receipts, activities }, permit));
    }

    fn draft(&self, activity: &Activity, business: Option<Name>, at: Moment) -> Draft {
        self.clerk.draft(self.book.tariffs(), activity, business, at)
    }

    fn post_event(&mut self, event: &mut Event<'_>) -> Receipt {
        const FULL: Receipt = Receipt { status: Status::Rejected, charge: None, upgraded: false };
        // Its record stands behind those of its names; what has room there has room here.
        let place = Place(self.place().0 + NAMES_BYTES_MAX);
        let Ok(verdict) = self.book.admit(event, place) else { return FULL };
        match verdict {
            Verdict::New => {}
            Verdict::Upgrade(first) => {
                event.occurred_at = self.book.fact(first).occurred_at;
                event.is_upgrade = true;
                // It is priced by the tariff and the phase that were in force when it happened.
                event.draft = self.draft(&event.activity, event.draft.business, event.occurred_at);
                event.stage = self.stage(event.draft.business, event.activity.citizen, event.occurred_at);
            }
            Verdict::Repeat(first) => return self.book.repeated(first, Status::Duplicate),
            Verdict::Conflict { first, is_noted } => {
                if !is_noted {
                    self.doubt(event);
                    self.settle(event);
                    let place = self.write_names(event);
                    record::encode_conflict(event, self.book.roll(), &mut self.group);
                    self.book.note_conflict(event, place);
                }
                return self.book.repeated(first, Status::Conflict);
            }
        }
        self.doubt(event);
        let is_another = self.settle(event) || event.is_upgrade;
        if is_another && self.book.room_for(event, place).is_err() {
            return FULL;
        }
        if event.draft.price == Price::Free(Free::TooMuch) {
            // Whatever it is, it is not nothing.
            return FULL;
        }
        if matches!(event.draft.price, Price::Free(_)) {
            // There is nothing to hold.
            event.draft.hold = None;
        }
        // Guards know everybody by his number, also who is charged for the first time.
        let place = self.write_names(event);
        event.draft.hold = event.draft.hold.or_else(|| self.book.judge(event));
        if event.draft.hold.is_some() {
            // What is held changes nothing of what others were charged; it does once it is let go.
            event.adjustment = None;
        }
        event.is_disputed = Book::disputes(event);
        record::encode_event(event, self.book.roll(), &mut self.group);
        self.book.post(event, place)
    }

    /// The stage of a charge that is posted now. Who pauses all waits for nobody who is before him.
    pub(super) fn stage(&self, business: Option<Name>, citizen: Option<Name>, occurred_at: Moment) -> Stage {
        if self.outside.halt.is_on() {
            Stage::Shadow
        } else {
            self.book.rollout().stage(business, citizen, occurred_at)
        }
    }

    /// Holds what may earn and names a client who is not on the list, once there is one: the book's own list, so that
    /// what is held and who pays are decided by the same.
    fn doubt(&self, event: &mut Event<'_>) {
        let may_earn = event.draft.hold.is_none() && !matches!(event.draft.price, Price::Free(_));
        let Some(client) = event.activity.client.filter(|_| may_earn) else { return };
        let payers = self.book.payers();
        let listing = self.book.roll().number(client).and_then(|number| payers.get(number));
        if !payers.is_empty() && !listing.is_some_and(Listing::is_listed) {
            event.draft.hold = Some(Hold::Client);
        }
    }

    /// Settles what the events before this one decide about its price; whether they did.
    fn settle(&mut self, event: &mut Event<'_>) -> bool {
        let is_open = matches!(event.draft.price, Price::Counted { .. });
        if is_open {
            self.book.settle(event, |moment| self.calendar.day_cached(moment));
        }
        is_open
    }

    /// Writes the names that an event needs into the open group; its own record stands behind them.
    fn write_names(&mut self, event: &Event<'_>) -> Place {
        record::names(event).into_iter().flatten().for_each(|name| self.write_name(name));
        self.place()
    }

    pub(super) fn write_name(&mut self, name: Name) {
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

    pub(super) fn obey(&mut self, obey: Obey) {
        let Obey { seen, order, brake, reply, permit, .. } = obey;
        let outcome = self.ready(&order, seen).and_then(|()| self.book.admit_order(&order, seen));
        let mut obeyed = Obeyed::default();
        if outcome.is_ok() {
            Book::names_of(&order).into_iter().for_each(|name| self.write_name(name));
            let place = self.place();
            record::encode_order(&order, seen, self.book.roll(), &mut self.group);
            obeyed = self.book.obey(&order, seen, place);
            match order.what {
                What::List(_) | What::Strike(_) => self.open.payers = Some(self.book.payers().clone()),
                What::Tariff(_) => self.open.tariffs = Some(self.book.tariffs().clone()),
                What::Move(_) => self.phases = self.book.rollout().phases(),
                _ => {}
            }
        }
        // From here on the book says so itself, or it was refused.
        if let Some(brake) = brake {
            brake.take_back();
        }
        self.open.obeyed.push((reply, outcome.map(|()| obeyed), permit));
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
