//! A load from one thread: requests that come at their own times, whether or not those before them were answered.
//!
//! A request waits from the instant at which it is due, also while this thread has no time for it: so what is
//! measured is never better than what somebody would have seen. Who finds all connections taken is not sent, and counted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// So many events a request has, and so many of them are new each time; the others are repeats. Its work is nearly all
/// the sidecar's: a load that had as much to do as its server could never offer ten times what that can do.
pub const EVENTS: usize = 200;
const FRESH: usize = 20;
const DIGITS: usize = 12;

/// Requests of which each has new events.
#[derive(Debug)]
pub struct Stock {
    request: Vec<u8>,
    /// Where the ids of the new events have their numbers.
    places: Vec<usize>,
    next: Mutex<u64>,
}

impl Stock {
    /// Paid services, an event a line. Those of each stock are new.
    pub fn new(number: usize) -> Stock {
        let line = |event: usize| {
            let citizen = event % 50;
            format!(
                "{{\"id\":\"rec{number}_{event:0>DIGITS$}\",\"type\":\"paid_service\",\"citizen\":\"c{citizen}\",\"duration_minutes\":60}}\n"
            )
        };
        let body: String = (0..EVENTS).map(line).collect();
        let head = format!(
            "POST /v1/activities HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let start = format!("{{\"id\":\"rec{number}_").len();
        let lines = body.lines().scan(head.len(), |at, line| {
            let here = *at;
            *at += line.len() + 1;
            Some(here + start)
        });
        let places = lines.take(FRESH).collect();
        Stock { places, request: [head, body].concat().into_bytes(), next: Mutex::new(EVENTS as u64) }
    }

    /// The next request.
    fn lay_out(&self, request: &mut Vec<u8>) {
        request.clear();
        request.extend_from_slice(&self.request);
        let mut next = self.next.lock().unwrap();
        for place in &self.places {
            let mut left = *next;
            *next += 1;
            for digit in request[*place..place + DIGITS].iter_mut().rev() {
                *digit = b'0' + (left % 10) as u8;
                left /= 10;
            }
        }
    }
}

/// What came of a load.
#[derive(Debug, Default)]
pub struct Came {
    /// How long those waited that were taken.
    pub taken: Vec<Duration>,
    /// How long those waited that were refused and told when to come again.
    pub refused: Vec<Duration>,
    /// What else was answered, by its first line.
    pub other: BTreeMap<String, usize>,
    /// Who found all connections taken.
    pub unsent: usize,
    /// Connections that ended without an answer, by why.
    pub broken: BTreeMap<String, usize>,
    /// From the first request to the last answer.
    pub took: Duration,
}

impl Came {
    /// So many of 1,000 of those taken waited no longer.
    pub fn quantile(&self, of_1000: usize) -> Duration {
        quantile(&self.taken, of_1000)
    }
}

/// So many of 1,000 are no longer.
pub fn quantile(waits: &[Duration], of_1000: usize) -> Duration {
    let mut waits = waits.to_vec();
    waits.sort_unstable();
    waits.get(waits.len() * of_1000 / 1000).or(waits.last()).copied().unwrap_or_default()
}

/// How many requests a second are answered where each of some connections sends the next once it has its answer.
pub fn ceiling(address: SocketAddr, stock: &Arc<Stock>, connections: usize, time: Duration) -> f64 {
    runtime().block_on(async {
        let start = Instant::now();
        let senders: Vec<_> = (0..connections)
            .map(|_| {
                let stock = Arc::clone(stock);
                tokio::spawn(async move {
                    let mut line = Line::open(address).await.unwrap();
                    let (mut request, mut count) = (Vec::new(), 0);
                    while start.elapsed() < time {
                        stock.lay_out(&mut request);
                        let answer = line.ask(&request).await.unwrap();
                        count += usize::from(answer.status == 200);
                    }
                    count
                })
            })
            .collect();
        let mut count = 0;
        for sender in senders {
            count += sender.await.unwrap();
        }
        count as f64 / start.elapsed().as_secs_f64()
    })
}

/// Offers `per_s` requests a second, over as many connections as that takes, up to some.
pub fn offer(address: SocketAddr, stock: &Arc<Stock>, per_s: f64, time: Duration, connections: usize) -> Came {
    runtime().block_on(async {
        let turns = Arc::new(Turns::default());
        let start = Instant::now();
        let (mut senders, mut unsent, mut number) = (Vec::new(), 0, 0_u32);
        loop {
            let due = Duration::from_secs_f64(f64::from(number) / per_s);
            if time <= due {
                break;
            }
            if start.elapsed() < due {
                // A timer has ticks of a millisecond, and nobody waits for a tick that is over.
                tokio::time::sleep_until((start + due).into()).await;
            } else if number.is_multiple_of(16) {
                tokio::task::yield_now().await;
            }
            number += 1;
            let free = turns.free.lock().unwrap().pop();
            if let Some(due) = free.map_or(Some(due), |free| free.send(due).err()) {
                if senders.len() < connections {
                    let (stock, turns) = (Arc::clone(stock), Arc::clone(&turns));
                    senders.push(tokio::spawn(send(address, stock, turns, start, due)));
                } else {
                    unsent += 1;
                }
            }
        }
        turns.end();
        let mut came = Came { unsent, ..Came::default() };
        for sender in senders {
            let some = sender.await.unwrap();
            came.taken.extend(some.taken);
            came.refused.extend(some.refused);
            for (all, some) in [(&mut came.other, some.other), (&mut came.broken, some.broken)] {
                some.into_iter().for_each(|(what, count)| *all.entry(what).or_default() += count);
            }
        }
        came.took = start.elapsed();
        came
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Connections that wait to be told when what they are to send was due; the one that was used last goes first.
#[derive(Debug, Default)]
struct Turns {
    free: Mutex<Vec<oneshot::Sender<Duration>>>,
    is_over: std::sync::atomic::AtomicBool,
}

impl Turns {
    async fn next(&self) -> Option<Duration> {
        let (tell, told) = oneshot::channel();
        {
            let mut free = self.free.lock().unwrap();
            if self.is_over.load(std::sync::atomic::Ordering::Acquire) {
                return None;
            }
            free.push(tell);
        }
        told.await.ok()
    }

    fn end(&self) {
        let mut free = self.free.lock().unwrap();
        self.is_over.store(true, std::sync::atomic::Ordering::Release);
        free.clear();
    }
}

async fn send(address: SocketAddr, stock: Arc<Stock>, turns: Arc<Turns>, start: Instant, due: Duration) -> Came {
    let (mut came, mut request, mut line) = (Came::default(), Vec::new(), None);
    let mut due = Some(due);
    while let Some(since) = due {
        stock.lay_out(&mut request);
        match asked(address, &mut line, &request).await {
            Ok(answer) => {
                let wait = start.elapsed().saturating_sub(since);
                match answer.status {
                    200 => came.taken.push(wait),
                    503 if answer.says_when => came.refused.push(wait),
                    _ => *came.other.entry(answer.first).or_default() += 1,
                }
                if answer.closes {
                    line = None;
                }
            }
            Err(error) => {
                *came.broken.entry(format!("{:?}", error.kind())).or_default() += 1;
                line = None;
            }
        }
        due = turns.next().await;
    }
    came
}

/// Sends a request over a line that is kept, and again over another where that one was closed: whoever keeps a
/// connection has to expect that, and what is handed in twice is taken once.
async fn asked(address: SocketAddr, line: &mut Option<Line>, request: &[u8]) -> std::io::Result<Answer> {
    let mut asked = Err(std::io::ErrorKind::NotConnected.into());
    for _ in 0..TRIES {
        let open = match line.take() {
            Some(kept) => kept,
            None => Line::open(address).await?,
        };
        asked = line.insert(open).ask(request).await;
        if asked.is_ok() {
            return asked;
        }
        *line = None;
    }
    asked
}

/// How often somebody who means it tries.
const TRIES: usize = 5;

struct Answer {
    status: u16,
    first: String,
    says_when: bool,
    closes: bool,
}

struct Line {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Line {
    async fn open(address: SocketAddr) -> std::io::Result<Line> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Line { stream, answer: Vec::with_capacity(1 << 15) })
    }

    /// Sends a request while it waits for the answer: one that is refused by its head may not be read to its end.
    async fn ask(&mut self, request: &[u8]) -> std::io::Result<Answer> {
        self.answer.clear();
        self.stream.write_all(request).await?;
        loop {
            if let Some(answer) = whole(&self.answer) {
                return Ok(answer);
            }
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

fn whole(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let header = |name: &str| {
        let mut headers = head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let length: usize = header("content-length")?.parse().ok()?;
    (end + 4 + length <= bytes.len()).then(|| Answer {
        status: head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default(),
        first: head.lines().next().unwrap_or_default().to_owned(),
        says_when: header("retry-after").is_some(),
        closes: header("connection") == Some("close"),
    })
}
