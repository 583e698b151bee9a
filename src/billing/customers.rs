//! Customers: a payer's at Stripe, found or made, so that he has one however often he is asked for.
//!
//! What is personal of him goes to Stripe, and is kept sealed beside the book: it is in no record, log, error or `Debug`.

use std::collections::HashMap;
use std::fmt;

use compact_str::CompactString;
use serde::Deserialize;
use stripe_core::customer::CreateCustomer;
use thiserror::Error;

use super::answers::{is_final, read, refusal};
use super::call::{Call, call_of};
use super::look::all;
use super::marks::{House, PAYER};
use super::walk::{Stripe, Unsure};
use crate::domain::names::Name;

/// Somebody who is to be a customer.
#[derive(Clone)]
pub struct Person {
    payer: Name,
    /// The customer that he is by the book.
    known: Option<Name>,
    email: String,
    name: Option<String>,
}

/// Why somebody cannot be asked for.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NoPerson {
    /// It is no address.
    #[error("an e-mail address is like anna@example.org, of at most 512 bytes")]
    Email,
    /// It is no name.
    #[error("a name is a line of plain text of 1 to 256 characters")]
    Name,
}

/// Why there is no customer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NoCustomer {
    /// Stripe does not make him.
    #[error("Stripe does not make the customer: {0}")]
    Refused(CompactString),
    /// He is one already, by other words.
    #[error("he is {0} at Stripe already, and his e-mail address is changed there; `--customer` names another")]
    Another(Name),
}

/// So often is it tried, each time after one that Stripe will never do.
const ATTEMPTS: u8 = 4;

impl Person {
    /// `payer`, by what Stripe is to know of him; `known` is the customer that he is by the book.
    pub fn new(payer: Name, known: Option<Name>, email: &str, name: Option<&str>) -> Result<Person, NoPerson> {
        let is_plain = |text: &str| !text.chars().any(char::is_control);
        let email = email.trim();
        let parts = email.split_once('@');
        let has_parts = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
        if !has_parts || 512 < email.len() || email.contains(char::is_whitespace) || !is_plain(email) {
            return Err(NoPerson::Email);
        }
        let name = name.map(str::trim);
        if name.is_some_and(|name| !(1..=256).contains(&name.chars().count()) || !is_plain(name)) {
            return Err(NoPerson::Name);
        }
        Ok(Person { payer, known, email: email.to_owned(), name: name.map(str::to_owned) })
    }

    /// Who pays.
    pub fn payer(&self) -> Name {
        self.payer
    }

    /// His address,
    pub fn email(&self) -> &str {
        &self.email
    }

    /// and his name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The call that makes him a customer.
    fn call(&self, house: &House, gone: Option<Name>, attempt: u8) -> Call {
        let mut create = CreateCustomer::new()
            .email(self.email.as_str())
            .metadata(HashMap::from([(PAYER.to_owned(), house.payer(self.payer))]));
        if let Some(name) = &self.name {
            create = create.name(name.as_str());
        }
        let mut call = call_of(&create, None);
        // The same for the same words; others after a customer that is gone, of whom this key would tell for ever.
        let mut digest = blake3::Hasher::new();
        for text in [self.payer.as_str(), gone.map_or("", Name::as_str), &call.form] {
            digest.update(&text.len().to_le_bytes()).update(text.as_bytes());
        }
        call.key = Some(format!("rialto-{}-customer-{}-{attempt}", house.folder(), digest.finalize().to_hex()));
        call
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("payer", &self.payer).field("known", &self.known).finish_non_exhaustive()
    }
}

impl House {
    /// What the metadata of a payer's customer says.
    fn payer(&self, payer: Name) -> String {
        format!("{}-{}", self.folder(), payer.as_str())
    }
}

/// What is read of a customer.
#[derive(Deserialize)]
struct Customer {
    id: String,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    metadata: HashMap<String, String>,
}

