//! Starting, stopping, and the other commands, as those who run them see it.

use std::process::Command;
use std::sync::mpsc::channel;

use serde_json::{Value, json};

use super::sidecar::{JSON, Sidecar, path, ran, rialto, run, verify};

#[test]
fn told_to_stop_under_load_it_ends_well_and_keeps_what_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut sidecar = Sidecar::serve(folder.path());
    let (acknowledge, acknowledged) = channel();
    let feeders: Vec<_> = (0..3)
        .map(|feeder| {
            let (line, acknowledge) = (sidecar.line(), acknowledge.clone());
            std::thread::spawn(move || {
                for place in 0.. {
                    let id = format!("rec-{feeder}-{place}");
                    let body = json!({ "id": id, "Type": "paid_service", "Citizen": "a", "duration_minutes": 60 });
                    match line.post("/v1/activities", JSON, &body.to_string()) {
                        Some((200, answer)) => acknowledge.send((id, answer["results"][0].clone())).unwrap(),
                        Some((503, answer)) => assert_eq!(answer["error"]["code"], "stopping", "{answer}"),
                        Some((status, answer)) => panic!("{status}: {answer}"),
                        None => return,
                    }
                }
            })
        })
        .collect();
    drop(acknowledge);
    let mut told: Vec<(String, Value)> = acknowledged.iter().take(50).collect();
    sidecar.ask_to_stop();
    let (status, log) = sidecar.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    told.extend(acknowledged.iter());
    feeders.into_iter().for_each(|feeder| feeder.join().unwrap());

    let book = verify(folder.path());
    assert_eq!((&book["torn_tail"], &book["ok"]), (&Value::Null, &json!(true)));
    let sidecar = Sidecar::serve(folder.path());
    for (id, result) in told {
        let (status, fate) = sidecar.get(&format!("/v1/activities/{id}"));
        assert_eq!((status, &fate["transaction_id"]), (200, &result["transaction_id"]), "{id}");
    }
    sidecar.stop();
}

#[test]
fn when_its_terminal_hangs_up_it_ends_in_good_order_unless_that_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    // Whoever runs the tests may ignore it himself, as `nohup` does.
    let mut hearing = Command::new("env");
    hearing.env_clear().args(["--default-signal=HUP", env!("CARGO_BIN_EXE_rialto"), "serve"]);
    hearing.args(["--listen", "127.0.0.1:0", "--data", path(folder.path())]);
    let mut sidecar = Sidecar::start(hearing);
    let body = json!({ "id": "rec1", "Type": "paid_service", "Citizen": "a", "duration_minutes": 60 });
    assert_eq!(sidecar.post("/v1/activities", JSON, &body.to_string()).0, 200);
    sidecar.signal("HUP");
    let (status, log) = sidecar.ended();
    assert!(status.success() && log.contains("everything is durable"), "{status}: {log}");
    assert_eq!(verify(folder.path())["facts"], 1);

    let mut ignoring = Command::new("sh");
    let script = "trap '' HUP; exec \"$0\" \"$@\"";
    ignoring.env_clear().args(["-c", script, env!("CARGO_BIN_EXE_rialto"), "serve", "--listen", "127.0.0.1:0"]);
    ignoring.args(["--data", path(folder.path())]);
    let sidecar = Sidecar::start(ignoring);
    sidecar.signal("HUP");
    assert_eq!(sidecar.get("/healthz").0, 200);
    sidecar.stop();
}

#[test]
fn what_is_wrong_stops_the_start_and_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let key = file("key.toml", "colour = \"red\"\n");
    let zone = file("zone.toml", "time_zone = \"Mars/Olympus\"\n");
    let broken = file("broken.toml", "listen = \n");
    let sidecar = Sidecar::serve(&data);
    let taken = sidecar.address().to_string();
    let missing = folder.path().join("missing.toml");
    let other = folder.path().join("other");
    let any = ["serve", "--listen", "127.0.0.1:0"];
    let check = |arguments: &[&str], named: &str| {
        let ran = run(arguments);
        assert!(ran.code.is_some_and(|code| code != 0), "{arguments:?}: {ran:?}");
        assert_eq!(ran.out, "", "{arguments:?}");
        let lines: Vec<&str> = ran.err.lines().collect();
        assert_eq!(lines.len(), 1, "{arguments:?}: {}", ran.err);
        assert!(lines[0].starts_with("rialto: ") && lines[0].contains(named), "{arguments:?}: {}", ran.err);
    };
    check(&["serve", "--listen", &taken, "--data", path(&other)], &taken);
    check(&[&any[..], &["--data", path(&data)]].concat(), "in use by another Rialto");
    check(&[&any[..], &["--data", &key]].concat(), &key);
    check(&[&any[..], &["--config", &key]].concat(), "colour");
    check(&[&any[..], &["--config", &zone]].concat(), "Mars/Olympus");
    check(&[&any[..], &["--config", &broken]].concat(), "TOML");
    check(&[&any[..], &["--config", path(&missing)]].concat(), "missing.toml");
    check(&["import", "--data", path(&data), &key], "in use by another Rialto");
    check(&["verify", "--data", path(&data)], "in use by another Rialto");
    check(&["import", "--data", path(&other), &key, path(&missing)], "missing.toml cannot be opened");
    check(&["verify", "--data", path(&other)], "no data folder");
    check(&["token", "--data", path(&other), "list"], "no data folder");
    check(&["conflicts", "--url", "127.0.0.1:8717"], "http://127.0.0.1:8717");
    assert!(!other.exists(), "a start that failed left a folder");

    // What is wrong with a command line is said in its first line; how it is used follows.
    for (arguments, named) in [
        (&["serve", "--colour"][..], "--colour"),
        (&["serve", "--listen", "nowhere"], "nowhere"),
        (&["serve", "--listen", "127.0.0.1"], "an address is to have a port, such as 127.0.0.1:8717"),
        (&["serve", "--webhook-listen", "0.0.0.0"], "an address is to have a port"),
        (&["sandbox", "--listen", "12111"], "an address is to have a port"),
        (&["conflicts", "accept", "x"], "as `rialto conflicts list` shows it, such as 3"),
        (&["serve", "--seed", "7"], "--demo"),
        (&["dance"], "dance"),
        (&["token", "add", "engine"], "--scope"),
        (&["import"], "<FILE>"),
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.err.starts_with("error: ") && ran.err.contains(named), "{arguments:?}: {}", ran.err);
    }
    check(&["sandbox", "--listen", &taken], "is in use by another program; stop that one");
    check(&["sandbox", "--listen", "0.0.0.0:0"], "add --anyone where that is meant");
    // What is in the environment has not to be said.
    let mut command = rialto(&["payer", "add"]);
    command.env("RIALTO_TOKEN", "secret");
    let ran = ran(command);
    assert!(ran.code == Some(2) && !ran.err.contains("--token") && !ran.err.contains("secret"), "{ran:?}");
    sidecar.stop();
}

