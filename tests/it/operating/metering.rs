//! For whom it counts: what is priced together counts for whoever pays for it, whoever is named; and nobody's discount
//! is another's.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use rialto::clock::Clock;
use rialto::domain::activity::{Activity, Outcome, Stated};
use rialto::domain::calendar::Day;
use rialto::domain::charge::{Draft, Hold, Price, Stage};
use rialto::domain::ids::TransactionId;
use rialto::domain::money::{Currency, Money, Sum};
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, Reverse, What};
use rialto::domain::payers::Payer;
use rialto::domain::rollout::{Phase, Subject};
use rialto::domain::tariff::TariffVersion;
use rialto::ledger::book::Book;
use rialto::ledger::digest::digest;
use rialto::ledger::entry::Entry;
use rialto::ledger::guards::{Limit, Limits};
use rialto::ledger::meters::Capacity;
use rialto::ledger::rows::Place;
use rialto::wiring::Rialto;

use super::debts::image_of;
use super::{NOON, at, happened, order, payer, rules, start, stop_and_verify, take_back, to};
use crate::scribe::{self, SEEN, Scribe};
use crate::support::{letter, service};

/// Two hours cost ten each; with a third, all cost one.
const VOLUME: &str =
    "type = \"paid_service\"\nprice = { volume = [{ up_to = 2, amount = 10 }, { amount = 1 }], per = \"hour\" }";

/// A Rialto in which all is live, services have a volume price, and these pay.
async fn live(folder: &Path, clock: &Clock, limits: Limits, payers: &[&str]) -> Rialto {
    let rialto = start(folder, clock, limits);
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("advice", VOLUME)])).await.unwrap();
    rialto.record(happened(letter("first", "Zoe"), NOON)).await.unwrap();
    // Going live asks for somebody who is ready to pay.
    payer(&rialto, "Somebody").await;
    for id in payers {
        payer(&rialto, id).await;
    }
    order(&rialto, to(Subject::All, Phase::Live)).await.unwrap();
    clock.advance_to(at(1));
    rialto
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// An hour of a citizen's, at the bakery or not, for a client or for none.
fn advice(id: &str, citizen: &str, business: Option<&str>, client: Option<&str>) -> Activity {
    let mut activity = happened(service(id, citizen, 60), at(1));
    (activity.business, activity.client) = (business.map(name), client.map(name));
    activity
}

/// Nine hours: longer than anybody advises, so that it is held.
fn long(id: &str, citizen: &str, business: Option<&str>, client: Option<&str>) -> Activity {
    Activity { minutes: Stated::Is(540.into()), ..advice(id, citizen, business, client) }
}

async fn strike(rialto: &Rialto, id: &str) {
    order(rialto, What::Strike(name(id))).await.unwrap();
}

/// What everybody owes who owes anything, and what nobody is known to pay, in millionths.
async fn owed(rialto: &Rialto) -> (BTreeMap<&'static str, i128>, i128) {
    let plan = rialto.bill_plan().await.unwrap().plan;
    let mut owed = BTreeMap::new();
    for invoice in &plan.invoices {
        *owed.entry(invoice.payer.id.as_str()).or_default() +=
            invoice.lines.iter().map(|line| line.exact.0).sum::<i128>();
    }
    for waiting in &plan.waiting {
        *owed.entry(waiting.payer.id.as_str()).or_default() += waiting.owed.0;
    }
    owed.retain(|_, sum| *sum != 0);
    let nobodys = plan.nobodys.iter().find(|(currency, _)| *currency == Currency::EUR);
    (owed, nobodys.map_or(0, |(_, Sum(sum))| *sum))
}

