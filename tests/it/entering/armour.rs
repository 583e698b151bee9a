//! What every answer tells a browser.

use serde_json::Value;

use super::{admin, bearer};
use crate::doors::request;
use crate::sidecar::{Answer, Sidecar};

const USUAL: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

fn check(answer: &Answer, asked: &str) {
    for (name, value) in USUAL {
        assert_eq!(answer.header(name), Some(value), "{asked}: {answer:?}");
    }
    let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{asked}: {answer:?}"));
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{asked}: {policy}");
    for loose in ["unsafe", "*", "http:", "https:"] {
        assert!(!policy.contains(loose), "{asked}: {policy}");
    }
    let is_page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    assert_eq!(policy.contains("script-src 'self'"), is_page, "{asked}: {policy}");
    // Over plain HTTP nobody believes it, and nothing of ours says that anybody else may read an answer.
    for absent in ["strict-transport-security", "access-control-allow-origin", "set-cookie", "server"] {
        assert_eq!(answer.header(absent), None, "{asked}: {answer:?}");
    }
}

#[test]
fn every_answer_of_every_route_is_armoured_whatever_its_status() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    let api = sidecar.get("/openapi.json").1;
    let admin = bearer(&admin(folder.path()));
    let (mut checked, mut statuses) = (0, std::collections::BTreeSet::new());
    let mut look = |asked: String, headers: &[&str], body: &str| {
        // What goes on has a head before it has anything else.
        let answer = sidecar.raw_head(request(&asked, headers, body).as_bytes());
        check(&answer, &asked);
        statuses.insert(answer.status);
        checked += 1;
    };
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            let asked = format!("{method} {}", path.replace("{id}", "tx_1"));
            look(asked.clone(), &[&admin], "");
            look(asked.clone(), &[], "{}");
            look(asked.clone(), &["Authorization: Bearer 0123"], "");
            look(asked, &["Origin: https://evil.example"], "{}");
        }
        assert!(item.is_object());
    }
    look("GET /nothing".to_owned(), &[], "");
    look("POST /v1/activities".to_owned(), &["Content-Type: text/plain"], "{}");
    for status in [200, 202, 400, 401, 403, 404, 405, 409, 415, 429] {
        assert!(statuses.contains(&status), "{status} was not seen: {statuses:?}");
    }
    assert!(1000 < checked, "{checked}");
}

#[test]
fn whoever_asks_by_a_method_that_there_is_not_is_told_which_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    let api = sidecar.get("/openapi.json").1;
    let admin = bearer(&admin(folder.path()));
    for (path, item) in api["paths"].as_object().unwrap() {
        let described = |method: &&str| item.get(method.to_lowercase()).is_some_and(Value::is_object);
        let methods = ["GET", "POST", "PUT"].into_iter().filter(described).collect::<Vec<_>>().join(", ");
        let asked = request(&format!("DELETE {}", path.replace("{id}", "tx_1")), &[&admin], "");
        let answer = sidecar.raw(asked.as_bytes());
        assert_eq!((answer.status, answer.header("allow")), (405, Some(methods.as_str())), "{path}: {answer:?}");
    }
}

#[test]
fn the_page_has_nothing_that_its_policy_would_keep_from_running() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    for path in ["/", "/?why=tx_1", "/page/why?id=tx_1"] {
        let page = sidecar.raw(request(&format!("GET {path}"), &[], "").as_bytes()).body;
        for inline in ["<style", "style=", "onclick", "onload", "javascript:", "<script>"] {
            assert!(!page.contains(inline), "{inline} is in {path}");
        }
    }
}
