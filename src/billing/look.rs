//! Looking: what there is at Stripe of a bill, read page by page. Nothing is changed by it.

use std::collections::HashSet;

use super::answers::{self, Charge, Dispute, Item, Page, Payment, read};
use super::asks::items;
use super::call::{Call, Reply};
use super::lines::Line;
use super::papers::{Invoice, Note, Paper};
use super::walk::{Stripe, Unsure};
use crate::domain::bills::{Fault, PART_LINES, Sight, Status, Takings};
use crate::ledger::bill::{Bill, Look};

/// Looks at a bill, given its lines. An answer that cannot be read, or none, is no look at all.
pub async fn look(stripe: &impl Stripe, bill: &Bill, lines: &[Line], how: Look) -> Result<Sight, Unsure> {
    match (how, bill.seen.invoice.as_deref()) {
        (_, Some(id)) if bill.is_credit() => {
            let reply = stripe.read(Call::get(format!("{}/{id}", Note::LIST), "")).await?;
            let note: Note = good(&reply)?;
            note.sight(&bill.drawn, stripe.is_live()).ok_or_else(|| Unsure::unreadable("a credit note"))
        }
        _ if bill.is_credit() => find::<Note>(stripe, bill).await,
        (Look::Find, _) | (_, None) => find::<Invoice>(stripe, bill).await,
        (Look::Lines, Some(id)) => {
            let sight = invoice(stripe, bill, id).await?;
            if sight.status != Status::Draft {
                return Ok(sight);
            }
            of_draft(stripe, bill, sight, id, lines).await
        }
        (Look::Invoice, Some(id)) => {
            let sight = invoice(stripe, bill, id).await?;
            with_takings(stripe, bill, sight, id).await
        }
    }
}

/// Reads back the lines of a draft whose other words were answered just now, and are as they were seen.
pub async fn read_back(stripe: &impl Stripe, bill: &Bill, lines: &[Line]) -> Result<Sight, Unsure> {
    let id = bill.seen.invoice.as_deref().unwrap_or_default();
    let seen = Sight { parts: None, takings: None, ..bill.seen.clone() };
    of_draft(stripe, bill, seen, id, lines).await
}

/// A draft that is seen so, with what its lines tell.
async fn of_draft(stripe: &impl Stripe, bill: &Bill, seen: Sight, id: &str, lines: &[Line]) -> Result<Sight, Unsure> {
    let sight = with_lines(stripe, seen, id, lines).await?;
    let is_whole = sight.parts.is_some_and(|parts| parts.count_ones() == u32::from(bill.parts()));
    let net = sight.amounts.total - sight.amounts.tax;
    let fault = (is_whole && net != bill.drawn.total).then_some(Fault::Total);
    Ok(Sight { fault: sight.fault.or(fault), ..sight })
}

/// The invoice with this id.
async fn invoice(stripe: &impl Stripe, bill: &Bill, id: &str) -> Result<Sight, Unsure> {
    let reply = stripe.read(Call::get(format!("/v1/invoices/{id}"), "")).await?;
    if reply.status == 404 {
        return Ok(Sight::default());
    }
    let invoice: Invoice = good(&reply)?;
    invoice.sight(&bill.drawn, stripe.is_live()).ok_or_else(|| Unsure::unreadable("an invoice"))
}

/// The paper that carries the bill's mark, among all of its customer's since the bill was drawn.
async fn find<P: Paper>(stripe: &impl Stripe, bill: &Bill) -> Result<Sight, Unsure> {
    let customer = bill.drawn.payer.customer.map_or("", |id| id.as_str());
    let query = format!("customer={customer}&created[gte]={}", since(bill));
    let all: Vec<P> = match all(stripe, P::LIST, &query, P::id).await {
        Ok(all) => all,
        // Who is no customer has no papers.
        Err(unsure) if unsure.why == "resource_missing" => return Ok(Sight::default()),
        Err(unsure) => return Err(unsure),
    };
    let mut ours = all.iter().filter(|paper| paper.mark() == Some(&bill.drawn.mark));
    let Some(first) = ours.next() else { return Ok(Sight::default()) };
    let mut sight = first.sight(&bill.drawn, stripe.is_live()).ok_or_else(|| Unsure::unreadable("a list"))?;
    if ours.next().is_some() {
        sight.fault = Some(Fault::Two);
    }
    Ok(sight)
}

