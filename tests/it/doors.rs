//! What is refused at the door as a whole, and how it is said.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::sidecar::{Answer, Sidecar, answer_to, path, raw, rialto, run};

/// One request, from its method to the end of its body.
pub fn request(line: &str, headers: &[&str], body: &str) -> String {
    let headers = headers.iter().map(|header| format!("{header}\r\n")).collect::<String>();
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n{body}")
}

/// Checks that a request is refused with this status and code, in the one shape that errors have.
fn check(sidecar: &Sidecar, request: &str, status: u16, code: &str) -> Answer {
    refused(sidecar.raw(request.as_bytes()), request, status, code)
}

/// Checks that this answer refuses a request, with this status and code, in the one shape that errors have.
pub fn refused(answer: Answer, request: &str, status: u16, code: &str) -> Answer {
    let asked: String = request.chars().take(300).collect();
    assert_eq!(answer.status, status, "{asked}: {answer:?}");
    let body = answer.json();
    let error = body["error"].as_object().unwrap_or_else(|| panic!("{asked}: {body}"));
    assert_eq!(error.keys().map(String::as_str).collect::<Vec<_>>(), ["code", "help", "message"], "{asked}");
    assert!(error.values().all(|text| text.as_str().is_some_and(|text| !text.is_empty())), "{asked}: {body}");
    assert_eq!((error["code"].as_str(), body.as_object().map(|body| body.len())), (Some(code), Some(1)), "{asked}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{asked}");
    answer
}

