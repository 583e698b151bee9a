//! Starting, from the ground up: the folder, the book, the journal, the bookkeeper, the others.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock, mpsc as sync_mpsc};
use std::time::Duration;

use actix::prelude::*;
use arc_swap::ArcSwap;
use tokio::sync::{mpsc, watch};

use super::biller::{Employer, Hired};
use super::images::Imaging;
use super::planning::{Means, Planner, Prospect};
use super::{Inner, Settings, StartError, queue, recover, scrubbing};
use crate::actors::atlas::Atlas;
use crate::actors::bookkeeper::Bookkeeper;
use crate::actors::clerk::Clerk;
use crate::actors::door::{Door, House};
use crate::actors::halt::Halt;
use crate::actors::messages::{Found, Outside, Synced};
use crate::actors::registry::{Registries, Staff};
use crate::actors::vitals::Vitals;
use crate::clock::Clock;
use crate::domain::calendar::Calendar;
use crate::domain::time::Moment;
use crate::folder::{DataFolder, Lock};
use crate::journal::reader::Reader;
use crate::journal::recovery;
use crate::journal::segment::Segments;
use crate::journal::writer::{Options, Room, Writer};
use crate::ledger::book::Book;
use crate::ledger::rows::FactNo;
use crate::ledger::totals::Totals;
use crate::ledger::view::View;
use crate::metrics::Meters;
use crate::metrics::heard::Heard;

/// What the actors' thread tells once it stands.
struct Standing {
    system: System,
    bookkeeper: Addr<Bookkeeper>,
    registries: Registries,
    door: Arc<Door>,
}

pub(super) fn start(settings: Settings) -> Result<Inner, StartError> {
    let folder = DataFolder::open_or_create(&settings.data)?;
    let (book, mut recovered, opened) = recover::read(&folder, settings.limits)?;
    if let Some(cut) = &opened.cut {
        tracing::warn!(path = %cut.path.display(), offset = cut.offset, "a crash left a torn tail, which nobody was told of; it is cut off");
    }
    recovery::settle(&folder.journal(), &mut recovered)?;
    let closed_at = book.latest();
    settings.clock.advance_to(closed_at);

    let calendar = Calendar::new(settings.time_zone);
    let atlas = Arc::new(Atlas::default());
    let view = Arc::new(ArcSwap::from_pointee(View::default()));
    let vitals = Vitals::default();
    let meters = Meters::default();
    let durable = Arc::new(AtomicU64::new(0));
    let (news, told_news) = watch::channel(0);
    let posted = Arc::new(AtomicU64::new(0));
    let halt = Halt::default();
    let imaged = opened.snapshot.unwrap_or(0);
    let recorded = if opened.records == 0 { imaged } else { recovered.end };
    let images =
        Imaging::start(folder.images(), folder.id(), imaged, Arc::clone(&durable)).map_err(StartError::Thread)?;
    if 0 < imaged {
        scrubbing::start(&folder, imaged, vitals.clone()).map_err(StartError::Thread)?;
    }
    let segments = Arc::new(RwLock::new(std::mem::take(&mut recovered.segments)));
    let clerk = Clerk::new(book.tariffs().clone(), Arc::clone(&atlas), calendar.clone());
    let desk = clerk.clone();
    let outside = Outside {
        view: Arc::clone(&view),
        atlas: Arc::clone(&atlas),
        meters: meters.clone(),
        vitals: vitals.clone(),
        images: images.taker(),
        posted: Arc::clone(&posted),
        halt: halt.clone(),
        durable,
        news,
        gate: settings.gate,
        targets: Arc::new(settings.targets),
        clock: settings.clock.clone(),
        snapshot_bytes: settings.snapshot_bytes,
    };
    let now = settings.clock.now();
    begin(meters.heard(), &book, now);
    let first = Prospect::at_start(&book, &settings.policy, &calendar, now, recorded);
    let found = Found { book, totals: Totals::new(calendar.clone()), position: recovered.end, recorded, imaged };
    let options = Options { folder: folder.journal(), id: folder.id(), segment_bytes: settings.segment_bytes };
    let (submitted, waiting) = mpsc::channel(queue::LENGTH);

    let (tell, told) = sync_mpsc::channel();
    let clock = settings.clock.clone();
    let all_vitals = vitals.clone();
    let all_segments = Arc::clone(&segments);
    let lock = folder.hold();
    let thread = std::thread::Builder::new().name("rialto-actors".into()).spawn(move || {
        let runner = System::new();
        let system = System::current();
        let standing = runner.block_on(async move {
            let desk = Arbiter::new().handle();
            let (bookkeeper, room) =
                start_bookkeeper(&desk, found, clerk.clone(), outside, (options, all_segments, lock))?;
            let arbiters = match settings.arbiters {
                0 => vec![desk],
                count => (0..count).map(|_| Arbiter::new().handle()).collect(),
            };
            let staff = Staff { clerk, mailbox: settings.bounds.batches, give_back: settings.give_back };
            let registries = Registries::start(&arbiters, &staff);
            let house = House {
                registries: registries.clone(),
                atlas,
                bookkeeper: bookkeeper.clone(),
                clock,
                vitals: all_vitals,
                room,
                posted,
                halt,
            };
            let door = Arc::new(Door::new(house, settings.bounds));
            actix::spawn(queue::run(Arc::clone(&door), waiting));
            actix::spawn(retire(registries.clone(), settings.idle));
            Ok(Standing { system, bookkeeper, registries, door })
        });
        if tell.send(standing).is_ok() {
            let _ = runner.run();
        }
    });
    let thread = thread.map_err(StartError::Thread)?;
    let lost = || StartError::Thread(std::io::Error::other("the actors' thread ended"));
    let Standing { system, bookkeeper, registries, door } =
        told.recv().map_err(|_| lost())?.map_err(StartError::Thread)?;
    let employer = Employer {
        bookkeeper: bookkeeper.clone(),
        clerk: desk.clone(),
        clock: settings.clock.clone(),
        calendar: calendar.clone(),
        policy: settings.policy.clone(),
        folder: hex(folder.id()),
        home: folder.home(),
        closed_at,
    };
    let means = Means {
        bookkeeper: bookkeeper.clone(),
        arbiter: system.arbiter().clone(),
        clock: settings.clock.clone(),
        calendar: calendar.clone(),
        policy: settings.policy,
    };
    let mut inner = Inner {
        biller: None,
        door,
        registries,
        bookkeeper,
        view,
        news: told_news,
        calendar,
        clock: settings.clock,
        clerk: desk,
        reader: Reader::new(segments),
        vitals,
        meters,
        images,
        submitted,
        opened,
        folder,
        planner: Arc::new(Planner::new(means, first)),
        started: Clock::system().now(),
        system: Mutex::new(Some((system, thread))),
    };
    // Where he is not hired, all that was started ends with this.
    let hire = |collecting| Hired::hire(employer, collecting, inner.meters.clone());
    inner.biller = settings.collecting.map(hire).transpose()?;
    Ok(inner)
}

