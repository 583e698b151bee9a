//! Preflight: whether somebody can be billed, by what Stripe has of him, before anything is asked of it.

use serde::Deserialize;

use crate::domain::payers::{Collection, Payer, Tax};

#[derive(Default, Deserialize)]
struct Customer {
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    livemode: bool,
    email: Option<String>,
    currency: Option<String>,
    default_source: Option<serde_json::Value>,
    invoice_settings: Option<Invoicing>,
    address: Option<Address>,
    tax: Option<Taxed>,
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Invoicing {
    default_payment_method: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Address {
    country: Option<String>,
}

#[derive(Deserialize)]
struct Taxed {
    automatic_tax: Option<String>,
}

/// Why a payer cannot be billed, given what Stripe answers when it is asked for his customer; nothing, where he can.
pub fn faults(payer: &Payer, customer: Option<&str>, is_live: bool) -> Vec<String> {
    let Some(found) = customer else { return vec!["he has no customer's id at Stripe".to_owned()] };
    let Ok(found) = serde_json::from_str::<Customer>(found) else {
        return vec!["what Stripe has of him cannot be read".to_owned()];
    };
    if found.error.is_some() {
        return vec!["there is no such customer, or he is of the other mode: live or test".to_owned()];
    }
    if found.deleted {
        return vec!["the customer was deleted".to_owned()];
    }
    let mut faults = Vec::new();
    let mut fault = |is_there: bool, what: &str| {
        if is_there {
            faults.push(what.to_owned());
        }
    };
    fault(found.livemode != is_live, "the customer is of the other mode: live or test");
    let has_method = found.default_source.is_some()
        || found.invoice_settings.is_some_and(|invoicing| invoicing.default_payment_method.is_some());
    match payer.collection {
        Collection::Send { .. } => {
            fault(found.email.is_none_or(|email| email.is_empty()), "he has no e-mail address to send invoices to");
        }
        Collection::Charge => fault(!has_method, "he has no default payment method to charge"),
    }
    let currency = found.currency.unwrap_or_default();
    let is_other = !currency.is_empty() && !currency.eq_ignore_ascii_case(&payer.currency.to_string());
    fault(is_other, "he has paid in another currency, and a customer has one");
    if payer.tax == Tax::Automatic {
        let is_located = match found.tax.and_then(|tax| tax.automatic_tax) {
            Some(told) => told == "supported" || told == "not_collecting",
            None => found.address.is_some_and(|address| address.country.is_some()),
        };
        fault(!is_located, "nobody knows where he is, and automatic tax needs that");
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::names::Name;

    #[test]
    fn a_payer_can_be_billed_if_stripe_has_what_it_takes() {
        let payer = Payer { customer: Name::new("cus_1"), ..Payer::new(Name::new("Ada").expect("a name")) };
        let charged = Payer { collection: Collection::Charge, ..payer };
        let taxed = Payer { tax: Tax::Automatic, ..payer };
        for (payer, found, part) in [
            (payer, Some(r#"{"id":"cus_1","email":"a@example.com","currency":"eur"}"#), None),
            (payer, None, Some("no customer's id")),
            (payer, Some("<html>"), Some("cannot be read")),
            (payer, Some(r#"{"error":{"code":"resource_missing"}}"#), Some("no such customer")),
            (payer, Some(r#"{"id":"cus_1","deleted":true}"#), Some("deleted")),
            (payer, Some(r#"{"id":"cus_1","email":"a@example.com","livemode":true}"#), Some("other mode")),
            (payer, Some(r#"{"id":"cus_1","email":null}"#), Some("no e-mail")),
            (payer, Some(r#"{"id":"cus_1","email":"a@example.com","currency":"usd"}"#), Some("another currency")),
            (charged, Some(r#"{"id":"cus_1"}"#), Some("no default payment method")),
            (charged, Some(r#"{"id":"cus_1","invoice_settings":{"default_payment_method":"pm_1"}}"#), None),
            (taxed, Some(r#"{"id":"cus_1","email":"a@example.com"}"#), Some("where he is")),
            (taxed, Some(r#"{"id":"cus_1","email":"a@example.com","address":{"country":"IT"}}"#), None),
        ] {
            let faults = faults(&payer, found, false);
            match part {
                None => assert_eq!(faults, Vec::<String>::new(), "{found:?}"),
                Some(part) => assert!(faults.len() == 1 && faults[0].contains(part), "{found:?}: {faults:?}"),
            }
        }
    }
}
