//! `rialto backup`: a copy of the data folder, also while a sidecar writes to it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use toml::Table;

use super::{Common, Outcome, print};
use crate::wiring::backup::back_up;

/// Copy the data folder, also while a sidecar has it open, and verify the copy.
///
/// The copy holds all that was durable when it was begun: every event that has a receipt, every order, every bill. The
/// admin's token is not in it; a start makes another one. To restore, start with the copy:
///
///   rialto serve --data COPY
///
/// A copy bills nothing by itself. When the original is gone for good, `rialto bill reconcile --adopt` takes over what was
/// billed since.
#[derive(Debug, Args)]
#[command(after_help = "Try: rialto backup backups/$(date +%F)")]
pub struct Backup {
    #[command(flatten)]
    common: Common,
    /// The folder to make; it must not be there.
    #[arg(value_name = "FOLDER")]
    to: PathBuf,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(super) fn run(&self) -> Outcome {
        let config = self.common.load(Table::new())?;
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("copying [{bar:30}] {bytes} of {total_bytes}");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let backup = back_up(&config.data, &self.to, config.zone(), |done, of| {
            bar.set_length(of);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        let backup = backup?;
        let faults = &backup.report.faults;
        let passed_over = backup.passed_over.iter().map(|(path, why)| format!("{}: {why}", path.display()));
        let passed_over: Vec<String> = passed_over.collect();
        let torn_tail = backup.cut.as_ref().map(|cut| format!("{} from byte {} on", cut.path.display(), cut.offset));
        let text = match self.json {
            true => {
                let told = serde_json::json!({
                    "ok": faults.is_empty(),
                    "folder": self.to.display().to_string(),
                    "digest": backup.report.digest.to_string(),
                    "records": backup.report.records,
                    "transactions": backup.report.transactions,
                    "journal_bytes": backup.end,
                    "snapshot": backup.snapshot,
                    "passed_over": passed_over,
                    "torn_tail": torn_tail,
                    "bytes": backup.bytes,
                    "faults": faults,
                });
                serde_json::to_string_pretty(&told)? + "\n"
            }
            false => {
                let mut text = format!(
                    "{} holds {} records, {} transactions; digest {}\n",
                    self.to.display(),
                    backup.report.records,
                    backup.report.transactions,
                    backup.report.digest
                );
                passed_over.iter().for_each(|image| text += &format!("not copied: {image}; the journal has it all\n"));
                if let Some(tail) = &torn_tail {
                    text += &format!("not copied: {tail}, which was never acknowledged, or is just being written\n");
                }
                faults.iter().for_each(|fault| text += &format!("FAULT {fault}\n"));
                text
            }
        };
        print(&text)?;
        Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
