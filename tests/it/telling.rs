//! What people and programs are told of what was charged, held, let go, taken back or contradicted: over HTTP
//! and by the commands, against a running sidecar.

use serde_json::{Value, json};

use super::house::House;
use super::sidecar::{JSON, path, ran, rialto, run_with};

/// A service of so many minutes; one of more than 480 is held.
fn service(id: &str, minutes: u32) -> Value {
    json!({ "id": id, "Type": "paid_service", "Citizen": "Lucid", "duration_minutes": minutes })
}

#[test]
fn a_receipt_says_that_a_charge_is_held_and_an_import_counts_it_apart() {
    let house = House::open();
    let held = house.take(&service("rec1", 600));
    assert_eq!((&held["status"], &held["held"], &held["hold"]), (&json!("priced"), &json!(true), &json!("minutes")));
    let good = house.take(&service("rec2", 60));
    assert_eq!((good.get("held"), good.get("hold")), (None, None), "{good}");
    let again = house.take(&service("rec1", 600));
    assert_eq!((&again["status"], &again["held"]), (&json!("duplicate"), &json!(true)), "{again}");
    house.done(&["guard", "release", "tx_1"]);
    assert_eq!(house.take(&service("rec1", 600)).get("held"), None);

    let lines = format!("{}\n{}\n", service("rec3", 600), service("rec4", 60));
    let data = house.folder.path().join("data");
    for into in [&["--data", path(&data)][..], &["--url", &house.sidecar.url()]] {
        let report = run_with(&[&["import", "--json", "-"], into].concat(), &lines).json();
        assert_eq!([&report["priced"], &report["held"]], [2, 1], "{report}");
        assert_eq!((&report["amount"]["EUR"], &report["held_amount"]["EUR"]), (&json!("550.00"), &json!("500.00")));
    }
    let told = run_with(&["import", "--data", path(&data), "-"], &format!("{}\n", service("rec5", 600))).out;
    assert!(told.contains("priced 500.00 EUR\nof that, 500.00 EUR in 1 charge is held"), "{told}");
}

#[test]
fn a_charge_that_was_held_says_what_let_it_go_and_one_that_was_taken_back_by_what() {
    let house = House::open();
    for id in ["rec1", "rec2", "rec3"] {
        house.take(&service(id, 600));
    }
    house.done(&["guard", "release", "tx_1", "--by", "Ada", "--why", "a long day"]);
    house.done(&["reverse", "tx_2"]);
    house.done(&["reverse", "tx_1"]);
    let told = |id: &str| {
        let one = house.get(&format!("/v1/transactions/{id}"));
        ["kind", "held", "hold", "released_by", "reversed_by", "of"].map(|key| one[key].clone())
    };
    let none = Value::Null;
    let words = |kind: &str| json!(kind);
    for (id, expected) in [
        ("tx_1", [words("charge"), json!(false), words("minutes"), words("tx_4"), words("tx_6"), none.clone()]),
        ("tx_2", [words("charge"), json!(false), words("minutes"), none.clone(), words("tx_5"), none.clone()]),
        ("tx_3", [words("charge"), json!(true), words("minutes"), none.clone(), none.clone(), none.clone()]),
        ("tx_4", [words("release"), json!(false), none.clone(), none.clone(), none.clone(), words("tx_1")]),
        ("tx_5", [words("reversal"), json!(false), none.clone(), none.clone(), none.clone(), words("tx_2")]),
    ] {
        assert_eq!(told(id), expected, "{id}");
    }
    // The list, and what is told of an event, say the same as the transaction itself.
    let listed = house.get("/v1/transactions");
    for one in listed["transactions"].as_array().expect("a list") {
        let alone = house.get(&format!("/v1/transactions/{}", one["id"].as_str().expect("an id")));
        assert_eq!(*one, alone);
        if one["kind"] == "charge" {
            let fate = house.get(&format!("/v1/activities/{}", one["source_id"].as_str().expect("an id")));
            assert_eq!(fate["transactions"][0], alone);
        }
    }
    for (id, became) in [
        ("rec1", "tracked, never collected; taken back by tx_6"),
        ("rec2", "tracked, never collected; taken back by tx_5"),
        ("rec3", "tracked, never collected; held, and in no sum until it is released"),
    ] {
        let why = house.get(&format!("/v1/activities/{id}"))["why"].as_str().expect("a sentence").to_owned();
        assert!(why.ends_with(became), "{id}: {why}");
    }
}

