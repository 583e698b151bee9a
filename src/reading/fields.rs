//! Which key of a record holds what, as raw JSON: one pass, nothing copied.
//!
//! A record is flat, or an Airtable envelope around `fields`, or a CloudEvent around either. What
//! stands in `fields` wins over the envelope. Of a key that comes twice, the last that holds
//! something wins; `null`, `""` and `[]` hold nothing.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

use super::keys::Key;

/// The known keys of one record.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    /// Raw JSON by key; empty where there is none.
    raw: [&'a str; Key::COUNT],
    /// The keys that `fields` held.
    inner: u128,
    /// Whether there was a `fields`.
    enveloped: bool,
    /// An `id` within `fields`, which is no record id but better than none.
    inner_id: &'a str,
}

const _: () = assert!(Key::COUNT <= 128, "the keys outgrew their set");

impl<'a> Fields<'a> {
    /// No keys.
    pub(super) const EMPTY: Fields<'static> =
        Fields { raw: [""; Key::COUNT], inner: 0, enveloped: false, inner_id: "" };

    /// Reads an object. Where it is no good JSON, what was read up to there is still returned.
    pub(super) fn read(text: &'a str) -> (Fields<'a>, Result<(), serde_json::Error>) {
        let mut fields = Fields::EMPTY;
        let mut reader = serde_json::Deserializer::from_str(text);
        let object = Object { fields: &mut fields, depth: Depth::Envelope };
        let outcome = reader.deserialize_map(object).and_then(|()| reader.end());
        (fields, outcome)
    }

    /// The raw JSON under `key`.
    pub(super) fn get(&self, key: Key) -> Option<&'a str> {
        Some(self.raw[key as usize]).filter(|raw| !raw.is_empty())
    }

    /// Whether there is anything under `key`.
    pub(super) fn has(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    /// Whether the record is an envelope around `fields`.
    pub(super) fn is_enveloped(&self) -> bool {
        self.enveloped
    }

    /// An `id` that stands within `fields`.
    pub(super) fn inner_id(&self) -> Option<&'a str> {
        Some(self.inner_id).filter(|raw| !raw.is_empty())
    }

    fn put(&mut self, key: Key, raw: &'a str, depth: Depth) {
        if matches!(raw, "null" | "\"\"" | "[]") {
            return;
        }
        let bit = 1_u128 << key as u8;
        match depth {
            Depth::Envelope if self.inner & bit != 0 => return,
            Depth::Inner if key == Key::Id => {
                self.inner_id = raw;
                return;
            }
            Depth::Inner => self.inner |= bit,
            Depth::Envelope => {}
        }
        self.raw[key as usize] = raw;
    }
}

#[derive(Clone, Copy)]
enum Depth {
    Envelope,
    Inner,
}

/// Reads an object's keys into the fields.
struct Object<'f, 'a> {
    fields: &'f mut Fields<'a>,
    depth: Depth,
}

impl<'de> Visitor<'de> for Object<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Object { fields, depth } = self;
        while let Some(key) = map.next_key_seed(Spelling)? {
            match (key, depth) {
                (None, _) | (Some(Key::Fields), Depth::Inner) => {
                    map.next_value::<IgnoredAny>()?;
                }
                (Some(Key::Fields), Depth::Envelope) => map.next_value_seed(Inner { fields })?,
                (Some(key), _) => fields.put(key, map.next_value::<&RawValue>()?.get(), depth),
            }
        }
        Ok(())
    }
}

/// Reads the value of `fields`, which is an object or means nothing.
struct Inner<'f, 'a> {
    fields: &'f mut Fields<'a>,
}

impl<'de> DeserializeSeed<'de> for Inner<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inner<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields of a record")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<(), M::Error> {
        self.fields.enveloped = true;
        Object { fields: self.fields, depth: Depth::Inner }.visit_map(map)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads a key as bytes: a key that is no good text means nothing, and harms nothing.
struct Spelling;

impl<'de> DeserializeSeed<'de> for Spelling {
    type Value = Option<Key>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Key>, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Spelling {
    type Value = Option<Key>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, text: &[u8]) -> Result<Option<Key>, E> {
        Ok(Key::of(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Fields<'_> {
        let (fields, outcome) = Fields::read(text);
        outcome.expect(text);
        fields
    }

    #[test]
    fn fields_win_over_the_envelope_wherever_they_stand() {
        for text in [
            r#"{"id":"recA","Type":"outer","fields":{"Type":"inner","id":"x"}}"#,
            r#"{"fields":{"Type":"inner","id":"x"},"Type":"outer","id":"recA"}"#,
        ] {
            let fields = read(text);
            assert_eq!(fields.get(Key::Type), Some("\"inner\""));
            assert_eq!(fields.get(Key::Id), Some("\"recA\""));
            assert_eq!(fields.inner_id(), Some("\"x\""));
            assert!(fields.is_enveloped());
        }
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_that_holds_something_wins() {
        let fields = read(r#"{"Type":"a","type":"b","TYPE":null,"t_ype":"","ty-pe":[]}"#);
        assert_eq!(fields.get(Key::Type), Some("\"b\""));
    }

    #[test]
    fn fields_that_are_no_object_mean_nothing() {
        for value in ["null", "1", "-1", "1.5", "true", "\"x\"", "[{\"Type\":\"x\"}]"] {
            let text = format!(r#"{{"fields":{value},"Type":"a"}}"#);
            assert_eq!(read(&text).get(Key::Type), Some("\"a\""), "{value}");
        }
        assert!(!read(r#"{"fields":{"fields":{"Type":"a"}}}"#).has(Key::Type));
    }

    #[test]
    fn unknown_keys_and_keys_that_are_no_text_are_passed_over() {
        let fields = read(r#"{"\ud800":1,"Path":"\ud800","_type":{"a":[1]},"\u0074ype":"a"}"#);
        assert_eq!(fields.get(Key::Type), Some("\"a\""));
    }

    #[test]
    fn what_was_read_before_a_flaw_is_kept() {
        let (fields, outcome) = Fields::read(r#"{"id":"recA","fields":{"Ducats":NaN}}"#);
        assert!(outcome.is_err());
        assert_eq!(fields.get(Key::Id), Some("\"recA\""));
    }
}
