//! Reconciliation: every invoice and credit note of this house at Stripe beside the bill that it is of. Nothing is changed by it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::lines::Line;
use super::look::{all, look};
use super::marks::House;
use super::papers::{Invoice, Note, Paper};
use super::walk::{Stripe, Unsure};
use crate::domain::bills::{BillNo, Sight, Status};
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::ledger::bill::{Bill, Look};
use crate::ledger::bills::Bills;

/// What is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Of which bill, where it is of one.
    pub bill: Option<BillNo>,
    /// Of which invoice, where there is one.
    pub invoice: Option<String>,
    /// In what.
    pub what: What,
    /// As the book has it.
    pub book: String,
    /// As Stripe has it.
    pub stripe: String,
}

/// In what the two sides differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The book knows of no such bill: the folder is older than what Stripe has.
    Unknown,
    /// There is no such invoice.
    Missing,
    /// There are several of one bill.
    Several,
    /// How it stands.
    Status,
    /// What it comes to, with taxes.
    Total,
    /// Its lines.
    Lines,
    /// What was paid.
    Paid,
    /// What was given back.
    Refunded,
    /// What is in dispute.
    Disputed,
    /// What Stripe took.
    Fees,
    /// Whose it is, in which currency, live or not.
    Terms,
}

impl What {
    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            What::Unknown => "unknown_bill",
            What::Missing => "missing_invoice",
            What::Several => "several_invoices",
            What::Status => "status",
            What::Total => "total",
            What::Lines => "lines",
            What::Paid => "paid",
            What::Refunded => "refunded",
            What::Disputed => "disputed",
            What::Fees => "fees",
            What::Terms => "terms",
        }
    }
}

/// What reconciling found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many bills were compared.
    pub bills: usize,
    /// How many invoices of this house there are at Stripe.
    pub invoices: usize,
    /// Whatever is not the same.
    pub differences: Vec<Difference>,
    /// Of whom [whole amounts are carried](crate::ledger::bills::Bills::carried_over) since something was taken over: nothing
    /// of theirs is billed before somebody asks for it.
    pub carried: Vec<(Name, Currency, Sum)>,
}

impl Report {
    /// The bills of which something is not the same; those among `bills` too that were drawn while Stripe was asked.
    pub fn differing(&self, bills: &Bills) -> BTreeSet<BillNo> {
        let of = |difference: &Difference| difference.bill.or_else(|| bills.of_mark(&difference.stripe));
        self.differences.iter().filter_map(of).collect()
    }
}

/// Compares all bills with what there is at Stripe. `lines` tells the lines of a bill, and `progress` is told how many
/// bills are done.
pub async fn reconcile(
    stripe: &impl Stripe,
    house: &House,
    bills: &[Arc<Bill>],
    lines: impl AsyncFn(&Bill) -> Vec<Line>,
    progress: impl FnMut(usize),
) -> Result<Report, Unsure> {
    compare(stripe, house, bills, |_| true, lines, progress).await
}

/// The same, of those bills that are wanted; all others are taken for the same on both sides.
pub async fn compare(
    stripe: &impl Stripe,
    house: &House,
    bills: &[Arc<Bill>],
    is_wanted: impl Fn(&Bill) -> bool,
    lines: impl AsyncFn(&Bill) -> Vec<Line>,
    mut progress: impl FnMut(usize),
) -> Result<Report, Unsure> {
    let invoices: Vec<Invoice> = all(stripe, Invoice::LIST, "", Invoice::id).await?;
    let notes: Vec<Note> = all(stripe, Note::LIST, "", Note::id).await?;
    // A credit note that takes from an invoice which is void takes nothing.
    let voided: HashSet<&str> =
        invoices.iter().filter(|paper| paper.is_void()).map(|paper| paper.id.as_str()).collect();
    let is_moot = |note: &Note| note.invoice.as_ref().is_some_and(|of| voided.contains(of.id()));
    let (mut invoices, mut notes) = (by_mark(&invoices, house), by_mark(&notes, house));
    let mut report =
        Report { bills: bills.len(), invoices: invoices.values().map(Vec::len).sum(), ..Report::default() };
    for (done, bill) in bills.iter().enumerate() {
        progress(done);
        let mark = bill.drawn.mark.as_str();
        if bill.way.is_moot {
            notes.remove(mark);
            continue;
        }
        if !is_wanted(bill) {
            notes.remove(mark);
            invoices.remove(mark);
            continue;
        }
        if bill.is_credit() {
            let differ = match notes.remove(mark).unwrap_or_default()[..] {
                [] => missing(bill).into_iter().collect(),
                [note] => {
                    let sight = note.sight(&bill.drawn, stripe.is_live());
                    told_apart(bill, &note.id, &sight.ok_or_else(|| Unsure::unreadable("a credit note"))?)
                }
                ref several => vec![too_many(bill, several)],
            };
            report.differences.extend(differ);
            continue;
        }
        match invoices.remove(mark).unwrap_or_default()[..] {
            [] => report.differences.extend(missing(bill)),
            [invoice] => {
                let lines = lines(bill).await;
                report.differences.extend(compared(stripe, bill, invoice, &lines).await?);
            }
            ref several => report.differences.push(too_many(bill, several)),
        }
    }
    // Those that came to nothing are nobody's loss.
    let invoices = invoices.into_iter().flat_map(|(mark, left)| left.into_iter().map(move |one| (mark, one)));
    let unknown = invoices.filter(|(_, invoice)| !invoice.is_nothing());
    report.differences.extend(unknown.map(|(mark, invoice)| stranger(mark, invoice)));
    let notes = notes.into_iter().flat_map(|(mark, left)| left.into_iter().map(move |one| (mark, one)));
    let unknown = notes.filter(|(_, note)| !note.is_void() && !is_moot(note));
    report.differences.extend(unknown.map(|(mark, note)| stranger(mark, note)));
    Ok(report)
}

