//! A scribe posts events as the bookkeeper does, but by hand: a book, and the bytes of its journal,
//! without any thread or sync, so that a test can lay them on the disk as a crash might leave them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use blake3::Hash;
use rialto::domain::activity::{Activity, Outcome, Stated};
use rialto::domain::calendar::Calendar;
use rialto::domain::charge::Stage;
use rialto::domain::external::Ruling;
use rialto::domain::ids::Feed;
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, What};
use rialto::domain::rows::{Building, Citizen, Row};
use rialto::domain::tariff::Tariff;
use rialto::domain::tariff::when::Occasion;
use rialto::domain::time::Moment;
use rialto::folder::DataFolder;
use rialto::journal::frame::{self, Salt};
use rialto::journal::{record, segment};
use rialto::ledger::book::{Book, Verdict};
use rialto::ledger::digest::digest;
use rialto::ledger::entry::{Entry, Event, Receipt, Status, Telling};
use rialto::ledger::rows::Place;

use super::support::{letter, service};

/// The instant at which the tests' events are seen.
pub const SEEN: Moment = Moment(1_780_000_000_000_000);

/// A book that is written by hand, and its journal, group by group.
pub struct Scribe {
    pub book: Book,
    /// The groups that are closed, not yet sealed.
    pub groups: Vec<Vec<u8>>,
    /// The book's digest before the first group, and after each.
    pub digests: Vec<Hash>,
    position: u64,
    group: Vec<u8>,
}

impl Scribe {
    /// Goes on where a journal ends.
    pub fn at(book: Book, position: u64) -> Scribe {
        let digests = vec![digest(&book)];
        Scribe { book, groups: Vec::new(), digests, position, group: frame::start() }
    }

    /// Decides about an event as the bookkeeper does, and writes it down.
    pub fn post(&mut self, mut event: Event<'_>) -> Receipt {
        match self.book.admit(&event, self.place()).expect("a book with room") {
            Verdict::New => {}
            Verdict::Upgrade(first) => {
                event.occurred_at = self.book.fact(first).occurred_at;
                event.is_upgrade = true;
            }
            Verdict::Repeat(first) => return self.book.repeated(first, Status::Duplicate),
            Verdict::Conflict { first, is_noted } => {
                if !is_noted {
                    self.name_all(&event);
                    let place = self.write(&Entry::Conflict(event.clone()));
                    self.book.note_conflict(&event, place);
                }
                return self.book.repeated(first, Status::Conflict);
            }
        }
        self.name_all(&event);
        let place = self.write(&Entry::Event(event.clone()));
        self.book.post(&event, place)
    }

    /// Takes a row in, if it is news.
    pub fn describe(&mut self, row: Row) {
        if let Some(row) = self.book.directory().news(row) {
            let names = match row {
                Row::Citizen(citizen) => [Some(citizen.id), None, None],
                Row::Building(building) => [Some(building.id), building.kind, building.run_by],
            };
            names.into_iter().flatten().for_each(|name| self.name(name));
            self.write(&Entry::Row(row, SEEN));
            self.book.describe(row);
        }
    }

    /// Obeys an order, where that can be done, and writes it down.
    pub fn obey(&mut self, what: What) -> bool {
        let order = Order { by: "operator".into(), why: "tried, \"once\"".into(), what };
        if self.book.admit_order(&order, SEEN).is_err() {
            return false;
        }
        Book::names_of(&order).into_iter().for_each(|name| self.name(name));
        let place = self.write(&Entry::Order(order.clone(), SEEN));
        self.book.obey(&order, SEEN, place);
        true
    }

    /// The record at a place of a group that is closed.
    pub fn record(&self, place: Place) -> Entry<'static> {
        let group = positions(&self.groups).partition_point(|begin| *begin <= place.0) - 1;
        let offset = place.0 - positions(&self.groups)[group];
        let (_, content) = record::split(&self.groups[group][offset as usize..]).expect("a record");
        record::decode(content, |number| self.book.roll().name(number)).expect("an entry")
    }

    /// Ends the open group, which may be empty.
    pub fn close(&mut self) {
        let group = std::mem::replace(&mut self.group, frame::start());
        self.position += group.len() as u64;
        self.groups.push(group);
        self.digests.push(digest(&self.book));
    }

    fn name_all(&mut self, event: &Event<'_>) {
        record::names(event).into_iter().flatten().for_each(|name| self.name(name));
    }

    fn name(&mut self, name: Name) {
        if self.book.roll().number(name).is_none() {
            self.book.enrol(name);
            self.write(&Entry::Name(name));
        }
    }

    fn write(&mut self, entry: &Entry<'_>) -> Place {
        let place = self.place();
        record::encode(entry, self.book.roll(), &mut self.group);
        place
    }

    fn place(&self) -> Place {
        Place(self.position + self.group.len() as u64)
    }
}

