//! The list of those who pay, and who pays for what.
//!
//! Whoever pays for a transaction is settled when it is posted, by the list of that moment: its client, where it
//! names one; else its business, else its citizen. Who is put on the list later pays for what comes later, and who
//! is taken off still owes what he owed.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::domain::payers::Payer;

use super::roll::NameNo;
use super::rows::ChargeRow;

/// The list.
#[derive(Clone, Debug, Default)]
pub struct Payers(Arc<HashMap<NameNo, Listing>>);

/// Somebody who is or was on the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// On these terms.
    pub payer: Payer,
    /// From which row on he was on the list, from which on he was not, and so on.
    pub marks: Vec<u32>,
    /// From which row on orders say so; `None` where he was only ever listed of old.
    pub ordered: Option<u32>,
}

impl Listing {
    /// Whether he is on the list now.
    pub fn is_listed(&self) -> bool {
        self.marks.len() % 2 == 1
    }

    /// Whether he was when row `row` was posted.
    pub fn was_listed(&self, row: u32) -> bool {
        self.marks.partition_point(|mark| *mark <= row) % 2 == 1
    }

    /// Whether he was by an order, and not of old.
    pub fn was_ordered(&self, row: u32) -> bool {
        self.was_listed(row) && self.ordered.is_some_and(|ordered| ordered <= row)
    }
}

impl Payers {
    /// Puts somebody on the list by an order, or changes his terms, before row `row` is posted.
    pub fn list(&mut self, number: NameNo, payer: Payer, row: u32) {
        self.put_on(number, payer, row).ordered.get_or_insert(row);
    }

    /// Somebody was on the list from the first row on, before orders said who is.
    pub fn list_of_old(&mut self, number: NameNo, payer: Payer) {
        self.put_on(number, payer, 0);
    }

    fn put_on(&mut self, number: NameNo, payer: Payer, row: u32) -> &mut Listing {
        let listing = Arc::make_mut(&mut self.0).entry(number);
        let listing = listing.or_insert_with(|| Listing { payer, marks: Vec::new(), ordered: None });
        listing.payer = payer;
        if !listing.is_listed() {
            listing.marks.push(row);
        }
        listing
    }

    /// Takes somebody off the list before row `row` is posted.
    pub fn strike(&mut self, number: NameNo, row: u32) {
        let listing = Arc::make_mut(&mut self.0).get_mut(&number);
        if let Some(listing) = listing.filter(|listing| listing.is_listed()) {
            listing.marks.push(row);
        }
    }

    /// What an image has of one.
    pub fn put(&mut self, number: NameNo, listing: Listing) {
        Arc::make_mut(&mut self.0).insert(number, listing);
    }

    /// What is known of one who is or was on the list.
    pub fn get(&self, number: NameNo) -> Option<&Listing> {
        self.0.get(&number)
    }

    /// Everybody who is or was, in the order of their names.
    pub fn sorted(&self) -> Vec<(NameNo, &Listing)> {
        let mut all: Vec<(NameNo, &Listing)> = self.0.iter().map(|(number, listing)| (*number, listing)).collect();
        all.sort_unstable_by_key(|(_, listing)| listing.payer.id);
        all
    }

    /// Everybody who is on the list now, in the order of their names.
    pub fn listed(&self) -> Vec<Payer> {
        self.those(Listing::is_listed)
    }

    /// Everybody who was, and is no more.
    pub fn struck(&self) -> Vec<Payer> {
        self.those(|listing| !listing.is_listed())
    }

    fn those(&self, are: impl Fn(&Listing) -> bool) -> Vec<Payer> {
        self.sorted().into_iter().filter(|(_, listing)| are(listing)).map(|(_, listing)| listing.payer).collect()
    }

    /// Whether nobody ever was on the list.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who pays for the transaction in row `row`, if anybody does.
    pub fn of(&self, row: u32, charge: &ChargeRow) -> Option<NameNo> {
        self.among(row, [charge.client, charge.business, charge.citizen])
    }

