//! As much of PromQL as it takes to tell which metrics an expression is about, and by which of their labels.

use std::collections::{BTreeMap, BTreeSet};

/// What Prometheus has of its own, and labels that it adds to everything.
const OWN: &str = "up";
const ADDED: [&str; 3] = ["job", "instance", "le"];
/// What a histogram has instead of one series.
const PARTS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// The metrics that there are, each with its labels, as `grafana/METRICS.md` tells them.
#[derive(Debug, Default)]
pub struct Catalogue(BTreeMap<String, Metric>);

#[derive(Debug, Default)]
struct Metric {
    labels: BTreeSet<String>,
    is_histogram: bool,
}

impl Catalogue {
    /// Reads the page.
    pub fn read(page: &str) -> Catalogue {
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `rialto_"));
        let metric = |row: &str| {
            let mut cells = row.split(" | ");
            let name = format!("rialto_{}", cells.next()?.trim_end_matches('`'));
            let is_histogram = cells.next()?.trim() == "histogram";
            let labels = cells.next()?.split("; `").filter_map(|label| label.split_once("`:"));
            let labels = labels.map(|(name, _)| name.trim_start_matches(['|', ' ', '`']).to_owned()).collect();
            Some((name, Metric { labels, is_histogram }))
        };
        Catalogue(rows.filter_map(metric).collect())
    }

    fn find(&self, name: &str) -> Option<&Metric> {
        let base = || PARTS.iter().find_map(|part| name.strip_suffix(part)).and_then(|base| self.0.get(base));
        self.0.get(name).filter(|metric| !metric.is_histogram).or_else(|| base().filter(|metric| metric.is_histogram))
    }
}

/// What an expression asks for that there is not.
pub fn faults(expr: &str, catalogue: &Catalogue, recorded: &BTreeSet<&str>) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, labels) in series(expr) {
        if recorded.contains(name.as_str()) || name == OWN {
            continue;
        }
        match catalogue.find(&name) {
            None if name.contains(':') => faults.push(format!("nothing records {name}")),
            None => faults.push(format!("{name} is not in the catalogue")),
            Some(metric) => {
                let unknown = labels
                    .iter()
                    .filter(|label| !metric.labels.contains(label.as_str()) && !ADDED.contains(&label.as_str()));
                faults.extend(unknown.map(|label| format!("{name} has no label {label}")));
            }
        }
    }
    faults
}

/// The series that an expression names: what begins with `rialto_`, has a colon in it, or is asked for by labels.
fn series(expr: &str) -> Vec<(String, Vec<String>)> {
    let expr = without_strings(expr);
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':');
    let mut found = Vec::new();
    let mut rest = &*expr;
    while let Some(start) = rest.find(is_letter) {
        let word = &rest[start..];
        let end = word.find(|letter| !is_letter(letter)).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        rest = after;
        let selector = after.trim_start().strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let labels = selector.map_or("", |(inside, _)| inside);
        if let Some((_, after)) = selector {
            rest = after;
        }
        if word.starts_with("rialto_") || word.contains(':') || selector.is_some() {
            let names = labels.split(',').filter_map(|label| label.split(['=', '!']).next());
            let names = names.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
            found.push((word.to_owned(), names));
        }
    }
    found
}

/// What stands in quotation marks is anybody's.
fn without_strings(expr: &str) -> String {
    let mut text = String::new();
    let mut letters = expr.chars();
    while let Some(letter) = letters.next() {
        text.push(letter);
        if letter != '"' {
            continue;
        }
        while let Some(inside) = letters.next() {
            match inside {
                '\\' => drop(letters.next()),
                '"' => break,
                _ => {}
            }
        }
        text.push('"');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
| metric | type | labels | what it tells |
| --- | --- | --- | --- |
| `rialto_a_total` | counter | `feed`: `x`, `y`; `result`: such as `z` | A. |
| `rialto_b_seconds` | histogram |  | B. |
";

    #[test]
    fn what_there_is_not_is_found() {
        let catalogue = Catalogue::read(PAGE);
        let recorded = BTreeSet::from(["a:b:c"]);
        for (expr, expected) in [
            (
                "sum by (job) (increase(rialto_a_total{feed=~\"rialto_x|}{\",result!=\"\\\"\",job=\"j\"}[1h])) > 1e6",
                &[][..],
            ),
            ("histogram_quantile(0.9, rate(rialto_b_seconds_bucket{le=\"1\"}[5m])) and a:b:c offset 1w", &[]),
            ("rialto_b_seconds", &["rialto_b_seconds is not in the catalogue"]),
            ("rialto_a_total_count", &["rialto_a_total_count is not in the catalogue"]),
            ("x_total{job=\"j\"}", &["x_total is not in the catalogue"]),
            ("rialto_a_total{fee=\"x\"} unless a:b:d", &["rialto_a_total has no label fee", "nothing records a:b:d"]),
            ("up{job=\"rialto\"} == 0", &[]),
        ] {
            assert_eq!(faults(expr, &catalogue, &recorded), expected, "{expr}");
        }
    }
}
