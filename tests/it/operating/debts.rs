//! Who owes what, looked at from its edges: the same from an image, never more than in all, and never stuck.

use rialto::billing::books::Books;
use rialto::billing::plan::{Plan, plan};
use rialto::billing::policy::Policy;
use rialto::clock::Clock;
use rialto::disk::{Files, Shelf};
use rialto::domain::activity::Outcome;
use rialto::domain::calendar::{Calendar, Day};
use rialto::domain::charge::{Hold, Stage};
use rialto::domain::ids::{EventKey, Feed, TransactionId};
use rialto::domain::money::{Currency, Money};
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, Reverse, What};
use rialto::domain::payers::Payer;
use rialto::domain::rollout::{Phase, Subject};
use rialto::domain::tariff::{RuleId, TariffVersion};
use rialto::ledger::accounts::{Balances, Kind};
use rialto::ledger::bills::Bills;
use rialto::ledger::book::Book;
use rialto::ledger::chunks::Chunks;
use rialto::ledger::digest::digest;
use rialto::ledger::entry::Entry;
use rialto::ledger::guards::Limits;
use rialto::ledger::payers::Payers;
use rialto::ledger::receivables::Receivables;
use rialto::ledger::roll::NameNo;
use rialto::ledger::rows::{ChargeRow, Fact, FactNo, FactRow, Marks, Place, Sort};
use rialto::snapshot::{self, Image};

use super::{NOON, at, happened, order, payer, start, stop_and_verify, take_back, to};
use crate::house::House;
use crate::scribe::{self, SEEN, Scribe};
use crate::support::service;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn owed(plan: &Plan, id: &str) -> i128 {
    let invoices: i128 = (plan.invoices.iter().filter(|invoice| invoice.payer.id == name(id)))
        .flat_map(|invoice| invoice.lines.iter().map(|line| line.exact.0))
        .sum();
    let waiting: i128 =
        plan.waiting.iter().filter(|waiting| waiting.payer.id == name(id)).map(|waiting| waiting.owed.0).sum();
    invoices + waiting
}

#[tokio::test]
async fn who_owes_nothing_is_invoiced_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    rialto.record(happened(service("recFirst", "Lucid", 60), NOON)).await.unwrap();
    payer(&rialto, "client").await;
    order(&rialto, to(Subject::All, Phase::Live)).await.unwrap();
    clock.advance_to(at(1));
    let batch = (0..260).map(|number| {
        let mut activity = happened(service(&format!("rec{number}"), &format!("citizen_{number}"), 60), at(1));
        activity.client = Name::new("client");
        activity
    });
    rialto.record_batch(batch.collect()).await.unwrap();
    clock.advance_to(at(25));
    for number in 0..260 {
        take_back(&rialto, TransactionId(number + 2)).await;
    }
    let planned = rialto.bill_plan().await.unwrap().plan;
    let invoiced: i64 = planned.invoices.iter().map(|invoice| invoice.total).sum();
    let all = owed(&planned, "client");
    stop_and_verify(rialto, folder.path()).await;
    assert_eq!((all, invoiced), (0, 0));
}

#[tokio::test]
async fn plans_are_made_one_after_another_and_whoever_gives_up_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    payer(&rialto, "client").await;
    for _ in 0..20 {
        let given_up = tokio::time::timeout(std::time::Duration::from_micros(50), rialto.bill_plan());
        let (_, one, another) = tokio::join!(given_up, rialto.bill_plan(), rialto.bill_plan());
        assert_eq!(one.unwrap().plan, another.unwrap().plan);
    }
    stop_and_verify(rialto, folder.path()).await;
}

