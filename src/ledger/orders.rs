//! What the book makes of orders. First an order is admitted, which changes nothing; then it is obeyed, which
//! cannot fail.
//!
//! Nothing posted is changed: what is taken back or let go is another transaction, which names the first. An
//! order that moves money is a fact of its own, so that the same can only be done once.

use crate::domain::activity::Outcome;
use crate::domain::bills::Deed;
use crate::domain::calendar::Day;
use crate::domain::charge::{Free, Stage};
use crate::domain::ids::{EventKey, Feed, TransactionId};
use crate::domain::money::Money;
use crate::domain::names::Name;
use crate::domain::orders::{Act, Order, Refused, Reverse, TEXT_MAX, What};
use crate::domain::tariff::Rule;
use crate::domain::tariff::asks::Counted;
use crate::domain::time::Moment;
use crate::tariffs;

use super::accounts::CHARGES_MAX;
use super::book::Book;
use super::meters::{self, Key, Waiting, Whose};
use super::payers::Listing;
use super::rows::{ChargeRow, Fact, FactNo, FactRow, Marks, Place, Sort};

/// What follows from an order, for whoever tells others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Obeyed {
    /// The first transaction that it made, if any.
    pub transaction: Option<TransactionId>,
    /// How many it made.
    pub transactions: usize,
}

/// A transaction that speaks of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The earlier one, by its row.
    pub of: u32,
    /// The later one, by its row.
    pub by: u32,
}

impl Book {
    /// Whether an order given at `now` can be obeyed. Nothing is changed.
    pub fn admit_order(&self, order: &Order, now: Moment) -> Result<(), Refused> {
        if TEXT_MAX < order.by.len().max(order.why.len()) {
            return Err(Refused::Text);
        }
        match &order.what {
            What::Tariff(tariff) => {
                let read = tariffs::recall(tariff.text(), tariff.effective());
                if read.as_ref() != Some(&**tariff) {
                    return Err(Refused::NotItsText);
                }
                Ok(self.tariffs().admit(tariff, now)?)
            }
            What::Move(moved) => Ok(self.rollout().admit(*moved)?),
            What::Release(transaction) => self.admit_release(*transaction),
            What::ReleaseAll(name) => {
                let number = self.roll().number(*name);
                let is_watched = self.guards().parked().any(|(_, parked)| Some(parked) == number);
                let held: Vec<u32> = self.held_of(*name).collect();
                if !is_watched && held.is_empty() {
                    return Err(Refused::NothingHeld(*name));
                }
                let rows = held.iter().filter_map(|number| self.charges().get(*number as usize));
                self.admit_letting_go(rows)
            }
            What::Accept(number) => match self.conflicts().get(*number as usize) {
                None => Err(Refused::NoConflict(*number)),
                Some(_) if self.is_accepted(*number) => Err(Refused::Accepted(*number)),
                Some(_) => Ok(()),
            },
            What::Reverse(Reverse { transaction, .. }) => self.admit_reversal(*transaction),
            What::List(_) => Ok(()),
            What::Strike(id) => {
                let listing = self.roll().number(*id).and_then(|number| self.payers().get(number));
                let is_listed = listing.is_some_and(Listing::is_listed);
                if is_listed { Ok(()) } else { Err(Refused::NotListed(*id)) }
            }
            What::Cancel(bill) => Ok(self.admit_deed(&Deed::Drop(*bill, "ordered".into()))?),
            What::Rebill(bill) => Ok(self.admit_rebill(*bill)?),
            What::Adopt(byname) => Ok(self.admit_byname(byname)?),
            What::Act(Act::TokenAdded(name, allows)) if TEXT_MAX < name.len().max(allows.len()) => Err(Refused::Text),
            What::Act(Act::TokenRemoved(name) | Act::Erased(name)) if TEXT_MAX < name.len() => Err(Refused::Text),
            What::Act(_) => Ok(()),
            What::Close(open) => match self.open_from() {
                Some(closed) if *open <= closed => Err(Refused::Closed(closed.date().to_string())),
                _ => Ok(()),
            },
        }
    }

    fn admit_release(&self, transaction: TransactionId) -> Result<(), Refused> {
        let row = self.charge_row(transaction, "released")?;
        if !self.is_held(transaction.0 as u32 - 1) {
            return Err(Refused::NotHeld(transaction));
        }
        self.admit_letting_go([row].into_iter())
    }

    /// Whether there is room for letting charges go.
    fn admit_letting_go(&self, rows: impl Iterator<Item = ChargeRow>) -> Result<(), Refused> {
        // The release, and what becomes of other charges by it.
        self.room_for_rows(rows.map(|row| 3 * i128::from(row.amount.millionths()).abs()).sum())
    }

