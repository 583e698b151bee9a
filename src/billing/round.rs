//! A round of the biller: what is due is drawn, every bill walks on, what was told is looked after, and what webhooks
//! may have lost is asked for.

use std::sync::Arc;

use compact_str::CompactString;

use super::answers::{Page, Reference, read, refusal};
use super::books::Books;
use super::call::Call;
use super::look::look;
use super::marks::House;
use super::papers::{self, Paper};
use super::plan::{Invoice, Plan};
use super::policy::{Negative, Policy};
use super::walk::{Desk, Rest, Stripe, Unsure, Walk};
use crate::domain::bills::{BillNo, Deed, Refused, Sight, Status};
use crate::ledger::bill::Bill;
use crate::ledger::bills::Bills;
use crate::ledger::offsets;

/// A plan without the invoices that wait until somebody asks for them: those of payers of whom
/// [whole amounts are carried](Bills::carried_over) since something was taken over.
pub fn by_itself(plan: Plan, bills: &Bills) -> Plan {
    let held: Vec<_> = bills.carried_over().map(|(bill, _)| (bill.drawn.payer.id, bill.currency())).collect();
    let is_free = |invoice: &Invoice| !held.contains(&(invoice.payer.id, invoice.currency));
    Plan { invoices: plan.invoices.into_iter().filter(is_free).collect(), ..plan }
}

/// What is to be written down before anything is drawn: of bills that nobody paid, or that were refunded by hand, what was
/// taken back of them is offset, so that nothing else is lowered by it. What nobody believes to be paid is lowered by credit notes where there are any.
pub fn offsets(books: &Books<'_>, policy: &Policy) -> impl Iterator<Item = Deed> {
    let is_noted = |no: &BillNo| {
        let bill = books.bills.get(*no).filter(|bill| bill.seen.status == Status::Uncollectible && !bill.is_dead());
        policy.negative == Negative::CreditNote && bill.is_some_and(|bill| 0 < books.bills.creditable(bill))
    };
    let due = offsets::due(books.bills, books.links, books.charges).into_iter();
    due.filter(move |(no, _)| !is_noted(no)).map(|(no, offset)| Deed::Offset(no, offset))
}

/// What was told of something at Stripe, and nobody knows yet which bill it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    /// The event's id.
    pub event: String,
    /// The id of what it is about.
    pub object: String,
}

impl<D: Desk, S: Stripe> Walk<'_, D, S> {
    /// Finds out which of `bills` an event is about, and writes that down. Where it is about one of this house that the
    /// book never drew, it is [behind](Rest::Behind).
    pub async fn place(&self, told: &Unplaced, house: &House, bills: &Bills) -> Result<Result<(), Rest>, D::Stopped> {
        let about = match self.about(&told.object, bills).await {
            Ok(about) => about,
            Err(unsure) => return Ok(Err(Rest::Unsure(unsure))),
        };
        let (bill, behind) = match about {
            About::Bill(no) => (Some(no), None),
            About::Marked(mark) => (None, Some(mark).filter(|mark| house.is_ours(mark))),
            About::None => (None, None),
        };
        let placed = self.desk.note(Deed::Place(told.event.as_str().into(), bill)).await?;
        Ok(placed.map_err(Rest::Beaten).and(behind.map_or(Ok(()), |mark| Err(Rest::Behind(mark)))))
    }

    async fn about(&self, object: &str, bills: &Bills) -> Result<About, Unsure> {
        if let Some(bill) = bills.of_invoice(object) {
            return Ok(About::Bill(bill));
        }
        let (path, form) = match object.split_once('_') {
            Some(("in", _)) => (format!("/v1/invoices/{object}"), String::new()),
            Some(("pi", _)) => {
                let form = format!("payment[type]=payment_intent&payment[payment_intent]={object}&limit=1");
                ("/v1/invoice_payments".to_owned(), form)
            }
            _ => return Ok(About::None),
        };
        let reply = self.stripe.read(Call::get(path, form)).await?;
        match reply.status {
            200 => {}
            // There is no such thing, or not any more.
            _ if refusal(&reply).code == "resource_missing" => return Ok(About::None),
            _ => return Err(Unsure::of(&reply)),
        }
        if let Some(page) = read::<Page<OfInvoice>>(&reply) {
            let bill = page.data.first().and_then(|of| bills.of_invoice(of.invoice.id()));
            return Ok(bill.map_or(About::None, About::Bill));
        }
        let invoice: papers::Invoice = read(&reply).ok_or_else(|| Unsure::unreadable("an invoice"))?;
        let Some(mark) = invoice.mark().filter(|_| !invoice.is_nothing()) else { return Ok(About::None) };
        Ok(bills.of_mark(mark).map_or_else(|| About::Marked(mark.into()), About::Bill))
    }

    /// Takes a look at a bill of which nothing was told for long, and walks on where that tells anything new.
    pub async fn look_after(&self, bill: &Arc<Bill>) -> Result<Rest, D::Stopped> {
        match self.look_at(bill).await? {
            Ok(Some(bill)) => self.go(bill).await,
            Ok(None) => Ok(Rest::Done),
            Err(rest) => Ok(rest),
        }
    }

    /// Takes a look at a bill; where that tells anything new it is written down, and the bill is as it stands then.
    pub async fn look_at(&self, bill: &Arc<Bill>) -> Result<Result<Option<Arc<Bill>>, Rest>, D::Stopped> {
        let lines = self.desk.lines(bill).await?;
        match look(self.stripe, bill, &lines, bill.look()).await {
            Err(unsure) => Ok(Err(Rest::Unsure(unsure))),
            Ok(sight) if sight_is_known(bill, &sight) => Ok(Ok(None)),
            Ok(sight) => Ok(self.desk.file(Deed::See(bill.no, sight)).await?.map(Some).map_err(Rest::Beaten)),
        }
    }
}

/// Whether a look tells nothing new, and so need not be written down.
fn sight_is_known(bill: &Bill, sight: &Sight) -> bool {
    let seen = &bill.seen;
    let is_same = (seen.status, seen.amounts, &seen.invoice, seen.fault)
        == (sight.status, sight.amounts, &sight.invoice, sight.fault);
    is_same && (sight.takings.is_none() || sight.takings == seen.takings) && bill.way.asked.is_none()
}

/// What an event is about.
enum About {
    Bill(BillNo),
    /// An invoice with this mark, which is of no bill of the book.
    Marked(CompactString),
    None,
}

#[derive(serde::Deserialize)]
struct OfInvoice {
    invoice: Reference,
}

/// Whether the book refused because somebody else had been faster, or has paused all, which is no fault.
pub fn is_race(refused: &Refused) -> bool {
    matches!(refused, Refused::Step { .. } | Refused::Owed { .. } | Refused::Known(_) | Refused::Paused)
}
