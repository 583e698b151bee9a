//! The bench table: built, run beside a PostgreSQL, and written into `benches/README.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::postgres::Postgres;
use crate::{Done, apt, needs, steps};

const BEGIN: &str = "<!-- the table: written by `cargo xtask bench` -->";
const END: &str = "<!-- the end of the table -->";

/// Runs the bench with these arguments.
pub fn run(arguments: &[String]) -> Done {
    if let Some(unknown) = unknown(arguments) {
        return Err(format!("`cargo xtask bench` knows no {unknown}; it takes --quick, --row NAME and --rows"));
    }
    apt::install(needs::BUILD)?;
    steps::cargo(&["build", "--release"])?;
    let is_asking = arguments.iter().any(|argument| argument == "--rows");
    let folder = folder()?;
    let table = if is_asking {
        measure(&folder, None, arguments)?
    } else {
        apt::install(needs::BENCH)?;
        let postgres = Postgres::start(&folder)?;
        measure(&folder, Some(&postgres), arguments)?
    };
    println!("{table}");
    if arguments.is_empty() { write(&root().join("benches/README.md"), &table) } else { Ok(()) }
}

fn unknown(arguments: &[String]) -> Option<&String> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" | "--rows" => {}
            "--row" => drop(arguments.next()),
            _ => return Some(argument),
        }
    }
    None
}

/// Builds and runs the bench; what it prints is the table.
fn measure(folder: &Path, postgres: Option<&Postgres>, arguments: &[String]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args(["bench", "--bench", "table", "--", "--folder"]).arg(folder).args(arguments);
    if let Some(postgres) = postgres {
        command.args(["--postgres", &postgres.port.to_string()]);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("the bench did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("the bench failed: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("the bench's table is no text: {error}"))
}

/// Puts the table between its two marks.
fn write(path: &Path, table: &str) -> Done {
    let text = fs::read_to_string(path).map_err(|error| format!("benches/README.md: {error}"))?;
    let marks = text.find(BEGIN).zip(text.find(END)).filter(|(begin, end)| begin < end);
    let (begin, end) = marks.ok_or("benches/README.md has no marks to put the table between")?;
    let (head, tail) = (&text[..begin + BEGIN.len()], &text[end..]);
    let text = format!("{head}\n\n{}\n\n{tail}", table.trim());
    fs::write(path, text).map_err(|error| format!("benches/README.md: {error}"))?;
    println!("written into benches/README.md");
    Ok(())
}

/// `target/bench`, wherever the target folder is.
fn folder() -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let folder = target.join("bench");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_owned)
}
