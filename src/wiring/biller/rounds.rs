//! The biller's rounds: what is drawn when, which bills walk, and what is asked for that nobody told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::inquiries::Behind;
use super::office::{Office, Stopped, Wire};
use super::{Collecting, Employer, Reconciled, Reconciling, Resting, Told, Wish, lock};
use crate::billing::plan::{Plan, plan};
use crate::billing::round::{Unplaced, by_itself, is_race, offsets};
use crate::billing::walk::{Rest, Unsure, Walk};
use crate::domain::bills::{BillNo, Deed, Drawn, Status};
use crate::domain::names::Name;
use crate::domain::time::Moment;
use crate::ledger::bill::{Bill, Want};
use crate::ledger::bills::Bills;
use crate::stripe::backoff::backoff;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// So many bills were drawn.
    pub drawn: usize,
    /// So many have something to be done at Stripe, which is begun.
    pub walking: usize,
}

/// So many bills walk at once, those of one customer one after another: Stripe takes some tenths of a second for an answer,
/// and with fewer there would not always be one whose turn it is.
const AT_ONCE: usize = 64;
/// So many bills that are looked for together are worth a page of the latest invoices.
const WORTH_A_PAGE: usize = 100;
/// How often it is looked whether there is anything to do,
const TICK: Duration = Duration::from_millis(500);
/// and how often for what is large enough not to wait for its hour.
const DRAWS: i64 = 600 * 1_000_000;
/// After so long of no news an open bill is looked at, and events that were not told are asked for.
pub(super) const JANITOR: i64 = 3600 * 1_000_000;

/// Who wished for a round.
type Wisher = oneshot::Sender<Result<Done, Resting>>;

pub(super) struct Biller {
    pub(super) employer: Arc<Employer>,
    collecting: Collecting,
    pub(super) stripe: Wire,
    pub(super) told: Told,
    /// Whether the account is known to be the one that the folder's bills are of.
    pub(super) is_bound: bool,
    /// When it is tried again to find that out,
    bind_at: Again,
    /// to ask for the events that nobody told,
    pub(super) ask_at: Again,
    /// and to find out what events are about.
    place_at: Again,
    /// Why nothing is billed before what Stripe has is taken over, if it has to be.
    pub(super) behind: Option<Behind>,
    /// Not before when each of these is tried again, and after how many tries.
    later: HashMap<BillNo, (Moment, u32)>,
    looked: HashMap<BillNo, Moment>,
    drawn_on: Option<crate::domain::calendar::Day>,
    drawn_at: Moment,
    pub(super) asked_at: Option<Moment>,
}

impl Biller {
    pub(super) fn new(employer: Arc<Employer>, collecting: Collecting, stripe: Wire, told: Told) -> Biller {
        Biller {
            employer,
            collecting,
            stripe,
            told,
            is_bound: false,
            bind_at: Again::default(),
            ask_at: Again::default(),
            place_at: Again::default(),
            behind: None,
            later: HashMap::new(),
            looked: HashMap::new(),
            drawn_on: None,
            drawn_at: Moment(i64::MIN),
            asked_at: None,
        }
    }

    /// Works until he is sent home, or there is nobody to work for.
    pub(super) async fn run(mut self, mut wishes: mpsc::UnboundedReceiver<Wish>) {
        loop {
            let wish = tokio::select! {
                wish = wishes.recv() => match wish {
                    Some(wish) => wish,
                    None => return,
                },
                () = tokio::time::sleep(TICK) => Wish::Look,
            };
            let went = match wish {
                Wish::Look => {
                    // What came meanwhile is seen by the same look.
                    self.round(None).await
                }
                Wish::Bill(reply) => self.round(Some(reply)).await,
                Wish::Reconcile(taking) => {
                    let came = self.reconcile(taking).await;
                    if let Ok(report) = &came {
                        let (differences, at) = (report.differences.len(), self.employer.clock.now());
                        *lock(&self.told.reconciled) = Some(Reconciled { differences, at });
                    }
                    *lock(&self.told.reconciling) = match &came {
                        Ok(report) => Reconciling::Done(report.clone()),
                        Err(Why::Resting(resting)) => Reconciling::Failed(resting.clone()),
                        Err(Why::Stopped(_)) => Reconciling::Failed(Resting::Gone),
                    };
                    came.map(drop)
                }
            };
            match went {
                Ok(()) | Err(Why::Resting(_)) => {}
                Err(Why::Stopped(Stopped::Gone)) => return,
                Err(Why::Stopped(Stopped::Damaged(what))) => {
                    tracing::error!(what, "the biller stops");
                    self.told.rest(Some(what));
                    return;
                }
            }
        }
    }

