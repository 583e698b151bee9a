//! Whoever guesses is slowed, and nobody else.

use super::{admin, bearer, token};
use crate::doors::{refused, request};
use crate::sidecar::Sidecar;

#[test]
fn whoever_guesses_is_slowed_and_whoever_knows_a_token_or_needs_none_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let known = token(folder.path(), "board", "read", &[]);
    let sidecar = Sidecar::serve(folder.path());
    let asked = |headers: &[&str]| request("GET /metrics", headers, "");
    let guess = |number: usize| asked(&[&bearer(&format!("{number:064x}"))]);
    let (mut unknown, mut slowed) = (0, 0);
    for number in 0..200 {
        let answer = sidecar.raw(guess(number).as_bytes());
        match answer.status {
            401 => unknown += 1,
            _ => {
                let answer = refused(answer, "a guess", 429, "too_many_guesses");
                let wait: u64 = answer.header("retry-after").expect("Retry-After").parse().unwrap();
                assert!((1..=3).contains(&wait), "{answer:?}");
                slowed += 1;
            }
        }
        // From the same address, all the while.
        assert_eq!(sidecar.raw(asked(&[&bearer(&known)]).as_bytes()).status, 200);
        assert_eq!(sidecar.raw(asked(&[]).as_bytes()).status, 200);
    }
    assert!(30 <= unknown && 0 < slowed, "{unknown} were looked at, {slowed} were slowed");
    // A token that is made now is good now, while its neighbour guesses.
    let new = token(folder.path(), "new", "read", &[]);
    assert_eq!(sidecar.raw(asked(&[&bearer(&new)]).as_bytes()).status, 200);
    let admin = bearer(&admin(folder.path()));
    let snapshot = request("POST /v1/admin/snapshot", &[&admin], "");
    assert_eq!(sidecar.raw(snapshot.as_bytes()).status, 202);

    // None is sent where one is needed, and one that is for something else.
    assert_eq!(sidecar.raw(request("POST /v1/admin/snapshot", &[], "").as_bytes()).status, 401);
    assert_eq!(sidecar.raw(request("POST /v1/admin/snapshot", &[&bearer(&known)], "").as_bytes()).status, 403);
    let metrics = sidecar.get("/metrics").1;
    let counted = |reason: &str| {
        let name = format!("rialto_http_tokens_refused_total{{reason=\"{reason}\"}} ");
        let line = metrics.as_str().unwrap().lines().find_map(|line| line.strip_prefix(&name));
        line.unwrap_or_else(|| panic!("{reason}: {metrics}")).parse::<u64>().unwrap()
    };
    assert_eq!(["none", "unknown", "scope", "slowed"].map(counted), [1, unknown, 1, slowed]);
    sidecar.stop_and_tell(|log| {
        let told = log.lines().filter(|line| line.contains("a token was sent that is not known")).count();
        // Once a minute, however many come.
        assert!((1..=3).contains(&told), "{log}");
    });
}
