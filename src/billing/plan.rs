//! The plan: which invoices are due now, what each comes to, and why others wait.
//!
//! An invoice takes all that its payer owes up to a row, whatever way it goes, so that no transaction is on two
//! invoices and none is forgotten. Small amounts are held back, because a fee that is half of an invoice collects
//! nothing for anybody: below the minimum nothing is invoiced before it is old, and nothing ever below what Stripe takes.

use std::collections::BTreeSet;

use compact_str::CompactString;

use super::books::{Books, Owed, owed};
use super::lines::{self, LINES_MAX, Line};
use super::policy::{Negative, Policy};
use super::{asks, draw};
use crate::domain::bills::{BillNo, Detail, Drawn, Status};
use crate::domain::calendar::{Calendar, Day};
use crate::domain::coin::Coin;
use crate::domain::money::{Currency, Money, Sum};
use crate::domain::names::Name;
use crate::domain::payers::Payer;
use crate::ledger::bill::Bill;
use crate::ledger::chunks::Chunks;
use crate::ledger::offsets::reversals;
use crate::ledger::payers::Listing;
use crate::ledger::receivables::Open;
use crate::ledger::roll::NameNo;
use crate::ledger::rows::Sort;

/// Invoices that are due, and what waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order of their payers' names and currencies.
    pub invoices: Vec<Invoice>,
    /// Likewise.
    pub waiting: Vec<Waiting>,
    /// What is billed in the place of bills that came to nothing and were let go.
    pub again: Vec<Again>,
    /// What was earned live and nobody is known to pay, where there is any.
    pub nobodys: Vec<(Currency, Sum)>,
}

impl Plan {
    /// The bills that are due, without their marks: in the place of others first. Their days are those of the time zone `zone`.
    pub fn due(&self, zone: Name) -> impl Iterator<Item = Drawn> {
        let again = self.again.iter().map(|again| again.drawn.clone());
        again.chain(self.invoices.iter().map(move |invoice| invoice.drawn(zone)))
    }
}

/// What is billed in the place of a bill that came to nothing, and was let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again {
    /// The bill as it is drawn, without its mark.
    pub drawn: Drawn,
    /// What Stripe is expected to take of it.
    pub fee: i64,
}

/// An invoice that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Whose, and on which terms.
    pub payer: Payer,
    /// In this currency.
    pub currency: Currency,
    /// The bill that it takes from: then it is a credit note, and comes to less than nothing.
    pub credits: Option<BillNo>,
    /// Of what he owes, it takes the rows from this one on
    pub from: u32,
    /// to before this one.
    pub to: u32,
    /// How finely its lines tell.
    pub detail: Detail,
    /// Its lines, in order. Those without an amount are no items at Stripe.
    pub lines: Vec<Line>,
    /// What it comes to, in the units of Stripe's amounts.
    pub total: i64,
    /// What was carried from the payer's last invoice.
    pub carried: Sum,
    /// What is carried to his next one.
    pub rest: Sum,
    /// What Stripe is expected to take of it.
    pub fee: i64,
    /// Whether it is below the minimum, and due because it is old.
    pub is_old: bool,
}

impl Invoice {
    /// The bill of it; its days are those of the time zone `zone`. It has no mark yet.
    fn drawn(&self, zone: Name) -> Drawn {
        let is_whole = self.credits.is_some();
        Drawn {
            mark: CompactString::default(),
            payer: self.payer,
            to: self.to,
            reissues: None,
            credits: self.credits,
            detail: self.detail,
            zone,
            items: if is_whole { 0 } else { asks::items(&self.lines).count() as u16 },
            digest: if is_whole { 0 } else { draw::digest(&self.lines) },
            total: self.total,
            carried: self.carried,
            rest: self.rest,
        }
    }
}

/// What a payer owes and is not invoiced now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Who.
    pub payer: Payer,
    /// In this currency.
    pub currency: Currency,
    /// How much, besides what is carried.
    pub owed: Sum,
    /// What his last invoice carried.
    pub carried: Sum,
    /// Since this day.
    pub since: Day,
    /// Why.
    pub why: Why,
}