fn start_bookkeeper(
    desk: &ArbiterHandle,
    found: Found,
    clerk: Clerk,
    outside: Outside,
    (options, segments, lock): (Options, Segments, Option<Arc<Lock>>),
) -> std::io::Result<(Addr<Bookkeeper>, Arc<Room>)> {
    let (tell, told) = sync_mpsc::channel();
    let end = found.position;
    let bookkeeper = Bookkeeper::start_in_arbiter(desk, move |context| {
        // More than may ever be under way: what is bounded is bounded at the door.
        context.set_mailbox_capacity(1 << 20);
        let address = context.address();
        let writer = Writer::start(options, segments, end, move |written| {
            // Nobody else may open the folder for as long as there is a writer; and he listens that long.
            let _held = &lock;
            let _ = address.try_send(Synced(written));
        });
        let writer = match writer {
            Ok(writer) => writer,
            Err(error) => {
                let _ = tell.send(Err(error));
                panic!("the journal's writer did not start");
            }
        };
        let room = Arc::clone(writer.room());
        let bookkeeper = Bookkeeper::new(found, clerk, writer, outside);
        // Only now does the view show what the start found.
        let _ = tell.send(Ok(room));
        bookkeeper
    });
    let room = told.recv().map_err(std::io::Error::other)??;
    Ok((bookkeeper, room))
}

/// What the book has tells since when nothing was heard.
fn begin(heard: &Heard, book: &Book, now: Moment) {
    let came = |fact: FactNo| book.arrivals().at_latest(fact);
    let last = book.facts().len().checked_sub(1).and_then(|last| came(FactNo(last as u32)));
    let charge = book.charges().len().checked_sub(1).and_then(|last| book.charges().get(last));
    let ago = |at: Moment| Duration::from_micros(u64::try_from(now.0.saturating_sub(at.0)).unwrap_or_default());
    if let Some(last) = last {
        heard.begin(ago(last), ago(charge.and_then(|charge| came(charge.fact)).unwrap_or(last)));
    }
}

fn hex(id: [u8; 16]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn retire(registries: Registries, idle: std::time::Duration) {
    loop {
        actix::clock::sleep((idle / 4).max(std::time::Duration::from_millis(100))).await;
        registries.retire(idle);
    }
}
