//! The demo's feed: a city that lives on a simulated clock, handed in as its engine would.

mod bank;
mod debut;

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use toml::Value;

use crate::clock::Clock;
use crate::demo::{City, Delivery, Table, Tick};
use crate::domain::time::Moment;
use crate::reading::Reader;
use crate::wiring::{RecordError, Rialto};

pub use bank::Bank;

/// The city that there is where nobody asks for another.
pub const SEED: u64 = 1;
/// How many days it has lived when the demo starts.
const LIVED: u32 = 3;
const DAY_MICROS: i64 = 86_400_000_000;

/// What a demo is set to where nobody says otherwise: its businesses have few charges each, and what is worth an invoice
/// does not wait for the next morning.
pub fn usual() -> toml::Table {
    let settings = [("gate_events", Value::Integer(1)), ("bill_threshold", Value::String("10.00".into()))];
    settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The clock of a demo, standing at the city's beginning.
pub fn clock() -> Clock {
    Clock::simulated(Moment(City::START_MICROS))
}

/// The ticks of the first `days` days.
pub fn lived(city: &City, days: u32) -> impl Iterator<Item = Tick> + use<> {
    // A city without an end is asked for as `u32::MAX` days, which is past the end of time.
    let end = City::START_MICROS.saturating_add(i64::from(days).saturating_mul(DAY_MICROS));
    city.ticks().take_while(move |tick| tick.at_micros < end)
}

/// A demo's life.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Of which city.
    pub seed: u64,
    /// For how many days in all; for ever, where that is not said.
    pub days: Option<u32>,
    /// How long a day takes.
    pub day: Duration,
}

/// Lives a city: three days at once and in shadow, then day by day, with one business live where there is a bank.
/// Once it is silenced its time goes on, and nothing of it is handed in.
pub async fn live(
    rialto: &Rialto,
    reader: Reader,
    Life { seed, days, day }: Life,
    bank: Option<&Bank>,
    is_silenced: &AtomicBool,
) -> Result<(), Box<dyn Error>> {
    let city = City::new(seed);
    let mut is_silent = false;
    for delivery in city.founding() {
        hand_in(rialto, reader, delivery).await?;
    }
    let caught_up = City::START_MICROS + i64::from(LIVED) * DAY_MICROS;
    let mut began = None;
    for tick in lived(&city, days.unwrap_or(u32::MAX)) {
        if caught_up <= tick.at_micros && !day.is_zero() {
            if began.is_none()
                && let Some(bank) = bank
                && let Some(business) = debut::go_live(rialto, &city, reader, Moment(caught_up)).await?
            {
                let sandbox = bank.address();
                eprintln!(
                    "{business} is live: its clients are invoiced and pay, at what stands in for Stripe, http://{sandbox}/sandbox"
                );
            }
            let began = *began.get_or_insert_with(Instant::now);
            pass_time(rialto.clock(), began, caught_up, tick.at_micros, day).await;
        }
        rialto.clock().advance_to(Moment(tick.at_micros));
        for delivery in tick.deliveries {
            // Told once nothing of it is on its way any more.
            if !is_silent && is_silenced.load(Ordering::Relaxed) {
                is_silent = true;
                eprintln!("the city is silent from now on");
            }
            if !is_silent {
                hand_in(rialto, reader, delivery).await?;
            }
        }
    }
    Ok(())
}

/// Lets the clock run until it shows `until`, at the pace of a simulated day in every `day`.
async fn pass_time(clock: &Clock, began: Instant, caught_up: i64, until: i64, day: Duration) {
    loop {
        let gone = began.elapsed().as_micros() * DAY_MICROS.unsigned_abs() as u128 / day.as_micros().max(1);
        let now = caught_up.saturating_add(i64::try_from(gone).unwrap_or(i64::MAX));
        if until <= now {
            return;
        }
        clock.advance_to(Moment(now));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn hand_in(rialto: &Rialto, reader: Reader, delivery: Delivery) -> Result<(), Box<dyn Error>> {
    let Delivery { table, rows } = delivery;
    match table {
        Table::Citizens => {
            describe(rialto, rows.iter().map(|row| reader.citizen(row)).collect::<Result<_, _>>()?).await?
        }
        Table::Buildings => {
            describe(rialto, rows.iter().map(|row| reader.building(row)).collect::<Result<_, _>>()?).await?
        }
        Table::Activities => {
            drop(rialto.record_batch(rows.iter().map(|row| reader.activity(row)).collect::<Result<_, _>>()?).await?)
        }
        Table::Messages => {
            drop(rialto.record_batch(rows.iter().map(|row| reader.message(row)).collect::<Result<_, _>>()?).await?)
        }
    }
    Ok(())
}

async fn describe(rialto: &Rialto, rows: Vec<crate::domain::rows::Row>) -> Result<(), RecordError> {
    rialto.describe(rows).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_city_without_an_end_has_a_first_day() {
        assert!(lived(&City::new(SEED), u32::MAX).next().is_some());
    }
}
