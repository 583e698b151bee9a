//! What would be invoiced now, and why the rest waits.

use rust_decimal::Decimal;
use serde::Serialize;

use super::invoices::line_words;
use crate::billing::lines::Line;
use crate::billing::outlook::outlook;
use crate::billing::plan::{Again, Invoice, Waiting, Why};
use crate::billing::policy::Policy;
use crate::domain::coin::Coin;
use crate::domain::ids::TransactionId;
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::domain::outlook::Outlook;
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
    again: Vec<Anew>,
    carried: Vec<Over>,
}

/// What is billed in the place of a bill that came to nothing.
#[derive(Debug, Serialize)]
struct Anew {
    bill: String,
    payer: &'static str,
    currency: String,
    amount: String,
    fee: String,
}

/// Whole amounts that are carried since something was taken over: nothing is billed to him before somebody asks for it.
#[derive(Debug, Serialize)]
struct Over {
    payer: &'static str,
    currency: String,
    amount: String,
}

/// A currency: what is owed is what is due, what waits, and what is carried.
#[derive(Debug, Serialize)]
struct Total {
    currency: String,
    /// What was earned live, of all payers and of nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    earned: Option<String>,
    collectable: String,
    collected: String,
    collected_tax: String,
    invoiced: String,
    invoiced_tax: String,
    owed: String,
    due: String,
    fees: String,
    waiting: String,
    carried: String,
    withdrawn: String,
    without_payer: String,
}

impl Total {
    fn new(currency: Currency, outlook: &Outlook) -> Total {
        Total {
            currency: currency.to_string(),
            earned: None,
            collectable: outlook.collectable().to_string(),
            collected: outlook.collected.to_string(),
            collected_tax: outlook.collected_tax.to_string(),
            invoiced: outlook.invoiced.to_string(),
            invoiced_tax: outlook.invoiced_tax.to_string(),
            owed: outlook.owed.to_string(),
            due: outlook.due.to_string(),
            fees: outlook.fees.to_string(),
            waiting: outlook.waiting.to_string(),
            carried: outlook.carried.to_string(),
            withdrawn: outlook.withdrawn.to_string(),
            without_payer: outlook.without_payer.to_string(),
        }
    }
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

impl Bills {
    /// A plan by this policy; of one payer alone, where one is given, and with lines where they are wanted.
    pub fn new(planned: &Planned, policy: &Policy, tariffs: &Tariffs, payer: Option<Name>, has_lines: bool) -> Bills {
        let is_wanted = |id: Name| payer.is_none_or(|payer| payer == id);
        let invoices = || planned.plan.invoices.iter().filter(|invoice| is_wanted(invoice.payer.id));
        let waiting = || planned.plan.waiting.iter().filter(|waiting| is_wanted(waiting.payer.id));
        let totals = outlook(&planned.plan, planned.bills.iter(), policy, payer);
        Bills {
            today: planned.today.date().to_string(),
            minimum: policy.minimum.to_string(),
            age_days: policy.age_days,
            totals: totals.iter().map(|(currency, outlook)| Total::new(*currency, outlook)).collect(),
            invoices: invoices().map(|invoice| bill(invoice, planned, tariffs, has_lines)).collect(),
            waiting: waiting().map(|waiting| rest(waiting, policy)).collect(),
            again: planned.plan.again.iter().filter(|again| is_wanted(again.drawn.payer.id)).filter_map(anew).collect(),
            carried: planned
                .bills
                .carried_over()
                .filter(|(bill, _)| is_wanted(bill.drawn.payer.id))
                .map(|(bill, carried)| Over {
                    payer: bill.drawn.payer.id.as_str(),
                    currency: bill.currency().to_string(),
                    amount: carried.to_string(),
                })
                .collect(),
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

fn anew(Again { drawn, fee }: &Again) -> Option<Anew> {
    let (currency, coin) = (drawn.payer.currency, Coin::of(drawn.payer.currency));
    let amount = |amount: i64| Sum(coin.millionths(amount)).to_string();
    Some(Anew {
        bill: drawn.reissues?.to_string(),
        payer: drawn.payer.id.as_str(),
        currency: currency.to_string(),
        amount: amount(drawn.total),
        fee: amount(*fee),
    })
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
