//! Letters that are none: what a terminal obeys, what turns the order of letters around, and what breaks a line.

/// Whether a terminal, or whoever looks at it, would make something else of a letter than a letter.
pub fn misleads(letter: char) -> bool {
    let is_turning =
        matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || is_turning || matches!(letter, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_every_script_are_letters_and_what_is_obeyed_is_none() {
        assert!(!"Caffè 茶 قهوة – ☕".chars().any(misleads));
        assert!("\n\u{1b}\u{7f}\u{9b}\u{202e}\u{2066}\u{2028}".chars().all(misleads));
    }
}