    fn admit_reversal(&self, transaction: TransactionId) -> Result<(), Refused> {
        self.charge_row(transaction, "reversed")?;
        if self.find(reversal_key(transaction)).is_some() {
            return Err(Refused::Reversed(transaction));
        }
        // The reversal, and what it changes of a counted price.
        let own = self.rows_of(transaction.0 as u32 - 1);
        self.room_for_rows(own.map(|(_, row)| 3 * i128::from(row.amount.millionths()).abs()).sum())
    }

    /// A charge, and what was adjusted with it.
    fn rows_of(&self, number: u32) -> impl Iterator<Item = (u32, ChargeRow)> + '_ {
        let fact = self.charges().get(number as usize).map(|row| row.fact);
        let rows = (number..).zip(self.charges().iter_from(number as usize));
        rows.take_while(move |(_, row)| Some(row.fact) == fact)
    }

    fn charge_row(&self, transaction: TransactionId, done: &'static str) -> Result<ChargeRow, Refused> {
        let number = transaction.0.checked_sub(1).and_then(|number| usize::try_from(number).ok());
        let row = number.and_then(|number| self.charges().get(number)).ok_or(Refused::NoTransaction(transaction))?;
        match row.sort() {
            Sort::Charge => Ok(row),
            sort => Err(Refused::NotACharge { transaction, sort: sort.as_str(), done }),
        }
    }

    fn room_for_rows(&self, millionths: i128) -> Result<(), Refused> {
        let is_rowed = self.facts().len() < u32::MAX as usize - 1;
        let sum = self.charged().0 + millionths;
        if is_rowed && sum <= i128::from(CHARGES_MAX.millionths()) { Ok(()) } else { Err(Refused::Full) }
    }

    /// The names that an order speaks of.
    pub fn names_of(order: &Order) -> Vec<Name> {
        match &order.what {
            What::Tariff(tariff) => tariff.rules().iter().map(|rule| rule.meter.name).collect(),
            What::Move(moved) => moved.subject.id().into_iter().collect(),
            What::ReleaseAll(name) | What::Strike(name) => vec![*name],
            What::List(payer) => payer.names().collect(),
            What::Release(_)
            | What::Accept(_)
            | What::Reverse(_)
            | What::Close(_)
            | What::Cancel(_)
            | What::Rebill(_)
            | What::Adopt(_)
            | What::Act(_) => Vec::new(),
        }
    }

    /// Obeys an order that was admitted; `place` is where its record stands.
    pub fn obey(&mut self, order: &Order, at: Moment, place: Place) -> Obeyed {
        self.saw(at);
        self.was_ordered(place);
        let first = self.charges().len();
        match &order.what {
            What::Tariff(tariff) => self.tariffs_mut().take(tariff),
            What::Move(moved) => self.rollout_mut().make(*moved, at),
            What::Release(transaction) => {
                let fact = self.post_order(order_key("release", *transaction), at, place);
                self.release(transaction.0 as u32 - 1, fact);
            }
            What::ReleaseAll(name) => {
                if let Some(number) = self.roll().number(*name) {
                    self.guards_mut().release(number);
                }
                let held: Vec<u32> = self.held_of(*name).collect();
                if let Some(first) = held.first() {
                    let fact =
                        self.post_order(order_key("release_all", TransactionId(u64::from(*first) + 1)), at, place);
                    held.iter().for_each(|number| self.release(*number, fact));
                }
            }
            What::Accept(number) => self.accept(*number),
            What::Reverse(reverse) => {
                let fact = self.post_order(reversal_key(reverse.transaction), at, place);
                self.reverse(*reverse, fact);
            }
            What::Close(open) => self.close(*open),
            What::List(payer) => self.list(*payer),
            What::Strike(id) => self.strike(*id),
            What::Cancel(bill) => self.take_deed(&Deed::Drop(*bill, "ordered".into()), at),
            What::Rebill(bill) => self.rebill(*bill, at),
            What::Adopt(byname) => self.take_byname(byname),
            What::Act(_) => {}
        }
        let transactions = self.charges().len() - first;
        Obeyed { transaction: (0 < transactions).then_some(TransactionId(first as u64 + 1)), transactions }
    }

    /// The fact of an order that moves money.
    fn post_order(&mut self, key: EventKey, at: Moment, place: Place) -> FactNo {
        self.push_fact(FactRow::new(Fact {
            key,
            content: 0,
            occurred_at: at,
            place,
            feed: Feed::Activity,
            outcome: Outcome::Processed,
            is_charged: true,
            is_upgrade: false,
            is_order: true,
            is_undecided: false,
        }))
    }

    /// Lets a held charge go. From now on it counts, and it costs what it would if it came now.
    fn release(&mut self, number: u32, fact: FactNo) {
        let (Some(row), Some(waiting)) = (self.charges().get(number as usize), self.let_go(number)) else { return };
        let released = ChargeRow { fact, marks: Marks::new(row.stage(), Sort::Release, false), ..row };
        self.link(number, released);
        let Some(Waiting { start, measure }) = waiting else { return };
        let Some(rule) = self.rule_of_row(&row) else { return };
        let keys = self.keys_of_row(number, &row, &rule, start);
        let was = self.meters().counted([&keys[0], &keys[1]]);
        let posted = i128::from(row.amount.millionths());
        let due = match rule.asks.price(was, measure) {
            Ok(amounts) => i128::from(amounts.charge.millionths()) + i128::from(amounts.adjustment.millionths()),
            Err(Free::TooMuch) => posted,
            Err(_) => 0,
        };
        let rest = self.adjust(due - posted, number, released);
        let counted = rule.asks.counting(was, measure.quantity, posted + rest);
        self.meters_mut().set(keys, counted);
    }

    /// Takes a charge back, and what was adjusted with it. What it had counted is counted no more, and where that
    /// makes a difference to the others it is adjusted, so that what remains is what it would be without it.
    fn reverse(&mut self, Reverse { transaction, used }: Reverse, fact: FactNo) {
        let number = transaction.0 as u32 - 1;
        let Some(row) = self.charges().get(number as usize) else { return };
        let is_held = self.let_go(number).is_some();
        let mut taken_back: Vec<(u32, ChargeRow)> = self.rows_of(number).collect();
        if row.is_held() && !is_held {
            // What was adjusted when it was let go.
            let later = self.links().iter().filter(|link| link.of == number);
            let later = later.filter_map(|link| Some((number, self.charges().get(link.by as usize)?)));
            taken_back.extend(later.filter(|(_, row)| row.sort() == Sort::Adjustment));
        }
        let opposite = |amount: Money| Money::from_millionths(-amount.millionths());
        let marks = Marks::new(row.stage(), Sort::Reversal, is_held);
        for (of, row) in &taken_back {
            self.link(*of, ChargeRow { amount: opposite(row.amount), fact, marks, ..*row });
        }
        // What is held was not counted.
        let Some((start, quantity)) = used.filter(|_| !is_held) else { return };
        let Some(rule) = self.rule_of_row(&row) else { return };
        let keys = self.keys_of_row(number, &row, &rule, start);
        let posted = taken_back.iter().map(|(_, row)| i128::from(row.amount.millionths())).sum();
        let was = self.meters().counted([&keys[0], &keys[1]]);
        let counted = rule.asks.uncounting(was, quantity, posted);
        let remains = rule.asks.remains(was, counted).map(|remains| i128::from(remains.millionths()));
        let rest =
            self.adjust(remains.map_or(0, |remains| remains - counted.posted), number, ChargeRow { fact, ..row });
        self.meters_mut().set(keys, Counted { posted: counted.posted + rest, ..counted });
    }

    /// Adjusts what a rule posted by so many millionths, as far as that is an amount; and tells by how many.
    fn adjust(&mut self, millionths: i128, of: u32, row: ChargeRow) -> i128 {
        let Some(amount) = i64::try_from(millionths).ok().filter(|amount| *amount != 0) else { return 0 };
        let marks = Marks::new(row.stage(), Sort::Adjustment, false);
        self.link(of, ChargeRow { amount: Money::from_millionths(amount), marks, ..row });
        millionths
    }

    /// The meters that the charge in row `number` is counted by since it was posted, or let go.
    fn keys_of_row(&self, number: u32, row: &ChargeRow, rule: &Rule, start: Day) -> [Key; 2] {
        let settled = self.settled(number);
        let payer = match row.stage() {
            Stage::Live => self.payers().of(settled, row).and_then(|payer| self.by_order(payer, settled)),
            Stage::Shadow => None,
        };
        let [client, business, citizen] = [row.client, row.business, row.citizen].map(|who| self.roll().name(who));
        let whose = Whose { client, business, citizen, payer };
        meters::keys(rule, row.tariff, whose, row.stage(), start)
    }

    fn rule_of_row(&self, row: &ChargeRow) -> Option<Rule> {
        self.tariffs().version(row.tariff)?.rule(row.rule).cloned()
    }
}

/// The identity of an order about a transaction, which can be given once.
fn order_key(what: &str, transaction: TransactionId) -> EventKey {
    EventKey::of_order(&format!("{what} {transaction}"))
}

/// The identity of the reversal of a transaction.
pub fn reversal_key(transaction: TransactionId) -> EventKey {
    order_key("reverse", transaction)
}

/// From which day on things are booked, and from which transaction on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Transactions from this row on
    pub from: u32,
    /// are booked on this day at the earliest.
    pub open: Day,
}

impl Closing {
    /// The day on which the transaction in row `row` is booked, where it is of `day`: what comes late for a month that
    /// was closed is booked into the one that is open.
    pub fn booked_on(closings: &[Closing], row: usize, day: Day) -> Day {
        let closed = closings.iter().rev().find(|closing| closing.from as usize <= row);
        closed.map_or(day, |closing| day.max(closing.open))
    }
}
