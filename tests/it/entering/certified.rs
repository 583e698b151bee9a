//! The house's own address over TLS: commands and pages reach it, nobody in the clear does, and certificates are renewed.

use std::time::Instant;

use super::{admin, bearer};
use crate::doors::request;
use crate::outside::authority::Authority;
use crate::sidecar::{PATIENCE, Sidecar, connect, path, ran, rialto};

fn serve(folder: &std::path::Path, authority: &Authority, environment: &[(&str, &str)]) -> Sidecar {
    let (certificate, key) = authority.vouch_in(folder);
    let data = folder.join("data");
    let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(&data)]);
    command.env("RIALTO_LISTEN_CERTIFICATE", path(&certificate)).env("RIALTO_LISTEN_KEY", path(&key));
    command.envs(environment.iter().copied());
    Sidecar::start(command)
}

#[test]
fn over_tls_everything_is_as_without_and_commands_reach_it_by_their_own_authority() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let sidecar = serve(folder.path(), &authority, &[("RIALTO_HOSTS", "[\"rialto.example\"]")]);
    let data = folder.path().join("data");
    let at = sidecar.address();
    let asked = request("GET /api/revenue/dashboard", &[], "");
    let answer = authority.ask(at, &asked);
    assert_eq!((answer.status, answer.header("strict-transport-security")), (200, None), "{answer:?}");
    assert_eq!(authority.ask_in_tls_1_2(at, &asked).status, 200);
    // A browser that came by our name is to come by TLS from now on; of localhost it would believe that of others, too.
    let named = asked.replace("localhost", "rialto.example");
    let answer = authority.ask(at, &named);
    assert!(answer.header("strict-transport-security").is_some_and(|told| told.starts_with("max-age=")), "{answer:?}");
    let snapshot = |headers: &[&str]| authority.ask(at, &request("POST /v1/admin/snapshot", headers, "")).status;
    assert_eq!((snapshot(&[]), snapshot(&[&bearer(&admin(&data))])), (401, 202));
    // In the clear nobody is answered.
    let mut clear = connect(at);
    std::io::Write::write_all(&mut clear, asked.as_bytes()).unwrap();
    let mut told = Vec::new();
    let _ = std::io::Read::read_to_end(&mut clear, &mut told);
    assert!(!String::from_utf8_lossy(&told).contains("HTTP/1.1 200"), "{told:?}");

    let authoritys = folder.path().join("authority.pem");
    std::fs::write(&authoritys, authority.pem()).unwrap();
    let url = format!("https://localhost:{}", at.port());
    let token = admin(&data);
    let run = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = rialto(arguments);
        command.env("RIALTO_URL", &url).env("RIALTO_TOKEN", &token).envs(environment.iter().copied());
        ran(command)
    };
    let trusting = [("RIALTO_CA", path(&authoritys))];
    for arguments in [&["rollout", "show"][..], &["orders"], &["payer", "list"], &["targets"]] {
        let told = run(arguments, &trusting);
        assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{arguments:?}: {told:?}");
    }
    assert_eq!(run(&["orders", "--ca", path(&authoritys)], &[]).code, Some(0));
    let moved = run(&["rollout", "pause", "--all", "--why", "tried"], &trusting);
    assert_eq!(moved.code, Some(0), "{moved:?}");
    let records = folder.path().join("activities.json");
    std::fs::write(&records, "[{\"id\":\"rec1\",\"Type\":\"rest\",\"Citizen\":\"ada\"}]").unwrap();
    let imported = run(&["import", "--kind", "activities", path(&records)], &trusting);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    // Whom nobody vouches for gets neither token nor order.
    let another = folder.path().join("another.pem");
    std::fs::write(&another, Authority::new().pem()).unwrap();
    for environment in [&[][..], &[("RIALTO_CA", path(&another))]] {
        let told = run(&["orders"], environment);
        assert!(told.code == Some(3) && told.err.contains("no sidecar answers"), "{told:?}");
    }
    let missing = folder.path().join("missing.pem");
    for (file, says) in [(&missing, "No such file"), (&records, "holds no certificate")] {
        let told = run(&["orders"], &[("RIALTO_CA", path(file))]);
        assert!(told.code == Some(2) && told.err.contains(says) && told.err.contains("BEGIN CERTIFICATE"), "{told:?}");
    }
    sidecar.stop();
}

#[test]
fn the_houses_certificate_is_renewed_beside_the_webhooks_and_one_without_its_key_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = [Authority::new(), Authority::new()];
    let sidecar = serve(folder.path(), &before, &[]);
    assert!(before.knows(sidecar.address()) && !after.knows(sidecar.address()));
    let (certificate, key) = after.vouch_in(folder.path());
    sidecar.signal("HUP");
    let begun = Instant::now();
    while !after.knows(sidecar.address()) {
        assert!(begun.elapsed() < PATIENCE, "it is never renewed: {}", sidecar.log());
    }
    sidecar.stop();
    for (name, file, says) in [
        ("RIALTO_LISTEN_CERTIFICATE", &certificate, "listen_certificate is set, and listen_key is not"),
        ("RIALTO_LISTEN_KEY", &key, "listen_key is set, and listen_certificate is not"),
    ] {
        let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(&folder.path().join("new"))]);
        let told = ran({
            command.env(name, file);
            command
        });
        assert!(told.code == Some(1) && told.err.contains(says), "{told:?}");
    }
    assert!(!folder.path().join("new").exists());
}
