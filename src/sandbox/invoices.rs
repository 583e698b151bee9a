//! Invoices: what they are, and how they are told. Their steps are in `steps.rs`.

use super::customers::{Address, write_address};
use super::form::Metadata;
use super::json::Object;
use super::lines::{LINES_SHOWN, Line};
use super::page;
use super::problem::Problem;
use super::shelf::Named;
use super::state::{World, least_charge};
use super::tax::Tax;

/// An invoice.
#[derive(Clone, Debug)]
pub(super) struct Invoice {
    pub(super) id: String,
    pub(super) customer: usize,
    pub(super) currency: String,
    pub(super) status: Status,
    pub(super) collection: Collection,
    pub(super) created: i64,
    pub(super) number: Option<String>,
    pub(super) description: Option<String>,
    pub(super) footer: Option<String>,
    pub(super) custom_fields: Vec<(String, String)>,
    pub(super) metadata: Metadata,
    pub(super) is_advancing: bool,
    pub(super) is_taxed_automatically: bool,
    pub(super) rates: Vec<usize>,
    pub(super) days_until_due: Option<i64>,
    pub(super) due_date: Option<i64>,
    pub(super) lines: Vec<Line>,
    pub(super) sums: Sums,
    /// What was paid, through Stripe and elsewhere.
    pub(super) amount_paid: i64,
    /// What of it was paid elsewhere.
    pub(super) paid_elsewhere: i64,
    pub(super) credited_before: i64,
    pub(super) credited_after: i64,
    pub(super) attempts: i64,
    pub(super) times: Times,
    pub(super) payments: Vec<usize>,
    /// The charge that paid it.
    pub(super) charge: Option<usize>,
    pub(super) notes: Vec<usize>,
    /// Its customer, as he was when it was finalized.
    pub(super) addressee: Option<Addressee>,
}

/// What its lines come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) subtotal: i64,
    pub(super) total: i64,
    pub(super) taxes: Vec<Tax>,
    /// What the customer owed besides; less than nothing was credit.
    pub(super) starting_balance: i64,
    pub(super) ending_balance: Option<i64>,
    pub(super) amount_due: i64,
}

/// When what happened to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    pub(super) finalized: Option<i64>,
    /// Each time that it was mailed to its customer.
    pub(super) mailed: Vec<i64>,
    /// Each time that a card was declined for it.
    pub(super) declined: Vec<i64>,
    pub(super) paid: Option<i64>,
    pub(super) voided: Option<i64>,
    pub(super) uncollectible: Option<i64>,
}

/// Whom it is addressed to.
#[derive(Clone, Debug, Default)]
pub(super) struct Addressee {
    name: Option<String>,
    email: Option<String>,
    address: Option<Address>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Draft,
    Open,
    Paid,
    Void,
    Uncollectible,
    /// It was a draft; nobody finds it any more.
    Deleted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collection {
    ChargeAutomatically,
    SendInvoice,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Open => "open",
            Status::Paid => "paid",
            Status::Void => "void",
            Status::Uncollectible => "uncollectible",
            Status::Deleted => "deleted",
        }
    }
}

impl Collection {
    pub(super) const WORDS: [&'static str; 2] = ["charge_automatically", "send_invoice"];

    pub(super) fn of(word: &str) -> Collection {
        match word {
            "send_invoice" => Collection::SendInvoice,
            _ => Collection::ChargeAutomatically,
        }
    }

    fn as_str(self) -> &'static str {
        Collection::WORDS[self as usize]
    }
}

impl Named for Invoice {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Invoice {
    pub(super) fn amount_remaining(&self) -> i64 {
        self.sums.amount_due - self.amount_paid
    }

    /// Writes it, with its first lines.
    fn write(&self, out: &mut String, world: &World) {
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "invoice");
        self.write_amounts(&mut object, world);
        self.write_state(&mut object);
        self.write_addressee(&mut object, world);
        let shown = self.lines.iter().take(LINES_SHOWN);
        let url = format!("/v1/invoices/{}/lines", self.id);
        page::list(object.name("lines"), &url, LINES_SHOWN < self.lines.len(), shown, |out, line| {
            line.write(out, &self.id, world);
        });
        object.members(ALWAYS);
        object.close();
    }

