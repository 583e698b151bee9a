//! The table as markdown, and the figures as JSON.

use crate::figure::Figure;
use crate::rows::{Figures, Row};
use crate::stats;
use crate::text::number;

/// How the names of figures begin that are not ours.
const BESIDE: [&str; 3] = ["disk_", "postgres_", "python_"];

/// The rows as a markdown table.
pub fn markdown(machine: &str, figures: &Figures, rows: &[&Row], is_quick: bool) -> String {
    let volumes = if is_quick { ", a twentieth of the volumes" } else { "" };
    let mut text = format!("Measured on {machine}{volumes}. Median of the runs, with the least and the greatest.\n\n");
    text += "| what | measured | reach | peer | ratio | ok | note |\n|---|---|---|---|---|---|---|\n";
    for row in rows {
        text += &line(row, figures);
    }
    text + "\n" + &beside(figures)
}

fn line(row: &Row, figures: &Figures) -> String {
    let Row { what, reach, probes, judge, .. } = row;
    match judge(figures) {
        Some(found) => {
            let ok = match found.is_reached {
                Some(true) => "yes",
                Some(false) => "**no**",
                None => "no peer",
            };
            let [measured, peer, ratio, note] = [found.measured, found.peer, found.ratio, found.note];
            format!("| {what} | {measured} | {reach} | {peer} | {ratio} | {ok} | {note} |\n")
        }
        None => {
            let failure = probes.first().and_then(|probe| figures.failures.get(*probe));
            let why = failure.map_or("", |failure| failure.lines().next().unwrap_or_default());
            format!("| {what} | not measured | {reach} | | | | {why} |\n")
        }
    }
}

/// What the disk and the peers did in the same run.
fn beside(figures: &Figures) -> String {
    let mut text = String::new();
    let is_beside = |figure: &&Figure| BESIDE.iter().any(|prefix| figure.name.starts_with(prefix));
    for figure in figures.all().filter(is_beside) {
        if let Some([min, median, max]) = stats::spread(&figure.runs) {
            let [min, median, max] = [min, median, max].map(number);
            text += &format!("- `{}`: {median} ({min} to {max})\n", figure.name);
        }
    }
    text
}

/// All figures as one JSON object.
pub fn json(machine: &str, figures: &Figures) -> String {
    let found: Vec<_> = figures.all().collect();
    serde_json::json!({ "machine": machine, "figures": found, "failures": figures.failures }).to_string()
}
