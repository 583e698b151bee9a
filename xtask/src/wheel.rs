//! The wheel: built as users build it, installed where nothing else is, and tried from Python on every version that the
//! machine has of those that matter.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::python::{self, Libraries};
use crate::{Done, places};

/// The oldest Python that the wheel is for, and the newest that it is tried on, besides whichever is `python3`.
const VERSIONS: [&str; 2] = ["3.9", "3.13"];

/// Builds it and tries it; on which versions is the remark.
pub fn check() -> Result<String, String> {
    let wheel = built()?;
    let mut tried = Vec::new();
    for (version, interpreter) in interpreters() {
        try_on(&interpreter, &version, &wheel)?;
        tried.push(version);
    }
    Ok(format!("tried on Python {}", tried.join(", ")))
}

/// The wheel, built with the profile of the binary, so that what both are made of is compiled once.
pub fn built() -> Result<PathBuf, String> {
    let libraries =
        Libraries { name: "wheel", what: "maturin", import: "import importlib.metadata as m; m.version('maturin')" };
    let builder = libraries.python()?;
    let folder = places::target().join("wheel/built");
    // Whatever is found there afterwards was made now.
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    println!("maturin build --release --locked --manifest-path engine/wheel/Cargo.toml");
    let mut maturin = Command::new(builder.with_file_name("maturin"));
    maturin.args(["build", "--release", "--locked", "--manifest-path", "engine/wheel/Cargo.toml", "--interpreter"]);
    maturin.arg(&builder).arg("--out").arg(&folder).env("CARGO", env!("CARGO")).current_dir(places::root());
    python::done(&mut maturin, "maturin build")?;
    let built = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut wheels = built.filter_map(|file| file.ok().map(|file| file.path()));
    wheels.find(|path| path.extension() == Some("whl".as_ref())).ok_or_else(|| "maturin built no wheel".into())
}

/// The interpreters to try it on, each with its version: `python3`, and those of [`VERSIONS`] that are there.
fn interpreters() -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    let named = VERSIONS.map(|version| PathBuf::from(format!("python{version}")));
    for interpreter in [PathBuf::from("python3")].into_iter().chain(named).chain(kept()) {
        let Some(version) = version(&interpreter) else { continue };
        if found.iter().all(|(known, _)| *known != version) {
            found.push((version, interpreter));
        }
    }
    found
}

/// Those that pyenv keeps, which are on nobody's path.
fn kept() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| std::env::home_dir().map(|home| home.join(".pyenv")));
    let Some(versions) = root.and_then(|root| fs::read_dir(root.join("versions")).ok()) else { return Vec::new() };
    let is_wanted = |name: &str| VERSIONS.iter().any(|version| name.starts_with(&format!("{version}.")));
    let mut kept: Vec<PathBuf> = versions
        .filter_map(Result::ok)
        .filter(|version| version.file_name().to_str().is_some_and(is_wanted))
        .map(|version| version.path().join("bin/python3"))
        .collect();
    kept.sort();
    kept
}

/// Its version, such as `3.13`, where it is one that can make environments.
fn version(interpreter: &Path) -> Option<String> {
    let words = "import ensurepip, venv, sys; print('%d.%d' % sys.version_info[:2])";
    let output = Command::new(interpreter).args(["-c", words]).stderr(Stdio::null()).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !version.is_empty()).then_some(version)
}

fn try_on(interpreter: &Path, version: &str, wheel: &Path) -> Done {
    let folder = places::target().join("wheel").join(format!("tried-{version}"));
    let python = python::environment(interpreter, &folder)?;
    let mut pip = python::pip_install(&python);
    python::done(pip.arg("--no-index").arg(wheel), "pip")?;
    println!("{} engine/wheel/tests/test_rialto.py", python.display());
    let mut tests = Command::new(&python);
    python::done(tests.arg("engine/wheel/tests/test_rialto.py").current_dir(places::root()), "test_rialto.py")
        .map_err(|error| format!("on Python {version}: {error}"))
}
