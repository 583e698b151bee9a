//! Calls: what is asked of Stripe and what it answers, as plain values.
//!
//! A call is written down before it is made, and made again as it was written: what it says is never made anew.

use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest};

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

/// What one of the requests of `async-stripe` asks, as a call that is made as often as need be under `key`.
pub fn call_of(request: &impl StripeRequest, key: Option<String>) -> Call {
    let RequestBuilder { query, body, path, method } = request.build();
    let method = match method {
        StripeMethod::Get => Method::Get,
        StripeMethod::Post => Method::Post,
        StripeMethod::Delete => Method::Delete,
    };
    // A request has a body or a query, never both; the version of the path is left to whoever sends it.
    Call { method, path: format!("/v1{path}"), form: body.or(query).unwrap_or_default(), key }
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

#[cfg(test)]
mod tests {
    use stripe_billing::invoice::{CreateInvoice, FinalizeInvoiceInvoice, ListInvoice};

    use super::*;

    #[test]
    fn a_request_of_the_library_becomes_a_call_with_its_own_path_and_form() {
        let created = call_of(&CreateInvoice::new().customer("cus_1").auto_advance(false), Some("k1".into()));
        let expected = Call {
            method: Method::Post,
            path: "/v1/invoices".into(),
            form: "auto_advance=false&customer=cus_1".into(),
            key: Some("k1".into()),
        };
        assert_eq!(created, expected);
        let finalized = call_of(&FinalizeInvoiceInvoice::new("in_1"), None);
        assert_eq!((finalized.path.as_str(), finalized.form.as_str()), ("/v1/invoices/in_1/finalize", ""));
        assert_eq!(call_of(&ListInvoice::new().limit(3), None), Call::get("/v1/invoices", "limit=3"));
    }
}
