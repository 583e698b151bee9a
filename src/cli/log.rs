//! The log of the binary; the library only speaks, and never listens.
//!
//! What others wrote is in it: ids, hosts, texts of errors. An event is one line, whatever they wrote, and nothing in it is
//! obeyed by a terminal.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use super::plain;
use crate::config::{LogFormat, secret};

/// Writes the log to standard error from here on.
pub fn start(filter: &str, format: LogFormat) -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_new(filter).map_err(|error| match secret::is_like(filter) {
        true => "log is no filter, and what looks like a secret".to_owned(),
        false => format!("log {filter:?} is no filter: {error}"),
    })?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Lines(std::io::stderr()))
        .with_target(false)
        .with_ansi(false);
    // A second start in one process is no reason to fail.
    let _ = match format {
        LogFormat::Text => subscriber.compact().try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    Ok(())
}

/// Takes one event at a time, and writes it as one line.
struct Lines<W>(W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = plain::line(text.strip_suffix('\n').unwrap_or(&text)) + "\n";
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_somebody_wrote() {
        let mut lines = Lines(Vec::new());
        for event in ["WARN host \"a\u{1b}[2J\"\n", "WARN a\nERROR forged\r\n", "WARN a\u{202e}b\u{9b}31m\n"] {
            lines.write_all(event.as_bytes()).expect("memory");
        }
        let told = "WARN host \"a\\u001b[2J\"\nWARN a\\nERROR forged\\r\nWARN a\\u202eb\\u009b31m\n";
        assert_eq!(String::from_utf8_lossy(&lines.0), told);
    }
}
