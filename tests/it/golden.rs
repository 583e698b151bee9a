//! The golden folders: what any version ever wrote, this one reads, and finds the same book in it.

mod bank;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rialto::actors::gate::Gate;
use rialto::billing::policy::{Negative, Policy};
use rialto::clock::Clock;
use rialto::disk::Shelf;
use rialto::domain::activity::{Activity, Basis, Body, Occurred, Outcome, Stated};
use rialto::domain::bills::BillNo;
use rialto::domain::calendar::{Calendar, Day};
use rialto::domain::external::Receiver;
use rialto::domain::ids::TransactionId;
use rialto::domain::money::Money;
use rialto::domain::orders::{Order, What};
use rialto::domain::payers::{Collection, Payer, Tax};
use rialto::domain::rollout::{Move, Phase, Subject};
use rialto::domain::rows::{Building, Citizen, Row};
use rialto::domain::time::Moment;
use rialto::folder::DataFolder;
use rialto::journal::recovery;
use rialto::ledger::book::Book;
use rialto::ledger::digest::digest;
use rialto::ledger::guards::Limits;
use rialto::ledger::totals::Totals;
use rialto::snapshot;
use rialto::tariffs;
use rialto::wiring::{Rialto, Settings, recover};

use super::scribe::{SEEN, copy, name};
use super::support::{letter, service};
use bank::Bank;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/golden")
}

/// What a golden folder's `DIGEST` says of its book.
fn described(book: &Book) -> String {
    let mut totals = Totals::new(Calendar::new(chrono_tz::Europe::Rome));
    totals.advance(book, usize::MAX, Moment::NEWEST);
    let mut text = format!("digest {}\n", digest(book));
    let counts = [book.facts().len(), book.charges().len(), book.conflicts().len(), book.roll().names().len()];
    let [facts, charges, conflicts, names] = counts;
    writeln!(text, "facts {facts} charges {charges} conflicts {conflicts} names {names}").unwrap();
    for sums in totals.currencies() {
        let [shadow, live] = sums.all_time();
        writeln!(text, "{} shadow {shadow} live {live}", sums.currency).unwrap();
    }
    text
}

fn read(folder: &Path) -> (String, recover::Opened) {
    let data = DataFolder::open(folder).unwrap();
    let (book, _, opened) = recover::read(&data, Limits::OFF).unwrap();
    (described(&book), opened)
}

