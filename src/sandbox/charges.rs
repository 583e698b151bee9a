//! Charges: what is really taken, and what that moves on the account's balance.

use super::form::Form;
use super::json::Object;
use super::page::{Ask, Order};
use super::problem::Problem;
use super::shelf::Named;
use super::state::{Answer, World};

/// A card that was charged, or declined.
#[derive(Clone, Debug)]
pub(super) struct Charge {
    pub(super) id: String,
    created: i64,
    pub(super) intent: usize,
    pub(super) invoice: usize,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) refunded: i64,
    /// What it moved on the balance; nothing, where it was declined.
    transaction: Option<usize>,
    pub(super) refunds: Vec<usize>,
    pub(super) disputes: Vec<usize>,
}

/// A movement on the account's own balance.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) id: String,
    created: i64,
    pub(super) amount: i64,
    pub(super) fee: i64,
    currency: String,
    kind: Kind,
    /// The id of what moved it.
    source: String,
}

/// What moves a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Charge,
    Refund,
    Dispute,
    DisputeReversal,
}

impl Kind {
    /// Its type, and the category under which it is reported.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Kind::Charge => ("charge", "charge"),
            Kind::Refund => ("refund", "refund"),
            Kind::Dispute => ("adjustment", "dispute"),
            Kind::DisputeReversal => ("adjustment", "dispute_reversal"),
        }
    }
}

/// What a charge costs: 1.5 % and 25 of the smallest amounts.
const fn fee(amount: i64) -> i64 {
    (amount * 15 + 500) / 1_000 + 25
}

impl Named for Charge {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Named for Transaction {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Charge {
    /// Whether it was more than an attempt.
    pub(super) fn succeeded(&self) -> bool {
        self.transaction.is_some()
    }

    fn write(&self, out: &mut String, world: &World, is_expanded: bool) {
        let succeeded = self.succeeded();
        let customer = &world.customers[world.invoices[self.invoice].customer];
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "charge");
        object.number("amount", self.amount);
        object.number("amount_captured", if succeeded { self.amount } else { 0 });
        object.number("amount_refunded", self.refunded);
        match self.transaction.map(|transaction| &world.transactions[transaction]) {
            Some(transaction) if is_expanded => transaction.write(object.name("balance_transaction")),
            transaction => object.maybe_text("balance_transaction", transaction.map(|known| known.id.as_str())),
        }
        let mut billing = object.object("billing_details");
        billing.maybe_text("email", customer.email.as_deref());
        billing.maybe_text("name", customer.name.as_deref());
        billing.members(r#""address":null,"phone":null,"tax_id":null"#);
        billing.close();
        object.flag("captured", succeeded);
        object.number("created", self.created);
        object.text("currency", &self.currency);
        object.text("customer", &customer.id);
        object.flag("disputed", !self.disputes.is_empty());
        object.maybe_text("failure_code", (!succeeded).then_some("card_declined"));
        object.maybe_text("failure_message", (!succeeded).then_some("Your card was declined."));
        object.flag("paid", succeeded);
        object.text("payment_intent", &world.intents[self.intent].id);
        object.flag("refunded", succeeded && self.refunded == self.amount);
        object.text("status", if succeeded { "succeeded" } else { "failed" });
        object.members(
            r#""application":null,"application_fee":null,"application_fee_amount":null,"calculated_statement_descriptor":null,"description":null,"failure_balance_transaction":null,"fraud_details":{},"livemode":false,"metadata":{},"on_behalf_of":null,"outcome":null,"payment_method":null,"payment_method_details":null,"receipt_email":null,"receipt_number":null,"receipt_url":null,"review":null,"shipping":null,"source":null,"source_transfer":null,"statement_descriptor":null,"statement_descriptor_suffix":null,"transfer_data":null,"transfer_group":null"#,
        );
        object.close();
    }
}

impl Transaction {
    /// Writes it.
    pub(super) fn write(&self, out: &mut String) {
        let (kind, category) = self.kind.words();
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "balance_transaction");
        object.number("amount", self.amount);
        object.number("available_on", self.created);
        object.number("created", self.created);
        object.text("currency", &self.currency);
        object.number("fee", self.fee);
        object.array("fee_details", (self.fee != 0).then_some(self.fee), |out, fee| {
            let mut detail = Object::open(out);
            detail.number("amount", fee);
            detail.text("currency", &self.currency);
            detail.members(r#""application":null,"description":"Stripe processing fees","type":"stripe_fee""#);
            detail.close();
        });
        object.number("net", self.amount - self.fee);
        object.text("reporting_category", category);
        object.text("source", &self.source);
        object.text("type", kind);
        object.members(r#""balance_type":"payments","description":null,"exchange_rate":null,"status":"available""#);
        object.close();
    }
}

/// The card of Stripe's tests that a customer may leave, and that never pays.
const DECLINED: &str = "pm_card_chargeCustomerFail";

impl World {
    /// Charges the card that a customer left, for what remains of his invoice.
    pub(super) fn charge_card(&mut self, invoice: usize) -> Result<(), Problem> {
        let customer = &self.customers[self.invoices[invoice].customer];
        let Some(card) = customer.card.as_deref() else {
            let message = "This customer has no payment method that could be charged.";
            return Err(Problem::refused("resource_missing", message));
        };
        let is_declined = customer.is_declined || card == DECLINED;
        self.invoices[invoice].attempts += 1;
        match is_declined {
            false => {
                self.collect(invoice);
                Ok(())
            }
            true => {
                let now = self.now;
                self.invoices[invoice].times.declined.push(now);
                let charge = self.put_charge(invoice, false);
                self.emit_charge(&["charge.failed"], charge);
                let intent = self.charges[charge].intent;
                self.emit_intent("payment_intent.payment_failed", intent);
                self.emit_invoice(&["invoice.updated", "invoice.payment_failed"], invoice);
                Err(Problem::declined())
            }
        }
    }

