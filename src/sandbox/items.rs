//! Invoice items: what lines come from. They are put on a draft, or wait for a customer's next invoice.

use super::form::Form;
use super::invoices::Status;
use super::json::Object;
use super::lines::{Line, Said, deleted, other_currency};
use super::page::{Ask, Order};
use super::problem::Problem;
use super::state::{Answer, CURRENCY, Home, World, currency};

impl World {
    pub(super) fn create_item(&mut self, mut form: Form) -> Answer {
        let customer = form.need("customer")?;
        let invoice = form.text("invoice")?;
        let asked = currency(&mut form)?;
        let said = Said::read(&mut form)?;
        form.end()?;
        let customer = self.living(&customer, "customer")?;
        let invoice = invoice.map(|invoice| self.draft_for(&invoice, customer)).transpose()?;
        let rates = said.rates(self)?;
        let own = match invoice {
            Some(invoice) => Some(self.invoices[invoice].currency.clone()),
            None => self.customers[customer].currency.clone(),
        };
        let currency = own.or_else(|| asked.clone()).unwrap_or_else(|| CURRENCY.to_owned());
        let is_other = |named: &Option<String>| named.as_ref().is_some_and(|named| *named != currency);
        if is_other(&asked) || is_other(&said.currency) {
            return Err(other_currency(&currency));
        }
        let line = said.line(self, rates, &currency);
        let item = line.item.clone();
        let home = match invoice {
            Some(invoice) => {
                self.put_line(invoice, line);
                self.reckon(invoice);
                Home::Invoice(invoice)
            }
            None => {
                self.items.insert(line.item.as_str().into(), Home::Customer(customer));
                self.customers[customer].pending.push(line);
                Home::Customer(customer)
            }
        };
        let answer = self.tell_item(&item)?;
        self.emit(&["invoiceitem.created"], answer.clone());
        if let Home::Invoice(invoice) = home {
            self.emit_invoice(&["invoice.updated"], invoice);
        }
        Ok(answer)
    }

    /// The draft that an item is to be put on.
    fn draft_for(&self, id: &str, customer: usize) -> Result<usize, Problem> {
        let place = self.draft(id)?;
        let invoice = &self.invoices[place];
        if invoice.customer != customer {
            return Err(Problem::refused("", "The invoice is another customer's.").about("invoice"));
        }
        self.has_room(invoice, 1)?;
        Ok(place)
    }

    pub(super) fn get_item(&self, id: &str, form: Form) -> Answer {
        form.end()?;
        self.tell_item(id)
    }

    fn tell_item(&self, id: &str) -> Answer {
        let (home, line) = self.item(id)?;
        let mut out = String::with_capacity(700);
        line.write_item(&mut out, home, self);
        Ok(out)
    }

    fn item(&self, id: &str) -> Result<(Home, &Line), Problem> {
        let missing = || Problem::missing("invoiceitem", id, "id");
        let home = self.items.get(id).copied().ok_or_else(missing)?;
        let line = self.at_home(home).iter().find(|line| line.item == id).ok_or_else(missing)?;
        Ok((home, line))
    }

    fn at_home(&self, home: Home) -> &[Line] {
        match home {
            Home::Invoice(invoice) => &self.invoices[invoice].lines,
            Home::Customer(customer) => &self.customers[customer].pending,
        }
    }

    pub(super) fn delete_item(&mut self, id: &str, form: Form) -> Answer {
        form.end()?;
        let (home, _) = self.item(id)?;
        let lines = match home {
            Home::Invoice(invoice) if self.invoices[invoice].status != Status::Draft => {
                return Err(Problem::refused("invoice_not_editable", "The item's invoice is no draft any more."));
            }
            Home::Invoice(invoice) => &mut self.invoices[invoice].lines,
            Home::Customer(customer) => &mut self.customers[customer].pending,
        };
        lines.retain(|line| line.item != id);
        self.items.remove(id);
        let answer = deleted(id, "invoiceitem");
        self.emit(&["invoiceitem.deleted"], answer.clone());
        if let Home::Invoice(invoice) = home {
            self.reckon(invoice);
            self.emit_invoice(&["invoice.updated"], invoice);
        }
        Ok(answer)
    }

    /// Lists the items of an invoice, or those that wait for a customer's next one, the newest first.
    pub(super) fn list_items(&self, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        let (invoice, customer) = (form.text("invoice")?, form.text("customer")?);
        form.flag("pending")?;
        form.end()?;
        let home = match (&invoice, &customer) {
            (Some(invoice), _) => Home::Invoice(self.invoice(invoice)?),
            (None, Some(customer)) => Home::Customer(self.customer(customer, "customer")?),
            (None, None) => return Err(Problem::refused("", "The sandbox lists an invoice's items or a customer's.")),
        };
        let lines = self.at_home(home);
        let rank = |id: &str| lines.iter().position(|line| line.item == id);
        let page = ask.cut(lines.len(), Order::NewestFirst, rank, |_| Some(true))?;
        Ok(page.write("/v1/invoiceitems", self, |out, world, place| lines[place].write_item(out, home, world)))
    }
}

impl Line {
    /// Writes it as an invoice item.
    pub(super) fn write_item(&self, out: &mut String, home: Home, world: &World) {
        let customer = match home {
            Home::Invoice(invoice) => world.invoices[invoice].customer,
            Home::Customer(customer) => customer,
        };
        let mut object = Object::open(out);
        object.text("id", &self.item);
        object.text("object", "invoiceitem");
        self.write_common(&mut object);
        object.text("customer", &world.customers[customer].id);
        object.number("date", self.created);
        object.number("net_amount", self.amount);
        object.array("tax_rates", &self.rates, |out, rate| world.tax_rates[*rate].write(out));
        match home {
            Home::Invoice(invoice) => object.text("invoice", &world.invoices[invoice].id),
            Home::Customer(_) => object.json("invoice", "null"),
        }
        object.members(
            r#""customer_account":null,"discountable":true,"discounts":[],"frozen_fields":null,"invoicing_rules":null,"livemode":false,"parent":null,"proration":false,"proration_details":null,"test_clock":null"#,
        );
        object.close();
    }
}
