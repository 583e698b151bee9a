//! A world made of a seed: the real door, actors, bookkeeper, writer, snapshots and recovery, on a disk that loses power
//! between any two of its effects; and a model that knows what each event has to cost, and what was acknowledged.
//!
//! All of it is on one thread, and one thing happens after another, so that a seed is the same world every time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use actix::prelude::*;
use rialto::actors::atlas::Atlas;
use rialto::actors::bookkeeper::Bookkeeper;
use rialto::actors::clerk::Clerk;
use rialto::actors::door::{Bounds, Door, House};
use rialto::actors::gate::Gate;
use rialto::actors::halt::Halt;
use rialto::actors::messages::{Found, Outcome as Obeyed, Outside, Synced, TakeSnapshot};
use rialto::actors::registry::{Registries, Staff};
use rialto::actors::sheet::Answer;
use rialto::clock::Clock;
use rialto::disk::Disk;
use rialto::domain::activity::{Activity, Occurred, Stated};
use rialto::domain::calendar::Calendar;
use rialto::domain::ids::{EventKey, TransactionId};
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, Reverse, What};
use rialto::domain::payers::Payer;
use rialto::domain::rollout::{Move, Phase, Subject};
use rialto::domain::time::Moment;
use rialto::folder::DataFolder;
use rialto::journal::recovery;
use rialto::journal::segment::{self, FolderId};
use rialto::journal::writer::{Hand, Options, Writer};
use rialto::ledger::book::Book;
use rialto::ledger::entry::{Receipt, Status};
use rialto::ledger::guards::{Limit, Limits};
use rialto::ledger::totals::Totals;
use rialto::ledger::view::View;
use rialto::snapshot::{self, Image};
use rialto::wiring::{recover, verify::verify};
use rust_decimal::Decimal;
use tokio::sync::oneshot;

use super::drive::{Drive, Trouble};
use crate::dice::Dice;
use crate::support::{letter, service};

const ID: FolderId = [7; 16];
/// 2026-11-02T12:00:00Z.
const NOON: Moment = Moment(1_793_620_800_000_000);
const CITIZENS: [&str; 4] = ["Lucid", "Ada", "Bob", "Zoe"];
/// Small, so that a few groups fill a segment.
const SEGMENT: u64 = 1500;

/// An event that was handed in, and the price that it has to have, in millionths.
#[derive(Clone, Debug)]
struct Told {
    activity: Activity,
    price: i64,
}

/// The world.
pub struct World {
    dice: Dice,
    drive: Drive,
    clock: Clock,
    /// Everything that was ever handed in, by its key.
    told: BTreeMap<EventKey, Told>,
    ids: Vec<EventKey>,
    /// The receipts of what was acknowledged as taken.
    acknowledged: BTreeMap<EventKey, Receipt>,
    /// How many orders were acknowledged.
    obeyed: usize,
    /// The furthest view that anybody saw.
    seen: Option<Arc<View>>,
    /// How often the process was started,
    pub lives: u64,
    /// the power went,
    pub power_cuts: u64,
    /// and the disk failed once.
    pub failures: u64,
}

type Faults = Result<(), String>;

/// One life of the process.
struct Life {
    door: Door,
    hand: Hand,
    bookkeeper: Addr<Bookkeeper>,
    registries: Registries,
    view: Arc<arc_swap::ArcSwap<View>>,
    durable: Arc<std::sync::atomic::AtomicU64>,
    images: Arc<Mutex<Vec<Image>>>,
    aside: Option<(std::path::PathBuf, u64)>,
    vitals: rialto::actors::vitals::Vitals,
    answers: Vec<(Vec<EventKey>, oneshot::Receiver<Answer>)>,
    outcomes: Vec<oneshot::Receiver<Obeyed>>,
}

