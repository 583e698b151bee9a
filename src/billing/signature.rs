//! Signatures: whether a webhook comes from Stripe, told from its `Stripe-Signature` header.
//!
//! A header is held against the very bytes that came, in constant time, and refused where there is no secret. Ours
//! stands beside the one of `async-stripe` for three reasons: here every signature is held against every secret, so
//! that a secret can be rolled without losing an event; the clock is given, as everywhere on this floor; and the
//! event is not decoded, so that one whose object is not understood is still known to be Stripe's, and acknowledged.
//!
//! What is refused that the official libraries take: a time that lies far ahead, and a header that is not written as
//! Stripe writes it, be it a time that is not plain digits or a signature that something is appended to.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// How old a signature may be, and how far ahead.
pub const TOLERANCE_S: i64 = 300;
/// The longest header that is looked at.
pub const HEADER_BYTES_MAX: usize = 4096;
/// So many signatures of a header at most: Stripe makes one for each secret that is still good.
pub const SIGNATURES_MAX: usize = 16;

/// The secrets with which an endpoint's webhooks may be signed; none of them is ever shown.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// So many at most: while one is rolled there are two.
    pub const COUNT_MAX: usize = 8;

    /// Takes `whsec_…` texts; none at all makes every webhook refused.
    pub fn new<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Result<Secrets, NotSecrets> {
        let secrets: Vec<String> = texts.into_iter().map(Into::into).collect();
        if Secrets::COUNT_MAX < secrets.len() {
            return Err(NotSecrets::TooMany { count: secrets.len() });
        }
        let is_secret = |text: &String| text.strip_prefix("whsec_").is_some_and(is_word);
        match secrets.iter().position(|text| !is_secret(text)) {
            None => Ok(Secrets(secrets)),
            Some(place) => Err(NotSecrets::Malformed { place: place + 1 }),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} hidden)", self.0.len())
    }
}

/// Why texts are no secrets of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSecrets {
    /// It is another kind of text, which is not shown.
    #[error("the {place}. secret of the webhook is none: it is to begin with `whsec_`, and to have no spaces")]
    Malformed {
        /// Which one, from 1.
        place: usize,
    },
    /// Nobody rolls so many.
    #[error("there are {count} secrets of the webhook, and at most {} are taken", Secrets::COUNT_MAX)]
    TooMany {
        /// How many.
        count: usize,
    },
}

/// Why a webhook is not taken for Stripe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// Without a secret nothing can be checked, and nothing is believed.
    #[error("no secret of the webhook is configured")]
    NoSecret,
    /// There is no signature to check.
    #[error("there is no signature of the version v1")]
    Missing,
    /// The header is not one of Stripe's.
    #[error("the signature's header is malformed: {0}")]
    Malformed(&'static str),
    /// No signature fits.
    #[error("no signature fits the payload")]
    Mismatch,
    /// It was signed long ago, and may be told a second time by somebody else.
    #[error("the signature is {age_s} s old, and may be {TOLERANCE_S}")]
    TooOld {
        /// How old.
        age_s: i64,
    },
    /// One of the clocks is wrong.
    #[error("the signature is {ahead_s} s ahead of the clock, and may be {TOLERANCE_S}")]
    TooNew {
        /// How far ahead.
        ahead_s: i64,
    },
}

/// Whether `payload` was signed with one of the secrets, lately; returns when.
///
/// `now` and the answer are Unix seconds.
pub fn verify(header: &str, payload: &[u8], secrets: &Secrets, now: i64) -> Result<i64, Forged> {
    if secrets.is_empty() {
        return Err(Forged::NoSecret);
    }
    let Header { at, signatures } = Header::parse(header)?;
    let mut fits = Choice::from(0);
    for secret in &secrets.0 {
        let expected = hexadecimal(&code(payload, secret, at));
        for signature in &signatures {
            fits |= expected.as_bytes().ct_eq(signature.as_bytes());
        }
    }
    if !bool::from(fits) {
        return Err(Forged::Mismatch);
    }
    match now.saturating_sub(at) {
        age_s if TOLERANCE_S < age_s => Err(Forged::TooOld { age_s }),
        age_s if age_s < -TOLERANCE_S => Err(Forged::TooNew { ahead_s: age_s.saturating_neg() }),
        _ => Ok(at),
    }
}

