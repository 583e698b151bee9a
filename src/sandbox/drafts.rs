//! Drafts: invoices are made, changed and deleted as long as they are drafts; and how they are listed.

use super::form::{Form, Metadata};
use super::invoices::{Collection, Invoice, Status, Sums, Times};
use super::lines::{LINES_MAX, deleted};
use super::page::{Ask, Order};
use super::problem::Problem;
use super::state::{Answer, CURRENCY, World, change, currency, set};

/// What may be said of an invoice when it is made, and as long as it is a draft.
struct Said {
    collection: Option<Collection>,
    days_until_due: Option<i64>,
    due_date: Option<i64>,
    is_advancing: Option<bool>,
    is_taxed_automatically: Option<bool>,
    rates: Option<Vec<String>>,
    description: Option<String>,
    footer: Option<String>,
    custom_fields: Option<Vec<(String, String)>>,
    metadata: Option<Metadata>,
}

const DAY: i64 = 86_400;
/// How long after it was made a draft is finalized by itself, where that was asked for.
const HOUR: i64 = 3_600;

impl Said {
    fn read(form: &mut Form) -> Result<Said, Problem> {
        let automatic = |mut tax: Form| {
            let enabled = tax.flag("enabled")?.ok_or_else(|| tax.lacks("enabled"))?;
            tax.end().map(|()| enabled)
        };
        Ok(Said {
            collection: form.choice("collection_method", &Collection::WORDS)?.map(Collection::of),
            days_until_due: form.within("days_until_due", 0, 3_650)?,
            due_date: form.integer("due_date")?,
            is_advancing: form.flag("auto_advance")?,
            is_taxed_automatically: form.branch("automatic_tax")?.map(automatic).transpose()?,
            rates: form.texts("default_tax_rates")?,
            description: form.unsettable("description")?,
            footer: form.unsettable("footer")?,
            custom_fields: form.list("custom_fields")?.map(read_fields).transpose()?,
            metadata: form.metadata()?,
        })
    }

    /// Whether the terms go together, on an invoice that is collected so.
    fn check_terms(&self, collection: Collection, has_terms: bool, now: i64) -> Result<(), Problem> {
        let said = [("days_until_due", self.days_until_due), ("due_date", self.due_date)];
        let mut named = said.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name);
        let (first, second) = (named.next(), named.next());
        match (collection, first) {
            (_, Some(first)) if second.is_some() => {
                Err(Problem::refused("", "Only one of days_until_due and due_date may be given.").about(first))
            }
            (Collection::ChargeAutomatically, Some(name)) => {
                let message = format!("{name} may only be given if collection_method is send_invoice.");
                Err(Problem::refused("", message).about(name))
            }
            (Collection::SendInvoice, None) if !has_terms => {
                let message = "days_until_due or due_date must be given if collection_method is send_invoice.";
                Err(Problem::refused("", message).about("days_until_due"))
            }
            _ if self.due_date.is_some_and(|due| due <= now) => {
                Err(Problem::refused("", "due_date must lie in the future.").about("due_date"))
            }
            _ => Ok(()),
        }
    }

    fn says_only_metadata(&self) -> bool {
        self.collection.is_none()
            && self.days_until_due.is_none()
            && self.due_date.is_none()
            && self.is_taxed_automatically.is_none()
            && self.rates.is_none()
            && self.description.is_none()
            && self.footer.is_none()
            && self.custom_fields.is_none()
    }

    fn write(self, invoice: &mut Invoice, rates: Option<Vec<usize>>) {
        if let Some(collection) = self.collection {
            invoice.collection = collection;
        }
        if self.days_until_due.is_some() || self.due_date.is_some() {
            invoice.days_until_due = self.days_until_due;
            invoice.due_date = self.due_date;
        }
        // Until it is finalized, a draft is due so long after it was made.
        if let Some(days) = invoice.days_until_due {
            invoice.due_date = Some(invoice.created + days * DAY);
        }
        invoice.is_advancing = self.is_advancing.unwrap_or(invoice.is_advancing);
        invoice.is_taxed_automatically = self.is_taxed_automatically.unwrap_or(invoice.is_taxed_automatically);
        set(&mut invoice.description, self.description);
        set(&mut invoice.footer, self.footer);
        change(&mut invoice.metadata, self.metadata);
        if let Some(fields) = self.custom_fields {
            invoice.custom_fields = fields;
        }
        if let Some(rates) = rates {
            invoice.rates = rates;
        }
    }
}

