//! The server: an address, who comes in there and to what, and the bounds in number, size and time.
//!
//! There may be two: the house's own, and one for Stripe's webhooks alone. Each has bounds and room of its own, so that
//! whoever fills the one keeps nobody from the other.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use tokio::net::TcpListener;
use tokio::sync::watch;
use warp::filters::BoxedFilter;

use super::access::Access;
use super::desk::Desk;
use super::entrance::Entrance;
use super::house::House;
use super::listener::Listener;
use super::page::Gallery;
use super::reply::Running;
use super::routes;
use super::tls::Tls;
use crate::metrics::Entry;
use crate::reading::Reader;
use crate::wiring::Rialto;

/// The bounds of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; for who comes beyond, one goes that was silent longest.
    pub connections: usize,
    /// The largest body.
    pub body_bytes: usize,
    /// What all bodies together may take up, besides the operator's orders.
    pub bodies_bytes: usize,
    /// How long a connection may take to shake hands, to send a request's head, and to be idle between requests.
    pub head: Duration,
    /// How long a body may take.
    pub body: Duration,
    /// How long an answer may take.
    pub answer: Duration,
    /// How long a connection may read nothing of what is sent to it.
    pub write: Duration,
    /// How many may watch the page at once.
    pub watchers: usize,
    /// After how long without an event the page says so.
    pub silence: Duration,
    /// How long connections have to finish when the server stops.
    pub drain: Duration,
    /// Whether a connection may bring more than one request.
    pub keep_alive: bool,
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
            write: Duration::from_secs(30),
            watchers: 64,
            silence: Duration::from_secs(900),
            drain: Duration::from_secs(10),
            keep_alive: true,
        }
    }
}

impl Limits {
    /// Those of the address for webhooks. Stripe's events have a few thousand bytes, and what it cannot deliver comes again;
    /// a connection for each bounds in time how long a stranger may keep one.
    pub fn of_webhooks() -> Limits {
        Limits {
            connections: 256,
            body_bytes: 1 << 20,
            bodies_bytes: 16 << 20,
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            write: Duration::from_secs(10),
            watchers: 0,
            keep_alive: false,
            ..Limits::default()
        }
    }
}

/// A server that listens, and is not yet serving.
pub struct Server {
    listener: Listener,
    desk: Desk,
    routes: BoxedFilter<(Running,)>,
    closing: watch::Sender<bool>,
}

impl Server {
    /// A server of `rialto` on `socket`, over TLS where there is a certificate.
    pub fn new(
        socket: TcpListener,
        tls: Option<Arc<Tls>>,
        rialto: Rialto,
        reader: Reader,
        access: Access,
        limits: Limits,
    ) -> Server {
        let closing = watch::Sender::new(false);
        let gallery = Arc::new(Gallery::new(limits.watchers, closing.subscribe()));
        let house = House { rialto: rialto.clone(), reader, listing: Arc::default(), gallery, silence: limits.silence };
        Server {
            listener: Listener { socket, tls, limits, visitors: rialto.meters().visitors(Entry::House) },
            desk: Desk::new(Entrance::House(access), limits, rialto),
            routes: routes::routes(house),
            closing,
        }
    }

    /// One that takes Stripe's webhooks, and has nothing else.
    pub fn of_webhooks(socket: TcpListener, tls: Option<Arc<Tls>>, rialto: Rialto, limits: Limits) -> Server {
        Server {
            listener: Listener { socket, tls, limits, visitors: rialto.meters().visitors(Entry::Webhooks) },
            desk: Desk::new(Entrance::Stripe, limits, rialto.clone()),
            routes: routes::of_webhooks(rialto),
            closing: watch::Sender::new(false),
        }
    }

    /// Where it listens, as a URL without a path.
    pub fn url(&self) -> std::io::Result<String> {
        let scheme = if self.listener.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.listener.socket.local_addr()?))
    }

    /// Serves until `stop` says so; then takes no more connections, lets those there are finish what
    /// they began, and closes them.
    pub async fn serve(self, stop: watch::Receiver<bool>) {
        let Server { listener, desk, routes, closing } = self;
        let (desk, routes) = (Arc::new(desk), warp::service(routes));
        let service = service_fn(move |request| {
            let (desk, routes) = (Arc::clone(&desk), routes.clone());
            async move { Ok::<_, Infallible>(desk.answer(request, routes).await) }
        });
        let mut stopping = stop.clone();
        let close = async {
            drop(stopping.wait_for(|stop| *stop).await);
            // An answer that goes on for as long as somebody watches would never finish by itself.
            closing.send_replace(true);
        };
        tokio::join!(listener.serve(service, stop), close);
    }
}
