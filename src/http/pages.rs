//! What is built in as it stands: the style and the script of the revenue page, and the description of the API.

use bytes::Bytes;
use warp::http::StatusCode;

use super::reply::{Answer, with_type};

/// The description of the API.
pub const OPENAPI: &str = include_str!("openapi.json");

/// The style of the revenue page.
pub fn style() -> Answer {
    built_in("text/css; charset=utf-8", include_str!("page/page.css"))
}

/// Its script.
pub fn script() -> Answer {
    built_in("text/javascript; charset=utf-8", include_str!("page/page.js"))
}

/// The description of the API.
pub fn openapi() -> Answer {
    built_in("application/json", OPENAPI)
}

fn built_in(content_type: &'static str, text: &'static str) -> Answer {
    with_type(StatusCode::OK, content_type, Bytes::from_static(text.as_bytes()))
}