#[test]
fn every_command_explains_itself() {
    let commands = [
        "serve",
        "import",
        "verify",
        "why",
        "conflicts",
        "rollout",
        "guard",
        "payer",
        "reverse",
        "close",
        "targets",
        "token",
        "tariff",
        "config",
        "city",
    ];
    let all = run(&["--help"]);
    assert_eq!(all.code, Some(0), "{all:?}");
    for command in commands {
        assert!(all.out.contains(command), "{command}: {}", all.out);
        let help = run(&[command, "--help"]);
        assert_eq!((help.code, help.err.as_str()), (Some(0), ""), "{command}");
        assert!(help.out.contains("Usage:"), "{command}: {}", help.out);
    }
    for arguments in [
        ["token", "add"],
        ["token", "list"],
        ["token", "remove"],
        ["tariff", "show"],
        ["tariff", "check"],
        ["tariff", "use"],
        ["rollout", "live"],
        ["guard", "release"],
        ["conflicts", "accept"],
    ] {
        assert_eq!(run(&[arguments[0], arguments[1], "--help"]).code, Some(0), "{arguments:?}");
    }
    assert!(run(&["--version"]).out.starts_with("rialto "));
    assert!(run(&["tariff", "show", "--default"]).out.contains("paid_service"));
}

#[test]
fn the_configuration_it_prints_is_one_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = rialto(&["config"]);
    first.env("RIALTO_TIME_ZONE", "UTC").env("RIALTO_IDLE_SECONDS", "7").env("RIALTO_DATA", "1e3");
    let first = ran(first);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.out.contains("data = \"1e3\"\n") && first.out.contains("idle_seconds = 7\n"), "{}", first.out);
    let file = folder.path().join("rialto.toml");
    std::fs::write(&file, &first.out).unwrap();
    let again = run(&["config", "--config", path(&file)]);
    assert_eq!(again.out, first.out);
    let told = run(&["config", "--json", "--config", path(&file), "--data", "elsewhere"]).json();
    assert_eq!((&told["data"], &told["time_zone"]), (&json!("elsewhere"), &json!("UTC")));
}

#[test]
fn whoever_asks_for_json_gets_json_also_where_something_is_damaged_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    Sidecar::serve(folder.path()).stop();
    let data = path(folder.path());
    let told = |arguments: &[&str], code: i32| {
        let ran = run(&[arguments, &["--json", "--data", data]].concat());
        assert_eq!((ran.code, ran.err.as_str()), (Some(code), ""), "{arguments:?}: {ran:?}");
        ran.json()
    };
    let added = told(&["token", "add", "engine", "--scope", "ingest,read"], 0);
    assert_eq!((&added["name"], &added["scopes"]), (&json!("engine"), &json!(["ingest", "read"])));
    assert!(added["token"].as_str().is_some_and(|token| !token.is_empty()), "{added}");
    let engine = json!({ "name": "engine", "scopes": ["ingest", "read"] });
    assert!(told(&["token", "list"], 0)["tokens"].as_array().unwrap().contains(&engine));
    assert_eq!(told(&["token", "remove", "engine"], 0)["removed"], "engine");
    for arguments in [
        &["token", "remove", "engine"][..],
        &["token", "remove", "admin"],
        &["token", "add", "admin", "--scope", "read"],
    ] {
        let refused = told(arguments, 1);
        assert!(refused["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{refused}");
    }
    std::fs::write(folder.path().join("FOLDER"), "nonsense").unwrap();
    let damaged = told(&["verify"], 1);
    assert_eq!(damaged["error"]["code"], "not_verified", "{damaged}");
}
