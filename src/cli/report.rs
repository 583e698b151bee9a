//! `rialto report`: what was earned, and when, by whom and for what.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;
use toml::Table;

use super::columns::columns;
use super::{Common, Outcome, onlook, outlet, print};
use crate::clock::Clock;
use crate::domain::calendar::{Calendar, Day, Period};
use crate::domain::charge::Stage;
use crate::domain::money::Currency;
use crate::reporting::csv::{harmless, io_of};
use crate::reporting::days::Days;
use crate::reporting::report::{self, By, Sums};
use crate::wiring::onlooker::Onlooker;

/// Show what was earned: today, this week, this month and in all; or by whom, for what, on which days.
///
/// It reads the data folder as it is on the disk, also beside a running sidecar, and changes nothing in it. Sums are those
/// of the dashboard: net of what was taken back, by the days of the configured time zone (`time_zone`). What is held is in
/// no sum but `held`, and what was collected is without taxes; it can be told apart by day, but not by who earned it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rialto report                                    today, this week, this month, and in all\n  \
    rialto report --period month --by citizen --top 10\n  \
    rialto report --from 2026-11-01 --to 2026-11-30 --by day --format csv\n  \
    rialto report --period week --as-of 2026-11-22   the week that this day is in, up to it\n  \
    rialto report --by rule --currency EUR --json")]
pub struct Report {
    #[command(flatten)]
    common: Common,
    /// Of the current day, week or month, or of all time.
    #[arg(long, value_enum, conflicts_with_all = ["from", "to"])]
    period: Option<Span>,
    /// From this day on, such as 2026-11-01.
    #[arg(long, value_name = "DATE", value_parser = onlook::day)]
    from: Option<Day>,
    /// Up to this day, which is the last one.
    #[arg(long, value_name = "DATE", value_parser = onlook::day)]
    to: Option<Day>,
    /// By what to sum up [default: by stage, or without any days by period].
    #[arg(long, value_enum)]
    by: Option<Whose>,
    /// In this currency alone, such as EUR.
    #[arg(long, value_name = "CODE", value_parser = currency)]
    currency: Option<Currency>,
    /// Only those who earned most; the rest is summed up.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: Option<u32>,
    /// As if it were this day [default: today].
    #[arg(long, value_name = "DATE", value_parser = onlook::day, conflicts_with_all = ["from", "to"])]
    as_of: Option<Day>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Span {
    Day,
    Week,
    Month,
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Whose {
    Citizen,
    Business,
    Rule,
    Client,
    Stage,
    Day,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).ok_or_else(|| "a currency is three letters, such as EUR".to_owned())
}

impl From<Span> for Period {
    fn from(span: Span) -> Period {
        match span {
            Span::Day => Period::Day,
            Span::Week => Period::Week,
            Span::Month => Period::Month,
            Span::All => Period::AllTime,
        }
    }
}

impl From<Whose> for By {
    fn from(whose: Whose) -> By {
        match whose {
            Whose::Citizen => By::Citizen,
            Whose::Business => By::Business,
            Whose::Rule => By::Rule,
            Whose::Client => By::Client,
            Whose::Stage => By::Stage,
            Whose::Day => By::Day,
        }
    }
}

impl Report {
    pub(super) fn run(&self) -> Outcome {
        let given = onlook::days(self.from, self.to).map_err(|failure| failure.told_in_json(self.json))?;
        let config = self.common.load(Table::new())?;
        let calendar = Calendar::new(config.zone());
        let onlooker = onlook::look(&config)?;
        let today = self.as_of.unwrap_or_else(|| today(&onlooker, &calendar));
        let book = onlooker.book();
        let is_whole = given == Days::ALL && self.period.is_none();
        let (by, days) = match (self.by, self.period) {
            (None, None) if is_whole => (By::Period, Days { from: None, to: Some(today) }),
            (by, period) => {
                (by.map_or(By::Stage, By::from), period.map_or(given, |period| Days::of(period.into(), today)))
            }
        };
        let mut report = report::Report::new(book, &calendar, by, days);
        if let Some(most) = self.top.filter(|_| by != By::Period) {
            report = report.top(most as usize);
        }
        let usual = report.currencies.is_empty().then(|| book.tariffs().newest().currency());
        if let Some(currency) = self.currency.or(usual) {
            report = report.only(currency);
        }
        let told = Told::new(&report, today, calendar.zone());
        match self.format {
            _ if self.json => print(&(serde_json::to_string_pretty(&told)? + "\n")),
            Format::Json => print(&(serde_json::to_string_pretty(&told)? + "\n")),
            Format::Table => print(&told.text()),
            Format::Csv => told.csv(),
        }
    }
}

/// Today, as a sidecar of this folder would say: no earlier than what it recorded last.
fn today(onlooker: &Onlooker, calendar: &Calendar) -> Day {
    let clock = Clock::system();
    clock.advance_to(onlooker.book().latest());
    calendar.day(clock.now())
}

/// A report as it is told.
#[derive(Serialize)]
struct Told {
    by: &'static str,
    time_zone: String,
    as_of: String,
    from: Option<String>,
    to: Option<String>,
    currencies: Vec<InCurrency>,
}

#[derive(Serialize)]
struct InCurrency {
    currency: String,
    rows: Vec<Row>,
    rest: Option<Rest>,
    total: Figures,
    /// The last day with anything on it, where the current periods have nothing.
    #[serde(skip)]
    long_ago: Option<String>,
}

#[derive(Serialize)]
struct Row {
    of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Serialize)]
