//! The book: every event that was taken, and the charge of each that earned.
//!
//! A change is decided first, by [`Book::admit`], which changes nothing and may refuse; then it is
//! made, by [`Book::post`], which cannot refuse. Rows are only ever appended.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use hashbrown::HashMap;
use thiserror::Error;

use crate::domain::activity::{Activity, Outcome};
use crate::domain::bills;
use crate::domain::calendar::Day;
use crate::domain::charge::{Free, Hold, Price, Stage};
use crate::domain::external::{Class, Ruling};
use crate::domain::ids::{EventKey, TransactionId};
use crate::domain::money::{Money, Sum};
use crate::domain::names::Name;
use crate::domain::orders;
use crate::domain::payers::Payer;
use crate::domain::rollout::Rollout;
use crate::domain::rows::Row;
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::tariff::{Scope, differs};
use crate::domain::time::Moment;
use crate::tariffs;

use super::accounts::CHARGES_MAX;
use super::arrivals::{Arrival, Arrivals};
use super::bills::Bills;
use super::chunks::Chunks;
use super::directory::Directory;
use super::entry::{Charged, Entry, Event, Receipt, Status};
use super::guards::{self, Guards, Limits};
use super::index::Index;
use super::meters::{self, Meters, Waiting, Whose};
use super::orders::{Closing, Link};
use super::payers::Payers;
use super::receivables::{self, Receivables};
use super::roll::{NameNo, Roll};
use super::rows::{ChargeRow, Fact, FactNo, FactRow, Marks, Place, Sort};

