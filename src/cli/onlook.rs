//! What commands share that look at a data folder as it is on the disk: days, the zone, the book.

use std::error::Error;
use std::io::IsTerminal;
use std::time::Duration;

use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::Failure;
use crate::config::Config;
use crate::domain::calendar::Day;
use crate::reporting::days::Days;
use crate::wiring::onlooker::Onlooker;

/// Reads the book of the configured folder.
pub fn look(config: &Config) -> Result<Onlooker, Box<dyn Error>> {
    let bar = ProgressBar::with_draw_target(None, target());
    let style = ProgressStyle::with_template("{spinner} {msg}, {elapsed}");
    let bar =
        bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner())).with_message("reading the book");
    bar.enable_steady_tick(Duration::from_millis(100));
    let onlooker = Onlooker::at(&config.data);
    bar.finish_and_clear();
    let onlooker = onlooker?;
    for (path, why) in &onlooker.opened().passed_over {
        eprintln!("passed over: {}: {why}; the book is told by the journal", path.display());
    }
    Ok(onlooker)
}

/// A bar on a terminal; elsewhere nothing, so that logs stay readable.
pub fn target() -> ProgressDrawTarget {
    if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

/// Reads a day such as `2026-11-28`.
pub fn day(text: &str) -> Result<Day, String> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| is_plain).map(Day::of);
    day.ok_or_else(|| "a day is written as year, month and day, such as 2026-11-28".to_owned())
}

/// The days from one to another.
pub fn days(from: Option<Day>, to: Option<Day>) -> Result<Days, Failure> {
    match (from, to) {
        (Some(from), Some(to)) if to < from => Err(Failure::usage(format!(
            "--from {} is after --to {}: there is no day in between; both are the first and the last day that is meant",
            from.date(),
            to.date()
        ))),
        (from, to) => Ok(Days { from, to }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_in_one_way() {
        assert_eq!(day("2026-11-28").map(|day| day.date().to_string()), Ok("2026-11-28".to_owned()));
        for wrong in ["", "today", "2026-11", "28.11.2026", "2026-11-31", "2026-1-1", "+026-11-28", "２０２６-11-28"]
        {
            assert!(day(wrong).is_err_and(|why| why.contains("2026-11-28")), "{wrong}");
        }
    }
}
