//! `rialto rollout`: who is only tracked, for whom charges are real, and who rests.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Remote, Signature};
use super::{Outcome, plain, print};

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
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Move {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    #[command(flatten)]
    subject: Subject,
    /// As JSON.
    #[arg(long)]
    json: bool,
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
            Command::Show(show) => shown(&show.remote.client()?.get("/v1/rollout")?, show.json),
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
        shown(&self.remote.client()?.post("/v1/rollout", &body)?, self.json)
    }
}

fn shown(answer: &Value, is_json: bool) -> Outcome {
    if is_json {
        return print(&(serde_json::to_string_pretty(answer)? + "\n"));
    }
    let line = |kind: &str, id: &str, standing: &Value| {
        let part = |key: &str| plain::line(standing[key].as_str().unwrap_or_default());
        format!("{kind:<8}  {:<6}  since {}  {id}\n", part("phase"), part("since"))
    };
    let own = answer["own"].as_array().into_iter().flatten();
    let own = own.map(|own| {
        line(own["kind"].as_str().unwrap_or_default(), &plain::line(own["id"].as_str().unwrap_or_default()), own)
    });
    let halted = if answer["halted"] == true {
        "halted: everything was paused, which could not be made durable; until the sidecar restarts nothing is collectable\n"
    } else {
        ""
    };
    print(&(halted.to_owned() + &line("all", "", &answer["all"]) + &own.collect::<String>()))
}
