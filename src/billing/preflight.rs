//! Preflight: whether somebody can be billed, by what Stripe has of him, before anything is asked of it.

use serde::Deserialize;

use super::call::Call;
use super::walk::{Stripe, Unsure};
use crate::domain::money::Currency;
use crate::domain::names::Name;
use crate::domain::payers::{Collection, Payer, Tax};

/// What Stripe has of a payer, as it tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// His customer, where he has one.
    pub customer: Option<String>,
    /// The tax rates that are on his invoices.
    pub rates: Vec<(Name, String)>,
}

/// Asks Stripe for all that it takes to bill somebody. Nothing is changed.
pub async fn ask(stripe: &impl Stripe, payer: &Payer) -> Result<Found, Unsure> {
    let mut found = Found::default();
    if let Some(id) = payer.customer {
        found.customer = Some(told(stripe, format!("/v1/customers/{id}")).await?);
    }
    for id in payer.tax.rates() {
        found.rates.push((id, told(stripe, format!("/v1/tax_rates/{id}")).await?));
    }
    Ok(found)
}

/// What is told of something, and be it that it is not there.
async fn told(stripe: &impl Stripe, path: String) -> Result<String, Unsure> {
    let reply = stripe.read(Call::get(path, "")).await?;
    match reply.status {
        200 | 404 => Ok(reply.body),
        _ => Err(Unsure::of(&reply)),
    }
}

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

#[derive(Deserialize)]
struct Rate {
    #[serde(default)]
    active: bool,
    #[serde(default)]
    livemode: bool,
    error: Option<serde_json::Value>,
}

/// Why a payer cannot be billed, given what Stripe has of him and in which currency the tariff charges; nothing, where he can.
pub fn faults(payer: &Payer, found: &Found, is_live: bool, charged: Currency) -> Vec<String> {
    let mut faults = of_customer(payer, found.customer.as_deref(), is_live);
    faults.extend(found.rates.iter().filter_map(|(id, rate)| of_rate(*id, rate, is_live)));
    if payer.currency != charged {
        let currency = payer.currency;
        faults.push(format!(
            "he pays in {currency}, and the tariff charges in {charged}: nothing of that is billed to him"
        ));
    }
    faults
}

fn of_rate(id: Name, rate: &str, is_live: bool) -> Option<String> {
    match serde_json::from_str::<Rate>(rate) {
        Err(_) => Some(format!("what Stripe has of the tax rate {id} cannot be read")),
        Ok(rate) if rate.error.is_some() || rate.livemode != is_live => {
            Some(format!("there is no tax rate {id}, or it is of the other mode: live or test"))
        }
        Ok(rate) if !rate.active => Some(format!("the tax rate {id} is archived, and can be on no new invoice")),
        Ok(_) => None,
    }
}

fn of_customer(payer: &Payer, customer: Option<&str>, is_live: bool) -> Vec<String> {
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
            let found = Found { customer: found.map(str::to_owned), rates: Vec::new() };
            let faults = faults(&payer, &found, false, Currency::EUR);
            match part {
                None => assert_eq!(faults, Vec::<String>::new(), "{found:?}"),
                Some(part) => assert!(faults.len() == 1 && faults[0].contains(part), "{found:?}: {faults:?}"),
            }
        }
    }

    #[test]
    fn his_tax_rates_have_to_be_there_and_his_currency_the_one_that_is_charged() {
        let rate = Name::new("txr_1").expect("a name");
        let payer = Payer { customer: Name::new("cus_1"), ..Payer::new(Name::new("Ada").expect("a name")) };
        for (rates, charged, part) in [
            (&[][..], "EUR", None),
            (&[(rate, r#"{"id":"txr_1","active":true,"livemode":false}"#)][..], "EUR", None),
            (&[(rate, r#"{"id":"txr_1","active":false}"#)], "EUR", Some("txr_1 is archived")),
            (&[(rate, r#"{"id":"txr_1","active":true,"livemode":true}"#)], "EUR", Some("other mode")),
            (&[(rate, r#"{"error":{"code":"resource_missing"}}"#)], "EUR", Some("no tax rate txr_1")),
            (&[(rate, "<html>")], "EUR", Some("cannot be read")),
            (&[], "USD", Some("he pays in EUR, and the tariff charges in USD")),
        ] {
            let found = Found {
                customer: Some(r#"{"id":"cus_1","email":"a@example.com"}"#.to_owned()),
                rates: rates.iter().map(|(id, text)| (*id, (*text).to_owned())).collect(),
            };
            let faults = faults(&payer, &found, false, Currency::parse(charged).expect("a currency"));
            assert_eq!(faults.len(), usize::from(part.is_some()), "{rates:?} {charged}: {faults:?}");
            assert!(part.is_none_or(|part| faults[0].contains(part)), "{rates:?} {charged}: {faults:?}");
        }
    }
}
