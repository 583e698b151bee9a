//! A running demo, or sandbox: the release binary in a new temporary folder, stopped whatever happens.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::{Done, places};

/// How long it may take to listen, or to end.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// See the module.
pub struct Demo {
    /// Where it runs; its own folder, and removed with it.
    pub folder: PathBuf,
    /// Host and port.
    pub address: String,
    child: Child,
}

impl Demo {
    /// Runs `rialto serve --demo` and waits until it listens.
    pub fn start() -> Result<Demo, String> {
        Demo::run("demo", &["serve", "--demo"], &[])
    }

    /// Likewise, with a day in so many seconds, and with settings in its environment.
    pub fn with_days_of(seconds: u32, settings: &[(&str, String)]) -> Result<Demo, String> {
        Demo::run("demo", &["serve", "--demo", "--day-seconds", &seconds.to_string()], settings)
    }

    /// Runs `rialto sandbox` likewise.
    pub fn sandbox() -> Result<Demo, String> {
        Demo::run("sandbox", &["sandbox"], &[])
    }

    fn run(name: &str, arguments: &[&str], settings: &[(&str, String)]) -> Result<Demo, String> {
        let folder = places::made(std::env::temp_dir().join(format!("rialto-live-{}-{name}", std::process::id())))?;
        let log = File::create(folder.join("log")).map_err(|error| format!("no log: {error}"))?;
        let mut command = mortal(&rialto(&folder));
        command.args(arguments).args(["--listen", "127.0.0.1:0"]).stdout(Stdio::null()).stderr(log);
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        let child = command.spawn().map_err(|error| format!("the {name} did not start: {error}"))?;
        let mut demo = Demo { folder, address: String::new(), child };
        let told = until(|| demo.log().split_once("listens on http://").map(|(_, rest)| rest.to_owned()));
        let told = told.and_then(|rest| rest.split_once('/').map(|(address, _)| address.to_owned()));
        demo.address = told.ok_or_else(|| format!("the {name} does not listen; it says:\n{}", demo.log()))?;
        Ok(demo)
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Asks for a path.
    pub fn get(&self, path: &str) -> Result<String, String> {
        let url = format!("http://{}/{path}", self.address);
        let output = Command::new("curl").args(["-sS", "--fail", "--max-time", "10", &url]).output();
        let output = output.map_err(|error| format!("curl did not start: {error}"))?;
        match output.status.success() {
            true => String::from_utf8(output.stdout).map_err(|error| format!("/{path} is no text: {error}")),
            false => Err(format!("/{path} is not answered: {}", String::from_utf8_lossy(&output.stderr))),
        }
    }

    /// Runs one of the program's commands as the demo's operator; it has to succeed.
    pub fn run_command(&self, arguments: &[&str]) -> Done {
        let token = fs::read_to_string(self.folder.join("snapshots/demo/admin.token"));
        let token = token.map_err(|error| format!("the demo has no token: {error}"))?;
        let mut command = rialto(&self.folder);
        command.args(arguments).env("RIALTO_URL", format!("http://{}", self.address)).env("RIALTO_TOKEN", token.trim());
        let output = command.output().map_err(|error| format!("rialto did not start: {error}"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!(
                "`rialto {}` fails:\n{}{}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }

    /// Silences the demo's city: nothing is handed in any more.
    pub fn silence(&self) -> Done {
        let sent = Command::new("kill").args(["-USR1", &self.child.id().to_string()]).status();
        match sent {
            Ok(status) if status.success() => Ok(()),
            _ => Err("the demo could not be told to be silent".into()),
        }
    }

    /// Sends SIGTERM, which it has to answer with exit code 0; then has its folder verified.
    pub fn stop(mut self) -> Done {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        if !sent.is_ok_and(|status| status.success()) {
            return Err("the demo ended before it was told to".into());
        }
        let status = ended(&mut self.child).ok_or("the demo did not stop on SIGTERM")?;
        if !status.success() {
            return Err(format!("the demo stopped on SIGTERM with {status}; it says:\n{}", self.log()));
        }
        let verified = rialto(&self.folder).args(["verify", "--data", "snapshots/demo"]).status();
        match verified {
            Ok(status) if status.success() => Ok(()),
            _ => Err("`rialto verify` finds fault with the folder of the demo".into()),
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // After `stop` there is nobody left to kill, and that is well.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("the demo's folder could not be removed: {error}");
        }
    }
}

/// The end of a process, if it comes in time.
pub fn ended(child: &mut Child) -> Option<ExitStatus> {
    until(|| child.try_wait().ok().flatten())
}

/// The first thing that is there, asked again and again for as long as patience lasts.
pub fn until<T>(ask: impl FnMut() -> Option<T>) -> Option<T> {
    within(PATIENCE, ask)
}

/// Likewise, for so long.
pub fn within<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if let Some(thing) = ask() {
            return Some(thing);
        }
        std::thread::sleep(PAUSE);
    }
    None
}

/// A command that stops by itself when this process is killed; by its own process number.
fn mortal(command: &Command) -> Command {
    let mut mortal = Command::new("setpriv");
    mortal.args(["--pdeathsig", "TERM"]).arg(command.get_program()).stdin(Stdio::null());
    mortal.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => mortal.env(name, value),
            None => mortal.env_remove(name),
        };
    }
    mortal
}

/// The release binary in a folder, with nothing set but what it comes with.
fn rialto(folder: &Path) -> Command {
    let mut command = Command::new(places::target().join("release/rialto"));
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RIALTO_")) {
        command.env_remove(name);
    }
    command
}