    /// What remains of an invoice is paid through Stripe.
    pub(super) fn collect(&mut self, invoice: usize) {
        let charge = self.put_charge(invoice, true);
        let Charge { intent, amount, .. } = self.charges[charge];
        self.note_payment(invoice, amount);
        let paid = &mut self.invoices[invoice];
        paid.amount_paid += amount;
        paid.charge = Some(charge);
        self.emit_charge(&["charge.succeeded"], charge);
        self.emit_intent("payment_intent.succeeded", intent);
        self.emit(&["invoice_payment.paid"], self.tell_payment(invoice));
        self.close_as_paid(invoice);
    }

    fn put_charge(&mut self, invoice: usize, succeeds: bool) -> usize {
        let amount = self.invoices[invoice].amount_remaining();
        if self.waiting(invoice).is_none() {
            self.ask_for_payment(invoice, amount);
        }
        let intent = self.invoices[invoice].payments.last().map_or(0, |payment| self.payments[*payment].intent);
        let id = self.ids.id("ch_");
        let currency = self.invoices[invoice].currency.clone();
        let transaction = succeeds.then(|| self.move_balance(Kind::Charge, amount, fee(amount), &currency, &id));
        let charge = Charge {
            id,
            created: self.now,
            intent,
            invoice,
            amount,
            currency,
            refunded: 0,
            transaction,
            refunds: Vec::new(),
            disputes: Vec::new(),
        };
        let charge = self.charges.put(charge);
        self.intents[intent].latest_charge = Some(charge);
        charge
    }

    /// Moves the account's balance.
    pub(super) fn move_balance(&mut self, kind: Kind, amount: i64, fee: i64, currency: &str, source: &str) -> usize {
        let id = self.ids.id("txn_");
        let (currency, source) = (currency.to_owned(), source.to_owned());
        self.totals.entry(currency.clone()).or_default().count(kind, amount, fee);
        self.transactions.put(Transaction { id, created: self.now, amount, fee, currency, kind, source })
    }

    pub(super) fn emit_charge(&mut self, kinds: &[&'static str], charge: usize) {
        let mut out = String::with_capacity(1_200);
        self.charges[charge].write(&mut out, self, false);
        self.emit(kinds, out);
    }

    pub(super) fn charge(&self, id: &str, param: &str) -> Result<usize, Problem> {
        self.charges.find(id).ok_or_else(|| Problem::missing("charge", id, param))
    }

    pub(super) fn get_charge(&self, id: &str, form: Form) -> Answer {
        let is_expanded = form.expands("balance_transaction");
        form.end()?;
        let mut out = String::with_capacity(1_500);
        self.charges[self.charge(id, "id")?].write(&mut out, self, is_expanded);
        Ok(out)
    }

    pub(super) fn list_charges(&self, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        let (intent, customer) = (form.text("payment_intent")?, form.text("customer")?);
        let created = form.range("created")?;
        let is_expanded = form.expands("balance_transaction");
        form.end()?;
        let intent = intent.map(|id| self.intent(&id, "payment_intent")).transpose()?;
        let customer = customer.map(|id| self.customer(&id, "customer")).transpose()?;
        let keep = |place: usize| {
            let charge: &Charge = &self.charges[place];
            let is_meant = intent.is_none_or(|intent| intent == charge.intent)
                && customer.is_none_or(|customer| customer == self.invoices[charge.invoice].customer);
            // No charge is older than its intent.
            let oldest = intent.map_or(created.least, |intent| created.least.max(self.intents[intent].created));
            (oldest <= charge.created).then_some(is_meant && created.contains(charge.created))
        };
        let page = ask.cut(self.charges.len(), Order::NewestFirst, |id| self.charges.find(id), keep)?;
        Ok(page.write("/v1/charges", self, |out, world, place| world.charges[place].write(out, world, is_expanded)))
    }

    pub(super) fn get_transaction(&self, id: &str, form: Form) -> Answer {
        form.end()?;
        let place = self.transactions.find(id).ok_or_else(|| Problem::missing("balance transaction", id, "id"))?;
        let mut out = String::with_capacity(500);
        self.transactions[place].write(&mut out);
        Ok(out)
    }

    pub(super) fn list_transactions(&self, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        let (source, kind, created) = (form.text("source")?, form.text("type")?, form.range("created")?);
        form.end()?;
        let keep = |place: usize| {
            let transaction: &Transaction = &self.transactions[place];
            let is_meant = source.as_ref().is_none_or(|source| *source == transaction.source)
                && kind.as_ref().is_none_or(|kind| kind == transaction.kind.words().0)
                && created.contains(transaction.created);
            (created.least <= transaction.created).then_some(is_meant)
        };
        let page = ask.cut(self.transactions.len(), Order::NewestFirst, |id| self.transactions.find(id), keep)?;
        Ok(page.write("/v1/balance_transactions", self, |out, world, place| world.transactions[place].write(out)))
    }
}