/// Why something is not invoiced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// He has no customer's id at Stripe.
    NoCustomer,
    /// He pays in another currency.
    Currency(Currency),
    /// He has as much to get back.
    Nothing,
    /// It is less than this.
    Minimum(Money),
    /// Stripe takes nothing below this, in its units.
    Least(i64),
    /// It is more than an amount can be.
    TooMuch,
}

impl Why {
    /// The stable text of the reason.
    pub const fn as_str(self) -> &'static str {
        match self {
            Why::NoCustomer => "no_customer",
            Why::Currency(_) => "other_currency",
            Why::Nothing => "nothing",
            Why::Minimum(_) => "below_minimum",
            Why::Least(_) => "below_stripes_minimum",
            Why::TooMuch => "too_much",
        }
    }
}

/// What is due on `today`.
pub fn plan(books: &Books<'_>, policy: &Policy, calendar: &mut Calendar, today: Day) -> Plan {
    let mut plan = Plan::default();
    let mut all: Vec<(NameNo, Currency, &Open, &Listing)> = (books.receivables.all())
        .filter_map(|(payer, currency, open)| Some((payer, currency, open, books.payers.get(payer)?)))
        .collect();
    all.sort_unstable_by_key(|(_, currency, _, listing)| (listing.payer.id, *currency));
    for (number, currency, open, listing) in all {
        let mut account = Account { books, policy, calendar, today, number, listing, currency };
        account.invoice(&open.rows, books.bills.carried(number, currency), &mut plan);
    }
    let again = released(books).filter_map(|(former, terms)| {
        let drawn = draw::again(former, terms, books)?;
        Some(Again { fee: policy.fee(drawn.total, former.coin()), drawn })
    });
    plan.again = again.collect();
    plan.nobodys = books.receivables.all_nobodys().filter(|(_, sum)| sum.0 != 0).collect();
    plan
}

/// The bills that came to nothing and were let go, and the terms on which they can be billed again now.
fn released<'b>(books: &Books<'b>) -> impl Iterator<Item = (&'b Bill, Payer)> {
    let payers = books.payers;
    books.bills.released().filter_map(move |former| {
        let terms = payers.get(former.payer)?.payer;
        let is_billable = terms.customer.is_some() && terms.currency == former.currency();
        is_billable.then_some((former, terms))
    })
}

/// A payer's account in one currency.
struct Account<'a> {
    books: &'a Books<'a>,
    policy: &'a Policy,
    calendar: &'a mut Calendar,
    today: Day,
    number: NameNo,
    listing: &'a Listing,
    currency: Currency,
}

