//! What readers see: the sums as they were when the journal was last synced, ready to be asked.
//!
//! A view is small and never changes; the bookkeeper publishes a new one after each sync.

use std::sync::Arc;

use crate::domain::calendar::{Calendar, Day, Period};
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::domain::outlook::Outlook;
use crate::domain::rollout::Phases;
use crate::domain::targets::{self, Earned, Progress, Targets};
use crate::domain::time::Moment;

use super::collected::Collected;
use super::hours::{self, Hours};
use super::totals::{ByStage, InCurrency, Role, RuleSum, Totals, both};

/// The sums at one durable height.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// How many events were taken.
    pub facts: u64,
    /// How many of them made a transaction.
    pub transactions: u64,
    /// How many contradicted what was taken before.
    pub conflicts: u64,
    /// As many of those as nobody accepted.
    pub open_conflicts: u64,
    /// The end of the journal.
    pub position: u64,
    /// The end of the last record in it.
    pub recorded: u64,
    /// How many charges are held.
    pub held: u64,
    /// How many citizens are parked.
    pub parked: u64,
    /// How far the rollout is.
    pub phases: Phases,
    /// What was collected.
    pub collected: Arc<Collected>,
    targets: Arc<Targets>,
    currencies: Vec<Glance>,
}

/// The sums of one currency.
#[derive(Clone, Debug)]
struct Glance {
    currency: Currency,
    /// The last days on which anything was earned, in order: enough for a month and the week it ends in.
    days: Vec<(Day, ByStage)>,
    /// The days that the targets count, from the day of the first charge on.
    first_days: Vec<(Day, ByStage)>,
    hours: Hours,
    first: Day,
    all_time: ByStage,
    held: ByStage,
    rules: Vec<RuleSum>,
    newest: [Day; 4],
    citizens: [Vec<(Name, i64)>; 4],
    businesses: [Vec<(Name, i64)>; 4],
}

const DAYS: usize = 40;

/// Who earned most in a currency.
#[derive(Clone, Copy, Debug)]
pub struct Earners<'v> {
    /// The currency.
    pub currency: Currency,
    /// The citizens of each period, best first, in millionths.
    pub citizens: [&'v [(Name, i64)]; 4],
    /// The businesses of all time.
    pub businesses: &'v [(Name, i64)],
    /// What everybody earned, of all time.
    pub all: Sum,
}

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
    /// The businesses that earned most in each, best first.
    pub top_businesses: [Vec<(Name, Sum)>; 4],
    /// What was collected in each, without taxes: paid, and not given back or in dispute.
    pub collected: [Sum; 4],
    /// What is held, and in no other sum.
    pub held: ByStage,
    /// What may be collected, and as of when; `None` where it was not worked out yet. A view alone does not know it.
    pub outlook: Option<(Outlook, Moment)>,
    /// How each target stands; none where nothing was earned yet and no start was set.
    pub progress: Vec<Progress>,
    /// The targets.
    pub targets: Arc<Targets>,
}

impl View {
    /// The view of these totals.
    pub fn new(totals: &Totals, facts: u64, conflicts: u64, position: u64, targets: &Arc<Targets>) -> View {
        View {
            targets: Arc::clone(targets),
            collected: Arc::default(),
            facts,
            transactions: totals.counted() as u64,
            conflicts,
            position,
            recorded: position,
            open_conflicts: 0,
            held: 0,
            parked: 0,
            phases: Phases::default(),
            currencies: totals.currencies().iter().map(|sums| Glance::new(sums, targets)).collect(),
        }
    }

    /// Answers the dashboard's question as of `now`. Periods are told by the calendar, so that a new
    /// day begins at midnight and needs no event.
    pub fn dashboard(&self, currency: Currency, now: Moment, calendar: &Calendar) -> Dashboard {
        let today = calendar.day(now);
        let collected = Period::ALL.map(|period| self.collected.in_period(currency, period, today));
        let glance = self.currencies.iter().find(|glance| glance.currency == currency);
        let Some(glance) = glance else {
            return Dashboard {
                currency,
                as_of: now,
                periods: Default::default(),
                top_earners: Default::default(),
                top_businesses: Default::default(),
                collected,
                held: ByStage::default(),
                outlook: None,
                progress: Vec::new(),
                targets: Arc::clone(&self.targets),
            };
        };
        let top = |earners, period| {
            let top = glance.top(earners, period, today).iter();
            top.map(|&(name, sum)| (name, Sum(sum.into()))).collect()
        };
        Dashboard {
            currency,
            as_of: now,
            periods: Period::ALL.map(|period| glance.earned(period, today)),
            top_earners: Period::ALL.map(|period| top(&glance.citizens, period)),
            top_businesses: Period::ALL.map(|period| top(&glance.businesses, period)),
            collected,
            held: glance.held,
            outlook: None,
            progress: glance.progress(&self.targets, today, |day| self.collected.on(currency, day)),
            targets: Arc::clone(&self.targets),
        }
    }

