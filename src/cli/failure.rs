//! What a command did not do, and with which code it ends: 1 where the sidecar refused, 2 where the command was given
//! wrongly, 3 where no sidecar answers.
//!
//! Whoever asked for JSON gets the reason as JSON too, on standard output, in the shape in which the sidecar says it.

use std::fmt;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::plain;

/// Why a command about a running sidecar did not do what it was to.
#[derive(Debug)]
pub struct Failure {
    why: Why,
    is_json: bool,
}

#[derive(Debug)]
enum Why {
    Refused { status: u16, body: Value },
    Faulty(Value),
    Usage(String),
    Unreachable { url: String, cause: String },
}

impl Failure {
    /// The sidecar answered with this status, and this in its body.
    pub fn refused(status: u16, body: Value) -> Failure {
        let is_told = body["error"]["message"].is_string();
        let body = if is_told { body } else { error("unknown", format!("the answer is {body}"), "is it a sidecar?") };
        Failure { why: Why::Refused { status, body }, is_json: false }
    }

    /// The command was given wrongly.
    pub fn usage(what: impl Into<String>) -> Failure {
        Failure { why: Why::Usage(what.into()), is_json: false }
    }

    /// Nobody answers at `url`.
    pub fn unreachable(url: &str, cause: impl fmt::Display) -> Failure {
        Failure { why: Why::Unreachable { url: url.to_owned(), cause: cause.to_string() }, is_json: false }
    }

    /// The same, told as JSON if `is_json`.
    pub fn told_in_json(self, is_json: bool) -> Failure {
        Failure { is_json, ..self }
    }

    /// The sidecar answered, and knows nothing of that.
    pub fn unknown(message: String) -> Failure {
        let body =
            error("unknown", message, "it was never taken, or was rejected; an id is that of the record, or tx_42");
        Failure { why: Why::Refused { status: 404, body }, is_json: false }
    }

    /// Something was found faulty, or not done, and this says what to do about it.
    pub fn faulty(code: &str, message: impl Into<String>, help: &str) -> Failure {
        Failure { why: Why::Faulty(error(code, message.into(), help)), is_json: false }
    }

    /// Whether the sidecar knows nothing of what was asked for.
    pub fn is_unknown(&self) -> bool {
        matches!(&self.why, Why::Refused { status: 404, body } if body["error"]["code"] == "unknown")
    }

    /// Where the body of a request was refused, of which whoever gave a command knows nothing: what to look at instead.
    pub fn given(mut self, help: &str) -> Failure {
        if let Why::Refused { body, .. } = &mut self.why
            && body["error"]["code"] == "body"
        {
            body["error"]["help"] = help.into();
        }
        self
    }

    /// With more in the JSON of a refusal: what was done before it.
    pub fn after(mut self, key: &str, done: Value) -> Failure {
        if let Why::Refused { body, .. } = &mut self.why {
            body[key] = done;
        }
        self
    }

    /// Says it, and returns the code to end with.
    pub fn report(&self) -> ExitCode {
        if self.is_json {
            // Whoever closed it wants to know nothing.
            let _ = super::print(&format!("{:#}\n", self.body()));
        } else {
            eprintln!("rialto: {}", plain::lines(&self.to_string()));
        }
        ExitCode::from(match self.why {
            Why::Refused { .. } | Why::Faulty(_) => 1,
            Why::Usage(_) => 2,
            Why::Unreachable { .. } => 3,
        })
    }

    fn body(&self) -> Value {
        match &self.why {
            Why::Refused { body, .. } | Why::Faulty(body) => body.clone(),
            Why::Usage(what) => error("usage", what.clone(), "--help says more"),
            Why::Unreachable { .. } => error("unreachable", self.to_string(), "see --url"),
        }
    }
}

fn error(code: &str, message: String, help: &str) -> Value {
    json!({ "error": { "code": code, "message": message, "help": help } })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Refused { status, body } => {
                let [code, message, help] =
                    ["code", "message", "help"].map(|key| plain::line(body["error"][key].as_str().unwrap_or_default()));
                write!(f, "the sidecar answers {status} {code}: {message}; {help}")
            }
            Why::Faulty(body) => {
                let [message, help] =
                    ["message", "help"].map(|key| plain::line(body["error"][key].as_str().unwrap_or_default()));
                write!(f, "{message}; {help}")
            }
            Why::Usage(what) => f.write_str(what),
            Why::Unreachable { url, cause } => {
                write!(
                    f,
                    "no sidecar answers at {url}: {cause}; start one with `rialto serve`, or name another with --url"
                )
            }
        }
    }
}

impl std::error::Error for Failure {}
