//! The rows of the table: what is measured, what it must reach, and how that is judged.

use std::collections::BTreeMap;

use crate::figure::Figure;
use crate::stats;
use crate::text::{self, number};

/// All that was measured, by name.
#[derive(Default)]
pub struct Figures {
    found: BTreeMap<String, Figure>,
    /// Why a probe found nothing, by the probe's name.
    pub failures: BTreeMap<String, String>,
}

/// One row of the table.
pub struct Row {
    /// What `--row` calls it.
    pub name: &'static str,
    /// What is measured.
    pub what: &'static str,
    /// What it must reach.
    pub reach: &'static str,
    /// The probes that it needs; the first is its own.
    pub probes: &'static [&'static str],
    /// Says what was found.
    pub judge: fn(&Figures) -> Option<Judged>,
}

/// What was found.
pub struct Judged {
    /// The figure.
    pub measured: String,
    /// What it is compared with.
    pub peer: String,
    /// The ratio of both.
    pub ratio: String,
    /// Whether it reached what it must; `None` where its peer is missing.
    pub is_reached: Option<bool>,
    /// What one should know.
    pub note: String,
}

impl Figures {
    /// Takes one in.
    pub fn insert(&mut self, figure: Figure) {
        self.found.insert(figure.name.clone(), figure);
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Figure> {
        self.found.values()
    }

    /// The median of a figure's runs.
    pub fn median(&self, name: &str) -> Option<f64> {
        stats::spread(&self.found.get(name)?.runs).map(|[_, median, _]| median)
    }

    /// The median with its unit, and the least and the greatest where they differ.
    pub fn text(&self, name: &str, unit: &str) -> Option<String> {
        let [min, median, max] = stats::spread(&self.found.get(name)?.runs)?;
        let several = min.to_bits() != max.to_bits();
        let range = if several { format!(" ({} to {})", number(min), number(max)) } else { String::new() };
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        Some(format!("{}{unit}{range}", number(median)))
    }

    /// What one should know of a figure.
    pub fn note(&self, name: &str) -> String {
        self.found.get(name).map_or_else(String::new, |figure| figure.note.clone())
    }

    fn at_least(&self, name: &str, bound: f64) -> Option<Judged> {
        self.judged(name, "/s", bound <= self.median(name)?)
    }

    fn at_most(&self, name: &str, unit: &str, bound: f64) -> Option<Judged> {
        self.judged(name, unit, self.median(name)? <= bound)
    }

    fn judged(&self, name: &str, unit: &str, is_reached: bool) -> Option<Judged> {
        Some(Judged {
            measured: self.text(name, unit)?,
            peer: String::new(),
            ratio: String::new(),
            is_reached: Some(is_reached),
            note: self.note(name),
        })
    }
}

impl Judged {
    /// Beside one more peer.
    fn beside(mut self, peer: String, ratio: f64) -> Judged {
        self.peer = joined([self.peer, peer]);
        self.ratio = joined([self.ratio, text::ratio(ratio)]);
        self
    }

    /// Beside the brief's way in Python, where that was measured too: what it holds an activity up.
    fn beside_python(self, p50_us: f64, figures: &Figures) -> Judged {
        match figures.median("python_1_p50_us") {
            None => self,
            Some(python) => self.beside(format!("Python {} µs", number(python)), p50_us / python),
        }
    }

    /// Beside the brief's four queries in PostgreSQL, where they were measured too: the better of both ways.
    fn beside_queries(self, p50_us: f64, figures: &Figures) -> Judged {
        let ways = [
            ("the sums by an index on the timestamp", "postgres_indexed_dashboard_ms"),
            ("no index on the timestamp", "postgres_unindexed_dashboard_ms"),
        ];
        let ways = ways.into_iter().filter_map(|(way, name)| Some((way, figures.median(name)?)));
        match ways.min_by(|(_, one), (_, other)| one.total_cmp(other)) {
            None => self,
            Some((way, ms)) => self
                .beside(format!("PostgreSQL's four queries {} ms", number(ms)), p50_us / (ms * 1e3))
                .noted(format!("PostgreSQL: {way}")),
        }
    }

