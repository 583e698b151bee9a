//! What would be invoiced now, and why the rest waits.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;

use super::invoices::line_words;
use crate::billing::lines::Line;
use crate::billing::plan::{Invoice, Policy, Waiting, Why};
use crate::domain::coin::Coin;
use crate::domain::ids::TransactionId;
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::domain::payers::Collection;
use crate::domain::tariff::timeline::Tariffs;
use crate::wiring::Planned;

/// A plan.
#[derive(Debug, Serialize)]
pub struct Bills {
    today: String,
    minimum: String,
    age_days: u32,
    totals: Vec<Total>,
    invoices: Vec<Bill>,
    waiting: Vec<Rest>,
}

/// A currency: what is owed is what is due, what waits, and what is carried.
#[derive(Debug, Serialize)]
struct Total {
    currency: String,
    /// What was earned live, of all payers and of nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    earned: Option<String>,
    /// What is due or invoiced and not paid, less what Stripe is expected to take.
    collectable: String,
    /// What was paid and not given back, without taxes.
    collected: String,
    /// What is invoiced and not paid, without taxes.
    invoiced: String,
    owed: String,
    due: String,
    fees: String,
    waiting: String,
    carried: String,
    without_payer: String,
}

#[derive(Debug, Serialize)]
struct Bill {
    payer: &'static str,
    customer: Option<&'static str>,
    currency: String,
    amount: String,
    fee: String,
    /// In percent of the amount.
    fee_share: String,
    collection: &'static str,
    days: Option<u16>,
    /// The bill that it takes from: then it is a credit note.
    credits: Option<String>,
    /// Whether it is below the minimum, and due because it is old.
    old: bool,
    from: String,
    to: String,
    carried: String,
    rest: String,
    items: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<Row>>,
}

#[derive(Debug, Serialize)]
struct Row {
    /// The day; or the month, where there are many, or nothing.
    date: String,
    earner: Option<&'static str>,
    rule: &'static str,
    transactions: u32,
    amount: String,
    exact: String,
}

#[derive(Debug, Serialize)]
struct Rest {
    payer: &'static str,
    currency: String,
    owed: String,
    since: String,
    why: &'static str,
    help: String,
}

#[derive(Default)]
struct Sums {
    owed: i128,
    due: i128,
    fees: i128,
    waiting: i128,
    carried: i128,
    nobodys: i128,
    invoiced: i128,
    invoiced_fees: i128,
    collected: i128,
}

impl Bills {
    /// A plan by this policy; of one payer alone, where one is given, and with lines where they are wanted.
    pub fn new(planned: &Planned, policy: &Policy, tariffs: &Tariffs, payer: Option<Name>, has_lines: bool) -> Bills {
        let is_wanted = |id: Name| payer.is_none_or(|payer| payer == id);
        let invoices = || planned.plan.invoices.iter().filter(|invoice| is_wanted(invoice.payer.id));
        let waiting = || planned.plan.waiting.iter().filter(|waiting| is_wanted(waiting.payer.id));
        let mut sums: BTreeMap<Currency, Sums> = BTreeMap::new();
        for invoice in invoices() {
            let (sums, coin) = (sums.entry(invoice.currency).or_default(), Coin::of(invoice.currency));
            sums.owed += invoice.lines.iter().map(|line| line.exact.0).sum::<i128>();
            sums.due += coin.millionths(invoice.total);
            sums.fees += coin.millionths(invoice.fee);
            sums.carried += invoice.rest.0 - invoice.carried.0;
        }
        for waiting in waiting() {
            let sums = sums.entry(waiting.currency).or_default();
            sums.owed += waiting.owed.0;
            sums.waiting += waiting.owed.0;
        }
        for bill in planned.bills.iter().filter(|bill| is_wanted(bill.drawn.payer.id)) {
            let (sums, coin) = (sums.entry(bill.currency()).or_default(), bill.coin());
            let outstanding = bill.outstanding();
            sums.invoiced += coin.millionths(outstanding);
            sums.invoiced_fees += if 0 < outstanding { coin.millionths(policy.fee(outstanding, coin)) } else { 0 };
            sums.collected += coin.millionths(bill.collected());
        }
        for (currency, sum) in planned.plan.nobodys.iter().filter(|_| payer.is_none()) {
            sums.entry(*currency).or_default().nobodys = sum.0;
        }
        Bills {
            today: planned.today.date().to_string(),
            minimum: policy.minimum.to_string(),
            age_days: policy.age_days,
            totals: sums.iter().map(total).collect(),
            invoices: invoices().map(|invoice| bill(invoice, planned, tariffs, has_lines)).collect(),
            waiting: waiting().map(|waiting| rest(waiting, policy)).collect(),
        }
    }
}

