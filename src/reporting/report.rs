//! What was earned, summed up: by whom, for what, when.
//!
//! A sum is what the dashboard shows for the same days: shadow and live, net of what was taken back. What is held is in
//! neither, and told beside them, on the day on which it would have been charged.

use hashbrown::HashMap;

use super::days::Days;
use crate::domain::calendar::{Calendar, Day, Period};
use crate::domain::charge::Stage;
use crate::domain::money::{Currency, Sum};
use crate::domain::tariff::RuleId;
use crate::ledger::book::Book;
use crate::ledger::orders::Closing;
use crate::ledger::roll::NameNo;
use crate::ledger::rows::{ChargeRow, Sort};
use crate::ledger::totals::{ByStage, both, is_counted};

/// By what a report sums up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// By who did it.
    Citizen,
    /// By the business that it was done for.
    Business,
    /// By the rule that charged it.
    Rule,
    /// By who is to pay, as the event names him.
    Client,
    /// By whether it may be collected.
    Stage,
    /// By day.
    Day,
    /// By the current periods, which lie within each other.
    Period,
}

impl By {
    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            By::Citizen => "citizen",
            By::Business => "business",
            By::Rule => "rule",
            By::Client => "client",
            By::Stage => "stage",
            By::Day => "day",
            By::Period => "period",
        }
    }

    /// Whether what was collected can be told apart by it: an invoice is paid as a whole, and not by rule or earner.
    pub const fn tells_collected(self) -> bool {
        matches!(self, By::Stage | By::Day | By::Period)
    }
}

/// What some transactions come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many charges; not what becomes of them.
    pub charges: u64,
    /// What was earned.
    pub stages: ByStage,
    /// What is held, and in no other sum.
    pub held: Sum,
    /// What was collected, without taxes.
    pub collected: Sum,
}

impl Sums {
    /// What was earned in both stages.
    pub fn earned(&self) -> Sum {
        both(self.stages)
    }

    fn add(&mut self, other: &Sums) {
        self.charges += other.charges;
        self.stages = [0, 1].map(|stage| self.stages[stage].plus(other.stages[stage]));
        self.held = self.held.plus(other.held);
        self.collected = self.collected.plus(other.collected);
    }
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// By what it sums up.
    pub by: By,
    /// Of which days; those of each row, where it is by [period](By::Period).
    pub days: Days,
    /// Currency by currency: they never mix.
    pub currencies: Vec<InCurrency>,
}

/// The rows of one currency.
#[derive(Clone, Debug)]
pub struct InCurrency {
    /// Which one.
    pub currency: Currency,
    /// The rows: days and stages in their order, everybody else by what was earned, the most first.
    pub rows: Vec<Row>,
    /// Those that were left out, and how many they are.
    pub rest: Option<(usize, Sums)>,
    /// All of it.
    pub total: Sums,
    /// The last day with anything on it, in a report by [period](By::Period).
    pub last: Option<Day>,
}

/// A row of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whose or what; none where the events name nobody.
    pub of: Option<String>,
    /// The days that it is about.
    pub days: Days,
    /// The sums.
    pub sums: Sums,
}

/// What a transaction is summed up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    Name(NameNo),
    Rule(RuleId),
    Stage(Stage),
    Day(Day),
}

impl Report {
    /// The report of a book, of the days that `calendar` counts.
    pub fn new(book: &Book, calendar: &Calendar, by: By, days: Days) -> Report {
        match by {
            By::Period => Report::of_periods(book, calendar, days),
            _ => Report { by, days, currencies: Counting::count(book, calendar, by, days).rows(book, by, days) },
        }
    }

    /// The periods that the last of `days` is in.
    fn of_periods(book: &Book, calendar: &Calendar, days: Days) -> Report {
        let today = days.to.unwrap_or(Day(i32::MAX));
        let by_day = Counting::count(book, calendar, By::Day, Days::ALL);
        let currencies = by_day.rows(book, By::Day, Days::ALL).into_iter().map(|currency| {
            let row = |period: Period| {
                let days = Days::of(period, today);
                let mut sums = Sums::default();
                let of_it = currency.rows.iter().filter(|row| row.days.from.is_some_and(|day| days.contain(day)));
                of_it.for_each(|row| sums.add(&row.sums));
                Row { of: Some(period.as_str().to_owned()), days, sums }
            };
            let last = currency.rows.last().and_then(|row| row.days.to);
            InCurrency { rows: Period::ALL.map(row).to_vec(), last, ..currency }
        });
        Report { by: By::Period, days, currencies: currencies.collect() }
    }

    /// The same in one currency alone; with nothing in it, where the book has none of it.
    pub fn only(mut self, currency: Currency) -> Report {
        self.currencies.retain(|known| known.currency == currency);
        if self.currencies.is_empty() {
            let mut empty = InCurrency { currency, rows: Vec::new(), rest: None, total: Sums::default(), last: None };
            if let (By::Period, Some(today)) = (self.by, self.days.to) {
                let row = |period: Period| {
                    let (of, sums) = (Some(period.as_str().to_owned()), Sums::default());
                    Row { of, days: Days::of(period, today), sums }
                };
                empty.rows = Period::ALL.map(row).to_vec();
            }
            self.currencies.push(empty);
        }
        self
    }

