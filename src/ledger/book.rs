//! The book: every event that was taken, and the charge of each that earned.
//!
//! A change is decided first, by [`Book::admit`], which changes nothing and may refuse; then it is
//! made, by [`Book::post`], which cannot refuse. Rows are only ever appended.

use std::collections::BTreeSet;

use hashbrown::HashMap;
use thiserror::Error;

use crate::domain::activity::{Activity, Outcome};
use crate::domain::calendar::Day;
use crate::domain::charge::{Free, Hold, Price};
use crate::domain::external::Class;
use crate::domain::ids::{EventKey, TransactionId};
use crate::domain::money::{Money, Sum};
use crate::domain::names::Name;
use crate::domain::orders;
use crate::domain::rollout::Rollout;
use crate::domain::rows::Row;
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::tariff::{Rule, Tariff, differs};
use crate::domain::time::Moment;
use crate::tariffs;

use super::accounts::CHARGES_MAX;
use super::chunks::Chunks;
use super::directory::Directory;
use super::entry::{Charged, Entry, Event, Receipt, Status};
use super::guards::{self, Guards, Limits};
use super::index::Index;
use super::meters::{self, Meters};
use super::orders::{Closing, Link};
use super::roll::{NameNo, Roll};
use super::rows::{ChargeRow, Fact, FactNo, FactRow, Marks, Place, Sort};

/// The book.
#[derive(Debug)]
pub struct Book {
    roll: Roll,
    facts: Chunks<FactRow>,
    index: Index,
    charges: Chunks<ChargeRow>,
    conflicts: Chunks<ConflictRow>,
    /// The conflicts of each key, so that sending one again writes nothing.
    noted: HashMap<EventKey, Vec<u32>>,
    directory: Directory,
    tariffs: Tariffs,
    meters: Meters,
    rollout: Rollout,
    guards: Guards,
    limits: Limits,
    /// The rows of charges that are held, and were neither let go nor taken back.
    held: BTreeSet<u32>,
    links: Chunks<Link>,
    accepted: BTreeSet<u32>,
    closings: Vec<Closing>,
    /// How many facts are orders.
    orders: usize,
    /// All amounts, whichever way they go.
    charged: Sum,
    latest: Moment,
}

/// A book in which nothing is written, and the built-in tariff is in force.
impl Default for Book {
    fn default() -> Book {
        Book {
            roll: Roll::default(),
            facts: Chunks::default(),
            index: Index::default(),
            charges: Chunks::default(),
            conflicts: Chunks::default(),
            noted: HashMap::new(),
            directory: Directory::default(),
            tariffs: Tariffs::new(tariffs::built_in()),
            meters: Meters::default(),
            rollout: Rollout::default(),
            guards: Guards::default(),
            limits: Limits::default(),
            held: BTreeSet::new(),
            links: Chunks::default(),
            accepted: BTreeSet::new(),
            closings: Vec::new(),
            orders: 0,
            charged: Sum::default(),
            latest: Moment::default(),
        }
    }
}

/// An event that contradicted the one of the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConflictRow {
    /// The key of both.
    pub key: EventKey,
    /// The digest of the later one's content.
    pub content: u64,
    /// The later one's outcome.
    pub outcome: Outcome,
    /// Where the later one's record stands.
    pub place: Place,
    /// Whether it contradicts the tariff, and not an earlier event: it declares another amount than was charged.
    pub is_discrepancy: bool,
}

/// What the book makes of an event, before anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is new.
    New,
    /// It is known with an unfinished outcome, and is processed now.
    Upgrade(FactNo),
    /// It is known, and the same.
    Repeat(FactNo),
    /// It is known, and not the same.
    Conflict {
        /// The first of its key.
        first: FactNo,
        /// Whether this very contradiction is written down already.
        is_noted: bool,
    },
}

/// The book can take no more.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error(
    "the book is full: it takes four thousand million events, a terabyte of journal and charges of {CHARGES_MAX} in all"
)]
pub struct Full;

