//! The binary as its users have it: child processes, and plain HTTP to them.
//!
//! A child never outlives its test: it is killed when it is dropped.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// The type of a body with an event on each line.
pub const LINES: &str = "application/x-ndjson";
/// The type of a body that is one event, or an array of them.
pub const JSON: &str = "application/json";
/// How long anything may take before a test gives it up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A command of the binary, in an environment of its own.
pub fn rialto(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rialto"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    // What guards hold depends on the order of events; those who try them set limits of their own.
    for guard in
        ["CITIZEN_HOUR", "CITIZEN_DAY", "BUSINESS_HOUR", "BUSINESS_DAY", "PAYER_HOUR", "PAYER_DAY", "PAIR_HOUR"]
    {
        command.env(format!("RIALTO_GUARD_{guard}"), "1000000000");
    }
    command
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// What it printed, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Ran {
    ran(rialto(arguments))
}

/// Runs a command to its end, with `input` on its standard input.
pub fn run_with(arguments: &[&str], input: &str) -> Ran {
    let mut command = rialto(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().expect("piped"), input.to_owned());
    // A command that refuses to start reads nothing.
    let writing = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    told(output)
}

/// Runs a command to its end.
pub fn ran(mut command: Command) -> Ran {
    told(command.output().unwrap())
}

