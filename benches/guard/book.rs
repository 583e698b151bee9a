//! Admission: the book decides about an event, and takes it, as the bookkeeper has it do.

use rialto::domain::activity::{Activity, Stated};
use rialto::journal::record;
use rialto::ledger::book::{Book, Verdict};
use rialto::ledger::entry::{Event, Status};
use rialto::ledger::rows::Place;
use rust_decimal::Decimal;

use crate::count::counted;
use crate::inputs;

/// New events of the mix.
pub fn new_mix() -> usize {
    new(&inputs::mix())
}

/// New services.
pub fn new_services() -> usize {
    new(&inputs::services())
}

fn new(activities: &[Activity]) -> usize {
    let events = inputs::events(activities);
    let mut book = with_names(&events);
    let mut taken = 0;
    counted(&mut || taken = take(&mut book, &events, &[Status::Recorded, Status::Priced]));
    taken
}

/// Events that are known already.
pub fn repeats() -> usize {
    let activities = inputs::mix();
    let events = inputs::events(&activities);
    let mut book = with_names(&events);
    take(&mut book, &events, &[Status::Recorded, Status::Priced]);
    let mut repeated = 0;
    counted(&mut || repeated = take(&mut book, &events, &[Status::Duplicate]));
    repeated
}

/// Events that contradict what is known.
pub fn conflicts() -> usize {
    let activities = inputs::mix();
    let events = inputs::events(&activities);
    let mut book = with_names(&events);
    take(&mut book, &events, &[Status::Recorded, Status::Priced]);
    let change = |activity| Activity { minutes: Stated::Is(Decimal::from(7)), ..activity };
    let changed: Vec<Activity> = activities.iter().cloned().map(change).collect();
    let changed = inputs::events(&changed);
    let mut contradicted = 0;
    counted(&mut || contradicted = take(&mut book, &changed, &[Status::Conflict]));
    contradicted
}

/// A book that knows the names of these events and nothing else.
pub fn with_names(events: &[Event<'_>]) -> Book {
    let mut book = Book::default();
    events.iter().flat_map(record::names).flatten().for_each(|name| book.enrol(name));
    book
}

/// Takes events, and returns how many there were.
///
/// # Panics
/// Where one of them has another fate: then it is not counted what was meant to be.
pub fn take(book: &mut Book, events: &[Event<'_>], fates: &[Status]) -> usize {
    for (number, event) in events.iter().enumerate() {
        // Any place will do that no other event has.
        let place = Place(100 * (book.facts().len() + number) as u64);
        let status = settle(book, event, place);
        assert!(fates.contains(&status), "event {number} became {status:?}, and not one of {fates:?}");
    }
    events.len()
}

/// What the bookkeeper does with the verdict, less the writing.
fn settle(book: &mut Book, event: &Event<'_>, place: Place) -> Status {
    let receipt = match book.admit(event, place) {
        Ok(Verdict::New | Verdict::Upgrade(_)) => book.post(event, place),
        Ok(Verdict::Repeat(first)) => book.repeated(first, Status::Duplicate),
        Ok(Verdict::Conflict { first, is_noted }) => {
            if !is_noted {
                book.note_conflict(event, place);
            }
            book.repeated(first, Status::Conflict)
        }
        Err(_full) => return Status::Rejected,
    };
    receipt.status
}
