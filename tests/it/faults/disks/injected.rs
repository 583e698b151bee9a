//! Calls of the system that fail once, or from some time on: writes, syncs, names, and files that cannot be opened.
//!
//! strace stands between the sidecar and the kernel, and answers one call on a file of the data folder with an error.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::feed::{Fed, Load, serve};
use super::super::{tell, times};
use super::{State, state, strace};
use crate::dice::Dice;
use crate::sidecar::{Sidecar, verify};

/// What fails, and with what; and up to which of the calls that a thread makes.
const FAULTS: &[(&str, &str, u64)] = &[
    ("pwrite64", "EIO", 12),
    ("fdatasync", "EIO", 12),
    ("pwrite64", "ENOSPC", 12),
    ("fsync", "EIO", 8),
    ("write", "EIO", 3),
    ("fdatasync", "ENOSPC", 12),
    ("openat", "EIO", 25),
    ("rename", "EIO", 2),
    ("write", "ENOSPC", 3),
    ("openat", "ENOSPC", 25),
    ("ftruncate", "EIO", 1),
    ("fsync", "ENOSPC", 8),
    ("openat", "EMFILE", 25),
    ("unlink", "EIO", 2),
    ("rename", "ENOSPC", 2),
];
/// A folder is taken anew after so many faults, so that asking for all that is in it does not take ever longer.
const FOLDER: usize = 10;

/// A call that fails.
#[derive(Clone, Copy)]
struct Fault {
    call: &'static str,
    error: &'static str,
    /// Which of the calls that a thread makes: this one, or all from this one on.
    number: u64,
    is_lasting: bool,
}

/// What came of the faults.
#[derive(Default)]
struct Came {
    refused: usize,
    stopped: usize,
    went_on: usize,
    waited: usize,
}

#[test]
fn a_call_that_fails_is_told_of_and_costs_nothing_that_was_acknowledged() {
    let Some(strace) = strace() else { return };
    let dice = Dice::seeded("RIALTO_DISK_SEED");
    let faults = times(4, 200);
    let (mut came, mut acknowledged, mut met, mut tried) = (Came::default(), 0, 0, 0);
    while met < faults {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut fed = Fed::default();
        for _ in 0..FOLDER.min(faults - met) {
            let (call, error, calls) = FAULTS[tried % FAULTS.len()];
            let fault = Fault { call, error, number: 1 + dice.below(calls), is_lasting: dice.below(3) == 0 };
            let when = format!("{fault}, the {tried}th tried, {dice}");
            let trace = folder.path().join("trace");
            let ended = suffer(&mut fed, &data, under(&strace, fault, &trace, &data), (&mut came, tried), &when);
            tried += 1;
            // One that comes later than all calls of its kind is no fault.
            let trace = std::fs::read_to_string(&trace).unwrap();
            met += usize::from(trace.contains("(INJECTED)"));
            fault.is_taken_seriously(&trace, ended, &when);
            let sidecar = Sidecar::start(serve(&data));
            fed.is_there(&sidecar, &when);
            sidecar.stop();
            verify(&data);
        }
        fed.comes_to_the_same(&data, &dice);
        acknowledged += fed.told();
        assert!(tried < 10 * faults.max(20), "hardly any of {tried} faults was met, {dice}");
    }
    let Came { refused, stopped, went_on, waited } = came;
    tell(
        "calls of the disk",
        format!(
            "{met} times EIO, ENOSPC or EMFILE from write, pwrite, fdatasync, fsync, open, rename, truncate or unlink, by strace ({dice})"
        ),
        format!(
            "of {tried} runs {refused} did not start and said why, {stopped} stopped with code 1 and said why, {waited} waited for \
             room and said so, {went_on} went on; all {acknowledged} acknowledged events were there, nothing was shown that was \
             not durable; `rialto verify` clean"
        ),
    );
}

/// Starts a sidecar that is to meet a fault, loads it, and looks at what it says; whether it ended because of the fault.
fn suffer(fed: &mut Fed, data: &Path, command: Command, (came, name): (&mut Came, usize), when: &str) -> bool {
    let mut sidecar = match Sidecar::try_start(command) {
        Ok(sidecar) => sidecar,
        Err((status, log)) => {
            assert_eq!(status.code(), Some(1), "{log}; {when}");
            let why = log.lines().find(|line| line.starts_with("rialto: ")).unwrap_or_default();
            assert!(why.contains("os error") && why.contains(data.to_str().unwrap()), "{log}; {when}");
            came.refused += 1;
            return true;
        }
    };
    let load = Load { name: &format!("{name}"), answers: usize::MAX, requests: 5 };
    fed.under_load(&mut sidecar, &load, |_, _| {});
    let (log, ended) = match state(&mut sidecar, when) {
        State::Stopped(log) => {
            came.stopped += 1;
            (log, true)
        }
        State::Waiting => {
            came.waited += 1;
            sidecar.kill();
            (sidecar.log(), false)
        }
        State::Ready => {
            // What it meets at the end is in its log, too.
            sidecar.ask_to_stop();
            let (status, log) = sidecar.ended();
            let has_stopped = status.code() == Some(1) && log.contains("the sidecar stopped");
            assert!(status.success() || has_stopped, "{status}: {log}; {when}");
            came.went_on += usize::from(!has_stopped);
            came.stopped += usize::from(has_stopped);
            (log, has_stopped)
        }
    };
    assert!(!log.contains("panicked"), "{log}; {when}");
    ended
}

impl Fault {
    /// What the journal's writer was told of a sync is final, and of a write, unless there was no room: that, it waits for.
    fn is_taken_seriously(&self, trace: &str, ended: bool, when: &str) {
        let mut met = trace.lines().filter(|line| line.contains("(INJECTED)") && line.contains("<rialto-journal>"));
        let Some(met) = met.next() else { return };
        match (self.call, self.error) {
            ("fdatasync", _) | ("pwrite64", "EIO") => assert!(ended, "it went on after {met}; {when}"),
            ("pwrite64", "ENOSPC") => assert!(!ended, "it ended after {met}; {when}"),
            _ => {}
        }
    }
}

/// The command, but with strace between it and the kernel.
fn under(strace: &Path, fault: Fault, trace: &Path, data: &Path) -> Command {
    let command = serve(data);
    let mut traced = Command::new(strace);
    // The sidecar stays the child, and strace ends with it.
    traced.env_clear().args(["-D", "-f", "--seccomp-bpf", "-qq", "--decode-pids=comm", "-o"]).arg(trace);
    for path in paths(data) {
        traced.arg("-P").arg(path);
    }
    traced.arg("-e").arg(format!("trace={}", fault.call)).arg("-e").arg(format!("inject={fault}"));
    traced.arg(command.get_program()).args(command.get_args());
    traced.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    traced
}

/// The files and folders that the sidecar writes to.
fn paths(data: &Path) -> Vec<PathBuf> {
    let files = ["", "FOLDER.tmp", "HOME.tmp", "journal", "images", "images/snapshot.tmp"];
    let segments = (1..100).map(|number| format!("journal/{number:08}.journal"));
    files.into_iter().map(str::to_owned).chain(segments).map(|file| data.join(file)).collect()
}

/// As strace is told it.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { call, error, number, is_lasting } = self;
        write!(f, "{call}:error={error}:when={number}{}", if *is_lasting { "+" } else { "" })
    }
}
