//! The room that bodies take up: charged as they arrive, and the operator's is his own.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use rialto::http::access::Access;
use rialto::http::server::{Limits, Server};
use rialto::reading::Reader;
use rialto::wiring::Rialto;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::doors::request;
use super::sidecar::{Answer, raw};
use super::support::start;

/// So much room there is for bodies, and one may be half of it.
const ROOM: usize = 1 << 20;
const LARGEST: usize = ROOM / 2;
const POST: &str = "POST /v1/activities";
const EVENT: &str = "{\"id\":\"rec1\"}";

struct Serving {
    address: SocketAddr,
    rialto: Rialto,
    admin: String,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

async fn serve(folder: &Path) -> Serving {
    let rialto = start(folder);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let access = Access::new(folder, address, Vec::new()).unwrap();
    let limits = Limits { body_bytes: LARGEST, bodies_bytes: ROOM, ..Limits::default() };
    let server = Server::new(listener, None, rialto.clone(), Reader::new(chrono_tz::UTC), access, limits);
    let (stop, stopping) = watch::channel(false);
    let serving = tokio::spawn(server.serve(stopping));
    let token = std::fs::read_to_string(folder.join("admin.token")).unwrap();
    Serving { address, rialto, admin: format!("Authorization: Bearer {}", token.trim()), stop, serving }
}

impl Serving {
    fn answer(&self, request: &str) -> Answer {
        raw(self.address, request.as_bytes())
    }

    /// Somebody who begins to send, and goes no further.
    fn visitor(&self, header: &str, sent: &[u8]) -> TcpStream {
        let mut visitor = TcpStream::connect(self.address).unwrap();
        visitor.write_all(request(POST, &[header], "").as_bytes()).unwrap();
        visitor.write_all(sent).unwrap();
        visitor
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        self.serving.await.unwrap();
        self.rialto.stop().await.unwrap();
    }
}

fn code(answer: &Answer) -> (u16, Option<String>) {
    let body: Value = answer.json();
    (answer.status, body["error"]["code"].as_str().map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_only_says_that_he_will_send_much_takes_up_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(folder.path()).await;
    let told = format!("Content-Length: {LARGEST}");
    let visitors: Vec<TcpStream> = (0..64)
        .map(|number| serving.visitor(if number % 2 == 0 { "Transfer-Encoding: chunked" } else { &told }, b""))
        .collect();
    // Those who came before are known by now: this one came after them, and has its answer.
    for _ in 0..8 {
        let answer = serving.answer(&request(POST, &[], EVENT));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    drop(visitors);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_that_is_full_of_bodies_says_when_to_come_again_and_takes_the_kill_switch() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(folder.path()).await;
    let told = format!("Content-Length: {LARGEST}");
    let mut visitors = Vec::new();
    // All but the last byte of two of the largest is nearly all there is; others take the rest.
    let mut refused = serving.answer(&request(POST, &[], EVENT));
    while refused.status == 200 {
        assert!(visitors.len() < 100, "the house is never full");
        visitors.push(serving.visitor(&told, &vec![b' '; LARGEST - 1]));
        refused = serving.answer(&request(POST, &[], EVENT));
    }
    assert_eq!(code(&refused), (503, Some("busy".into())));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(serving.answer(&request("GET /readyz", &[], "")).status, 200, "a question needs no room");
    let pause = "{\"to\":\"paused\",\"all\":true}";
    let paused = serving.answer(&request("POST /v1/rollout", &[&serving.admin], pause));
    assert_eq!((paused.status, &paused.json()["all"]["phase"]), (200, &Value::from("paused")));
    // A wrong token is refused before anything of the body is waited for.
    let wrong = request(POST, &["Authorization: Bearer 0123", &told], "");
    assert_eq!(serving.answer(&wrong).status, 401);
    drop(visitors);
    while serving.answer(&request(POST, &[], EVENT)).status == 503 {}
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_in_many_pieces_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(folder.path()).await;
    let pieces: String = EVENT.chars().map(|piece| format!("1\r\n{piece}\r\n")).collect();
    let spaces = format!("{:x}\r\n{}\r\n", 100_000, " ".repeat(100_000));
    let chunked = request(POST, &["Transfer-Encoding: chunked"], "");
    let answer = serving.answer(&format!("{chunked}{spaces}{pieces}{spaces}0\r\n\r\n"));
    assert_eq!((answer.status, &answer.json()["recorded"]), (200, &Value::from(1)));
    let answer = serving.answer(&format!("{chunked}{}0\r\n\r\n", spaces.repeat(6)));
    assert_eq!(code(&answer), (413, Some("too_large".into())));
    serving.stop().await;
}
