//! What is owed, and the invoices that it makes.

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::oneshot;

use super::Rialto;
use super::biller::{Done, Hired, Question, Reconciling, Resting, Wish};
use super::found::QueryError;
use crate::actors::filing::{Billing, File};
use crate::actors::queries::{Owed, Owing};
use crate::billing::customers::Person;
use crate::billing::draw::lines_of;
use crate::billing::events::Event;
use crate::billing::lines::{Key, Line};
use crate::billing::plan::{Books, Plan, Policy, owed as owed_in, plan};
use crate::billing::signature::{self, Forged};
use crate::domain::bills::{BillNo, Deed, Refused};
use crate::domain::calendar::{Calendar, Day};
use crate::domain::ids::TransactionId;
use crate::domain::names::Name;
use crate::ledger::bill::Bill;
use crate::ledger::bills::Bills;
use crate::ledger::chunks::Chunks;
use crate::ledger::roll::NameNo;

/// A plan, and what its numbers stand for.
#[derive(Debug)]
pub struct Planned {
    /// The invoices that are due, and what waits.
    pub plan: Plan,
    /// It was made for this day.
    pub today: Day,
    /// What was billed before.
    pub bills: Bills,
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

    /// All bills, as they stand.
    pub async fn bills(&self) -> Result<Bills, QueryError> {
        let (reply, standing) = oneshot::channel();
        self.0.bookkeeper.send(Billing { reply }).await.map_err(|_| self.gone())?;
        standing.await.map(|standing| standing.bills).map_err(|_| self.gone())
    }

    /// The lines of a bill, and the transactions that each is of; `None` where there is no such bill.
    pub async fn bill(&self, no: BillNo) -> Result<Option<Billed>, QueryError> {
        let (reply, owed) = oneshot::channel();
        self.0.bookkeeper.send(Owing { reply }).await.map_err(|_| self.gone())?;
        let owed = owed.await.map_err(|_| self.gone())?;
        let Some(bill) = owed.bills.shared(no) else { return Ok(None) };
        let books = books(&owed);
        let lines = lines_of(&bill, &books, &self.0.calendar).unwrap_or_default();
        let mut calendar = self.0.calendar.clone();
        let of = bill.rows.iter().filter_map(|row| {
            let owed = owed_in(&books, &mut calendar, *row)?;
            Some((owed.key(bill.drawn.detail), TransactionId(u64::from(*row) + 1)))
        });
        let mut transactions: HashMap<Key, Vec<TransactionId>> = HashMap::new();
        of.for_each(|(key, transaction)| transactions.entry(key).or_default().push(transaction));
        let lines = lines.into_iter().map(|line| (line, transactions.remove(&line.key).unwrap_or_default())).collect();
        Ok(Some(Billed { bill, lines, names: owed.rows.names }))
    }

    /// Bills what is due, now, and walks every bill as far as it goes.
    pub async fn bill_now(&self) -> Result<Done, Resting> {
        self.answered(|biller, reply| biller.wish(Wish::Bill(reply))).await
    }

    /// Begins to compare every bill with what there is at Stripe, unless that is under way.
    pub fn reconcile(&self) -> Result<(), Resting> {
        self.0.biller.as_ref().ok_or(Resting::Off)?.reconcile()
    }

    /// How far that is.
    pub fn reconciling(&self) -> Reconciling {
        self.0.biller.as_ref().map(Hired::reconciling).unwrap_or_default()
    }

    /// What Stripe has of a customer, as it tells it.
    pub async fn customer(&self, customer: Name) -> Result<String, Resting> {
        self.answered(|biller, reply| biller.ask(Question::Check(customer.as_str().to_owned(), reply))).await
    }

    /// The customer that somebody is at Stripe: the one that was made for him before, or else a new one.
    pub async fn customer_of(&self, person: Person) -> Result<Name, Resting> {
        self.answered(|biller, reply| biller.ask(Question::Customer(person, reply))).await
    }

