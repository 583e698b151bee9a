//! `rialto verify`: does everything that is on the disk agree?

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use toml::Table;

use super::failure::Failure;
use super::{Common, Outcome, print};
use crate::chain::Chain;
use crate::folder::DataFolder;
use crate::wiring::verify::{Report, verify};

/// Check that journal, snapshots and book agree, and print the book's digest.
///
/// The whole journal is read from its beginning, and once more from every snapshot on; all must come to
/// the same book, and every book must balance. Nothing is changed. Two folders with the same digest
/// hold the same story.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    common: Common,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Told {
    ok: bool,
    digest: String,
    records: u64,
    facts: usize,
    transactions: usize,
    conflicts: usize,
    journal_bytes: u64,
    snapshots: usize,
    torn_tail: Option<String>,
    charged: Vec<Charged>,
    faults: Vec<String>,
}

#[derive(Serialize)]
struct Charged {
    currency: String,
    shadow: String,
    live: String,
}

const HELP: &str = "nothing was changed; snapshots/README.md says how a folder is restored";

impl Verify {
    pub(super) fn run(&self) -> Outcome {
        // What cannot even be read is told as it is asked for, too.
        self.verified().map_err(|error| match self.json {
            true => Failure::faulty("not_verified", Chain(&*error).to_string(), HELP).told_in_json(true).into(),
            false => error,
        })
    }

    fn verified(&self) -> Outcome {
        let config = self.common.load(Table::new())?;
        let folder = DataFolder::open(&config.data)?;
        let report = verify(&folder, config.zone())?;
        let told = Told::new(&report);
        let text = if self.json { serde_json::to_string_pretty(&told)? + "\n" } else { told.text() };
        print(&text)?;
        Ok(if told.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Told {
    fn new(report: &Report) -> Told {
        let charged = report.charged.iter().map(|(currency, [shadow, live])| Charged {
            currency: currency.to_string(),
            shadow: shadow.to_string(),
            live: live.to_string(),
        });
        Told {
            ok: report.faults.is_empty(),
            digest: report.digest.to_hex().to_string(),
            records: report.records,
            facts: report.facts,
            transactions: report.transactions,
            conflicts: report.conflicts,
            journal_bytes: report.journal_bytes,
            snapshots: report.snapshots,
            torn_tail: report.cut.as_ref().map(|cut| format!("{} from byte {} on", cut.path.display(), cut.offset)),
            charged: charged.collect(),
            faults: report.faults.clone(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "digest        {}\nrecords       {}\nevents        {}\ntransactions  {}\nconflicts     {}\njournal       {} bytes\nsnapshots     {}\n",
            self.digest,
            self.records,
            self.facts,
            self.transactions,
            self.conflicts,
            self.journal_bytes,
            self.snapshots
        );
        for Charged { currency, shadow, live } in &self.charged {
            text += &format!("charged       {shadow} {currency} shadow, {live} {currency} live\n");
        }
        if let Some(tail) = &self.torn_tail {
            text += &format!("torn tail     {tail}: never acknowledged, and cut off at the next start\n");
        }
        for fault in &self.faults {
            text += &format!("FAULT         {fault}\n");
        }
        text + if self.ok { "ok\n" } else { "not ok\n" }
    }
}
