//! A small world in which money is collected: a book and its journal, a hostile sandbox, and whatever befalls both.
//!
//! Everything that happens in it follows from one seed. The biller is the real one; what is planted in it for a test is
//! planted at its two seams, where deeds are written down and where Stripe is called.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rialto::billing::asks::Words;
use rialto::billing::books::Books;
use rialto::billing::call::{Call, Method, Reply};
use rialto::billing::draw::lines_of;
use rialto::billing::events::Event as Told;
use rialto::billing::lines::Line;
use rialto::billing::look::all;
use rialto::billing::marks::{House, LINE};
use rialto::billing::outlook::outlook;
use rialto::billing::papers::{Note, Paper};
use rialto::billing::plan::{Plan, plan};
use rialto::billing::policy::{Negative, Policy};
use rialto::billing::reconcile::{Report, reconcile};
use rialto::billing::round::{Unplaced, by_itself, offsets};
use rialto::billing::walk::{Desk, Stripe, Unsure, Walk};
use rialto::disk::{Files, Shelf};
use rialto::domain::bills::{Amounts, BillNo, Deed, Fault, Refused, Sight, Status};
use rialto::domain::calendar::Calendar;
use rialto::domain::charge::{Price, Stage};
use rialto::domain::ids::TransactionId;
use rialto::domain::money::{Currency, Money};
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, Reverse, What};
use rialto::domain::payers::{Collection, Payer, Tax};
use rialto::domain::tariff::RuleId;
use rialto::domain::time::Moment;
use rialto::journal::record;
use rialto::ledger::accounts::{Balances, Kind};
use rialto::ledger::bill::Bill;
use rialto::ledger::bills::Bills;
use rialto::ledger::book::Book;
use rialto::ledger::digest::digest;
use rialto::ledger::entry::Entry;
use rialto::ledger::roll::NameNo;
use rialto::ledger::rows::{Place, Sort};
use rialto::sandbox::{Faults, Outcome, Sandbox, SeenInvoice};
use rialto::snapshot::{self, Image};

use crate::dice::Dice;
use crate::scribe::{event, name};
use crate::support::service;

/// A mistake that somebody could have built into the biller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// None.
    None,
    /// Idempotency keys are made from the time.
    KeyFromClock,
    /// What was asked is asked again without a look, and under a new key.
    NoReadBack,
    /// Lines of which the answer was lost are added again.
    LinesAgain,
    /// What is less than a cent is dropped, and not carried.
    Truncated,
    /// What is said to be paid is taken for paid in full.
    TrustsStatus,
    /// An answer that was lost is taken for a failure, and asked again under a new key.
    LostIsFailed,
    /// What was given back is never looked at.
    NoRefunds,
    /// What was disputed is never looked at.
    NoDisputes,
    /// An invoice of which the mail's answer was lost is mailed again under a new key.
    MailAgain,
    /// What is open is taken for mailed.
    NoMail,
    /// A card that was declined is tried again at once.
    Impatient,
}

/// The process died.
#[derive(Debug)]
pub struct Crash;

/// The world.
pub struct World {
    pub dice: Dice,
    pub sandbox: RefCell<Sandbox>,
    mistake: Mistake,
    pub book: RefCell<Book>,
    pub journal: RefCell<Vec<Vec<u8>>>,
    pub(super) end: Cell<u64>,
    /// How many records there were before anything happened.
    pub(super) founded: Cell<usize>,
    /// In microseconds.
    pub now: Cell<i64>,
    /// The biller dies at the how manieth point from now, if it does.
    pub dies_in: Cell<Option<u64>>,
    /// Calls that were lost, and arrive after all.
    late: RefCell<Vec<(i64, Call)>>,
    /// How many calls were lost.
    lost: Cell<u32>,
    /// What was earned of each payer, in millionths, as the world itself counts it.
    pub earned: RefCell<BTreeMap<(&'static str, Currency), i128>>,
    events: Cell<u32>,
    pub calendar: Calendar,
    pub policy: Policy,
    /// The calls that were made.
    pub calls: RefCell<Vec<Call>>,
    /// What a test does with calls before the sandbox sees them.
    pub snare: RefCell<Option<Snare>>,
    /// What else befalls this world, besides what befalls all.
    pub wild: Cell<Wild>,
}

/// Takes a call, or lets it pass.
pub type Snare = Box<dyn Fn(&World, &Call) -> Option<Result<Reply, Unsure>>>;

/// What else befalls a world: each is a bit, so that one can be tried without another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wild(pub u32);

impl Wild {
    /// Invoices are paid in cash.
    pub const ELSEWHERE: Wild = Wild(1);
    /// Credit notes are written at the dashboard.
    pub const NOTES: Wild = Wild(2);
    /// Somebody edits drafts at the dashboard.
    pub const EDITS: Wild = Wild(4);
    /// There are earners enough that lines come in parts, and invoices in detail that is coarser.
    pub const MANY: Wild = Wild(8);
    /// At every crash an image is made, and is the book.
    pub const IMAGES: Wild = Wild(16);
    /// Chiara pays in yen.
    pub const YEN: Wild = Wild(32);
    /// Taxes are worked out by where a customer is, who may be nowhere.
    pub const TAXES: Wild = Wild(64);
    /// What is on the accounts is what Stripe has.
    pub const ACCOUNTS: Wild = Wild(128);
    /// Webhooks of another tenant come as well, and drafts are finalised by hand.
    pub const OTHERS: Wild = Wild(256);
    /// The folder is restored from an older copy.
    pub const RESTORES: Wild = Wild(512);
    /// What is to be given back is, by credit notes; and more is taken back than elsewhere.
    pub const CREDITS: Wild = Wild(1024);

