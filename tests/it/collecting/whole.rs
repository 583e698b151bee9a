//! The whole way, by the program itself: earned, billed, paid, told by a webhook, and the same on both sides.

use std::time::Duration;

use rialto::sandbox::Faults;
use rialto::sandbox::shell::{self, Running};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::doors::request;
use crate::house::House;
use crate::outside::{self, authority::Authority};
use crate::sidecar::{JSON, path};

/// A sandbox behind an address.
pub(super) struct Bank {
    running: Option<Running>,
    runtime: Runtime,
}

impl Bank {
    pub(super) fn open() -> Bank {
        Bank::of(1)
    }

    /// The one that follows from this seed.
    pub(super) fn of(seed: u64) -> Bank {
        Bank::with(seed, Duration::ZERO)
    }

    /// One whose answers take so long.
    pub(super) fn slow(latency: Duration) -> Bank {
        Bank::with(1, latency)
    }

    fn with(seed: u64, latency: Duration) -> Bank {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let settings = shell::Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            seed,
            latency,
            rate: shell::Rate { all: 10_000, endpoint: 10_000 },
            ..shell::Settings::default()
        };
        let running = Some(runtime.block_on(shell::serve(settings)).unwrap());
        Bank { running, runtime }
    }

    pub(super) fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.running().address())
    }

    pub(super) fn post(&self, path: &str, form: &str) -> Value {
        let request = ureq::post(format!("{}{path}", self.url()))
            .header("authorization", "Bearer sk_test_sandbox")
            .header("content-type", "application/x-www-form-urlencoded");
        let text = request.send(form).unwrap().into_body().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(super) fn customer(&self, email: &str) -> String {
        self.post("/v1/customers", &format!("email={email}"))["id"].as_str().unwrap().to_owned()
    }

    /// All that ever happened, and how it is signed.
    fn events(&self, secret: &str) -> Vec<(String, String)> {
        let request = ureq::get(format!("{}/v1/events?limit=100", self.url()));
        let answer = request.header("authorization", "Bearer sk_test_sandbox").call().unwrap();
        let events: Value = serde_json::from_str(&answer.into_body().read_to_string().unwrap()).unwrap();
        let at = self.running().now();
        let signed = |event: &Value| {
            let payload = event.to_string();
            let signature = rialto::billing::signature::sign(payload.as_bytes(), secret, at);
            (payload, signature)
        };
        events["data"].as_array().unwrap().iter().map(signed).collect()
    }

    /// Tells the house all of it, as if for the first time; what it answers.
    pub(super) fn tell(&self, house: &House, secret: &str) -> Vec<u16> {
        let told = |(payload, signature): (String, String)| {
            let request = ureq::post(format!("{}/webhooks/stripe", house.sidecar.url()));
            let request = request.config().http_status_as_error(false).build();
            let request = request.header("content-type", JSON).header("stripe-signature", signature);
            request.send(&payload).unwrap().status().as_u16()
        };
        self.events(secret).into_iter().map(told).collect()
    }

    /// Tells it through TLS, at the address that it has for this alone.
    fn tell_outside(&self, house: &House, authority: &Authority) {
        let address = outside::address(&house.sidecar);
        for (payload, signature) in self.events("whsec_sandbox") {
            let asked = request("POST /webhooks/stripe", &[&format!("Stripe-Signature: {signature}")], &payload);
            assert_eq!(authority.ask(address, &asked).status, 200, "{payload}");
        }
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

/// A house that collects at this bank, and in which all is live.
pub(super) fn live(bank: &Bank) -> House {
    live_with(bank, &[])
}

/// The same, where Ada pays on these terms besides.
fn live_with(bank: &Bank, terms: &[&str]) -> House {
    let url = bank.url();
    let gate = [("RIALTO_GATE_EVENTS", "0"), ("RIALTO_GATE_HOURS", "0"), ("RIALTO_GUARD_PAIR_HOUR", "1000000000")];
    let house = House::with(&[&collecting_at(&url)[..], &gate[..], &[("RIALTO_LOG", "trace")]].concat());
    let customer = bank.customer("ada%40example.com");
    house.done(&[&["payer", "add", "Ada", "--customer", &customer], terms].concat());
    house.done(&["rollout", "live", "--all", "--why", "a test"]);
    house
}

/// Thirty-seven messages and two consultations: 3.70 and 50.00 for an hour each.
pub(super) fn earn(house: &House) {
    for number in 0..37 {
        let letter = json!({ "id": format!("recL{number}"), "type": "send_message", "citizen": "Lucid",
            "recipient_type": "external", "client": "Ada", "business": "bottega" });
        house.take(&letter);
    }
    for number in 0..2 {
        let session = json!({ "id": format!("recS{number}"), "type": "paid_service", "citizen": "Lucid",
            "duration_minutes": 50, "client": "Ada", "business": "bottega" });
        house.take(&session);
    }
}

/// Waits until the house says so.
pub(super) fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
    panic!("never: {what}");
}

#[test]
fn what_is_earned_is_billed_paid_told_and_the_same_on_both_sides() {
    let bank = Bank::open();
    let house = live(&bank);
    assert_eq!(house.done(&["payer", "check", "Ada"]), "Ada can be billed\n");
    earn(&house);
    let planned = house.get("/v1/bills/plan?payer=Ada");
    assert_eq!(planned["invoices"][0]["amount"], "87.03", "{planned}");
    assert!(house.done(&["bill", "run"]).starts_with("1 drawn"));
    let bill = house.get("/v1/bills/bill_1");
    // What was planned is what was billed, line by line.
    assert_eq!([&bill["amount"], &bill["status"]], ["87.03", "open"], "{bill}");
    for (planned, billed) in
        planned["invoices"][0]["lines"].as_array().unwrap().iter().zip(bill["lines"].as_array().unwrap())
    {
        for key in ["date", "earner", "rule", "amount", "exact"] {
            assert_eq!(planned[key], billed[key], "{key}");
        }
    }
    let of: Vec<&Value> =
        bill["lines"].as_array().unwrap().iter().flat_map(|line| line["transactions"].as_array().unwrap()).collect();
    assert_eq!(of.len(), 39, "each cent is of its activities");
    let why = house.done(&["why", of[0].as_str().unwrap()]);
    assert!(why.contains("Ada") && why.contains("Lucid"), "{why}");

    let invoice = bill["invoice"].as_str().unwrap().to_owned();
    let at = bank.running().now();
    bank.running().with(|sandbox| sandbox.pay(&invoice, at)).unwrap();
    assert!(bank.tell(&house, "whsec_another").iter().all(|status| *status == 400), "nobody else is believed");
}

#[test]
fn a_payment_is_told_looked_at_and_collected() {
    let bank = Bank::open();
    let house = live(&bank);
    earn(&house);
    house.done(&["bill", "run"]);
    let invoice = house.get("/v1/bills/bill_1")["invoice"].as_str().unwrap().to_owned();
    let total = house.get("/v1/bills/plan")["totals"][0].clone();
    // Less what Stripe is expected to take: 1.5 % and 0.25, rounded up.
    assert_eq!([&total["invoiced"], &total["collectable"], &total["collected"]], ["87.03", "85.47", "0.00"], "{total}");
    let at = bank.running().now();
    bank.running().with(|sandbox| sandbox.pay(&invoice, at)).unwrap();
    let told = bank.tell(&house, "whsec_sandbox");
    assert!(!told.is_empty() && told.iter().all(|status| *status == 200), "{told:?}");
    until("the bill is paid", || house.get("/v1/bills/bill_1")["status"] == "paid");
    until("its fee is known", || house.get("/v1/bills/bill_1")["fees"] != "0.00");
    let bill = house.get("/v1/bills/bill_1");
    assert_eq!([&bill["paid"], &bill["collected"], &bill["remaining"]], ["87.03", "87.03", "0.00"], "{bill}");
    assert_eq!(bill["fees"], "1.56", "1.5 % and 0.25");
    let total = house.get("/v1/bills/plan")["totals"][0].clone();
    let numbers = ["earned", "collectable", "collected", "invoiced"].map(|key| total[key].as_str().unwrap());
    assert_eq!(numbers, ["87.033334", "0.00", "87.03", "0.00"], "{total}");
    let board = house.get("/api/revenue/dashboard");
    assert_eq!([&board["live"]["all_time"], &board["collected"]["all_time"]], ["87.033334", "87.03"], "{board}");
    let clean = house.done(&["bill", "reconcile"]);
    assert_eq!(clean, "1 bills, 1 invoices at Stripe: the same to the cent\n");
    // The next one goes on where this one began.
    let authority = Authority::new();
    let vouched = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.vouch_in(vouched.path());
    let house = restarted(house, &bank, (path(&certificate), path(&key)));
    assert_eq!(house.get("/v1/bills/bill_1")["collected"], "87.03");
    // Rounds follow each other: by the third, what was told before is placed, and looked at.
    for _ in 0..3 {
        assert!(house.done(&["bill", "run"]).starts_with("nothing is due"));
    }
    // What happens behind our back is found.
    bank.running().with(|sandbox| sandbox.refund(&invoice, 703, at)).unwrap();
    let differs = house.run(&["bill", "reconcile"]);
    assert!(differs.code == Some(1) && differs.out.contains("refunded"), "{differs:?}");
    bank.tell_outside(&house, &authority);
    until("the refund is seen", || house.get("/v1/bills/bill_1")["collected"] == "80.00");
    house.done(&["bill", "reconcile"]);
}

/// Waits until the dashboard says these figures.
fn board(house: &House, keys: &[&str], told: &[&str]) {
    let says = || {
        let board = house.get("/api/revenue/dashboard");
        let figure = |key: &&str| match *key {
            "earned" => board["live"]["all_time"].clone(),
            "collected" => board["collected"]["all_time"].clone(),
            key => board["collectable"][key].clone(),
        };
        keys.iter().map(figure).collect::<Vec<_>>() == told
    };
    until(&format!("the dashboard says {keys:?} are {told:?}"), says);
}

#[test]
fn earned_collectable_and_collected_are_three_numbers_and_taxes_are_in_none_of_them() {
    let bank = Bank::open();
    let rate = bank.post("/v1/tax_rates", "display_name=IVA&percentage=22&inclusive=false");
    let house = live_with(&bank, &["--tax", rate["id"].as_str().unwrap()]);
    let keys = ["earned", "due", "invoiced", "fees", "amount", "collected", "invoiced_tax", "collected_tax"];
    board(&house, &keys, &["0.00"; 8]);
    earn(&house);
    board(&house, &keys, &["87.033334", "87.03", "0.00", "1.56", "85.47", "0.00", "0.00", "0.00"]);
    house.done(&["bill", "run"]);
    // Of the 106.17 that Ada pays, Stripe takes 1.5 % and 0.25, rounded up.
    board(&house, &keys, &["87.033334", "0.00", "87.03", "1.85", "85.18", "0.00", "19.14", "0.00"]);
    let bill = house.get("/v1/bills/bill_1");
    let parts = ["amount", "tax", "remaining", "collected", "collected_tax"];
    assert_eq!(parts.map(|key| &bill[key]), ["87.03", "19.14", "106.17", "0.00", "0.00"], "{bill}");
    assert!(house.done(&["bill", "list"]).contains("87.03 EUR + 19.14 tax"));
    let invoice = bill["invoice"].as_str().unwrap().to_owned();
    let at = bank.running().now();
    bank.running().with(|sandbox| sandbox.pay(&invoice, at)).unwrap();
    bank.tell(&house, "whsec_sandbox");
    board(&house, &keys, &["87.033334", "0.00", "0.00", "0.00", "0.00", "87.03", "0.00", "19.14"]);
    assert!(house.done(&["bill", "plan"]).contains("taxes are beside that: 0.00 invoiced, 19.14 collected\n"));
    let shown = house.done(&["bill", "show", "bill_1"]);
    assert!(shown.contains("87.03 EUR + 19.14 tax, paid;") && shown.contains("paid 106.17 with tax,"), "{shown}");
    // Half of it is given back, and so half of its taxes.
    bank.running().with(|sandbox| sandbox.refund(&invoice, 5309, at)).unwrap();
    bank.tell(&house, "whsec_sandbox");
    board(&house, &["collected", "collected_tax"], &["43.51", "9.57"]);
    let shown = house.done(&["bill", "show", "bill_1"]);
    assert!(shown.contains("paid 106.17 with tax, refunded 53.09, fees "), "{shown}");
}

/// The same house, with an address for webhooks besides.
fn restarted(house: House, bank: &Bank, (certificate, key): (&str, &str)) -> House {
    let url = bank.url();
    let outside =
        [("RIALTO_WEBHOOK_LISTEN", "127.0.0.1:0"), ("RIALTO_TLS_CERTIFICATE", certificate), ("RIALTO_TLS_KEY", key)];
    house.restarted_with(&[&outside[..], &collecting_at(&url)[..]].concat())
}

/// The settings of a sidecar that collects at this address, when it is told to.
pub(super) fn collecting_at(url: &str) -> [(&str, &str); 5] {
    let seconds = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    // Where it is before noon, whenever this runs: the hour at which bills go out by themselves is far.
    let zone = if seconds / 3600 % 24 < 12 { "UTC" } else { "Etc/GMT+12" };
    [
        ("RIALTO_STRIPE_MODE", "sandbox"),
        ("RIALTO_STRIPE_URL", url),
        // Only when a test says so.
        ("RIALTO_TIME_ZONE", zone),
        ("RIALTO_BILL_HOUR", "23"),
        ("RIALTO_BILL_THRESHOLD", "1000000"),
    ]
}

#[test]
fn a_bill_that_is_called_off_is_void_and_drawn_again_only_when_somebody_says_so() {
    let bank = Bank::open();
    let house = live(&bank);
    earn(&house);
    house.done(&["bill", "run"]);
    house.done(&["bill", "cancel", "bill_1", "--why", "the wrong customer"]);
    until("it is void", || house.get("/v1/bills/bill_1")["status"] == "void");
    assert!(house.done(&["bill", "run"]).starts_with("nothing is due"));
    let customer = bank.customer("ada.nuova%40example.com");
    house.done(&["payer", "add", "Ada", "--customer", &customer]);
    house.done(&["bill", "again", "bill_1"]);
    until("another one is out", || house.sidecar.get("/v1/bills/bill_2").1["status"] == "open");
    let bill = house.get("/v1/bills/bill_2");
    assert_eq!(
        [&bill["amount"], &bill["reissues"], &bill["customer"]],
        [&json!("87.03"), &json!("bill_1"), &json!(customer)]
    );
    assert_eq!(house.get("/v1/bills/bill_1")["reissued_by"], "bill_2");
    house.done(&["bill", "reconcile"]);
}

#[test]
fn whoever_bills_does_not_wait_for_a_card_that_is_tried_again_tomorrow() {
    let bank = Bank::open();
    let house = live(&bank);
    let customer = bank.post("/v1/customers", "email=ada%40example.com&payment_method=pm_card_chargeCustomerFail");
    let customer = customer["id"].as_str().unwrap();
    house.done(&["payer", "add", "Ada", "--customer", customer, "--collection", "charge"]);
    earn(&house);
    let ran = house.run(&["bill", "run"]);
    assert!(
        ran.code == Some(1) && ran.out.contains("pay failed: card_declined (the customer's bank did not pay)"),
        "{ran:?}"
    );
    let bill = house.get("/v1/bills/bill_1");
    assert_eq!([&bill["status"], &bill["failed"]["code"]], ["open", "card_declined"], "{bill}");
    assert_eq!(house.get("/v1/bills")["walking"], 0);
}

#[test]
fn while_all_is_paused_no_bill_goes_on() {
    let bank = Bank::open();
    let house = live(&bank);
    assert!(house.done(&["bill", "run"]).starts_with("nothing is due"));
    earn(&house);
    // Stripe is busy, so that the bill is drawn and comes no further.
    let busy = |limited| bank.running().with(|sandbox| sandbox.set_faults(Faults { limited, ..Faults::NONE }));
    busy(1000);
    house.done(&["bill", "run", "--no-wait"]);
    house.done(&["rollout", "pause", "--all"]);
    busy(0);
    // He answers between two rounds, and so after one in which he could have gone on.
    for _ in 0..3 {
        let refused = house.run(&["bill", "run"]);
        assert!(refused.code == Some(1) && refused.err.contains("paused"), "{refused:?}");
    }
    assert_eq!(house.get("/v1/bills/bill_1")["status"], "drawn");
    assert_eq!(bank.running().with(|sandbox| sandbox.invoices().count()), 0);
    house.done(&["rollout", "live", "--all"]);
    until("it goes on", || house.get("/v1/bills/bill_1")["status"] == "open");
}

#[test]
fn without_a_mode_nothing_is_collected_and_nobody_is_believed() {
    let house = House::open();
    let refused = house.run(&["bill", "run"]);
    assert!(refused.code == Some(1) && refused.err.contains("stripe_mode"), "{refused:?}");
    let (status, answer) = house.sidecar.post("/webhooks/stripe", JSON, "{}");
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("webhook")));
}

