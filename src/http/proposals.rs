//! Proposals: rows of citizens and buildings in, the paid services for the engine to create out.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashSet;
use warp::http::StatusCode;

use super::house::House;
use super::operating::object;
use super::reply::{Answer, Refused, json};
use super::wire::Proposals;
use crate::domain::proposals::{Business, Citizen};
use crate::reading::{Refusal, Skilled};

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
    let asked: Asked<'_> = object(&body, HELP)?;
    let wrong = |row: &str, refusal: Refusal| Refused::Body { what: format!("a row of {row}: {refusal}"), help: HELP };
    let mut citizens = Vec::new();
    for row in asked.citizens {
        let Skilled { id, expertise } =
            house.reader.skilled(row.get()).map_err(|refusal| wrong("citizens", refusal))?;
        citizens.push(Citizen { id, expertise });
    }
    let mut businesses = Vec::new();
    for row in asked.buildings {
        let row = house.reader.building(row.get()).map_err(|refusal| wrong("buildings", refusal))?;
        if let crate::domain::rows::Row::Building(building) = row
            && building.operator().is_some()
        {
            businesses.push(Business { id: building.id, kind: building.kind, run_by: building.run_by });
        }
    }
    let wanted: Option<HashSet<&str>> = asked.clients.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
    let open: HashSet<&str> = asked.open.iter().map(String::as_str).collect();
    let found = house.rialto.proposals(&citizens, &businesses, wanted.as_ref(), &open).await?;
    Ok(json(StatusCode::OK, &Proposals::new(&found)))
}
