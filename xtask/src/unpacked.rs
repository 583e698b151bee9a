//! Programs of Debian packages that are unpacked and not installed: they come with servers that would be started and
//! enabled. A few files are kept in `target/tools/bin`, and nothing is left running.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Done, apt, places};

/// A package, and which of its programs are kept.
#[derive(Clone, Copy, Debug)]
pub struct Unpacked {
    /// Its name.
    pub name: &'static str,
    /// Its programs, each in `/usr/bin`.
    pub programs: &'static [&'static str],
    /// A folder that they need, in `/usr/share`; it is kept in `target/tools/share`.
    pub shares: Option<&'static str>,
    /// What for.
    pub reason: &'static str,
}

impl Unpacked {
    /// Makes sure that its programs are there.
    pub fn unpack(&self) -> Done {
        let has_shares = self.shares.is_none_or(|folder| share_of(folder).exists());
        if has_shares && self.programs.iter().all(|program| program_of(program).exists()) {
            return Ok(());
        }
        println!("unpacking from Debian, without installing:");
        println!("  {:<24} {}", self.name, self.reason);
        // What was broken off before is begun anew.
        let folder = places::target().join("tools").join(self.name);
        let _ = fs::remove_dir_all(&folder);
        let folder = places::made(folder)?;
        let package = apt::download(self.name, &folder)?;
        let unpacked = Command::new("dpkg-deb").arg("--extract").arg(&package).arg(&folder).status();
        if !unpacked.is_ok_and(|status| status.success()) {
            return Err(format!("{} could not be unpacked", package.display()));
        }
        let programs = self.programs.iter().map(|program| (Path::new("usr/bin").join(program), places::tool(program)));
        let shares = self.shares.iter().map(|share| (Path::new("usr/share").join(share), kept_share(share)));
        for (unpacked, kept) in programs.chain(shares) {
            // A folder is not put over another one.
            let _ = fs::remove_dir_all(&kept);
            places::made(kept.parent().map(Path::to_owned).unwrap_or_default())?;
            fs::rename(folder.join(unpacked), &kept).map_err(|error| format!("{}: {error}", kept.display()))?;
        }
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))
    }
}

/// Where a program is: installed, or else where it is unpacked to.
pub fn program_of(name: &str) -> PathBuf {
    let installed = Path::new("/usr/bin").join(name);
    if installed.exists() { installed } else { places::tool(name) }
}

/// Likewise a folder of `/usr/share`.
pub fn share_of(name: &str) -> PathBuf {
    let installed = Path::new("/usr/share").join(name);
    if installed.exists() { installed } else { kept_share(name) }
}

fn kept_share(name: &str) -> PathBuf {
    places::target().join("tools/share").join(name)
}
