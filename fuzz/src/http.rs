//! Requests: a whole sidecar in this process, on a loopback address, which answers whatever is asked.
//!
//! The first line is the request's, without a version; then come headers, up to an empty line, and the body. `{token}`
//! stands for the operator's token, and `{signature}` for what Stripe would sign the body with. Every answer is whole and
//! in time, and none says that something broke inside.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rialto::billing::signature::{Secrets, sign};
use rialto::clock::Clock;
use rialto::domain::money::Money;
use rialto::http::access::Access;
use rialto::http::server::{Limits, Server};
use rialto::reading::Reader;
use rialto::stripe::gateway;
use rialto::stripe::key::Key;
use rialto::wiring::{Collecting, Rialto, Settings};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

static HOUSE: Mutex<Option<House>> = Mutex::new(None);

const SECRET: &str = "whsec_fuzzed";
/// Long enough for a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

struct House {
    rialto: Rialto,
    runtime: Runtime,
    stop: watch::Sender<bool>,
    address: SocketAddr,
    token: String,
    line: Option<TcpStream>,
    _folder: tempfile::TempDir,
}

/// A request.
pub fn read(bytes: &[u8]) {
    let mut house = HOUSE.lock().unwrap_or_else(PoisonError::into_inner);
    house.get_or_insert_with(House::open).ask(bytes);
}

/// Ends the sidecar, and its folder with it.
pub fn close() {
    let house = HOUSE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(House { rialto, runtime, stop, .. }) = house {
        stop.send_replace(true);
        let stopped = runtime.block_on(rialto.stop());
        assert!(stopped.is_ok(), "{stopped:?}");
        runtime.shutdown_background();
    }
}

impl House {
    fn open() -> House {
        let folder = super::folder();
        let collecting = Collecting {
            gateway: gateway::Settings {
                // Nobody is there.
                base: "http://127.0.0.1:9".to_owned(),
                key: Key::parse("sk_test_fuzzed").expect("a key"),
                limits: gateway::Limits::default(),
            },
            secrets: Secrets::new([SECRET]).expect("a secret"),
            hour: 23,
            threshold: Money::from_millionths(i64::MAX),
        };
        let settings = Settings {
            collecting: Some(collecting),
            arbiters: 0,
            gate: rialto::actors::gate::Gate { events: 0, hours: 0 },
            ..Settings::new(folder.path())
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let rialto = {
            let _inside = runtime.enter();
            Rialto::start(settings).expect("a Rialto that starts")
        };
        let socket = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("an address");
        let address = socket.local_addr().expect("an address");
        let access = Access::new(folder.path(), address, Vec::new()).expect("rules");
        let token = std::fs::read_to_string(folder.path().join("admin.token")).expect("a token").trim().to_owned();
        let server = Server::new(socket, None, rialto.clone(), Reader::new(chrono_tz::UTC), access, Limits::default());
        let stop = watch::Sender::new(false);
        runtime.spawn(server.serve(stop.subscribe()));
        House { rialto, runtime, stop, address, token, line: None, _folder: folder }
    }

    fn ask(&mut self, bytes: &[u8]) {
        let request = self.request(bytes);
        let mut line = self.line.take().unwrap_or_else(|| self.connect());
        if line.write_all(&request).is_err() {
            // It was closed since the last answer.
            line = self.connect();
            drop(line.write_all(&request));
        }
        let shown = || String::from_utf8_lossy(&request).into_owned();
        let answer = read_head(&mut line).unwrap_or_else(|why| panic!("{why}: {}", shown()));
        let status: u16 = answer.head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
        // What nobody is there for is not there; nothing else is anybody's fault but ours.
        assert!(status < 500 || matches!(status, 502..=504), "{}: {}", shown(), answer.head);
        let head = answer.head.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let (Some(length), false) = (length, request.starts_with(b"HEAD ")) else { return };
        let mut content = answer.rest;
        while content.len() < length {
            let mut part = [0; 4096];
            match line.read(&mut part) {
                Ok(count) if 0 < count => content.extend_from_slice(&part[..count]),
                // libFuzzer looks at its clock.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                ended => panic!("the answer ends early, {ended:?}: {}", shown()),
            }
        }
        if head.contains("content-type: application/json") {
            let json = serde_json::from_slice::<serde_json::Value>(&content);
            let json = json.unwrap_or_else(|error| panic!("{error}: {}", shown()));
            assert_ne!(json["error"]["code"], "stopped", "it stopped: {}", shown());
        }
        if !head.contains("connection: close") {
            self.line = Some(line);
        }
    }

    /// The request as it is sent.
    fn request(&self, bytes: &[u8]) -> Vec<u8> {
        let (head, body) = split(bytes, b"\n\n");
        let signed = sign(body, SECRET, Clock::system().now().0.div_euclid(1_000_000));
        let mut lines = head.split(|byte| *byte == b'\n');
        let mut request = lines.next().unwrap_or_default().to_vec();
        request.extend_from_slice(b" HTTP/1.1\r\nhost: localhost\r\n");
        for line in lines {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
            // How long a body is, and what becomes of the connection, is said here.
            const OURS: [&[u8]; 6] =
                [b"", b"content-length", b"transfer-encoding", b"connection", b"expect", b"upgrade"];
            if OURS.contains(&name.as_slice()) || line.first().is_some_and(u8::is_ascii_whitespace) {
                continue;
            }
            let line = replaced(replaced(line.to_vec(), b"{token}", &self.token), b"{signature}", &signed);
            request.extend(line.into_iter().filter(|byte| *byte != b'\r'));
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        request.extend_from_slice(body);
        request
    }

    fn connect(&self) -> TcpStream {
        let line = TcpStream::connect(self.address).expect("a connection");
        line.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        line.set_nodelay(true).expect("no delay");
        line
    }
}

struct Head {
    head: String,
    rest: Vec<u8>,
}

fn read_head(line: &mut TcpStream) -> Result<Head, String> {
    let mut bytes = Vec::new();
    loop {
        let (head, rest) = split(&bytes, b"\r\n\r\n");
        if head.len() < bytes.len() {
            return Ok(Head { head: String::from_utf8_lossy(head).into_owned(), rest: rest.to_vec() });
        }
        let mut part = [0; 4096];
        match line.read(&mut part) {
            Ok(0) => return Err(format!("closed after {} bytes", bytes.len())),
            Ok(count) => bytes.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// What stands before `by`, and behind it.
fn split<'a>(bytes: &'a [u8], by: &[u8]) -> (&'a [u8], &'a [u8]) {
    let found = bytes.windows(by.len()).position(|window| window == by);
    found.map_or((bytes, &[]), |at| (&bytes[..at], &bytes[at + by.len()..]))
}

fn replaced(line: Vec<u8>, what: &[u8], with: &str) -> Vec<u8> {
    match line.windows(what.len()).position(|window| window == what) {
        Some(at) => [&line[..at], with.as_bytes(), &line[at + what.len()..]].concat(),
        None => line,
    }
}