/// Read once: it prices every event of every world.
static BUILT_IN: LazyLock<Tariff> = LazyLock::new(rialto::tariffs::built_in);

/// The event of an activity that the built-in tariff prices.
pub fn event(activity: &Activity) -> Event<'_> {
    let ruling = match activity.feed {
        Feed::Activity => Ruling::NotAMessage,
        Feed::Message => activity.receiver.ruling(|_| None),
    };
    Event {
        key: activity.key(),
        content: activity.content(),
        draft: BUILT_IN.draft(&Occasion {
            activity,
            business: activity.business,
            business_kind: None,
            ruling,
            at: activity.happened(SEEN),
            calendar: &Calendar::new(chrono_tz::UTC),
        }),
        used: None,
        adjustment: None,
        is_disputed: false,
        stage: Stage::Shadow,
        occurred_at: activity.occurred.at.unwrap_or(SEEN),
        recorded_at: SEEN,
        is_upgrade: false,
        activity: Telling::Lent(activity),
    }
}

/// A short story in six groups: services and letters, rows, a failure and its upgrade, a conflict and
/// a repeat; and the mark of a stop in good order.
pub fn story() -> Scribe {
    let mut scribe = Scribe::at(Book::default(), 0);
    let post = |scribe: &mut Scribe, activity: &Activity| scribe.post(event(activity));
    let mut failed = service("recB", "Lucid", 30);
    failed.outcome = Outcome::Failed;
    post(&mut scribe, &service("recA", "Lucid", 60));
    post(&mut scribe, &failed);
    scribe.close();
    scribe.describe(Row::Citizen(Citizen { id: name("Lucid"), is_ai: Some(true) }));
    scribe.describe(Row::Building(Building {
        id: name("building_1"),
        kind: Name::new("bakery"),
        is_business: Some(true),
        run_by: Name::new("Lucid"),
    }));
    scribe.close();
    post(&mut scribe, &letter("recM", "coffee"));
    post(&mut scribe, &service("recB", "Lucid", 30));
    scribe.close();
    let mut other = service("recA", "Lucid", 90);
    other.expertise = Stated::Is("1.2".parse().expect("a figure"));
    post(&mut scribe, &other);
    post(&mut scribe, &service("recA", "Lucid", 60));
    scribe.close();
    let mut dear = service("recC", "coffee", 10_080);
    (dear.business, dear.client) = (Name::new("building_1"), Name::new("client_1"));
    post(&mut scribe, &dear);
    scribe.close();
    scribe.close();
    scribe
}

/// The name of this text.
pub fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// Where each group of a journal begins, and where the last one ends.
pub fn positions(groups: &[Vec<u8>]) -> Vec<u64> {
    let mut position = 0;
    let mut positions = vec![0];
    for group in groups {
        position += group.len() as u64;
        positions.push(position);
    }
    positions
}

/// Lays groups down in segments of `per_segment`, as if nothing past `synced` had ever been synced.
pub fn lay(data: &DataFolder, groups: &[Vec<u8>], per_segment: usize, synced: u64) {
    for number in segment::numbers(&data.journal()).expect("a folder") {
        fs::remove_file(segment::path(&data.journal(), number)).expect("a file that is there");
    }
    if groups.is_empty() {
        segment::begin(&data.journal(), data.id()).expect("room");
    }
    let positions = positions(groups);
    for (place, chunk) in groups.chunks(per_segment).enumerate() {
        let base = positions[place * per_segment];
        let path = file(data, place + 1);
        let header = File::create(&path).expect("a new file");
        segment::write_header(&header, place as u32 + 1, base, base.min(synced), data.id()).expect("room");
        let mut bytes = fs::read(&path).expect("a header");
        for (inside, group) in chunk.iter().enumerate() {
            bytes.extend(sealed(data, group, positions[place * per_segment + inside], synced));
        }
        fs::write(path, bytes).expect("room");
    }
}

/// A group as it stands on the disk.
pub fn sealed(data: &DataFolder, group: &[u8], position: u64, synced: u64) -> Vec<u8> {
    let mut group = group.to_vec();
    frame::seal(&mut group, position, position.min(synced), Salt::of(data.id()));
    group
}

/// The file of a segment.
pub fn file(data: &DataFolder, number: usize) -> PathBuf {
    segment::path(&data.journal(), number as u32)
}

/// Copies a data folder, as a backup would.
pub fn copy(from: &Path, to: &Path) {
    for inside in ["", "journal", "images"] {
        fs::create_dir_all(to.join(inside)).expect("a new folder");
        for entry in fs::read_dir(from.join(inside)).expect("a folder") {
            let entry = entry.expect("a file");
            if entry.file_type().expect("a type").is_file() && entry.file_name() != "LOCK" {
                fs::copy(entry.path(), to.join(inside).join(entry.file_name())).expect("room");
            }
        }
    }
}
