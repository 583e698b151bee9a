//! The bills at a glance: how many are in each state, what they come to, what is not paid and how old that is, and what
//! came of the payments of the others.

use std::collections::BTreeMap;

use crate::domain::bills::{BillNo, Status};
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::domain::time::Moment;

use super::bill::Bill;

/// How a bill stands, for whoever looks at all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum State {
    /// It was drawn, and is on its way out.
    OnItsWay = 0,
    /// It is to be paid.
    Open = 1,
    /// It is paid.
    Paid = 2,
    /// Nobody believes any more that it will be.
    Uncollectible = 3,
    /// It came to nothing.
    Void = 4,
    /// It gives back what is on another.
    Credit = 5,
}

impl State {
    /// All of them.
    pub const ALL: [State; 6] =
        [State::OnItsWay, State::Open, State::Paid, State::Uncollectible, State::Void, State::Credit];

    /// The stable text of the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::OnItsWay => "on_its_way",
            State::Open => "open",
            State::Paid => "paid",
            State::Uncollectible => "uncollectible",
            State::Void => "void",
            State::Credit => "credit_note",
        }
    }

    fn of(bill: &Bill) -> State {
        match bill.seen.status {
            _ if bill.is_dead() => State::Void,
            _ if bill.is_credit() => State::Credit,
            Status::Absent | Status::Draft => State::OnItsWay,
            Status::Open => State::Open,
            Status::Uncollectible => State::Uncollectible,
            Status::Paid => State::Paid,
            Status::Void => State::Void,
        }
    }
}

/// How old an invoice is that is not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Age {
    /// Up to seven days.
    Week = 0,
    /// Up to thirty.
    Month = 1,
    /// Up to ninety.
    Quarter = 2,
    /// More.
    Older = 3,
}

impl Age {
    /// All of them, the youngest first.
    pub const ALL: [Age; 4] = [Age::Week, Age::Month, Age::Quarter, Age::Older];

    /// The stable text of the age.
    pub const fn as_str(self) -> &'static str {
        match self {
            Age::Week => "week",
            Age::Month => "month",
            Age::Quarter => "quarter",
            Age::Older => "older",
        }
    }

    /// The age at `now` of what is of the instant `at`.
    fn of(at: Moment, now: Moment) -> Age {
        const DAY: i64 = 24 * 3600 * 1_000_000;
        match now.0.saturating_sub(at.0) {
            age if age <= 7 * DAY => Age::Week,
            age if age <= 30 * DAY => Age::Month,
            age if age <= 90 * DAY => Age::Quarter,
            _ => Age::Older,
        }
    }
}

/// The bills of a currency at a glance. What came of them is without taxes, where they are known apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invoices {
    /// How many are in each [`State`], and what they come to before taxes.
    pub states: [(usize, Sum); State::ALL.len()],
    /// How many have a fault that somebody has to look at, and did not come to nothing.
    pub stuck: usize,
    /// How many have a step that failed, and are not settled.
    pub refused: usize,
    /// Of those that are to be paid, the one that was drawn first.
    pub oldest: Option<Unpaid>,
    /// What is to be paid, by [`Age`].
    pub open: [Sum; Age::ALL.len()],
    /// What nobody believes to be paid any more.
    pub uncollectible: Sum,
    /// What was given back.
    pub refunded: Sum,
    /// What is withdrawn in disputes.
    pub disputed: Sum,
    /// What Stripe took.
    pub fees: Sum,
}

/// A bill that is to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpaid {
    /// Its number.
    pub no: BillNo,
    /// When it was drawn.
    pub at: Moment,
    /// Who is to pay it.
    pub payer: Name,
    /// What it comes to before taxes.
    pub total: Sum,
}

