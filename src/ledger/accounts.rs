//! Accounts and postings: every charge takes from one account what it gives to another.

use std::collections::BTreeMap;

use crate::domain::bills::{Amounts, Drawn, Status, Takings};
use crate::domain::charge::Stage;
use crate::domain::money::{Currency, Money, Sum};

use super::bill::Bill;
use super::book::Book;
use super::roll::NameNo;
use super::rows::{ChargeRow, Sort};

/// The kinds of account, a closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// What a payer owes and has not been invoiced.
    Unbilled = 0,
    /// What is owed and nobody is known to pay.
    NoPayer = 1,
    /// What a business or citizen earned.
    Revenue = 2,
    /// Memo: what would be owed, had it been charged.
    ShadowReceivable = 3,
    /// Memo: what would have been earned. Nothing can collect it.
    ShadowRevenue = 4,
    /// What would be owed once it is let go.
    HeldReceivable = 5,
    /// What would be earned once it is let go.
    HeldRevenue = 6,
    /// What a payer was invoiced and has not settled, with taxes.
    Invoiced = 7,
    /// What a payer's last invoice could not say, and goes to his next one: less than a cent, and whatever was invoiced
    /// before the book knew why.
    RoundingCarried = 8,
    /// What was on an invoice that came to nothing, and waits until somebody lets it go.
    Withdrawn = 9,
    /// Taxes on invoices, which are the state's.
    Vat = 10,
    /// What was paid to Stripe and is there.
    Clearing = 11,
    /// What customers owe or have to get by their balance at Stripe.
    CustomerBalance = 12,
    /// What credit notes took off invoices, besides what was owed to be taken off.
    Credited = 13,
    /// What is believed to be lost.
    BadDebt = 14,
    /// What was given back.
    Refunds = 15,
    /// What was withdrawn in disputes.
    Disputes = 16,
    /// What Stripe took.
    Fees = 17,
}

impl Kind {
    /// The stable text of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Unbilled => "unbilled",
            Kind::NoPayer => "no_payer",
            Kind::Revenue => "revenue",
            Kind::ShadowReceivable => "shadow_receivable",
            Kind::ShadowRevenue => "shadow_revenue",
            Kind::HeldReceivable => "held_receivable",
            Kind::HeldRevenue => "held_revenue",
            Kind::Invoiced => "invoiced",
            Kind::RoundingCarried => "rounding_carried",
            Kind::Withdrawn => "withdrawn",
            Kind::Vat => "vat",
            Kind::Clearing => "clearing",
            Kind::CustomerBalance => "customer_balance",
            Kind::Credited => "credited",
            Kind::BadDebt => "bad_debt",
            Kind::Refunds => "refunds",
            Kind::Disputes => "disputes",
            Kind::Fees => "fees",
        }
    }
}

/// An account: a kind, of somebody, in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// Its kind.
    pub kind: Kind,
    /// Whose it is; [`NameNo::NONE`] where it is nobody's.
    pub owner: NameNo,
    /// Its currency.
    pub currency: Currency,
}

/// One line of a transaction: a debit above zero, a credit below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// The signed amount.
    pub amount: i128,
}

/// The postings of a transaction. They add up to nothing, because there is but one amount: what is owed to one
/// account is earned on another, and what is let go leaves the accounts of what is held too.
///
/// `payer` is who pays for it, if anybody does.
pub fn postings(charge: ChargeRow, payer: Option<NameNo>) -> impl Iterator<Item = Posting> {
    let (owed, earned, debtor) = match (charge.stage(), payer) {
        _ if charge.is_held() => (Kind::HeldReceivable, Kind::HeldRevenue, charge.client),
        (Stage::Shadow, _) => (Kind::ShadowReceivable, Kind::ShadowRevenue, charge.client),
        (Stage::Live, None) => (Kind::NoPayer, Kind::Revenue, NameNo::NONE),
        (Stage::Live, Some(payer)) => (Kind::Unbilled, Kind::Revenue, payer),
    };
    let earner = charge.business.some().unwrap_or(charge.citizen);
    let account = |kind, owner| Account { kind, owner, currency: charge.currency };
    let amount = i128::from(charge.amount.millionths());
    let lines = move |owed, debtor, earned, amount| {
        let (owed, earned) = (account(owed, debtor), account(earned, earner));
        [Posting { account: owed, amount }, Posting { account: earned, amount: -amount }]
    };
    let let_go = (charge.sort() == Sort::Release)
        .then(|| lines(Kind::HeldReceivable, charge.client, Kind::HeldRevenue, -amount));
    lines(owed, debtor, earned, amount).into_iter().chain(let_go.into_iter().flatten())
}

/// The postings of a bill, from the day it was drawn to how it was last seen. They add up to nothing: each moves an
/// amount from one account to another, and the first ones share out what its rows come to.
pub fn bill_postings(bill: &Bill) -> impl Iterator<Item = Posting> {
    drawn_postings(bill).into_iter().chain(moved_postings(bill).flatten())
}

