//! The sandbox behind an address, as a client meets it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::billing::signature::{Secrets, verify};
use crate::clock::Clock;
use crate::sandbox::shell::{Rate, Running, Settings, Webhook, serve};

struct Client {
    agent: ureq::Agent,
    address: SocketAddr,
}

type Response = ureq::http::Response<ureq::Body>;

impl Client {
    fn of(running: &Running) -> Client {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_global(Some(Duration::from_secs(20))).build().new_agent();
        Client { agent, address: running.address() }
    }

    async fn post(&self, path: &str, form: &str, key: &str) -> Result<Response, ureq::Error> {
        let request = self.agent.post(format!("http://{}{path}", self.address));
        let request = request.header("authorization", "Bearer sk_test_any").header("idempotency-key", key);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let form = form.to_owned();
        tokio::task::spawn_blocking(move || request.send(form)).await.unwrap()
    }

    async fn get(&self, path: &str, authorization: &str) -> Response {
        let request = self.agent.get(format!("http://{}{path}", self.address)).header("authorization", authorization);
        tokio::task::spawn_blocking(move || request.call()).await.unwrap().unwrap()
    }
}

fn body(response: Response) -> Value {
    serde_json::from_str(&response.into_body().read_to_string().unwrap()).unwrap()
}

fn settings() -> Settings {
    Settings { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..Settings::default() }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_meets_the_headers_that_stripe_gives() {
    let running = serve(settings()).await.unwrap();
    let client = Client::of(&running);
    let first = client.post("/v1/customers", "email=a@example.org", "k").await.unwrap();
    assert_eq!(first.status(), 200);
    assert!(header(&first, "request-id").unwrap().starts_with("req_"));
    assert_eq!(header(&first, "idempotent-replayed"), None);
    let again = client.post("/v1/customers", "email=a@example.org", "k").await.unwrap();
    assert_eq!(header(&again, "idempotent-replayed"), Some("true"));
    let customer = id(&body(first));
    assert_eq!(id(&body(again)), customer);
    for bad in ["Bearer sk_live_any", ""] {
        assert_eq!(client.get("/v1/customers", bad).await.status(), 401);
    }
    let found = client.get("/v1/customers?email=a%40example.org", "Bearer sk_test_any").await;
    assert_eq!(ids(&body(found)), [customer]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_calls_are_refused_and_a_lost_answer_closes_the_connection() {
    let rate = Rate { endpoint: 1, ..Rate::default() };
    let running = serve(Settings { rate, ..settings() }).await.unwrap();
    let client = Client::of(&running);
    assert_eq!(client.post("/v1/customers", "", "1").await.unwrap().status(), 200);
    let limited = client.post("/v1/customers", "", "2").await.unwrap();
    assert_eq!(limited.status(), 429);
    assert!(header(&limited, "retry-after").is_some());
    let set = client.post("/sandbox/faults", "lost_after=1000", "").await.unwrap();
    assert_eq!(set.status(), 200);
    assert!(client.post("/v1/tax_rates", "display_name=a&percentage=1&inclusive=true", "3").await.is_err());
    client.post("/sandbox/faults", "preset=none", "").await.unwrap();
    assert_eq!(ids(&body(client.get("/v1/tax_rates", "Bearer sk_test_any").await)).len(), 1);
    running.stop().await;
}

/// Takes webhooks: answers 500 to the first, and 200 to the others; notes all.
async fn take(listener: TcpListener, taken: Arc<Mutex<Vec<(String, String)>>>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let mut part = [0; 4_096];
        let text = loop {
            let count = stream.read(&mut part).await.unwrap();
            bytes.extend_from_slice(&part[..count]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if length == Some(body.len()) || count == 0 {
                break text;
            }
        };
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let signature = head.lines().find_map(|line| line.strip_prefix("stripe-signature: ")).unwrap();
        let is_first = {
            let mut taken = taken.lock().unwrap();
            taken.push((signature.to_owned(), body.to_owned()));
            taken.len() == 1
        };
        let status = if is_first { "500 Oops" } else { "200 OK" };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_pay_by_themselves_and_signed_webhooks_tell_of_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
    let taken: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let taking = tokio::spawn(take(listener, Arc::clone(&taken)));
    let webhook = Some(Webhook { url, secret: "whsec_x".to_owned() });
    let pays_after = Some(Duration::from_secs(3_600));
    let running = serve(Settings { webhook, pays_after, ..settings() }).await.unwrap();
    let client = Client::of(&running);
    let customer = id(&body(client.post("/v1/customers", "email=a@example.org", "1").await.unwrap()));
    let form = format!("customer={customer}&collection_method=send_invoice&days_until_due=14");
    let invoice = id(&body(client.post("/v1/invoices", &form, "2").await.unwrap()));
    let add = format!("/v1/invoices/{invoice}/add_lines");
    assert_eq!(client.post(&add, "lines[0][amount]=1000", "3").await.unwrap().status(), 200);
    let sent = client.post(&format!("/v1/invoices/{invoice}/send"), "", "4").await.unwrap();
    assert_eq!(body(sent)["status"], "open");
    // The first try is over before time passes.
    while taken.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    client.post("/sandbox/clock", "seconds=3600", "").await.unwrap();

    let kinds = || {
        let taken = taken.lock().unwrap();
        let kind = |body: &str| serde_json::from_str::<Value>(body).unwrap()["type"].as_str().unwrap().to_owned();
        taken.iter().map(|(_, body)| kind(body)).collect::<Vec<_>>()
    };
    let told_of_all = || {
        let kinds = kinds();
        // The first was refused, and comes again as the clock is an hour on.
        kinds.contains(&"invoice.paid".to_owned())
            && 2 == kinds.iter().filter(|kind| *kind == "customer.created").count()
    };
    for _ in 0..200 {
        if told_of_all() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(told_of_all(), "{:?}", kinds());
    // An hour ahead as the sandbox is, nobody takes its letters for late or early ones.
    let (secrets, now) = (Secrets::new(["whsec_x"]).unwrap(), Clock::system().now().0 / 1_000_000);
    for (signed, payload) in taken.lock().unwrap().iter() {
        verify(signed, payload.as_bytes(), &secrets, now).unwrap();
    }
    assert_eq!(running.with(|sandbox| sandbox.totals("eur").collected), 1_000);
    let told = body(client.get("/sandbox", "").await);
    assert_eq!((&told["invoices"]["paid"], &told["totals"]["eur"]["fees"]), (&1.into(), &40.into()));
    let refund = client.post(&format!("/sandbox/invoices/{invoice}/refund"), "amount=400", "").await.unwrap();
    assert_eq!(body(refund)["totals"]["eur"]["refunded"], 400);
    taking.abort();
    running.stop().await;
}
