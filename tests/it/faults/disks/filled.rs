//! A disk that runs full under load: the sidecar says so and goes on when there is room, and whoever stops, kills or
//! starts it meanwhile loses nothing.

use std::time::{Duration, Instant};

use super::super::feed::{Fed, Load, serve};
use super::super::mounts::{Kind, Volume};
use super::super::{tell, times};
use super::{State, state};
use crate::dice::Dice;
use crate::sidecar::{PATIENCE, Sidecar, path, verify};

#[test]
fn whatever_is_done_with_a_sidecar_on_a_full_tmpfs_loses_nothing() {
    fills_up(Kind::Tmpfs, 16);
}

#[test]
fn whatever_is_done_with_a_sidecar_on_a_full_ext4_loses_nothing() {
    fills_up(Kind::Ext4, 32);
}

fn fills_up(kind: Kind, megabytes: u64) {
    let dice = Dice::seeded("RIALTO_DISK_SEED");
    let fillings = times(1, 30);
    let (mut acknowledged, mut refused) = (0, 0);
    for number in 0..fillings {
        let Some(volume) = Volume::made(kind, megabytes) else { return };
        let when = format!("filling {number} of {}, {dice}", kind.name());
        let what_is_done = dice.below(3);
        let data = volume.at().join("data");
        let mut fed = Fed::default();
        let mut sidecar = Sidecar::start(serve(&data));
        let load = Load { name: "first", answers: 1 + dice.below(12) as usize, requests: 60 };
        let pause = Duration::from_micros(dice.below(8000));
        let mut ballast = None;
        fed.under_load(&mut sidecar, &load, |sidecar, _| {
            // No wait for anything: the moment at which it is full is what is tried here.
            std::thread::sleep(pause);
            let heavy = ballast.insert(volume.fill());
            until(sidecar, &when, |state| {
                // What it was about to remove gives room that nobody counted on.
                heavy.again();
                matches!(state, State::Waiting)
            });
            match what_is_done {
                0 => {
                    ballast.take().into_iter().for_each(|ballast| ballast.cast_off());
                    until(sidecar, &when, |state| matches!(state, State::Ready));
                }
                1 => sidecar.kill(),
                _ => sidecar.ask_to_stop(),
            }
        });
        match what_is_done {
            0 => {
                assert!(sidecar.line().get("/readyz").is_some_and(|(status, _)| status == 200), "{when}");
                sidecar.kill();
            }
            1 => refused += usize::from(!starts_or_says_why(&data, &when)),
            _ => {
                let (status, log) = sidecar.ended();
                let is_told = status.success() || log.contains("what was under way could not be made durable");
                assert!(is_told && !log.contains("panicked"), "{status}: {log}; {when}");
            }
        }
        ballast.into_iter().for_each(|ballast| ballast.cast_off());
        verify(&data);
        fed.comes_to_the_same(&data, &when);
        acknowledged += fed.told();
    }
    tell(
        &format!("the room, {}", kind.name()),
        format!(
            "{fillings} times the disk ran full at a random moment under load; then it got room, was killed, or was stopped ({dice})"
        ),
        format!(
            "each time `/readyz` answered `disk_full` and reads went on; with room it went on by itself; {refused} starts on the \
             full disk were refused with the reason; all {acknowledged} acknowledged events were there, nothing that was refused \
             was; `rialto verify` clean"
        ),
    );
}

/// Asks how a sidecar stands until that is as it is wanted.
fn until(sidecar: &mut Sidecar, when: &str, mut is_so: impl FnMut(&State) -> bool) {
    let begun = Instant::now();
    while !is_so(&state(sidecar, when)) {
        assert!(begun.elapsed() < PATIENCE, "{}; {when}", sidecar.log());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Starts one on the full disk: it reads, or says why it does not start.
fn starts_or_says_why(data: &std::path::Path, when: &str) -> bool {
    match Sidecar::try_start(serve(data)) {
        Ok(mut sidecar) => {
            assert!(!matches!(state(&mut sidecar, when), State::Stopped(_)), "{when}");
            true
        }
        Err((status, log)) => {
            assert_eq!(status.code(), Some(1), "{log}; {when}");
            assert!(log.contains("No space left on device") && log.contains(path(data)), "{log}; {when}");
            false
        }
    }
}
