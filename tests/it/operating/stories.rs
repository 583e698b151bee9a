//! Stories of holding, letting go, taking back and restarting, beside a model that prices what remains from scratch; and
//! the shortest of those that once came to another sum.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use rialto::clock::Clock;
use rialto::domain::activity::{Activity, Outcome};
use rialto::domain::ids::{Feed, TransactionId};
use rialto::domain::money::Currency;
use rialto::domain::names::Name;
use rialto::domain::orders::What;
use rialto::domain::rollout::{Phase, Subject};
use rialto::ledger::guards::{Limit, Limits};
use rialto::wiring::{Rialto, Wanted};

use super::{NOON, at, happened, order, payer, rules, start, stop_and_verify, sums, take_back, to};
use crate::support::{letter, service};

#[derive(Clone, Debug)]
enum Step {
    Event { citizen: usize, minutes: i64, hour: usize, unfinished_first: bool },
    Release(prop::sample::Index),
    ReleaseAll(usize),
    Reverse(prop::sample::Index),
    Restart { is_bare: bool },
}

fn steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0_usize..2, 1_i64..14, 0_usize..3, any::<bool>())
            .prop_map(|(citizen, minutes, hour, unfinished_first)| Step::Event { citizen, minutes, hour, unfinished_first }),
        2 => any::<prop::sample::Index>().prop_map(Step::Release),
        1 => (0_usize..2).prop_map(Step::ReleaseAll),
        4 => any::<prop::sample::Index>().prop_map(Step::Reverse),
        1 => any::<bool>().prop_map(|is_bare| Step::Restart { is_bare }),
    ];
    prop::collection::vec(step, 1..count)
}

const HOURS: [i64; 3] = [0, 1, 13];
const CITIZENS: [&str; 2] = ["Ada", "Bob"];

/// All that was posted, told in full, as far as it can be read at all.
async fn posted(rialto: &Rialto) -> Vec<String> {
    let mut all = Vec::new();
    for number in 1.. {
        match rialto.transaction(TransactionId(number)).await {
            Ok(Some(one)) => all.push(format!("{:?} {:?}", one.charge, one.correction)),
            Ok(None) => break,
            // Where the last one cannot be read, what is past it cannot either.
            Err(error) if all.last() == Some(&error.to_string()) => break,
            Err(error) => all.push(error.to_string()),
        }
    }
    all
}

fn numbers(rialto: &Rialto) -> [i128; 3] {
    let dashboard = rialto.dashboard(Currency::EUR);
    let [shadow, live] = dashboard.periods[3];
    [live.0, shadow.0, dashboard.held.iter().map(|sum| sum.0).sum()]
}

fn limits() -> Limits {
    let few = Limit { charges_an_hour: 2, ..Limits::OFF.citizen };
    Limits { citizen: few, park_after: 4, ..Limits::OFF }
}

fn bare(folder: &Path) {
    std::fs::remove_dir_all(folder.join("images")).unwrap();
    std::fs::create_dir(folder.join("images")).unwrap();
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Held,
    Counted,
    Gone,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    citizen: usize,
    minutes: i64,
    day: usize,
    state: State,
    transaction: Option<TransactionId>,
    amount: i128,
}

/// Thousandths of millionths to millionths, half to even.
fn rounded(nanos: i128) -> i128 {
    let (whole, rest) = (nanos.div_euclid(1000), nanos.rem_euclid(1000));
    whole + i128::from(rest > 500 || rest == 500 && whole % 2 != 0)
}

/// A price: as a rule, and from scratch, of so many minutes (or events), in millionths.
struct Priced {
    rule: &'static str,
    is_events: bool,
    cost: fn(i128) -> i128,
}

