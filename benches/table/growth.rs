//! Growth: what the next activities cost after few and after many, and with few and with many citizens.
//! Nothing but memory may grow, and it is told what of it does.

use std::error::Error;
use std::time::{Duration, Instant};

use rialto::domain::ids::Feed;
use rialto::ledger::rows::{ChargeRow, FactRow};
use rialto::wiring::Rialto;
use tokio::runtime::Runtime;

use crate::city::{BATCH, CITIZENS, City};
use crate::figure::{Bench, Figure, Found};
use crate::memory::settled;
use crate::process::Process;
use crate::rows::Figures;
use crate::section::{Section, grid};
use crate::text::number;
use crate::{large, latency, sidecar, stats, throughput};

/// A height to measure at.
struct Height {
    name: &'static str,
    heading: &'static str,
    recorded: usize,
    citizens: usize,
}

const HEIGHTS: [Height; 5] = [
    Height { name: "thousand", heading: "10³ recorded, 177 citizens", recorded: 1000, citizens: CITIZENS },
    Height { name: "hundred_thousand", heading: "10⁵, 177", recorded: 100_000, citizens: CITIZENS },
    Height { name: "ten_million", heading: "10⁷, 177", recorded: 10_000_000, citizens: CITIZENS },
    Height { name: "town", heading: "10⁷, 10⁴", recorded: 10_000_000, citizens: 10_000 },
    Height { name: "metropolis", heading: "10⁷, 10⁶", recorded: 10_000_000, citizens: 1_000_000 },
];

/// How many activities come next, in each of three runs.
const NEXT: usize = 32 * BATCH;

/// The section.
pub static SECTION: Section = Section {
    flag: "--growth",
    probes: &[
        ("growth-thousand", |bench| measure(bench, &HEIGHTS[0])),
        ("growth-hundred-thousand", |bench| measure(bench, &HEIGHTS[1])),
        ("growth-ten-million", |bench| measure(bench, &HEIGHTS[2])),
        ("growth-town", |bench| measure(bench, &HEIGHTS[3])),
        ("growth-metropolis", |bench| measure(bench, &HEIGHTS[4])),
    ],
    markdown,
};

/// The rows of the table: what is measured, and its name behind that of the height.
const ROWS: [(&str, &str); 11] = [
    ("the next 262,144, batches of 8,192: a second", "per_s"),
    ("processor time of one, µs", "cpu_us"),
    ("bytes of one in the journal", "journal_bytes"),
    ("one alone, to its durable receipt, p50, µs", "record_p50_us"),
    ("the disk's own fdatasync meanwhile, p50, µs", "disk_p50_us"),
    ("262,144 of the oldest sent again: a second", "repeats_per_s"),
    ("what became of an old one, read from the journal, p50, µs", "fate_p50_us"),
    ("dashboard, p50, µs", "dashboard_p50_us"),
    ("resident memory beyond an empty process, MB", "resident_mb"),
    ("of it rows of the book, MB", "rows_mb"),
    ("of it actors that are awake, MB", "actors_mb"),
];

fn measure(bench: &Bench, height: &Height) -> Found {
    let before = settled();
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    let citizens = if height.citizens == CITIZENS { CITIZENS } else { bench.volume(height.citizens) };
    let mut city = City::of(citizens);
    let rialto = sidecar::settle(room.path(), &city, &runtime)?;
    fill(&rialto, &runtime, &mut city, bench.volume(height.recorded))?;
    let mut figures = standing(&rialto, citizens, before);
    figures.extend(next(&rialto, &runtime, &mut city, bench.volume(NEXT).max(8 * BATCH))?);
    figures.extend(old(&rialto, &runtime, citizens, bench.volume(height.recorded).min(NEXT))?);
    let (mut waits, mut syncs) = latency::in_turn(&rialto, &runtime, &mut city, 1000)?;
    for (name, samples) in [("record_p50_us", &mut waits), ("disk_p50_us", &mut syncs)] {
        figures.push(Figure::new(name, vec![stats::p50_p99_us(samples).0]));
    }
    figures.extend(large::dashboard(&rialto));
    figures.push(actors(&rialto)?);
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    Ok(figures.into_iter().map(|figure| Figure { name: called(height, &figure.name), ..figure }).collect())
}

fn called(height: &Height, figure: &str) -> String {
    format!("{}_{figure}", height.name)
}

/// Records so many of the real mix, few at a time, so that what waits to be recorded hardly counts.
fn fill(rialto: &Rialto, runtime: &Runtime, city: &mut City, count: usize) -> Result<(), Box<dyn Error>> {
    const STRIDE: usize = 20_000;
    for done in (0..count).step_by(STRIDE) {
        let events = city.mix(STRIDE.min(count - done));
        sidecar::record(rialto, runtime, sidecar::batches(events))?.per_s()?;
    }
    Ok(())
}