#[test]
fn a_payer_becomes_a_customer_by_his_address_which_is_nowhere_here_in_the_clear() {
    let bank = Bank::open();
    let house = live(&bank);
    let lose = |lost_after| bank.running().with(|sandbox| sandbox.set_faults(Faults { lost_after, ..Faults::NONE }));
    let customers = || bank.running().with(|sandbox| sandbox.customers());
    let before = customers();
    let add = ["payer", "add", "Bepi", "--email", "bepi.vianello@example.org", "--name", "Giuseppe Vianello"];
    // Answers are lost, those of what was done too.
    lose(300);
    let tries = (1..200).find(|_| house.run(&add).code == Some(0));
    assert!(tries.is_some(), "{}", house.sidecar.log());
    lose(0);
    let customer = || {
        house.done(&add);
        let payers = house.get("/v1/payers");
        let bepi = payers["payers"].as_array().unwrap().iter().find(|payer| payer["id"] == "Bepi").unwrap();
        bepi["customer"].as_str().unwrap().to_owned()
    };
    let first = customer();
    assert_eq!([customer(), customer()], [first.as_str(), first.as_str()]);
    assert_eq!(customers(), before + 1, "one customer, however often he is asked for");
    assert_eq!(house.done(&["payer", "check", "Bepi"]), "Bepi can be billed\n");
    let other = house.run(&["payer", "add", "Bepi", "--email", "altro@example.org"]);
    assert!(other.code == Some(1) && other.err.contains(&first), "{other:?}");

    let House { folder, mut sidecar } = house;
    sidecar.ask_to_stop();
    let (_, log) = sidecar.ended();
    for personal in ["vianello", "Vianello", "altro@"] {
        assert!(!log.contains(personal), "{log}");
        for file in files(folder.path()) {
            let bytes = std::fs::read(&file).unwrap();
            let is_there = bytes.windows(personal.len()).any(|window| window == personal.as_bytes());
            assert!(!is_there, "{personal} is in {}", file.display());
        }
    }
}

