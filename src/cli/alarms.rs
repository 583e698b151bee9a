//! The rules by which Prometheus raises an alarm about targets: each as it is configured, so that an alarm tells what was to
//! be reached, and by when.
//!
//! Names of targets are anybody's text: they stand in expressions as quoted strings, and in the one template that a label
//! is, nothing of them is obeyed.

use std::fmt::Write as _;

use crate::domain::calendar::Day;
use crate::domain::money::Money;
use crate::domain::targets::{Target, Targets};

/// Where the runbooks are, seen from the repository.
pub const RUNBOOKS: &str = "grafana/runbooks";

const HEAD: &str = "\
# Alarms about targets, as `rialto targets rules` writes them from the configuration: change that, and write them anew.
#
# What a target counts is told by the sidecar; these rules only say when somebody should know.
# - A target of one day is judged by that day's own pace, which is nothing in the morning: it is behind after half a day.
#   Longer ones are judged by the days that are over: behind after a day of it, so that the first day, and one bad day that
#   the next makes good, are no alarm.
# - One that is missed is told of for three days, and then no more: it stays missed for ever.
# - Both look back for an hour, so that a restart of the sidecar does not begin the waiting anew.
groups:
  - name: rialto-targets
    rules:
";

/// The rules about `targets`, with links into `runbooks`.
pub fn rules(targets: &Targets, runbooks: &str) -> String {
    let mut text = HEAD.to_owned();
    let runbooks = runbooks.trim_end_matches('/');
    for target in &targets.all {
        behind(&mut text, target, targets.start, runbooks);
        missed(&mut text, target, targets.start, runbooks);
    }
    outdated(&mut text, &targets.all, runbooks);
    text
}

fn behind(text: &mut String, target: &Target, start: Option<Day>, runbooks: &str) {
    let wait = if target.days == 1 { "12h" } else { "1d" };
    let of = selector(target);
    rule(
        text,
        Rule {
            alert: "RialtoTargetBehind",
            target: Some(target),
            expr: &format!(
                "last_over_time(rialto_targets_reached{of}[1h]) and last_over_time(rialto_targets_behind{of}[1h]) == 1 \
                 unless last_over_time(rialto_targets_missed{of}[1h]) == 1"
            ),
            wait,
            severity: "info",
            summary: &format!(
                "The target {{{{ $labels.target }}}} falls behind on {{{{ $labels.instance }}}}: {{{{ $value | printf \
                 \"%.2f\" }}}} of {}.",
                wanted(target, start)
            ),
            description: "At the pace of the days that are over it is not reached in time. `rialto targets` shows what is \
                          earned a day and what is needed; the board Revenue shows since when it is less.",
            runbooks,
        },
    );
}

fn missed(text: &mut String, target: &Target, start: Option<Day>, runbooks: &str) {
    let of = selector(target);
    rule(
        text,
        Rule {
            alert: "RialtoTargetMissed",
            target: Some(target),
            expr: &format!(
                "last_over_time(rialto_targets_reached{of}[1h]) and last_over_time(rialto_targets_missed{of}[1h]) == 1 \
                 unless max_over_time(rialto_targets_missed{of}[1h] offset 3d) == 1"
            ),
            wait: "1h",
            severity: "ticket",
            summary: &format!(
                "The target {{{{ $labels.target }}}} was missed on {{{{ $labels.instance }}}}: {{{{ $value | printf \
                 \"%.2f\" }}}} of {}.",
                wanted(target, start)
            ),
            description: "Its time is over and it was not reached; what comes late may still count towards it. `rialto \
                          targets` shows it. This is told for three days, and then no more.",
            runbooks,
        },
    );
}

/// Rules that are of older targets say so: their alarms would be about something that nobody wants any more.
fn outdated(text: &mut String, targets: &[Target], runbooks: &str) {
    let known = |target: &Target| format!("rialto_targets_goal{} == {}", selector(target), units(target.goal));
    let known: Vec<String> = targets.iter().map(known).collect();
    rule(
        text,
        Rule {
            alert: "RialtoTargetsOutdated",
            target: None,
            expr: &format!("rialto_targets_goal unless ({})", known.join(" or ")),
            wait: "1h",
            severity: "info",
            summary: "No alarm watches the target {{ $labels.target }} of {{ $value }} on {{ $labels.instance }}.",
            description: "The sidecar has a target that these rules do not know, or with another goal. Write them anew \
                          with `rialto targets rules`, from the configuration that the sidecar has.",
            runbooks,
        },
    );
}

