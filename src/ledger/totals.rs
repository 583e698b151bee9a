//! Every sum over the charges, kept as they become durable: by day, rule and stage, by citizen and by
//! business, and who earned most in each period.
//!
//! They are a projection of the book's rows and nothing more: counting the rows again gives the same.

use std::hint::black_box;

use crate::domain::calendar::{Calendar, Day, Period};
use crate::domain::charge::Stage;
use crate::domain::ids::TransactionId;
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::domain::tariff::RuleId;
use crate::domain::time::Moment;

use super::book::Book;
use super::hours::Hours;
use super::orders::Closing;
use super::roll::NameNo;
use super::rows::{ChargeRow, FactNo, Sort};
use super::top::Top;

/// In which capacity somebody earns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Role {
    /// As the citizen who did it.
    Citizen = 0,
    /// As the business that it was done for.
    Business = 1,
}

impl Role {
    /// Both roles.
    pub const ALL: [Role; 2] = [Role::Citizen, Role::Business];
}

/// An amount for each [`Stage`].
pub type ByStage = [Sum; Stage::ALL.len()];

/// Both stages together.
pub fn both(sums: ByStage) -> Sum {
    sums[0].plus(sums[1])
}

/// The sums over a book's charges, so far as they were counted.
#[derive(Clone, Debug)]
pub struct Totals {
    calendar: Calendar,
    /// The day that it was at the last count.
    today: Day,
    /// What happened before this is in no hour that is kept.
    hours_from: Moment,
    counted: usize,
    currencies: Vec<InCurrency>,
}

/// The sums of one currency.
#[derive(Clone, Debug)]
pub struct InCurrency {
    /// Which one.
    pub currency: Currency,
    /// The day of the first charge that was posted: day one of the targets.
    pub first: Option<Day>,
    /// Each day with any charge, in order.
    pub days: Vec<DaySums>,
    /// What was earned in each of the last hours.
    pub hours: Hours,
    /// All charges by rule and stage.
    pub rules: Vec<RuleSum>,
    /// What is held: it is in no other sum.
    pub held: ByStage,
    /// The newest day, week and month that anything was earned in, each by its first day.
    pub newest: [Day; 4],
    /// Who earned most in those, by role and period.
    pub tops: [[Top; 4]; 2],
    earners: [Earners; 2],
    /// In which of the tops somebody came to less.
    is_stale: [[bool; 4]; 2],
}

/// The sums of a day.
#[derive(Clone, Debug)]
pub struct DaySums {
    /// The day.
    pub day: Day,
    /// Over all rules.
    pub stages: ByStage,
    /// Rule by rule.
    pub rules: Vec<RuleSum>,
}

/// The charges of one rule in one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleSum {
    /// The rule.
    pub rule: RuleId,
    /// The stage.
    pub stage: Stage,
    /// How many.
    pub count: u64,
    /// How much.
    pub sum: Sum,
}

/// What one earner made, in the newest period of each kind that he earned anything in.
#[derive(Clone, Copy, Debug)]
pub struct Earner {
    /// How many charges.
    pub count: u64,
    /// The fact of the first of them.
    pub first: FactNo,
    periods: [Cell; 4],
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    start: Day,
    stages: [i64; Stage::ALL.len()],
}

/// The earners of one role, by their number on the roll.
#[derive(Clone, Debug, Default)]
struct Earners {
    places: Vec<u32>,
    rows: Vec<Earner>,
}

/// So many charges are counted at once: see [`InCurrency::touch`].
const AHEAD: usize = 32;

impl Totals {
    /// No sums yet, over the days of `calendar`.
    pub fn new(calendar: Calendar) -> Totals {
        let (today, hours_from) = (Day(i32::MIN), Moment(i64::MIN));
        Totals { calendar, today, hours_from, counted: 0, currencies: Vec::new() }
    }

    /// Counts the charges of `book` that were not counted yet, up to the `durable`th, as of `now`.
    pub fn advance(&mut self, book: &Book, durable: usize, now: Moment) {
        self.today = self.calendar.day_cached(now);
        self.hours_from = Hours::reach(now);
        if self.currencies.iter().any(|sums| self.today < sums.newest[Period::Day as usize]) {
            // The clock had been wrong, and days that are still to come were taken for the newest.
            let counted = self.counted;
            let (today, hours_from) = (self.today, self.hours_from);
            *self = Totals { today, hours_from, ..Totals::new(self.calendar.clone()) };
            return self.count(book, counted.max(durable));
        }
        self.count(book, durable);
    }

