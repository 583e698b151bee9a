//! `rialto import`: records from files, into a data folder or a running sidecar.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::Value;
use toml::Table;

use super::client::{Client, said};
use super::source::{self, Record};
use super::{Common, Outcome, log, plain, print};
use crate::domain::activity::Activity;
use crate::domain::money::Sum;
use crate::domain::rows::Row;
use crate::ledger::entry::Status;
use crate::reading::{Kind, Reader};
use crate::wiring::{Rialto, Settings};

/// Record events, citizens and buildings from files or standard input.
///
/// A file holds one JSON object a line, or one JSON object or array. What a record is, is seen by its
/// keys; --kind says it where they do not. Doing it again changes nothing: what is known already is a
/// duplicate. The exit code is 1 if any record was rejected.
#[derive(Debug, Args)]
#[command(after_help = "Import citizens and buildings first: they tell who runs which business, and who is human.")]
pub struct Import {
    #[command(flatten)]
    common: Common,
    /// The address of a running sidecar that takes them; without it, they go into the data folder [env: RIALTO_URL].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A token for it; on a loopback address none is needed [env: RIALTO_TOKEN].
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Who vouches for a sidecar at https://…: a PEM file with its certificate [env: RIALTO_CA].
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// What all the records are.
    #[arg(long, value_enum)]
    kind: Option<Given>,
    /// The report as JSON.
    #[arg(long)]
    json: bool,
    /// The files; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Given {
    Activities,
    Messages,
    Citizens,
    Buildings,
}

impl From<Given> for Kind {
    fn from(given: Given) -> Kind {
        match given {
            Given::Activities => Kind::Activity,
            Given::Messages => Kind::Message,
            Given::Citizens => Kind::Citizen,
            Given::Buildings => Kind::Building,
        }
    }
}

/// What an import came to.
#[derive(Debug, Default, Serialize)]
struct Report {
    records: usize,
    recorded: usize,
    priced: usize,
    duplicate: usize,
    conflict: usize,
    rejected: usize,
    amount: BTreeMap<String, String>,
    /// How many of those that were priced are held, and how much of the amount that is.
    held: usize,
    held_amount: BTreeMap<String, String>,
    rejections: Vec<Rejection>,
    #[serde(skip)]
    sums: BTreeMap<String, Sum>,
    #[serde(skip)]
    held_sums: BTreeMap<String, Sum>,
}

#[derive(Debug, Serialize)]
struct Rejection {
    file: String,
    line: usize,
    id: Option<String>,
    code: String,
    message: String,
}

/// So many rejections are listed; all are counted.
const LISTED: usize = 1000;
/// So many records go at once.
const TO_FOLDER: usize = 4096;
const TO_SIDECAR: usize = 500;
/// And so many bytes: a sidecar takes bodies of 8 MiB where nobody made that less, and an event has 256 KiB
/// at most.
const BYTES: usize = 4 << 20;

/// Where the records go.
enum Sink {
    Folder { rialto: Rialto, runtime: tokio::runtime::Runtime },
    Sidecar(Client),
}

/// Records of one kind that go together.
struct Run<'a> {
    file: &'a Path,
    kind: Kind,
    lines: Vec<usize>,
    texts: Vec<String>,
    bytes: usize,
}