    /// A round. Where it is wished for, it draws also what would wait for its hour, and tells when that is done.
    async fn round(&mut self, wished: Option<Wisher>) -> Result<(), Why> {
        match self.drawn(wished.is_some()).await {
            Ok((done, standing)) => {
                if let Some(wisher) = wished {
                    let walking = standing.walking(self.employer.clock.now());
                    let _ = wisher.send(Ok(Done { walking, ..done }));
                }
                self.walk_all(&standing).await
            }
            Err(why) => {
                if let Some(wisher) = wished {
                    let resting = if let Why::Resting(resting) = &why { resting.clone() } else { Resting::Gone };
                    let _ = wisher.send(Err(resting));
                }
                Err(why)
            }
        }
    }

    /// Draws what is due, if it is time to; how the bills stand then.
    async fn drawn(&mut self, is_wished: bool) -> Result<(Done, Bills), Why> {
        let standing = self.employer.standing().await?;
        let now = self.employer.clock.now();
        let is_due = is_wished || self.is_due(now);
        if standing.is_paused {
            // Nothing walks on, either.
            return Err(Why::Resting(Resting::Paused));
        }
        if standing.bills.is_empty() && !is_due {
            return Ok((Done::default(), standing.bills));
        }
        if !is_wished && !self.bind_at.is_due(now) {
            return Err(Why::Resting(Resting::Unsure("it is tried again in a while".to_owned())));
        }
        if let Err(why) = self.bind(&standing.bills).await {
            self.bind_at.failed(now);
            return Err(why);
        }
        self.bind_at = Again::default();
        if let Some(behind) = &self.behind {
            // Bound for now, but not before somebody says so.
            let why = behind.to_string();
            self.told.rest(Some(why.clone()));
            return Err(Why::Resting(Resting::Shut(why)));
        }
        self.ask_for_events(now, &standing.bills).await?;
        if !is_due && standing.bills.released().next().is_none() {
            return Ok((Done::default(), standing.bills));
        }
        let employer = Arc::clone(&self.employer);
        let mut office = self.office(&employer).await?;
        if self.offset(&office).await? {
            office = self.office(&employer).await?;
        }
        let drawn = self.draw(&office, is_wished, now).await?;
        self.drawn_at = now;
        let bills = self.employer.standing().await?.bills;
        Ok((Done { drawn, walking: 0 }, bills))
    }

    /// Walks all bills that need it, and finds out what events are about.
    async fn walk_all(&mut self, bills: &Bills) -> Result<(), Why> {
        let now = self.employer.clock.now();
        let open: Vec<Arc<Bill>> = bills.open().filter(|bill| self.is_to_walk(bill, now)).cloned().collect();
        if !self.is_bound || open.is_empty() && bills.unplaced().next().is_none() {
            return Ok(());
        }
        let employer = Arc::clone(&self.employer);
        let office = self.office(&employer).await?;
        if self.place_at.is_due(now) {
            self.place(&office, bills, now).await?;
        }
        if self.behind.is_some() {
            // What was just told is of bills that the book never drew.
            return Ok(());
        }
        let rests = self.walk(&office, open).await?;
        self.remember(rests, now);
        Ok(())
    }

