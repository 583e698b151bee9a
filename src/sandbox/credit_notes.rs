//! Credit notes: an invoice is put right after it was finalized.
//!
//! What is not yet paid is lowered first; the rest is refunded, credited to the customer, or settled elsewhere, and
//! the call has to say how much of which.

use super::form::{Form, Metadata};
use super::invoices::Status;
use super::json::Object;
use super::page::{self, Ask, Order};
use super::problem::Problem;
use super::shelf::Named;
use super::state::{Answer, World, change};

#[derive(Clone, Debug)]
pub(super) struct CreditNote {
    pub(super) id: String,
    created: i64,
    invoice: usize,
    number: String,
    amount: i64,
    /// What of the amount is tax.
    tax: i64,
    before: i64,
    after: i64,
    elsewhere: i64,
    refund: Option<(usize, i64)>,
    memo: Option<String>,
    reason: Option<&'static str>,
    metadata: Metadata,
    lines: Vec<NoteLine>,
    voided: Option<i64>,
}

#[derive(Clone, Debug)]
struct NoteLine {
    id: String,
    /// The invoice's line that it is of, if it is of one.
    of: Option<String>,
    amount: i64,
    tax: i64,
    description: Option<String>,
    quantity: Option<i64>,
    unit_amount: Option<i64>,
}

impl Named for CreditNote {
    fn id(&self) -> &str {
        &self.id
    }
}

/// More than any line that can be credited, and little enough that no sum of lines is too large.
const LINE_MAX: i64 = 1_000_000_000_000;
const REASONS: [&str; 4] = ["duplicate", "fraudulent", "order_change", "product_unsatisfactory"];

impl CreditNote {
    fn write(&self, out: &mut String, world: &World) {
        let invoice = &world.invoices[self.invoice];
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "credit_note");
        for name in ["amount", "total"] {
            object.number(name, self.amount);
        }
        for name in ["subtotal", "subtotal_excluding_tax", "total_excluding_tax"] {
            object.number(name, self.amount - self.tax);
        }
        object.number("created", self.created);
        object.number("effective_at", self.created);
        object.text("currency", &invoice.currency);
        object.text("customer", &world.customers[invoice.customer].id);
        object.text("invoice", &invoice.id);
        let url = format!("/v1/credit_notes/{}/lines", self.id);
        page::list(object.name("lines"), &url, false, &self.lines, |out, line| line.write(out));
        object.maybe_text("memo", self.memo.as_deref());
        object.map("metadata", &self.metadata);
        object.text("number", &self.number);
        object.text("pdf", &format!("https://pay.stripe.com/credit_notes/sandbox/{}/pdf", self.id));
        object.number("pre_payment_amount", self.before);
        object.number("post_payment_amount", self.after);
        object.maybe_number("out_of_band_amount", Some(self.elsewhere).filter(|elsewhere| *elsewhere != 0));
        object.maybe_text("reason", self.reason);
        object.array("refunds", self.refund, |out, (refund, amount)| {
            let mut entry = Object::open(out);
            entry.number("amount_refunded", amount);
            entry.json("payment_record_refund", "null");
            entry.text("refund", &world.refunds[refund].id);
            entry.text("type", "refund");
            entry.close();
        });
        object.text("status", if self.voided.is_some() { "void" } else { "issued" });
        let kind = match (self.before, self.after) {
            (_, 0) => "pre_payment",
            (0, _) => "post_payment",
            _ => "mixed",
        };
        object.text("type", kind);
        object.maybe_number("voided_at", self.voided);
        object.members(
            r#""amount_shipping":0,"customer_account":null,"customer_balance_transaction":null,"discount_amount":0,"discount_amounts":[],"livemode":false,"pretax_credit_amounts":[],"shipping_cost":null,"total_taxes":[]"#,
        );
        object.close();
    }
}

impl NoteLine {
    fn write(&self, out: &mut String) {
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "credit_note_line_item");
        object.number("amount", self.amount);
        object.maybe_text("description", self.description.as_deref());
        if let Some(of) = &self.of {
            object.text("invoice_line_item", of);
        }
        object.maybe_number("quantity", self.quantity);
        object.text("type", if self.of.is_some() { "invoice_line_item" } else { "custom_line_item" });
        object.maybe_number("unit_amount", self.unit_amount);
        object.maybe_text("unit_amount_decimal", self.unit_amount.map(|unit| unit.to_string()).as_deref());
        object.members(
            r#""discount_amount":0,"discount_amounts":[],"livemode":false,"metadata":{},"pretax_credit_amounts":[],"tax_rates":[],"taxes":[]"#,
        );
        object.close();
    }
}

/// What a call says of a credit note's line.
struct SaidLine {
    of: Option<String>,
    amount: Option<i64>,
    quantity: Option<i64>,
    unit_amount: Option<i64>,
    description: Option<String>,
}

