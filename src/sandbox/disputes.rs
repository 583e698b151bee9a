//! Disputes: a customer had his bank take a charge back. The amount is gone at once, and comes back if it is won.

use super::charges::Kind;
use super::form::Form;
use super::json::{self, Object};
use super::page::{Ask, Order};
use super::problem::Problem;
use super::shelf::Named;
use super::state::{Answer, World};

#[derive(Clone, Debug)]
pub(super) struct Dispute {
    pub(super) id: String,
    created: i64,
    charge: usize,
    amount: i64,
    state: State,
    transactions: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    NeedsResponse,
    Won,
    Lost,
}

/// What a dispute costs, won or lost, in the smallest amounts.
const FEE: i64 = 2_000;
/// How long there is to answer one.
const ANSWER: i64 = 7 * 86_400;

impl Named for Dispute {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Dispute {
    /// Whether the amount is withheld.
    pub(super) fn holds(&self) -> bool {
        self.state != State::Won
    }

    pub(super) fn amount(&self) -> i64 {
        self.amount
    }

    fn write(&self, out: &mut String, world: &World) {
        let charge = &world.charges[self.charge];
        let status = match self.state {
            State::NeedsResponse => "needs_response",
            State::Won => "won",
            State::Lost => "lost",
        };
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "dispute");
        object.number("amount", self.amount);
        object.array("balance_transactions", &self.transactions, |out, place| world.transactions[*place].write(out));
        object.text("charge", &charge.id);
        object.number("created", self.created);
        object.text("currency", &charge.currency);
        object.json("evidence", EVIDENCE);
        let mut details = object.object("evidence_details");
        details.number("due_by", self.created + ANSWER);
        details.members(r#""enhanced_eligibility":{},"has_evidence":false,"past_due":false,"submission_count":0"#);
        details.close();
        object.text("payment_intent", &world.intents[charge.intent].id);
        object.text("status", status);
        object.members(
            r#""enhanced_eligibility_types":[],"is_charge_refundable":false,"livemode":false,"metadata":{},"network_reason_code":null,"reason":"general""#,
        );
        object.close();
    }
}

const EVIDENCE: &str = r#"{"access_activity_log":null,"billing_address":null,"cancellation_policy":null,"cancellation_policy_disclosure":null,"cancellation_rebuttal":null,"customer_communication":null,"customer_email_address":null,"customer_name":null,"customer_purchase_ip":null,"customer_signature":null,"duplicate_charge_documentation":null,"duplicate_charge_explanation":null,"duplicate_charge_id":null,"enhanced_evidence":{},"product_description":null,"receipt":null,"refund_policy":null,"refund_policy_disclosure":null,"refund_refusal_explanation":null,"service_date":null,"service_documentation":null,"shipping_address":null,"shipping_carrier":null,"shipping_date":null,"shipping_documentation":null,"shipping_tracking_number":null,"uncategorized_file":null,"uncategorized_text":null}"#;

impl World {
    /// The customer disputes what is left of a charge.
    pub(super) fn dispute(&mut self, charge: usize) {
        let id = self.ids.id("dp_");
        let of = &self.charges[charge];
        let (amount, currency) = (of.amount - of.refunded, of.currency.clone());
        let transaction = self.move_balance(Kind::Dispute, -amount, FEE, &currency, &id);
        let state = State::NeedsResponse;
        let dispute = Dispute { id, created: self.now, charge, amount, state, transactions: vec![transaction] };
        let dispute = self.disputes.put(dispute);
        self.charges[charge].disputes.push(dispute);
        self.emit(&["charge.dispute.created", "charge.dispute.funds_withdrawn"], self.tell_dispute(dispute));
    }

    /// Whether what is left of a charge can be disputed.
    pub(super) fn check_dispute(&self, charge: usize) -> Result<(), Problem> {
        let of = &self.charges[charge];
        match !of.succeeded() || of.refunded == of.amount || !of.disputes.is_empty() {
            true => Err(Problem::refused("", "This charge cannot be disputed, or was before.")),
            false => Ok(()),
        }
    }

    /// The dispute of a charge that is not decided.
    pub(super) fn undecided(&self, charge: usize) -> Option<usize> {
        let is_undecided = |dispute: &&usize| self.disputes[**dispute].state == State::NeedsResponse;
        self.charges[charge].disputes.iter().find(is_undecided).copied()
    }

    /// Decides a dispute.
    pub(super) fn decide_dispute(&mut self, place: usize, is_won: bool) {
        if !is_won {
            self.disputes[place].state = State::Lost;
            return self.emit(&["charge.dispute.closed"], self.tell_dispute(place));
        }
        let Dispute { charge, amount, .. } = self.disputes[place];
        let (id, currency) = (self.disputes[place].id.clone(), self.charges[charge].currency.clone());
        let back = self.move_balance(Kind::DisputeReversal, amount, 0, &currency, &id);
        self.disputes[place].state = State::Won;
        self.disputes[place].transactions.push(back);
        self.emit(&["charge.dispute.funds_reinstated", "charge.dispute.closed"], self.tell_dispute(place));
    }

    fn tell_dispute(&self, place: usize) -> String {
        let mut out = String::with_capacity(2_500);
        self.disputes[place].write(&mut out, self);
        out
    }

    pub(super) fn get_dispute(&self, id: &str, form: Form) -> Answer {
        form.end()?;
        let place = self.disputes.find(id).ok_or_else(|| Problem::missing("dispute", id, "id"))?;
        Ok(self.tell_dispute(place))
    }

    pub(super) fn list_disputes(&self, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        let (intent, charge) = (form.text("payment_intent")?, form.text("charge")?);
        let created = form.range("created")?;
        form.end()?;
        let intent = intent.map(|id| self.intent(&id, "payment_intent")).transpose()?;
        let charge = charge.map(|id| self.charge(&id, "charge")).transpose()?;
        let keep = |place: usize| {
            let dispute: &Dispute = &self.disputes[place];
            let is_meant = charge.is_none_or(|charge| charge == dispute.charge)
                && intent.is_none_or(|intent| intent == self.charges[dispute.charge].intent)
                && created.contains(dispute.created);
            (created.least <= dispute.created).then_some(is_meant)
        };
        let page = ask.cut(self.disputes.len(), Order::NewestFirst, |id| self.disputes.find(id), keep)?;
        Ok(page.write("/v1/disputes", self, |out, world, place| world.disputes[place].write(out, world)))
    }

    pub(super) fn get_account(&self, form: Form) -> Answer {
        form.end()?;
        let mut out = String::with_capacity(300);
        let mut object = Object::open(&mut out);
        json::text(object.name("id"), &format!("acct_{}", self.number));
        object.members(
            r#""object":"account","business_type":"company","charges_enabled":true,"country":"IT","default_currency":"eur","details_submitted":true,"email":null,"metadata":{},"payouts_enabled":true,"type":"standard""#,
        );
        object.close();
        Ok(out)
    }
}
