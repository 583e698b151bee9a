//! What only the rules together tell: which can never match, which share events, which count differently.

use hashbrown::HashMap;

use super::keys::File;
use crate::domain::names::Name;
use crate::domain::tariff::asks::Model;
use crate::domain::tariff::{Meter, Parts, Rule, Scope};

/// Notes what is wrong with the rules of a file, of which each stands where `places` says.
pub(super) fn check(file: &File<'_>, (parts, places): &(Parts, Vec<usize>)) {
    let rules: Vec<(&Rule, usize)> = parts.rules.iter().zip(places.iter().copied()).collect();
    names(file, &rules);
    meters(file, &rules);
    for (number, (rule, at)) in rules.iter().enumerate() {
        let before = || rules[..number].iter().map(|(rule, _)| *rule);
        let name = rule.name;
        if let Some(first) = before().find(|first| first.when.covers(&rule.when)) {
            let what = format!("rule {name} can never match: {} above takes everything that it is about", first.name);
            file.error(*at, what, format!("write it above {}, or make {} narrower", first.name, first.name));
        } else if let Some(first) =
            before().find(|first| first.when.meets(&rule.when) && !rule.when.covers(&first.when))
        {
            let what = format!(
                "rules {} and {name} may both be about one event, and neither is a part of the other",
                first.name
            );
            file.remark(
                *at,
                what,
                format!("{} comes first and prices it; make them exclude each other if that is not meant", first.name),
            );
        }
    }
    if rules.is_empty() {
        file.warning(0, "there are no rules: everything is recorded at zero", "write a [[rule]]");
    }
}

fn names(file: &File<'_>, rules: &[(&Rule, usize)]) {
    for (number, (rule, at)) in rules.iter().enumerate() {
        if rules[..number].iter().any(|(first, _)| first.name == rule.name) {
            let what = format!("there are two rules of the name {}", rule.name);
            file.error(*at, what, "give each rule a name of its own");
        }
    }
}

/// Rules that count together count for the same people and the same time, and the same thing.
fn meters(file: &File<'_>, rules: &[(&Rule, usize)]) {
    let mut meters: HashMap<Name, (&Rule, Meter)> = HashMap::new();
    for (rule, at) in rules.iter().filter(|(rule, _)| rule.asks.is_counted()) {
        if matches!(rule.asks.model, Model::Volume(_)) && rule.meter.scope != Scope::Payer {
            let what =
                format!("rule {} gives back what was charged before, and that may be another payer's", rule.name);
            file.error(*at, what, "leave `scope` out: a volume price counts for each payer");
        }
        let (first, meter) = *meters.entry(rule.meter.name).or_insert((rule, rule.meter));
        if first.currency != rule.currency {
            let what = format!(
                "rules {} and {} count together as {}, one in {} and one in {}",
                first.name, rule.name, meter.name, first.currency, rule.currency
            );
            file.error(*at, what, "give both the same currency, or each a meter of its own");
        }
        if meter != rule.meter || first.asks.unit.size() != rule.asks.unit.size() || first.asks.unit != rule.asks.unit {
            let what = format!(
                "rules {} and {} count together as {}, but not the same thing",
                first.name, rule.name, meter.name
            );
            file.error(*at, what, "give both the same scope, period and `per`, or each a meter of its own");
        }
    }
}
