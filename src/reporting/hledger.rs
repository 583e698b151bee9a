//! The book as a plain-text journal, for hledger and whatever else reads its format.
//!
//! Every transaction is there with the postings that the book itself makes of it, and every bill with its own: so the
//! balances are those of the book, to the millionth. What is only tracked, and what is held, is on accounts of its own,
//! under `shadow` and `held`, beside the balance sheet and in none of its sums.

use std::io::{self, Write};

use hashbrown::HashMap;

use super::days::Days;
use super::sheet::{Line, Sheet};
use crate::domain::bills::BillNo;
use crate::domain::calendar::{Calendar, Day};
use crate::domain::money::Sum;
use crate::domain::time::Moment;
use crate::ledger::accounts::{Account, Balances, Kind, Posting, drawn_postings, moved_postings, postings};
use crate::ledger::bill::Bill;
use crate::ledger::book::Book;
use crate::ledger::rows::Sort;

/// The journal of a book.
pub struct Journal<'a, W: Write> {
    book: &'a Book,
    calendar: Calendar,
    days: Days,
    out: W,
}

impl<'a, W: Write> Journal<'a, W> {
    /// Begins one: how decimals are written, the currencies, and all accounts.
    pub fn new(book: &'a Book, calendar: &Calendar, days: Days, mut out: W) -> io::Result<Journal<'a, W>> {
        let accounts = Balances::of(book).sorted();
        writeln!(out, "; Made by Rialto. Under shadow is what was only tracked, under held what waits to be let go.")?;
        writeln!(out, "\ndecimal-mark .\n")?;
        let mut currencies: Vec<_> = accounts.keys().map(|account| account.currency).collect();
        currencies.sort_unstable();
        currencies.dedup();
        for currency in currencies {
            writeln!(out, "commodity 1.000000 {currency}")?;
        }
        writeln!(out)?;
        let mut names: Vec<String> = accounts.keys().map(|account| account_name(*account, book)).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            writeln!(out, "account {name}")?;
        }
        Ok(Journal { book, calendar: calendar.clone(), days, out })
    }

    /// A transaction of the journal, unless it is of another day.
    fn write(&mut self, day: Day, code: &str, about: &str, lines: impl Iterator<Item = Posting>) -> io::Result<()> {
        let mut lines = lines.filter(|line| line.amount != 0).peekable();
        if !self.days.contain(day) || lines.peek().is_none() {
            return Ok(());
        }
        writeln!(self.out, "\n{} ({code}) {about}", day.date())?;
        for Posting { account, amount } in lines {
            writeln!(self.out, "    {}  {} {}", account_name(account, self.book), Sum(amount), account.currency)?;
        }
        Ok(())
    }

    /// A bill as it was drawn, what came of it, and what was given back of that: on the day on which it was drawn, on
    /// that on which it was paid, and on that on which it was last seen to have changed.
    fn write_bill(&mut self, bill: &Bill, looked: Option<Moment>) -> io::Result<()> {
        let drawn = self.day(bill.at);
        let settled = self.day(bill.seen.paid_at.or(looked).unwrap_or(bill.at));
        let given_back = self.day(looked.or(bill.seen.paid_at).unwrap_or(bill.at));
        let (code, payer) = (bill.no.to_string(), self.book.roll().name(bill.payer).map_or("", |name| name.as_str()));
        let invoice = bill.seen.invoice.as_ref().map(|invoice| format!(", invoice:{}", plain(invoice)));
        let tags = format!("; payer:{}{}", plain(payer), invoice.unwrap_or_default());
        self.write(drawn, &code, &format!("drawn  {tags}"), drawn_postings(bill).into_iter())?;
        let is_given_back = |pair: &[Posting; 2]| matches!(pair[0].account.kind, Kind::Refunds | Kind::Disputes);
        let settling = moved_postings(bill).filter(|pair| !is_given_back(pair)).flatten();
        self.write(settled, &code, &format!("{}  {tags}", bill.seen.status.as_str()), settling)?;
        let giving_back = moved_postings(bill).filter(is_given_back).flatten();
        self.write(given_back, &code, &format!("given back  {tags}"), giving_back)
    }

    fn day(&mut self, at: Moment) -> Day {
        self.calendar.day_cached(at)
    }
}

impl<W: Write> Sheet for Journal<'_, W> {
    fn put(&mut self, line: &Line) -> io::Result<()> {
        let activity = &line.event.activity;
        let rule = plain(line.rule);
        let about = match (line.charge.sort(), line.of) {
            (Sort::Charge, _) => rule,
            (sort, Some(of)) => format!("{} of {of}, {rule}", sort.as_str()),
            (sort, None) => format!("{}, {rule}", sort.as_str()),
        };
        let about = format!(
            "{about}  ; {}:{}, occurred:{}, recorded:{}",
            activity.feed.as_str(),
            plain(activity.source_id.as_str()),
            line.event.occurred_at,
            line.recorded_at
        );
        self.write(line.booked_on, &line.id.to_string(), &about, postings(line.charge, line.payer))
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        let bills = self.book.bills();
        // The last look of each that changed what was collected.
        let looked: HashMap<BillNo, Moment> = bills.takings().iter().map(|taken| (taken.bill, taken.at)).collect();
        bills.iter().try_for_each(|bill| self.write_bill(bill, looked.get(&bill.no).copied()))?;
        self.out.flush()
    }
}

/// The name of an account in the journal; whatever is nobody's has no owner at its end.
pub fn account_name(account: Account, book: &Book) -> String {
    let kind = match account.kind {
        Kind::Unbilled => "assets:unbilled",
        Kind::NoPayer => "assets:no_payer",
        Kind::Invoiced => "assets:invoiced",
        Kind::RoundingCarried => "assets:rounding_carried",
        Kind::Withdrawn => "assets:withdrawn",
        Kind::Clearing => "assets:clearing",
        Kind::CustomerBalance => "assets:customer_balance",
        Kind::Vat => "liabilities:vat",
        Kind::Revenue => "revenues:earned",
        Kind::Credited => "expenses:credited",
        Kind::BadDebt => "expenses:bad_debt",
        Kind::Refunds => "expenses:refunds",
        Kind::Disputes => "expenses:disputes",
        Kind::Fees => "expenses:fees",
        Kind::ShadowReceivable => "shadow:receivable",
        Kind::ShadowRevenue => "shadow:revenue",
        Kind::HeldReceivable => "held:receivable",
        Kind::HeldRevenue => "held:revenue",
    };
    match account.owner.some().and_then(|owner| book.roll().name(owner)) {
        Some(owner) => format!("{kind}:{}", plain(owner.as_str())),
        None => kind.to_owned(),
    }
}

/// A text of which nothing means anything to hledger: all but letters, digits and a few signs are written as `%` and the
/// two hexadecimal digits of each byte, so that no two texts become the same.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '@' | '/' | '+') {
            plain.push(letter);
        } else {
            let mut bytes = [0; 4];
            letter.encode_utf8(&mut bytes).bytes().for_each(|byte| plain += &format!("%{byte:02X}"));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_means_anything_to_hledger_and_no_two_become_one() {
        for (name, shown) in [
            ("building_45.44_12.33", "building_45.44_12.33"),
            ("città", "città"),
            ("a:b", "a%3Ab"),
            ("a  b ; c", "a%20%20b%20%3B%20c"),
            ("a%3Ab", "a%253Ab"),
            ("(x)\n\t", "%28x%29%0A%09"),
        ] {
            assert_eq!(plain(name), shown);
        }
    }
}
