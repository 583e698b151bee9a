//! One bill: what was drawn, how far it came, and what it needs next.
//!
//! It goes draft, open, settled, and never back. Whatever is not known for certain is looked at before anything is
//! asked again; and an attempt gets another number, and with it another idempotency key, only after one that failed
//! for certain and left nothing behind.

use std::sync::Arc;

use compact_str::CompactString;

use crate::domain::bills::{
    Ask, Attempt, BillNo, Drawn, Fault, Outcome, PART_LINES, Refusal, Sight, Status, Step, Takings,
};
use crate::domain::coin::Coin;
use crate::domain::money::{Currency, Sum};
use crate::domain::payers::Collection;
use crate::domain::time::Moment;

use super::roll::NameNo;

/// A bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Its number.
    pub no: BillNo,
    /// As it was drawn.
    pub drawn: Drawn,
    /// When.
    pub at: Moment,
    /// Whose it is.
    pub payer: NameNo,
    /// The rows that are on it, in order.
    pub rows: Arc<[u32]>,
    /// The bill that is in its place, where it came to nothing.
    pub reissued_by: Option<BillNo>,
    /// Where it stands on its way.
    pub way: Way,
    /// How it stands at Stripe, as it was last seen.
    pub seen: Sight,
}

/// Where a bill stands on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// What was asked and is not answered: nobody knows whether it was done.
    pub asked: Option<Asked>,
    /// What failed for certain, at the step that is next.
    pub failed: Option<Failed>,
    /// The number of the next attempt at it.
    pub attempt: u16,
    /// Which parts of the lines are there.
    pub parts: u8,
    /// Whether it was looked for among the invoices of its customer.
    pub is_sought: bool,
    /// Whether it is unknown what lines are there: the draft was found, and not made just now.
    pub is_unread: bool,
    /// Whether all lines were read back, and are those of the bill.
    pub is_checked: bool,
    /// Whether it was sent, or charged.
    pub is_sent: bool,
    /// Why it is to come to nothing, where it is.
    pub dropped: Option<CompactString>,
    /// Whether something happened at Stripe that nobody looked at yet.
    pub is_hinted: bool,
    /// Whether somebody let another bill take its place, where it came to nothing.
    pub is_released: bool,
    /// Whether the invoice that it takes from came to nothing, and with it what it took off.
    pub is_moot: bool,
    /// So much of it was taken back while nobody paid it, in the units of Stripe's amounts.
    pub offset: i64,
    /// Whether somebody asked for what it carries, where it was taken over.
    pub is_vouched: bool,
}

/// What was asked and is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// In these words.
    pub ask: Ask,
    /// When for the first time.
    pub at: Moment,
}

/// What failed for certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// What.
    pub step: Step,
    /// Why.
    pub refusal: Refusal,
    /// When.
    pub at: Moment,
    /// How often by now.
    pub times: u16,
    /// Whether nobody looked since, whether it left anything behind.
    pub is_doubtful: bool,
}

/// What a bill needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Nothing that could be done.
    Nothing,
    /// A look at what there is at Stripe.
    Look(Look),
    /// This step, not before this instant.
    Ask(Step, Moment),
}

/// What is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Whether there is an invoice of this bill.
    Find,
    /// The invoice, and all its lines.
    Lines,
    /// The invoice, and its payments.
    Invoice,
}

/// What was asked is asked again under the same key as long as Stripe surely knows the key: it keeps one for a day.
pub const KEY_HOLDS_US: i64 = 20 * 3600 * 1_000_000;

const MINUTE_US: i64 = 60_000_000;
const DAY_US: i64 = 24 * 60 * MINUTE_US;
/// How long after each failure it is tried again,
const RETRIES_US: [i64; 5] = [MINUTE_US, 5 * MINUTE_US, 30 * MINUTE_US, 4 * 60 * MINUTE_US, DAY_US];
/// and how long after each time that a payment method did not pay. Then no more.
const PAYS_US: [i64; 3] = [DAY_US, 3 * DAY_US, 5 * DAY_US];
/// The status with which Stripe says that a payment method did not pay.
const DECLINED: u16 = 402;
/// A draft that fails so often comes to nothing.
const FAILURES_MAX: u16 = 5;