fn read_fields(fields: Vec<Form>) -> Result<Vec<(String, String)>, Problem> {
    if 4 < fields.len() {
        return Err(Problem::parameter("", "custom_fields", "An invoice has at most 4 custom fields."));
    }
    let read = |mut field: Form| {
        let read = (field.need("name")?, field.need("value")?);
        if 40 < read.0.chars().count() || 140 < read.1.chars().count() {
            let message = "A custom field's name has at most 40 characters, its value 140.";
            return Err(Problem::parameter("", "custom_fields", message));
        }
        field.end().map(|()| read)
    };
    fields.into_iter().map(read).collect()
}

impl World {
    pub(super) fn create_invoice(&mut self, mut form: Form) -> Answer {
        let customer = form.need("customer")?;
        let asked = currency(&mut form)?;
        let takes_pending = form.choice("pending_invoice_items_behavior", &["exclude", "include"])? == Some("include");
        let said = Said::read(&mut form)?;
        form.end()?;
        let customer = self.living(&customer, "customer")?;
        let collection = said.collection.unwrap_or(Collection::ChargeAutomatically);
        said.check_terms(collection, false, self.now)?;
        let rates = said.rates.as_deref().map(|ids| self.rates(ids, "default_tax_rates")).transpose()?;

        let own = self.customers[customer].currency.clone();
        let currency = asked.or(own).unwrap_or_else(|| CURRENCY.to_owned());
        let mut invoice = self.blank(customer, currency.clone());
        said.write(&mut invoice, rates);
        let place = self.invoices.put(invoice);
        self.customers[customer].invoices.push(place);
        self.customers[customer].currency.get_or_insert(currency);
        if takes_pending {
            self.take_pending(place, customer);
        }
        self.reckon(place);
        self.wind(place);
        self.emit_invoice(&["invoice.created"], place);
        Ok(self.tell_invoice(place))
    }

    fn blank(&mut self, customer: usize, currency: String) -> Invoice {
        Invoice {
            id: self.ids.id("in_"),
            customer,
            currency,
            status: Status::Draft,
            collection: Collection::ChargeAutomatically,
            created: self.now,
            number: None,
            description: None,
            footer: None,
            custom_fields: Vec::new(),
            metadata: Metadata::new(),
            is_advancing: false,
            is_taxed_automatically: false,
            rates: Vec::new(),
            days_until_due: None,
            due_date: None,
            lines: Vec::new(),
            sums: Sums::default(),
            amount_paid: 0,
            paid_elsewhere: 0,
            credited_before: 0,
            credited_after: 0,
            attempts: 0,
            times: Times::default(),
            payments: Vec::new(),
            charge: None,
            notes: Vec::new(),
            addressee: None,
        }
    }

    /// Puts what waits in the invoice's currency on it, as much as it holds; the rest waits on.
    fn take_pending(&mut self, invoice: usize, customer: usize) {
        let pending = std::mem::take(&mut self.customers[customer].pending);
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        for line in pending {
            let is_taken = line.currency == self.invoices[invoice].currency && taken.len() < LINES_MAX;
            if is_taken { taken.push(line) } else { left.push(line) }
        }
        for line in taken {
            self.put_line(invoice, line);
        }
        self.customers[customer].pending = left;
    }

    /// Sees to it that a draft is finalized by itself if, and only if, that is asked for.
    fn wind(&mut self, place: usize) {
        let invoice = &self.invoices[place];
        let at = invoice.created + HOUR;
        match invoice.is_advancing && invoice.status == Status::Draft {
            true => drop(self.timers.insert((at, place))),
            false => drop(self.timers.remove(&(at, place))),
        }
    }

    pub(super) fn get_invoice(&self, id: &str, form: Form) -> Answer {
        form.end()?;
        Ok(self.tell_invoice(self.invoice(id)?))
    }

