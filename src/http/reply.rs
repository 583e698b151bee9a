//! The one table of statuses: which error is answered with which, and in what words.

use std::fmt;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};
use serde::Serialize;
use thiserror::Error;
use warp::http::{Response, StatusCode, header};

use crate::actors::door::Closed;
use crate::chain::Chain;
use crate::domain::ids::Feed;
use crate::domain::orders;
use crate::metrics::TokenRefused;
use crate::reading::Unreadable;
use crate::wiring::{AdoptError, EraseError, NoticeError, OrderError, PeopleError, QueryError, RecordError, Resting};

/// An answer with all of its body.
pub type Answer = Response<Bytes>;

/// An answer as a route gives it: whole, or one that goes on for as long as there is something to tell.
pub type Running = warp::reply::Response;

/// An answer as it is sent: whole, or one that goes on.
pub type Sent = Response<Either<Full<Bytes>, UnsyncBoxBody<Bytes, warp::Error>>>;

/// Why a request was refused as a whole. Nothing of it was taken.
#[derive(Debug, Error)]
pub enum Refused {
    /// Its body cannot be read at all.
    #[error("the body cannot be read")]
    Unreadable(#[source] Unreadable),
    /// It has more events than one request may have.
    #[error("a request has at most {max} events, this one has {found}")]
    TooManyEvents {
        /// How many it has.
        found: usize,
        /// How many are taken.
        max: usize,
    },
    /// Its body is too large.
    #[error("a body has at most {max} bytes")]
    TooLarge {
        /// How many are taken.
        max: usize,
    },
    /// Its body did not come in time, or broke off.
    #[error("the body did not arrive whole in time")]
    BodyLate,
    /// Its body is of a type that is not known.
    #[error("content type {0:?} is not known")]
    ContentType(String),
    /// Its body is encoded.
    #[error("content encoding {0:?} is not known")]
    ContentEncoding(String),
    /// It brings no token.
    #[error("a token is needed, and none was sent")]
    NoToken,
    /// It brings one that is not known.
    #[error("the token is not known")]
    UnknownToken,
    /// It brings one that is not known, and too many such came from its address.
    #[error("the token is not known, and too many such came from this address")]
    Guessing {
        /// When the next one is looked at.
        seconds: u64,
    },
    /// Its token is for something else.
    #[error("the token has no scope {0}")]
    WrongScope(&'static str),
    /// It was sent to a name that is not ours.
    #[error("host {0:?} is not known")]
    Host(String),
    /// A page from elsewhere made a browser send it.
    #[error("pages of {0:?} may not hand anything in")]
    Origin(String),
    /// There is nothing at its path.
    #[error("there is nothing at this path")]
    NoPath,
    /// Its method is not for this path.
    #[error("the method is not for this path")]
    Method,
    /// There is nothing at its path, at an address that has one path alone.
    #[error("there is nothing at this path")]
    NoPathOutside,
    /// The method is not for that one path.
    #[error("the method is not for this path")]
    MethodOutside,
    /// What it asks for is not known.
    #[error("{what} {id:?} is not known")]
    Unknown {
        /// What it would be.
        what: Thing,
        /// Its id.
        id: String,
    },
    /// A part of its query is wrong.
    #[error("query parameter {name}: {what}")]
    Query {
        /// Which.
        name: &'static str,
        /// What it should be.
        what: &'static str,
    },
    /// Its body is not what is asked for here.
    #[error("the body is not what is asked for here: {what}")]
    Body {
        /// What is wrong with it.
        what: String,
        /// What is asked for.
        help: &'static str,
    },
    /// A tariff file has errors.
    #[error("the tariff has errors: {0}")]
    Tariff(String),
    /// An order is refused.
    #[error("the order was refused")]
    Order(#[source] orders::Refused),
    /// An order is refused for its time, which is told in the configured zone.
    #[error("the order was refused: {0}")]
    Untimely(String),
    /// It paused everything, but only in memory.
    #[error("everything is halted, but only until the sidecar restarts: the pause is not durable")]
    Halted(#[source] Closed),
    /// The house is closed, or full.
    #[error("the request was not taken")]
    Closed(#[source] Closed),
    /// It was taken, but everything stopped before it was durable.
    #[error("the request was not made durable")]
    NotDurable(#[source] RecordError),
    /// A question could not be answered.
    #[error("the question could not be answered")]
    Failed(#[source] QueryError),
    /// A webhook is not Stripe's.
    #[error("the webhook was not taken")]
    Webhook(#[source] NoticeError),
    /// The biller does not do it.
    #[error("it was not done")]
    Resting(#[source] Resting),
    /// What is personal of somebody cannot be read, kept or erased.
    #[error("what is personal of him could not be read, kept or erased")]
    People(#[source] PeopleError),
    /// What is personal of him is erased, and that is not on record.
    #[error("the key is destroyed, and that could not be put on record")]
    Unrecorded(#[source] OrderError),
    /// As many watch the page as may.
    #[error("as many watch the page as may at once")]
    Crowded,
    /// Too many answers wait to be read.
    #[error("as much waits to be read as the sidecar holds")]
    Unread,
    /// It took too long.
    #[error("the answer took too long")]
    Slow,
}

/// The code that a refusal was answered with, beside its answer.
#[derive(Clone, Copy, Debug)]
pub struct Code(pub &'static str);

/// What an id may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// What the engine told.
    Event(Feed),
    /// What was posted.
    Transaction,
    /// Who earns.
    Earner,
    /// Whoever guards watch.
    Watched,
    /// Who pays.
    Payer,
    /// What is billed.
    Bill,
    /// Of whom something personal is kept.
    Person,
}

impl Thing {
    /// Where to look for those that there are.
    fn help(self) -> &'static str {
        match self {
            Thing::Event(_) => "it was never taken, or has another id or feed",
            Thing::Transaction => "a transaction is written tx_42; GET /v1/transactions lists them",
            Thing::Earner => "nobody of that id was ever told of; ids are those of the engine, letter by letter",
            Thing::Watched => "nobody of that id was ever told of; `rialto guard list` shows what is held, and of whom",
            Thing::Payer => {
                "`rialto payer list` shows who is on the list of those who pay, and `rialto payer add` adds to it"
            }
            Thing::Bill => "a bill is written bill_42; `rialto bill list` lists them",
            Thing::Person => {
                "nothing personal is kept under this id, letter by letter; `rialto payer add … --email` keeps an address and a name"
            }
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Thing::Event(feed) => feed.as_str(),
            Thing::Transaction => "transaction",
            Thing::Earner => "citizen or business",
            Thing::Watched => "citizen, business or client",
            Thing::Payer => "payer",
            Thing::Bill => "bill",
            Thing::Person => "person",
        })
    }
}

impl From<RecordError> for Refused {
    fn from(error: RecordError) -> Refused {
        match error {
            RecordError::Closed(closed) => Refused::Closed(closed),
            stopped @ RecordError::Stopped(_) => Refused::NotDurable(stopped),
        }
    }
}

impl From<OrderError> for Refused {
    fn from(error: OrderError) -> Refused {
        match error {
            OrderError::Refused(refused) => Refused::Order(refused),
            OrderError::Record(error) => error.into(),
            OrderError::Halted(closed) => Refused::Halted(closed),
        }
    }
}

impl From<AdoptError> for Refused {
    fn from(error: AdoptError) -> Refused {
        match error {
            AdoptError::Order(order) => order.into(),
            AdoptError::Resting(resting) => resting.into(),
        }
    }
}

impl From<EraseError> for Refused {
    fn from(error: EraseError) -> Refused {
        match error {
            EraseError::People(error) => error.into(),
            EraseError::Refused(refused) => Refused::Order(refused),
            EraseError::Closed(closed) => Refused::Closed(closed),
            EraseError::Unrecorded(error) => Refused::Unrecorded(error),
        }
    }
}

impl From<PeopleError> for Refused {
    fn from(error: PeopleError) -> Refused {
        Refused::People(error)
    }
}

impl From<Resting> for Refused {
    fn from(resting: Resting) -> Refused {
        Refused::Resting(resting)
    }
}

impl From<QueryError> for Refused {
    fn from(error: QueryError) -> Refused {
        Refused::Failed(error)
    }
}

/// All that there is at the address for webhooks.
const OUTSIDE: &str = "this address takes POST /webhooks/stripe from Stripe, and nothing else";

#[derive(Serialize)]
struct Body<'a> {
    error: Said<'a>,
}

#[derive(Serialize)]
struct Said<'a> {
    code: &'a str,
    message: String,
    help: &'a str,
}

impl Refused {
    /// The answer.
    pub fn answer(&self) -> Answer {
        let (status, code, help) = self.row();
        if status.is_server_error() && !matches!(self, Refused::Closed(_)) {
            tracing::error!(error = %Chain(self), code, "a request failed");
        }
        let body = Body { error: Said { code, message: Chain(self).to_string(), help } };
        let mut answer = json(status, &body);
        answer.extensions_mut().insert(Code(code));
        let headers = answer.headers_mut();
        match status {
            StatusCode::SERVICE_UNAVAILABLE => drop(headers.insert(header::RETRY_AFTER, 1.into())),
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        if let Refused::Guessing { seconds } = self {
            headers.insert(header::RETRY_AFTER, (*seconds).into());
        }
        answer
    }

    /// Whether it is for its token, or for want of one.
    pub fn token(&self) -> Option<TokenRefused> {
        match self {
            Refused::NoToken => Some(TokenRefused::None),
            Refused::UnknownToken => Some(TokenRefused::Unknown),
            Refused::WrongScope(_) => Some(TokenRefused::Scope),
            Refused::Guessing { .. } => Some(TokenRefused::Slowed),
            _ => None,
        }
    }

    fn row(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Refused::Unreadable(Unreadable::TooMany { .. }) => {
                (S::PAYLOAD_TOO_LARGE, "too_many_events", "send the events in several requests")
            }
            Refused::Unreadable(_) => (
                S::BAD_REQUEST,
                "unreadable",
                "send one JSON object, a JSON array of them, or one object a line as application/x-ndjson",
            ),
            Refused::TooManyEvents { .. } => {
                (S::PAYLOAD_TOO_LARGE, "too_many_events", "send the events in several requests")
            }
            Refused::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "too_large", "send the events in several requests"),
            Refused::BodyLate => {
                (S::REQUEST_TIMEOUT, "body_late", "send the body without pauses; sending it again is safe")
            }
            Refused::ContentType(_) => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "content_type",
                "use application/json, application/x-ndjson, application/cloudevents+json or application/cloudevents-batch+json",
            ),
            Refused::ContentEncoding(_) => (S::UNSUPPORTED_MEDIA_TYPE, "content_encoding", "send the body as it is"),
            Refused::NoToken => (
                S::UNAUTHORIZED,
                "no_token",
                "send `Authorization: Bearer TOKEN`; `rialto token add` makes one, and the admin's is in admin.token in the data folder",
            ),
            Refused::UnknownToken => (
                S::UNAUTHORIZED,
                "unknown_token",
                "it was removed, or is of another data folder, or not whole; `rialto token add` makes one, and the admin's is in admin.token in the data folder",
            ),
            Refused::Guessing { .. } => (
                S::TOO_MANY_REQUESTS,
                "too_many_guesses",
                "wait Retry-After seconds; a token that is known is taken at once, from here too",
            ),
            Refused::WrongScope(_) => {
                (S::FORBIDDEN, "wrong_scope", "use a token with that scope: `rialto token add --scope …`")
            }
            Refused::Host(_) => (
                S::FORBIDDEN,
                "unknown_host",
                "use localhost or the address itself, or list the name under `hosts` in the configuration",
            ),
            Refused::Origin(_) => (
                S::FORBIDDEN,
                "foreign_origin",
                "send it from a program, or from a page of this very address; or list the page's name under `hosts` in the configuration",
            ),
            Refused::NoPath => (S::NOT_FOUND, "no_such_path", "GET /openapi.json lists the paths"),
            Refused::Method => (S::METHOD_NOT_ALLOWED, "method", "GET /openapi.json lists the paths and their methods"),
            Refused::NoPathOutside => (S::NOT_FOUND, "no_such_path", OUTSIDE),
            Refused::MethodOutside => (S::METHOD_NOT_ALLOWED, "method", OUTSIDE),
            Refused::Unknown { what, .. } => (S::NOT_FOUND, "unknown", what.help()),
            Refused::Query { .. } => (S::BAD_REQUEST, "query", "GET /openapi.json describes the parameters"),
            Refused::Body { help, .. } => (S::BAD_REQUEST, "body", help),
            Refused::Tariff(_) => (
                S::UNPROCESSABLE_ENTITY,
                "tariff",
                "`rialto tariff check FILE` shows each error with its line; the tariff in force stays",
            ),
            Refused::Order(_) | Refused::Untimely(_) => (S::CONFLICT, "refused", "nothing was changed"),
            Refused::Halted(_) => (
                S::SERVICE_UNAVAILABLE,
                "halted_not_durable",
                "nothing becomes collectable for as long as this process lives; make room on its disk and pause again, and it will outlast a restart",
            ),
            Refused::Closed(Closed::Busy) => {
                (S::SERVICE_UNAVAILABLE, "busy", "send it again after Retry-After seconds; nothing of it was taken")
            }
            Refused::Closed(Closed::TooMany { .. }) => {
                (S::PAYLOAD_TOO_LARGE, "too_many_events", "send the events in several requests")
            }
            Refused::Closed(Closed::DiskFull) => (
                S::SERVICE_UNAVAILABLE,
                "disk_full",
                "make room on the disk of the data folder; it goes on by itself, and nothing of this was taken",
            ),
            Refused::Closed(Closed::Draining) => {
                (S::SERVICE_UNAVAILABLE, "stopping", "send it again when the sidecar is back; nothing of it was taken")
            }
            Refused::Closed(Closed::Stopped(_)) => {
                (S::SERVICE_UNAVAILABLE, "stopped", "restart the sidecar; nothing of this was taken")
            }
            Refused::NotDurable(_) => (
                S::SERVICE_UNAVAILABLE,
                "not_durable",
                "send it again when the sidecar is back: what it has already is answered as a duplicate",
            ),
            Refused::Webhook(NoticeError::Off) => {
                (S::BAD_REQUEST, "webhook", "start the sidecar with `stripe_mode` and STRIPE_WEBHOOK_SECRET set")
            }
            Refused::Webhook(NoticeError::Forged(_)) => (
                S::BAD_REQUEST,
                "webhook",
                "the secret of this very endpoint at Stripe belongs into STRIPE_WEBHOOK_SECRET, and the body is to come as it was sent",
            ),
            Refused::Webhook(NoticeError::Unreadable) => {
                (S::BAD_REQUEST, "webhook", "an event is a JSON object of Stripe's")
            }
            Refused::Webhook(NoticeError::Failed(_)) => (S::SERVICE_UNAVAILABLE, "failed", "it is told again"),
            Refused::Resting(Resting::Off) => {
                (S::CONFLICT, "billing_off", "set `stripe_mode` to sandbox, test or live, and restart the sidecar")
            }
            Refused::Resting(Resting::Paused) => {
                (S::CONFLICT, "paused", "`rialto rollout shadow --all` or `live` ends the pause")
            }
            Refused::Resting(Resting::Shut(_)) => (
                S::CONFLICT,
                "billing_shut",
                "the key, the account or the folder is another than it was; see the message",
            ),
            Refused::Resting(Resting::NoCustomer(_)) => {
                (S::CONFLICT, "no_customer", "the list of those who pay is as it was")
            }
            Refused::Resting(Resting::Unsure(_) | Resting::Gone) => {
                (S::SERVICE_UNAVAILABLE, "stripe", "ask again; the log says more")
            }
            Refused::People(PeopleError::NoKey(_)) => (
                S::CONFLICT,
                "no_key",
                "after a restore, copy the folder's keys back; where he was erased, `rialto payer add … --email` keeps what is said anew",
            ),
            Refused::People(PeopleError::Damaged(_)) => (
                S::CONFLICT,
                "damaged",
                "`rialto payer add … --email` keeps what is said anew; a backup of this folder may have it whole",
            ),
            Refused::People(_) => (S::SERVICE_UNAVAILABLE, "failed", "repeat it; the log says more"),
            Refused::Unrecorded(_) => {
                (S::SERVICE_UNAVAILABLE, "unrecorded", "repeat it once the sidecar takes orders: then it is on record")
            }
            Refused::Failed(_) => (S::SERVICE_UNAVAILABLE, "failed", "ask again; the log says more"),
            Refused::Crowded => {
                (S::SERVICE_UNAVAILABLE, "crowded", "close a page that nobody looks at; this one shows what it has")
            }
            Refused::Unread => (
                S::SERVICE_UNAVAILABLE,
                "unread",
                "read what was asked for, and ask again after Retry-After seconds; a smaller `limit` asks for less",
            ),
            Refused::Slow => {
                (S::SERVICE_UNAVAILABLE, "slow", "send it again: what was taken already is answered as a duplicate")
            }
        }
    }
}

/// A larger answer may wait for its reader: it takes up no more than it is long.
const LARGE: usize = 1 << 14;

/// An answer in JSON.
pub fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    // Types of the wire are plain structs, which always serialise.
    let mut bytes = serde_json::to_vec(body).unwrap_or_default();
    if LARGE < bytes.len() {
        bytes.shrink_to_fit();
    }
    with_type(status, "application/json", bytes.into())
}

/// An answer of some content type.
pub fn with_type(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    answer
}
