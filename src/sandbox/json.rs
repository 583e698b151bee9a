//! JSON, written straight into a text.
//!
//! An invoice has some eighty members, most of them always the same: those are written as they stand, and only
//! what differs is put together.

use std::fmt::Write;

/// An object that is being written. [`Object::close`] ends it.
pub(super) struct Object<'a> {
    out: &'a mut String,
    is_first: bool,
}

impl<'a> Object<'a> {
    /// Begins an object at the end of `out`.
    pub(super) fn open(out: &'a mut String) -> Object<'a> {
        out.push('{');
        Object { out, is_first: true }
    }

    /// Ends it.
    pub(super) fn close(self) {
        self.out.push('}');
    }

    /// Writes a member's name; its value is to follow.
    pub(super) fn name(&mut self, name: &str) -> &mut String {
        if !std::mem::replace(&mut self.is_first, false) {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    /// Writes members that are JSON already, such as `"a":1,"b":null`.
    pub(super) fn members(&mut self, members: &str) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.out.push(',');
        }
        self.out.push_str(members);
    }

    /// A member that is JSON already.
    pub(super) fn json(&mut self, name: &str, json: &str) {
        self.name(name).push_str(json);
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        text(self.name(name), value);
    }

    pub(super) fn maybe_text(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.json(name, "null"),
        }
    }

    pub(super) fn number(&mut self, name: &str, value: i64) {
        number(self.name(name), value);
    }

    pub(super) fn maybe_number(&mut self, name: &str, value: Option<i64>) {
        match value {
            Some(value) => self.number(name, value),
            None => self.json(name, "null"),
        }
    }

    pub(super) fn flag(&mut self, name: &str, value: bool) {
        self.json(name, if value { "true" } else { "false" });
    }

    /// A member that is an object.
    pub(super) fn object(&mut self, name: &str) -> Object<'_> {
        Object::open(self.name(name))
    }

    /// A member that maps texts to texts.
    pub(super) fn map<'b>(&mut self, name: &str, entries: impl IntoIterator<Item = (&'b String, &'b String)>) {
        let mut object = self.object(name);
        for (key, value) in entries {
            text(object.name_escaped(key), value);
        }
        object.close();
    }

    /// A member that is an array, each of whose elements `write` writes.
    pub(super) fn array<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut String, T),
    ) {
        array(self.name(name), items, write);
    }

    fn name_escaped(&mut self, name: &str) -> &mut String {
        if !std::mem::replace(&mut self.is_first, false) {
            self.out.push(',');
        }
        text(self.out, name);
        self.out.push(':');
        self.out
    }
}

/// Writes an array, each of whose elements `write` writes.
pub(super) fn array<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut String, T)) {
    out.push('[');
    for (place, item) in items.into_iter().enumerate() {
        if place != 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// Writes a text, in quotes.
pub(super) fn text(out: &mut String, value: &str) {
    out.push('"');
    let mut rest = value;
    while let Some(at) = rest.find(|letter: char| letter < ' ' || letter == '"' || letter == '\\') {
        out.push_str(&rest[..at]);
        let letter = rest.as_bytes()[at];
        if letter < b' ' {
            // Writing to a text cannot fail.
            let _ = write!(out, "\\u{letter:04x}");
        } else {
            out.push('\\');
            out.push(char::from(letter));
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

fn number(out: &mut String, value: i64) {
    // Writing to a text cannot fail.
    let _ = write!(out, "{value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let texts = ["", "plain", "\"quoted\" \\ and\n\t\u{1} all", "Università €"];
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        object.number("least", i64::MIN);
        object.maybe_text("none", None);
        object.array("texts", texts, text);
        let entries = [("a\"b".to_owned(), "c\\".to_owned())];
        object.map("map", entries.iter().map(|(key, value)| (key, value)));
        object.close();
        let read: serde_json::Value = serde_json::from_str(&out).unwrap();
        let expected = serde_json::json!({ "least": i64::MIN, "none": null, "texts": texts, "map": { "a\"b": "c\\" } });
        assert_eq!(read, expected);
    }
}
