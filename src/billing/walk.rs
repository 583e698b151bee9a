//! The walk of a bill: what it needs next is done, written down before and after, until it needs nothing or has to
//! wait.
//!
//! Whoever walks may vanish at any point and another one goes on: all that he knew is in the book. What was asked and
//! not answered is looked at before it is asked again, in the same words and under the same key.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;
use thiserror::Error;

use super::answers::{self, read};
use super::asks::{self, Words};
use super::call::{Call, Reply};
use super::lines::Line;
use super::look::{look, read_back};
use super::papers::{Invoice, Note, Paper};
use crate::domain::bills::{Ask, BillNo, Deed, Fault, Outcome, Refused, Sight, Step};
use crate::domain::time::Moment;
use crate::ledger::bill::{Bill, Look, Want};

/// Where deeds are written down.
pub trait Desk {
    /// Why nothing can be written any more.
    type Stopped;

    /// Writes a deed down; once it is durable, how the bill stands after it.
    fn file(&self, deed: Deed) -> impl Future<Output = Result<Result<Arc<Bill>, Refused>, Self::Stopped>>;

    /// Writes down what is of no bill in particular.
    fn note(&self, deed: Deed) -> impl Future<Output = Result<Result<(), Refused>, Self::Stopped>>;

    /// How a bill stood when the round began.
    fn bill(&self, no: BillNo) -> impl Future<Output = Result<Option<Arc<Bill>>, Self::Stopped>>;

    /// The lines of a bill.
    fn lines(&self, bill: &Bill) -> impl Future<Output = Result<Vec<Line>, Self::Stopped>>;

    /// What numbers stand for.
    fn words(&self) -> impl Words;

    /// What time it is.
    fn now(&self) -> Moment;
}

/// Whom bills are sent by.
pub trait Stripe {
    /// Makes a call; an error where it is unknown whether it had an effect.
    fn call(&self, call: &Call) -> impl Future<Output = Result<Reply, Unsure>>;

    /// Makes a call that only reads.
    fn read(&self, call: Call) -> impl Future<Output = Result<Reply, Unsure>> {
        async move { self.call(&call).await }
    }

    /// Whether real money moves.
    fn is_live(&self) -> bool;
}

/// Nobody knows.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("Stripe could not be asked: {why}")]
pub struct Unsure {
    /// Why.
    pub why: CompactString,
    /// Not before so long.
    pub after: Option<Duration>,
    /// Whether nothing at all can be asked: the key is wrong, or may not do it.
    pub is_shut: bool,
}

impl Unsure {
    /// An answer that says nothing of what was asked.
    pub fn of(reply: &Reply) -> Unsure {
        let why = answers::refusal(reply).code;
        let after = reply.retry_after_s.map(|seconds| Duration::from_secs(seconds.into()));
        Unsure { why, after, is_shut: matches!(reply.status, 401 | 403) }
    }

    /// Something is wrong with the invoice, which somebody has to look at.
    pub fn faulty(fault: Fault) -> Unsure {
        const AFTER: Duration = Duration::from_secs(600);
        Unsure { why: compact_str::format_compact!("{fault}"), after: Some(AFTER), is_shut: false }
    }

    /// It was called off, and may be under way all the same.
    pub fn called_off() -> Unsure {
        const AFTER: Duration = Duration::from_secs(600);
        Unsure { why: "what was called off may be under way".into(), after: Some(AFTER), is_shut: false }
    }

    /// An answer that cannot be read.
    pub fn unreadable(what: &str) -> Unsure {
        Unsure { why: compact_str::format_compact!("{what} could not be read"), after: None, is_shut: false }
    }
}

/// Where a walk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    /// There is nothing to be done, but by Stripe's side.
    Done,
    /// There is, not before this instant.
    At(Moment),
    /// Stripe could not be asked.
    Unsure(Unsure),
    /// The book says otherwise: somebody else was here.
    Beaten(Refused),
    /// Stripe has something of this house, with this mark, that the book never drew: the book is older than that.
    Behind(CompactString),
}

/// A walk, and what it is for.
pub struct Walk<'a, D, S> {
    /// Where it is written down.
    pub desk: &'a D,
    /// Whom it asks.
    pub stripe: &'a S,
}

