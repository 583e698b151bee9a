//! The doors: whoever tries to get in, or to get something out, that is not his.

mod fuzzed;
mod injected;
mod secrets;

use std::path::Path;

use crate::sidecar::{Ran, path, ran, rialto, run};

/// The admin's token.
fn admin(data: &Path) -> String {
    std::fs::read_to_string(data.join("admin.token")).unwrap().trim().to_owned()
}

/// Makes a token, and tells it.
fn token(data: &Path, name: &str, scope: &str) -> String {
    let made = run(&["token", "--data", path(data), "add", name, "--scope", scope]);
    assert_eq!(made.code, Some(0), "{made:?}");
    made.out.trim().to_owned()
}

/// Runs a command with these in its environment.
fn run_in(environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = rialto(arguments);
    command.envs(environment.iter().copied());
    ran(command)
}

/// Every file of a folder, and of those in it, with what it holds.
fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push((entry.path(), std::fs::read(entry.path()).unwrap())),
        }
    }
    found
}

/// Whether `text` is anywhere in `bytes`.
fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
