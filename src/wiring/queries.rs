//! Questions to a running Rialto that go back to the journal: what became of an event, and lists of
//! transactions.

use thiserror::Error;
use tokio::sync::oneshot;

use super::Rialto;
use crate::actors::queries::{Account, Describing, Find, Known, Share};
use crate::actors::vitals::State;
use crate::domain::ids::{EventKey, Feed, SourceId, TransactionId};
use crate::domain::names::Name;
use crate::journal::reader::ReadError;
use crate::ledger::chunks::Chunks;
use crate::ledger::entry::{Entry, Event};
use crate::ledger::roll::NameNo;
use crate::ledger::rows::{ChargeRow, Place};

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
    /// What contradicted it.
    pub conflicts: Vec<Event<'static>>,
}

/// A transaction, and the event that made it.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Its number.
    pub id: TransactionId,
    /// The charge.
    pub charge: ChargeRow,
    /// The event.
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
        let Some(Known { fact, charge, conflicts, names }) = known.await.map_err(|_| self.gone())? else {
            return Ok(None);
        };
        let event = self.read(fact.place, &names)?;
        if event.key != key || event.activity.source_id.as_str() != id {
            return Err(QueryError::Other(fact.place));
        }
        let conflicts = conflicts.iter().map(|conflict| self.read(conflict.place, &names)).collect::<Result<_, _>>()?;
        Ok(Some(Fate { event, transaction: charge.map(|(transaction, _)| transaction), conflicts }))
    }

    /// The transactions that are wanted, the newest first; and where to go on, if there may be more.
    pub async fn transactions(&self, wanted: Wanted) -> Result<(Vec<Transaction>, Option<TransactionId>), QueryError> {
        let rows = self.0.bookkeeper.send(Share).await.map_err(|_| self.gone())?;
        let number = |name: Option<Name>| name.map(|name| rows.names.iter().position(|known| known == name));
        let [citizen, business] = [number(wanted.citizen), number(wanted.business)];
        let is = |row: NameNo, number: Option<Option<usize>>| {
            number.is_none_or(|number| number.is_some_and(|number| number == row.0 as usize))
        };
        let tariff = self.tariff();
        let is_wanted = |charge: &ChargeRow| {
            is(charge.citizen, citizen)
                && is(charge.business, business)
                && wanted.stage.is_none_or(|stage| stage == charge.stage)
                && wanted.rule.is_none_or(|rule| rule == tariff.rule_name(charge.rule))
        };
        let newest = wanted.before.map_or(u64::MAX, |before| before.0.saturating_sub(1));
        let mut last = newest.min(rows.durable_charges as u64);
        let mut found = Vec::new();
        while 0 < last && found.len() < wanted.limit {
            let charge = rows.charges.get(last as usize - 1).filter(is_wanted);
            if let Some((charge, fact)) = charge.and_then(|row| Some((row, rows.facts.get(row.fact.0 as usize)?))) {
                let event = self.read(fact.fact().place, &rows.names)?;
                found.push(Transaction { id: TransactionId(last), charge, event });
            }
            last -= 1;
        }
        let next = (0 < last).then_some(TransactionId(last + 1));
        Ok((found, next))
    }

    /// One transaction.
    pub async fn transaction(&self, id: TransactionId) -> Result<Option<Transaction>, QueryError> {
        let wanted = Wanted { before: Some(TransactionId(id.0.saturating_add(1))), limit: 1, ..Wanted::default() };
        let (found, _) = self.transactions(wanted).await?;
        Ok(found.into_iter().next().filter(|found| found.id == id))
    }

    /// The events that contradicted an earlier one, the newest first, at most `limit` of them.
    pub async fn conflicts(&self, limit: usize) -> Result<Vec<Event<'static>>, QueryError> {
        let rows = self.0.bookkeeper.send(Share).await.map_err(|_| self.gone())?;
        let newest = (0..rows.durable_conflicts).rev().take(limit).filter_map(|number| rows.conflicts.get(number));
        newest.map(|conflict| self.read(conflict.place, &rows.names)).collect()
    }

    /// What is known of a citizen or business; `None` if nothing is.
    pub async fn entity(&self, id: Name) -> Result<Option<Account>, QueryError> {
        let today = self.0.calendar.day(self.0.clock.now());
        self.0.bookkeeper.send(Describing { id, today }).await.map_err(|_| self.gone())
    }

    fn read(&self, place: Place, names: &Chunks<Name>) -> Result<Event<'static>, QueryError> {
        match self.0.reader.read(place, |number| names.get(number.0 as usize))? {
            Entry::Event(event) | Entry::Conflict(event) => Ok(event),
            Entry::Name(_) | Entry::Row(..) => Err(QueryError::Other(place)),
        }
    }

    fn gone(&self) -> QueryError {
        QueryError::Stopped(match self.0.vitals.state() {
            State::Stopped(cause) => cause.to_string(),
            State::Running | State::Draining => "the bookkeeper does not answer".to_owned(),
        })
    }
}
