//! Configuration: one TOML file, environment variables over it, flags over those.
//!
//! All three are the same flat table of keys, so that a key is checked in one place, whichever way it
//! came. An unknown key, a variable that is nearly one, or a value that makes no sense, stops the start, with the
//! place where it stands and what to write.

mod given;
mod keys;
pub mod secret;
mod shown;
mod source;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::given::Given;

use self::source::Origin;
use crate::domain::money::Money;
use crate::domain::targets::Targets;

/// What is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The file with the certificate that it answers with; empty for plain HTTP.
    pub listen_certificate: PathBuf,
    /// The file with its key.
    pub listen_key: PathBuf,
    /// The address where Stripe's webhooks alone are taken; empty for none.
    pub webhook_listen: String,
    /// The file with the certificate that it answers with; empty for plain HTTP.
    pub tls_certificate: PathBuf,
    /// The file with its key.
    pub tls_key: PathBuf,
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
    /// After how many seconds without an event the page says so.
    pub silence_seconds: u64,
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
    /// What an invoice comes to at least,
    pub bill_minimum: String,
    /// unless what it is for is as many days old.
    pub bill_age_days: u64,
    /// What Stripe is expected to take of a payment, in percent,
    pub bill_fee_percent: String,
    /// and besides.
    pub bill_fee_fixed: String,
    /// `carry` or `credit_note`.
    pub bill_negative: String,
    /// At which hour of the day what is due is invoiced,
    pub bill_hour: u64,
    /// and from how much on it does not wait for that.
    pub bill_threshold: String,
    /// `off`, `sandbox`, `test` or `live`.
    pub stripe_mode: String,
    /// Where the sandbox is.
    pub stripe_url: String,
    /// Day one of the targets, such as 2026-12-01; empty for the day of the first charge.
    pub targets_start: String,
    /// What is to be earned by when; an empty list is the brief's own four.
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
            listen_certificate: PathBuf::new(),
            listen_key: PathBuf::new(),
            webhook_listen: String::new(),
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            hosts: Vec::new(),
            time_zone: "Europe/Rome".to_owned(),
            // Most of the engine's naive times are UTC.
            naive_time_zone: "UTC".to_owned(),
            idle_seconds: 300,
            // What comes over HTTP keeps the server's own threads busy with reading it, and a thread for the actors is
            // one more to be woken for each request: without it, 33,000 single records a second took 0.94 cores
            // and not 1.14, and one in a hundred waited 19 ms and not 28. Batches are the same.
            arbiters: 0,
            // Three ticks of the engine, as the alarm about its heartbeat has it.
            silence_seconds: 900,
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
            bill_minimum: "10.00".to_owned(),
            bill_age_days: 35,
            // Stripe's price for cards of the European Economic Area.
            bill_fee_percent: "1.5".to_owned(),
            bill_fee_fixed: "0.25".to_owned(),
            bill_negative: "carry".to_owned(),
            bill_hour: 6,
            bill_threshold: "100.00".to_owned(),
            stripe_mode: "off".to_owned(),
            stripe_url: "http://127.0.0.1:12111".to_owned(),
            targets_start: String::new(),
            targets: usual_targets(),
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

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
    #[error("{origin}: the configuration is no TOML here: {what}")]
    Toml {
        /// Where.
        origin: Origin,
        /// Why.
        what: String,
    },
    /// There is no such key.
    #[error("{origin}: `{name}` is no setting; {help}")]
    Key {
        /// Where.
        origin: Origin,
        /// What is written.
        name: String,
        /// What to write.
        help: String,
    },
    /// A value is wrong.
    #[error("{origin}: {key} is {found}; {must}")]
    Value {
        /// Where.
        origin: Origin,
        /// Of which key.
        key: &'static str,
        /// What is written.
        found: String,
        /// What to write.
        must: String,
    },
    /// A target lacks something.
    #[error("{origin}: {key} is missing; {must}")]
    Missing {
        /// Where.
        origin: Origin,
        /// What.
        key: &'static str,
        /// What to write.
        must: String,
    },
    /// A variable is nearly one that means something.
    #[error("{name} in the environment means nothing; {near} is meant, or it has to go")]
    Variable {
        /// Its name.
        name: String,
        /// The one that means something.
        near: String,
    },
    /// The values do not make a configuration.
    #[error("the configuration is wrong: {0}; `rialto config` shows every key with its value")]
    Whole(String),
}