impl Account<'_> {
    /// Plans what these rows come to: invoices one after another, and what waits.
    fn invoice(&mut self, rows: &Chunks<u32>, mut carried: Sum, plan: &mut Plan) {
        let owed: Vec<Owed> = rows.iter().filter_map(|row| owed(self.books, self.calendar, row)).collect();
        let mut left = &owed[..];
        // What was taken back, and is not given back yet.
        let mut back = -sum(left);
        let mut credited = Vec::new();
        let smallest = Coin::of(self.currency).smallest();
        while !left.is_empty() || smallest <= carried.0 || !credited.is_empty() {
            let since = since(left, carried);
            match self.next(left, carried, since) {
                Ok((invoice, taken)) => {
                    carried = invoice.rest;
                    left = &left[taken..];
                    plan.invoices.push(invoice);
                }
                Err(why) => {
                    let is_due = why == Why::Nothing && (self.is_worth_it(back) || self.is_old(since));
                    let credit = is_due.then(|| self.credit(left, carried, back, &credited)).flatten();
                    let Some(credit) = credit else {
                        let (payer, currency) = (self.listing.payer, self.currency);
                        let waiting = Waiting { payer, currency, owed: Sum(sum(left)), carried, since, why };
                        plan.waiting.extend(Some(waiting).filter(|_| !left.is_empty() || 0 < carried.0));
                        return;
                    };
                    back += Coin::of(self.currency).millionths(credit.total);
                    credited.extend(credit.credits);
                    (carried, left) = (credit.rest, &[]);
                    plan.invoices.push(credit);
                }
            }
        }
    }

    /// A credit note of all these transactions, of which so much is to be given back: as much of it as can be taken off
    /// one invoice of his that is not `credited` already. The rest of it is carried to the next one.
    fn credit(&self, owed: &[Owed], carried: Sum, back: i128, credited: &[BillNo]) -> Option<Invoice> {
        let coin = Coin::of(self.currency);
        let exact = sum(owed);
        // What was invoiced before the book knew why is no reason to give anything back.
        let due = back.min(-exact - carried.0);
        if self.policy.negative == Negative::Carry || due <= 0 {
            return None;
        }
        let due = i64::try_from(-(-due).div_euclid(coin.smallest())).ok()?.checked_mul(coin.step)?;
        let his = self.books.bills.iter().rev().filter(|bill| bill.payer == self.number);
        let his = his.filter(|bill| bill.currency() == self.currency && !credited.contains(&bill.no));
        let his: Vec<(i64, &Bill)> = his.map(|bill| (self.books.bills.creditable(bill), bill)).collect();
        let held = self.taken_back(owed);
        let nearest =
            his.iter().filter(|(most, _)| coin.step <= *most).filter_map(|(_, bill)| nearness(bill, &held)).min()?;
        let his: Vec<(i64, &Bill)> =
            his.into_iter().filter(|(_, bill)| nearness(bill, &held) == Some(nearest)).collect();
        // The newest that is large enough, and else the largest.
        let large = his.iter().find(|(most, _)| due <= *most);
        let (most, of) = *large.or_else(|| his.iter().max_by_key(|(most, _)| *most))?;
        let total = -due.min(most - most % coin.step);
        let line = Line { key: lines::Key::ALL, count: owed.len() as u32, exact: Sum(exact), amount: total };
        (total < 0).then(|| Invoice {
            // Whose invoice it is: he may be another customer by now.
            payer: of.drawn.payer,
            currency: self.currency,
            credits: Some(of.no),
            from: owed.first().map_or(0, |owed| owed.row),
            to: owed.last().map_or(0, |owed| owed.row + 1),
            detail: Detail::One,
            lines: vec![line],
            total,
            carried,
            rest: Sum(exact + carried.0 - coin.millionths(total)),
            fee: 0,
            is_old: !self.is_worth_it(back),
        })
    }

    /// The rows that these transactions take back.
    fn taken_back(&self, owed: &[Owed]) -> BTreeSet<u32> {
        let facts = owed.iter().filter(|owed| owed.charge.sort() == Sort::Reversal).map(|owed| owed.charge.fact);
        let facts: BTreeSet<_> = facts.collect();
        let taken_back = reversals(self.books.links, self.books.charges);
        taken_back.filter(|(_, reversal)| facts.contains(&reversal.fact)).map(|(row, _)| row).collect()
    }

    /// Whether an amount is not below his minimum.
    fn is_worth_it(&self, millionths: i128) -> bool {
        i128::from(self.minimum().millionths()) <= millionths
    }

    fn minimum(&self) -> Money {
        self.listing.payer.minimum.unwrap_or(self.policy.minimum)
    }

    fn is_old(&self, since: Day) -> bool {
        i32::try_from(self.policy.age_days).is_ok_and(|age| age <= self.today.0.saturating_sub(since.0))
    }

    /// The next invoice of these transactions, and how many of them it takes; or why there is none.
    fn next(&self, owed: &[Owed], carried: Sum, since: Day) -> Result<(Invoice, usize), Why> {
        let payer = self.listing.payer;
        if payer.currency != self.currency {
            return Err(Why::Currency(payer.currency));
        }
        if payer.customer.is_none() {
            return Err(Why::NoCustomer);
        }
        let all = sum(owed);
        if all + carried.0 <= 0 {
            return Err(Why::Nothing);
        }
        let coin = Coin::of(self.currency);
        let room = LINES_MAX - usize::from(lines::is_line(carried, coin));
        let mut why = Why::Nothing;
        for detail in Detail::ALL {
            let taken = fitting(owed, detail, room, coin.most() - carried.0);
            if taken == 0 && !owed.is_empty() {
                return Err(Why::TooMuch);
            }
            // What comes later may take back what comes first: nobody is invoiced more than he owes in all.
            if all < sum(&owed[..taken]) {
                continue;
            }
            match self.drawn(&owed[..taken], detail, carried, since) {
                Ok(invoice) => return Ok((invoice, taken)),
                // With coarser lines it would take more.
                Err(refused) => why = refused,
            }
            if taken == owed.len() {
                break;
            }
        }
        Err(why)
    }

    /// The invoice of all these transactions, if it is worth one.
    fn drawn(&self, owed: &[Owed], detail: Detail, carried: Sum, since: Day) -> Result<Invoice, Why> {
        let coin = Coin::of(self.currency);
        let payer = self.listing.payer;
        let of = |owed: &Owed| (owed.key(detail), i128::from(owed.charge.amount.millionths()));
        let mut lines = lines::gather(owed.iter().map(of));
        let (total, rest) = lines::allot(&mut lines, carried, coin).ok_or(Why::TooMuch)?;
        if total <= 0 {
            return Err(Why::Nothing);
        }
        let is_small = !self.is_worth_it(coin.millionths(total));
        // What is only carried is of no day: it waits for the minimum, or for what is owed besides.
        if is_small && (owed.is_empty() || !self.is_old(since)) {
            return Err(Why::Minimum(self.minimum()));
        }
        if let Some(least) = coin.least.filter(|least| total < *least) {
            return Err(Why::Least(least));
        }
        Ok(Invoice {
            payer,
            currency: self.currency,
            credits: None,
            from: owed.first().map_or(0, |owed| owed.row),
            to: owed.last().map_or(0, |owed| owed.row + 1),
            detail,
            lines,
            total,
            carried,
            rest,
            fee: self.policy.fee(total, coin),
            is_old: is_small,
        })
    }
}

