//! Four weeks of a demo's metrics, as Prometheus would have them if it had been there all the time.
//!
//! The demo lives a day in seconds, and is read as often as a quarter of an hour of its own time is over. What it told is
//! put where it belongs on the machine's clock: its last reading now, and every other one as long before as the demo
//! lived between the two. The samples are the sidecar's own; only the instants among them are moved along.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use crate::demo::Demo;
use crate::{Done, http, places, promtool};

/// How much is lived through.
pub const DAYS: u32 = 28;
const DAY: f64 = 86_400.0;
/// It is read so often, or as often as the machine can.
const SPACING: f64 = 900.0;
const PAUSE: Duration = Duration::from_millis(5);
/// For so long it may take.
const PATIENCE: Duration = Duration::from_secs(240);
/// By this series the demo tells its own time: how long the tariff has been in force.
const CLOCK: &str = "rialto_tariffs_in_force_timestamp_seconds";
/// This one is of the machine's time alone.
const STARTED: &str = "rialto_process_start_timestamp_seconds";

/// What was told at one look.
struct Reading {
    /// When, by the machine's clock.
    at: f64,
    /// When, by the demo's: so long after its tariff came into force.
    lived: f64,
    page: String,
}

/// Lives through the days, and makes Prometheus's own blocks of what was told in `blocks`; how many readings there were.
pub fn live_through(demo: &Demo, job: &str, folder: &Path, blocks: &Path) -> Result<usize, String> {
    let readings = read(demo)?;
    let samples = samples(&readings, job, &demo.address);
    let file = folder.join("history.txt");
    fs::write(&file, samples).map_err(|error| format!("{}: {error}", file.display()))?;
    import(&file, blocks)?;
    fs::remove_file(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(readings.len())
}

fn read(demo: &Demo) -> Result<Vec<Reading>, String> {
    let mut readings: Vec<Reading> = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let reading = reading(&demo.address)?;
        let first = readings.first().map_or(reading.lived, |first| first.lived);
        let is_over = f64::from(DAYS) * DAY <= reading.lived - first;
        if is_over || readings.last().is_none_or(|last| last.lived + SPACING <= reading.lived) {
            readings.push(reading);
        }
        if is_over {
            return Ok(readings);
        }
        std::thread::sleep(PAUSE);
    }
    Err(format!("the demo did not live {DAYS} days in time; it says:\n{}", demo.log()))
}

fn reading(address: &str) -> Result<Reading, String> {
    let page = http::get(address, "/metrics")?;
    let at = seconds_now();
    let since = samples_of(&page).find(|(series, _)| series.starts_with(CLOCK)).map(|(_, value)| value);
    let since = since.and_then(|value| value.parse::<f64>().ok()).ok_or("the demo does not tell its time")?;
    Ok(Reading { at, lived: at - since, page })
}

/// Everything in OpenMetrics, as promtool reads it.
fn samples(readings: &[Reading], job: &str, instance: &str) -> String {
    let mut text = String::new();
    let Some(last) = readings.last() else { return text };
    let moved = |reading: &Reading| last.at - (last.lived - reading.lived);
    let began = readings.first().map_or(last.at, moved);
    for reading in readings {
        let at = moved(reading);
        for (series, value) in samples_of(&reading.page) {
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let comma = if labels == "}" { "" } else { "," };
            let value = match value.parse::<f64>() {
                Ok(_) if name == STARTED => began.to_string(),
                Ok(instant) if name.ends_with("_timestamp_seconds") => (instant + at - reading.at).to_string(),
                _ => value.to_owned(),
            };
            let _ = writeln!(text, "{name}{{job=\"{job}\",instance=\"{instance}\"{comma}{labels} {value} {at:.3}");
        }
        let _ = writeln!(text, "up{{job=\"{job}\",instance=\"{instance}\"}} 1 {at:.3}");
    }
    text.push_str("# EOF\n");
    text
}

fn samples_of(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '))
}

fn import(file: &Path, blocks: &Path) -> Done {
    places::made(blocks.to_owned())?;
    let mut promtool = Command::new(promtool::program());
    // Few large blocks: the file is read once for each of them.
    promtool.args(["tsdb", "create-blocks-from", "--max-block-duration=744h", "openmetrics", "--quiet"]);
    run(promtool.arg(file).arg(blocks))
}

/// Works out what the recording rules would have recorded in all that time, as Prometheus does it.
pub fn record(prometheus: &str, rules: &Path, blocks: &Path) -> Done {
    let end = seconds_now();
    let begin = end - f64::from(DAYS) * DAY;
    let mut promtool = Command::new(promtool::program());
    promtool.args(["tsdb", "create-blocks-from", "--max-block-duration=744h", "rules"]);
    promtool.arg(format!("--start={begin:.0}")).arg(format!("--end={end:.0}"));
    promtool.arg(format!("--url=http://{prometheus}")).arg("--eval-interval=5m").arg("--output-dir").arg(blocks);
    run(promtool.arg(rules))
}

fn run(promtool: &mut Command) -> Done {
    let output = promtool.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("promtool did not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && !said.contains("level=error") {
        return Ok(());
    }
    Err(format!("promtool made no blocks ({}):\n{said}", output.status))
}

/// Servers are asked about the machine's own time.
pub fn seconds_now() -> f64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_moved_by_as_much_as_the_demo_lived_and_its_instants_with_it() {
        let page = |since: f64| format!("# HELP x y\n{CLOCK}{{version=\"1\"}} {since}\nrialto_a 7\n");
        let readings =
            [(1000.0, 500.0), (1001.0, 4100.0)].map(|(at, lived)| Reading { at, lived, page: page(at - lived) });
        let text = samples(&readings, "j", "i");
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                r#"rialto_tariffs_in_force_timestamp_seconds{job="j",instance="i",version="1"} -3099 -2599.000"#,
                r#"rialto_a{job="j",instance="i"} 7 -2599.000"#,
                r#"up{job="j",instance="i"} 1 -2599.000"#,
                r#"rialto_tariffs_in_force_timestamp_seconds{job="j",instance="i",version="1"} -3099 1001.000"#,
                r#"rialto_a{job="j",instance="i"} 7 1001.000"#,
                r#"up{job="j",instance="i"} 1 1001.000"#,
                "# EOF"
            ]
        );
    }
}