#[test]
fn a_live_charge_is_called_collectable_only_while_it_is() {
    let house = House::with(&[("RIALTO_GATE_EVENTS", "0"), ("RIALTO_GATE_HOURS", "0")]);
    house.done(&["payer", "add", "client_1", "--customer", "cus_1"]);
    house.done(&["rollout", "live", "--all"]);
    for (id, minutes) in [("rec1", 60), ("rec2", 60), ("rec3", 600), ("rec4", 600)] {
        let mut event = service(id, minutes);
        event["ClientId"] = json!("client_1");
        assert_eq!(house.take(&event)["stage"], "live");
    }
    house.done(&["reverse", "tx_2"]);
    house.done(&["guard", "release", "tx_4"]);
    for (id, became) in [
        ("rec1", "stage live: collectable"),
        ("rec2", "stage live: taken back by tx_5, so that nothing of it is collected"),
        ("rec3", "stage live: held, and in no sum until it is released, and then collectable"),
        ("rec4", "stage live: collectable; it was held, and tx_6 released it"),
    ] {
        let why = house.get(&format!("/v1/activities/{id}"))["why"].as_str().expect("a sentence").to_owned();
        assert!(why.ends_with(became), "{id}: {why}");
    }
}

#[test]
fn what_came_late_for_a_month_that_was_closed_says_in_which_it_was_booked() {
    let house = House::open();
    let happened = |id: &str, day: &str| {
        let mut event = service(id, 60);
        event["EndDate"] = json!(format!("2020-01-{day}T12:00:00Z"));
        event
    };
    house.take(&happened("rec1", "05"));
    house.done(&["close", "2020-01"]);
    house.take(&happened("rec2", "06"));
    let month = |id: &str| house.get(&format!("/v1/transactions/{id}")).get("booked_in").cloned();
    assert_eq!((month("tx_1"), month("tx_2")), (None, Some(json!("2020-02"))));
    let why = house.done(&["why", "rec2"]);
    assert!(why.contains("booked in February 2020, because it came when its own month was closed"), "{why}");
}

#[test]
fn a_time_that_could_not_be_taken_is_told_with_the_receipt() {
    let house = House::open();
    for (id, time, basis) in [
        ("rec1", "the day after tomorrow", Some("unreadable")),
        ("rec2", "1525-06-10T12:00:00Z", Some("before_2000")),
        ("rec3", "2199-06-10T12:00:00Z", Some("ahead")),
        ("rec4", "2025-06-10T12:00:00Z", None),
        ("rec5", "2025-06-10T12:00:00", None),
    ] {
        let mut event = service(id, 60);
        event["EndDate"] = json!(time);
        let result = house.take(&event);
        assert_eq!(result["time_basis"].as_str(), basis, "{time}: {result}");
        let fate = house.get(&format!("/v1/activities/{id}"));
        assert!(basis.is_none_or(|basis| fate["time_basis"] == basis), "{time}: {fate}");
        // It was taken before; what a copy says of the time changes nothing.
        assert_eq!(house.take(&event).get("time_basis"), None, "{time}");
    }
}

