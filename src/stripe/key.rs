//! The secret key, which is sent and never shown.

use std::fmt;

/// A secret or restricted key of a Stripe account.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// Takes `sk_…` or `rk_…`, in printable letters without spaces.
    pub fn parse(text: &str) -> Result<Key, NotAKey> {
        if text.starts_with("pk_") {
            return Err(NotAKey::Public);
        }
        let rest = text.strip_prefix("sk_").or_else(|| text.strip_prefix("rk_"));
        match rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic())) {
            true => Ok(Key(text.to_owned())),
            false => Err(NotAKey::Malformed),
        }
    }

    /// Whether real money moves with it.
    pub fn is_live(&self) -> bool {
        self.0[3..].starts_with("live_")
    }

    /// The key itself, for the one header that carries it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_live() { "Key(live, hidden)" } else { "Key(test, hidden)" })
    }
}

/// Why a text is no key; the text is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// It is the one that browsers get.
    #[error("this is a publishable key; a secret one begins with `sk_`, a restricted one with `rk_`")]
    Public,
    /// It is something else.
    #[error("a secret key begins with `sk_`, a restricted one with `rk_`, and neither has spaces")]
    Malformed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_whether_it_is_live_and_nothing_else() {
        for (text, shown) in [
            ("sk_test_abc", Ok("Key(test, hidden)")),
            ("rk_live_abc", Ok("Key(live, hidden)")),
            ("sk_abc", Ok("Key(test, hidden)")),
            ("pk_live_abc", Err(NotAKey::Public)),
            ("sk_", Err(NotAKey::Malformed)),
            ("sk_live_a\r\nb", Err(NotAKey::Malformed)),
            ("sk_live_é", Err(NotAKey::Malformed)),
            ("", Err(NotAKey::Malformed)),
        ] {
            let key = Key::parse(text).map(|key| format!("{key:?}"));
            assert_eq!(key, shown.map(str::to_owned), "{text:?}");
        }
    }
}