struct Rest {
    rows: usize,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Serialize)]
struct Figures {
    charges: u64,
    shadow: String,
    live: String,
    earned: String,
    held: String,
    collected: Option<String>,
}

impl Figures {
    fn new(sums: &Sums, tells_collected: bool) -> Figures {
        let [shadow, live] = [Stage::Shadow, Stage::Live].map(|stage| sums.stages[stage as usize].to_string());
        Figures {
            charges: sums.charges,
            shadow,
            live,
            earned: sums.earned().to_string(),
            held: sums.held.to_string(),
            collected: tells_collected.then(|| sums.collected.to_string()),
        }
    }

    /// In their order; what is not known is `none`.
    fn texts(&self, none: &str) -> [String; 6] {
        [
            self.charges.to_string(),
            self.shadow.clone(),
            self.live.clone(),
            self.earned.clone(),
            self.held.clone(),
            self.collected.clone().unwrap_or_else(|| none.to_owned()),
        ]
    }
}

const FIGURES: [&str; 6] = ["charges", "shadow", "live", "earned", "held", "collected"];

impl Told {
    fn new(report: &report::Report, today: Day, zone: chrono_tz::Tz) -> Told {
        let date = |day: Option<Day>| day.map(|day| day.date().to_string());
        let is_periods = report.by == By::Period;
        let tells_collected = report.by.tells_collected();
        let row = |row: &report::Row| Row {
            of: row.of.clone(),
            from: date(row.days.from).filter(|_| is_periods),
            to: date(row.days.to).filter(|_| is_periods),
            figures: Figures::new(&row.sums, tells_collected),
        };
        let in_currency = |of: &report::InCurrency| InCurrency {
            currency: of.currency.to_string(),
            rows: of.rows.iter().map(row).collect(),
            rest: of.rest.map(|(rows, sums)| Rest { rows, figures: Figures::new(&sums, tells_collected) }),
            total: Figures::new(&of.total, true),
            long_ago: date(
                of.last.filter(|last| of.rows.iter().all(|row| row.days.from.is_none_or(|from| *last < from))),
            ),
        };
        Told {
            by: report.by.as_str(),
            time_zone: zone.to_string(),
            as_of: today.date().to_string(),
            from: date(report.days.from),
            to: date(report.days.to).filter(|_| !is_periods),
            currencies: report.currencies.iter().map(in_currency).collect(),
        }
    }

