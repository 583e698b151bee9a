//! Secrets: recognisable ones are put everywhere where secrets belong, and where somebody may put one by mistake; and then
//! everything that is shown, told, counted or kept is looked through for any of them.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::tell;
use super::{admin, files, holds, run_in, token};
use crate::outside::authority::Authority;
use crate::sidecar::{Answer, JSON, Ran, Sidecar, answer_to, path, rialto};

/// The key, and the secrets of webhooks, of which one is to replace the other.
const KEY: &str = "sk_test_CANARYkeyCANARYkey0001";
const HOOKS: [&str; 2] = ["whsec_CANARYhookCANARY0002", "whsec_CANARYhookCANARY0003"];
/// What somebody puts where it does not belong.
const ASTRAY: &str = "sk_live_CANARYastrayCANARY0004";
/// A token that is none of ours.
const ANOTHERS: &str = "feedc0defeedc0defeedc0defeedc0defeedc0defeedc0defeedc0defeedc0de";
/// Whom an invoice is for is Stripe's to know.
const EMAIL: &str = "canary.0005@example.org";

/// All that was shown, and by what.
#[derive(Default)]
struct Shown(Vec<(String, Vec<u8>)>);

impl Shown {
    fn add(&mut self, by: impl Into<String>, what: impl Into<Vec<u8>>) {
        self.0.push((by.into(), what.into()));
    }

    fn answer(&mut self, answer: &Answer) {
        self.add(format!("an answer {}", answer.status), format!("{}\n{}", answer.head, answer.body));
    }

    fn ran(&mut self, what: &str, ran: &Ran) {
        self.add(format!("`{what}`"), format!("{}\n{}", ran.out, ran.err));
    }

