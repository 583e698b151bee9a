//! Routes: which endpoint a call is for.

use super::form::Form;
use super::problem::Problem;
use super::state::{Answer, World};
use crate::billing::call::Method;

impl World {
    /// Does what is asked at an address under `/v1`.
    pub(super) fn route(&mut self, method: Method, path: &str, form: Form) -> Answer {
        let nowhere = || Err(Problem::nowhere(method.as_str(), path));
        let Some(rest) = path.strip_prefix("/v1/") else { return nowhere() };
        let parts: Vec<&str> = rest.split('/').collect();
        let answer = match (method, &*parts) {
            (_, [_, "", ..]) => nowhere(),
            (_, ["invoices", rest @ ..]) => self.route_invoice(method, path, rest, form),
            (Method::Post, ["customers"]) => self.create_customer(form),
            (Method::Get, ["customers"]) => self.list_customers(form),
            (Method::Get, ["customers", id]) => self.get_customer(id, form),
            (Method::Post, ["customers", id]) => self.update_customer(id, form),
            (Method::Delete, ["customers", id]) => self.delete_customer(id, form),
            (Method::Post, ["invoiceitems"]) => self.create_item(form),
            (Method::Get, ["invoiceitems"]) => self.list_items(form),
            (Method::Get, ["invoiceitems", id]) => self.get_item(id, form),
            (Method::Delete, ["invoiceitems", id]) => self.delete_item(id, form),
            (Method::Post, ["credit_notes"]) => self.create_credit_note(form),
            (Method::Get, ["credit_notes"]) => self.list_credit_notes(form),
            (Method::Get, ["credit_notes", id]) => self.get_credit_note(id, form),
            (Method::Post, ["credit_notes", id, "void"]) => self.void_credit_note(id, form),
            (Method::Post, ["tax_rates"]) => self.create_tax_rate(form),
            (Method::Get, ["tax_rates"]) => self.list_tax_rates(form),
            (Method::Get, ["tax_rates", id]) => self.get_tax_rate(id, form),
            (Method::Post, ["refunds"]) => self.create_refund(form),
            (Method::Get, _) => self.route_read(path, &parts, form),
            _ => nowhere(),
        };
        answer.map_err(|problem| problem.at(&parts))
    }

    fn route_invoice(&mut self, method: Method, path: &str, parts: &[&str], form: Form) -> Answer {
        match (method, parts) {
            (Method::Post, []) => self.create_invoice(form),
            (Method::Get, []) => self.list_invoices(form),
            (Method::Get, [id]) => self.get_invoice(id, form),
            (Method::Post, [id]) => self.update_invoice(id, form),
            (Method::Delete, [id]) => self.delete_invoice(id, form),
            (Method::Get, [id, "lines"]) => self.list_lines(id, form),
            (Method::Post, [id, "add_lines"]) => self.add_lines(id, form),
            (Method::Post, [id, "finalize"]) => self.finalize_invoice(id, form),
            (Method::Post, [id, "send"]) => self.send_invoice(id, form),
            (Method::Post, [id, "pay"]) => self.pay_invoice(id, form),
            (Method::Post, [id, "void"]) => self.void_invoice(id, form),
            (Method::Post, [id, "mark_uncollectible"]) => self.mark_invoice_uncollectible(id, form),
            _ => Err(Problem::nowhere(method.as_str(), path)),
        }
    }

    fn route_read(&self, path: &str, parts: &[&str], form: Form) -> Answer {
        match parts {
            ["account"] => self.get_account(form),
            ["invoice_payments"] => self.list_payments(form),
            ["payment_intents", id] => self.get_intent(id, form),
            ["charges"] => self.list_charges(form),
            ["charges", id] => self.get_charge(id, form),
            ["balance_transactions"] => self.list_transactions(form),
            ["balance_transactions", id] => self.get_transaction(id, form),
            ["refunds"] => self.list_refunds(form),
            ["refunds", id] => self.get_refund(id, form),
            ["disputes"] => self.list_disputes(form),
            ["disputes", id] => self.get_dispute(id, form),
            ["events"] => self.list_events(form),
            ["events", id] => self.get_event(id, form),
            _ => Err(Problem::nowhere("GET", path)),
        }
    }
}