    fn count(&mut self, book: &Book, durable: usize) {
        let durable = durable.min(book.charges().len());
        while self.counted < durable {
            let (from, many) = (self.counted, AHEAD.min(durable - self.counted));
            let charges = || book.charges().iter_from(from).take(many);
            for charge in charges() {
                in_currency(&mut self.currencies, charge.currency).touch(&charge, book);
            }
            for (number, charge) in (from..).zip(charges()) {
                let at = book.fact(charge.fact).occurred_at;
                let day = self.calendar.day_cached(at);
                let day = Closing::booked_on(book.closings(), number, day);
                let sums = in_currency(&mut self.currencies, charge.currency);
                sums.count(&charge, day, self.today, book);
                if self.hours_from <= at && !charge.is_held() {
                    sums.hours.add(at, charge.stage(), charge.amount, &self.calendar);
                }
            }
            self.counted += many;
        }
        for sums in &mut self.currencies {
            sums.hours.forget(self.hours_from);
            sums.refresh(book);
        }
    }

    /// How many charges were counted.
    pub fn counted(&self) -> usize {
        self.counted
    }

    /// The newest transaction that was counted.
    pub fn newest(&self) -> Option<TransactionId> {
        (0 < self.counted).then_some(TransactionId(self.counted as u64))
    }

    /// The sums, currency by currency.
    pub fn currencies(&self) -> &[InCurrency] {
        &self.currencies
    }

    /// The calendar that days are counted by.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }
}

fn in_currency(currencies: &mut Vec<InCurrency>, currency: Currency) -> &mut InCurrency {
    let place = currencies.iter().position(|sums| sums.currency == currency).unwrap_or_else(|| {
        currencies.push(InCurrency::new(currency));
        currencies.len() - 1
    });
    &mut currencies[place]
}

impl InCurrency {
    fn new(currency: Currency) -> InCurrency {
        InCurrency {
            currency,
            first: None,
            days: Vec::new(),
            hours: Hours::default(),
            rules: Vec::new(),
            held: ByStage::default(),
            newest: [Day(i32::MIN); 4],
            tops: Default::default(),
            earners: Default::default(),
            is_stale: Default::default(),
        }
    }

    /// What was earned in all.
    pub fn all_time(&self) -> ByStage {
        let mut sums = ByStage::default();
        for rule in &self.rules {
            sums[rule.stage as usize].0 += rule.sum.0;
        }
        sums
    }

    /// What `earner` made in `role`, if anything.
    pub fn earner(&self, role: Role, earner: NameNo) -> Option<&Earner> {
        let earners = &self.earners[role as usize];
        let place = *earners.places.get(earner.0 as usize)?;
        earners.rows.get(place as usize)
    }

    /// Everybody who made anything in `role`, with what it comes to in all.
    pub fn earners(&self, role: Role) -> impl Iterator<Item = (NameNo, &Earner)> {
        let earners = &self.earners[role as usize];
        let row = |(number, &place): (usize, &u32)| Some((NameNo(number as u32), earners.rows.get(place as usize)?));
        earners.places.iter().enumerate().filter_map(row)
    }

    /// Looks at the earners of a charge, and at nothing else: for several charges in a row the memory is waited
    /// for at once.
    fn touch(&self, charge: &ChargeRow, book: &Book) {
        let row = |earner: &Earner| (earner.count, earner.periods[3].start);
        let earner = |(role, number)| (self.earner(role, number).map(row), book.roll().name(number));
        black_box([(Role::Citizen, charge.citizen), (Role::Business, charge.business)].map(earner));
    }

    fn count(&mut self, charge: &ChargeRow, day: Day, today: Day, book: &Book) {
        let held = &mut self.held[charge.stage() as usize];
        if charge.is_held() {
            held.add(charge.amount);
            return;
        }
        if charge.sort() == Sort::Release {
            held.0 -= i128::from(charge.amount.millionths());
        }
        self.first.get_or_insert(day);
        add_to_rule(&mut self.rules, charge);
        self.add_to_day(charge, day);
        // What a wrong clock dated in the future is in every sum, but makes no day the newest.
        let day = day.min(today);
        let starts = Period::ALL.map(|period| period.start(day));
        for period in Period::ALL.map(|period| period as usize) {
            if self.newest[period] < starts[period] {
                self.newest[period] = starts[period];
                self.tops.iter_mut().for_each(|tops| tops[period].clear());
            }
        }
        for (role, number) in [(Role::Citizen, charge.citizen), (Role::Business, charge.business)] {
            let Some(name) = number.some().and_then(|number| book.roll().name(number)) else { continue };
            let earner = self.earners[role as usize].entry(number);
            earner.first = earner.first.min(charge.fact);
            self.add_to_earner(role, number, name, charge, starts);
        }
    }

