//! The command line: arguments in, exit code out.

mod city;
mod client;
mod config;
mod conflicts;
mod demo;
mod import;
mod log;
mod serve;
mod source;
mod token;
mod verify;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use toml::{Table, Value};

use crate::chain::Chain;
use crate::config::{Config, ConfigError};
use crate::domain::tariff::Tariff;

/// Rialto, a revenue sidecar: every activity of a simulated economy priced, posted and durable.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true)]
#[command(after_help = "Begin with `rialto serve --demo`, and open http://127.0.0.1:8717/ in a browser.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the sidecar: take events over HTTP, price them, keep the book.
    Serve(serve::Serve),
    /// Record events, citizens and buildings from files or standard input.
    Import(import::Import),
    /// Check that journal, snapshots and book agree, and print the book's digest.
    Verify(verify::Verify),
    /// Show events that contradicted an earlier one of the same id.
    Conflicts(conflicts::Conflicts),
    /// Make, list and remove tokens.
    Token(token::Token),
    /// Show what is charged.
    Tariff(TariffCommand),
    /// Print the configuration in force, with every key.
    Config(config::Show),
    /// Print the demo's city as records, one a line, as its engine would send them.
    City(city::City),
}

#[derive(Debug, Args)]
struct TariffCommand {
    #[command(subcommand)]
    command: TariffShow,
}

#[derive(Debug, Subcommand)]
enum TariffShow {
    /// Print the tariff in force.
    Show,
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
    fn load(&self, mut flags: Table) -> Result<Config, ConfigError> {
        if let Some(data) = &self.data {
            flags.insert("data".into(), Value::String(data.display().to_string()));
        }
        Config::load(self.config.as_deref(), |key| std::env::var(key).ok(), flags)
    }
}

/// What a command comes to.
type Outcome = Result<ExitCode, Box<dyn Error>>;

/// Runs the command that the arguments name; `give_back` is for [`Settings`](crate::wiring::Settings).
pub fn run(give_back: Option<fn()>) -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(serve) => serve.run(give_back),
        Command::Import(import) => import.run(),
        Command::Verify(verify) => verify.run(),
        Command::Conflicts(conflicts) => conflicts.run(),
        Command::Token(token) => token.run(),
        Command::Tariff(TariffCommand { command: TariffShow::Show }) => print(&Tariff::built_in().to_string()),
        Command::Config(show) => show.run(),
        Command::City(city) => city.run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("rialto: {}", Chain(&*error));
        ExitCode::FAILURE
    })
}

/// Prints to standard output; whoever closes it early has seen enough.
fn print(text: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
