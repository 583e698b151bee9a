//! `rialto rollout`: who is only tracked, for whom charges are real, and who rests.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Outcome;
use super::client::{Remote, Signature};

/// Show who is in which phase, and move a business, a citizen or all to another.
#[derive(Debug, Args)]
pub struct Rollout {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show who is in which phase.
    Show(Show),
    /// Only track from now on.
    Shadow(Move),
    /// Make charges real, for what happens from now on. Refused, with the reasons, until everything is ready.
    Live(Move),
    /// Let rest: what comes meanwhile stays shadow for ever. With --all this is the kill switch.
    Pause(Move),
    /// Take a phase of its own away: that of all holds again.
    Clear(Move),
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Args)]
struct Move {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    #[command(flatten)]
    subject: Subject,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Subject {
    /// A business, by its BuildingId.
    #[arg(long, value_name = "ID")]
    business: Option<String>,
    /// A citizen, by username.
    #[arg(long, value_name = "ID")]
    citizen: Option<String>,
    /// Everybody who has no phase of his own; to pause all pauses those too.
    #[arg(long)]
    all: bool,
}

impl Rollout {
    pub(super) fn run(&self) -> Outcome {
        match &self.command {
            Command::Show(show) => show.remote.tell(&show.remote.client()?.get("/v1/rollout")?, told),
            Command::Shadow(order) => order.run("shadow"),
            Command::Live(order) => order.run("live"),
            Command::Pause(order) => order.run("paused"),
            Command::Clear(order) => order.run("none"),
        }
    }
}

impl Move {
    fn run(&self, to: &str) -> Outcome {
        let Subject { business, citizen, all } = &self.subject;
        let body = self.signature.sign(json!({ "to": to, "business": business, "citizen": citizen, "all": all }));
        self.remote.tell(&self.remote.client()?.post("/v1/rollout", &body)?, told)
    }
}

fn told(answer: &Value) -> String {
    let line = |kind: &str, id: &str, standing: &Value| {
        let part = |key: &str| standing[key].as_str().unwrap_or_default().to_owned();
        format!("{kind:<8}  {:<6}  since {}  {id}\n", part("phase"), part("since"))
    };
    let own = answer["own"].as_array().into_iter().flatten();
    let own =
        own.map(|own| line(own["kind"].as_str().unwrap_or_default(), own["id"].as_str().unwrap_or_default(), own));
    line("all", "", &answer["all"]) + &own.collect::<String>()
}
