//! The load over HTTP: the release binary serves, and this process asks, on the same cores.
//!
//! The load generator speaks HTTP/1.1 with keep-alive over plain sockets. Every request is laid out in
//! memory before the clock starts.

use std::error::Error;
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rialto::demo::{self, Table};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::figure::{Bench, Figure, Found};
use crate::machine::Others;
use crate::process::Process;
use crate::{disk, sidecar, stats};

/// Records a batch.
pub const BATCH: usize = 500;
/// Connections that send batches.
pub const BATCHERS: usize = 4;
/// Connections that send one record a request.
pub const SINGLES: usize = 64;

/// Batches of 500 rows as the engine writes them.
pub fn batches(bench: &Bench) -> Found {
    let room = bench.room()?;
    let server = Server::start(&bench.binary, room.path())?;
    let mut rows = Rows::new();
    found_city(&server, &rows)?;
    let (mut rates, mut sizes, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..Bench::RUNS {
        let rows = rows.take(bench.volume(400_000).next_multiple_of(BATCH));
        let bytes: usize = rows.iter().map(|row| row.len() + 1).sum();
        let requests: Vec<Vec<u8>> =
            rows.chunks(BATCH).map(|rows| post(server.port, "application/x-ndjson", &rows.join("\n"))).collect();
        let (load, count) = (Load::new(requests, BATCHERS), rows.len());
        let foreign = Others::start();
        let before = server.ticks();
        let done = load.run(server.port, Duration::MAX)?;
        others.push(foreign.share_with(server.ticks() - before));
        rates.push(count as f64 / done.took.as_secs_f64());
        sizes.push(bytes as f64 / count as f64);
    }
    let size = sizes.iter().sum::<f64>() / sizes.len() as f64;
    let note = format!("{size:.0} bytes a record, {BATCHERS} connections; {}", Others::note(&others));
    Ok(vec![Figure::new("http_batches_per_s", rates).noted(note.trim_end_matches("; "))])
}

/// One record a request, over 64 connections.
pub fn singles(bench: &Bench) -> Found {
    let room = bench.room()?;
    let server = Server::start(&bench.binary, room.path())?;
    let mut rows = Rows::new();
    found_city(&server, &rows)?;
    let time = Duration::from_secs(if bench.is_quick { 1 } else { 4 });
    let mut figures = [
        "http_singles_per_s",
        "http_singles_p50_us",
        "http_singles_p99_us",
        "http_singles_disk_p50_us",
        "http_singles_disk_p99_us",
    ]
    .map(|name| Figure::new(name, Vec::new()));
    let mut others = Vec::new();
    for _ in 0..Bench::RUNS {
        let mut syncs = disk::overwrites(room.path(), 200)?;
        let rows = rows.take(40_000 * time.as_secs() as usize);
        let requests = rows.iter().map(|row| post(server.port, "application/json", row)).collect();
        let load = Load::new(requests, SINGLES);
        let (foreign, before) = (Others::start(), server.ticks());
        let mut done = load.run(server.port, time)?;
        others.push(foreign.share_with(server.ticks() - before));
        syncs.extend(disk::overwrites(room.path(), 200)?);
        let rate = done.waits.len() as f64 / done.took.as_secs_f64();
        let ((p50, p99), (disk_p50, disk_p99)) = (stats::p50_p99_us(&mut done.waits), stats::p50_p99_us(&mut syncs));
        for (figure, value) in figures.iter_mut().zip([rate, p50, p99, disk_p50, disk_p99]) {
            figure.runs.push(value);
        }
    }
    figures[0].note = Others::note(&others);
    Ok(figures.into())
}

/// Tells the sidecar who lives in the city and what it is built of.
pub fn found_city(server: &Server, rows: &Rows) -> Result<(), Box<dyn Error>> {
    sidecar::runtime()?.block_on(async {
        let mut connection = Connection::open(server.port).await?;
        for delivery in rows.city.founding() {
            let path = if delivery.table == Table::Citizens { "/v1/citizens" } else { "/v1/buildings" };
            let request = request("POST", path, server.port, "application/x-ndjson", &delivery.rows.join("\n"));
            connection.expect_200(&request).await?;
        }
        Ok(())
    })
}

/// The engine's rows of activities, as the demo's city writes them.
pub struct Rows {
    city: demo::City,
    ticks: demo::Ticks,
}

impl Rows {
    /// From its first day on.
    pub fn new() -> Rows {
        let city = demo::City::new(1797);
        let ticks = city.ticks();
        Rows { city, ticks }
    }

    /// The next ones.
    pub fn take(&mut self, count: usize) -> Vec<String> {
        let deliveries = self.ticks.by_ref().flat_map(|tick| tick.deliveries);
        let activities = deliveries.filter(|delivery| delivery.table == Table::Activities);
        activities.flat_map(|delivery| delivery.rows).take(count).collect()
    }
}

/// A `rialto serve` of our own.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
}

impl Server {
    /// Starts one on a free port, and waits until it is ready.
    pub fn start(binary: &Path, data: &Path) -> Result<Server, Box<dyn Error>> {
        let mut command = Command::new(binary);
        command.stderr(Stdio::null());
        Server::run(command, data)
    }

    /// The same, with a log in JSON that tells of each group which took the disk long.
    pub fn start_logging(binary: &Path, data: &Path, log: File) -> Result<Server, Box<dyn Error>> {
        let mut command = Command::new(binary);
        command.envs([("RIALTO_LOG", "info,rialto::journal=debug"), ("RIALTO_LOG_FORMAT", "json")]).stderr(log);
        Server::run(command, data)
    }