    fn is_periods(&self) -> bool {
        self.by == By::Period.as_str()
    }

    fn text(&self) -> String {
        let blocks: Vec<String> = self.currencies.iter().map(|of| self.block(of)).collect();
        blocks.join("\n")
    }

    fn block(&self, of: &InCurrency) -> String {
        let InCurrency { currency, rows, rest, total, long_ago } = of;
        let zone = &self.time_zone;
        if self.is_periods() {
            let row = |row: &Row| {
                let [charges, shadow, live, earned, held, collected] = row.figures.texts("-");
                let of = row.of.clone().unwrap_or_default().replace('_', " ");
                [of, span(row.from.as_deref(), row.to.as_deref()), charges, shadow, live, earned, held, collected]
            };
            let [charges, shadow, live, earned, held, collected] = FIGURES;
            let header = ["period", "days", charges, shadow, live, earned, held, collected];
            let hint = long_ago.as_ref().map(|last| {
                format!("nothing since {last}; `rialto report --as-of {last}` shows that day, its week and its month\n")
            });
            let rows: Vec<_> = rows.iter().map(row).collect();
            return format!("{currency}, as of {} ({zone})\n", self.as_of)
                + &columns(header, &rows)
                + &hint.unwrap_or_default();
        }
        let line = |label: String, figures: &Figures| {
            let [charges, shadow, live, earned, held, collected] = figures.texts("-");
            [label, charges, shadow, live, earned, held, collected]
        };
        let mut lines: Vec<_> = rows
            .iter()
            .map(|row| line(row.of.clone().unwrap_or_else(|| "(nobody)".to_owned()), &row.figures))
            .collect();
        lines.extend(rest.as_ref().map(|rest| line(format!("({} more)", rest.rows), &rest.figures)));
        lines.push(line("(total)".to_owned(), total));
        let [charges, shadow, live, earned, held, collected] = FIGURES;
        let header = [self.by, charges, shadow, live, earned, held, collected];
        let days = span(self.from.as_deref(), self.to.as_deref());
        format!("{currency} by {}, {days} ({zone})\n", self.by) + &columns(header, &lines)
    }

    /// A line for each row; `row` tells those of one from what is left of all (`rest`) and from their `total`.
    fn csv(&self) -> Outcome {
        let mut out = outlet::standard_output();
        let written = self.write_csv(&mut out).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(ExitCode::SUCCESS),
        }
    }

    fn write_csv(&self, out: impl Write) -> std::io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        let mut write = |record: [&str; 5], figures: [String; 6]| {
            csv.write_record(record.into_iter().chain(figures.iter().map(String::as_str))).map_err(io_of)
        };
        write(["currency", "row", self.by, "from", "to"], FIGURES.map(str::to_owned))?;
        for InCurrency { currency, rows, rest, total, .. } in &self.currencies {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let [from, to] = [text(&self.from), text(&self.to)];
            for row in rows {
                let [own_from, own_to] = [text(&row.from), text(&row.to)];
                let [from, to] = if self.is_periods() { [&own_from, &own_to] } else { [&from, &to] };
                write([currency, "one", &harmless(&text(&row.of)), from, to], row.figures.texts(""))?;
            }
            if let Some(rest) = rest {
                write([currency, "rest", "", &from, &to], rest.figures.texts(""))?;
            }
            // Periods lie within each other, and the last one is all of it.
            if !self.is_periods() {
                write([currency, "total", "", &from, &to], total.texts(""))?;
            }
        }
        csv.flush()
    }
}

/// Days in words.
fn span(from: Option<&str>, to: Option<&str>) -> String {
    match (from, to) {
        (None, None) => "all days".to_owned(),
        (Some(from), None) => format!("from {from} on"),
        (None, Some(to)) => format!("up to {to}"),
        (Some(from), Some(to)) if from == to => from.to_owned(),
        (Some(from), Some(to)) => format!("{from} to {to}"),
    }
}