    /// The same with only the `most` rows that earned most; the others are summed up.
    pub fn top(mut self, most: usize) -> Report {
        for currency in &mut self.currencies {
            currency.rows.sort_by_key(|row| std::cmp::Reverse(row.sums.earned()));
            let left_out = currency.rows.split_off(most.min(currency.rows.len()));
            let mut rest = Sums::default();
            left_out.iter().for_each(|row| rest.add(&row.sums));
            currency.rest = (!left_out.is_empty()).then_some((left_out.len(), rest));
        }
        self
    }
}

/// The sums while they are counted.
#[derive(Default)]
struct Counting {
    rows: HashMap<(Currency, Key), Sums>,
    totals: HashMap<Currency, Sums>,
}

impl Counting {
    fn count(book: &Book, calendar: &Calendar, by: By, days: Days) -> Counting {
        let mut counting = Counting::default();
        let mut calendar = calendar.clone();
        for (number, charge) in (0..).zip(book.charges().iter()) {
            let mut day = |number: u32, charge: &ChargeRow| {
                let happened = calendar.day_cached(book.fact(charge.fact).occurred_at);
                Closing::booked_on(book.closings(), number as usize, happened)
            };
            let booked = day(number, &charge);
            let amount = Sum(charge.amount.millionths().into());
            if !charge.is_held() {
                let mut sums = Sums { charges: u64::from(is_counted(&charge)), ..Sums::default() };
                sums.stages[charge.stage() as usize] = amount;
                counting.add(by, days, booked, &charge, sums);
            }
            let held = match charge.sort() {
                Sort::Release => Sum(-amount.0),
                _ if charge.is_held() => amount,
                _ => continue,
            };
            // What was let go or taken back is no more held where it was.
            let first = book.speaks_of(number);
            let first = first.and_then(|first| Some((first, book.charges().get(first as usize)?)));
            let since = first.map_or(booked, |(number, charge)| day(number, &charge));
            counting.add(by, days, since, &charge, Sums { held, ..Sums::default() });
        }
        for taken in book.bills().takings() {
            let day = calendar.day_cached(taken.at);
            if days.contain(day) {
                let sums = Sums { collected: taken.amount, ..Sums::default() };
                counting.totals.entry(taken.currency).or_default().add(&sums);
                let key = match by {
                    By::Stage => Key::Stage(Stage::Live),
                    By::Day => Key::Day(day),
                    By::Citizen | By::Business | By::Rule | By::Client | By::Period => continue,
                };
                counting.rows.entry((taken.currency, key)).or_default().add(&sums);
            }
        }
        counting
    }

    fn add(&mut self, by: By, days: Days, day: Day, charge: &ChargeRow, sums: Sums) {
        if !days.contain(day) {
            return;
        }
        let key = match by {
            By::Citizen => Key::Name(charge.citizen),
            By::Business => Key::Name(charge.business),
            By::Client => Key::Name(charge.client),
            By::Rule => Key::Rule(charge.rule),
            By::Stage => Key::Stage(charge.stage()),
            By::Day | By::Period => Key::Day(day),
        };
        self.rows.entry((charge.currency, key)).or_default().add(&sums);
        self.totals.entry(charge.currency).or_default().add(&sums);
    }

    fn rows(self, book: &Book, by: By, days: Days) -> Vec<InCurrency> {
        let mut rows: Vec<((Currency, Key), Sums)> = self.rows.into_iter().collect();
        rows.sort_unstable_by_key(|(key, _)| *key);
        let mut totals: Vec<(Currency, Sums)> = self.totals.into_iter().collect();
        totals.sort_unstable_by_key(|(currency, _)| *currency);
        let in_currency = |(currency, total): (Currency, Sums)| {
            let of_it = rows.iter().filter(|((of, _), sums)| *of == currency && *sums != Sums::default());
            let row = |((_, key), sums): &((Currency, Key), Sums)| match *key {
                Key::Name(number) => {
                    Row { of: book.roll().name(number).map(|name| name.to_string()), days, sums: *sums }
                }
                Key::Rule(rule) => Row { of: Some(book.tariffs().rule_name(rule).to_owned()), days, sums: *sums },
                Key::Stage(stage) => Row { of: Some(stage.as_str().to_owned()), days, sums: *sums },
                Key::Day(day) => {
                    let days = Days { from: Some(day), to: Some(day) };
                    Row { of: Some(day.date().to_string()), days, sums: *sums }
                }
            };
            let mut rows: Vec<Row> = of_it.map(row).collect();
            if !matches!(by, By::Day | By::Stage) {
                rows.sort_by(|a, b| b.sums.earned().cmp(&a.sums.earned()).then_with(|| a.of.cmp(&b.of)));
            }
            InCurrency { currency, rows, rest: None, total, last: None }
        };
        totals.into_iter().map(in_currency).collect()
    }
}
