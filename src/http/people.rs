//! What is personal of those who pay, for the operator alone: looking at it, and erasing it.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

use super::bearer::signed;
use super::house::House;
use super::operating::{object, operator, somebody};
use super::reply::{Answer, Refused, Thing, json as answer};
use crate::domain::names::Name;

/// What is kept of somebody.
pub async fn person(house: House, id: String) -> Result<Answer, Refused> {
    let details = house.rialto.person(&id).await?.ok_or_else(|| nobody(&id))?;
    Ok(answer(StatusCode::OK, &json!({ "id": id, "email": details.email, "name": details.name })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Erasing {
    #[serde(default = "operator")]
    by: String,
    #[serde(default)]
    why: String,
    id: String,
}

/// Erases it, by destroying the key to it.
pub async fn erase(house: House, body: Bytes) -> Result<Answer, Refused> {
    let erasing: Erasing = object(&body, r#"{"id":"the client, business or citizen","by":"…","why":"…"}"#)?;
    somebody(&erasing.by)?;
    // Whoever changes his terms may be keeping something of him.
    let one = std::sync::Arc::clone(&house.listing).lock_owned().await;
    let (rialto, id, by, why) = (house.rialto.clone(), erasing.id.clone(), signed(&erasing.by), erasing.why);
    // Whoever asks may leave; what was begun is done.
    let erased = tokio::spawn(async move {
        let _one = one;
        rialto.erase(&id, &by, &why).await
    });
    if !erased.await.map_err(|_| Refused::Slow)?? {
        return Err(nobody(&erasing.id));
    }
    let operations = house.rialto.operations().await?;
    let is_him = |id: Name| id.as_str() == erasing.id;
    let listed = operations.payers.iter().find(|payer| is_him(payer.id));
    let known = listed.or_else(|| operations.former_payers.iter().find(|payer| is_him(payer.id)));
    let customer = known.and_then(|payer| payer.customer).map(Name::as_str);
    let told = json!({ "id": erasing.id, "erased": true, "customer": customer, "listed": listed.is_some() });
    Ok(answer(StatusCode::OK, &told))
}

fn nobody(id: &str) -> Refused {
    Refused::Unknown { what: Thing::Person, id: id.to_owned() }
}