impl SaidLine {
    fn read(mut form: Form) -> Result<SaidLine, Problem> {
        let kind =
            form.choice("type", &["invoice_line_item", "custom_line_item"])?.ok_or_else(|| form.lacks("type"))?;
        let of = match kind {
            "invoice_line_item" => Some(form.need("invoice_line_item")?),
            _ => None,
        };
        let said = SaidLine {
            of,
            amount: form.within("amount", 0, i64::MAX)?,
            quantity: form.within("quantity", 1, 999_999_999)?,
            unit_amount: form.within("unit_amount", 0, i64::MAX)?,
            description: form.text("description")?,
        };
        match (said.amount, said.quantity, said.unit_amount) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => form.end().map(|()| said),
            (None, _, None) => Err(form.lacks("amount")),
            _ => {
                let full = form.full("amount");
                Err(Problem::parameter("", &full, "Give either amount, or quantity and unit_amount."))
            }
        }
    }
}

/// How what was paid already is made good.
struct Ways {
    refund: i64,
    credit: i64,
    elsewhere: i64,
}

impl World {
    pub(super) fn create_credit_note(&mut self, mut form: Form) -> Answer {
        let invoice = form.need("invoice")?;
        let amount = form.within("amount", 1, i64::MAX)?;
        let lines = form.list("lines")?;
        let mut way = |name| Ok(form.within(name, 0, i64::MAX)?.unwrap_or_default());
        let ways = Ways {
            refund: way("refund_amount")?,
            credit: way("credit_amount")?,
            elsewhere: way("out_of_band_amount")?,
        };
        let memo = form.text("memo")?;
        let reason = form.choice("reason", &REASONS)?;
        let metadata = form.metadata()?;
        form.choice("email_type", &["credit_note", "none"])?;
        if amount.is_none() && lines.is_none() {
            return Err(form.lacks("amount"));
        }
        form.end()?;
        let said = lines.unwrap_or_default().into_iter().map(SaidLine::read).collect::<Result<Vec<_>, Problem>>()?;
        let place = self.invoice(&invoice)?;
        let lines = self.note_lines(place, said)?;
        let by_lines: i64 = lines.iter().map(|line| line.amount + line.tax).sum();
        let amount = match amount {
            Some(amount) if !lines.is_empty() && amount != by_lines => {
                let message = format!("amount is {amount}, but the lines come to {by_lines}.");
                return Err(Problem::refused("", message).about("amount"));
            }
            amount => amount.unwrap_or(by_lines),
        };
        let (before, after) = self.check_note(place, amount, &ways)?;

        let tax = match lines.is_empty() {
            true => self.tax_in(place, amount),
            false => lines.iter().map(|line| line.tax).sum(),
        };
        let mut wanted = Metadata::new();
        change(&mut wanted, metadata);
        let number = format!(
            "{}-CN-{:02}",
            self.invoices[place].number.as_deref().unwrap_or_default(),
            self.invoices[place].notes.len() + 1
        );
        let note = CreditNote {
            id: self.ids.id("cn_"),
            created: self.now,
            invoice: place,
            number,
            amount,
            tax,
            before,
            after,
            elsewhere: ways.elsewhere,
            refund: None,
            memo,
            reason,
            metadata: wanted,
            lines,
            voided: None,
        };
        let note = self.notes.put(note);
        self.invoices[place].notes.push(note);
        self.make_good(note, &ways);
        Ok(self.tell_note(note))
    }

    fn note_lines(&mut self, invoice: usize, said: Vec<SaidLine>) -> Result<Vec<NoteLine>, Problem> {
        let mut lines = Vec::with_capacity(said.len());
        for said in said {
            let amount = match (said.amount, said.quantity, said.unit_amount) {
                (None, Some(quantity), Some(unit)) => quantity.saturating_mul(unit).min(LINE_MAX),
                (amount, _, _) => amount.unwrap_or_default(),
            };
            let mut tax = 0;
            if let Some(id) = &said.of {
                let of = self.invoices[invoice].lines.iter().find(|line| line.id == *id);
                let of = of.ok_or_else(|| Problem::missing("invoice line item", id, "lines"))?;
                if of.amount < amount {
                    let message = format!("The line {id} is {}, less than the {amount} to be credited.", of.amount);
                    return Err(Problem::refused("", message).about("lines"));
                }
                let taxes: i64 = of.taxes.iter().filter(|tax| !tax.is_inclusive).map(|tax| tax.amount).sum();
                tax = part(taxes, amount, of.amount);
            }
            let SaidLine { of, quantity, unit_amount, description, .. } = said;
            lines.push(NoteLine { id: self.ids.id("cnli_"), of, amount, tax, description, quantity, unit_amount });
        }
        Ok(lines)
    }

    /// What of an amount of an invoice is tax, in the proportion of the whole.
    fn tax_in(&self, invoice: usize, amount: i64) -> i64 {
        let sums = &self.invoices[invoice].sums;
        let tax = sums.taxes.iter().filter(|tax| !tax.is_inclusive).map(|tax| tax.amount).sum();
        part(tax, amount, sums.total)
    }

