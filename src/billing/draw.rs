//! Drawing: a bill that came to nothing is made anew, and a bill's lines are made again from its rows.
//!
//! A bill holds the rows it is of and a digest of its lines, not the lines: they follow from the rows, and the digest
//! tells if they ever would not.

use compact_str::CompactString;
use twox_hash::XxHash3_64;

use super::asks::items;
use super::books::{Books, Owed, owed};
use super::lines::{Key, LINES_MAX, Line, allot, gather};
use crate::domain::bills::{Detail, Drawn};
use crate::domain::calendar::Calendar;
use crate::domain::money::Sum;
use crate::domain::payers::Payer;
use crate::ledger::bill::Bill;

/// The bill in the place of one that came to nothing, on the terms that hold now: of the same lines, and of one that takes
/// off it what was taken back since; `None` where nothing is left of it, or it cannot be made again. It has no mark yet.
pub(super) fn again(former: &Bill, payer: Payer, books: &Books<'_>) -> Option<Drawn> {
    let same = Drawn { mark: CompactString::default(), payer, reissues: Some(former.no), ..former.drawn.clone() };
    if former.way.offset == 0 {
        return Some(same);
    }
    let (coin, total) = (former.coin(), former.worth());
    if total <= 0 {
        return None;
    }
    let carried = Sum(same.carried.0 - coin.millionths(former.way.offset));
    if former.drawn.is_whole() {
        return Some(Drawn { total, carried, ..same });
    }
    let rows = rows_of(former, books, &mut Calendar::new(same.zone.as_str().parse().ok()?))?;
    // With another line they may be too many.
    Detail::ALL.into_iter().filter(|detail| former.drawn.detail <= *detail).find_map(|detail| {
        let mut lines = gather(rows.iter().map(|owed| (owed.key(detail), i128::from(owed.charge.amount.millionths()))));
        let is_same = allot(&mut lines, carried, coin)? == (total, same.rest);
        let is_one = is_same && items(&lines).count() <= LINES_MAX;
        let items = items(&lines).count() as u16;
        is_one.then(|| Drawn { total, carried, detail, items, digest: digest(&lines), ..same.clone() })
    })
}

/// The transactions of a bill, in order.
fn rows_of(bill: &Bill, books: &Books<'_>, calendar: &mut Calendar) -> Option<Vec<Owed>> {
    bill.rows.iter().map(|row| owed(books, calendar, *row)).collect()
}

/// The lines of a bill, in order; `None` where they cannot be made again. One without lines has all in one.
pub fn lines_of(bill: &Bill, books: &Books<'_>, calendar: &Calendar) -> Option<Vec<Line>> {
    let zone = bill.drawn.zone.as_str().parse().ok()?;
    let mut calendar = if calendar.zone() == zone { calendar.clone() } else { Calendar::new(zone) };
    let rows = rows_of(bill, books, &mut calendar)?;
    let rows: Vec<(Key, i128)> =
        rows.iter().map(|owed| (owed.key(bill.drawn.detail), i128::from(owed.charge.amount.millionths()))).collect();
    if bill.drawn.is_whole() {
        let (count, exact) = (rows.len() as u32, Sum(rows.iter().map(|(_, amount)| amount).sum()));
        return Some(vec![Line { key: Key::ALL, count, exact, amount: bill.drawn.total }]);
    }
    let mut lines = gather(rows.into_iter());
    let (total, Sum(rest)) = allot(&mut lines, bill.drawn.carried, bill.coin())?;
    let is_same = (total, rest, digest(&lines)) == (bill.drawn.total, bill.drawn.rest.0, bill.drawn.digest);
    is_same.then_some(lines)
}

/// The digest of lines, in order.
pub(super) fn digest(lines: &[Line]) -> u64 {
    let mut bytes = Vec::with_capacity(lines.len() * 38);
    for Line { key, count, exact, amount } in lines {
        bytes.extend_from_slice(&key.day.0.to_le_bytes());
        bytes.extend_from_slice(&key.earner.0.to_le_bytes());
        bytes.extend_from_slice(&key.rule.0.to_le_bytes());
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&exact.0.to_le_bytes());
        bytes.extend_from_slice(&amount.to_le_bytes());
    }
    XxHash3_64::oneshot(&bytes)
}
