//! Silence: the engine's feed stops, and the alarms about it are raised and delivered.
//!
//! The committed alerts wait for minutes and hours. They are tried as they are committed, but that every duration that
//! they wait for is shorter, and their name longer: a copy of their text is made in which nothing else is replaced.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::alertmanager::Alertmanager;
use super::prometheus::Prometheus;
use super::replaced;
use super::rules::rules;
use crate::demo::{self, Demo};
use crate::places;

/// How long the alarms may take: what they wait for, and as long again for scraping, evaluating and a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// After how many seconds without an event the demo's page is to say so.
pub const SILENCE_S: u32 = 20;

/// An alert, and what in its expression is shorter than committed.
struct Shortened {
    alert: &'static str,
    silence: (&'static str, &'static str),
}

const SHORTENED: [Shortened; 2] = [
    // Nothing at all, not even an empty batch, for 15 minutes.
    Shortened { alert: "RialtoEngineHeartbeatGone", silence: ("> 900\n", "> 20\n") },
    // No activity for half an hour, where at this time of the days before there were some.
    Shortened { alert: "RialtoActivitiesSilent", silence: ("> 1800\n", "> 20\n") },
];
/// For so long it has to be so.
const FOR: &str = "for: 5s";
const SUFFIX: &str = "InSeconds";

/// Where the shortened alerts are to be; Prometheus minds no file of this kind that is missing.
pub fn files(folder: &Path) -> PathBuf {
    folder.join("shortened*.yaml")
}

/// Silences the city; which alarms were raised within which time, and what was delivered. As long as it lives, none is raised.
pub fn try_it(
    demo: &Demo,
    folder: &Path,
    prometheus: &Prometheus,
    alertmanager: &Alertmanager,
) -> Result<String, String> {
    fs::write(folder.join("shortened.yaml"), shortened()?).map_err(|error| format!("no shortened rules: {error}"))?;
    prometheus.reload()?;
    prometheus.looks()?;
    if let Some(alert) = raised(prometheus)?.first() {
        return Err(format!("{alert} is raised while the city lives"));
    }
    if page_tells(demo) {
        return Err("the page says that the city is silent while it lives".into());
    }
    demo.silence()?;
    let begun = Instant::now();
    let all_raised = || (raised(prometheus).ok()?.len() == SHORTENED.len()).then(|| begun.elapsed());
    let took = demo::within(PATIENCE, all_raised)
        .ok_or_else(|| format!("the city is silent, and only {:?} are raised", raised(prometheus)))?;
    demo::within(PATIENCE, || page_tells(demo).then_some(()))
        .ok_or("the city is silent, and the page does not say so")?;
    let name = format!("{}{SUFFIX}", SHORTENED[0].alert);
    let summary = alertmanager.delivered(&name, PATIENCE)?;
    println!("delivered: {summary}");
    Ok(format!(
        "silence raised {} alarms in {:.0} s, one was delivered, and the page says so",
        SHORTENED.len(),
        took.as_secs_f64()
    ))
}

/// Rules of the shortened alerts.
fn shortened() -> Result<String, String> {
    let committed = places::root().join("grafana/prometheus/alerts.yaml");
    let text = fs::read_to_string(&committed).map_err(|error| format!("{}: {error}", committed.display()))?;
    let mut rules = "groups:\n  - name: rialto-shortened\n    rules:\n".to_owned();
    for Shortened { alert, silence } in &SHORTENED {
        let name = format!("alert: {alert}\n");
        let rule = text.split("      - ").find(|rule| rule.starts_with(&name));
        let rule = rule.ok_or_else(|| format!("there is no alert {alert}"))?;
        // A comment before the next one, or the next group.
        let rule = rule.split("\n\n").next().unwrap_or(rule).split("\n  - name:").next().unwrap_or_default();
        let wait = rule.lines().map(str::trim).find(|line| line.starts_with("for: "));
        let wait = wait.ok_or_else(|| format!("{alert} does not wait"))?;
        let rule = replaced(rule, &[*silence, (wait, FOR)]).map_err(|error| format!("{alert}: {error}"))?;
        let rule = rule.replacen(&name, &format!("alert: {alert}{SUFFIX}\n"), 1);
        rules.push_str(&format!("      - {rule}\n"));
    }
    Ok(rules)
}

/// Whether the page says that nothing comes.
fn page_tells(demo: &Demo) -> bool {
    demo.get("").is_ok_and(|page| page.contains("No event for "))
}

/// Those of the shortened alerts that are firing.
fn raised(prometheus: &Prometheus) -> Result<Vec<String>, String> {
    let rules = rules(prometheus)?.into_iter();
    Ok(rules.filter(|rule| rule.name.ends_with(SUFFIX) && rule.state == "firing").map(|rule| rule.name).collect())
}
