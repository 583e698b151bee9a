//! Installs what is missing, and says so first.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Done;
use crate::needs::Package;

/// Makes sure that every package is there.
pub fn install(packages: &[Package]) -> Done {
    let missing: Vec<&Package> = packages.iter().filter(|package| package.found().is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing from Debian:");
    for package in &missing {
        println!("  {:<24} {}", package.name, package.reason);
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let install = [&["--quiet", "--yes", "--no-install-recommends", "install"], &names[..]].concat();
    if with_fresh_lists(|| apt_get(&install)) {
        return Ok(());
    }
    Err(format!("could not install {}; install it by hand and run this again", names.join(", ")))
}

/// Fetches a package's file into a folder, and installs nothing.
pub fn download(name: &str, folder: &Path) -> Result<PathBuf, String> {
    let fetch = || {
        let mut command = Command::new("apt-get");
        // Root may write there, and the user whom apt becomes may not.
        command.args(["--quiet", "--option", "APT::Sandbox::User=root", "download", name]).current_dir(folder);
        command.status().is_ok_and(|status| status.success())
    };
    let is_fetched = with_fresh_lists(fetch);
    let files = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = files.filter_map(|file| file.ok().map(|file| file.path()));
    let file = files.find(|file| is_fetched && file.extension().is_some_and(|extension| extension == "deb"));
    file.ok_or_else(|| format!("could not fetch {name}; install it by hand and run this again"))
}

/// The lists of packages that are there may do; only if not are they fetched anew.
fn with_fresh_lists(attempt: impl Fn() -> bool) -> bool {
    if attempt() {
        return true;
    }
    println!("that failed; fetching the lists of packages anew");
    apt_get(&["--quiet", "update"]) && attempt()
}

fn apt_get(arguments: &[&str]) -> bool {
    let mut command = match is_root() {
        true => Command::new("apt-get"),
        false => {
            let mut sudo = Command::new("sudo");
            sudo.arg("apt-get");
            sudo
        }
    };
    let status = command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
    status.is_ok_and(|status| status.success())
}

/// Whether this runs as root.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