impl World {
    /// The world of a seed, with an empty folder.
    pub fn new(seed: u64) -> World {
        let drive = Drive::default();
        let folder = folder(&drive);
        segment::begin(&folder.journal(), ID).unwrap();
        World {
            dice: Dice::of("RIALTO_SIM_SEED", seed),
            drive,
            clock: Clock::simulated(NOON),
            told: BTreeMap::new(),
            ids: Vec::new(),
            acknowledged: BTreeMap::new(),
            obeyed: 0,
            seen: None,
            lives: 0,
            power_cuts: 0,
            failures: 0,
        }
    }

    /// How much was done to the disk.
    pub fn effects(&self) -> u64 {
        self.drive.effects()
    }

    /// How many events were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.len() as u64
    }

    fn below(&self, end: u64) -> u64 {
        self.dice.below(end)
    }

    /// Lives so many lives; what is wrong in the end, if anything is.
    pub fn live(&mut self, lives: u64) -> Faults {
        for life in 0..=lives {
            let book = self.open()?;
            self.check(&book)?;
            let is_last = life == lives;
            self.run(book, is_last)?;
            self.lives += 1;
        }
        Ok(())
    }

    /// Opens the folder as a start does, and is interrupted at that as often as the dice have it.
    fn open(&mut self) -> Result<(Book, recovery::Recovered, recover::Opened), String> {
        loop {
            if self.below(4) == 0 {
                let trouble = [Trouble::Kill, Trouble::PowerCut, Trouble::Failure][self.below(3) as usize];
                self.drive.trouble(1 + self.below(6), trouble);
            }
            let folder = folder(&self.drive);
            let opened = recover::read(&folder, limits()).and_then(|(book, mut found, opened)| {
                recovery::settle(&folder.journal(), &mut found)?;
                Ok((book, found, opened))
            });
            match opened {
                Ok(opened) => {
                    self.drive.calm();
                    return Ok(opened);
                }
                Err(_) if self.drive.is_off() => self.off(),
                // The disk failed once while it was opened: the next start finds it well.
                Err(rialto::wiring::StartError::Journal(rialto::journal::JournalError::Io { .. })) => {
                    self.failures += 1;
                    self.drive.calm();
                }
                Err(error) => return Err(format!("it does not start: {}", rialto::chain::Chain(&error))),
            }
        }
    }

    /// Off, and on again: after a kill, or a power cut.
    fn off(&mut self) {
        if self.below(3) == 0 {
            self.drive.restart();
        } else {
            self.power_cuts += 1;
            let dice = &self.dice;
            self.drive.power_cycle(|end| dice.below(end));
        }
    }

    /// What must be so after every start.
    fn check(&self, (book, ..): &(Book, recovery::Recovered, recover::Opened)) -> Faults {
        self.has_all_acknowledged(book)?;
        let report = verify(&folder(&self.drive), chrono_tz::UTC).map_err(|error| error.to_string())?;
        if let Some(fault) = report.faults.first() {
            return Err(format!("verify: {fault}"));
        }
        if report.digest != rialto::ledger::digest::digest(book) {
            return Err("the book that it starts with is not the journal's".into());
        }
        self.is_as_seen(book)?;
        // Nothing was made up, nothing is there twice, and everything has its price.
        let mut known = std::collections::BTreeSet::new();
        for fact in (0..book.facts().len()).filter_map(|number| book.facts().get(number)) {
            let fact = fact.fact();
            if fact.is_order {
                continue;
            }
            if !known.insert(fact.key) {
                return Err(format!("{:?} is there twice", fact.key));
            }
            let Some(told) = self.told.get(&fact.key) else {
                return Err(format!("{:?} was never handed in", fact.key));
            };
            let number = book.find(fact.key).ok_or("a fact cannot be found")?;
            let charged =
                book.repeated(number, Status::Duplicate).charge.map_or(0, |charge| charge.amount.millionths());
            if charged != told.price {
                return Err(format!("{} costs {charged}, and not {}", told.activity.source_id, told.price));
            }
        }
        Ok(())
    }

    fn has_all_acknowledged(&self, book: &Book) -> Faults {
        for (key, receipt) in &self.acknowledged {
            let what = || format!("{} was acknowledged", self.told[key].activity.source_id);
            let Some(fact) = book.find(*key) else { return Err(format!("{} and is gone", what())) };
            let found = book.repeated(fact, Status::Duplicate).charge;
            let plain = |charge: rialto::ledger::entry::Charged| (charge.transaction, charge.amount, charge.stage);
            if found.map(plain) != receipt.charge.map(plain) {
                return Err(format!("{} as {:?} and is {found:?}", what(), receipt.charge));
            }
        }
        if book.orders().len() < self.obeyed {
            return Err(format!("{} orders were acknowledged, and {} are there", self.obeyed, book.orders().len()));
        }
        Ok(())
    }

    /// What anybody saw is what a front part of the book comes to.
    fn is_as_seen(&self, book: &Book) -> Faults {
        let Some(seen) = &self.seen else { return Ok(()) };
        if (book.events() as u64) < seen.facts || (book.charges().len() as u64) < seen.transactions {
            return Err(format!("{} events were seen, and {} are there", seen.facts, book.events()));
        }
        let mut totals = Totals::new(Calendar::new(chrono_tz::UTC));
        totals.advance(book, seen.transactions as usize, self.clock.now());
        let made = View::new(&totals, seen.facts, seen.conflicts, seen.position, &Arc::default());
        let eur = rialto::domain::money::Currency::EUR;
        let calendar = Calendar::new(chrono_tz::UTC);
        let sums = |view: &View| view.dashboard(eur, self.clock.now(), &calendar).periods[3];
        if sums(&made) != sums(seen) {
            return Err(format!("{:?} was seen, and it is {:?}", sums(seen), sums(&made)));
        }
        Ok(())
    }

    /// Runs until the machine is off, or the process stops; the last life ends in good order with everything handed in
    /// once more.
    fn run(&mut self, opened: (Book, recovery::Recovered, recover::Opened), is_last: bool) -> Faults {
        let system = System::with_tokio_rt(|| {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_time().start_paused(true).build().expect("a runtime")
        });
        system.block_on(async {
            let mut life = self.begin(opened);
            // Everybody begins.
            self.turns(2).await;
            let steps = 4 + self.below(30);
            for _ in 0..steps {
                self.step(&mut life).await?;
                if self.drive.is_off() || !life.vitals.is_running() {
                    break;
                }
            }
            if is_last && life.vitals.is_running() && !self.drive.is_off() {
                self.drive.calm();
                self.tell_all_again(&mut life).await?;
            }
            self.hear(&mut life)?;
            System::current().stop();
            Ok::<(), String>(())
        })?;
        drop(system);
        if !is_last {
            self.off();
        }
        Ok(())
    }

    fn begin(&self, (book, mut found, opened): (Book, recovery::Recovered, recover::Opened)) -> Life {
        self.clock.advance_to(book.latest());
        let folder = folder(&self.drive);
        let calendar = Calendar::new(chrono_tz::UTC);
        let atlas = Arc::new(Atlas::default());
        let clerk = Clerk::new(book.tariffs().clone(), Arc::clone(&atlas), calendar.clone());
        let (vitals, halt) = (rialto::actors::vitals::Vitals::default(), Halt::default());
        let view = Arc::new(arc_swap::ArcSwap::from_pointee(View::default()));
        let durable = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let posted = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let images = Arc::new(Mutex::new(Vec::new()));
        let imaged = opened.snapshot.unwrap_or(0);
        let recorded = if opened.records == 0 { imaged } else { found.end };
        let taken = Arc::clone(&images);
        let outside = Outside {
            view: Arc::clone(&view),
            atlas: Arc::clone(&atlas),
            meters: Default::default(),
            vitals: vitals.clone(),
            images: Box::new(move |image| taken.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(image)),
            clock: self.clock.clone(),
            gate: Gate { events: 0, hours: 0 },
            targets: Arc::default(),
            halt: halt.clone(),
            posted: Arc::clone(&posted),
            durable: Arc::clone(&durable),
            news: tokio::sync::watch::channel(0).0,
            snapshot_bytes: 2000,
        };
        let end = found.end;
        let segments = Arc::new(RwLock::new(std::mem::take(&mut found.segments)));
        let begin = Found { book, totals: Totals::new(calendar), position: end, recorded, imaged };
        let options = Options { folder: folder.journal(), id: ID, segment_bytes: SEGMENT };
        let mut hand = None;
        let staff_clerk = clerk.clone();
        let mut room = None;
        let bookkeeper = Bookkeeper::create(|context| {
            context.set_mailbox_capacity(1 << 20);
            let address = context.address();
            let (writer, by_hand) = Writer::by_hand(options, segments, end, move |written| {
                let _ = address.try_send(Synced(written));
            });
            hand = Some(by_hand);
            room = Some(Arc::clone(writer.room()));
            Bookkeeper::new(begin, clerk, writer, outside)
        });
        let staff = Staff { clerk: staff_clerk, mailbox: 64, give_back: None };
        let registries = Registries::start(&[Arbiter::current()], &staff);
        let house = House {
            registries: registries.clone(),
            atlas,
            bookkeeper: bookkeeper.clone(),
            clock: self.clock.clone(),
            vitals: vitals.clone(),
            room: room.expect("a room"),
            posted,
            halt,
        };
        Life {
            door: Door::new(house, Bounds::default()),
            hand: hand.expect("a hand"),
            bookkeeper,
            registries,
            view,
            durable,
            images,
            aside: None,
            vitals,
            answers: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    async fn step(&mut self, life: &mut Life) -> Faults {
        match self.below(20) {
            0..=4 => self.hand_in(life),
            5..=8 => life.hand.write(),
            9 => life.hand.fill(1 + self.below(700) as usize),
            10..=12 => self.turns(1 + self.below(12)).await,
            13 => self.order(life),
            14 => {
                self.clock.advance_to(Moment(self.clock.now().0 + self.below(7_200_000_000) as i64));
                tokio::time::advance(Duration::from_secs(1)).await;
            }
            15 => self.image(life),
            16 => {
                let _ = life.bookkeeper.try_send(TakeSnapshot);
                life.registries.retire(Duration::ZERO);
            }
            17 => {
                let kind = self.below(10);
                let trouble = match kind {
                    0..=3 => Trouble::Kill,
                    4..=8 => Trouble::PowerCut,
                    _ => Trouble::Failure,
                };
                self.failures += u64::from(trouble == Trouble::Failure);
                self.drive.trouble(1 + self.below(12), trouble);
            }
            18 => self.look(life)?,
            _ => {
                self.turns(20).await;
                life.hand.write();
                self.turns(20).await;
                self.hear(life)?;
                self.survives_the_worst()?;
            }
        }
        Ok(())
    }

    /// Everybody gets so many turns.
    async fn turns(&self, count: u64) {
        for _ in 0..count {
            tokio::task::yield_now().await;
        }
    }

    fn hand_in(&mut self, life: &mut Life) {
        let count = 1 + self.below(5);
        let batch: Vec<Activity> = (0..count).map(|_| self.event()).collect();
        let keys = batch.iter().map(Activity::key).collect();
        if let Ok(answer) = life.door.take(batch) {
            life.answers.push((keys, answer));
        }
    }

    /// A new event, or one that was handed in before; of those that were acknowledged sometimes with other content.
    fn event(&mut self) -> Activity {
        if !self.ids.is_empty() && self.below(4) == 0 {
            let key = self.ids[self.below(self.ids.len() as u64) as usize];
            let mut activity = self.told[&key].activity.clone();
            if self.acknowledged.contains_key(&key) && self.below(3) == 0 {
                activity.expertise = Stated::Is(Decimal::new(3, 0));
            }
            return activity;
        }
        let citizen = CITIZENS[self.below(CITIZENS.len() as u64) as usize];
        let id = format!("rec{}", self.ids.len());
        let (mut activity, price) = match self.below(3) {
            0 => (letter(&id, citizen), 100_000),
            1 => {
                let mut rest = service(&id, citizen, 60);
                rest.kind = Name::new("rest");
                (rest, 0)
            }
            _ => {
                let minutes = 1 + self.below(200) as i64;
                let tenths = self.below(30) as i64;
                let mut service = service(&id, citizen, minutes);
                service.expertise = Stated::Is(Decimal::new(tenths, 1));
                // EUR 50 an hour, by hand: whole millionths, half to even.
                let (all, whole) = (50_000_000 * minutes * tenths, 600);
                let (quotient, rest) = (all / whole, all % whole);
                let up = rest * 2 > whole || rest * 2 == whole && quotient % 2 == 1;
                (service, quotient + i64::from(up))
            }
        };
        if self.below(3) == 0 {
            activity.business = Name::new("bakery");
        }
        if self.below(8) == 0 {
            activity.client = Name::new("stranger");
        }
        activity.occurred = Occurred::at(Moment(self.clock.now().0 - self.below(86_400_000_000) as i64));
        let key = activity.key();
        self.ids.push(key);
        self.told.insert(key, Told { activity: activity.clone(), price });
        activity
    }

    fn order(&mut self, life: &mut Life) {
        let transaction = TransactionId(1 + self.below(1 + life.view.load().transactions));
        let subject = match self.below(3) {
            0 => Subject::All,
            1 => Subject::Business(Name::new("bakery").expect("a name")),
            _ => Subject::Citizen(Name::new("Lucid").expect("a name")),
        };
        let phase = Phase::ALL[self.below(Phase::ALL.len() as u64) as usize];
        let what = match self.below(6) {
            0 => {
                let id = ["Lucid", "bakery", "Ada"][self.below(3) as usize];
                let id = Name::new(id).expect("a name");
                What::List(Payer { customer: Name::new("cus_1"), ..Payer::new(id) })
            }
            1 => What::Release(transaction),
            2 => What::Reverse(Reverse { transaction, used: None }),
            3 => What::Accept(self.below(3) as u32),
            _ => What::Move(Move { subject, to: Some(phase) }),
        };
        let order = Order { by: "operator".into(), why: "tried".into(), what };
        if let Ok(outcome) = life.door.order(order) {
            life.outcomes.push(outcome);
        }
    }

    /// Goes on with a snapshot: writes one aside, or makes one count once it is durable.
    fn image(&self, life: &mut Life) {
        let images = folder(&self.drive).images();
        let next = life.images.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop();
        match life.aside.take() {
            None => {
                if let Some(image) = next
                    && let Ok(aside) = snapshot::write(&images, ID, &image, || ())
                {
                    life.aside = Some((aside, image.position()));
                }
            }
            Some((aside, position)) if position <= life.durable.load(std::sync::atomic::Ordering::Acquire) => {
                let _ = snapshot::commit(&images, ID, &aside, position, || ());
            }
            waiting => life.aside = waiting,
        }
    }

    /// Hears what was answered.
    fn hear(&mut self, life: &mut Life) -> Faults {
        let mut waiting = Vec::new();
        for (keys, mut answer) in std::mem::take(&mut life.answers) {
            match answer.try_recv() {
                Ok(Answer { receipts, .. }) => {
                    for (key, receipt) in keys.into_iter().zip(receipts) {
                        self.acknowledge(key, receipt)?;
                    }
                }
                Err(oneshot::error::TryRecvError::Empty) => waiting.push((keys, answer)),
                Err(oneshot::error::TryRecvError::Closed) => {}
            }
        }
        life.answers = waiting;
        let mut waiting = Vec::new();
        for mut outcome in std::mem::take(&mut life.outcomes) {
            match outcome.try_recv() {
                Ok(Ok(_)) => self.obeyed += 1,
                Err(oneshot::error::TryRecvError::Empty) => waiting.push(outcome),
                Ok(Err(_)) | Err(oneshot::error::TryRecvError::Closed) => {}
            }
        }
        life.outcomes = waiting;
        Ok(())
    }

    fn acknowledge(&mut self, key: EventKey, receipt: Receipt) -> Faults {
        if receipt.status == Status::Rejected {
            return Err(format!("{} was rejected", self.told[&key].activity.source_id));
        }
        let plain = |charge: rialto::ledger::entry::Charged| (charge.transaction, charge.amount, charge.stage);
        match self.acknowledged.get(&key) {
            Some(first) if first.charge.map(plain) != receipt.charge.map(plain) => {
                Err(format!("{} was told {first:?}, and now {receipt:?}", self.told[&key].activity.source_id))
            }
            Some(_) if matches!(receipt.status, Status::Recorded | Status::Priced) => {
                Err(format!("{} was taken twice", self.told[&key].activity.source_id))
            }
            Some(_) => Ok(()),
            None => {
                self.acknowledged.insert(key, receipt);
                Ok(())
            }
        }
    }

    /// Looks at the view: whatever it shows has to be there for ever.
    fn look(&mut self, life: &Life) -> Faults {
        let view = life.view.load_full();
        if self.seen.as_ref().is_none_or(|seen| seen.position <= view.position) {
            self.seen = Some(view);
        }
        self.survives_the_worst()
    }

    /// If the power went now, and took all that it can, whatever was acknowledged or seen would be there.
    fn survives_the_worst(&self) -> Faults {
        if self.drive.is_off() {
            return Ok(());
        }
        let worst = self.drive.worst();
        let (book, ..) = recover::read(&folder(&worst), limits()).map_err(|error| {
            format!("after the worst power cut it does not start: {}", rialto::chain::Chain(&error))
        })?;
        self.has_all_acknowledged(&book)
            .and_then(|()| self.is_as_seen(&book))
            .map_err(|why| format!("in the worst case {why}"))
    }

    /// In the end everything is handed in once more: it is all there once, and costs what it has to.
    async fn tell_all_again(&mut self, life: &mut Life) -> Faults {
        for start in (0..self.ids.len()).step_by(16) {
            let keys: Vec<EventKey> = self.ids.iter().skip(start).take(16).copied().collect();
            let batch = keys.iter().map(|key| self.told[key].activity.clone()).collect();
            match life.door.take(batch) {
                Ok(answer) => life.answers.push((keys, answer)),
                Err(closed) => return Err(format!("the door is closed: {closed}")),
            }
        }
        for _ in 0..400 {
            self.turns(20).await;
            life.hand.write();
            self.hear(life)?;
            if life.answers.is_empty() {
                break;
            }
        }
        if !life.answers.is_empty() && life.vitals.is_running() {
            return Err("answers do not come".into());
        }
        self.look(life)?;
        if life.vitals.is_running() && self.acknowledged.len() != self.ids.len() {
            return Err(format!("{} of {} are acknowledged", self.acknowledged.len(), self.ids.len()));
        }
        for (key, receipt) in &self.acknowledged {
            let told = &self.told[key];
            let charged = receipt.charge.map_or(0, |charge| charge.amount.millionths());
            if charged != told.price {
                return Err(format!("{} costs {charged}, and not {}", told.activity.source_id, told.price));
            }
        }
        Ok(())
    }
}

fn folder(drive: &Drive) -> DataFolder {
    DataFolder::on(Arc::new(drive.clone()) as Arc<dyn Disk>, Path::new("/data"), ID)
}

fn limits() -> Limits {
    Limits { citizen: Limit { charges_an_hour: 6, ..Limits::OFF.citizen }, park_after: 5, ..Limits::OFF }
}
