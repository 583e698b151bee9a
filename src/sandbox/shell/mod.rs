//! The shell: the sandbox behind an address, as a client of Stripe sees it.
//!
//! Calls come in under `/v1`, webhooks go out to one address, signed as Stripe signs them. What customers and banks
//! would do is ordered under `/sandbox`. It listens where it is told to, talks to nobody but that one address, and
//! keeps nothing on disk.

mod answer;
mod control;
mod limits;
mod webhooks;

pub use self::limits::{Called, Rate};
pub use self::webhooks::Webhook;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use self::limits::Limits;
use super::dice::{Dice, Purpose};
use super::{Faults, Sandbox};
use crate::clock::Clock;

/// How a sandbox is served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens; port 0 is any that is free.
    pub listen: SocketAddr,
    /// What its ids, and whatever chance decides, are drawn from.
    pub seed: u64,
    /// What goes wrong.
    pub faults: Faults,
    /// How many calls are taken.
    pub rate: Rate,
    /// How long an answer takes at least.
    pub latency: Duration,
    /// Where webhooks go, if anywhere.
    pub webhook: Option<Webhook>,
    /// So long after it was sent, an invoice is paid; never, where that is not said.
    pub pays_after: Option<Duration>,
    /// What time it is.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 12_111)),
            seed: 1,
            faults: Faults::NONE,
            rate: Rate::default(),
            latency: Duration::ZERO,
            webhook: None,
            pays_after: None,
            clock: Clock::system(),
        }
    }
}

/// A sandbox that is being served. It stops when this is dropped, or told to.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    house: Arc<House>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Looks at what it holds, or does what nobody may do by a call.
    pub fn with<T>(&self, look: impl FnOnce(&mut Sandbox) -> T) -> T {
        look(&mut self.house.sandbox())
    }

    /// How often it was called in all, and each endpoint by its name.
    pub fn called(&self) -> (Called, Vec<(String, Called)>) {
        self.house.limits.lock().unwrap_or_else(PoisonError::into_inner).called()
    }

    /// What time it is there.
    pub fn now(&self) -> i64 {
        self.house.now()
    }

    /// Stops it: what is being answered is left.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        for task in std::mem::take(&mut self.tasks) {
            let _ = task.await;
        }
    }
}

/// What all who answer share.
#[derive(Debug)]
struct House {
    sandbox: Mutex<Sandbox>,
    limits: Mutex<Limits>,
    latency: Duration,
    requests: Mutex<Dice>,
    clock: Clock,
    /// How far it was moved ahead of the clock, in seconds.
    ahead: AtomicI64,
    began: Instant,
    webhook: Option<Webhook>,
    pays_after: Option<Duration>,
}

/// How many connections there are at once; who comes beyond waits.
const CONNECTIONS: usize = 256;
/// How long a connection may take to send a request's head.
const HEAD: Duration = Duration::from_secs(15);
/// How often it is looked whether something is due.
const TICK: Duration = Duration::from_millis(100);

/// Serves a sandbox, from now on and in the background.
pub async fn serve(settings: Settings) -> io::Result<Running> {
    let listener = TcpListener::bind(settings.listen).await?;
    let address = listener.local_addr()?;
    let mut sandbox = Sandbox::new(settings.seed);
    sandbox.set_faults(settings.faults);
    let house = Arc::new(House {
        sandbox: Mutex::new(sandbox),
        limits: Mutex::new(Limits::new(settings.rate)),
        latency: settings.latency,
        requests: Mutex::new(Dice::new(!settings.seed, Purpose::Requests)),
        clock: settings.clock,
        ahead: AtomicI64::new(0),
        began: Instant::now(),
        webhook: settings.webhook,
        pays_after: settings.pays_after,
    });
    let (stop, stopping) = watch::channel(false);
    let accepting = tokio::spawn(accept(listener, Arc::clone(&house), stopping.clone()));
    let ticking = tokio::spawn(tick(Arc::clone(&house), stopping));
    Ok(Running { address, house, stop, tasks: vec![accepting, ticking] })
}

/// Waits until it is to stop, or nobody is there who could say so.
async fn told(stopping: &mut watch::Receiver<bool>) {
    drop(stopping.wait_for(|stop| *stop).await);
}

async fn accept(listener: TcpListener, house: Arc<House>, mut stopping: watch::Receiver<bool>) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepting = async {
            let permit = Arc::clone(&connections).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            accepted = accepting => accepted,
            () = told(&mut stopping) => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely; those in use come back.
                tracing::warn!(%error, "a connection to the sandbox could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (house, mut stopping) = (Arc::clone(&house), stopping.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = attend(stream, house) => {}
                () = told(&mut stopping) => {}
            }
            drop(permit);
        });
    }
}

async fn attend(stream: TcpStream, house: Arc<House>) {
    // Answers are written whole, so that waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let house = Arc::clone(&house);
        async move { answer::answer(&house, request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the sandbox ended early");
    }
}

/// Does what is due, again and again: customers pay, webhooks go out.
async fn tick(house: Arc<House>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = told(&mut stopping) => return,
        }
        house.let_customers_pay();
        tokio::select! {
            () = webhooks::deliver(&house) => {}
            () = told(&mut stopping) => return,
        }
    }
}

impl House {
    fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
        // What a panic left is whole: a test that goes on sees what there is.
        self.sandbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        self.clock.now().0.div_euclid(1_000_000).saturating_add(self.ahead.load(Ordering::Acquire))
    }

    fn is_within_limits(&self, method: &str, path: &str) -> bool {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).take(method, path, now_ms)
    }

    fn request_id(&self) -> String {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).id("req_")
    }

    fn let_customers_pay(&self) {
        let Some(after) = self.pays_after else { return };
        let now = self.now();
        let before = now.saturating_sub(i64::try_from(after.as_secs()).unwrap_or(i64::MAX));
        let mut sandbox = self.sandbox();
        for invoice in sandbox.sent_and_open(before) {
            if let Err(cause) = sandbox.pay(&invoice, now) {
                tracing::warn!(%invoice, %cause, "an invoice was not paid");
            }
        }
    }
}