#[test]
fn an_old_journal_and_an_old_image_owe_the_same() {
    let activity = service("recA", "Ada", 60);
    let mut event = scribe::event(&activity);
    event.stage = Stage::Live;
    let mut scribe = Scribe::at(Book::default(), 0);
    scribe.post(event);
    let mut book = scribe.book;
    // Version 2 wrote a payer like this, whenever he was added.
    book.replay(&Entry::Payer(name("Ada"), None, SEEN), Place(1000)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let aside = snapshot::write(&Shelf::from(folder.path()), [1; 16], &Image::take(&book, 2000), || ()).unwrap();
    let (image, _) = snapshot::load(
        &Files,
        &snapshot::commit(&Shelf::from(folder.path()), [1; 16], &aside, (2000, 2000), || ()).unwrap().unwrap(),
        [1; 16],
    )
    .unwrap();
    assert_eq!(digest(&image), digest(&book));
    let nobodys = |book: &Book| book.receivables().nobodys(Currency::EUR);
    let accounts = |book: &Book| Balances::of(book).of_kind(Kind::NoPayer, Currency::EUR);
    assert_eq!(
        [nobodys(&book), accounts(&book)],
        [nobodys(&image), accounts(&image)],
        "kept and on the accounts; by the journal, and by the image"
    );
}

#[test]
fn the_digest_tells_whose_terms_are_whose() {
    let told = |ada: Payer, bepi: Payer| {
        let mut book = Book::default();
        for payer in [ada, bepi] {
            let order = Order { by: "".into(), why: "".into(), what: What::List(payer) };
            book.admit_order(&order, SEEN).unwrap();
            book.obey(&order, SEEN, Place(0));
        }
        digest(&book)
    };
    let plain = |id: &str| Payer::new(name(id));
    let dollar = |id: &str| Payer { currency: Currency::parse("USD").unwrap(), ..plain(id) };
    assert_ne!(told(dollar("Ada"), plain("Bepi")), told(plain("Ada"), dollar("Bepi")));
}

/// A plan for one payer from amounts in millionths, each by a rule, all on day 739_000.
fn planned(amounts: &[(u16, i64)], age: i32) -> (Plan, i128) {
    let amounts: Vec<(u16, i64, i64)> = amounts.iter().map(|(rule, amount)| (*rule, *amount, 0)).collect();
    planned_on(&amounts, age)
}

fn planned_on(amounts: &[(u16, i64, i64)], age: i32) -> (Plan, i128) {
    let (mut charges, mut facts) = (Chunks::default(), Chunks::default());
    let (mut receivables, mut payers) = (Receivables::default(), Payers::default());
    let who = NameNo(0);
    let terms = Payer { customer: Name::new("cus_1"), ..Payer::new(name("client")) };
    payers.list(who, terms, 0);
    let mut sum = 0;
    for (number, (rule, amount, days)) in (0..).zip(amounts) {
        facts.push(FactRow::new(Fact {
            key: EventKey([0; 16]),
            content: 0,
            occurred_at: at(24 * days),
            place: Place(0),
            feed: Feed::Activity,
            outcome: Outcome::Processed,
            is_charged: true,
            is_upgrade: false,
            is_order: false,
            is_undecided: false,
        }));
        let charge = ChargeRow {
            amount: Money::from_millionths(*amount),
            fact: FactNo(number),
            citizen: NameNo(1),
            business: NameNo::NONE,
            client: who,
            rule: RuleId(*rule),
            tariff: TariffVersion(1),
            currency: Currency::EUR,
            marks: Marks::new(Stage::Live, Sort::Charge, false),
        };
        charges.push(charge);
        receivables.post(number, &charge, payers.of(number, &charge));
        sum += i128::from(*amount);
    }
    let mut calendar = Calendar::new(chrono_tz::UTC);
    let today = Day(calendar.day(NOON).0 + age);
    let books = Books {
        charges: &charges,
        facts: &facts,
        closings: &[],
        links: &Chunks::default(),
        receivables: &receivables,
        payers: &payers,
        bills: &Bills::default(),
    };
    (plan(&books, &Policy::default(), &mut calendar, today), sum)
}

#[test]
fn what_is_due_is_not_kept_from_an_invoice_by_many_small_lines_before_it() {
    let mut amounts: Vec<(u16, i64)> = (0..250).map(|rule| (rule, 1000)).collect();
    amounts.push((250, 500_000_000));
    let (plan, _) = planned(&amounts, 400);
    assert!(!plan.invoices.is_empty(), "{:?}", plan.waiting);
}

#[test]
fn what_an_invoice_carries_is_not_owed_twice() {
    let mut amounts: Vec<(u16, i64)> = (0..250).map(|rule| (rule, 41_666_667)).collect();
    amounts.push((250, 100_000));
    let (plan, sum) = planned(&amounts, 0);
    assert_eq!((plan.invoices.len(), plan.waiting.len()), (1, 1));
    assert_eq!(owed(&plan, "client"), sum);
}

pub(super) fn image_of(book: &Book, position: u64) -> Book {
    let folder = tempfile::tempdir().unwrap();
    let aside = snapshot::write(&Shelf::from(folder.path()), [1; 16], &Image::take(book, position), || ()).unwrap();
    let path =
        snapshot::commit(&Shelf::from(folder.path()), [1; 16], &aside, (position, position), || ()).unwrap().unwrap();
    snapshot::load(&Files, &path, [1; 16]).unwrap().0
}

#[test]
fn any_story_of_lists_holds_and_reversals_owes_the_same_from_an_image() {
    let mut seed = 7_u64;
    let mut dice = |sides: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    for story in 0..12 {
        let mut scribe = Scribe::at(Book::default(), 0);
        let who = ["Ada", "Bepi", "bakery", "client"];
        for step in 0..120_u64 {
            let obey = |book: &mut Book, what: What| {
                let order = Order { by: "".into(), why: "".into(), what };
                if book.admit_order(&order, SEEN).is_ok() {
                    Book::names_of(&order).into_iter().for_each(|name| book.enrol(name));
                    book.obey(&order, SEEN, Place(step));
                }
            };
            let charges = scribe.book.charges().len() as u64;
            match dice(10) {
                0 => obey(&mut scribe.book, What::List(Payer::new(name(who[dice(4) as usize])))),
                1 => obey(&mut scribe.book, What::Strike(name(who[dice(4) as usize]))),
                2 | 3 => obey(&mut scribe.book, What::Release(TransactionId(1 + dice(charges + 1)))),
                4 => obey(
                    &mut scribe.book,
                    What::Reverse(Reverse { transaction: TransactionId(1 + dice(charges + 1)), used: None }),
                ),
                5 => obey(&mut scribe.book, What::ReleaseAll(name(who[dice(4) as usize]))),
                _ => {
                    let mut activity = service(&format!("rec{story}_{step}"), who[dice(2) as usize], 60);
                    activity.business = (dice(2) == 0).then(|| name("bakery"));
                    activity.client = (dice(3) == 0).then(|| name("client"));
                    let mut event = scribe::event(&activity);
                    event.stage = if dice(8) == 0 { Stage::Shadow } else { Stage::Live };
                    event.draft.hold = (dice(3) == 0).then_some(Hold::Client);
                    scribe.post(event);
                }
            }
            if step % 10 == 9 {
                let book = &scribe.book;
                let image = image_of(book, 1 + step);
                assert_eq!(digest(book), digest(&image));
                assert!(book.receivables() == image.receivables(), "{story} {step}");
                for (account, balance) in Balances::of(book).sorted() {
                    let kept = match account.kind {
                        Kind::Unbilled => book.receivables().of(account.owner, account.currency).map(|open| open.sum.0),
                        Kind::NoPayer => Some(book.receivables().nobodys(account.currency).0),
                        _ => continue,
                    };
                    assert_eq!(kept, Some(balance), "{account:?}");
                }
            }
        }
    }
}

#[test]
fn who_is_put_back_on_the_list_has_his_terms() {
    let house = House::open();
    house.done(&["payer", "add", "Ada", "--customer", "cus_1", "--tax", "automatic", "--minimum", "25"]);
    house.done(&["payer", "remove", "Ada"]);
    house.done(&["payer", "add", "Ada"]);
    let payers = house.run(&["payer", "list", "--json"]).json()["payers"].clone();
    assert_eq!(payers[0]["tax"], "automatic", "{payers}");
}

#[test]
fn what_was_settled_long_ago_makes_nothing_new_old() {
    // Charged and taken back in the beginning; after a year, half a euro.
    let (plan, _) = planned_on(&[(1, 50_000_000, 0), (1, -50_000_000, 0), (1, 500_000, 400)], 400);
    assert!(plan.invoices.is_empty(), "{:?}", plan.invoices);
}
