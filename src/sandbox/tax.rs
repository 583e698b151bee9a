//! Tax: rates that somebody made, and those of a few countries that are found by a customer's address.

use rust_decimal::Decimal;
use rust_decimal::prelude::{RoundingStrategy, ToPrimitive};

use super::customers::TaxExempt;
use super::form::{Form, Metadata};
use super::json::Object;
use super::page::{Ask, Order};
use super::problem::Problem;
use super::shelf::Named;
use super::state::{Answer, World, change};

#[derive(Clone, Debug)]
pub(super) struct TaxRate {
    id: String,
    created: i64,
    name: String,
    percentage: Decimal,
    is_inclusive: bool,
    is_active: bool,
    country: Option<String>,
    description: Option<String>,
    jurisdiction: Option<String>,
    metadata: Metadata,
    /// Whether it is one that is found by an address; lists leave those out.
    is_automatic: bool,
}

impl Named for TaxRate {
    fn id(&self) -> &str {
        &self.id
    }
}

/// What one rate makes of one amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tax {
    pub(super) rate: usize,
    pub(super) amount: i64,
    pub(super) taxable: i64,
    pub(super) is_inclusive: bool,
    reason: &'static str,
}

impl Tax {
    /// Writes it as it stands on a line, an invoice or a credit note.
    pub(super) fn write(&self, out: &mut String, world: &World) {
        let mut object = Object::open(out);
        object.number("amount", self.amount);
        object.text("tax_behavior", if self.is_inclusive { "inclusive" } else { "exclusive" });
        let mut details = object.object("tax_rate_details");
        details.text("tax_rate", &world.tax_rates[self.rate].id);
        details.close();
        object.text("taxability_reason", self.reason);
        object.number("taxable_amount", self.taxable);
        object.text("type", "tax_rate_details");
        object.close();
    }

    /// Adds what is of the same rate, and puts the rest beside it.
    pub(super) fn add_up(sums: &mut Vec<Tax>, tax: Tax) {
        match sums.iter_mut().find(|sum| sum.rate == tax.rate && sum.is_inclusive == tax.is_inclusive) {
            Some(sum) => {
                sum.amount += tax.amount;
                sum.taxable += tax.taxable;
            }
            None => sums.push(tax),
        }
    }
}

impl TaxRate {
    /// What it makes of an amount, rounded half up, line by line.
    pub(super) fn of(&self, rate: usize, amount: i64, exempt: TaxExempt) -> Tax {
        let reason = match exempt {
            TaxExempt::None if self.percentage.is_zero() => "zero_rated",
            TaxExempt::None => "standard_rated",
            TaxExempt::Exempt => "customer_exempt",
            TaxExempt::Reverse => "reverse_charge",
        };
        let percentage = if exempt == TaxExempt::None { self.percentage } else { Decimal::ZERO };
        let amount = Decimal::from(amount);
        let hundred = Decimal::ONE_HUNDRED;
        // Rates are at most 100 percent and amounts have twelve digits, so that nothing here is too large.
        let tax = match self.is_inclusive {
            true => amount * percentage / (hundred + percentage),
            false => amount * percentage / hundred,
        };
        let tax = whole(tax);
        let taxable = whole(amount) - if self.is_inclusive { tax } else { 0 };
        Tax { rate, amount: tax, taxable, is_inclusive: self.is_inclusive, reason }
    }

    /// Writes it.
    pub(super) fn write(&self, out: &mut String) {
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "tax_rate");
        object.flag("active", self.is_active);
        object.maybe_text("country", self.country.as_deref());
        object.number("created", self.created);
        object.maybe_text("description", self.description.as_deref());
        object.text("display_name", &self.name);
        let percentage = self.percentage.to_string();
        object.json("effective_percentage", &percentage);
        object.flag("inclusive", self.is_inclusive);
        object.maybe_text("jurisdiction", self.jurisdiction.as_deref());
        object.map("metadata", &self.metadata);
        object.json("percentage", &percentage);
        object.members(
            r#""flat_amount":null,"jurisdiction_level":null,"livemode":false,"rate_type":"percentage","state":null,"tax_type":"vat""#,
        );
        object.close();
    }
}

/// A whole number, rounded half away from nothing.
pub(super) fn whole(amount: Decimal) -> i64 {
    amount.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64().unwrap_or_default()
}

