//! Where JSON values end and how deep they go, told by quotes and brackets alone.
//!
//! Nothing here judges what lies between them: a value that is found may still be no JSON. There is
//! no recursion, so that no depth of nesting can do harm.

/// The end of the value that starts at `start`; `None` where the text ends first.
///
/// An object, a list or a string ends with its own last byte, anything else before the next comma,
/// bracket or space.
pub(super) fn value_end(text: &[u8], start: usize) -> Option<usize> {
    match *text.get(start)? {
        b'"' => string_end(text, start),
        b'{' | b'[' => bracket_end(text, start),
        _ => {
            let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b':' | b' ' | b'\t' | b'\r' | b'\n');
            Some(text[start..].iter().position(ends).map_or(text.len(), |length| start + length))
        }
    }
}

/// Whether `text` nests objects and lists more than `max` deep.
pub(super) fn is_deeper(text: &str, max: usize) -> bool {
    // The two opening brackets differ in one bit. Few of them cannot nest deeply, wherever they stand.
    // Short pieces are counted in bytes, which the compiler does many at a time.
    let pieces = text.as_bytes().chunks(128);
    let openings: usize =
        pieces.map(|piece| usize::from(piece.iter().map(|byte| u8::from(byte | 0x20 == b'{')).sum::<u8>())).sum();
    max < openings && max < depth(text.as_bytes())
}

/// The first place from `at` on that is no space.
pub(super) fn skip_spaces(text: &[u8], at: usize) -> usize {
    let spaces = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    at + text[at..].iter().take_while(|byte| spaces(byte)).count()
}

/// As much of `text` as fits in `max` bytes without cutting a character.
pub(super) fn head(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

fn depth(text: &[u8]) -> usize {
    let (mut at, mut depth, mut deepest) = (0, 0_usize, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => match string_end(text, at) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => return deepest,
            },
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    deepest
}

fn bracket_end(text: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match text.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Some(at + 1),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += text.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_its_quotes_and_brackets_do() {
        for (text, end) in [
            (r#"{"a":"}"},"#, Some(9)),
            (r#"["\"]",{"b":[]}] "#, Some(16)),
            (r#""a\\" "#, Some(5)),
            ("12,", Some(2)),
            ("null", Some(4)),
            ("{\"a\":\"\n\"}", Some(9)),
            (r#"{"a":"#, None),
            (r#"{"a":"\"#, None),
            (r#""\"#, None),
            ("", None),
        ] {
            assert_eq!(value_end(text.as_bytes(), 0), end, "{text}");
        }
    }

    #[test]
    fn brackets_in_strings_are_not_depth() {
        let path = format!(r#"{{"Path":"{}"}}"#, "[{".repeat(10_000));
        assert!(!is_deeper(&path, 64));
        assert!(!is_deeper(&"[]".repeat(1_000), 1));
        assert!(is_deeper(&"[".repeat(65), 64));
        assert!(!is_deeper(&"[".repeat(64), 64));
    }
}
