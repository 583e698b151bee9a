//! What is owed, and the invoices that it makes.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Rialto;
use super::found::QueryError;
use crate::actors::queries::{Owed, Owing};
use crate::billing::plan::{Books, Plan, Policy, plan};
use crate::domain::calendar::{Calendar, Day};
use crate::domain::money::Sum;
use crate::domain::names::Name;
use crate::ledger::chunks::Chunks;
use crate::ledger::roll::NameNo;

/// A plan, and what its numbers stand for.
#[derive(Debug)]
pub struct Planned {
    /// The invoices that are due, and what waits.
    pub plan: Plan,
    /// It was made for this day.
    pub today: Day,
    names: Chunks<Name>,
}

impl Planned {
    /// The name with this number, where it is somebody's.
    pub fn name(&self, number: NameNo) -> Option<Name> {
        number.some().and_then(|number| self.names.get(number.0 as usize))
    }
}

impl Rialto {
    /// The invoices that are due now, and why what else is owed waits. Nothing is changed.
    pub async fn bill_plan(&self) -> Result<Planned, QueryError> {
        // Each takes a thread, and holds on to rows; it is in turn until it is made, also where nobody waits any more.
        let turn = Arc::clone(&self.0.planning).lock_owned().await;
        let (reply, owed) = oneshot::channel();
        self.0.bookkeeper.send(Owing { reply }).await.map_err(|_| self.gone())?;
        let owed = owed.await.map_err(|_| self.gone())?;
        let (mut calendar, policy) = (self.0.calendar.clone(), self.0.policy.clone());
        let today = calendar.day(self.0.clock.now());
        let (reply, planned) = oneshot::channel();
        // Of many payers it takes a while, and whoever asks may share his thread with others.
        std::thread::spawn(move || {
            let planned = planned_from(owed, &policy, &mut calendar, today);
            drop(turn);
            let _ = reply.send(planned);
        });
        planned.await.map_err(|_| self.gone())
    }

    /// When something is worth an invoice.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }
}

fn planned_from(owed: Owed, policy: &Policy, calendar: &mut Calendar, today: Day) -> Planned {
    let Owed { rows, receivables, payers } = owed;
    let books = Books {
        charges: &rows.charges,
        facts: &rows.facts,
        closings: &rows.closings,
        receivables: &receivables,
        payers: &payers,
    };
    let plan = plan(&books, policy, calendar, today, |_, _| Sum::default());
    Planned { plan, today, names: rows.names }
}
