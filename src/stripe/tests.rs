//! The gateway, tried against small servers of its own on the loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::gateway::{Cause, Gateway, Limits, Lost, Settings, Unusable};
use super::key::Key;
use crate::billing::call::{API_VERSION, Call, Method, Reply};
use crate::chain::Chain;
use crate::metrics::Meters;

const KEY: &str = "sk_test_very_secret";

fn gateway(base: &str, limits: Limits) -> Result<Gateway, Unusable> {
    let settings = Settings { base: base.into(), key: Key::parse(KEY).expect("a key"), limits };
    Gateway::new(&settings, Meters::default())
}

fn at(address: SocketAddr, limits: Limits) -> Gateway {
    gateway(&format!("http://{address}"), limits).expect("a gateway")
}

/// Bounds under which a test waits for nothing.
fn swift() -> Limits {
    Limits { test_per_s: 100_000, endpoint_per_s: 100_000, ..Limits::default() }
}

fn post(form: &str, key: Option<&str>) -> Call {
    Call { method: Method::Post, path: "/v1/invoices".into(), form: form.into(), key: key.map(str::to_owned) }
}

/// A server that answers as `answer` says; counts its connections.
async fn server<A>(answer: A) -> (SocketAddr, Arc<AtomicUsize>)
where
    A: Fn(Request<String>) -> Response<String> + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let count = Arc::new(AtomicUsize::new(0));
    let (counted, answer) = (Arc::clone(&count), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let answer = Arc::clone(&answer);
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = Arc::clone(&answer);
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    let text = String::from_utf8_lossy(&body).into_owned();
                    let answered = answer(Request::from_parts(parts, text));
                    Ok::<_, hyper::Error>(answered.map(|body| Full::new(Bytes::from(body))))
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (address, count)
}

/// A server that reads a request and says `words`; then it ends the connection, or keeps quiet.
async fn rude(words: &'static str, ends: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut quiet = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(words.as_bytes()).await;
            if !ends {
                quiet.push(stream);
            }
        }
    });
    address
}

#[tokio::test]
async fn what_is_asked_arrives_and_what_is_answered_comes_back() {
    let seen = |request: Request<String>| {
        let header = |name| request.headers().get(name).map_or("-", |value| value.to_str().expect("text"));
        let names = ["authorization", "stripe-version", "idempotency-key", "user-agent", "content-type"];
        let headers = names.map(header).join("|");
        let text = format!("{} {} {headers} {}", request.method(), request.uri(), request.body());
        let answer = Response::builder().status(402).header("Idempotent-Replayed", "true");
        let answer = answer.header("Stripe-Should-Retry", "false").header("Retry-After", "7");
        answer.body(text).expect("an answer")
    };
    let (address, _) = server(seen).await;
    let gateway = at(address, swift());
    let reply = gateway.call(&post("customer=cus_1", Some("inv-1"))).await.expect("an answer");
    let agent = concat!("rialto/", env!("CARGO_PKG_VERSION"));
    let sent = format!("Bearer {KEY}|{API_VERSION}|inv-1|{agent}|application/x-www-form-urlencoded");
    let expected = Reply {
        status: 402,
        body: format!("POST /v1/invoices {sent} customer=cus_1"),
        is_replayed: true,
        should_retry: Some(false),
        retry_after_s: Some(7),
    };
    assert_eq!(reply, expected);

    let reply = gateway.call(&Call::get("/v1/invoices", "limit=3&created[gt]=1")).await.expect("an answer");
    assert_eq!(reply.body, format!("GET /v1/invoices?limit=3&created[gt]=1 Bearer {KEY}|{API_VERSION}|-|{agent}|- "));
}

#[tokio::test]
async fn calls_one_after_the_other_share_their_connection() {
    let (address, connections) = server(|_| Response::new("{}".into())).await;
    let gateway = at(address, swift());
    for _ in 0..50 {
        let reply = gateway.call(&post("", None)).await.expect("an answer");
        assert_eq!(reply, Reply { status: 200, body: "{}".into(), ..Reply::default() });
    }
    let connections = connections.load(Ordering::Relaxed);
    assert!(connections <= 2, "{connections} connections");
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let elsewhere = |_| Response::builder().status(302).header("Location", "/v1/elsewhere").body(String::new());
    let (address, connections) = server(move |request| elsewhere(request).expect("an answer")).await;
    let reply = at(address, swift()).call(&post("", None)).await.expect("an answer");
    assert_eq!((reply.status, connections.load(Ordering::Relaxed)), (302, 1));
}

