//! What somebody writes where an id, a name or a path belongs, so that it is obeyed somewhere: by a terminal, a log, a
//! browser, a spreadsheet, Prometheus, hledger, the file system.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::{tell, times};
use super::{admin, files, run_in};
use crate::dice::Dice;
use crate::sidecar::{Answer, Sidecar, answer_to, path, raw, rialto};

/// What is tried. Each is a line of its own kind.
const EVIL: [&str; 26] = [
    "a\nERROR forged a line",
    "a\r\nX-Forged: 1\r\n\r\nbody",
    "a\r2026-01-01T00:00:00Z ERROR forged",
    "\u{1b}[2J\u{1b}[31mred",
    "\u{9b}31m\u{90}q",
    "\u{7}\u{8}\u{c}\u{7f}",
    "a\0b",
    "\u{202e}gnp.exe",
    "\u{2066}a\u{2069}\u{200e}\u{2028}b\u{2029}",
    "../../../etc/passwd",
    "..\\..\\admin.token",
    "/etc/passwd",
    "%2e%2e%2fadmin.token",
    "<script>alert(1)</script>",
    "\" onload=\"alert(1)",
    "</script><img src=x onerror=alert(1)>",
    "{{7*7}}{% raw %}",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\ttab",
    "a\"} 1\nrialto_forged_total 1\n#",
    "\\\"} rialto_forged{a=\"",
    "a\n2026-01-01 forged\n    Assets:Forged  1000 EUR\n    Income",
    "'; DROP TABLE charges; --",
];

/// Paths that lead out of where they begin, or to a file of the data folder.
const PATHS: [&str; 18] = [
    "/admin.token",
    "/tokens.toml",
    "/FOLDER",
    "/journal",
    "/../admin.token",
    "/../../../../etc/passwd",
    "/%2e%2e/admin.token",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/..%5c..%5cadmin.token",
    "/%252e%252e/admin.token",
    "/page.css/../admin.token",
    "/page.css%00admin.token",
    "/v1/activities/../admin/snapshot",
    "/v1/activities/..%2f..%2f..%2fetc%2fpasswd",
    "/v1/entities/%2e%2e%2f%2e%2e%2fadmin.token",
    "/./admin.token",
    "/v1/%61dmin/snapshot",
];

