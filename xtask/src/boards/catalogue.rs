//! The catalogue against boards and rules: nothing is asked for that is not declared, and nothing declared that nobody sees.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::board::Query;
use super::rules::Rule;
use super::selectors::selectors;
use crate::places;

/// The metrics that `grafana/METRICS.md` has, which is made from the declarations.
pub fn declared() -> Result<BTreeSet<String>, String> {
    let path = places::root().join("grafana/METRICS.md");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let names: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|rest| rest.split_once('`').map(|(name, _)| name.to_owned()))
        .collect();
    if names.is_empty() { Err(format!("{} declares no metric", path.display())) } else { Ok(names) }
}

/// What does not fit; nothing, if all does.
pub fn faults(declared: &BTreeSet<String>, queries: &[Query], rules: &[Rule]) -> Vec<String> {
    let recorded: BTreeMap<&str, &Rule> =
        rules.iter().filter(|rule| !rule.is_alert).map(|rule| (rule.name.as_str(), rule)).collect();
    let asked = queries.iter().map(|query| (format!("{}, {}", query.board, query.panel), query.text.as_str()));
    let ruled = rules.iter().map(|rule| (format!("the rule {}", rule.name), rule.text.as_str()));
    let mut faults = Vec::new();
    for (place, query) in asked.chain(ruled) {
        for selector in selectors(query).iter().filter(|selector| !selector.is_own()) {
            let is_known = match selector.is_recorded() {
                true => recorded.contains_key(selector.name),
                false => declared.contains(selector.name) || declared.contains(selector.declared()),
            };
            if !is_known {
                faults.push(format!("{place} asks for {}, which nobody declares", selector.name));
            }
        }
    }
    let seen = seen(queries, rules, &recorded);
    let unseen = declared.iter().filter(|name| !seen.contains(name.as_str()));
    faults.extend(unseen.map(|name| format!("{name} is declared, and no board shows it and no alert is about it")));
    faults
}

/// What boards show and alerts are about, through what is recorded for them.
fn seen<'r>(queries: &'r [Query], rules: &'r [Rule], recorded: &BTreeMap<&str, &'r Rule>) -> BTreeSet<&'r str> {
    let alerts = rules.iter().filter(|rule| rule.is_alert).map(|rule| rule.text.as_str());
    let mut waiting: Vec<&str> = queries.iter().map(|query| query.text.as_str()).chain(alerts).collect();
    let mut seen = BTreeSet::new();
    while let Some(query) = waiting.pop() {
        for selector in selectors(query) {
            if seen.insert(selector.name)
                && let Some(rule) = recorded.get(selector.name)
            {
                waiting.push(&rule.text);
            }
            for suffix in ["_bucket", "_sum", "_count"] {
                seen.extend(selector.name.strip_suffix(suffix));
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boards::board::Kind;

    #[test]
    fn what_nobody_declares_and_what_nobody_sees_are_told() {
        let query = |text: &str| Query { board: "b".into(), panel: "p".into(), text: text.into(), kind: Kind::Range };
        let rule = |name: &str, text: &str, is_alert| Rule {
            name: name.into(),
            text: text.into(),
            is_alert,
            fault: String::new(),
            state: String::new(),
        };
        let declared = ["rialto_a", "rialto_b_seconds", "rialto_c", "rialto_d"].map(str::to_owned).into();
        let rules = [rule("x:y", "sum(rialto_c)", false), rule("Alarm", "rialto_a > 1", true)];
        let faults = faults(&declared, &[query("rate(rialto_b_seconds_bucket[5m]) + x:y"), query("rialto_e")], &rules);
        assert_eq!(
            faults,
            [
                "b, p asks for rialto_e, which nobody declares",
                "rialto_d is declared, and no board shows it and no alert is about it"
            ]
        );
    }
}
