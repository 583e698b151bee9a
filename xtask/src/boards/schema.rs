//! The boards against Grafana's own schema, which comes as types of TypeScript: each board is written into a program as a
//! literal of its type, in which the compiler allows no key that is not declared.
//!
//! `grafana/boards/schema` pins the versions, and has the types that the schema leaves open: which options belong to which
//! kind of panel, and what a query of Prometheus is.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::board::Board;
use crate::{Done, places};

const SOURCE: &str = "grafana/boards/schema";
const PINS: [&str; 2] = ["package.json", "package-lock.json"];

/// Checks all of them; what the compiler says is the error.
pub fn check(boards: &[Board]) -> Done {
    let folder = places::made(places::target().join("boards/schema"))?;
    install(&folder)?;
    copy("types.ts", &folder)?;
    copy("tsconfig.json", &folder)?;
    let mut program = "import type { Board } from \"./types\";\n".to_owned();
    for Board { name, json } in boards {
        let _ = writeln!(program, "export const {name}: Board = {json:#};");
    }
    let file = folder.join("boards.ts");
    fs::write(&file, program).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut tsc = Command::new("node");
    tsc.arg("node_modules/typescript/bin/tsc").args(["--project", "."]).current_dir(&folder).stdin(Stdio::null());
    let output = tsc.output().map_err(|error| format!("node did not start: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "the boards are not as Grafana's schema has them:\n{}",
            String::from_utf8_lossy(&output.stdout)
        )),
    }
}

/// Installs the schema and the compiler, where they are missing or others; nothing of them is run meanwhile.
fn install(folder: &Path) -> Done {
    let done = folder.join("installed");
    let wanted = fs::read_to_string(source(PINS[1])).map_err(|error| format!("{SOURCE}: {error}"))?;
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    for file in PINS {
        copy(file, folder)?;
    }
    println!("installing Grafana's schema and TypeScript into {}", folder.display());
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
    match npm.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("`npm ci` failed: {status}")),
        Err(error) => return Err(format!("npm did not start: {error}")),
    }
    // Written last, so that what was broken off is begun anew.
    fs::write(&done, wanted).map_err(|error| format!("{}: {error}", done.display()))
}

fn copy(file: &str, folder: &Path) -> Done {
    fs::copy(source(file), folder.join(file)).map(drop).map_err(|error| format!("{SOURCE}/{file}: {error}"))
}

fn source(file: &str) -> PathBuf {
    places::root().join(SOURCE).join(file)
}
