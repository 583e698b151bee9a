//! The regression guard: what each step of the hot path takes, in instructions, against what is committed.
//!
//! Instructions are counted, not timed, so that the answer is the same on a busy machine. It is no answer at all
//! where another compiler made the code: then the guard says so, and holds nobody up.

mod comparison;
mod counts;

use std::process::{Command, Stdio};

use crate::{Done, apt, needs, places};
use comparison::{Comparison, TOLERANCE};
use counts::{Counts, Row};

const FILE: &str = "benches/guard/counts.txt";

/// Counts, and compares or (`--accept`) commits what was counted.
pub fn run(arguments: &[String]) -> Done {
    let is_accepting = match arguments {
        [_guard] => false,
        [_guard, accept] if accept == "--accept" => true,
        _ => return Err("`cargo xtask bench --guard` comes first, and takes only --accept".to_owned()),
    };
    apt::install(&[needs::BUILD, needs::GUARD].concat())?;
    let found = count()?;
    let path = places::root().join(FILE);
    if is_accepting {
        std::fs::write(&path, found.to_string()).map_err(|error| format!("{FILE}: {error}"))?;
        println!("{} counts written into {FILE}", found.rows.len());
        return Ok(());
    }
    let committed = std::fs::read_to_string(&path).map_err(|error| format!("{FILE}: {error}"))?;
    judge(&Counts::parse(&committed).map_err(|error| format!("{FILE}: {error}"))?, &found)
}

fn judge(committed: &Counts, found: &Counts) -> Done {
    let comparison = Comparison::of(committed, found);
    println!("{comparison}");
    let [failed, better] = [comparison.failed(), comparison.better()];
    if !comparison.differences.is_empty() {
        println!(
            "not comparable, so that nothing is held against anybody: the committed counts were taken with another"
        );
        comparison.differences.iter().for_each(|difference| println!("  {difference}"));
        return Ok(());
    }
    if !better.is_empty() {
        println!(
            "better by more than {TOLERANCE} %: {}; `cargo xtask bench --guard --accept` keeps it",
            better.join(", ")
        );
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the guard says no to {}. What takes the instructions: `callgrind_annotate` of NAME.out in {}. \
         Where they are meant, `cargo xtask bench --guard --accept` writes the new counts",
        failed.join(", "),
        places::target().join("tmp/guard").display()
    ))
}

/// Builds and runs the bench.
fn count() -> Result<Counts, String> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(places::root()).args(["bench", "--bench", "guard"]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("the guard did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("the guard failed: {}", output.status));
    }
    let text = String::from_utf8(output.stdout).map_err(|error| format!("the guard's counts are no text: {error}"))?;
    let mut lines = text.lines();
    let processor = lines.next().and_then(|line| line.strip_prefix("processor\t"));
    let processor = processor.ok_or("the guard does not say what processor it sees")?;
    let rows = lines.map(|line| {
        let mut parts = line.split('\t');
        let [name, count, what] = [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
        let instructions = count.parse().map_err(|error| format!("the guard counts `{line}`: {error}"))?;
        Ok(Row { name: name.to_owned(), what: what.to_owned(), instructions })
    });
    Ok(Counts { taken_with: taken_with(processor)?, rows: rows.collect::<Result<_, String>>()? })
}

/// Everything outside the repository that decides which instructions there are.
fn taken_with(processor: &str) -> Result<Vec<(String, String)>, String> {
    let rustc = said("rustc", &["-vV"])?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let facts = [
        ("rustc", first(&rustc)),
        ("host", host.to_owned()),
        ("cc", first(&said("cc", &["--version"])?)),
        ("libc", first(&said("getconf", &["GNU_LIBC_VERSION"])?)),
        ("processor", processor.to_owned()),
    ];
    Ok(facts.map(|(name, fact)| (name.to_owned(), fact)).into())
}

fn said(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).current_dir(places::root()).output();
    let output = output.map_err(|error| format!("{program} did not start: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
