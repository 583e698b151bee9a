//! Armour: what every answer tells a browser, so that no page from elsewhere makes anything of it.
//!
//! The page has a policy of its own, which lets its script and style in; of all else nothing may be loaded, framed or
//! guessed at, and nothing is kept.

use hyper::header::{self, Entry, HeaderMap, HeaderName, HeaderValue};

/// What an answer is armoured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Armour {
    /// What every answer has.
    Usual,
    /// And besides that this name is to be called over TLS from now on.
    OverTlsAlone,
}

/// What an answer may make of itself that says nothing of it: nothing.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

const USUAL: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Half a year.
const OVER_TLS_ALONE: &str = "max-age=15768000";

impl Armour {
    /// Puts it on an answer.
    pub fn put_on(self, headers: &mut HeaderMap) {
        if let Entry::Vacant(vacant) = headers.entry(header::CONTENT_SECURITY_POLICY) {
            vacant.insert(HeaderValue::from_static(POLICY));
        }
        for (name, value) in USUAL {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if self == Armour::OverTlsAlone {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(OVER_TLS_ALONE));
        }
    }
}