impl Import {
    pub(super) fn run(&self) -> Outcome {
        let config = self.common.load(Table::new())?;
        let reader = Reader::new(config.naive_zone());
        // Before there is a folder, or anything in it.
        self.files.iter().try_for_each(|file| source::check(file))?;
        // Without --data, a sidecar that is named in the environment is meant, too.
        let sink = match said((&self.url, "RIALTO_URL")) {
            Some(url) if self.common.data.is_none() => {
                let authority = self.ca.clone().or_else(|| said((&None, "RIALTO_CA")).map(PathBuf::from));
                Sink::Sidecar(Client::new(&url, said((&self.token, "RIALTO_TOKEN")), authority.as_deref())?)
            }
            _ => {
                log::start("warn", config.log_format)?;
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let settings = Settings {
                    time_zone: config.zone(),
                    segment_bytes: config.segment_bytes,
                    snapshot_bytes: config.snapshot_bytes,
                    limits: super::guards(&config),
                    policy: super::policy(&config),
                    ..Settings::new(&config.data)
                };
                Sink::Folder { rialto: Rialto::start(settings)?, runtime }
            }
        };
        let mut report = Report::default();
        let imported = self.import(&sink, reader, &mut report);
        if let Sink::Folder { rialto, runtime } = &sink {
            runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
        }
        report.amount = texts(&report.sums);
        report.held_amount = texts(&report.held_sums);
        let text = if self.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.text() };
        print(&text)?;
        imported?;
        Ok(if report.rejected == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn import(&self, sink: &Sink, reader: Reader, report: &mut Report) -> Result<(), Box<dyn Error>> {
        let size = self.files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|file| file.len()).sum();
        let bar = progress(size);
        let batch = match sink {
            Sink::Folder { .. } => TO_FOLDER,
            Sink::Sidecar(_) => TO_SIDECAR,
        };
        for file in &self.files {
            let before = bar.position();
            let mut run = Run { file, kind: Kind::Activity, lines: Vec::new(), texts: Vec::new(), bytes: 0 };
            let mut take = |record: Record, done: u64, run: &mut Run<'_>| {
                bar.set_position(before + done);
                report.records += 1;
                let text = match record.text {
                    Ok(text) => text,
                    Err(refusal) => {
                        report.reject(file, record.line, refusal.id, refusal.code.as_str(), &refusal.message);
                        return Ok(());
                    }
                };
                let Some(kind) = self.kind.map(Kind::from).or_else(|| reader.kind_of(&text)) else {
                    // What is no record at all is told apart from one that nobody knows.
                    if let Err(refusal) = reader.activity(&text)
                        && matches!(refusal.code.as_str(), "not_json" | "not_an_object" | "too_deep" | "too_large")
                    {
                        report.reject(file, record.line, refusal.id, refusal.code.as_str(), &refusal.message);
                        return Ok(());
                    }
                    let message = "it is neither an activity, a message, a citizen nor a building by its keys; say with --kind what it is";
                    report.reject(file, record.line, None, "unknown_kind", message);
                    return Ok(());
                };
                // The order of the records is kept: another kind begins another run.
                if run.kind != kind || batch <= run.texts.len() || BYTES <= run.bytes + text.len() {
                    flush(sink, reader, run, report)?;
                    run.kind = kind;
                }
                run.lines.push(record.line);
                run.bytes += text.len() + 1;
                run.texts.push(text);
                Ok(())
            };
            source::read(file, reader, |record, done| take(record, done, &mut run))?;
            flush(sink, reader, &mut run, report)?;
            bar.set_message(report.progress());
        }
        bar.finish_and_clear();
        Ok(())
    }
}

fn flush(sink: &Sink, reader: Reader, run: &mut Run<'_>, report: &mut Report) -> Result<(), Box<dyn Error>> {
    if run.texts.is_empty() {
        return Ok(());
    }
    match sink {
        Sink::Folder { rialto, runtime } => runtime.block_on(to_folder(rialto, reader, run, report))?,
        Sink::Sidecar(client) => to_sidecar(client, run, report)?,
    }
    run.lines.clear();
    run.texts.clear();
    run.bytes = 0;
    Ok(())
}

async fn to_folder(rialto: &Rialto, reader: Reader, run: &Run<'_>, report: &mut Report) -> Result<(), String> {
    let mut activities: Vec<Activity> = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    for (line, text) in run.lines.iter().zip(&run.texts) {
        let read = match run.kind {
            Kind::Activity => reader.activity(text).map(|activity| activities.push(activity)),
            Kind::Message => reader.message(text).map(|message| activities.push(message)),
            Kind::Citizen => reader.citizen(text).map(|row| rows.push(row)),
            Kind::Building => reader.building(text).map(|row| rows.push(row)),
        };
        if let Err(refusal) = read {
            report.reject(run.file, *line, refusal.id, refusal.code.as_str(), &refusal.message);
        }
    }
    if !activities.is_empty() {
        for receipt in rialto.record_batch(activities).await.map_err(|error| error.to_string())? {
            let charge = receipt.charge.filter(|_| receipt.status == Status::Priced);
            report.count(receipt.status);
            if let Some(charge) = charge {
                let mut sum = Sum::default();
                sum.add(charge.amount);
                report.price(&charge.currency.to_string(), sum, charge.is_held);
            }
        }
    }
    if !rows.is_empty() {
        for is_news in rialto.describe(rows).await.map_err(|error| error.to_string())? {
            report.count(if is_news { Status::Recorded } else { Status::Duplicate });
        }
    }
    Ok(())
}