    /// Looks anew who earned most, where somebody came to less.
    fn refresh(&mut self, book: &Book) {
        for (role, stale) in std::mem::take(&mut self.is_stale).into_iter().enumerate() {
            for period in (0..4).filter(|period| stale[*period]) {
                let newest = self.newest[period];
                let earner = |(number, &place): (usize, &u32)| {
                    let cell = self.earners[role].rows.get(place as usize)?.periods[period];
                    let name = book.roll().name(NameNo(number as u32))?;
                    (cell.start == newest).then(|| (name, cell.stages.iter().sum()))
                };
                self.tops[role][period] = Top::of(self.earners[role].places.iter().enumerate().filter_map(earner));
            }
        }
    }

    fn add_to_day(&mut self, charge: &ChargeRow, day: Day) {
        // Nearly every charge belongs to the last day.
        let place = match self.days.last() {
            Some(last) if last.day == day => self.days.len() - 1,
            _ => self.days.binary_search_by_key(&day, |sums| sums.day).unwrap_or_else(|place| {
                self.days.insert(place, DaySums { day, stages: ByStage::default(), rules: Vec::new() });
                place
            }),
        };
        let sums = &mut self.days[place];
        sums.stages[charge.stage() as usize].add(charge.amount);
        add_to_rule(&mut sums.rules, charge);
    }

    fn add_to_earner(&mut self, role: Role, number: NameNo, name: Name, charge: &ChargeRow, starts: [Day; 4]) {
        let earner = self.earners[role as usize].entry(number);
        earner.count += u64::from(is_counted(charge));
        for period in Period::ALL.map(|period| period as usize) {
            let cell = &mut earner.periods[period];
            if cell.start < starts[period] {
                *cell = Cell { start: starts[period], stages: Default::default() };
            }
            if cell.start == starts[period] {
                // The book admits no more than fits: see `accounts::CHARGES_MAX`.
                cell.stages[charge.stage() as usize] += charge.amount.millionths();
                if cell.start == self.newest[period] && !charge.amount.is_positive() {
                    self.is_stale[role as usize][period] = true;
                } else if cell.start == self.newest[period] {
                    self.tops[role as usize][period].rise(name, cell.stages.iter().sum());
                }
            }
        }
    }
}

impl Earner {
    /// What was made in the period of this kind that `day` lies in, where that is the newest one.
    pub fn made(&self, period: Period, day: Day) -> ByStage {
        let cell = &self.periods[period as usize];
        if cell.start == period.start(day) { cell.stages.map(|stage| Sum(stage.into())) } else { ByStage::default() }
    }
}

impl Earners {
    fn entry(&mut self, number: NameNo) -> &mut Earner {
        let number = number.0 as usize;
        if self.places.len() <= number {
            self.places.resize(number + 1, u32::MAX);
        }
        if self.places[number] == u32::MAX {
            self.places[number] = self.rows.len() as u32;
            let cell = Cell { start: Day(i32::MIN), stages: Default::default() };
            self.rows.push(Earner { count: 0, first: FactNo(u32::MAX), periods: [cell; 4] });
        }
        &mut self.rows[self.places[number] as usize]
    }
}

/// Whether a transaction is one more charge, and not what becomes of another.
pub fn is_counted(charge: &ChargeRow) -> bool {
    matches!(charge.sort(), Sort::Charge | Sort::Release)
}

fn add_to_rule(rules: &mut Vec<RuleSum>, charge: &ChargeRow) {
    let place =
        rules.iter().position(|sum| sum.rule == charge.rule && sum.stage == charge.stage()).unwrap_or_else(|| {
            rules.push(RuleSum { rule: charge.rule, stage: charge.stage(), count: 0, sum: Sum::default() });
            rules.len() - 1
        });
    rules[place].count += u64::from(is_counted(charge));
    rules[place].sum.add(charge.amount);
}
