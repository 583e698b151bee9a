//! Steps: how an invoice goes from draft to open, and on to paid, void or uncollectible.

use super::form::Form;
use super::invoices::{Addressee, Collection, Status};
use super::problem::Problem;
use super::state::{Answer, MOST_CHARGE, World};

impl World {
    pub(super) fn finalize_invoice(&mut self, id: &str, mut form: Form) -> Answer {
        let is_advancing = form.flag("auto_advance")?;
        form.end()?;
        let place = self.invoice(id)?;
        if self.invoices[place].status != Status::Draft {
            return Err(Problem::refused("invoice_not_editable", "This invoice is finalized already."));
        }
        self.reckon(place);
        if let Some(problem) = self.cannot_finalize(place) {
            return Err(problem);
        }
        if let Some(is_advancing) = is_advancing {
            self.invoices[place].is_advancing = is_advancing;
        }
        self.finalize(place);
        let invoice = &self.invoices[place];
        if invoice.is_advancing && invoice.status == Status::Open {
            match invoice.collection {
                // Whether the card is charged is told by events, not by this answer.
                Collection::ChargeAutomatically => drop(self.charge_card(place)),
                Collection::SendInvoice => self.send(place),
            }
        }
        Ok(self.tell_invoice(place))
    }

    /// Why a draft cannot be finalized.
    pub(super) fn cannot_finalize(&self, place: usize) -> Option<Problem> {
        let invoice = &self.invoices[place];
        let customer = &self.customers[invoice.customer];
        if customer.is_deleted {
            return Some(Problem::refused("resource_missing", "The invoice's customer was deleted.").about("customer"));
        }
        if invoice.lines.is_empty() {
            return Some(Problem::refused("invoice_no_customer_line_items", "There is nothing on this invoice."));
        }
        if invoice.is_taxed_automatically && customer.country().is_none() {
            let message = "The customer's location is not known well enough to tell which tax is due.";
            return Some(Problem::refused("customer_tax_location_invalid", message));
        }
        if MOST_CHARGE < self.settle(place).0 {
            return Some(Problem::refused("amount_too_large", "The amount due is more than can be charged at once."));
        }
        None
    }

    /// Finalizes a draft that can be. Where nothing is due, it is paid at once.
    pub(super) fn finalize(&mut self, place: usize) {
        self.unwind(place);
        self.reckon(place);
        let (due, ending) = self.settle(place);
        let addressee = Addressee::of(self, self.invoices[place].customer);
        let number = format!("{}-{:04}", self.number, place + 1);
        let invoice = &mut self.invoices[place];
        invoice.status = Status::Open;
        invoice.number = Some(number);
        invoice.addressee = Some(addressee);
        invoice.times.finalized = Some(self.now);
        invoice.sums.amount_due = due;
        invoice.sums.ending_balance = Some(ending);
        if let Some(days) = invoice.days_until_due {
            invoice.due_date = Some(self.now + days * 86_400);
        }
        self.open.insert(place);
        self.carry(place, ending);
        if due == 0 {
            self.emit_invoice(&["invoice.finalized"], place);
            return self.close_as_paid(place);
        }
        self.ask_for_payment(place, due);
        self.emit_invoice(&["invoice.finalized"], place);
    }

    /// Sets what a customer owes besides his invoices to what an invoice left.
    fn carry(&mut self, place: usize, balance: i64) {
        let invoice = &self.invoices[place];
        if invoice.sums.starting_balance == balance {
            return;
        }
        let (customer, currency) = (invoice.customer, invoice.currency.clone());
        self.customers[customer].balances.insert(currency, balance);
        self.emit_customer("customer.updated", customer);
    }

    /// Nothing of it is due any more.
    pub(super) fn close_as_paid(&mut self, place: usize) {
        self.open.remove(&place);
        let invoice = &mut self.invoices[place];
        invoice.status = Status::Paid;
        invoice.times.paid = Some(self.now);
        self.emit_invoice(&["invoice.updated", "invoice.paid", "invoice.payment_succeeded"], place);
    }