    pub fn has(self, other: Wild) -> bool {
        self.0 & other.0 != 0
    }
}

pub const PAYERS: [&str; 3] = ["Ada", "Bruno", "Chiara"];
/// Whose least amount is whole.
const YEN: &str = "JPY";
const START: i64 = 1_780_000_000_000_000;
pub const MINUTE: i64 = 60_000_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// What a future that never waits comes to.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("nothing in this world waits"),
    }
}

impl World {
    pub fn new(seed: u64, mistake: Mistake) -> World {
        World::wild(seed, mistake, Wild::default())
    }

    pub fn wild(seed: u64, mistake: Mistake, wild: Wild) -> World {
        let world = World {
            dice: Dice::of("RIALTO_SIM_SEED", seed),
            sandbox: RefCell::new(Sandbox::new(seed)),
            mistake,
            book: RefCell::default(),
            journal: RefCell::default(),
            end: Cell::new(0),
            founded: Cell::new(0),
            now: Cell::new(START),
            dies_in: Cell::new(None),
            late: RefCell::default(),
            lost: Cell::new(0),
            earned: RefCell::default(),
            events: Cell::new(0),
            calendar: Calendar::new(chrono_tz::Europe::Rome),
            policy: Policy {
                negative: if wild.has(Wild::CREDITS) { Negative::CreditNote } else { Negative::Carry },
                ..Policy::default()
            },
            calls: RefCell::default(),
            snare: RefCell::default(),
            wild: Cell::new(wild),
        };
        PAYERS.into_iter().for_each(|payer| world.list(payer));
        world.founded.set(world.journal.borrow().len());
        world
    }

    /// Somebody is listed, as a new customer of Stripe's, on terms that nobody chose.
    fn list(&self, id: &'static str) {
        let form = format!("email={id}%40example.com&name={id}&payment_method=pm_card_visa");
        let call = Call { method: Method::Post, path: "/v1/customers".to_owned(), form, key: None };
        let customer = self.id_of(&self.surely(&call));
        let wild = self.wild.get();
        if wild.has(Wild::TAXES) && self.dice.below(2) == 0 {
            let currency = if wild.has(Wild::YEN) && id == "Chiara" { YEN } else { "EUR" };
            if self.dice.below(2) == 0 {
                self.locate(&customer);
            }
            let terms = Payer {
                customer: Name::new(&customer),
                currency: Currency::parse(currency).unwrap(),
                collection: if self.dice.below(2) == 0 { Collection::Charge } else { Collection::Send { days: 30 } },
                tax: Tax::Automatic,
                ..Payer::new(name(id))
            };
            return self.order(What::List(terms));
        }
        let rates = match self.dice.below(3) {
            0 => {
                let form = "display_name=IVA&percentage=22&inclusive=false".to_owned();
                let call = Call { method: Method::Post, path: "/v1/tax_rates".to_owned(), form, key: None };
                Tax::Rates([Name::new(&self.id_of(&self.surely(&call))), None, None, None, None])
            }
            _ => Tax::None,
        };
        let terms = Payer {
            customer: Name::new(&customer),
            collection: if self.dice.below(2) == 0 { Collection::Charge } else { Collection::Send { days: 30 } },
            tax: rates,
            currency: if wild.has(Wild::YEN) && id == "Chiara" { Currency::parse(YEN).unwrap() } else { Currency::EUR },
            ..Payer::new(name(id))
        };
        self.order(What::List(terms));
    }

    /// Stripe learns where a customer is.
    fn locate(&self, customer: &str) {
        let form = "address[country]=IT&address[postal_code]=00100".to_owned();
        self.surely(&Call { method: Method::Post, path: format!("/v1/customers/{customer}"), form, key: None });
    }

    /// A call by somebody else, whatever comes of it.
    pub fn by_hand(&self, method: Method, path: &str, form: &str) -> Reply {
        self.surely(&Call { method, path: path.to_owned(), form: form.to_owned(), key: None })
    }

    pub fn id_of(&self, reply: &Reply) -> String {
        let object: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        object["id"].as_str().unwrap_or_else(|| panic!("{}: {}", self.dice, reply.body)).to_owned()
    }

    /// A call to which nothing happens.
    pub fn surely(&self, call: &Call) -> Reply {
        let mut sandbox = self.sandbox.borrow_mut();
        sandbox.set_faults(Faults::NONE);
        match sandbox.call(call, self.seconds()) {
            Outcome::Answered { reply, .. } => reply,
            Outcome::Lost => panic!("nothing goes wrong here"),
        }
    }

    pub fn seconds(&self) -> i64 {
        self.now.get() / 1_000_000
    }

    pub fn pass(&self, micros: i64) {
        self.now.set(self.now.get() + micros);
    }

    /// How bills are marked.
    pub fn house(&self) -> House {
        House::new("f01d", self.book.borrow().bills().byname())
    }

    // What is written down.

    pub fn write(&self, entry: &Entry<'_>) -> Place {
        let mut bytes = Vec::new();
        record::encode(entry, self.book.borrow().roll(), &mut bytes);
        let place = Place(self.end.get());
        self.end.set(place.0 + bytes.len() as u64);
        self.journal.borrow_mut().push(bytes);
        place
    }

    pub fn enrol(&self, names: impl IntoIterator<Item = Name>) {
        for name in names {
            if self.book.borrow().roll().number(name).is_none() {
                self.write(&Entry::Name(name));
                self.book.borrow_mut().enrol(name);
            }
        }
    }

    pub fn order(&self, what: What) {
        let order = Order { by: "world".into(), why: "chance".into(), what };
        let at = Moment(self.now.get());
        if self.book.borrow().admit_order(&order, at).is_ok() {
            self.enrol(Book::names_of(&order));
            let place = self.write(&Entry::Order(order.clone(), at));
            self.book.borrow_mut().obey(&order, at, place);
        }
    }

    pub fn deed(&self, deed: &Deed) -> Result<(), Refused> {
        let at = Moment(self.now.get());
        self.book.borrow().admit_deed(deed)?;
        self.enrol(Book::names_of_deed(deed));
        self.write(&Entry::Deed(deed.clone(), at));
        self.book.borrow_mut().take_deed(deed, at);
        Ok(())
    }