fn token(data: &Path, name: &str, scopes: &[&str]) -> String {
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
    let arguments: Vec<&str> = ["token", "--data", path(data), "add", name].into_iter().chain(scopes).collect();
    let ran = run(&arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    format!("Authorization: Bearer {}", ran.out.trim())
}

/// The admin's token, as a header.
fn admin(data: &Path) -> String {
    let token = std::fs::read_to_string(data.join("admin.token")).unwrap();
    format!("Authorization: Bearer {}", token.trim())
}

#[test]
fn a_request_that_cannot_be_taken_is_refused_as_a_whole_and_told_why() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(folder.path())]);
    command.env("RIALTO_BODY_BYTES", "1048576").env("RIALTO_HOSTS", "[\"rialto.example\"]");
    let sidecar = Sidecar::start(command);
    let json = "Content-Type: application/json";
    let lines = "Content-Type: application/x-ndjson";
    let post = "POST /v1/activities";

    for body in [
        " \n ",
        "hello",
        "\"text\"",
        "{\"id\":",
        "[{\"id\":\"a\"}",
        "[{\"id\":\"a\"},",
        "{\"id\":\"a\"}\n{\"id\":\"b\"}",
    ] {
        check(&sidecar, &request(post, &[json], body), 400, "unreadable");
    }
    check(&sidecar, &request(post, &[json], ""), 400, "unreadable");
    check(&sidecar, &request(post, &[lines], "\n\n"), 400, "unreadable");
    for path in ["/v1/messages", "/v1/citizens", "/v1/buildings"] {
        check(&sidecar, &request(&format!("POST {path}"), &[json], "[{"), 400, "unreadable");
    }
    for events in [10_001, 100_001] {
        check(&sidecar, &request(post, &[lines], &"1\n".repeat(events)), 413, "too_many_events");
        check(&sidecar, &request(post, &[json], &format!("[{}1]", "1,".repeat(events - 1))), 413, "too_many_events");
    }
    let most = sidecar.raw(request(post, &[lines], &"1\n".repeat(10_000)).as_bytes());
    assert_eq!((most.status, &most.json()["rejected"]), (200, &json!(10_000)));

    check(&sidecar, &request(post, &[json, "Content-Length: 1048577"], ""), 413, "too_large");
    let chunk = format!("{:x}\r\n{}\r\n", 65_536, " ".repeat(65_536)).repeat(17);
    let chunked = request(post, &[json, "Transfer-Encoding: chunked"], "") + &chunk + "0\r\n\r\n";
    check(&sidecar, &chunked, 413, "too_large");

    for kind in ["text/plain", "application/x-www-form-urlencoded", "nonsense", "\u{fd}"] {
        check(&sidecar, &request(post, &[&format!("Content-Type: {kind}")], "{}"), 415, "content_type");
    }
    for encoding in ["gzip", "br"] {
        let encoding = format!("Content-Encoding: {encoding}");
        check(&sidecar, &request(post, &[json, &encoding], "{}"), 415, "content_encoding");
    }

    for host in ["evil.example", "evil.example:8717", "localhost.evil.example", ""] {
        let asked = format!("GET /api/revenue/dashboard HTTP/1.1\r\nHost: {host}\r\n\r\n");
        check(&sidecar, &asked, 403, "unknown_host");
    }
    for host in ["127.0.0.1", "127.0.0.1:1", "LOCALHOST:8717", "[::1]:8717", "rialto.example"] {
        let asked = format!("GET /api/revenue/dashboard HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(sidecar.raw(asked.as_bytes()).status, 200, "{host}");
    }
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let origin = format!("Origin: {origin}");
        check(&sidecar, &request(post, &[&origin], "{\"id\":\"rec1\"}"), 403, "foreign_origin");
    }
    for origin in ["http://localhost", "https://rialto.example"] {
        let asked = request(post, &[&format!("Origin: {origin}")], "{\"id\":\"rec1\"}");
        assert_eq!(sidecar.raw(asked.as_bytes()).status, 200, "{origin}");
    }

    for (asked, status, code) in [
        ("GET /nothing", 404, "no_such_path"),
        ("GET /v1", 404, "no_such_path"),
        ("GET /v1/activities/a/b", 404, "no_such_path"),
        ("GET /v1/activities", 405, "method"),
        ("GET /api/revenue/dashboard?currency=euros", 400, "query"),
        ("GET /v1/transactions?limit=0", 400, "query"),
        ("GET /v1/transactions?limit=501", 400, "query"),
        ("GET /v1/transactions?limit=many", 400, "query"),
        ("GET /v1/transactions?cursor=42", 400, "query"),
        ("GET /v1/transactions?rule=none", 400, "query"),
        ("GET /v1/transactions?stage=draft", 400, "query"),
        ("GET /v1/conflicts?limit=-1", 400, "query"),
        ("GET /v1/activities/nobody", 404, "unknown"),
        ("GET /v1/messages/rec1", 404, "unknown"),
        ("GET /v1/entities/Nobody_Knows_Me", 404, "unknown"),
        ("GET /v1/transactions/tx_1", 404, "unknown"),
        ("GET /v1/transactions/1", 404, "unknown"),
    ] {
        check(&sidecar, &request(asked, &[], ""), status, code);
    }
    // What is no reading is the operator's, also where there is nothing.
    let admin = admin(folder.path());
    for (asked, status, code) in [
        ("POST /v1/nothing", 404, "no_such_path"),
        ("DELETE /v1/activities/rec1", 405, "method"),
        ("PUT /v1/messages", 405, "method"),
        ("POST /metrics", 405, "method"),
        ("POST /", 405, "method"),
    ] {
        check(&sidecar, &request(asked, &[], ""), 401, "no_token");
        check(&sidecar, &request(asked, &[&admin], ""), status, code);
    }
    assert_eq!(sidecar.get("/v1/transactions?citizen=Nobody_Knows_Me").1, json!({ "transactions": [], "next": null }));
}

#[test]
fn on_a_loopback_address_only_the_admins_doors_and_a_wrong_token_are_shut() {
    let folder = tempfile::tempdir().unwrap();
    let ingest = token(folder.path(), "engine", &["ingest"]);
    let sidecar = Sidecar::serve(folder.path());
    let admin = std::fs::read_to_string(folder.path().join("admin.token")).unwrap();
    let admin = format!("Authorization: bearer {}", admin.trim());
    let snapshot = "POST /v1/admin/snapshot";
    let refused = check(&sidecar, &request(snapshot, &[], ""), 401, "no_token");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    check(&sidecar, &request(snapshot, &[&ingest], ""), 403, "wrong_scope");
    assert_eq!(sidecar.raw(request(snapshot, &[&admin], "").as_bytes()).status, 202);
    for wrong in ["Authorization: Basic YTpi", "Authorization: Bearer"] {
        check(&sidecar, &request("GET /metrics", &[wrong], ""), 401, "no_token");
    }
    let refused = check(&sidecar, &request("GET /metrics", &["Authorization: Bearer 0123"], ""), 401, "unknown_token");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    assert_eq!(refused.json()["error"]["message"], "the token is not known");
    check(&sidecar, &request("GET /metrics", &[&ingest], ""), 403, "wrong_scope");
    assert_eq!(sidecar.raw(request("GET /metrics", &[&admin], "").as_bytes()).status, 200);
}

