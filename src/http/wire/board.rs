//! The dashboard.

use serde::Serialize;

use crate::domain::charge::Stage;
use crate::domain::money::Sum;
use crate::domain::names::Name;
use crate::ledger::totals::{ByStage, both};
use crate::ledger::view::{Dashboard, TARGETS};

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

#[derive(Debug, Serialize)]
struct TopByPeriod {
    today: Vec<Earning>,
    week: Vec<Earning>,
    month: Vec<Earning>,
}

#[derive(Debug, Serialize)]
struct Goal {
    name: &'static str,
    goal: String,
    reached: String,
    done: bool,
}

impl Board {
    /// The board of a dashboard, whose times are shown in `zone`.
    pub fn new(dashboard: &Dashboard, zone: chrono_tz::Tz) -> Board {
        let [today, week, month, _] = dashboard.periods.map(|stages| both(stages).to_string());
        let [top_today, top_week, top_month, top_earners] = dashboard.top_earners.each_ref().map(|earners| {
            let earning = |&(name, sum): &(Name, Sum)| Earning { citizen_id: name.as_str(), amount: sum.to_string() };
            earners.iter().map(earning).collect::<Vec<_>>()
        });
        let goals = TARGETS.into_iter().zip(dashboard.reached);
        Board {
            today,
            week,
            month,
            top_earners,
            currency: dashboard.currency.to_string(),
            as_of: dashboard.as_of.in_zone(zone),
            live: Periods::of(dashboard.periods, Stage::Live),
            shadow: Periods::of(dashboard.periods, Stage::Shadow),
            // Nothing can be held before there are guards.
            held: Sum::default().to_string(),
            top_businesses: dashboard
                .top_businesses
                .iter()
                .map(|&(name, sum)| BusinessEarning { business_id: name.as_str(), amount: sum.to_string() })
                .collect(),
            top_earners_by_period: TopByPeriod { today: top_today, week: top_week, month: top_month },
            targets: goals
                .map(|(target, reached)| Goal {
                    name: target.name,
                    goal: target.goal.to_string(),
                    reached: reached.to_string(),
                    done: i128::from(target.goal.millionths()) <= reached.0,
                })
                .collect(),
        }
    }
}

impl Periods {
    fn of(periods: [ByStage; 4], stage: Stage) -> Periods {
        let [today, week, month, all_time] = periods.map(|stages| stages[stage as usize].to_string());
        Periods { today, week, month, all_time }
    }
}