pub(super) fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn who_is_to_be_a_customer_is_refused_where_it_makes_no_sense() {
    let bank = Bank::open();
    let house = live(&bank);
    let before = bank.running().with(|sandbox| sandbox.customers());
    let both = house.run(&["payer", "add", "Bepi", "--email", "bepi@example.org", "--customer", "cus_1"]);
    assert_eq!(both.code, Some(2), "{both:?}");
    let nameless = house.run(&["payer", "add", "Bepi", "--name", "Bepi"]);
    assert_eq!(nameless.code, Some(2), "{nameless:?}");
    let admin = std::fs::read_to_string(house.folder.path().join("admin.token")).unwrap();
    for (body, part) in [
        (json!({"id": "Bepi", "email": "bepi@example.org", "customer": "cus_1"}), "either"),
        (json!({"id": "Bepi", "email": "bepi@example.org", "customer": null}), "either"),
        (json!({"id": "Bepi", "name": "Bepi"}), "`email`"),
        (json!({"id": "Bepi", "email": "bepi"}), "anna@example.org"),
        (json!({"id": "Bepi", "email": "bepi@example.org", "name": ""}), "a name is"),
        // What the book would not take is no reason to make anybody.
        (json!({"id": "Bepi", "email": "bepi@example.org", "days": 0}), "365"),
    ] {
        let request = ureq::post(format!("{}/v1/payers", house.sidecar.url())).header("content-type", JSON);
        let request = request.config().http_status_as_error(false).build();
        let response = request.header("authorization", format!("Bearer {}", admin.trim())).send(body.to_string());
        let mut response = response.unwrap();
        let answer = response.body_mut().read_to_string().unwrap();
        assert!(response.status() == 400 && answer.contains(part), "{body}: {answer}");
        assert!(!answer.contains("bepi@"), "{answer}");
    }
    assert_eq!(bank.running().with(|sandbox| sandbox.customers()), before);

    let house = House::open();
    let off = house.run(&["payer", "add", "Bepi", "--email", "bepi@example.org"]);
    assert!(off.code == Some(1) && off.err.contains("`stripe_mode` is off"), "{off:?}");
}
