//! The rules of Prometheus: every alarm is tried, both ways, has a runbook, and is about metrics that there are.
//!
//! What is in the files is checked as text, in the plain form in which they are written here; what the rules do is
//! promtool's to say, which lives simulated weeks with each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::promql::{self, Catalogue};
use crate::{Done, places, promtool};

const FILES: [&str; 3] = ["recording.yaml", "alerts.yaml", "targets.yaml"];
const SEVERITIES: [&str; 3] = ["page", "ticket", "info"];
/// What a runbook tells.
const CHAPTERS: [&str; 5] =
    ["## What it means", "## How urgent it is", "## How to check", "## How to mend it", "## How to silence it"];
/// How far a rule is indented.
const RULE_INDENT: usize = 6;
/// A longer interval than this between samples, and what is looked at is stale before it is looked at again.
const INTERVALS: [&str; 2] = ["1m", "5m"];

/// Checks all rules, and prints a table of the alarms.
pub fn check() -> Result<String, String> {
    let folder = folder();
    let files: Vec<PathBuf> = FILES.iter().map(|file| folder.join(file)).collect();
    promtool(&["check", "rules"], &files)?;
    promtool(&["check", "config"], &[folder.join("prometheus.yaml")])?;
    let (rules, alarms) = sound()?;
    println!("{:<28} {:>5} {:>5}  {:<6} {:>6}", "alert", "fires", "quiet", "ok", "s");
    let mut failures = Vec::new();
    for (name, Tried { fires, quiet }) in &alarms {
        let begun = Instant::now();
        let tried = cut(name, &rules).and_then(|test| promtool(&["test", "rules"], &[test]));
        let word = if tried.is_ok() { "ok" } else { "FAILED" };
        println!("{name:<28} {fires:>5} {quiet:>5}  {word:<6} {:>6.1}", begun.elapsed().as_secs_f64());
        failures.extend(tried.err());
    }
    if failures.is_empty() {
        return Ok(format!("{} alarms, each tried both ways", alarms.len()));
    }
    Err(failures.join("\n"))
}

