//! A server in a folder of its own, which is stopped when it is dropped; and also when this process is killed, because a
//! shell between the two waits for the end of its input.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Starts the server, and stops it when nobody holds the other end of the input any more.
const KEEPER: &str = r#"log="$1"; shift; "$@" >"$log" 2>&1 & read -r _; kill -TERM $!; wait $!"#;

/// See the module.
pub struct Kept {
    keeper: Child,
    log: PathBuf,
}

impl Kept {
    /// Starts a program; it logs into `NAME.log` in `folder`.
    pub fn start(program: &Path, arguments: &[String], folder: &Path, name: &str) -> Result<Kept, String> {
        let log = folder.join(format!("{name}.log"));
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&log).arg(program).args(arguments);
        let keeper = keeper.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        let keeper = keeper.map_err(|error| format!("{name} did not start: {error}"))?;
        Ok(Kept { keeper, log })
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("a server did not stop: {error}");
        }
    }
}
