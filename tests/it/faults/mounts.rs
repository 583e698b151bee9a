//! File systems of the tests' own: mounted for one test, and gone with it, however it ends.
//!
//! One that lies in a file can lose power: it is shut down as it is, without anything that it still holds in memory, and
//! has to find its way back by its own log when it is mounted again.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::tool;
use crate::sidecar::PATIENCE;

/// What a file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One in memory.
    Tmpfs,
    /// One in a file.
    Ext4,
    /// Another one in a file; none of it is smaller than 300 MB.
    Xfs,
}

impl Kind {
    /// As `mount` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Tmpfs => "tmpfs",
            Kind::Ext4 => "ext4",
            Kind::Xfs => "xfs",
        }
    }
}

/// A mounted file system.
#[derive(Debug)]
pub struct Volume {
    kind: Kind,
    megabytes: u64,
    /// The file that it lies in.
    image: PathBuf,
    at: PathBuf,
    _room: TempDir,
}

impl Volume {
    /// Makes one and mounts it. Where that cannot be done a test is skipped, and this says so.
    pub fn made(kind: Kind, megabytes: u64) -> Option<Volume> {
        let room = tempfile::tempdir().unwrap();
        let image = room.path().join("image");
        Volume::made_in(kind, megabytes, image, room)
    }

    /// The same, where the file that it lies in is `image`.
    pub fn made_at(kind: Kind, megabytes: u64, image: PathBuf) -> Option<Volume> {
        Volume::made_in(kind, megabytes, image, tempfile::tempdir().unwrap())
    }

    fn made_in(kind: Kind, megabytes: u64, image: PathBuf, room: TempDir) -> Option<Volume> {
        tool("mount")?;
        let at = room.path().join("at");
        fs::create_dir(&at).unwrap();
        // What is not there is no room that is taken: the file has holes.
        let make: &[&str] = match kind {
            Kind::Tmpfs => &[],
            Kind::Ext4 => &["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,nodiscard", "-m", "0"],
            Kind::Xfs => &["mkfs.xfs", "-q", "-f", "-K"],
        };
        if let [program, arguments @ ..] = make {
            let program = tool(program)?;
            File::create(&image).and_then(|file| file.set_len(megabytes << 20)).unwrap();
            did(Command::new(program).args(arguments).arg(&image)).unwrap();
        }
        let volume = Volume { kind, megabytes, image, at, _room: room };
        match did(&mut volume.mounting()) {
            Ok(()) => Some(volume),
            Err(why) => {
                eprintln!("skipped: {} cannot be mounted here, which takes root and loop devices: {why}", kind.name());
                None
            }
        }
    }

    /// Where it is mounted.
    pub fn at(&self) -> &Path {
        &self.at
    }

    fn mounting(&self) -> Command {
        let mut command = Command::new("mount");
        match self.kind {
            Kind::Tmpfs => command.args(["-t", "tmpfs", "-o", &format!("size={}m", self.megabytes), "tmpfs"]),
            Kind::Ext4 | Kind::Xfs => command.args(["-t", self.kind.name(), "-o", "loop"]).arg(&self.image),
        };
        command.arg(&self.at);
        command
    }

    /// Mounts it again.
    pub fn mount(&self) {
        did(&mut self.mounting()).unwrap();
    }

    /// Unmounts it, as soon as nobody has anything open there.
    pub fn unmount(&self) {
        let begun = Instant::now();
        while let Err(why) = did(Command::new("umount").arg(&self.at)) {
            assert!(begun.elapsed() < PATIENCE, "it cannot be unmounted: {why}");
            // Who was killed a moment ago may still be closing what he had open.
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Shuts it down at once: what is not on the disk is lost, and whoever has it open is told so.
    pub fn lose_power(&self, shutdown: &Path) {
        // Without -f, not even its own log is written to the end.
        did(Command::new(shutdown).args(["-x", "-c", "shutdown"]).arg(&self.at)).unwrap();
    }

    /// Lets it find an error of its own, on which it can be read from and written to no more.
    pub fn become_read_only(&self) {
        did(Command::new("mount").args(["-o", "remount,abort"]).arg(&self.at)).unwrap();
    }

    /// Takes all the room that there is.
    pub fn fill(&self) -> Ballast {
        Ballast::fill(self.at.join("ballast"))
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Lazy, so that it goes also where somebody still has it open; its loop device goes with it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).output();
    }
}

/// A file that takes up all the room on its file system.
#[derive(Debug)]
pub struct Ballast {
    path: PathBuf,
    file: File,
}

impl Ballast {
    fn fill(path: PathBuf) -> Ballast {
        let mut ballast = Ballast { file: File::create(&path).unwrap(), path };
        ballast.again();
        ballast
    }

    /// Takes what became free.
    pub fn again(&mut self) {
        for size in [1 << 20, 1 << 12] {
            let bytes = vec![1; size];
            while self.file.write_all(&bytes).is_ok() {}
        }
    }

    /// Gives all of it back.
    pub fn cast_off(self) {
        drop(self.file);
        fs::remove_file(self.path).unwrap();
    }
}

fn did(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
