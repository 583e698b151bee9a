//! What is owed: whose it is, what is invoiced of it, and why the rest waits.

use rialto::billing::lines::LINES_MAX;
use rialto::billing::plan::{Plan, Why};
use rialto::billing::policy::Policy;
use rialto::clock::Clock;
use rialto::domain::activity::Activity;
use rialto::domain::bills::Detail;
use rialto::domain::money::{Currency, Money, Sum};
use rialto::domain::names::Name;
use rialto::domain::orders::What;
use rialto::domain::outlook::Outlook;
use rialto::domain::payers::Payer;
use rialto::domain::rollout::{Phase, Subject};
use rialto::ledger::guards::Limits;
use rialto::wiring::{Rialto, Settings};

use super::{NOON, at, happened, order, payer, start, stop_and_verify, take_back, to};
use crate::support::{letter, service};

/// A Rialto in which all is live, and a client pays.
async fn live(folder: &std::path::Path, clock: &Clock) -> Rialto {
    let rialto = start(folder, clock, Limits::OFF);
    rialto.record(happened(service("recFirst", "Lucid", 60), NOON)).await.unwrap();
    payer(&rialto, "client").await;
    order(&rialto, to(Subject::All, Phase::Live)).await.unwrap();
    clock.advance_to(at(1));
    rialto
}

fn to_client(mut activity: Activity) -> Activity {
    activity.client = Name::new("client");
    activity
}

async fn plan(rialto: &Rialto) -> Plan {
    rialto.bill_plan().await.unwrap().plan
}

/// What everybody owes, as the plan has it: payer, amount in millionths, and why it waits, if it does.
fn told(plan: &Plan) -> Vec<(&'static str, i128, Option<Why>)> {
    let invoices = plan
        .invoices
        .iter()
        .map(|invoice| (invoice.payer.id.as_str(), invoice.lines.iter().map(|line| line.exact.0).sum(), None));
    let waiting = plan.waiting.iter().map(|waiting| (waiting.payer.id.as_str(), waiting.owed.0, Some(waiting.why)));
    invoices.chain(waiting).collect()
}

const EURO: i128 = Money::PER_UNIT as i128;
const TEN: Money = Money::from_millionths(10 * Money::PER_UNIT);