/// The standard rates, in percent, of the countries that automatic tax knows; elsewhere none is taken.
const COUNTRIES: [(&str, u32); 12] = [
    ("AT", 20),
    ("BE", 21),
    ("DE", 19),
    ("ES", 21),
    ("FI", 25),
    ("FR", 20),
    ("IE", 23),
    ("IT", 22),
    ("NL", 21),
    ("PL", 23),
    ("PT", 23),
    ("SE", 25),
];

impl World {
    pub(super) fn create_tax_rate(&mut self, mut form: Form) -> Answer {
        let name = form.need("display_name")?;
        let is_inclusive = form.flag("inclusive")?.ok_or_else(|| form.lacks("inclusive"))?;
        let percentage = form.decimal("percentage")?.ok_or_else(|| form.lacks("percentage"))?;
        if percentage.is_sign_negative() || Decimal::ONE_HUNDRED < percentage || 4 < percentage.normalize().scale() {
            let message = "Invalid percentage: expected 0 to 100, with at most four decimals.";
            return Err(Problem::parameter("", "percentage", message));
        }
        let rate = TaxRate {
            id: String::new(),
            created: self.now,
            name,
            percentage: percentage.normalize(),
            is_inclusive,
            is_active: form.flag("active")?.unwrap_or(true),
            country: form.text("country")?,
            description: form.text("description")?,
            jurisdiction: form.text("jurisdiction")?,
            metadata: asked(form.metadata()?),
            is_automatic: false,
        };
        form.choice("tax_type", &["vat", "gst", "sales_tax"])?;
        form.end()?;
        let place = self.put_tax_rate(rate);
        self.tell_tax_rate(place)
    }

    pub(super) fn get_tax_rate(&self, id: &str, form: Form) -> Answer {
        form.end()?;
        self.tell_tax_rate(self.tax_rate(id, "id")?)
    }

    pub(super) fn list_tax_rates(&self, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        let active = form.flag("active")?;
        form.end()?;
        let keep = |place: usize| {
            let rate: &TaxRate = &self.tax_rates[place];
            Some(!rate.is_automatic && active.is_none_or(|active| active == rate.is_active))
        };
        let page = ask.cut(self.tax_rates.len(), Order::NewestFirst, |id| self.tax_rates.find(id), keep)?;
        Ok(page.write("/v1/tax_rates", self, |out, world, place| world.tax_rates[place].write(out)))
    }

    fn tell_tax_rate(&self, place: usize) -> Answer {
        let mut out = String::with_capacity(400);
        self.tax_rates[place].write(&mut out);
        Ok(out)
    }

    /// The place of a rate.
    pub(super) fn tax_rate(&self, id: &str, param: &str) -> Result<usize, Problem> {
        self.tax_rates.find(id).ok_or_else(|| Problem::missing("tax rate", id, param))
    }

    /// The places of the rates that a parameter names.
    pub(super) fn rates(&self, ids: &[String], param: &str) -> Result<Vec<usize>, Problem> {
        ids.iter().map(|id| self.tax_rate(id, param)).collect()
    }

    fn put_tax_rate(&mut self, mut rate: TaxRate) -> usize {
        rate.id = self.ids.id("txr_");
        self.tax_rates.put(rate)
    }

    /// The rate that is found by a country, made when it is first needed.
    pub(super) fn automatic_rate(&mut self, country: &str) -> usize {
        let is_it = |rate: &TaxRate| rate.is_automatic && rate.country.as_deref() == Some(country);
        if let Some(place) = self.tax_rates.iter().position(is_it) {
            return place;
        }
        let percent = COUNTRIES.iter().find(|(known, _)| *known == country).map_or(0, |(_, percent)| *percent);
        self.put_tax_rate(TaxRate {
            id: String::new(),
            created: self.now,
            name: "VAT".to_owned(),
            percentage: Decimal::from(percent),
            is_inclusive: false,
            is_active: true,
            country: Some(country.to_owned()),
            description: None,
            jurisdiction: Some(country.to_owned()),
            metadata: Metadata::new(),
            is_automatic: true,
        })
    }
}

fn asked(metadata: Option<Metadata>) -> Metadata {
    let mut made = Metadata::new();
    change(&mut made, metadata);
    made
}
