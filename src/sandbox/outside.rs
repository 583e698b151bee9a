//! What happens at Stripe without us: customers pay or do not, and somebody clicks in the dashboard.

use super::Sandbox;
use super::form::Metadata;
use super::problem::Problem;

/// Why something did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cannot {
    /// There is nothing of this id.
    #[error("nothing has the id {id:?}")]
    Unknown {
        /// The id.
        id: String,
    },
    /// It does not go with how things stand.
    #[error("{id} cannot be treated so: {why}")]
    Refused {
        /// Of what.
        id: String,
        /// Why not.
        why: String,
    },
}

impl Cannot {
    fn of(id: &str, problem: &Problem) -> Cannot {
        match problem.status {
            404 => Cannot::Unknown { id: id.to_owned() },
            _ => Cannot::Refused { id: id.to_owned(), why: problem.message().to_owned() },
        }
    }
}

impl Sandbox {
    /// A customer pays what is due of an invoice, through the page that the invoice has.
    pub fn pay(&mut self, invoice: &str, now: i64) -> Result<(), Cannot> {
        self.with_invoice(invoice, now, |sandbox, place| {
            sandbox.world.check_pay(place)?;
            sandbox.world.collect(place);
            Ok(())
        })
    }

    /// Somebody voids an invoice.
    pub fn void(&mut self, invoice: &str, now: i64) -> Result<(), Cannot> {
        self.with_invoice(invoice, now, |sandbox, place| {
            sandbox.world.check_void(place)?;
            sandbox.world.void(place);
            Ok(())
        })
    }

    /// Somebody gives an invoice up.
    pub fn mark_uncollectible(&mut self, invoice: &str, now: i64) -> Result<(), Cannot> {
        self.with_invoice(invoice, now, |sandbox, place| {
            sandbox.world.check_uncollectible(place)?;
            sandbox.world.mark_uncollectible(place);
            Ok(())
        })
    }

    /// Somebody refunds so much of what an invoice brought.
    pub fn refund(&mut self, invoice: &str, amount: i64, now: i64) -> Result<(), Cannot> {
        self.with_charge(invoice, now, |sandbox, charge| {
            sandbox.world.check_refund(charge, amount)?;
            sandbox.world.refund(charge, amount, None, Metadata::new());
            Ok(())
        })
    }

    /// A customer has his bank take back what is left of what an invoice brought.
    pub fn dispute(&mut self, invoice: &str, now: i64) -> Result<(), Cannot> {
        self.with_charge(invoice, now, |sandbox, charge| {
            sandbox.world.check_dispute(charge)?;
            sandbox.world.dispute(charge);
            Ok(())
        })
    }

    /// The bank decides, for us or against us.
    pub fn close_dispute(&mut self, invoice: &str, is_won: bool, now: i64) -> Result<(), Cannot> {
        self.with_charge(invoice, now, |sandbox, charge| {
            let dispute = sandbox.world.undecided(charge);
            let dispute = dispute.ok_or_else(|| Problem::refused("", "no dispute of it is undecided"))?;
            sandbox.world.decide_dispute(dispute, is_won);
            Ok(())
        })
    }

    /// Somebody deletes a customer.
    pub fn delete_customer(&mut self, customer: &str, now: i64) -> Result<(), Cannot> {
        self.advance(now);
        let place = self.living(customer)?;
        self.world.bury(place);
        Ok(())
    }

    /// Somebody sets what a customer owes besides his invoices; below nothing, it is credit.
    pub fn set_balance(&mut self, customer: &str, amount: i64) -> Result<(), Cannot> {
        let place = self.living(customer)?;
        let of = &mut self.world.customers[place];
        let currency = of.currency.clone().unwrap_or_else(|| super::state::CURRENCY.to_owned());
        of.balances.insert(currency, amount.clamp(-BALANCE_MAX, BALANCE_MAX));
        self.world.emit_customer("customer.updated", place);
        Ok(())
    }

    /// From now on a customer's cards are declined, or are not.
    pub fn fail_cards(&mut self, customer: &str, is_declined: bool) -> Result<(), Cannot> {
        let place = self.living(customer)?;
        self.world.customers[place].is_declined = is_declined;
        Ok(())
    }

    /// A customer leaves a card by which he can be charged, or takes it away.
    pub fn set_card(&mut self, customer: &str, has_card: bool) -> Result<(), Cannot> {
        let place = self.living(customer)?;
        self.world.customers[place].card = has_card.then(|| "pm_card_visa".to_owned());
        self.world.emit_customer("customer.updated", place);
        Ok(())
    }

    fn living(&self, customer: &str) -> Result<usize, Cannot> {
        self.world.living(customer, "customer").map_err(|problem| Cannot::of(customer, &problem))
    }

    fn with_invoice(
        &mut self,
        invoice: &str,
        now: i64,
        act: impl FnOnce(&mut Sandbox, usize) -> Result<(), Problem>,
    ) -> Result<(), Cannot> {
        self.advance(now);
        let done = self.world.invoice(invoice).and_then(|place| act(self, place));
        done.map_err(|problem| Cannot::of(invoice, &problem))
    }

    fn with_charge(
        &mut self,
        invoice: &str,
        now: i64,
        act: impl FnOnce(&mut Sandbox, usize) -> Result<(), Problem>,
    ) -> Result<(), Cannot> {
        self.with_invoice(invoice, now, |sandbox, place| {
            let charge = sandbox.world.invoices[place].charge;
            act(sandbox, charge.ok_or_else(|| Problem::refused("", "nothing was charged for it"))?)
        })
    }
}

/// Balances are within so much, so that sums of them are never too large.
const BALANCE_MAX: i64 = 999_999_999_999;
