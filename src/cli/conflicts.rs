//! `rialto conflicts`: what contradicted what.

use clap::Args;

use super::client::{Client, Remote};
use super::{Outcome, print};

/// Show the latest events that contradicted an earlier one of the same id. The first stays.
#[derive(Debug, Args)]
pub struct Conflicts {
    #[command(flatten)]
    remote: Remote,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Conflicts {
    pub(super) fn run(&self) -> Outcome {
        let url = self.remote.url.as_deref().unwrap_or("http://127.0.0.1:8717");
        let client = Client::new(url, self.remote.token.clone())?;
        let answer = client.get(&format!("/v1/conflicts?limit={}", self.limit))?;
        if self.json {
            return print(&(serde_json::to_string_pretty(&answer)? + "\n"));
        }
        let conflicts = answer["conflicts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let line = |conflict: &serde_json::Value| {
            let part = |key: &str| conflict[key].as_str().unwrap_or_default().to_owned();
            let [at, feed, id] = ["recorded_at", "feed", "source_id"].map(part);
            let [outcome, amount] = ["outcome", "amount_if_accepted"].map(part);
            format!("{at}  {feed:<8}  {id}  {outcome}, would be {amount}\n")
        };
        match conflicts {
            [] => print("no conflicts\n"),
            conflicts => print(&conflicts.iter().map(line).collect::<String>()),
        }
    }
}