    /// Who pays for what is posted in row `row`, given the client, business and citizen that it names: a client who is
    /// not on the list keeps it from everybody else.
    pub fn among(&self, row: u32, [client, business, citizen]: [NameNo; 3]) -> Option<NameNo> {
        let pays = |who: NameNo| self.get(who).is_some_and(|listing| listing.was_listed(row));
        match client.some() {
            Some(client) => Some(client).filter(|client| pays(*client)),
            None => [business, citizen].into_iter().filter_map(NameNo::some).find(|who| pays(*who)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::charge::Stage;
    use crate::domain::money::{Currency, Money};
    use crate::domain::names::Name;
    use crate::domain::tariff::{RuleId, TariffVersion};
    use crate::ledger::rows::{FactNo, Marks, Sort};

    const ADA: NameNo = NameNo(0);
    const BAKERY: NameNo = NameNo(1);
    const CLIENT: NameNo = NameNo(2);

    fn charge(client: NameNo, business: NameNo, citizen: NameNo) -> ChargeRow {
        ChargeRow {
            amount: Money::from_millionths(1),
            fact: FactNo(0),
            citizen,
            business,
            client,
            rule: RuleId(0),
            tariff: TariffVersion(1),
            currency: Currency::EUR,
            marks: Marks::new(Stage::Live, Sort::Charge, false),
        }
    }

    fn payer(text: &str) -> Payer {
        Payer::new(Name::new(text).expect("a name"))
    }

    #[test]
    fn the_client_pays_or_nobody_and_without_one_the_business_or_else_the_citizen() {
        let mut payers = Payers::default();
        payers.list(ADA, payer("Ada"), 0);
        let none = NameNo::NONE;
        let of = |payers: &Payers, [client, business, citizen]: [NameNo; 3]| {
            payers.of(7, &charge(client, business, citizen))
        };
        assert_eq!(of(&payers, [none, BAKERY, ADA]), Some(ADA));
        assert_eq!(of(&payers, [CLIENT, BAKERY, ADA]), None, "a client keeps it from everybody else");
        payers.list(BAKERY, payer("bakery"), 3);
        payers.list(CLIENT, payer("client"), 3);
        assert_eq!(of(&payers, [none, BAKERY, ADA]), Some(BAKERY));
        assert_eq!(of(&payers, [CLIENT, BAKERY, ADA]), Some(CLIENT));
        assert_eq!(of(&payers, [none, none, none]), None);
    }

    #[test]
    fn who_is_listed_pays_for_what_is_posted_from_then_on_until_he_is_struck() {
        let mut payers = Payers::default();
        payers.list(ADA, payer("Ada"), 3);
        payers.list(ADA, Payer { customer: Name::new("cus_1"), ..payer("Ada") }, 4);
        payers.strike(ADA, 5);
        payers.strike(ADA, 6);
        payers.list(ADA, payer("Ada"), 8);
        let pays: Vec<u32> =
            (0..10).filter(|row| payers.of(*row, &charge(NameNo::NONE, NameNo::NONE, ADA)).is_some()).collect();
        assert_eq!(pays, [3, 4, 8, 9]);
    }

    #[test]
    fn who_was_listed_of_old_is_by_an_order_from_the_first_one_on() {
        let mut payers = Payers::default();
        payers.list_of_old(ADA, payer("Ada"));
        let ordered = |payers: &Payers| -> Vec<u32> {
            (0..10).filter(|row| payers.get(ADA).expect("a listing").was_ordered(*row)).collect()
        };
        assert!(ordered(&payers).is_empty());
        payers.list(ADA, payer("Ada"), 3);
        payers.strike(ADA, 5);
        payers.list(ADA, payer("Ada"), 8);
        assert_eq!(ordered(&payers), [3, 4, 8, 9]);
        assert!(payers.get(ADA).expect("a listing").was_listed(0));
    }
}
