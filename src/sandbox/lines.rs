//! Lines: what an invoice is made of. Each comes from an [invoice item](super::items).

use rust_decimal::Decimal;

use super::form::{Form, Metadata};
use super::invoices::Invoice;
use super::json::{self, Object};
use super::page::{Ask, Order};
use super::problem::Problem;
use super::state::{Answer, Home, World, change, currency};
use super::tax::{Tax, whole};

/// A line, and the invoice item that it is of: they have an id each.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) item: String,
    pub(super) created: i64,
    pub(super) currency: String,
    pub(super) amount: i64,
    pub(super) description: Option<String>,
    pub(super) metadata: Metadata,
    period: (i64, i64),
    quantity: Decimal,
    unit_amount: Decimal,
    /// The rates that count for it rather than the invoice's.
    pub(super) rates: Vec<usize>,
    pub(super) taxes: Vec<Tax>,
}

/// The most lines that an invoice has.
pub(super) const LINES_MAX: usize = 250;
/// The most lines that one call adds. Stripe documents no number; this is what its other lists take.
pub(super) const LINES_A_CALL: usize = 100;
/// So many lines are shown on the invoice itself.
pub(super) const LINES_SHOWN: usize = 10;

/// What a call says of a line.
pub(super) struct Said {
    amount: i64,
    quantity: Decimal,
    unit_amount: Decimal,
    description: Option<String>,
    metadata: Option<Metadata>,
    period: Option<(i64, i64)>,
    rates: Vec<String>,
    /// As the price says.
    pub(super) currency: Option<String>,
}

impl Said {
    pub(super) fn read(form: &mut Form) -> Result<Said, Problem> {
        let amount = form.integer("amount")?;
        let quantity = form.within("quantity", 0, 999_999_999)?.map(Decimal::from);
        let quantity = form.decimal("quantity_decimal")?.or(quantity);
        let mut unit_amount = form.decimal("unit_amount_decimal")?;
        let mut currency = None;
        if let Some(price) = form.branch("price_data")? {
            let (unit, priced_in) = read_price(price)?;
            (unit_amount, currency) = (Some(unit), Some(priced_in));
        }
        if let Some(mut pricing) = form.branch("pricing")? {
            // There are no prices here, so that none is found.
            return Err(Problem::missing("price", &pricing.need("price")?, "pricing[price]"));
        }
        let (amount, quantity, unit_amount) = match (amount, unit_amount) {
            (Some(_), Some(_)) => return Err(either(form, "amount and a price")),
            (Some(_), None) if quantity.is_some() => return Err(either(form, "amount and quantity")),
            (Some(amount), None) => (amount, Decimal::ONE, Decimal::from(amount)),
            (None, Some(unit)) => (product(form, unit, quantity)?, quantity.unwrap_or(Decimal::ONE), unit),
            (None, None) => return Err(form.lacks("amount")),
        };
        form.flag("discountable")?;
        Ok(Said {
            amount,
            quantity,
            unit_amount,
            description: form.text("description")?,
            metadata: form.metadata()?,
            period: form.branch("period")?.map(read_period).transpose()?,
            rates: form.texts("tax_rates")?.unwrap_or_default(),
            currency,
        })
    }

    /// The line; it belongs nowhere yet.
    pub(super) fn line(self, world: &mut World, rates: Vec<usize>, currency: &str) -> Line {
        let mut metadata = Metadata::new();
        change(&mut metadata, self.metadata);
        Line {
            id: world.ids.id("il_"),
            item: world.ids.id("ii_"),
            created: world.now,
            currency: currency.to_owned(),
            amount: self.amount,
            description: self.description,
            metadata,
            period: self.period.unwrap_or((world.now, world.now)),
            quantity: self.quantity,
            unit_amount: self.unit_amount,
            rates,
            taxes: Vec::new(),
        }
    }

    /// The places of its rates.
    pub(super) fn rates(&self, world: &World) -> Result<Vec<usize>, Problem> {
        world.rates(&self.rates, "tax_rates")
    }
}

fn either(form: &Form, what: &str) -> Problem {
    let full = form.full("amount");
    Problem::parameter("", &full, format!("You may only give one of {what}."))
}

/// So many of what costs so much, to the nearest smallest amount.
fn product(form: &Form, unit: Decimal, quantity: Option<Decimal>) -> Result<i64, Problem> {
    let product = unit.checked_mul(quantity.unwrap_or(Decimal::ONE));
    product.filter(|product| product.abs() < Decimal::from(1_000_000_000_000_i64)).map(whole).ok_or_else(|| {
        let full = form.full("quantity");
        Problem::parameter("parameter_invalid_integer", &full, "The line comes to too large an amount.")
    })
}

fn read_price(mut price: Form) -> Result<(Decimal, String), Problem> {
    let currency = currency(&mut price)?.ok_or_else(|| price.lacks("currency"))?;
    let product = price.text("product")?;
    match price.branch("product_data")? {
        Some(mut data) => {
            data.need("name")?;
            data.text("description")?;
            data.metadata()?;
            data.end()?;
        }
        None if product.is_none() => return Err(price.lacks("product")),
        None => {}
    }
    price.choice("tax_behavior", &["exclusive", "inclusive", "unspecified"])?;
    let unit = price.integer("unit_amount")?.map(Decimal::from);
    let unit = price.decimal("unit_amount_decimal")?.or(unit).ok_or_else(|| price.lacks("unit_amount_decimal"))?;
    price.end()?;
    Ok((unit, currency))
}

