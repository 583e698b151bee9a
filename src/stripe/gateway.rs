//! The gateway: makes one call of Stripe and tells what came back, or that nobody knows.
//!
//! An answer of any status is an answer. Where none came, [`Lost`] says whether the call can have had an effect. The
//! key leaves in one header and is in no log, error or `Debug`. No redirect is followed and no proxy is asked; plain
//! HTTP goes to the machine itself alone.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, InvalidHeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::http::uri::{Authority, InvalidUri, PathAndQuery, Scheme};
use hyper::{Request, Response, Uri};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::Connector;
use super::key::Key;
use super::pace::{Paces, endpoint};
use crate::billing::call::{API_VERSION, Call, Method, Reply};
use crate::metrics::Meters;

/// Where Stripe is.
pub const STRIPE: &str = "https://api.stripe.com";

/// What a gateway is made from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Scheme and host, such as [`STRIPE`].
    pub base: String,
    /// With whose key.
    pub key: Key,
    /// How much, and for how long.
    pub limits: Limits,
}

/// The bounds of a gateway.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a call may take, once it is its turn.
    pub call: Duration,
    /// How long a connection may take to come about, its TLS with it.
    pub connect: Duration,
    /// The longest answer.
    pub body_bytes: usize,
    /// Calls in a second with a live key.
    pub live_per_s: u32,
    /// Calls in a second with any other.
    pub test_per_s: u32,
    /// Calls in a second of one endpoint.
    pub endpoint_per_s: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            call: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            body_bytes: 4 << 20,
            live_per_s: 100,
            test_per_s: 25,
            endpoint_per_s: 25,
        }
    }
}

/// How long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(60);
/// How many of those: as many as there are calls under way, for each new one costs a handshake.
const IDLE_CONNECTIONS: usize = 64;

/// See the module. Clones share their connections and their pace.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    client: Client<Connector, Full<Bytes>>,
    scheme: Scheme,
    authority: Authority,
    authorization: HeaderValue,
    limits: Limits,
    paces: Paces,
    meters: Meters,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gateway({}://{})", self.0.scheme, self.0.authority)
    }
}

impl Gateway {
    /// A gateway; no connection is made yet. To be made where tokio runs.
    pub fn new(settings: &Settings, meters: Meters) -> Result<Gateway, Unusable> {
        let Settings { base, key, limits } = settings;
        let (scheme, authority) = address(base)?;
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", key.expose())).map_err(Unusable::Key)?;
        authorization.set_sensitive(true);
        let total = if key.is_live() { limits.live_per_s } else { limits.test_per_s };
        let client = client(&scheme, limits);
        let paces = Paces::new(total, limits.endpoint_per_s);
        Ok(Gateway(Arc::new(Inner { client, scheme, authority, authorization, limits: *limits, paces, meters })))
    }

    /// Makes a call when it is its turn, once.
    pub async fn call(&self, call: &Call) -> Result<Reply, Lost> {
        let endpoint = format!("{} {}", call.method.as_str(), endpoint(&call.path));
        self.0.paces.turn(&endpoint).await;
        let start = Instant::now();
        let outcome = self.0.exchange(call).await;
        let took = start.elapsed();
        let took_ms = took.as_millis();
        match &outcome {
            Ok(reply) => {
                let Reply { status, is_replayed, .. } = *reply;
                self.0.meters.called(&endpoint, result(status), Some(took));
                tracing::debug!(endpoint, path = call.path, status, is_replayed, took_ms, "stripe answered");
            }
            Err(lost) => {
                self.0.meters.called(&endpoint, "lost", None);
                tracing::warn!(endpoint, error = %crate::chain::Chain(lost), took_ms, "a call to stripe was lost");
            }
        }
        outcome
    }
}

impl Inner {
    async fn exchange(&self, call: &Call) -> Result<Reply, Lost> {
        let name = || format!("{} {}", call.method.as_str(), call.path);
        let not_sent = |cause| Lost::NotSent { call: name(), cause };
        let unknown = |cause| Lost::Unknown { call: name(), cause };
        let request = self.request(call).map_err(|error| not_sent(Cause::Request(error)))?;
        let answering = async {
            // A connection that Stripe closed before the request went out is replaced once more by the client itself.
            let response = self.client.request(request).await.map_err(|error| match error.is_connect() {
                true => not_sent(Cause::Connection(error.into())),
                false => unknown(Cause::Broken(error.into())),
            })?;
            reply(response, self.limits.body_bytes).await.map_err(unknown)
        };
        let answer = tokio::time::timeout(self.limits.call, answering).await;
        answer.unwrap_or_else(|_| Err(unknown(Cause::Late(self.limits.call))))
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let is_post = call.method == Method::Post;
        let path = match is_post || call.form.is_empty() {
            true => PathAndQuery::from_str(&call.path)?,
            false => PathAndQuery::try_from(format!("{}?{}", call.path, call.form))?,
        };
        let uri = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(path);
        let mut request = Request::builder()
            .method(call.method.as_str())
            .uri(uri.build()?)
            .header(AUTHORIZATION, &self.authorization)
            .header("stripe-version", API_VERSION)
            .header(USER_AGENT, concat!("rialto/", env!("CARGO_PKG_VERSION")));
        if let Some(key) = &call.key {
            request = request.header("idempotency-key", key);
        }
        match is_post {
            true => request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Full::new(Bytes::from(call.form.clone()))),
            false => request.body(Full::default()),
        }
    }
}

