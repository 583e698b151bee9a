//! Customers: who is invoiced, what he has as credit, and the card that he pays by.

use std::collections::BTreeMap;

use super::form::{Form, Metadata};
use super::json::Object;
use super::lines::Line;
use super::page::{Ask, Order};
use super::problem::Problem;
use super::shelf::Named;
use super::state::{Answer, CURRENCY, World, change, set};

#[derive(Clone, Debug, Default)]
pub(super) struct Customer {
    pub(super) id: String,
    created: i64,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    phone: Option<String>,
    description: Option<String>,
    pub(super) address: Option<Address>,
    metadata: Metadata,
    /// The currency of his first invoice.
    pub(super) currency: Option<String>,
    /// What he owes besides his invoices, by currency; less than nothing is credit.
    pub(super) balances: BTreeMap<String, i64>,
    tax_exempt: TaxExempt,
    pub(super) card: Option<String>,
    /// Whether cards are declined, whichever they are.
    pub(super) is_declined: bool,
    pub(super) is_deleted: bool,
    /// What the next invoice may take with it.
    pub(super) pending: Vec<Line>,
    /// Where his invoices are, the oldest first.
    pub(super) invoices: Vec<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TaxExempt {
    #[default]
    None,
    Exempt,
    Reverse,
}

/// An address; a member that is not there is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Address([String; 6]);

const PARTS: [&str; 6] = ["city", "country", "line1", "line2", "postal_code", "state"];

impl Named for Customer {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Customer {
    /// The country in which he is taxed, where that is known.
    pub(super) fn country(&self) -> Option<&str> {
        let country = self.address.as_ref()?.0[1].as_str();
        let is_code = country.len() == 2 && country.bytes().all(|letter| letter.is_ascii_uppercase());
        is_code.then_some(country)
    }

    pub(super) fn tax_exempt(&self) -> TaxExempt {
        self.tax_exempt
    }

    /// What he owes besides his invoices, or, below nothing, has as credit.
    pub(super) fn balance(&self, currency: &str) -> i64 {
        self.balances.get(currency).copied().unwrap_or_default()
    }

    /// He owes so much more; less than nothing is credit.
    pub(super) fn owe(&mut self, currency: String, more: i64) {
        let balance = self.balances.entry(currency).or_default();
        *balance = balance.saturating_add(more);
    }

    fn write(&self, out: &mut String) {
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "customer");
        if self.is_deleted {
            object.flag("deleted", true);
            return object.close();
        }
        write_address(object.name("address"), self.address.as_ref());
        let currency = self.currency.as_deref();
        object.number("balance", self.balance(currency.unwrap_or(CURRENCY)));
        object.number("created", self.created);
        object.maybe_text("currency", currency);
        object.maybe_text("description", self.description.as_deref());
        object.maybe_text("email", self.email.as_deref());
        let mut credit = object.object("invoice_credit_balance");
        for (currency, balance) in &self.balances {
            credit.number(currency, *balance);
        }
        credit.close();
        let mut settings = object.object("invoice_settings");
        settings.maybe_text("default_payment_method", self.card.as_deref());
        settings.members(r#""custom_fields":null,"footer":null,"rendering_options":null"#);
        settings.close();
        object.map("metadata", &self.metadata);
        object.maybe_text("name", self.name.as_deref());
        object.maybe_text("phone", self.phone.as_deref());
        object.text("tax_exempt", self.tax_exempt.as_str());
        object.members(
            r#""default_source":null,"delinquent":false,"discount":null,"invoice_prefix":null,"livemode":false,"next_invoice_sequence":1,"preferred_locales":[],"shipping":null,"test_clock":null"#,
        );
        object.close();
    }
}

impl TaxExempt {
    const WORDS: [&'static str; 3] = ["none", "exempt", "reverse"];

    pub(super) fn as_str(self) -> &'static str {
        TaxExempt::WORDS[self as usize]
    }

    fn read(form: &mut Form) -> Result<Option<TaxExempt>, Problem> {
        Ok(form.choice("tax_exempt", &TaxExempt::WORDS)?.map(|word| match word {
            "exempt" => TaxExempt::Exempt,
            "reverse" => TaxExempt::Reverse,
            _ => TaxExempt::None,
        }))
    }
}

/// Writes an address, or that there is none.
pub(super) fn write_address(out: &mut String, address: Option<&Address>) {
    let Some(Address(parts)) = address else { return out.push_str("null") };
    let mut object = Object::open(out);
    for (name, part) in PARTS.iter().zip(parts) {
        object.maybe_text(name, Some(part.as_str()).filter(|part| !part.is_empty()));
    }
    object.close();
}

/// What a call may say of a customer.
struct Said {
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    description: Option<String>,
    address: Option<Address>,
    metadata: Option<Metadata>,
    tax_exempt: Option<TaxExempt>,
    card: Option<String>,
    balance: Option<i64>,
}

impl Said {
    fn read(form: &mut Form) -> Result<Said, Problem> {
        let email = form.unsettable("email")?;
        if email.as_deref().is_some_and(|email| !email.is_empty() && !looks_like_email(email)) {
            let message = format!("Invalid email address: {}", email.unwrap_or_default());
            return Err(Problem::parameter("email_invalid", "email", message));
        }
        let mut card = form.text("payment_method")?;
        if let Some(mut settings) = form.branch("invoice_settings")? {
            card = settings.unsettable("default_payment_method")?.or(card);
            settings.end()?;
        }
        Ok(Said {
            name: form.unsettable("name")?,
            email,
            phone: form.unsettable("phone")?,
            description: form.unsettable("description")?,
            address: form.branch("address")?.map(read_address).transpose()?,
            metadata: form.metadata()?,
            tax_exempt: TaxExempt::read(form)?,
            card,
            balance: form.integer("balance")?,
        })
    }