/// What drawing a bill does, as it is known by now: its rows' sum goes to where it is owed.
pub fn drawn_postings(bill: &Bill) -> [Posting; 3] {
    let Drawn { rest, carried, reissues, .. } = bill.drawn;
    let from = match reissues {
        None => [(Kind::Unbilled, -bill.exact().0), (Kind::RoundingCarried, rest.0 - carried.0)],
        Some(_) => [(Kind::Withdrawn, -bill.total()), (Kind::RoundingCarried, 0)],
    };
    let to = match (bill.is_credit(), bill.is_dead()) {
        (false, false) => Kind::Invoiced,
        (false, true) => Kind::Withdrawn,
        // What it takes off an invoice is seen there.
        (true, false) => Kind::Credited,
        (true, true) => Kind::RoundingCarried,
    };
    let [of_rows, rounded] = from;
    [of_rows, rounded, (to, bill.total())].map(|(kind, amount)| posting(bill, kind, amount))
}

/// What came of a bill, as it was last seen: amounts that went from one account to another, each by itself.
pub fn moved_postings(bill: &Bill) -> impl Iterator<Item = [Posting; 2]> {
    let (Amounts { tax, paid, remaining, credited, .. }, seen) = (bill.seen.amounts, bill.seen.status);
    let Takings { refunded, disputed, fees } = bill.seen.takings.unwrap_or_default();
    let moved = [
        (Kind::Invoiced, Kind::Vat, tax),
        (Kind::Clearing, Kind::Invoiced, paid),
        (Kind::Credited, Kind::Invoiced, credited),
        (Kind::CustomerBalance, Kind::Invoiced, bill.seen.amounts.balanced()),
        (Kind::BadDebt, Kind::Invoiced, if seen == Status::Uncollectible { remaining } else { 0 }),
        (Kind::Refunds, Kind::Clearing, refunded),
        (Kind::Disputes, Kind::Clearing, disputed),
        (Kind::Fees, Kind::Clearing, fees),
    ];
    let is_out = matches!(seen, Status::Open | Status::Uncollectible | Status::Paid) && !bill.is_credit();
    // What was paid before it was voided was paid all the same.
    let is_moved =
        move |debit: Kind| is_out || matches!(debit, Kind::Clearing | Kind::Refunds | Kind::Disputes | Kind::Fees);
    let moved = moved.into_iter().filter(move |(debit, ..)| is_moved(*debit)).map(|(debit, credit, amount)| {
        let amount = bill.coin().millionths(amount);
        [posting(bill, debit, amount), posting(bill, credit, -amount)]
    });
    // What was taken back while nobody paid it takes from what is lost or waits, and not from what is invoiced next.
    let offset = bill.coin().millionths(bill.way.offset);
    let lost = match seen {
        _ if bill.is_dead() => Kind::Withdrawn,
        Status::Uncollectible => Kind::BadDebt,
        _ => Kind::Refunds,
    };
    moved.chain([[posting(bill, Kind::RoundingCarried, offset), posting(bill, lost, -offset)]])
}

fn posting(bill: &Bill, kind: Kind, amount: i128) -> Posting {
    Posting { account: Account { kind, owner: bill.payer, currency: bill.currency() }, amount }
}

/// What is on each account.
#[derive(Clone, Debug, Default)]
pub struct Balances(hashbrown::HashMap<Account, i128>);

impl Balances {
    /// What the charges of a book come to. They are worked out when asked for: kept up to date, a million accounts
    /// cost the bookkeeper a sixth of his time, and nobody looked at them.
    pub fn of(book: &Book) -> Balances {
        let mut balances = Balances::default();
        let charges = (0..).zip(book.charges().iter());
        for posting in charges.flat_map(|(number, charge)| postings(charge, book.payer_of(number, &charge))) {
            *balances.0.entry(posting.account).or_default() += posting.amount;
        }
        for posting in book.bills().iter().flat_map(bill_postings) {
            *balances.0.entry(posting.account).or_default() += posting.amount;
        }
        balances
    }

    /// The balances in a fixed order.
    pub fn sorted(&self) -> BTreeMap<Account, i128> {
        self.0.iter().map(|(account, balance)| (*account, *balance)).collect()
    }

    /// What is on one account: a debit above zero.
    pub fn on(&self, account: Account) -> Sum {
        Sum(self.0.get(&account).copied().unwrap_or_default())
    }

    /// The trial balance: by currency, the sum over all accounts, which is nothing.
    pub fn trial(&self) -> BTreeMap<Currency, i128> {
        let mut sums = BTreeMap::new();
        for (account, balance) in &self.0 {
            *sums.entry(account.currency).or_default() += balance;
        }
        sums
    }

    /// The sum over all accounts of a kind, as that kind is read: revenue shows what was earned.
    pub fn of_kind(&self, kind: Kind, currency: Currency) -> Sum {
        let sum: i128 = self
            .0
            .iter()
            .filter(|(account, _)| account.kind == kind && account.currency == currency)
            .map(|(_, balance)| balance)
            .sum();
        Sum(match kind {
            Kind::Revenue | Kind::ShadowRevenue | Kind::HeldRevenue | Kind::Vat => -sum,
            Kind::Unbilled
            | Kind::NoPayer
            | Kind::ShadowReceivable
            | Kind::HeldReceivable
            | Kind::Invoiced
            | Kind::RoundingCarried
            | Kind::Withdrawn
            | Kind::Clearing
            | Kind::CustomerBalance
            | Kind::Credited
            | Kind::BadDebt
            | Kind::Refunds
            | Kind::Disputes
            | Kind::Fees => sum,
        })
    }
}

/// The largest sum of charges that a book takes: every sum over parts of it fits 63 bits.
pub const CHARGES_MAX: Money = Money::from_millionths(i64::MAX / 2);
