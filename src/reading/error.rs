//! What is said of a text that cannot be read.
//!
//! A message names the field and says what a good value looks like; it never repeats the value, which
//! may be somebody's letter or address.

use thiserror::Error;

/// Why one event was refused. It is final: the same text will be refused again.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Refusal {
    /// The stable code.
    pub code: RefusalCode,
    /// The event's id, where it could be read all the same.
    pub id: Option<String>,
    /// What a good one looks like.
    pub message: String,
}

impl Refusal {
    pub(super) fn new(code: RefusalCode, message: impl Into<String>) -> Refusal {
        Refusal { code, id: None, message: message.into() }
    }

    pub(super) fn of(self, id: Option<String>) -> Refusal {
        Refusal { id, ..self }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// The stable code of a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RefusalCode { $($(#[$doc])* $name,)* }

        impl RefusalCode {
            /// Every code there is.
            pub const ALL: &[RefusalCode] = &[$(RefusalCode::$name),*];

            /// The stable text of the code.
            pub const fn as_str(self) -> &'static str {
                match self { $(RefusalCode::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// Nothing in it says who it is.
    MissingId = "missing_id";
    /// What says who it is, is no id.
    BadId = "bad_id";
    /// It is no JSON.
    NotJson = "not_json";
    /// It is JSON, but no object.
    NotAnObject = "not_an_object";
    /// It is nested too deeply.
    TooDeep = "too_deep";
    /// It is too long.
    TooLarge = "too_large";
    /// A field that prices it holds something else than it should.
    BadField = "bad_field";
}

/// Why a whole body cannot be read. Nothing of it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// It is no text.
    #[error("the body is not UTF-8: byte {at} is the first that is wrong")]
    NotUtf8 {
        /// Where, counted from 0.
        at: usize,
    },
    /// It is no JSON.
    #[error("the body is not JSON: line {line}, column {column}: {what}")]
    NotJson {
        /// The line, from 1 on.
        line: usize,
        /// The column in bytes, from 1 on.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// It is JSON, but nothing that holds an event.
    #[error("the body is {found}: send one event, which is an object, an array of events, or a line of JSON for each")]
    NoEvents {
        /// What it is.
        found: &'static str,
    },
    /// There is nothing in it.
    #[error("the body is empty: send one event, an array of events, or a line of JSON for each")]
    Empty,
    /// There are too many events in it.
    #[error("the body holds more than {max} events: send them in several")]
    TooMany {
        /// The most that are taken at once.
        max: usize,
    },
}
