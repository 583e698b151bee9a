//! The address for Stripe's webhooks: one path for the outside, and nothing of the house behind it.

pub mod authority;
mod bounds;
mod certificates;

use std::net::SocketAddr;

use rialto::billing::signature::sign;
use rialto::clock::Clock;
use serde_json::json;

use super::doors::{refused, request};
use super::house::House;
use super::sidecar::{Answer, Sidecar, path, ran, raw, rialto, run};

const HOOK: &str = "POST /webhooks/stripe";
/// What the sandbox signs with, where nobody says otherwise.
const SECRET: &str = "whsec_sandbox";

/// Where a sidecar takes webhooks alone.
pub fn address(sidecar: &Sidecar) -> SocketAddr {
    let (_, rest) = sidecar.webhooks().split_once("://").unwrap();
    rest.strip_suffix("/webhooks/stripe").unwrap().parse().unwrap()
}

/// A house that collects, at a stand-in that never answers, and takes webhooks at an address of their own.
fn house(environment: &[(&str, &str)]) -> House {
    let collects = [
        ("RIALTO_STRIPE_MODE", "sandbox"),
        ("RIALTO_STRIPE_URL", "http://127.0.0.1:9"),
        ("RIALTO_WEBHOOK_LISTEN", "127.0.0.1:0"),
    ];
    House::with(&[&collects, environment].concat())
}

/// An event, signed just now with this secret.
fn event(id: &str, secret: &str) -> String {
    let event = json!({ "id": id, "object": "event", "type": "invoice.paid", "livemode": false,
        "data": { "object": { "id": "in_1", "object": "invoice" } } });
    let body = event.to_string();
    let now = Clock::system().now().0.div_euclid(1_000_000);
    let signature = sign(body.as_bytes(), secret, now);
    request(HOOK, &[&format!("Stripe-Signature: {signature}")], &body)
}

fn is_taken(answer: &Answer) {
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"received\":true}"), "{answer:?}");
}

#[test]
fn only_stripes_path_is_answered_there_whatever_token_and_host_are_sent() {
    let house = house(&[]);
    assert!(house.sidecar.webhooks().starts_with("http://127.0.0.1:"), "{}", house.sidecar.webhooks());
    let at = address(&house.sidecar);
    let check = |asked: &str, status, code| refused(raw(at, asked.as_bytes()), asked, status, code);
    let admin = std::fs::read_to_string(house.folder.path().join("admin.token")).unwrap();
    let admin = format!("Authorization: Bearer {}", admin.trim());
    for path in [
        "/",
        "/page.js",
        "/openapi.json",
        "/metrics",
        "/healthz",
        "/api/revenue/dashboard",
        "/v1/activities",
        "/v1/rollout",
        "/v1/admin/snapshot",
        "/webhooks",
        "/webhooks/stripe/",
        "//webhooks/stripe",
        "/webhooks/stripe/x",
        "/webhooks%2Fstripe",
    ] {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let nothing = check(&request(&format!("{method} {path}"), &[&admin], ""), 404, "no_such_path");
            assert!(!nothing.body.contains("openapi") && nothing.body.contains("POST /webhooks/stripe"), "{nothing:?}");
        }
    }
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        check(&request(&format!("{method} /webhooks/stripe"), &[&admin], "{}"), 405, "method");
    }
    // Nobody is told what the house does by asking here.
    let metrics = house.sidecar.raw(request("GET /metrics", &[], "").as_bytes()).body;
    assert!(metrics.contains("route=\"other\"") && !metrics.contains("route=\"/v1/rollout\""), "{metrics}");

    // By whatever name Stripe knows it.
    let told = event("evt_1", SECRET).replace("Host: localhost", "Host: rialto.example");
    let answer = raw(at, told.as_bytes());
    is_taken(&answer);
    assert_eq!(answer.header("connection"), Some("close"), "{answer:?}");
    is_taken(&raw(at, told.replace("/webhooks/stripe", "/webhooks/stripe?from=stripe").as_bytes()));
    is_taken(&house.sidecar.raw(event("evt_2", SECRET).as_bytes()));
    house.sidecar.stop();
}

#[test]
fn an_event_that_is_not_signed_or_too_large_is_refused_there() {
    let house = house(&[]);
    let at = address(&house.sidecar);
    let check = |asked: &str, status, code| refused(raw(at, asked.as_bytes()), asked, status, code);
    check(&request(HOOK, &[], "{}"), 400, "webhook");
    check(&request(HOOK, &["Stripe-Signature: t=1,v1=00"], "{}"), 400, "webhook");
    check(&event("evt_1", "whsec_another"), 400, "webhook");
    check(&event("evt_1", SECRET).replace("evt_1", "evt_2"), 400, "webhook");
    // Whoever sends many fills no disk.
    let log = house.sidecar.log();
    assert_eq!(log.matches("WARN a webhook was refused").count(), 1, "{log}");
    check(&request(HOOK, &["Content-Encoding: gzip"], "{}"), 415, "content_encoding");
    check(&request(HOOK, &["Content-Length: 1048577"], ""), 413, "too_large");
    let chunk = format!("{:x}\r\n{}\r\n", 65_536, " ".repeat(65_536));
    let chunked = request(HOOK, &["Transfer-Encoding: chunked"], "");
    check(&format!("{chunked}{}0\r\n\r\n", chunk.repeat(17)), 413, "too_large");
    check(&format!("{chunked}{}0\r\n\r\n", chunk.repeat(16)), 400, "webhook");
    house.sidecar.stop();
}

#[test]
fn a_sidecar_that_could_never_call_stripe_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for (url, part) in
        [("foo", "RIALTO_STRIPE_URL: stripe_url is \"foo\""), ("http://h.example", "only called over https")]
    {
        let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(&data)]);
        command.env("RIALTO_STRIPE_MODE", "sandbox").env("RIALTO_STRIPE_URL", url);
        let ran = ran(command);
        assert_eq!((ran.code, ran.err.lines().count()), (Some(1), 1), "{ran:?}");
        assert!(ran.err.contains(part), "{ran:?}");
    }
    assert!(!data.exists(), "a start that failed left a folder");
}

#[test]
fn an_address_for_webhooks_of_which_none_would_be_taken_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let deaf = run(&["serve", "--listen", "127.0.0.1:0", "--webhook-listen", "127.0.0.1:0", "--data", path(&data)]);
    assert_eq!((deaf.code, deaf.err.lines().count()), (Some(1), 1), "{deaf:?}");
    for part in ["webhook_listen is 127.0.0.1:0", "stripe_mode is off", "set stripe_mode to sandbox"] {
        assert!(deaf.err.contains(part), "{part}: {deaf:?}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for outside in [taken.to_string(), format!("0.0.0.0:{}", taken.port())] {
        let mut command = rialto(&["serve", "--listen", &taken.to_string(), "--webhook-listen", &outside]);
        command.args(["--data", path(&data)]).env("RIALTO_STRIPE_MODE", "sandbox");
        let refused = ran(command);
        assert!(refused.code == Some(1) && refused.err.contains("give them different ports"), "{refused:?}");
    }
    assert!(!data.exists(), "a start that failed left a folder");
}
