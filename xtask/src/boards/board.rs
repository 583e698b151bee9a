//! A board as it is committed: its panels, and what they ask.

use std::fs;

use serde_json::Value;

use crate::places;

/// The boards there are, in the order in which one reads them.
pub const NAMES: [&str; 4] = ["revenue", "billing", "venice", "sidecar"];

/// See the module.
pub struct Board {
    /// Its file's name, without the ending.
    pub name: &'static str,
    /// All of it.
    pub json: Value,
}

/// Something that a board asks Prometheus.
#[derive(Clone, Debug)]
pub struct Query {
    /// The board's name.
    pub board: String,
    /// The panel's title, or which variable or annotation it is.
    pub panel: String,
    /// In PromQL, with the board's variables in it.
    pub text: String,
    /// Over time, or as it stands.
    pub kind: Kind,
}

/// When something is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All of the time that is shown.
    Range,
    /// Now.
    Instant,
    /// Neither: which values a label has.
    Label,
}

impl Board {
    /// All of them.
    pub fn all() -> Result<Vec<Board>, String> {
        NAMES.into_iter().map(Board::read).collect()
    }

    fn read(name: &'static str) -> Result<Board, String> {
        let path = places::root().join(format!("grafana/dashboards/{name}.json"));
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let json = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Board { name, json })
    }

    /// Its rows and panels.
    pub fn panels(&self) -> impl Iterator<Item = &Value> {
        items(&self.json["panels"])
    }

    /// Everything that it asks: its panels, annotations and variables.
    pub fn queries(&self) -> Vec<Query> {
        let query = |panel: String, text: &Value, kind| {
            let text = text.as_str().unwrap_or_default().to_owned();
            Query { board: self.name.to_owned(), panel, text, kind }
        };
        let panels = self.panels().flat_map(|panel| {
            items(&panel["targets"]).map(move |target| {
                let kind = if target["range"] == true { Kind::Range } else { Kind::Instant };
                query(text(&panel["title"]).to_owned(), &target["expr"], kind)
            })
        });
        let annotations = items(&self.json["annotations"]["list"]).filter(|each| each["builtIn"].is_null());
        let annotations = annotations
            .map(|each| query(format!("annotation {}", text(&each["name"])), &each["target"]["expr"], Kind::Range));
        let variables = items(&self.json["templating"]["list"]).filter(|each| each["type"] == "query");
        let variables = variables
            .map(|each| query(format!("variable {}", text(&each["name"])), &each["query"]["query"], Kind::Label));
        panels.chain(annotations).chain(variables).collect()
    }
}

/// What a list holds; nothing, where it is none.
pub fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A text; empty, where it is none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
