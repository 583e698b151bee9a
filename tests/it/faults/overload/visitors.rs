//! Visitors who take up room and give nothing: silent ones, those who dribble, those who never read, those who vanish.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::super::{tell, times};
use super::load::{Came, Stock, offer};
use super::{is_told, is_whole, megabytes, memory, metric, milliseconds};
use crate::doors::request;
use crate::sidecar::{PATIENCE, Sidecar, path, rialto};

/// So many requests a second come from somebody who means it.
const PER_S: f64 = 20.0;
/// Whoever dribbles sends a byte in this time, ten times as often as slowhttptest does where nobody says otherwise
/// (<https://github.com/shekyan/slowhttptest>, 10 s); whoever gave his place up comes again with it.
const DRIBBLE: Duration = Duration::from_secs(1);
/// So much more memory than before, for each who is there: what hyper and the kernel's books keep for one, and an answer.
const EACH: u64 = 40 << 10;

/// A sidecar with so many places.
fn sidecar(folder: &std::path::Path, places: usize) -> Sidecar {
    let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(folder)]);
    command.env("RIALTO_CONNECTIONS", places.to_string());
    Sidecar::start(command)
}

/// Lets this process have so many open files, as far as it may.
fn allow(files: usize) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(files as u64, |maximum| maximum.min(files as u64));
    if current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).unwrap();
    }
}

/// Somebody who came, and said so much.
fn visitor(address: SocketAddr, said: &[u8]) -> TcpStream {
    let mut visitor = TcpStream::connect(address).unwrap();
    visitor.write_all(said).unwrap();
    visitor
}

/// Somebody who means it, for a while: everything of his is taken.
fn engine(address: SocketAddr, stock: &Arc<Stock>, time: Duration) -> Came {
    let came = offer(address, stock, PER_S, time, 16);
    is_told(&came, "the engine");
    assert!(came.refused.is_empty() && came.unsent == 0, "{} refused", came.refused.len());
    came
}

/// Tells that it is over when it is dropped.
struct Ended<'o>(&'o AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn ten_thousand_who_say_nothing_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let (idle, places) = (times(300, 10_000), times(64, 4_096));
    allow(idle + 1_000);
    let sidecar = sidecar(folder.path(), places);
    let (address, stock) = (sidecar.address(), Arc::new(Stock::new(1)));
    let time = Duration::from_millis(times(500, 5_000) as u64);
    engine(address, &stock, time / 5);
    let calm = engine(address, &stock, time);
    let before = memory(&sidecar, "VmRSS");
    // A kept connection is of those that were silent longest in the end, and whoever comes after all of them has his turn.
    let visitors: Vec<TcpStream> = (0..idle).map(|_| visitor(address, b"")).collect();
    let came = Instant::now();
    let coming = engine(address, &stock, time / 5);
    let went = || metric(&sidecar, "rialto_http_connections_given_up_total", "house");
    super::super::soak::until("all had their turn", || (idle - places) as u64 <= went());
    let came = came.elapsed();
    let crowded = engine(address, &stock, time);
    let open = metric(&sidecar, "rialto_http_connections", "house");
    let given_up = metric(&sidecar, "rialto_http_connections_given_up_total", "house");
    assert!(open <= places as u64, "{open} are open");
    assert!((idle - places) as u64 <= given_up, "{given_up} were given up");
    let during = memory(&sidecar, "VmHWM");
    assert!(during < before + places as u64 * EACH + (64 << 20), "{during} bytes, of {before} before");
    if is_whole() {
        let (quiet, crowded) = (calm.quantile(990), crowded.quantile(990));
        assert!(crowded <= quiet * super::SLOWER, "{crowded:?}, {quiet:?} on a quiet day");
    }
    drop(visitors);
    engine(address, &stock, time / 5);
    tell(
        "idle connections",
        format!("{idle} connections that say nothing, {places} places"),
        format!(
            "{given_up} closed for newcomers, the silent first; every request of another taken, p99 {:.1} ms ({:.1} without them; {:.1} in the first {:.1} s after they came, all at once); {:.0} MB resident before, {:.0} at most",
            milliseconds(crowded.quantile(990)),
            milliseconds(calm.quantile(990)),
            milliseconds(coming.quantile(990)),
            came.as_secs_f64(),
            megabytes(before),
            megabytes(during)
        ),
    );
    sidecar.stop();
}