#[test]
fn what_contradicts_says_what_was_charged_what_the_other_says_and_that_accepting_keeps_the_first() {
    let house = House::open();
    house.take(&service("rec1", 60));
    let mut dearer = service("rec1", 90);
    dearer["Citizen"] = json!("coffee");
    assert_eq!(house.take(&dearer)["status"], "conflict");
    let mut declaring = service("rec2", 66);
    declaring["revenue"] = json!(60);
    house.take(&declaring);
    house.done(&["conflicts", "accept", "0"]);

    let listed = house.get("/v1/conflicts");
    let told = |number: usize| {
        let one = &listed["conflicts"][number];
        let of = |key: &str| one[key].to_string().replace('"', "");
        ["number", "kind", "charged", "other_amount", "currency", "accepted"].map(of)
    };
    assert_eq!(told(0), ["1", "discrepancy", "55.00", "60", "EUR", "false"]);
    assert_eq!(told(1), ["0", "conflict", "50.00", "75.00", "EUR", "true"]);
    let differs = json!([{ "field": "citizen", "first": "Lucid", "other": "coffee" }, { "field": "minutes", "first": "60", "other": "90" }]);
    assert_eq!(listed["conflicts"][1]["differs"], differs);
    assert_eq!(house.get("/v1/transactions/tx_1")["amount"], "50.00", "accepting keeps the first");

    let printed = house.done(&["conflicts", "list"]);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].starts_with("number  event"), "{printed}");
    for (line, part) in [
        (1, "1       activity/rec2  55.00 EUR  declares 60 EUR     the tariff"),
        (2, "0       activity/rec1  50.00 EUR  comes to 75.00 EUR  citizen Lucid, then coffee; minutes 60, then 90"),
    ] {
        assert!(lines[line].starts_with(part), "{printed}");
    }
    assert!(lines[1].contains("  no  ") && lines[2].contains("  yes  "), "{printed}");
    for (id, part) in [
        ("rec1", "50.00 EUR was charged, and the other would come to 75.00 EUR (accepted)"),
        ("rec2", "it declares 60, and the tariff charges 55.00 EUR; the tariff holds (not accepted yet)"),
    ] {
        let why = house.done(&["why", id]);
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn every_order_answers_in_json_where_that_is_asked_for_and_its_code_says_how_it_went() {
    let house = House::open();
    for id in ["rec1", "rec2", "rec3"] {
        house.take(&service(id, 600));
    }
    let tariff = |name: &str, text: &str| {
        let path = house.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let rule = "[[rule]]\nname = \"a\"\nprice = { amount = 1 }\n";
    let good = format!("version = 2\neffective = 2199-01-01\ncurrency = \"EUR\"\n{rule}");
    let [good, old, bad] = [("good", good.as_str()), ("old", &good.replace("2199", "2019")), ("bad", "version = 2\n")]
        .map(|(name, text)| tariff(name, text));
    let nobody = ["--url", "http://127.0.0.1:1"];
    for (arguments, code, pointer) in [
        (&["guard", "release", "tx_1"][..], 0, "/transactions"),
        (&["guard", "release", "tx_1"], 1, "/error/code"),
        (&["reverse", "tx_2"], 0, "/transaction_id"),
        (&["reverse", "tx_2"], 1, "/error/help"),
        (&["reverse", "tx_99"], 1, "/error/message"),
        (&["payer", "add", "Ada"], 0, "/payers/0/id"),
        (&["conflicts", "accept", "7"], 1, "/accepted"),
        (&["close", "2020-01"], 0, "/done"),
        (&["close", "2020-01"], 1, "/error/message"),
        (&["close", "yesterday"], 1, "/error/help"),
        (&["tariff", "use", &good], 0, "/tariffs/1/version"),
        (&["tariff", "use", &good], 1, "/error/message"),
        (&["tariff", "use", &old], 1, "/error/message"),
        (&["tariff", "use", &bad], 1, "/faults/0/line"),
        (&["rollout", "live", "--all"], 1, "/error/message"),
        (&["why", "nothing"], 1, "/error/code"),
        (&[&["reverse", "tx_1"][..], &nobody].concat(), 3, "/error/code"),
        (&[&["targets"][..], &nobody].concat(), 3, "/error/code"),
        (&["targets", "--url", "127.0.0.1:1"], 2, "/error/message"),
    ] {
        let ran = house.run(&[arguments, &["--json"]].concat());
        assert_eq!((ran.code, ran.err.as_str()), (Some(code), ""), "{arguments:?}: {ran:?}");
        assert!(ran.json().pointer(pointer).is_some_and(|told| !told.is_null()), "{arguments:?}: {ran:?}");
    }
    for arguments in [&["reverse", "tx_3", "--by", " "][..], &["rollout", "pause", "--all", "--by="], &["dance"]] {
        let ran = house.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
    }
    let refused = house.run(&["reverse", "tx_2"]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    assert!(refused.err.contains("tx_2 is reversed already"), "{refused:?}");
}

#[test]
fn who_gave_an_order_is_always_on_record() {
    let house = House::open();
    for id in ["rec1", "rec2", "rec3"] {
        house.take(&service(id, 60));
    }
    let token = std::fs::read_to_string(house.folder.path().join("admin.token")).unwrap();
    let mut command = rialto(&["reverse", "tx_1"]);
    command.env("RIALTO_URL", house.sidecar.url()).env("RIALTO_TOKEN", token.trim()).env("USER", "ada");
    assert_eq!(ran(command).code, Some(0));
    house.done(&["reverse", "tx_2"]);
    house.done(&["reverse", "tx_3", "--by", "Bea"]);
    let by = |id: &str| house.get(&format!("/v1/transactions/{id}"))["by"].as_str().map(str::to_owned);
    assert_eq!(["tx_4", "tx_5", "tx_6"].map(by), ["ada", "operator", "Bea"].map(|by| Some(by.to_owned())));
    let order = |line: &str, body: &str| {
        let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n", token.trim());
        house.sidecar.raw(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).status
    };
    assert_eq!(order("POST /v1/rollout", "{\"to\":\"paused\",\"all\":true,\"by\":\" \"}"), 400);
    assert_eq!(order("PUT /v1/tariff?by=", include_str!("../../src/tariffs/built_in.toml")), 400);
    assert_eq!(order("POST /v1/rollout", "{\"to\":\"paused\",\"all\":true}"), 200);
}

#[test]
fn why_tells_the_figures_that_counted_in_words_that_people_use() {
    let house = House::open();
    let of = |id: &str, minutes: &str, expertise: &str| {
        let mut event = service(id, 0);
        event["duration_minutes"] = json!(minutes);
        event["expertise"] = json!(expertise);
        house.take(&event);
        house.done(&["why", id])
    };
    for (id, minutes, expertise, part) in [
        ("rec1", "60", "1", "(50 × 1 hour × expertise 1)"),
        ("rec2", "90", "1.2", "(50 × 1.5 hours × expertise 1.2)"),
        ("rec3", "7", "1", "(50 × 0.116667 hours × expertise 1)"),
        ("rec4", "60", "1000000000", "× expertise 10 (1000000000 is stated, and 0 to 10 counts)"),
        ("rec5", "0", "1", "\nrecorded at zero: the rule comes to nothing\n"),
    ] {
        let why = of(id, minutes, expertise);
        assert!(why.contains(part), "{part}: {why}");
    }
    for (id, time, part) in [
        ("recA", Value::Null, "it tells no time, so that is when it was seen"),
        ("recB", json!("one day"), "its time, \"one day\", cannot be read"),
        ("recC", json!("1525-06-10"), "is a date of the play"),
        ("recD", json!("2199-06-10T12:00:00Z"), "was still to come"),
        ("recE", json!("2025-06-10T12:00:00"), "names no offset"),
    ] {
        let mut event = service(id, 60);
        event["EndDate"] = time;
        house.take(&event);
        let why = house.done(&["why", id]);
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[test]
fn why_finds_everything_of_an_id_whatever_the_id_looks_like() {
    let house = House::open();
    house.take(&service("tx_1", 60));
    house.take(&service("tx_7", 60));
    house.take(&service("b", 60));
    let letter = json!({ "id": "b", "Sender": "Lucid", "Receiver": "@somebody", "Content": "Salve" });
    house.sidecar.post("/v1/messages", JSON, &letter.to_string());

    let both = house.done(&["why", "b"]);
    assert!(both.contains("activity b, of type paid_service") && both.contains("\n\nmessage b, of type"), "{both}");
    let ambiguous = house.run(&["why", "b", "--json"]);
    assert_eq!((ambiguous.code, &ambiguous.json()["error"]["code"]), (Some(2), &json!("usage")), "{ambiguous:?}");
    for feed in ["activity", "message"] {
        let one = house.run(&["why", "b", "--json", "--feed", feed]).json();
        assert_eq!(one["feed"], feed);
        assert!(house.done(&["why", "b", "--feed", feed]).starts_with(feed));
    }
    // The third transaction is of b, and an activity may be called as transactions are.
    assert!(house.done(&["why", "tx_3"]).starts_with("activity b,"));
    assert_eq!(house.done(&["why", "tx_1"]).matches("activity tx_1,").count(), 1);
    assert!(house.done(&["why", "tx_7"]).starts_with("activity tx_7,"));
    assert_eq!(house.run(&["why", "tx_1", "--json"]).json()["transaction"]["id"], "tx_1");
    assert!(house.run(&["why", "tx_7", "--json", "--feed", "activity"]).json().get("transaction").is_none());
    for (id, code, part) in [("", 2, "an id is missing"), (" ", 2, "an id is missing"), ("nobody", 1, "nobody")] {
        let ran = house.run(&["why", id]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{id:?}: {ran:?}");
        assert!(ran.err.contains(part), "{id:?}: {ran:?}");
    }
}

#[test]
fn the_rollout_says_from_when_on_and_that_a_pause_of_all_goes_before_everybodys_own_phase() {
    let house = House::with(&[("RIALTO_GATE_EVENTS", "0"), ("RIALTO_GATE_HOURS", "0")]);
    let shown = house.done(&["rollout", "show"]);
    assert_eq!(shown, "who  id  phase   since\nall      shadow  from the beginning\n");
    house.take(&service("rec1", 60));
    house.done(&["payer", "add", "Lucid", "--customer", "cus_1"]);
    house.done(&["rollout", "live", "--citizen", "Lucid"]);
    house.done(&["rollout", "shadow", "--citizen", "coffee"]);
    let live = house.done(&["rollout", "show"]);
    assert!(live.contains("\ncitizen  Lucid   live    since 2"), "{live}");
    house.done(&["rollout", "pause", "--all"]);
    let paused = house.done(&["rollout", "show"]);
    assert!(paused.starts_with("all is paused, and that goes before everybody's own phase"), "{paused}");
    assert!(paused.contains("\ncitizen  coffee  shadow (now paused)  since 2"), "{paused}");
    assert!(paused.lines().all(|line| line.trim_end() == line), "{paused:?}");
    let told = house.get("/v1/rollout");
    let own = &told["own"][0];
    let of = [&told["paused"], &told["all"]["from_the_beginning"], &own["phase"], &own["effective"]];
    assert_eq!(of, [&json!(true), &json!(false), &json!("shadow"), &json!("paused")]);
    assert_eq!(house.take(&service("rec2", 60))["stage"], "shadow");
}

#[test]
fn whoever_moves_somebody_nobody_knows_is_warned_and_makes_nobody_live_by_a_slip() {
    let house = House::with(&[("RIALTO_GATE_EVENTS", "0"), ("RIALTO_GATE_HOURS", "0")]);
    house.take(&service("rec1", 60));
    house.done(&["payer", "add", "Lucid", "--customer", "cus_1"]);
    let warned = house.done(&["rollout", "pause", "--business", "nosuch3"]);
    assert!(warned.starts_with("no business nosuch3 is known: "), "{warned}");
    assert!(house.done(&["rollout", "clear", "--business", "nosuch3"]).starts_with("no business nosuch3"));
    assert!(house.done(&["rollout", "pause", "--citizen", "Lucid"]).starts_with("who "), "he is known");
    house.done(&["rollout", "live", "--all"]);
    for arguments in [["--business", "nosuch3"], ["--citizen", "lucid"]] {
        let refused = house.run(&[&["rollout", "live"][..], &arguments].concat());
        assert!(refused.code == Some(1) && refused.err.contains("is known"), "{refused:?}");
    }
    house.done(&["rollout", "live", "--citizen", "Lucid"]);
    assert!(house.get("/v1/rollout").get("warning").is_none());
}

#[test]
fn what_is_held_is_listed_in_pages_to_its_end_with_its_total() {
    let house = House::open();
    let many: Vec<Value> = (1..=503).map(|number| service(&format!("rec{number}"), 600)).collect();
    house.sidecar.post("/v1/activities", JSON, &json!(many).to_string());
    house.done(&["guard", "release", "tx_3"]);
    let page = |query: &str| {
        let answer = house.get(&format!("/v1/guards?{query}"));
        let ids = answer["transactions"].as_array().expect("a list").iter().map(|one| one["id"].clone());
        (ids.collect::<Vec<_>>(), answer["next"].clone(), answer["held"].clone())
    };
    let (first, next, held) = page("limit=500");
    assert_eq!((first.len(), &next, &held), (500, &json!("tx_4"), &json!(502)));
    assert_eq!(page("limit=500&cursor=tx_4"), (vec![json!("tx_2"), json!("tx_1")], Value::Null, json!(502)));
    assert_eq!(page("limit=2&cursor=tx_1").0, Vec::<Value>::new());
    assert_eq!(house.sidecar.get("/v1/guards?cursor=4").0, 400);

    let all = house.done(&["guard", "list", "--all"]);
    assert!(all.starts_with("502 held in all: 251000.00 EUR\n"), "{}", &all[..80]);
    assert_eq!(all.lines().filter(|line| line.starts_with("tx_")).count(), 502);
    let some = house.done(&["guard", "list", "--limit", "1"]);
    assert!(some.ends_with("there are more: --before tx_503 goes on, --all lists them all\n"), "{some}");
    assert!(house.done(&["guard", "list", "--before", "tx_2"]).contains("\ntx_1  "));
    assert_eq!(
        house.run(&["guard", "list", "--all", "--json"]).json()["transactions"].as_array().map(Vec::len),
        Some(502)
    );
    let empty = House::open();
    assert_eq!(empty.done(&["guard", "list"]), "0 held in all\n");
    assert_eq!(empty.done(&["payer", "list"]), "no payers\n");
}

#[test]
fn a_tariff_that_comes_too_early_is_refused_in_local_time_and_its_faults_are_counted_as_they_are() {
    let house = House::open();
    let file = house.folder.path().join("tariff.toml");
    let rule = "[[rule]]\nname = \"a\"\nprice = { amount = 1 }\n";
    let refused = |head: &str| {
        std::fs::write(&file, format!("{head}\ncurrency = \"EUR\"\n{rule}")).unwrap();
        let ran = house.run(&["tariff", "use", path(&file)]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        ran.err
    };
    let early = refused("version = 2\neffective = 2025-07-01T00:00:00Z");
    assert!(early.contains("`effective` is 2025-07-01T02:00:00+02:00, and now it is 2"), "{early}");
    assert!(refused("version = 0\neffective = 2199-07-01").contains("\n1 error\n"));
    assert!(refused("version = 0\neffective = 0").contains("\n2 errors\n"));
}

#[test]
fn every_order_can_be_looked_up_with_who_gave_it_and_why() {
    let house = House::with(&[("RIALTO_GATE_EVENTS", "0"), ("RIALTO_GATE_HOURS", "0")]);
    assert_eq!(house.done(&["orders"]), "none\n");
    house.take(&service("rec1", 600));
    house.done(&["payer", "add", "Lucid", "--customer", "cus_1"]);
    house.done(&["guard", "release", "tx_1", "--by", "Ada", "--why", "a long day"]);
    house.done(&["reverse", "tx_1", "--by", "Bea", "--why", "not that long"]);
    house.done(&["rollout", "live", "--citizen", "Lucid", "--by", "Ada", "--why", "ready"]);
    house.done(&["rollout", "pause", "--all", "--by", "Ada"]);
    let told = house.get("/v1/orders");
    let orders = told["orders"].as_array().expect("a list");
    let row = |order: &Value| ["number", "by", "what", "about", "why"].map(|key| order[key].clone());
    let expected = [
        [json!(5), json!("Ada"), json!("rollout"), json!({ "to": "paused", "kind": "all" }), json!("")],
        [
            json!(4),
            json!("Ada"),
            json!("rollout"),
            json!({ "to": "live", "kind": "citizen", "id": "Lucid" }),
            json!("ready"),
        ],
        [json!(3), json!("Bea"), json!("reverse"), json!({ "transaction": "tx_1" }), json!("not that long")],
        [json!(2), json!("Ada"), json!("release"), json!({ "transaction": "tx_1" }), json!("a long day")],
    ];
    assert_eq!(orders.iter().map(row).take(4).collect::<Vec<_>>(), expected);
    assert_eq!([&orders[4]["what"], &orders[4]["about"]["id"]], [&json!("payer"), &json!("Lucid")]);
    assert_eq!(told["next"], Value::Null);
    let page = house.done(&["orders", "--limit", "3"]);
    assert!(page.ends_with("more: --before 3\n"), "{page}");
    let last = house.done(&["orders", "--before", "3"]);
    assert!(last.contains("operator  Lucid pays, send_invoice"), "{last}");
    assert!(last.contains("release tx_1") && last.contains("a long day"), "{last}");
    assert_eq!(house.run(&["orders", "--before", "x"]).code, Some(2));
}

#[test]
fn what_nobody_decided_about_is_listed_and_only_that() {
    let house = House::open();
    for (id, receiver) in [("rec1", "@outside"), ("rec2", "Somebody"), ("rec3", "building_1"), ("rec4", "Somebody")] {
        let message = json!({ "id": id, "Sender": "Lucid", "Receiver": receiver });
        assert_eq!(house.sidecar.post("/v1/messages", JSON, &message.to_string()).0, 200);
    }
    let told = house.get("/v1/undecided");
    let undecided = told["undecided"].as_array().expect("a list");
    let ids: Vec<&str> = undecided.iter().filter_map(|one| one["source_id"].as_str()).collect();
    assert_eq!((ids, &told["next"]), (vec!["rec4", "rec2"], &Value::Null));
    assert_eq!(undecided[0]["receiver_digest"], undecided[1]["receiver_digest"]);
    assert!(!told.to_string().contains("Somebody"), "{told}");
    let page = house.done(&["undecided", "--limit", "1"]);
    assert!(page.contains("message/rec4  none  Lucid"), "{page}");
    let before = page.lines().last().and_then(|line| line.strip_prefix("more: --before ")).expect("more");
    assert!(house.done(&["undecided", "--before", before]).contains("message/rec2"));
}

#[test]
fn proposals_are_made_from_the_engines_own_rows() {
    let house = House::open();
    let [citizens, buildings] = ["citizens.jsonl", "buildings.json"].map(|name| house.folder.path().join(name));
    let skilled = json!({ "id": "recC", "fields": { "Username": "Lucid", "Expertise": 1.2 } });
    std::fs::write(&citizens, format!("{skilled}\n")).unwrap();
    let shop = json!([{ "id": "recB", "fields": { "BuildingId": "building_1", "Type": "bakery", "Category": "business", "RunBy": "Lucid" } }]);
    std::fs::write(&buildings, shop.to_string()).unwrap();
    let ask = ["proposals", "--citizens", path(&citizens), "--buildings", path(&buildings)];
    assert!(house.done(&ask).starts_with("nobody has anything to offer"));
    house.done(&["payer", "add", "client_1", "--customer", "cus_1"]);
    let told: Value = serde_json::from_str(house.done(&ask).trim()).expect("a proposal a line");
    assert_eq!((&told["citizen_id"], &told["business_id"]), (&json!("Lucid"), &json!("building_1")));
    let open = house.done(&[&ask[..], &["--open", "building_1"]].concat());
    assert!(open.starts_with("nobody has anything to offer"), "{open}");
    let none = house.run(&["proposals", "--citizens", "nowhere", "--buildings", path(&buildings)]);
    assert!(none.err.contains("nowhere cannot be opened"), "{none:?}");
}