    /// What was earned in each of the last hours, up to that of `now`, the oldest first.
    pub fn hours(&self, currency: Currency, now: Moment, calendar: &Calendar) -> [(Moment, ByStage); hours::TOLD] {
        let glance = self.currencies.iter().find(|glance| glance.currency == currency);
        glance.map_or_else(|| Hours::default().told(now, calendar), |glance| glance.hours.told(now, calendar))
    }

    /// What is held, currency by currency.
    pub fn held_money(&self) -> impl Iterator<Item = (Currency, ByStage)> {
        self.currencies.iter().map(|glance| (glance.currency, glance.held))
    }

    /// Who earned most, currency by currency: the citizens of each period that is the current one, and the businesses of
    /// all time; and what all earned together.
    pub fn earners(&self, today: Day) -> impl Iterator<Item = Earners<'_>> {
        self.currencies.iter().map(move |glance| Earners {
            currency: glance.currency,
            citizens: Period::ALL.map(|period| glance.top(&glance.citizens, period, today)),
            businesses: &glance.businesses[Period::AllTime as usize],
            all: both(glance.all_time),
        })
    }

    /// The sums by rule and stage, currency by currency.
    pub fn rules(&self) -> impl Iterator<Item = (Currency, &RuleSum)> {
        self.currencies.iter().flat_map(|glance| glance.rules.iter().map(|rule| (glance.currency, rule)))
    }
}

impl Glance {
    fn new(sums: &InCurrency, targets: &Targets) -> Glance {
        let last = sums.days.len().saturating_sub(DAYS);
        let first = targets.start.or(sums.first).unwrap_or(Day(i32::MIN));
        let longest = targets.all.iter().map(|target| target.days).max().unwrap_or(0);
        let [from, to] = [first.0, first.0.saturating_add_unsigned(longest)]
            .map(|day| sums.days.partition_point(|sums| sums.day.0 < day));
        let earners = |role: Role, period: Period| sums.tops[role as usize][period as usize].earners().to_vec();
        Glance {
            currency: sums.currency,
            days: sums.days[last..].iter().map(|sums| (sums.day, sums.stages)).collect(),
            first_days: sums.days[from..to].iter().map(|sums| (sums.day, sums.stages)).collect(),
            hours: sums.hours.clone(),
            first,
            all_time: sums.all_time(),
            held: sums.held,
            rules: sums.rules.clone(),
            newest: sums.newest,
            citizens: Period::ALL.map(|period| earners(Role::Citizen, period)),
            businesses: Period::ALL.map(|period| earners(Role::Business, period)),
        }
    }

    /// Of who earned most in each period, those of the one that `today` is in.
    fn top<'e>(&self, earners: &'e [Vec<(Name, i64)>; 4], period: Period, today: Day) -> &'e [(Name, i64)] {
        let is_current = self.newest[period as usize] == period.start(today);
        if is_current { &earners[period as usize] } else { &[] }
    }

    fn earned(&self, period: Period, today: Day) -> ByStage {
        if period == Period::AllTime {
            return self.all_time;
        }
        let start = period.start(today);
        let days = self.days.iter().rev().take_while(|(day, _)| start <= *day).filter(|(day, _)| *day <= today);
        days.fold(ByStage::default(), |[shadow, live], (_, stages)| [shadow.plus(stages[0]), live.plus(stages[1])])
    }

    fn progress(&self, targets: &Targets, today: Day, collected: impl Fn(Day) -> Sum) -> Vec<Progress> {
        let on = |days: &[(Day, ByStage)], day: Day| {
            days.binary_search_by_key(&day, |(known, _)| *known).ok().map(|place| days[place].1)
        };
        let earned = |day: Day| {
            let [shadow, live] = on(&self.first_days, day).or_else(|| on(&self.days, day)).unwrap_or_default();
            Earned { shadow, live, collected: collected(day) }
        };
        // Where all that was charged is held, there is no day one yet.
        let has_begun = self.first != Day(i32::MIN);
        let begun = targets.all.iter().filter(|_| has_begun);
        begun.map(|target| targets::progress(target, self.first, today, earned)).collect()
    }
}
