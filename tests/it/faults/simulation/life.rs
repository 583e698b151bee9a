//! One life of the process: the real door, actors, bookkeeper and writer, all on the thread of the world.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};

use actix::prelude::*;
use arc_swap::ArcSwap;
use rialto::actors::atlas::Atlas;
use rialto::actors::bookkeeper::Bookkeeper;
use rialto::actors::clerk::Clerk;
use rialto::actors::door::{Bounds, Door, House};
use rialto::actors::gate::Gate;
use rialto::actors::halt::Halt;
use rialto::actors::messages::{Found as Begun, Outcome as Obeyed, Outside, Synced};
use rialto::actors::registry::{Registries, Staff};
use rialto::actors::sheet::Answer;
use rialto::actors::vitals::Vitals;
use rialto::clock::Clock;
use rialto::domain::calendar::Calendar;
use rialto::domain::ids::EventKey;
use rialto::folder::DataFolder;
use rialto::journal::recovery::Recovered;
use rialto::journal::writer::{Hand, Options, Writer};
use rialto::ledger::book::Book;
use rialto::ledger::totals::Totals;
use rialto::ledger::view::View;
use rialto::snapshot::Image;
use rialto::wiring::recover::Opened;
use tokio::sync::oneshot;

/// Small, so that a few groups fill a segment.
const SEGMENT: u64 = 1500;

/// What a start came to.
pub type Found = (Book, Recovered, Opened);

/// One life of the process.
pub struct Life {
    pub door: Door,
    pub hand: Hand,
    pub bookkeeper: Addr<Bookkeeper>,
    pub registries: Registries,
    pub view: Arc<ArcSwap<View>>,
    pub durable: Arc<AtomicU64>,
    pub images: Arc<Mutex<Vec<Image>>>,
    pub aside: Option<(PathBuf, u64)>,
    /// The version of the next tariff that is ordered.
    pub next_tariff: u16,
    pub vitals: Vitals,
    pub answers: Vec<(Vec<EventKey>, oneshot::Receiver<Answer>)>,
    pub outcomes: Vec<oneshot::Receiver<Obeyed>>,
}

impl Life {
    /// Begins where a start came to.
    pub fn begin(folder: &DataFolder, clock: &Clock, (book, mut found, opened): Found) -> Life {
        clock.advance_to(book.latest());
        let next_tariff = book.tariffs().newest().version().0 + 1;
        let calendar = Calendar::new(chrono_tz::UTC);
        let atlas = Arc::new(Atlas::default());
        let clerk = Clerk::new(book.tariffs().clone(), Arc::clone(&atlas), calendar.clone());
        let (vitals, halt) = (Vitals::default(), Halt::default());
        let view = Arc::new(ArcSwap::from_pointee(View::default()));
        let durable = Arc::new(AtomicU64::new(0));
        let posted = Arc::new(AtomicU64::new(0));
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
            clock: clock.clone(),
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
        let begin = Begun { book, totals: Totals::new(calendar), position: end, recorded, imaged };
        let options = Options { folder: folder.journal(), id: folder.id(), segment_bytes: SEGMENT };
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
            clock: clock.clone(),
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
            next_tariff,
            vitals,
            answers: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// An image that the bookkeeper took, the newest first.
    pub fn image(&self) -> Option<Image> {
        self.images.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop()
    }
}