/// The customer that somebody is: the one that was made for him before, or else a new one.
pub async fn customer(
    stripe: &impl Stripe,
    house: &House,
    person: &Person,
) -> Result<Result<Name, NoCustomer>, Unsure> {
    let gone = person.known;
    if let Some(known) = gone
        && is_there(stripe, known).await?
    {
        // Whoever he was before, he is this one now.
        let is_found = find(stripe, house, person).await? == Some(known);
        return Ok(if is_found { Ok(known) } else { Err(NoCustomer::Another(known)) });
    }
    for attempt in 0..ATTEMPTS {
        // Looked for before each attempt: one that failed may have made him all the same.
        if let Some(found) = find(stripe, house, person).await? {
            return Ok(Ok(found));
        }
        let reply = stripe.call(&person.call(house, gone, attempt)).await?;
        match reply.status {
            200 => {
                let made = read::<Customer>(&reply).and_then(|customer| Name::new(&customer.id));
                return made.map(Ok).ok_or_else(|| Unsure::unreadable("the customer"));
            }
            401 | 403 => return Err(Unsure::of(&reply)),
            // This key makes him no more.
            409 | 429 | 500.. if is_final(&reply) => {}
            _ if is_final(&reply) => return Ok(Err(NoCustomer::Refused(refusal(&reply).code))),
            _ => return Err(Unsure::of(&reply)),
        }
    }
    Err(Unsure::unreadable("what came of making a customer"))
}

/// The customer that was made for a payer, among all with his address: the one in the book, else the first.
async fn find(stripe: &impl Stripe, house: &House, person: &Person) -> Result<Option<Name>, Unsure> {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("email", &person.email).finish();
    let all: Vec<Customer> = all(stripe, "/v1/customers", &query, |customer: &Customer| &customer.id).await?;
    let mark = house.payer(person.payer);
    let ours = || {
        let marked = |customer: &&Customer| !customer.deleted && customer.metadata.get(PAYER) == Some(&mark);
        all.iter().filter(marked).filter_map(|customer| Name::new(&customer.id))
    };
    // The newest is told first.
    Ok(ours().find(|id| Some(*id) == person.known).or_else(|| ours().next_back()))
}

async fn is_there(stripe: &impl Stripe, customer: Name) -> Result<bool, Unsure> {
    let reply = stripe.read(Call::get(format!("/v1/customers/{}", customer.as_str()), "")).await?;
    match reply.status {
        200 => Ok(!read::<Customer>(&reply).ok_or_else(|| Unsure::unreadable("a customer"))?.deleted),
        404 => Ok(false),
        _ => Err(Unsure::of(&reply)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(email: &str, name: Option<&str>) -> Result<Person, NoPerson> {
        Person::new(Name::new("Ada").expect("a name"), None, email, name)
    }

    #[test]
    fn an_address_and_a_name_are_read_at_the_door() {
        for good in ["a@b", " anna@example.org ", "anna+rialto@mail.example.org", "ünïcode@example.org"] {
            assert!(person(good, Some("Anna da Ponte")).is_ok(), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(512));
        for bad in ["", "anna", "@", "a@", "@b", "a@b@c", "an na@example.org", "a@b\r\nc", long.as_str()] {
            assert_eq!(person(bad, None).err(), Some(NoPerson::Email), "{bad}");
        }
        for bad in ["", " ", "two\nlines", "n".repeat(257).as_str()] {
            assert_eq!(person("a@b", Some(bad)).err(), Some(NoPerson::Name), "{bad}");
        }
    }

    #[test]
    fn what_is_personal_is_not_shown() {
        let shown = format!("{:?}", person("anna@example.org", Some("Anna da Ponte")).expect("a person"));
        assert!(shown.contains("Ada") && !shown.contains("anna") && !shown.contains("Ponte"), "{shown}");
    }

    #[test]
    fn other_words_have_another_key_and_the_same_words_the_same() {
        let house = House::new("f01d", None);
        let key = |email, name, gone, attempt| person(email, name).expect("one").call(&house, gone, attempt).key;
        let first = key("a@b", None, None, 0);
        assert_eq!(first, key("a@b", None, None, 0));
        for other in [
            key("a@c", None, None, 0),
            key("a@b", Some("A"), None, 0),
            key("a@b", None, Name::new("cus_1"), 0),
            key("a@b", None, None, 1),
        ] {
            assert_ne!(first, other);
        }
        let key = first.expect("a key");
        assert!(key.len() <= 255 && !key.contains("a@b"), "{key}");
    }
}