impl Bill {
    /// In what it is.
    pub fn currency(&self) -> Currency {
        self.drawn.payer.currency
    }

    /// How its amounts are counted.
    pub fn coin(&self) -> Coin {
        Coin::of(self.currency())
    }

    /// What it comes to before taxes, in millionths.
    pub fn total(&self) -> i128 {
        self.coin().millionths(self.drawn.total)
    }

    /// What its rows come to, exactly.
    pub fn exact(&self) -> Sum {
        Sum(self.total() + self.drawn.rest.0 - self.drawn.carried.0)
    }

    /// Whether it is a credit note.
    pub fn is_credit(&self) -> bool {
        self.drawn.credits.is_some()
    }

    /// As much of its invoice can be taken back by a credit note, as far as it was looked at: what is still to be paid of
    /// it, or what was paid and is still there. Of taxes a credit note would have to tell more than an amount.
    pub fn creditable(&self) -> i64 {
        let amounts = self.seen.amounts;
        let is_known = self.way.asked.is_none() && !self.way.is_hinted && !self.is_doubtful();
        match (self.seen.status, self.seen.takings) {
            _ if self.is_credit() || !is_known || amounts.tax != 0 => 0,
            _ if self.fault().is_some() || self.way.dropped.is_some() => 0,
            (Status::Open | Status::Uncollectible, _) if self.way.is_sent => amounts.remaining,
            (Status::Paid, Some(Takings { refunded, disputed, .. })) => {
                amounts.paid.saturating_sub(refunded).saturating_sub(disputed).max(0)
            }
            _ => 0,
        }
    }

    /// How many parts its lines are added in.
    pub fn parts(&self) -> u8 {
        // What was taken over has all in one.
        usize::from(self.drawn.items.max(1)).div_ceil(PART_LINES) as u8
    }

    /// Whether it was taken over, and counted beside what the book had by then.
    pub fn is_adopted(&self) -> bool {
        // Credit notes are not sent, but those that were taken over are said to be.
        self.drawn.is_whole() && self.drawn.reissues.is_none() && (!self.is_credit() || self.way.is_sent)
    }

    /// Whether it came to nothing: nobody will pay it, and what is on it may be billed again once somebody says so. What a
    /// credit note that came to nothing would have given is carried.
    pub fn is_dead(&self) -> bool {
        match self.seen.status {
            _ if self.way.is_moot => true,
            Status::Void => true,
            Status::Absent => self.way.dropped.is_some() && self.is_nowhere(),
            Status::Draft | Status::Open | Status::Uncollectible | Status::Paid => false,
        }
    }

    /// Whether nobody paid it or is believed to, as far as anybody knows.
    pub fn is_given_up(&self) -> bool {
        self.is_dead() || self.seen.status == Status::Uncollectible
    }

    /// Whether what is taken back of it may be offset, and is not to be given back: nobody paid it, or something of it was
    /// refunded, and nothing is in its place.
    pub fn is_offsettable(&self) -> bool {
        (self.is_given_up() || 0 < self.refunded()) && !self.is_credit() && self.reissued_by.is_none()
    }

    /// What was given back of it, by whomever.
    pub fn refunded(&self) -> i64 {
        self.seen.takings.map_or(0, |takings| takings.refunded)
    }

    /// What it would come to if it was billed again, before taxes, in the units of Stripe's amounts.
    pub fn worth(&self) -> i64 {
        self.drawn.total - self.way.offset
    }

    /// Whether there is nothing of it at Stripe, and nothing is under way that would change that.
    pub fn is_nowhere(&self) -> bool {
        self.seen.status == Status::Absent && self.way.asked.is_none() && !self.is_doubtful()
    }

    /// Whether everything that could be asked of it has been: only Stripe's side can change it now.
    pub fn is_out(&self) -> bool {
        matches!(self.wants(), Want::Nothing) && Status::Open <= self.seen.status && self.fault().is_none()
    }

    /// Whether it is on its way, and can go on at `now`. What is out and only looked at, what is tried again later, and what
    /// somebody has to look at, is not.
    pub fn is_walking(&self, now: Moment) -> bool {
        match self.wants() {
            Want::Nothing => false,
            Want::Ask(_, at) => at <= now,
            Want::Look(_) => !self.way.is_sent && self.seen.status <= Status::Open && self.seen.fault.is_none(),
        }
    }

