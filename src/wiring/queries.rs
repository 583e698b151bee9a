//! Questions to a running Rialto that go back to the journal: what became of an event, and lists of
//! transactions.

use std::collections::HashSet;

use std::collections::HashMap;

use thiserror::Error;
use tokio::sync::oneshot;

use super::Rialto;
use crate::actors::queries::{Account, Describing, Find, Known, Operating, Operations, Rows, Share};
use crate::actors::vitals::State;
use crate::domain::calendar::Day;
use crate::domain::ids::{EventKey, Feed, SourceId, TransactionId};
use crate::domain::names::Name;
use crate::domain::orders::{Order, Reverse, What};
use crate::domain::proposals::{self, Proposal};
use crate::domain::time::Moment;
use crate::journal::reader::ReadError;
use crate::ledger::book::ConflictRow;
use crate::ledger::chunks::Chunks;
use crate::ledger::entry::{Entry, Event};
use crate::ledger::roll::NameNo;
use crate::ledger::rows::{ChargeRow, Place, Sort};

/// Why a question has no answer.
#[derive(Debug, Error)]
pub enum QueryError {
    /// Everything stopped.
    #[error("the sidecar has stopped: {0}")]
    Stopped(String),
    /// The journal could not be read.
    #[error("the record could not be read again")]
    Journal(#[from] ReadError),
    /// The record is not the one that was looked for.
    #[error("the record at {0:?} is another one")]
    Other(Place),
}

/// What became of an event.
#[derive(Clone, Debug)]
pub struct Fate {
    /// The event as it was taken.
    pub event: Event<'static>,
    /// Its transaction, if it earned.
    pub transaction: Option<TransactionId>,
    /// All transactions that are about it, in order: its own, and what corrected them.
    pub transactions: Vec<Transaction>,
    /// What contradicted it; itself, where it declares another amount than was charged.
    pub conflicts: Vec<Disputed>,
}

/// A transaction, and the event that it is about.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Its number.
    pub id: TransactionId,
    /// The charge.
    pub charge: ChargeRow,
    /// The event.
    pub event: Event<'static>,
    /// What made it, where that was no event.
    pub correction: Option<Correction>,
    /// What let it go, where it was held and then released.
    pub released_by: Option<TransactionId>,
    /// What took it back.
    pub reversed_by: Option<TransactionId>,
    /// The day whose sums it is in: that of its event or order, or the first open one where that came late for a
    /// month that was closed.
    pub booked_on: Day,
}

impl Transaction {
    /// Whether it is held now, and can be released.
    pub fn is_held(&self) -> bool {
        let is_over = self.released_by.is_some() || self.reversed_by.is_some() || self.correction.is_some();
        self.charge.is_held() && !is_over
    }
}

/// Some of the charges that are held.
#[derive(Clone, Debug)]
pub struct HeldPage {
    /// The charges, the newest first.
    pub transactions: Vec<Transaction>,
    /// Before which to go on, if there are more.
    pub next: Option<TransactionId>,
}

/// An order that speaks of an earlier transaction.
#[derive(Clone, Debug)]
pub struct Correction {
    /// The earlier one.
    pub of: TransactionId,
    /// The order.
    pub order: Order,
    /// When it was given.
    pub at: Moment,
}

/// An event that contradicts an earlier one, or the tariff.
#[derive(Clone, Debug)]
pub struct Disputed {
    /// Its number.
    pub number: u32,
    /// Whether it declares another amount than was charged.
    pub is_discrepancy: bool,
    /// Whether somebody looked at it and let it be.
    pub is_accepted: bool,
    /// The event.
    pub event: Event<'static>,
    /// What was taken and stays: the earlier event, or the same one where it contradicts the tariff.
    pub first: Event<'static>,
}

/// An order that was given.
#[derive(Clone, Debug)]
pub struct Ordered {
    /// Its number, from 1 on.
    pub number: u64,
    /// The order.
    pub order: Order,
    /// When it was given.
    pub at: Moment,
}

