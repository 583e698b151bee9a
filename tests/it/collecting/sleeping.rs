//! What happens at Stripe while nothing runs is seen by the next start, however long that was.

use std::time::{Duration, Instant};

use rialto::actors::gate::Gate;
use rialto::billing::call::{Call, Method};
use rialto::billing::signature::Secrets;
use rialto::clock::Clock;
use rialto::domain::bills::{BillNo, Sight, Status};
use rialto::domain::money::Money;
use rialto::domain::orders::{Order, What};
use rialto::domain::payers::{Collection, Payer};
use rialto::domain::rollout::{Move, Phase, Subject};
use rialto::domain::time::Moment;
use rialto::sandbox::Outcome;
use rialto::sandbox::shell::{self, Running};
use rialto::stripe::gateway::{self, Limits};
use rialto::stripe::key::Key;
use rialto::wiring::{Collecting, Rialto, Settings};

use crate::scribe::{SEEN, name};
use crate::support::service;

const DAY: i64 = 86_400_000_000;

fn collecting(bank: &Running) -> Collecting {
    let base = format!("http://{}", bank.address());
    Collecting {
        gateway: gateway::Settings { base, key: Key::parse("sk_test_sandbox").unwrap(), limits: Limits::default() },
        secrets: Secrets::new(["whsec_sandbox"]).unwrap(),
        hour: 23,
        threshold: Money::from_millionths(i64::MAX),
    }
}

async fn order(rialto: &Rialto, what: What) {
    rialto.order(Order { by: "operator".into(), why: "a test".into(), what }).await.unwrap();
}

/// How the first bill stands, once it does so.
async fn seen(rialto: &Rialto, is_so: impl Fn(&Sight) -> bool) -> Option<Sight> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        rialto.wake_biller();
        let seen = rialto.bills().await.unwrap().get(BillNo(1)).map(|bill| bill.seen.clone());
        if let Some(seen) = seen.filter(&is_so) {
            return Some(seen);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}

#[tokio::test]
async fn what_was_refunded_while_nothing_ran_is_seen() {
    // Stripe tells what happened for thirty days.
    for days in [2, 4, 40] {
        let clock = Clock::simulated(SEEN);
        let listen = ([127, 0, 0, 1], 0).into();
        let bank = shell::serve(shell::Settings { listen, clock: clock.clone(), ..Default::default() }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = || Settings {
            clock: clock.clone(),
            gate: Gate { events: 0, hours: 0 },
            collecting: Some(collecting(&bank)),
            ..Settings::new(folder.path())
        };
        let form = "email=ada%40example.com&payment_method=pm_card_visa".to_owned();
        let call = Call { method: Method::Post, path: "/v1/customers".to_owned(), form, key: None };
        let Outcome::Answered { reply, .. } = bank.with(|sandbox| sandbox.call(&call, bank.now())) else {
            panic!("lost")
        };
        let customer: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        let customer = Some(name(customer["id"].as_str().unwrap()));

        let rialto = Rialto::start(settings()).unwrap();
        order(&rialto, What::List(Payer { customer, collection: Collection::Charge, ..Payer::new(name("Ada")) })).await;
        order(&rialto, What::Move(Move { subject: Subject::All, to: Some(Phase::Live) })).await;
        let mut hour = service("recS1", "Lucid", 60);
        hour.client = Some(name("Ada"));
        rialto.record(hour).await.unwrap();
        rialto.bill_now().await.unwrap();
        let paid = seen(&rialto, |seen| seen.status == Status::Paid).await.unwrap();
        rialto.stop().await.unwrap();

        bank.with(|sandbox| sandbox.refund(&paid.invoice.unwrap(), 500, bank.now())).unwrap();
        clock.advance_to(Moment(SEEN.0 + days * DAY));
        let rialto = Rialto::start(settings()).unwrap();
        let refunded = |seen: &Sight| seen.takings.is_some_and(|takings| takings.refunded == 500);
        assert!(seen(&rialto, refunded).await.is_some(), "after {days} days");
        rialto.stop().await.unwrap();
        bank.stop().await;
    }
}