/// The book.
#[derive(Debug)]
pub struct Book {
    pub(super) roll: Roll,
    pub(super) facts: Chunks<FactRow>,
    pub(super) index: Index,
    pub(super) charges: Chunks<ChargeRow>,
    pub(super) conflicts: Chunks<ConflictRow>,
    /// The conflicts of each key, so that sending one again writes nothing.
    pub(super) noted: HashMap<EventKey, Vec<u32>>,
    pub(super) directory: Directory,
    pub(super) payers: Payers,
    pub(super) tariffs: Tariffs,
    pub(super) meters: Meters,
    pub(super) rollout: Rollout,
    pub(super) guards: Guards,
    pub(super) limits: Limits,
    /// The rows of charges that are held, and were neither let go nor taken back; and what each counts once it is let go.
    pub(super) held: BTreeMap<u32, Option<Waiting>>,
    pub(super) links: Chunks<Link>,
    /// By the row of a charge that was held, the row that let it go.
    pub(super) released: HashMap<u32, u32>,
    pub(super) receivables: Receivables,
    pub(super) bills: Bills,
    pub(super) accepted: BTreeSet<u32>,
    pub(super) closings: Vec<Closing>,
    /// Where each order's record stands.
    pub(super) orders: Chunks<Place>,
    /// How many facts are orders.
    pub(super) order_facts: usize,
    pub(super) arrivals: Arrivals,
    /// All amounts, whichever way they go.
    pub(super) charged: Sum,
    pub(super) latest: Moment,
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
            payers: Payers::default(),
            tariffs: Tariffs::new(tariffs::built_in()),
            meters: Meters::default(),
            rollout: Rollout::default(),
            guards: Guards::default(),
            limits: Limits::default(),
            held: BTreeMap::new(),
            links: Chunks::default(),
            released: HashMap::new(),
            receivables: Receivables::default(),
            bills: Bills::default(),
            accepted: BTreeSet::new(),
            closings: Vec::new(),
            orders: Chunks::default(),
            order_facts: 0,
            arrivals: Arrivals::default(),
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
    /// A step of a bill would be refused.
    #[error("the step of a bill would be refused: {0}")]
    Deed(#[from] bills::Refused),
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
            // A rule charged or counted it as it was; what it became costs nothing more.
            (true, ..) if known.is_charged => Verdict::Repeat(first),
            (true, _, Outcome::Processed) => self.room_for(event, place).map(|()| Verdict::Upgrade(first))?,
            // It is unfinished in another way, and a rule is about that.
            (true, known, outcome) if known != outcome && event.is_priced() => {
                self.room_for(event, place).map(|()| Verdict::Upgrade(first))?
            }
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
            Some(rule) => {
                let whose = self.whose(event, self.names(event));
                self.meters.settle(event, rule, whose, day(event.occurred_at));
            }
            None => event.draft.price = Price::Free(Free::NoRule),
        }
    }

    /// Whom an event is about that is posted now, given whom it names.
    fn whose(&self, event: &Event<'_>, names: [NameNo; 3]) -> Whose {
        let Activity { client, citizen, .. } = *event.activity;
        let payer = match event.stage {
            Stage::Live => self.payer_now(event, names),
            Stage::Shadow => None,
        };
        let payer = payer.and_then(|payer| self.by_order(payer, self.charges.len() as u32));
        Whose { client, business: event.draft.business, citizen, payer }
    }

    /// A payer's name, where he was on the list by an order when row `row` was posted.
    pub(super) fn by_order(&self, payer: NameNo, row: u32) -> Option<Name> {
        let is_by_order = self.payers.get(payer).is_some_and(|listing| listing.was_ordered(row));
        self.roll.name(payer).filter(|_| is_by_order)
    }

    /// Who pays for an event that is posted now, if anybody does, given whom it names.
    fn payer_now(&self, event: &Event<'_>, [citizen, business, client]: [NameNo; 3]) -> Option<NameNo> {
        // Whoever has no number yet is on no list.
        let is_unheard_of = client == NameNo::NONE && event.activity.client.is_some();
        let row = self.charges.len() as u32;
        if is_unheard_of { None } else { self.payers.among(row, [client, business, citizen]) }
    }

    /// Posts an event that was admitted as new or as an upgrade, and settled; `place` is where its record stands.
    pub fn post(&mut self, event: &Event<'_>, place: Place) -> Receipt {
        let number = FactNo(self.facts.len() as u32);
        self.latest = self.latest.max(event.recorded_at);
        let tariff = event.used.and_then(|_| self.tariffs.version(event.draft.tariff).cloned());
        let rule = event.used.zip(tariff.as_ref()).and_then(|(used, tariff)| tariff.rule(used.rule));
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
        let adjustment = event.adjustment.zip(rule);
        let adjustment = adjustment.map(|(amount, rule)| row((Sort::Adjustment, rule.id, amount, rule.currency)));
        self.push_fact(FactRow::new(Fact {
            key: event.key,
            content: event.content,
            occurred_at: event.occurred_at,
            place,
            feed: event.activity.feed,
            outcome: event.activity.outcome,
            is_charged: charge.is_some() || event.used.is_some(),
            is_upgrade: event.is_upgrade,
            is_order: false,
            is_undecided: event.draft.ruling == Ruling::Undecided,
        }));
        self.arrivals.note(Arrival { fact: number, at: event.recorded_at });
        let transaction = TransactionId(self.charges.len() as u64 + 1);
        if charge.is_some_and(|charge| charge.is_held()) {
            let measure = rule.and_then(|rule| rule.asks.measure(&event.activity).ok());
            let waiting = event.used.zip(measure).map(|(used, measure)| Waiting { start: used.start, measure });
            self.held.insert(self.charges.len() as u32, waiting);
        } else if let Some((used, rule)) = event.used.zip(rule) {
            let posted = charge.into_iter().chain(adjustment).map(|row| i128::from(row.amount.millionths())).sum();
            let whose = self.whose(event, names);
            let [all, own] = meters::keys(rule, event.draft.tariff, whose, event.stage, used.start);
            let counted = rule.asks.counting(self.meters.counted([&all, &own]), used.quantity, posted);
            self.meters.set([all, own], counted);
        }
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
        // Where the list knows nobody, whoever would be asked first.
        let named = || Scope::Payer.of(client.some(), business.some(), his.some());
        let payer = self.payer_now(event, names).or_else(named).unwrap_or(NameNo::NONE);
        // Who is written to on Telegram or by e-mail is no citizen who writes back.
        let is_citizen = matches!(receiver.class, Class::Username | Class::DeclaredExternal) && receiver.digest != 0;
        let pair = citizen.filter(|_| is_citizen).map(|citizen| (citizen.digest(), receiver.digest));
        guards::Charge { who: [his, business, payer], pair, at: event.occurred_at, amount }
    }

    pub(super) fn push_fact(&mut self, row: FactRow) -> FactNo {
        let number = FactNo(self.facts.len() as u32);
        self.order_facts += usize::from(row.is_order());
        self.facts.push(row);
        self.index.put(number, &self.facts);
        number
    }

    fn push_charge(&mut self, row: ChargeRow) {
        let number = self.charges.len() as u32;
        self.charges.push(row);
        self.charged.0 += i128::from(row.amount.millionths()).abs();
        self.owe(number, &row);
    }

    /// Counts what somebody owes by the transaction in row `number`.
    fn owe(&mut self, number: u32, row: &ChargeRow) {
        if receivables::is_owed(row) {
            let payer = self.payer_of(number, row);
            self.receivables.post(number, row, payer);
        }
    }

    /// Counts what everybody owes, from the first row on.
    pub(super) fn owe_anew(&mut self) {
        self.receivables = Receivables::default();
        for (number, row) in (0..).zip(self.charges.share().iter()) {
            self.owe(number, &row);
        }
        // What is on a bill is owed no more, but as that bill.
        self.bills.fill(&mut self.receivables, &self.charges);
    }

    /// Posts what speaks of an earlier transaction.
    pub(super) fn link(&mut self, of: u32, row: ChargeRow) {
        let by = self.charges.len() as u32;
        self.links.push(Link { of, by });
        if row.sort() == Sort::Release {
            self.released.insert(of, by);
        }
        self.push_charge(row);
    }

    /// A held charge is held no more; what it counts from now on, where it was held.
    pub(super) fn let_go(&mut self, number: u32) -> Option<Option<Waiting>> {
        self.held.remove(&number)
    }

    pub(super) fn was_ordered(&mut self, place: Place) {
        self.orders.push(place);
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

    /// Puts somebody on the list of those who pay, or changes his terms, from the next row on.
    pub(super) fn list(&mut self, payer: Payer) {
        let (number, row) = (self.roll.enrol(payer.id), self.charges.len() as u32);
        self.payers.list(number, payer, row);
    }

    /// Takes somebody off that list.
    pub(super) fn strike(&mut self, id: Name) {
        if let Some(number) = self.roll.number(id) {
            self.payers.strike(number, self.charges.len() as u32);
        }
    }

    /// Somebody who was listed before there were terms, and before anybody was billed: from the first row on.
    pub(super) fn list_of_old(&mut self, id: Name, customer: Option<Name>) {
        let number = self.roll.enrol(id);
        let known = self.payers.get(number).and_then(|listing| listing.payer.customer);
        self.payers.list_of_old(number, Payer { customer: customer.or(known), ..Payer::new(id) });
        if !self.receivables.is_empty() {
            // Nothing was invoiced in those days: what is owed is found anew.
            self.owe_anew();
        }
    }

    /// Takes one record of a journal, which must follow from those before it.
    pub fn replay(&mut self, entry: &Entry<'_>, place: Place) -> Result<(), Contradiction> {
        match entry {
            Entry::Name(name) if self.roll.number(*name).is_some() => return Err(Contradiction::Name(*name)),
            Entry::Name(name) => self.enrol(*name),
            Entry::Row(row, _) => self.describe(*row),
            // Nobody was listed like that any more once there were bills.
            Entry::Payer(id, ..) if !self.bills.is_empty() => {
                let why = "nobody is listed without terms once there are bills";
                return Err(bills::Refused::Owed { payer: *id, why }.into());
            }
            Entry::Payer(id, customer, _) => self.list_of_old(*id, *customer),
            Entry::Order(order, at) => {
                match self.admit_order(order, *at) {
                    // Who was parked depends on how the guards were set then; to let nothing go changes nothing.
                    Ok(()) | Err(orders::Refused::NothingHeld(_)) => {}
                    Err(refused) => return Err(refused.into()),
                }
                self.obey(order, *at, place);
            }
            Entry::Deed(deed, at) => {
                self.admit_deed(deed)?;
                self.take_deed(deed, *at);
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
        let is_held = |transaction: TransactionId| self.held.contains_key(&(transaction.0 as u32 - 1));
        let charge = self.charge_of(first);
        let charge = charge.map(|(transaction, charge)| charged(transaction, &charge, is_held(transaction)));
        Receipt { status, charge, upgraded: false }
    }

    /// Looks at what posting events will need, and at nothing else, so that the memory is waited for at once, and not
    /// for one after another: where each of their keys would be, and what was seen of those who may be charged.
    pub fn touch(&self, keys: impl Iterator<Item = EventKey> + Clone, charged: impl Iterator<Item = Name> + Clone) {
        /// Of so few, all that was seen stays in the cache.
        const FEW: usize = 16_384;
        self.index.touch(keys);
        if FEW < self.roll.names().len() {
            for who in charged.clone() {
                black_box(self.roll.number(who));
            }
            self.guards.touch(charged.filter_map(|who| self.roll.number(who)));
        }
    }

    /// From now on the guards let this pass.
    pub fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    fn enrolled(&self, name: Option<Name>) -> NameNo {
        name.and_then(|name| self.roll.number(name)).unwrap_or(NameNo::NONE)
    }
}

fn charged(transaction: TransactionId, charge: &ChargeRow, is_held: bool) -> Charged {
    let (amount, currency, stage) = (charge.amount, charge.currency, charge.stage());
    Charged { transaction, amount, currency, stage, is_held, hold: None }
}