/// A message of which no rule says whether it left the simulation.
#[derive(Clone, Debug)]
pub struct Undecided {
    /// The number of its fact.
    pub number: u32,
    /// The message.
    pub event: Event<'static>,
}

/// Which transactions are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Only those before this one; without it, from the newest on.
    pub before: Option<TransactionId>,
    /// Only those of this citizen.
    pub citizen: Option<Name>,
    /// Only those of this business.
    pub business: Option<Name>,
    /// Only those of this rule.
    pub rule: Option<&'static str>,
    /// Only those of this stage.
    pub stage: Option<crate::domain::charge::Stage>,
    /// At most this many.
    pub limit: usize,
}

impl Rialto {
    /// What became of the event with this id; `None` if it was never taken.
    pub async fn fate(&self, feed: Feed, id: &str) -> Result<Option<Fate>, QueryError> {
        if SourceId::BYTES_MAX < id.len() {
            return Ok(None);
        }
        let (reply, known) = oneshot::channel();
        let key = EventKey::new(feed, id);
        self.0.bookkeeper.try_send(Find { key, reply }).map_err(|_| self.gone())?;
        let Some(Known { fact, charge, mut conflicts, names }) = known.await.map_err(|_| self.gone())? else {
            return Ok(None);
        };
        let event = self.read(fact.place, &names)?;
        if event.key != key || event.activity.source_id.as_str() != id {
            return Err(QueryError::Other(fact.place));
        }
        if event.is_disputed {
            let (content, outcome, place) = (fact.content, fact.outcome, fact.place);
            conflicts.insert(0, ConflictRow { key, content, outcome, place, is_discrepancy: true });
        }
        let conflicts = self.disputed(&event, &conflicts).await?;
        let transactions = match charge {
            Some((first, _)) => self.about(first).await?,
            None => Vec::new(),
        };
        Ok(Some(Fate { event, transaction: charge.map(|(transaction, _)| transaction), transactions, conflicts }))
    }

    /// The transactions that are wanted, the newest first; and where to go on, if there may be more.
    pub async fn transactions(&self, wanted: Wanted) -> Result<(Vec<Transaction>, Option<TransactionId>), QueryError> {
        let rows = self.0.bookkeeper.send(Share).await.map_err(|_| self.gone())?;
        let number = |name: Option<Name>| name.map(|name| rows.names.iter().position(|known| known == name));
        let [citizen, business] = [number(wanted.citizen), number(wanted.business)];
        let is = |row: NameNo, number: Option<Option<usize>>| {
            number.is_none_or(|number| number.is_some_and(|number| number == row.0 as usize))
        };
        let tariffs = self.tariffs();
        let is_wanted = |charge: &ChargeRow| {
            is(charge.citizen, citizen)
                && is(charge.business, business)
                && wanted.stage.is_none_or(|stage| stage == charge.stage())
                && wanted.rule.is_none_or(|rule| rule == tariffs.rule_name(charge.rule))
        };
        let newest = wanted.before.map_or(u64::MAX, |before| before.0.saturating_sub(1));
        let mut last = newest.min(rows.durable_charges as u64);
        let mut found = Vec::new();
        while 0 < last && found.len() < wanted.limit {
            let charge = rows.charges.get(last as usize - 1).filter(is_wanted);
            if let Some(charge) = charge {
                found.extend(self.found(last, charge, &rows)?);
            }
            last -= 1;
        }
        follow(&mut found, &rows);
        let next = (0 < last).then_some(TransactionId(last + 1));
        Ok((found, next))
    }

