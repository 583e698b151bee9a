//! The same events cost the same: in shadow and live, at once and one by one, without a restart and with many, and when
//! they are read back from the journal alone.

use std::path::Path;

use proptest::prelude::*;
use rialto::actors::gate::Gate;
use rialto::clock::Clock;
use rialto::domain::activity::Activity;
use rialto::domain::charge::Stage;
use rialto::domain::names::Name;
use rialto::domain::rollout::{Phase, Subject};
use rialto::ledger::guards::Limits;
use rialto::wiring::{Rialto, Wanted};

use super::{NOON, at, happened, order, payer, rules, start_with, stop_and_verify, to};
use crate::support::{letter, service};

const RULES: [(&str, &str); 3] = [
    (
        "letters",
        "external = true\nprice = { graduated = [{ up_to = 5, amount = 0.10 }, { amount = 0.033 }], free = 2 }",
    ),
    (
        "advice",
        "type = \"paid_service\"\nclient = \"client_0\"\nperiod = \"day\"\n\
         price = { volume = [{ up_to = 600, amount = 0.77, flat = 3 }, { amount = 0.41 }], per = \"minute\" }",
    ),
    (
        "others",
        "type = \"paid_service\"\nscope = \"citizen\"\nprice = { package = { size = 90, amount = 20 }, per = \"minute\" }",
    ),
];

/// An event: whether it is a letter, of which citizen, for which client, how many minutes, so many hours after the start.
type Told = (bool, usize, usize, i64, i64);

fn events(story: &[Told]) -> Vec<Activity> {
    let event = |(number, &(is_letter, citizen, client, minutes, hours)): (usize, &Told)| {
        let (id, citizen) = (format!("e{number}"), format!("citizen_{citizen}"));
        let mut event = if is_letter { letter(&id, &citizen) } else { service(&id, &citizen, minutes) };
        event.client = Name::new(&format!("client_{client}"));
        happened(event, at(hours))
    };
    story.iter().enumerate().map(event).collect()
}

/// All that was posted, in order: by which event, what sort, how much, and in which stage.
async fn posted(rialto: &Rialto) -> Vec<(String, &'static str, i64, Stage)> {
    let (found, _) = rialto.transactions(Wanted { limit: 1_000, ..Wanted::default() }).await.unwrap();
    let row = |one: &rialto::wiring::Transaction| {
        let charge = one.charge;
        let id = one.event.activity.source_id.as_str().to_owned();
        (id, charge.sort().as_str(), charge.amount.millionths(), charge.stage())
    };
    found.iter().rev().map(row).collect()
}

/// What a story comes to in a phase, handed over in such batches, each followed by a restart where it says so.
async fn told(
    folder: &Path,
    phase: Phase,
    story: &[Told],
    batches: &[(usize, bool)],
) -> Vec<(String, &'static str, i64)> {
    let clock = Clock::simulated(NOON);
    let begin = || start_with(folder, &clock, Limits::OFF, Gate { events: 0, hours: 0 });
    let mut rialto = begin();
    order(&rialto, rules(2, "2026-11-02T12:00:00Z", &RULES)).await.unwrap();
    for client in ["client_0", "client_1"] {
        payer(&rialto, client).await;
    }
    if phase != Phase::Shadow {
        order(&rialto, to(Subject::All, phase)).await.unwrap();
    }
    clock.advance_to(at(24 * 60));
    let mut events = events(story).into_iter();
    let all = [(usize::MAX, false)];
    for (size, is_restarted) in batches.iter().chain(&all) {
        rialto.record_batch(events.by_ref().take(*size).collect()).await.unwrap();
        if *is_restarted {
            rialto.stop().await.unwrap();
            drop(rialto);
            rialto = begin();
        }
    }
    let before = posted(&rialto).await;
    stop_and_verify(rialto, folder).await;
    std::fs::remove_dir_all(folder.join("images")).unwrap();
    std::fs::create_dir(folder.join("images")).unwrap();
    let rialto = begin();
    assert_eq!(posted(&rialto).await, before, "the journal alone makes something else");
    stop_and_verify(rialto, folder).await;
    let stage = if phase == Phase::Live { Stage::Live } else { Stage::Shadow };
    assert!(before.iter().all(|(.., found)| *found == stage));
    before.into_iter().map(|(id, sort, amount, _)| (id, sort, amount)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn the_same_events_cost_the_same_in_every_phase_however_they_come(
        story in prop::collection::vec((any::<bool>(), 0_usize..3, 0_usize..2, 1_i64..=480, 0_i64..24 * 50), 1..60),
        batches in prop::collection::vec((1_usize..9, prop::bool::weighted(0.2)), 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let run = |phase, batches: &[(usize, bool)]| {
            let folder = tempfile::tempdir().unwrap();
            runtime.block_on(told(folder.path(), phase, &story, batches))
        };
        let shadow = run(Phase::Shadow, &[]);
        prop_assert_eq!(&run(Phase::Live, &batches), &shadow);
        prop_assert_eq!(&run(Phase::Paused, &batches), &shadow);
    }
}
