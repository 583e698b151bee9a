//! What operators ask before they order: what is held, what contradicts, what was ordered, what may be offered.

use std::collections::HashSet;

use tokio::sync::oneshot;

use super::Rialto;
use super::found::{Disputed, HeldPage, Ordered, QueryError, Transaction, Undecided};
use super::queries::follow;
use crate::actors::queries::{Operating, Operations, Share, Survey, Surveying};
use crate::domain::ids::TransactionId;
use crate::domain::money::Currency;
use crate::domain::names::Name;
use crate::domain::orders::{Reverse, What};
use crate::domain::proposals::{self, Proposal};
use crate::ledger::entry::Entry;
use crate::ledger::rows::Sort;

impl Rialto {
    /// How the house stands, as operators see it.
    pub async fn operations(&self) -> Result<Operations, QueryError> {
        let (reply, answer) = oneshot::channel();
        self.0.bookkeeper.send(Operating { reply }).await.map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())
    }

    /// How the house stands at a glance, with the invoices of this currency.
    pub async fn survey(&self, currency: Currency) -> Result<Survey, QueryError> {
        let (reply, answer) = oneshot::channel();
        self.0.bookkeeper.send(Surveying { currency, reply }).await.map_err(|_| self.gone())?;
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
}