#[test]
fn who_dribbles_or_never_reads_keeps_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let (places, each) = (times(48, 1_024), times(40, 1_000));
    allow(4 * each + 1_000);
    let sidecar = sidecar(folder.path(), places);
    let (address, stock) = (sidecar.address(), Arc::new(Stock::new(1)));
    let time = Duration::from_millis(times(500, 10_000) as u64);
    engine(address, &stock, time / 5);
    let calm = engine(address, &stock, time);
    let before = memory(&sidecar, "VmRSS");
    // Something long to read: a page of transactions has hundreds of thousands of bytes.
    let long = request("GET /v1/transactions?limit=500", &[], "");
    let (status, page) = sidecar.get("/v1/transactions?limit=500");
    let bytes = page.to_string().len();
    assert!(status == 200 && 100_000 < bytes, "{bytes} bytes");
    let head = "POST /v1/activities HTTP/1.1\r\nHost: local";
    let body = request("POST /v1/activities", &["Content-Length: 1000"], "");
    let chunk = request("POST /v1/activities", &["Transfer-Encoding: chunked"], "1\r\n");
    let asked_often = long.repeat(4);
    let kinds = [head.as_bytes(), body.as_bytes(), chunk.as_bytes(), asked_often.as_bytes()];
    let (is_over, is_flood) = (AtomicBool::new(false), AtomicBool::new(false));
    let said = AtomicU64::new(0);
    let crowded = std::thread::scope(|scope| {
        // Whatever fails here, they are told.
        let ended = Ended(&is_over);
        let dribbling = scope.spawn(|| {
            let mut visitors = Vec::new();
            // They go on for as long as somebody else is measured.
            while !is_over.load(Ordering::Acquire) {
                let begun = Instant::now();
                for number in 0..kinds.len() * each {
                    let kind = number % kinds.len();
                    match visitors.get_mut(number) {
                        None => visitors.push(visitor(address, kinds[kind])),
                        Some(_) if kind == 3 => {}
                        Some(gone) => {
                            if gone.write_all(b"a").is_err() {
                                *gone = visitor(address, kinds[kind]);
                            }
                            said.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    if number % 16 == 0 && !is_flood.load(Ordering::Acquire) {
                        let due = DRIBBLE.mul_f64(number as f64 / (kinds.len() * each) as f64);
                        std::thread::sleep(due.saturating_sub(begun.elapsed()));
                    }
                }
            }
            visitors
        });
        let full = || places as u64 <= metric(&sidecar, "rialto_http_connections", "house");
        super::super::soak::until("all places are taken", full);
        // They ask for more than can be read to them, all at once.
        let coming = offer(address, &stock, PER_S, time / 2, 16);
        let crowded = offer(address, &stock, PER_S, time, 16);
        // And as fast as one processor can.
        is_flood.store(true, Ordering::Release);
        let (before, start) = (said.load(Ordering::Relaxed), Instant::now());
        let flooded = offer(address, &stock, PER_S, time / 2, 16);
        let per_s = (said.load(Ordering::Relaxed) - before) as f64 / start.elapsed().as_secs_f64();
        drop(ended);
        drop(dribbling.join().unwrap());
        ([coming, crowded, flooded], per_s)
    });
    let ([coming, crowded, flooded], per_s) = crowded;
    [&coming, &crowded, &flooded].into_iter().for_each(|came| is_told(came, "the engine"));
    let during = memory(&sidecar, "VmHWM");
    let start = Instant::now();
    while 8 < metric(&sidecar, "rialto_http_connections", "house") {
        assert!(start.elapsed() < PATIENCE, "those who left keep their places");
    }
    engine(address, &stock, time / 5);
    tell(
        "slow-loris, half-open, slow readers",
        format!(
            "{each} each that dribble a head, a body and chunks, a byte a second, or ask for {bytes} bytes four times and never read, on {places} places"
        ),
        format!(
            "p99 of another {:.1} ms ({:.1} without them; {:.1} in the first {:.1} s; {:.1} while they send as fast as a processor can, {per_s:.0} bytes a second), {} of {} taken; {:.0} MB resident before, {:.0} at most; their places are free again at once",
            milliseconds(crowded.quantile(990)),
            milliseconds(calm.quantile(990)),
            milliseconds(coming.quantile(990)),
            (time / 2).as_secs_f64(),
            milliseconds(flooded.quantile(990)),
            crowded.taken.len(),
            crowded.taken.len() + crowded.refused.len() + crowded.unsent,
            megabytes(before),
            megabytes(during)
        ),
    );
    // Answers that nobody reads have 64 MiB, and the last of them that was asked for is in the kernel's buffers.
    assert!(during < before + places as u64 * EACH + (192 << 20), "{during} bytes, of {before} before");
    if is_whole() {
        let (quiet, crowded) = (calm.quantile(990), crowded.quantile(990));
        assert!(crowded <= quiet * super::SLOWER, "{crowded:?}, {quiet:?} on a quiet day");
    }
    sidecar.stop();
}