/// The header that Stripe would send with `payload`, for those who stand in for it.
pub fn sign(payload: &[u8], secret: &str, at: i64) -> String {
    format!("t={at},v1={}", hexadecimal(&code(payload, secret, at)))
}

/// What a header says.
struct Header<'a> {
    at: i64,
    signatures: Vec<&'a str>,
}

impl Header<'_> {
    /// Reads `t=1492774577,v1=5257a8…,v1=…,v0=…`; what is neither time nor `v1` is passed over.
    fn parse(text: &str) -> Result<Header<'_>, Forged> {
        if text.is_empty() {
            return Err(Forged::Missing);
        }
        if HEADER_BYTES_MAX < text.len() {
            return Err(Forged::Malformed("it is too long"));
        }
        let (mut times, mut signatures) = (Vec::new(), Vec::new());
        for part in text.split(',') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name {
                "t" => times.push(value),
                "v1" if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                    return Err(Forged::Malformed("a signature is not written as one"));
                }
                "v1" => signatures.push(value),
                _ => {}
            }
        }
        if SIGNATURES_MAX < signatures.len() {
            return Err(Forged::Malformed("it has too many signatures"));
        }
        let [time] = times[..] else { return Err(Forged::Malformed("it has not one time")) };
        let at = seconds(time).ok_or(Forged::Malformed("its time is no number of seconds"))?;
        if signatures.is_empty() { Err(Forged::Missing) } else { Ok(Header { at, signatures }) }
    }
}

