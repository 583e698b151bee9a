//! Python libraries that tests ask, each set of them in an environment of its own under `target/`, out of the machine's
//! way, in the versions that its `requirements.txt` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Done, apt, needs, places};

/// A set of libraries.
pub struct Libraries {
    /// The folder's name: in `target/` for the environment, in `tests/` for its `requirements.txt`.
    pub name: &'static str,
    /// What they are, in words.
    pub what: &'static str,
    /// What shows that they are there.
    pub import: &'static str,
}

impl Libraries {
    /// The Python that has them, made where it is missing or another one.
    pub fn python(&self) -> Result<PathBuf, String> {
        let folder = places::target().join(self.name);
        let (python, installed) = (folder.join("bin/python"), folder.join("requirements.txt"));
        let path = places::root().join("tests").join(self.name).join("requirements.txt");
        let wanted = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) && runs(&python, self.import) {
            return Ok(python);
        }
        if !runs(Path::new("python3"), "import ensurepip, venv") {
            apt::install(needs::PYTHON)?;
        }
        println!("installing {} into {}", self.what, folder.display());
        let python = environment(Path::new("python3"), &folder)?;
        done(pip_install(&python).arg("--requirement").arg(&path), "pip")?;
        // Written last, so that what was broken off is begun anew.
        fs::write(&installed, wanted).map_err(|error| format!("{}: {error}", installed.display()))?;
        Ok(python)
    }

    /// Runs the ignored tests whose names have `filter` in them; they find the Python in this variable.
    pub fn test(&self, variable: &str, filter: &str) -> Done {
        let python = self.python()?;
        // Of the whole workspace, as all tests are run: with other features everything would be compiled again.
        let arguments = ["test", "--workspace", "--test", "it", "--", "--ignored", filter];
        println!("cargo {}", arguments.join(" "));
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(arguments).env(variable, &python).current_dir(places::root());
        done(&mut cargo, "cargo")
    }
}

/// A new environment in `folder`, whatever was there; its Python.
pub fn environment(interpreter: &Path, folder: &Path) -> Result<PathBuf, String> {
    done(Command::new(interpreter).args(["-m", "venv", "--clear"]).arg(folder), "python3 -m venv")?;
    Ok(folder.join("bin/python"))
}

/// Installs into an environment what is named after it, and that alone.
pub fn pip_install(python: &Path) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]);
    pip
}

fn runs(python: &Path, words: &str) -> bool {
    let status = Command::new(python).args(["-c", words]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Runs a command to its end, which has to be a good one.
pub fn done(command: &mut Command, name: &str) -> Done {
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{name}` failed: {status}")),
        Err(error) => Err(format!("`{name}` did not start: {error}")),
    }
}
