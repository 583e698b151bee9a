//! The entrances: who may come in by which, and what requests are counted as there.

use warp::http::Method;
use warp::http::request::Parts;

use super::access::Access;
use super::reply::Refused;
use super::tokens::Scope;
use super::{routes, webhooks};

/// A way in.
#[derive(Debug)]
pub enum Entrance {
    /// The house's own, to all that there is: whoever the rules of access let in.
    House(Access),
    /// Stripe's, to one path alone: whoever comes, for the signature of each event says who sends it.
    Stripe,
}

impl Entrance {
    /// Whether a request may be answered, and the scope that it needed.
    pub fn check(&self, request: &Parts) -> Result<Option<Scope>, Refused> {
        match self {
            Entrance::House(access) => access.check(request),
            Entrance::Stripe if request.uri.path() != webhooks::PATH => Err(Refused::NoPathOutside),
            Entrance::Stripe if request.method != Method::POST => Err(Refused::MethodOutside),
            Entrance::Stripe => Ok(None),
        }
    }

    /// Whether who sends a request may read what the house knows.
    pub fn may_read(&self, request: &Parts) -> bool {
        match self {
            Entrance::House(access) => access.may_read(request),
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