/// The same in whole euros.
async fn euros(rialto: &Rialto) -> (Vec<(&'static str, i128)>, i128) {
    let euro = i128::from(Money::PER_UNIT);
    let (owed, nobodys) = owed(rialto).await;
    (owed.into_iter().map(|(id, sum)| (id, sum / euro)).collect(), nobodys / euro)
}

#[tokio::test]
async fn a_discount_is_his_who_paid_for_what_it_is_of_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(folder.path(), &clock, Limits::OFF, &["Ada", "Bob"]).await;
    // The bakery is on no list, so that each who works there pays for himself.
    for (id, citizen) in [("a1", "Ada"), ("a2", "Ada"), ("b1", "Bob")] {
        rialto.record(advice(id, citizen, Some("bakery"), None)).await.unwrap();
    }
    assert_eq!(euros(&rialto).await, (vec![("Ada", 20), ("Bob", 10)], 0));
    // What she does elsewhere is hers as well.
    rialto.record(advice("a3", "Ada", Some("dock"), None)).await.unwrap();
    assert_eq!(euros(&rialto).await, (vec![("Ada", 3), ("Bob", 10)], 0));
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn what_nobody_paid_counts_for_nobody_who_pays() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(folder.path(), &clock, Limits::OFF, &[]).await;
    for id in ["1", "2"] {
        rialto.record(advice(id, "Ada", Some("bakery"), None)).await.unwrap();
    }
    payer(&rialto, "bakery").await;
    rialto.record(advice("3", "Ada", Some("bakery"), None)).await.unwrap();
    assert_eq!(euros(&rialto).await, (vec![("bakery", 10)], 20));
    // While it is off the list, nothing counts for it; once it is back, it goes on where it was.
    strike(&rialto, "bakery").await;
    rialto.record(advice("4", "Ada", Some("bakery"), None)).await.unwrap();
    assert_eq!(euros(&rialto).await, (vec![("bakery", 10)], 3));
    payer(&rialto, "bakery").await;
    stop_and_verify(rialto, folder.path()).await;
    let rialto = start(folder.path(), &clock, Limits::OFF);
    for id in ["5", "6"] {
        rialto.record(advice(id, "Ada", Some("bakery"), None)).await.unwrap();
    }
    assert_eq!(euros(&rialto).await, (vec![("bakery", 3)], 3));
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn what_is_let_go_counts_for_who_pays_by_then_and_is_taken_back_from_his_count() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(folder.path(), &clock, Limits::OFF, &["Ada"]).await;
    let held = rialto.record(long("long", "Ada", Some("bakery"), None)).await.unwrap().charge.unwrap();
    assert_eq!(held.hold, Some(Hold::Minutes));
    for id in ["a1", "a2"] {
        rialto.record(advice(id, "Ada", Some("bakery"), None)).await.unwrap();
    }
    assert_eq!(euros(&rialto).await, (vec![("Ada", 20)], 0));
    payer(&rialto, "bakery").await;
    order(&rialto, What::Release(held.transaction)).await.unwrap();
    assert_eq!(euros(&rialto).await, (vec![("Ada", 20), ("bakery", 9)], 0));
    for id in ["b1", "b2"] {
        rialto.record(advice(id, "Bob", Some("bakery"), None)).await.unwrap();
    }
    assert_eq!(euros(&rialto).await, (vec![("Ada", 20), ("bakery", 11)], 0));
    // Whoever is struck meanwhile: two are left to the bakery, and cost ten each.
    strike(&rialto, "bakery").await;
    take_back(&rialto, held.transaction).await;
    assert_eq!(euros(&rialto).await, (vec![("Ada", 20), ("bakery", 20)], 0));
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn guards_watch_who_pays_and_not_who_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let one = Limit { charges_an_hour: 1, ..Limits::OFF.payer };
    let rialto = live(folder.path(), &clock, Limits { payer: one, ..Limits::OFF }, &["Ada", "Bob"]).await;
    let mut holds = Vec::new();
    for (id, citizen, business) in
        [("a1", "Ada", Some("bakery")), ("b1", "Bob", Some("bakery")), ("a2", "Ada", Some("dock")), ("a3", "Ada", None)]
    {
        holds.push(rialto.record(advice(id, citizen, business, None)).await.unwrap().charge.unwrap().hold);
    }
    assert_eq!(holds, [None, None, Some(Hold::Rate), Some(Hold::Rate)]);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn a_client_is_held_or_pays_by_the_list_of_the_moment_whatever_is_on_its_way_to_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(folder.path(), &clock, Limits::OFF, &["client"]).await;
    for round in 0..10 {
        let next = |what: &str| advice(&format!("{what}{round}"), "Ada", None, Some("client"));
        // Handed in at once, and taken in this order.
        let struck = async { strike(&rialto, "client").await };
        let (_, none) = tokio::join!(struck, rialto.record(next("none")));
        assert_eq!(none.unwrap().charge.unwrap().hold, Some(Hold::Client), "{round}");
        let (_, his) = tokio::join!(payer(&rialto, "client"), rialto.record(next("his")));
        assert_eq!(his.unwrap().charge.unwrap().hold, None, "{round}");
    }
    assert_eq!(euros(&rialto).await, (vec![("client", 10)], 0));
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn what_is_processed_at_last_is_held_where_its_client_is_on_no_list_by_then() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(folder.path(), &clock, Limits::OFF, &["client"]).await;
    let told = |outcome| Activity { outcome, ..advice("1", "Ada", None, Some("client")) };
    rialto.record(told(Outcome::InProgress)).await.unwrap();
    let processed = told(Outcome::Processed);
    let struck = async { strike(&rialto, "client").await };
    let (_, receipt) = tokio::join!(struck, rialto.record(processed));
    let receipt = receipt.unwrap();
    assert_eq!((receipt.upgraded, receipt.charge.unwrap().hold), (true, Some(Hold::Client)));
    stop_and_verify(rialto, folder.path()).await;
}

