//! A rule of a file: what it is about, what it asks, and what counts together.

use super::keys::Keys;
use super::kinds;
use super::prices;
use super::read::{currency, name, patterns};
use crate::domain::activity::Outcome;
use crate::domain::calendar::Period;
use crate::domain::ids::Feed;
use crate::domain::money::Currency;
use crate::domain::tariff::when::{Hours, Outcomes, WEEKDAYS, Weekdays, When};
use crate::domain::tariff::{Meter, Rule, RuleId, Scope};

const KEYS: [&str; 16] = [
    "name",
    "feed",
    "type",
    "outcome",
    "external",
    "business_type",
    "business",
    "citizen",
    "client",
    "hours",
    "weekdays",
    "price",
    "currency",
    "meter",
    "scope",
    "period",
];

/// The rules of a file, and where each stands.
pub(super) fn read(keys: &Keys<'_, '_>, default: Currency) -> (Vec<Rule>, Vec<usize>) {
    let must = "write a table for each rule: [[rule]]";
    let Some(item) = keys.need("rule", must) else { return Default::default() };
    let rules = item.tables(&KEYS, must).into_iter();
    rules.filter_map(|keys| Some((rule(&keys, default)?, keys.at))).unzip()
}

fn rule(keys: &Keys<'_, '_>, default: Currency) -> Option<Rule> {
    let rule_name = keys.need("name", "give each rule a name: name = \"paid_service\"").and_then(name);
    let when = when(keys);
    let currency = keys.get("currency").map_or(Some(default), currency);
    let asks = keys
        .need("price", "say what it costs: price = { amount = 0.10 }")
        .and_then(|item| prices::read(item, currency.unwrap_or(default)));
    let meter_name = keys.get("meter").map_or(rule_name, name);
    let scopes = Scope::ALL.map(|scope| (scope.as_str(), scope));
    let scope = keys.get("scope").map_or(Some(Scope::Payer), |item| item.word(&scopes));
    let periods = Period::ALL.map(|period| (period.as_str(), period));
    let period = keys.get("period").map_or(Some(Period::Month), |item| item.word(&periods));
    let asks = asks?;
    for key in ["meter", "scope", "period"] {
        if let Some(item) = keys.get(key).filter(|_| !asks.is_counted()) {
            let what = format!("`{key}` says what counts together, and nothing counts in this price");
            keys.file.warning(
                item.at(),
                what,
                "leave it out, or price by tiers, by the package, or beyond what is free",
            );
        }
    }
    Some(Rule {
        id: RuleId(0),
        name: rule_name?,
        when: when?,
        asks,
        currency: currency?,
        meter: Meter { name: meter_name?, scope: scope?, period: period? },
    })
}

fn when(keys: &Keys<'_, '_>) -> Option<When> {
    let feeds = Feed::ALL.map(|feed| (feed.as_str(), Some(feed)));
    let feed = keys.get("feed").map_or(Some(None), |item| item.word(&feeds));
    let external = keys.get("external").map_or(Some(None), |item| item.flag("write true or false").map(Some));
    let [kinds, business_kinds, businesses, citizens, clients] =
        ["type", "business_type", "business", "citizen", "client"].map(|key| patterns(keys, key, false));
    kinds.is_some().then(|| known_kinds(keys));
    let (outcomes, hours, weekdays) = (outcomes(keys), hours(keys), weekdays(keys));
    Some(When {
        feed: feed?,
        kinds: kinds?,
        outcomes: outcomes?,
        external: external?,
        business_kinds: business_kinds?,
        businesses: businesses?,
        citizens: citizens?,
        clients: clients?,
        hours: hours?,
        weekdays: weekdays?,
    })
}

/// Hints at a type that is nearly one of the engine's.
fn known_kinds(keys: &Keys<'_, '_>) {
    let Some(item) = keys.get("type") else { return };
    for (text, near) in item.listed().into_iter().filter_map(|text| Some((text, kinds::near(text)?))) {
        let what = format!("`type` has {text:?}, which nothing is known to be");
        keys.file.warning(item.at(), what, format!("write {near:?}, if that is meant"));
    }
}

fn outcomes(keys: &Keys<'_, '_>) -> Option<Outcomes> {
    let Some(item) = keys.get("outcome") else { return Some(Outcomes::PROCESSED) };
    let all = Outcome::ALL.map(Outcome::as_str).join(", ");
    let must = format!("write some of {all}: outcome = [\"processed\", \"failed\"]");
    let known = |text: &str| Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text);
    item.each(&must, known).map(Outcomes::new)
}

fn hours(keys: &Keys<'_, '_>) -> Option<Hours> {
    const MUST: &str = "write whole hours from and to: hours = \"9-17\", or over midnight \"22-6\"";
    let Some(item) = keys.get("hours") else { return Some(Hours::ALL) };
    let span = |text: &str| {
        let (from, to) = text.split_once('-')?;
        Hours::between(from.trim().parse().ok()?, to.trim().parse().ok()?)
    };
    item.each(MUST, span).map(|spans| spans.into_iter().fold(Hours::NONE, Hours::and))
}

fn weekdays(keys: &Keys<'_, '_>) -> Option<Weekdays> {
    let Some(item) = keys.get("weekdays") else { return Some(Weekdays::ALL) };
    let must = format!("write some of {}: weekdays = [\"sat\", \"sun\"]", WEEKDAYS.join(", "));
    let place = |text: &str| WEEKDAYS.iter().position(|day| *day == text);
    item.each(&must, place).map(Weekdays::new)
}
