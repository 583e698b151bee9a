//! The world: every object that Stripe would hold, and what it does by itself as time passes.
//!
//! Here and in the files about its objects, an endpoint reads its form to the end, refuses what it must, and only
//! then changes anything.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::charges::{Charge, Transaction};
use super::credit_notes::CreditNote;
use super::customers::Customer;
use super::dice::{Dice, Purpose};
use super::disputes::Dispute;
use super::events::Events;
use super::form::Metadata;
use super::invoices::Invoice;
use super::payments::{Intent, Payment};
use super::problem::Problem;
use super::refunds::Refund;
use super::seen::Totals;
use super::shelf::Shelf;
use super::tax::TaxRate;

/// All objects. Those of one kind refer to those of another by their places.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// Seconds since 1970; it never goes back.
    pub(super) now: i64,
    pub(super) ids: Dice,
    /// What numbers of invoices begin with.
    pub(super) number: String,
    pub(super) customers: Shelf<Customer>,
    pub(super) invoices: Shelf<Invoice>,
    /// Where an invoice item is.
    pub(super) items: HashMap<Box<str>, Home>,
    pub(super) tax_rates: Shelf<TaxRate>,
    pub(super) intents: Shelf<Intent>,
    pub(super) payments: Shelf<Payment>,
    pub(super) charges: Shelf<Charge>,
    pub(super) transactions: Shelf<Transaction>,
    pub(super) refunds: Shelf<Refund>,
    pub(super) disputes: Shelf<Dispute>,
    pub(super) notes: Shelf<CreditNote>,
    pub(super) events: Events,
    /// Which drafts are finalized by themselves, and when.
    pub(super) timers: BTreeSet<(i64, usize)>,
    /// Invoices that are open.
    pub(super) open: BTreeSet<usize>,
    /// What was really moved, by currency.
    pub(super) totals: BTreeMap<String, Totals>,
}

/// Where an invoice item is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Home {
    /// On an invoice.
    Invoice(usize),
    /// With a customer, until an invoice takes it.
    Customer(usize),
}

/// What an endpoint answers.
pub(super) type Answer = Result<String, Problem>;

/// The currency where nobody names another.
pub(super) const CURRENCY: &str = "eur";

impl World {
    pub(super) fn new(seed: u64) -> World {
        let mut ids = Dice::new(seed, Purpose::Ids);
        World {
            now: 0,
            number: ids.id("")[..8].to_uppercase(),
            ids,
            customers: Shelf::default(),
            invoices: Shelf::default(),
            items: HashMap::new(),
            tax_rates: Shelf::default(),
            intents: Shelf::default(),
            payments: Shelf::default(),
            charges: Shelf::default(),
            transactions: Shelf::default(),
            refunds: Shelf::default(),
            disputes: Shelf::default(),
            notes: Shelf::default(),
            events: Events::new(seed),
            timers: BTreeSet::new(),
            open: BTreeSet::new(),
            totals: BTreeMap::new(),
        }
    }

    /// Lets time pass: what Stripe does by itself is done.
    pub(super) fn advance(&mut self, now: i64) {
        while let Some((at, invoice)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.now = self.now.max(at);
            self.timers.pop_first();
            self.finalize_by_itself(invoice);
        }
        self.now = self.now.max(now);
        self.events.forget(self.now);
    }
}

/// Writes what is asked for into metadata, which has at most fifty keys then.
pub(super) fn change(metadata: &mut Metadata, asked: Option<Metadata>) {
    let Some(asked) = asked else { return };
    if asked.is_empty() {
        metadata.clear();
    }
    for (key, value) in asked {
        match value.is_empty() {
            true => drop(metadata.remove(&key)),
            false => drop(metadata.insert(key, value)),
        }
    }
    while 50 < metadata.len() {
        metadata.pop_last();
    }
}

/// A text that may be unset: what was asked for, or what it was.
pub(super) fn set(text: &mut Option<String>, asked: Option<String>) {
    if let Some(asked) = asked {
        *text = Some(asked).filter(|asked| !asked.is_empty());
    }
}

/// A currency as it is written in a call.
pub(super) fn currency(form: &mut super::form::Form) -> Result<Option<String>, Problem> {
    let Some(text) = form.text("currency")? else { return Ok(None) };
    let text = text.to_ascii_lowercase();
    match KNOWN.contains(&text.as_str()) {
        true => Ok(Some(text)),
        false => {
            let full = form.full("currency");
            Err(Problem::parameter("", &full, "Invalid currency: expected a code of three letters, such as eur."))
        }
    }
}

const KNOWN: [&str; 16] =
    ["eur", "usd", "gbp", "chf", "jpy", "dkk", "nok", "sek", "pln", "czk", "huf", "ron", "bgn", "cad", "aud", "nzd"];

/// The least that a card is charged, in the currency's smallest amounts.
pub(super) fn least_charge(currency: &str) -> i64 {
    match currency {
        "gbp" => 30,
        "dkk" => 250,
        "nok" | "sek" => 300,
        "pln" | "ron" => 200,
        "czk" => 1_500,
        "huf" => 17_500,
        "bgn" => 100,
        _ => 50,
    }
}

/// The most that can be charged at once.
pub(super) const MOST_CHARGE: i64 = 99_999_999;