    /// The book that the journal makes, record by record.
    pub fn replayed(&self) -> Book {
        let mut book = Book::default();
        let mut place = 0;
        for bytes in self.journal.borrow().iter() {
            let (length, content) = record::split(bytes).unwrap();
            let entry = record::decode(content, |number| book.roll().name(number)).unwrap();
            book.replay(&entry, Place(place)).unwrap_or_else(|error| panic!("{}: {error}", self.dice));
            place += length as u64;
        }
        book
    }

    /// All deeds, and when each was written down.
    pub fn deeds(&self) -> Vec<(Deed, Moment)> {
        let mut book = Book::default();
        let mut deeds = Vec::new();
        for bytes in self.journal.borrow().iter() {
            let (_, content) = record::split(bytes).unwrap();
            match record::decode(content, |number| book.roll().name(number)).unwrap() {
                Entry::Name(name) => {
                    book.enrol(name);
                }
                Entry::Deed(deed, at) => deeds.push((deed, at)),
                _ => {}
            }
        }
        deeds
    }

    /// The same, one a line, for whoever wants to know how it came to that.
    pub fn told(&self) -> String {
        let line = |(deed, at): &(Deed, Moment)| format!("{} {deed:?}\n", (at.0 - START) / 1_000_000);
        self.deeds().iter().map(line).collect()
    }

    pub fn restart(&self) {
        let book = self.replayed();
        if self.wild.get().has(Wild::IMAGES) {
            let folder = tempfile::tempdir().unwrap();
            let image = Image::take(&book, self.end.get());
            let aside = snapshot::write(&Shelf::from(folder.path()), [1; 16], &image, || ()).unwrap();
            let (loaded, _) = snapshot::load(&Files, &aside, [1; 16]).unwrap();
            for (what, other) in [("the journal", &book), ("the image", &loaded)] {
                if let Err(why) = apart(&self.book.borrow(), other, false) {
                    panic!("{}: {what} makes another book: {why}", self.dice);
                }
            }
            self.book.replace(loaded);
            return;
        }
        self.book.replace(book);
    }

    // What befalls the world.

    pub fn earn(&self) {
        let payer = PAYERS[self.dice.below(3) as usize];
        let amount = match self.dice.below(4) {
            0 => 100_000,
            1 => 1 + self.dice.below(30_000) as i64,
            _ => 1 + self.dice.below(60_000_000) as i64,
        };
        let business = ["bottega", "forno"][self.dice.below(2) as usize];
        self.earn_of(payer, amount, business);
    }

    /// Something is earned that names no client.
    pub fn earn_for_nobody(&self, amount: i64, business: &str) {
        self.earned_by(None, amount, business);
    }

    pub fn earn_of(&self, payer: &'static str, amount: i64, business: &str) {
        self.earned_by(Some(payer), amount, business);
    }

    fn earned_by(&self, client: Option<&'static str>, amount: i64, business: &str) {
        let number = self.events.replace(self.events.get() + 1);
        let mut activity = service(&format!("rec{number}"), "Lucid", 60);
        activity.client = client.and_then(Name::new);
        let payer = client.unwrap_or("Lucid");
        activity.business = Name::new(business);
        let mut event = event(&activity);
        event.stage = Stage::Live;
        let at = Moment(self.now.get() - self.dice.below(3 * DAY as u64) as i64);
        (event.occurred_at, event.recorded_at) = (at, Moment(self.now.get()));
        let Price::Charge { rule, currency, .. } = event.draft.price else { panic!("a service has a price") };
        let is_yen = self.wild.get().has(Wild::YEN) && payer == "Chiara";
        let (amount, currency) =
            if is_yen { (amount * 100, Currency::parse(YEN).unwrap()) } else { (amount, currency) };
        event.draft.price = Price::Charge { rule, amount: Money::from_millionths(amount), currency };
        self.enrol(record::names(&event).into_iter().flatten());
        let place = self.write(&Entry::Event(event.clone()));
        self.book.borrow_mut().post(&event, place);
        *self.earned.borrow_mut().entry((payer, currency)).or_default() += i128::from(amount);
    }

    pub fn take_back(&self) {
        let charges = self.book.borrow().charges().len() as u64;
        if let Some(number) = charges.checked_sub(1).map(|_| self.dice.below(charges)) {
            self.reverse(TransactionId(number + 1));
        }
    }

    pub fn reverse(&self, transaction: TransactionId) {
        let before = self.book.borrow().charges().len();
        self.order(What::Reverse(Reverse { transaction, used: None }));
        let book = self.book.borrow();
        if let Some(row) = book.charges().get(before).filter(|row| row.sort() == Sort::Reversal) {
            let payer = book.roll().name(row.client).unwrap();
            let amount = i128::from(row.amount.millionths());
            *self.earned.borrow_mut().entry((payer.as_str(), row.currency)).or_default() += amount;
        }
    }

    /// A round of the biller, who may die in it.
    pub fn round(&self) {
        if self.try_round().is_err() {
            self.dies_in.set(None);
            self.restart();
        }
    }

    /// A round that somebody asks for: it draws also what waits for that.
    pub fn run(&self) {
        let carried: Vec<BillNo> = self.book.borrow().bills().carried_over().map(|(bill, _)| bill.no).collect();
        if self.round_as(|plan, _| plan).is_err() {
            self.dies_in.set(None);
            self.restart();
        }
        carried.into_iter().for_each(|no| self.deed(&Deed::Vouch(no)).unwrap());
    }

    fn plan(&self, book: &Book) -> Plan {
        let today = self.calendar.day(Moment(self.now.get()));
        plan(&Books::of(book), &self.policy, &mut self.calendar.clone(), today)
    }

    pub fn try_round(&self) -> Result<(), Crash> {
        self.round_as(by_itself)
    }

