//! A real Prometheus: it scrapes the demo every second, has the rules, and is asked as Grafana asks it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::board::items;
use crate::kept::Kept;
use crate::unpacked::program_of;
use crate::{Done, demo, http, places};

/// How long it may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);
/// What was told in the past was told every quarter of an hour, or as often as the machine could.
const LOOKBACK: &str = "1h";

/// See the module.
pub struct Prometheus {
    /// Where it listens.
    pub address: String,
    server: Kept,
}

/// What one is to do.
pub struct Orders<'o> {
    /// Its folder.
    pub folder: &'o Path,
    /// Under which job it scrapes the demo.
    pub job: &'o str,
    /// Where the demo listens.
    pub demo: &'o str,
    /// The rules that it loads.
    pub rules: &'o [PathBuf],
    /// Where it sends alerts.
    pub alertmanager: &'o str,
}

impl Orders<'_> {
    /// Where it keeps its blocks.
    pub fn blocks(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn configuration(&self) -> String {
        let Orders { job, demo, alertmanager, .. } = self;
        let rules: String = self.rules.iter().map(|file| format!("  - {}\n", file.display())).collect();
        let rules = if rules.is_empty() { String::new() } else { format!("rule_files:\n{rules}") };
        format!(
            "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\n{rules}\
             scrape_configs:\n  - job_name: {job}\n    static_configs:\n      - targets: ['{demo}']\n\
             alerting:\n  alertmanagers:\n    - static_configs:\n        - targets: ['{alertmanager}']\n"
        )
    }
}

impl Prometheus {
    /// Starts one, and waits until it can be asked.
    pub fn start(orders: &Orders<'_>) -> Result<Prometheus, String> {
        places::made(orders.folder.to_owned())?;
        let configuration = orders.folder.join("prometheus.yaml");
        fs::write(&configuration, orders.configuration())
            .map_err(|error| format!("{}: {error}", configuration.display()))?;
        let address = http::free_address()?;
        let arguments = [
            format!("--config.file={}", configuration.display()),
            format!("--storage.tsdb.path={}", orders.blocks().display()),
            "--storage.tsdb.retention.time=60d".into(),
            format!("--query.lookback-delta={LOOKBACK}"),
            format!("--web.listen-address={address}"),
            "--web.enable-lifecycle".into(),
        ];
        let server = Kept::start(&program_of("prometheus"), &arguments, orders.folder, "prometheus")?;
        let prometheus = Prometheus { address, server };
        let is_ready = demo::within(PATIENCE, || http::get(&prometheus.address, "/-/ready").ok());
        is_ready.ok_or_else(|| format!("Prometheus is not ready:\n{}", prometheus.server.log()))?;
        Ok(prometheus)
    }

    /// Has it read its configuration and rules anew.
    pub fn reload(&self) -> Done {
        http::post(&self.address, "/-/reload").map(drop)
    }

    /// Waits until it has scraped, and worked every rule out.
    pub fn looks(&self) -> Done {
        let has_scraped = || {
            let targets = self.ask("/api/v1/targets").ok()?;
            let mut targets = items(&targets["activeTargets"]).peekable();
            targets.peek()?;
            targets.all(|target| target["health"] == "up").then_some(())
        };
        let has_ruled = || {
            let rules = self.ask("/api/v1/rules").ok()?;
            let mut rules = items(&rules["groups"]).flat_map(|group| items(&group["rules"]));
            rules.all(|rule| rule["health"] != "unknown").then_some(())
        };
        let looks = demo::within(PATIENCE, has_scraped).and_then(|()| demo::within(PATIENCE, has_ruled));
        looks.ok_or_else(|| format!("Prometheus does not scrape, or works no rules out:\n{}", self.server.log()))
    }

    /// Asks its API; only the data of the answer.
    pub fn ask(&self, path: &str) -> Result<Value, String> {
        let answer = http::get(&self.address, path)?;
        let mut answer: Value = serde_json::from_str(&answer).map_err(|error| format!("{path}: {error}"))?;
        Ok(answer["data"].take())
    }

    /// How many series a query has at an instant.
    pub fn instant(&self, query: &str, at: f64) -> Result<usize, String> {
        let data = self.ask(&format!("/api/v1/query?query={}&time={at:.3}", http::encoded(query)))?;
        Ok(items(&data["result"]).filter(|series| is_number(&series["value"])).count())
    }

    /// How many series a query has anywhere in the time before `end`.
    pub fn range(&self, query: &str, end: f64, length: f64, step: f64) -> Result<usize, String> {
        let (query, begin) = (http::encoded(query), end - length);
        let data =
            self.ask(&format!("/api/v1/query_range?query={query}&start={begin:.3}&end={end:.3}&step={step:.0}"))?;
        Ok(items(&data["result"]).filter(|series| items(&series["values"]).any(is_number)).count())
    }

    /// How many values a label has in the series that a selector finds.
    pub fn labels(&self, label: &str, selector: &str) -> Result<usize, String> {
        let data = self.ask(&format!("/api/v1/label/{label}/values?match%5B%5D={}", http::encoded(selector)))?;
        Ok(items(&data).count())
    }
}

/// Whether a sample is something that can be drawn.
fn is_number(sample: &Value) -> bool {
    sample[1].as_str().and_then(|value| value.parse::<f64>().ok()).is_some_and(f64::is_finite)
}
