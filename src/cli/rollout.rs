//! `rialto rollout`: who is only tracked, for whom charges are real, and who rests.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Remote, Signature};
use super::columns::columns;
use super::{Outcome, plain};

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
    let is_paused = answer["paused"] == true;
    let row = |standing: &Value| {
        let part = |key: &str| standing[key].as_str().unwrap_or_default().to_owned();
        let since = match standing["from_the_beginning"] == true {
            true => "from the beginning".to_owned(),
            false => format!("since {}", part("since")),
        };
        let phase = match part("effective") {
            effective if effective.is_empty() || effective == part("phase") => part("phase"),
            effective => format!("{} (now {effective})", part("phase")),
        };
        let kind = standing["kind"].as_str().unwrap_or("all").to_owned();
        [kind, part("id"), phase, since]
    };
    let own = answer["own"].as_array().into_iter().flatten();
    let rows: Vec<_> = [&answer["all"]].into_iter().chain(own).map(row).collect();
    let pause = match is_paused {
        true => "all is paused, and that goes before everybody's own phase: nothing is live\n\n",
        false => "",
    };
    let halt = match answer["halted"] == true {
        true => {
            "everything was paused, which could not be made durable: until the sidecar restarts nothing is live\n\n"
        }
        false => "",
    };
    let warning = answer["warning"].as_str().map(|warning| plain::line(warning) + "\n\n").unwrap_or_default();
    warning + pause + halt + &columns(["who", "id", "phase", "since"], &rows)
}
