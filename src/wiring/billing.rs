//! What is owed, and the invoices that it makes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::oneshot;

use super::Rialto;
use super::biller::{Done, Hired, Question, Reconciling, Resting, Taking, Wish};
use super::found::QueryError;
use super::planning::{Planned, books};
use super::settings::OrderError;
use crate::actors::filing::{Billing, Consult, File};
use crate::actors::queries::Owing;
use crate::billing::books::owed as owed_in;
use crate::billing::customers::Person;
use crate::billing::draw::lines_of;
use crate::billing::events::Event;
use crate::billing::lines::{Key, Line};
use crate::billing::marks::House;
use crate::billing::policy::Policy;
use crate::billing::preflight::Found;
use crate::billing::signature::{self, Forged};
use crate::clock::Clock;
use crate::domain::bills::{BillNo, Deed, Notice, Refused};
use crate::domain::ids::TransactionId;
use crate::domain::names::Name;
use crate::domain::orders::{Order, What};
use crate::domain::payers::Payer;
use crate::ledger::bill::Bill;
use crate::ledger::bills::Bills;
use crate::ledger::chunks::Chunks;
use crate::ledger::roll::NameNo;

impl Rialto {
    /// The invoices that are due now, and why what else is owed waits. Nothing is changed.
    pub async fn bill_plan(&self) -> Result<Planned, QueryError> {
        self.0.planner.plan().await.ok_or_else(|| self.gone())
    }

    /// All bills, as they stand.
    pub async fn bills(&self) -> Result<Bills, QueryError> {
        let (reply, standing) = oneshot::channel();
        self.0.bookkeeper.send(Billing { reply }).await.map_err(|_| self.gone())?;
        standing.await.map(|standing| standing.bills).map_err(|_| self.gone())
    }

    /// How many of the bills are on their way out, and can go on now.
    pub fn walking(&self, bills: &Bills) -> usize {
        bills.walking(self.0.clock.now())
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
        self.0.biller.as_ref().ok_or(Resting::Off)?.reconcile(Taking::Nothing)
    }

    /// Begins to take over what Stripe has and the book has not, by order of somebody who knows that no other folder
    /// bills the same any more; then it compares every bill. Bills have a byname in their marks from
    /// then on.
    pub async fn adopt(&self, by: &str, why: &str) -> Result<(), AdoptError> {
        let biller = self.0.biller.as_ref().ok_or(Resting::Off)?;
        let mut byname = [0; 8];
        getrandom::fill(&mut byname).map_err(|error| Resting::Unsure(error.to_string()))?;
        let byname = byname.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
        self.order(Order { by: by.into(), why: why.into(), what: What::Adopt(byname) }).await?;
        Ok(biller.reconcile(Taking::All)?)
    }

    /// How far that is.
    pub fn reconciling(&self) -> Reconciling {
        self.0.biller.as_ref().map(Hired::reconciling).unwrap_or_default()
    }

    /// What Stripe has of a payer, as it tells it.
    pub async fn preflight(&self, payer: Payer) -> Result<Found, Resting> {
        self.answered(|biller, reply| biller.ask(Question::Check(Box::new(payer), reply))).await
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

    /// Whether there is a biller, and it is a stand-in for Stripe that he calls.
    pub fn is_sandboxed(&self) -> bool {
        self.0.biller.as_ref().is_some_and(|biller| biller.is_stand_in)
    }

    /// Takes in what Stripe tells: the signature's header and the body, byte for byte. It is durable when this returns.
    pub async fn notice(&self, signature: Option<&str>, body: &[u8]) -> Result<(), NoticeError> {
        let biller = self.0.biller.as_ref().ok_or(NoticeError::Off)?;
        // A letter may be told only so long after it was sent, whatever time the book lives in.
        let now = Clock::system().now().0.div_euclid(1_000_000);
        signature::verify(signature.unwrap_or_default(), body, &biller.secrets, now)?;
        let event = Event::read(body).ok_or(NoticeError::Unreadable)?;
        if 0 < event.created {
            let late = u64::try_from(now.saturating_sub(event.created)).unwrap_or_default();
            self.0.meters.webhook_late(Duration::from_secs(late));
        }
        if event.livemode != biller.is_live || !event.may_concern() {
            // It is true, and none of our business.
            return Ok(());
        }
        let (notice, folder) = (event.notice(body, None), biller.folder.clone());
        let placed = Consult(Box::new(move |bills: &Bills| {
            let is_news = !event.is_others(&House::new(&folder, bills.byname())) && !event.is_own(bills);
            is_news.then(|| event.bill(bills))
        }));
        let Some(bill) = self.0.bookkeeper.send(placed).await.map_err(|_| self.gone())? else { return Ok(()) };
        let (event, notice) = (notice.event.clone(), Notice { bill, ..notice });
        let (reply, filed) = oneshot::channel();
        self.0.bookkeeper.send(File { deed: Deed::Notice(notice), reply }).await.map_err(|_| self.gone())?;
        match filed.await.map_err(|_| self.gone())? {
            Ok(_) => {}
            // Told twice is told once.
            Err(Refused::Known(_)) => return Ok(()),
            // Nobody could make more of it the next time.
            Err(refused) => tracing::warn!(%event, error = %refused, "an event could not be noted"),
        }
        let _ = biller.wish(Wish::Look);
        Ok(())
    }

    /// When something is worth an invoice.
    pub fn policy(&self) -> &Policy {
        self.0.planner.policy()
    }
}

/// Why nothing is taken over.
#[derive(Debug, Error)]
pub enum AdoptError {
    /// The order was not obeyed.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// There is nobody who could.
    #[error(transparent)]
    Resting(#[from] Resting),
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
