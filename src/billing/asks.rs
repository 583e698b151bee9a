//! Requests: what is asked of Stripe at each step of a bill, word for word.
//!
//! A draft is made with `auto_advance` off, so that nothing happens to it but what is asked; it carries the bill's mark,
//! and each line its number, by which they are found again. One invoice is collected in one way alone.

use std::collections::HashMap;

use stripe_billing::credit_note::CreateCreditNote;
use stripe_billing::invoice::{
    AddLinesInvoice, AddLinesInvoiceLines, CreateInvoice, CreateInvoiceAutomaticTax,
    CreateInvoicePendingInvoiceItemsBehavior, DeleteInvoice, FinalizeInvoiceInvoice, PayInvoice, SendInvoiceInvoice,
    VoidInvoiceInvoice,
};
use stripe_client_core::StripeRequest;
use stripe_shared::InvoiceCollectionMethod;

use super::call::{Call, Method, call_of};
use super::lines::{Key, Line};
use super::marks::{BILL, INSTEAD, LINE, PAYER, TO};
use crate::domain::bills::{Ask, Attempt, Detail, Drawn, PART_LINES, Status, Step};
use crate::domain::money::Currency;
use crate::domain::names::Name;
use crate::domain::payers::{Collection, Tax};
use crate::domain::tariff::RuleId;
use crate::ledger::bill::Bill;
use crate::ledger::roll::NameNo;

/// What numbers stand for in the words of a line.
pub trait Words {
    /// Whose name it is.
    fn name(&self, number: NameNo) -> Option<Name>;
    /// What a rule is called.
    fn rule(&self, rule: RuleId) -> &'static str;
}

/// The idempotency key of an attempt at the bill with this mark: the same for the same, whatever the time is.
fn key(mark: &str, attempt: Attempt) -> String {
    format!("rialto-{mark}-{}-{}", attempt.step.text(), attempt.number)
}

/// The mark and the step that a key is made from, of the steps on which a bill goes out.
pub fn step_of(key: &str) -> Option<(&str, Step)> {
    let (attempt, _number) = key.strip_prefix("rialto-")?.rsplit_once('-')?;
    let (mark, text) = attempt.rsplit_once('-')?;
    // Parts are bits of a byte.
    let mut steps = [Step::Create, Step::Finalise, Step::Send].into_iter().chain((0..8).map(Step::Lines));
    steps.find(|step| step.text() == text).map(|step| (mark, step))
}

/// The call that an attempt is.
pub fn call(bill: &Bill, ask: &Ask) -> Call {
    let method = if ask.attempt.step == Step::Delete { Method::Delete } else { Method::Post };
    // What is deleted is so once, with a key or without.
    let key = (method == Method::Post).then(|| key(&bill.drawn.mark, ask.attempt));
    Call { method, path: ask.path.clone(), form: ask.form.clone(), key }
}

/// What is asked of Stripe at the next attempt of a step of `bill`, given its lines, and the bill that it is of: that it
/// takes from where it is a credit note, or the first of those in whose place it is.
pub fn ask(bill: &Bill, step: Step, lines: &[Line], of: Option<&Bill>, words: &impl Words) -> Ask {
    let id = bill.seen.invoice.as_deref().unwrap_or_default();
    let (path, form) = match step {
        Step::Create => create(bill, of),
        Step::Lines(part) => add_lines(bill, id, part, lines, words),
        Step::Finalise => written(&FinalizeInvoiceInvoice::new(id).auto_advance(false)),
        Step::Send => written(&SendInvoiceInvoice::new(id)),
        Step::Pay => written(&PayInvoice::new(id)),
        Step::Delete => written(&DeleteInvoice::new(id)),
        Step::Void => written(&VoidInvoiceInvoice::new(id)),
        Step::Credit => credit(bill, of),
    };
    Ask { attempt: Attempt { step, number: bill.way.attempt }, path, form }
}

