//! Access: who may ask for what, decided before a body is read.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use compact_str::CompactString;
use warp::http::request::Parts;
use warp::http::{HeaderMap, Method, header};

use super::guesses::Guesses;
use super::listener::Caller;
use super::reply::Refused;
use super::tokens::{Scope, Stamp, Tokens};
use super::webhooks;

/// The rules of access.
#[derive(Debug)]
pub struct Access {
    folder: PathBuf,
    /// On a loopback address, reading and ingest need no token.
    is_local: bool,
    hosts: Vec<String>,
    tokens: ArcSwap<Tokens>,
    looked: Mutex<Looked>,
    guesses: Guesses,
}

/// What a request was let in for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    /// The scope that it needed, where it needed any.
    pub scope: Option<Scope>,
    /// The name of the token that it brought; of one that nobody asked for, nothing.
    pub bearer: Option<CompactString>,
}

/// When the file of tokens was looked at, and what it was then.
#[derive(Debug)]
struct Looked {
    at: Instant,
    found: Option<Stamp>,
}

/// A token that is known is good for this long without another look, so that one can be revoked without a restart:
/// `rialto token remove` promises a second.
const FRESH: Duration = Duration::from_millis(500);
/// For one that is not known another look is worth its while sooner: it may have been made just now. Whoever
/// guesses causes no more looks than this.
const SOON: Duration = Duration::from_millis(1);

impl Access {
    /// The rules for a sidecar with its data in `folder` that listens on `address`, and is known as
    /// `hosts`.
    pub fn new(folder: &Path, address: SocketAddr, hosts: Vec<String>) -> std::io::Result<Access> {
        // What is changed while it is read is read again.
        let looked = Mutex::new(Looked { at: Instant::now(), found: Tokens::stamp(folder) });
        let tokens = Tokens::load(folder)?;
        Ok(Access {
            folder: folder.to_owned(),
            is_local: address.ip().is_loopback(),
            hosts,
            tokens: ArcSwap::from_pointee(tokens),
            looked,
            guesses: Guesses::default(),
        })
    }

    /// Whether a request may be answered, and what for.
    pub fn check(&self, request: &Parts) -> Result<Admitted, Refused> {
        if request.method == Method::POST && request.uri.path() == webhooks::PATH {
            // By whatever name Stripe knows it: the signature of each event says who sends it.
            return Ok(Admitted::default());
        }
        self.check_host(request)?;
        self.check_origin(request)?;
        if !is_plain(request.uri.path()) {
            return Err(Refused::NoPath);
        }
        let scope = scope(request);
        let bearer = match scope {
            Some(scope) => self.check_token(request, scope)?,
            None => None,
        };
        Ok(Admitted { scope, bearer })
    }

    /// Whether who sends a request might be told what only those may know who read; also where he asks for something that
    /// everybody may.
    pub fn may_read(&self, request: &Parts) -> bool {
        self.check_token(request, Scope::Read).is_ok()
    }

