//! The gate before going live: what must be true of a citizen, a business or everybody before charges are real.

use super::bookkeeper::Bookkeeper;
use crate::domain::calendar::Day;
use crate::domain::charge::Stage;
use crate::domain::ids::TransactionId;
use crate::domain::names::Name;
use crate::domain::orders::{Order, Refused, What};
use crate::domain::rollout::{Phase, Subject};
use crate::domain::time::Moment;
use crate::ledger::payers::Listing;
use crate::ledger::roll::NameNo;
use crate::ledger::rows::FactNo;
use crate::ledger::totals::{Earner, Role};

/// What going live asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// So many charges in shadow, or for all: so many events.
    pub events: u64,
    /// So many hours since the first of them.
    pub hours: u32,
}

impl Default for Gate {
    fn default() -> Gate {
        Gate { events: 100, hours: 24 }
    }
}

/// Among so many of the last charges a business's clients are looked for.
const LOOKED_AT: usize = 100_000;

impl Bookkeeper {
    /// Whether everything is ready for an order: what the book does not ask for, because older journals hold orders
    /// without it.
    pub(super) fn ready(&self, order: &Order, now: Moment) -> Result<(), Refused> {
        order.is_worded()?;
        if let What::List(payer) = &order.what
            && let Some(fault) = payer.fault()
        {
            return Err(Refused::Terms(fault));
        }
        if let What::Close(open) = order.what
            && self.calendar.day(now) < open
        {
            // Everything would be booked into days that are still to come.
            return Err(Refused::NotOver(Day(open.0.saturating_sub(1)).date().to_string()));
        }
        if self.is_paused() && self.bills_live(&order.what) {
            return Err(Refused::Paused);
        }
        let What::Move(moved) = order.what else { return Ok(()) };
        // A slip in an id makes nobody live, also where all are live already.
        if moved.to == Some(Phase::Live)
            && let Some(id) = moved.subject.id().filter(|id| !self.is_known(*id))
        {
            return Err(Refused::NotReady(vec![format!("no {} {id} is known", moved.subject.as_str())]));
        }
        if !self.book.rollout().makes_live(moved) {
            return Ok(());
        }
        let reasons = self.reasons(moved.subject, now);
        if reasons.is_empty() { Ok(()) } else { Err(Refused::NotReady(reasons)) }
    }

    /// Whether all is paused, or somebody at the door is just about to.
    pub(super) fn is_paused(&self) -> bool {
        self.outside.halt.is_on()
            || self.book.rollout().standing(Subject::All).is_some_and(|all| all.phase == Phase::Paused)
    }

    /// Whether an order may make something collectable: a charge that is let go, or what the others owe once one that
    /// counted is taken back.
    fn bills_live(&self, what: &What) -> bool {
        let is_live = |number: u32| {
            let row = self.book.charges().get(number as usize);
            row.is_some_and(|row| row.stage() == Stage::Live)
        };
        let of =
            |transaction: TransactionId| u32::try_from(transaction.0).ok().and_then(|number| number.checked_sub(1));
        match what {
            What::Release(transaction) => of(*transaction).is_some_and(is_live),
            What::ReleaseAll(name) => self.book.held_of(*name).any(is_live),
            What::Reverse(reverse) if reverse.used.is_some() => of(reverse.transaction).is_some_and(is_live),
            _ => false,
        }
    }

    /// Whatever speaks against going live.
    fn reasons(&self, subject: Subject, now: Moment) -> Vec<String> {
        let Gate { events, hours } = self.outside.gate;
        let mut reasons = Vec::new();
        if self.outside.halt.is_lasting() {
            reasons.push(
                "everything was paused, which could not be made durable, and is halted until a restart".to_owned(),
            );
        }
        let (seen, first) = match subject {
            Subject::All => (self.book.events() as u64, Some(FactNo(0))),
            Subject::Business(id) => self.seen(Role::Business, id),
            Subject::Citizen(id) => self.seen(Role::Citizen, id),
        };
        if let Some(id) = subject.id().filter(|id| !self.is_known(*id)) {
            return vec![format!("no {} {id} is known", subject.as_str())];
        }
        if seen < events {
            let what = if subject == Subject::All { "events were seen" } else { "charges were made in shadow" };
            reasons.push(format!("{seen} of {events} {what}"));
        }
        // By when it came in: what an event says of its own time may be long ago.
        let first = first.and_then(|first| self.book.arrivals().at_latest(first));
        let passed = first.map_or(0, |first| now.0.saturating_sub(first.0) / 3_600_000_000);
        if passed < i64::from(hours) {
            reasons.push(format!("{passed} of {hours} hours in shadow have passed"));
        }
        let open = self.book.conflicts().len() - self.book.accepted().len();
        if 0 < open {
            reasons.push(format!("{open} conflicts or discrepancies were not accepted (`rialto conflicts list`)"));
        }
        if !self.has_payer(subject) {
            reasons.push("nobody is ready to pay (`rialto payer add`)".to_owned());
        }
        reasons
    }

    fn seen(&self, role: Role, id: Name) -> (u64, Option<FactNo>) {
        let number = self.book.roll().number(id);
        let earners = || self.totals.currencies().iter().filter_map(|sums| sums.earner(role, number?));
        (earners().map(|earner: &Earner| earner.count).sum(), earners().map(|earner| earner.first).min())
    }

    fn is_known(&self, id: Name) -> bool {
        let directory = self.book.directory();
        let is_described = directory.citizen(id).is_some() || directory.building(id).is_some();
        is_described || Role::ALL.into_iter().any(|role| 0 < self.seen(role, id).0)
    }

    /// Whether anybody is ready to pay: a business or citizen itself, or one of its clients.
    fn has_payer(&self, subject: Subject) -> bool {
        let payers = self.book.payers();
        let is_ready = |listing: &Listing| listing.is_listed() && listing.payer.customer.is_some();
        let is_ready = |id: Name| {
            let listing = self.book.roll().number(id).and_then(|number| payers.get(number));
            listing.is_some_and(is_ready)
        };
        let Some(id) = subject.id() else { return payers.listed().iter().any(|payer| payer.customer.is_some()) };
        if is_ready(id) {
            return true;
        }
        let Some(number) = self.book.roll().number(id) else { return false };
        let charges = self.book.charges();
        let is_client = |client: NameNo| self.book.roll().name(client).is_some_and(is_ready);
        let mut last = charges.iter_from(charges.len().saturating_sub(LOOKED_AT));
        last.any(|charge| [charge.business, charge.citizen].contains(&number) && is_client(charge.client))
    }
}
