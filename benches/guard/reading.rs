//! Reading: the engine's records off the wire, and the answer onto it.

use std::hint::black_box;

use rialto::demo::Table;
use rialto::domain::activity::Activity;
use rialto::domain::charge::Stage;
use rialto::domain::ids::TransactionId;
use rialto::domain::money::{Currency, Money};
use rialto::http::wire::Batch;
use rialto::ledger::entry::{Charged, Receipt, Status};
use rialto::reading::{Format, Reader, Refusal};

use crate::count::counted;
use crate::inputs;

/// Records a body, as in the table.
const BATCH: usize = 500;
/// Bodies.
const BODIES: usize = 8;

/// Rows of ACTIVITIES.
pub fn activities() -> usize {
    read(Table::Activities, |reader, text| reader.activity(text))
}

/// Rows of MESSAGES.
pub fn messages() -> usize {
    read(Table::Messages, |reader, text| reader.message(text))
}

fn read(table: Table, one: impl Fn(&Reader, &str) -> Result<Activity, Refusal>) -> usize {
    let reader = Reader::new(chrono_tz::Europe::Rome);
    let bodies: Vec<String> = inputs::rows(table, BODIES * BATCH).chunks(BATCH).map(|rows| rows.join("\n")).collect();
    let all = || {
        let texts = bodies.iter().flat_map(|body| reader.split(body.as_bytes(), Format::Lines).expect("a body"));
        texts.map(|text| black_box(text.and_then(|text| one(&reader, text)))).filter(Result::is_ok).count()
    };
    // Once before: nearly every name that an event has was read long ago.
    let mut good = all();
    counted(&mut || good = all());
    assert_eq!(good, BODIES * BATCH, "a record of the city was refused");
    good
}

/// The answer to a body, one in a hundred of whose events earned.
pub fn answer() -> usize {
    let ids: Vec<_> = inputs::mix().into_iter().take(BATCH).map(|activity| activity.source_id).collect();
    let receipts: Vec<Receipt> = (1..=BATCH as u64).map(receipt).collect();
    counted(&mut || {
        for _ in 0..BODIES {
            let mut batch = Batch::with_capacity(ids.len());
            for (id, receipt) in ids.iter().zip(&receipts) {
                batch.receipt(id.as_str(), receipt, Currency::EUR);
            }
            black_box(serde_json::to_vec(&batch).expect("an answer"));
        }
    });
    BODIES * BATCH
}

fn receipt(number: u64) -> Receipt {
    let (transaction, amount) = (TransactionId(number), Money::from_millionths(37_500_000));
    let charge =
        Charged { transaction, amount, currency: Currency::EUR, stage: Stage::Shadow, is_held: false, hold: None };
    match number % 100 {
        0 => Receipt { status: Status::Priced, charge: Some(charge), upgraded: false },
        _ => Receipt { status: Status::Recorded, charge: None, upgraded: false },
    }
}
