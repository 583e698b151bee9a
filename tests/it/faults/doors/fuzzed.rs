//! What schemathesis makes of the description of the API: `cargo xtask doors`.
//!
//! It is given the admin's token, so that what operators order is fuzzed too, and a house with something in it: what is
//! charged, held and owed, and a stand-in for Stripe.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::super::{tell, times};
use super::{admin, run_in};
use crate::sidecar::{JSON, Sidecar, path, rialto};

/// What is not asked here: what goes on for as long as somebody listens has no answer to be checked, and other tests read
/// it; and the description itself, which is read before anything is made of it.
const ELSEWHERE: [&str; 2] = ["GET /page/live", "GET /openapi.json"];

#[test]
#[ignore = "needs schemathesis: cargo xtask doors"]
fn no_request_that_can_be_made_of_the_description_finds_what_is_not_described() {
    let python = std::env::var("RIALTO_DOORS_PYTHON").expect("RIALTO_DOORS_PYTHON; cargo xtask doors sets it");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let bank = Sandbox::open();
    let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(&data)]);
    command.env("RIALTO_STRIPE_MODE", "sandbox").env("RIALTO_STRIPE_URL", bank.url());
    command.env("RIALTO_GATE_EVENTS", "0").env("RIALTO_GATE_HOURS", "0").env("RIALTO_GUARD_CITIZEN_HOUR", "40");
    let sidecar = Sidecar::start(command);
    let admin = admin(&data);
    furnish(&sidecar, &admin);

    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doors");
    let report = folder.path().join("report.json");
    let examples = times(10, 60).to_string();
    let url = format!("{}/openapi.json", sidecar.url());
    let bearer = format!("Authorization: Bearer {admin}");
    let mut schemathesis = Command::new(python);
    schemathesis.args(["-m", "schemathesis.cli", "--config-file"]).arg(config.join("schemathesis.toml"));
    schemathesis.args(["run", &url, "--header", &bearer, "--checks", "all", "--max-examples", &examples]);
    schemathesis.args(["--exclude-path", "/page/live", "--seed", "1", "--continue-on-failure", "--no-color"]);
    schemathesis.args(["--warnings", "off", "--report", "ndjson", "--report-ndjson-path"]).arg(&report);
    schemathesis.env("PYTHONPATH", &config).env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONDONTWRITEBYTECODE", "1");
    // It keeps what it learned in the folder that it runs in.
    let ran = schemathesis.current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));

    let asked = asked(&std::fs::read_to_string(&report).unwrap());
    let operations = operations(&sidecar.get("/openapi.json").1);
    for operation in &operations {
        let count = asked.get(operation).copied().unwrap_or_default();
        assert!(0 < count || ELSEWHERE.contains(&operation.as_str()), "{operation} was never asked: {asked:?}");
        println!("{count:>6}  {operation}");
    }
    // It is as it was: it answers, its book is in order, and nothing of the log is an error.
    assert_eq!(sidecar.get("/readyz").0, 200);
    let log = sidecar.log();
    assert!(!log.contains("panicked") && !log.contains(" ERROR "), "{log}");
    sidecar.stop();
    let verified = run_in(&[], &["verify", "--data", path(&data)]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let requests: u64 = asked.values().sum();
    tell(
        "requests that schemathesis makes of the description",
        format!(
            "{requests} requests, good and bad ones, of {} operations, and by {} methods that there are not, with the admin's token; every check is on",
            operations.len() - ELSEWHERE.len(),
            asked.keys().filter(|asked| !operations.contains(asked)).count()
        ),
        "no failing check, no 5xx; the book verifies",
    );
}

/// How often each operation was asked, by the report's events.
fn asked(report: &str) -> BTreeMap<String, u64> {
    let mut asked = BTreeMap::new();
    for event in report.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let recorder = &event["ScenarioFinished"]["recorder"];
        let answered = |id: &str| recorder["interactions"][id]["response"]["status_code"].is_u64();
        for (id, case) in recorder["cases"].as_object().into_iter().flatten().filter(|(id, _)| answered(id)) {
            assert!(recorder["checks"][id].as_array().is_none_or(|checks| !checks.is_empty()), "{case}");
            let [method, path] = ["method", "path"].map(|key| case["value"][key].as_str().unwrap());
            *asked.entry(format!("{method} {path}")).or_default() += 1;
        }
    }
    asked
}

/// Every operation of a description.
fn operations(api: &Value) -> Vec<String> {
    let paths = api["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().filter(|key| *key != "parameters");
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    let operations: Vec<String> = operations.collect();
    assert!(40 < operations.len(), "{operations:?}");
    operations
}

/// Something of everything: a hundred charges, some of which are held, two who contradict each other, and somebody who pays.
fn furnish(sidecar: &Sidecar, admin: &str) {
    let order = |method: &str, path: &str, body: Value| {
        let body = body.to_string();
        let asked = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {admin}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = sidecar.raw(asked.as_bytes());
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    };
    order("POST", "/v1/payers", json!({ "id": "ada", "email": "ada@example.org", "name": "Ada" }));
    order("POST", "/v1/rollout", json!({ "to": "live", "all": true }));
    let activity = |number: usize, minutes: u32| {
        json!({ "id": format!("rec{number}"), "Type": "paid_service", "Citizen": "bea", "Client": "ada",
            "FromBuilding": "building_1", "duration_minutes": minutes, "Status": "processed" })
    };
    let mut activities: Vec<Value> = (0..100).map(|number| activity(number, 60)).collect();
    activities.push(activity(0, 90));
    let (status, answer) = sidecar.post("/v1/activities", JSON, &Value::from(activities).to_string());
    assert_eq!((status, &answer["conflict"]), (200, &json!(1)), "{answer}");
    assert!(sidecar.get("/v1/guards").1["held"].as_u64().is_some_and(|held| 0 < held), "nothing is held");
}

/// A stand-in for Stripe, as a process of its own.
struct Sandbox {
    child: std::process::Child,
    url: String,
}

impl Sandbox {
    fn open() -> Sandbox {
        let mut command = rialto(&["sandbox", "--listen", "127.0.0.1:0"]);
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut said, &mut line).unwrap();
        let address = line.split_once("http://").and_then(|(_, rest)| rest.split('/').next());
        let url = format!("http://{}", address.unwrap_or_else(|| panic!("{line}")));
        // What else it says must go somewhere.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Sandbox { child, url }
    }

    fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
