//! What is asked of Stripe that is about no bill in particular: whose account it is and whether the book is behind it,
//! what it told and nobody heard, how all bills compare, and what a customer is.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::rounds::{Biller, JANITOR, Why};
use super::{Reconciling, Resting, Taking, lock};
use crate::billing::adopt::{Found, found, found_note, unknown, unknown_notes};
use crate::billing::books::Books;
use crate::billing::events::Event;
use crate::billing::look::all;
use crate::billing::papers::{Invoice, Paper};
use crate::billing::reconcile::{Report, compare};
use crate::billing::round::is_race;
use crate::billing::walk::{Rest, Stripe, Unsure, Walk};
use crate::chain::Chain;
use crate::domain::bills::{Account, Deed, Refused, Status};
use crate::domain::names::Name;
use crate::domain::time::Moment;
use crate::ledger::bill::Bill;
use crate::ledger::bills::Bills;

/// How long what differs has to become the same, where it is on its way just then: a webhook takes some tenths of a second.
const PAUSES: [Duration; 3] = [Duration::from_millis(300), Duration::from_millis(700), Duration::from_millis(1000)];
/// Stripe tries to tell an event for three days,
const TOLD_WITHIN_S: i64 = 3 * 86_400;
/// and has it to be asked for for thirty.
const KEPT_S: i64 = 30 * 86_400;
/// Clocks differ, by less than two days.
const CLOCKS_S: i64 = 2 * 86_400;

/// Why a book may not know all that was billed from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// The folder is not where it was made: another one may bill the same.
    Copy,
    /// Stripe has an invoice with this mark, which the book never drew.
    Older(String),
}

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Behind::Copy => {
                f.write_str("the data folder is a copy or was restored, and another one may bill the same")?
            }
            Behind::Older(mark) => {
                write!(f, "Stripe has an invoice of this folder ({mark}) that its book never drew: it was restored")?;
            }
        }
        f.write_str("; once no other one bills, `rialto bill reconcile --adopt` takes over what Stripe has")
    }
}

impl Biller {
    /// Binds the folder's bills to the account of the key, or finds out that they are another's; and finds out whether
    /// the book is behind what was billed from it.
    pub(super) async fn bind(&mut self, bills: &Bills) -> Result<(), Why> {
        if self.is_bound {
            return Ok(());
        }
        let account = match self.stripe.account().await {
            Ok(account) => account,
            Err(unsure) => {
                if unsure.is_shut {
                    self.told.rest(Some(format!("Stripe does not take the key: {}", unsure.why)));
                }
                return Err(unsure.into());
            }
        };
        if bills.account() != Some(&account) {
            match self.employer.file(Deed::Bind(account)).await? {
                Ok(_) => {}
                Err(refused @ Refused::Account { .. }) => {
                    let why = format!("{refused}, and the key is another's");
                    self.told.rest(Some(why.clone()));
                    return Err(Why::Resting(Resting::Shut(why)));
                }
                Err(refused) => return Err(Why::Resting(Resting::Shut(refused.to_string()))),
            }
        }
        self.behind = self.is_behind(bills).await?;
        self.told.rest(self.behind.as_ref().map(Behind::to_string));
        self.is_bound = true;
        Ok(())
    }

    /// Likewise, for whoever has not asked how the bills stand.
    async fn bind_now(&mut self) -> Result<(), Why> {
        let bills = self.employer.standing().await?.bills;
        self.bind(&bills).await
    }

    /// Whether the folder's bills are of another account than the key: then nothing is to start. Nobody knows where they
    /// are of none yet, or Stripe does not answer.
    pub(super) async fn is_strangers(&self) -> Option<String> {
        let bills = self.employer.standing().await.ok()?.bills;
        // As long as there are none, they are of no account in particular.
        let bound = bills.account().filter(|_| !bills.is_empty())?.clone();
        let account = match bound.is_live == self.stripe.is_live() {
            true => self.stripe.account().await.ok()?,
            false => Account { id: "".into(), is_live: self.stripe.is_live() },
        };
        (account != bound).then(|| Refused::Account { id: bound.id, is_live: bound.is_live }.to_string())
    }

    async fn is_behind(&self, bills: &Bills) -> Result<Option<Behind>, Why> {
        if !self.employer.home.is_here().unwrap_or(false) {
            return Ok(Some(Behind::Copy));
        }
        // Whatever was billed after the last bill of the book was billed by a later one. What was taken over is of no time
        // in particular, but before all of it was there was no home.
        let since = bills.iter().next_back().map(|last| last.at.0.div_euclid(1_000_000) - CLOCKS_S);
        Ok(self.unknown_mark(bills, since).await?.map(Behind::Older))
    }

    /// The mark of something of this house that the book never drew, if there is anything.
    async fn unknown_mark(&self, bills: &Bills, since: Option<i64>) -> Result<Option<String>, Unsure> {
        let house = self.employer.house(bills);
        let invoices: Vec<Invoice> = unknown(&self.stripe, &house, bills, since).await?;
        if let Some(mark) = invoices.first().and_then(Paper::mark) {
            return Ok(Some(mark.to_owned()));
        }
        let notes = unknown_notes(&self.stripe, &house, bills, since).await?;
        Ok(notes.first().and_then(Paper::mark).map(str::to_owned))
    }

