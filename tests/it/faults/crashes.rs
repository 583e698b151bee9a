//! Killed at any moment: what was acknowledged is there, and telling everything again makes it whole.

mod embedded;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::feed::{Fed, Load, serve};
use super::{tell, times};
use crate::dice::Dice;
use crate::sidecar::{Sidecar, path, ran, rialto, run, verify};

const KILLS: usize = 20;
/// A folder is taken anew after so many kills, so that asking for all that is in it does not take ever longer.
const FOLDER: usize = 20;

#[test]
fn what_was_acknowledged_survives_every_kill_and_the_whole_feed_again_makes_the_same_book() {
    let dice = Dice::seeded("RIALTO_CRASH_SEED");
    let kills = times(KILLS, 500);
    let (mut acknowledged, mut at_start, mut starts) = (0, 0, Vec::new());
    for first in (0..kills).step_by(FOLDER) {
        let folder = tempfile::tempdir().unwrap();
        let mut fed = Fed::default();
        for kill in first..kills.min(first + FOLDER) {
            let when = format!("kill {kill}, {dice}");
            // Now and then also while it reads what the last one left.
            if dice.below(6) == 0 {
                let usual = starts.last().copied().unwrap_or(Duration::from_millis(100));
                killed_while_it_starts(serve(folder.path()), usual, &dice);
                at_start += 1;
                continue;
            }
            let mut sidecar = started(folder.path(), &mut starts);
            fed.is_there(&sidecar, &when);
            let load = Load { name: &kill.to_string(), answers: 1 + dice.below(12) as usize, requests: usize::MAX };
            fed.under_load(&mut sidecar, &load, |sidecar, _| {
                // No wait for anything: the moment of the kill is what is tried here.
                std::thread::sleep(Duration::from_micros(dice.below(8000)));
                sidecar.kill();
            });
            if kill % 5 == 0 {
                verify(folder.path());
            }
        }
        verify(folder.path());
        fed.comes_to_the_same(folder.path(), &dice);
        acknowledged += fed.told();
    }
    assert!(0 < acknowledged, "nothing was ever acknowledged, {dice}");
    tell(
        "the process, over HTTP",
        format!("`kill -9` {kills} times at random moments under load, {at_start} of them while it started ({dice})"),
        format!(
            "all {acknowledged} acknowledged events were there, once and at their amounts, before anything was sent again; \
             sums to the millionth; `rialto verify` clean; it listened again {}",
            within(&mut starts)
        ),
    );
}

#[test]
fn an_import_that_is_killed_and_done_again_comes_to_the_same_book() {
    let dice = Dice::seeded("RIALTO_CRASH_SEED");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("city.ndjson");
    std::fs::write(&file, run(&["city", "--seed", "7", "--days", "1"]).out).unwrap();
    let (calm, data) = (folder.path().join("calm"), folder.path().join("data"));

    let began = Instant::now();
    let whole = ran(import(&calm, &file));
    let took = began.elapsed();
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let records = &whole.json()["records"];

    let kills = times(8, 100);
    for _ in 0..kills {
        killed_while_it_starts(import(&data, &file), took, &dice);
    }
    let last = ran(import(&data, &file));
    assert_eq!((last.code, &last.json()["records"]), (Some(0), records), "{dice}: {last:?}");
    let book = verify(&data);
    let undisturbed = verify(&calm);
    for key in ["digest", "facts", "transactions", "conflicts", "charged"] {
        assert_eq!(book[key], undisturbed[key], "{key}, {dice}");
    }
    let again = ran(import(&data, &file)).json();
    assert_eq!(&again["duplicate"], records, "{dice}: {again}");
    assert_eq!(verify(&data)["digest"], book["digest"], "{dice}");
    tell(
        "the process, in an import",
        format!("`kill -9` {kills} times at random moments of `rialto import` of {records} records ({dice})"),
        "done again, it came to the book of one that nobody disturbed, to the digest",
    );
}

/// How long starts took, from the process to the line that says that it listens.
fn within(starts: &mut [Duration]) -> String {
    starts.sort_unstable();
    let [median, last] = [starts.len() / 2, starts.len().saturating_sub(1)].map(|place| starts[place].as_millis());
    format!("within {median} ms (p50), {last} ms at most")
}

fn started(data: &Path, starts: &mut Vec<Duration>) -> Sidecar {
    let began = Instant::now();
    let sidecar = Sidecar::start(serve(data));
    starts.push(began.elapsed());
    sidecar
}

/// Starts a command, and kills it at some moment of the first `usual`.
fn killed_while_it_starts(mut command: Command, usual: Duration, dice: &Dice) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // No wait for anything: the moment of the kill is what is tried here.
    std::thread::sleep(Duration::from_micros(dice.below(usual.as_micros() as u64)));
    let _ = child.kill();
    child.wait().unwrap();
}

fn import(data: &Path, file: &Path) -> Command {
    let mut command = rialto(&["import", "--json", "--data", path(data), path(file)]);
    command.env("RIALTO_SEGMENT_BYTES", "65536").env("RIALTO_SNAPSHOT_BYTES", "65536");
    command
}
