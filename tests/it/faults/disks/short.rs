//! Writes that take less than they are given, and writes that claim to have taken what they did not.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::feed::{Fed, Load, serve};
use super::super::{tell, times};
use super::{strace, tool};
use crate::dice::Dice;
use crate::sidecar::{Sidecar, path, run, verify};

/// So many events are handed in one by one while a disk lies.
const EVENTS: usize = 16;

#[test]
fn writes_that_end_early_or_are_interrupted_change_nothing() {
    let Some(compiler) = tool("cc") else { return };
    let dice = Dice::seeded("RIALTO_DISK_SEED");
    let runs = times(1, 30);
    let folder = tempfile::tempdir().unwrap();
    let shim = compiled(&compiler, folder.path());
    let told = folder.path().join("told");
    let (mut short, mut acknowledged) = (0, 0);
    for number in 0..runs {
        let when = format!("run {number}, {dice}");
        let data = folder.path().join(format!("data-{number}"));
        let mut fed = Fed::default();
        for name in ["first", "second"] {
            let mut command = serve(&data);
            command.env("LD_PRELOAD", &shim).env("SHORT_TOLD", &told);
            command.env("SHORT_SEED", dice.below(u64::MAX).to_string());
            let mut sidecar = Sidecar::start(command);
            fed.is_there(&sidecar, &when);
            let load = Load { name, answers: usize::MAX, requests: 12 };
            fed.under_load(&mut sidecar, &load, |_, _| {});
            sidecar.stop();
            short += std::fs::read_to_string(&told).unwrap().trim().parse::<usize>().unwrap();
        }
        verify(&data);
        fed.comes_to_the_same(&data, &when);
        acknowledged += fed.told();
    }
    assert!(0 < short, "no write ended early, {dice}");
    tell(
        "writes that end early",
        format!(
            "{short} writes to the journal and to snapshots that took a random part or were interrupted, in {runs} books ({dice})"
        ),
        format!(
            "all {acknowledged} events were there at their amounts; the books are those of whole writes; `rialto verify` clean"
        ),
    );
}

#[test]
fn a_disk_that_claims_what_it_did_not_write_is_found_out_and_nothing_is_made_of_the_rest() {
    let Some(strace) = strace() else { return };
    let dice = Dice::seeded("RIALTO_DISK_SEED");
    let lies = times(2, 30);
    let mut found = 0;
    for _ in 0..lies {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let lie = 1 + dice.below(8);
        let when = format!("write {lie}, {dice}");
        let mut fed = Fed::default();
        // Its journal is one segment, without noughts in it that were written ahead.
        let mut sidecar = Sidecar::start(serve(&data));
        fed.under_load(&mut sidecar, &Load { name: "true", answers: usize::MAX, requests: 1 }, |_, _| {});
        sidecar.kill();
        let segment = data.join("journal").join("00000001.journal");
        let plain = serve(&data);
        let mut command = Command::new(&strace);
        command.env_clear().args(["-D", "-f", "--seccomp-bpf", "-qq", "-o", path(&folder.path().join("trace")), "-P"]);
        command.arg(&segment).args(["-e", "trace=pwrite64", "-e"]);
        // The call is never made; whoever made it is told that it was done, for as many bytes as it wanted or not.
        command.arg(format!("inject=pwrite64:retval=64:when={lie}"));
        command.arg(plain.get_program()).args(plain.get_args());
        command.env("RIALTO_SNAPSHOT_BYTES", "1000000000");
        let mut sidecar = Sidecar::start(command);
        for number in 0..EVENTS {
            let body =
                format!(r#"{{"activity_id":"rec{number}","citizen_id":"Ada","type":"paid_service","duration":60}}"#);
            assert_eq!(sidecar.post("/v1/activities", crate::sidecar::JSON, &body).0, 200, "{when}");
        }
        sidecar.kill();
        let told = std::fs::read_to_string(folder.path().join("trace")).unwrap();
        assert!(told.contains("(INJECTED)"), "{told}; {when}");
        // Where the noughts that are written ahead were the lie, nothing is wrong.
        let verified = run(&["verify", "--json", "--data", path(&data)]);
        if verified.code == Some(0) {
            assert_eq!(verified.json()["facts"], fed.told() + EVENTS, "something is missing; {when}");
            continue;
        }
        assert_eq!(verified.code, Some(1), "{verified:?}; {when}");
        assert!(verified.out.contains(path(&segment)), "{verified:?}; {when}");
        let (status, log) = Sidecar::try_start(serve(&data)).expect_err("it makes something of a journal with a hole");
        assert_eq!(status.code(), Some(1), "{log}; {when}");
        assert!(log.contains(path(&segment)) && log.contains("damaged"), "{log}; {when}");
        found += 1;
    }
    tell(
        "writes that were never made",
        format!("{lies} times a write of the journal was claimed and not made, by strace ({dice})"),
        format!(
            "{found} times a hole was left in what was durable: `rialto verify` and the next start named segment and offset, and nothing was opened; otherwise nothing was missing"
        ),
    );
}

fn compiled(compiler: &Path, folder: &Path) -> PathBuf {
    let (source, shim) = (folder.join("short.c"), folder.join("short.so"));
    std::fs::write(&source, include_str!("short.c")).unwrap();
    let output =
        Command::new(compiler).args(["-shared", "-fPIC", "-O1", "-o"]).args([&shim, &source]).arg("-ldl").output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    shim
}
