//! The configuration as a file: every key with what it is about and its value in force. It reads back as the same.

use toml::Table;

use super::Config;
use super::keys::{KEYS, Kind, TARGET};

impl Config {
    /// A file of it.
    pub fn shown(&self) -> String {
        let values = Table::try_from(self).unwrap_or_default();
        let mut text = String::new();
        for key in KEYS.iter().filter(|key| !matches!(key.kind, Kind::Targets)) {
            let unit = match &key.kind {
                Kind::Whole(unit, range) => format!(" ({} to {} {unit})", range.start(), range.end()),
                _ => String::new(),
            };
            let value = values.get(key.name).map(ToString::to_string).unwrap_or_default();
            text += &format!("# {}{unit}\n{} = {value}\n\n", key.about, key.name);
        }
        // What follows a table's head belongs to it, so that tables come last.
        for key in KEYS.iter().filter(|key| matches!(key.kind, Kind::Targets)) {
            text += &format!("# {}\n", key.about);
            let tables = values.get(key.name).and_then(toml::Value::as_array);
            let tables = tables.into_iter().flatten().filter_map(toml::Value::as_table);
            let shown: Vec<String> = tables.map(|table| head(key.name) + &in_order(table)).collect();
            text += &shown.join("\n");
        }
        text
    }
}

fn head(name: &str) -> String {
    format!("[[{name}]]\n")
}

fn in_order(table: &Table) -> String {
    let values = TARGET.iter().filter_map(|key| Some((key.name, table.get(key.name)?)));
    values.map(|(name, value)| format!("{name} = {value}\n")).collect()
}
