//! What is wrong with a file, where, and what to write instead.

use std::fmt;

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file makes no tariff.
    Error,
    /// It makes one, and it may not be the one that was meant.
    Warning,
    /// Nothing is wrong with it; it is only good to know.
    Note,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The line, from 1 on.
    pub line: usize,
    /// The character in that line, from 1 on.
    pub column: usize,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

impl Fault {
    /// A fault at a byte of `text`.
    pub fn at(text: &str, at: usize, severity: Severity, what: String, help: String) -> Fault {
        let before = &text[..text.floor_char_boundary(at)];
        let line = 1 + before.matches('\n').count();
        let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
        Fault { line, column, severity, what, help }
    }
}

/// `12:5: error: …`, and the help on a line of its own.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        write!(f, "{}:{}: {severity}: {}\n    {}", self.line, self.column, self.what, self.help)
    }
}
