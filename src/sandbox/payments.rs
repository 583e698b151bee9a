//! Payments: the intent that an invoice be paid, and what became of it.

use super::form::Form;
use super::invoices::Status;
use super::json::Object;
use super::page::{Ask, Order};
use super::problem::Problem;
use super::shelf::Named;
use super::state::{Answer, World};

/// Somebody is to pay something.
#[derive(Clone, Debug)]
pub(super) struct Intent {
    pub(super) id: String,
    pub(super) created: i64,
    customer: usize,
    amount: i64,
    currency: String,
    state: IntentState,
    pub(super) latest_charge: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IntentState {
    Waiting,
    Succeeded,
    Canceled,
}

/// That an intent is to pay an invoice.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    id: String,
    created: i64,
    invoice: usize,
    pub(super) intent: usize,
    requested: i64,
    paid: Option<i64>,
    canceled_at: Option<i64>,
    paid_at: Option<i64>,
}

impl Named for Intent {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Named for Payment {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Intent {
    fn write(&self, out: &mut String, world: &World) {
        let status = match self.state {
            IntentState::Waiting => "requires_payment_method",
            IntentState::Succeeded => "succeeded",
            IntentState::Canceled => "canceled",
        };
        let received = if self.state == IntentState::Succeeded { self.amount } else { 0 };
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "payment_intent");
        object.number("amount", self.amount);
        object.number("amount_received", received);
        object.number("created", self.created);
        object.text("currency", &self.currency);
        object.text("customer", &world.customers[self.customer].id);
        object.maybe_text("latest_charge", self.latest_charge.map(|charge| world.charges[charge].id.as_str()));
        object.text("status", status);
        object.members(
            r#""amount_capturable":0,"amount_details":null,"application":null,"application_fee_amount":null,"automatic_payment_methods":null,"canceled_at":null,"cancellation_reason":null,"capture_method":"automatic","client_secret":null,"confirmation_method":"automatic","customer_account":null,"description":null,"excluded_payment_method_types":null,"last_payment_error":null,"livemode":false,"metadata":{},"next_action":null,"on_behalf_of":null,"payment_method":null,"payment_method_configuration_details":null,"payment_method_options":{},"payment_method_types":["card"],"processing":null,"receipt_email":null,"review":null,"setup_future_usage":null,"shipping":null,"source":null,"statement_descriptor":null,"statement_descriptor_suffix":null,"transfer_data":null,"transfer_group":null"#,
        );
        object.close();
    }
}

impl Payment {
    fn write(&self, out: &mut String, world: &World) {
        let status = match (self.paid_at, self.canceled_at) {
            (Some(_), _) => "paid",
            (None, Some(_)) => "canceled",
            (None, None) => "open",
        };
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "invoice_payment");
        object.maybe_number("amount_paid", self.paid);
        object.number("amount_requested", self.requested);
        object.number("created", self.created);
        object.text("currency", &world.intents[self.intent].currency);
        object.text("invoice", &world.invoices[self.invoice].id);
        object.members(r#""is_default":true,"livemode":false"#);
        let mut payment = object.object("payment");
        payment.text("payment_intent", &world.intents[self.intent].id);
        payment.text("type", "payment_intent");
        payment.close();
        object.text("status", status);
        let mut times = object.object("status_transitions");
        times.maybe_number("canceled_at", self.canceled_at);
        times.maybe_number("paid_at", self.paid_at);
        times.close();
        object.close();
    }
}

impl World {
    /// An invoice was finalized, and something of it is due.
    pub(super) fn ask_for_payment(&mut self, invoice: usize, due: i64) {
        let of = &self.invoices[invoice];
        let intent = Intent {
            id: self.ids.id("pi_"),
            created: self.now,
            customer: of.customer,
            amount: due,
            currency: of.currency.clone(),
            state: IntentState::Waiting,
            latest_charge: None,
        };
        let intent = self.intents.put(intent);
        let payment = Payment {
            id: self.ids.id("inpay_"),
            created: self.now,
            invoice,
            intent,
            requested: due,
            paid: None,
            canceled_at: None,
            paid_at: None,
        };
        let payment = self.payments.put(payment);
        self.invoices[invoice].payments.push(payment);
        self.emit_intent("payment_intent.created", intent);
    }

    /// The intent by which an invoice is to be paid.
    pub(super) fn waiting(&self, invoice: usize) -> Option<(usize, usize)> {
        let payment = *self.invoices[invoice].payments.last()?;
        let intent = self.payments[payment].intent;
        (self.intents[intent].state == IntentState::Waiting).then_some((payment, intent))
    }

