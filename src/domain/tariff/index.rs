//! Which rules may be about an event, so that one of hundreds is found as quickly as one of two.
//!
//! A rule that names a type, a business, a citizen or a client is asked only about events of such: it lies under
//! what the fewest rules name of all that it names. A rule that names nobody, or by a pattern, is asked about every
//! event.

use std::iter;

use hashbrown::HashMap;

use super::Rule;
use super::when::{Occasion, Patterns};
use crate::domain::names::Name;

/// The places of the rules in the order of the tariff, by what they name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    /// By each of the conditions that name somebody: see [`When::patterns`](super::when::When::patterns). Those that
    /// no rule lies under are left out.
    named: Vec<(usize, HashMap<Name, Vec<u16>>)>,
    /// Those that are asked about everything.
    others: Vec<u16>,
}

impl Index {
    pub(super) fn new(rules: &[Rule]) -> Index {
        let mut often: [HashMap<Name, usize>; 5] = Default::default();
        for rule in rules {
            for (often, patterns) in often.iter_mut().zip(rule.when.patterns()) {
                patterns.names_only().into_iter().flatten().for_each(|name| *often.entry(*name).or_default() += 1);
            }
        }
        let mut named: [HashMap<Name, Vec<u16>>; 5] = Default::default();
        let mut others = Vec::new();
        for (place, rule) in (0..).zip(rules) {
            let company = |(condition, patterns): (usize, &Patterns)| {
                let names = patterns.names_only()?;
                let most = names.iter().filter_map(|name| often[condition].get(name)).max()?;
                Some((*most, condition, names.to_vec()))
            };
            match rule.when.patterns().into_iter().enumerate().filter_map(company).min_by_key(|(most, ..)| *most) {
                None => others.push(place),
                Some((_, condition, mut names)) => {
                    names.sort_unstable();
                    names.dedup();
                    names.into_iter().for_each(|name| named[condition].entry(name).or_default().push(place));
                }
            }
        }
        Index { named: named.into_iter().enumerate().filter(|(_, named)| !named.is_empty()).collect(), others }
    }

    /// The first place that is met, in the order of the tariff; every place that could be and lies before it was
    /// asked.
    pub(super) fn first(&self, occasion: &Occasion<'_>, mut is_met: impl FnMut(u16) -> bool) -> Option<u16> {
        let names = occasion.names();
        let named = self.named.iter().filter_map(|(condition, named)| named.get(&names[*condition]?));
        let mut first = None;
        for places in iter::once(&self.others).chain(named) {
            for place in places {
                if first.is_some_and(|first| first <= *place) {
                    break;
                }
                if is_met(*place) {
                    first = Some(*place);
                    break;
                }
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::activity::Activity;
    use crate::domain::calendar::{Calendar, Period};
    use crate::domain::external::Ruling;
    use crate::domain::ids::{Feed, SourceId};
    use crate::domain::money::{Currency, Money};
    use crate::domain::tariff::asks::{Asks, Model, Unit};
    use crate::domain::tariff::when::When;
    use crate::domain::tariff::{Meter, RuleId, Scope};
    use crate::domain::time::Moment;

    fn some_patterns() -> impl Strategy<Value = Patterns> {
        let text = prop::sample::select(vec!["a", "b", "c", "a*", "*"]);
        prop_oneof![
            2 => Just(Patterns::ANY),
            3 => prop::collection::vec(text, 1..4).prop_map(|texts| Patterns::new(texts).expect("patterns")),
        ]
    }

    fn some_rule() -> impl Strategy<Value = Rule> {
        let patterns = [some_patterns(), some_patterns(), some_patterns(), some_patterns(), some_patterns()];
        patterns.prop_map(|[kinds, business_kinds, businesses, citizens, clients]| {
            let name = Name::new("rule").expect("a name");
            Rule {
                id: RuleId(1),
                name,
                when: When { kinds, business_kinds, businesses, citizens, clients, ..When::default() },
                asks: Asks {
                    model: Model::Package { size: 1, price: Money::ZERO },
                    unit: Unit::Event,
                    times_expertise: false,
                    free: 0,
                    minimum: None,
                    maximum: None,
                },
                currency: Currency::EUR,
                meter: Meter { name, scope: Scope::Payer, period: Period::Month },
            }
        })
    }

    proptest! {
        #[test]
        fn the_first_rule_that_is_about_an_event_is_found_however_many_there_are(
            rules in prop::collection::vec(some_rule(), 0..30),
            names in prop::array::uniform5(prop::option::of(prop::sample::select(vec!["a", "b", "ab", "d"]))),
        ) {
            let [kind, business_kind, business, citizen, client] = names.map(|name| name.and_then(Name::new));
            let id = SourceId::new("e-1").expect("an id");
            let activity = Activity { kind, citizen, client, ..Activity::new(Feed::Activity, id) };
            let calendar = Calendar::new(chrono_tz::UTC);
            let occasion = Occasion {
                activity: &activity,
                business,
                business_kind,
                ruling: Ruling::NotAMessage,
                at: Moment(0),
                calendar: &calendar,
            };
            let is_met = |place: u16| rules[usize::from(place)].when.is_about(&occasion);
            let first = (0..rules.len() as u16).find(|place| is_met(*place));
            prop_assert_eq!(Index::new(&rules).first(&occasion, is_met), first);
        }
    }
}