    /// Whether something of it is to be done here, now or later, or cannot be before somebody looked at it.
    pub fn is_under_way(&self) -> bool {
        match self.wants() {
            Want::Nothing => self.is_open() && self.fault().is_some(),
            Want::Ask(..) => true,
            Want::Look(_) => !self.way.is_sent && self.seen.status <= Status::Open,
        }
    }

    /// How often the step at hand has failed.
    pub fn failures(&self) -> u16 {
        self.way.failed.as_ref().map_or(0, |failed| failed.times)
    }

    /// Whether it failed so often that it should come to nothing.
    pub fn is_hopeless(&self) -> bool {
        self.seen.status <= Status::Draft && FAILURES_MAX <= self.failures() && self.way.dropped.is_none()
    }

    fn is_doubtful(&self) -> bool {
        self.way.failed.as_ref().is_some_and(|failed| failed.is_doubtful)
    }

    /// What it needs next. What was [asked](Way::asked) is asked again after a look that does not show it.
    pub fn wants(&self) -> Want {
        if self.is_dead() {
            return Want::Nothing;
        }
        if self.way.asked.is_some() || self.is_doubtful() || self.way.is_hinted {
            return Want::Look(self.look());
        }
        if self.seen.fault.is_some() && self.way.dropped.is_none() {
            return Want::Nothing;
        }
        match self.step() {
            // A folder that was restored from an older copy has made it already.
            Some(Step::Create | Step::Credit) if !self.way.is_sought => Want::Look(Look::Find),
            Some(Step::Lines(_)) if self.way.is_unread => Want::Look(Look::Lines),
            Some(Step::Finalise) if !self.way.is_checked => Want::Look(Look::Lines),
            Some(step) => self.not_before(step).map_or(Want::Nothing, |at| Want::Ask(step, at)),
            None => Want::Nothing,
        }
    }

    /// The look that tells most.
    pub fn look(&self) -> Look {
        match (&self.seen.invoice, self.seen.status) {
            (None, _) => Look::Find,
            _ if self.is_credit() => Look::Find,
            (_, Status::Absent | Status::Draft) => Look::Lines,
            (_, Status::Open | Status::Uncollectible | Status::Paid | Status::Void) => Look::Invoice,
        }
    }

    /// The next step, if there is one.
    fn step(&self) -> Option<Step> {
        let is_dropped = self.way.dropped.is_some();
        match self.seen.status {
            Status::Absent if is_dropped => None,
            Status::Absent if self.is_credit() => Some(Step::Credit),
            _ if self.is_credit() => None,
            Status::Absent => Some(Step::Create),
            Status::Draft if is_dropped => Some(Step::Delete),
            Status::Draft => Some(match (0..self.parts()).find(|part| self.way.parts & 1 << part == 0) {
                Some(part) => Step::Lines(part),
                None => Step::Finalise,
            }),
            Status::Open | Status::Uncollectible if is_dropped => Some(Step::Void),
            Status::Open if !self.way.is_sent => Some(match self.drawn.payer.collection {
                Collection::Send { .. } => Step::Send,
                Collection::Charge => Step::Pay,
            }),
            Status::Open | Status::Uncollectible | Status::Paid | Status::Void => None,
        }
    }

    /// Not before when it is tried, if it is tried at all.
    fn not_before(&self, step: Step) -> Option<Moment> {
        let Some(failed) = self.way.failed.as_ref().filter(|failed| failed.step == step) else {
            return Some(Moment(i64::MIN));
        };
        let after = match step {
            Step::Pay if failed.refusal.status == DECLINED => {
                *PAYS_US.get(usize::from(failed.times.saturating_sub(1)))?
            }
            // By attempts, because not every failure to charge counts.
            _ => RETRIES_US[usize::from(self.way.attempt.saturating_sub(1)).min(RETRIES_US.len() - 1)],
        };
        Some(Moment(failed.at.0.saturating_add(after)))
    }

