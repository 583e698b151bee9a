//! Questions to a running Rialto that go back to the journal: what became of an event, and lists of
//! transactions.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::Rialto;
use super::found::{Correction, Disputed, Fate, QueryError, Transaction, Wanted};
use crate::actors::filing::Consult;
use crate::actors::queries::{Account, Describing, Find, Known, Rows, Share};
use crate::actors::vitals::State;
use crate::domain::ids::{EventKey, Feed, SourceId, TransactionId};
use crate::domain::names::Name;
use crate::ledger::bills::Bills;
use crate::ledger::book::ConflictRow;
use crate::ledger::chunks::Chunks;
use crate::ledger::entry::{Entry, Event};
use crate::ledger::orders::Closing;
use crate::ledger::receivables::is_owed;
use crate::ledger::roll::NameNo;
use crate::ledger::rows::{ChargeRow, Place, Sort};

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
        self.billed(&mut found).await?;
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
        self.billed(&mut found).await?;
        Ok(found)
    }

    /// Notes the bill that each of these is on.
    async fn billed(&self, found: &mut [Transaction]) -> Result<(), QueryError> {
        let row = |one: &Transaction| u32::try_from(one.id.0 - 1).ok().filter(|_| is_owed(&one.charge));
        let payers = |charge: &ChargeRow| [charge.client, charge.business, charge.citizen];
        let rows: Vec<_> = found.iter().filter_map(|one| Some((row(one)?, payers(&one.charge)))).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let ask = Consult(Box::new(move |bills: &Bills| bills.of_rows(&rows)));
        let mut bills = self.0.bookkeeper.send(ask).await.map_err(|_| self.gone())?;
        for one in found {
            one.bill = row(one).and_then(|row| bills.remove(&row));
        }
        Ok(())
    }

    /// The transaction in the `number`th row, from 1 on.
    pub(super) fn found(&self, number: u64, charge: ChargeRow, rows: &Rows) -> Result<Option<Transaction>, QueryError> {
        let fact = |row: ChargeRow| rows.facts.get(row.fact.0 as usize).map(|fact| fact.fact());
        let Some(own) = fact(charge) else { return Ok(None) };
        let booked_on = Closing::booked_on(&rows.closings, number as usize - 1, self.0.calendar.day(own.occurred_at));
        let transaction = |event, correction| Transaction {
            id: TransactionId(number),
            charge,
            event,
            correction,
            released_by: None,
            reversed_by: None,
            bill: None,
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
    pub(super) async fn first(&self, conflict: &ConflictRow) -> Result<Event<'static>, QueryError> {
        let (reply, known) = oneshot::channel();
        self.0.bookkeeper.try_send(Find { key: conflict.key, reply }).map_err(|_| self.gone())?;
        // What is contradicted was taken before.
        let known = known.await.map_err(|_| self.gone())?.ok_or(QueryError::Other(conflict.place))?;
        self.read(known.fact.place, &known.names)
    }

    /// What is known of a citizen or business; `None` if nothing is.
    pub async fn entity(&self, id: Name) -> Result<Option<Account>, QueryError> {
        let today = self.0.calendar.day(self.0.clock.now());
        self.0.bookkeeper.send(Describing { id, today }).await.map_err(|_| self.gone())
    }

    pub(super) fn read(&self, place: Place, names: &Chunks<Name>) -> Result<Event<'static>, QueryError> {
        match self.0.reader.read(place, |number| names.get(number.0 as usize))? {
            Entry::Event(event) | Entry::Conflict(event) => Ok(event),
            Entry::Name(_) | Entry::Row(..) | Entry::Payer(..) | Entry::Order(..) | Entry::Deed(..) => {
                Err(QueryError::Other(place))
            }
        }
    }

    pub(super) fn gone(&self) -> QueryError {
        QueryError::Stopped(match self.0.vitals.state() {
            State::Stopped(cause) => cause.to_string(),
            State::Running | State::Draining => "the bookkeeper does not answer".to_owned(),
        })
    }
}

/// Notes what let each of these go, or took it back.
pub(super) fn follow(found: &mut [Transaction], rows: &Rows) {
    let Some(first) = found.iter().map(|one| one.id.0).min() else { return };
    let mut places: HashMap<u64, &mut Transaction> = found.iter_mut().map(|one| (one.id.0 - 1, one)).collect();
    // What speaks of a transaction comes after it.
    let from = rows.links.partition_point(|link| u64::from(link.by) < first);
    for link in rows.links.iter_from(from).take_while(|link| (link.by as usize) < rows.durable_charges) {
        let Some(one) = places.get_mut(&link.of.into()) else { continue };
        let by = Some(TransactionId(u64::from(link.by) + 1));
        match rows.charges.get(link.by as usize).map(|row| row.sort()) {
            Some(Sort::Release) => one.released_by = one.released_by.or(by),
            // The first takes the charge itself back; what was adjusted with it comes after.
            Some(Sort::Reversal) => one.reversed_by = one.reversed_by.or(by),
            Some(Sort::Charge | Sort::Adjustment) | None => {}
        }
    }
}
