//! The page that Prometheus reads: what is counted, and what is worked out for each look at it, in the text format or in
//! OpenMetrics.
//!
//! Formats: <https://prometheus.io/docs/instrumenting/exposition_formats/> and
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

use std::fmt::Write;

use metrics::Unit;
use metrics_exporter_prometheus::formatting::{write_help_line, write_type_line};

use super::catalogue::Metric;
use crate::domain::plain::misleads;

/// How the page is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The text format, which every Prometheus reads.
    #[default]
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The one that an `Accept` header asks for.
    pub fn asked_for(accept: Option<&str>) -> Format {
        let wants = |kind: &str| {
            accept.unwrap_or_default().split(',').any(|wanted| {
                let mut parts = wanted.split(';').map(str::trim);
                parts.next().is_some_and(|wanted| wanted.eq_ignore_ascii_case(kind)) && parts.all(|part| part != "q=0")
            })
        };
        if wants("application/openmetrics-text") { Format::OpenMetrics } else { Format::Text }
    }

    /// The content type of such a page.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The samples of metrics that are worked out for this page alone: what is not on it any more is no series any more.
#[derive(Debug, Default)]
pub struct Samples {
    text: String,
    /// The last metric that was put.
    of: &'static str,
}

impl Samples {
    /// Puts a sample of a metric; all those of one metric are put one after another. A value that is no number is put as
    /// `NaN`, which is one.
    pub fn put(&mut self, metric: &Metric, labels: &[&str], value: f64) {
        debug_assert_eq!(metric.labels.len(), labels.len(), "{}", metric.name);
        if self.of != metric.name {
            self.of = metric.name;
            write_help_line(&mut self.text, metric.name, None, None, metric.help);
            write_type_line(&mut self.text, metric.name, None, None, metric.kind.as_str());
        }
        self.text.push_str(metric.name);
        for (place, (label, value)) in metric.labels.iter().zip(labels).enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{}=\"{}\"", label.name, quoted(value));
        }
        let after = if metric.labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{after} {value}");
    }

    /// The page: what was counted, as the recorder renders it, and these.
    pub fn page(self, counted: &str, format: Format) -> String {
        match format {
            Format::Text => counted.to_owned() + &self.text,
            Format::OpenMetrics => open(counted.lines().chain(self.text.lines())),
        }
    }
}

/// A label's value as it stands between quotation marks. No two are written alike, and what a terminal would obey is
/// percent-encoded: ids are what others wrote.
fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            '\n' => quoted.push_str("\\n"),
            letter if letter == '%' || misleads(letter) => {
                let mut bytes = [0; 4];
                // A string takes whatever is written to it.
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(quoted, "%{byte:02X}");
                }
            }
            letter => quoted.push(letter),
        }
    }
    quoted
}

/// The lines of the text format in OpenMetrics: a counter's family is called without `_total`, and units are told.
fn open<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    let mut page = String::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let Some((kind, rest)) = line.strip_prefix("# ").and_then(|line| line.split_once(' ')) else {
            page.push_str(line);
            page.push('\n');
            continue;
        };
        let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let family = name.strip_suffix("_total").unwrap_or(name);
        let _ = writeln!(page, "# {kind} {family} {rest}");
        let unit = [Unit::Seconds, Unit::Bytes].into_iter().find(|unit| family.ends_with(unit.as_str()));
        if let Some(unit) = unit.filter(|_| kind == "TYPE") {
            let _ = writeln!(page, "# UNIT {family} {}", unit.as_str());
        }
    }
    page.push_str("# EOF\n");
    page
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::*;

    #[test]
    fn who_asks_for_openmetrics_gets_it() {
        for (accept, format) in [
            (None, Format::Text),
            (Some("*/*"), Format::Text),
            (Some("text/plain;version=0.0.4;q=0.5,*/*;q=0.1"), Format::Text),
            (Some("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3"), Format::OpenMetrics),
            (Some("Application/OpenMetrics-Text"), Format::OpenMetrics),
            (Some("application/openmetrics-text;q=0, text/plain"), Format::Text),
        ] {
            assert_eq!(Format::asked_for(accept), format, "{accept:?}");
        }
    }

    #[test]
    fn labels_are_escaped_and_families_told_once() {
        let mut samples = Samples::default();
        samples.put(&catalogue::LEDGER_HELD, &["EUR", "a\"b\\c\nd"], 1.5);
        samples.put(&catalogue::LEDGER_HELD, &["EUR", "live"], f64::NAN);
        samples.put(&catalogue::LEDGER_FACTS, &[], 3.0);
        let page = samples.page("", Format::Text);
        assert_eq!(page.matches("# TYPE rialto_ledger_held gauge").count(), 1);
        assert!(page.contains("rialto_ledger_held{currency=\"EUR\",stage=\"a\\\"b\\\\c\\nd\"} 1.5\n"), "{page}");
        assert!(page.contains("stage=\"live\"} NaN\n"), "{page}");
        for (value, written) in [
            ("a\\\"b", "a\\\\\\\"b"),
            ("a\"b", "a\\\"b"),
            ("a\\", "a\\\\"),
            ("\u{1b}[2J\r\u{202e}", "%1B[2J%0D%E2%80%AE"),
            ("%1B", "%251B"),
            ("Caffè", "Caffè"),
        ] {
            assert_eq!(quoted(value), written);
        }
        assert!(page.ends_with("\nrialto_ledger_facts_total 3\n"), "{page}");
    }

    #[test]
    fn in_openmetrics_a_counter_is_a_family_without_its_suffix() {
        let mut samples = Samples::default();
        samples.put(&catalogue::PROCESS_CPU, &[], 1.5);
        let counted = "# HELP rialto_x_total Xs.\n# TYPE rialto_x_total counter\nrialto_x_total 1\n\n";
        let page = samples.page(counted, Format::OpenMetrics);
        assert_eq!(
            page,
            "# HELP rialto_x Xs.\n# TYPE rialto_x counter\nrialto_x_total 1\n# HELP rialto_process_cpu_seconds Processor \
             time, the kernel's and its own; Linux alone.\n# TYPE rialto_process_cpu_seconds counter\n# UNIT \
             rialto_process_cpu_seconds seconds\nrialto_process_cpu_seconds_total 1.5\n# EOF\n"
        );
    }
}