    pub(super) fn send_invoice(&mut self, id: &str, form: Form) -> Answer {
        form.end()?;
        let place = self.invoice(id)?;
        let invoice = &self.invoices[place];
        if invoice.collection != Collection::SendInvoice {
            return Err(Problem::refused("", "Only invoices whose collection_method is send_invoice are sent."));
        }
        if !matches!(invoice.status, Status::Draft | Status::Open) {
            let message = format!("An invoice that is {} is not sent.", invoice.status.as_str());
            return Err(Problem::refused("", message));
        }
        if self.customers[invoice.customer].email.is_none() {
            let message = "The customer has no e-mail address to which the invoice could be sent.";
            return Err(Problem::refused("", message).about("customer"));
        }
        if invoice.status == Status::Draft {
            // A draft is finalized on its way.
            if let Some(problem) = self.cannot_finalize(place) {
                return Err(problem);
            }
            self.finalize(place);
        }
        self.send(place);
        Ok(self.tell_invoice(place))
    }

    pub(super) fn send(&mut self, place: usize) {
        let now = self.now;
        self.invoices[place].times.mailed.push(now);
        self.emit_invoice(&["invoice.sent"], place);
    }

    pub(super) fn pay_invoice(&mut self, id: &str, mut form: Form) -> Answer {
        let is_elsewhere = form.flag("paid_out_of_band")?.unwrap_or(false);
        form.flag("off_session")?;
        form.flag("forgive")?;
        form.end()?;
        let place = self.payable(id)?;
        match is_elsewhere {
            true => self.pay_elsewhere(place),
            false => self.charge_card(place)?,
        }
        Ok(self.tell_invoice(place))
    }

    /// The place of an invoice of which something can be paid.
    fn payable(&self, id: &str) -> Result<usize, Problem> {
        let place = self.invoice(id)?;
        match self.invoices[place].status {
            Status::Open | Status::Uncollectible => Ok(place),
            Status::Paid => Err(Problem::refused("", "Invoice is already paid")),
            Status::Draft => Err(Problem::refused("invoice_not_editable", "A draft is finalized before it is paid.")),
            Status::Void | Status::Deleted => Err(Problem::refused("", "This invoice is void and cannot be paid.")),
        }
    }

    pub(super) fn void_invoice(&mut self, id: &str, form: Form) -> Answer {
        form.end()?;
        let place = self.invoice(id)?;
        self.check_void(place)?;
        self.void(place);
        Ok(self.tell_invoice(place))
    }

    /// Whether an invoice can be voided.
    pub(super) fn check_void(&self, place: usize) -> Result<(), Problem> {
        let status = self.invoices[place].status;
        match status {
            Status::Open | Status::Uncollectible => Ok(()),
            _ => Err(Problem::refused("", format!("An invoice that is {} cannot be voided.", status.as_str()))),
        }
    }

    /// Voids an invoice. What it took of its customer's credit, or of what he owed besides, is his again.
    pub(super) fn void(&mut self, place: usize) {
        self.open.remove(&place);
        let now = self.now;
        let invoice = &mut self.invoices[place];
        invoice.status = Status::Void;
        invoice.times.voided = Some(now);
        let moved = invoice.sums.starting_balance.saturating_sub(invoice.sums.ending_balance.unwrap_or_default());
        let (customer, currency) = (invoice.customer, invoice.currency.clone());
        self.cancel_payments(place);
        self.emit_invoice(&["invoice.updated", "invoice.voided"], place);
        if moved != 0 {
            self.customers[customer].owe(currency, moved);
            self.emit_customer("customer.updated", customer);
        }
    }

    pub(super) fn mark_invoice_uncollectible(&mut self, id: &str, form: Form) -> Answer {
        form.end()?;
        let place = self.invoice(id)?;
        self.check_uncollectible(place)?;
        self.mark_uncollectible(place);
        Ok(self.tell_invoice(place))
    }

    /// Whether an invoice can be given up.
    pub(super) fn check_uncollectible(&self, place: usize) -> Result<(), Problem> {
        match self.invoices[place].status {
            Status::Open => Ok(()),
            status => {
                let message = format!("An invoice that is {} cannot be marked uncollectible.", status.as_str());
                Err(Problem::refused("", message))
            }
        }
    }

    pub(super) fn mark_uncollectible(&mut self, place: usize) {
        self.open.remove(&place);
        let now = self.now;
        let invoice = &mut self.invoices[place];
        invoice.status = Status::Uncollectible;
        invoice.times.uncollectible = Some(now);
        self.emit_invoice(&["invoice.updated", "invoice.marked_uncollectible"], place);
    }
}
