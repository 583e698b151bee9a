//! What readers see: the sums as they were when the journal was last synced, ready to be asked.
//!
//! A view is small and never changes; the bookkeeper publishes a new one after each sync.

use crate::domain::calendar::{Calendar, Day};
use crate::domain::money::{Currency, Money, Sum};
use crate::domain::names::Name;
use crate::domain::time::Moment;

use super::totals::{ByStage, InCurrency, Period, Role, RuleSum, Totals, both};

/// The sums at one durable height.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// How many events were taken.
    pub facts: u64,
    /// How many of them made a transaction.
    pub transactions: u64,
    /// How many contradicted what was taken before.
    pub conflicts: u64,
    /// The end of the journal.
    pub position: u64,
    currencies: Vec<Glance>,
}

/// The sums of one currency.
#[derive(Clone, Debug)]
struct Glance {
    currency: Currency,
    /// The last days on which anything was earned, in order: enough for a month and the week it ends in.
    days: Vec<(Day, ByStage)>,
    /// The days that the targets count, from the day of the first charge on.
    first_days: Vec<(Day, Sum)>,
    first: Day,
    all_time: ByStage,
    rules: Vec<RuleSum>,
    newest: [Day; 4],
    citizens: [Vec<(Name, i64)>; 4],
    /// Of all time.
    businesses: Vec<(Name, i64)>,
}

const DAYS: usize = 40;

/// A goal of the rollout, counted from the first day on which anything was earned.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Within so many days.
    pub days: i32,
    /// This much.
    pub goal: Money,
}

/// The goals that Rialto was built for.
pub const TARGETS: [Target; 4] = [
    Target { name: "day one", days: 1, goal: Money::from_millionths(10_000_000) },
    Target { name: "week one", days: 7, goal: Money::from_millionths(500_000_000) },
    Target { name: "week two", days: 14, goal: Money::from_millionths(1_500_000_000) },
    Target { name: "month one", days: 30, goal: Money::from_millionths(3_000_000_000) },
];

/// The answer to the dashboard's question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dashboard {
    /// Of this currency.
    pub currency: Currency,
    /// When it was asked.
    pub as_of: Moment,
    /// What was earned in the current day, week and month, and in all.
    pub periods: [ByStage; 4],
    /// Who earned most in each, best first.
    pub top_earners: [Vec<(Name, Sum)>; 4],
    /// The businesses that earned most of all, best first.
    pub top_businesses: Vec<(Name, Sum)>,
    /// How much was earned within each of [`TARGETS`].
    pub reached: [Sum; TARGETS.len()],
}

impl View {
    /// The view of these totals.
    pub fn new(totals: &Totals, facts: u64, conflicts: u64, position: u64) -> View {
        View {
            facts,
            transactions: totals.counted() as u64,
            conflicts,
            position,
            currencies: totals.currencies().iter().map(Glance::new).collect(),
        }
    }

    /// Answers the dashboard's question as of `now`. Periods are told by the calendar, so that a new
    /// day begins at midnight and needs no event.
    pub fn dashboard(&self, currency: Currency, now: Moment, calendar: &Calendar) -> Dashboard {
        let today = calendar.day(now);
        let glance = self.currencies.iter().find(|glance| glance.currency == currency);
        let Some(glance) = glance else {
            return Dashboard {
                currency,
                as_of: now,
                periods: Default::default(),
                top_earners: Default::default(),
                top_businesses: Vec::new(),
                reached: Default::default(),
            };
        };
        let top = |period: Period| {
            let is_current = glance.newest[period as usize] == period.start(today);
            let earners = &glance.citizens[period as usize];
            earners.iter().filter(|_| is_current).map(|&(name, sum)| (name, Sum(sum.into()))).collect()
        };
        Dashboard {
            currency,
            as_of: now,
            periods: Period::ALL.map(|period| glance.earned(period, today)),
            top_earners: Period::ALL.map(top),
            top_businesses: glance.businesses.iter().map(|&(name, sum)| (name, Sum(sum.into()))).collect(),
            reached: TARGETS.map(|target| glance.reached(target)),
        }
    }

    /// The sums by rule and stage, currency by currency.
    pub fn rules(&self) -> impl Iterator<Item = (Currency, &RuleSum)> {
        self.currencies.iter().flat_map(|glance| glance.rules.iter().map(|rule| (glance.currency, rule)))
    }
}

impl Glance {
    fn new(sums: &InCurrency) -> Glance {
        let last = sums.days.len().saturating_sub(DAYS);
        let first = sums.first.unwrap_or(Day(i32::MIN));
        let longest = TARGETS.iter().map(|target| target.days).max().unwrap_or(0);
        let [from, to] =
            [first.0, first.0.saturating_add(longest)].map(|day| sums.days.partition_point(|sums| sums.day.0 < day));
        let earners = |role: Role, period: Period| sums.tops[role as usize][period as usize].earners().to_vec();
        Glance {
            currency: sums.currency,
            days: sums.days[last..].iter().map(|sums| (sums.day, sums.stages)).collect(),
            first_days: sums.days[from..to].iter().map(|sums| (sums.day, both(sums.stages))).collect(),
            first,
            all_time: sums.all_time(),
            rules: sums.rules.clone(),
            newest: sums.newest,
            citizens: Period::ALL.map(|period| earners(Role::Citizen, period)),
            businesses: earners(Role::Business, Period::AllTime),
        }
    }

    fn earned(&self, period: Period, today: Day) -> ByStage {
        if period == Period::AllTime {
            return self.all_time;
        }
        let start = period.start(today);
        let days = self.days.iter().rev().take_while(|(day, _)| start <= *day).filter(|(day, _)| *day <= today);
        days.fold(ByStage::default(), |[shadow, live], (_, stages)| [shadow.plus(stages[0]), live.plus(stages[1])])
    }

    fn reached(&self, target: Target) -> Sum {
        let first = self.first;
        let days = self.first_days.iter().take_while(|(day, _)| day.0.saturating_sub(first.0) < target.days);
        days.fold(Sum::default(), |sum, (_, earned)| sum.plus(*earned))
    }
}
