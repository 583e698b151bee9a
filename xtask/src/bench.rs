//! The bench tables: built, run beside their peers, and written into `benches/README.md`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::postgres::Postgres;
use crate::{Done, apt, guard, needs, places, steps};

/// The table that no argument asks for.
const TABLE: &str = "the table";
/// Those that have an argument of their own.
const SECTIONS: [&str; 4] = ["growth", "steady", "cost", "sending"];

/// Runs the bench with these arguments.
pub fn run(arguments: &[String]) -> Done {
    if arguments.iter().any(|argument| argument == "--guard") {
        return guard::run(arguments);
    }
    let asked = Asked::parse(arguments)?;
    apt::install(needs::BUILD)?;
    steps::cargo(&["build", "--release"])?;
    let folder = places::made(places::target().join("bench"))?;
    let table = if asked.needs_peers {
        apt::install(needs::BENCH)?;
        let postgres = Postgres::start(&folder)?;
        measure(&folder, Some(&postgres), arguments)?
    } else {
        measure(&folder, None, arguments)?
    };
    println!("{table}");
    if asked.is_whole { write(&places::root().join("benches/README.md"), asked.name, &table) } else { Ok(()) }
}

/// What is asked for.
struct Asked<'a> {
    /// The name of the table.
    name: &'a str,
    /// Whether it is measured beside its peers.
    needs_peers: bool,
    /// Whether all of it is measured, at full volumes.
    is_whole: bool,
}

impl Asked<'_> {
    fn parse(arguments: &[String]) -> Result<Asked<'_>, String> {
        let mut asked = Asked { name: TABLE, needs_peers: true, is_whole: true };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let section = argument.strip_prefix("--").filter(|name| SECTIONS.contains(name));
            match (argument.as_str(), section) {
                (_, Some(name)) => (asked.name, asked.needs_peers) = (name, false),
                ("--quick", _) => asked.is_whole = false,
                ("--rows", _) => (asked.is_whole, asked.needs_peers) = (false, false),
                ("--row", _) | ("--minutes", _) => {
                    asked.is_whole = false;
                    rest.next();
                }
                (unknown, _) => {
                    return Err(format!(
                        "`cargo xtask bench` knows no {unknown}; it takes --quick, --row NAME and --rows, or one of --growth, --steady \
                         [--minutes N], --cost, --sending and --guard"
                    ));
                }
            }
        }
        Ok(asked)
    }
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

/// Puts a table between its two marks in a file.
pub fn write(path: &Path, name: &str, table: &str) -> Done {
    let file = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{file}: {error}"))?;
    let (begin, end) = (format!("<!-- {name}: written by"), format!("<!-- the end of {name} -->"));
    let begun = text.find(&begin).and_then(|begin| Some(begin + text[begin..].find("-->")? + "-->".len()));
    let marks = begun.zip(text.find(&end)).filter(|(begin, end)| begin < end);
    let (begin, end) = marks.ok_or_else(|| format!("{file} has no marks to put {name} between"))?;
    let text = format!("{}\n\n{}\n\n{}", &text[..begin], table.trim(), &text[end..]);
    fs::write(path, text).map_err(|error| format!("{file}: {error}"))?;
    println!("written into {file}");
    Ok(())
}