const PRICED: [Priced; 7] = [
    Priced {
        rule: "price = { graduated = [{ up_to = 9, amount = 0.7777 }, { up_to = 30, amount = 0.333333333, flat = 2 }, { amount = 0.1 }], per = \"minute\", free = 4 }",
        is_events: false,
        cost: |all| {
            let all = (all - 4).max(0);
            let (a, b, c) = (all.min(9), (all - 9).clamp(0, 21), (all - 30).max(0));
            rounded(a * 777_700_000 + b * 333_333_333 + c * 100_000_000) + if 9 < all { 2_000_000 } else { 0 }
        },
    },
    Priced {
        rule: "price = { volume = [{ up_to = 9, amount = 0.7777, flat = 1 }, { up_to = 30, amount = 0.333333333 }, { amount = 0.1, flat = 5 }], per = \"minute\", free = 4 }",
        is_events: false,
        cost: |all| {
            let all = (all - 4).max(0);
            match all {
                0 => 0,
                1..=9 => rounded(all * 777_700_000) + 1_000_000,
                10..=30 => rounded(all * 333_333_333),
                _ => rounded(all * 100_000_000) + 5_000_000,
            }
        },
    },
    Priced {
        rule: "price = { volume = [{ up_to = 3, amount = 0, flat = 10 }, { up_to = 6, amount = 0 }, { amount = 3 }] }",
        is_events: true,
        cost: |all| match all {
            0 => 0,
            1..=3 => 10_000_000,
            4..=6 => 0,
            _ => all * 3_000_000,
        },
    },
    Priced {
        rule: "price = { package = { size = 10, amount = 3 }, per = \"minute\", free = 7 }",
        is_events: false,
        cost: |all| ((all - 7).max(0) + 9) / 10 * 3_000_000,
    },
    Priced {
        rule: "price = { amount = 0.333333333, per = \"minute\", free = 11 }",
        is_events: false,
        cost: |all| rounded((all - 11).max(0) * 333_333_333),
    },
    Priced {
        rule: "price = { package = { size = 3, amount = 5 } }",
        is_events: true,
        cost: |all| (all + 2) / 3 * 5_000_000,
    },
    Priced {
        rule: "price = { graduated = [{ up_to = 2, amount = 0.1 }, { amount = 2 }], free = 1 }",
        is_events: true,
        cost: |all| {
            let all = (all - 1).max(0);
            all.min(2) * 100_000 + (all - 2).max(0) * 2_000_000
        },
    },
];

async fn scratch(which: usize, is_live: bool, story: &[Step]) -> Result<(), TestCaseError> {
    let priced = &PRICED[which];
    let rule = format!("type = \"paid_service\"\nperiod = \"day\"\n{}", priced.rule);
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let mut rialto = start(folder.path(), &clock, limits());
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("advice", &rule)])).await.unwrap();
    if is_live {
        payer(&rialto, "Ada").await;
        rialto.record(happened(letter("first", "Zoe"), at(0))).await.unwrap();
        order(&rialto, to(Subject::All, Phase::Live)).await.unwrap();
    }
    clock.advance_to(at(48));
    let base = numbers(&rialto);
    let mut known: Vec<Known> = Vec::new();
    for (number, step) in story.iter().enumerate() {
        match step {
            Step::Event { citizen, minutes, hour, unfinished_first } => {
                let mut event =
                    happened(service(&format!("e{number}"), CITIZENS[*citizen], *minutes), at(HOURS[*hour]));
                if *unfinished_first {
                    event.outcome = Outcome::InProgress;
                    rialto.record(event.clone()).await.unwrap();
                    event.outcome = Outcome::Processed;
                }
                let receipt = rialto.record(event).await.unwrap();
                let state = if receipt.charge.is_some_and(|c| c.is_held) { State::Held } else { State::Counted };
                known.push(Known {
                    citizen: *citizen,
                    minutes: if priced.is_events { 1 } else { *minutes },
                    day: usize::from(*hour == 2),
                    state,
                    transaction: receipt.charge.map(|c| c.transaction),
                    amount: receipt.charge.map_or(0, |c| c.amount.millionths().into()),
                });
            }
            Step::Release(index) => {
                let held: Vec<usize> = (0..known.len()).filter(|n| known[*n].state == State::Held).collect();
                if !held.is_empty() {
                    let chosen = held[index.index(held.len())];
                    order(&rialto, What::Release(known[chosen].transaction.unwrap())).await.unwrap();
                    known[chosen].state = State::Counted;
                }
            }
            Step::ReleaseAll(citizen) => {
                let outcome = order(&rialto, What::ReleaseAll(Name::new(CITIZENS[*citizen]).unwrap())).await;
                let mut held =
                    known.iter_mut().filter(|one| one.citizen == *citizen && one.state == State::Held).peekable();
                prop_assert!(outcome.is_ok() || held.peek().is_none());
                held.for_each(|one| one.state = State::Counted);
            }
            Step::Reverse(index) => {
                let open: Vec<usize> = (0..known.len())
                    .filter(|n| known[*n].state != State::Gone && known[*n].transaction.is_some())
                    .collect();
                if !open.is_empty() {
                    let chosen = open[index.index(open.len())];
                    take_back(&rialto, known[chosen].transaction.unwrap()).await;
                    known[chosen].state = State::Gone;
                }
            }
            Step::Restart { is_bare } => {
                let before = (posted(&rialto).await, numbers(&rialto));
                stop_and_verify(rialto, folder.path()).await;
                if *is_bare {
                    bare(folder.path());
                }
                rialto = start(folder.path(), &clock, limits());
                prop_assert_eq!((posted(&rialto).await, numbers(&rialto)), before);
            }
        }
        let mut counted: BTreeMap<(usize, usize), i128> = BTreeMap::new();
        for one in known.iter().filter(|one| one.state == State::Counted) {
            *counted.entry((one.citizen, one.day)).or_default() += i128::from(one.minutes);
        }
        let expected: i128 = counted.values().map(|all| (priced.cost)(*all)).sum();
        let held: i128 = known.iter().filter(|one| one.state == State::Held).map(|one| one.amount).sum();
        let [live, shadow, found_held] = numbers(&rialto);
        let found = if is_live { live - base[0] } else { shadow - base[1] };
        let other = if is_live { shadow - base[1] } else { live - base[0] };
        prop_assert_eq!(
            (found, found_held, other),
            (expected, held, 0),
            "after step {} {:?}\n{:#?}",
            number,
            step,
            known
        );
    }
    // Everything goes.
    for one in known.iter().filter(|one| one.state != State::Gone) {
        if let Some(transaction) = one.transaction {
            take_back(&rialto, transaction).await;
        }
    }
    let end = numbers(&rialto);
    prop_assert_eq!(end[2], 0);
    let before = posted(&rialto).await;
    stop_and_verify(rialto, folder.path()).await;
    bare(folder.path());
    let rialto = start(folder.path(), &clock, limits());
    prop_assert_eq!((posted(&rialto).await, numbers(&rialto)), (before, end));
    stop_and_verify(rialto, folder.path()).await;
    Ok(())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_remains_costs_what_it_would_from_scratch(
        which in 0_usize..PRICED.len(), is_live: bool, story in steps(40),
    ) {
        runtime().block_on(scratch(which, is_live, &story))?;
    }
}