    pub(super) fn update_invoice(&mut self, id: &str, mut form: Form) -> Answer {
        let said = Said::read(&mut form)?;
        form.end()?;
        let place = match said.says_only_metadata() {
            true => self.invoice(id)?,
            false => self.draft(id)?,
        };
        let invoice = &self.invoices[place];
        let collection = said.collection.unwrap_or(invoice.collection);
        let has_terms = invoice.days_until_due.is_some() || invoice.due_date.is_some();
        said.check_terms(collection, has_terms, self.now)?;
        let rates = said.rates.as_deref().map(|ids| self.rates(ids, "default_tax_rates")).transpose()?;
        said.write(&mut self.invoices[place], rates);
        if collection == Collection::ChargeAutomatically {
            let invoice = &mut self.invoices[place];
            (invoice.days_until_due, invoice.due_date) = (None, None);
        }
        if self.invoices[place].status == Status::Draft {
            self.reckon(place);
        }
        self.wind(place);
        self.emit_invoice(&["invoice.updated"], place);
        Ok(self.tell_invoice(place))
    }

    pub(super) fn delete_invoice(&mut self, id: &str, form: Form) -> Answer {
        form.end()?;
        let place = self.invoice(id)?;
        if self.invoices[place].status != Status::Draft {
            return Err(Problem::refused(
                "invoice_not_editable",
                "Only drafts are deleted; void this invoice instead.",
            ));
        }
        self.emit_invoice(&["invoice.deleted"], place);
        self.invoices.hide(place);
        self.timers.remove(&(self.invoices[place].created + HOUR, place));
        let invoice = &mut self.invoices[place];
        invoice.status = Status::Deleted;
        for line in std::mem::take(&mut invoice.lines) {
            self.items.remove(line.item.as_str());
        }
        Ok(deleted(id, "invoice"))
    }

    /// Lists invoices, the newest first; of one customer without looking at the others'.
    pub(super) fn list_invoices(&self, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        let customer = form.text("customer")?;
        let status = form.choice("status", &["draft", "open", "paid", "uncollectible", "void"])?;
        let collection = form.choice("collection_method", &Collection::WORDS)?.map(Collection::of);
        let (created, due) = (form.range("created")?, form.range("due_date")?);
        form.end()?;
        let customer = customer.map(|id| self.customer(&id, "customer")).transpose()?;
        let keep = |place: usize| {
            let invoice = &self.invoices[place];
            let is_meant = invoice.status != Status::Deleted
                && status.is_none_or(|status| status == invoice.status.as_str())
                && collection.is_none_or(|collection| collection == invoice.collection)
                && created.contains(invoice.created)
                && due.contains(invoice.due_date.unwrap_or_default());
            (created.least <= invoice.created).then_some(is_meant)
        };
        let page = match customer {
            None => ask.cut(self.invoices.len(), Order::NewestFirst, |id| self.invoices.find(id), keep)?,
            Some(customer) => {
                let own = &self.customers[customer].invoices;
                let rank = |id: &str| own.binary_search(&self.invoices.find(id)?).ok();
                let mut page = ask.cut(own.len(), Order::NewestFirst, rank, |rank| keep(own[rank]))?;
                page.places.iter_mut().for_each(|place| *place = own[*place]);
                page
            }
        };
        Ok(page.write("/v1/invoices", self, |out, world, place| world.write_invoice(out, place)))
    }

    /// The hour is over after which a draft is finalized by itself; what then follows is as its terms say.
    pub(super) fn finalize_by_itself(&mut self, place: usize) {
        if self.invoices[place].status != Status::Draft || self.cannot_finalize(place).is_some() {
            return;
        }
        self.finalize(place);
        if self.invoices[place].status != Status::Open {
            return;
        }
        match self.invoices[place].collection {
            Collection::ChargeAutomatically => drop(self.charge_card(place)),
            Collection::SendInvoice => self.send(place),
        }
    }

    /// Forgets the timer of a draft that is none any more.
    pub(super) fn unwind(&mut self, place: usize) {
        self.timers.remove(&(self.invoices[place].created + HOUR, place));
    }
}