#[test]
fn what_counted_for_who_was_listed_of_old_is_taken_back_where_it_was_counted() {
    let obey = |book: &mut Book, what: What| {
        let order = Order { by: "".into(), why: "".into(), what };
        book.admit_order(&order, SEEN).unwrap();
        Book::names_of(&order).into_iter().for_each(|name| book.enrol(name));
        book.obey(&order, SEEN, Place(0));
    };
    let post = |scribe: &mut Scribe, id: &str| {
        let activity = advice(id, "Ada", Some("bakery"), None);
        let mut event = scribe::event(&activity);
        let tariff = scribe.book.tariffs().version(TariffVersion(2)).unwrap();
        event.draft = Draft {
            business: activity.business,
            tariff: tariff.version(),
            price: Price::Counted { rule: tariff.rules()[0].id },
            ..event.draft
        };
        event.stage = Stage::Live;
        scribe.book.settle(&mut event, |_| Day(739_000));
        let used = event.used.map(|used| (used.start, used.quantity));
        let transaction = scribe.post(event).charge.unwrap().transaction;
        Reverse { transaction, used }
    };
    // For whom anything counts, in which capacity.
    let counts = |book: &Book| -> Vec<_> {
        let all = book.meters().sorted().into_iter().filter(|(key, _)| key.of.is_none());
        all.filter(|(_, count)| count.quantity != 0).map(|(key, _)| (key.capacity, key.whose.unwrap())).collect()
    };
    let mut scribe = Scribe::at(Book::default(), 0);
    scribe.book.replay(&Entry::Payer(name("Ada"), None, SEEN), Place(0)).unwrap();
    obey(&mut scribe.book, rules(2, "2026-05-28T20:26:40Z", &[("advice", VOLUME)]));
    let first = post(&mut scribe, "a1");
    let (named, hers) = ((Capacity::Named, name("bakery")), (Capacity::Payer, name("Ada")));
    assert_eq!(counts(&scribe.book), [named]);
    obey(&mut scribe.book, What::List(Payer::new(name("Ada"))));
    let second = post(&mut scribe, "a2");
    assert_eq!(counts(&scribe.book), [named, hers]);
    let mut image = image_of(&scribe.book, 1);
    for book in [&mut scribe.book, &mut image] {
        obey(book, What::Reverse(first));
        assert_eq!(counts(book), [hers]);
        obey(book, What::Reverse(second));
        assert_eq!(counts(book), []);
    }
    assert_eq!(digest(&scribe.book), digest(&image));
}

#[derive(Clone, Debug)]
enum Step {
    Event { citizen: usize, is_at_bakery: bool, has_client: bool, is_long: bool },
    List(usize),
    Strike(usize),
    Release(prop::sample::Index),
    Reverse(prop::sample::Index),
    Restart,
}