const MIXED: [&str; 6] = [
    "meter = \"m\"\nprice = { graduated = [{ up_to = 9, amount = 0.7777 }, { amount = 0.1 }], per = \"minute\" }",
    "meter = \"m\"\nprice = { volume = [{ up_to = 9, amount = 0.7777 }, { amount = 0.1 }], per = \"minute\" }",
    "meter = \"m\"\nprice = { volume = [{ up_to = 9, amount = 0.5, flat = 1 }, { amount = 3 }], per = \"minute\" }",
    "meter = \"m\"\nprice = { package = { size = 2, amount = 3 }, per = \"minute\" }",
    "meter = \"m\"\nprice = { amount = 0.1, per = \"minute\", free = 12, times = \"expertise\" }",
    "meter = \"m\"\nprice = { amount = 0.3, per = \"minute\", free = 5, maximum = 2, minimum = 0.5 }",
];

/// Two rules and two tariffs on one meter; whatever is done, once all is taken back nothing is left, and nothing below.
async fn mixed(first: [usize; 2], second: [usize; 2], change: usize, story: &[Step]) -> Result<(), TestCaseError> {
    let kinds = ["paid_service", "advice"];
    let texts = |which: [usize; 2]| [0, 1].map(|n| format!("type = \"{}\"\n{}", kinds[n], MIXED[which[n]]));
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let some = Limit { charges_an_hour: 5, ..Limits::OFF.citizen };
    let limits = || Limits { citizen: some, park_after: 4, ..Limits::OFF };
    let mut rialto = start(folder.path(), &clock, limits());
    let [a, b] = texts(first);
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("one", &a), ("two", &b)])).await.unwrap();
    let [a, b] = texts(second);
    order(&rialto, rules(3, "2026-11-02T13:00:00Z", &[("one", &a), ("two", &b)])).await.unwrap();
    clock.advance_to(at(48));
    let mut open: Vec<TransactionId> = Vec::new();
    // What costs nothing cannot be taken back, and stays.
    let mut is_all_charged = true;
    for (number, step) in story.iter().enumerate() {
        match step {
            Step::Event { citizen, minutes, hour, .. } => {
                let hour = if number < change { 0 } else { 1 + *hour as i64 };
                let mut event: Activity = happened(service(&format!("e{number}"), "Ada", *minutes), at(hour));
                event.kind = Name::new(kinds[*citizen]);
                let charge = rialto.record(event).await.unwrap().charge;
                is_all_charged &= charge.is_some();
                open.extend(charge.map(|charge| charge.transaction));
            }
            Step::Release(index) if !open.is_empty() => {
                let _ = order(&rialto, What::Release(open[index.index(open.len())])).await;
            }
            Step::ReleaseAll(_) => drop(order(&rialto, What::ReleaseAll(Name::new("Ada").unwrap())).await),
            Step::Reverse(index) if !open.is_empty() => {
                let chosen = open.remove(index.index(open.len()));
                take_back(&rialto, chosen).await;
            }
            Step::Restart { is_bare } => {
                let before = (posted(&rialto).await, numbers(&rialto));
                stop_and_verify(rialto, folder.path()).await;
                if *is_bare {
                    bare(folder.path());
                }
                rialto = start(folder.path(), &clock, limits());
                prop_assert_eq!((posted(&rialto).await, numbers(&rialto)), before);
            }
            Step::Release(_) | Step::Reverse(_) => {}
        }
        let [live, shadow, held] = numbers(&rialto);
        prop_assert!(live == 0 && 0 <= shadow && 0 <= held, "{live} {shadow} {held} after {number}");
    }
    while let Some(transaction) = open.pop() {
        take_back(&rialto, transaction).await;
    }
    let end = numbers(&rialto);
    let told = posted(&rialto).await;
    stop_and_verify(rialto, folder.path()).await;
    prop_assert_eq!(end[2], 0);
    prop_assert!(!is_all_charged || end == [0, 0, 0], "{end:?}: all is taken back: {:#?}", told);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_all_taken_back_leaves_nothing_whatever_counted_together(
        first in prop::array::uniform2(0_usize..MIXED.len()),
        second in prop::array::uniform2(0_usize..MIXED.len()),
        change in 0_usize..20,
        story in steps(24),
    ) {
        runtime().block_on(mixed(first, second, change, &story))?;
    }
}