    pub(super) async fn office<'e>(&self, employer: &'e Employer) -> Result<Office<'e>, Stopped> {
        let owed = employer.owed().await?;
        Ok(Office { employer, owed, tariffs: Arc::clone(&employer.clerk.tariffs()) })
    }

    /// Whether it is time to draw.
    fn is_due(&self, now: Moment) -> bool {
        let (_, hour) = self.employer.calendar.weekday_and_hour(now);
        let is_hour = self.collecting.hour <= hour && self.drawn_on != Some(self.employer.calendar.day(now));
        is_hour || DRAWS <= now.0.saturating_sub(self.drawn_at.0)
    }

    /// Writes down what was taken back of bills that nobody paid, and whether there was anything.
    async fn offset(&self, office: &Office<'_>) -> Result<bool, Why> {
        let mut is_any = false;
        let deeds: Vec<Deed> = offsets(&office.books(), &self.employer.policy).collect();
        for deed in deeds {
            match self.employer.file(deed).await? {
                Ok(_) => is_any = true,
                Err(refused) => tracing::info!(error = %refused, "what was taken back was not offset"),
            }
        }
        Ok(is_any)
    }

    async fn draw(&mut self, office: &Office<'_>, is_wished: bool, now: Moment) -> Result<usize, Why> {
        let today = self.employer.calendar.day(now);
        let (_, hour) = self.employer.calendar.weekday_and_hour(now);
        let is_hour = self.collecting.hour <= hour && self.drawn_on != Some(today);
        let bills = &office.owed.bills;
        let mut calendar = self.employer.calendar.clone();
        let mut planned: Plan = plan(&office.books(), &self.employer.policy, &mut calendar, today);
        if !is_wished {
            planned = by_itself(planned, bills);
        }
        if !is_hour && !is_wished {
            let threshold = i128::from(self.collecting.threshold.millionths());
            planned.invoices.retain(|invoice| {
                threshold <= crate::domain::coin::Coin::of(invoice.currency).millionths(invoice.total)
            });
        }
        let Some(zone) = Name::new(self.employer.calendar.zone().name()) else { return Ok(0) };
        let due: Vec<_> = planned.due(zone).collect();
        let (house, mut drawn) = (self.employer.house(bills), 0);
        for bill in due {
            let mark = house.mark(BillNo((bills.len() + drawn) as u32 + 1));
            match self.employer.file(Deed::Draw(Box::new(Drawn { mark, ..bill }))).await? {
                Ok(_) => drawn += 1,
                // Meanwhile something was taken back, or posted before: the next plan has it.
                Err(refused) => tracing::info!(error = %refused, "a bill was not drawn"),
            }
        }
        if is_wished {
            // Also where nothing came of it: whoever asks for a run has seen what is carried.
            for (bill, _) in bills.carried_over() {
                if let Err(refused) = self.employer.file(Deed::Vouch(bill.no)).await? {
                    tracing::info!(error = %refused, "that what is carried was asked for was not written down");
                }
            }
        } else if is_hour {
            for (bill, carried) in bills.carried_over() {
                let payer = bill.drawn.payer.id;
                tracing::warn!(%payer, %carried, "whole amounts are carried of what was taken over: nothing of his is billed before `rialto bill run`");
            }
        }
        if is_hour || is_wished {
            self.drawn_on = Some(today);
        }
        Ok(drawn)
    }

    /// Whether a bill needs anything that can be done now.
    fn is_to_walk(&self, bill: &Bill, now: Moment) -> bool {
        if self.later.get(&bill.no).is_some_and(|(at, _)| now < *at) {
            return false;
        }
        match bill.wants() {
            Want::Ask(_, at) => at <= now,
            Want::Look(_) => true,
            Want::Nothing => {
                let is_open = matches!(bill.seen.status, Status::Open | Status::Uncollectible);
                let looked = self.looked.get(&bill.no).map_or(i64::MIN, |at| at.0);
                is_open && bill.fault().is_none() && JANITOR <= now.0.saturating_sub(looked)
            }
        }
    }

    async fn walk(&self, office: &Office<'_>, bills: Vec<Arc<Bill>>) -> Result<Vec<(BillNo, Rest)>, Why> {
        let walk = Walk { desk: office, stripe: &self.stripe };
        let mut by_customer: HashMap<Option<Name>, Vec<Arc<Bill>>> = HashMap::new();
        for bill in walk.seek(bills, WORTH_A_PAGE).await? {
            by_customer.entry(bill.drawn.payer.customer).or_default().push(bill);
        }
        let at_once = Semaphore::new(AT_ONCE);
        let walks = by_customer.into_values().map(|bills| {
            let (walk, at_once) = (&walk, &at_once);
            async move {
                let _turn = at_once.acquire().await;
                let mut rests = Vec::new();
                for bill in bills {
                    let no = bill.no;
                    let rest = match bill.wants() {
                        Want::Nothing => walk.look_after(&bill).await?,
                        Want::Ask(..) | Want::Look(_) => walk.go(bill).await?,
                    };
                    rests.push((no, rest));
                }
                Ok::<_, Stopped>(rests)
            }
        });
        let mut walks: FuturesUnordered<_> = walks.collect();
        let mut rests = Vec::new();
        while let Some(came) = walks.next().await {
            rests.extend(came?);
        }
        Ok(rests)
    }

    /// Notes when each bill is to be tried again.
    fn remember(&mut self, rests: Vec<(BillNo, Rest)>, now: Moment) {
        for (no, rest) in rests {
            self.looked.insert(no, now);
            match rest {
                Rest::Done | Rest::At(_) => drop(self.later.remove(&no)),
                Rest::Behind(_) => {}
                Rest::Beaten(refused) if is_race(&refused) => drop(self.later.remove(&no)),
                Rest::Beaten(refused) => {
                    tracing::error!(bill = %no, error = %refused, "a step of a bill was refused");
                    self.later.insert(no, (Moment(now.0.saturating_add(DRAWS)), 0));
                }
                Rest::Unsure(unsure) => {
                    if unsure.is_shut {
                        self.told.rest(Some(unsure.to_string()));
                        self.is_bound = false;
                    }
                    let tries = self.later.get(&no).map_or(0, |(_, tries)| *tries);
                    let seconds = unsure.after.map(|after| u32::try_from(after.as_secs()).unwrap_or(u32::MAX));
                    let after = backoff(tries, jitter(), seconds);
                    tracing::info!(bill = %no, error = %unsure, after_s = after.as_secs(), "a bill waits for Stripe");
                    let micros = i64::try_from(after.as_micros()).unwrap_or(i64::MAX);
                    self.later.insert(no, (Moment(now.0.saturating_add(micros)), tries.saturating_add(1)));
                }
            }
        }
    }

    async fn place(&mut self, office: &Office<'_>, bills: &Bills, now: Moment) -> Result<(), Why> {
        let walk = Walk { desk: office, stripe: &self.stripe };
        let unplaced: Vec<Unplaced> = bills
            .unplaced()
            .map(|(event, _, object)| Unplaced { event: event.to_owned(), object: object.to_owned() })
            .collect();
        let house = self.employer.house(bills);
        for told in &unplaced {
            match walk.place(told, &house, bills).await? {
                Err(Rest::Unsure(unsure)) => {
                    tracing::info!(event = told.event, error = %unsure, "an event waits for Stripe");
                    self.place_at.failed(now);
                    return Ok(());
                }
                Err(Rest::Behind(mark)) => {
                    // The event is placed by now, and tells it to nobody any more.
                    if let Err(error) = self.employer.home.leave() {
                        tracing::warn!(%error, "that the book is older than what was billed could not be written down");
                    }
                    self.behind = Some(Behind::Older(mark.to_string()));
                }
                _ => {}
            }
        }
        self.place_at = Again::default();
        Ok(())
    }
}

/// When something that failed is tried again, and after how many tries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Again {
    at: Moment,
    tries: u32,
}

impl Default for Again {
    fn default() -> Again {
        Again { at: Moment(i64::MIN), tries: 0 }
    }
}

impl Again {
    pub(super) fn is_due(self, now: Moment) -> bool {
        self.at <= now
    }

    /// It failed once more.
    pub(super) fn failed(&mut self, now: Moment) {
        let micros = i64::try_from(backoff(self.tries, jitter(), None).as_micros()).unwrap_or(i64::MAX);
        *self = Again { at: Moment(now.0.saturating_add(micros)), tries: self.tries.saturating_add(1) };
    }
}

/// Chance, so that not everybody comes back at once.
fn jitter() -> u64 {
    let mut bytes = [0; 8];
    // Without it they do; that is all.
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// Why a round ends early.
pub(super) enum Why {
    Stopped(Stopped),
    Resting(Resting),
}

impl From<Stopped> for Why {
    fn from(stopped: Stopped) -> Why {
        Why::Stopped(stopped)
    }
}

impl From<Unsure> for Why {
    fn from(unsure: Unsure) -> Why {
        Why::Resting(unsure.into())
    }
}
