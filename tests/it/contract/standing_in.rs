//! The sandbox, held against the official library: it answers as Stripe would, and signs as Stripe does.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use rialto::billing::signature::{Secrets, verify};
use rialto::sandbox::shell::{Rate, Running, Settings, Webhook, serve};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use warp::Filter;

use super::{Case, ask};

/// How long anything may take before the test gives it up.
const PATIENCE: Duration = Duration::from_secs(60);
const SECRET: &str = "whsec_contract";

async fn sandbox(webhook: Option<Webhook>) -> Running {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let rate = Rate { all: 100_000, endpoint: 100_000 };
    serve(Settings { listen, rate, webhook, ..Settings::default() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the official SDK: cargo xtask contract"]
async fn the_official_library_drives_the_sandbox() {
    let running = sandbox(None).await;
    let url = format!("http://{}", running.address());
    let output = tokio::task::spawn_blocking(move || ask("client.py", &[&url], &[])).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let totals = running.with(|sandbox| sandbox.totals("eur"));
    assert_eq!((totals.collected, totals.refunded, totals.elsewhere), (2_500, 1_000, 700));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the official SDK: cargo xtask contract"]
async fn webhooks_of_the_sandbox_pass_the_official_check() {
    let (url, mut taken) = listener().await;
    let running = sandbox(Some(Webhook { url, secret: SECRET.to_owned() })).await;
    let v1 = format!("http://{}/v1/customers", running.address());
    tokio::task::spawn_blocking(move || {
        for name in ["Ada & Söhne", "Bruno", "Chiara €"] {
            let request = ureq::post(&v1).header("authorization", "Bearer sk_test_contract");
            assert_eq!(request.send_form([("name", name)]).unwrap().status(), 200);
        }
    })
    .await
    .unwrap();

    let mut cases = Vec::new();
    for _ in 0..3 {
        let told = tokio::time::timeout(PATIENCE, taken.recv()).await.expect("a webhook for each").unwrap();
        let (header, payload) = (told.0, told.1.to_vec());
        let now = running.now();
        verify(&header, &payload, &Secrets::new([SECRET]).unwrap(), now).unwrap();
        let mut changed = payload.clone();
        changed[0] ^= 1;
        cases.push((Case { payload, header: header.clone(), secret: SECRET.to_owned(), now }, true));
        cases.push((Case { payload: changed, header, secret: SECRET.to_owned(), now }, false));
    }
    let lines: Vec<String> = cases.iter().map(|(case, _)| case.line()).collect();
    let output = tokio::task::spawn_blocking(move || ask("signatures.py", &[], &lines)).await.unwrap();
    let verdicts = String::from_utf8(output.stdout).unwrap();
    let verdicts: Vec<Value> = verdicts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verdicts.len(), cases.len(), "{}", String::from_utf8_lossy(&output.stderr));
    for ((case, is_good), verdict) in cases.iter().zip(verdicts) {
        assert_eq!(verdict["accepted"], *is_good, "{verdict}: {}", case.line());
    }
    running.stop().await;
}

/// An address to which webhooks may be sent, and what comes there: headers and payloads.
async fn listener() -> (String, UnboundedReceiver<(String, Bytes)>) {
    let (told, taken) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
    let signed = warp::header::<String>("stripe-signature").and(warp::body::bytes());
    let webhooks = warp::post().and(warp::path("webhooks")).and(signed).map(move |header, payload| {
        // After the last that is looked at nobody is there any more.
        let _ = told.send((header, payload));
        "taken"
    });
    tokio::spawn(warp::serve(webhooks).incoming(listener).run());
    (url, taken)
}