    fn settle(&self) {
        if let Err(error) = self.employer.home.settle() {
            tracing::warn!(%error, "where the data folder is could not be written down; the next start asks again");
        }
    }

    /// Asks for the events that nobody told, now and then.
    pub(super) async fn ask_for_events(&mut self, now: Moment, bills: &Bills) -> Result<(), Why> {
        let is_known = self.asked_at.is_some_and(|at| now.0.saturating_sub(at.0) < JANITOR);
        if bills.is_empty() || is_known || !self.ask_at.is_due(now) {
            return Ok(());
        }
        let seconds = |at: Moment| at.0.div_euclid(1_000_000);
        let since = self.asked_at.map_or_else(
            || first_since(seconds(self.employer.closed_at), seconds(now)),
            |at| Since { second: seconds(at) - OVERLAP_S, is_all: true },
        );
        if !since.is_all {
            // Of what happened before, nothing is told any more.
            let paid = |bill: &&Arc<Bill>| bill.seen.status == Status::Paid && !bill.is_credit();
            let paid: Vec<Arc<Bill>> = bills.all().iter().filter(paid).cloned().collect();
            match self.look_at_all(&paid, |_| ()).await {
                Ok(()) => {}
                Err(Why::Resting(resting)) => {
                    tracing::warn!(error = %resting, "what was paid could not be looked at");
                    self.ask_at.failed(now);
                    return Ok(());
                }
                Err(stopped) => return Err(stopped),
            }
        }
        let query = format!("created[gte]={}", since.second);
        let events: Vec<Event> = match all(&self.stripe, "/v1/events", &query, |event: &Event| &event.id).await {
            Ok(events) => events,
            Err(unsure) => {
                tracing::warn!(error = %unsure, "the latest events could not be asked for");
                self.ask_at.failed(now);
                return Ok(());
            }
        };
        (self.asked_at, self.ask_at) = (Some(now), Default::default());
        let house = self.employer.house(bills);
        let is_news = |event: &&Event| !event.is_others(&house) && !event.is_own(bills);
        let missed = events.iter().filter(|event| event.may_concern()).filter(is_news);
        for event in missed.filter(|event| !bills.knows(&event.id)) {
            let notice = event.notice(event.id.as_bytes(), event.bill(bills));
            if let Err(refused) = self.employer.file(Deed::Notice(notice)).await?
                && !is_race(&refused)
            {
                tracing::warn!(event = event.id, error = %Chain(&refused), "an event could not be noted");
            }
        }
        Ok(())
    }

    /// Compares all bills with what there is at Stripe; before that, takes over what the book does not have, where it is
    /// told to.
    pub(super) async fn reconcile(&mut self, taking: Taking) -> Result<Report, Why> {
        self.bind_now().await?;
        if taking == Taking::All {
            self.adopt().await?;
        }
        let mut known = self.employer.standing().await?.bills;
        let mut report = self.compared(&known, |_| true).await?;
        // Bills are taken first, and Stripe is asked after: what happened in between is on one side alone.
        for pause in PAUSES {
            if report.differing(&known).is_empty() {
                break;
            }
            tokio::time::sleep(pause).await;
            let bills = self.employer.standing().await?.bills;
            let differing = report.differing(&bills);
            let has_moved =
                |bill: &Arc<Bill>| bill.way.is_hinted || bill.is_under_way() || known.get(bill.no) != Some(bill);
            let moved: Vec<Arc<Bill>> = differing.iter().filter_map(|no| bills.shared(*no)).filter(has_moved).collect();
            if !moved.is_empty() {
                self.look_at_all(&moved, |_| {}).await?;
                known = self.employer.standing().await?.bills;
                report = self.compared(&known, |bill| differing.contains(&bill.no)).await?;
            }
        }
        Ok(report)
    }

    /// Compares those of the bills that are wanted.
    async fn compared(&self, bills: &Bills, is_wanted: impl Fn(&Bill) -> bool) -> Result<Report, Why> {
        let employer = Arc::clone(&self.employer);
        let office = self.office(&employer).await?;
        let lines = async |bill: &Bill| {
            let lines = crate::billing::draw::lines_of(bill, &office.books(), &self.employer.calendar);
            lines.unwrap_or_default()
        };
        let (house, of) = (employer.house(bills), bills.len());
        let progress = |done| *lock(&self.told.reconciling) = Reconciling::Under { done, of };
        let report = compare(&self.stripe, &house, bills.all(), is_wanted, lines, progress).await?;
        let carried = bills.carried_over().map(|(bill, sum)| (bill.drawn.payer.id, bill.currency(), sum));
        Ok(Report { carried: carried.collect(), ..report })
    }