    fn and(mut self, measured: Option<String>) -> Judged {
        if let Some(measured) = measured {
            self.measured = format!("{}; {measured}", self.measured);
        }
        self
    }

    fn noted(mut self, note: String) -> Judged {
        self.note = joined([self.note, note]);
        self
    }
}

fn joined(parts: [String; 2]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// The table.
pub static ROWS: [Row; 22] = [
    Row {
        name: "mix",
        what: "durable in process, batches of 8,192, 177 citizens, the engine's real mix (nearly all recorded at zero)",
        reach: "2,000,000/s",
        probes: &["mix"],
        judge: |figures| figures.at_least("mix_per_s", 2e6),
    },
    Row {
        name: "mix-200",
        what: "the same, by a tariff of 200 rules",
        reach: "2,000,000/s",
        probes: &["mix-200"],
        judge: |figures| figures.at_least("mix_200_per_s", 2e6),
    },
    Row {
        name: "priced",
        what: "the same by the built-in tariff, every activity priced and posted",
        reach: "1,000,000/s, and 10 × PostgreSQL's batches in the same run",
        probes: &["priced", "postgres"],
        judge: priced,
    },
    Row {
        name: "priced-200",
        what: "the same, by a tariff of 200 rules",
        reach: "1,000,000/s",
        probes: &["priced-200"],
        judge: |figures| figures.at_least("priced_200_per_s", 1e6),
    },
    Row {
        name: "million-live",
        what: "every activity priced, 1,000,000 citizens, actors live",
        reach: "700,000/s",
        probes: &["million"],
        judge: |figures| figures.at_least("million_live_per_s", 7e5),
    },
    Row {
        name: "million-woken",
        what: "every activity priced, 1,000,000 citizens, actors to be woken",
        reach: "300,000/s",
        probes: &["million"],
        judge: |figures| figures.at_least("million_woken_per_s", 3e5),
    },
    Row {
        name: "bytes",
        what: "bytes in the journal for an activity of the real mix, `ActivityId` included",
        reach: "≤ 120",
        probes: &["mix"],
        judge: |figures| figures.at_most("journal_bytes_per_activity", "B", 120.0),
    },
    Row {
        name: "record",
        what: "one activity in process, to its durable receipt, p50",
        reach: "≤ 1.1 × the disk's own fdatasync p50 + 250 µs",
        probes: &["record", "python"],
        judge: record,
    },
    Row {
        name: "submit",
        what: "handing one over without waiting (`submit`)",
        reach: "p50 ≤ 2 µs, p99 ≤ 20 µs (the brief allows 5 ms)",
        probes: &["submit", "python"],
        judge: |figures| {
            let (p50, p99) = (figures.median("submit_p50_us")?, figures.median("submit_p99_us")?);
            let judged = figures.judged("submit_p50_us", "µs", p50 <= 2.0 && p99 <= 20.0)?;
            let rate = figures.median("submit_per_s").map_or_else(String::new, |rate| format!("at {}/s", number(rate)));
            let judged = judged.and(figures.text("submit_p99_us", "µs p99")).noted(rate);
            Some(judged.beside_python(p50, figures))
        },
    },
    Row {
        name: "http-batches",
        what: "HTTP, NDJSON batches of 500 records of real size, load generator on the same cores",
        reach: "250,000/s",
        probes: &["http-batches"],
        judge: |figures| figures.at_least("http_batches_per_s", 2.5e5),
    },
    Row {
        name: "http-singles",
        what: "HTTP, one record a request, 64 connections, durable",
        reach: "more than PostgreSQL's 64 clients in the same run, and ≥ 0.75 × 64 / (1.5 × fdatasync p50) up to 20,000/s",
        probes: &["http-singles", "postgres"],
        judge: singles,
    },
    Row {
        name: "http-singles-p99",
        what: "the same, p99",
        reach: "≤ 3 × fdatasync p99",
        probes: &["http-singles"],
        judge: |figures| {
            let (p99, disk) = (figures.median("http_singles_p99_us")?, figures.median("http_singles_disk_p99_us")?);
            let judged = figures.judged("http_singles_p99_us", "µs", p99 <= 3.0 * disk)?;
            let peer = format!("fdatasync p99 {} µs", number(disk));
            Some(judged.beside(peer, p99 / disk).noted(figures.note("http_singles_per_s")))
        },
    },
    Row {
        name: "dashboard",
        what: "dashboard query, at 10 million transactions, in process",
        reach: "≤ 10 µs",
        probes: &["large", "queries"],
        judge: |figures| {
            let judged = figures.at_most("dashboard_p50_us", "µs p50", 10.0)?;
            let judged = judged.and(figures.text("dashboard_p99_us", "µs p99"));
            Some(judged.beside_queries(figures.median("dashboard_p50_us")?, figures))
        },
    },
    Row {
        name: "dashboard-http",
        what: "the same, over HTTP",
        reach: "≤ 1 ms",
        probes: &["large", "queries"],
        judge: |figures| {
            let judged = figures.at_most("dashboard_http_p50_us", "µs p50", 1000.0)?;
            let judged = judged.and(figures.text("dashboard_http_p99_us", "µs p99"));
            Some(judged.beside_queries(figures.median("dashboard_http_p50_us")?, figures))
        },
    },
    Row {
        name: "restart",
        what: "restart with 10 million transactions, files in the page cache",
        reach: "≤ 3 s",
        probes: &["large"],
        judge: |figures| {
            let judged = figures.at_most("restart_s", "s", 3.0)?;
            let alone = figures.text("restart_journal_alone_s", "s without any snapshot");
            Some(judged.noted(alone.unwrap_or_default()))
        },
    },
    Row {
        name: "scrape",
        what: "a scrape of all metrics over HTTP, at 10,000 businesses and 10 million transactions, the longest of 200",
        reach: "≤ 50 ms, fewer than 2,000 series",
        probes: &["scrape"],
        judge: |figures| {
            let series = figures.median("scrape_series")?;
            let is_reached = figures.median("scrape_longest_ms")? <= 50.0 && series < 2_000.0;
            let judged = figures.judged("scrape_longest_ms", "ms", is_reached)?;
            let judged = judged.and(figures.text("scrape_p50_ms", "ms p50"));
            Some(judged.noted(format!("{} series", number(series))))
        },
    },
    Row {
        name: "scrape-held",
        what: "the longest that the bookkeeper lets a question wait while he is scraped ten times a second",
        reach: "≤ 1 ms more than while he is not",
        probes: &["scrape"],
        judge: |figures| {
            let [quiet, scraped] = ["scrape_quiet_ms", "scrape_held_ms"].map(|name| figures.median(name));
            let judged = figures.judged("scrape_held_ms", "ms", scraped? <= quiet? + 1.0)?;
            Some(judged.noted(figures.text("scrape_quiet_ms", "ms without a scrape").unwrap_or_default()))
        },
    },
    Row {
        name: "bill-plan",
        what: "the plan of the invoices of 10,000 payers with 100 lines each",
        reach: "≤ 1 s",
        probes: &["bill-plan"],
        judge: |figures| figures.at_most("bill_plan_s", "s", 1.0),
    },
    Row {
        name: "memory-transaction",
        what: "memory of a transaction",
        reach: "≤ 100 B",
        probes: &["memory-transaction"],
        judge: |figures| figures.at_most("transaction_bytes", "B", 100.0),
    },
    Row {
        name: "memory-zero",
        what: "memory of an activity that earned nothing (texts stay on disk)",
        reach: "≤ 48 B",
        probes: &["memory-zero"],
        judge: |figures| figures.at_most("zero_bytes", "B", 48.0),
    },
    Row {
        name: "memory-actor",
        what: "memory of a live actor with its state",
        reach: "≤ 1.5 KiB, nothing for a retired one beyond its totals",
        probes: &["memory-actors"],
        judge: |figures| {
            let [retired, sleeping] = ["actor_retired_bytes", "actor_sleeping_bytes"].map(|name| figures.median(name));
            let is_nothing_left = retired? <= 1.1 * sleeping?;
            let live = figures.median("actor_live_bytes")?;
            let judged = figures.judged("actor_live_bytes", "B", live <= 1536.0 && is_nothing_left)?;
            let note =
                "with the citizen's name, totals and two transactions, also the peer: a process that never woke it";
            let peer = format!("{} B asleep", number(sleeping?));
            let judged = judged.and(figures.text("actor_retired_bytes", "B retired"));
            Some(judged.beside(peer, retired? / sleeping?).noted(note.to_owned()))
        },
    },
    Row {
        name: "snapshot",
        what: "snapshot at 10 million transactions holds the bookkeeper",
        reach: "≤ 10 ms",
        probes: &["large"],
        judge: |figures| {
            let judged = figures.at_most("snapshot_held_ms", "ms", 10.0)?;
            let slowest = figures.text("snapshot_slowest_record_ms", "ms: the slowest record meanwhile, disk included");
            Some(judged.noted(slowest.unwrap_or_default()))
        },
    },
];

fn priced(figures: &Figures) -> Option<Judged> {
    let rate = figures.median("priced_per_s")?;
    let judged = figures.at_least("priced_per_s", 1e6)?;
    let peers = ["postgres_batch_1_per_s", "postgres_batch_4_per_s"];
    let peer = peers.into_iter().filter_map(|name| figures.median(name)).max_by(f64::total_cmp);
    Some(match peer {
        None => Judged { is_reached: judged.is_reached.filter(|is_reached| !is_reached), ..judged },
        Some(peer) => {
            let is_reached = Some(1e6 <= rate && 10.0 * peer <= rate);
            Judged { is_reached, ..judged }.beside(format!("PostgreSQL {} rows/s", number(peer)), rate / peer)
        }
    })
}

fn record(figures: &Figures) -> Option<Judged> {
    let (p50, disk) = (figures.median("record_p50_us")?, figures.median("record_disk_p50_us")?);
    let bound = 1.1 * disk + 250.0;
    let judged = figures.judged("record_p50_us", "µs", p50 <= bound)?;
    let tail = figures.text("record_p99_us", "µs p99").unwrap_or_default();
    let note = format!("allowed here: {} µs; {tail}", number(bound));
    let judged = judged.beside(format!("fdatasync p50 {} µs", number(disk)), p50 / disk).noted(note);
    Some(judged.beside_python(p50, figures))
}

fn singles(figures: &Figures) -> Option<Judged> {
    let (rate, disk) = (figures.median("http_singles_per_s")?, figures.median("http_singles_disk_p50_us")?);
    let bound = (0.75 * 64.0 / (1.5 * disk / 1e6)).min(20_000.0);
    let judged = figures.judged("http_singles_per_s", "/s", bound <= rate)?;
    let note = format!("allowed here: {}/s; fdatasync p50 {} µs", number(bound), number(disk));
    let judged = judged.noted(note);
    Some(match figures.median("postgres_single_64_per_s") {
        None => Judged { is_reached: judged.is_reached.filter(|is_reached| !is_reached), ..judged },
        Some(peer) => {
            let is_reached = Some(bound <= rate && peer < rate);
            Judged { is_reached, ..judged }.beside(format!("PostgreSQL {}/s", number(peer)), rate / peer)
        }
    })
}
