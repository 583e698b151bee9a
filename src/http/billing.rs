//! What would be invoiced now, and why the rest waits.

use warp::http::StatusCode;

use super::answers::Query;
use super::house::House;
use super::reply::{Answer, Refused, json};
use super::wire::Bills;
use crate::domain::names::Name;

/// The plan; of one payer alone with its lines, where one is asked for.
pub async fn plan(house: House, query: Query) -> Result<Answer, Refused> {
    let payer = match query.get("payer") {
        None => None,
        Some(id) => Some(Name::known(id).ok_or_else(|| Refused::Unknown { what: "payer", id: id.clone() })?),
    };
    let has_lines = match query.get("lines").map(String::as_str) {
        None => payer.is_some(),
        Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(Refused::Query { name: "lines", what: "`lines` is true or false" }),
    };
    let planned = house.rialto.bill_plan().await?;
    let rules = house.rialto.tariffs();
    Ok(json(StatusCode::OK, &Bills::new(&planned, house.rialto.policy(), &rules, payer, has_lines)))
}