    /// A charge, what was adjusted with it, and all that speaks of it.
    async fn about(&self, first: TransactionId) -> Result<Vec<Transaction>, QueryError> {
        let rows = self.0.bookkeeper.send(Share).await.map_err(|_| self.gone())?;
        let row = |number: u64| rows.charges.get(number as usize - 1).filter(|_| number <= rows.durable_charges as u64);
        let fact = row(first.0).map(|row| row.fact);
        let own = (first.0..).take_while(|number| row(*number).is_some_and(|row| Some(row.fact) == fact));
        let own: Vec<u64> = own.collect();
        let later = rows.links.iter().filter(|link| own.contains(&(u64::from(link.of) + 1)));
        let all = own.iter().copied().chain(later.map(|link| u64::from(link.by) + 1));
        let found = all.filter_map(|number| self.found(number, row(number)?, &rows).transpose());
        let mut found = found.collect::<Result<Vec<_>, _>>()?;
        follow(&mut found, &rows);
        Ok(found)
    }

    /// The transaction in the `number`th row, from 1 on.
    fn found(&self, number: u64, charge: ChargeRow, rows: &Rows) -> Result<Option<Transaction>, QueryError> {
        let fact = |row: ChargeRow| rows.facts.get(row.fact.0 as usize).map(|fact| fact.fact());
        let Some(own) = fact(charge) else { return Ok(None) };
        let closed = rows.closings.iter().rev().find(|closing| u64::from(closing.from) < number);
        let booked_on = self.0.calendar.day(own.occurred_at);
        let booked_on = closed.map_or(booked_on, |closing| booked_on.max(closing.open));
        let transaction = |event, correction| Transaction {
            id: TransactionId(number),
            charge,
            event,
            correction,
            released_by: None,
            reversed_by: None,
            booked_on,
        };
        if !own.is_order {
            return Ok(Some(transaction(self.read(own.place, &rows.names)?, None)));
        }
        let link = rows.links.get(rows.links.partition_point(|link| u64::from(link.by) < number - 1));
        let of = link.filter(|link| u64::from(link.by) == number - 1).map(|link| link.of);
        let first = of.and_then(|of| rows.charges.get(of as usize)).and_then(fact);
        let (Some(of), Some(first)) = (of, first) else { return Ok(None) };
        let Entry::Order(order, at) = self.0.reader.read(own.place, |number| rows.names.get(number.0 as usize))? else {
            return Err(QueryError::Other(own.place));
        };
        let correction = Some(Correction { of: TransactionId(u64::from(of) + 1), order, at });
        Ok(Some(transaction(self.read(first.place, &rows.names)?, correction)))
    }

    /// One transaction.
    pub async fn transaction(&self, id: TransactionId) -> Result<Option<Transaction>, QueryError> {
        let wanted = Wanted { before: Some(TransactionId(id.0.saturating_add(1))), limit: 1, ..Wanted::default() };
        let (found, _) = self.transactions(wanted).await?;
        Ok(found.into_iter().next().filter(|found| found.id == id))
    }