impl Config {
    /// Whose days are counted.
    pub fn zone(&self) -> Tz {
        self.time_zone.parse().unwrap_or(chrono_tz::Europe::Rome)
    }

    /// Where naive times are read.
    pub fn naive_zone(&self) -> Tz {
        self.naive_time_zone.parse().unwrap_or(chrono_tz::UTC)
    }

    /// Where Stripe's webhooks alone are taken, if anywhere.
    pub fn webhook_address(&self) -> Option<SocketAddr> {
        self.webhook_listen.parse().ok()
    }

    /// After how long an idle actor retires.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }
}

fn usual_targets() -> Vec<Target> {
    let target = |target: crate::domain::targets::Target| Target {
        name: target.name,
        days: target.days,
        amount: (target.goal.millionths() / Money::PER_UNIT).unsigned_abs(),
        basis: target.basis.as_str().to_owned(),
    };
    Targets::default().all.into_iter().map(target).collect()
}

#[cfg(test)]
mod tests {
    use toml::{Table, Value};

    use super::keys::KEYS;
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rialto.toml");
        std::fs::write(&path, file).unwrap();
        let flags = flags.iter().map(|(key, value)| (key.to_string(), Value::String(value.to_string()))).collect();
        let environment = environment.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        Given::read(Some(&path), environment, flags)?.over(Table::new())
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
    fn what_is_wrong_is_told_with_its_place_and_what_to_write() {
        let week = "[[targets]]\nname = \"a\"\ndays = 7\n";
        for (file, parts) in [
            ("colour = \"red\"", &[":1:1: `colour` is no setting"][..]),
            ("\n  gate_hour = 3", &[":2:3: `gate_hour` is no setting; write gate_hours"]),
            ("time_zone = \"Mars/Olympus\"", &[":1:13: time_zone is \"Mars/Olympus\"", "time_zone = \"Europe/Rome\""]),
            (
                "idle_seconds = \"soon\"",
                &[":1:16: idle_seconds is \"soon\"", "a whole number of seconds from 1 to 86400"],
            ),
            ("idle_seconds = 1.5", &["idle_seconds is 1.5"]),
            ("gate_hours = -1", &["gate_hours is -1", "from 0 to 8760"]),
            ("arbiters = 65", &["arbiters is 65", "from 0 to 64"]),
            ("listen = \"nowhere\"", &["listen is \"nowhere\"", "listen = \"127.0.0.1:8717\""]),
            (
                "webhook_listen = \"8443\"",
                &["webhook_listen is \"8443\"", "or nothing: webhook_listen = \"0.0.0.0:8443\""],
            ),
            ("tls_key = true", &["tls_key is true", "the path of a file, or nothing"]),
            ("hosts = \"a\"", &["hosts is \"a\"", "hosts = [\"rialto.example\"]"]),
            ("log_format = \"xml\"", &["one of text, json"]),
            ("stripe_url = \"foo\"", &["stripe_url is \"foo\"", "stripe_url = \"http://127.0.0.1:12111\""]),
            ("stripe_url = \"http://127.0.0.1:12111/v1\"", &["a scheme and a host, and nothing else"]),
            ("targets_start = 2026-12-01", &["targets_start = \"2026-12-01\""]),
            (
                "bill_minimum = \"ten\"",
                &["bill_minimum is \"ten\"", "a decimal in quotation marks", "bill_minimum = \"10.00\""],
            ),
            ("bill_fee_percent = \"-1\"", &["bill_fee_percent is \"-1\"", "from 0 to 100"]),
            ("targets = 3", &["[[targets]] with name"]),
            (&format!("{week}amuont = 5\nbasis = \"live\""), &[":4:10: `amuont` is no setting; write amount"]),
            (&format!("{week}amount = 5\nbasis = \"paid\""), &[":5:9: basis is \"paid\"", "tracked, live, collected"]),
            (&format!("{week}amount = 5"), &[":1:1: basis is missing", "basis = \"tracked\""]),
            ("data = 1\nlisten = ", &["rialto.toml:2:", "no TOML"]),
        ] {
            let error = load(file, &[], &[]).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{file}: {error}");
        }
        for (variable, part) in [
            (("RIALTO_GATE_EVNTS", "1"), "RIALTO_GATE_EVENTS is meant"),
            (("RIALTO_TOKENS", "1"), "RIALTO_TOKEN is meant"),
            (("RIALTO_GATE_EVENTS", "few"), "RIALTO_GATE_EVENTS: gate_events is \"few\"; write a whole number"),
            (("RIALTO_TARGETS", "[{ name = \"a\" }]"), "RIALTO_TARGETS: days is missing"),
        ] {
            let error = load("", &[variable], &[]).unwrap_err().to_string();
            assert!(error.contains(part), "{variable:?}: {error}");
        }
        let error = load("", &[], &[("listen", "nowhere")]).unwrap_err().to_string();
        assert!(error.starts_with("--listen: listen is \"nowhere\""), "{error}");
    }