/// What a status is counted as.
fn result(status: u16) -> &'static str {
    match status {
        429 => "limited",
        400..=499 => "refused",
        500.. => "failed",
        _ => "ok",
    }
}

/// Whether calls may go to a base.
pub fn check(base: &str) -> Result<(), Unusable> {
    address(base).map(drop)
}

/// Scheme and host of a base, to which calls may go.
fn address(base: &str) -> Result<(Scheme, Authority), Unusable> {
    let uri: Uri = base.parse().map_err(Unusable::Base)?;
    let parts = uri.into_parts();
    let path = parts.path_and_query.as_ref().map_or("/", PathAndQuery::as_str);
    let (Some(scheme), Some(authority), "/") = (parts.scheme, parts.authority, path) else {
        return Err(Unusable::NotABase);
    };
    if authority.as_str().contains('@') {
        return Err(Unusable::NotABase);
    }
    let host = authority.host().trim_matches(['[', ']']);
    let is_loopback = host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    match scheme.as_str() {
        "https" => Ok((scheme, authority)),
        "http" if is_loopback => Ok((scheme, authority)),
        "http" => Err(Unusable::Plain { host: host.to_owned() }),
        _ => Err(Unusable::NotABase),
    }
}

fn client(scheme: &Scheme, limits: &Limits) -> Client<Connector, Full<Bytes>> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let tls = HttpsConnectorBuilder::new().with_webpki_roots();
    let tls = if *scheme == Scheme::HTTPS { tls.https_only() } else { tls.https_or_http() };
    let connector = Connector::new(tls.enable_http1().wrap_connector(http), limits.connect);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build(connector)
}

async fn reply(response: Response<Incoming>, bytes_max: usize) -> Result<Reply, Cause> {
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, bytes_max).collect().await.map_err(|error| match error.is::<LengthLimitError>() {
        true => Cause::TooLong { bytes_max },
        false => Cause::Broken(error),
    })?;
    let body = String::from_utf8(body.to_bytes().into()).map_err(|_| Cause::NotText)?;
    let header = |name: &str| text_of(&parts.headers, name);
    Ok(Reply {
        status: parts.status.as_u16(),
        body,
        is_replayed: header("idempotent-replayed") == Some("true"),
        should_retry: header("stripe-should-retry").and_then(|text| text.parse().ok()),
        // A date, which HTTP allows as well, is not what Stripe sends.
        retry_after_s: header(RETRY_AFTER.as_str()).and_then(|text| text.parse().ok()),
    })
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// Why there can be no gateway.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It is no URL.
    #[error("the address of Stripe is no URL")]
    Base(#[source] InvalidUri),
    /// It is another kind of URL.
    #[error("the address of Stripe is to be like {STRIPE}: a scheme and a host, and nothing else")]
    NotABase,
    /// The key would be on the wire for everybody to read.
    #[error("{host} is only called over https; plain http is for 127.0.0.1 and ::1")]
    Plain {
        /// Whose.
        host: String,
    },
    /// The key cannot be sent.
    #[error("the key cannot be sent in a header")]
    Key(#[source] InvalidHeaderValue),
}

/// No answer came.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The call had no effect: it never left.
    #[error("{call} was not sent")]
    NotSent {
        /// Method and path.
        call: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// It is unknown whether the call had an effect; it may still have one.
    #[error("it is unknown whether {call} had an effect")]
    Unknown {
        /// Method and path.
        call: String,
        /// Why.
        #[source]
        cause: Cause,
    },
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The call is none that HTTP knows.
    #[error("it cannot be written as a request")]
    Request(#[source] hyper::http::Error),
    /// No connection came about.
    #[error("there is no connection")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection ended before the answer did.
    #[error("the connection broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It took too long.
    #[error("nothing came within {0:?}")]
    Late(Duration),
    /// More came than is taken.
    #[error("the answer is longer than {bytes_max} bytes")]
    TooLong {
        /// What is taken.
        bytes_max: usize,
    },
    /// What came is not UTF-8.
    #[error("the answer is no text")]
    NotText,
}
