//! Requests that are made to be too much: each is refused by name, costs no more than its bounds, and the next is answered.

use std::io::Write;
use std::net::TcpStream;

use serde_json::Value;

use super::super::{tell, times};
use super::{megabytes, memory};
use crate::doors::request;
use crate::sidecar::{Sidecar, read_answer};

const POST: &str = "POST /v1/activities";
const NDJSON: &str = "Content-Type: application/x-ndjson";
/// So much more memory than before: the room for bodies (256 MiB), once as they came and once as they are read.
const MEMORY: u64 = 600 << 20;

/// Sends it, and says what was answered: a status and a code.
fn answered(sidecar: &Sidecar, asked: &[u8]) -> (u16, String) {
    let stream = crate::sidecar::connect(sidecar.address());
    let answer = read_answer(stream, asked, true);
    let code = serde_json::from_str::<Value>(&answer.body).unwrap_or_default();
    let code = code["error"]["code"].as_str().or(code["results"][0]["error"]["code"].as_str()).unwrap_or_default();
    (answer.status, code.to_owned())
}

#[test]
fn whatever_is_too_much_is_refused_by_name_and_the_next_request_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    let before = memory(&sidecar, "VmRSS");
    let event = |number: usize| format!("{{\"id\":\"rec{number}\",\"type\":\"goto_home\",\"citizen\":\"c\"}}\n");
    let many: String = (0..100_000).map(event).collect();
    let nested = |deep: usize| format!("{{\"id\":\"recN\",\"Notes\":{}{}}}", "[".repeat(deep), "]".repeat(deep));
    let chunked = |piece: &str, count: usize| {
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        format!("{}{}0\r\n\r\n", request(POST, &["Transfer-Encoding: chunked"], ""), chunk.repeat(count))
    };
    let mut gzip = request(POST, &["Content-Encoding: gzip", "Content-Length: 20"], "").into_bytes();
    // The beginning of a thousand zeroes, packed; who unpacked as much as is told would never end.
    gzip.extend([31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 237, 193, 1, 1, 0, 0, 0, 130, 32, 255]);
    let heads: Vec<String> = (0..200).map(|number| format!("X-{number}: {}", "a".repeat(10))).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let long = format!("X-Long: {}", "a".repeat(1 << 20));
    let asked: [(&str, Vec<u8>, u16, &str); 12] = [
        ("a head of a megabyte", request(POST, &[&long], "{}").into(), 431, ""),
        ("200 headers", request(POST, &heads, "{}").into(), 431, ""),
        ("100,000 events", request(POST, &[NDJSON], &many).into(), 413, "too_many_events"),
        ("a body of 9 MB", request(POST, &[], &" ".repeat(9 << 20)).into(), 413, "too_large"),
        ("9 MB without a length", chunked(&" ".repeat(1 << 16), 144).into(), 413, "too_large"),
        ("a body of exabytes", request(POST, &["Content-Length: 9000000000000000000"], "").into(), 413, "too_large"),
        ("a packed bomb", gzip, 415, "content_encoding"),
        ("a million brackets", request(POST, &[], &"[".repeat(1 << 20)).into(), 400, "unreadable"),
        ("an event a million deep", request(POST, &[], &nested(1 << 20)).into(), 200, "too_large"),
        ("one 20,000 deep", request(POST, &[], &nested(20_000)).into(), 200, "too_deep"),
        ("one line without an end", request(POST, &[NDJSON], &"a".repeat(7 << 20)).into(), 200, "too_large"),
        (
            "a body that is no text",
            [request(POST, &["Content-Length: 4"], "").as_bytes(), &[255; 4]].concat(),
            400,
            "unreadable",
        ),
    ];
    let rounds = times(1, 200);
    for round in 0..rounds {
        for (what, asked, status, code) in &asked {
            let (came, told) = answered(&sidecar, asked);
            assert_eq!((came, told.as_str()), (*status, *code), "{what}");
        }
        let next = answered(&sidecar, request(POST, &[NDJSON], &event(round)).as_bytes());
        assert_eq!(next, (200, String::new()), "after all of that");
    }
    // As many large bodies at once as there is no room for, each but for its last byte.
    let at_once = times(8, 64);
    let largest = 8 << 20;
    let told = format!("Content-Length: {largest}");
    let body = vec![b' '; largest - 1];
    let visitors: Vec<TcpStream> = (0..at_once)
        .map(|_| {
            let mut visitor = crate::sidecar::connect(sidecar.address());
            visitor.set_write_timeout(Some(std::time::Duration::from_secs(2))).unwrap();
            // Who finds no room is refused before all of it is sent.
            let _ = visitor.write_all(request(POST, &[&told], "").as_bytes()).and_then(|()| visitor.write_all(&body));
            visitor
        })
        .collect();
    let (status, _) = sidecar.get("/readyz");
    assert_eq!(status, 200, "a question needs no room");
    drop(visitors);
    let highest = memory(&sidecar, "VmHWM");
    assert!(highest < before + MEMORY, "{highest} bytes, of {before} at first");
    let next = || answered(&sidecar, request(POST, &[NDJSON], &event(rounds)).as_bytes());
    while next().0 == 503 {}
    assert_eq!(next(), (200, String::new()), "after all of that");
    tell(
        "too much in one request",
        format!(
            "{} kinds, {rounds} times each (heads, bodies without length or end, packed bombs, 100,000 events, JSON a million deep), and {at_once} bodies of 8 MiB at once",
            asked.len()
        ),
        format!(
            "each refused by its name, the next answered; {:.0} MB resident before, {:.0} at most",
            megabytes(before),
            megabytes(highest)
        ),
    );
    sidecar.stop();
}
