//! Events: a body is split, each of its texts is read or refused with a sentence, and what was read is priced, written
//! down, and read back as it was.

use chrono_tz::Europe::Rome;
use rialto::domain::activity::Activity;
use rialto::domain::calendar::Calendar;
use rialto::domain::charge::Stage;
use rialto::domain::external::Ruling;
use rialto::domain::ids::Feed;
use rialto::domain::tariff::Tariff;
use rialto::domain::tariff::when::Occasion;
use rialto::domain::time::Moment;
use rialto::journal::record;
use rialto::ledger::book::{Book, Verdict};
use rialto::ledger::entry::{Entry, Event, Telling};
use rialto::ledger::rows::Place;
use rialto::reading::{Format, Reader, Refusal};
use std::sync::LazyLock;

static TARIFF: LazyLock<Tariff> = LazyLock::new(rialto::tariffs::built_in);
const SEEN: Moment = Moment(1_780_000_000_000_000);

/// A body of events.
pub fn read(body: &[u8]) {
    let reader = Reader::new(Rome);
    for format in [Format::Json, Format::Lines] {
        let texts = match reader.split(body, format) {
            Ok(texts) => texts,
            Err(unreadable) => {
                assert!(!unreadable.to_string().is_empty());
                continue;
            }
        };
        let mut book = Book::default();
        for text in texts {
            match text {
                Ok(text) => {
                    take(&mut book, reader.activity(text));
                    take(&mut book, reader.message(text));
                }
                Err(refusal) => refused(&refusal),
            }
        }
    }
}

fn take(book: &mut Book, read: Result<Activity, Refusal>) {
    match read {
        Ok(activity) => post(book, &activity),
        Err(refusal) => refused(&refusal),
    }
}

fn refused(refusal: &Refusal) {
    assert!(!refusal.message.is_empty() && refusal.message.len() < 2000, "{refusal:?}");
}

/// Posts it as the bookkeeper does.
fn post(book: &mut Book, activity: &Activity) {
    let ruling = match activity.feed {
        Feed::Activity => Ruling::NotAMessage,
        Feed::Message => activity.receiver.ruling(|_| None),
    };
    let occasion = Occasion {
        activity,
        business: activity.business,
        business_kind: None,
        ruling,
        at: activity.happened(SEEN),
        calendar: &Calendar::new(Rome),
    };
    let mut event = Event {
        key: activity.key(),
        content: activity.content(),
        draft: TARIFF.draft(&occasion),
        used: None,
        adjustment: None,
        is_disputed: false,
        stage: Stage::Shadow,
        occurred_at: activity.happened(SEEN),
        recorded_at: SEEN,
        is_upgrade: false,
        activity: Telling::Lent(activity),
    };
    let place = Place(book.facts().len() as u64);
    match book.admit(&event, place) {
        Ok(Verdict::New) => {}
        Ok(Verdict::Upgrade(first)) => {
            event.occurred_at = book.fact(first).occurred_at;
            event.is_upgrade = true;
        }
        Ok(Verdict::Repeat(_) | Verdict::Conflict { .. }) | Err(_) => return,
    }
    for name in record::names(&event).into_iter().flatten() {
        if book.roll().number(name).is_none() {
            book.enrol(name);
        }
    }
    let mut written = Vec::new();
    record::encode_event(&event, book.roll(), &mut written);
    let (length, content) = record::split(&written).expect("a record");
    assert_eq!(length, written.len());
    let Ok(Entry::Event(back)) = record::decode(content, |number| book.roll().name(number)) else {
        panic!("it cannot be read back: {activity:?}");
    };
    // The receiver's own words are asked for once, and not kept.
    let kept = Activity { address: None, ..activity.clone() };
    assert_eq!((&*back.activity, back.key, back.content), (&kept, event.key, event.content));
    assert_eq!(back.draft, event.draft);
    book.post(&event, place);
}