    async fn answered<T>(
        &self,
        ask: impl FnOnce(&Hired, oneshot::Sender<Result<T, Resting>>) -> Result<(), Resting>,
    ) -> Result<T, Resting> {
        let biller = self.0.biller.as_ref().ok_or(Resting::Off)?;
        let (reply, answer) = oneshot::channel();
        ask(biller, reply)?;
        // He answers, unless he went home or found out that he has to rest.
        let rests = || biller.shut().map_or(Resting::Gone, Resting::Shut);
        answer.await.map_err(|_| rests())?
    }

    /// Has the biller look around now, if there is one.
    pub fn wake_biller(&self) {
        if let Some(biller) = &self.0.biller {
            // If he is gone, he has looked for the last time.
            let _ = biller.wish(Wish::Look);
        }
    }

    /// Why the biller rests, if there is one and he does.
    pub fn biller_rests(&self) -> Option<String> {
        self.0.biller.as_ref().and_then(Hired::shut)
    }

    /// Whether there is a biller, and whether real money moves.
    pub fn collects(&self) -> Option<bool> {
        self.0.biller.as_ref().map(|biller| biller.is_live)
    }

    /// Takes in what Stripe tells: the signature's header and the body, byte for byte. It is durable when this returns.
    pub async fn notice(&self, signature: Option<&str>, body: &[u8]) -> Result<(), NoticeError> {
        let biller = self.0.biller.as_ref().ok_or(NoticeError::Off)?;
        let now = self.0.clock.now().0.div_euclid(1_000_000);
        signature::verify(signature.unwrap_or_default(), body, &biller.secrets, now)?;
        let event = Event::read(body).ok_or(NoticeError::Unreadable)?;
        if event.livemode != biller.is_live || !event.may_concern() || event.is_others(&biller.house) {
            // It is true, and none of our business.
            return Ok(());
        }
        let bills = self.bills().await?;
        let notice = event.notice(body, event.bill(&biller.house, &bills));
        let (reply, filed) = oneshot::channel();
        self.0.bookkeeper.send(File { deed: Deed::Notice(notice), reply }).await.map_err(|_| self.gone())?;
        match filed.await.map_err(|_| self.gone())? {
            Ok(_) => {}
            // Told twice is told once.
            Err(Refused::Known(_)) => return Ok(()),
            // Nobody could make more of it the next time.
            Err(refused) => tracing::warn!(event = event.id, error = %refused, "an event could not be noted"),
        }
        let _ = biller.wish(Wish::Look);
        Ok(())
    }

    /// When something is worth an invoice.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }
}

/// A bill, and what its numbers stand for.
#[derive(Debug)]
pub struct Billed {
    /// The bill.
    pub bill: Arc<Bill>,
    /// Its lines, and of which transactions each is.
    pub lines: Vec<(Line, Vec<TransactionId>)>,
    names: Chunks<Name>,
}

impl Billed {
    /// The name with this number, where it is somebody's.
    pub fn name(&self, number: NameNo) -> Option<Name> {
        number.some().and_then(|number| self.names.get(number.0 as usize))
    }
}

/// Why what Stripe tells is not taken.
#[derive(Debug, Error)]
pub enum NoticeError {
    /// Nothing is collected here.
    #[error("nothing is collected here: `stripe_mode` is off")]
    Off,
    /// Nobody knows who it is from.
    #[error("the signature is not Stripe's")]
    Forged(#[from] Forged),
    /// It is no event.
    #[error("the body is no event")]
    Unreadable,
    /// It could not be made durable.
    #[error(transparent)]
    Failed(#[from] QueryError),
}

fn books(owed: &Owed) -> Books<'_> {
    Books {
        charges: &owed.rows.charges,
        facts: &owed.rows.facts,
        closings: &owed.rows.closings,
        receivables: &owed.receivables,
        payers: &owed.payers,
    }
}

fn planned_from(owed: Owed, policy: &Policy, calendar: &mut Calendar, today: Day) -> Planned {
    let carried = |payer, currency| owed.bills.carried(payer, currency);
    let plan = plan(&books(&owed), policy, calendar, today, carried);
    Planned { plan, today, names: owed.rows.names, bills: owed.bills }
}
