//! Disks that are full, fail, lie, take less than they are given, or may not be written to any more.

mod failing;
mod filled;
mod full;
mod injected;
mod short;

use std::path::PathBuf;
use std::process::Command;

use super::tool;
use crate::sidecar::Sidecar;

/// How a sidecar stands whose disk was broken, as it says itself.
enum State {
    /// It takes events.
    Ready,
    /// It waits for room, and takes none meanwhile.
    Waiting,
    /// It has ended with code 1, and said why: this is its log.
    Stopped(String),
}

/// Asks a sidecar how it stands. What it says in its several ways has to be one thing.
fn state(sidecar: &mut Sidecar, when: &str) -> State {
    let line = sidecar.line();
    match line.get("/readyz") {
        Some((200, _)) => State::Ready,
        Some((503, answer)) if answer["error"]["code"] == "disk_full" => {
            let help = answer["error"]["help"].as_str().unwrap_or_default();
            assert!(help.contains("make room on the disk"), "{answer}; {when}");
            assert_eq!(line.get("/healthz").map(|(status, _)| status), Some(200), "{when}");
            assert_eq!(line.get("/api/revenue/dashboard").map(|(status, _)| status), Some(200), "{when}");
            State::Waiting
        }
        other => {
            assert!(other.as_ref().is_none_or(|(_, answer)| answer["error"]["code"] == "stopped"), "{other:?}; {when}");
            let (status, log) = sidecar.ended();
            assert_eq!(status.code(), Some(1), "{log}; {when}");
            let why = "rialto: the sidecar stopped: the journal could not be made durable: ";
            let why = log.lines().find_map(|line| line.strip_prefix(why));
            assert!(why.is_some_and(|why| why.contains("os error")), "{log}; {when}");
            assert!(log.contains("everything stops"), "{log}; {when}");
            State::Stopped(log)
        }
    }
}

/// strace, where it is allowed to trace anybody; where it is not, a test is skipped and says so.
fn strace() -> Option<PathBuf> {
    let strace = tool("strace")?;
    let tried = Command::new(&strace).args(["-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "true"]).output();
    match tried {
        Ok(output) if output.status.success() => Some(strace),
        other => {
            eprintln!("skipped: strace traces nobody here: {other:?}");
            None
        }
    }
}
