//! The bench table: built, run beside its peers, and written into `benches/README.md`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::postgres::Postgres;
use crate::{Done, apt, guard, needs, places, steps};

const BEGIN: &str = "<!-- the table: written by `cargo xtask bench` -->";
const END: &str = "<!-- the end of the table -->";

/// Runs the bench with these arguments.
pub fn run(arguments: &[String]) -> Done {
    if arguments.iter().any(|argument| argument == "--guard") {
        return guard::run(arguments);
    }
    if let Some(unknown) = unknown(arguments) {
        return Err(format!(
            "`cargo xtask bench` knows no {unknown}; it takes --quick, --row NAME, --rows and --guard"
        ));
    }
    apt::install(needs::BUILD)?;
    steps::cargo(&["build", "--release"])?;
    let is_asking = arguments.iter().any(|argument| argument == "--rows");
    let folder = places::made(places::target().join("bench"))?;
    let table = if is_asking {
        measure(&folder, None, arguments)?
    } else {
        apt::install(needs::BENCH)?;
        let postgres = Postgres::start(&folder)?;
        measure(&folder, Some(&postgres), arguments)?
    };
    println!("{table}");
    if arguments.is_empty() { write(&places::root().join("benches/README.md"), &table) } else { Ok(()) }
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
    command
        .current_dir(places::root())
        .args(["bench", "--bench", "table", "--", "--folder"])
        .arg(folder)
        .args(arguments);
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
