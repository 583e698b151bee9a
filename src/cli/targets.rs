//! `rialto targets`: what is to be earned by when, and how it stands.

use clap::Args;
use serde_json::Value;

use super::client::Remote;
use super::{Outcome, plain};

/// Show what is to be earned by when, how far that is, and whether the pace is enough.
#[derive(Debug, Args)]
pub struct Targets {
    #[command(flatten)]
    remote: Remote,
}

impl Targets {
    pub(super) fn run(&self) -> Outcome {
        let answer = self.remote.client()?.get("/api/revenue/dashboard")?;
        self.remote.tell(&answer["targets"], told)
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
