//! The bench table: everything that Rialto must reach, measured in one run beside the disk and its peers.
//!
//! Every probe runs in a process of its own, so that none finds the memory, the threads or the names of
//! another. `cargo xtask bench` runs it with a PostgreSQL to compare with.

mod bills;
#[path = "../common/city.rs"]
mod city;
mod cost;
mod disk;
mod figure;
mod growth;
mod http;
mod large;
mod latency;
mod machine;
mod memory;
mod pace;
mod pauses;
mod postgres;
mod print;
mod process;
mod python;
mod queries;
mod rows;
mod scrape;
mod section;
mod sending;
mod sidecar;
mod stats;
mod steady;
#[path = "../common/tariff.rs"]
mod tariff;
mod text;
mod throughput;
mod told;

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use figure::{Bench, Figure, Found};
use rows::{Figures, ROWS, Row};
use section::{SECTIONS, Section};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As in the binary.
#[expect(unsafe_code, reason = "the allocator's own function, which has no safe wrapper")]
fn give_back() {
    // SAFETY: it may be called by any thread at any time, and touches only what is free.
    unsafe { libmimalloc_sys::mi_collect(true) }
}

const HELP: &str = "\
The bench table. Usually run by `cargo xtask bench`, which also brings the peers.

usage: cargo bench --bench table -- [options]
  --quick           a twentieth of the volumes
  --row NAME        this row alone; may be given again
  --json            all figures as JSON instead of the table
  --folder DIR      where to work; it decides which disk is measured
  --postgres PORT   a PostgreSQL on the loopback, user postgres, to compare with
  --binary FILE     another `rialto` to ask over HTTP
  --rows            the names of the rows
instead of the table, one of:
  --growth          what the next activities cost after few and after many
  --steady          minutes at 80 % of what is possible over HTTP
      --minutes N   how many [default: 10]
  --cost            what activities take, and a sidecar that does nothing
  --sending         how long it takes to send 10,000 invoices at the rates of a live account";

/// A measurement of something.
pub type Probe = fn(&Bench) -> Found;

/// The probes, in the order they run.
const PROBES: [(&str, Probe); 19] = [
    ("disk", disk::probe),
    ("mix", throughput::mix),
    ("mix-200", throughput::mix_by_200_rules),
    ("priced", throughput::priced),
    ("priced-200", throughput::priced_by_200_rules),
    ("million", throughput::million),
    ("record", latency::record),
    ("submit", latency::submit),
    // Right after what it is compared with, as the disk drifts.
    ("python", python::probe),
    ("http-batches", http::batches),
    ("http-singles", http::singles),
    ("large", large::probe),
    ("scrape", scrape::probe),
    ("bill-plan", bills::plan),
    ("memory-transaction", memory::transaction),
    ("memory-zero", memory::zero),
    ("memory-actors", memory::actors),
    // Last, as it goes on to write for a while; all but the queries, which have that done first.
    ("postgres", postgres::probe),
    ("queries", queries::probe),
];

/// What the probe of the actors runs in a process of its own.
const SLEEPING: (&str, Probe) = ("memory-sleeping", memory::sleeping);

struct Arguments {
    bench: Bench,
    rows: Vec<&'static Row>,
    /// Another table instead.
    section: Option<&'static Section>,
    is_json: bool,
    /// Set in a child: the probe to run.
    probe: Option<String>,
    shows: Option<String>,
}

fn main() -> ExitCode {
    match arguments().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("table: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { bench, rows, section, is_json, probe, shows } = arguments;
    if let Some(text) = shows {
        println!("{text}");
        return Ok(());
    }
    if let Some(name) = probe {
        let others = SECTIONS.iter().flat_map(|section| section.probes);
        let mut probes = PROBES.iter().chain([&SLEEPING]).chain(others);
        let (_, probe) = probes.find(|(known, _)| *known == name).ok_or("no such probe")?;
        for figure in probe(&bench)? {
            println!("{}", serde_json::to_string(&figure)?);
        }
        return Ok(());
    }
    std::fs::create_dir_all(&bench.folder)?;
    let mut figures = Figures::default();
    let is_needed = |name: &str| name == "disk" || rows.iter().any(|row| row.probes.contains(&name));
    let needed = PROBES.iter().filter(|(name, _)| section.is_none() && is_needed(name));
    for (name, _) in needed.chain(section.into_iter().flat_map(|section| section.probes)) {
        eprintln!("measuring: {name}");
        match measure(name, &bench) {
            Ok(found) => found.into_iter().for_each(|figure| figures.insert(figure)),
            Err(error) => {
                eprintln!("{name}: {error}");
                figures.failures.insert((*name).to_owned(), error.to_string());
            }
        }
    }
    let machine = machine::description(&bench.folder);
    let text = match section {
        _ if is_json => print::json(&machine, &figures),
        Some(section) => section.told(&machine, &figures, bench.is_quick),
        None => print::markdown(&machine, &figures, &rows, bench.is_quick),
    };
    println!("{text}");
    Ok(())
}

/// Runs a probe in a process of its own.
fn measure(name: &str, bench: &Bench) -> Found {
    let mut child = Command::new(std::env::current_exe()?);
    child.args(["--probe", name, "--folder"]).arg(&bench.folder);
    child.arg("--binary").arg(&bench.binary);
    child.args(bench.is_quick.then_some("--quick"));
    if let Some(minutes) = bench.minutes {
        child.args(["--minutes", &minutes.to_string()]);
    }
    if let Some(port) = bench.postgres {
        child.args(["--postgres", &port.to_string()]);
    }
    let output = child.stdin(Stdio::null()).stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(errors.trim().trim_start_matches("table: ").to_owned().into());
    }
    let lines = str::from_utf8(&output.stdout)?.lines();
    Ok(lines.map(serde_json::from_str::<Figure>).collect::<Result<_, _>>()?)
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut arguments = Arguments {
        bench: Bench {
            folder: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench"),
            is_quick: false,
            binary: PathBuf::from(env!("CARGO_BIN_EXE_rialto")),
            minutes: None,
            postgres: None,
        },
        rows: Vec::new(),
        section: None,
        is_json: false,
        probe: None,
        shows: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            // Cargo says this to every bench.
            "--bench" => {}
            "--quick" => arguments.bench.is_quick = true,
            "--json" => arguments.is_json = true,
            "--folder" => arguments.bench.folder = PathBuf::from(value()?),
            "--binary" => arguments.bench.binary = PathBuf::from(value()?),
            "--postgres" => arguments.bench.postgres = Some(value()?.parse()?),
            "--minutes" => arguments.bench.minutes = Some(value()?.parse()?),
            "--probe" => arguments.probe = Some(value()?),
            "--row" => {
                let name = value()?;
                let row = ROWS.iter().find(|row| row.name == name);
                arguments.rows.push(row.ok_or_else(|| format!("no row {name}; there are {}", names()))?);
            }
            "--rows" => arguments.shows = Some(names()),
            "--help" => arguments.shows = Some(HELP.to_owned()),
            flag => {
                let section = Section::of(flag).ok_or_else(|| format!("unknown argument {flag}\n\n{HELP}"))?;
                arguments.section = Some(section);
            }
        }
    }
    if arguments.rows.is_empty() {
        arguments.rows = ROWS.iter().collect();
    }
    Ok(arguments)
}

fn names() -> String {
    ROWS.iter().map(|row| row.name).collect::<Vec<_>>().join(" ")
}
