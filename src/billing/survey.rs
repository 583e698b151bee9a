//! A survey of the bills: how many are where, what of them is not paid and how old that is, and what came of
//! the payments of the others.

use std::collections::BTreeMap;

use crate::domain::bills::Status;
use crate::domain::money::{Currency, Sum};
use crate::domain::time::Moment;
use crate::ledger::bill::Bill;

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

/// A survey of all bills.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// How many have an invoice of each [`Status`]; credit notes are no bills of this kind.
    pub bills: [u64; Status::ALL.len()],
    /// How many have a step that failed, and are not settled,
    pub refused: u64,
    /// and how many have a fault that somebody has to look at. What came to nothing is among neither.
    pub faulty: u64,
    /// When the oldest was drawn of those that are to be paid.
    pub oldest: Option<Moment>,
    /// What came of them, by currency.
    pub money: BTreeMap<Currency, Came>,
}

/// What came of the bills of a currency, without taxes where they are known apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
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

impl Survey {
    /// How these bills stand at `now`.
    pub fn of<'b>(bills: impl IntoIterator<Item = &'b Bill>, now: Moment) -> Survey {
        let mut survey = Survey::default();
        bills.into_iter().for_each(|bill| survey.add(bill, now));
        survey
    }

    fn add(&mut self, bill: &Bill, now: Moment) {
        let (coin, seen) = (bill.coin(), &bill.seen);
        let came = self.money.entry(bill.currency()).or_default();
        let takings = seen.takings.unwrap_or_default();
        let amounts = [
            (&mut came.refunded, seen.amounts.net(takings.refunded)),
            (&mut came.disputed, seen.amounts.net(takings.disputed)),
            (&mut came.fees, takings.fees),
        ];
        for (sum, amount) in amounts {
            sum.0 += coin.millionths(amount);
        }
        self.refused += u64::from(bill.way.failed.is_some() && !bill.is_settled());
        self.faulty += u64::from(bill.fault().is_some() && !bill.is_dead());
        if bill.is_credit() {
            return;
        }
        self.bills[seen.status as usize] += 1;
        match seen.status {
            Status::Open => {
                came.open[Age::of(bill.at, now) as usize].0 += coin.millionths(bill.outstanding());
                self.oldest = Some(self.oldest.map_or(bill.at, |oldest| oldest.min(bill.at)));
            }
            Status::Uncollectible => {
                came.uncollectible.0 += coin.millionths(seen.amounts.net(seen.amounts.remaining));
            }
            Status::Absent | Status::Draft | Status::Paid | Status::Void => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bills::{Amounts, BillNo, Detail, Drawn, Fault, Refusal, Sight, Step, Takings};
    use crate::domain::names::Name;
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
        let survey = Survey::of(&bills, Moment(0));
        assert_eq!(survey.bills, [0, 1, 3, 1, 1, 0]);
        assert_eq!(survey.oldest, Some(Moment(-91 * DAY)));
        let came = survey.money.values().next().expect("euros");
        assert_eq!(came.open.map(|sum| sum.0 / 10_000), [10_000, 0, 5_000, 1_000]);
        let sums = [came.uncollectible, came.refunded, came.disputed, came.fees];
        assert_eq!(sums.map(|sum| sum.0 / 10_000), [2_000, 500, 200, 300]);
        assert_eq!((survey.refused, survey.faulty), (0, 0));
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
            let survey = Survey::of([&bill], Moment(0));
            assert_eq!((survey.refused, survey.faulty), told, "{bill:?}");
        }
    }
}
