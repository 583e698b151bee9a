//! Oracles: what customers noticed, and what was collected of them, held against the rules and worked out anew.
//!
//! What really happened is the sandbox's to say; what the biller knew of it, and when, is in the journal.

use std::collections::BTreeMap;

use rialto::domain::bills::{BillNo, Deed, Outcome, Step};
use rialto::domain::payers::Collection;
use rialto::ledger::bill::Bill;
use rialto::sandbox::SeenInvoice;

use super::world::{DAY, HOUR, World};

/// Not before so long after each time that a card was declined it is tried again; then never.
const CARD_RESTS: [i64; 3] = [DAY, 3 * DAY, 5 * DAY];
/// What nobody answered is asked for under the same key for so long, and may then be asked for under another.
const ONE_KEY: i64 = 20 * HOUR;

/// What the journal says of one step of a bill, attempt by attempt.
#[derive(Default)]
struct Attempts(Vec<Attempt>);

struct Attempt {
    /// When it was asked, in microseconds.
    asked: i64,
    /// When it was answered, and with which status, if it was.
    answered: Option<(i64, u16)>,
}

impl Attempts {
    fn done(&self) -> usize {
        self.with(|status| status == 200)
    }

    fn with(&self, is_meant: impl Fn(u16) -> bool) -> usize {
        self.0.iter().filter(|attempt| attempt.answered.is_some_and(|(_, status)| is_meant(status))).count()
    }

    /// Those of which it is unknown whether they had an effect.
    fn unknown(&self) -> usize {
        let unanswered = self.0.iter().filter(|attempt| attempt.answered.is_none()).count();
        unanswered + self.with(|status| status == 409 || 500 <= status)
    }
}

impl World {
    /// Every attempt at this step, by bill.
    fn attempts(&self, step: Step) -> BTreeMap<BillNo, Attempts> {
        let mut attempts: BTreeMap<BillNo, Attempts> = BTreeMap::new();
        for (deed, at) in self.deeds() {
            match deed {
                Deed::Ask(no, ask) if ask.attempt.step == step => {
                    attempts.entry(no).or_default().0.push(Attempt { asked: at.0, answered: None });
                }
                Deed::Answer(no, attempt, outcome) if attempt.step == step => {
                    let status = match outcome {
                        Outcome::Done(_) => 200,
                        Outcome::Refused(refusal) => refusal.status,
                    };
                    let last = attempts.entry(no).or_default().0.last_mut();
                    last.unwrap_or_else(|| panic!("{}: an answer to nothing", self.dice)).answered =
                        Some((at.0, status));
                }
                _ => {}
            }
        }
        attempts
    }

    fn bill_of<'b>(&self, bills: &'b rialto::ledger::bills::Bills, invoice: &SeenInvoice<'_>) -> Option<&'b Bill> {
        bills.get(bills.of_mark(invoice.metadata.get("rialto_bill")?)?)
    }

    /// Whether an invoice is one of ours that is to be mailed.
    pub fn is_mailed(&self, invoice: &SeenInvoice<'_>) -> bool {
        let book = self.book.borrow();
        let bill = self.bill_of(book.bills(), invoice);
        bill.is_some_and(|bill| matches!(bill.drawn.payer.collection, Collection::Send { .. }))
    }

    /// Whether all that was ever asked of a bill is in the journal: not where that is a copy, from which it was not drawn.
    fn is_known(&self, bill: &Bill) -> bool {
        self.house().mark(bill.no) == bill.drawn.mark
    }

    /// How often it was asked to mail this invoice, by this journal and those that were lost.
    fn sends(&self, invoice: &str) -> usize {
        let path = format!("/v1/invoices/{invoice}/send");
        self.calls.borrow().iter().filter(|call| call.path == path).count()
    }

