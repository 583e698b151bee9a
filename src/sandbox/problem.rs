//! Problems: what is answered to a call that cannot be done, in the form that Stripe gives it.

use super::json::Object;

/// Why a call was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    message: Box<str>,
    param: Option<Box<str>>,
    decline: Option<&'static str>,
    /// The id of what there is not.
    missing: Option<Box<str>>,
    /// Whether it was found before the endpoint began its work, so that no key remembers it.
    pub(super) is_early: bool,
    /// Not before so many seconds.
    pub(super) retry_after_s: Option<u32>,
    /// Whether the same call may be made again, where Stripe says so.
    pub(super) should_retry: Option<bool>,
}

const INVALID: &str = "invalid_request_error";

impl Problem {
    fn new(status: u16, kind: &'static str, code: Option<&'static str>, message: impl Into<String>) -> Problem {
        Problem {
            status,
            kind,
            code,
            message: message.into().into_boxed_str(),
            param: None,
            decline: None,
            missing: None,
            is_early: false,
            retry_after_s: None,
            should_retry: None,
        }
    }

    /// A parameter is not as it should be; nothing was begun.
    pub(super) fn parameter(code: &'static str, param: &str, message: impl Into<String>) -> Problem {
        let code = Some(code).filter(|code| !code.is_empty());
        Problem { is_early: true, ..Problem::new(400, INVALID, code, message).about(param) }
    }

    /// What is asked for does not go with how things stand.
    pub(super) fn refused(code: &'static str, message: impl Into<String>) -> Problem {
        Problem::new(400, INVALID, Some(code).filter(|code| !code.is_empty()), message)
    }

    /// There is no such thing.
    pub(super) fn missing(what: &str, id: &str, param: &str) -> Problem {
        let message = format!("No such {what}: '{id}'");
        let problem = Problem::new(404, INVALID, Some("resource_missing"), message);
        Problem { missing: Some(id.into()), ..problem.about(param) }
    }

    /// The same, of a call to this address: what the address names is not found, but what only a parameter names makes
    /// a wrong parameter.
    pub(super) fn at(self, path: &[&str]) -> Problem {
        match self.missing.as_deref() {
            Some(id) if !path.contains(&id) => Problem { status: 400, ..self },
            _ => self,
        }
    }

    /// There is nothing at this address.
    pub(super) fn nowhere(method: &str, path: &str) -> Problem {
        Problem { is_early: true, ..Problem::new(404, INVALID, None, format!("Nothing answers {method} {path}")) }
    }

    /// The customer's card was declined.
    pub(super) fn declined() -> Problem {
        Problem {
            decline: Some("generic_decline"),
            ..Problem::new(402, "card_error", Some("card_declined"), "Your card was declined.")
        }
    }

    /// A key came with other parameters than before.
    pub(super) fn other_parameters(key: &str) -> Problem {
        let message = format!("The key '{key}' was used before, for another call or with other parameters.");
        Problem { is_early: true, ..Problem::new(400, "idempotency_error", None, message) }
    }

    /// A call with the same key is still in progress.
    pub(super) fn in_progress(key: &str) -> Problem {
        let message = format!("Another call with the key '{key}' is in progress.");
        let code = Some("idempotency_key_in_use");
        Problem { is_early: true, should_retry: Some(true), ..Problem::new(409, "idempotency_error", code, message) }
    }

    /// Too many calls; this one was not looked at.
    pub(super) fn too_many() -> Problem {
        let message = "Too many calls in too short a time.";
        Problem { is_early: true, retry_after_s: Some(1), ..Problem::new(429, INVALID, Some("rate_limit"), message) }
    }

    /// Somebody else holds the object.
    pub(super) fn locked() -> Problem {
        Problem::new(429, INVALID, Some("lock_timeout"), "Another call or process holds this object.")
    }

    /// Something went wrong at Stripe.
    pub(super) fn broken() -> Problem {
        Problem::new(500, "api_error", None, "An unknown error occurred.")
    }

    /// No key, or one that is not a test key.
    pub(super) fn stranger(message: &str) -> Problem {
        Problem { is_early: true, ..Problem::new(401, INVALID, None, message) }
    }

    /// The same, about this parameter.
    pub(super) fn about(mut self, param: &str) -> Problem {
        self.param = Some(param.into());
        self
    }

    /// What it says.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The JSON.
    pub(super) fn body(&self) -> String {
        let mut out = String::with_capacity(200);
        let mut body = Object::open(&mut out);
        let mut error = body.object("error");
        error.text("type", self.kind);
        for (name, value) in [("code", self.code), ("decline_code", self.decline)] {
            if let Some(value) = value {
                error.text(name, value);
            }
        }
        error.text("message", &self.message);
        if let Some(param) = &self.param {
            error.text("param", param);
        }
        error.close();
        body.close();
        out
    }
}
