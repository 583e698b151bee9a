//! What a scrape takes where there is much to tell: ten million transactions for ten thousand businesses.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use rialto::domain::names::Name;
use rialto::metrics::page::Format;
use rialto::wiring::Rialto;
use tokio::runtime::Runtime;

use crate::city::City;
use crate::figure::{Bench, Figure, Found};
use crate::http::{self, Connection, Server};
use crate::large::{TRANSACTIONS, longest_answer};
use crate::{sidecar, stats};

const BUSINESSES: usize = 10_000;
/// So many scrapes are timed.
const SCRAPES: usize = 200;
/// While the bookkeeper is asked whether he hears anybody, it is scraped as often as this: a hundred times as often as a
/// Prometheus does.
const PAUSE: Duration = Duration::from_millis(100);
/// For so long.
const WATCH: Duration = Duration::from_secs(10);

/// The probe.
pub fn probe(bench: &Bench) -> Found {
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    let mut city = City::venice();
    let rialto = sidecar::settle(room.path(), &city, &runtime)?;
    fill(&rialto, &runtime, &mut city, bench.volume(TRANSACTIONS))?;
    let series = rialto.metrics(Format::Text).lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    let mut figures = vec![Figure::new("scrape_series", vec![series as f64])];
    figures.extend(held(&rialto, &runtime)?);
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    drop(rialto);
    figures.extend(over_http(bench, room.path())?);
    Ok(figures)
}

/// Charges for all those businesses, one after another.
fn fill(rialto: &Rialto, runtime: &Runtime, city: &mut City, count: usize) -> Result<(), Box<dyn Error>> {
    const STRIDE: usize = 500_000;
    let businesses: Vec<Name> = (0..BUSINESSES).filter_map(|number| Name::new(&format!("building_{number}"))).collect();
    for done in (0..count).step_by(STRIDE) {
        let mut services = city.services(STRIDE.min(count - done));
        for (service, business) in services.iter_mut().zip(businesses.iter().cycle()) {
            service.business = Some(*business);
        }
        sidecar::record(rialto, runtime, sidecar::batches(services))?.per_s()?;
    }
    Ok(())
}

/// How long the bookkeeper lets a question wait at most while he is scraped, and while he is not.
fn held(rialto: &Rialto, runtime: &Runtime) -> Found {
    let (mut quiet, mut scraped) = (Vec::new(), Vec::new());
    for _ in 0..Bench::RUNS {
        let longest = longest_answer(rialto, runtime, || std::thread::sleep(WATCH))?;
        quiet.push(longest.as_secs_f64() * 1e3);
        let longest = longest_answer(rialto, runtime, || {
            let start = Instant::now();
            while start.elapsed() < WATCH {
                std::hint::black_box(rialto.metrics(Format::Text));
                std::thread::sleep(PAUSE);
            }
        })?;
        scraped.push(longest.as_secs_f64() * 1e3);
    }
    Ok(vec![Figure::new("scrape_quiet_ms", quiet), Figure::new("scrape_held_ms", scraped)])
}

fn over_http(bench: &Bench, data: &Path) -> Found {
    let server = Server::start(&bench.binary, data)?;
    let mut times = sidecar::runtime()?.block_on(async {
        let mut connection = Connection::open(server.port).await?;
        let request = http::get(server.port, "/metrics");
        let mut times = Vec::new();
        for _ in 0..SCRAPES {
            let start = Instant::now();
            connection.expect_200(&request).await?;
            times.push(start.elapsed());
        }
        Ok::<_, Box<dyn Error>>(times)
    })?;
    let longest = times.iter().max().copied().unwrap_or_default();
    let (half, most) = stats::p50_p99_us(&mut times);
    Ok(vec![
        Figure::new("scrape_p50_ms", vec![half / 1e3]),
        Figure::new("scrape_p99_ms", vec![most / 1e3]),
        Figure::new("scrape_longest_ms", vec![longest.as_secs_f64() * 1e3]),
    ])
}