    /// Each invoice was mailed once, and again only where nobody knows what came of the last time; none was that is to be
    /// charged, or was never finalised. What a lost journal knew of is asked for once more.
    pub fn mailed(&self) -> Result<(), String> {
        let sends = self.attempts(Step::Send);
        for (no, sends) in &sends {
            for (one, next) in sends.0.iter().zip(sends.0.iter().skip(1)) {
                let is_early = match one.answered {
                    Some((_, status)) => status == 200,
                    None => next.asked - one.asked < ONE_KEY,
                };
                if is_early {
                    return Err(format!("{no} is sent once more, after it was sent or before that is known"));
                }
            }
        }
        let (book, sandbox, none) = (self.book.borrow(), self.sandbox.borrow(), Attempts::default());
        for invoice in sandbox.invoices() {
            let Some(bill) = self.bill_of(book.bills(), &invoice) else { continue };
            let sends = sends.get(&bill.no).unwrap_or(&none);
            let is_due = usize::from(invoice.status == "open");
            let (least, most) = match self.is_mailed(&invoice) && invoice.finalized.is_some() {
                true if !self.is_known(bill) => (is_due, self.sends(invoice.id)),
                true => (sends.done().max(is_due), sends.done() + sends.unknown()),
                false => (0, 0),
            };
            let mailed = invoice.mailed.len();
            if !(least..=most).contains(&mailed) {
                let status = invoice.status;
                return Err(format!("{}, {status}, was mailed {mailed} times, not {least} to {most}", bill.no));
            }
        }
        Ok(())
    }

    /// No card was tried again before it had rested.
    pub fn tried(&self) -> Result<(), String> {
        let pays = self.attempts(Step::Pay);
        let (book, sandbox) = (self.book.borrow(), self.sandbox.borrow());
        for invoice in sandbox.invoices() {
            let Some(bill) = self.bill_of(book.bills(), &invoice).filter(|bill| self.is_known(bill)) else { continue };
            let Some(Attempts(pays)) = pays.get(&bill.no) else { continue };
            let declined = pays.iter().filter_map(|pay| pay.answered.filter(|(_, status)| *status == 402));
            for (times, (at, _)) in declined.enumerate() {
                let rested = CARD_RESTS.get(times).map_or(i64::MAX, |rest| at + rest);
                let asked = pays.iter().map(|pay| pay.asked);
                // The sandbox counts whole seconds.
                let really =
                    invoice.declined.iter().map(|tried| tried * 1_000_000).filter(|tried| *tried != second(at));
                if let Some(tried) = asked.chain(really).find(|tried| at < *tried && *tried < second(rested)) {
                    let after = (tried - at) / 60_000_000;
                    return Err(format!(
                        "{}: a card is tried {after} minutes after it was declined {}",
                        bill.no,
                        times + 1
                    ));
                }
            }
        }
        Ok(())
    }

    /// What was collected without taxes is what invoices, payments, refunds and disputes at Stripe come to.
    pub fn kept(&self) -> Result<(), String> {
        let (book, sandbox) = (self.book.borrow(), self.sandbox.borrow());
        let mut kept: BTreeMap<String, i64> = BTreeMap::new();
        for invoice in sandbox.invoices().filter(|invoice| self.bill_of(book.bills(), invoice).is_some()) {
            let net: i64 = invoice.lines.iter().map(|line| line.amount).sum();
            let had = i128::from(invoice.amount_paid - invoice.refunded - invoice.disputed);
            // The same part of its net amount is ours as is of the whole; what is not whole is tax.
            let ours = match invoice.total {
                0 => had,
                total => (had * i128::from(net)).div_euclid(i128::from(total)),
            };
            *kept.entry(invoice.currency.to_owned()).or_default() += i64::try_from(ours).unwrap();
        }
        let mut told: BTreeMap<String, i64> = BTreeMap::new();
        for bill in book.bills().iter().filter(|bill| bill.seen.invoice.is_some()) {
            *told.entry(bill.currency().to_string().to_lowercase()).or_default() += bill.collected();
        }
        if kept == told { Ok(()) } else { Err(format!("{told:?} is told as collected net of taxes, and {kept:?} is")) }
    }
}

/// The second in which it is.
fn second(micros: i64) -> i64 {
    micros - micros.rem_euclid(1_000_000)
}
