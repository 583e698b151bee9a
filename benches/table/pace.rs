//! A load that comes at its own times, whether or not what came before it was answered.
//!
//! Every request has an instant at which it is due, and waits from then on, also while it finds no
//! connection free: whoever comes during a pause is not left out of it.

use std::collections::{HashSet, VecDeque};
use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::http::Connection;
use crate::sidecar;

/// Requests that are sent again and again, some of their records with an id that nobody has seen.
pub struct Stock {
    requests: Vec<Sample>,
    /// How many records of each request are new.
    fresh: u64,
    next: AtomicU64,
}

struct Sample {
    bytes: Vec<u8>,
    /// Where the ids of the new records have their numbers.
    places: Vec<usize>,
}

/// How the engine's rows begin, those of Airtable and those of its REST interface.
const BEGINNINGS: [&[u8]; 2] = [b"{\"id\":\"rec", b"{\"airtableId\":\"rec"];
/// How many digits follow.
const DIGITS: usize = 14;

impl Stock {
    /// Requests with rows of the engine, of which the first `fresh` are new each time; the others are repeats.
    pub fn new(requests: Vec<Vec<u8>>, fresh: usize) -> Stock {
        let sample = |bytes: Vec<u8>| {
            let places = (0..bytes.len()).filter_map(|row| Some(row + number_at(&bytes[row..])?));
            Sample { places: places.take(fresh).collect(), bytes }
        };
        Stock { requests: requests.into_iter().map(sample).collect(), fresh: fresh as u64, next: AtomicU64::new(0) }
    }

    /// The next request.
    fn lay_out(&self, request: &mut Vec<u8>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let sample = &self.requests[number as usize % self.requests.len()];
        request.clear();
        request.extend_from_slice(&sample.bytes);
        for (id, place) in (number * self.fresh..).zip(&sample.places) {
            let mut left = id;
            for digit in request[*place..place + DIGITS].iter_mut().rev() {
                *digit = b'0' + (left % 10) as u8;
                left /= 10;
            }
        }
    }

    async fn send(&self, connection: &mut Connection, request: &mut Vec<u8>) -> Result<(), String> {
        self.lay_out(request);
        connection.expect_200(request).await.map(drop).map_err(|error| error.to_string())
    }
}

/// Those rows that have a record id, and of each id the first, so that none contradicts another.
pub fn once_each(rows: Vec<String>) -> Vec<String> {
    let mut known = HashSet::new();
    let id = |row: &String| {
        let place = number_at(row.as_bytes())?;
        row.get(place..place + DIGITS).map(str::to_owned)
    };
    rows.into_iter().filter(|row| id(row).is_some_and(|id| known.insert(id))).collect()
}

/// Where the number of the id is in what begins as a row.
fn number_at(text: &[u8]) -> Option<usize> {
    BEGINNINGS.iter().find(|beginning| text.starts_with(beginning)).map(|beginning| beginning.len())
}

/// How many requests a second are answered, where each connection sends the next as soon as it has its answer.
pub fn ceiling(port: u16, stock: &Arc<Stock>, connections: usize, time: Duration) -> Result<f64, Box<dyn Error>> {
    sidecar::runtime()?.block_on(async {
        let start = Instant::now();
        let senders: Vec<_> = (0..connections)
            .map(|_| {
                let stock = Arc::clone(stock);
                tokio::spawn(async move {
                    let mut connection = Connection::open(port).await.map_err(|error| error.to_string())?;
                    let (mut request, mut count) = (Vec::new(), 0);
                    while start.elapsed() < time {
                        stock.send(&mut connection, &mut request).await?;
                        count += 1;
                    }
                    Ok::<u64, String>(count)
                })
            })
            .collect();
        let mut count = 0;
        for sender in senders {
            count += sender.await??;
        }
        Ok(count as f64 / start.elapsed().as_secs_f64())
    })
}

/// From one instant to another, counted from the start of the load.
pub type Span = (Duration, Duration);

/// What came of a load that was held.
#[derive(Default)]
pub struct Held {
    /// How long each request waited, in microseconds.
    pub waits_us: Vec<u32>,
    /// When somebody waited for long, and until when, from the start on; in order.
    pub long: Vec<Span>,
    /// When the load itself came late, and until when, though it had nothing to do but to come: then the
    /// machine ran nothing of ours.
    pub late: Vec<Span>,
}

/// What is a long wait.
pub const LONG: Duration = Duration::from_millis(50);
/// What is late.
const LATE: Duration = Duration::from_millis(5);

/// Connections that wait for the load.
pub struct Hands {
    runtime: Runtime,
    connections: Vec<Connection>,
    stock: Arc<Stock>,
}

