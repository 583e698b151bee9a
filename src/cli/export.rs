//! `rialto export`: every transaction of the book, in the forms that others read.

use std::error::Error;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use toml::Table;

use super::failure::Failure;
use super::outlet::{Aside, resolved, standard_output};
use super::{Common, Outcome, onlook};
use crate::domain::calendar::{Calendar, Day};
use crate::reporting::csv::CsvSheet;
use crate::reporting::days::Days;
use crate::reporting::hledger::Journal;
use crate::reporting::parquet::ParquetSheet;
use crate::reporting::sheet::{Sheet, SheetError, Transactions};
use crate::wiring::onlooker::Onlooker;

/// Write every transaction down: as CSV, as Parquet, or as a journal for hledger.
///
/// It reads the data folder as it is on the disk, also beside a running sidecar, and changes nothing in it. The amounts of
/// all rows that are not `held` add up to what the dashboard shows, to the millionth: what takes something back is a row
/// below nothing, and what was held counts with the row that lets it go (`release`). `booked_on` is the day whose sums a
/// row is in. A file is there whole or not at all.
///
/// The journal has the book's own double entry, bills too: what can be collected is under `assets` and `revenues`, what is
/// only tracked under `shadow`, and what is held under `held`. Signs in names that mean something to hledger are written
/// as % and two digits.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    rialto export --format csv --from 2026-11-01 --to 2026-11-30 --out november.csv\n  \
    rialto export --format parquet --out book.parquet && duckdb -c \"select stage, sum(amount) from 'book.parquet' where not held group by stage\"\n  \
    rialto export --format hledger --out book.journal && hledger -f book.journal balance")]
pub struct Export {
    #[command(flatten)]
    common: Common,
    /// In which form.
    #[arg(long, value_enum)]
    format: Format,
    /// The file to write; - is standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Only what is booked from this day on, such as 2026-11-01.
    #[arg(long, value_name = "DATE", value_parser = onlook::day)]
    from: Option<Day>,
    /// Only what is booked up to this day, which is the last one.
    #[arg(long, value_name = "DATE", value_parser = onlook::day)]
    to: Option<Day>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Parquet,
    Hledger,
}

impl Export {
    pub(super) fn run(&self) -> Outcome {
        let days = onlook::days(self.from, self.to)?;
        let is_standard = self.out == Path::new("-");
        if is_standard && self.format == Format::Parquet && std::io::stdout().is_terminal() {
            return Err(Failure::usage("Parquet is nothing for a terminal; name a file with --out book.parquet").into());
        }
        let config = self.common.load(Table::new())?;
        if !is_standard && resolved(&self.out).starts_with(resolved(&config.data)) {
            let message = "the data folder holds the book alone; name a file elsewhere with --out";
            return Err(Failure::usage(message).into());
        }
        let calendar = Calendar::new(config.zone());
        let onlooker = onlook::look(&config)?;
        if is_standard {
            let written = self.write(&onlooker, &calendar, days, standard_output());
            return match written {
                Err(SheetError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
                written => written.map(|()| ExitCode::SUCCESS).map_err(Into::into),
            };
        }
        self.write_file(&onlooker, &calendar, days)?;
        Ok(ExitCode::SUCCESS)
    }

    fn write_file(&self, onlooker: &Onlooker, calendar: &Calendar, days: Days) -> Result<(), Box<dyn Error>> {
        let cannot = |error: std::io::Error| format!("{} cannot be written: {error}", self.out.display());
        let (aside, file) = Aside::begin(&resolved(&self.out)).map_err(cannot)?;
        let out = file.try_clone().map_err(cannot)?;
        self.write(onlooker, calendar, days, BufWriter::with_capacity(1 << 16, out))?;
        Ok(aside.keep(&file).map_err(cannot)?)
    }

    fn write(
        &self,
        onlooker: &Onlooker,
        calendar: &Calendar,
        days: Days,
        out: impl Write + Send,
    ) -> Result<(), SheetError<crate::journal::reader::ReadError>> {
        let book = onlooker.book();
        let mut sheet: Box<dyn Sheet> = match self.format {
            Format::Csv => Box::new(CsvSheet::new(out).map_err(SheetError::Write)?),
            Format::Parquet => Box::new(ParquetSheet::new(out).map_err(SheetError::Write)?),
            Format::Hledger => Box::new(Journal::new(book, calendar, days, out).map_err(SheetError::Write)?),
        };
        let bar = self.progress(book.charges().len() as u64);
        let mut transactions = Transactions::of(book, calendar, days);
        transactions.put_on(&mut *sheet, |place| onlooker.record(place), |done| bar.set_position(done))?;
        sheet.end().map_err(SheetError::Write)?;
        bar.finish_and_clear();
        Ok(())
    }

    /// A bar on a terminal, unless the export itself is shown there.
    fn progress(&self, all: u64) -> ProgressBar {
        let is_shown = self.out == Path::new("-") && std::io::stdout().is_terminal();
        let target = if is_shown { ProgressDrawTarget::hidden() } else { onlook::target() };
        let style = ProgressStyle::with_template("{bar:30} {pos} of {len} transactions {eta}");
        ProgressBar::with_draw_target(Some(all), target)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }
}
