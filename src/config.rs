//! Configuration: one TOML file, environment variables over it, flags over those.
//!
//! All three are the same flat table of keys, so that a key is checked in one place, whichever way it
//! came. An unknown key, or a value that makes no sense, stops the start.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::{Table, Value};

/// What is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Names that the sidecar is known by, besides localhost and addresses.
    pub hosts: Vec<String>,
    /// Whose days, weeks and months are counted: an IANA name.
    pub time_zone: String,
    /// Where times are read that name no offset: an IANA name.
    pub naive_time_zone: String,
    /// After how many seconds an idle actor retires.
    pub idle_seconds: u64,
    /// How many threads the citizens and businesses are spread over; with 0 they work beside the bookkeeper.
    pub arbiters: usize,
    /// The size of a segment of the journal.
    pub segment_bytes: u64,
    /// How much of the journal must be new before a snapshot is taken.
    pub snapshot_bytes: u64,
    /// The largest body of a request.
    pub body_bytes: usize,
    /// How many connections there may be at once.
    pub connections: usize,
    /// Before a business, a citizen or all go live: so many charges in shadow, or for all so many events,
    pub gate_events: u64,
    /// and so many hours since the first of them.
    pub gate_hours: u64,
    /// What is held: more charges of a citizen in an hour,
    pub guard_citizen_hour: u64,
    /// and a larger amount in a day, in whole units of the currency.
    pub guard_citizen_day: u64,
    /// The same for a business,
    pub guard_business_hour: u64,
    /// and a day.
    pub guard_business_day: u64,
    /// The same for a payer,
    pub guard_payer_hour: u64,
    /// and a day.
    pub guard_payer_day: u64,
    /// More messages in an hour between two who write to each other.
    pub guard_pair_hour: u64,
    /// So many times as many charges of a citizen as in the hours before.
    pub guard_jump: u64,
    /// After so many held charges a citizen is parked.
    pub guard_park_after: u64,
    /// Day one of the targets, such as 2026-12-01; empty for the day of the first charge.
    pub targets_start: String,
    /// What is to be earned by when; none are the brief's own four.
    pub targets: Vec<Target>,
    /// What is logged: a level, or `target=level` pairs joined by commas.
    pub log: String,
    /// `text` or `json`.
    pub log_format: LogFormat,
}

/// Something that is to be earned by a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Within so many days from day one.
    pub days: u32,
    /// This much, in whole units of the currency.
    pub amount: u64,
    /// `tracked`, `live` or `collected`.
    pub basis: String,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// How many threads citizens and businesses are spread over in process, where nobody says otherwise: one for
/// each processor, of which more than four would only wait for the bookkeeper.
pub fn arbiters() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get().min(4))
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data: PathBuf::from("snapshots/run"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8717)),
            hosts: Vec::new(),
            time_zone: "Europe/Rome".to_owned(),
            // Most of the engine's naive times are UTC.
            naive_time_zone: "UTC".to_owned(),
            idle_seconds: 300,
            // What comes over HTTP keeps the server's own threads busy with reading it, and a thread for the actors is
            // one more to be woken for each request: without it, 33,000 single records a second took 0.94 cores
            // and not 1.14, and one in a hundred waited 19 ms and not 28. Batches are the same.
            arbiters: 0,
            segment_bytes: 64 << 20,
            snapshot_bytes: 64 << 20,
            body_bytes: 8 << 20,
            connections: 4096,
            gate_events: 100,
            gate_hours: 24,
            guard_citizen_hour: 1_000,
            guard_citizen_day: 1_000,
            guard_business_hour: 6_000,
            guard_business_day: 10_000,
            guard_payer_hour: 12_000,
            guard_payer_day: 20_000,
            guard_pair_hour: 120,
            guard_jump: 50,
            guard_park_after: 1_000,
            targets_start: String::new(),
            targets: Vec::new(),
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

/// The highest limit of a guard.
const GUARD_MAX: u64 = 1_000_000_000;
const GUARD: &str = "from 1 to 1000000000";

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {path} cannot be read")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file is no TOML.
    #[error("the configuration {path} is no TOML: {what}")]
    Toml {
        /// Which.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// A key or value is wrong.
    #[error("the configuration is wrong: {0}; `rialto config` shows every key with its default")]
    Value(String),
    /// A time zone is none.
    #[error("{key} {zone:?} is no time zone; use a name of the IANA database, such as Europe/Rome or UTC")]
    Zone {
        /// The key.
        key: &'static str,
        /// Its value.
        zone: String,
    },
    /// A number is out of bounds.
    #[error("{key} is {value}; it must be {must}")]
    Bounds {
        /// The key.
        key: &'static str,
        /// Its value.
        value: u64,
        /// What it must be.
        must: &'static str,
    },
}

impl Config {
    /// What is in force: the defaults, under the file, under `environment`, under `flags`.
    pub fn load(
        file: Option<&Path>,
        environment: impl Fn(&str) -> Option<String>,
        flags: Table,
    ) -> Result<Config, ConfigError> {
        let mut table = file.map(read).transpose()?.unwrap_or_default();
        for key in keys() {
            if let Some(value) = environment(&format!("RIALTO_{}", key.to_ascii_uppercase())) {
                // A folder named 1e3 is no number.
                let is_text = matches!(
                    key.as_str(),
                    "data" | "listen" | "time_zone" | "naive_time_zone" | "targets_start" | "log" | "log_format"
                );
                table.insert(key, if is_text { Value::String(value) } else { typed(&value) });
            }
        }
        table.extend(flags);
        let config: Config = table
            .try_into()
            .map_err(|error: toml::de::Error| ConfigError::Value(error.to_string().trim().replace('\n', " ")))?;
        config.check()
    }

