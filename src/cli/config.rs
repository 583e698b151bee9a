//! `rialto config`: what is in force.

use clap::Args;
use toml::Table;

use super::{Common, Outcome, print};

/// Print the configuration in force, with every key; the output is a configuration file.
#[derive(Debug, Args)]
#[command(after_help = "A key `time_zone` of the file is RIALTO_TIME_ZONE in the environment.")]
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
        let text = if self.json { serde_json::to_string_pretty(&config)? + "\n" } else { toml::to_string(&config)? };
        print(&text)
    }
}