/// How near an invoice is to what is to be taken back of these rows: one that has any of them is the nearest, then one that is
/// still to be paid, then one that was paid. What nobody believes to be paid any more is lowered by what was on it alone.
fn nearness(bill: &Bill, rows: &BTreeSet<u32>) -> Option<u8> {
    let has_any = !rows.is_empty() && bill.rows.iter().any(|row| rows.contains(row));
    match bill.seen.status {
        _ if has_any => Some(0),
        Status::Open => Some(1),
        Status::Paid => Some(2),
        Status::Absent | Status::Draft | Status::Uncollectible | Status::Void => None,
    }
}

fn sum(owed: &[Owed]) -> i128 {
    owed.iter().map(|owed| i128::from(owed.charge.amount.millionths())).sum()
}

/// Since when anything is owed: from the first day after all before it had been taken back.
fn since(owed: &[Owed], carried: Sum) -> Day {
    let mut due = carried.0;
    let mut since = None;
    for one in owed {
        due += i128::from(one.charge.amount.millionths());
        since = if due <= 0 { None } else { Some(since.map_or(one.day, |since: Day| since.min(one.day))) };
    }
    since.or(owed.last().map(|owed| owed.day)).unwrap_or(Day(0))
}

/// How many of these transactions fit on one invoice: on so many lines, and into what Stripe takes at once.
fn fitting(owed: &[Owed], detail: Detail, room: usize, most: i128) -> usize {
    let mut keys = BTreeSet::new();
    let mut sum = 0;
    let fits = |owed: &&Owed| {
        sum += i128::from(owed.charge.amount.millionths());
        let key = owed.key(detail);
        sum <= most && (keys.contains(&key) || keys.len() < room && keys.insert(key))
    };
    owed.iter().take_while(fits).count()
}
