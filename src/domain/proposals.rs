//! Proposals: the paid services that citizens who run a business may offer to whoever pays.
//!
//! A proposal is the activity for the engine to create. When it comes back processed it is priced by the tariff
//! in force, like everything else; what it says of its own price is looked at, and never trusted.

use std::collections::HashSet;

use hashbrown::HashMap;
use rust_decimal::Decimal;

use super::names::Name;

/// How long a service is.
pub const MINUTES: u32 = 60;
/// What an hour of it is worth where nobody is an expert, in units of the currency: the brief's own rate.
pub const RATE: u32 = 50;

/// A citizen who may offer something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Citizen {
    /// The username.
    pub id: Name,
    /// How expert he is; 1 where nobody says.
    pub expertise: Option<Decimal>,
}

/// A building that may be a business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Business {
    /// Its id.
    pub id: Name,
    /// Its type.
    pub kind: Option<Name>,
    /// Who runs it.
    pub run_by: Option<Name>,
}

/// A service to offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Who offers it.
    pub citizen: Name,
    /// For which business.
    pub business: Name,
    /// What kind of service it is.
    pub subtype: &'static str,
    /// To whom.
    pub client: Name,
    /// How expert he is.
    pub expertise: Decimal,
    /// What it comes to, if the tariff is the brief's.
    pub revenue_potential: Decimal,
}

/// What kind of service a business of this type offers. The types are the engine's own.
pub fn subtype(kind: Option<&str>) -> &'static str {
    match kind.unwrap_or_default() {
        kind if kind.contains("market") || kind.contains("stall") || kind.contains("shop") => "trade_advice",
        kind if kind.contains("dock") || kind.contains("galley") || kind.contains("boat") => "logistics_planning",
        kind if kind.contains("bakery") || kind.contains("mill") || kind.contains("inn") || kind.contains("tavern") => {
            "hospitality_advice"
        }
        kind if kind.contains("workshop")
            || kind.contains("smith")
            || kind.contains("glass")
            || kind.contains("weaver") =>
        {
            "craft_consultation"
        }
        kind if kind.contains("bank") || kind.contains("exchange") || kind.contains("broker") => "financial_advice",
        kind if kind.contains("print") || kind.contains("library") || kind.contains("school") => "research_report",
        kind if kind.contains("construction") || kind.contains("mason") => "building_survey",
        _ => "consultation",
    }
}

/// One proposal for each business that is not `open`, having a service already, and is run by one of `citizens`;
/// the `clients` take turns. It takes as long as there are rows, and no longer: anybody may ask.
pub fn proposals(
    citizens: &[Citizen],
    businesses: &[Business],
    clients: &[Name],
    open: &HashSet<&str>,
) -> Vec<Proposal> {
    // Who runs a business pays for others, and offers nothing to himself.
    let own: HashSet<Name> =
        businesses.iter().flat_map(|business| [Some(business.id), business.run_by]).flatten().collect();
    let mut turn = clients.iter().filter(|client| !own.contains(*client)).cycle();
    let mut known = HashMap::with_capacity(citizens.len());
    for citizen in citizens {
        known.entry(citizen.id).or_insert(citizen);
    }
    let mut proposed: HashSet<Name> = HashSet::new();
    let mut proposals = Vec::new();
    for business in businesses {
        let Some(citizen) = business.run_by.and_then(|id| known.get(&id)) else { continue };
        // A citizen offers one service at a time, whatever he runs.
        if open.contains(business.id.as_str()) || proposed.contains(&citizen.id) {
            continue;
        }
        let Some(client) = turn.next() else { break };
        let expertise = citizen.expertise.unwrap_or(Decimal::ONE).clamp(Decimal::ZERO, Decimal::TEN);
        proposed.insert(citizen.id);
        proposals.push(Proposal {
            citizen: citizen.id,
            business: business.id,
            subtype: subtype(business.kind.map(Name::as_str)),
            client: *client,
            expertise,
            revenue_potential: (expertise * Decimal::from(RATE)).normalize(),
        });
    }
    proposals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    #[test]
    fn each_who_runs_a_business_offers_one_service_to_a_listed_client() {
        let citizen = |id, expertise: Option<&str>| Citizen {
            id: name(id),
            expertise: expertise.map(|text| text.parse().expect("a decimal")),
        };
        let business = |id, kind, run_by| Business { id: name(id), kind: Some(name(kind)), run_by: Some(name(run_by)) };
        let citizens = [citizen("Lucid", Some("1.2")), citizen("coffee", None), citizen("Idler", None)];
        let businesses = [
            business("building_1", "bakery", "Lucid"),
            business("building_2", "public_dock", "coffee"),
            business("building_3", "market_stall", "Lucid"),
            business("building_4", "market_stall", "Stranger"),
        ];
        let clients = [name("studio_verde"), name("museum")];
        let none = HashSet::new();
        let found = proposals(&citizens, &businesses, &clients, &none);
        let told: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one.citizen.as_str(),
                    one.business.as_str(),
                    one.subtype,
                    one.client.as_str(),
                    one.revenue_potential.to_string(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("Lucid", "building_1", "hospitality_advice", "studio_verde", "60".to_owned()),
                ("coffee", "building_2", "logistics_planning", "museum", "50".to_owned()),
            ]
        );
        assert_eq!(proposals(&citizens, &businesses, &clients, &HashSet::from_iter(["building_1"])).len(), 2);
        assert_eq!(proposals(&citizens, &businesses, &[], &none), []);
        // Who runs a business here, and the business itself, pay for others only.
        assert_eq!(proposals(&citizens, &businesses, &[name("Lucid"), name("building_1")], &none), []);
    }
}