    /// How the house stands, as operators see it.
    pub async fn operations(&self) -> Result<Operations, QueryError> {
        let (reply, answer) = oneshot::channel();
        self.0.bookkeeper.send(Operating { reply }).await.map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())
    }

    /// The charges that are held, the newest first, at most `limit` of them.
    pub async fn held(&self, limit: usize) -> Result<Vec<Transaction>, QueryError> {
        let operations = self.operations().await?;
        Ok(self.held_before(&operations, None, limit).await?.transactions)
    }

    /// Those of the charges that `operations` says are held which come before this one, the newest first, at most
    /// `limit` of them.
    pub async fn held_before(
        &self,
        operations: &Operations,
        before: Option<TransactionId>,
        limit: usize,
    ) -> Result<HeldPage, QueryError> {
        let rows = self.0.bookkeeper.send(Share).await.map_err(|_| self.gone())?;
        let held = &operations.held;
        let end = before.map_or(held.len(), |before| held.partition_point(|row| u64::from(*row) + 1 < before.0));
        let start = end.saturating_sub(limit);
        let mut transactions = Vec::with_capacity(end - start);
        for number in held[start..end].iter().rev() {
            let charge = rows.charges.get(*number as usize);
            let found = charge.map(|charge| self.found(u64::from(*number) + 1, charge, &rows)).transpose()?;
            transactions.extend(found.flatten());
        }
        follow(&mut transactions, &rows);
        let next = held.get(start).filter(|_| 0 < start).map(|number| TransactionId(u64::from(*number) + 1));
        Ok(HeldPage { transactions, next })
    }

    /// The order that takes a charge back; `None` where there is no such transaction.
    pub async fn reversal(&self, id: TransactionId) -> Result<Option<What>, QueryError> {
        let Some(found) = self.transaction(id).await? else { return Ok(None) };
        // What an order made has no event, and is refused for what it is.
        let used = found.event.used.filter(|_| found.charge.sort() == Sort::Charge);
        let used = used.map(|used| (used.start, used.quantity));
        Ok(Some(What::Reverse(Reverse { transaction: id, used })))
    }

    /// The events that contradicted an earlier one, the newest first, at most `limit` of them.
    pub async fn conflicts(&self, limit: usize) -> Result<Vec<Disputed>, QueryError> {
        let rows = self.0.bookkeeper.send(Share).await.map_err(|_| self.gone())?;
        let accepted = self.operations().await?.accepted;
        let newest = (0..rows.durable_conflicts).rev().take(limit);
        let mut found = Vec::new();
        for (number, conflict) in newest.filter_map(|number| Some((number, rows.conflicts.get(number)?))) {
            let event = self.read(conflict.place, &rows.names)?;
            let first = match conflict.is_discrepancy {
                true => event.clone(),
                false => self.first(&conflict).await?,
            };
            let number = number as u32;
            let (is_discrepancy, is_accepted) = (conflict.is_discrepancy, accepted.binary_search(&number).is_ok());
            found.push(Disputed { number, is_discrepancy, is_accepted, event, first });
        }
        Ok(found)
    }

    /// What these say against `first`, which was taken.
    async fn disputed(&self, first: &Event<'static>, conflicts: &[ConflictRow]) -> Result<Vec<Disputed>, QueryError> {
        if conflicts.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.0.bookkeeper.send(Share).await.map_err(|_| self.gone())?;
        let accepted = self.operations().await?.accepted;
        let disputed = |conflict: &ConflictRow| {
            // Conflicts are numbered in the order of their records.
            let number = rows.conflicts.partition_point(|known| known.place < conflict.place) as u32;
            Ok(Disputed {
                number,
                is_discrepancy: conflict.is_discrepancy,
                is_accepted: accepted.binary_search(&number).is_ok(),
                event: self.read(conflict.place, &rows.names)?,
                first: first.clone(),
            })
        };
        conflicts.iter().map(disputed).collect()
    }

    /// The event that was taken under the key of a conflict.
    async fn first(&self, conflict: &ConflictRow) -> Result<Event<'static>, QueryError> {
        let (reply, known) = oneshot::channel();
        self.0.bookkeeper.try_send(Find { key: conflict.key, reply }).map_err(|_| self.gone())?;
        // What is contradicted was taken before.
        let known = known.await.map_err(|_| self.gone())?.ok_or(QueryError::Other(conflict.place))?;
        self.read(known.fact.place, &known.names)
    }

    /// The paid services for the engine to create: one for each of these businesses that has no `open` one and is run by
    /// one of these citizens, to those who pay, or to some of them: see [`proposals`](proposals::proposals).
    pub async fn proposals(
        &self,
        citizens: &[proposals::Citizen],
        businesses: &[proposals::Business],
        clients: Option<&HashSet<&str>>,
        open: &HashSet<&str>,
    ) -> Result<Vec<Proposal>, QueryError> {
        let is_wanted = |id: &Name| clients.is_none_or(|wanted| wanted.contains(id.as_str()));
        let listed = self.operations().await?.payers;
        let clients: Vec<Name> = listed.iter().map(|payer| payer.id).filter(is_wanted).collect();
        Ok(proposals::proposals(citizens, businesses, &clients, open))
    }

    /// The orders that were given before the `before`th, the newest first, at most `limit` of them.
    pub async fn orders(&self, before: Option<u64>, limit: usize) -> Result<Vec<Ordered>, QueryError> {
        let rows = self.0.bookkeeper.send(Share).await.map_err(|_| self.gone())?;
        let durable = rows.orders.partition_point(|place| place.0 < rows.durable);
        let newest = before.map_or(durable, |before| durable.min(before.saturating_sub(1) as usize));
        let mut found = Vec::new();
        for number in (0..newest).rev().take(limit) {
            let Some(place) = rows.orders.get(number) else { break };
            let Entry::Order(order, at) = self.0.reader.read(place, |number| rows.names.get(number.0 as usize))? else {
                return Err(QueryError::Other(place));
            };
            found.push(Ordered { number: number as u64 + 1, order, at });
        }
        Ok(found)
    }

    /// The messages before fact `before` that no rule decides about, the newest first, at most `limit` of them; and
    /// where to go on, if there may be more.
    pub async fn undecided(
        &self,
        before: Option<u32>,
        limit: usize,
    ) -> Result<(Vec<Undecided>, Option<u32>), QueryError> {
        /// So many facts are looked through in one go: some milliseconds.
        const LOOKED_AT: usize = 1_000_000;
        let rows = self.0.bookkeeper.send(Share).await.map_err(|_| self.gone())?;
        let newest = before.map_or(rows.facts.len(), |before| rows.facts.len().min(before as usize));
        let last = newest.saturating_sub(LOOKED_AT);
        let mut found = Vec::new();
        for number in (last..newest).rev() {
            let Some(fact) = rows.facts.get(number).map(|row| row.fact()) else { break };
            if fact.is_undecided && fact.place.0 < rows.durable {
                found.push(Undecided { number: number as u32, event: self.read(fact.place, &rows.names)? });
                if found.len() == limit {
                    return Ok((found, (0 < number).then_some(number as u32)));
                }
            }
        }
        Ok((found, (0 < last).then_some(last as u32)))
    }

    /// What is known of a citizen or business; `None` if nothing is.
    pub async fn entity(&self, id: Name) -> Result<Option<Account>, QueryError> {
        let today = self.0.calendar.day(self.0.clock.now());
        self.0.bookkeeper.send(Describing { id, today }).await.map_err(|_| self.gone())
    }

    fn read(&self, place: Place, names: &Chunks<Name>) -> Result<Event<'static>, QueryError> {
        match self.0.reader.read(place, |number| names.get(number.0 as usize))? {
            Entry::Event(event) | Entry::Conflict(event) => Ok(event),
            Entry::Name(_) | Entry::Row(..) | Entry::Order(..) => Err(QueryError::Other(place)),
        }
    }

    fn gone(&self) -> QueryError {
        QueryError::Stopped(match self.0.vitals.state() {
            State::Stopped(cause) => cause.to_string(),
            State::Running | State::Draining => "the bookkeeper does not answer".to_owned(),
        })
    }
}

/// Notes what let each of these go, or took it back.
fn follow(found: &mut [Transaction], rows: &Rows) {
    let Some(first) = found.iter().map(|one| one.id.0).min() else { return };
    let mut places: HashMap<u64, &mut Transaction> = found.iter_mut().map(|one| (one.id.0 - 1, one)).collect();
    // What speaks of a transaction comes after it.
    let from = rows.links.partition_point(|link| u64::from(link.by) < first);
    for link in rows.links.iter_from(from).take_while(|link| (link.by as usize) < rows.durable_charges) {
        let Some(one) = places.get_mut(&link.of.into()) else { continue };
        let by = Some(TransactionId(u64::from(link.by) + 1));
        match rows.charges.get(link.by as usize).map(|row| row.sort()) {
            Some(Sort::Release) => one.released_by = by,
            Some(Sort::Reversal) => one.reversed_by = by,
            Some(Sort::Charge | Sort::Adjustment) | None => {}
        }
    }
}
