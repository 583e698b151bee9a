//! The revenue page, and the description of the API, as they are built in.

use bytes::Bytes;
use warp::http::{HeaderValue, StatusCode, header};

use super::reply::{Answer, with_type};

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The page.
pub fn page() -> Answer {
    let mut answer = built_in("text/html; charset=utf-8", include_str!("page/page.html"));
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    answer.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

/// Its style.
pub fn style() -> Answer {
    built_in("text/css; charset=utf-8", include_str!("page/page.css"))
}

/// Its script.
pub fn script() -> Answer {
    built_in("text/javascript; charset=utf-8", include_str!("page/page.js"))
}

/// The description of the API.
pub fn openapi() -> Answer {
    built_in("application/json", include_str!("openapi.json"))
}

fn built_in(content_type: &'static str, text: &'static str) -> Answer {
    with_type(StatusCode::OK, content_type, Bytes::from_static(text.as_bytes()))
}
