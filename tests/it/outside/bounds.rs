//! The bounds of the address for webhooks: whoever is silent, slow or speaks something else holds up nobody.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rialto::http::access::Access;
use rialto::http::server::{Limits, Server};
use rialto::http::tls::Tls;
use rialto::reading::Reader;
use rialto::wiring::Rialto;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::HOOK;
use super::authority::Authority;
use crate::doors::{refused, request};
use crate::sidecar::{PATIENCE, connect, raw};
use crate::support::start;

/// So long that no test sees the end of it.
const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(100);

/// A sidecar with its own door and, with TLS, the one for webhooks.
struct Serving {
    house: SocketAddr,
    webhooks: SocketAddr,
    authority: Authority,
    rialto: Rialto,
    stop: watch::Sender<bool>,
    serving: [JoinHandle<()>; 2],
}

async fn serve(folder: &Path, limits: Limits) -> Serving {
    let authority = Authority::new();
    let (certificate, key) = authority.vouch_in(folder);
    let tls = Tls::read(certificate, key).unwrap();
    let data = folder.join("data");
    let rialto = start(&data);
    let [first, second] =
        [TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap()];
    let (house, webhooks) = (first.local_addr().unwrap(), second.local_addr().unwrap());
    let access = Access::new(&data, house, Vec::new()).unwrap();
    let (stop, stopping) = watch::channel(false);
    let serving = [
        Server::new(first, None, rialto.clone(), Reader::new(chrono_tz::UTC), access, Limits::default()),
        Server::of_webhooks(second, Some(Arc::new(tls)), rialto.clone(), limits),
    ]
    .map(|server| tokio::spawn(server.serve(stopping.clone())));
    Serving { house, webhooks, authority, rialto, stop, serving }
}

impl Serving {
    /// Somebody who has his answer: nobody collects here, and so it is a refusal.
    fn is_answered(&self) {
        let asked = request(HOOK, &[], "{}");
        refused(self.authority.ask(self.webhooks, &asked), &asked, 400, "webhook");
    }

    /// Somebody who connects, says so much, and then nothing.
    fn visitor(&self, said: &[u8]) -> TcpStream {
        let mut visitor = connect(self.webhooks);
        visitor.write_all(said).unwrap();
        visitor
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        for serving in self.serving {
            tokio::time::timeout(PATIENCE, serving).await.expect("it stops").unwrap();
        }
        self.rialto.stop().await.unwrap();
    }
}

/// What there is to read until the other side closes; it may be that it does not want to hear the rest.
fn rest(mut visitor: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = visitor.read_to_end(&mut bytes) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "it is not closed");
    }
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_slow_to_shake_hands_holds_up_neither_others_nor_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { head: LONG, drain: LONG, ..Limits::of_webhooks() };
    let serving = serve(folder.path(), limits).await;
    // A record of TLS that says how long it is, and does not come.
    let visitors = [&b""[..], &[22, 3, 1, 1, 0], &[22, 3, 1, 1, 0, 1]].map(|said| serving.visitor(said));
    serving.is_answered();
    serving.is_answered();
    serving.stop().await;
    for visitor in visitors {
        assert_eq!(rest(visitor), b"");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_speaks_something_else_is_closed_without_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { head: LONG, ..Limits::of_webhooks() };
    let serving = serve(folder.path(), limits).await;
    for said in [request(HOOK, &[], "{}"), "SSH-2.0-OpenSSH_9.2\r\n".to_owned()] {
        let told = String::from_utf8_lossy(&rest(serving.visitor(said.as_bytes()))).into_owned();
        assert!(!told.contains("HTTP"), "{told}");
    }
    serving.is_answered();
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_places_are_taken_the_silent_lose_theirs_and_the_house_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { connections: 2, head: SHORT, ..Limits::of_webhooks() };
    let serving = serve(folder.path(), limits).await;
    let visitors: Vec<TcpStream> = (0..8).map(|_| serving.visitor(b"")).collect();
    assert_eq!(raw(serving.house, request("GET /healthz", &[], "").as_bytes()).status, 200);
    serving.is_answered();
    for visitor in visitors {
        assert_eq!(rest(visitor), b"");
    }
    serving.stop().await;
}
