//! Somebody who pays.

use serde_json::{Value, json};

use crate::domain::names::Name;
use crate::domain::payers::{Collection, Payer, Tax};

/// A payer, as he is shown.
pub fn shown(payer: &Payer) -> Value {
    json!({
        "id": payer.id.as_str(),
        "customer": payer.customer.map(Name::as_str),
        "currency": payer.currency.to_string(),
        "collection": payer.collection.as_str(),
        "days": if let Collection::Send { days } = payer.collection { Some(days) } else { None },
        "minimum": payer.minimum.map(|minimum| minimum.to_string()),
        "tax": match payer.tax {
            Tax::None => json!("none"),
            Tax::Automatic => json!("automatic"),
            rates @ Tax::Rates(_) => rates.rates().map(Name::as_str).collect(),
        },
    })
}