    /// Makes the intent ask for what remains, after credit was given.
    pub(super) fn lower_payment(&mut self, invoice: usize) {
        let remaining = self.invoices[invoice].amount_remaining();
        if let Some((payment, intent)) = self.waiting(invoice) {
            self.intents[intent].amount = remaining;
            self.payments[payment].requested = remaining;
        }
    }

    /// Nobody is to pay an invoice any more, or not through Stripe.
    pub(super) fn cancel_payments(&mut self, invoice: usize) {
        let Some((payment, intent)) = self.waiting(invoice) else { return };
        self.payments[payment].canceled_at = Some(self.now);
        self.intents[intent].state = IntentState::Canceled;
        self.emit_intent("payment_intent.canceled", intent);
    }

    /// An invoice's intent succeeded.
    pub(super) fn note_payment(&mut self, invoice: usize, amount: i64) {
        let Some(payment) = self.invoices[invoice].payments.last() else { return };
        let payment = &mut self.payments[*payment];
        payment.paid = Some(amount);
        payment.paid_at = Some(self.now);
        self.intents[payment.intent].state = IntentState::Succeeded;
    }

    /// What remains of an invoice was paid elsewhere: in cash, or by a transfer.
    pub(super) fn pay_elsewhere(&mut self, place: usize) {
        self.cancel_payments(place);
        let invoice = &mut self.invoices[place];
        let remaining = invoice.amount_remaining();
        invoice.paid_elsewhere += remaining;
        invoice.amount_paid += remaining;
        self.totals.entry(invoice.currency.clone()).or_default().elsewhere += remaining;
        self.close_as_paid(place);
    }

    pub(super) fn tell_payment(&self, invoice: usize) -> String {
        let mut out = String::with_capacity(400);
        if let Some(payment) = self.invoices[invoice].payments.last() {
            self.payments[*payment].write(&mut out, self);
        }
        out
    }

    pub(super) fn emit_intent(&mut self, kind: &'static str, intent: usize) {
        let mut out = String::with_capacity(1_200);
        self.intents[intent].write(&mut out, self);
        self.emit(&[kind], out);
    }

    pub(super) fn get_intent(&self, id: &str, form: Form) -> Answer {
        form.end()?;
        let place = self.intents.find(id).ok_or_else(|| Problem::missing("payment_intent", id, "intent"))?;
        let mut out = String::with_capacity(1_200);
        self.intents[place].write(&mut out, self);
        Ok(out)
    }

    pub(super) fn list_payments(&self, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        let invoice = form.text("invoice")?;
        let status = form.choice("status", &["open", "paid", "canceled"])?;
        let intent = form.branch("payment")?.map(|form| self.payment_of(form)).transpose()?;
        form.end()?;
        let invoice = invoice.map(|id| self.invoice(&id)).transpose()?;
        let keep = |place: usize| {
            let payment: &Payment = &self.payments[place];
            let own = match (payment.paid_at, payment.canceled_at) {
                (Some(_), _) => "paid",
                (None, Some(_)) => "canceled",
                (None, None) => "open",
            };
            let is_of = intent.is_none_or(|intent| intent == payment.intent);
            Some(
                is_of
                    && invoice.is_none_or(|invoice| invoice == payment.invoice)
                    && status.is_none_or(|asked| asked == own),
            )
        };
        let write = |out: &mut String, world: &World, place: usize| world.payments[place].write(out, world);
        let page = match invoice {
            None => ask.cut(self.payments.len(), Order::NewestFirst, |id| self.payments.find(id), keep)?,
            Some(invoice) => {
                let own = &self.invoices[invoice].payments;
                let rank = |id: &str| own.binary_search(&self.payments.find(id)?).ok();
                let mut page = ask.cut(own.len(), Order::NewestFirst, rank, |rank| keep(own[rank]))?;
                page.places.iter_mut().for_each(|place| *place = own[*place]);
                page
            }
        };
        Ok(page.write("/v1/invoice_payments", self, write))
    }

    /// The intent that payments are asked for by.
    fn payment_of(&self, mut form: Form) -> Result<usize, Problem> {
        let kind = form.choice("type", &["payment_intent"])?;
        kind.ok_or_else(|| form.lacks("type"))?;
        let id = form.need("payment_intent")?;
        form.end()?;
        self.intent(&id, "payment[payment_intent]")
    }

    /// The place of an intent.
    pub(super) fn intent(&self, id: &str, param: &str) -> Result<usize, Problem> {
        self.intents.find(id).ok_or_else(|| Problem::missing("payment_intent", id, param))
    }

    /// Whether an invoice can be paid by its customer, through the page that it has.
    pub(super) fn check_pay(&self, place: usize) -> Result<(), Problem> {
        match self.invoices[place].status {
            Status::Open | Status::Uncollectible => Ok(()),
            status => Err(Problem::refused("", format!("An invoice that is {} cannot be paid.", status.as_str()))),
        }
    }
}