    fn round_as(&self, taken: impl Fn(Plan, &Bills) -> Plan) -> Result<(), Crash> {
        let walk = Walk { desk: self, stripe: self };
        let offsets: Vec<Deed> = offsets(&Books::of(&self.book.borrow()), &self.policy).collect();
        for deed in offsets {
            now(self.file(deed))?.ok();
        }
        let drawn: Vec<_> = {
            let book = self.book.borrow();
            let plan = taken(self.plan(&book), book.bills());
            plan.due(name("Europe/Rome")).collect()
        };
        for mut drawn in drawn {
            if self.mistake == Mistake::Truncated {
                drawn.rest.0 = 0;
            }
            drawn.mark = self.house().mark(BillNo(self.book.borrow().bills().len() as u32 + 1));
            now(self.file(Deed::Draw(Box::new(drawn))))?.ok();
        }
        let unplaced: Vec<Unplaced> = self.unplaced();
        for told in &unplaced {
            let bills = self.book.borrow().bills().clone();
            now(walk.place(told, &self.house(), &bills))?.ok();
        }
        let open: Vec<Arc<Bill>> = self.book.borrow().bills().open().cloned().collect();
        for bill in now(walk.seek(open, 1))? {
            now(walk.go(bill))?;
        }
        Ok(())
    }

    fn unplaced(&self) -> Vec<Unplaced> {
        let book = self.book.borrow();
        let unplaced = book.bills().unplaced();
        let mut unplaced: Vec<Unplaced> = unplaced
            .map(|(event, _, object)| Unplaced { event: event.to_owned(), object: object.to_owned() })
            .collect();
        unplaced.sort_unstable_by(|one, other| one.event.cmp(&other.event));
        unplaced
    }

    /// A look at every bill: what the janitor does for those of which nothing was heard.
    pub fn look_after(&self) {
        let walk = Walk { desk: self, stripe: self };
        let bills: Vec<Arc<Bill>> = self.book.borrow().bills().all().to_vec();
        for bill in bills.into_iter().filter(|bill| bill.seen.invoice.is_some()) {
            if now(walk.look_after(&bill)).is_err() {
                self.dies_in.set(None);
                return self.restart();
            }
        }
    }

    /// What Stripe tells by webhooks is written down.
    pub fn deliver(&self) {
        let due = self.sandbox.borrow_mut().due(self.seconds());
        for delivery in due {
            let told = Told::read(delivery.payload.as_bytes()).unwrap();
            let is_taken = self.dice.below(8) != 0;
            let is_own = told.is_own(self.book.borrow().bills());
            if is_taken && told.may_concern() && !told.is_others(&self.house()) && !is_own {
                let bill = told.bill(self.book.borrow().bills());
                // Told twice is told once.
                self.deed(&Deed::Notice(told.notice(delivery.payload.as_bytes(), bill))).ok();
            }
            self.sandbox.borrow_mut().delivered(&delivery.event_id, is_taken, self.seconds());
        }
    }

    /// Calls that were thought to be lost arrive, where they have not been under way for longer than any network keeps
    /// them.
    pub fn arrive(&self) {
        for (sent, call) in self.late.take() {
            if self.now.get() - sent < 2 * HOUR {
                self.sandbox.borrow_mut().call(&call, self.seconds());
            }
        }
    }

    /// Customers and whoever sits at Stripe's dashboard do something to an invoice.
    pub fn meddle(&self) {
        let invoices: Vec<(String, i64)> =
            self.sandbox.borrow().invoices().map(|invoice| (invoice.id.to_owned(), invoice.amount_paid)).collect();
        if invoices.is_empty() {
            return;
        }
        let (invoice, paid) = &invoices[self.dice.below(invoices.len() as u64) as usize];
        let (mut sandbox, at) = (self.sandbox.borrow_mut(), self.seconds());
        // What cannot be done now is not done.
        let _ = match self.dice.below(10) {
            0..5 => sandbox.pay(invoice, at),
            5 => sandbox.void(invoice, at),
            6 => sandbox.mark_uncollectible(invoice, at),
            7 => sandbox.refund(invoice, 1 + self.dice.below(*paid as u64) as i64, at),
            8 => sandbox.dispute(invoice, at),
            _ => sandbox.close_dispute(invoice, self.dice.below(2) == 0, at),
        };
    }

    /// Somebody's cards fail from now on, or work again; or he is no customer any more and becomes one again.
    pub fn change_customer(&self) {
        let payer = PAYERS[self.dice.below(3) as usize];
        let customer =
            self.book.borrow().payers().listed().iter().find(|listed| listed.id == name(payer)).unwrap().customer;
        let customer = customer.unwrap().as_str();
        let at = self.seconds();
        match self.dice.below(6) {
            0 => {
                let _ = self.sandbox.borrow_mut().delete_customer(customer, at);
                self.list(payer);
            }
            1 => self.list(payer),
            2 => drop(self.sandbox.borrow_mut().set_balance(customer, self.dice.below(4000) as i64 - 3000)),
            _ => drop(self.sandbox.borrow_mut().fail_cards(customer, self.dice.below(2) == 0)),
        }
    }

    /// An operator calls a bill off, or lets another take its place.
    pub fn operate(&self) {
        let bills = self.book.borrow().bills().len() as u64;
        let bill = BillNo(1 + self.dice.below(bills) as u32);
        self.order(if self.dice.below(3) == 0 { What::Cancel(bill) } else { What::Rebill(bill) });
    }