/// The same rule in two tariffs of a month; what is held under the second is let go at once.
async fn after_a_tariff(price: &str, before: usize, held: usize) -> [String; 2] {
    let mut found = Vec::new();
    for an_hour in [u32::MAX, before as u32] {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::simulated(NOON);
        let few = Limit { charges_an_hour: an_hour, ..Limits::OFF.citizen };
        let mut rialto = start(folder.path(), &clock, Limits::OFF);
        let rule = format!("external = true\nprice = {price}");
        order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("letters", &rule)])).await.unwrap();
        order(&rialto, rules(3, "2026-11-02T12:30:00Z", &[("letters", &rule)])).await.unwrap();
        clock.advance_to(at(1));
        for number in 0..before {
            rialto.record(happened(letter(&format!("a{number}"), "Ada"), at(0))).await.unwrap();
        }
        stop_and_verify(rialto, folder.path()).await;
        let few = if an_hour == u32::MAX { few } else { Limit { charges_an_hour: 0, ..few } };
        rialto = start(folder.path(), &clock, Limits { citizen: few, ..Limits::OFF });
        for number in 0..held {
            rialto.record(happened(letter(&format!("b{number}"), "Ada"), at(1))).await.unwrap();
        }
        let _ = order(&rialto, What::ReleaseAll(Name::new("Ada").unwrap())).await;
        let [live, shadow, still] = sums(&rialto);
        assert_eq!([live, still], ["0.00", "0.00"]);
        found.push(shadow);
        stop_and_verify(rialto, folder.path()).await;
    }
    found.try_into().unwrap()
}

#[tokio::test]
async fn what_is_all_taken_back_leaves_nothing_also_of_an_allowance_that_tariffs_share() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let rule =
        "type = \"paid_service\"\nmeter = \"m\"\nprice = { volume = [{ amount = 1 }], per = \"minute\", free = 10 }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("advice", rule)])).await.unwrap();
    order(&rialto, rules(3, "2026-11-02T13:00:00Z", &[("advice", rule)])).await.unwrap();
    clock.advance_to(at(2));
    // Eight are free, then six of the eight cost, then all of the eight under the next tariff.
    assert_eq!(rialto.record(happened(service("a", "Ada", 8), at(0))).await.unwrap().charge, None);
    let second = rialto.record(happened(service("b", "Ada", 8), at(0))).await.unwrap().charge.unwrap();
    let third = rialto.record(happened(service("c", "Ada", 8), at(2))).await.unwrap().charge.unwrap();
    assert_eq!(sums(&rialto)[1], "14.00");
    take_back(&rialto, second.transaction).await;
    take_back(&rialto, third.transaction).await;
    // Only the free eight minutes are left.
    assert_eq!(sums(&rialto)[1], "0.00");
}

