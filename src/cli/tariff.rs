//! `rialto tariff`: what is charged, a check of new prices, and bringing them into force.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Remote, Signature};
use super::{Common, Outcome, plain, print};
use crate::tariffs::{self, Checked, Fault, Severity};

/// Show what is charged, check a file of new prices, and bring it into force.
#[derive(Debug, Args)]
pub struct Tariff {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the file of the tariff in force, or a list of all of them.
    Show(Show),
    /// Check a file: exit 0 if it makes a tariff, 1 if it has errors.
    Check(Check),
    /// Bring a file into force, from its effective date on.
    Use(Use),
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    remote: Remote,
    /// The built-in tariff, as a beginning of your own; needs no sidecar.
    #[arg(long, conflicts_with_all = ["all", "json"])]
    default: bool,
    /// All tariffs, those of the past and those still to come.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    common: Common,
    /// The file (TOML); `rialto tariff show --default` prints one.
    file: PathBuf,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Use {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    common: Common,
    /// The file (TOML). Its version is the next one after those that `rialto tariff show --all` lists.
    file: PathBuf,
    #[command(flatten)]
    signature: Signature,
}

impl Tariff {
    pub(super) fn run(&self) -> Outcome {
        match &self.command {
            Command::Show(show) => show.run(),
            Command::Check(check) => check.run(),
            Command::Use(order) => order.run(),
        }
    }
}

impl Show {
    fn run(&self) -> Outcome {
        if self.default {
            return print(tariffs::BUILT_IN);
        }
        let answer = self.remote.client()?.get("/v1/tariff")?;
        self.remote.tell(&answer, if self.all { all } else { text })
    }
}

fn text(answer: &Value) -> String {
    answer["text"].as_str().unwrap_or_default().to_owned()
}

fn all(answer: &Value) -> String {
    let line = |tariff: &Value| {
        let [effective, currency, state] =
            ["effective", "currency", "state"].map(|key| plain::line(tariff[key].as_str().unwrap_or_default()));
        let rules = tariff["rules"].as_array().map_or(0, Vec::len);
        format!("{:>5}  {effective}  {currency}  {rules:>4} rules  {}\n", tariff["version"], state.replace('_', " "))
    };
    answer["tariffs"].as_array().into_iter().flatten().map(line).collect()
}

impl Check {
    fn run(&self) -> Outcome {
        let text = read(&self.file)?;
        let zone = self.common.load(toml::Table::new())?.zone();
        let checked = tariffs::read(&text, zone);
        if self.json {
            return checked_as_json(&checked);
        }
        print(&report(&self.file, &checked.faults))?;
        if let Some(tariff) = &checked.tariff {
            let rules = counted(tariff.rules().len(), "rule");
            print(&format!("version {} is sound: {rules} in {}\n", tariff.version().0, tariff.currency()))?;
        }
        Ok(if checked.tariff.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn checked_as_json(checked: &Checked) -> Outcome {
    let is_sound = checked.tariff.is_some();
    let answer = serde_json::json!({ "sound": is_sound, "faults": checked.faults });
    print(&(serde_json::to_string_pretty(&answer)? + "\n"))?;
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Use {
    fn run(&self) -> Outcome {
        let text = read(&self.file)?;
        let zone = self.common.load(toml::Table::new())?.zone();
        let checked = tariffs::read(&text, zone);
        if checked.tariff.is_none() && self.remote.json {
            return checked_as_json(&checked);
        }
        if !self.remote.json {
            eprint!("{}", plain::lines(&report(&self.file, &checked.faults)));
        }
        if checked.tariff.is_none() {
            return Err(format!("{} has errors; the tariff in force stays", self.file.display()).into());
        }
        let answer = self.remote.client()?.put(&format!("/v1/tariff?{}", self.signature.query()), &text)?;
        let told = |answer: &Value| {
            let newest = answer["tariffs"].as_array().and_then(|tariffs| tariffs.last()).cloned().unwrap_or_default();
            let effective = newest["effective"].as_str().unwrap_or_default();
            format!("version {} prices what happens from {effective} on\n", newest["version"])
        };
        self.remote.tell(&answer, told)
    }
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))
}

fn report(file: &Path, faults: &[Fault]) -> String {
    let errors = faults.iter().filter(|fault| fault.severity == Severity::Error).count();
    let lines: String = faults.iter().map(|fault| format!("{}:{fault}\n", file.display())).collect();
    match errors {
        0 => lines,
        count => format!("{lines}{}\n", counted(count, "error")),
    }
}

/// `1 error`, `2 errors`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