#[test]
fn on_any_other_address_everything_but_the_page_and_the_probes_needs_a_token_of_its_scope() {
    let folder = tempfile::tempdir().unwrap();
    let [ingest, read, both] = [("engine", &["ingest"][..]), ("board", &["read"]), ("both", &["read", "ingest"])]
        .map(|(name, scopes)| token(folder.path(), name, scopes));
    let sidecar = Sidecar::start(rialto(&["serve", "--listen", "0.0.0.0:0", "--data", path(folder.path())]));
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], sidecar.address().port()));
    let status = |line: &str, headers: &[&str], body: &str| {
        let answer = raw(address, request(line, headers, body).as_bytes());
        let code = serde_json::from_str::<Value>(&answer.body).ok();
        let code = code.and_then(|body| body["error"]["code"].as_str().map(str::to_owned));
        (answer.status, code.unwrap_or_default())
    };
    let is = |status: u16, code: &str| (status, code.to_owned());
    let event = "{\"id\":\"rec1\",\"Type\":\"rest\"}";
    for open in ["/", "/page.css", "/page.js", "/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(status(&format!("GET {open}"), &[], ""), is(200, ""), "{open}");
    }
    let questions = ["/api/revenue/dashboard", "/metrics", "/v1/transactions", "/v1/conflicts", "/v1/activities/rec1"];
    let posts = ["/v1/activities", "/v1/messages", "/v1/citizens", "/v1/buildings"];
    for asked in posts.map(|path| format!("POST {path}")) {
        assert_eq!(status(&asked, &[], event), is(401, "no_token"), "{asked}");
        assert_eq!(status(&asked, &["Authorization: Bearer 0123"], event), is(401, "unknown_token"), "{asked}");
        assert_eq!(status(&asked, &[&read], event), is(403, "wrong_scope"), "{asked}");
        for right in [&ingest, &both] {
            assert_eq!(status(&asked, &[right], event), is(200, ""), "{asked}");
        }
    }
    for asked in questions.map(|path| format!("GET {path}")) {
        assert_eq!(status(&asked, &[], ""), is(401, "no_token"), "{asked}");
        assert_eq!(status(&asked, &["Authorization: Bearer 0123"], ""), is(401, "unknown_token"), "{asked}");
        assert_eq!(status(&asked, &[&ingest], ""), is(403, "wrong_scope"), "{asked}");
        for right in [&read, &both] {
            assert_eq!(status(&asked, &[right], ""), is(200, ""), "{asked}");
        }
    }
    assert_eq!(status("POST /v1/admin/snapshot", &[&both], ""), is(403, "wrong_scope"));

    // One that is made now is good now, also while others guess.
    for round in 0..20 {
        let name = format!("new_{round}");
        let new = token(folder.path(), &name, &["read"]);
        assert_eq!(status("GET /metrics", &[&new], ""), is(200, ""), "{name}");
    }
    let removed = run(&["token", "--data", path(folder.path()), "remove", "board"]);
    assert_eq!(removed.code, Some(0), "{removed:?}");
    for said in ["token board, which allowed read, is removed", "within a second"] {
        assert!(removed.out.contains(said), "{said}: {removed:?}");
    }
    let begun = Instant::now();
    while status("GET /metrics", &[&read], "") != is(401, "unknown_token") {
        // A machine that is busy may take longer; a look every second would have taken up to two.
        assert!(begun.elapsed() < Duration::from_secs(30), "a removed token still opens");
    }
    for round in 0..20 {
        run(&["token", "--data", path(folder.path()), "remove", &format!("new_{round}")]);
    }
    let listed = run(&["token", "--data", path(folder.path()), "list"]).out;
    assert_eq!(listed, "engine\tingest\nboth\tread,ingest\n");
}

