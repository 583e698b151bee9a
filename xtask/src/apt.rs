//! Installs what is missing, and says so first.

use std::path::Path;
use std::process::Command;

use crate::Done;
use crate::needs::Package;

/// Makes sure that every package is there.
pub fn install(packages: &[Package]) -> Done {
    let is_there = |package: &Package| package.brings.iter().any(|file| Path::new(file).exists());
    let missing: Vec<&Package> = packages.iter().filter(|package| !is_there(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing from Debian:");
    for package in &missing {
        println!("  {:<24} {}", package.name, package.reason);
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    // The lists that are there may do; only if not are they fetched anew.
    if apt_get(&[&["install", "--yes", "--no-install-recommends"], &names[..]].concat()) {
        return Ok(());
    }
    println!("that failed; fetching the lists of packages anew");
    if apt_get(&["update"]) && apt_get(&[&["install", "--yes", "--no-install-recommends"], &names[..]].concat()) {
        return Ok(());
    }
    Err(format!("could not install {}; install it by hand and run this again", names.join(", ")))
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