fn told(output: std::process::Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// What `rialto verify --json` says of a folder, which must be in order.
pub fn verify(data: &Path) -> Value {
    let ran = run(&["verify", "--json", "--data", path(data)]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.json()
}

/// A path as an argument.
pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A running sidecar.
#[derive(Debug)]
pub struct Sidecar {
    child: Child,
    address: SocketAddr,
    webhooks: Option<String>,
    agent: ureq::Agent,
    log: Arc<Mutex<String>>,
    silence: Receiver<()>,
}

impl Sidecar {
    /// Starts one on a free port of the loopback address, and waits until it listens.
    pub fn serve(data: &Path) -> Sidecar {
        Sidecar::start(rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(data)]))
    }

    /// Starts one by this command, and waits until it listens.
    pub fn start(command: Command) -> Sidecar {
        Sidecar::try_start(command).unwrap_or_else(|(status, log)| panic!("it did not start, {status}: {log}"))
    }

    /// Starts one by this command, and waits until it listens, or has ended and said why.
    pub fn try_start(mut command: Command) -> Result<Sidecar, (ExitStatus, String)> {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().expect("piped"));
        let log = Arc::new(Mutex::new(String::new()));
        let Some((address, webhooks)) = addresses(&mut lines, &log) else {
            let status = child.wait().unwrap();
            let log = log.lock().unwrap().clone();
            return Err((status, log));
        };
        let kept = Arc::clone(&log);
        let (speaking, silence) = channel();
        std::thread::spawn(move || {
            let _speaking = speaking;
            for line in lines.lines().map_while(Result::ok) {
                *kept.lock().unwrap() += &format!("{line}\n");
            }
        });
        Ok(Sidecar { child, address, webhooks, agent: agent(), log, silence })
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it takes webhooks alone, as it says.
    pub fn webhooks(&self) -> &str {
        self.webhooks.as_deref().expect("an address for webhooks")
    }

    /// Its address as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it wrote to standard error so far, after it listened.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// A line to it of its own: one connection, kept.
    pub fn line(&self) -> Line {
        Line { agent: agent(), url: self.url() }
    }

    /// Asks for what is at a path.
    pub fn get(&self, path: &str) -> (u16, Value) {
        get(&self.agent, &self.url(), path).unwrap()
    }

    /// Hands a body in.
    pub fn post(&self, path: &str, content_type: &str, body: &str) -> (u16, Value) {
        post(&self.agent, &self.url(), path, content_type, body).unwrap()
    }

    /// Sends bytes as they are, and reads the answer until it is whole.
    pub fn raw(&self, request: &[u8]) -> Answer {
        raw(self.address, request)
    }

    /// Sends bytes as they are, and reads the head of the answer: one to HEAD has no body.
    pub fn raw_head(&self, request: &[u8]) -> Answer {
        answer(self.address, request, false)
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub fn ended(&mut self) -> (ExitStatus, String) {
        // Its standard error is closed when it ends, and nobody else has it.
        let silence = self.silence.recv_timeout(PATIENCE);
        assert_eq!(silence, Err(RecvTimeoutError::Disconnected), "it does not end: {}", self.log());
        let status = self.child.wait().unwrap();
        (status, self.log())
    }

    /// Asks it to stop, and does not wait.
    pub fn ask_to_stop(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Asks it to stop, and waits until it did, with success.
    pub fn stop(self) {
        self.stop_and_tell(|_| {});
    }

    /// The same; then tells all that it wrote to standard error, after it listened.
    pub fn stop_and_tell(mut self, tell: impl FnOnce(&str)) {
        self.ask_to_stop();
        let (status, log) = self.ended();
        assert!(status.success(), "{status}: {log}");
        tell(&log);
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection to a sidecar that may be killed at any moment.
#[derive(Clone, Debug)]
pub struct Line {
    agent: ureq::Agent,
    url: String,
}

impl Line {
    /// Hands a body in; `None` where no whole answer came.
    pub fn post(&self, path: &str, content_type: &str, body: &str) -> Option<(u16, Value)> {
        post(&self.agent, &self.url, path, content_type, body)
    }

    /// Asks for what is at a path; `None` where no whole answer came.
    pub fn get(&self, path: &str) -> Option<(u16, Value)> {
        get(&self.agent, &self.url, path)
    }
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        { headers }.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Sends bytes as they are to `address`, and reads the answer until it is whole.
pub fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    answer(address, request, true)
}

/// Sends a request, and reads the head of the answer, which is all of it to HEAD.
pub fn answer_to(address: SocketAddr, request: &str) -> Answer {
    answer(address, request.as_bytes(), !request.starts_with("HEAD "))
}

fn answer(address: SocketAddr, request: &[u8], has_body: bool) -> Answer {
    read_answer(connect(address), request, has_body)
}

/// A connection that is given up once it says nothing for too long.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends bytes as they are, and reads the answer until it is whole.
pub fn read_answer(mut stream: impl Read + Write, request: &[u8], has_body: bool) -> Answer {
    // A request that is refused by its head is not read to its end.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
            let status = status.unwrap_or_else(|| panic!("no status: {head}"));
            let answer = Answer { status, head: head.to_owned(), body: body.to_owned() };
            let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
            if !has_body || length <= body.len() {
                return answer;
            }
        }
        match stream.read(&mut part) {
            Ok(read) if 0 < read => bytes.extend_from_slice(&part[..read]),
            ended => panic!("the answer ends early: {ended:?} {}", String::from_utf8_lossy(&bytes)),
        }
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.max_idle_connections_per_host(1).timeout_global(Some(PATIENCE)).build().new_agent()
}

fn get(agent: &ureq::Agent, url: &str, path: &str) -> Option<(u16, Value)> {
    read(agent.get(format!("{url}{path}")).call().ok()?)
}

fn post(agent: &ureq::Agent, url: &str, path: &str, content_type: &str, body: &str) -> Option<(u16, Value)> {
    read(agent.post(format!("{url}{path}")).header("content-type", content_type).send(body).ok()?)
}

fn read(response: ureq::http::Response<ureq::Body>) -> Option<(u16, Value)> {
    let status = response.status().as_u16();
    let text = response.into_body().with_config().limit(64 << 20).read_to_string().ok()?;
    Some((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

fn addresses(lines: &mut BufReader<ChildStderr>, log: &Mutex<String>) -> Option<(SocketAddr, Option<String>)> {
    let mut line = String::new();
    while 0 < lines.read_line(&mut line).unwrap() {
        let rest = line.strip_prefix("Rialto listens on http");
        if let Some(rest) = rest.and_then(|rest| rest.strip_prefix("://").or_else(|| rest.strip_prefix("s://"))) {
            let webhooks = rest.trim_end().split_once(", and for Stripe alone on ").map(|(_, url)| url.to_owned());
            return Some((rest.split('/').next()?.parse().unwrap(), webhooks));
        }
        *log.lock().unwrap() += &line;
        line.clear();
    }
    None
}