#[test]
fn a_body_that_is_not_what_is_asked_for_is_told_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    let admin = admin(folder.path());
    for (body, says) in
        [("null", "the body is null"), ("5", "the body is a number"), ("\"text\"", "the body is a text")]
    {
        for path in ["/v1/activities", "/v1/messages", "/v1/citizens", "/v1/buildings"] {
            let answer = check(&sidecar, &request(&format!("POST {path}"), &[], body), 400, "unreadable");
            let message = answer.json()["error"]["message"].to_string();
            assert!(message.contains(says) && message.contains("an array of events"), "{path} {body}: {message}");
        }
    }
    let orders = [
        ("/v1/rollout", "\"to\":\"paused\",\"all\":true"),
        ("/v1/guards/release", "\"name\":\"a\""),
        ("/v1/conflicts/accept", "\"number\":0"),
        ("/v1/periods/close", "\"month\":\"2020-01\""),
        ("/v1/transactions/tx_1/reverse", "\"why\":\"tried\""),
        ("/v1/payers", "\"id\":\"a\""),
        ("/v1/payers/remove", "\"id\":\"a\""),
        ("/v1/admin/erase", "\"id\":\"a\""),
        ("/v1/proposals", "\"citizens\":[],\"buildings\":[]"),
    ];
    for (path, fields) in orders {
        let refused = |body: &str, says: &str| {
            let answer = check(&sidecar, &request(&format!("POST {path}"), &[&admin], body), 400, "body");
            let message = answer.json()["error"]["message"].to_string();
            assert!(message.contains(says), "{path} {body}: {message}");
        };
        for body in ["null", "5", "[]", "[\"paused\",null,null,true]"] {
            refused(body, "it is to be one JSON object");
        }
        refused(&format!("{{{fields}"), "EOF");
        refused(&format!("{{{fields},{fields}}}"), "duplicate field");
        if path == "/v1/proposals" {
            continue;
        }
        refused(&format!("{{{fields},\"whyy\":\"\"}}"), "unknown field `whyy`");
        refused(&format!("{{{fields},\"by\":\"a\",\"by\":\"b\"}}"), "duplicate field");
        refused(&format!("{{{fields},\"why\":\"a\",\"why\":\"b\"}}"), "duplicate field");
    }
    for (path, body, says) in [
        ("/v1/rollout", "{\"to\":\"on\",\"all\":true}", "`to` is shadow, live, paused or none"),
        ("/v1/rollout", "{\"to\":\"live\"}", "exactly one of `business`, `citizen` and `all`"),
        ("/v1/guards/release", "{\"transaction\":\"42\"}", "a transaction is such as tx_42"),
        ("/v1/guards/release", "{}", "either `transaction` or `name`"),
        ("/v1/payers", "{\"id\":\"\"}", "an id has 1 to 128 bytes"),
        ("/v1/payers", "{\"id\":\"a\",\"currency\":\"euros\"}", "a code such as EUR"),
        ("/v1/payers", "{\"id\":\"a\",\"collection\":\"cash\"}", "send_invoice or charge_automatically"),
        ("/v1/payers", "{\"id\":\"a\",\"collection\":\"charge_automatically\",\"days\":3}", "has no `days` to pay in"),
        ("/v1/payers", "{\"id\":\"a\",\"minimum\":\"ten\"}", "an amount such as"),
        (
            "/v1/payers",
            "{\"id\":\"a\",\"anew\":true,\"email\":\"a@example.org\"}",
            "takes the address and the name that are kept",
        ),
        (
            "/v1/payers",
            "{\"id\":\"a\",\"anew\":true,\"customer\":\"cus_1\"}",
            "either `customer` is given or what makes him one",
        ),
        ("/v1/payers", "{\"id\":\"a\",\"tax\":\"VAT\"}", "none, automatic or a list of tax rates"),
        ("/v1/payers", "{\"id\":\"a\",\"tax\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]}", "at most five tax rates"),
        ("/v1/periods/close", "{\"month\":\"foo\"}", "is written as 2026-11"),
        ("/v1/periods/close", "{\"month\":\"2026-13\"}", "only one that is over can be closed"),
        ("/v1/periods/close", "{\"month\":\"+026-11\"}", "from 2000-01 to 9999-12"),
    ] {
        let answer = check(&sidecar, &request(&format!("POST {path}"), &[&admin], body), 400, "body");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(says), "{path} {body}: {message}");
    }
    assert_eq!(sidecar.get("/v1/rollout").1["all"]["phase"], "shadow");
}