fn read_period(mut period: Form) -> Result<(i64, i64), Problem> {
    let start = period.integer("start")?.ok_or_else(|| period.lacks("start"))?;
    let end = period.integer("end")?.ok_or_else(|| period.lacks("end"))?;
    if end < start {
        let full = period.full("end");
        return Err(Problem::parameter("", &full, "The period ends before it starts."));
    }
    period.end()?;
    Ok((start, end))
}

impl Line {
    /// Writes what a line and an invoice item have in common.
    pub(super) fn write_common(&self, object: &mut Object<'_>) {
        object.number("amount", self.amount);
        object.text("currency", &self.currency);
        object.maybe_text("description", self.description.as_deref());
        object.map("metadata", &self.metadata);
        let mut period = object.object("period");
        period.number("end", self.period.1);
        period.number("start", self.period.0);
        period.close();
        let mut pricing = object.object("pricing");
        pricing.members(r#""price_details":null,"type":"price_details""#);
        pricing.text("unit_amount_decimal", &self.unit_amount.normalize().to_string());
        pricing.close();
        object.number("quantity", whole(self.quantity));
        object.text("quantity_decimal", &self.quantity.normalize().to_string());
    }

    /// Writes it as a line of an invoice.
    pub(super) fn write(&self, out: &mut String, invoice: &str, world: &World) {
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "line_item");
        object.text("invoice", invoice);
        self.write_common(&mut object);
        let mut parent = object.object("parent");
        let mut details = parent.object("invoice_item_details");
        details.text("invoice_item", &self.item);
        details.members(r#""proration":false,"proration_details":null,"subscription":null"#);
        details.close();
        parent.members(r#""subscription_item_details":null,"type":"invoice_item_details""#);
        parent.close();
        object.number("subtotal", self.amount);
        object.array("taxes", &self.taxes, |out, tax| tax.write(out, world));
        object.members(
            r#""discount_amounts":[],"discountable":true,"discounts":[],"livemode":false,"pretax_credit_amounts":[],"subscription":null"#,
        );
        object.close();
    }
}

impl World {
    pub(super) fn add_lines(&mut self, id: &str, mut form: Form) -> Answer {
        let lines = form.list("lines")?.ok_or_else(|| form.lacks("lines"))?;
        if !(1..=LINES_A_CALL).contains(&lines.len()) {
            let message = format!("Invalid array: lines has from 1 to {LINES_A_CALL} elements, not {}.", lines.len());
            return Err(Problem::parameter("", "lines", message));
        }
        let read = |mut line: Form| {
            let said = Said::read(&mut line)?;
            line.end().map(|()| said)
        };
        let said = lines.into_iter().map(read).collect::<Result<Vec<Said>, Problem>>()?;
        let metadata = form.branch("invoice_metadata")?.is_some();
        form.end()?;
        if metadata {
            return Err(Problem::refused("", "The sandbox sets an invoice's metadata by updating the invoice only."));
        }
        let place = self.draft(id)?;
        let invoice = &self.invoices[place];
        let currency = invoice.currency.clone();
        self.has_room(invoice, said.len())?;
        if said.iter().filter_map(|said| said.currency.as_ref()).any(|priced_in| *priced_in != currency) {
            return Err(other_currency(&currency));
        }
        let rates = said.iter().map(|said| said.rates(self)).collect::<Result<Vec<_>, Problem>>()?;
        for (said, rates) in said.into_iter().zip(rates) {
            let line = said.line(self, rates, &currency);
            self.put_line(place, line);
        }
        self.reckon(place);
        self.emit_invoice(&["invoice.updated"], place);
        Ok(self.tell_invoice(place))
    }

    /// Whether an invoice takes so many lines more.
    pub(super) fn has_room(&self, invoice: &Invoice, more: usize) -> Result<(), Problem> {
        match LINES_MAX < invoice.lines.len() + more {
            true => Err(Problem::refused("", format!("An invoice has at most {LINES_MAX} lines.")).about("lines")),
            false => Ok(()),
        }
    }

    /// Puts a line on an invoice, which is to be reckoned anew then.
    pub(super) fn put_line(&mut self, invoice: usize, line: Line) {
        self.items.insert(line.item.as_str().into(), Home::Invoice(invoice));
        self.invoices[invoice].lines.push(line);
    }

    pub(super) fn list_lines(&self, id: &str, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        form.end()?;
        let invoice = &self.invoices[self.invoice(id)?];
        let rank = |id: &str| invoice.lines.iter().position(|line| line.id == id);
        let page = ask.cut(invoice.lines.len(), Order::OldestFirst, rank, |_| Some(true))?;
        let url = format!("/v1/invoices/{id}/lines");
        Ok(page.write(&url, self, |out, world, place| invoice.lines[place].write(out, id, world)))
    }
}

pub(super) fn other_currency(currency: &str) -> Problem {
    Problem::refused("", format!("All of an invoice is in one currency, and this one is in {currency}."))
        .about("currency")
}

/// What is told of something that was deleted.
pub(super) fn deleted(id: &str, kind: &str) -> String {
    let mut out = String::with_capacity(80);
    let mut object = Object::open(&mut out);
    json::text(object.name("id"), id);
    object.text("object", kind);
    object.flag("deleted", true);
    object.close();
    out
}
