//! The tariffs.

use chrono_tz::Tz;
use serde::Serialize;

use crate::domain::tariff::Tariff;
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::time::Moment;

/// The tariffs, and which is in force.
#[derive(Debug, Serialize)]
pub struct Prices {
    version: u16,
    effective: String,
    currency: String,
    text: String,
    tariffs: Vec<Listed>,
}

/// One tariff.
#[derive(Debug, Serialize)]
struct Listed {
    version: u16,
    effective: String,
    currency: String,
    rules: Vec<&'static str>,
    state: &'static str,
}

impl Prices {
    /// These tariffs as of `now`, their times in `zone`.
    pub fn new(tariffs: &Tariffs, now: Moment, zone: Tz) -> Prices {
        let in_force = tariffs.at(now);
        let state = |tariff: &Tariff| match tariff.version() {
            version if version == in_force.version() => "in_force",
            _ if now < tariff.effective() => "to_come",
            _ => "past",
        };
        let listed = |tariff: &Tariff| Listed {
            version: tariff.version().0,
            effective: tariff.effective().in_zone(zone),
            currency: tariff.currency().to_string(),
            rules: tariff.rules().iter().map(|rule| rule.name.as_str()).collect(),
            state: state(tariff),
        };
        Prices {
            version: in_force.version().0,
            effective: in_force.effective().in_zone(zone),
            currency: in_force.currency().to_string(),
            text: in_force.text().to_string(),
            tariffs: tariffs.all().iter().map(|tariff| listed(tariff)).collect(),
        }
    }
}
