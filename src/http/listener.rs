//! The accept loop: takes connections in, shakes hands where there is TLS, and bounds them in number and time.
//!
//! warp has no time-outs, so that the loop is our own, on hyper's http1: a silent or slow connection is closed, and so
//! is one that does not read what it asked for. Whoever is slow to shake hands holds up nobody else; and where all places
//! are taken, who was silent longest gives his up.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;
use warp::http::Request;

use super::patience::Patient;
use super::places::{Places, Seat};
use super::reply::Sent;
use super::server::Limits;
use super::tls::Tls;
use crate::metrics::Visitors;

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// From which address, as far as the network tells it.
    pub address: IpAddr,
    /// Whether nobody on the way can read it.
    pub is_over_tls: bool,
}

/// An address that is listened on.
#[derive(Debug)]
pub struct Listener {
    /// Where connections come in.
    pub socket: TcpListener,
    /// What it answers with, where it speaks TLS.
    pub tls: Option<Arc<Tls>>,
    /// Its bounds.
    pub limits: Limits,
    /// Who is there.
    pub visitors: Arc<Visitors>,
}

impl Listener {
    /// Has `service` answer every request until `stop` says so; then takes no more connections, lets those there are
    /// finish what they began, and closes them.
    pub async fn serve<S>(self, service: S, mut stop: watch::Receiver<bool>)
    where
        S: Service<Request<Incoming>, Response = Sent, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let Listener { socket, tls, limits, visitors } = self;
        let places = Places::new(limits.connections, visitors);
        let graceful = GracefulShutdown::new();
        let mut could_accept = true;
        loop {
            let accepting = async {
                match socket.accept().await {
                    Ok((stream, address)) => Ok((stream, address.ip(), places.take().await)),
                    Err(error) => Err(error),
                }
            };
            let accepted = tokio::select! {
                accepted = accepting => accepted,
                () = told(&mut stop) => break,
            };
            let (stream, address, taken) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: another connection has one. Said once, not for each newcomer.
                    if could_accept {
                        tracing::warn!(%error, "a connection could not be accepted");
                    }
                    could_accept = false;
                    places.give_one_up();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            could_accept = true;
            // Answers are written whole, so that waiting to fill a packet only delays them.
            let _ = stream.set_nodelay(true);
            let (service, watcher) = (service.clone(), graceful.watcher());
            let caller = Caller { address, is_over_tls: tls.is_some() };
            let (tls, stop) = (tls.clone(), stop.clone());
            tokio::spawn(async move {
                let seat = taken.seat();
                let attending = async {
                    match tls {
                        None => attend(stream, service, (caller, seat), limits, watcher).await,
                        Some(tls) => {
                            if let Some(stream) = shake_hands(stream, &tls, limits.head, stop).await {
                                attend(stream, service, (caller, seat), limits, watcher).await;
                            }
                        }
                    }
                };
                tokio::select! {
                    () = attending => {}
                    () = seat.left() => tracing::debug!("a connection that was silent makes room for another"),
                }
            });
        }
        drop(socket);
        if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("connections that did not finish in time are closed");
        }
    }
}

/// Waits until it is to stop, or nobody is there who could say so.
async fn told(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

/// Shakes hands, unless that takes too long or everything stops meanwhile: nothing was asked yet.
async fn shake_hands(
    stream: TcpStream,
    tls: &Tls,
    time: Duration,
    mut stop: watch::Receiver<bool>,
) -> Option<TlsStream<TcpStream>> {
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(time, tls.accept(stream)) => shaken,
        () = told(&mut stop) => return None,
    };
    shaken
        .unwrap_or_else(|late| Err(late.into()))
        .inspect_err(|error| tracing::debug!(%error, "a connection ended before hands were shaken"))
        .ok()
}

async fn attend<S>(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    service: S,
    (caller, seat): (Caller, &Arc<Seat>),
    limits: Limits,
    watcher: Watcher,
) where
    S: Service<Request<Incoming>, Response = Sent, Error = Infallible>,
{
    let seat = Arc::clone(seat);
    let stream = TokioIo::new(Patient::new(stream, limits.write));
    let service = service_fn(move |mut request: Request<Incoming>| {
        seat.hear();
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(Arc::clone(&seat));
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(64 << 10)
        .keep_alive(limits.keep_alive)
        .serve_connection(stream, service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