/// No paper of a bill is older, in seconds since 1970.
pub(super) fn since(bill: &Bill) -> i64 {
    /// Clocks differ.
    const BEFORE_S: i64 = 2 * 24 * 3600;
    bill.at.0.div_euclid(1_000_000) - BEFORE_S
}

/// Whether the invoice has the lines of a bill, all of them and no others.
pub async fn has_lines(stripe: &impl Stripe, id: &str, lines: &[Line]) -> Result<bool, Unsure> {
    let sight = with_lines(stripe, Sight::default(), id, lines).await?;
    let parts = items(lines).count().div_ceil(PART_LINES) as u32;
    Ok(sight.parts.is_some_and(|found| found.count_ones() == parts))
}

async fn with_lines(stripe: &impl Stripe, sight: Sight, id: &str, lines: &[Line]) -> Result<Sight, Unsure> {
    let path = format!("/v1/invoices/{id}/lines");
    let found: Vec<Item> = all(stripe, &path, "", |item: &Item| &item.id).await?;
    let amounts: Vec<i64> = items(lines).map(|line| line.amount).collect();
    Ok(match answers::parts(&amounts, &found) {
        Ok(parts) => Sight { parts: Some(parts), ..sight },
        Err(fault) => Sight { fault: sight.fault.or(Some(fault)), ..sight },
    })
}

/// What came of the invoice's payments, where anything was paid.
async fn with_takings(stripe: &impl Stripe, bill: &Bill, sight: Sight, id: &str) -> Result<Sight, Unsure> {
    if sight.amounts.paid == 0 {
        return Ok(Sight { takings: Some(Takings::default()), ..sight });
    }
    let mut takings = Takings::default();
    let query = format!("invoice={id}");
    let payments: Vec<Payment> = all(stripe, "/v1/invoice_payments", &query, |payment: &Payment| &payment.id).await?;
    for payment in &payments {
        let (charges, disputes) = match (payment.intent(), payment.charge()) {
            (Some(intent), _) => {
                let query = format!("payment_intent={intent}");
                let expanded = format!("{query}&expand[]=data.balance_transaction");
                let charges: Vec<Charge> = all(stripe, "/v1/charges", &expanded, |charge: &Charge| &charge.id).await?;
                (charges, query)
            }
            (None, Some(id)) => {
                let call = Call::get(format!("/v1/charges/{id}"), "expand[]=balance_transaction");
                (vec![good(&stripe.read(call).await?)?], format!("charge={id}"))
            }
            (None, None) => continue,
        };
        charges.iter().for_each(|charge| charge.add_to(&mut takings, bill.currency()));
        if charges.iter().any(|charge| charge.disputed) {
            let disputes: Vec<Dispute> =
                all(stripe, "/v1/disputes", &disputes, |dispute: &Dispute| &dispute.id).await?;
            disputes.iter().for_each(|dispute| dispute.add_to(&mut takings, bill.currency()));
        }
    }
    Ok(Sight { takings: Some(takings), ..sight })
}

/// All pages of a list.
pub async fn all<T: serde::de::DeserializeOwned>(
    stripe: &impl Stripe,
    path: &str,
    query: &str,
    id: impl Fn(&T) -> &String,
) -> Result<Vec<T>, Unsure> {
    let (mut found, mut ends) = (Vec::<T>::new(), HashSet::new());
    loop {
        let mut form = if query.is_empty() { "limit=100".to_owned() } else { format!("{query}&limit=100") };
        if let Some(last) = found.last() {
            form += &format!("&starting_after={}", id(last));
        }
        let page: Page<T> = good(&stripe.read(Call::get(path, form)).await?)?;
        if page.has_more && page.data.is_empty() {
            // What follows cannot be asked for, and is not to be taken for nothing.
            return Err(Unsure::unreadable("an empty page of a list that goes on"));
        }
        // The next page is asked for by the end of this one: where that comes again, the list has no end.
        if page.data.last().is_some_and(|last| !ends.insert(id(last).clone())) {
            return Err(Unsure::unreadable("a list that begins again"));
        }
        found.extend(page.data);
        if !page.has_more {
            return Ok(found);
        }
    }
}

/// What a good answer says.
pub(super) fn good<T: serde::de::DeserializeOwned>(reply: &Reply) -> Result<T, Unsure> {
    if reply.status != 200 {
        return Err(Unsure::of(reply));
    }
    read(reply).ok_or_else(|| Unsure::unreadable("an answer"))
}