impl Invoices {
    /// How these bills stand at `now`, by currency.
    pub fn by_currency<'b>(bills: impl IntoIterator<Item = &'b Bill>, now: Moment) -> BTreeMap<Currency, Invoices> {
        let mut glances = BTreeMap::<Currency, Invoices>::new();
        for bill in bills {
            glances.entry(bill.currency()).or_default().add(bill, now);
        }
        glances
    }

    fn add(&mut self, bill: &Bill, now: Moment) {
        let (coin, seen) = (bill.coin(), &bill.seen);
        let takings = seen.takings.unwrap_or_default();
        let amounts = [
            (&mut self.refunded, seen.amounts.net(takings.refunded)),
            (&mut self.disputed, seen.amounts.net(takings.disputed)),
            (&mut self.fees, takings.fees),
        ];
        for (sum, amount) in amounts {
            sum.0 += coin.millionths(amount);
        }
        let (state, total) = (State::of(bill), Sum(bill.total()));
        let (count, sum) = &mut self.states[state as usize];
        (*count, *sum) = (*count + 1, sum.plus(total));
        self.stuck += usize::from(bill.fault().is_some() && state != State::Void);
        self.refused += usize::from(bill.way.failed.is_some() && !bill.is_settled());
        match state {
            State::Open => {
                self.open[Age::of(bill.at, now) as usize].0 += coin.millionths(bill.outstanding());
                if self.oldest.is_none_or(|oldest| bill.at < oldest.at) {
                    self.oldest = Some(Unpaid { no: bill.no, at: bill.at, payer: bill.drawn.payer.id, total });
                }
            }
            State::Uncollectible => {
                self.uncollectible.0 += coin.millionths(seen.amounts.net(seen.amounts.remaining));
            }
            State::OnItsWay | State::Paid | State::Void | State::Credit => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bills::{Amounts, Detail, Drawn, Fault, Refusal, Sight, Step, Takings};
    use crate::domain::payers::Payer;
    use crate::ledger::bill::Failed;
    use crate::ledger::roll::NameNo;

    const DAY: i64 = 24 * 3600 * 1_000_000;

    fn bill(status: Status, days: i64, amounts: Amounts, takings: Option<Takings>) -> Bill {
        let name = |text| Name::new(text).expect("a name");
        let drawn = Drawn {
            mark: "f01d-1".into(),
            payer: Payer::new(name("Ada")),
            to: 0,
            reissues: None,
            credits: None,
            detail: Detail::Day,
            zone: name("Europe/Rome"),
            items: 1,
            digest: 0,
            total: amounts.total - amounts.tax,
            carried: Sum(0),
            rest: Sum(0),
        };
        let seen = Sight { status, amounts, takings, ..Sight::default() };
        let (no, rows) = (BillNo(1), [].into());
        Bill {
            no,
            drawn,
            at: Moment(-days * DAY),
            payer: NameNo(0),
            rows,
            reissued_by: None,
            way: Default::default(),
            seen,
        }
    }

    #[test]
    fn bills_are_counted_and_what_is_open_has_its_age() {
        let owing = |remaining| Amounts { total: 12_200, tax: 2_200, remaining, ..Amounts::default() };
        let paid = Amounts { total: 12_200, tax: 2_200, paid: 12_200, ..Amounts::default() };
        let bills = [
            bill(Status::Open, 7, owing(12_200), None),
            bill(Status::Open, 31, owing(6_100), None),
            bill(Status::Open, 91, owing(1_220), None),
            bill(Status::Uncollectible, 200, owing(2_440), None),
            bill(Status::Paid, 5, paid, Some(Takings { refunded: 610, disputed: 244, fees: 300 })),
            bill(Status::Draft, 400, Amounts::default(), None),
        ];
        let glances = Invoices::by_currency(&bills, Moment(0));
        let came = glances.values().next().expect("euros");
        assert_eq!(came.states.map(|(count, _)| count), [1, 3, 1, 1, 0, 0]);
        assert_eq!(came.oldest.map(|oldest| oldest.at), Some(Moment(-91 * DAY)));
        assert_eq!(came.open.map(|sum| sum.0 / 10_000), [10_000, 0, 5_000, 1_000]);
        let sums = [came.uncollectible, came.refunded, came.disputed, came.fees];
        assert_eq!(sums.map(|sum| sum.0 / 10_000), [2_000, 500, 200, 300]);
        assert_eq!((came.refused, came.stuck), (0, 0));
    }

    #[test]
    fn what_failed_is_told_until_it_is_settled_or_came_to_nothing() {
        let failing = |status, dropped: bool| {
            let mut bill = bill(status, 1, Amounts { total: 100, remaining: 100, ..Amounts::default() }, None);
            let refusal = Refusal { status: 400, code: "resource_missing".into() };
            bill.way.failed = Some(Failed { step: Step::Create, refusal, at: Moment(0), times: 5, is_doubtful: false });
            bill.way.dropped = dropped.then(|| "ordered".into());
            bill.seen.fault = Some(Fault::Total);
            bill
        };
        for (bill, told) in [
            (failing(Status::Absent, false), (1, 1)),
            (failing(Status::Open, false), (1, 1)),
            (failing(Status::Absent, true), (0, 0)),
            (failing(Status::Void, false), (0, 0)),
        ] {
            let glances = Invoices::by_currency([&bill], Moment(0));
            let came = glances.values().next().expect("euros");
            assert_eq!((came.refused, came.stuck), told, "{bill:?}");
        }
    }
}
