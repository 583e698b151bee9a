//! The accept loop: takes connections in, shakes hands where there is TLS, and bounds them in number and time.
//!
//! warp has no time-outs, so that the loop is our own, on hyper's http1: a silent or slow connection is closed, and so
//! is one that does not read what it asked for. Whoever is slow to shake hands holds up nobody else.

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
use tokio::sync::{Semaphore, watch};
use tokio_rustls::server::TlsStream;
use warp::http::Request;

use super::patience::Patient;
use super::reply::Sent;
use super::server::Limits;
use super::tls::Tls;

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
}

impl Listener {
    /// Has `service` answer every request until `stop` says so; then takes no more connections, lets those there are
    /// finish what they began, and closes them.
    pub async fn serve<S>(self, service: S, mut stop: watch::Receiver<bool>)
    where
        S: Service<Request<Incoming>, Response = Sent, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let Listener { socket, tls, limits } = self;
        let connections = Arc::new(Semaphore::new(limits.connections));
        let graceful = GracefulShutdown::new();
        loop {
            let accepting = async {
                let permit = Arc::clone(&connections).acquire_owned().await;
                (permit, socket.accept().await)
            };
            let (permit, stream, address) = tokio::select! {
                (permit, accepted) = accepting => match accepted {
                    Ok((stream, address)) => (permit, stream, address.ip()),
                    Err(error) => {
                        // Out of file descriptors, most likely; those in use come back.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
                () = told(&mut stop) => break,
            };
            // Answers are written whole, so that waiting to fill a packet only delays them.
            let _ = stream.set_nodelay(true);
            let (service, watcher) = (service.clone(), graceful.watcher());
            let caller = Caller { address, is_over_tls: tls.is_some() };
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(caller);
                service.call(request)
            });
            let (tls, stop) = (tls.clone(), stop.clone());
            tokio::spawn(async move {
                match tls {
                    None => attend(stream, service, limits, watcher).await,
                    Some(tls) => {
                        if let Some(stream) = shake_hands(stream, &tls, limits.head, stop).await {
                            attend(stream, service, limits, watcher).await;
                        }
                    }
                }
                drop(permit);
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

async fn attend<S>(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, service: S, limits: Limits, watcher: Watcher)
where
    S: Service<Request<Incoming>, Response = Sent, Error = Infallible>,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(64 << 10)
        .keep_alive(limits.keep_alive)
        .serve_connection(TokioIo::new(Patient::new(stream, limits.write)), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
