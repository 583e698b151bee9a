//! `rialto proposals`: the paid services for the engine to create.

use std::error::Error;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use clap::Args;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::client::Remote;
use super::{Outcome, source};
use crate::reading::Reader;

/// Show which paid services the engine may create: one for each citizen who runs a business, to a listed client.
///
/// Nothing is created or charged by it: the engine creates the activities that are shown, and what comes back processed
/// is priced by the tariff.
#[derive(Debug, Args)]
pub struct Proposals {
    #[command(flatten)]
    remote: Remote,
    /// The rows of citizens: a file of one a line, or of a JSON array; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    citizens: PathBuf,
    /// The rows of buildings, likewise.
    #[arg(long, value_name = "FILE")]
    buildings: PathBuf,
    /// Offer something only to these of those who pay.
    #[arg(long = "client", value_name = "ID")]
    clients: Vec<String>,
    /// Businesses that have an open service already.
    #[arg(long, value_name = "BUILDING")]
    open: Vec<String>,
}

impl Proposals {
    pub(super) fn run(&self) -> Outcome {
        let mut body = json!({ "open": self.open });
        if !self.clients.is_empty() {
            body["clients"] = json!(self.clients);
        }
        for (key, path) in [("citizens", &self.citizens), ("buildings", &self.buildings)] {
            body[key] = serde_json::to_value(rows(path)?)?;
        }
        let answer = self.remote.client()?.post("/v1/proposals", &body)?;
        self.remote.tell(&answer, told)
    }
}

/// The rows of a file as they are: what they say is the sidecar's to read.
fn rows(path: &Path) -> Result<Vec<Box<RawValue>>, Box<dyn Error>> {
    let mut rows = Vec::new();
    source::read(path, Reader::new(Tz::UTC), |record, _| {
        let cannot = |what: &dyn std::fmt::Display| format!("{}:{}: {what}", path.display(), record.line);
        let text = record.text.map_err(|refusal| cannot(&refusal))?;
        rows.push(RawValue::from_string(text).map_err(|error| cannot(&error))?);
        Ok(())
    })?;
    Ok(rows)
}

fn told(answer: &Value) -> String {
    let proposals = answer["proposals"].as_array().map(Vec::as_slice).unwrap_or_default();
    if proposals.is_empty() {
        return "nobody has anything to offer to anybody: it takes a citizen who runs a business without an open \
                service, and somebody else who pays (`rialto payer list`)\n"
            .to_owned();
    }
    proposals.iter().map(|proposal| format!("{proposal}\n")).collect()
}
