//! What others wrote, as it is shown on a terminal: nothing in it is obeyed there, and nothing passes for a line of
//! its own.
//!
//! Ids may hold anything, escape sequences too. A control character is shown as JSON writes it, so that what is
//! JSON stays JSON; so is what turns the order of letters around, or is no letter and breaks a line.

use std::fmt::Write;

use crate::domain::plain::misleads;

/// A text that stands within a line.
pub(super) fn line(text: &str) -> String {
    escaped(text, |_| false)
}

/// A whole output, or a text of several lines: line breaks and tabs stay.
pub(super) fn lines(text: &str) -> String {
    escaped(text, |letter| matches!(letter, '\n' | '\t'))
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            letter if !misleads(letter) || stays(letter) => shown.push(letter),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            // A string takes whatever is written to it.
            letter => drop(write!(shown, "\\u{:04x}", u32::from(letter))),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left_and_json_stays_json() {
        let evil = "é\u{1b}[2J\u{7f}\u{9b}31m\r\n\tend";
        assert_eq!(line(evil), "é\\u001b[2J\\u007f\\u009b31m\\r\\n\\tend");
        assert_eq!(lines(evil), "é\\u001b[2J\\u007f\\u009b31m\\r\n\tend");
        assert_eq!(lines("a\u{202e}b\u{2028}c"), "a\\u202eb\\u2028c");
        let json = serde_json::to_string_pretty(&[evil]).expect("a text");
        assert_eq!(serde_json::from_str::<Vec<String>>(&lines(&json)).expect("JSON"), [evil]);
    }
}
