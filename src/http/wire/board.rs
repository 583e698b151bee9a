//! The dashboard.

use serde::Serialize;

use crate::domain::calendar::Period;
use crate::domain::charge::Stage;
use crate::domain::money::Sum;
use crate::domain::names::Name;
use crate::domain::outlook::Outlook;
use crate::domain::targets::{Progress, State, Target};
use crate::ledger::totals::{ByStage, both};
use crate::ledger::view::Dashboard;

/// The dashboard: the brief's own keys first.
#[derive(Debug, Serialize)]
pub struct Board {
    today: String,
    week: String,
    month: String,
    top_earners: Vec<Earning>,
    currency: String,
    as_of: String,
    live: Periods,
    shadow: Periods,
    collected: Periods,
    collectable: Option<Collectable>,
    held: String,
    top_earners_by_period: TopByPeriod,
    top_businesses: Vec<BusinessEarning>,
    targets: Vec<Goal>,
}

/// What one citizen earned.
#[derive(Debug, Serialize)]
pub struct Earning {
    citizen_id: &'static str,
    amount: String,
}

/// What one business earned.
#[derive(Debug, Serialize)]
pub struct BusinessEarning {
    business_id: &'static str,
    amount: String,
}

/// Sums of the current periods.
#[derive(Debug, Serialize)]
pub struct Periods {
    today: String,
    week: String,
    month: String,
    all_time: String,
}

/// What may be collected, and the taxes beside it. What is due and what is invoiced are the amount and the fees.
#[derive(Debug, Serialize)]
struct Collectable {
    amount: String,
    due: String,
    invoiced: String,
    fees: String,
    waiting: String,
    withdrawn: String,
    without_payer: String,
    invoiced_tax: String,
    collected_tax: String,
    as_of: String,
}

impl Collectable {
    fn new(outlook: &Outlook, as_of: String) -> Collectable {
        Collectable {
            amount: outlook.collectable().to_string(),
            due: outlook.due.to_string(),
            invoiced: outlook.invoiced.to_string(),
            fees: outlook.fees.to_string(),
            waiting: outlook.waiting.to_string(),
            withdrawn: outlook.withdrawn.to_string(),
            without_payer: outlook.without_payer.to_string(),
            invoiced_tax: outlook.invoiced_tax.to_string(),
            collected_tax: outlook.collected_tax.to_string(),
            as_of,
        }
    }
}

#[derive(Debug, Serialize)]
struct TopByPeriod {
    today: Vec<Earning>,
    week: Vec<Earning>,
    month: Vec<Earning>,
}

#[derive(Debug, Serialize)]
struct Goal {
    name: String,
    days: u32,
    basis: &'static str,
    goal: String,
    reached: String,
    collected: String,
    done: bool,
    state: &'static str,
    needed_a_day: String,
    rate_a_day: String,
    projected: Option<String>,
    projected_best: Option<String>,
    projected_worst: Option<String>,
}

impl Goal {
    fn all(dashboard: &Dashboard) -> Vec<Goal> {
        let targets = dashboard.targets.all.iter().enumerate();
        let goal = |(number, target): (usize, &Target)| {
            let progress = dashboard.progress.get(number);
            let sum = |sum: fn(&Progress) -> Sum| progress.map_or_else(Sum::default, sum).to_string();
            let projected = progress.map_or([None; 3], |progress| progress.projected);
            let [projected, projected_best, projected_worst] =
                projected.map(|day| day.map(|day| day.date().to_string()));
            let state = progress.map_or(State::Waiting, |progress| progress.state);
            Goal {
                name: target.name.clone(),
                days: target.days,
                basis: target.basis.as_str(),
                goal: target.goal.to_string(),
                reached: sum(|progress| progress.reached),
                collected: sum(|progress| progress.collected),
                done: state == State::Reached,
                state: state.as_str(),
                needed_a_day: sum(|progress| progress.needed_a_day),
                rate_a_day: sum(|progress| progress.rate_a_day),
                projected,
                projected_best,
                projected_worst,
            }
        };
        targets.map(goal).collect()
    }
}

impl Board {
    /// The board of a dashboard, whose times are shown in `zone`.
    pub fn new(dashboard: &Dashboard, zone: chrono_tz::Tz) -> Board {
        let [today, week, month, _] = dashboard.periods.map(|stages| both(stages).to_string());
        let [top_today, top_week, top_month, top_earners] = dashboard.top_earners.each_ref().map(|earners| {
            let earning = |&(name, sum): &(Name, Sum)| Earning { citizen_id: name.as_str(), amount: sum.to_string() };
            earners.iter().map(earning).collect::<Vec<_>>()
        });
        Board {
            today,
            week,
            month,
            top_earners,
            currency: dashboard.currency.to_string(),
            as_of: dashboard.as_of.in_zone(zone),
            live: Periods::of(dashboard.periods, Stage::Live),
            shadow: Periods::of(dashboard.periods, Stage::Shadow),
            collected: Periods::new(dashboard.collected),
            collectable: dashboard.outlook.map(|(outlook, as_of)| Collectable::new(&outlook, as_of.in_zone(zone))),
            held: both(dashboard.held).to_string(),
            top_businesses: dashboard.top_businesses[Period::AllTime as usize]
                .iter()
                .map(|&(name, sum)| BusinessEarning { business_id: name.as_str(), amount: sum.to_string() })
                .collect(),
            top_earners_by_period: TopByPeriod { today: top_today, week: top_week, month: top_month },
            targets: Goal::all(dashboard),
        }
    }
}

impl Periods {
    fn of(periods: [ByStage; 4], stage: Stage) -> Periods {
        Periods::new(periods.map(|stages| stages[stage as usize]))
    }

    fn new(sums: [Sum; 4]) -> Periods {
        let [today, week, month, all_time] = sums.map(|sum| sum.to_string());
        Periods { today, week, month, all_time }
    }
}