    /// Anything at all.
    pub fn happen(&self) {
        match self.dice.below(24) {
            0..6 => self.earn(),
            6 => self.take_back(),
            7..12 => {
                if self.dice.below(2) == 0 {
                    self.dies_in.set(Some(self.dice.below(25)));
                }
                self.round();
                self.dies_in.set(None);
            }
            12..15 => self.deliver(),
            15..18 => self.meddle(),
            18 => self.operate(),
            19 => self.change_customer(),
            20 => self.look_after(),
            21 => self.arrive(),
            22 => self.pass(self.dice.below(40 * MINUTE as u64) as i64),
            _ => self.pass(self.dice.below(30 * HOUR as u64) as i64),
        }
        if self.wild.get() != Wild::default() && self.dice.below(4) == 0 {
            self.go_wild();
        }
        let rough = if self.dice.below(4) == 0 { Faults::NONE } else { Faults::ROUGH };
        self.sandbox.borrow_mut().set_faults(rough);
        self.pass(self.dice.below(MINUTE as u64) as i64);
    }

    fn go_wild(&self) {
        let wild = self.wild.get();
        let kinds =
            [Wild::ELSEWHERE, Wild::NOTES, Wild::EDITS, Wild::MANY, Wild::OTHERS, Wild::RESTORES, Wild::CREDITS];
        let kinds: Vec<Wild> = kinds.into_iter().filter(|kind| wild.has(*kind)).collect();
        if kinds.is_empty() {
            return;
        }
        let kind = kinds[self.dice.below(kinds.len() as u64) as usize];
        if kind == Wild::RESTORES {
            return self.restore_older();
        }
        if kind == Wild::CREDITS {
            return (0..4).for_each(|_| self.take_back());
        }
        let pick = |status: &[&str]| -> Option<(String, Vec<String>, i64)> {
            let sandbox = self.sandbox.borrow();
            let all: Vec<_> = sandbox
                .invoices()
                .filter(|invoice| status.contains(&invoice.status))
                .map(|invoice| {
                    let items = invoice.lines.iter().map(|line| line.item.to_owned()).collect();
                    (invoice.id.to_owned(), items, invoice.total)
                })
                .collect();
            (!all.is_empty()).then(|| all[self.dice.below(all.len() as u64) as usize].clone())
        };
        if kind == Wild::ELSEWHERE {
            let Some((invoice, ..)) = pick(&["open", "uncollectible"]) else { return };
            self.by_hand(Method::Post, &format!("/v1/invoices/{invoice}/pay"), "paid_out_of_band=true");
        } else if kind == Wild::NOTES {
            let Some((invoice, _, total)) = pick(&["open", "paid", "uncollectible"]) else { return };
            let amount = 1 + self.dice.below(total.max(1) as u64);
            let form = format!("invoice={invoice}&amount={amount}");
            let way = ["refund_amount", "credit_amount", "out_of_band_amount"][self.dice.below(3) as usize];
            if self.by_hand(Method::Post, "/v1/credit_notes", &form).status != 200 {
                self.by_hand(Method::Post, "/v1/credit_notes", &format!("{form}&{way}={amount}"));
            }
        } else if kind == Wild::EDITS {
            let Some((invoice, items, _)) = pick(&["draft"]) else { return };
            match self.dice.below(4) {
                0 => {
                    self.by_hand(
                        Method::Post,
                        &format!("/v1/invoices/{invoice}/add_lines"),
                        "lines[0][amount]=100&lines[0][description]=by+hand",
                    );
                }
                1 => items.first().into_iter().for_each(|item| {
                    self.by_hand(Method::Delete, &format!("/v1/invoiceitems/{item}"), "");
                }),
                2 => items.iter().for_each(|item| {
                    self.by_hand(Method::Delete, &format!("/v1/invoiceitems/{item}"), "");
                }),
                _ => drop(self.by_hand(Method::Delete, &format!("/v1/invoices/{invoice}"), "")),
            }
        } else if kind == Wild::MANY {
            let payer = PAYERS[self.dice.below(3) as usize];
            for number in 0..80 + self.dice.below(300) {
                self.earn_of(payer, 1 + self.dice.below(3_000_000) as i64, &format!("shop{number}"));
            }
        } else {
            let Some((draft, ..)) = pick(&["draft"]) else { return };
            match self.dice.below(3) {
                0 => drop(self.by_hand(Method::Post, &format!("/v1/invoices/{draft}/finalize"), "")),
                1 => drop(self.by_hand(Method::Post, &format!("/v1/invoices/{draft}"), "description=hello")),
                _ => {
                    let form = "email=x%40example.com&name=x&payment_method=pm_card_visa";
                    let customer = self.id_of(&self.by_hand(Method::Post, "/v1/customers", form));
                    let mark = ["", "&metadata[rialto_bill]=0ther-1"][self.dice.below(2) as usize];
                    let form = format!("customer={customer}&currency=eur{mark}");
                    self.by_hand(Method::Post, "/v1/invoices", &form);
                }
            }
        }
    }

    /// Somebody looks at what is wrong with an invoice, and does away with it at the dashboard.
    fn clear_up(&self) {
        let faulty: Vec<(String, Status)> = {
            let book = self.book.borrow();
            let faulty = book.bills().iter().filter(|bill| bill.fault().is_some() && !bill.is_dead());
            faulty.map(|bill| (bill.seen.invoice.as_deref().unwrap().to_owned(), bill.seen.status)).collect()
        };
        for (invoice, _) in faulty {
            self.by_hand(Method::Delete, &format!("/v1/invoices/{invoice}"), "");
            self.by_hand(Method::Post, &format!("/v1/invoices/{invoice}/void"), "");
        }
    }

