//! Power that is lost under load: the file system is shut down as it is, without what was not on the disk, and mounted again.
//!
//! This is more than a kill, after which the kernel still writes all that it was given. What a disk itself keeps in a cache
//! of its own is not lost here: the disk is a file.
//!
//! A machine without power acknowledges nothing any more, and so every other cut is of a sidecar that stands still. The
//! others live through it, and have to say what happened to them. Those meet a kernel that lies: a `fdatasync` that is
//! under way while ext4 or XFS is shut down may be told that all is well where it is not. (Any program sees that: a few
//! lines of Python had 19 and 14 such syncs in 200 shutdowns of each, with Linux 6.18.) What is acknowledged from then on
//! is counted apart.

use std::time::{Duration, Instant};

use super::feed::{Fed, Load, serve};
use super::mounts::{Kind, Volume};
use super::{tell, times, tool};
use crate::dice::Dice;
use crate::sidecar::{Sidecar, verify};

/// A file system is made anew after so many cuts, so that asking for all that is in it does not take ever longer.
const VOLUME: usize = 20;

#[test]
fn nothing_acknowledged_is_lost_with_the_power_of_an_ext4() {
    loses_nothing(Kind::Ext4, 64);
}

#[test]
fn nothing_acknowledged_is_lost_with_the_power_of_an_xfs() {
    loses_nothing(Kind::Xfs, 300);
}

fn loses_nothing(kind: Kind, megabytes: u64) {
    let Some(shutdown) = tool("xfs_io") else { return };
    let dice = Dice::seeded("RIALTO_POWER_SEED");
    let cuts = times(2, 200);
    let (mut acknowledged, mut lost_late, mut torn, mut starts) = (0, 0, 0, Vec::new());
    for first in (0..cuts).step_by(VOLUME) {
        let Some(volume) = Volume::made(kind, megabytes) else { return };
        let data = volume.at().join("data");
        let mut fed = Fed::default();
        for cut in first..cuts.min(first + VOLUME) {
            let when = format!("cut {cut} of {}, {dice}", kind.name());
            let began = Instant::now();
            let mut sidecar = Sidecar::start(serve(&data));
            starts.push(began.elapsed());
            fed.is_there(&sidecar, &when);
            let load = Load { name: &cut.to_string(), answers: 1 + dice.below(12) as usize, requests: usize::MAX };
            let lives_on = cut % 2 == 1;
            fed.under_load(&mut sidecar, &load, |sidecar, dark| {
                // No wait for anything: the moment of the cut is what is tried here.
                std::thread::sleep(Duration::from_micros(dice.below(8000)));
                if lives_on {
                    dark.begins();
                    volume.lose_power(&shutdown);
                } else {
                    sidecar.signal("STOP");
                    volume.lose_power(&shutdown);
                    sidecar.kill();
                }
            });
            if lives_on {
                let (status, log) = sidecar.ended();
                assert_eq!(status.code(), Some(1), "{log}; {when}");
                assert!(log.contains("the journal could not be made durable"), "{log}; {when}");
            }
            let written = std::fs::File::create(volume.at().join("anything"));
            assert!(written.is_err(), "the file system goes on without power; {when}");
            volume.unmount();
            volume.mount();
            torn += usize::from(verify(&data)["torn_tail"].is_string());
        }
        fed.comes_to_the_same(&data, &dice);
        acknowledged += fed.told();
        lost_late += fed.lost_late();
        volume.unmount();
    }
    starts.sort_unstable();
    let [median, last] = [starts.len() / 2, starts.len() - 1].map(|place| starts[place].as_millis());
    assert!(0 < acknowledged, "nothing was ever acknowledged, {dice}");
    tell(
        &format!("the power, {}", kind.name()),
        format!(
            "file system shut down {cuts} times at random moments under load, without a sync, and mounted again ({dice})"
        ),
        format!(
            "all {acknowledged} acknowledged events were there, once and at their amounts; {torn} times a torn tail was cut off, \
             which nobody was told of; {lost_late} events lost that were acknowledged only after the shutdown had begun, because the \
             kernel said so; `rialto verify` clean; it listened again within {median} ms (p50), {last} ms at most"
        ),
    );
}
