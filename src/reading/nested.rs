//! What stands in the texts within a record: `Notes`, `Details` and `Description` may be JSON, as an
//! object or as text, and then they may say who pays for what, or to whom it was written; mostly they are prose.
//!
//! Looking into one is bounded in size and depth, and what cannot be read is no fault of the record's.

use std::borrow::Cow;

use super::fields::Fields;
use super::keys::Key;
use super::scan;
use super::values::Value;

/// A longer text is not looked into,
const BYTES_MAX: usize = 64 * 1024;
/// nor one that nests more deeply.
const DEPTH_MAX: usize = 32;

/// The texts within a record that may be objects, in the order in which they are believed.
pub(super) struct Nested<'a>([Option<Cow<'a, str>>; 3]);

impl<'a> Nested<'a> {
    /// Those of a record.
    pub(super) fn of(fields: &Fields<'a>) -> Nested<'a> {
        Nested([Key::Notes, Key::Details, Key::Description].map(|key| fields.get(key).and_then(object)))
    }

    /// The keys of `Notes`, where that is an object.
    pub(super) fn notes(&self) -> Option<Fields<'_>> {
        self.0[0].as_deref().and_then(keys)
    }

    /// The keys of each that is an object.
    pub(super) fn each(&self) -> impl Iterator<Item = Fields<'_>> {
        self.0.iter().flatten().filter_map(|text| keys(text))
    }
}

/// The text of an object: the raw value itself, or what it says where that is text.
pub(super) fn object(raw: &str) -> Option<Cow<'_, str>> {
    if !begins_object(raw) {
        return None;
    }
    match Value::of(raw) {
        Value::Compound(raw) if raw.starts_with('{') => Some(Cow::Borrowed(raw)),
        Value::Text(text) => Some(text),
        Value::Broken(text) => Some(Cow::Owned(text)),
        _ => None,
    }
}

/// The keys of a nested object that is good JSON and within its bounds.
pub(super) fn keys(text: &str) -> Option<Fields<'_>> {
    if BYTES_MAX < text.len() || scan::is_deeper(text, DEPTH_MAX) {
        return None;
    }
    let (fields, outcome) = Fields::read(text);
    outcome.is_ok().then_some(fields)
}

/// Whether a raw value may be an object, or text of one; cheap, because prose is what it mostly is.
fn begins_object(raw: &str) -> bool {
    // A text of JSON grows by at most six to one where it stands in a string.
    if 6 * BYTES_MAX < raw.len() {
        return false;
    }
    let mut rest = raw.trim_start_matches(['[', '"', ' ', '\t', '\r', '\n']);
    while let Some(after) = rest.strip_prefix('\\').filter(|after| after.starts_with(['n', 'r', 't'])) {
        rest = after[1..].trim_start_matches(' ');
    }
    rest.starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(notes: &str) -> Option<String> {
        let record = format!(r#"{{"Notes":{notes}}}"#);
        let (fields, outcome) = Fields::read(&record);
        outcome.expect("JSON");
        let nested = Nested::of(&fields);
        nested.each().find_map(|keys| keys.get(Key::Minutes).map(str::to_owned))
    }

    #[test]
    fn an_object_is_found_as_itself_and_as_text() {
        for notes in [
            r#"{"minutes":60}"#,
            r#"[{"minutes":60}]"#,
            r#""{\"minutes\":60}""#,
            r#"" \n\t {\"minutes\":60} \n""#,
            r#"["{\"minutes\":60}"]"#,
            r#""{\"thought\":\"half a sign: \ud83d\",\"minutes\":60}""#,
        ] {
            assert_eq!(minutes(notes).as_deref(), Some("60"), "{notes}");
        }
    }

    #[test]
    fn prose_and_what_breaks_its_bounds_is_passed_over() {
        let deep = |depth: usize| format!(r#"{{"a":{}{},"minutes":60}}"#, "[".repeat(depth), "]".repeat(depth));
        let long = |length: usize| format!(r#"{{"a":"{}","minutes":60}}"#, "x".repeat(length));
        assert!(minutes(&deep(31)).is_some());
        assert!(minutes(&deep(32)).is_none());
        assert!(minutes(&long(60_000)).is_some());
        assert!(minutes(&long(66_000)).is_none());
        for notes in [
            "\"⏳ **Idle**: {\\\"minutes\\\":60}\"",
            r#""{\"minutes\":60""#,
            r#""{minutes:60}""#,
            r#""{\"minutes\":60} and more""#,
            r#""[{\"minutes\":60}]""#,
            "60",
            "null",
            "[]",
        ] {
            assert_eq!(minutes(notes), None, "{notes}");
        }
    }
}
