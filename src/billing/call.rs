//! Calls: what is asked of Stripe and what it answers, as plain values.
//!
//! A call is written down before it is made, and made again as it was written: what it says is never made anew.

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// How.
    pub method: Method,
    /// Of what, such as `/v1/invoices`, without a query.
    pub path: String,
    /// Its parameters, form-encoded: the body of a `POST`, the query of any other.
    pub form: String,
    /// Calls with one key have one effect, for a day at least.
    pub key: Option<String>,
}

/// How something is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Writes.
    Post,
    /// Deletes.
    Delete,
}

impl Method {
    /// The text of the method.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        }
    }
}

impl Call {
    /// Reads `path`.
    pub fn get(path: impl Into<String>, form: impl Into<String>) -> Call {
        Call { method: Method::Get, path: path.into(), form: form.into(), key: None }
    }
}

/// An answer, of which nothing was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The JSON.
    pub body: String,
    /// Whether it is an earlier call's answer, told again (`Idempotent-Replayed`).
    pub is_replayed: bool,
    /// Whether the same call may be made again, where Stripe says so (`Stripe-Should-Retry`).
    pub should_retry: Option<bool>,
    /// Not before so many seconds (`Retry-After`).
    pub retry_after_s: Option<u32>,
}

/// The version of Stripe's API that every call asks for and every webhook is expected in: the one that the
/// parameters of `async-stripe` are made from.
pub const API_VERSION: &str = "2026-09-30.endive";