    /// What of it lowers what is due, and what makes good what was paid.
    fn check_note(&self, place: usize, amount: i64, ways: &Ways) -> Result<(i64, i64), Problem> {
        let invoice = &self.invoices[place];
        if !matches!(invoice.status, Status::Open | Status::Paid | Status::Uncollectible) {
            let message = format!("An invoice that is {} has no credit notes.", invoice.status.as_str());
            return Err(Problem::refused("", message).about("invoice"));
        }
        let left = invoice.sums.total - invoice.credited_before - invoice.credited_after;
        if !(1..=left).contains(&amount) {
            let message = format!("A credit note of {amount} is not within the {left} that are left of the invoice.");
            return Err(Problem::refused("", message).about("amount"));
        }
        let before = amount.min(invoice.amount_remaining());
        let after = amount - before;
        let sum = ways.refund.checked_add(ways.credit).and_then(|sum| sum.checked_add(ways.elsewhere));
        if sum != Some(after) {
            let message = format!(
                "refund_amount, credit_amount and out_of_band_amount must come to {after}, \
                 which is what of the credit note was paid already."
            );
            return Err(Problem::refused("", message).about("refund_amount"));
        }
        if 0 < ways.refund {
            let charge = invoice.charge.ok_or_else(|| Problem::refused("", "Nothing was charged for this invoice."))?;
            self.check_refund(charge, ways.refund)?;
        }
        Ok((before, after))
    }

    fn make_good(&mut self, note: usize, ways: &Ways) {
        let CreditNote { invoice, before, after, .. } = self.notes[note];
        let of = &mut self.invoices[invoice];
        of.sums.amount_due -= before;
        of.credited_before += before;
        of.credited_after += after;
        let (customer, currency, charge) = (of.customer, of.currency.clone(), of.charge);
        if let Some(charge) = charge.filter(|_| 0 < ways.refund) {
            let refund = self.refund(charge, ways.refund, None, Metadata::new());
            self.notes[note].refund = Some((refund, ways.refund));
        }
        self.emit(&["credit_note.created"], self.tell_note(note));
        if 0 < ways.credit {
            self.customers[customer].owe(currency, -ways.credit);
            self.emit_customer("customer.updated", customer);
        }
        let of = &self.invoices[invoice];
        match of.status != Status::Paid && of.amount_remaining() == 0 {
            true => {
                self.cancel_payments(invoice);
                self.close_as_paid(invoice);
            }
            false => {
                self.lower_payment(invoice);
                self.emit_invoice(&["invoice.updated"], invoice);
            }
        }
    }

    pub(super) fn void_credit_note(&mut self, id: &str, form: Form) -> Answer {
        form.end()?;
        let note = self.note(id)?;
        let CreditNote { invoice, before, after, voided, .. } = self.notes[note];
        let is_open = matches!(self.invoices[invoice].status, Status::Open | Status::Uncollectible);
        if voided.is_some() || after != 0 || !is_open {
            let message = "Only a credit note that lowered an invoice which is still open can be voided, and once.";
            return Err(Problem::refused("", message));
        }
        self.notes[note].voided = Some(self.now);
        self.invoices[invoice].sums.amount_due += before;
        self.invoices[invoice].credited_before -= before;
        self.lower_payment(invoice);
        self.emit(&["credit_note.voided"], self.tell_note(note));
        self.emit_invoice(&["invoice.updated"], invoice);
        Ok(self.tell_note(note))
    }

    fn note(&self, id: &str) -> Result<usize, Problem> {
        self.notes.find(id).ok_or_else(|| Problem::missing("credit note", id, "id"))
    }

    fn tell_note(&self, note: usize) -> String {
        let mut out = String::with_capacity(1_200);
        self.notes[note].write(&mut out, self);
        out
    }

    pub(super) fn get_credit_note(&self, id: &str, form: Form) -> Answer {
        form.end()?;
        Ok(self.tell_note(self.note(id)?))
    }

    pub(super) fn list_credit_notes(&self, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        let (invoice, customer) = (form.text("invoice")?, form.text("customer")?);
        let created = form.range("created")?;
        form.end()?;
        let invoice = invoice.map(|id| self.invoice(&id)).transpose()?;
        let customer = customer.map(|id| self.customer(&id, "customer")).transpose()?;
        let keep = |place: usize| {
            let note: &CreditNote = &self.notes[place];
            let is_meant = invoice.is_none_or(|invoice| invoice == note.invoice)
                && customer.is_none_or(|customer| customer == self.invoices[note.invoice].customer)
                && created.contains(note.created);
            (created.least <= note.created).then_some(is_meant)
        };
        let page = ask.cut(self.notes.len(), Order::NewestFirst, |id| self.notes.find(id), keep)?;
        Ok(page.write("/v1/credit_notes", self, |out, world, place| world.notes[place].write(out, world)))
    }
}

/// So many parts of an amount of which there are `whole`, rounded half up.
fn part(amount: i64, parts: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let product = i128::from(amount) * i128::from(parts);
    i64::try_from((2 * product + i128::from(whole)).div_euclid(2 * i128::from(whole))).unwrap_or_default()
}