    fn write_amounts(&self, object: &mut Object<'_>, world: &World) {
        let sums = &self.sums;
        object.number("amount_due", sums.amount_due);
        object.number("amount_paid", self.amount_paid);
        object.number("amount_paid_off_stripe", self.paid_elsewhere);
        object.number("amount_remaining", self.amount_remaining());
        object.number("starting_balance", sums.starting_balance);
        object.maybe_number("ending_balance", sums.ending_balance);
        object.number("subtotal", sums.subtotal);
        object.number("total", sums.total);
        let tax: i64 = sums.taxes.iter().map(|tax| tax.amount).sum();
        let inclusive: i64 = sums.taxes.iter().filter(|tax| tax.is_inclusive).map(|tax| tax.amount).sum();
        object.number("subtotal_excluding_tax", sums.subtotal - inclusive);
        object.number("total_excluding_tax", sums.total - tax);
        object.array("total_taxes", &sums.taxes, |out, tax| tax.write(out, world));
        object.array("default_tax_rates", &self.rates, |out, rate| world.tax_rates[*rate].write(out));
        object.number("pre_payment_credit_notes_amount", self.credited_before);
        object.number("post_payment_credit_notes_amount", self.credited_after);
        object.text("currency", &self.currency);
    }

    fn write_state(&self, object: &mut Object<'_>) {
        object.text("status", self.status.as_str());
        object.text("collection_method", self.collection.as_str());
        object.flag("auto_advance", self.is_advancing);
        object.number("attempt_count", self.attempts);
        object.flag("attempted", self.attempts != 0 || self.times.paid.is_some());
        object.number("created", self.created);
        object.number("period_start", self.created);
        object.number("period_end", self.created);
        object.maybe_number("due_date", self.due_date);
        object.maybe_number("effective_at", self.times.finalized);
        object.maybe_text("number", self.number.as_deref());
        object.maybe_text("description", self.description.as_deref());
        object.maybe_text("footer", self.footer.as_deref());
        object.map("metadata", &self.metadata);
        object.array("custom_fields", &self.custom_fields, |out, (name, value)| {
            let mut field = Object::open(out);
            field.text("name", name);
            field.text("value", value);
            field.close();
        });
        let mut times = object.object("status_transitions");
        times.maybe_number("finalized_at", self.times.finalized);
        times.maybe_number("marked_uncollectible_at", self.times.uncollectible);
        times.maybe_number("paid_at", self.times.paid);
        times.maybe_number("voided_at", self.times.voided);
        times.close();
        // Nothing stands behind these addresses; they are there because a client may show them.
        let page = self.times.finalized.map(|_| format!("https://invoice.stripe.com/i/sandbox/{}", self.id));
        object.maybe_text("hosted_invoice_url", page.as_deref());
        object.maybe_text("invoice_pdf", page.map(|page| page + "/pdf").as_deref());
    }

