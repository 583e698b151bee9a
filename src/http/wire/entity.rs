//! A citizen or a business.

use serde::Serialize;
use serde_json::Value;

use super::payer::shown;
use crate::actors::queries::Account;
use crate::domain::names::Name;
use crate::domain::rows::Row;
use crate::ledger::totals::{Role, both};

/// A citizen or business.
#[derive(Debug, Serialize)]
pub struct Entity {
    id: &'static str,
    citizen: Option<Citizen>,
    building: Option<Building>,
    payer: Option<Value>,
    as_citizen: Option<Earned>,
    as_business: Option<Earned>,
}

#[derive(Debug, Serialize)]
struct Citizen {
    is_ai: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Building {
    r#type: Option<&'static str>,
    is_business: Option<bool>,
    run_by: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Earned {
    charges: u64,
    today: String,
    week: String,
    month: String,
    all_time: String,
}

impl Entity {
    /// What is known of `id`.
    pub fn new(id: Name, account: &Account) -> Entity {
        let earned = |role: Role| {
            account.earned.iter().find(|(of, ..)| *of == role).map(|(_, charges, periods)| {
                let [today, week, month, all_time] = periods.map(|stages| both(stages).to_string());
                Earned { charges: *charges, today, week, month, all_time }
            })
        };
        let mut entity = Entity {
            id: id.as_str(),
            citizen: None,
            building: None,
            payer: account.payer.as_ref().map(shown),
            as_citizen: earned(Role::Citizen),
            as_business: earned(Role::Business),
        };
        for row in &account.rows {
            match row {
                Row::Citizen(citizen) => entity.citizen = Some(Citizen { is_ai: citizen.is_ai }),
                Row::Building(building) => {
                    entity.building = Some(Building {
                        r#type: building.kind.map(Name::as_str),
                        is_business: building.is_business,
                        run_by: building.run_by.map(Name::as_str),
                    });
                }
            }
        }
        entity
    }
}