impl<D: Desk, S: Stripe> Walk<'_, D, S> {
    /// Walks as far as it can.
    pub async fn go(&self, mut bill: Arc<Bill>) -> Result<Rest, D::Stopped> {
        // They are the same all the way, and many need none.
        let mut lines = None;
        // What was read long ago says nothing of what is there now.
        let mut is_read = false;
        // What a step answered just now needs no look of its own.
        let mut is_fresh = false;
        loop {
            let went = match bill.wants() {
                Want::Nothing => return Ok(Rest::Done),
                Want::Ask(_, at) if self.desk.now() < at => return Ok(Rest::At(at)),
                Want::Ask(..) if bill.is_hopeless() => {
                    let code = bill.way.failed.as_ref().map(|failed| failed.refusal.code.clone());
                    self.file(Deed::Drop(bill.no, code.unwrap_or_default())).await?
                }
                Want::Ask(Step::Finalise, _) if !is_read => {
                    is_read = true;
                    self.look(&bill, &mut lines, Look::Lines).await?
                }
                Want::Ask(step, _) => {
                    let lines = self.lines(&mut lines, &bill).await?;
                    let of = self.of(&bill).await?;
                    let ask = asks::ask(&bill, step, lines, of.as_deref(), &self.desk.words());
                    match self.file(Deed::Ask(bill.no, Box::new(ask.clone()))).await? {
                        Ok(bill) => self.send(&bill, &ask, &mut is_fresh).await?,
                        beaten => beaten,
                    }
                }
                Want::Look(Look::Lines) if is_fresh && !bill.way.is_hinted => {
                    (is_read, is_fresh) = (true, false);
                    let lines = self.lines(&mut lines, &bill).await?;
                    self.note(&bill, read_back(self.stripe, &bill, lines).await).await?
                }
                Want::Look(how) => {
                    (is_read, is_fresh) = (is_read || how == Look::Lines, false);
                    match self.look(&bill, &mut lines, how).await? {
                        Ok(bill) => match (&bill.way.asked, bill.fault()) {
                            (None, _) => Ok(bill),
                            // It may be under way: it is not asked for again, and looked for until nothing can come of it.
                            (Some(_), None) if bill.is_credit() && bill.way.dropped.is_some() => {
                                return Ok(Rest::Unsure(Unsure::called_off()));
                            }
                            // It is not there: the same again.
                            (Some(asked), None) => self.send(&bill, &asked.ask, &mut is_fresh).await?,
                            (Some(_), Some(fault)) => return Ok(Rest::Unsure(Unsure::faulty(fault))),
                        },
                        rest => rest,
                    }
                }
            };
            match went {
                Ok(next) => bill = next,
                Err(rest) => return Ok(rest),
            }
        }
    }

    /// The bill that a credit note takes from, or the first of those in whose place a bill is.
    async fn of(&self, bill: &Bill) -> Result<Option<Arc<Bill>>, D::Stopped> {
        if let Some(no) = bill.drawn.credits {
            return self.desk.bill(no).await;
        }
        let (mut first, mut former) = (None, bill.drawn.reissues);
        while let Some(no) = former {
            first = self.desk.bill(no).await?;
            former = first.as_ref().and_then(|first: &Arc<Bill>| first.drawn.reissues);
        }
        Ok(first)
    }

    /// Looks at the bill, and writes down what there is.
    async fn look(
        &self,
        bill: &Bill,
        lines: &mut Option<Vec<Line>>,
        how: Look,
    ) -> Result<Result<Arc<Bill>, Rest>, D::Stopped> {
        let lines = self.lines(lines, bill).await?;
        self.note(bill, look(self.stripe, bill, lines, how).await).await
    }

    /// Writes down what was seen, if it was.
    async fn note(&self, bill: &Bill, seen: Result<Sight, Unsure>) -> Result<Result<Arc<Bill>, Rest>, D::Stopped> {
        match seen {
            Ok(sight) => self.file(Deed::See(bill.no, sight)).await,
            Err(unsure) => Ok(Err(Rest::Unsure(unsure))),
        }
    }

    /// Makes the call of an attempt that is written down, and writes its answer down. It is fresh where lines were added
    /// by it just now, so that it tells how the draft stands with them.
    async fn send(&self, bill: &Bill, ask: &Ask, is_fresh: &mut bool) -> Result<Result<Arc<Bill>, Rest>, D::Stopped> {
        let reply = match self.stripe.call(&asks::call(bill, ask)).await {
            Ok(reply) => reply,
            Err(unsure) => return Ok(Err(Rest::Unsure(unsure))),
        };
        let outcome = match reply.status {
            200 => match self.done(bill, ask.attempt.step, &reply) {
                Some(sight) => Outcome::Done(sight),
                // It was done; how it stands now has to be looked at.
                None => return Ok(Err(Rest::Unsure(Unsure::unreadable("the answer")))),
            },
            401 | 403 => return Ok(Err(Rest::Unsure(Unsure::of(&reply)))),
            _ if answers::is_final(&reply) => Outcome::Refused(answers::refusal(&reply)),
            _ => return Ok(Err(Rest::Unsure(Unsure::of(&reply)))),
        };
        let is_added = matches!((&outcome, ask.attempt.step), (Outcome::Done(_), Step::Lines(_)));
        *is_fresh = is_added && !reply.is_replayed;
        self.file(Deed::Answer(bill.no, ask.attempt, outcome)).await
    }

    /// How the bill stands by the answer to a step that was done.
    fn done(&self, bill: &Bill, step: Step, reply: &Reply) -> Option<Sight> {
        if step == Step::Delete {
            return Some(Sight::default());
        }
        match bill.is_credit() {
            true => read::<Note>(reply)?.sight(&bill.drawn, self.stripe.is_live()),
            false => read::<Invoice>(reply)?.sight(&bill.drawn, self.stripe.is_live()),
        }
    }

    async fn lines<'l>(&self, lines: &'l mut Option<Vec<Line>>, bill: &Bill) -> Result<&'l [Line], D::Stopped> {
        if lines.is_none() {
            *lines = Some(self.desk.lines(bill).await?);
        }
        Ok(lines.as_deref().unwrap_or_default())
    }

    async fn file(&self, deed: Deed) -> Result<Result<Arc<Bill>, Rest>, D::Stopped> {
        Ok(self.desk.file(deed).await?.map_err(Rest::Beaten))
    }
}
