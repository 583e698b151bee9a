//! Offsets: what was taken back of a bill that nobody paid.
//!
//! A charge that is taken back is owed the other way, and lowers what is invoiced next. Where the bill that it is on came
//! to nothing, or is given up, nobody ever paid it, and nothing is to be given back: so the bill is worth that much less,
//! and as much is carried, which makes up for it. What is billed in its place later is the rest alone; and where it is
//! paid after all, what was offset is owed the other way again. Likewise where somebody refunded it by hand: then it was
//! given back, and is not given back once more.

use hashbrown::HashMap;

use super::bill::Bill;
use super::bills::Bills;
use super::chunks::Chunks;
use super::orders::Link;
use super::rows::{ChargeRow, Sort};
use crate::domain::bills::{BillNo, Status};

/// The bills that are to be offset by more than they are, and by how much in all, in the units of Stripe's amounts.
pub fn due(bills: &Bills, links: &Chunks<Link>, charges: &Chunks<ChargeRow>) -> Vec<(BillNo, i64)> {
    let unpaid: Vec<&Bill> = bills.iter().filter(|bill| bill.is_offsettable()).collect();
    if unpaid.is_empty() {
        return Vec::new();
    }
    let back = taken_back(&unpaid, links, charges);
    let due = |bill: &&Bill| Some((bill.no, due_of(bill, bills, *back.get(&bill.no)?)));
    let more = |(no, due): &(BillNo, i64)| bills.get(*no).is_some_and(|bill| bill.way.offset < *due);
    unpaid.iter().filter_map(due).filter(more).collect()
}

/// By how much one of them is to be offset in all.
pub(super) fn due_on(bill: &Bill, bills: &Bills, links: &Chunks<Link>, charges: &Chunks<ChargeRow>) -> i64 {
    let back = taken_back(&[bill], links, charges);
    back.get(&bill.no).map_or(0, |back| due_of(bill, bills, *back))
}

/// What was taken back of the rows of each of these bills, in millionths.
fn taken_back(of: &[&Bill], links: &Chunks<Link>, charges: &Chunks<ChargeRow>) -> HashMap<BillNo, i128> {
    let rows = of.iter().flat_map(|bill| bill.rows.iter().map(|row| (*row, bill.no)));
    let bill_of: HashMap<u32, BillNo> = rows.collect();
    let mut back: HashMap<BillNo, i128> = HashMap::new();
    for (row, charge) in reversals(links, charges) {
        if let Some(no) = bill_of.get(&row) {
            *back.entry(*no).or_default() -= i128::from(charge.amount.millionths());
        }
    }
    back
}

/// All reversals, each with the row that it takes back: of what was held, the one that let it go.
pub fn reversals(links: &Chunks<Link>, charges: &Chunks<ChargeRow>) -> impl Iterator<Item = (u32, ChargeRow)> {
    let mut released: HashMap<u32, u32> = HashMap::new();
    links.iter().filter_map(move |Link { of, by }| {
        let charge = charges.get(by as usize)?;
        match charge.sort() {
            Sort::Release => released.insert(of, by).and(None),
            Sort::Reversal => Some((released.get(&of).copied().unwrap_or(of), charge)),
            Sort::Charge | Sort::Adjustment => None,
        }
    })
}

/// Whole amounts alone: less than one of them is owed as ever.
fn due_of(bill: &Bill, bills: &Bills, back: i128) -> i64 {
    let coin = bill.coin();
    let back = i64::try_from(back.div_euclid(coin.smallest())).ok().and_then(|back| back.checked_mul(coin.step));
    let mut due = back.unwrap_or_default();
    // In whose place it is was offset by what had been taken back by then.
    let mut former = bill.drawn.reissues;
    while let Some(bill) = former.and_then(|no| bills.get(no)) {
        due -= bill.way.offset;
        former = bill.drawn.reissues;
    }
    // What credit notes took off it was given back.
    let notes = bills.iter().filter(|note| note.drawn.credits == Some(bill.no) && !note.is_dead());
    let noted: i64 = notes.map(|note| -note.drawn.total).sum();
    due -= noted;
    let amounts = bill.seen.amounts;
    let most = match bill.seen.status {
        _ if bill.is_dead() => bill.drawn.total,
        Status::Uncollectible => amounts.net(amounts.remaining),
        // Those that took nothing off before it was paid were refunds.
        _ => amounts.net(bill.refunded() - (noted - amounts.credited).max(0)),
    };
    let most = most.min(bill.drawn.total);
    due.min(most - most % coin.step).max(0)
}