/// The test of an alarm, beside the rules that it takes alone: to work all of them out for each would take ten times as long.
fn cut(name: &str, rules: &[Rule]) -> Result<PathBuf, String> {
    let of = places::made(places::target().join("rules").join(name))?;
    let is_own = |rule: &&Rule| rule.alert.as_deref() == Some(name);
    let mut asked: String = rules.iter().filter(is_own).map(|rule| rule.expr.as_str()).collect();
    // What is recorded of what is recorded comes after that.
    let mut recorded = Vec::new();
    for rule in rules.iter().rev() {
        if rule.record.as_ref().is_some_and(|record| asked.contains(record.as_str())) {
            asked += &rule.expr;
            recorded.push(rule);
        }
    }
    let own = rules.iter().filter(is_own);
    let mut groups: Vec<(&str, String)> = Vec::new();
    for rule in recorded.into_iter().rev().chain(own) {
        match groups.last_mut().filter(|(group, _)| *group == rule.group) {
            Some((_, text)) => *text += &rule.text,
            None => groups.push((&rule.group, rule.text.clone())),
        }
    }
    let group = |(name, text): (&str, String)| format!("  - name: {name}\n    rules:\n{text}");
    let groups: String = groups.into_iter().map(group).collect();
    let test = read(&folder().join("tests").join(format!("{name}.yaml")))?;
    let test: String =
        test.lines().filter(|line| !line.starts_with("rule_files:")).map(|line| format!("{line}\n")).collect();
    let (rules, path) = (of.join("rules.yaml"), of.join("test.yaml"));
    fs::write(&rules, format!("groups:\n{groups}"))
        .and_then(|()| fs::write(&path, format!("rule_files: [rules.yaml]\n{test}")))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn folder() -> PathBuf {
    places::root().join("grafana/prometheus")
}

/// Has promtool look at files; what it finds wrong with them is the error.
fn promtool(task: &[&str], files: &[PathBuf]) -> Done {
    let output = Command::new(promtool::program()).args(task).args(files).output();
    let output = output.map_err(|error| format!("promtool did not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// How often a test has an alarm fire, and stay quiet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tried {
    fires: usize,
    quiet: usize,
}

/// A rule, as far as it is looked at here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rule {
    alert: Option<String>,
    record: Option<String>,
    expr: String,
    /// As it stands in its file,
    text: String,
    /// in this group.
    group: String,
    fields: BTreeMap<String, String>,
}

/// What can be said of the files without promtool: every rule, and how each alarm is tried.
fn sound() -> Result<(Vec<Rule>, BTreeMap<String, Tried>), String> {
    let folder = folder();
    let mut faults = Vec::new();
    let mut rules = Vec::new();
    for file in FILES {
        rules.extend(read_rules(&read(&folder.join(file))?));
    }
    let catalogue = Catalogue::read(&read(&places::root().join("grafana/METRICS.md"))?);
    let recorded: BTreeSet<&str> = rules.iter().filter_map(|rule| rule.record.as_deref()).collect();
    for rule in &rules {
        let name = rule.alert.as_ref().or(rule.record.as_ref()).map_or("a rule", String::as_str);
        let unknown = promql::faults(&rule.expr, &catalogue, &recorded);
        faults.extend(unknown.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    let alarms: Vec<&Rule> = rules.iter().filter(|rule| rule.alert.is_some()).collect();
    let names: BTreeSet<&str> = alarms.iter().filter_map(|rule| rule.alert.as_deref()).collect();
    alarms.iter().for_each(|rule| faults.extend(annotated(rule)));
    faults.extend(runbooks(&names)?);
    let mut tried = BTreeMap::new();
    for name in &names {
        let path = folder.join("tests").join(format!("{name}.yaml"));
        let Ok(text) = fs::read_to_string(&path) else {
            faults.push(format!("{name}: there is no test {}", path.display()));
            continue;
        };
        let (found, wrong) = read_tests(&text, name, &catalogue);
        faults.extend(wrong.into_iter().map(|fault| format!("{name}: its test {fault}")));
        tried.insert((*name).to_owned(), found);
    }
    for test in stems(&folder.join("tests"))? {
        if !names.contains(test.as_str()) {
            faults.push(format!("the test {test} is of no alarm"));
        }
    }
    if faults.is_empty() { Ok((rules, tried)) } else { Err(faults.join("\n")) }
}

/// What is missing from what an alarm says.
fn annotated(rule: &Rule) -> Vec<String> {
    let name = rule.alert.as_deref().unwrap_or_default();
    let field = |key: &str| rule.fields.get(key).map_or("", String::as_str);
    let mut faults = Vec::new();
    let mut must = |is_so: bool, fault: &str| {
        if !is_so {
            faults.push(format!("{name}: {fault}"));
        }
    };
    must(SEVERITIES.contains(&field("severity")), "its severity is none of page, ticket, info");
    must(field("summary").ends_with('.'), "its summary is no sentence");
    // Where no sidecar is known, none can be named.
    let is_named = field("summary").contains("$labels.instance") || rule.expr.starts_with("absent(");
    must(is_named, "its summary does not say which sidecar");
    must(field("description").ends_with('.'), "its description is no sentence");
    must(field("runbook_url").ends_with(&format!("runbooks/{name}.md")), "its runbook_url is not its runbook");
    faults
}

/// What is wrong with the runbooks.
fn runbooks(names: &BTreeSet<&str>) -> Result<Vec<String>, String> {
    let folder = places::root().join("grafana/runbooks");
    let mut faults = Vec::new();
    for name in names {
        let Ok(text) = fs::read_to_string(folder.join(format!("{name}.md"))) else {
            faults.push(format!("{name}: there is no runbook"));
            continue;
        };
        if !text.starts_with(&format!("# {name}\n")) {
            faults.push(format!("{name}: its runbook has another title"));
        }
        let missing = CHAPTERS.iter().filter(|chapter| !text.lines().any(|line| line == **chapter));
        faults.extend(missing.map(|chapter| format!("{name}: its runbook has no chapter {chapter}")));
    }
    let unused = stems(&folder)?.into_iter().filter(|page| !names.contains(page.as_str()) && page != "README");
    faults.extend(unused.map(|page| format!("the runbook {page} is of no alarm")));
    Ok(faults)
}

/// The rules of a file.
fn read_rules(text: &str) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut group = String::new();
    let mut in_block = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let begins = line.trim().starts_with("- alert: ") || line.trim().starts_with("- record: ");
        if let Some(rule) = rules.last_mut().filter(|_| !begins && RULE_INDENT < indent) {
            rule.text += &format!("{line}\n");
        }
        if in_block.is_some_and(|block| block < indent || line.trim().is_empty()) {
            if let Some(rule) = rules.last_mut() {
                rule.expr += line.trim();
                rule.expr.push('\n');
            }
            continue;
        }
        in_block = None;
        let field = line.trim().trim_start_matches("- ");
        let Some((key, value)) = field.split_once(": ").filter(|_| !field.starts_with('#')) else { continue };
        match (key, rules.last_mut()) {
            ("name", _) => group = plain(value),
            ("alert" | "record", _) => {
                let (name, text, group) = (
                    Some(plain(value)),
                    format!(
                        "{line}
"
                    ),
                    group.clone(),
                );
                let (alert, record) = if key == "alert" { (name, None) } else { (None, name) };
                rules.push(Rule { alert, record, text, group, ..Rule::default() });
            }
            ("expr", Some(_)) if matches!(value, "|-" | ">-") => in_block = Some(indent),
            ("expr", Some(rule)) => rule.expr = plain(value),
            (key, Some(rule)) => {
                rule.fields.insert(key.to_owned(), plain(value));
            }
            (_, None) => {}
        }
    }
    rules
}

/// What the tests of an alarm expect, and what is wrong with what they are given.
fn read_tests(text: &str, name: &str, catalogue: &Catalogue) -> (Tried, Vec<String>) {
    let mut tried = Tried::default();
    let mut faults = Vec::new();
    for line in text.lines() {
        let field = line.trim().trim_start_matches("- ");
        match field.split_once(':').map(|(key, value)| (key, value.trim())) {
            Some(("interval", value)) if !INTERVALS.contains(&value) => {
                faults.push(format!("has samples every {value}; it is to be one of {}", INTERVALS.join(", ")));
            }
            Some(("alertname", other)) if other != name => faults.push(format!("is about {other}")),
            Some(("exp_alerts", "[]")) => tried.quiet += 1,
            Some(("exp_alerts", _)) => tried.fires += 1,
            Some(("series", series)) => {
                let unknown = promql::faults(&plain(series), catalogue, &BTreeSet::new());
                faults.extend(unknown.into_iter().map(|fault| format!("is given what there is not: {fault}")));
            }
            _ => {}
        }
    }
    for (count, what) in [(tried.fires, "has it fire"), (tried.quiet, "has it stay quiet")] {
        if count == 0 {
            faults.push(format!("never {what}"));
        }
    }
    (tried, faults)
}

/// A scalar without its quotation marks.
fn plain(value: &str) -> String {
    let inside = |mark: char| value.strip_prefix(mark).and_then(|value| value.strip_suffix(mark));
    if let Some(single) = inside('\'') {
        return single.replace("''", "'");
    }
    inside('"').map_or_else(|| value.to_owned(), |double| double.replace("\\\"", "\"").replace("\\\\", "\\"))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The names of the files in a folder, without what they end in.
fn stems(folder: &Path) -> Result<BTreeSet<String>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    Ok(paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alarm_is_tried_both_ways_and_has_a_runbook() {
        let (_, alarms) = sound().unwrap_or_else(|faults| panic!("{faults}"));
        assert!(30 < alarms.len(), "{alarms:?}");
    }

    #[test]
    fn a_file_of_rules_is_read_as_it_is_written() {
        let text = "groups:\n  - name: g\n    rules:\n      # why\n      - alert: A\n        expr: |-\n          up == 0\n          and up\n        for: 5m\n        labels:\n          severity: page\n        annotations:\n          summary: 'It''s down.'\n      - record: a:b:c\n        expr: \"up{x=\\\"y\\\"}\"\n";
        let rules = read_rules(text);
        assert_eq!(rules.len(), 2);
        assert_eq!(rules[0].expr, "up == 0\nand up\n");
        assert_eq!(rules[0].fields["summary"], "It's down.");
        assert_eq!(rules[0].fields["severity"], "page");
        assert_eq!(rules[1].expr, "up{x=\"y\"}");
    }

    #[test]
    fn a_test_of_one_kind_alone_is_a_fault() {
        let catalogue = Catalogue::read("");
        let head =
            "tests:\n  - interval: 1m\n    input_series:\n      - series: 'up{job=\"rialto\"}'\n    alert_rule_test:\n";
        let case = |end: &str| format!("{head}      - eval_time: 1m\n        alertname: A\n        exp_alerts:{end}\n");
        let check = |text: &str, fault: &str| {
            let (_, faults) = read_tests(text, "A", &catalogue);
            assert!(faults.iter().any(|found| found.contains(fault)), "{fault}: {faults:?}");
        };
        check(&case(" []"), "never has it fire");
        check(&case(""), "never has it stay quiet");
        check(&case("").replace("1m\n    input", "10m\n    input"), "every 10m");
        check(&case("").replace("up{", "rialto_down{"), "rialto_down");
        check(&case("").replace("name: A", "name: B"), "is about B");
    }
}
