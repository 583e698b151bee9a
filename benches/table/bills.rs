//! How long it takes to plan the invoices of many payers.

use std::error::Error;
use std::time::Instant;

use rialto::actors::gate::Gate;
use rialto::domain::activity::{Activity, Stated};
use rialto::domain::ids::{Feed, SourceId};
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, What};
use rialto::domain::payers::Payer;
use rialto::domain::rollout::{Move, Phase, Subject};
use rialto::wiring::{Rialto, Settings};
use rust_decimal::Decimal;
use tokio::runtime::Runtime;

use crate::city::BATCH;
use crate::figure::{Bench, Figure, Found};
use crate::sidecar;

pub const PAYERS: usize = 10_000;
/// Each by another citizen.
pub const LINES: usize = 100;

/// Has `payers` owe a hundred lines each; `customer` tells who each of them is at Stripe.
pub fn owe(
    rialto: &Rialto,
    runtime: &Runtime,
    payers: usize,
    customer: impl Fn(usize) -> Option<Name>,
) -> Result<(), Box<dyn Error>> {
    let order = |what| runtime.block_on(rialto.order(Order { by: "bench".into(), why: "bills".into(), what }));
    let name = |text: String| Name::new(&text).ok_or("a name");
    let mut clients = Vec::with_capacity(payers);
    for number in 0..payers {
        let payer = Payer { customer: customer(number), ..Payer::new(name(format!("client_{number:05}"))?) };
        order(What::List(payer))?;
        clients.push(payer.id);
    }
    order(What::Move(Move { subject: Subject::All, to: Some(Phase::Live) }))?;
    let citizens = (0..LINES).map(|number| name(format!("citizen_{number:03}"))).collect::<Result<Vec<Name>, _>>()?;
    let service = |number: usize| {
        let id = SourceId::new(&format!("rec{number:014}")).map_err(|error| error.to_string())?;
        let mut activity = Activity::new(Feed::Activity, id);
        activity.kind = Name::new("paid_service");
        // Not all of a payer's lie beside each other.
        activity.client = Some(clients[number % payers]);
        activity.citizen = Some(citizens[number / payers]);
        activity.minutes = Stated::Is(Decimal::from(25));
        Ok::<Activity, String>(activity)
    };
    for first in (0..payers * LINES).step_by(BATCH) {
        let batch =
            (first..(first + BATCH).min(payers * LINES)).map(service).collect::<Result<Vec<Activity>, String>>()?;
        runtime.block_on(rialto.record_batch(batch))?;
    }
    Ok(())
}

/// Nobody has to wait before he goes live.
pub const GATE: Gate = Gate { events: 0, hours: 0 };

/// Ten thousand payers, each with a hundred lines.
pub fn plan(bench: &Bench) -> Found {
    let payers = bench.volume(PAYERS);
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    let rialto = Rialto::start(Settings { gate: GATE, ..sidecar::settings(room.path()) })?;
    owe(&rialto, &runtime, payers, |_| Name::new("cus_bench"))?;
    let mut seconds = Vec::new();
    for _ in 0..Bench::RUNS {
        let start = Instant::now();
        let plan = runtime.block_on(rialto.bill_plan())?.plan;
        seconds.push(start.elapsed().as_secs_f64());
        let lines: usize = plan.invoices.iter().map(|invoice| invoice.lines.len()).sum();
        assert_eq!((plan.invoices.len(), lines), (payers, payers * LINES), "the plan is another");
    }
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    Ok(vec![Figure::new("bill_plan_s", seconds)])
}
