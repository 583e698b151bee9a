//! `rialto config`: what is in force.

use clap::Args;
use toml::Table;

use super::{Common, Outcome, print};

/// Print the configuration in force, with every key; the output is a configuration file.
#[derive(Debug, Args)]
#[command(after_help = "A key `time_zone` of the file is RIALTO_TIME_ZONE in the environment.\n\n\
    Targets are tables, one for each, after all other keys:\n\n  \
      [[targets]]\n  \
      name = \"week one\"\n  \
      days = 7           # from day one, which is targets_start, or the day of the first charge\n  \
      amount = 500       # whole units of the currency\n  \
      basis = \"live\"     # tracked (shadow and live), live, or collected")]
pub struct Show {
    #[command(flatten)]
    common: Common,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(&self) -> Outcome {
        let config = self.common.load(Table::new())?;
        let text = if self.json { serde_json::to_string_pretty(&config)? + "\n" } else { config.shown() };
        print(&text)
    }
}
