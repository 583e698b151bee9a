//! TLS at the address for webhooks: events through it, the files that it is made of, and their renewal.

use std::time::Instant;

use super::authority::Authority;
use super::{SECRET, address, event, house, is_taken};
use crate::sidecar::{PATIENCE, path, ran, rialto};

#[test]
fn a_signed_event_is_taken_through_tls_of_either_version() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (certificate, key) = authority.vouch_in(folder.path());
    let house = house(&[("RIALTO_TLS_CERTIFICATE", path(&certificate)), ("RIALTO_TLS_KEY", path(&key))]);
    assert!(house.sidecar.webhooks().starts_with("https://127.0.0.1:"), "{}", house.sidecar.webhooks());
    let at = address(&house.sidecar);
    is_taken(&authority.ask(at, &event("evt_1", SECRET)));
    is_taken(&authority.ask_in_tls_1_2(at, &event("evt_2", SECRET)));
    assert_eq!(authority.ask(at, &event("evt_3", "whsec_another")).status, 400);
    assert!(!Authority::new().knows(at), "another authority vouches for nobody here");
    // The house's own door speaks as it did.
    is_taken(&house.sidecar.raw(event("evt_4", SECRET).as_bytes()));
    house.sidecar.stop();
}

#[test]
fn what_is_wrong_with_the_address_or_its_files_stops_the_start_and_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let authority = Authority::new();
    let (certificate, key) = authority.vouch();
    let (_, anothers) = authority.vouch();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let label = |text: &str, of: &str, with: &str| text.replace(&format!(" {of}"), &format!(" {with}"));
    let torn = certificate.lines().take(3).collect::<Vec<_>>().join("\n");
    let nonsense = label(&key, "PRIVATE KEY", "CERTIFICATE");
    let locked = label(&key, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let unreadable_key = label(&certificate, "CERTIFICATE", "PRIVATE KEY");
    let [good, good_key] = [file("good.pem", &certificate), file("good.key", &key)];
    let [both, anothers] = [file("both.pem", &format!("{key}{certificate}")), file("anothers.key", &anothers)];
    let [empty, torn] = [file("empty.pem", ""), file("torn.pem", &torn)];
    let [nonsense, locked] = [file("nonsense.pem", &nonsense), file("locked.key", &locked)];
    let unreadable_key = file("unreadable.key", &unreadable_key);
    let missing = folder.path().join("missing.pem").to_str().unwrap().to_owned();
    let directory = folder.path().to_str().unwrap().to_owned();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();

    let check = |listen: &str, mode: &str, certificate: &str, key: &str, parts: &[&str]| {
        let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(&data)]);
        command.args(["--webhook-listen", listen].iter().filter(|_| !listen.is_empty()));
        command.env("RIALTO_STRIPE_MODE", mode).env("RIALTO_TLS_CERTIFICATE", certificate).env("RIALTO_TLS_KEY", key);
        let ran = ran(command);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().count()), (Some(1), "", 1), "{parts:?}: {ran:?}");
        assert!(ran.err.starts_with("rialto: "), "{ran:?}");
        assert!(parts.iter().all(|part| ran.err.contains(part)), "{parts:?}: {ran:?}");
    };
    let any = "127.0.0.1:0";
    for (certificate, key, parts) in [
        (&missing, &good_key, &[missing.as_str(), "cannot be read", "No such file"][..]),
        (&good, &missing, &[&missing, "cannot be read"]),
        (&directory, &good_key, &[&directory, "cannot be read"]),
        (&empty, &good_key, &[&empty, "holds no certificate", "BEGIN CERTIFICATE"]),
        (&good_key, &good_key, &[&good_key, "holds no certificate"]),
        (&torn, &good_key, &[&torn, "no PEM file"]),
        (&nonsense, &good_key, &[&nonsense, "TLS cannot use"]),
        (&good, &empty, &[&empty, "holds no private key", "BEGIN PRIVATE KEY"]),
        (&good, &good, &[&good, "holds no private key"]),
        (&good, &locked, &[&locked, "holds no private key", "no password"]),
        (&good, &unreadable_key, &[&unreadable_key, "TLS cannot use"]),
        (&good, &anothers, &[&good, &anothers, "is not that of"]),
        (&good, &String::new(), &["tls_certificate is set, and tls_key is not"]),
        (&String::new(), &good_key, &["tls_key is set, and tls_certificate is not"]),
    ] {
        check(any, "sandbox", certificate, key, parts);
    }
    check(any, "off", &good, &good_key, &["stripe_mode is off"]);
    check("", "sandbox", &good, &good_key, &["set webhook_listen too"]);
    check(&taken, "sandbox", &both, &both, &[&taken, "in use", "--webhook-listen"]);
    assert!(!data.exists(), "a start that failed left a folder");
}

#[test]
fn on_sighup_the_certificate_is_read_again_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = [Authority::new(), Authority::new()];
    let (certificate, key) = before.vouch_in(folder.path());
    let house = house(&[("RIALTO_TLS_CERTIFICATE", path(&certificate)), ("RIALTO_TLS_KEY", path(&key))]);
    let at = address(&house.sidecar);
    let until = |what: &str, is_so: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "never: {what}: {}", house.sidecar.log());
        }
    };
    assert!(before.knows(at) && !after.knows(at));
    after.vouch_in(folder.path());
    assert!(before.knows(at), "what nobody asked to be read is not read");
    house.sidecar.signal("HUP");
    until("the new one", &|| after.knows(at));
    assert!(!before.knows(at));
    std::fs::write(&key, "").unwrap();
    house.sidecar.signal("HUP");
    until("a refusal", &|| house.sidecar.log().contains("holds no private key"));
    is_taken(&after.ask(at, &event("evt_1", SECRET)));
    house.sidecar.stop();
}