/// `500 live within 7 days of 2026-12-01`
fn wanted(target: &Target, start: Option<Day>) -> String {
    let days = match target.days {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    let from = start.map_or_else(|| "of the first charge".to_owned(), |day| format!("from {} on", day.date()));
    format!("{} {} within {days} {from}", units(target.goal), target.basis.as_str())
}

fn units(goal: Money) -> i64 {
    goal.millionths() / Money::PER_UNIT
}

struct Rule<'r> {
    alert: &'static str,
    target: Option<&'r Target>,
    expr: &'r str,
    wait: &'static str,
    severity: &'static str,
    summary: &'r str,
    description: &'r str,
    runbooks: &'r str,
}

fn rule(text: &mut String, rule: Rule<'_>) {
    let Rule { alert, target, expr, wait, severity, summary, description, runbooks } = rule;
    let (expr, summary, description) = (quoted(expr), quoted(summary), quoted(description));
    let runbook = quoted(&format!("{runbooks}/{alert}.md"));
    // The series have this label anyway; with it, promtool sees that no two rules are one. What begins a template is told by one.
    let named = |target: &Target| format!("\n          target: {}", quoted(&target.name.replace("{{", "{{\"{{\"}}")));
    let target = target.map(named).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "      - alert: {alert}
        expr: {expr}
        for: {wait}
        labels:
          severity: {severity}{target}
        annotations:
          summary: {summary}
          description: {description}
          runbook_url: {runbook}
"
    );
}

/// A string of YAML: one of JSON, with what JSON takes as it is and YAML does not.
fn quoted(text: &str) -> String {
    let is_taken =
        |letter: &char| !letter.is_control() && !matches!(letter, '\u{2028}'..='\u{2029}' | '\u{feff}'..='\u{ffff}');
    let letter = |letter: char| match is_taken(&letter) {
        true => letter.to_string(),
        false => format!("\\u{:04x}", u32::from(letter)),
    };
    serde_json::Value::from(text).to_string().chars().map(letter).collect()
}

/// `{target="week one"}`, whatever it is called.
fn selector(target: &Target) -> String {
    let quoted = |letter: char| match letter {
        '\\' => "\\\\".to_owned(),
        '"' => "\\\"".to_owned(),
        letter if letter.is_control() => format!("\\u{:04x}", u32::from(letter)),
        letter => letter.to_string(),
    };
    format!("{{target=\"{}\"}}", target.name.chars().map(quoted).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::targets::Basis;

    fn target(name: &str, days: u32) -> Target {
        Target { name: name.to_owned(), days, goal: Money::from_millionths(12 * Money::PER_UNIT), basis: Basis::Live }
    }

    #[test]
    fn a_name_is_nothing_but_a_name() {
        let evil = "a\"} or vector(1) # {{ $value }}\n\\";
        let text = rules(&Targets { start: None, all: vec![target(evil, 7)] }, RUNBOOKS);
        assert!(!text.contains("{{ $value }}\\n"), "no template has it:\n{text}");
        assert!(text.contains(r#"target: "a\"} or vector(1) # {{\"{{\"}} $value }}\n\\""#), "{text}");
        let expr = r#"rialto_targets_goal{target=\"a\\\"} or vector(1) # {{ $value }}\\u000a\\\\\"} == 12"#;
        assert!(text.contains(expr), "{text}");
        assert!(text.lines().all(|line| !line.starts_with('\\')), "{text}");
    }

    #[test]
    fn what_a_file_cannot_hold_is_written_otherwise() {
        assert_eq!(quoted("é\u{7f}\u{9b}\u{feff}\n'\u{2028}"), "\"é\\u007f\\u009b\\ufeff\\n'\\u2028\"");
    }

    #[test]
    fn an_alarm_tells_what_was_to_be_reached_and_by_when() {
        let start = chrono::NaiveDate::from_ymd_opt(2026, 12, 1).map(Day::of);
        let text = rules(&Targets { start, all: vec![target("a", 1), target("b", 30)] }, "https://example.org/r/");
        for part in [
            "12 live within 1 day from 2026-12-01 on.",
            "12 live within 30 days from 2026-12-01 on.",
            "\"https://example.org/r/RialtoTargetMissed.md\"",
            "for: 12h",
            "for: 1d",
        ] {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
        assert_eq!(text.matches("- alert: ").count(), 5);
    }
}
