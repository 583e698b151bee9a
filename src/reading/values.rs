//! What a raw JSON value says: a text, a number, a flag; alone or as the one element of a list.

use std::borrow::Cow;

use super::scan;

/// A value, taken out of the list it may be alone in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// `null`, `""` or an empty list.
    Absent,
    /// A string.
    Text(Cow<'a, str>),
    /// A string with half of a character in it, the half replaced by U+FFFD.
    Broken(String),
    /// A number, as its digits.
    Number(&'a str),
    /// `true` or `false`.
    Flag(bool),
    /// An object, or a list of several.
    Compound(&'a str),
}

impl<'a> Value<'a> {
    /// The value of good JSON.
    pub(super) fn of(raw: &'a str) -> Value<'a> {
        Value::alone(raw).unwrap_or_else(|| match only_element(raw) {
            Some("") => Value::Absent,
            Some(element) => Value::alone(element).unwrap_or(Value::Compound(raw)),
            None => Value::Compound(raw),
        })
    }

    /// The value, unless it is a list.
    fn alone(raw: &'a str) -> Option<Value<'a>> {
        Some(match raw.as_bytes().first() {
            Some(b'"') => string(raw),
            Some(b'[') => return None,
            Some(b'{') => Value::Compound(raw),
            Some(b't') => Value::Flag(true),
            Some(b'f') => Value::Flag(false),
            Some(b'n') | None => Value::Absent,
            Some(_) => Value::Number(raw),
        })
    }
}

/// The one element of a list, or `""` where it is empty; `None` where there are several.
fn only_element(raw: &str) -> Option<&str> {
    let bytes = raw.as_bytes();
    let start = scan::skip_spaces(bytes, 1);
    if bytes.get(start) == Some(&b']') {
        return Some("");
    }
    let end = scan::value_end(bytes, start)?;
    let after = scan::skip_spaces(bytes, end);
    (bytes.get(after) == Some(&b']')).then(|| &raw[start..end])
}

fn string(raw: &str) -> Value<'_> {
    let inside = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    if inside.is_empty() {
        Value::Absent
    } else if inside.as_bytes().contains(&b'\\') {
        let (text, whole) = unescape(inside);
        if whole { Value::Text(Cow::Owned(text)) } else { Value::Broken(text) }
    } else {
        Value::Text(Cow::Borrowed(inside))
    }
}

/// The text that is meant, and whether every escape in it meant something.
fn unescape(inside: &str) -> (String, bool) {
    let mut text = String::with_capacity(inside.len());
    let mut whole = true;
    let mut rest = inside;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let kind = escape.bytes().next();
        rest = escape.get(1..).unwrap_or_default();
        let meant = match kind {
            Some(b'n') => Some('\n'),
            Some(b't') => Some('\t'),
            Some(b'r') => Some('\r'),
            Some(b'b') => Some('\u{8}'),
            Some(b'f') => Some('\u{c}'),
            Some(kind @ (b'"' | b'\\' | b'/')) => Some(char::from(kind)),
            Some(b'u') => unicode(&mut rest),
            _ => None,
        };
        whole &= meant.is_some();
        text.push(meant.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    text.push_str(rest);
    (text, whole)
}

/// The character of `XXXX`, or of a pair `XXXX\uXXXX`; takes off `rest` what it used.
fn unicode(rest: &mut &str) -> Option<char> {
    let high = hex4(rest)?;
    *rest = &rest[4..];
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high);
    }
    let tail = rest.strip_prefix("\\u")?;
    let low = hex4(tail).filter(|low| (0xdc00..0xe000).contains(low))?;
    *rest = &tail[4..];
    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
}

fn hex4(text: &str) -> Option<u32> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_is_what_it_says_also_alone_in_a_list() {
        let text = |text: &'static str| Value::Text(Cow::Borrowed(text));
        for (raw, value) in [
            ("null", Value::Absent),
            ("\"\"", Value::Absent),
            ("[ ]", Value::Absent),
            ("[null]", Value::Absent),
            ("[\"\"]", Value::Absent),
            ("\"Lucid\"", text("Lucid")),
            ("[ \"Lucid\" ]", text("Lucid")),
            ("[\"a]\"]", text("a]")),
            ("1.20", Value::Number("1.20")),
            ("[1.20]", Value::Number("1.20")),
            ("-6e1", Value::Number("-6e1")),
            ("true", Value::Flag(true)),
            ("[false]", Value::Flag(false)),
            ("[1,2]", Value::Compound("[1,2]")),
            ("[[1]]", Value::Compound("[[1]]")),
            ("{\"a\":1}", Value::Compound("{\"a\":1}")),
        ] {
            assert_eq!(Value::of(raw), value, "{raw}");
        }
    }

    #[test]
    fn escapes_are_read_and_half_a_character_is_marked() {
        assert_eq!(
            Value::of(r#""Riva d\u00e9i \ud83d\uddfa\ufe0f \"\\\/\n\t\r\b\f""#),
            Value::Text("Riva déi 🗺\u{fe0f} \"\\/\n\t\r\u{8}\u{c}".into())
        );
        for raw in [r#""a\ud83d""#, r#""a\ud83dx""#, r#""a\ud83d\n""#, r#""a\udc00\ud83d\u0041""#] {
            assert!(matches!(Value::of(raw), Value::Broken(text) if text.starts_with("a\u{fffd}")), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_string_reads_as_serde_reads_it(text in ".*") {
            let raw = serde_json::to_string(&text).expect("JSON");
            let value = if text.is_empty() { Value::Absent } else { Value::Text(text.into()) };
            prop_assert_eq!(Value::of(&raw), value);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\"\\\\u0dD8ce ,n]*") {
            let _ = Value::of(&text);
        }
    }
}
