//! A row being written: JSON put down key by key, escaped as it is written.
//!
//! No tree is built, because the demo also feeds load tests and must never be what they measure.

use std::fmt::{self, Display, Write};

use super::almanac::{Hand, Stamp};
use super::record::Record;

/// A row that is not closed yet.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    text: String,
    form: Form,
    empty: bool,
}

/// The way a row spells its keys and wraps its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `{"id","createdTime","fields":{PascalCase}}`, as the database gives it.
    Airtable,
    /// `{"airtableId", camelCase}`, as the engine's REST answers give it.
    Rest,
    /// Keys as they are given, nothing around them.
    Flat,
}

impl Sheet {
    /// A row of a table. Only the database's own form says when it made the row.
    pub(super) fn row(form: Form, record: Record, made_micros: i64) -> Sheet {
        let mut sheet = Sheet { text: String::with_capacity(1_024), form, empty: true };
        match form {
            Form::Airtable => {
                // The database keeps whole seconds.
                let made = Stamp { micros: made_micros - made_micros.rem_euclid(1_000_000), hand: Hand::Zulu };
                sheet.put(format_args!("{{\"id\":\"{record}\",\"createdTime\":\"{made}\",\"fields\":{{"));
            }
            Form::Rest => {
                sheet.put(format_args!("{{\"airtableId\":\"{record}\""));
                sheet.empty = false;
            }
            Form::Flat => {
                sheet.put(format_args!("{{\"id\":\"{record}\""));
                sheet.empty = false;
            }
        }
        sheet
    }

    /// An object that is no row of a table: the brief's own events, or JSON to be put inside a text.
    pub(super) fn object() -> Sheet {
        Sheet { text: String::from("{"), form: Form::Flat, empty: true }
    }

    /// A text field.
    pub(super) fn text(&mut self, key: &str, value: impl Display) {
        self.key(key);
        self.quoted(value);
    }

    /// A text field that some writers of the engine wrap into a list of one.
    pub(super) fn text_or_list(&mut self, key: &str, value: impl Display, as_list: bool) {
        self.key(key);
        if as_list {
            self.text.push('[');
        }
        self.quoted(value);
        if as_list {
            self.text.push(']');
        }
    }

    /// A field that needs no quotes: a number, a boolean, an object.
    pub(super) fn bare(&mut self, key: &str, value: impl Display) {
        self.key(key);
        self.put(value);
    }

    /// The finished row.
    pub(super) fn close(mut self) -> String {
        self.text.push_str(match self.form {
            Form::Airtable => "}}",
            Form::Rest | Form::Flat => "}",
        });
        self.text
    }

    fn key(&mut self, key: &str) {
        if !self.empty {
            self.text.push(',');
        }
        self.empty = false;
        self.text.push('"');
        let first_letter = self.text.len();
        self.text.push_str(key);
        if self.form == Form::Rest
            && let Some(first) = self.text.get_mut(first_letter..first_letter + 1)
        {
            first.make_ascii_lowercase();
        }
        self.text.push_str("\":");
    }

    fn quoted(&mut self, value: impl Display) {
        self.text.push('"');
        // Writing into a String cannot fail.
        let _ = write!(Escaped(&mut self.text), "{value}");
        self.text.push('"');
    }

    fn put(&mut self, value: impl Display) {
        // Writing into a String cannot fail.
        let _ = write!(self.text, "{value}");
    }
}

/// Takes text and puts it down as the inside of a JSON string.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain_from = 0;
        // What needs escaping is ASCII, so every cut falls between characters.
        for (place, byte) in text.bytes().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.0.push_str(&text[plain_from..place]);
            plain_from = place + 1;
            match byte {
                b'"' => self.0.push_str("\\\""),
                b'\\' => self.0.push_str("\\\\"),
                b'\n' => self.0.push_str("\\n"),
                b'\t' => self.0.push_str("\\t"),
                _ => write!(self.0, "\\u{byte:04x}")?,
            }
        }
        self.0.push_str(&text[plain_from..]);
        Ok(())
    }
}
