//! A throw-away PostgreSQL in a temporary folder, durable as it comes. It is stopped and its folder
//! removed when it is dropped; and it stops also when this process is killed, because a shell between
//! the two waits for the end of its input.
//!
//! PostgreSQL refuses to run as root; then it runs as Debian's own user `postgres`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::apt;

const BIN: &str = "/usr/lib/postgresql/15/bin";

/// Starts the server, and stops it when nobody holds the other end of the input any more.
const KEEPER: &str = r#"log="$1"; shift; "$@" >"$log" 2>&1 & read -r _; kill -QUIT $!; wait $!"#;
/// How long it may take to start.
const START: Duration = Duration::from_secs(60);

/// A running cluster.
pub struct Postgres {
    folder: PathBuf,
    is_root: bool,
    keeper: Option<Child>,
    /// Where it listens, on the loopback.
    pub port: u16,
}

impl Postgres {
    /// Makes a cluster in a new folder within `near`, so that it is on the same disk, and starts it.
    pub fn start(near: &Path) -> Result<Postgres, String> {
        sweep(near);
        let port = free_port()?;
        let folder = near.join(format!("postgres-{}", std::process::id()));
        let mut postgres = Postgres { folder, is_root: apt::is_root(), keeper: None, port };
        postgres.make()?;
        postgres.run()?;
        Ok(postgres)
    }

    fn make(&self) -> Result<(), String> {
        fs::create_dir_all(&self.folder).map_err(|error| format!("no folder for PostgreSQL: {error}"))?;
        if self.is_root {
            run(Command::new("chown").arg("postgres").arg(&self.folder))?;
        }
        let mut initdb = self.command(&format!("{BIN}/initdb"));
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--pgdata"]);
        run(initdb.arg(self.folder.join("data")))
    }

    fn run(&mut self) -> Result<(), String> {
        let log = self.folder.join("log");
        let mut keeper = self.command("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&log).arg(format!("{BIN}/postgres")).arg("-D");
        keeper.arg(self.folder.join("data")).args(["-p", &self.port.to_string()]);
        // It is reached over the loopback alone; everything else is as it comes, durable. More memory or a
        // longer log did not make it faster, see benches/README.md.
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=on", "synchronous_commit=on"] {
            keeper.args(["-c", setting]);
        }
        let keeper = keeper.stdin(Stdio::piped()).spawn().map_err(|error| format!("no shell: {error}"))?;
        self.keeper = Some(keeper);
        let start = Instant::now();
        while start.elapsed() < START {
            let mut ready = Command::new(format!("{BIN}/pg_isready"));
            ready.args(["--quiet", "--host=127.0.0.1", "--port", &self.port.to_string()]);
            if run(&mut ready).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(format!("PostgreSQL did not start: {}", fs::read_to_string(log).unwrap_or_default()))
    }

    /// A command as somebody whom PostgreSQL does not refuse.
    fn command(&self, program: &str) -> Command {
        let mut command = if self.is_root {
            let mut command = Command::new("runuser");
            command.args(["--user", "postgres", "--", program]);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            if let Err(error) = keeper.wait() {
                eprintln!("PostgreSQL did not stop: {error}");
            }
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("PostgreSQL's folder could not be removed: {error}");
        }
    }
}

/// Removes what a task that was killed left behind; its server has stopped by itself.
fn sweep(near: &Path) {
    let entries = fs::read_dir(near).into_iter().flatten().filter_map(Result::ok);
    for entry in entries {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix("postgres-"));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            // If it cannot be removed, it is only in the way of whoever looks for room.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("no free port on the loopback: {error}"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let name = command.get_program().to_string_lossy().into_owned();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{name}` failed: {status}")),
        Err(error) => Err(format!("`{name}` did not start: {error}")),
    }
}