fn create(bill: &Bill, instead: Option<&Bill>) -> (String, String) {
    let payer = &bill.drawn.payer;
    let mut metadata = metadata(bill);
    if let Some(first) = instead {
        metadata.insert(INSTEAD.to_owned(), first.drawn.mark.to_string());
    }
    let mut create = CreateInvoice::new()
        .customer(payer.customer.map_or("", Name::as_str))
        .currency(spelled(payer.currency))
        .auto_advance(false)
        .pending_invoice_items_behavior(CreateInvoicePendingInvoiceItemsBehavior::Exclude)
        .metadata(metadata);
    create = match payer.collection {
        Collection::Send { days } => {
            create.collection_method(InvoiceCollectionMethod::SendInvoice).days_until_due(u32::from(days))
        }
        Collection::Charge => create.collection_method(InvoiceCollectionMethod::ChargeAutomatically),
    };
    create = match payer.tax {
        Tax::None => create,
        Tax::Automatic => create.automatic_tax(CreateInvoiceAutomaticTax::new(true)),
        Tax::Rates(_) => {
            create.default_tax_rates(payer.tax.rates().map(|rate| rate.as_str().to_owned()).collect::<Vec<_>>())
        }
    };
    written(&create)
}

/// What is still to be paid is lowered first, and the rest was paid and is given back.
fn credit(bill: &Bill, of: Option<&Bill>) -> (String, String) {
    let amount = -bill.drawn.total;
    let seen = of.map(|of| &of.seen);
    let remaining = seen.filter(|seen| seen.status != Status::Paid).map_or(0, |seen| seen.amounts.remaining);
    let refunded = (amount - remaining).max(0);
    let mut note = CreateCreditNote::new(seen.and_then(|seen| seen.invoice.as_deref()).unwrap_or_default())
        .amount(amount)
        .memo("taken back")
        .metadata(metadata(bill));
    if 0 < refunded {
        note = note.refund_amount(refunded);
    }
    written(&note)
}

/// What is written on an invoice: what is needed to know it again, and to take it over where the book was lost.
fn metadata(bill: &Bill) -> HashMap<String, String> {
    let Drawn { mark, payer, to, .. } = &bill.drawn;
    [(BILL, mark.to_string()), (PAYER, payer.id.as_str().to_owned()), (TO, to.to_string())]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
}

fn add_lines(bill: &Bill, id: &str, part: u8, lines: &[Line], words: &impl Words) -> (String, String) {
    let from = usize::from(part) * PART_LINES;
    let lines = items(lines).enumerate().skip(from).take(PART_LINES).map(|(number, line)| {
        let mut item = AddLinesInvoiceLines::new();
        item.amount = Some(line.amount);
        item.description = Some(described(line, bill.drawn.detail, words));
        item.metadata = Some(HashMap::from([(LINE.to_owned(), number.to_string())]));
        item
    });
    written(&AddLinesInvoice::new(id, lines.collect::<Vec<_>>()))
}

/// The lines that become items: an item without an amount says nothing.
pub fn items(lines: &[Line]) -> impl Iterator<Item = &Line> {
    lines.iter().filter(|line| line.amount != 0)
}

/// What a line is called on the invoice.
fn described(line: &Line, detail: Detail, words: &impl Words) -> String {
    /// So many characters of a name are shown.
    const SHOWN: usize = 64;
    let shown = |text: &str| text.chars().take(SHOWN).collect::<String>();
    if line.key == Key::CARRIED {
        return "carried from invoices before".to_owned();
    }
    let count = format!("{} ×", line.count);
    let rule = shown(words.rule(line.key.rule));
    let earner = words.name(line.key.earner).map(|name| shown(name.as_str())).unwrap_or_default();
    match detail {
        Detail::Day => format!("{count} {rule}, {earner}, {}", line.key.day.date()),
        Detail::Month => format!("{count} {rule}, {earner}, {}", line.key.day.date().format("%Y-%m")),
        Detail::Rule => format!("{count} {rule}"),
        Detail::One => format!("{count} in all"),
    }
}

/// Path and form of a request.
fn written(request: &impl StripeRequest) -> (String, String) {
    let Call { path, form, .. } = call_of(request, None);
    (path, form)
}

/// A currency as Stripe spells it.
fn spelled(currency: Currency) -> stripe_types::Currency {
    let Ok(spelled) = currency.to_string().to_lowercase().parse();
    spelled
}
