//! What a test sees of the sandbox from behind: what was really collected, and how every invoice stands.

use std::collections::BTreeMap;

use super::Sandbox;
use super::charges::Kind;
use super::invoices::{Collection, Status};
use super::state::World;

/// What was really moved in one currency, in its smallest amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What customers paid through Stripe.
    pub collected: i64,
    /// What of it was refunded.
    pub refunded: i64,
    /// What of it is withheld or lost because it was disputed.
    pub disputed: i64,
    /// What all this cost.
    pub fees: i64,
    /// What was paid elsewhere, and only noted here.
    pub elsewhere: i64,
}

impl Totals {
    /// A movement of the balance.
    pub(super) fn count(&mut self, kind: Kind, amount: i64, fee: i64) {
        match kind {
            Kind::Charge => self.collected += amount,
            Kind::Refund => self.refunded -= amount,
            Kind::Dispute | Kind::DisputeReversal => self.disputed -= amount,
        }
        self.fees += fee;
    }
}

/// An invoice that was not deleted.
#[derive(Clone, Debug)]
pub struct SeenInvoice<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its number, once it is finalized.
    pub number: Option<&'a str>,
    /// Its customer's id.
    pub customer: &'a str,
    /// `draft`, `open`, `paid`, `void` or `uncollectible`.
    pub status: &'static str,
    /// Its currency.
    pub currency: &'a str,
    /// What its lines come to, with tax.
    pub total: i64,
    /// What is to be paid of it in all.
    pub amount_due: i64,
    /// What is paid of it, through Stripe or elsewhere.
    pub amount_paid: i64,
    /// What of it was paid elsewhere.
    pub paid_elsewhere: i64,
    /// What of it was refunded.
    pub refunded: i64,
    /// What of it is withheld or lost because it was disputed.
    pub disputed: i64,
    /// What credit notes took off it, before and after it was paid.
    pub credited: i64,
    /// When it was made.
    pub created: i64,
    /// When it was finalized.
    pub finalized: Option<i64>,
    /// Each time that it was mailed to its customer.
    pub mailed: &'a [i64],
    /// Each time that a card was declined for it.
    pub declined: &'a [i64],
    /// When it was paid.
    pub paid: Option<i64>,
    /// Its metadata.
    pub metadata: &'a BTreeMap<String, String>,
    /// Its lines.
    pub lines: Vec<SeenLine<'a>>,
}

/// A line of an invoice.
#[derive(Clone, Copy, Debug)]
pub struct SeenLine<'a> {
    /// Its id.
    pub id: &'a str,
    /// The id of the invoice item that it is of.
    pub item: &'a str,
    /// What it comes to.
    pub amount: i64,
    /// What it says.
    pub description: Option<&'a str>,
    /// Its metadata.
    pub metadata: &'a BTreeMap<String, String>,
}

impl Sandbox {
    /// The latest time that it was told.
    pub fn now(&self) -> i64 {
        self.world.now
    }

    /// What was really moved in a currency.
    pub fn totals(&self, currency: &str) -> Totals {
        self.world.totals.get(currency).copied().unwrap_or_default()
    }

    /// The currencies in which something was moved.
    pub fn currencies(&self) -> impl Iterator<Item = &str> {
        self.world.totals.keys().map(String::as_str)
    }

    /// Every invoice that was not deleted, the oldest first.
    pub fn invoices(&self) -> impl Iterator<Item = SeenInvoice<'_>> {
        let places = 0..self.world.invoices.len();
        places
            .filter(|place| self.world.invoices[*place].status != Status::Deleted)
            .map(|place| see(&self.world, place))
    }

    /// One invoice.
    pub fn invoice(&self, id: &str) -> Option<SeenInvoice<'_>> {
        self.world.invoices.find(id).map(|place| see(&self.world, place))
    }

    /// How many customers there are.
    pub fn customers(&self) -> usize {
        self.world.customers.iter().filter(|customer| !customer.is_deleted).count()
    }

    /// The ids of open invoices that were sent at `before` or earlier, the oldest first.
    pub fn sent_and_open(&self, before: i64) -> Vec<String> {
        let invoices = self.world.open.iter().map(|place| &self.world.invoices[*place]);
        invoices
            .filter(|invoice| invoice.collection == Collection::SendInvoice)
            .filter(|invoice| invoice.times.mailed.first().is_some_and(|sent| *sent <= before))
            .map(|invoice| invoice.id.clone())
            .collect()
    }
}

fn see(world: &World, place: usize) -> SeenInvoice<'_> {
    let invoice = &world.invoices[place];
    let charge = invoice.charge.map(|charge| &world.charges[charge]);
    let disputes = charge.into_iter().flat_map(|charge| &charge.disputes).map(|dispute| &world.disputes[*dispute]);
    SeenInvoice {
        id: &invoice.id,
        number: invoice.number.as_deref(),
        customer: &world.customers[invoice.customer].id,
        status: invoice.status.as_str(),
        currency: &invoice.currency,
        total: invoice.sums.total,
        amount_due: invoice.sums.amount_due,
        amount_paid: invoice.amount_paid,
        paid_elsewhere: invoice.paid_elsewhere,
        refunded: charge.map_or(0, |charge| charge.refunded),
        disputed: disputes.filter(|dispute| dispute.holds()).map(|dispute| dispute.amount()).sum(),
        credited: invoice.credited_before + invoice.credited_after,
        created: invoice.created,
        finalized: invoice.times.finalized,
        mailed: &invoice.times.mailed,
        declined: &invoice.times.declined,
        paid: invoice.times.paid,
        metadata: &invoice.metadata,
        lines: invoice.lines.iter().map(see_line).collect(),
    }
}

fn see_line(line: &super::lines::Line) -> SeenLine<'_> {
    let description = line.description.as_deref();
    SeenLine { id: &line.id, item: &line.item, amount: line.amount, description, metadata: &line.metadata }
}
