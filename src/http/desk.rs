//! The desk: has every request answered, once it may be, its body is whole, and within its time.
//!
//! warp has neither a time-out nor a bound on bodies: a body is whole before a route sees it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Incoming};
use tokio::sync::Semaphore;
use warp::http::{HeaderValue, Method, Request, Response, StatusCode, header};

use super::access::Admitted;
use super::armour::Armour;
use super::bearer::{self, Bearer};
use super::entrance::Entrance;
use super::listener::Caller;
use super::page::MayRead;
use super::places::{Seat, Serving};
use super::reply::{Answer, Code, Refused, Sent};
use super::room::{Bound, Held, Room, kept};
use super::server::Limits;
use super::tokens::Scope;
use super::turns::{LATER, Turn, Turns};
use crate::wiring::Rialto;

/// So many questions are answered at once, and the others wait: a page takes a millisecond or more of a processor, and of
/// thousands that are asked for together whoever hands something in would wait for all. It is not
/// fewer, because one about an event that is not durable yet waits for the disk.
const ASKED: usize = 8;

/// See the module.
#[derive(Debug)]
pub struct Desk {
    entrance: Entrance,
    limits: Limits,
    bodies: Room,
    turns: Arc<Turns>,
    asking: Semaphore,
    rialto: Rialto,
}

impl Desk {
    /// A desk at this entrance.
    pub fn new(entrance: Entrance, limits: Limits, rialto: Rialto) -> Desk {
        Desk {
            entrance,
            limits,
            bodies: Room::new(limits.bodies_bytes),
            turns: Arc::default(),
            asking: Semaphore::new(ASKED),
            rialto,
        }
    }

    /// Has `routes` answer a request, unless it is refused before.
    pub async fn answer<S>(&self, request: Request<Incoming>, routes: S) -> Sent
    where
        S: Routes,
    {
        let start = Instant::now();
        let armour = self.armour(&request);
        let route = self.entrance.label(request.uri().path());
        let is_question = request.method() == Method::GET;
        let mut answer = match self.admit(request).await {
            Ok(Seated { request, scope, bearer, held, _serving, _turn }) => {
                let answering = async {
                    let is_long = is_question && scope == Some(Scope::Read);
                    let _asking = if is_long { self.asking.acquire().await.ok() } else { None };
                    bearer::known_as(bearer, routes.answer(request)).await
                };
                match tokio::time::timeout(self.limits.answer, answering).await {
                    Ok(answer) if is_question => self.keep(answer).await,
                    Ok(answer) => with_bytes(answer, |bytes| Ok(kept(bytes, held))).await,
                    Err(_) => whole(Refused::Slow.answer()),
                }
            }
            Err(refused) => {
                if let Some(reason) = refused.token() {
                    self.rialto.meters().token_refused(reason);
                }
                whole(refused.answer())
            }
        };
        armour.put_on(answer.headers_mut());
        if answer.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Some(methods) = self.entrance.methods(route)
        {
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
        }
        if let Some(Code(code)) = answer.extensions().get() {
            self.rialto.meters().refused(code);
        }
        let class = match answer.status().as_u16() / 100 {
            2 | 3 => "ok",
            4 => "refused",
            _ => "failed",
        };
        self.rialto.meters().requested(route, class, start.elapsed());
        answer
    }

    /// What the answer is armoured with. Only where we are known by a name, a browser may be told to come over TLS alone: of
    /// localhost it would believe it for every other program of the machine.
    fn armour(&self, request: &Request<Incoming>) -> Armour {
        let is_over_tls = request.extensions().get().is_some_and(|caller: &Caller| caller.is_over_tls);
        if is_over_tls && self.entrance.is_named(request.headers()) { Armour::OverTlsAlone } else { Armour::Usual }
    }

    /// Lets a request in: who sends it may, and its body is whole and small enough.
    async fn admit(&self, request: Request<Incoming>) -> Result<Seated, Refused> {
        let (mut parts, body) = request.into_parts();
        // Who may not is told so before he takes up any room.
        let Admitted { scope, bearer } = self.entrance.check(&parts)?;
        if scope.is_none() && self.entrance.may_read(&parts) {
            parts.extensions.insert(MayRead);
        }
        if let Some(encoding) = parts.headers.get(header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
            return Err(Refused::ContentEncoding(
                String::from_utf8_lossy(encoding.as_bytes()).chars().take(80).collect(),
            ));
        }
        let bound = Bound { bytes: self.limits.body_bytes, time: self.limits.body };
        let (bytes, held) = self.bodies.read(body, scope, bound).await?;
        // From here on nobody waits for who sent it, and he keeps his place.
        let _serving = parts.extensions.get::<Arc<Seat>>().map(Seat::serve);
        let turn = (scope == Some(Scope::Ingest)).then(|| self.turns.take(bytes.len()));
        let _turn = match turn.transpose() {
            Ok(turn) => turn,
            Err(refused) => {
                // Until he hears it, he takes up nothing, and another may have his place.
                drop((bytes, held, _serving));
                tokio::time::sleep(LATER).await;
                return Err(refused);
            }
        };
        Ok(Seated { request: Request::from_parts(parts, Full::new(bytes)), scope, bearer, held, _serving, _turn })
    }

    /// Keeps room for an answer to a question until it is read.
    async fn keep(&self, answer: Sent) -> Sent {
        with_bytes(answer, |bytes| self.bodies.keep(bytes)).await
    }
}

/// A request that was let in.
struct Seated {
    request: Request<Full<Bytes>>,
    scope: Option<Scope>,
    bearer: Bearer,
    held: Held,
    _serving: Option<Serving>,
    _turn: Option<Turn>,
}

/// The routes, as something that answers a request whose body is whole.
pub trait Routes: Clone {
    async fn answer(self, request: Request<Full<Bytes>>) -> Sent;
}

/// The answer with other bytes of the same contents, or a refusal to give it. One that goes on is as it is.
async fn with_bytes(answer: Sent, keep: impl FnOnce(Bytes) -> Result<Bytes, Refused>) -> Sent {
    let (parts, body) = answer.into_parts();
    let full = match body {
        Either::Left(full) => full,
        goes_on => return Response::from_parts(parts, goes_on),
    };
    // It is in memory already.
    let bytes = full.collect().await.map(|collected| collected.to_bytes()).unwrap_or_default();
    match keep(bytes) {
        Ok(bytes) => whole(Response::from_parts(parts, bytes)),
        Err(refused) => whole(refused.answer()),
    }
}

fn whole(answer: Answer) -> Sent {
    answer.map(|bytes| Either::Left(Full::new(bytes)))
}

impl<S, B> Routes for S
where
    S: tower_service::Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Data = Bytes, Error = warp::Error> + Send + 'static,
{
    async fn answer(mut self, request: Request<Full<Bytes>>) -> Sent {
        let Ok(response) = self.call(request).await;
        let (parts, body) = response.into_parts();
        if body.size_hint().exact().is_none() {
            // It goes on for as long as somebody watches.
            return Response::from_parts(parts, Either::Right(body.boxed_unsync()));
        }
        // All else that the routes answer is in memory already.
        let bytes = body.collect().await.map(|collected| collected.to_bytes()).unwrap_or_default();
        whole(Response::from_parts(parts, bytes))
    }
}
