//! Answers: a request becomes a call, and what comes of it a response, with the headers that Stripe gives.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Request, Response};

use super::{House, control};
use crate::billing::call::{API_VERSION, Call, Method, Reply};
use crate::sandbox::Outcome;
use crate::sandbox::problem::Problem;

/// The largest body.
const BODY_BYTES_MAX: usize = 1 << 20;
/// How long a body may take.
const BODY: Duration = Duration::from_secs(30);

type Answer = Response<Full<Bytes>>;

/// Answers a request; the connection is closed instead where the answer is lost.
pub(super) async fn answer(house: &House, request: Request<Incoming>) -> Result<Answer, io::Error> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let body = tokio::time::timeout(BODY, Limited::new(body, BODY_BYTES_MAX).collect()).await;
    let Ok(Ok(body)) = body else { return Err(io::Error::other("the body did not come, or is too large")) };
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();

    let method = parts.method.as_str();
    if path == "/sandbox" || path.starts_with("/sandbox/") {
        return Ok(response(control::order(house, method, &path, &body), &house.request_id(), None));
    }
    let reply = match admit(house, method, &path, &parts.headers) {
        Err(problem) => refusal(&problem),
        Ok(method) => {
            let form = if method == Method::Post { body } else { query };
            let key = text(&parts.headers, "idempotency-key").map(str::to_owned);
            let call = Call { method, path, form, key };
            let outcome = house.sandbox().call(&call, house.now());
            match outcome {
                Outcome::Lost => return Err(io::Error::other("the answer is lost")),
                Outcome::Answered { reply, after_ms } => {
                    // What is not slow is as quick as it is to be.
                    let slow = Duration::from_millis(if after_ms < 1_000 { 0 } else { after_ms });
                    let after = slow.max(house.latency);
                    if !after.is_zero() {
                        tokio::time::sleep(after).await;
                    }
                    reply
                }
            }
        }
    };
    Ok(response(reply, &house.request_id(), text(&parts.headers, "idempotency-key")))
}

/// Lets a call in: it has a test key, it is none too many, and its method is one that there is.
fn admit(house: &House, method: &str, path: &str, headers: &HeaderMap) -> Result<Method, Problem> {
    check_key(headers)?;
    if let Some(version) = text(headers, "stripe-version").filter(|version| *version != API_VERSION) {
        tracing::warn!(version, ours = API_VERSION, "a call asks for another version of the API than the sandbox has");
    }
    let known = [Method::Get, Method::Post, Method::Delete].into_iter().find(|known| known.as_str() == method);
    let known = known.ok_or_else(|| Problem::nowhere(method, path))?;
    match house.is_within_limits(method, path) {
        true => Ok(known),
        false => Err(Problem::too_many()),
    }
}

/// Whether a call has a secret key for tests, as a bearer's token or as a user's name.
fn check_key(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(authorization) = text(headers, AUTHORIZATION.as_str()) else {
        return Err(Problem::stranger("No API key was given; use 'Authorization: Bearer sk_test_...'."));
    };
    let key = match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim().as_bytes().to_vec()),
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("basic") => base64(token.trim()),
        _ => None,
    };
    match key.is_some_and(|key| key.starts_with(b"sk_test_") && b"sk_test_".len() < key.len()) {
        true => Ok(()),
        false => Err(Problem::stranger("This is no key for tests; those begin with sk_test_.")),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What is written in base64; nothing, where it is not.
fn base64(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        count += 6;
        if 8 <= count {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

/// The reply that a problem is told by.
pub(super) fn refusal(problem: &Problem) -> Reply {
    Reply {
        status: problem.status,
        body: problem.body(),
        is_replayed: false,
        should_retry: problem.should_retry,
        retry_after_s: problem.retry_after_s,
    }
}

fn response(reply: Reply, request: &str, key: Option<&str>) -> Answer {
    let mut builder = Response::builder()
        .status(reply.status)
        .header("content-type", "application/json")
        .header("request-id", request)
        .header("stripe-version", API_VERSION);
    if let Some(key) = key {
        builder = builder.header("idempotency-key", key);
    }
    if reply.is_replayed {
        builder = builder.header("idempotent-replayed", "true");
    }
    if let Some(should_retry) = reply.should_retry {
        builder = builder.header("stripe-should-retry", if should_retry { "true" } else { "false" });
    }
    if let Some(seconds) = reply.retry_after_s {
        builder = builder.header("retry-after", seconds);
    }
    // Only a header that came in as it goes out could be refused.
    builder.body(Full::new(Bytes::from(reply.body))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_for_tests_are_let_in() {
        let check = |authorization: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, authorization.parse().unwrap());
            check_key(&headers).is_ok()
        };
        // "sk_test_abc:" as a user's name without a password.
        for good in ["Bearer sk_test_abc", "bearer sk_test_abc", "Basic c2tfdGVzdF9hYmM6"] {
            assert!(check(good), "{good}");
        }
        for bad in ["Bearer sk_live_abc", "Bearer sk_test_", "Basic c2tfbGl2ZV9hYmM6", "Basic ?", "sk_test_abc", ""] {
            assert!(!check(bad), "{bad}");
        }
        assert!(check_key(&HeaderMap::new()).is_err());
    }
}
