//! Refunds: what was collected and is given back. What it cost to collect is not.

use super::charges::Kind;
use super::form::{Form, Metadata};
use super::json::Object;
use super::page::{Ask, Order};
use super::problem::Problem;
use super::shelf::Named;
use super::state::{Answer, World, change};

#[derive(Clone, Debug)]
pub(super) struct Refund {
    pub(super) id: String,
    created: i64,
    charge: usize,
    amount: i64,
    reason: Option<&'static str>,
    metadata: Metadata,
    transaction: usize,
}

impl Named for Refund {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Refund {
    fn write(&self, out: &mut String, world: &World) {
        let charge = &world.charges[self.charge];
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "refund");
        object.number("amount", self.amount);
        object.text("balance_transaction", &world.transactions[self.transaction].id);
        object.text("charge", &charge.id);
        object.number("created", self.created);
        object.text("currency", &charge.currency);
        object.map("metadata", &self.metadata);
        object.text("payment_intent", &world.intents[charge.intent].id);
        object.maybe_text("reason", self.reason);
        object.members(
            r#""destination_details":null,"receipt_number":null,"source_transfer_reversal":null,"status":"succeeded","transfer_reversal":null"#,
        );
        object.close();
    }
}

impl World {
    pub(super) fn create_refund(&mut self, mut form: Form) -> Answer {
        let (charge, intent) = (form.text("charge")?, form.text("payment_intent")?);
        let amount = form.within("amount", 1, i64::MAX)?;
        let reason = form.choice("reason", &["duplicate", "fraudulent", "requested_by_customer"])?;
        let metadata = form.metadata()?;
        if charge.is_some() == intent.is_some() {
            return Err(form.lacks("charge"));
        }
        form.end()?;
        let charge = match (charge, intent) {
            (Some(charge), _) => self.charge(&charge, "charge")?,
            (None, intent) => {
                let intent = self.intent(&intent.unwrap_or_default(), "payment_intent")?;
                let paid = self.intents[intent].latest_charge;
                paid.ok_or_else(|| Problem::refused("", "This payment intent has no charge that could be refunded."))?
            }
        };
        let amount = amount.unwrap_or(self.charges[charge].amount - self.charges[charge].refunded);
        self.check_refund(charge, amount)?;
        let mut wanted = Metadata::new();
        change(&mut wanted, metadata);
        let refund = self.refund(charge, amount, reason, wanted);
        Ok(self.tell_refund(refund))
    }

    /// Whether so much of a charge can be refunded.
    pub(super) fn check_refund(&self, charge: usize, amount: i64) -> Result<(), Problem> {
        let of = &self.charges[charge];
        let left = of.amount - of.refunded;
        if !of.succeeded() {
            return Err(Problem::refused("", "This charge took nothing."));
        }
        if of.disputes.iter().any(|dispute| self.disputes[*dispute].holds()) {
            return Err(Problem::refused(
                "charge_disputed",
                "This charge is disputed, and its amount withdrawn already.",
            ));
        }
        if left == 0 {
            return Err(Problem::refused("charge_already_refunded", "This charge is refunded already."));
        }
        if !(1..=left).contains(&amount) {
            let message = format!("The refund of {amount} is more than the {left} that are left of the charge.");
            return Err(Problem::refused("", message).about("amount"));
        }
        Ok(())
    }

    /// Refunds what can be.
    pub(super) fn refund(
        &mut self,
        charge: usize,
        amount: i64,
        reason: Option<&'static str>,
        metadata: Metadata,
    ) -> usize {
        let id = self.ids.id("re_");
        let currency = self.charges[charge].currency.clone();
        let transaction = self.move_balance(Kind::Refund, -amount, 0, &currency, &id);
        let refund = Refund { id, created: self.now, charge, amount, reason, metadata, transaction };
        let refund = self.refunds.put(refund);
        self.charges[charge].refunded += amount;
        self.charges[charge].refunds.push(refund);
        self.emit(&["refund.created"], self.tell_refund(refund));
        self.emit_charge(&["charge.refunded"], charge);
        refund
    }

    fn tell_refund(&self, refund: usize) -> String {
        let mut out = String::with_capacity(500);
        self.refunds[refund].write(&mut out, self);
        out
    }

    pub(super) fn get_refund(&self, id: &str, form: Form) -> Answer {
        form.end()?;
        let place = self.refunds.find(id).ok_or_else(|| Problem::missing("refund", id, "id"))?;
        Ok(self.tell_refund(place))
    }

    pub(super) fn list_refunds(&self, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        let (intent, charge) = (form.text("payment_intent")?, form.text("charge")?);
        let created = form.range("created")?;
        form.end()?;
        let intent = intent.map(|id| self.intent(&id, "payment_intent")).transpose()?;
        let charge = charge.map(|id| self.charge(&id, "charge")).transpose()?;
        let keep = |place: usize| {
            let refund: &Refund = &self.refunds[place];
            let is_meant = charge.is_none_or(|charge| charge == refund.charge)
                && intent.is_none_or(|intent| intent == self.charges[refund.charge].intent)
                && created.contains(refund.created);
            (created.least <= refund.created).then_some(is_meant)
        };
        let page = ask.cut(self.refunds.len(), Order::NewestFirst, |id| self.refunds.find(id), keep)?;
        Ok(page.write("/v1/refunds", self, |out, world, place| world.refunds[place].write(out, world)))
    }
}