/// Those papers that are of this house.
fn by_mark<'p, P: Paper>(found: &'p [P], house: &House) -> BTreeMap<&'p str, Vec<&'p P>> {
    let mut by_mark: BTreeMap<&str, Vec<&P>> = BTreeMap::new();
    let ours = found.iter().filter_map(|paper| Some((paper.mark()?, paper)));
    ours.filter(|(mark, _)| house.is_ours(mark)).for_each(|(mark, paper)| by_mark.entry(mark).or_default().push(paper));
    by_mark
}

/// A paper of this house that is of no bill.
fn stranger(mark: &str, paper: &impl Paper) -> Difference {
    Difference {
        bill: None,
        invoice: Some(paper.id().clone()),
        what: What::Unknown,
        book: "none".to_owned(),
        stripe: mark.to_owned(),
    }
}

/// A bill that has an invoice as far as the book knows.
fn missing(bill: &Bill) -> Option<Difference> {
    let invoice = bill.seen.invoice.as_deref()?;
    let is_gone = bill.seen.status == Status::Absent;
    (!is_gone).then(|| Difference {
        bill: Some(bill.no),
        invoice: Some(invoice.to_owned()),
        what: What::Missing,
        book: invoice.to_owned(),
        stripe: "none".to_owned(),
    })
}

fn too_many<P: Paper>(bill: &Bill, papers: &[&P]) -> Difference {
    let ids: Vec<&str> = papers.iter().map(|paper| paper.id().as_str()).collect();
    Difference {
        bill: Some(bill.no),
        invoice: bill.seen.invoice.as_ref().map(|id| id.to_string()),
        what: What::Several,
        book: "one".to_owned(),
        stripe: ids.join(" "),
    }
}

async fn compared(
    stripe: &impl Stripe,
    bill: &Bill,
    invoice: &Invoice,
    lines: &[Line],
) -> Result<Vec<Difference>, Unsure> {
    let mut as_found = bill.clone();
    as_found.seen.invoice = Some(invoice.id.as_str().into());
    let sight = look(stripe, &as_found, lines, Look::Invoice).await?;
    let mut differences = told_apart(bill, &invoice.id, &sight);
    let is_finalised = matches!(sight.status, Status::Open | Status::Uncollectible | Status::Paid);
    // Nobody knows what lines there were of what was taken over.
    let has_known_lines = !bill.drawn.is_whole() || bill.drawn.reissues.is_some();
    if is_finalised && has_known_lines && !super::look::has_lines(stripe, &invoice.id, lines).await? {
        differences.push(difference(bill, &invoice.id, What::Lines, "its own".to_owned(), "others".to_owned()));
    }
    Ok(differences)
}

fn told_apart(bill: &Bill, invoice: &str, sight: &Sight) -> Vec<Difference> {
    let seen = &bill.seen;
    let coin = bill.coin();
    let text = |amount: i64| Sum(coin.millionths(amount)).to_string();
    let [ours, theirs] = [seen.takings.unwrap_or_default(), sight.takings.unwrap_or_default()];
    let mut differences = Vec::new();
    let mut told = |what, book: String, stripe: String| {
        if book != stripe {
            differences.push(difference(bill, invoice, what, book, stripe));
        }
    };
    told(What::Status, seen.status.as_str().to_owned(), sight.status.as_str().to_owned());
    if seen.status != Status::Draft && sight.status != Status::Draft {
        told(What::Total, text(seen.amounts.total), text(sight.amounts.total));
    }
    told(What::Paid, text(seen.amounts.paid), text(sight.amounts.paid));
    told(What::Refunded, text(ours.refunded), text(theirs.refunded));
    told(What::Disputed, text(ours.disputed), text(theirs.disputed));
    told(What::Fees, text(ours.fees), text(theirs.fees));
    if let Some(fault) = sight.fault {
        told(What::Terms, "as drawn".to_owned(), fault.to_string());
    }
    differences
}

fn difference(bill: &Bill, invoice: &str, what: What, book: String, stripe: String) -> Difference {
    Difference { bill: Some(bill.no), invoice: Some(invoice.to_owned()), what, book, stripe }
}
