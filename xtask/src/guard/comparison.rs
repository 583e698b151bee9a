//! Counts beside the committed ones, and what is to be said of each.

use std::fmt;

use super::counts::Counts;

/// By how much, in per cent, a row may be worse and pass. `benches/README.md` says where it comes from.
pub const TOLERANCE: f64 = 2.0;

/// All rows, compared.
#[derive(Debug)]
pub struct Comparison {
    /// What the committed counts were taken with, where that was something else.
    pub differences: Vec<String>,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    name: String,
    what: String,
    found: Option<f64>,
    committed: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    Better,
    Worse,
    /// Nothing is committed for it.
    Unknown,
    /// It is committed, and was not counted.
    Missing,
}

impl Comparison {
    /// Compares what was found with what is committed.
    pub fn of(committed: &Counts, found: &Counts) -> Comparison {
        let line = |name: &str, what: &str| Line {
            name: name.to_owned(),
            what: what.to_owned(),
            found: found.row(name).map(|row| row.instructions),
            committed: committed.row(name).map(|row| row.instructions),
        };
        let missing = committed.rows.iter().filter(|row| found.row(&row.name).is_none());
        let lines = found.rows.iter().chain(missing).map(|row| line(&row.name, &row.what)).collect();
        Comparison { differences: differences(committed, found), lines }
    }

    /// The rows that must not stay as they are: a missing one would hide a loss as well as a worse one.
    pub fn failed(&self) -> Vec<&str> {
        self.names(|verdict| matches!(verdict, Verdict::Worse | Verdict::Unknown | Verdict::Missing))
    }

    /// The rows whose committed counts are worse than they could be, and would let a later loss pass.
    pub fn better(&self) -> Vec<&str> {
        self.names(|verdict| verdict == Verdict::Better)
    }

    fn names(&self, wanted: impl Fn(Verdict) -> bool) -> Vec<&str> {
        self.lines.iter().filter(|line| wanted(line.verdict())).map(|line| &*line.name).collect()
    }
}

fn differences(committed: &Counts, found: &Counts) -> Vec<String> {
    let fact = |counts: &Counts, name: &str| {
        let fact = counts.taken_with.iter().find(|(known, _)| known == name);
        fact.map_or_else(String::new, |(_, fact)| fact.clone())
    };
    let mut names: Vec<&String> = committed.taken_with.iter().chain(&found.taken_with).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let differ = names.into_iter().map(|name| (name, fact(committed, name), fact(found, name)));
    differ.filter(|(_, was, is)| was != is).map(|(name, was, is)| format!("{name}: `{was}`, and not `{is}`")).collect()
}

impl Line {
    fn change_percent(&self) -> Option<f64> {
        Some((self.found? / self.committed? - 1.0) * 100.0)
    }

    fn verdict(&self) -> Verdict {
        match (self.change_percent(), self.found) {
            (Some(change), _) if TOLERANCE < change => Verdict::Worse,
            (Some(change), _) if change < -TOLERANCE => Verdict::Better,
            (Some(_), _) => Verdict::Same,
            (None, Some(_)) => Verdict::Unknown,
            (None, None) => Verdict::Missing,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.lines.iter().map(|line| line.what.chars().count()).max().unwrap_or(0);
        write!(f, "{:<16} {:<width$} {:>12} {:>12} {:>9}", "row", "what", "instructions", "committed", "change")?;
        for line in &self.lines {
            let [found, committed] =
                [line.found, line.committed].map(|count| shown(count, |count| format!("{count:.1}")));
            let change = shown(line.change_percent(), |change| format!("{change:+.2} %"));
            let word = match line.verdict() {
                _ if !self.differences.is_empty() => "not compared",
                Verdict::Same => "ok",
                Verdict::Better => "ok, better",
                Verdict::Worse => "NO, worse",
                Verdict::Unknown => "NO, not committed",
                Verdict::Missing => "NO, not counted",
            };
            write!(f, "\n{:<16} {:<width$} {found:>12} {committed:>12} {change:>9}  {word}", line.name, line.what)?;
        }
        Ok(())
    }
}

fn shown(figure: Option<f64>, show: impl Fn(f64) -> String) -> String {
    figure.map_or_else(|| "-".to_owned(), show)
}

#[cfg(test)]
mod tests {
    use super::super::counts::Row;
    use super::*;

    fn counts(rustc: &str, rows: &[(&str, f64)]) -> Counts {
        let row =
            |&(name, instructions): &(&str, f64)| Row { name: name.to_owned(), what: String::new(), instructions };
        Counts { taken_with: vec![("rustc".to_owned(), rustc.to_owned())], rows: rows.iter().map(row).collect() }
    }

    #[test]
    fn a_row_fails_when_it_is_worse_by_more_than_the_tolerance_and_not_before() {
        let check = |found: f64, verdict: Verdict| {
            let comparison = Comparison::of(&counts("1", &[("draft", 1000.0)]), &counts("1", &[("draft", found)]));
            assert_eq!(comparison.lines[0].verdict(), verdict, "{found} where 1000 is committed");
            assert_eq!(comparison.failed().is_empty(), verdict != Verdict::Worse, "{found}");
            assert_eq!(comparison.better().is_empty(), verdict != Verdict::Better, "{found}");
        };
        for (found, verdict) in [
            (1000.0, Verdict::Same),
            (1000.0 + TOLERANCE * 9.0, Verdict::Same),
            (1000.0 + TOLERANCE * 11.0, Verdict::Worse),
            (1000.0 - TOLERANCE * 9.0, Verdict::Same),
            (1000.0 - TOLERANCE * 11.0, Verdict::Better),
        ] {
            check(found, verdict);
        }
    }

    #[test]
    fn a_row_that_is_not_committed_or_not_counted_fails() {
        let committed = counts("1", &[("draft", 1000.0), ("gone", 5.0)]);
        let comparison = Comparison::of(&committed, &counts("1", &[("new", 7.0), ("draft", 1000.0)]));
        assert_eq!(comparison.failed(), ["new", "gone"]);
        let shown = comparison.to_string();
        assert!(shown.contains("NO, not committed") && shown.contains("NO, not counted"), "{shown}");
    }

    #[test]
    fn counts_of_another_compiler_are_told_apart() {
        let (row, worse) = ([("draft", 1000.0)], [("draft", 1100.0)]);
        let alike = Comparison::of(&counts("1", &row), &counts("1", &worse));
        assert_eq!(alike.differences, [""; 0]);
        assert!(alike.to_string().contains("NO, worse"), "{alike}");
        let other = Comparison::of(&counts("1", &row), &counts("2", &worse));
        assert_eq!(other.differences, ["rustc: `1`, and not `2`"]);
        assert!(!other.to_string().contains("NO"), "{other}");
        let untold = Comparison::of(&Counts { taken_with: Vec::new(), ..counts("1", &row) }, &counts("2", &row));
        assert_eq!(untold.differences, ["rustc: ``, and not `2`"]);
    }
}