    fn write(self, customer: &mut Customer) {
        set(&mut customer.name, self.name);
        set(&mut customer.email, self.email);
        set(&mut customer.phone, self.phone);
        set(&mut customer.description, self.description);
        set(&mut customer.card, self.card);
        change(&mut customer.metadata, self.metadata);
        if let Some(address) = self.address {
            customer.address = Some(address).filter(|Address(parts)| parts.iter().any(|part| !part.is_empty()));
        }
        if let Some(tax_exempt) = self.tax_exempt {
            customer.tax_exempt = tax_exempt;
        }
        if let Some(balance) = self.balance {
            let currency = customer.currency.clone().unwrap_or_else(|| CURRENCY.to_owned());
            customer.balances.insert(currency, balance);
        }
    }
}

fn read_address(mut form: Form) -> Result<Address, Problem> {
    let mut parts: [String; 6] = Default::default();
    for (name, part) in PARTS.iter().zip(&mut parts) {
        *part = form.unsettable(name)?.unwrap_or_default();
    }
    form.end()?;
    Ok(Address(parts))
}

fn looks_like_email(text: &str) -> bool {
    let parts = text.split_once('@');
    text.len() <= 512
        && !text.contains(char::is_whitespace)
        && parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

impl World {
    /// The place of a customer, deleted or not.
    pub(super) fn customer(&self, id: &str, param: &str) -> Result<usize, Problem> {
        self.customers.find(id).ok_or_else(|| Problem::missing("customer", id, param))
    }

    /// The place of a customer that was not deleted.
    pub(super) fn living(&self, id: &str, param: &str) -> Result<usize, Problem> {
        let place = self.customer(id, param)?;
        match self.customers[place].is_deleted {
            true => Err(Problem::missing("customer", id, param)),
            false => Ok(place),
        }
    }

    pub(super) fn create_customer(&mut self, mut form: Form) -> Answer {
        let said = Said::read(&mut form)?;
        form.end()?;
        let mut customer =
            Customer { id: self.ids.id("cus_")[..18].to_owned(), created: self.now, ..Default::default() };
        said.write(&mut customer);
        let place = self.customers.put(customer);
        self.emit_customer("customer.created", place);
        Ok(self.tell_customer(place))
    }

    pub(super) fn get_customer(&self, id: &str, form: Form) -> Answer {
        form.end()?;
        Ok(self.tell_customer(self.customer(id, "id")?))
    }

    pub(super) fn update_customer(&mut self, id: &str, mut form: Form) -> Answer {
        let said = Said::read(&mut form)?;
        form.end()?;
        let place = self.living(id, "id")?;
        said.write(&mut self.customers[place]);
        self.emit_customer("customer.updated", place);
        Ok(self.tell_customer(place))
    }

    pub(super) fn delete_customer(&mut self, id: &str, form: Form) -> Answer {
        form.end()?;
        let place = self.living(id, "id")?;
        self.bury(place);
        Ok(self.tell_customer(place))
    }

    /// Deletes a customer: what waited for his next invoice is gone, his invoices stay.
    pub(super) fn bury(&mut self, place: usize) {
        self.emit_customer("customer.deleted", place);
        let customer = &mut self.customers[place];
        customer.is_deleted = true;
        for line in std::mem::take(&mut customer.pending) {
            self.items.remove(line.item.as_str());
        }
    }

    pub(super) fn list_customers(&self, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        let (email, created) = (form.text("email")?, form.range("created")?);
        form.end()?;
        let keep = |place: usize| {
            let customer = &self.customers[place];
            let is_meant = email.is_none() || customer.email == email;
            (created.least <= customer.created)
                .then_some(is_meant && !customer.is_deleted && created.contains(customer.created))
        };
        let page = ask.cut(self.customers.len(), Order::NewestFirst, |id| self.customers.find(id), keep)?;
        Ok(page.write("/v1/customers", self, |out, world, place| world.customers[place].write(out)))
    }

    pub(super) fn tell_customer(&self, place: usize) -> String {
        let mut out = String::with_capacity(1_000);
        self.customers[place].write(&mut out);
        out
    }

    pub(super) fn emit_customer(&mut self, kind: &'static str, place: usize) {
        let object = self.tell_customer(place);
        self.emit(&[kind], object);
    }
}
