//! `rialto targets`: what is to be earned by when, how it stands, and the rules that raise an alarm about it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;
use toml::Table;

use super::client::Remote;
use super::{Common, Outcome, alarms, plain, print};

/// Show what is to be earned by when, how far that is, and whether the pace is enough.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Targets {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the Prometheus rules that raise an alarm where a target falls behind or is missed.
    ///
    /// They are made from the configuration alone, the same that `rialto serve` reads: no sidecar has to run. The output
    /// is a file for `rule_files` of Prometheus, 2.42 or newer. Write it anew whenever the targets change; until that is
    /// done, an alarm says so (RialtoTargetsOutdated).
    Rules(Rules),
}

/// The rules about targets, and where they go.
#[derive(Debug, Args)]
#[command(after_help = "Each target is told of in two ways:\n\n  \
      RialtoTargetBehind   info, while its pace is not enough: for half a day where it has one day, else for a day\n  \
      RialtoTargetMissed   ticket, for three days after its time was over and it was not reached\n\n\
    For example, beside the other rules of a Prometheus that reads /etc/prometheus/rialto/*.yaml:\n\n  \
      rialto targets rules --config /etc/rialto.toml --out /etc/prometheus/rialto/targets.yaml\n  \
      promtool check rules /etc/prometheus/rialto/targets.yaml && systemctl reload prometheus\n\n\
    `rialto config` shows the targets in force, and how they are written.")]
struct Rules {
    #[command(flatten)]
    common: Common,
    /// Write it to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the runbooks are, for the links in the alarms.
    #[arg(long, value_name = "URL", default_value = alarms::RUNBOOKS)]
    runbooks: String,
}

impl Targets {
    pub(super) fn run(&self) -> Outcome {
        if let Some(Command::Rules(rules)) = &self.command {
            return rules.run();
        }
        let answer = self.remote.client()?.get("/api/revenue/dashboard")?;
        self.remote.tell(&answer["targets"], told)
    }
}

impl Rules {
    fn run(&self) -> Outcome {
        let config = self.common.load(Table::new())?;
        let rules = alarms::rules(&super::targets(&config), &self.runbooks);
        let Some(file) = &self.out else { return print(&rules) };
        std::fs::write(file, rules).map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn told(targets: &Value) -> String {
    let line = |target: &Value| {
        let part = |key: &str| target[key].as_str().unwrap_or_default();
        let pace = match part("state") {
            "reached" | "missed" | "waiting" => String::new(),
            _ => format!(", {} a day of {} needed", part("rate_a_day"), part("needed_a_day")),
        };
        let projected = match (part("projected"), part("projected_best"), part("projected_worst")) {
            _ if part("state") == "reached" => String::new(),
            ("", ..) => String::new(),
            (day, best, "") => format!("; expected {day}, at best {best}"),
            (day, best, worst) => format!("; expected {day} ({best} to {worst})"),
        };
        let [name, basis, goal, reached] = ["name", "basis", "goal", "reached"].map(|key| plain::line(part(key)));
        format!("{name:<10} {:<8} {reached} of {goal} {basis}{pace}{projected}\n", part("state"))
    };
    targets.as_array().into_iter().flatten().map(line).collect()
}