#[test]
fn whoever_makes_or_removes_a_token_is_told_what_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["--data", path(folder.path())];
    let tokens = |arguments: &[&str]| run(&[&["token"], &data[..], arguments].concat());
    let added = tokens(&["add", "engine", "--scope", "ingest,read"]);
    assert_eq!(added.out.trim().len(), 64, "the token alone: {added:?}");
    assert!(added.err.contains("token engine allows ingest,read"), "{added:?}");
    for (name, says) in [("nobody", "there is no token named nobody"), ("admin", "admin.token")] {
        let refused = tokens(&["remove", name]);
        assert!(refused.code == Some(1) && refused.err.contains(says), "{refused:?}");
    }
    for wrong in ["é", "a b", ""] {
        let ran = run(&["conflicts", "--url", "http://127.0.0.1:9", "--token", wrong]);
        let (code, says) =
            if wrong.is_empty() { (3, "no sidecar answers") } else { (2, "a token is made of letters and digits") };
        assert!(ran.code == Some(code) && ran.err.contains(says), "{wrong:?}: {ran:?}");
    }
}

/// What every operation of the description asks for, by its tag: none, or a scope.
fn described(sidecar: &Sidecar) -> Vec<(String, String, Option<&'static str>)> {
    let api = sidecar.get("/openapi.json").1;
    let mut operations = Vec::new();
    for (path, item) in api["paths"].as_object().expect("paths") {
        for method in ["get", "head", "post", "put", "patch", "delete", "options"] {
            let asked = format!("{} {}", method.to_uppercase(), path.replace("{id}", "tx_1"));
            let operation = &item[method];
            let is_question = method == "get" || method == "head";
            let (open, bearer) = (json!([{}]), json!([{ "bearer": [] }]));
            let scope = match operation["tags"][0].as_str() {
                // What is described nowhere is the operator's, unless it only asks.
                None if is_question && item["get"]["security"] == open => None,
                None if is_question && !path.starts_with("/v1/admin/") => Some("read"),
                None => Some("admin"),
                Some(_) if operation["security"] == open => None,
                Some(_) if operation["security"] == bearer => Some("admin"),
                Some("ingest") => Some("ingest"),
                Some(_) => Some("read"),
            };
            operations.push((asked, path.clone(), scope));
        }
    }
    assert!(20 < operations.len());
    operations
}

#[test]
fn every_path_asks_for_its_own_scope_and_with_a_slash_behind_it_there_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [ingest, read] = ["ingest", "read"].map(|scope| token(folder.path(), scope, &[scope]));
    let everywhere = Sidecar::start(rialto(&["serve", "--listen", "0.0.0.0:0", "--data", path(folder.path())]));
    let local_folder = tempfile::tempdir().unwrap();
    let local = Sidecar::serve(local_folder.path());
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], everywhere.address().port()));
    let admin = admin(folder.path());
    let keys = [("ingest", &ingest), ("read", &read), ("admin", &admin)];
    for (asked, path, scope) in described(&local) {
        let status = |to: std::net::SocketAddr, headers: &[&str]| answer_to(to, &request(&asked, headers, "")).status;
        let is_open = |status: u16| status != 401 && status != 403;
        // On a loopback address only the operator needs a token.
        assert_eq!(is_open(status(local.address(), &[])), scope != Some("admin"), "{asked}");
        assert_eq!(is_open(status(address, &[])), scope.is_none(), "{asked}");
        for (name, key) in keys {
            let is_right = scope.is_none_or(|scope| scope == name || name == "admin");
            assert_eq!(is_open(status(address, &[key])), is_right, "{asked} with {name}");
        }
        if path == "/" {
            continue;
        }
        for wrong in [format!("{asked}/"), format!("{asked}//"), asked.replacen(" /", " //", 1)] {
            for headers in [&[][..], &[ingest.as_str()], &[&read], &[&admin]] {
                let answer = answer_to(address, &request(&wrong, headers, ""));
                assert_eq!(answer.status, 404, "{wrong} {headers:?}: {answer:?}");
            }
            assert_eq!(answer_to(local.address(), &request(&wrong, &[], "")).status, 404, "{wrong}");
        }
    }
    // The hole that there was.
    let pause = "{\"to\":\"paused\",\"all\":true}";
    check(&local, &request("POST /v1/rollout/", &[], pause), 404, "no_such_path");
    assert_eq!(local.get("/v1/rollout").1["all"]["phase"], "shadow");
}
