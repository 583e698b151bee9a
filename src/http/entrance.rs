//! The entrances: who may come in by which, and what requests are counted as there.

use warp::http::request::Parts;
use warp::http::{HeaderMap, Method};

use super::access::{Access, Admitted};
use super::reply::Refused;
use super::{methods, routes, webhooks};

/// A way in.
#[derive(Debug)]
pub enum Entrance {
    /// The house's own, to all that there is: whoever the rules of access let in.
    House(Access),
    /// Stripe's, to one path alone: whoever comes, for the signature of each event says who sends it.
    Stripe,
}

impl Entrance {
    /// Whether a request may be answered, and what for.
    pub fn check(&self, request: &Parts) -> Result<Admitted, Refused> {
        match self {
            Entrance::House(access) => access.check(request),
            Entrance::Stripe if request.uri.path() != webhooks::PATH => Err(Refused::NoPathOutside),
            Entrance::Stripe if request.method != Method::POST => Err(Refused::MethodOutside),
            Entrance::Stripe => Ok(Admitted::default()),
        }
    }

    /// Whether who sends a request may read what the house knows.
    pub fn may_read(&self, request: &Parts) -> bool {
        match self {
            Entrance::House(access) => access.may_read(request),
            Entrance::Stripe => false,
        }
    }

    /// The methods for the path with this label, where there are any.
    pub fn methods(&self, label: &str) -> Option<&'static str> {
        match self {
            Entrance::House(_) => methods::of(label),
            Entrance::Stripe => (label == webhooks::PATH).then_some("POST"),
        }
    }

    /// Whether a request is for a name of the house's.
    pub fn is_named(&self, headers: &HeaderMap) -> bool {
        match self {
            Entrance::House(access) => access.is_named(headers),
            Entrance::Stripe => false,
        }
    }

    /// What a request for this path is counted as: what is refused outside says nothing of the house's paths.
    pub fn label(&self, path: &str) -> &'static str {
        match self {
            Entrance::Stripe if path != webhooks::PATH => routes::OTHER,
            Entrance::House(_) | Entrance::Stripe => routes::label(path),
        }
    }
}