    fn run(mut command: Command, data: &Path) -> Result<Server, Box<dyn Error>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(data);
        // What is held is in no sum: all that is priced is to be counted.
        for guard in
            ["CITIZEN", "BUSINESS", "PAYER"].iter().flat_map(|who| [format!("{who}_HOUR"), format!("{who}_DAY")])
        {
            command.env(format!("RIALTO_GUARD_{guard}"), "1000000000");
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut server = Server { child, port };
        let start = Instant::now();
        loop {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("`rialto serve` ended at once: {status}").into());
            }
            let is_ready = sidecar::runtime()?.block_on(async {
                let mut connection = Connection::open(port).await?;
                connection.expect_200(&get(port, "/readyz")).await.map(drop)
            });
            match is_ready {
                Ok(()) => return Ok(server),
                Err(error) if Duration::from_secs(60) < start.elapsed() => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Its process.
    pub fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// The processor time that it has used so far.
    pub fn ticks(&self) -> u64 {
        Others::ticks_of(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone after this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request for something.
pub fn get(port: u16, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n").into_bytes()
}

/// A request that hands activities in.
pub fn post(port: u16, kind: &str, body: &str) -> Vec<u8> {
    request("POST", "/v1/activities", port, kind, body)
}

fn request(method: &str, path: &str, port: u16, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Requests, dealt to connections.
pub struct Load {
    hands: Vec<Vec<Vec<u8>>>,
}

/// What came of a load.
pub struct Done {
    /// How long each request waited for its answer.
    pub waits: Vec<Duration>,
    /// From the first request to the last answer.
    pub took: Duration,
}

impl Load {
    /// Deals requests out to so many connections.
    pub fn new(requests: Vec<Vec<u8>>, connections: usize) -> Load {
        let mut hands: Vec<Vec<Vec<u8>>> = vec![Vec::new(); connections];
        for (number, request) in requests.into_iter().enumerate() {
            hands[number % connections].push(request);
        }
        Load { hands }
    }

    /// Sends everything, or as much as fits into `time`: one request after the other on each connection.
    pub fn run(self, port: u16, time: Duration) -> Result<Done, Box<dyn Error>> {
        sidecar::runtime()?.block_on(async move {
            let mut connections = Vec::new();
            for hand in self.hands {
                connections.push((Connection::open(port).await?, hand));
            }
            let start = Instant::now();
            let senders: Vec<_> = connections
                .into_iter()
                .map(|(mut connection, hand)| {
                    tokio::spawn(async move {
                        let mut waits = Vec::with_capacity(hand.len());
                        for request in hand {
                            let began = Instant::now();
                            if time <= began - start {
                                break;
                            }
                            connection.expect_200(&request).await.map_err(|error| error.to_string())?;
                            waits.push(began.elapsed());
                        }
                        Ok::<_, String>(waits)
                    })
                })
                .collect();
            let mut waits = Vec::new();
            for sender in senders {
                waits.extend(sender.await??);
            }
            Ok(Done { waits, took: start.elapsed() })
        })
    }
}

/// One connection, kept alive.
pub struct Connection {
    port: u16,
    stream: TcpStream,
    answer: Vec<u8>,
    used: Instant,
}

/// A connection that was idle for as long is opened anew, as clients do: the sidecar closes it after 15 seconds.
const IDLE: Duration = Duration::from_secs(10);

impl Connection {
    /// A connection to the server on `port`.
    pub async fn open(port: u16) -> Result<Connection, Box<dyn Error>> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { port, stream, answer: Vec::with_capacity(1 << 17), used: Instant::now() })
    }

    /// Opens it anew, where it was idle for long.
    pub async fn freshen(&mut self) -> Result<(), Box<dyn Error>> {
        if IDLE < self.used.elapsed() {
            *self = Connection::open(self.port).await?;
        }
        self.used = Instant::now();
        Ok(())
    }

    /// Sends a request and reads the whole answer, whose body is returned. Any status but 200 is an
    /// error, and so is an answer that rejects a record.
    pub async fn expect_200(&mut self, request: &[u8]) -> Result<&[u8], Box<dyn Error>> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        let (head, length) = loop {
            self.read().await?;
            if let Some(head) = find(&self.answer, b"\r\n\r\n") {
                break (head + 4, content_length(&self.answer[..head])?);
            }
        };
        while self.answer.len() < head + length {
            self.read().await?;
        }
        let body = &self.answer[head..head + length];
        if !self.answer.starts_with(b"HTTP/1.1 200") {
            let start = String::from_utf8_lossy(&self.answer[..self.answer.len().min(300)]);
            return Err(format!("the sidecar answered {start}").into());
        }
        // The counts come before the results.
        let counts = &body[..body.len().min(120)];
        match find(counts, b"\"rejected\":") {
            Some(at) if counts.get(at + 11) != Some(&b'0') => {
                let start = String::from_utf8_lossy(&body[..body.len().min(600)]);
                Err(format!("the sidecar rejected a record: {start}").into())
            }
            _ => Ok(body),
        }
    }

    async fn read(&mut self) -> Result<(), Box<dyn Error>> {
        match self.stream.read_buf(&mut self.answer).await? {
            0 => Err("the sidecar closed a connection".into()),
            _ => Ok(()),
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn content_length(head: &[u8]) -> Result<usize, Box<dyn Error>> {
    let head = str::from_utf8(head)?;
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = length.ok_or("the sidecar's answer has no Content-Length")?;
    Ok(length.trim().parse()?)
}
