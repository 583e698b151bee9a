//! Walking a file's tables: each key is asked for once, and what nobody asked for is a fault.

use std::cell::RefCell;
use std::ops::Range;

use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Severity};

/// A file as it is walked, and the faults found so far.
pub(super) struct File<'t> {
    text: &'t str,
    faults: RefCell<Vec<Fault>>,
}

impl<'t> File<'t> {
    pub(super) fn new(text: &'t str) -> File<'t> {
        File { text, faults: RefCell::default() }
    }

    /// Notes an error.
    pub(super) fn error(&self, at: usize, what: impl Into<String>, help: impl Into<String>) {
        self.note(at, Severity::Error, what.into(), help.into());
    }

    /// Notes a warning.
    pub(super) fn warning(&self, at: usize, what: impl Into<String>, help: impl Into<String>) {
        self.note(at, Severity::Warning, what.into(), help.into());
    }

    /// Notes what is good to know.
    pub(super) fn remark(&self, at: usize, what: impl Into<String>, help: impl Into<String>) {
        self.note(at, Severity::Note, what.into(), help.into());
    }

    fn note(&self, at: usize, severity: Severity, what: String, help: String) {
        self.faults.borrow_mut().push(Fault::at(self.text, at, severity, what, help));
    }

    /// All faults, in the order of their lines.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| (fault.line, fault.column));
        faults
    }
}

/// A table of the file.
#[derive(Clone, Copy)]
pub(super) struct Keys<'f, 't> {
    pub(super) file: &'f File<'t>,
    table: &'f DeTable<'t>,
    /// Where it stands.
    pub(super) at: usize,
}

/// A value of the file.
#[derive(Clone, Copy)]
pub(super) struct Item<'f, 't> {
    file: &'f File<'t>,
    key: &'f str,
    value: &'f Spanned<DeValue<'t>>,
}

impl<'f, 't> Keys<'f, 't> {
    /// A table, of whose keys all must be among `known`.
    pub(super) fn new(file: &'f File<'t>, table: &'f DeTable<'t>, span: Range<usize>, known: &[&str]) -> Keys<'f, 't> {
        for key in table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let given = key.get_ref();
            let near = known.iter().filter(|known| strsim::damerau_levenshtein(given, known) <= 2);
            let near = near.min_by_key(|known| strsim::damerau_levenshtein(given, known));
            let help = match near {
                Some(near) => format!("write `{near}`"),
                None => format!("the keys here are {}", known.join(", ")),
            };
            file.error(key.span().start, format!("`{given}` means nothing here"), help);
        }
        Keys { file, table, at: span.start }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &'f str) -> Option<Item<'f, 't>> {
        self.table.get(key).map(|value| Item { file: self.file, key, value })
    }

    /// Whether there is such a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &'f str, help: &str) -> Option<Item<'f, 't>> {
        let item = self.get(key);
        if item.is_none() {
            self.file.error(self.at, format!("`{key}` is missing"), help);
        }
        item
    }
}

impl<'f, 't> Item<'f, 't> {
    /// Where it stands.
    pub(super) fn at(&self) -> usize {
        self.value.span().start
    }

    /// Its raw value.
    pub(super) fn value(&self) -> &'f DeValue<'t> {
        self.value.get_ref()
    }

    /// Notes that it is wrong.
    pub(super) fn wrong(&self, must: &str) {
        let given = match self.value() {
            DeValue::String(text) => format!("{text:?}"),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(flag) => flag.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            other => format!("a value of the kind {}", other.type_str()),
        };
        self.file.error(self.at(), format!("`{}` is {given}", self.key), must);
    }

    /// A text.
    pub(super) fn text(&self, must: &str) -> Option<&'f str> {
        let text = self.value().as_str();
        if text.is_none_or(str::is_empty) {
            self.wrong(must);
        }
        text.filter(|text| !text.is_empty())
    }

    /// A flag.
    pub(super) fn flag(&self, must: &str) -> Option<bool> {
        let flag = self.value().as_bool();
        if flag.is_none() {
            self.wrong(must);
        }
        flag
    }

    /// A text, or a list of them.
    pub(super) fn texts(&self, must: &str) -> Option<Vec<&'f str>> {
        let texts: Option<Vec<&str>> = match self.value() {
            DeValue::String(text) => Some(vec![text]),
            DeValue::Array(list) => list.iter().map(|item| item.get_ref().as_str()).collect(),
            _ => None,
        };
        let texts = texts.filter(|texts| !texts.is_empty() && texts.iter().all(|text| !text.is_empty()));
        if texts.is_none() {
            self.wrong(must);
        }
        texts
    }

    /// A text, or a list of them, each of which means something.
    pub(super) fn each<T>(&self, must: &str, meant: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
        let texts = self.texts(must)?;
        let strange: Vec<String> =
            texts.iter().filter(|text| meant(text).is_none()).map(|text| format!("{text:?}")).collect();
        if strange.is_empty() {
            return Some(texts.into_iter().filter_map(meant).collect());
        }
        let verb = if self.value().is_str() { "is" } else { "has" };
        self.file.error(self.at(), format!("`{}` {verb} {}", self.key, strange.join(" and ")), must);
        None
    }

    /// The texts of it, whatever is wrong with others.
    pub(super) fn listed(&self) -> Vec<&'f str> {
        match self.value() {
            DeValue::String(text) => vec![text],
            DeValue::Array(list) => list.iter().filter_map(|item| item.get_ref().as_str()).collect(),
            _ => Vec::new(),
        }
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.value().as_str().unwrap_or_default();
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
        if found.is_none() {
            let all: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.wrong(&format!("write one of {}", all.join(", ")));
        }
        found
    }

    /// A number, read from its digits; also where it is written as a text.
    pub(super) fn decimal(&self, must: &str) -> Option<Decimal> {
        let digits = match self.value() {
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str()),
            DeValue::Float(number) => Some(number.as_str()),
            DeValue::String(text) => Some(text.as_ref()),
            _ => None,
        };
        let plain = digits.filter(|digits| !digits.contains(['e', 'E']));
        let number = plain.and_then(|digits| Decimal::from_str_exact(digits.trim_start_matches('+')).ok());
        if number.is_none() {
            self.wrong(must);
        }
        number
    }

    /// A table, of whose keys all must be among `known`.
    pub(super) fn table(&self, known: &[&str], must: &str) -> Option<Keys<'f, 't>> {
        match self.value() {
            DeValue::Table(table) => Some(Keys::new(self.file, table, self.value.span(), known)),
            _ => {
                self.wrong(must);
                None
            }
        }
    }

    /// A list of tables, of whose keys all must be among `known`.
    pub(super) fn tables(&self, known: &[&str], must: &str) -> Vec<Keys<'f, 't>> {
        let DeValue::Array(list) = self.value() else {
            self.wrong(must);
            return Vec::new();
        };
        let items = list.iter().map(|value| Item { file: self.file, key: self.key, value });
        items.filter_map(|item| item.table(known, must)).collect()
    }
}
