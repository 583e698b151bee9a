//! Lines: what an invoice tells of, and how its cents are shared among them.
//!
//! This is the third of the named roundings: an invoice is rounded down to the smallest amount of its currency. Each
//! line gets what it comes to, rounded down; what is then left of the invoice goes to the lines that lost most, one
//! smallest amount each. What the invoice itself lost is carried to the payer's next one.

use std::collections::BTreeMap;

use crate::domain::bills::Detail;
use crate::domain::calendar::Day;
use crate::domain::money::Sum;
use crate::domain::tariff::RuleId;
use crate::ledger::bills;
use crate::ledger::roll::NameNo;

use crate::domain::coin::Coin;

/// The most lines that an invoice has: Stripe takes no more items.
pub const LINES_MAX: usize = bills::LINES_MAX as usize;

/// The line that a transaction is in, where lines tell so much.
pub fn key(detail: Detail, earner: NameNo, rule: RuleId, day: Day) -> Key {
    match detail {
        Detail::Day => Key { day, earner, rule },
        Detail::Month => Key { day: day.month_start(), earner, rule },
        Detail::Rule => Key { day: Day(i32::MIN), earner: NameNo::NONE, rule },
        Detail::One => Key::ALL,
    }
}

/// What a line is of. Lines are in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The day, or the first day of the month; no day in particular, where lines are by rule.
    pub day: Day,
    /// Who earned it; nobody in particular, where lines are by rule.
    pub earner: NameNo,
    /// By which rule; none in particular, where all is in one line.
    pub rule: RuleId,
}

impl Key {
    /// Of all transactions.
    pub const ALL: Key = Key { day: Day(i32::MIN), earner: NameNo::NONE, rule: RuleId(u16::MAX) };
    /// Of no transaction, but of what was carried from invoices before.
    pub const CARRIED: Key = Key { day: Day(i32::MIN), earner: NameNo::NONE, rule: RuleId(u16::MAX - 1) };
}

/// A line of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is of.
    pub key: Key,
    /// How many transactions.
    pub count: u32,
    /// What they come to, exactly.
    pub exact: Sum,
    /// What is invoiced for them, in the units of Stripe's amounts.
    pub amount: i64,
}

/// The lines of these transactions, in order; what is invoiced for them is still to be allotted.
pub fn gather(transactions: impl Iterator<Item = (Key, i128)>) -> Vec<Line> {
    let mut lines: BTreeMap<Key, (u32, i128)> = BTreeMap::new();
    for (key, amount) in transactions {
        let line = lines.entry(key).or_default();
        *line = (line.0.saturating_add(1), line.1 + amount);
    }
    lines.into_iter().map(|(key, (count, exact))| Line { key, count, exact: Sum(exact), amount: 0 }).collect()
}

/// Whether more is carried than what an invoice could not say: it is a line of its own then.
pub fn is_line(carried: Sum, coin: Coin) -> bool {
    !(0..coin.smallest()).contains(&carried.0)
}