    /// By what any of these was shown.
    fn leaks(&self, secrets: &BTreeMap<&str, String>) -> Vec<String> {
        let of = |(by, what): &(String, Vec<u8>)| {
            let found = secrets.iter().filter(|(_, secret)| holds(what, secret));
            found.map(|(name, _)| format!("{by} shows {name}")).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }
}

#[test]
fn no_secret_is_in_any_log_error_answer_metric_record_snapshot_or_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let authority = Authority::new();
    let (certificate, key) = authority.vouch_in(folder.path());
    let [ingest, ops] = [("engine", "ingest"), ("ops", "admin")].map(|(name, scope)| token(&data, name, scope));
    let hooks = HOOKS.join(",");
    let environment = [
        ("STRIPE_SECRET_KEY", KEY),
        ("STRIPE_WEBHOOK_SECRET", hooks.as_str()),
        ("RIALTO_STRIPE_MODE", "sandbox"),
        // Nobody is there, so that each call to Stripe fails, and is told of.
        ("RIALTO_STRIPE_URL", "http://127.0.0.1:9"),
        ("RIALTO_WEBHOOK_LISTEN", "127.0.0.1:0"),
        ("RIALTO_TLS_CERTIFICATE", path(&certificate)),
        ("RIALTO_TLS_KEY", path(&key)),
        ("RIALTO_LOG", "trace"),
    ];
    let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(&data)]);
    command.envs(environment);
    let sidecar = Sidecar::start(command);
    let private = std::fs::read_to_string(&key).unwrap();
    let secrets = BTreeMap::from([
        ("Stripe's key", KEY.to_owned()),
        ("a webhook's secret", HOOKS[0].to_owned()),
        ("the other webhook's secret", HOOKS[1].to_owned()),
        ("a secret that went astray", ASTRAY.to_owned()),
        ("the admin's token", admin(&data)),
        ("the engine's token", ingest.clone()),
        ("the operator's token", ops.clone()),
        ("another's token", ANOTHERS.to_owned()),
        ("the certificate's key", private.lines().nth(1).unwrap().to_owned()),
        ("an e-mail address", EMAIL.to_owned()),
    ]);
    let mut shown = Shown::default();

    // Everything is asked with the right tokens, the wrong ones, and with tokens where they do not belong.
    let admin = admin(&data);
    let mut ask = |line: &str, headers: &[String], body: &str| {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        let asked = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        shown.answer(&answer_to(sidecar.address(), &asked));
    };
    let event = json!({ "id": "rec1", "Type": "paid_service", "Citizen": "bea", "duration_minutes": 60 }).to_string();
    for token in [&admin, &ingest, &ops, ANOTHERS, ASTRAY] {
        let bearer = [format!("Authorization: Bearer {token}")];
        for path in ["/metrics", "/v1/orders", "/v1/payers", "/v1/tariff", "/v1/bills", "/", "/nothing", "/v1/rollout"]
        {
            ask(&format!("GET {path}"), &bearer, "");
        }
        ask("POST /v1/activities", &bearer, &event);
        ask("POST /v1/admin/snapshot", &bearer, "{\"why\":\"tried\"}");
        ask("POST /v1/bills/run", &bearer, "{}");
        ask("PUT /v1/tariff", &bearer, "effective = 3\n");
        let listing = json!({ "id": "ada", "email": EMAIL, "name": "Ada" }).to_string();
        ask("POST /v1/payers", &bearer, &listing);
        for header in [
            "Authorization: Basic",
            "Authorization: Bearer,",
            "Cookie: token=",
            "X-Api-Key:",
            "Stripe-Signature: t=1,v1=",
        ] {
            ask("GET /v1/orders", &[format!("{header} {token}")], "");
            ask("POST /webhooks/stripe", &[format!("{header} {token}")], "{}");
        }
    }
    // What a refusal repeats is what was wrong with the request: a token in an address is on record at every proxy anyway,
    // but never in our log or metrics.
    for asked in ["GET /v1/orders?token=", "GET /metrics?access_token=", "GET /?token="] {
        ask(&format!("{asked}{ops}"), &[], "");
    }
    for _ in 0..3 {
        sidecar.post("/v1/activities", JSON, &event);
    }

    // Every command, with the token in the environment.
    let url = sidecar.url();
    let given = [("RIALTO_URL", url.as_str()), ("RIALTO_TOKEN", admin.as_str())];
    let settings: Vec<(&str, &str)> = environment.into_iter().chain([("RIALTO_DATA", path(&data))]).collect();
    for arguments in [
        &["orders"][..],
        &["payer", "list"],
        &["payer", "check", "ada"],
        &["bill", "plan"],
        &["bill", "list"],
        &["bill", "reconcile"],
        &["rollout", "show"],
        &["guard", "list"],
        &["conflicts"],
        &["targets"],
        &["why", "rec1"],
        &["tariff", "show"],
        &["orders", "--json"],
    ] {
        shown.ran(&arguments.join(" "), &run_in(&given, arguments));
        let strange = [("RIALTO_URL", url.as_str()), ("RIALTO_TOKEN", ANOTHERS)];
        shown.ran(&arguments.join(" "), &run_in(&strange, arguments));
        shown.ran(
            &arguments.join(" "),
            &run_in(&[("RIALTO_URL", "http://127.0.0.1:9"), ("RIALTO_TOKEN", &ops)], arguments),
        );
    }
    for url in [format!("http://ada:{ASTRAY}@127.0.0.1:9"), format!("ftp://{ASTRAY}@host")] {
        shown.ran("orders", &run_in(&[("RIALTO_URL", &url)], &["orders"]));
    }
    for arguments in [
        &["config"][..],
        &["config", "--json"],
        &["token", "list"],
        &["token", "list", "--json"],
        &["report"],
        &["export", "--format", "csv"],
    ] {
        shown.ran(&arguments.join(" "), &run_in(&settings, arguments));
    }

    // Settings that hold a secret where none belongs, each in another way.
    let wrong = [
        format!("stripe_mode = \"{ASTRAY}\""),
        format!("stripe_mode = {ASTRAY}"),
        format!("stripe_secret_key = \"{ASTRAY}\""),
        format!("\"{ASTRAY}\" = 1"),
        format!("stripe_url = \"http://ada:{ASTRAY}@127.0.0.1\""),
        format!("stripe_url = \"{ASTRAY}\""),
        format!("listen = \"{ASTRAY}\""),
        format!("idle_seconds = \"{ASTRAY}\""),
        format!("idle_seconds = \"{ANOTHERS}\""),
        format!("hosts = \"Bearer {ANOTHERS}\""),
        format!("hosts = [\"{ASTRAY}\", 3]"),
        format!("log_format = '{ASTRAY}'"),
        format!("stripe_mode = \"{ASTRAY}"),
        format!("stripe_mode \"{ASTRAY}\""),
        format!("[{ASTRAY}"),
        format!("log = \"{ASTRAY}=nonsense\""),
    ];
    let file = folder.path().join("wrong.toml");
    for text in &wrong {
        std::fs::write(&file, text).unwrap();
        for command in ["config", "serve"] {
            let ran = run_in(
                &[("RIALTO_LISTEN", "127.0.0.1:0")],
                &[command, "--config", path(&file), "--data", path(&folder.path().join("never"))],
            );
            assert!(ran.code == Some(1) || command == "config", "{text}: {ran:?}");
            shown.ran(&format!("{command} with {}", text.replace(ASTRAY, "…").replace(ANOTHERS, "…")), &ran);
        }
    }
    for (name, mode, value) in [
        ("STRIPE_SECRET_KEY", "test", ASTRAY.to_owned()),
        ("STRIPE_SECRET_KEY", "sandbox", format!("pk_{ASTRAY}")),
        ("STRIPE_SECRET_KEY", "sandbox", format!("{ASTRAY} {ASTRAY}")),
        ("STRIPE_WEBHOOK_SECRET", "sandbox", format!("{KEY},{ASTRAY}")),
        ("RIALTO_IDLE_SECONDS", "off", ASTRAY.to_owned()),
        ("RIALTO_STRIPE_URL", "sandbox", format!("https://{ASTRAY}@host")),
        ("RIALTO_STRIPE_SECRET_KEY", "off", ASTRAY.to_owned()),
    ] {
        let elsewhere = folder.path().join("elsewhere");
        let with = [(name, value.as_str()), ("RIALTO_STRIPE_MODE", mode), ("RIALTO_LISTEN", "127.0.0.1:0")];
        let mut command = rialto(&["config"]);
        command.envs(with);
        shown.ran(&format!("config with {name}"), &crate::sidecar::ran(command));
        if mode != "off" {
            shown.ran(&format!("serve with {name}"), &run_in(&with, &["serve", "--data", path(&elsewhere)]));
        }
    }
    // A file of tokens that somebody wrote a token into.
    let spoilt = folder.path().join("spoilt");
    std::fs::create_dir(&spoilt).unwrap();
    for text in [
        format!("[[token]]\nname = \"a\"\nscopes = [\"{ASTRAY}\"]\ndigest = \"x\"\n"),
        format!("token = {ANOTHERS}\n"),
        format!("[[token]]\n{ASTRAY} = 1\n"),
    ] {
        std::fs::write(spoilt.join("tokens.toml"), &text).unwrap();
        let ran = run_in(&[], &["token", "--data", path(&spoilt), "list"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        shown.ran("token list", &ran);
    }

    // What other programs of the machine see of a process.
    let status = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let mut processes = 0;
    for process in status.filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
    {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        if holds(&arguments, path(&data)) {
            processes += 1;
            shown.add("the arguments of a process", arguments);
        }
    }
    assert!(processes == 1 || !cfg!(target_os = "linux"), "the sidecar is one process that others see");

    let metrics = sidecar.get("/metrics").1;
    shown.add("/metrics", metrics.as_str().unwrap());
    sidecar.stop_and_tell(|log| {
        assert!(log.contains("DEBUG") || log.contains("TRACE"), "everything is logged that there is: {log}");
        shown.add("the log", log);
    });
    // The folder: the admin's token is in its own file, which is for that; and only digests are in the other ones.
    let mut kept = 0;
    for (file, bytes) in files(&data).into_iter().filter(|(file, _)| !file.ends_with("admin.token")) {
        kept += 1;
        shown.add(file.display().to_string(), bytes);
    }
    let backup = folder.path().join("backup");
    shown.ran("backup", &run_in(&[], &["backup", "--data", path(&data), path(&backup)]));
    for (file, bytes) in files(&backup) {
        kept += 1;
        shown.add(file.display().to_string(), bytes);
    }

    assert_eq!(shown.leaks(&secrets), [""; 0]);
    let bytes: usize = shown.0.iter().map(|(_, what)| what.len()).sum();
    tell(
        "secrets that are recognised where they show",
        format!(
            "{} of them (Stripe's key, webhooks' secrets, tokens, a private key, an address), with everything asked, ordered and set wrongly, the log at trace",
            secrets.len()
        ),
        format!(
            "none in {} answers, outputs of commands, logs, metrics and arguments of processes, nor in {kept} files of journal, snapshots and backup: {} KiB in all",
            shown.0.len() - kept,
            bytes >> 10
        ),
    );
    // It would be seen.
    shown.add("nobody", format!("a{KEY}b"));
    assert_eq!(shown.leaks(&secrets), ["nobody shows Stripe's key"]);
}