fn to_sidecar(client: &Client, run: &Run<'_>, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let path = match run.kind {
        Kind::Activity => "/v1/activities",
        Kind::Message => "/v1/messages",
        Kind::Citizen => "/v1/citizens",
        Kind::Building => "/v1/buildings",
    };
    let lines = run.texts.iter().map(|text| text.replace(['\n', '\r'], " ") + "\n").collect::<String>();
    let answer = client.post_lines(path, &lines)?;
    let results = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    if results.len() != run.texts.len() {
        return Err(format!("the sidecar answered {} results for {} records", results.len(), run.texts.len()).into());
    }
    for (line, result) in run.lines.iter().zip(results) {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let status = Status::ALL.into_iter().find(|status| Some(status.as_str()) == result["status"].as_str());
        match status.ok_or("the sidecar answered a status that is none")? {
            Status::Rejected => {
                let [code, message] = ["code", "message"].map(|key| text(&result["error"][key]).unwrap_or_default());
                report.reject(run.file, *line, text(&result["id"]), &code, &message);
            }
            status => {
                report.count(status);
                if status == Status::Priced {
                    let (currency, amount) = (text(&result["currency"]), text(&result["amount"]));
                    let sum = amount.as_deref().and_then(Sum::parse).ok_or("the sidecar answered no amount")?;
                    report.price(&currency.unwrap_or_default(), sum, result["held"] == true);
                }
            }
        }
    }
    Ok(())
}

impl Report {
    fn count(&mut self, status: Status) {
        match status {
            Status::Recorded => self.recorded += 1,
            Status::Priced => self.priced += 1,
            Status::Duplicate => self.duplicate += 1,
            Status::Conflict => self.conflict += 1,
            Status::Rejected => self.rejected += 1,
        }
    }

    fn price(&mut self, currency: &str, amount: Sum, is_held: bool) {
        let add = |sums: &mut BTreeMap<String, Sum>| {
            let sum = sums.entry(currency.to_owned()).or_default();
            *sum = sum.plus(amount);
        };
        add(&mut self.sums);
        if is_held {
            self.held += 1;
            add(&mut self.held_sums);
        }
    }

    fn reject(&mut self, file: &Path, line: usize, id: Option<String>, code: &str, message: &str) {
        self.rejected += 1;
        if self.rejections.len() < LISTED {
            let (code, message) = (code.to_owned(), message.to_owned());
            self.rejections.push(Rejection { file: file.display().to_string(), line, id, code, message });
        }
    }

    fn progress(&self) -> String {
        format!("{} records, {} priced, {} rejected", self.records, self.priced, self.rejected)
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{} records read: {} recorded, {} priced, {} duplicate, {} conflict, {} rejected\n",
            self.records, self.recorded, self.priced, self.duplicate, self.conflict, self.rejected
        );
        for (currency, amount) in &self.amount {
            text += &format!("priced {amount} {currency}\n");
        }
        if 0 < self.held {
            let amounts: Vec<String> =
                self.held_amount.iter().map(|(currency, amount)| format!("{amount} {currency}")).collect();
            let charges = if self.held == 1 { "charge" } else { "charges" };
            text += &format!(
                "of that, {} in {} {charges} is held, and collected only once it is released: see `rialto guard list`\n",
                amounts.join(" and "),
                self.held
            );
        }
        for Rejection { file, line, id, code, message } in &self.rejections {
            let id = id.as_deref().map(|id| format!(" {}", plain::line(id))).unwrap_or_default();
            let [file, code, message] = [file, code, message].map(|text| plain::line(text));
            text += &format!("{file}:{line}:{id} {code}: {message}\n");
        }
        if self.rejections.len() < self.rejected {
            text += &format!("and {} more rejections\n", self.rejected - self.rejections.len());
        }
        text
    }
}

fn texts(sums: &BTreeMap<String, Sum>) -> BTreeMap<String, String> {
    sums.iter().map(|(currency, sum)| (currency.clone(), sum.to_string())).collect()
}

/// A bar on a terminal; elsewhere nothing, so that logs stay readable.
fn progress(size: u64) -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target((0 < size).then_some(size), target);
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
