//! The rules as Prometheus has them, once it has read them.

use serde_json::Value;

use super::board::{items, text};
use super::prometheus::Prometheus;

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it records, or the alert that it raises.
    pub name: String,
    /// Its query.
    pub text: String,
    /// Whether it raises an alert.
    pub is_alert: bool,
    /// What went wrong when it was last evaluated; empty, if nothing did.
    pub fault: String,
    /// How it stands, of an alert: inactive, pending or firing.
    pub state: String,
}

/// All of them.
pub fn rules(prometheus: &Prometheus) -> Result<Vec<Rule>, String> {
    let data = prometheus.ask("/api/v1/rules")?;
    let rules: Vec<Rule> = items(&data["groups"]).flat_map(|group| items(&group["rules"])).map(rule).collect();
    if rules.is_empty() { Err("Prometheus has no rules".into()) } else { Ok(rules) }
}

fn rule(rule: &Value) -> Rule {
    Rule {
        name: text(&rule["name"]).to_owned(),
        text: text(&rule["query"]).to_owned(),
        is_alert: rule["type"] == "alerting",
        fault: text(&rule["lastError"]).to_owned(),
        state: text(&rule["state"]).to_owned(),
    }
}
