//! The server: accepts connections, and bounds them in number, size and time.
//!
//! warp has neither time-outs nor a bound on bodies, so that the accept loop is our own, on hyper's
//! http1: a silent or slow connection is closed, and a body is whole before a route sees it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use warp::http::{Request, Response, header};

use super::access::Access;
use super::house::House;
use super::reply::{Answer, Refused};
use super::room::{Bound, Held, Room};
use super::routes;
use crate::reading::Reader;
use crate::wiring::Rialto;

/// The bounds of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; who comes beyond waits to be accepted.
    pub connections: usize,
    /// The largest body.
    pub body_bytes: usize,
    /// What all bodies together may take up, besides the operator's orders.
    pub bodies_bytes: usize,
    /// How long a connection may take to send a request's head, and to be idle between requests.
    pub head: Duration,
    /// How long a body may take.
    pub body: Duration,
    /// How long an answer may take.
    pub answer: Duration,
    /// How long connections have to finish when the server stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 4096,
            body_bytes: 8 << 20,
            bodies_bytes: 256 << 20,
            head: Duration::from_secs(15),
            body: Duration::from_secs(30),
            answer: Duration::from_secs(60),
            drain: Duration::from_secs(10),
        }
    }
}

/// A server that listens, and is not yet serving.
pub struct Server {
    listener: TcpListener,
    house: House,
    access: Arc<Access>,
    limits: Limits,
}

impl Server {
    /// A server of `rialto` on `listener`.
    pub fn new(listener: TcpListener, rialto: Rialto, reader: Reader, access: Access, limits: Limits) -> Server {
        Server { listener, house: House { rialto, reader, listing: Arc::default() }, access: Arc::new(access), limits }
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` says so; then takes no more connections, lets those there are finish what
    /// they began, and closes them.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let Server { listener, house, access, limits } = self;
        let desk =
            Arc::new(Desk { access, limits, bodies: Room::new(limits.bodies_bytes), rialto: house.rialto.clone() });
        let routes = warp::service(routes::routes(house));
        let connections = Arc::new(Semaphore::new(limits.connections));
        let graceful = GracefulShutdown::new();
        loop {
            let accepting = async {
                let permit = Arc::clone(&connections).acquire_owned().await;
                (permit, listener.accept().await)
            };
            let (permit, stream) = tokio::select! {
                (permit, accepted) = accepting => match accepted {
                    Ok((stream, _)) => (permit, stream),
                    Err(error) => {
                        // Out of file descriptors, most likely; those in use come back.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
                () = async { drop(stop.wait_for(|stop| *stop).await) } => break,
            };
            // Answers are written whole, so that waiting to fill a packet only delays them.
            let _ = stream.set_nodelay(true);
            let (desk, routes) = (Arc::clone(&desk), routes.clone());
            let service = service_fn(move |request| {
                let (desk, routes) = (Arc::clone(&desk), routes.clone());
                async move { Ok::<_, Infallible>(desk.answer(request, routes).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head)
                .max_buf_size(64 << 10)
                .serve_connection(TokioIo::new(stream), service);
            let watched = graceful.watch(connection);
            tokio::spawn(async move {
                if let Err(error) = watched.await {
                    tracing::debug!(%error, "a connection ended early");
                }
                drop(permit);
            });
        }
        drop(listener);
        if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("connections that did not finish in time are closed");
        }
    }
}

struct Desk {
    access: Arc<Access>,
    limits: Limits,
    bodies: Room,
    rialto: Rialto,
}

impl Desk {
    async fn answer<S>(&self, request: Request<Incoming>, routes: S) -> Response<Full<Bytes>>
    where
        S: Routes,
    {
        let start = Instant::now();
        let route = routes::label(request.uri().path());
        let answer = match self.admit(request).await {
            Ok((request, _held)) => {
                let answering = tokio::time::timeout(self.limits.answer, routes.answer(request));
                answering.await.unwrap_or_else(|_| Refused::Slow.answer())
            }
            Err(refused) => refused.answer(),
        };
        let class = match answer.status().as_u16() / 100 {
            2 | 3 => "ok",
            4 => "refused",
            _ => "failed",
        };
        let (count, latency) = self.rialto.meters().requests(route, class);
        count.increment(1);
        latency.record(start.elapsed());
        answer.map(Full::new)
    }

    /// Lets a request in: who sends it may, and its body is whole and small enough.
    async fn admit(&self, request: Request<Incoming>) -> Result<(Request<Full<Bytes>>, Held<'_>), Refused> {
        let (parts, body) = request.into_parts();
        // Who may not is told so before he takes up any room.
        let scope = self.access.check(&parts)?;
        if let Some(encoding) = parts.headers.get(header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
            return Err(Refused::ContentEncoding(
                String::from_utf8_lossy(encoding.as_bytes()).chars().take(80).collect(),
            ));
        }
        let bound = Bound { bytes: self.limits.body_bytes, time: self.limits.body };
        let (bytes, held) = self.bodies.read(body, scope, bound).await?;
        Ok((Request::from_parts(parts, Full::new(bytes)), held))
    }
}

/// The routes, as something that answers a request whose body is whole.
trait Routes: Clone {
    async fn answer(self, request: Request<Full<Bytes>>) -> Answer;
}

impl<S, B> Routes for S
where
    S: tower_service::Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Data = Bytes>,
{
    async fn answer(mut self, request: Request<Full<Bytes>>) -> Answer {
        let Ok(response) = self.call(request).await;
        let (parts, body) = response.into_parts();
        // What the routes answer is in memory already.
        let bytes = body.collect().await.map(|collected| collected.to_bytes()).unwrap_or_default();
        Response::from_parts(parts, bytes)
    }
}
