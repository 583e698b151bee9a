//! What a body or a file is: one event, an array of events, or a line for each.
//!
//! Splitting looks at brackets, quotes and line ends only, so that one bad event never sinks the
//! others; what each text is worth is found out when it is read.

use super::error::{Refusal, RefusalCode, Unreadable};
use super::scan;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One object, or an array of them.
    Json,
    /// NDJSON: an object on each line; blank lines say nothing.
    Lines,
}

/// A body holds at most this many events.
pub(super) const EVENTS_MAX: usize = 100_000;

/// The texts of a body's events, in order; for a line that is no text, its refusal.
type Texts<'a> = Vec<Result<&'a str, Refusal>>;

pub(super) fn split(body: &[u8], format: Format) -> Result<Texts<'_>, Unreadable> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::Empty);
    }
    match format {
        Format::Lines => lines(body),
        Format::Json => {
            let text = str::from_utf8(body).map_err(|error| Unreadable::NotUtf8 { at: error.valid_up_to() })?;
            let start = scan::skip_spaces(body, 0);
            match body[start] {
                b'{' => object(text),
                b'[' => array(text, start),
                first => match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                    Ok(_) => Err(Unreadable::NoEvents { found: named(first) }),
                    Err(_) => Err(not_json(body, start, "an object or an array must begin here")),
                },
            }
        }
    }
}

/// What a JSON value is that is neither an object nor an array, by its first byte.
fn named(first: u8) -> &'static str {
    match first {
        b'"' => "a text",
        b'n' => "null",
        b't' | b'f' => "true or false",
        _ => "a number",
    }
}

fn lines(body: &[u8]) -> Result<Texts<'_>, Unreadable> {
    let mut texts = Vec::with_capacity(body.len() / 512 + 1);
    // A body of nothing but good text is looked through once, whatever the length of its lines.
    let whole = str::from_utf8(body);
    let mut put = |text| {
        if texts.len() == EVENTS_MAX {
            return Err(Unreadable::TooMany { max: EVENTS_MAX });
        }
        texts.push(text);
        Ok(())
    };
    match whole {
        Ok(text) => {
            for line in text.split('\n').map(str::trim_ascii).filter(|line| !line.is_empty()) {
                put(Ok(line))?;
            }
        }
        Err(_) => {
            for line in body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
                put(str::from_utf8(line).map_err(|error| {
                    let at = error.valid_up_to();
                    Refusal::new(RefusalCode::NotJson, format!("a line is UTF-8; byte {at} of this one is not"))
                }))?;
            }
        }
    }
    Ok(texts)
}

/// A body that is one event is as good as that event is JSON.
fn object(text: &str) -> Result<Texts<'_>, Unreadable> {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(vec![Ok(text.trim_ascii())]),
        Err(error) if error.is_eof() => Err(not_json(text.as_bytes(), text.len(), "it ends in the middle")),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let what = error.to_string();
            let what = what.rsplit_once(" at line ").map_or(&*what, |(what, _)| what);
            let hint = if what.starts_with("trailing") {
                " (several objects are an array, or lines of application/x-ndjson)"
            } else {
                ""
            };
            Err(Unreadable::NotJson { line, column, what: format!("{what}{hint}") })
        }
    }
}

fn array(text: &str, start: usize) -> Result<Texts<'_>, Unreadable> {
    let bytes = text.as_bytes();
    let cut = || not_json(bytes, bytes.len(), "it ends in the middle of the array");
    let mut texts = Vec::with_capacity(bytes.len() / 512 + 1);
    let mut at = scan::skip_spaces(bytes, start + 1);
    if bytes.get(at) == Some(&b']') {
        at += 1;
    } else {
        loop {
            let end = scan::value_end(bytes, at).ok_or_else(cut)?;
            if end == at {
                return Err(not_json(bytes, at, "an event is missing here"));
            }
            if texts.len() == EVENTS_MAX {
                return Err(Unreadable::TooMany { max: EVENTS_MAX });
            }
            texts.push(Ok(&text[at..end]));
            at = scan::skip_spaces(bytes, end);
            match bytes.get(at) {
                Some(b',') => at = scan::skip_spaces(bytes, at + 1),
                Some(b']') => {
                    at += 1;
                    break;
                }
                Some(_) => return Err(not_json(bytes, at, "a comma or the end of the array must stand here")),
                None => return Err(cut()),
            }
        }
    }
    let rest = scan::skip_spaces(bytes, at);
    if rest < bytes.len() {
        return Err(not_json(bytes, rest, "nothing may follow the array"));
    }
    Ok(texts)
}

