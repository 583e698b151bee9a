//! The outlook in a currency: what is owed, what of it can be collected, and what was.
//!
//! What was earned is never mixed with what may come of it. Taxes stand beside all of it and are in no sum: whoever
//! collects them has not earned them.

use super::money::Sum;

/// What there is to collect in a currency, and what was collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// What payers owe and is on no bill: what is [due](Outlook::due), what [waits](Outlook::waiting), and what is
    /// [carried](Outlook::carried).
    pub owed: Sum,
    /// What the invoices come to that are due now.
    pub due: Sum,
    /// What is not invoiced now: below the minimum, or of somebody who cannot be billed.
    pub waiting: Sum,
    /// Less than a smallest amount of each payer, carried to his next invoice; below nothing, where more was carried
    /// to these.
    pub carried: Sum,
    /// What was earned live and nobody is known to pay.
    pub without_payer: Sum,
    /// What is billed and not paid, without taxes.
    pub invoiced: Sum,
    /// The taxes on that, where they are known.
    pub invoiced_tax: Sum,
    /// What was on bills that came to nothing or are called off, where none is in their place: nobody is asked for it.
    pub withdrawn: Sum,
    /// What Stripe is expected to take of what is due and of what is invoiced.
    pub fees: Sum,
    /// What was paid and not given back or in dispute, without taxes.
    pub collected: Sum,
    /// The taxes that were paid with it.
    pub collected_tax: Sum,
}

impl Outlook {
    /// What is due or invoiced, less what Stripe is expected to take of it.
    pub fn collectable(&self) -> Sum {
        Sum(self.due.0 + self.invoiced.0 - self.fees.0)
    }
}