/// A journal's record does not follow from those before it.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Contradiction {
    /// The book would have decided otherwise.
    #[error("the record would be {found:?} in the book made from the records before it")]
    Verdict {
        /// What it would be.
        found: Verdict,
    },
    /// A name is enrolled twice.
    #[error("the name {0} is enrolled twice")]
    Name(Name),
    /// There is more than a book holds.
    #[error(transparent)]
    Full(#[from] Full),
    /// An order would be refused.
    #[error("the order would be refused: {0}")]
    Order(#[from] orders::Refused),
}

impl Book {
    /// Decides about an event, and changes nothing.
    pub fn admit(&self, event: &Event<'_>, place: Place) -> Result<Verdict, Full> {
        let Some(first) = self.index.find(event.key, &self.facts) else {
            return self.room_for(event, place).map(|()| Verdict::New);
        };
        let known = self.fact(first);
        let outcome = event.activity.outcome;
        let is_same = known.content == event.content;
        Ok(match (is_same, known.outcome, outcome) {
            (true, Outcome::Processed, Outcome::Processed) => Verdict::Repeat(first),
            // It was seen with an unfinished outcome before it was processed; so this is no change of mind.
            (true, Outcome::Processed, _) if known.is_upgrade => Verdict::Repeat(first),
            (true, Outcome::Processed, _) | (false, ..) => {
                let is_same = |noted: ConflictRow| (noted.content, noted.outcome) == (event.content, outcome);
                let is_noted = self.conflicts_of(event.key).any(|(_, noted)| is_same(noted));
                if !is_noted {
                    self.room_for(event, place)?;
                }
                Verdict::Conflict { first, is_noted }
            }
            // A rule charged it as it was; what it became costs nothing more.
            (true, ..) if known.is_charged => Verdict::Repeat(first),
            (true, _, Outcome::Processed) => self.room_for(event, place).map(|()| Verdict::Upgrade(first))?,
            // Unfinished it was, and unfinished it is: nothing that could be charged has changed.
            (true, ..) => Verdict::Repeat(first),
        })
    }

    /// Whether there is room for the event's rows.
    pub fn room_for(&self, event: &Event<'_>, place: Place) -> Result<(), Full> {
        let charge = match event.draft.price {
            Price::Charge { amount, .. } => i128::from(amount.millionths()),
            Price::Counted { .. } | Price::Free(_) => 0,
        };
        let adjustment = event.adjustment.map_or(0, |amount| i128::from(amount.millionths()).abs());
        let is_rowed = self.facts.len() < u32::MAX as usize && self.roll.names().len() < u32::MAX as usize - 16;
        let fits = is_rowed
            && place < Place::END
            && self.charged.0 + charge + adjustment <= i128::from(CHARGES_MAX.millionths());
        if fits { Ok(()) } else { Err(Full) }
    }

    /// Settles what the events before this one decide about its price, given the `day` that it happened on; the
    /// rest of its draft stays as it is. Nothing is counted by it.
    pub fn settle(&self, event: &mut Event<'_>, day: impl FnOnce(Moment) -> Day) {
        let Price::Counted { rule } = event.draft.price else { return };
        let tariff = self.tariffs.version(event.draft.tariff);
        match tariff.and_then(|tariff| tariff.rule(rule)) {
            Some(rule) => self.meters.settle(event, rule, day(event.occurred_at)),
            None => event.draft.price = Price::Free(Free::NoRule),
        }
    }

    /// Posts an event that was admitted as new or as an upgrade, and settled; `place` is where its record stands.
    pub fn post(&mut self, event: &Event<'_>, place: Place) -> Receipt {
        let number = FactNo(self.facts.len() as u32);
        self.latest = self.latest.max(event.recorded_at);
        let rule = self.rule_of(event);
        let names = self.names(event);
        let [citizen, business, client] = names;
        let row = |(sort, rule, amount, currency)| ChargeRow {
            amount,
            fact: number,
            citizen,
            business,
            client,
            rule,
            tariff: event.draft.tariff,
            currency,
            marks: Marks::new(event.stage, sort, event.draft.hold.is_some()),
        };
        let charge = match event.draft.price {
            Price::Charge { rule, amount, currency } => Some((Sort::Charge, rule, amount, currency)),
            Price::Counted { .. } | Price::Free(_) => None,
        };
        let charge = charge.map(row);
        let counted = event.used.zip(rule).map(|(used, rule)| (meters::key_of(event, rule, used), used));
        let adjustment = event.adjustment.zip(rule);
        let adjustment = adjustment.map(|(amount, rule)| row((Sort::Adjustment, rule.id, amount, rule.currency)));
        self.push_fact(FactRow::new(Fact {
            key: event.key,
            content: event.content,
            occurred_at: event.occurred_at,
            place,
            feed: event.activity.feed,
            outcome: event.activity.outcome,
            is_charged: charge.is_some() || adjustment.is_some(),
            is_upgrade: event.is_upgrade,
            is_order: false,
        }));
        let transaction = TransactionId(self.charges.len() as u64 + 1);
        for row in charge.into_iter().chain(adjustment) {
            self.push_charge(row);
        }
        if let Some(charge) = &charge {
            let watched = self.watched(event, names, charge.amount);
            self.guards.see(&watched, event.draft.hold, self.limits.park_after);
            if event.is_disputed {
                let (key, content, outcome) = (event.key, event.content, event.activity.outcome);
                self.conflicts.push(ConflictRow { key, content, outcome, place, is_discrepancy: true });
            }
        }
        if let Some((key, used)) = counted {
            self.meters.count(key, used.quantity);
        }
        let status = if charge.is_some() { Status::Priced } else { Status::Recorded };
        let charge = charge.map(|charge| Charged {
            hold: event.draft.hold,
            ..charged(transaction, &charge, event.draft.hold.is_some())
        });
        Receipt { status, charge, upgraded: event.is_upgrade }
    }

    /// Whether an event whose price is settled declares another amount than is charged.
    pub fn disputes(event: &Event<'_>) -> bool {
        match event.draft.price {
            Price::Charge { amount, .. } => differs(event.activity.declared, amount),
            Price::Counted { .. } | Price::Free(_) => false,
        }
    }

    /// Why the guards would hold an event whose price is settled, if they would.
    pub fn judge(&self, event: &Event<'_>) -> Option<Hold> {
        match event.draft.price {
            Price::Charge { amount, .. } => {
                let charge = self.watched(event, self.names(event), amount);
                self.guards.judge(&self.limits, &charge)
            }
            Price::Counted { .. } | Price::Free(_) => None,
        }
    }

    /// Whom an event names: who did it, for which business, and who is to pay.
    fn names(&self, event: &Event<'_>) -> [NameNo; 3] {
        [event.activity.citizen, event.draft.business, event.activity.client].map(|name| self.enrolled(name))
    }

    /// What a charge is to the guards.
    fn watched(&self, event: &Event<'_>, names: [NameNo; 3], amount: Money) -> guards::Charge {
        let Activity { citizen, receiver, .. } = *event.activity;
        let [his, business, client] = names;
        let payer = client.some().or(business.some()).unwrap_or(his);
        // Who is written to on Telegram or by e-mail is no citizen who writes back.
        let is_citizen = matches!(receiver.class, Class::Username | Class::DeclaredExternal) && receiver.digest != 0;
        let pair = citizen.filter(|_| is_citizen).map(|citizen| (citizen.digest(), receiver.digest));
        guards::Charge { who: [his, business, payer], pair, at: event.occurred_at, amount }
    }

    pub(super) fn push_fact(&mut self, row: FactRow) -> FactNo {
        let number = FactNo(self.facts.len() as u32);
        self.orders += usize::from(row.is_order());
        self.facts.push(row);
        self.index.put(number, &self.facts);
        number
    }

    fn push_charge(&mut self, row: ChargeRow) {
        if row.is_held() && row.sort() == Sort::Charge {
            self.held.insert(self.charges.len() as u32);
        }
        self.charges.push(row);
        self.charged.0 += i128::from(row.amount.millionths()).abs();
    }

    /// Posts what speaks of an earlier transaction.
    pub(super) fn link(&mut self, of: u32, row: ChargeRow) {
        self.links.push(Link { of, by: self.charges.len() as u32 });
        self.push_charge(row);
    }

    pub(super) fn let_go(&mut self, number: u32) {
        self.held.remove(&number);
    }

    pub(super) fn accept(&mut self, number: u32) {
        self.accepted.insert(number);
    }

    pub(super) fn close(&mut self, open: Day) {
        self.closings.push(Closing { from: self.charges.len() as u32, open });
    }

    pub(super) fn saw(&mut self, at: Moment) {
        self.latest = self.latest.max(at);
    }

    pub(super) fn tariffs_mut(&mut self) -> &mut Tariffs {
        &mut self.tariffs
    }

    pub(super) fn rollout_mut(&mut self) -> &mut Rollout {
        &mut self.rollout
    }

    pub(super) fn guards_mut(&mut self) -> &mut Guards {
        &mut self.guards
    }

    pub(super) fn meters_mut(&mut self) -> &mut Meters {
        &mut self.meters
    }

    /// The rule that counts an event, where one does.
    fn rule_of(&self, event: &Event<'_>) -> Option<&Rule> {
        let used = event.used?;
        self.tariffs.version(event.draft.tariff)?.rule(used.rule)
    }

    /// Writes a conflict down; it must have been admitted as one that is not noted.
    pub fn note_conflict(&mut self, event: &Event<'_>, place: Place) {
        let outcome = event.activity.outcome;
        self.noted.entry(event.key).or_default().push(self.conflicts.len() as u32);
        let (key, content) = (event.key, event.content);
        self.conflicts.push(ConflictRow { key, content, outcome, place, is_discrepancy: false });
    }

    /// Gives `name` its number, which is new if it is not on the roll.
    pub fn enrol(&mut self, name: Name) {
        self.roll.enrol(name);
    }

    /// Takes in a row that is [news](Directory::news), with what was known put in.
    pub fn describe(&mut self, row: Row) {
        self.directory.put(row);
    }

    /// Takes one record of a journal, which must follow from those before it.
    pub fn replay(&mut self, entry: &Entry<'_>, place: Place) -> Result<(), Contradiction> {
        match entry {
            Entry::Name(name) if self.roll.number(*name).is_some() => return Err(Contradiction::Name(*name)),
            Entry::Name(name) => self.enrol(*name),
            Entry::Row(row, _) => self.describe(*row),
            Entry::Order(order, at) => {
                match self.admit_order(order, *at) {
                    // Who was parked depends on how the guards were set then; to let nothing go changes nothing.
                    Ok(()) | Err(orders::Refused::NothingHeld(_)) => {}
                    Err(refused) => return Err(refused.into()),
                }
                self.obey(order, *at, place);
            }
            Entry::Event(event) => match self.admit(event, place)? {
                Verdict::New if !event.is_upgrade => drop(self.post(event, place)),
                Verdict::Upgrade(_) if event.is_upgrade => drop(self.post(event, place)),
                found => return Err(Contradiction::Verdict { found }),
            },
            Entry::Conflict(event) => match self.admit(event, place)? {
                Verdict::Conflict { is_noted: false, .. } => self.note_conflict(event, place),
                found => return Err(Contradiction::Verdict { found }),
            },
        }
        Ok(())
    }

    /// The receipt of an event that is known already.
    pub fn repeated(&self, first: FactNo, status: Status) -> Receipt {
        let is_held = |transaction: TransactionId| self.held.contains(&(transaction.0 as u32 - 1));
        let charge = self.charge_of(first);
        let charge = charge.map(|(transaction, charge)| charged(transaction, &charge, is_held(transaction)));
        Receipt { status, charge, upgraded: false }
    }

    /// Brings near what [`Book::admit`] will ask of these keys.
    pub fn touch(&self, keys: impl Iterator<Item = EventKey>) {
        keys.for_each(|key| self.index.touch(key));
    }

    /// The newest fact of `key`.
    pub fn find(&self, key: EventKey) -> Option<FactNo> {
        self.index.find(key, &self.facts)
    }

    /// The fact with this number.
    ///
    /// # Panics
    /// Where the book gave out no such number.
    #[expect(clippy::expect_used, reason = "numbers come from this book alone, and rows are never taken away")]
    pub fn fact(&self, number: FactNo) -> Fact {
        self.facts.get(number.0 as usize).expect("a number that the book gave out").fact()
    }

    /// The transaction of a fact, if it earned.
    pub fn charge_of(&self, fact: FactNo) -> Option<(TransactionId, ChargeRow)> {
        let number = self.charges.partition_point(|charge| charge.fact < fact);
        let charge = self.charges.get(number).filter(|charge| charge.fact == fact && charge.sort() == Sort::Charge)?;
        Some((TransactionId(number as u64 + 1), charge))
    }

    /// The names.
    pub fn roll(&self) -> &Roll {
        &self.roll
    }

    /// The facts.
    pub fn facts(&self) -> &Chunks<FactRow> {
        &self.facts
    }

    /// The charges; transaction `n` is row `n - 1`.
    pub fn charges(&self) -> &Chunks<ChargeRow> {
        &self.charges
    }

    /// The latest instant at which anything was recorded.
    pub fn latest(&self) -> Moment {
        self.latest
    }

    /// The conflicts, in order.
    pub fn conflicts(&self) -> &Chunks<ConflictRow> {
        &self.conflicts
    }

    /// The conflicts with the event of `key`, each with its number.
    pub fn conflicts_of(&self, key: EventKey) -> impl Iterator<Item = (usize, ConflictRow)> + '_ {
        let numbers = self.noted.get(&key).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|&number| Some((number as usize, self.conflicts.get(number as usize)?)))
    }

    /// Who is who.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The tariffs.
    pub fn tariffs(&self) -> &Tariffs {
        &self.tariffs
    }

    /// Who is in which phase.
    pub fn rollout(&self) -> &Rollout {
        &self.rollout
    }

    /// What the guards have seen.
    pub fn guards(&self) -> &Guards {
        &self.guards
    }

    /// What the guards let pass.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// From now on the guards let this pass.
    pub fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The rows of charges that are held, in order.
    pub fn held(&self) -> &BTreeSet<u32> {
        &self.held
    }

    /// The rows of held charges of a citizen, business or client.
    pub fn held_of(&self, name: Name) -> impl Iterator<Item = u32> + '_ {
        let whose = self.roll.number(name);
        let is_his =
            move |row: &ChargeRow| whose.is_some_and(|whose| [row.citizen, row.business, row.client].contains(&whose));
        self.held.iter().copied().filter(move |number| self.charges.get(*number as usize).as_ref().is_some_and(is_his))
    }

    /// What speaks of what, in order of the later ones.
    pub fn links(&self) -> &Chunks<Link> {
        &self.links
    }

    /// Whether a conflict was accepted.
    pub fn is_accepted(&self, number: u32) -> bool {
        self.accepted.contains(&number)
    }

    /// The numbers of the conflicts that were accepted, in order.
    pub fn accepted(&self) -> &BTreeSet<u32> {
        &self.accepted
    }

    /// Which months were closed, in order.
    pub fn closings(&self) -> &[Closing] {
        &self.closings
    }

    /// The first day that is not closed, where any is.
    pub fn open_from(&self) -> Option<Day> {
        self.closings.last().map(|closing| closing.open)
    }

    /// How many events were taken.
    pub fn events(&self) -> usize {
        self.facts.len() - self.orders
    }

    /// All amounts, whichever way they go.
    pub fn charged(&self) -> Sum {
        self.charged
    }

    /// What was used of what is priced together.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// A book of these parts, such as an image holds; the rest follows from them.
    pub fn from_parts(parts: Parts) -> Book {
        let Parts {
            names,
            facts,
            charges,
            conflicts,
            rows,
            tariffs,
            meters,
            rollout,
            guards,
            links,
            accepted,
            discrepancies,
            closings,
            latest,
        } = parts;
        let conflicts = with_discrepancies(&conflicts, &discrepancies);
        let mut book = Book {
            facts,
            charges,
            conflicts,
            meters,
            rollout,
            guards,
            links,
            accepted,
            closings,
            latest,
            ..Book::default()
        };
        names.into_iter().for_each(|name| book.enrol(name));
        rows.into_iter().for_each(|row| book.describe(row));
        tariffs.iter().for_each(|tariff| book.tariffs.take(tariff));
        for number in 0..book.facts.len() {
            book.index.put(FactNo(number as u32), &book.facts);
        }
        book.orders = book.facts.iter().filter(|row| row.is_order()).count();
        for (number, charge) in (0..).zip(book.charges.iter()) {
            book.charged.0 += i128::from(charge.amount.millionths()).abs();
            if charge.is_held() && charge.sort() == Sort::Charge {
                book.held.insert(number);
            }
        }
        for Link { of, .. } in book.links.iter() {
            book.held.remove(&of);
        }
        for (number, conflict) in book.conflicts.iter().enumerate().filter(|(_, conflict)| !conflict.is_discrepancy) {
            book.noted.entry(conflict.key).or_default().push(number as u32);
        }
        book
    }

    fn enrolled(&self, name: Option<Name>) -> NameNo {
        name.and_then(|name| self.roll.number(name)).unwrap_or(NameNo::NONE)
    }
}