#[tokio::test]
async fn an_answer_is_taken_up_to_its_bound_and_not_beyond() {
    let (address, _) = server(|request| Response::new("a".repeat(request.body().parse().expect("a length")))).await;
    let gateway = at(address, Limits { body_bytes: 1000, ..swift() });
    assert_eq!(gateway.call(&post("1000", None)).await.expect("an answer").body.len(), 1000);
    let lost = gateway.call(&post("1001", None)).await.expect_err("too long");
    assert!(matches!(lost, Lost::Unknown { cause: Cause::TooLong { bytes_max: 1000 }, .. }), "{lost:?}");
}

#[tokio::test]
async fn where_the_answer_does_not_come_whole_nobody_knows_whether_the_call_had_an_effect() {
    for (words, ends) in [
        ("", true),
        ("", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\u{ff}", true),
        ("what?\r\n\r\n", true),
    ] {
        let gateway = at(rude(words, ends).await, Limits { call: Duration::from_millis(200), ..swift() });
        let lost = gateway.call(&post("", None)).await.expect_err("no answer");
        assert!(matches!(lost, Lost::Unknown { .. }), "{words:?}: {lost:?}");
        assert_eq!(matches!(lost, Lost::Unknown { cause: Cause::Late(_), .. }), !ends, "{words:?}: {lost:?}");
    }
}

#[tokio::test]
async fn a_call_that_never_left_is_known_to_have_had_no_effect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = listener.local_addr().expect("an address");
    drop(listener);
    let lost = at(nobody, swift()).call(&post("", None)).await.expect_err("nobody there");
    assert!(matches!(lost, Lost::NotSent { cause: Cause::Connection(_), .. }), "{lost:?}");

    // Whoever takes a connection and speaks no TLS has seen nothing of the call.
    let mute = rude("", false).await;
    let limits = Limits { connect: Duration::from_millis(200), ..swift() };
    let tls = gateway(&format!("https://{mute}"), limits).expect("a gateway");
    let lost = tls.call(&post("", None)).await.expect_err("no TLS");
    assert!(matches!(lost, Lost::NotSent { cause: Cause::Connection(_), .. }), "{lost:?}");

    let (address, connections) = server(|_| Response::new("{}".into())).await;
    for call in [post("", Some("two\r\nlines")), Call::get("/v1/in voices", "")] {
        let lost = at(address, swift()).call(&call).await.expect_err("no request");
        assert!(matches!(lost, Lost::NotSent { cause: Cause::Request(_), .. }), "{lost:?}");
    }
    assert_eq!(connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_nobody_used_it_costs_no_call() {
    let once = |_| Response::builder().header("Connection", "close").body("{}".to_owned()).expect("an answer");
    let (address, connections) = server(once).await;
    let gateway = at(address, swift());
    for _ in 0..3 {
        gateway.call(&post("", None)).await.expect("an answer");
    }
    assert_eq!(connections.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn the_key_is_shown_nowhere() {
    let settings = Settings { base: "x".into(), key: Key::parse(KEY).expect("a key"), limits: Limits::default() };
    let gateway = at(rude("", true).await, swift());
    let lost = gateway.call(&post("", None)).await.expect_err("no answer");
    let shown = format!("{settings:?} {gateway:?} {lost:?} {}", Chain(&lost));
    assert!(!shown.contains("secret"), "{shown}");
}

#[tokio::test]
async fn the_key_leaves_the_machine_over_tls_alone() {
    for (base, is_good) in [
        ("https://api.stripe.com", true),
        ("https://api.stripe.com/", true),
        ("http://127.0.0.1:1", true),
        ("http://127.1.2.3:1", true),
        ("http://[::1]:1", true),
        ("http://api.stripe.com", false),
        ("http://localhost:1", false),
        ("http://127.0.0.1.example.com", false),
        ("http://127.0.0.1@example.com", false),
        ("https://user@api.stripe.com", false),
        ("https://api.stripe.com/v1", false),
        ("https://api.stripe.com?x=1", false),
        ("ftp://127.0.0.1", false),
        ("127.0.0.1:1", false),
        ("/v1", false),
        ("", false),
    ] {
        assert_eq!(gateway(base, swift()).is_ok(), is_good, "{base}");
    }
}

#[tokio::test]
async fn calls_keep_to_the_pace_of_their_account() {
    let (address, _) = server(|_| Response::new("{}".into())).await;
    let gateway = at(address, Limits { test_per_s: 50, ..swift() });
    let begun = std::time::Instant::now();
    for _ in 0..16 {
        gateway.call(&post("", None)).await.expect("an answer");
    }
    // Two at once, and fourteen at forty-eight a second.
    assert!(Duration::from_millis(280) <= begun.elapsed());
}
