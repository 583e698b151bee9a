//! Where a value came from, so that what is wrong with it can be said where it stands; and the check of each value.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::keys::{KEYS, Key, Kind, TARGET, near};
use super::{ConfigError, secret};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File {
        /// Which.
        path: PathBuf,
        /// The line, from 1 on.
        line: usize,
        /// The character in it, from 1 on.
        column: usize,
    },
    /// A variable of the environment.
    Variable(String),
    /// An argument of the command.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Origin::Variable(name) => f.write_str(name),
            Origin::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// A file, and its text, in which places are looked up.
#[derive(Clone, Copy)]
struct File<'f> {
    path: &'f Path,
    text: &'f str,
}

impl File<'_> {
    fn origin(self, at: usize) -> Origin {
        let before = &self.text[..self.text.floor_char_boundary(at)];
        let line = 1 + before.matches('\n').count();
        let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
        Origin::File { path: self.path.to_owned(), line, column }
    }
}

/// The values of a file, each of which is a good one.
pub fn file(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::File { path: path.to_owned(), cause })?;
    let file = File { path, text: &text };
    let no_toml = |error: toml::de::Error| ConfigError::Toml {
        origin: file.origin(error.span().map_or(0, |span| span.start)),
        what: secret::told(error.message()),
    };
    let table: Table = text.parse().map_err(no_toml)?;
    let places = DeTable::parse(&text).map_err(no_toml)?;
    for (name, place) in places.get_ref() {
        let key = known(name.get_ref(), KEYS, || file.origin(name.span().start))?;
        let Some(value) = table.get(key.name) else { continue };
        check(key, value, || file.origin(place.span().start))?;
        if let (Kind::Targets, DeValue::Array(tables), Some(values)) = (&key.kind, place.get_ref(), value.as_array()) {
            for (table, value) in tables.iter().zip(values) {
                let inside = table.get_ref().as_table();
                let place = |name: &str| {
                    let found = inside.and_then(|inside| inside.get(name)).map(|value| value.span().start);
                    file.origin(found.unwrap_or(table.span().start))
                };
                check_target(value, place)?;
            }
        }
    }
    Ok(table)
}

/// The value of a variable of the environment, which must be a good one.
pub fn variable(key: &Key, name: &str, text: &str) -> Result<Value, ConfigError> {
    let value = if key.is_text() { Value::String(text.to_owned()) } else { typed(text) };
    let origin = || Origin::Variable(name.to_owned());
    check(key, &value, origin)?;
    if let Kind::Targets = key.kind {
        value.as_array().into_iter().flatten().try_for_each(|target| check_target(target, |_| origin()))?;
    }
    Ok(value)
}

/// The values of arguments, each of which must be a good one.
pub fn flags(flags: &Table) -> Result<(), ConfigError> {
    for (name, value) in flags {
        let origin = || Origin::Flag(name.clone());
        check(known(name, KEYS, origin)?, value, origin)?;
    }
    Ok(())
}

/// A value of the environment as TOML would read it; what it cannot read is text.
fn typed(value: &str) -> Value {
    let line = format!("value = {value}");
    let read = line.parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    read.unwrap_or_else(|| Value::String(value.to_owned()))
}

fn known<'k>(name: &str, keys: &'k [Key], origin: impl FnOnce() -> Origin) -> Result<&'k Key, ConfigError> {
    keys.iter().find(|key| key.name == name).ok_or_else(|| {
        let names = || keys.iter().map(|key| key.name);
        let help = match near(name, names()) {
            Some(near) => format!("write {near}"),
            None if keys.len() < 8 => format!("the keys here are {}", names().collect::<Vec<_>>().join(", ")),
            None => "`rialto config` shows every key".to_owned(),
        };
        let name = if secret::is_like(name) { "…" } else { name };
        ConfigError::Key { origin: origin(), name: name.to_owned(), help }
    })
}

fn check(key: &Key, value: &Value, origin: impl FnOnce() -> Origin) -> Result<(), ConfigError> {
    let is_secret = value.as_str().is_some_and(secret::begins);
    if key.takes(value) && !is_secret {
        return Ok(());
    }
    let found = match value {
        Value::Table(_) => "a table".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) if secret::is_like(text) => "what looks like a secret".to_owned(),
        value => value.to_string(),
    };
    Err(ConfigError::Value { origin: origin(), key: key.name, found, must: key.must() })
}

fn check_target(target: &Value, place: impl Fn(&str) -> Origin) -> Result<(), ConfigError> {
    let Some(table) = target.as_table() else { return Ok(()) };
    for (name, value) in table {
        check(known(name, TARGET, || place(name))?, value, || place(name))?;
    }
    match TARGET.iter().find(|key| !table.contains_key(key.name)) {
        Some(key) => Err(ConfigError::Missing { origin: place(""), key: key.name, must: key.must() }),
        None => Ok(()),
    }
}