/// What an empty process had not, and the rows of the book in it by their size.
fn standing(rialto: &Rialto, citizens: usize, before: u64) -> Vec<Figure> {
    crate::give_back();
    let resident = settled().saturating_sub(before);
    let view = rialto.view();
    let rows = view.facts as usize * FactRow::BYTES + view.transactions as usize * ChargeRow::BYTES;
    vec![
        megabytes("resident_mb", resident as f64),
        megabytes("rows_mb", rows as f64),
        Figure::new("facts", vec![view.facts as f64]),
        Figure::new("citizens", vec![citizens as f64]),
    ]
}

/// What comes back when everybody retires.
fn actors(rialto: &Rialto) -> Result<Figure, Box<dyn Error>> {
    crate::give_back();
    let awake = settled();
    throughput::retire(rialto)?;
    Ok(megabytes("actors_mb", awake.saturating_sub(settled()) as f64))
}

fn megabytes(name: &str, bytes: f64) -> Figure {
    Figure::new(name, vec![bytes / 1e6])
}

/// The next activities of the real mix; all that they need is warm by then.
fn next(rialto: &Rialto, runtime: &Runtime, city: &mut City, count: usize) -> Found {
    sidecar::record(rialto, runtime, sidecar::batches(city.mix(count)))?.per_s()?;
    let mut figures = ["per_s", "cpu_us", "journal_bytes"].map(|name| Figure::new(name, Vec::new()));
    for _ in 0..Bench::RUNS {
        let batches = sidecar::batches(city.mix(count));
        let (ran, position) = (Process::own().ran(), rialto.view().position);
        let tally = sidecar::record(rialto, runtime, batches)?;
        let ran = Process::own().ran().saturating_sub(ran);
        let bytes = rialto.view().position - position;
        let each = [tally.per_s()?, stats::micros(ran) / count as f64, bytes as f64 / count as f64];
        for (figure, value) in figures.iter_mut().zip(each) {
            figure.runs.push(value);
        }
    }
    Ok(figures.into())
}

/// What was recorded first, once more: sent again, and asked for.
fn old(rialto: &Rialto, runtime: &Runtime, citizens: usize, count: usize) -> Found {
    // A city does the same things again in the same order.
    let events = City::of(citizens).mix(count);
    let ids: Vec<_> = events.iter().step_by((count / 300).max(1)).map(|event| event.source_id.clone()).collect();
    let tally = sidecar::record(rialto, runtime, sidecar::batches(events))?;
    if tally.others != count {
        return Err(format!("of {count} that were sent again, only {} were known", tally.others).into());
    }
    let mut times = Vec::new();
    for id in ids {
        let start = Instant::now();
        runtime.block_on(rialto.fate(Feed::Activity, id.as_str()))?.ok_or("an activity was forgotten")?;
        times.push(start.elapsed());
    }
    Ok(vec![
        Figure::new("repeats_per_s", vec![count as f64 / tally.took.max(Duration::from_nanos(1)).as_secs_f64()]),
        Figure::new("fate_p50_us", vec![stats::p50_p99_us(&mut times).0]),
    ])
}

fn markdown(figures: &Figures) -> String {
    let head: Vec<&str> = ["what"].into_iter().chain(HEIGHTS.iter().map(|height| height.heading)).collect();
    let cells = |text: &dyn Fn(&Height) -> Option<String>| {
        HEIGHTS.iter().map(|height| text(height).unwrap_or_else(|| "not measured".to_owned())).collect()
    };
    let found = ROWS.iter().map(|(what, figure)| (*what, cells(&|height| figures.text(&called(height, figure), ""))));
    let rest = ("the rest: index, names, sums, buffers, MB", cells(&|height| Some(number(rest_mb(figures, height)?))));
    format!("{}\n{}", grid(&head, found.chain([rest])), what_grows(figures).unwrap_or_default())
}

fn rest_mb(figures: &Figures, height: &Height) -> Option<f64> {
    let of = |figure| figures.median(&called(height, figure));
    Some(of("resident_mb")? - of("rows_mb")? - of("actors_mb")?)
}

/// How much each structure takes of what it grows with, from the differences between heights.
fn what_grows(figures: &Figures) -> Option<String> {
    let [least, _, many, _, crowd] = &HEIGHTS;
    let between = |from: &Height, to: &Height, figure: &str| {
        Some(figures.median(&called(to, figure))? - figures.median(&called(from, figure))?)
    };
    let rest_between = |from, to| Some((rest_mb(figures, to)? - rest_mb(figures, from)?) * 1e6);
    let (facts, citizens) = (between(least, many, "facts")?, between(many, crowd, "citizens")?);
    let rows = number(between(least, many, "rows_mb")? * 1e6 / facts);
    let index = number(rest_between(least, many)? / facts);
    let names = number(rest_between(many, crowd)? / citizens);
    let actors = number(between(many, crowd, "actors_mb")? * 1e6 / citizens);
    Some(format!(
        "Between the first and the third, an activity takes {rows} B of rows and {index} B of index. Between the third and the last, a citizen \
         takes {names} B of names, sums and tables, and {actors} B of its actor while that is awake.\n"
    ))
}
