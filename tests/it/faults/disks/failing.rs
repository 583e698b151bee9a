//! Disks that fail for good under a file system: what is written back is refused, or nothing may be written any more.

use std::time::Duration;

use super::super::feed::{Fed, Load, serve};
use super::super::mounts::{Kind, Volume};
use super::super::{tell, times};
use super::{State, state};
use crate::dice::Dice;
use crate::sidecar::{Sidecar, path, run, verify};

#[test]
fn a_disk_that_refuses_what_is_written_back_stops_it_and_takes_nothing_that_was_acknowledged() {
    let dice = Dice::seeded("RIALTO_DISK_SEED");
    let failures = times(1, 30);
    let (mut acknowledged, mut stopped) = (0, 0);
    for number in 0..failures {
        // The file system lies in a file with holes, on another one that is too small for all of it.
        let Some(below) = Volume::made(Kind::Tmpfs, 24) else { return };
        let Some(volume) = Volume::made_at(Kind::Ext4, 64, below.at().join("image")) else { return };
        let when = format!("failure {number}, {dice}");
        let data = volume.at().join("data");
        let mut fed = Fed::default();
        let mut sidecar = Sidecar::start(serve(&data));
        let (mut ballast, pause) = (None, dice.below(8000));
        let load = Load { name: "first", answers: 1 + dice.below(12) as usize, requests: 4000 };
        fed.under_load(&mut sidecar, &load, |_, _| {
            // No wait for anything: the moment of the failure is what is tried here.
            std::thread::sleep(Duration::from_micros(pause));
            ballast = Some(below.fill());
        });
        match state(&mut sidecar, &when) {
            State::Stopped(log) => assert!(!log.contains("panicked"), "{log}; {when}"),
            _ => panic!("it goes on without a disk: {}; {when}", sidecar.log()),
        }
        stopped += 1;
        volume.unmount();
        ballast.into_iter().for_each(|ballast| ballast.cast_off());
        volume.mount();
        verify(&data);
        fed.comes_to_the_same(&data, &when);
        acknowledged += fed.told();
        volume.unmount();
    }
    tell(
        "the disk below the file system",
        format!("{failures} times it refused what ext4 wrote back to it, at random moments under load ({dice})"),
        format!(
            "{stopped} times it stopped with code 1 and said why; with room again, all {acknowledged} acknowledged events were \
             there, nothing was shown that was not durable; `rialto verify` clean"
        ),
    );
}

#[test]
fn a_disk_that_becomes_read_only_stops_it_and_can_still_be_read() {
    let dice = Dice::seeded("RIALTO_DISK_SEED");
    let remounts = times(1, 30);
    let (mut acknowledged, mut lost_late) = (0, 0);
    for number in 0..remounts {
        let Some(volume) = Volume::made(Kind::Ext4, 64) else { return };
        let when = format!("remount {number}, {dice}");
        let data = volume.at().join("data");
        let mut fed = Fed::default();
        let mut sidecar = Sidecar::start(serve(&data));
        let load = Load { name: "first", answers: 1 + dice.below(12) as usize, requests: 4000 };
        fed.under_load(&mut sidecar, &load, |_, dark| {
            // No wait for anything: the moment of the error is what is tried here.
            std::thread::sleep(Duration::from_micros(dice.below(8000)));
            // A sync that is under way in it may return well, as where the power goes.
            dark.begins();
            volume.become_read_only();
        });
        match state(&mut sidecar, &when) {
            State::Stopped(log) => assert!(!log.contains("panicked"), "{log}; {when}"),
            _ => panic!("it goes on without a disk: {}; {when}", sidecar.log()),
        }
        // It says what is wrong instead of beginning, and what is there can be read.
        let (status, log) = Sidecar::try_start(serve(&data)).expect_err("it starts where nothing can be written");
        assert_eq!(status.code(), Some(1), "{log}; {when}");
        assert!(log.contains("Read-only file system") && log.contains(path(&data)), "{log}; {when}");
        let report = run(&["report", "--format", "json", "--data", path(&data)]);
        assert_eq!(report.code, Some(0), "{report:?}; {when}");
        volume.unmount();
        volume.mount();
        verify(&data);
        fed.comes_to_the_same(&data, &when);
        acknowledged += fed.told();
        lost_late += fed.lost_late();
        volume.unmount();
    }
    tell(
        "the right to write",
        format!("{remounts} times ext4 went read-only at a random moment under load ({dice})"),
        format!(
            "it stopped with code 1 and said why each time, refused to start there, and `rialto report` could be read; mounted \
             again, all {acknowledged} acknowledged events were there; {lost_late} events lost that were acknowledged only after \
             ext4 had begun to give up, because the kernel said so; `rialto verify` clean"
        ),
    );
}
