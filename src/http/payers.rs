//! Those who pay: listing them, and putting them on the list or taking them off.
//!
//! An e-mail address and a name go to Stripe, and are kept sealed: no answer here has them.

use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use warp::http::StatusCode;

use super::bearer::signed;
use super::house::House;
use super::operating::{ID, object, operator, order, somebody, wrong};
use super::reply::{Answer, Refused, Thing, json as answer};
use super::wire::payer::shown;
use crate::billing::customers::Person;
use crate::domain::money::{Currency, Money, Sum};
use crate::domain::names::Name;
use crate::domain::orders::{Order, What};
use crate::domain::payers::{Collection, Payer, Tax};

/// What is not there stays as it was, and what is null becomes as if it had never been said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    #[serde(default = "operator")]
    by: String,
    #[serde(default)]
    why: String,
    id: String,
    #[serde(default, deserialize_with = "told")]
    customer: Option<Option<String>>,
    email: Option<String>,
    name: Option<String>,
    #[serde(default)]
    anew: bool,
    #[serde(default, deserialize_with = "told")]
    currency: Option<Option<String>>,
    #[serde(default, deserialize_with = "told")]
    collection: Option<Option<String>>,
    #[serde(default, deserialize_with = "told")]
    days: Option<Option<u16>>,
    #[serde(default, deserialize_with = "told")]
    minimum: Option<Option<String>>,
    #[serde(default, deserialize_with = "told")]
    tax: Option<Option<Taxing>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Taxing {
    Word(String),
    Rates(Vec<String>),
}

/// Tells null from nothing at all.
fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

const LIST: &str = r#"{"id":"the client, business or citizen","customer":"cus_…", "email":"…" and "name":"…" or "anew":true,"currency":"EUR",
"collection":"send_invoice" or "charge_automatically","days":30,"minimum":"10.00","tax":"none", "automatic" or ["txr_…"],"by":"…","why":"…"},
of which `id` alone must be there"#;

/// Puts somebody on the list of those who pay, or changes his terms.
pub async fn list(house: House, body: Bytes) -> Result<Answer, Refused> {
    let listing: Listing = object(&body, LIST)?;
    let id = Name::new(&listing.id).ok_or_else(|| wrong(ID, LIST))?;
    somebody(&listing.by)?;
    // Terms are looked at, changed and ordered as one: who else changes them waits.
    let one = std::sync::Arc::clone(&house.listing).lock_owned().await;
    let operations = house.rialto.operations().await?;
    let mut known = operations.payers.iter().chain(&operations.former_payers);
    let known = known.find(|payer| payer.id == id).copied().unwrap_or_else(|| Payer::new(id));
    let mut payer = terms(&listing, known)?;
    if let Some(fault) = payer.fault() {
        return Err(wrong(fault, LIST));
    }
    let person = person(&house, &listing, payer).await?;
    let order =
        |payer| Order { by: signed(&listing.by).into(), why: listing.why.as_str().into(), what: What::List(payer) };
    order(payer).is_worded().map_err(Refused::Order)?;
    if let Some(person) = &person {
        payer.customer = Some(house.rialto.customer_of(person.clone()).await?);
    }
    let (rialto, order) = (house.rialto.clone(), order(payer));
    // Whoever asks may leave; what was begun is done.
    let listed = tokio::spawn(async move {
        let _one = one;
        rialto.order(order).await?;
        match person {
            Some(person) => Ok::<(), Refused>(rialto.keep(&person).await?),
            None => Ok(()),
        }
    });
    listed.await.map_err(|_| Refused::Slow)??;
    payers(house).await
}

/// Who is to be a customer, if anybody is. What can be refused is refused before Stripe is asked.
async fn person(house: &House, listing: &Listing, payer: Payer) -> Result<Option<Person>, Refused> {
    let person = match (&listing.email, listing.anew) {
        (None, false) if listing.name.is_some() => {
            return Err(wrong("`name` is for whom an `email` makes a customer", LIST));
        }
        (None, false) => return Ok(None),
        _ if listing.customer.is_some() => {
            let what = "either `customer` is given or what makes him one: who he is at Stripe, or `email` or `anew`";
            return Err(wrong(what, LIST));
        }
        (Some(email), false) => Person::new(payer.id, payer.customer, email, listing.name.as_deref()),
        (None, true) if listing.name.is_none() => {
            let kept = house.rialto.person(payer.id.as_str()).await?;
            let kept = kept.ok_or_else(|| Refused::Unknown { what: Thing::Person, id: payer.id.to_string() })?;
            Person::new(payer.id, payer.customer, &kept.email, kept.name.as_deref())
        }
        (_, true) => return Err(wrong("`anew` takes the address and the name that are kept", LIST)),
    };
    person.map(Some).map_err(|none| wrong(&none.to_string(), LIST))
}