    /// Whether a request is for a name of ours.
    pub fn is_named(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name(host)))
    }

    /// The name of the token, where one was sent and allows it.
    fn check_token(&self, request: &Parts, scope: Scope) -> Result<Option<CompactString>, Refused> {
        let sent = request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let parts = sent.and_then(|value| value.split_once(' '));
        let token = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        match token {
            None if self.is_local && scope != Scope::Admin && sent.is_none() => Ok(None),
            None => Err(Refused::NoToken),
            Some(token) => {
                self.look_again(FRESH);
                let mut tokens = self.tokens.load();
                if tokens.known(token).is_none() && self.look_again(SOON) {
                    tokens = self.tokens.load();
                }
                let known = tokens.known(token).ok_or_else(|| self.unknown(request))?;
                let is_allowed = known.scopes.iter().any(|allowed| *allowed == scope || *allowed == Scope::Admin);
                if is_allowed { Ok(Some(known.name.as_str().into())) } else { Err(Refused::WrongScope(scope.as_str())) }
            }
        }
    }

    /// How a token is refused that nobody knows. Whoever sends many of them is slowed, and nobody else at his address.
    fn unknown(&self, request: &Parts) -> Refused {
        let address = request.extensions.get().map_or(Ipv4Addr::UNSPECIFIED.into(), |caller: &Caller| caller.address);
        match self.guesses.wrong(address, Instant::now()) {
            Ok(()) => Refused::UnknownToken,
            Err(wait) => Refused::Guessing { seconds: wait.as_secs() + 1 },
        }
    }

    // A page from elsewhere can make a browser call a name that it has bent to this address; it can
    // not make it call the address itself.
    fn check_host(&self, request: &Parts) -> Result<(), Refused> {
        let mut hosts = request.headers.get_all(header::HOST).into_iter();
        let host = match hosts.next() {
            // Of two, whoever stands before us may have believed the other one.
            Some(_) if hosts.next().is_some() => "",
            Some(value) => value.to_str().unwrap_or_default(),
            None => request.uri.authority().map_or("", |authority| authority.as_str()),
        };
        let name = name(host);
        let plain = name.trim_start_matches('[').trim_end_matches(']');
        let is_known = name.eq_ignore_ascii_case("localhost")
            || plain.parse::<IpAddr>().is_ok()
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is_known { Ok(()) } else { Err(Refused::Host(name.chars().take(80).collect())) }
    }

    // On a loopback address no token is asked for, and any page that is open in a browser on this machine
    // can send a body without a content type there. A browser says whose page it is.
    fn check_origin(&self, request: &Parts) -> Result<(), Refused> {
        let is_question = request.method == Method::GET || request.method == Method::HEAD;
        let Some(origin) = request.headers.get(header::ORIGIN).filter(|_| !is_question) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default();
        let page = origin.split_once("://").map_or(origin, |(_, page)| page);
        let is_ours = request.headers.get(header::HOST).is_some_and(|host| host.as_bytes() == page.as_bytes());
        if is_ours || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name(page))) {
            return Ok(());
        }
        Err(Refused::Origin(page.chars().take(80).collect()))
    }

    /// Looks at the file of tokens, if the last look is this long ago; whether there are others now.
    fn look_again(&self, after: Duration) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if looked.at.elapsed() < after {
            return false;
        }
        looked.at = Instant::now();
        let found = Tokens::stamp(&self.folder);
        if found == looked.found {
            return false;
        }
        match Tokens::load(&self.folder) {
            Ok(tokens) => {
                looked.found = found;
                self.tokens.store(tokens.into());
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the tokens cannot be read; those read before stay");
                false
            }
        }
    }
}

/// A host without its port.
fn name(host: &str) -> &str {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
    name.map_or(host, |(name, _)| name)
}

/// What may be handed in, and so needs the scope ingest. The list is closed: what else changes anything is the
/// operator's, also where nobody thought of it here.
const INGEST: [&str; 5] = ["/v1/activities", "/v1/messages", "/v1/citizens", "/v1/buildings", "/v1/proposals"];

/// The page itself, and the probes: they hold no data, and the page holds figures only for who may read them.
const OPEN: [&str; 6] = ["/", "/page.css", "/page.js", "/healthz", "/readyz", "/openapi.json"];

/// The scope that a request needs, where it needs any.
fn scope(request: &Parts) -> Option<Scope> {
    let path = request.uri.path();
    let is_question = request.method == Method::GET || request.method == Method::HEAD;
    if is_question && !path.starts_with("/v1/admin/") {
        return (!OPEN.contains(&path)).then_some(Scope::Read);
    }
    let is_ingest = request.method == Method::POST && INGEST.contains(&path);
    Some(if is_ingest { Scope::Ingest } else { Scope::Admin })
}

/// A path that is written in one way only: with a slash at its end, or two in a row, the routes might still know
/// it, and what they know must be what access was decided for.
fn is_plain(path: &str) -> bool {
    path == "/" || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(|segment| !segment.is_empty()))
}