#[tokio::test]
async fn thirty_seven_messages_and_two_consultations_are_one_invoice_to_the_cent() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(folder.path(), &clock).await;
    clock.advance_to(at(30));
    for number in 0..37 {
        // Some of today, some of yesterday.
        let hours = if number < 20 { 2 } else { 29 };
        rialto.record(to_client(happened(letter(&format!("recL{number}"), "Lucid"), at(hours)))).await.unwrap();
    }
    for (id, minutes) in [("recA", 50), ("recB", 95)] {
        rialto.record(to_client(happened(service(id, "Lucid", minutes), at(3)))).await.unwrap();
    }
    let planned = rialto.bill_plan().await.unwrap();
    let [invoice] = &planned.plan.invoices[..] else { panic!("{:?}", planned.plan) };
    // 3.70 for the messages; 41.666667 and 79.166667 for 50 and 95 minutes at 50.00 an hour: 124.533334.
    assert_eq!((invoice.total, invoice.rest, invoice.fee), (12_453, Sum(3_334), 212));
    let lines: Vec<_> = invoice
        .lines
        .iter()
        .map(|line| {
            (line.key.day.0 - planned.today.0, rialto.tariffs().rule_name(line.key.rule), line.count, line.amount)
        })
        .collect();
    let [messages, services] = ["external_message", "paid_service"];
    assert_eq!(lines, [(-1, services, 2, 12_083), (-1, messages, 20, 200), (0, messages, 17, 170)]);
    assert_eq!(invoice.lines.iter().map(|line| line.count).sum::<u32>(), 39);
    assert_eq!((invoice.detail, invoice.is_old), (Detail::Day, false));
    stop_and_verify(rialto, folder.path()).await;
    // The same, from the journal, and from a snapshot.
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(plan(&rialto).await, planned.plan);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn what_is_small_waits_until_it_is_old_and_what_stripe_does_not_take_waits_longer() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(folder.path(), &clock).await;
    let write = async |id: &str| {
        rialto.record(to_client(happened(letter(id, "Lucid"), at(1)))).await.unwrap();
    };
    for number in 0..4 {
        write(&format!("rec{number}")).await;
    }
    assert_eq!(told(&plan(&rialto).await), [("client", 400_000, Some(Why::Minimum(TEN)))]);
    clock.advance_to(at(24 * 35 + 1));
    assert_eq!(told(&plan(&rialto).await), [("client", 400_000, Some(Why::Least(50)))]);
    write("rec4").await;
    let old = plan(&rialto).await;
    assert_eq!(told(&old), [("client", 500_000, None)]);
    assert!(old.invoices[0].is_old);
    // His own minimum is another.
    let terms = Payer { customer: Name::new("cus_1"), minimum: Some(TEN), ..Payer::new(Name::new("client").unwrap()) };
    clock.advance_to(at(24 * 34));
    order(&rialto, What::List(Payer { minimum: Some(Money::ZERO), ..terms })).await.unwrap();
    assert_eq!(told(&plan(&rialto).await), [("client", 500_000, None)]);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn whoever_cannot_be_billed_is_told_of_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(folder.path(), &clock).await;
    let list = async |payer: Payer| order(&rialto, What::List(payer)).await.unwrap();
    let terms = |id: &str| Payer { customer: Name::new("cus_2"), ..Payer::new(Name::new(id).unwrap()) };
    let dollar = Currency::parse("USD").unwrap();
    list(Payer { customer: None, ..terms("Ada") }).await;
    list(Payer { currency: dollar, ..terms("Bepi") }).await;
    list(terms("Carlo")).await;
    list(terms("Dario")).await;
    for (id, citizen) in [("rec1", "Ada"), ("rec2", "Bepi"), ("rec3", "Carlo"), ("rec4", "Dario"), ("rec5", "Elena")] {
        rialto.record(happened(service(id, citizen, 60), at(1))).await.unwrap();
    }
    order(&rialto, What::Strike(Name::new("Carlo").unwrap())).await.unwrap();
    rialto.record(happened(service("rec6", "Carlo", 60), at(1))).await.unwrap();
    let dario = rialto.fate(rialto::domain::ids::Feed::Activity, "rec4").await.unwrap().unwrap();
    take_back(&rialto, dario.transaction.unwrap()).await;
    let planned = plan(&rialto).await;
    let fifty = 50 * EURO;
    assert_eq!(
        told(&planned),
        [
            // Whoever is struck still owes what he owed.
            ("Carlo", fifty, None),
            ("Ada", fifty, Some(Why::NoCustomer)),
            ("Bepi", fifty, Some(Why::Currency(dollar))),
            ("Dario", 0, Some(Why::Nothing)),
        ]
    );
    // Elena was never on the list, and Carlo no more.
    assert_eq!(planned.nobodys, [(Currency::EUR, Sum(2 * fifty))]);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn the_dashboard_tells_what_is_collectable_and_as_of_when_from_its_first_answer_on() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let seen = |rialto: &Rialto| rialto.dashboard(Currency::EUR).outlook.unwrap();
    assert_eq!(seen(&rialto), (Outlook::default(), NOON), "nothing is live, and nobody pays");
    rialto.stop().await.unwrap();
    let rialto = live(folder.path(), &clock).await;
    rialto.record(to_client(happened(service("rec1", "Lucid", 60), at(1)))).await.unwrap();
    rialto.record(happened(service("rec2", "Lucid", 12), at(1))).await.unwrap();
    plan(&rialto).await;
    clock.advance_to(at(2));
    let (outlook, as_of) = seen(&rialto);
    // Fifty euros less 1.5 % and 0.25; nobody pays for the other ten.
    let found = [outlook.due, outlook.fees, outlook.collectable(), outlook.without_payer];
    assert_eq!((found, as_of), ([5000, 100, 4900, 1000].map(|cents| Sum(cents * EURO / 100)), at(1)));
    stop_and_verify(rialto, folder.path()).await;
    let rialto = start(folder.path(), &clock, Limits::OFF);
    assert_eq!(seen(&rialto), (outlook, at(2)), "a start has it before anybody asks");
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn whoever_looks_at_the_dashboard_has_it_brought_up_to_date_and_waits_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(folder.path(), &clock).await;
    rialto.record(to_client(happened(service("rec1", "Lucid", 60), at(1)))).await.unwrap();
    let due = || rialto.dashboard(Currency::EUR).outlook.unwrap().0.due;
    let patience = std::time::Duration::from_secs(60);
    let looks = async {
        while due() != Sum(50 * EURO) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(patience, looks).await.unwrap();
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn what_is_held_is_his_who_is_on_the_list_when_it_is_let_go_and_what_is_taken_back_is_taken_back_from_him() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(folder.path(), &clock).await;
    let of = |id: &str| {
        let mut activity = happened(service(id, "Lucid", 60), at(1));
        activity.client = Name::new("late");
        activity
    };
    // A client who is on no list: held.
    let held = rialto.record(of("recHeld")).await.unwrap().charge.unwrap();
    assert!(held.is_held && plan(&rialto).await == Plan::default());
    payer(&rialto, "late").await;
    assert_eq!(plan(&rialto).await, Plan::default());
    order(&rialto, What::Release(held.transaction)).await.unwrap();
    assert_eq!(told(&plan(&rialto).await), [("late", 50 * EURO, None)]);
    // Whoever is struck meanwhile gets back what was his, and nobody else.
    order(&rialto, What::Strike(Name::new("late").unwrap())).await.unwrap();
    take_back(&rialto, held.transaction).await;
    let planned = plan(&rialto).await;
    assert_eq!((told(&planned), planned.nobodys), (vec![("late", 0, Some(Why::Nothing))], Vec::new()));
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn many_lines_are_split_in_order_and_each_transaction_is_on_one_invoice() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = live(folder.path(), &clock).await;
    let count = 2 * LINES_MAX + 20;
    let batch: Vec<Activity> = (0..count)
        .map(|number| to_client(happened(service(&format!("rec{number}"), &format!("citizen_{number}"), 60), at(1))))
        .collect();
    rialto.record_batch(batch).await.unwrap();
    let planned = plan(&rialto).await;
    let sizes: Vec<usize> = planned.invoices.iter().map(|invoice| invoice.lines.len()).collect();
    assert_eq!(sizes, [LINES_MAX, LINES_MAX, 20]);
    assert!(planned.invoices.windows(2).all(|pair| pair[0].to <= pair[1].from && pair[0].rest == pair[1].carried));
    assert_eq!(planned.invoices.iter().map(|invoice| invoice.total).sum::<i64>(), 5000 * count as i64);
    stop_and_verify(rialto, folder.path()).await;
}

