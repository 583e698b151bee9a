//! A tariff of 200 rules, as a city that charges everybody differently would have it.

use rialto::domain::tariff::Tariff;
use rialto::domain::time::Moment;

use crate::city::City;

/// The built-in tariff behind 198 rules of the city's own: half about types that nothing is of, a quarter about what
/// services at a business cost, the others about those of a citizen in the evening. It prices from `effective` on.
pub fn of_200_rules(city: &City, effective: Moment) -> Tariff {
    let service = "type = \"paid_service\"";
    let about = |number: usize| match number % 4 {
        0 | 1 => format!("type = \"kind_{number}\""),
        2 => format!("{service}\nbusiness = \"{}\"", city.business(number)),
        _ => format!("{service}\ncitizen = \"{}\"\nhours = \"18-23\"", city.citizen(number)),
    };
    let rule =
        |number: usize| format!("[[rule]]\nname = \"rule_{number}\"\n{}\nprice = {{ amount = 0.05 }}\n", about(number));
    let (head, last) = rialto::tariffs::BUILT_IN.split_once("[[rule]]").expect("rules");
    let head = head.replace("version = 1", "version = 2");
    let text = format!("{head}{}[[rule]]{last}", (0..198).map(rule).collect::<String>());
    rialto::tariffs::read(&text, chrono_tz::UTC).tariff.expect("a sound tariff").from_then_on(effective)
}