    /// Takes one paper over, by the book as it is by then: each changes what the next one finds.
    async fn take_over(&self, find: impl FnOnce(&Books<'_>, Name, bool) -> Found) -> Result<(), Why> {
        let employer = Arc::clone(&self.employer);
        let office = self.office(&employer).await?;
        let Some(zone) = Name::new(employer.calendar.zone().name()) else { return Ok(()) };
        let found = find(&office.books(), zone, self.stripe.is_live());
        let walk = Walk { desk: &office, stripe: &self.stripe };
        match walk.adopt(found).await? {
            Ok(()) => Ok(()),
            // One that cannot be taken over keeps none of the others; it stays among what differs.
            Err(Rest::Beaten(refused)) => {
                tracing::warn!(error = %refused, "something of ours at Stripe could not be taken over");
                Ok(())
            }
            Err(rest) => Err(resting(rest)),
        }
    }

    /// Looks at how these bills stand.
    async fn look_at_all(&self, bills: &[Arc<Bill>], progress: impl Fn(usize)) -> Result<(), Why> {
        let employer = Arc::clone(&self.employer);
        let office = self.office(&employer).await?;
        let walk = Walk { desk: &office, stripe: &self.stripe };
        for (done, bill) in bills.iter().enumerate() {
            progress(done);
            walk.look_at(bill).await?.map_err(resting)?;
        }
        Ok(())
    }

    /// Takes over what Stripe has: invoices that the book never drew, and how all others stand. Nothing is billed before
    /// that is done, and it can be done again from the beginning at any time.
    async fn adopt(&mut self) -> Result<(), Why> {
        let employer = Arc::clone(&self.employer);
        let bills = employer.standing().await?.bills;
        let house = employer.house(&bills);
        // Whoever begins and does not come to an end leaves a folder that bills nothing.
        if let Err(error) = employer.home.leave() {
            return Err(Why::Resting(Resting::Unsure(format!("the data folder cannot be written: {error}"))));
        }
        self.behind = Some(Behind::Copy);
        // What came to nothing has to be known before what was made in its place.
        let compared = |done, of| *lock(&self.told.reconciling) = Reconciling::Under { done, of };
        self.look_at_all(bills.all(), |done| compared(done, bills.len())).await?;
        for invoice in unknown::<Invoice>(&self.stripe, &house, &bills, None).await? {
            self.take_over(|books, zone, is_live| found(&invoice, books, zone, is_live)).await?;
        }
        let known = bills.len();
        let bills = employer.standing().await?.bills;
        let news = &bills.all()[known..];
        self.look_at_all(news, |done| compared(done, news.len())).await?;
        // Only now all invoices are known that they can be of.
        for note in unknown_notes(&self.stripe, &house, &bills, None).await? {
            self.take_over(|books, zone, is_live| found_note(&note, books, zone, is_live)).await?;
        }
        let bills = employer.standing().await?.bills;
        let mark = self.unknown_mark(&bills, None).await?;
        self.behind = mark.map(Behind::Older);
        if self.behind.is_none() {
            self.settle();
        }
        self.told.rest(self.behind.as_ref().map(Behind::to_string));
        Ok(())
    }
}

/// From when on events are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Since {
    /// From this second on.
    second: i64,
    /// Whether Stripe tells all that happened since nobody listened.
    is_all: bool,
}

/// So much is asked for twice, because clocks differ and events are told late.
const OVERLAP_S: i64 = 600;

/// From when on events are asked for at first, in seconds, where the book was closed then: what happened while it was is
/// told to nobody, and what was told last, or asked for an hour before, may have been lost.
fn first_since(closed_at: i64, now: i64) -> Since {
    let heard_until = closed_at - JANITOR / 1_000_000 - OVERLAP_S;
    let kept_since = now - KEPT_S;
    Since { second: heard_until.min(now - TOLD_WITHIN_S).max(kept_since), is_all: kept_since <= heard_until }
}

/// What stands in the way of taking something over.
fn resting(rest: Rest) -> Why {
    Why::Resting(Resting::Unsure(match rest {
        Rest::Unsure(unsure) => unsure.to_string(),
        Rest::Beaten(refused) => refused.to_string(),
        Rest::Done | Rest::At(_) | Rest::Behind(_) => String::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_asked_for_since_the_book_was_closed_as_far_as_stripe_tells_them() {
        const NOW: i64 = 1_780_000_000;
        const DAY: i64 = 86_400;
        // What was told within three days may not have come.
        assert_eq!(first_since(NOW - 60, NOW), Since { second: NOW - 3 * DAY, is_all: true });
        assert_eq!(first_since(NOW - 4 * DAY, NOW), Since { second: NOW - 4 * DAY - 4200, is_all: true });
        assert_eq!(first_since(NOW - 29 * DAY, NOW), Since { second: NOW - 29 * DAY - 4200, is_all: true });
        assert_eq!(first_since(NOW - 31 * DAY, NOW), Since { second: NOW - 30 * DAY, is_all: false });
        assert_eq!(first_since(NOW + DAY, NOW), Since { second: NOW - 3 * DAY, is_all: true });
    }
}