    /// Everything goes right from now on, until nothing is left to be done.
    pub fn settle(&self) {
        self.arrive();
        self.dies_in.set(None);
        for payer in PAYERS {
            let listed = self.book.borrow().payers().listed();
            let customer = listed.iter().find(|listed| listed.id == name(payer)).unwrap().customer.unwrap();
            let _ = self.sandbox.borrow_mut().fail_cards(customer.as_str(), false);
            if self.wild.get().has(Wild::TAXES) {
                self.locate(customer.as_str());
            }
        }
        for day in 0..60 {
            self.sandbox.borrow_mut().set_faults(Faults::NONE);
            let dead: Vec<BillNo> = {
                let book = self.book.borrow();
                let dead = book.bills().iter().filter(|bill| bill.is_dead() && !bill.way.is_released);
                dead.map(|bill| bill.no).collect()
            };
            dead.into_iter().for_each(|bill| self.order(What::Rebill(bill)));
            self.run();
            self.deliver();
            if day % 10 == 9 {
                if self.wild.get().has(Wild::EDITS) {
                    self.clear_up();
                }
                self.look_after();
            }
            self.pay_all();
            self.pass(DAY);
        }
    }

    /// Whoever got an invoice pays it.
    pub fn pay_all(&self) {
        let unpaid: Vec<String> = {
            let sandbox = self.sandbox.borrow();
            let is_unpaid = |invoice: &SeenInvoice<'_>| match invoice.status {
                "open" => !invoice.mailed.is_empty() || !self.is_mailed(invoice),
                status => status == "uncollectible",
            };
            sandbox.invoices().filter(is_unpaid).map(|invoice| invoice.id.to_owned()).collect()
        };
        for invoice in unpaid {
            let _ = self.sandbox.borrow_mut().pay(&invoice, self.seconds());
        }
    }

    // What must hold in the end.

    /// What is wrong, if anything is.
    pub fn faults(&self) -> Result<(), String> {
        self.balance()?;
        self.invoiced_once()?;
        self.collected()?;
        self.foreseen()?;
        self.kept()?;
        self.mailed()?;
        self.tried()?;
        self.reconciled()
    }

    fn balance(&self) -> Result<(), String> {
        let book = self.book.borrow();
        if let Some((currency, sum)) = Balances::of(&book).trial().into_iter().find(|(_, sum)| *sum != 0) {
            return Err(format!("the accounts in {currency} are {sum} apart"));
        }
        let replayed = self.replayed();
        if self.wild.get().has(Wild::IMAGES) {
            return apart(&replayed, &book, false);
        }
        if digest(&replayed) != digest(&book) || replayed.bills().open().count() != book.bills().open().count() {
            return Err("the journal makes another book".to_owned());
        }
        Ok(())
    }

    /// Every cent that was earned is on one invoice that stands, but for less than is worth one.
    fn invoiced_once(&self) -> Result<(), String> {
        let book = self.book.borrow();
        let notes: Vec<Note> = now(all(self, Note::LIST, "", Note::id)).map_err(|unsure| unsure.to_string())?;
        let sandbox = self.sandbox.borrow();
        // How each stands, what it comes to, and what of that are lines of ours.
        let mut at_stripe: BTreeMap<&str, Vec<(&str, i64, i64)>> = BTreeMap::new();
        for invoice in sandbox.invoices() {
            let Some(mark) = invoice.metadata.get("rialto_bill") else { continue };
            if !self.house().is_ours(mark) {
                continue;
            }
            let net = invoice.lines.iter().map(|line| line.amount).sum();
            let ours = invoice.lines.iter().filter(|line| line.metadata.contains_key(LINE));
            let ours = ours.map(|line| line.amount).sum();
            if invoice.status != "void" {
                at_stripe.entry(mark.as_str()).or_default().push((invoice.status, net, ours));
            }
        }
        for note in notes.iter().filter(|note| !note.is_void()) {
            let Some(mark) = note.mark().filter(|mark| self.house().is_ours(mark)) else { continue };
            at_stripe.entry(mark).or_default().push(("issued", -note.amount(), -note.amount()));
        }
        if let Some((mark, invoices)) = at_stripe.iter().find(|(_, invoices)| 1 < invoices.len()) {
            return Err(format!("{mark} has several invoices: {invoices:?}"));
        }
        for ((payer, currency), earned) in self.earned.borrow().iter() {
            let number = book.roll().number(name(payer)).unwrap_or(NameNo::NONE);
            let bills = book.bills().iter().filter(|bill| bill.payer == number && !bill.is_dead());
            let mut invoiced = 0;
            for bill in bills {
                let found = at_stripe.get(bill.drawn.mark.as_str()).map(|invoices| invoices[0]);
                let (status, net, ours) =
                    found.ok_or_else(|| format!("{} of {payer} has no invoice: {bill:#?}", bill.no))?;
                if status == "draft" || ours != bill.drawn.total || net - ours != added(bill) {
                    return Err(format!("{} of {} is {status} with {net}: {bill:#?}", bill.no, bill.drawn.total));
                }
                invoiced += bill.coin().millionths(bill.worth());
            }
            // Of what was billed in vain and mostly taken back, less is left than Stripe takes.
            let left = book.bills().iter().filter(|bill| bill.payer == number && bill.currency() == *currency);
            let left = left.filter(|bill| bill.is_dead() && bill.reissued_by.is_none() && bill.way.offset != 0);
            let left: i128 = left.map(|bill| bill.coin().millionths(bill.worth())).sum();
            let rest = earned - invoiced - left;
            let open = book.receivables().of(number, *currency).map_or(0, |open| open.sum.0);
            if rest != open + book.bills().carried(number, *currency).0 {
                return Err(format!("{payer} owes {rest} that is on no invoice, and the book says {open}"));
            }
            let least = match (currency.to_string() == YEN, open) {
                (true, _) => 50_000_000,
                // What is only carried waits for the minimum.
                (false, 0) => 10_000_000,
                (false, _) => 500_000,
            };
            if least <= rest {
                return Err(format!("{payer} owes {rest} that was never invoiced"));
            }
        }
        Ok(())
    }

    fn collected(&self) -> Result<(), String> {
        let book = self.book.borrow();
        for code in ["EUR", YEN] {
            let currency = Currency::parse(code).unwrap();
            let totals = self.sandbox.borrow().totals(&code.to_lowercase());
            let bills = || book.bills().iter().filter(|bill| bill.currency() == currency);
            let paid: i64 = bills().map(|bill| bill.seen.amounts.paid).sum();
            let takings = || bills().filter_map(|bill| bill.seen.takings);
            let [refunded, disputed, fees] = [
                takings().map(|takings| takings.refunded).sum::<i64>(),
                takings().map(|takings| takings.disputed).sum(),
                takings().map(|takings| takings.fees).sum(),
            ];
            let found = (paid, refunded, disputed, fees);
            let really = (totals.collected + totals.elsewhere, totals.refunded, totals.disputed, totals.fees);
            if found != really {
                return Err(format!("the book has paid, refunded, disputed, fees {found:?}; Stripe has {really:?}"));
            }
            let kept: i128 = bills().map(|bill| bill.coin().millionths(bill.collected())).sum();
            let told = book.bills().collected(currency).0;
            if kept != told {
                return Err(format!("{told} is told as collected, and {kept} is"));
            }
            if self.wild.get().has(Wild::ACCOUNTS) {
                let coin = rialto::domain::coin::Coin::of(currency);
                let balances = Balances::of(&book);
                let clearing = balances.of_kind(Kind::Clearing, currency).0;
                let there = totals.collected - totals.refunded - totals.disputed - totals.fees;
                if clearing != coin.millionths(there) {
                    return Err(format!("{clearing} of {currency} is at Stripe by the accounts, and {there} is"));
                }
                let invoiced = balances.of_kind(Kind::Invoiced, currency).0;
                let remaining: i128 = bills()
                    .filter(|bill| bill.seen.status == Status::Open)
                    .map(|bill| bill.coin().millionths(bill.seen.amounts.remaining))
                    .sum();
                // What was paid of somebody else's lines was never invoiced by the book.
                let remaining = remaining - bills().map(|bill| bill.coin().millionths(added(bill))).sum::<i128>();
                if invoiced != remaining {
                    return Err(format!("{invoiced} is invoiced and not settled, and {remaining} remains"));
                }
                for kind in [Kind::BadDebt, Kind::Withdrawn] {
                    let dead = book.bills().iter().any(|bill| bill.is_dead() && bill.reissued_by.is_none());
                    let left = balances.of_kind(kind, currency).0;
                    if left != 0 && !dead {
                        return Err(format!("{left} is on {}", kind.as_str()));
                    }
                }
            }
        }
        Ok(())
    }

    /// The outlook tells apart what is owed, and what Stripe really has: revenue, and taxes.
    fn foreseen(&self) -> Result<(), String> {
        let book = self.book.borrow();
        for (currency, found) in outlook(&self.plan(&book), book.bills().iter(), &self.policy, None) {
            let open = book.receivables().all().filter(|(_, of, _)| *of == currency);
            let owed = open.map(|(.., open)| open.sum.0).sum::<i128>();
            let totals = self.sandbox.borrow().totals(&currency.to_string().to_lowercase());
            let kept = totals.collected + totals.elsewhere - totals.refunded - totals.disputed;
            let kept = rialto::domain::coin::Coin::of(currency).millionths(kept);
            let split = [found.due.0 + found.waiting.0 + found.carried.0, found.collected.0 + found.collected_tax.0];
            if split != [owed, kept] {
                return Err(format!("{owed} is owed and {kept} collected in {currency}, which is not {found:?}"));
            }
        }
        Ok(())
    }

    fn reconciled(&self) -> Result<(), String> {
        let bills: Vec<Arc<Bill>> = self.book.borrow().bills().all().to_vec();
        let lines = async |bill: &Bill| now(self.lines(bill)).unwrap();
        let report: Report =
            now(reconcile(self, &self.house(), &bills, lines, |_| {})).map_err(|unsure| unsure.to_string())?;
        // Each invoice that somebody has added to is told of, and nothing else.
        let told: BTreeSet<Option<BillNo>> = report.differences.iter().map(|differs| differs.bill).collect();
        let changed = bills.iter().filter(|bill| added(bill) != 0).map(|bill| Some(bill.no)).collect();
        if told == changed { Ok(()) } else { Err(format!("{changed:?} and {:#?}", report.differences)) }
    }

    pub fn bills(&self) -> usize {
        self.book.borrow().bills().iter().filter(|bill| bill.seen.status == Status::Paid).count()
    }

    /// The biller dies here, if this is where he does.
    fn live(&self) -> Result<(), Crash> {
        match self.dies_in.get() {
            Some(0) => Err(Crash),
            Some(left) => {
                self.dies_in.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// What somebody else's lines come to on an invoice that stands: added at the dashboard while the call that finalised it
/// was under way, which nobody can keep from arriving. The book has to say that something is wrong with it.
fn added(bill: &Bill) -> i64 {
    let Amounts { total, tax, .. } = bill.seen.amounts;
    let is_told = bill.fault() == Some(Fault::Total) && !bill.is_dead() && Status::Open <= bill.seen.status;
    if is_told { total - tax - bill.drawn.total } else { 0 }
}

/// Whether two books are the same, as far as bills go; `is_strict` where also those are open in both that came to
/// nothing.
pub fn apart(one: &Book, other: &Book, is_strict: bool) -> Result<(), String> {
    let (bills, others) = (one.bills(), other.bills());
    if let Some((bill, other)) = bills.iter().zip(others.iter()).find(|(bill, other)| bill != other) {
        return Err(format!("{bill:#?} is {other:#?}"));
    }
    if bills.len() != others.len() || bills.takings() != others.takings() || bills.known() != others.known() {
        return Err("lengths, takings or known events".to_owned());
    }
    let open = |bills: &rialto::ledger::bills::Bills| {
        bills.open().filter(|bill| is_strict || !bill.is_dead()).map(|bill| bill.no).collect::<Vec<_>>()
    };
    if open(bills) != open(others) {
        return Err(format!("open {:?} and {:?}", open(bills), open(others)));
    }
    let all = |bills: &rialto::ledger::bills::Bills| {
        let mut all: Vec<_> = bills.unplaced().map(|(one, two, three)| [one, two, three].map(str::to_owned)).collect();
        all.sort();
        let mut carried: Vec<_> = bills.all_carried().collect();
        carried.sort();
        (all, carried)
    };
    if all(bills) != all(others) {
        return Err("unplaced or carried".to_owned());
    }
    let owed = |book: &Book| {
        let mut owed = Vec::new();
        for (payer, currency, open) in book.receivables().all() {
            let rows: Vec<u32> = open.rows.iter().collect();
            if !rows.is_empty() {
                owed.push((payer, currency, rows, open.sum.0));
            }
        }
        owed.sort();
        owed
    };
    if owed(one) != owed(other) {
        return Err("what is owed".to_owned());
    }
    if Balances::of(one).sorted() != Balances::of(other).sorted() {
        return Err("the accounts".to_owned());
    }
    Ok(())
}

/// Words that need no book.
struct Plain;

impl Words for Plain {
    fn name(&self, _: NameNo) -> Option<Name> {
        Name::new("somebody")
    }

    fn rule(&self, _: RuleId) -> &'static str {
        "paid_service"
    }
}

impl Desk for World {
    type Stopped = Crash;

    async fn file(&self, deed: Deed) -> Result<Result<Arc<Bill>, Refused>, Crash> {
        self.live()?;
        let no = match &deed {
            Deed::Ask(no, _) | Deed::Answer(no, ..) | Deed::See(no, _) | Deed::Drop(no, _) | Deed::Offset(no, _) => *no,
            _ => BillNo(self.book.borrow().bills().len() as u32 + 1),
        };
        let mut deed = deed;
        if let Deed::See(_, Sight { takings: Some(takings), .. }) = &mut deed {
            match self.mistake {
                Mistake::NoRefunds => takings.refunded = 0,
                Mistake::NoDisputes => takings.disputed = 0,
                _ => {}
            }
        }
        if let Err(refused) = self.deed(&deed) {
            return Ok(Err(refused));
        }
        self.live()?;
        Ok(Ok(Arc::new(self.book.borrow().bills().get(no).unwrap().clone())))
    }

    async fn note(&self, deed: Deed) -> Result<Result<(), Refused>, Crash> {
        self.live()?;
        Ok(self.deed(&deed))
    }

    async fn bill(&self, no: BillNo) -> Result<Option<Arc<Bill>>, Crash> {
        Ok(self.book.borrow().bills().shared(no))
    }

    async fn lines(&self, bill: &Bill) -> Result<Vec<Line>, Crash> {
        let lines = lines_of(bill, &Books::of(&self.book.borrow()), &self.calendar);
        Ok(lines.unwrap_or_else(|| panic!("{}: the lines of {} are others now", self.dice, bill.no)))
    }

    fn words(&self) -> impl Words {
        Plain
    }

    fn now(&self) -> Moment {
        let ahead = if self.mistake == Mistake::Impatient { 30 * DAY } else { 0 };
        Moment(self.now.get() + ahead)
    }
}

impl Stripe for World {
    async fn call(&self, call: &Call) -> Result<Reply, Unsure> {
        let lost = || Unsure { why: "lost".into(), after: None, is_shut: false };
        // A process that died makes no calls: what it would have learned never comes.
        self.live().map_err(|Crash| lost())?;
        let mut call = call.clone();
        self.plant(&mut call);
        if self.mistake == Mistake::NoMail
            && let Some(path) = call.path.strip_suffix("/send")
        {
            call = Call::get(path, "");
        }
        self.calls.borrow_mut().push(call.clone());
        self.pass(200_000);
        if let Some(taken) = self.snare.borrow().as_ref().and_then(|snare| snare(self, &call)) {
            return taken;
        }
        let outcome = self.sandbox.borrow_mut().call(&call, self.seconds());
        match outcome {
            Outcome::Answered { reply, .. } => Ok(self.misread(&call, reply)),
            Outcome::Lost => {
                self.lost.set(self.lost.get() + 1);
                if call.key.is_some() && self.dice.below(4) == 0 {
                    self.late.borrow_mut().push((self.now.get(), call.clone()));
                }
                let is_planted = match self.mistake {
                    Mistake::LinesAgain => call.path.ends_with("/add_lines"),
                    Mistake::MailAgain => call.path.ends_with("/send"),
                    _ => false,
                };
                if is_planted {
                    call.key = call.key.map(|key| format!("{key}-again"));
                    self.sandbox.borrow_mut().call(&call, self.seconds());
                }
                Err(lost())
            }
        }
    }

    fn is_live(&self) -> bool {
        false
    }
}

impl World {
    /// What a mistake makes of a call.
    fn plant(&self, call: &mut Call) {
        match self.mistake {
            Mistake::KeyFromClock | Mistake::NoReadBack => {
                call.key = call.key.take().map(|key| format!("{key}-{}", self.now.get()));
            }
            Mistake::LostIsFailed => {
                call.key = call.key.take().map(|key| format!("{key}-{}", self.lost.get()));
            }
            _ => {}
        }
    }

    /// What a mistake makes of an answer.
    fn misread(&self, call: &Call, mut reply: Reply) -> Reply {
        let is_list = call.method == Method::Get && call.path == "/v1/invoices";
        if self.mistake == Mistake::NoReadBack && is_list {
            reply.body = r#"{"object":"list","data":[],"has_more":false,"url":"/v1/invoices"}"#.to_owned();
        }
        if self.mistake == Mistake::TrustsStatus
            && let Ok(mut object) = serde_json::from_str::<serde_json::Value>(&reply.body)
            && object["object"] == "invoice"
            && object["status"] == "paid"
        {
            object["amount_paid"] = object["total"].clone();
            object["amount_remaining"] = 0.into();
            reply.body = object.to_string();
        }
        reply
    }
}
