//! Adoption: invoices and credit notes that Stripe has and the book never drew become bills of the book.
//!
//! A folder that is a copy, or was restored, may be older than what was billed from it. An invoice takes what its payer
//! owes up to the row that is written on it, as far as the book has those rows; what it comes to besides is carried, and
//! lowers his next invoice. So he is never billed twice, also where what he was billed for comes in again only later. One
//! that was made in the place of a bill that the book still has takes its place. One that was called off is taken over as
//! such: it holds its rows until somebody lets them go. Lines that somebody else added are none of a bill's, and a fault.

use compact_str::CompactString;

use super::answers::Item;
use super::books::Books;
use super::call::{Call, Method};
use super::draw::again;
use super::look::{all, good};
use super::marks::{House, INSTEAD, PAYER, TO};
use super::papers::{Invoice, Note, Paper};
use super::walk::{Desk, Rest, Stripe, Unsure, Walk};
use crate::domain::bills::{BillNo, Deed, Detail, Drawn, Outbound, Sight};
use crate::domain::coin::Coin;
use crate::domain::money::Sum;
use crate::domain::names::Name;
use crate::domain::payers::{Collection, Payer};
use crate::ledger::bills::Bills;
use crate::ledger::roll::NameNo;

/// The papers of this house that the book never drew, the oldest first: of those since `since`, in seconds since 1970.
/// What comes to nothing is not among them, and of invoices that were called off only those that nothing was made in the
/// place of.
pub async fn unknown<P: Paper>(
    stripe: &impl Stripe,
    house: &House,
    bills: &Bills,
    since: Option<i64>,
) -> Result<Vec<P>, Unsure> {
    let query = since.map(|since| format!("created[gte]={since}")).unwrap_or_default();
    let mut found: Vec<P> = all(stripe, P::LIST, &query, P::id).await?;
    found.retain(|paper| paper.mark().is_some_and(|mark| house.is_ours(mark)));
    // Stripe tells the newest first.
    found.reverse();
    let is_left = |place: usize| {
        let paper = &found[place];
        let is_unknown = paper.mark().is_some_and(|mark| bills.of_mark(mark).is_none());
        is_unknown && !(paper.is_void() && is_replaced(paper, &found[place + 1..]))
    };
    let left: Vec<bool> = (0..found.len()).map(is_left).collect();
    let mut left = left.into_iter();
    found.retain(|_| left.next().unwrap_or_default());
    for paper in &mut found {
        if let Some(path) = paper.lines() {
            paper.count(&all::<Item>(stripe, &path, "", |item| &item.id).await?);
        }
    }
    found.retain(P::counts);
    Ok(found)
}

/// Whether a later paper was made in the place of one, or of the same as this one was.
fn is_replaced<P: Paper>(paper: &P, later: &[P]) -> bool {
    let first = paper.metadata().get(INSTEAD).map(String::as_str).or(paper.mark());
    later.iter().any(|later| !later.is_draft() && later.metadata().get(INSTEAD).map(String::as_str) == first)
}

/// The credit notes among them: those that take from an invoice which is void take nothing.
pub async fn unknown_notes(
    stripe: &impl Stripe,
    house: &House,
    bills: &Bills,
    since: Option<i64>,
) -> Result<Vec<Note>, Unsure> {
    let mut standing = Vec::new();
    for note in unknown::<Note>(stripe, house, bills, since).await? {
        let Some(id) = note.invoice.as_ref().map(|invoice| invoice.id()) else { continue };
        let reply = stripe.read(Call::get(format!("/v1/invoices/{id}"), "")).await?;
        if reply.status != 404 && !good::<Invoice>(&reply)?.is_void() {
            standing.push(note);
        }
    }
    Ok(standing)
}

/// What is to be done about a paper that the book never drew.
#[derive(Debug)]
pub enum Found {
    /// An invoice that was never finalised: nobody was told of it, and it is deleted.
    Draft(String),
    /// It is taken over as this bill, which stands like this, and goes out or went.
    Bill(Box<Drawn>, Box<Sight>, Outbound),
    /// Nobody on the list pays it, or it takes from an invoice that is of no bill.
    Nobody,
    /// It cannot be read.
    Unreadable,
}

/// What is to be done about an invoice, by the book as it is now; days are those of the time zone `zone`.
pub fn found(invoice: &Invoice, books: &Books<'_>, zone: Name, is_live: bool) -> Found {
    if invoice.is_draft() {
        return Found::Draft(invoice.id.clone());
    }
    let (customer, ..) = invoice.terms();
    let customer = customer.and_then(|customer| Name::new(customer.id()));
    let (Some(currency), Some(customer)) = (invoice.currency(), customer) else { return Found::Unreadable };
    let payers = books.payers.sorted();
    // Who is named pays, also where he has become another customer since; and else whose customer it is.
    let named = invoice.metadata().get(PAYER).map(String::as_str);
    let named = payers.iter().find(|(_, listing)| Some(listing.payer.id.as_str()) == named);
    let whose = payers.iter().find(|(_, listing)| listing.payer.customer == Some(customer));
    let (number, listing) = match (named, whose) {
        // Somebody wrote another name on it: it is not known who of them pays it.
        (Some((named, listing)), Some((whose, _))) if named != whose && listing.payer.customer != Some(customer) => {
            return Found::Nobody;
        }
        (Some(his), _) | (None, Some(his)) => his,
        (None, None) => return Found::Nobody,
    };
    let collection = collection(invoice, listing.payer.collection);
    let outbound = match collection {
        Collection::Charge if invoice.attempted => Outbound::Gone,
        Collection::Charge | Collection::Send { .. } => Outbound::Due,
    };
    let payer = Payer { customer: Some(customer), currency, collection, ..listing.payer };
    match in_place(invoice, *number, payer, books) {
        Some(drawn) => stands(invoice, Drawn { mark: mark(invoice), ..drawn }, outbound, is_live),
        None => {
            let drawn = as_drawn(invoice, (*number, payer), (invoice.own(), None), books, zone);
            stands(invoice, drawn, outbound, is_live)
        }
    }
}