    fn write_addressee(&self, object: &mut Object<'_>, world: &World) {
        let customer = &world.customers[self.customer];
        object.text("customer", &customer.id);
        let now;
        let addressee = match &self.addressee {
            Some(addressee) => addressee,
            None => {
                now = Addressee::of(world, self.customer);
                &now
            }
        };
        object.maybe_text("customer_email", addressee.email.as_deref());
        object.maybe_text("customer_name", addressee.name.as_deref());
        write_address(object.name("customer_address"), addressee.address.as_ref());
        object.text("customer_tax_exempt", customer.tax_exempt().as_str());
        let mut tax = object.object("automatic_tax");
        tax.flag("enabled", self.is_taxed_automatically);
        match (self.is_taxed_automatically, customer.country()) {
            (false, _) => tax.members(r#""liability":null,"provider":null,"status":null"#),
            (true, Some(_)) => tax.members(r#""liability":{"type":"self"},"provider":"stripe","status":"complete""#),
            (true, None) => {
                tax.members(r#""liability":{"type":"self"},"provider":"stripe","status":"requires_location_inputs""#)
            }
        }
        tax.json("disabled_reason", "null");
        tax.close();
    }
}

impl Addressee {
    pub(super) fn of(world: &World, customer: usize) -> Addressee {
        let customer = &world.customers[customer];
        Addressee { name: customer.name.clone(), email: customer.email.clone(), address: customer.address.clone() }
    }
}

const ALWAYS: &str = r#""account_country":"IT","account_name":"Rialto sandbox","account_tax_ids":null,"amount_overpaid":0,"amount_shipping":0,"application":null,"automatically_finalizes_at":null,"billing_reason":"manual","confirmation_secret":null,"customer_account":null,"customer_phone":null,"customer_shipping":null,"customer_tax_ids":[],"default_payment_method":null,"default_source":null,"discounts":[],"from_invoice":null,"issuer":{"type":"self"},"last_finalization_error":null,"latest_revision":null,"livemode":false,"next_payment_attempt":null,"on_behalf_of":null,"parent":null,"payment_settings":{"default_mandate":null,"payment_method_options":null,"payment_method_types":null},"receipt_number":null,"rendering":null,"shipping_cost":null,"shipping_details":null,"statement_descriptor":null,"test_clock":null,"total_discount_amounts":[],"total_pretax_credit_amounts":[],"webhooks_delivered_at":null"#;

impl World {
    /// The place of an invoice.
    pub(super) fn invoice(&self, id: &str) -> Result<usize, Problem> {
        self.invoices.find(id).ok_or_else(|| Problem::missing("invoice", id, "invoice"))
    }

    /// The place of an invoice that is a draft.
    pub(super) fn draft(&self, id: &str) -> Result<usize, Problem> {
        let place = self.invoice(id)?;
        match self.invoices[place].status {
            Status::Draft => Ok(place),
            _ => Err(Problem::refused(
                "invoice_not_editable",
                "This invoice is no draft any more and cannot be changed.",
            )),
        }
    }

    pub(super) fn tell_invoice(&self, place: usize) -> String {
        let invoice = &self.invoices[place];
        let mut out = String::with_capacity(4_000 + 900 * invoice.lines.len().min(LINES_SHOWN));
        invoice.write(&mut out, self);
        out
    }

    pub(super) fn write_invoice(&self, out: &mut String, place: usize) {
        self.invoices[place].write(out, self);
    }

    pub(super) fn emit_invoice(&mut self, kinds: &[&'static str], place: usize) {
        let object = self.tell_invoice(place);
        self.emit(kinds, object);
    }

    /// Adds up a draft anew, after its lines, its rates or its customer's address changed.
    pub(super) fn reckon(&mut self, place: usize) {
        let customer = &self.customers[self.invoices[place].customer];
        let exempt = customer.tax_exempt();
        let country = customer.country().map(str::to_owned).filter(|_| self.invoices[place].is_taxed_automatically);
        let automatic = country.map(|country| self.automatic_rate(&country));
        let invoice = &mut self.invoices[place];
        let mut sums = Sums::default();
        for line in &mut invoice.lines {
            let rates = match automatic {
                Some(ref rate) => std::slice::from_ref(rate),
                None if line.rates.is_empty() => &invoice.rates,
                None => &line.rates,
            };
            line.taxes.clear();
            line.taxes.extend(rates.iter().map(|rate| self.tax_rates[*rate].of(*rate, line.amount, exempt)));
            sums.subtotal += line.amount;
            for tax in &line.taxes {
                Tax::add_up(&mut sums.taxes, *tax);
            }
        }
        let exclusive: i64 = sums.taxes.iter().filter(|tax| !tax.is_inclusive).map(|tax| tax.amount).sum();
        sums.total = sums.subtotal + exclusive;
        sums.starting_balance = self.customers[invoice.customer].balance(&invoice.currency);
        sums.amount_due = sums.total.saturating_add(sums.starting_balance).max(0);
        invoice.sums = sums;
    }

    /// What a draft comes to when it is finalized: what is then due, and what its customer then owes besides. Less
    /// than can be charged is not due, but waits with the customer for his next invoice.
    pub(super) fn settle(&self, place: usize) -> (i64, i64) {
        let invoice = &self.invoices[place];
        let owed = invoice.sums.total.saturating_add(invoice.sums.starting_balance);
        match owed < least_charge(&invoice.currency) {
            true => (0, owed),
            false => (owed, 0),
        }
    }
}