/// What a book is made of, without what follows from it.
#[derive(Debug, Default)]
pub struct Parts {
    /// The roll, in order.
    pub names: Vec<Name>,
    /// The facts.
    pub facts: Chunks<FactRow>,
    /// The charges.
    pub charges: Chunks<ChargeRow>,
    /// The conflicts.
    pub conflicts: Chunks<ConflictRow>,
    /// The directory.
    pub rows: Vec<Row>,
    /// The tariffs after the built-in one, in order.
    pub tariffs: Vec<Tariff>,
    /// The meters.
    pub meters: Meters,
    /// Who is in which phase.
    pub rollout: Rollout,
    /// What the guards have seen.
    pub guards: Guards,
    /// What speaks of what.
    pub links: Chunks<Link>,
    /// The conflicts that were accepted.
    pub accepted: BTreeSet<u32>,
    /// Which of the conflicts are discrepancies.
    pub discrepancies: Vec<u32>,
    /// The months that were closed.
    pub closings: Vec<Closing>,
    /// The latest instant at which anything was recorded.
    pub latest: Moment,
}

/// The conflicts, of which these are discrepancies.
fn with_discrepancies(conflicts: &Chunks<ConflictRow>, discrepancies: &[u32]) -> Chunks<ConflictRow> {
    let mut all = Chunks::default();
    for (number, row) in (0..).zip(conflicts.iter()) {
        all.push(ConflictRow { is_discrepancy: discrepancies.binary_search(&number).is_ok(), ..row });
    }
    all
}

fn charged(transaction: TransactionId, charge: &ChargeRow, is_held: bool) -> Charged {
    let (amount, currency, stage) = (charge.amount, charge.currency, charge.stage());
    Charged { transaction, amount, currency, stage, is_held, hold: None }
}