    fn check(self) -> Result<Config, ConfigError> {
        zone("time_zone", &self.time_zone)?;
        zone("naive_time_zone", &self.naive_time_zone)?;
        if !self.targets_start.is_empty() && chrono::NaiveDate::parse_from_str(&self.targets_start, "%Y-%m-%d").is_err()
        {
            return Err(ConfigError::Value(format!(
                "targets_start is {:?}; it is a date such as 2026-12-01, or empty",
                self.targets_start
            )));
        }
        for target in &self.targets {
            let is_sound = (1..=3660).contains(&target.days)
                && (1..=GUARD_MAX).contains(&target.amount)
                && (1..=60).contains(&target.name.len())
                && ["tracked", "live", "collected"].contains(&target.basis.as_str());
            if !is_sound {
                return Err(ConfigError::Value(format!(
                    "the target {:?} needs a name, 1 to 3660 days, an amount of 1 or more, and a basis: tracked, live or collected",
                    target.name
                )));
            }
        }
        let bounds = [
            ("arbiters", self.arbiters as u64, 0..=64, "from 0 to 64"),
            ("gate_events", self.gate_events, 0..=1_000_000_000, "at most 1000000000"),
            ("gate_hours", self.gate_hours, 0..=8_760, "at most 8760, a year"),
            ("guard_citizen_hour", self.guard_citizen_hour, 1..=GUARD_MAX, GUARD),
            ("guard_citizen_day", self.guard_citizen_day, 1..=GUARD_MAX, GUARD),
            ("guard_business_hour", self.guard_business_hour, 1..=GUARD_MAX, GUARD),
            ("guard_business_day", self.guard_business_day, 1..=GUARD_MAX, GUARD),
            ("guard_payer_hour", self.guard_payer_hour, 1..=GUARD_MAX, GUARD),
            ("guard_payer_day", self.guard_payer_day, 1..=GUARD_MAX, GUARD),
            ("guard_pair_hour", self.guard_pair_hour, 1..=GUARD_MAX, GUARD),
            ("guard_jump", self.guard_jump, 2..=GUARD_MAX, "from 2 to 1000000000"),
            ("guard_park_after", self.guard_park_after, 1..=GUARD_MAX, GUARD),
            ("idle_seconds", self.idle_seconds, 1..=86_400, "from 1 to 86400"),
            ("segment_bytes", self.segment_bytes, 4096..=1 << 30, "from 4096 to 1073741824"),
            ("snapshot_bytes", self.snapshot_bytes, 4096..=1 << 40, "4096 or more"),
            ("body_bytes", self.body_bytes as u64, 1024..=64 << 20, "from 1024 to 67108864"),
            ("connections", self.connections as u64, 1..=65_536, "from 1 to 65536"),
        ];
        for (key, value, range, must) in bounds {
            if !range.contains(&value) {
                return Err(ConfigError::Bounds { key, value, must });
            }
        }
        Ok(self)
    }

    /// Whose days are counted.
    pub fn zone(&self) -> Tz {
        self.time_zone.parse().unwrap_or(chrono_tz::Europe::Rome)
    }

    /// Where naive times are read.
    pub fn naive_zone(&self) -> Tz {
        self.naive_time_zone.parse().unwrap_or(chrono_tz::UTC)
    }

    /// After how long an idle actor retires.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }
}

fn keys() -> Vec<String> {
    // The keys are the fields; a table of the defaults names them all.
    Table::try_from(Config::default()).map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::File { path: path.to_owned(), cause })?;
    text.parse().map_err(|error: toml::de::Error| ConfigError::Toml {
        path: path.to_owned(),
        what: error.to_string().replace('\n', " "),
    })
}

/// A value of the environment as TOML would read it; what it cannot read is text.
fn typed(value: &str) -> Value {
    let line = format!("value = {value}");
    let read = line.parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    read.unwrap_or_else(|| Value::String(value.to_owned()))
}

fn zone(key: &'static str, name: &str) -> Result<Tz, ConfigError> {
    name.parse().map_err(|_| ConfigError::Zone { key, zone: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rialto.toml");
        std::fs::write(&path, file).unwrap();
        let flags = flags.iter().map(|(key, value)| (key.to_string(), Value::String(value.to_string()))).collect();
        let of = |key: &str| environment.iter().find(|(known, _)| *known == key).map(|(_, value)| value.to_string());
        Config::load(Some(&path), of, flags)
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = "time_zone = \"UTC\"\nidle_seconds = 5\ndata = \"a\"";
        let environment =
            [("RIALTO_IDLE_SECONDS", "7"), ("RIALTO_DATA", "b"), ("RIALTO_HOSTS", "[\"rialto.example\"]")];
        let config = load(file, &environment, &[("data", "c")]).unwrap();
        assert_eq!(config.time_zone, "UTC");
        assert_eq!(config.idle_seconds, 7);
        assert_eq!(config.data, PathBuf::from("c"));
        assert_eq!(config.hosts, ["rialto.example"]);
        assert_eq!(config.listen, Config::default().listen);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (file, named) in [
            ("colour = \"red\"", "colour"),
            ("time_zone = \"Mars/Olympus\"", "Mars/Olympus"),
            ("idle_seconds = \"soon\"", "idle_seconds"),
            ("arbiters = 65", "from 0 to 64"),
            ("listen = \"nowhere\"", "listen"),
            ("listen = ", "TOML"),
        ] {
            let error = load(file, &[], &[]).unwrap_err().to_string();
            assert!(error.contains(named), "{file}: {error}");
        }
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same() {
        let shown = toml::to_string(&Config::default()).unwrap();
        assert_eq!(load(&shown, &[], &[]).unwrap(), Config::default());
    }
}
