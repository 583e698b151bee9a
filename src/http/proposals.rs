//! Proposals: rows of citizens and buildings in, the paid services for the engine to create out.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use warp::http::StatusCode;

use super::house::House;
use super::reply::{Answer, Refused, json};
use super::wire::Proposals;
use crate::domain::names::Name;
use crate::domain::proposals::{self, Business, Citizen};
use crate::reading::Skilled;

/// What is asked: the engine's rows, and who may be offered something, where not all who pay.
#[derive(Debug, Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    citizens: Vec<&'a RawValue>,
    #[serde(borrow)]
    buildings: Vec<&'a RawValue>,
    #[serde(default)]
    clients: Option<Vec<String>>,
    /// Businesses that have an open service already.
    #[serde(default)]
    open: Vec<String>,
}

const HELP: &str = r#"{"citizens":[rows],"buildings":[rows]}, and if need be "clients":["who is on the list of payers"] and "open":["businesses with an open service"]"#;

/// The services to create: for each citizen who runs a business one, to a listed client.
pub async fn proposals(house: House, body: Bytes) -> Result<Answer, Refused> {
    let wrong = || Refused::Body { help: HELP };
    let asked: Asked<'_> = serde_json::from_slice(&body).map_err(|_| wrong())?;
    let mut citizens = Vec::new();
    for row in asked.citizens {
        let Skilled { id, expertise } = house.reader.skilled(row.get()).map_err(|_| wrong())?;
        citizens.push(Citizen { id, expertise });
    }
    let mut businesses = Vec::new();
    for row in asked.buildings {
        let row = house.reader.building(row.get()).map_err(|_| wrong())?;
        if let crate::domain::rows::Row::Building(building) = row
            && building.operator().is_some()
        {
            businesses.push(Business { id: building.id, kind: building.kind, run_by: building.run_by });
        }
    }
    let listed: Vec<Name> = house.rialto.operations().await?.payers.iter().map(|payer| payer.id).collect();
    let is_wanted =
        |id: &Name| asked.clients.as_ref().is_none_or(|clients| clients.iter().any(|client| client == id.as_str()));
    // Who runs a business pays for others, and offers nothing to himself.
    let is_business = |id: &Name| businesses.iter().any(|business| business.id == *id || business.run_by == Some(*id));
    let clients: Vec<Name> = listed.into_iter().filter(is_wanted).filter(|id| !is_business(id)).collect();
    let is_open = |id: Name| asked.open.iter().any(|open| open == id.as_str());
    let found = proposals::proposals(&citizens, &businesses, &clients, is_open);
    Ok(json(StatusCode::OK, &Proposals::new(&found)))
}
