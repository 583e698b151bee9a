//! What payers owe and is on no invoice yet, and what nobody is known to pay.
//!
//! It follows from the rows and the list of payers, row by row: counting all of them again gives the same. What is
//! held is in none of it, and neither is what was earned in shadow.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::domain::charge::Stage;
use crate::domain::money::{Currency, Sum};

use super::chunks::Chunks;
use super::roll::NameNo;
use super::rows::ChargeRow;

/// What is owed and not invoiced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receivables {
    open: HashMap<(NameNo, Currency), Open>,
    nobody: BTreeMap<Currency, Sum>,
}

/// What one payer owes in one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// The rows of the transactions, in order: also of those that take something back. They are shared with whoever
    /// looks at them; meanwhile the first that is posted copies what is not sealed of one payer's, and no more.
    pub rows: Arc<Chunks<u32>>,
    /// What they come to.
    pub sum: Sum,
}

impl Receivables {
    /// Takes a transaction in, whose row is `number`; given who pays for it, if anybody does.
    pub fn post(&mut self, number: u32, charge: &ChargeRow, payer: Option<NameNo>) {
        if !is_owed(charge) {
            return;
        }
        match payer {
            Some(payer) => {
                let open = self.open.entry((payer, charge.currency)).or_default();
                Arc::make_mut(&mut open.rows).push(number);
                open.sum.add(charge.amount);
            }
            None => self.nobody.entry(charge.currency).or_default().add(charge.amount),
        }
    }

    /// Whether nobody ever owed anything.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.nobody.is_empty()
    }

    /// What a payer owes in a currency.
    pub fn of(&self, payer: NameNo, currency: Currency) -> Option<&Open> {
        self.open.get(&(payer, currency))
    }

    /// What a payer owes before row `to`; `None` where that is nothing at all.
    pub fn sum_to(&self, payer: NameNo, currency: Currency, to: u32, charges: &Chunks<ChargeRow>) -> Option<Sum> {
        let mut taken = self.of(payer, currency)?.rows.iter().take_while(|row| *row < to).peekable();
        taken.peek()?;
        Some(sum(taken, charges))
    }

    /// Takes the rows before `to` away, which are on a bill from now on.
    pub fn take(&mut self, payer: NameNo, currency: Currency, to: u32, charges: &Chunks<ChargeRow>) -> Vec<u32> {
        let Some(open) = self.open.get_mut(&(payer, currency)) else { return Vec::new() };
        let taken: Vec<u32> = open.rows.iter().take_while(|row| *row < to).collect();
        let mut left = Chunks::default();
        open.rows.iter_from(taken.len()).for_each(|row| left.push(row));
        open.rows = Arc::new(left);
        open.sum.0 -= sum(taken.iter().copied(), charges).0;
        taken
    }

    /// What everybody owes, in no order.
    pub fn all(&self) -> impl Iterator<Item = (NameNo, Currency, &Open)> {
        self.open.iter().map(|((payer, currency), open)| (*payer, *currency, open))
    }

    /// What was earned live and nobody is known to pay, by currency.
    pub fn all_nobodys(&self) -> impl Iterator<Item = (Currency, Sum)> {
        self.nobody.iter().map(|(currency, sum)| (*currency, *sum))
    }

    /// What was earned live and nobody is known to pay.
    pub fn nobodys(&self, currency: Currency) -> Sum {
        self.nobody.get(&currency).copied().unwrap_or_default()
    }
}

fn sum(rows: impl Iterator<Item = u32>, charges: &Chunks<ChargeRow>) -> Sum {
    let amounts = rows.filter_map(|row| charges.get(row as usize));
    Sum(amounts.map(|charge| i128::from(charge.amount.millionths())).sum())
}

/// Whether a transaction changes what somebody owes.
pub fn is_owed(charge: &ChargeRow) -> bool {
    charge.stage() == Stage::Live && !charge.is_held()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Money;
    use crate::domain::tariff::{RuleId, TariffVersion};
    use crate::ledger::rows::{FactNo, Marks, Sort};

    #[test]
    fn what_was_shared_stays_as_it_was_and_only_what_changes_is_copied() {
        let charge = ChargeRow {
            amount: Money::from_millionths(1),
            fact: FactNo(0),
            citizen: NameNo(0),
            business: NameNo::NONE,
            client: NameNo::NONE,
            rule: RuleId(0),
            tariff: TariffVersion(1),
            currency: Currency::EUR,
            marks: Marks::new(Stage::Live, Sort::Charge, false),
        };
        let [ada, bob] = [NameNo(0), NameNo(1)];
        let mut receivables = Receivables::default();
        receivables.post(0, &charge, Some(ada));
        receivables.post(1, &charge, Some(bob));
        let shared = receivables.clone();
        receivables.post(2, &charge, Some(ada));
        let rows = |receivables: &Receivables, who| -> Arc<Chunks<u32>> {
            Arc::clone(&receivables.of(who, Currency::EUR).expect("what he owes").rows)
        };
        assert!(rows(&shared, ada).iter().eq([0]));
        assert!(rows(&receivables, ada).iter().eq([0, 2]));
        assert!(Arc::ptr_eq(&rows(&shared, bob), &rows(&receivables, bob)));
    }
}