fn not_json(body: &[u8], at: usize, what: &str) -> Unreadable {
    let before = &body[..at];
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
    Unreadable::NotJson { line, column, what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str, format: Format) -> Vec<&str> {
        let texts = split(body.as_bytes(), format).expect("readable");
        texts.into_iter().map(|text| text.expect("a text")).collect()
    }

    #[test]
    fn a_body_is_one_object_an_array_or_lines() {
        assert_eq!(texts(" {\"a\":1}\n", Format::Json), ["{\"a\":1}"]);
        assert_eq!(
            texts("\u{feff}[{\"a\":[1,2]} ,\n\"x,]\", 5,null]", Format::Json),
            ["{\"a\":[1,2]}", "\"x,]\"", "5", "null"]
        );
        assert_eq!(texts("[ ]", Format::Json), [""; 0]);
        assert_eq!(texts("\n{\"a\":1}\r\n\n  {\"b\":2}  \n", Format::Lines), ["{\"a\":1}", "{\"b\":2}"]);
    }

    #[test]
    fn a_bad_event_in_an_array_is_split_off_like_a_good_one() {
        assert_eq!(
            texts("[{\"a\":NaN},{\"b\":\"raw\nline\"},{\"c\":1}]", Format::Json),
            ["{\"a\":NaN}", "{\"b\":\"raw\nline\"}", "{\"c\":1}"]
        );
    }

    #[test]
    fn a_body_that_cannot_be_split_says_where() {
        for (body, line, column) in [
            ("[{\"a\":1},\n{\"b\":\"cu", 2, 9),
            ("[{\"a\":1}", 1, 9),
            ("[{\"a\":1},", 1, 10),
            ("[{\"a\":1},]", 1, 10),
            ("[,]", 1, 2),
            ("[{\"a\":1} {\"b\":2}]", 1, 10),
            ("[{\"a\":1}] x", 1, 11),
            ("{\"a\":1}\n{\"b\":2}", 2, 1),
            ("{\"a\":", 1, 6),
            ("hello", 1, 1),
            ("nul", 1, 1),
            ("5 6", 1, 1),
        ] {
            let error = split(body.as_bytes(), Format::Json).expect_err(body);
            assert!(
                matches!(&error, Unreadable::NotJson { line: l, column: c, .. } if (*l, *c) == (line, column)),
                "{body}: {error}"
            );
        }
    }

    #[test]
    fn a_body_that_is_json_but_holds_no_event_is_told_what_it_is() {
        for (body, what) in [
            ("null", "null"),
            (" 5\n", "a number"),
            ("-1.5e3", "a number"),
            ("\"text\"", "a text"),
            ("true", "true or false"),
        ] {
            assert_eq!(split(body.as_bytes(), Format::Json), Err(Unreadable::NoEvents { found: what }), "{body}");
        }
        let said = Unreadable::NoEvents { found: "null" }.to_string();
        assert!(said.starts_with("the body is null: send one event, which is an object, an array"), "{said}");
    }

    #[test]
    fn an_empty_body_and_one_that_is_no_text_are_told_apart() {
        for body in ["", " \n\t", "\u{feff}"] {
            assert_eq!(split(body.as_bytes(), Format::Json), Err(Unreadable::Empty));
            assert_eq!(split(body.as_bytes(), Format::Lines), Err(Unreadable::Empty));
        }
        assert_eq!(split(b"{\"a\":\"\xff\"}", Format::Json), Err(Unreadable::NotUtf8 { at: 6 }));
    }

    #[test]
    fn a_line_that_is_no_text_is_refused_alone() {
        let texts = split(b"{\"a\":1}\n{\"b\":\"\xff\"}\n{\"c\":3}", Format::Lines).expect("readable");
        assert_eq!(texts[0], Ok("{\"a\":1}"));
        assert!(matches!(&texts[1], Err(Refusal { code: RefusalCode::NotJson, .. })));
        assert_eq!(texts[2], Ok("{\"c\":3}"));
    }

    #[test]
    fn more_events_than_a_body_may_hold_are_refused_whole() {
        let most = format!("[{}1]", "1,".repeat(EVENTS_MAX - 1));
        assert_eq!(texts(&most, Format::Json).len(), EVENTS_MAX);
        let more = format!("[{}1]", "1,".repeat(EVENTS_MAX));
        assert_eq!(split(more.as_bytes(), Format::Json), Err(Unreadable::TooMany { max: EVENTS_MAX }));
        let lines = "1\n".repeat(EVENTS_MAX + 1);
        assert_eq!(split(lines.as_bytes(), Format::Lines), Err(Unreadable::TooMany { max: EVENTS_MAX }));
    }
}