/// How an invoice is collected, whatever its payer's terms are by now.
fn collection(invoice: &Invoice, listed: Collection) -> Collection {
    /// As anybody has who is listed without a word about it.
    const DAYS: u16 = 30;
    match (invoice.collection_method.as_deref(), listed) {
        (Some("charge_automatically"), _) => Collection::Charge,
        (Some("send_invoice"), Collection::Charge) => Collection::Send { days: DAYS },
        _ => listed,
    }
}

/// The bill that an invoice is, where it is in the place of one that the book has and nothing else is in the place of: of
/// the last of those that took the place of the one that it names. That there is the invoice says that this one came to
/// nothing.
fn in_place(invoice: &Invoice, number: NameNo, payer: Payer, books: &Books<'_>) -> Option<Drawn> {
    let bills = books.bills;
    let mut former = bills.get(bills.of_mark(invoice.metadata().get(INSTEAD)?)?)?;
    while let Some(next) = former.reissued_by {
        former = bills.get(next)?;
    }
    let is_his = (former.payer, former.currency()) == (number, payer.currency);
    let is_over = former.is_dead() || former.is_nowhere();
    let drawn = again(former, payer, books).filter(|drawn| drawn.total == invoice.own());
    drawn.filter(|_| is_his && is_over)
}

/// Likewise about a credit note, once the invoices are taken over.
pub fn found_note(note: &Note, books: &Books<'_>, zone: Name, is_live: bool) -> Found {
    let of = note.invoice.as_ref().and_then(|invoice| books.bills.of_invoice(invoice.id()));
    let Some(of) = of.and_then(|of| books.bills.get(of)) else { return Found::Nobody };
    let drawn = as_drawn(note, (of.payer, of.drawn.payer), (-note.amount(), Some(of.no)), books, zone);
    stands(note, drawn, Outbound::Gone, is_live)
}

/// The bill that a paper is of: it takes what is owed up to its row, and carries what it comes to besides.
fn as_drawn(
    paper: &impl Paper,
    (number, payer): (NameNo, Payer),
    (total, credits): (i64, Option<BillNo>),
    books: &Books<'_>,
    zone: Name,
) -> Drawn {
    let told = paper.metadata().get(TO).and_then(|to| to.parse::<u32>().ok()).unwrap_or_default();
    let to = told.min(books.charges.len() as u32);
    let carried = books.bills.carried(number, payer.currency);
    let owed = books.receivables.sum_to(number, payer.currency, to, books.charges).unwrap_or_default();
    Drawn {
        mark: mark(paper),
        payer,
        to,
        reissues: None,
        credits,
        detail: Detail::One,
        zone,
        items: 0,
        digest: 0,
        total,
        carried,
        rest: Sum(owed.0 + carried.0 - Coin::of(payer.currency).millionths(total)),
    }
}

/// The bill as it was drawn, and as its paper stands.
fn stands(paper: &impl Paper, drawn: Drawn, outbound: Outbound, is_live: bool) -> Found {
    match paper.sight(&drawn, is_live) {
        Some(sight) => Found::Bill(Box::new(drawn), Box::new(sight), outbound),
        None => Found::Unreadable,
    }
}

fn mark(paper: &impl Paper) -> CompactString {
    paper.mark().unwrap_or_default().into()
}

impl<D: Desk, S: Stripe> Walk<'_, D, S> {
    /// Takes a paper over that the book never drew; what stands in the way, if anything does.
    pub async fn adopt(&self, found: Found) -> Result<Result<(), Rest>, D::Stopped> {
        match found {
            Found::Draft(id) => {
                let path = format!("/v1/invoices/{id}");
                let call = Call { method: Method::Delete, path, form: String::new(), key: None };
                match self.stripe.call(&call).await {
                    Ok(reply) if matches!(reply.status, 200 | 404) => Ok(Ok(())),
                    Ok(reply) => Ok(Err(Rest::Unsure(Unsure::of(&reply)))),
                    Err(unsure) => Ok(Err(Rest::Unsure(unsure))),
                }
            }
            Found::Bill(drawn, sight, outbound) => {
                if let Some(no) = drawn.reissues
                    && self.desk.bill(no).await?.is_some_and(|former| !former.is_dead())
                    && let Err(refused) = self.desk.file(Deed::Drop(no, "it was billed again".into())).await?
                {
                    return Ok(Err(Rest::Beaten(refused)));
                }
                Ok(self.desk.file(Deed::Adopt(drawn, sight, outbound)).await?.map(drop).map_err(Rest::Beaten))
            }
            // It stays among what differs.
            Found::Nobody => Ok(Ok(())),
            Found::Unreadable => Ok(Err(Rest::Unsure(Unsure::unreadable("a list")))),
        }
    }
}