fn terms(listing: &Listing, known: Payer) -> Result<Payer, Refused> {
    let named = |id: &str| Name::new(id).ok_or_else(|| wrong(ID, LIST));
    let mut payer = known;
    match &listing.customer {
        None => {}
        Some(None) => payer.customer = None,
        Some(Some(id)) => payer.customer = Some(named(id)?),
    }
    if let Some(currency) = &listing.currency {
        let code = currency.as_deref().unwrap_or("EUR");
        payer.currency = Currency::parse(code).ok_or_else(|| wrong("`currency` is a code such as EUR", LIST))?;
    }
    let is_charged = match listing.collection.as_ref().map(Option::as_deref) {
        None => known.collection == Collection::Charge,
        Some(None | Some("send_invoice")) => false,
        Some(Some("charge_automatically")) => true,
        Some(Some(_)) => return Err(wrong("`collection` is send_invoice or charge_automatically", LIST)),
    };
    payer.collection = match (is_charged, listing.days.flatten(), known.collection) {
        (true, None, _) => Collection::Charge,
        (true, Some(_), _) => return Err(wrong("what is charged at once has no `days` to pay in", LIST)),
        (false, Some(days), _) => Collection::Send { days },
        (false, None, send @ Collection::Send { .. }) if listing.days.is_none() => send,
        (false, None, _) => Collection::default(),
    };
    if let Some(minimum) = &listing.minimum {
        let read = |text: &String| {
            let amount = Sum::parse(text).and_then(|sum| i64::try_from(sum.0).ok()).map(Money::from_millionths);
            amount.ok_or_else(|| wrong("`minimum` is an amount such as \"10.00\"", LIST))
        };
        payer.minimum = minimum.as_ref().map(read).transpose()?;
    }
    match &listing.tax {
        None => {}
        Some(None) => payer.tax = Tax::None,
        Some(Some(Taxing::Word(word))) => {
            payer.tax = match word.as_str() {
                "none" => Tax::None,
                "automatic" => Tax::Automatic,
                _ => return Err(wrong("`tax` is none, automatic or a list of tax rates such as [\"txr_…\"]", LIST)),
            };
        }
        Some(Some(Taxing::Rates(ids))) if ids.is_empty() => payer.tax = Tax::None,
        Some(Some(Taxing::Rates(ids))) => {
            let mut rates = [None; Tax::RATES_MAX];
            if rates.len() < ids.len() {
                return Err(wrong("an invoice has at most five tax rates", LIST));
            }
            for (rate, id) in rates.iter_mut().zip(ids) {
                *rate = Some(named(id)?);
            }
            payer.tax = Tax::Rates(rates);
        }
    }
    Ok(payer)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Striking {
    #[serde(default = "operator")]
    by: String,
    #[serde(default)]
    why: String,
    id: String,
}

/// Takes somebody off that list. What he owes he still owes; what comes later is nobody's, or somebody else's.
pub async fn strike(house: House, body: Bytes) -> Result<Answer, Refused> {
    let help = r#"{"id":"who is on the list of those who pay","by":"…","why":"…"}"#;
    let striking: Striking = object(&body, help)?;
    let id =
        Name::known(&striking.id).ok_or_else(|| Refused::Unknown { what: Thing::Payer, id: striking.id.clone() })?;
    order(&house, striking.by, striking.why, What::Strike(id)).await?;
    payers(house).await
}

/// Who pays, on which terms.
pub async fn payers(house: House) -> Result<Answer, Refused> {
    let operations = house.rialto.operations().await?;
    let payers: Vec<Value> = operations.payers.iter().map(shown).collect();
    Ok(answer(StatusCode::OK, &json!({ "payers": payers })))
}