    #[test]
    fn an_empty_address_for_webhooks_is_none() {
        let told = "webhook_listen = \"0.0.0.0:8443\"";
        assert_eq!(load(told, &[], &[]).unwrap().webhook_address(), Some(([0, 0, 0, 0], 8443).into()));
        assert_eq!(load(told, &[("RIALTO_WEBHOOK_LISTEN", "")], &[]).unwrap().webhook_address(), None);
        assert_eq!(Config::default().webhook_address(), None);
    }

    #[test]
    fn what_is_usual_somewhere_holds_until_somebody_says_otherwise() {
        let usual = || Table::from_iter([("idle_seconds".to_owned(), Value::Integer(9))]);
        for (environment, idle_seconds) in [(vec![], 9), (vec![("RIALTO_IDLE_SECONDS", "7")], 7)] {
            let environment = environment.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
            let given = Given::read(None, environment, Table::new()).unwrap();
            assert_eq!(given.sets("idle_seconds"), idle_seconds == 7);
            assert_eq!(given.over(usual()).unwrap(), Config { idle_seconds, ..Config::default() });
        }
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        let others = [("RIALTO_SERVICE_HOST", "10.0.0.1"), ("RIALTO_PORT", "tcp://10.0.0.1:80"), ("PATH", "/bin")];
        assert_eq!(load("", &others, &[]).unwrap(), Config::default());
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same_and_tells_what_each_key_is_about() {
        let strange = Config { data: PathBuf::from("a \"b\""), hosts: vec!["c".to_owned()], ..Config::default() };
        for config in [Config::default(), strange] {
            let shown = config.shown();
            assert_eq!(load(&shown, &[], &[]).unwrap(), config, "{shown}");
            let lines: Vec<&str> = shown.lines().collect();
            let is_setting = |line: &str| line.contains(" = ") && !line.starts_with('#');
            let settings = (0..lines.len()).filter(|place| is_setting(lines[*place]));
            let bare = { settings }.find(|place| !lines[place - 1].starts_with('#') && !shown_in_table(&lines, *place));
            assert_eq!(bare, None, "{shown}");
        }
        let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
        let table = Table::try_from(Config::default()).unwrap();
        assert!(table.keys().all(|key| names.contains(&key.as_str())) && table.len() == names.len());
        assert_eq!(load("targets = []", &[], &[]).unwrap().targets.len(), 4);
    }

    #[test]
    fn the_targets_that_the_readme_shows_are_read() {
        let readme = include_str!("../../README.md");
        let mut blocks = readme.split("```toml\n").filter_map(|rest| rest.split("```").next());
        let shown = blocks.find(|block| block.starts_with("[[targets]]")).unwrap();
        let target = Target { name: "week one".to_owned(), days: 7, amount: 500, basis: "live".to_owned() };
        assert_eq!(load(shown, &[], &[]).unwrap().targets, [target]);
    }

    fn shown_in_table(lines: &[&str], place: usize) -> bool {
        lines[..place].iter().any(|line| line.starts_with("[["))
    }
}