#[tokio::test]
async fn a_reversal_beside_another_rule_takes_back_its_own_charge_alone() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let tiers = "meter = \"m\"\nprice = { graduated = [{ up_to = 10, amount = 1 }, { amount = 0.01 }] }";
    let [one, two] = ["paid_service", "advice"].map(|kind| format!("type = \"{kind}\"\n{tiers}"));
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("one", &one), ("two", &two)])).await.unwrap();
    for number in 0..10 {
        rialto.record(happened(service(&format!("a{number}"), "Ada", 1), at(0))).await.unwrap();
    }
    for number in 0..10 {
        let mut event = happened(service(&format!("b{number}"), "Ada", 1), at(0));
        event.kind = Name::new("advice");
        rialto.record(event).await.unwrap();
    }
    assert_eq!(sums(&rialto)[1], "10.10");
    for number in 1..=10 {
        take_back(&rialto, TransactionId(number)).await;
    }
    assert_eq!(sums(&rialto)[1], "0.10");
    // One of a cent is taken back.
    take_back(&rialto, TransactionId(11)).await;
    assert_eq!(sums(&rialto)[1], "0.09");
}

#[tokio::test]
async fn an_allowance_is_given_once_to_all_that_was_held() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let none = Limit { charges_an_hour: 0, ..Limits::OFF.citizen };
    let rialto = start(folder.path(), &clock, Limits { citizen: none, ..Limits::OFF });
    // Nobody stated an expertise: what is asked is a minute's euro.
    let rule = "type = \"paid_service\"\nprice = { amount = 1, per = \"minute\", free = 9, times = \"expertise\" }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("advice", rule)])).await.unwrap();
    for number in 0..10 {
        rialto.record(happened(service(&format!("a{number}"), "Ada", 10), at(0))).await.unwrap();
    }
    order(&rialto, What::ReleaseAll(Name::new("Ada").unwrap())).await.unwrap();
    // A hundred minutes, of which nine are free.
    assert_eq!(sums(&rialto), ["0.00", "91.00", "0.00"]);
}

/// Ten of one euro; the eleventh makes all of them ten cents, comes too soon, is held, let go and taken back.
#[tokio::test]
async fn what_was_let_go_and_taken_back_is_listed_and_adds_up_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let ten = Limit { charges_an_hour: 10, ..Limits::OFF.citizen };
    let rialto = start(folder.path(), &clock, Limits { citizen: ten, ..Limits::OFF });
    let price = "external = true\nprice = { volume = [{ up_to = 10, amount = 1 }, { amount = 0.10 }] }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("letters", price)])).await.unwrap();
    for number in 0..11 {
        rialto.record(happened(letter(&format!("a{number}"), "Ada"), at(0))).await.unwrap();
    }
    order(&rialto, What::Release(TransactionId(11))).await.unwrap();
    take_back(&rialto, TransactionId(11)).await;
    assert_eq!(sums(&rialto), ["0.00", "10.00", "0.00"]);
    let fate = rialto.fate(Feed::Message, "a10").await.unwrap().unwrap();
    let told: i64 =
        fate.transactions.iter().filter(|one| one.correction.is_some()).map(|one| one.charge.amount.millionths()).sum();
    let listed = rialto.transactions(Wanted { limit: 100, ..Wanted::default() }).await;
    assert!(listed.is_ok(), "{listed:?}");
    assert_eq!(told, 0, "what became of it does not add up");
}

#[tokio::test]
async fn what_a_reversal_put_on_the_others_goes_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(NOON);
    let rialto = start(folder.path(), &clock, Limits::OFF);
    let rule = "external = true\nprice = { graduated = [{ up_to = 1, amount = 100 }, { amount = 1 }] }";
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &[("letters", rule)])).await.unwrap();
    order(&rialto, rules(3, "2026-11-02T13:00:00Z", &[("letters", rule)])).await.unwrap();
    clock.advance_to(at(2));
    for (id, hours) in [("a", 0), ("b", 0)] {
        rialto.record(happened(letter(id, "Ada"), at(hours))).await.unwrap();
    }
    assert_eq!(sums(&rialto)[1], "101.00");
    // The second is the first now: 99.00 are put on it.
    take_back(&rialto, TransactionId(1)).await;
    assert_eq!(sums(&rialto)[1], "100.00");
    let third = rialto.record(happened(letter("c", "Ada"), at(2))).await.unwrap().charge.unwrap();
    take_back(&rialto, TransactionId(2)).await;
    take_back(&rialto, third.transaction).await;
    assert_eq!(sums(&rialto)[1], "0.00", "every event was taken back");
}

#[tokio::test]
async fn what_was_held_costs_what_it_would_had_it_never_been_held_also_after_a_new_tariff() {
    for price in
        ["{ package = { size = 3, amount = 5 } }", "{ graduated = [{ up_to = 3, amount = 1 }, { amount = 0.01 }] }"]
    {
        let [unheld, held] = after_a_tariff(price, 3, 30).await;
        assert_eq!(held, unheld, "{price}");
    }
}