const WHO: [&str; 4] = ["Ada", "Bob", "bakery", "client"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0_usize..2, any::<bool>(), prop::bool::weighted(0.3), prop::bool::weighted(0.1)).prop_map(
            |(citizen, is_at_bakery, has_client, is_long)| Step::Event { citizen, is_at_bakery, has_client, is_long }
        ),
        3 => (0..WHO.len()).prop_map(Step::List),
        2 => (0..WHO.len()).prop_map(Step::Strike),
        2 => any::<prop::sample::Index>().prop_map(Step::Release),
        2 => any::<prop::sample::Index>().prop_map(Step::Reverse),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..40)
}

/// One event: whom it names, and who paid, once it was counted.
#[derive(Clone, Copy, Debug)]
struct Known {
    named: &'static str,
    may_pay: [Option<&'static str>; 2],
    hours: i128,
    transaction: TransactionId,
    counted: Option<Option<&'static str>>,
}

async fn told(story: &[Step]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let mut rialto = live(folder.path(), &clock, Limits::OFF, &[]).await;
    let mut listed: Vec<&str> = Vec::new();
    let mut held: Vec<Known> = Vec::new();
    let mut counted: Vec<Known> = Vec::new();
    let pays = |listed: &[&str], one: &Known| one.may_pay.into_iter().flatten().find(|who| listed.contains(who));
    for (number, step) in story.iter().enumerate() {
        match step {
            Step::Event { citizen, is_at_bakery, has_client, is_long } => {
                let citizen = WHO[*citizen];
                let (business, client) = (is_at_bakery.then_some("bakery"), has_client.then_some("client"));
                let event = if *is_long { long } else { advice };
                let event = event(&format!("e{number}"), citizen, business, client);
                let charge = rialto.record(event).await.unwrap().charge.unwrap();
                let may_pay = if *has_client { [client, None] } else { [business, Some(citizen)] };
                let named = client.or(business).unwrap_or(citizen);
                let hours = if *is_long { 9 } else { 1 };
                let mut one = Known { named, may_pay, hours, transaction: charge.transaction, counted: None };
                prop_assert_eq!(charge.is_held, *is_long || *has_client && !listed.contains(&"client"));
                if charge.is_held {
                    held.push(one);
                } else {
                    one.counted = Some(pays(&listed, &one));
                    counted.push(one);
                }
            }
            Step::List(who) => {
                payer(&rialto, WHO[*who]).await;
                listed.push(WHO[*who]);
            }
            Step::Strike(who) => {
                let outcome = order(&rialto, What::Strike(name(WHO[*who]))).await;
                prop_assert_eq!(outcome.is_ok(), listed.contains(&WHO[*who]));
                listed.retain(|one| *one != WHO[*who]);
            }
            Step::Release(index) if !held.is_empty() => {
                let mut one = held.remove(index.index(held.len()));
                order(&rialto, What::Release(one.transaction)).await.unwrap();
                one.counted = Some(pays(&listed, &one));
                counted.push(one);
            }
            Step::Reverse(index) if !counted.is_empty() => {
                let one = counted.remove(index.index(counted.len()));
                take_back(&rialto, one.transaction).await;
            }
            Step::Restart => {
                stop_and_verify(rialto, folder.path()).await;
                rialto = start(folder.path(), &clock, Limits::OFF);
            }
            Step::Release(_) | Step::Reverse(_) => {}
        }
        // What is somebody's counts together; and what is nobody's, by who is named.
        let mut counts: BTreeMap<(Option<&str>, &str), i128> = BTreeMap::new();
        for one in &counted {
            let payer = one.counted.unwrap();
            *counts.entry((payer, payer.unwrap_or(one.named))).or_default() += one.hours;
        }
        let cost = |hours: i128| if hours <= 2 { 10_000_000 * hours } else { 1_000_000 * hours };
        let nobodys: i128 =
            counts.iter().filter(|((payer, _), _)| payer.is_none()).map(|(_, count)| cost(*count)).sum();
        let expected: BTreeMap<&str, i128> =
            counts.iter().filter_map(|((payer, _), count)| Some(((*payer)?, cost(*count)))).collect();
        prop_assert_eq!(owed(&rialto).await, (expected, nobodys), "after step {} {:?}", number, step);
    }
    stop_and_verify(rialto, folder.path()).await;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn everybody_owes_what_his_own_would_cost_from_scratch_whoever_is_listed_and_struck_meanwhile(story in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(told(&story))?;
    }
}
