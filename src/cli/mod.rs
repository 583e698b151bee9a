//! The command line: arguments in, exit code out.

mod alarms;
mod backup;
mod bill;
mod city;
mod client;
mod collecting;
mod columns;
mod config;
mod conflicts;
mod correct;
mod demo;
mod export;
mod failure;
mod files;
mod guard;
mod history;
mod import;
mod log;
mod manager;
mod onlook;
mod outlet;
mod payer;
mod plain;
mod proposals;
mod report;
mod rollout;
mod running;
mod sandbox;
mod serve;
mod source;
mod targets;
mod tariff;
mod token;
mod verify;
mod webhooks;
mod why;

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use rust_decimal::Decimal;
use toml::{Table, Value};

use self::failure::Failure;
use crate::billing::policy::{Negative, Policy};
use crate::chain::Chain;
use crate::config::{Config, ConfigError, Given};
use crate::domain::calendar::Day;
use crate::domain::money::{Money, Sum};
use crate::domain::targets::{Basis, Target, Targets};
use crate::ledger::guards;

/// Rialto, a revenue sidecar: every activity of a simulated economy priced, posted and durable.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true)]
#[command(after_help = "Begin with `rialto serve --demo`, and open http://127.0.0.1:8717/ in a browser.\n\n\
    Exit codes: 0 done; 1 refused, or found faulty; 2 the command was given wrongly; 3 no sidecar answers.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    // What each says of itself, --help shows whole.
    Serve(serve::Serve),
    Import(import::Import),
    Report(report::Report),
    Export(export::Export),
    Verify(verify::Verify),
    Backup(backup::Backup),
    Conflicts(conflicts::Conflicts),
    Why(why::Why),
    Targets(targets::Targets),
    Rollout(rollout::Rollout),
    Guard(guard::Guard),
    Orders(history::Orders),
    Undecided(history::Undecided),
    Payer(payer::Payer),
    Erase(payer::Erase),
    Bill(bill::Bill),
    Proposals(proposals::Proposals),
    Reverse(correct::Reverse),
    Close(correct::Close),
    Token(token::Token),
    Tariff(tariff::Tariff),
    Config(config::Show),
    City(city::City),
    Sandbox(sandbox::Sandbox),
}

/// Where the configuration comes from, for commands that open a data folder.
#[derive(Debug, Args)]
struct Common {
    /// The configuration file (TOML); `rialto config` shows its keys.
    #[arg(long, env = "RIALTO_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The data folder [default: snapshots/run].
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
}

impl Common {
    fn load(&self, flags: Table) -> Result<Config, ConfigError> {
        self.given(flags)?.over(Table::new())
    }

    fn given(&self, mut flags: Table) -> Result<Given, ConfigError> {
        if let Some(data) = &self.data {
            flags.insert("data".into(), Value::String(data.display().to_string()));
        }
        let environment =
            std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        Given::read(self.config.as_deref(), environment, flags)
    }
}

/// What the guards let pass.
fn guards(config: &Config) -> guards::Limits {
    let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let limit = |hour, day: u64| guards::Limit {
        charges_an_hour: count(hour),
        // A configuration has no amount that is too large for this.
        amount_a_day: Money::from_millionths(i64::try_from(day).unwrap_or(i64::MAX).saturating_mul(Money::PER_UNIT)),
    };
    guards::Limits {
        citizen: limit(config.guard_citizen_hour, config.guard_citizen_day),
        business: limit(config.guard_business_hour, config.guard_business_day),
        payer: limit(config.guard_payer_hour, config.guard_payer_day),
        pair_an_hour: count(config.guard_pair_hour),
        jump: count(config.guard_jump),
        park_after: count(config.guard_park_after),
        ..guards::Limits::default()
    }
}

/// When something is worth an invoice.
fn policy(config: &Config) -> Policy {
    // What is configured is a good decimal, and no larger than an amount can be.
    let decimal = |text: &str| text.parse::<Decimal>().unwrap_or_default();
    let amount = |text: &str| {
        let millionths = Sum::parse(text).and_then(|sum| i64::try_from(sum.0).ok());
        Money::from_millionths(millionths.unwrap_or_default())
    };
    Policy {
        minimum: amount(&config.bill_minimum),
        age_days: u32::try_from(config.bill_age_days).unwrap_or(u32::MAX),
        fee_percent: decimal(&config.bill_fee_percent),
        fee_fixed: amount(&config.bill_fee_fixed),
        negative: Negative::ALL.into_iter().find(|way| way.as_str() == config.bill_negative).unwrap_or_default(),
    }
}

/// What is to be earned by when.
fn targets(config: &Config) -> Targets {
    let start = chrono::NaiveDate::parse_from_str(&config.targets_start, "%Y-%m-%d").ok().map(Day::of);
    let target = |target: &crate::config::Target| Target {
        name: target.name.clone(),
        days: target.days,
        goal: Money::from_millionths(i64::try_from(target.amount).unwrap_or(i64::MAX).saturating_mul(Money::PER_UNIT)),
        basis: Basis::ALL.into_iter().find(|basis| basis.as_str() == target.basis).unwrap_or(Basis::Tracked),
    };
    Targets { start, all: config.targets.iter().map(target).collect() }
}

/// Reads an address to listen on.
fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "an address is to have a port, such as 127.0.0.1:8717")
}

/// What a command comes to.
type Outcome = Result<ExitCode, Box<dyn Error>>;

/// Runs the command that the arguments name; `give_back` is for [`Settings`](crate::wiring::Settings).
pub fn run(give_back: Option<fn()>) -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(serve) => serve.run(give_back),
        Command::Import(import) => import.run(),
        Command::Report(report) => report.run(),
        Command::Export(export) => export.run(),
        Command::Verify(verify) => verify.run(),
        Command::Backup(backup) => backup.run(),
        Command::Conflicts(conflicts) => conflicts.run(),
        Command::Why(why) => why.run(),
        Command::Targets(targets) => targets.run(),
        Command::Rollout(rollout) => rollout.run(),
        Command::Guard(guard) => guard.run(),
        Command::Orders(orders) => orders.run(),
        Command::Undecided(undecided) => undecided.run(),
        Command::Payer(payer) => payer.run(),
        Command::Erase(erase) => erase.run(),
        Command::Bill(bill) => bill.run(),
        Command::Proposals(proposals) => proposals.run(),
        Command::Reverse(reverse) => reverse.run(),
        Command::Close(close) => close.run(),
        Command::Token(token) => token.run(),
        Command::Tariff(command) => command.run(),
        Command::Config(show) => show.run(),
        Command::City(city) => city.run(),
        Command::Sandbox(sandbox) => sandbox.run(),
    };
    outcome.unwrap_or_else(|error| match error.downcast_ref::<Failure>() {
        Some(failure) => failure.report(),
        None => {
            eprintln!("rialto: {}", plain::lines(&Chain(&*error).to_string()));
            ExitCode::FAILURE
        }
    })
}

/// Prints to standard output, and nothing that a terminal would obey; whoever closes it early has seen enough.
fn print(text: &str) -> Outcome {
    let text = plain::lines(text);
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
