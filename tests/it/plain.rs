//! What others wrote, on a terminal: ids may hold anything, and nothing of it is obeyed there.

use std::path::Path;

use serde_json::json;

use super::sidecar::{JSON, Ran, Sidecar, path, ran, rialto, run};

/// Clears a screen, colours it, rings a bell, and pretends to be a line of its own.
const EVIL: &str = "rec\u{1b}[2J\u{9b}31m\u{7}\u{7f}\r\nok";

fn ask(sidecar: &Sidecar, data: &Path, arguments: &[&str]) -> Ran {
    let mut command = rialto(arguments);
    command.env("RIALTO_URL", sidecar.url());
    command.env("RIALTO_TOKEN", std::fs::read_to_string(data.join("admin.token")).unwrap().trim());
    ran(command)
}

/// Nothing in it but text, and the lines that the command itself made.
fn check(ran: &Ran, what: &[&str]) {
    for text in [&ran.out, &ran.err] {
        let obeyed: String = text.chars().filter(|letter| letter.is_control() && *letter != '\n').collect();
        assert_eq!(obeyed, "", "{what:?}: {ran:?}");
        assert!(!text.lines().any(|line| line.starts_with("ok")), "{what:?}: {ran:?}");
    }
}

#[test]
fn an_id_may_hold_anything_and_no_terminal_obeys_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sidecar = Sidecar::serve(data);
    let service = |minutes: u32| {
        let id = json!({ "id": EVIL, "Type": "paid_service", "Citizen": EVIL, "ClientId": EVIL, "duration_minutes": minutes });
        sidecar.post("/v1/activities", JSON, &id.to_string()).1["results"][0]["status"].clone()
    };
    assert_eq!((service(60), service(90)), (json!("priced"), json!("conflict")));
    assert!(ask(&sidecar, data, &["payer", "add", EVIL]).out.contains("rec\\u001b[2J"));
    for arguments in [
        &["why", EVIL][..],
        &["why", "tx_1"],
        &["why", EVIL, "--json"],
        &["conflicts"],
        &["conflicts", "--json"],
        &["payer", "list"],
        &["guard", "release", EVIL],
        &["rollout", "pause", "--citizen", EVIL],
        &["rollout", "show"],
    ] {
        let ran = ask(&sidecar, data, arguments);
        check(&ran, arguments);
        assert!(format!("{}{}", ran.out, ran.err).contains("\\u001b[2J\\u009b31m"), "{arguments:?}: {ran:?}");
    }
    let told = ask(&sidecar, data, &["why", EVIL, "--json"]).json();
    assert_eq!((&told["source_id"], &told["citizen_id"]), (&json!(EVIL), &json!(EVIL)));
    let rejected = super::sidecar::run_with(
        &["import", "--url", &sidecar.url(), "--kind", "activities", "-"],
        &json!({ "id": EVIL, "Type": 7.5, "Citizen": [] }).to_string(),
    );
    check(&rejected, &["import"]);
    sidecar.stop();
}

#[test]
fn who_and_why_and_the_names_of_tokens_are_plain_text() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sidecar = Sidecar::serve(data);
    for evil in ["a\nb", "\u{1b}[2J", "\u{7f}", "\u{85}"] {
        for flag in ["--by", "--why"] {
            let arguments = ["rollout", "pause", "--citizen", "a", flag, evil];
            let ran = ask(&sidecar, data, &arguments);
            assert!(ran.code == Some(1) && ran.err.contains("a line of plain text"), "{arguments:?}: {ran:?}");
            check(&ran, &arguments);
        }
        let ran = run(&["token", "--data", path(data), "add", evil, "--scope", "read"]);
        assert!(ran.code == Some(1) && ran.err.contains("bytes of plain text"), "{evil:?}: {ran:?}");
    }
    let fine =
        ask(&sidecar, data, &["rollout", "pause", "--citizen", "a", "--by", "Élise", "--why", "sì, perché — 日本"]);
    assert_eq!(fine.code, Some(0), "{fine:?}");
    assert_eq!(run(&["token", "--data", path(data), "list"]).out, "");
    sidecar.stop();
}
