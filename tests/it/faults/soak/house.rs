//! A sidecar whose days are as long as a test says, and its bank: the program itself, by a clock that is set.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rialto::clock::Clock;
use rialto::domain::time::Moment;
use rialto::sandbox::shell::{self, Running, Webhook};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::sidecar::{PATIENCE, Ran, Sidecar, path, ran, rialto};

const SECOND: i64 = 1_000_000;
const SECRET: &str = "whsec_sandbox";
/// An invoice is paid so long after it was sent.
const PAYS_AFTER: Duration = Duration::from_secs(2 * 3600);

/// See the module.
pub struct House {
    pub data: PathBuf,
    pub bank: Bank,
    sidecar: Option<Sidecar>,
    clock: Clock,
    watch: PathBuf,
    library: PathBuf,
    port: u16,
    room: tempfile::TempDir,
}

/// Stripe's stand-in, by the same clock.
pub struct Bank {
    running: Option<Running>,
    runtime: Runtime,
}

impl House {
    /// One that opens at this instant, with a library that sets clocks.
    pub fn open(library: PathBuf, at: i64) -> House {
        let room = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let clock = Clock::simulated(Moment(at));
        let bank = Bank::open(clock.clone(), port);
        let (data, watch) = (room.path().join("data"), room.path().join("watch"));
        let mut house = House { data, bank, sidecar: None, clock, watch, library, port, room };
        house.wait_until(at);
        house.start();
        house
    }

    /// Sets all clocks.
    pub fn wait_until(&self, at: i64) {
        self.clock.advance_to(Moment(at));
        let seconds = chrono::DateTime::from_timestamp(self.clock.now().0.div_euclid(SECOND) + 1, 0).unwrap();
        let next = self.room.path().join("next");
        std::fs::write(&next, seconds.format("%Y-%m-%d %H:%M:%S\n").to_string()).unwrap();
        // Whoever looks at the clock meanwhile sees the one time or the other.
        std::fs::rename(&next, &self.watch).unwrap();
    }

    pub fn now(&self) -> i64 {
        self.clock.now().0
    }

    pub fn sidecar(&self) -> &Sidecar {
        self.sidecar.as_ref().unwrap()
    }

    fn start(&mut self) {
        let listen = format!("127.0.0.1:{}", self.port);
        let mut command = rialto(&["serve", "--listen", &listen, "--data", path(&self.data)]);
        command.env("RIALTO_STRIPE_MODE", "sandbox").env("RIALTO_STRIPE_URL", self.bank.url());
        // Rounds are at the end of each day.
        command.env("RIALTO_BILL_HOUR", "23").env("RIALTO_BILL_THRESHOLD", "1000000");
        command.env("RIALTO_GATE_EVENTS", "1").env("RIALTO_GATE_HOURS", "0");
        self.by_the_clock(&mut command);
        self.sidecar = Some(Sidecar::start(command));
    }

    /// Ends it, in good order or by a kill, and starts it again.
    pub fn restart(&mut self, is_killed: bool) {
        let mut sidecar = self.sidecar.take().unwrap();
        if is_killed {
            sidecar.kill();
        } else {
            sidecar.stop();
        }
        self.start();
    }

    /// Ends it in good order.
    pub fn stop(&mut self) {
        self.sidecar.take().unwrap().stop();
    }

    /// Runs a command as the operator does.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let token = std::fs::read_to_string(self.data.join("admin.token")).unwrap();
        let mut command = rialto(arguments);
        command.env("RIALTO_URL", self.sidecar().url()).env("RIALTO_TOKEN", token.trim());
        self.by_the_clock(&mut command);
        ran(command)
    }

    /// Runs a command that is to succeed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}: {ran:?}");
        ran.out
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, answer) = self.sidecar().get(path);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    fn by_the_clock(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", &self.watch).env("TZ", "UTC");
        // Timers are the machine's own, so that a poll does not last a simulated week.
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}

impl Bank {
    fn open(clock: Clock, port: u16) -> Bank {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let url = format!("http://127.0.0.1:{port}/webhooks/stripe");
        let settings = shell::Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            rate: shell::Rate { all: 10_000, endpoint: 10_000 },
            webhook: Some(Webhook { url, secret: SECRET.into() }),
            pays_after: Some(PAYS_AFTER),
            clock,
            ..shell::Settings::default()
        };
        let running = Some(runtime.block_on(shell::serve(settings)).unwrap());
        Bank { running, runtime }
    }

    pub fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    fn url(&self) -> String {
        format!("http://{}", self.running().address())
    }

    /// Has a customer made.
    pub fn customer(&self, email: &str) -> String {
        let request = ureq::post(format!("{}/v1/customers", self.url()))
            .header("authorization", "Bearer sk_test_sandbox")
            .header("content-type", "application/x-www-form-urlencoded");
        let text = request.send(format!("email={email}")).unwrap().into_body().read_to_string().unwrap();
        let customer: Value = serde_json::from_str(&text).unwrap();
        customer["id"].as_str().unwrap().to_owned()
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

/// Waits until it is so.
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Resident memory of a process, in bytes.
pub fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}