#[tokio::test]
async fn every_golden_folder_loads_and_holds_the_book_that_it_held() {
    if let Some(version) = std::env::var_os("RIALTO_WRITE_GOLDEN") {
        write(&golden().join(version)).await;
    }
    let mut loaded = 0;
    for version in fs::read_dir(golden()).unwrap() {
        let version = version.unwrap().path();
        let expected = fs::read_to_string(version.join("DIGEST")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        copy(&version, folder.path());
        let (found, opened) = read(folder.path());
        assert_eq!(found, expected, "{}", version.display());
        assert!(opened.snapshot.is_some_and(|position| position < opened.end), "its snapshot is used, and its journal");
        assert_eq!((opened.passed_over, opened.cut), (Vec::new(), None));
        for image in fs::read_dir(folder.path().join("images")).unwrap() {
            fs::remove_file(image.unwrap().path()).unwrap();
        }
        assert_eq!(read(folder.path()).0, expected, "{}, by its journal alone", version.display());
        let rialto = Rialto::start(Settings::new(folder.path())).unwrap();
        rialto.record(service("recNew", "Lucid", 60)).await.unwrap();
        rialto.stop().await.unwrap();
        loaded += 1;
    }
    assert!(0 < loaded);
}

/// Writes a golden folder of the formats of today, which must not be there yet.
async fn write(version: &Path) {
    fs::create_dir_all(golden()).unwrap();
    fs::create_dir(version).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(SEEN);
    let gate = Gate { events: 0, hours: 0 };
    let limits = Limits { park_after: 1, pair_an_hour: 2, ..Limits::default() };
    let bank = Bank::open(clock.clone()).await;
    let policy = Policy { negative: Negative::CreditNote, ..Policy::default() };
    let settings = || Settings {
        clock: clock.clone(),
        gate,
        limits,
        policy: policy.clone(),
        collecting: Some(bank.collecting()),
        ..Settings::new(folder.path())
    };
    let rialto = Rialto::start(settings()).unwrap();
    rialto.describe(rows()).await.unwrap();
    for payer in payers() {
        let what = What::List(payer);
        rialto.order(Order { by: "operator".into(), why: "golden".into(), what }).await.unwrap();
    }
    rialto.record_batch(events()).await.unwrap();
    clock.advance_to(Moment(SEEN.0 + 3_600_000_000));
    for what in orders() {
        rialto.order(Order { by: "operator".into(), why: "golden".into(), what }).await.unwrap();
    }
    rialto.record_batch(counted_events("first", clock.now())).await.unwrap();
    let list = What::List(bank.payer());
    rialto.order(Order { by: "operator".into(), why: "golden".into(), what: list }).await.unwrap();
    bank.bill(&rialto, "recBilled1", 1).await;
    bank.bill(&rialto, "recBilled2", 2).await;
    let cancel = What::Cancel(BillNo(2));
    rialto.order(Order { by: "operator".into(), why: "golden".into(), what: cancel }).await.unwrap();
    bank.walked(&rialto).await;
    rialto.stop().await.unwrap();
    let first = snapshot::positions(&Shelf::from(&*folder.path().join("images"))).unwrap();
    clock.advance_to(Moment(SEEN.0 + 86_400_000_000));
    let rialto = Rialto::start(settings()).unwrap();
    rialto.record_batch(later_events()).await.unwrap();
    rialto.record_batch(counted_events("later", clock.now())).await.unwrap();
    for what in later_orders(&rialto).await {
        rialto.order(Order { by: "operator".into(), why: "golden".into(), what }).await.unwrap();
    }
    bank.later(&rialto).await;
    rialto.stop().await.unwrap();
    {
        let data = DataFolder::open(folder.path()).unwrap();
        let (_, mut found, _) = recover::read(&data, Limits::OFF).unwrap();
        recovery::settle(&data.journal(), &mut found).unwrap();
        for position in snapshot::positions(&data.images()).unwrap() {
            if !first.contains(&position) {
                fs::remove_file(snapshot::path(&data.images(), position)).unwrap();
            }
        }
    }
    fs::write(folder.path().join("DIGEST"), read(folder.path()).0).unwrap();
    copy(folder.path(), version);
}

fn rows() -> Vec<Row> {
    let building = |id: &str, kind: &str, is_business| {
        let run_by = Some(name("The-Old-Boy"));
        Row::Building(Building { id: name(id), kind: Some(name(kind)), is_business, run_by })
    };
    vec![
        Row::Citizen(Citizen { id: name("Lucid"), is_ai: Some(false) }),
        Row::Citizen(Citizen { id: name("The-Old-Boy"), is_ai: Some(true) }),
        Row::Citizen(Citizen { id: name("Nobody"), is_ai: None }),
        building("building_45.4371_12.3326", "bakery", Some(true)),
        building("building_45.4399_12.3311", "canal_house", Some(false)),
    ]
}

/// Payers on all sorts of terms.
fn payers() -> [Payer; 3] {
    let mut rates = [None; Tax::RATES_MAX];
    (rates[0], rates[1]) = (Some(name("txr_1")), Some(name("txr_2")));
    [
        Payer { customer: Some(name("cus_1")), ..Payer::new(name("Nobody")) },
        Payer { collection: Collection::Charge, tax: Tax::Automatic, ..Payer::new(name("Zanetta")) },
        Payer { minimum: Some(Money::from_millionths(5)), tax: Tax::Rates(rates), ..Payer::new(name("Bepi")) },
    ]
}

/// An event with everything that an event can have.
fn full(id: &str) -> Activity {
    let mut activity = service(id, "The-Old-Boy", 90);
    activity.second_id = Some("activity_paid_service_1".into());
    activity.occurred = Occurred {
        at: Some(Moment(SEEN.0 - 3_600_000_000)),
        basis: Basis::Naive,
        text: Some("2026-05-28 21:26:40".into()),
    };
    activity.business = Some(name("building_45.4371_12.3326"));
    activity.from_building = Some(name("building_45.4399_12.3311"));
    activity.to_building = Some(name("building_45.4371_12.3326"));
    activity.client = Some(name("Nobody"));
    activity.service = Some(name("advice"));
    activity.expertise = Stated::Is("1.25".parse().unwrap());
    activity.declared = Stated::Unreadable(7);
    activity
}

fn events() -> Vec<Activity> {
    let mut failed = service("recFailed", "Lucid", 30);
    failed.outcome = Outcome::Failed;
    let mut inside = letter("recInside", "Lucid");
    inside.receiver = Receiver::new(Some("The-Old-Boy"), inside.citizen, None, Some("letters"));
    inside.body = Some(Body::of("Buongiorno"));
    inside.channel = 9;
    vec![full("recFull"), failed, inside, letter("recLetter", "The-Old-Boy"), service("recA", "Lucid", 60)]
}

/// Orders of every kind that can be given before anything is held.
fn orders() -> Vec<What> {
    let to = |subject, to| What::Move(Move { subject, to });
    let (bakery, nobody) = (name("building_45.4371_12.3326"), name("Nobody"));
    let text = "version = 2\neffective = 2026-05-30T00:00:00Z\ncurrency = \"EUR\"\n\
        [[external]]\nname = \"friends\"\nreceiver = \"friend_*\"\nexternal = false\n\
        [[rule]]\nname = \"letters\"\nexternal = true\n\
        price = { volume = [{ up_to = 2, amount = 1 }, { amount = 0.50 }], free = 1 }\n\
        [[rule]]\nname = \"paid_service\"\ntype = \"paid_service\"\n\
        price = { amount = 50, per = \"hour\", times = \"expertise\" }\n";
    let tariff = tariffs::read(text, chrono_tz::UTC).tariff.unwrap().from_then_on(Moment(SEEN.0 + 3_600_000_000));
    vec![
        What::Tariff(Arc::new(tariff)),
        What::Accept(0),
        to(Subject::All, Some(Phase::Live)),
        to(Subject::Business(bakery), Some(Phase::Paused)),
        to(Subject::Citizen(nobody), Some(Phase::Shadow)),
        to(Subject::Citizen(nobody), None),
        What::Strike(name("Bepi")),
        What::List(Payer::new(name("Bepi"))),
        What::Strike(name("Zanetta")),
    ]
}

/// Letters by a tariff that counts; two citizens who write to each other without end; and what nobody decides.
fn counted_events(id: &str, at: Moment) -> Vec<Activity> {
    let at = |mut activity: Activity| {
        activity.occurred = Occurred::at(at);
        activity
    };
    let mut all: Vec<Activity> =
        (0..4).map(|number| at(letter(&format!("recOut{id}{number}"), "The-Old-Boy"))).collect();
    for number in 0..6 {
        let (from, to) = if number % 2 == 0 { ("Zanetta", "Bepi") } else { ("Bepi", "Zanetta") };
        let mut message = at(letter(&format!("recPair{id}{number}"), from));
        message.receiver = Receiver::new(Some(to), message.citizen, Some("external"), None);
        all.push(message);
    }
    let mut undecided = at(letter(&format!("recWho{id}"), "Lucid"));
    undecided.receiver = Receiver::new(Some("Somebody"), undecided.citizen, None, None);
    all.push(undecided);
    all
}

/// Orders about what was posted.
async fn later_orders(rialto: &Rialto) -> Vec<What> {
    let held = rialto.held(100).await.unwrap();
    let first = TransactionId(1);
    let month = Day::after_month("2026-04").unwrap();
    vec![
        What::Release(held[0].id),
        What::ReleaseAll(held[1].event.activity.citizen.unwrap()),
        rialto.reversal(first).await.unwrap().unwrap(),
        What::Close(month),
    ]
}

fn later_events() -> Vec<Activity> {
    vec![
        service("recFailed", "Lucid", 30),
        service("recA", "Lucid", 61),
        service("recA", "Lucid", 60),
        full("recFull2"),
        letter("recLetter2", "Zanetta"),
    ]
}