/// Allots an invoice to its lines, given what was carried from the one before, whose whole amounts become a line.
/// Returns what the invoice comes to, in the units of Stripe's amounts, and what it carries on: less than one smallest
/// amount, and nothing below nothing. `None` where it is more than an amount can be.
pub fn allot(lines: &mut Vec<Line>, carried: Sum, coin: Coin) -> Option<(i64, Sum)> {
    let smallest = coin.smallest();
    if is_line(carried, coin) {
        let exact = Sum(carried.0 - carried.0.rem_euclid(smallest));
        lines.push(Line { key: Key::CARRIED, count: 0, exact, amount: 0 });
    }
    let all = lines.iter().map(|line| line.exact.0).sum::<i128>() + carried.0.rem_euclid(smallest);
    let steps = |exact: i128| i64::try_from(exact.div_euclid(smallest)).ok()?.checked_mul(coin.step);
    let total = steps(all)?;
    let mut left = total;
    for line in lines.iter_mut() {
        line.amount = steps(line.exact.0)?;
        left = left.checked_sub(line.amount)?;
    }
    let mut losers: Vec<usize> = (0..lines.len()).collect();
    // A stable sort: among those that lost as much, the first.
    losers.sort_by_key(|line| std::cmp::Reverse(lines[*line].exact.0.rem_euclid(smallest)));
    for line in losers.into_iter().take(usize::try_from(left / coin.step).ok()?) {
        lines[line].amount += coin.step;
    }
    Some((total, Sum(all.rem_euclid(smallest))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::money::Currency;

    fn line(exact: i128) -> Line {
        let key = Key { day: Day(0), earner: NameNo(0), rule: RuleId(0) };
        Line { key, count: 1, exact: Sum(exact), amount: 0 }
    }

    #[test]
    fn cents_go_to_the_lines_that_lost_most_by_rounding() {
        let euro = Coin::of(Currency::EUR);
        for (exact, carried, amounts, rest) in [
            (&[100_000, 50_000_000][..], 0, &[10, 5000][..], 0),
            // 0.006, 0.007 and 0.009 are 0.022: two cents, and 0.002 are carried.
            (&[6_000, 7_000, 9_000], 0, &[0, 1, 1], 2_000),
            (&[6_000, 7_000, 9_000], 8_000, &[1, 1, 1], 0),
            (&[5_000, 5_000, 5_000], 0, &[1, 0, 0], 5_000),
            // Whole amounts that are carried are a line, whichever way they go.
            (&[50_000_000], 25_000_001, &[5000, 2500], 1),
            (&[50_000_000], -25_000_001, &[5000, -2501], 9_999),
            // What is taken back is a line below nothing.
            (&[50_000_000, -25_000_001], 0, &[5000, -2501], 9_999),
            (&[10_000], 9_999, &[1], 9_999),
            (&[], 9_999, &[], 9_999),
        ] {
            let mut lines: Vec<Line> = exact.iter().copied().map(line).collect();
            let total = amounts.iter().sum();
            assert_eq!(allot(&mut lines, Sum(carried), euro), Some((total, Sum(rest))), "{exact:?}");
            assert_eq!(lines.iter().map(|line| line.amount).collect::<Vec<_>>(), amounts, "{exact:?}");
        }
        assert_eq!(allot(&mut vec![line(i128::from(i64::MAX) * 20_000)], Sum(0), euro), None);
    }

    proptest! {
        #[test]
        fn lines_add_up_to_the_invoice_and_invoices_to_the_transactions(
            invoices in prop::collection::vec(prop::collection::vec(-30_000_000_i64..90_000_000, 0..40), 1..20),
            before in prop::sample::select(vec![0, 1, -70_000_001, 33_333_333]),
            code in prop::sample::select(vec!["EUR", "JPY", "KWD", "ISK"]),
        ) {
            let coin = Coin::of(Currency::parse(code).expect("three letters"));
            let (mut carried, mut invoiced) = (Sum(before), 0);
            for invoice in &invoices {
                let mut lines: Vec<Line> = invoice.iter().map(|exact| line((*exact).into())).collect();
                let (total, rest) = allot(&mut lines, carried, coin).expect("an amount");
                prop_assert_eq!(lines.iter().map(|line| line.amount).sum::<i64>(), total);
                prop_assert_eq!(total % coin.step, 0);
                for line in &lines {
                    // Nobody is invoiced a smallest amount more or less than it comes to.
                    prop_assert!((coin.millionths(line.amount) - line.exact.0).abs() <= coin.smallest());
                }
                prop_assert!((0..coin.smallest()).contains(&rest.0));
                carried = rest;
                invoiced += coin.millionths(total);
            }
            let all: i128 = invoices.iter().flatten().copied().map(i128::from).sum();
            prop_assert_eq!(invoiced + carried.0, all + before);
        }
    }
}