/// Whether nothing in a text is obeyed by a terminal, or makes a line of its own.
fn is_plain(text: &str) -> bool {
    let is_turning =
        |letter: char| "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".contains(letter);
    !text.chars().any(|letter| letter.is_control() && letter != '\n' || is_turning(letter))
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What came back was made by us, whatever was in the request: its headers are ours, and a refusal is JSON.
fn is_ours(answer: &Answer, asked: &str) {
    assert!(answer.header("x-forged").is_none() && !answer.head.contains("\r\n\r\n"), "{asked}: {answer:?}");
    assert!(answer.header("content-security-policy").is_some() || answer.status == 400, "{asked}: {answer:?}");
    assert!(answer.status < 500, "{asked}: {answer:?}");
    if answer.header("content-type") == Some("application/json") && !asked.starts_with("HEAD") {
        let told = answer.json();
        assert!(answer.status == 200 || answer.status == 202 || told["error"]["code"].is_string(), "{asked}: {told}");
    }
}

/// Texts of one's own making: pieces of those above, in any order.
fn mixed(dice: &Dice) -> String {
    let pieces: Vec<&str> = EVIL.iter().flat_map(|evil| evil.split_inclusive(['\n', '"', '/', '%', ' '])).collect();
    let count = 1 + dice.below(4);
    (0..count).map(|_| pieces[dice.below(pieces.len() as u64) as usize]).collect::<String>().chars().take(60).collect()
}

#[test]
fn nothing_that_is_written_into_an_id_a_header_or_a_path_is_obeyed_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(&data)]);
    command.env("RIALTO_LOG", "trace");
    let sidecar = Sidecar::start(command);
    let admin = admin(&data);
    let bearer = format!("Authorization: Bearer {admin}");
    let dice = Dice::seeded("RIALTO_INJECTED_SEED");
    println!("{dice}");
    let mut texts: Vec<String> = EVIL.map(str::to_owned).into();
    texts.extend((0..times(10, 1_000)).map(|_| mixed(&dice)));

    let requests = std::cell::Cell::new(0);
    let ask = |line: &str, headers: &[&str], body: &str| {
        requests.set(requests.get() + 1);
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let host = if headers.contains("Host:") { "" } else { "Host: localhost\r\n" };
        let asked = format!("{line} HTTP/1.1\r\n{host}{headers}Content-Length: {}\r\n\r\n{body}", body.len());
        let answer = answer_to(sidecar.address(), &asked);
        is_ours(&answer, &asked);
        answer
    };
    // Before anything has such an id.
    for there in PATHS {
        for (method, headers) in [("GET", &[][..]), ("GET", &[bearer.as_str()]), ("POST", &[])] {
            let answer = ask(&format!("{method} {there}"), headers, "");
            // A segment is decoded once, and is an id and nothing else.
            assert!(matches!(answer.status, 400 | 401 | 404 | 405), "{method} {there}: {answer:?}");
            assert!(!answer.body.contains(&admin) && !answer.body.contains("root:"), "{method} {there}: {answer:?}");
        }
    }
    for evil in &texts {
        // Where ids and texts belong.
        let event = json!({ "id": evil, "Type": "paid_service", "Citizen": evil, "Title": evil, "FromBuilding": evil,
            "Notes": json!({ "revenue": { "minutes": 60, "service": evil, "client": evil, "business": evil } }).to_string() });
        let message =
            json!({ "id": format!("m{evil}"), "Sender": evil, "Receiver": evil, "Type": evil, "Content": evil });
        ask("POST /v1/activities", &[], &event.to_string());
        ask("POST /v1/messages", &[], &message.to_string());
        ask("POST /v1/citizens", &[], &json!({ "Username": evil, "IsAI": true, "FirstName": evil }).to_string());
        let building = json!({ "BuildingId": evil, "Category": "business", "RunBy": evil, "Name": evil });
        ask("POST /v1/buildings", &[], &building.to_string());
        for path in ["activities", "messages", "entities", "transactions", "bills"] {
            ask(&format!("GET /v1/{path}/{}", encoded(evil)), &[&bearer], "");
        }
        for query in ["/?why=", "/page/why?id=", "/v1/transactions?citizen=", "/v1/transactions?cursor=", "/?currency="]
        {
            ask(&format!("GET {query}{}", encoded(evil)), &[], "");
        }
        // What the operator says.
        let signed = json!({ "by": evil, "why": evil });
        ask("POST /v1/admin/snapshot", &[&bearer], &signed.to_string());
        ask(
            "POST /v1/payers",
            &[&bearer],
            &json!({ "id": evil, "by": "ada", "why": "tried", "customer": evil }).to_string(),
        );
        ask("POST /v1/rollout", &[&bearer], &json!({ "to": "shadow", "business": evil }).to_string());
        ask("PUT /v1/tariff", &[&bearer], evil);
        ask(&format!("POST /v1/bills/{}/cancel", encoded(evil)), &[&bearer], &signed.to_string());
        // Headers, as far as they can hold it: what ends one is no part of it.
        let header: String = evil.chars().filter(|letter| !"\r\n\0".contains(*letter)).collect();
        for name in [
            "Host",
            "Origin",
            "Content-Type",
            "Content-Encoding",
            "Accept",
            "Authorization",
            "Last-Event-ID",
            "Stripe-Signature",
        ] {
            let raw = format!(
                "POST /v1/activities HTTP/1.1\r\n{}{name}: {header}\r\nContent-Length: 2\r\n\r\n{{}}",
                if name == "Host" { "" } else { "Host: localhost\r\n" }
            );
            is_ours(&answer_to(sidecar.address(), &raw), &raw);
            requests.set(requests.get() + 1);
        }
        let named = run_in(
            &[],
            &["token", "--data", path(&data), "add", "--scope", "read", "--", evil.replace('\0', "").as_str()],
        );
        assert!(is_plain(&named.out) && is_plain(&named.err), "{evil:?}: {named:?}");
    }
    // Two requests that pass for one, and one for two.
    for smuggled in [
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\n{\"a\":",
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, x\r\n\r\n{}",
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\n folded: 1\r\n\r\n",
        "GET /metrics\t/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        let answer = raw(sidecar.address(), smuggled.as_bytes());
        assert!(matches!(answer.status, 400 | 403), "{smuggled:?}: {answer:?}");
        requests.set(requests.get() + 1);
    }

    // Now everything that shows any of it.
    let metrics = sidecar.get("/metrics").1;
    for line in metrics.as_str().unwrap().lines() {
        let is_one = line.is_empty() || line.starts_with("rialto_") || line.starts_with("# ");
        assert!(is_one && !line.starts_with("rialto_forged") && is_plain(line), "{line:?}");
    }
    for page in ["/", "/?why=%3Cscript%3Ealert(1)%3C%2Fscript%3E"] {
        let answer = sidecar.raw(format!("GET {page} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        for raw in ["<script>alert", "<img src=x", "\" onload="] {
            assert!(!answer.body.contains(raw), "{raw} is in {page}");
        }
    }
    assert_eq!(sidecar.get("/v1/rollout").0, 200, "it answers as before");
    let url = sidecar.url();
    let commands: [&[&str]; 8] = [
        &["orders"],
        &["payer", "list"],
        &["conflicts"],
        &["undecided"],
        &["guard", "list"],
        &["rollout", "show"],
        &["targets"],
        &["why", "../../etc/passwd"],
    ];
    for command in commands {
        let told = run_in(&[("RIALTO_URL", &url), ("RIALTO_TOKEN", &admin)], command);
        assert!(is_plain(&told.out) && is_plain(&told.err), "{command:?}: {told:?}");
    }
    sidecar.stop_and_tell(|log| {
        for line in log.lines() {
            let is_one = line.starts_with("20") && line.as_bytes().get(4) == Some(&b'-');
            assert!(is_one && is_plain(line), "no line of ours in the log: {line:?}");
            // The time is followed by a level, which a forged line could only have in its middle.
            let level = line.split_whitespace().nth(1).unwrap_or_default();
            assert!(["TRACE", "DEBUG", "INFO", "WARN", "ERROR"].contains(&level), "{line:?}");
        }
    });
    let [csv, journal] = ["book.csv", "book.journal"].map(|name| folder.path().join(name));
    for (file, format) in [(&csv, "csv"), (&journal, "hledger")] {
        let told = run_in(&[], &["export", "--data", path(&data), "--format", format, "--out", path(file)]);
        assert_eq!(told.code, Some(0), "{told:?}");
    }
    let mut cells = 0;
    for record in csv::Reader::from_path(&csv).unwrap().records() {
        // All but amounts and numbers of tariffs are texts.
        for (place, cell) in record.unwrap().iter().enumerate() {
            let is_number = cell.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte));
            assert!(is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{place}: {cell:?}");
            cells += 1;
        }
    }
    let written = std::fs::read_to_string(&journal).unwrap();
    assert!(is_plain(&written) && !written.contains("Assets:Forged"), "{written}");
    for (name, _) in files(&data) {
        let inside = name.strip_prefix(&data).unwrap();
        let is_known =
            ["journal", "images"].iter().any(|folder| inside.starts_with(folder)) || inside.components().count() == 1;
        assert!(is_known, "{}", name.display());
    }
    let kinds: BTreeSet<&str> = EVIL.into_iter().collect();
    tell(
        "ids, headers and paths that are meant to be obeyed",
        format!(
            "{} texts ({} kinds: control characters, escapes, bidi, `../`, markup, formulas) in {} requests, as ids, in headers, queries, paths and orders, with the log at trace",
            texts.len(),
            kinds.len(),
            requests.get()
        ),
        format!(
            "no line of the log, header, metric, page, command, journal of hledger or one of {cells} cells of CSV is anything but ours; no file was read or made elsewhere"
        ),
    );
}
