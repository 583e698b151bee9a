//! What looks like a secret: it is never shown, also not to say that it stands in the wrong place.

/// How secrets begin: Stripe's keys and the secrets of its webhooks.
const BEGINNINGS: [&str; 3] = ["sk_", "rk_", "whsec_"];
/// A token has 64 digits; a piece of one is as good as one.
const DIGITS: usize = 32;

/// What went wrong, on one line; but not where it repeats a secret.
pub fn told(what: &str) -> String {
    match is_like(what) {
        true => "what stands there looks like a secret, and is not shown".to_owned(),
        false => what.trim().replace('\n', " "),
    }
}

/// Whether a text holds something that looks like a secret, wherever in it.
pub fn is_like(text: &str) -> bool {
    let has_password = text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    let mut digits = text.split(|letter: char| !letter.is_ascii_hexdigit());
    has_password || begins(text) || digits.any(|run| DIGITS <= run.len())
}

/// Whether a word of a text begins as secrets do, for which no setting has a place: they are in the environment.
pub fn begins(text: &str) -> bool {
    let mut words = text.split(|letter: char| letter.is_whitespace() || "\"'`=,;:()[]{}".contains(letter));
    words.any(|word| BEGINNINGS.iter().any(|beginning| word.starts_with(beginning))) || text.contains("-----BEGIN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_looks_and_what_is_none_is_shown() {
        for secret in
            ["sk_test_abc", "rk_live_x", "a,whsec_abc", "token=sk_live_a", "http://ada:secret@host", &"0f".repeat(32)]
        {
            assert!(is_like(secret), "{secret}");
        }
        for plain in ["", "127.0.0.1:8717", "soon", "http://127.0.0.1:12111", "Europe/Rome", "desk_1", "2026-11-28"] {
            assert!(!is_like(plain), "{plain}");
        }
        assert_eq!(told("a\nb"), "a b");
        assert!(!told("unknown variant `sk_live_abc`").contains("abc"));
    }
}