impl Hands {
    /// So many of them, open.
    pub fn open(port: u16, stock: &Arc<Stock>, count: usize) -> Result<Hands, Box<dyn Error>> {
        let runtime = sidecar::runtime()?;
        let connections = runtime.block_on(async {
            let mut connections = Vec::new();
            for _ in 0..count {
                connections.push(Connection::open(port).await?);
            }
            Ok::<_, Box<dyn Error>>(connections)
        })?;
        Ok(Hands { runtime, connections, stock: Arc::clone(stock) })
    }

    /// Sends `per_s` requests a second from `start` on.
    pub fn hold(&mut self, per_s: f64, start: Instant, time: Duration) -> Result<Held, Box<dyn Error>> {
        let Hands { runtime, connections, stock } = self;
        let turns = Arc::new(Turns::new(start));
        let pacer = {
            let turns = Arc::clone(&turns);
            std::thread::spawn(move || turns.pace(per_s, time))
        };
        let held = runtime.block_on(async {
            let send = |connection| tokio::spawn(send(connection, Arc::clone(stock), Arc::clone(&turns)));
            let senders: Vec<_> = connections.drain(..).map(send).collect();
            let (mut waits_us, mut long) = (Vec::with_capacity((per_s * time.as_secs_f64()) as usize), Vec::new());
            for sender in senders {
                let (connection, some_us, some_long) = sender.await??;
                connections.push(connection);
                waits_us.extend(some_us);
                long.extend(some_long);
            }
            long.sort_unstable();
            Ok::<_, Box<dyn Error>>((waits_us, long))
        });
        turns.end();
        let late = pacer.join().map_err(|_| "the load's clock died")?;
        held.map(|(waits_us, long)| Held { waits_us, long, late })
    }
}

type Sent = (Connection, Vec<u32>, Vec<Span>);

async fn send(mut connection: Connection, stock: Arc<Stock>, turns: Arc<Turns>) -> Result<Sent, String> {
    let (mut request, mut waits_us, mut long) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(due) = turns.next().await {
        connection.freshen().await.map_err(|error| error.to_string())?;
        stock.send(&mut connection, &mut request).await?;
        let answered = turns.start.elapsed();
        let wait = answered.saturating_sub(due);
        waits_us.push(u32::try_from(wait.as_micros()).unwrap_or(u32::MAX));
        if LONG < wait {
            long.push((due, answered));
        }
    }
    Ok((connection, waits_us, long))
}

/// Whose turn it is. Of the connections that are free, the one that was used last goes first, as in the pools
/// of HTTP clients: of many that are there for bad times, few are in use while times are good.
struct Turns {
    start: Instant,
    queue: Mutex<Queue>,
    is_over: AtomicBool,
}

#[derive(Default)]
struct Queue {
    /// What is due and found no connection free, by when it was due.
    due: VecDeque<Duration>,
    /// The connections that wait to be told when what they are to send was due.
    free: Vec<oneshot::Sender<Duration>>,
}

impl Turns {
    fn new(start: Instant) -> Turns {
        Turns { start, queue: Mutex::default(), is_over: AtomicBool::new(false) }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Waits until another request is due, and tells since when it is, counted from the start; `None` once
    /// all have been sent.
    async fn next(&self) -> Option<Duration> {
        let waiting = {
            let mut queue = self.queue();
            if let Some(due) = queue.due.pop_front() {
                return Some(due);
            }
            if self.is_over.load(Ordering::Acquire) {
                return None;
            }
            let (tell, waiting) = oneshot::channel();
            queue.free.push(tell);
            waiting
        };
        waiting.await.ok()
    }

    /// Lets the requests go when they are due, at ticks of a millisecond, or as many as there are requests;
    /// and the connections once all are sent. Tells when it came late.
    fn pace(&self, per_s: f64, time: Duration) -> Vec<Span> {
        let burst = (per_s / 1000.0).round().max(1.0);
        let tick = Duration::from_secs_f64(burst / per_s);
        let mut late = Vec::new();
        let mut due = Duration::ZERO;
        while due < time && !self.is_over.load(Ordering::Acquire) {
            let early = due.saturating_sub(self.start.elapsed());
            if !early.is_zero() {
                std::thread::sleep(early);
                let woken = self.start.elapsed();
                if due + LATE < woken {
                    late.push((due, woken));
                }
            }
            let mut queue = self.queue();
            for _ in 0..burst as usize {
                let told = queue.free.pop().is_some_and(|free| free.send(due).is_ok());
                if !told {
                    queue.due.push_back(due);
                }
            }
            due += tick;
        }
        self.end();
        late
    }

    /// That was all: whoever waits may go.
    fn end(&self) {
        let mut queue = self.queue();
        self.is_over.store(true, Ordering::Release);
        queue.free.clear();
    }
}
