//! Counts as they are committed: a small text, a line for each thing, made to be read in a diff.

use std::fmt;

/// What was counted, and with what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Compiler, libraries and processor; counts are comparable only where all of it is the same.
    pub taken_with: Vec<(String, String)>,
    /// In the order of an event's way.
    pub rows: Vec<Row>,
}

/// What one event of a row takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What the event is; the committed text does not say.
    pub what: String,
    /// How many instructions it takes.
    pub instructions: f64,
}

const HEAD: &str = "\
# How many instructions each step of the hot path takes, an event. `cargo xtask bench --guard` compares with
# it, and writes it with `--accept`. First what the counts were taken with, then the counts.
";

impl Counts {
    /// Reads what [`Counts`] are written as.
    pub fn parse(text: &str) -> Result<Counts, String> {
        let mut counts = Counts::default();
        let mut is_head = true;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if line.is_empty() {
                is_head = false;
                continue;
            }
            let (name, value) = line.split_once(": ").ok_or_else(|| format!("`{line}` is no `name: value`"))?;
            if is_head {
                counts.taken_with.push((name.to_owned(), value.to_owned()));
            } else {
                let instructions = value.parse().map_err(|error| format!("`{line}` is no count: {error}"))?;
                counts.rows.push(Row { name: name.to_owned(), what: String::new(), instructions });
            }
        }
        Ok(counts)
    }

    /// The row of this name.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        self.taken_with.iter().try_for_each(|(name, fact)| writeln!(f, "{name}: {fact}"))?;
        writeln!(f)?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{}: {:.1}", row.name, row.instructions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_as_they_were_written() {
        let row = |name: &str, instructions| Row { name: name.to_owned(), what: String::new(), instructions };
        let taken_with = vec![("rustc".to_owned(), "rustc 1.0: the first".to_owned())];
        let counts = Counts { taken_with, rows: vec![row("draft", 812.5), row("seal", 40.0)] };
        assert_eq!(Counts::parse(&counts.to_string()), Ok(counts));
    }

    #[test]
    fn a_line_that_is_no_count_is_named() {
        for (text, named) in [("\ndraft 12\n", "draft 12"), ("\ndraft: many\n", "draft: many"), ("rustc\n", "rustc")] {
            let error = Counts::parse(text).expect_err(text);
            assert!(error.contains(&format!("`{named}`")), "{error}");
        }
    }
}