    /// Why this cannot be asked now, if it cannot.
    pub fn refuses(&self, ask: &Ask) -> Option<&'static str> {
        match self.wants() {
            _ if self.way.asked.is_some() => Some("something else is asked and not answered"),
            Want::Ask(step, _) if step != ask.attempt.step => Some("another step is next"),
            Want::Ask(..) if ask.attempt.number != self.way.attempt => Some("the attempt has another number"),
            Want::Ask(..) => None,
            Want::Look(_) => Some("it is to be looked at first"),
            Want::Nothing => Some("nothing is to be asked"),
        }
    }

    pub(super) fn ask(&mut self, ask: Ask, at: Moment) {
        self.way.asked = Some(Asked { ask, at });
    }

    pub(super) fn answer(&mut self, attempt: Attempt, outcome: &Outcome, at: Moment) {
        self.way.asked = None;
        match outcome {
            Outcome::Done(sight) => {
                self.done(attempt.step);
                let fault = self.seen.fault;
                self.look_at(sight);
                // An answer tells less than a look.
                self.seen.fault = fault.or(self.seen.fault);
            }
            Outcome::Refused(refusal) => {
                // That Stripe was busy says nothing of a payment method.
                let counts = attempt.step != Step::Pay || refusal.status == DECLINED;
                let times = self.failures_of(attempt.step) + u16::from(counts);
                let (step, refusal) = (attempt.step, refusal.clone());
                self.way.failed = Some(Failed { step, refusal, at, times, is_doubtful: true });
            }
        }
    }

    fn failures_of(&self, step: Step) -> u16 {
        self.way.failed.as_ref().filter(|failed| failed.step == step).map_or(0, |failed| failed.times)
    }

    /// A step is done: the next one begins with its first attempt.
    fn done(&mut self, step: Step) {
        let way = &mut self.way;
        (way.asked, way.failed, way.attempt) = (None, None, 0);
        match step {
            Step::Lines(part) => way.parts |= 1 << part,
            Step::Send | Step::Pay => way.is_sent = true,
            Step::Create | Step::Finalise | Step::Delete | Step::Void | Step::Credit => {}
        }
    }

    /// Takes what was seen at `at`.
    pub(super) fn see(&mut self, sight: &Sight, at: Moment) {
        self.way.is_hinted = false;
        self.way.is_sought = true;
        let was_absent = self.seen.invoice.is_none();
        self.look_at(sight);
        if was_absent && self.seen.invoice.is_some() && sight.parts.is_none() {
            self.way.is_unread = true;
        }
        if let Some(asked) = &self.way.asked {
            let step = asked.ask.attempt.step;
            if self.shows(step) {
                self.done(step);
            } else if self.way.dropped.is_some() && matches!(step, Step::Pay | Step::Send) {
                // It is called off: what did not happen is not asked for again.
                self.way.asked = None;
                self.way.attempt = 0;
            } else if KEY_HOLDS_US < at.0.saturating_sub(asked.at.0) {
                // Stripe may have forgotten the key by now, and nothing came of it.
                self.way.asked = None;
                self.way.attempt = self.way.attempt.saturating_add(1);
            }
        } else if let Some(failed) = self.way.failed.as_mut().filter(|failed| failed.is_doubtful) {
            failed.is_doubtful = false;
            let step = failed.step;
            if self.shows(step) {
                self.done(step);
            } else {
                self.way.attempt = self.way.attempt.saturating_add(1);
            }
        }
    }

    /// Whether what is seen shows that a step was done.
    fn shows(&self, step: Step) -> bool {
        match step {
            Step::Create | Step::Credit => self.seen.invoice.is_some(),
            Step::Lines(part) => self.way.parts & 1 << part != 0,
            Step::Finalise => Status::Open <= self.seen.status,
            // Nobody can see whether a mail was sent.
            Step::Send => self.seen.status != Status::Open,
            Step::Pay => self.seen.status == Status::Paid,
            Step::Delete => self.seen.status == Status::Absent,
            Step::Void => self.seen.status == Status::Void,
        }
    }

    /// Whether a step was asked here, and is answered or will be looked for.
    pub fn has_asked(&self, step: Step) -> bool {
        let is_asked = self.way.asked.as_ref().is_some_and(|asked| asked.ask.attempt.step == step);
        is_asked || if step == Step::Send { self.way.is_sent } else { self.shows(step) }
    }

    /// Takes a look that is no older than the last.
    fn look_at(&mut self, sight: &Sight) {
        let is_back = sight.status < self.seen.status && Status::Open <= self.seen.status;
        let was_paid = self.seen.status == Status::Paid && !self.is_credit();
        if is_back || was_paid && sight.status != Status::Paid {
            // What is finalised never becomes a draft again, and what is paid stays so: that was an old answer.
            return;
        }
        let Sight { invoice, status, amounts, parts, takings, paid_at, fault } = sight;
        if self.seen.invoice.is_none() {
            self.seen.invoice.clone_from(invoice);
        }
        if invoice.is_none() {
            // A draft that somebody deleted.
            self.seen.invoice = None;
            if self.seen.status == Status::Draft {
                self.way.dropped.get_or_insert("deleted".into());
            }
        }
        let known = self.seen.fault;
        (self.seen.status, self.seen.amounts, self.seen.fault) = (*status, *amounts, *fault);
        match known {
            // What is twice there is so however one of them looks.
            Some(Fault::Two) => self.seen.fault = known,
            // Only who looks at lines can say that they are right again.
            Some(Fault::Lines) if parts.is_none() => self.seen.fault = fault.or(known),
            _ => {}
        }
        if let Some(parts) = *parts {
            if self.way.parts & !parts == 0 {
                self.way.parts = parts;
            } else {
                // Somebody took lines away that were there; added again they would be another's work undone.
                self.seen.fault.get_or_insert(Fault::Lines);
            }
            self.way.is_unread = false;
            self.way.is_checked = parts.count_ones() == u32::from(self.parts()) && self.seen.fault.is_none();
        }
        self.seen.takings = takings.or(self.seen.takings);
        self.seen.paid_at = self.seen.paid_at.or(*paid_at);
        if status == &Status::Paid {
            self.way.dropped = None;
        }
    }

    /// What was collected by it, without taxes, in the units of Stripe's amounts: what was paid less what was given back
    /// or is disputed. Of a part of an invoice, taxes are the same part, and a unit that is not whole is tax.
    pub fn collected(&self) -> i64 {
        self.seen.amounts.net(self.kept())
    }

    /// The taxes that were collected with it.
    pub fn collected_tax(&self) -> i64 {
        self.kept() - self.collected()
    }

    /// What was paid, less what was given back or is disputed.
    fn kept(&self) -> i64 {
        let Takings { refunded, disputed, .. } = self.seen.takings.unwrap_or_default();
        self.seen.amounts.paid.saturating_sub(refunded).saturating_sub(disputed)
    }

    /// What is still to be paid of it, without taxes, as far as anybody believes that it will be.
    pub fn outstanding(&self) -> i64 {
        match self.seen.status {
            _ if self.is_dead() || self.way.dropped.is_some() => 0,
            Status::Absent | Status::Draft => self.drawn.total,
            Status::Open => self.seen.amounts.net(self.seen.amounts.remaining),
            Status::Uncollectible | Status::Paid | Status::Void => 0,
        }
    }

    /// What it came to that is on no bill any more, without taxes, and was not taken back: it came to nothing or is called
    /// off, and none is in its place yet.
    pub fn withdrawn(&self) -> i64 {
        let is_over = self.is_dead() || self.way.dropped.is_some();
        if is_over && !self.is_credit() && self.reissued_by.is_none() { self.worth() } else { 0 }
    }

    /// The taxes on what is still to be paid; before it is finalised, nobody knows them.
    pub fn outstanding_tax(&self) -> i64 {
        match self.seen.status {
            Status::Open if self.way.dropped.is_none() => self.seen.amounts.remaining - self.outstanding(),
            _ => 0,
        }
    }

    /// What was drawn, and is not to be paid any more.
    pub fn is_settled(&self) -> bool {
        self.seen.amounts.remaining == 0 && self.seen.status == Status::Paid || self.is_dead()
    }

    /// Whether there may still be something to be done about it.
    pub fn is_open(&self) -> bool {
        (!self.is_settled() || self.way.is_hinted) && !self.is_dead()
    }

    /// What is wrong with it.
    pub fn fault(&self) -> Option<Fault> {
        self.seen.fault
    }
}
