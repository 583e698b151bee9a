//! A round of the biller: what is due is drawn, every bill walks on, what was told is looked after, and what webhooks
//! may have lost is asked for.

use std::sync::Arc;

use super::answers::{Invoice, Page, Reference, read, refusal};
use super::call::Call;
use super::draw::{again, drawn};
use super::look::look;
use super::plan::Plan;
use super::walk::{Desk, Rest, Stripe, Unsure, Walk};
use crate::domain::bills::{BillNo, Deed, Drawn, Refused, Sight};
use crate::domain::names::Name;
use crate::ledger::bill::Bill;
use crate::ledger::bills::Bills;
use crate::ledger::payers::Payers;

/// The bills that are due: those of the plan, and those in the place of others that came to nothing and were let go.
pub fn due<'a>(plan: &'a Plan, bills: &'a Bills, payers: &'a Payers, zone: Name) -> impl Iterator<Item = Drawn> + 'a {
    let anew = bills.released().filter_map(|former| {
        let terms = payers.get(former.payer)?.payer;
        // On the terms that hold now, if they are such that he can be billed.
        let is_billable = terms.customer.is_some() && terms.currency == former.currency();
        is_billable.then(|| again(former, terms))
    });
    anew.chain(plan.invoices.iter().map(move |invoice| drawn(invoice, zone)))
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
    /// Finds out which bill an event is about, and writes that down. `known` tells the bill of an invoice.
    pub async fn place(
        &self,
        told: &Unplaced,
        known: impl Fn(&str) -> Option<BillNo>,
    ) -> Result<Result<(), Rest>, D::Stopped> {
        let bill = match self.bill_of(&told.object, known).await {
            Ok(bill) => bill,
            Err(unsure) => return Ok(Err(Rest::Unsure(unsure))),
        };
        match self.desk.note(Deed::Place(told.event.as_str().into(), bill)).await? {
            Ok(()) => Ok(Ok(())),
            Err(Refused::NoBill(no)) => {
                // It carries our mark, and we never drew it: this folder is older than what Stripe has.
                let none = self.desk.note(Deed::Place(told.event.as_str().into(), None)).await?;
                Ok(none.and(Err(Refused::NoBill(no))).map_err(Rest::Beaten))
            }
            Err(refused) => Ok(Err(Rest::Beaten(refused))),
        }
    }

    async fn bill_of(&self, object: &str, known: impl Fn(&str) -> Option<BillNo>) -> Result<Option<BillNo>, Unsure> {
        if let Some(bill) = known(object) {
            return Ok(Some(bill));
        }
        let (path, form) = match object.split_once('_') {
            Some(("in", _)) => (format!("/v1/invoices/{object}"), String::new()),
            Some(("pi", _)) => {
                let form = format!("payment[type]=payment_intent&payment[payment_intent]={object}&limit=1");
                ("/v1/invoice_payments".to_owned(), form)
            }
            _ => return Ok(None),
        };
        let reply = self.stripe.read(Call::get(path, form)).await?;
        match reply.status {
            200 => {}
            // There is no such thing, or not any more.
            _ if refusal(&reply).code == "resource_missing" => return Ok(None),
            _ => return Err(Unsure::of(&reply)),
        }
        if let Some(page) = read::<Page<OfInvoice>>(&reply) {
            return Ok(page.data.first().and_then(|of| known(of.invoice.id())));
        }
        let invoice: Invoice = read(&reply).ok_or_else(|| Unsure::unreadable("an invoice"))?;
        // It may be known by now; if it is ours and still is not, it was found by the walk of its bill.
        Ok(invoice.mark().and_then(|mark| self.house.marked(mark)))
    }

    /// Takes a look at a bill of which nothing was told for long.
    pub async fn look_after(&self, bill: &Arc<Bill>) -> Result<Rest, D::Stopped> {
        let lines = self.desk.lines(bill).await?;
        match look(self.stripe, self.house, bill, &lines, bill.look()).await {
            Err(unsure) => Ok(Rest::Unsure(unsure)),
            Ok(sight) if sight_is_known(bill, &sight) => Ok(Rest::Done),
            Ok(sight) => match self.desk.file(Deed::See(bill.no, sight)).await? {
                Ok(bill) => self.go(bill).await,
                Err(refused) => Ok(Rest::Beaten(refused)),
            },
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

#[derive(serde::Deserialize)]
struct OfInvoice {
    invoice: Reference,
}

/// Whether the book refused because somebody else had been faster, or has paused all, which is no fault.
pub fn is_race(refused: &Refused) -> bool {
    matches!(refused, Refused::Step { .. } | Refused::Owed { .. } | Refused::Known(_) | Refused::Paused)
}