/// Digits alone, and no more than make a number: what is signed is the number, and it has one spelling.
fn seconds(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

fn code(payload: &[u8], secret: &str, at: i64) -> [u8; 32] {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return [0; 32] };
    mac.update(format!("{at}.").as_bytes());
    mac.update(payload);
    mac.finalize().into_bytes().into()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAYLOAD: &[u8] = br#"{"id":"evt_1","object":"event"}"#;
    const SECRET: &str = "whsec_current";
    const AT: i64 = 1_790_000_000;

    fn secrets(texts: &[&str]) -> Secrets {
        Secrets::new(texts.iter().copied()).expect("secrets")
    }

    fn v1(secret: &str) -> String {
        sign(PAYLOAD, secret, AT).split_once(',').expect("two parts").1.to_owned()
    }

    #[test]
    fn a_known_signature_is_the_one_that_is_made() {
        // Made with another library.
        let expected = "t=1790000000,v1=7de84a2631c8cc5d8f6bfaffd5321c125af08d4c9cb30a53705bf4a5adf92382";
        assert_eq!(sign(PAYLOAD, SECRET, AT), expected);
    }

    #[test]
    fn a_header_is_taken_or_refused_for_what_it_says() {
        let good = v1(SECRET);
        let old = v1("whsec_previous");
        let upper = good[3..].to_uppercase();
        let many = vec!["v1=00"; SIGNATURES_MAX].join(",");
        let malformed = Forged::Malformed;
        for (header, expected) in [
            (format!("t={AT},{good}"), Ok(AT)),
            (format!("{good},t={AT}"), Ok(AT)),
            (format!("t={AT},v1=00,{good}"), Ok(AT)),
            (format!("t={AT},{old},v0=00"), Ok(AT)),
            (format!("t={AT},shiny,v2=00,{good}"), Ok(AT)),
            (String::new(), Err(Forged::Missing)),
            (format!("t={AT}"), Err(Forged::Missing)),
            (format!("t={AT},v0={}", &good[3..]), Err(Forged::Missing)),
            (format!("t={AT}, {good}"), Err(Forged::Missing)),
            (good.clone(), Err(malformed("it has not one time"))),
            (format!("t={AT},t={AT},{good}"), Err(malformed("it has not one time"))),
            (format!("t={AT},{good}=a"), Err(malformed("a signature is not written as one"))),
            (format!("t={AT},v1=é,{good}"), Err(malformed("a signature is not written as one"))),
            (format!("t={AT},v1,{good}"), Err(malformed("a signature is not written as one"))),
            (format!("t={AT},v1=,{good}"), Err(malformed("a signature is not written as one"))),
            (format!("t,{good}"), Err(malformed("its time is no number of seconds"))),
            (format!("t=,{good}"), Err(malformed("its time is no number of seconds"))),
            (format!("t=+{AT},{good}"), Err(malformed("its time is no number of seconds"))),
            (format!("t=0{AT},{good}"), Err(malformed("its time is no number of seconds"))),
            (format!("t={AT}0000000000,{good}"), Err(malformed("its time is no number of seconds"))),
            (format!("t={AT},{many},{good}"), Err(malformed("it has too many signatures"))),
            (format!("t={AT},{good},x={}", "0".repeat(HEADER_BYTES_MAX)), Err(malformed("it is too long"))),
            (format!("t={AT},v1=0"), Err(Forged::Mismatch)),
            (format!("t={AT},v1={upper}"), Err(Forged::Mismatch)),
            (format!("t={},{good}", AT + 1), Err(Forged::Mismatch)),
            (format!("t={AT},{}", v1("whsec_stranger")), Err(Forged::Mismatch)),
            (format!("t={AT},{}", &good[..good.len() - 1]), Err(Forged::Mismatch)),
        ] {
            assert_eq!(verify(&header, PAYLOAD, &secrets(&[SECRET, "whsec_previous"]), AT), expected, "{header:.80}");
        }
    }

    #[test]
    fn a_signature_is_good_for_five_minutes_before_and_after() {
        let header = sign(PAYLOAD, SECRET, AT);
        for (now, expected) in [
            (AT + 299, Ok(AT)),
            (AT + 300, Ok(AT)),
            (AT + 301, Err(Forged::TooOld { age_s: 301 })),
            (AT - 299, Ok(AT)),
            (AT - 300, Ok(AT)),
            (AT - 301, Err(Forged::TooNew { ahead_s: 301 })),
            (i64::MIN, Err(Forged::TooNew { ahead_s: i64::MAX })),
        ] {
            assert_eq!(verify(&header, PAYLOAD, &secrets(&[SECRET]), now), expected, "{now}");
        }
    }

    #[test]
    fn without_a_secret_nothing_is_believed() {
        assert_eq!(verify(&sign(PAYLOAD, "", AT), PAYLOAD, &Secrets::default(), AT), Err(Forged::NoSecret));
    }

    #[test]
    fn what_is_no_secret_is_refused_and_never_shown() {
        for (texts, expected) in [
            (vec!["whsec_a", ""], NotSecrets::Malformed { place: 2 }),
            (vec!["sk_live_a"], NotSecrets::Malformed { place: 1 }),
            (vec!["whsec_"], NotSecrets::Malformed { place: 1 }),
            (vec!["whsec_a b"], NotSecrets::Malformed { place: 1 }),
            (vec!["whsec_a"; 9], NotSecrets::TooMany { count: 9 }),
        ] {
            assert_eq!(Secrets::new(texts).err(), Some(expected));
        }
        assert_eq!(format!("{:?}", secrets(&["whsec_a"])), "Secrets(1 hidden)");
    }

    proptest! {
        #[test]
        fn what_was_signed_is_taken_and_with_any_byte_changed_is_not(
            payload in prop::collection::vec(any::<u8>(), 1..200),
            at in 0..i64::MAX,
            place in any::<prop::sample::Index>(),
            flip in 1..=255_u8,
        ) {
            let secrets = secrets(&["whsec_previous", SECRET]);
            let header = sign(&payload, SECRET, at);
            prop_assert_eq!(verify(&header, &payload, &secrets, at), Ok(at));

            let mut changed = payload.clone();
            changed[place.index(payload.len())] ^= flip;
            prop_assert_eq!(verify(&header, &changed, &secrets, at), Err(Forged::Mismatch));

            let mut bytes = header.clone().into_bytes();
            bytes[place.index(header.len())] ^= flip;
            let changed = String::from_utf8_lossy(&bytes);
            prop_assert!(verify(&changed, &payload, &secrets, at).is_err());
        }

        #[test]
        fn no_header_whatever_ends_in_a_panic(header in "\\PC{0,80}|t=[0-9]{1,20},(v1=[0-9a-f=,]{0,70}){0,3}", now: i64) {
            prop_assert!(verify(&header, PAYLOAD, &secrets(&[SECRET]), now).is_err());
        }
    }
}
