//! Importing, as those who run it see it: what is counted, what is rejected, and that twice is once.

use serde_json::json;

use super::sidecar::{Sidecar, path, run, run_with, verify};

#[test]
fn an_import_reports_what_it_did_and_doing_it_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let hour = |id: &str| json!({ "id": id, "Type": "paid_service", "Citizen": "a", "Notes": "{\"revenue\":{\"minutes\":60}}" });
    let rest = |id: &str| json!({ "id": id, "Type": "rest", "Citizen": "a" });
    let letter = |id: &str| json!({ "id": id, "Sender": "a", "Receiver": "@somebody", "Content": "Salve" });
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let lines = file(
        "lines.ndjson",
        format!(
            "\n{}\n\nnonsense\n{}\r\n{{\"Type\":\"rest\",\"Citizen\":\"a\"}}\n{}",
            hour("rec1"),
            letter("rec1"),
            rest("rec2")
        ),
    );
    let array = file("array.json", format!("[\n  {},\n  {},\n  {{\"colour\":1}}\n]\n", hour("rec3"), hour("rec1")));
    let one = file("one.json", serde_json::to_string_pretty(&hour("rec4")).unwrap());
    let marked = file("marked.json", format!("\u{feff}[{}]", rest("rec5")));
    let bad_first = file("bad_first.ndjson", format!("{{\"id\":\"rec6\",\n{}\n", rest("rec7")));
    let empty = file("empty.ndjson", String::new());
    let rows = file("rows.json", json!([{ "Username": "a", "IsAI": true, "Ducats": 1 }]).to_string());

    let into = ["import", "--data", path(&data)];
    let files = [&rows, &lines, &array, &one, &marked, &bad_first, &empty].map(String::as_str);
    let import = run(&[&into[..], &files[..]].concat());
    assert_eq!(import.code, Some(1), "{import:?}");
    let told: Vec<&str> = import.out.lines().collect();
    assert_eq!(told[0], "13 records read: 4 recorded, 4 priced, 1 duplicate, 0 conflict, 4 rejected");
    assert_eq!(told[1], "priced 150.10 EUR");
    let rejected =
        [(&lines, 4, "not_json"), (&lines, 6, "missing_id"), (&array, 3, "unknown_kind"), (&bad_first, 1, "not_json")];
    assert_eq!(told.len(), 2 + rejected.len(), "{}", import.out);
    for (told, (file, line, code)) in told[2..].iter().zip(rejected) {
        assert!(told.starts_with(&format!("{file}:{line}: ")) && told.contains(code), "{told}");
    }

    let book = verify(&data);
    assert_eq!((&book["transactions"], &book["charged"][0]["shadow"]), (&json!(4), &json!("150.10")));
    let again = run(&[&["import", "--json", "--data", path(&data)], &files[..]].concat());
    let report = again.json();
    assert_eq!((again.code, &report["duplicate"], &report["rejected"]), (Some(1), &json!(9), &json!(4)), "{report}");
    assert_eq!((&report["records"], &report["amount"]), (&json!(13), &json!({})));
    assert_eq!(
        report["rejections"][1],
        json!({ "file": lines, "line": 6, "id": null, "code": "missing_id",
        "message": report["rejections"][1]["message"] })
    );
    let after = verify(&data);
    for key in ["digest", "records", "facts", "transactions", "conflicts", "charged"] {
        assert_eq!(after[key], book[key], "a second import changed the {key}");
    }

    let good = run_with(&[&into[..], &["--json", "-"]].concat(), &format!("{}\n{}\n", hour("rec8"), letter("rec8")));
    assert_eq!((good.code, &good.json()["amount"]["EUR"]), (Some(0), &json!("50.10")), "{good:?}");
    let kind = run_with(&[&into[..], &["--json", "--kind", "activities", "-"]].concat(), "{\"id\":\"rec9\"}");
    assert_eq!((kind.code, &kind.json()["recorded"]), (Some(0), &json!(1)), "{kind:?}");
    let missing = run(&[&into[..], &["nowhere.ndjson"]].concat());
    assert_eq!(missing.code, Some(1));
    assert!(missing.err.starts_with("rialto: nowhere.ndjson cannot be opened"), "{missing:?}");
}

#[test]
fn an_import_into_a_sidecar_is_the_same_as_into_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(&folder.path().join("served"));
    let large = |number: usize| json!({ "id": format!("rec{number}"), "Type": "paid_service", "Citizen": "a", "duration_minutes": 60, "EndDate": "2025-07-02T09:30:00Z", "Path": "x".repeat(200 * 1024) });
    // Together they are more than one body may have.
    let lines: String = (0..60).map(|number| format!("{}\n", large(number))).collect();
    let lines = lines + "{\"Type\":\"rest\",\"Citizen\":\"a\"}\n";
    let served = run_with(&["import", "--json", "--url", &sidecar.url(), "-"], &lines);
    let data = folder.path().join("data");
    let direct = run_with(&["import", "--json", "--data", path(&data), "-"], &lines);
    assert_eq!((served.code, served.json()), (direct.code, direct.json()), "{served:?}");
    assert_eq!(served.json()["priced"], 60);
    sidecar.stop();
    assert_eq!(verify(&folder.path().join("served"))["digest"], verify(&data)["digest"]);

    let nobody = run_with(&["import", "--url", "http://127.0.0.1:1", "-"], &lines);
    assert_eq!(nobody.code, Some(3));
    assert!(nobody.err.contains("no sidecar answers at http://127.0.0.1:1"), "{nobody:?}");
}
