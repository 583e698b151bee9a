//! The engine's side, `engine/`: its tests, with the Airtable client that the engine uses; a stand-in for the engine that
//! lives beside the release binary while everything goes wrong that can; and the hook as pip installs it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::python::{self, Libraries};
use crate::{Done, places, wheel};

/// So much of the stand-in's life is tried before a change is taken: each trouble has its part in it.
pub const DAYS: &str = "0.3";
const LIBRARIES: Libraries =
    Libraries { name: "engine", what: "pyairtable, mypy and ruff", import: "import pyairtable, mypy" };
const TESTS: [&str; 7] = ["-m", "unittest", "discover", "--top-level-directory", ".", "--start-directory", "tests"];

/// What is wanted of the task.
pub enum Wish {
    /// What has to hold before a change is taken.
    All,
    /// So many days of the stand-in.
    Days(String),
    /// What a call costs.
    Cost,
}

impl Wish {
    /// Reads the task's arguments.
    pub fn parse(rest: &[String]) -> Result<Wish, String> {
        match rest.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => Ok(Wish::All),
            ["--cost"] => Ok(Wish::Cost),
            ["--days", days] if days.parse::<f64>().is_ok_and(|days| 0.0 < days) => Ok(Wish::Days(days.into())),
            _ => Err(format!("`cargo xtask engine` takes --days N (such as 28) or --cost; not {}", rest.join(" "))),
        }
    }
}

/// Tries all of it.
pub fn check() -> Done {
    let python = LIBRARIES.python()?;
    run(&python, &["-m", "ruff", "format", "--check", "."])?;
    run(&python, &["-m", "ruff", "check", "."])?;
    run(&python, &["-m", "mypy", "rialto_hook", "venice", "tests"])?;
    run(&python, &TESTS)?;
    installed()
}

/// Lives so many days of the stand-in, and prints the table.
pub fn weeks(days: &str) -> Done {
    run(&LIBRARIES.python()?, &["-m", "venice.weeks", "--rialto", &binary(), "--days", days])
}

/// Measures what a call costs, in process too.
pub fn cost() -> Done {
    let wheel = wheel::built()?;
    let python = LIBRARIES.python()?;
    python::done(python::pip_install(&python).args(["--no-index", "--force-reinstall"]).arg(wheel), "pip")?;
    run(&python, &["-m", "venice.cost", "--rialto", &binary()])
}

/// Installs the hook as its README says, where nothing else is, and asks it for its help.
fn installed() -> Done {
    let folder = places::target().join("engine-installed");
    let python = python::environment(Path::new("python3"), &folder)?;
    python::done(python::pip_install(&python).arg(places::root().join("engine")), "pip install ./engine")?;
    let mut help = Command::new(&python);
    help.args(["-m", "rialto_hook", "--help"]).current_dir(&folder).stdout(Stdio::null());
    python::done(&mut help, "python -m rialto_hook")
}

fn run(python: &Path, arguments: &[&str]) -> Done {
    println!("python {}", arguments.join(" "));
    let mut command = Command::new(python);
    command.args(arguments).current_dir(places::root().join("engine"));
    command.env("RIALTO_BINARY", binary());
    python::done(&mut command, arguments[1])
}

fn binary() -> String {
    places::target().join("release/rialto").display().to_string()
}