impl Bills {
    /// Tells what was earned besides, currency by currency.
    pub fn earned(&mut self, earned: impl Fn(Currency) -> Sum) {
        for total in &mut self.totals {
            total.earned = Currency::parse(&total.currency).map(|currency| earned(currency).to_string());
        }
    }
}

fn total((currency, sums): (&Currency, &Sums)) -> Total {
    let text = |millionths: i128| Sum(millionths).to_string();
    Total {
        currency: currency.to_string(),
        earned: None,
        collectable: text(sums.due + sums.invoiced - sums.fees - sums.invoiced_fees),
        collected: text(sums.collected),
        invoiced: text(sums.invoiced),
        owed: text(sums.owed),
        due: text(sums.due),
        fees: text(sums.fees),
        waiting: text(sums.waiting),
        carried: text(sums.carried),
        without_payer: text(sums.nobodys),
    }
}

fn bill(invoice: &Invoice, planned: &Planned, tariffs: &Tariffs, has_lines: bool) -> Bill {
    let coin = Coin::of(invoice.currency);
    let amount = |amount: i64| Sum(coin.millionths(amount)).to_string();
    let share = Decimal::from(invoice.fee) * Decimal::ONE_HUNDRED / Decimal::from(invoice.total.max(1));
    let row = |line: &Line| {
        let (date, rule) = line_words(line, invoice.detail, tariffs);
        Row {
            date: date.unwrap_or_default(),
            earner: planned.name(line.key.earner).map(Name::as_str),
            rule: rule.unwrap_or_default(),
            transactions: line.count,
            amount: amount(line.amount),
            exact: line.exact.to_string(),
        }
    };
    Bill {
        payer: invoice.payer.id.as_str(),
        customer: invoice.payer.customer.map(Name::as_str),
        currency: invoice.currency.to_string(),
        amount: amount(invoice.total),
        fee: amount(invoice.fee),
        fee_share: share.round_dp(1).to_string(),
        collection: invoice.payer.collection.as_str(),
        days: if let Collection::Send { days } = invoice.payer.collection { Some(days) } else { None },
        credits: invoice.credits.map(|no| no.to_string()),
        old: invoice.is_old,
        from: TransactionId(u64::from(invoice.from) + 1).to_string(),
        to: TransactionId(invoice.to.into()).to_string(),
        carried: invoice.carried.to_string(),
        rest: invoice.rest.to_string(),
        items: invoice.lines.iter().filter(|line| line.amount != 0).count(),
        lines: has_lines.then(|| invoice.lines.iter().map(row).collect()),
    }
}

fn rest(waiting: &Waiting, policy: &Policy) -> Rest {
    let currency = waiting.currency;
    let help = match waiting.why {
        Why::NoCustomer => "he has no customer's id at Stripe: `rialto payer add` gives him one".to_owned(),
        Why::Currency(paid) => format!("he pays in {paid}, and this was charged in {currency}"),
        Why::Nothing => "as much or more was taken back; it lowers the next invoice".to_owned(),
        Why::Minimum(minimum) => {
            format!("it is less than {minimum} {currency}; after {} days it is invoiced all the same", policy.age_days)
        }
        Why::Least(least) => {
            format!("Stripe takes no payment below {} {currency}", Sum(Coin::of(currency).millionths(least)))
        }
        Why::TooMuch => "it is more than an invoice can come to".to_owned(),
    };
    Rest {
        payer: waiting.payer.id.as_str(),
        currency: currency.to_string(),
        owed: waiting.owed.to_string(),
        since: waiting.since.date().to_string(),
        why: waiting.why.as_str(),
        help,
    }
}