#[tokio::test]
async fn lines_that_are_many_and_small_are_told_together() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let policy = Policy { minimum: Money::from_millionths(40 * Money::PER_UNIT), ..Policy::default() };
    let rialto = Rialto::start(Settings {
        clock: clock.clone(),
        limits: Limits::OFF,
        policy,
        gate: rialto::actors::gate::Gate { events: 1, hours: 0 },
        ..Settings::new(folder.path())
    })
    .unwrap();
    rialto.record(happened(service("recFirst", "Lucid", 60), NOON)).await.unwrap();
    payer(&rialto, "client").await;
    order(&rialto, to(Subject::All, Phase::Live)).await.unwrap();
    clock.advance_to(at(1));
    // Three hundred citizens write one message, and then another: 250 lines come to 25.00, all of them to 60.00.
    for round in 0..2 {
        let write = |number: usize| {
            to_client(happened(letter(&format!("rec{round}_{number}"), &format!("citizen_{number}")), at(1)))
        };
        rialto.record_batch((0..300).map(write).collect()).await.unwrap();
    }
    let planned = plan(&rialto).await;
    let [invoice] = &planned.invoices[..] else { panic!("{planned:?}") };
    assert_eq!((invoice.detail, invoice.lines.len(), invoice.total), (Detail::Rule, 1, 6000));
    stop_and_verify(rialto, folder.path()).await;
}
