//! What the repository does to itself: test, bench, lint.

mod apt;
mod bench;
mod needs;
mod postgres;
mod steps;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask: what the repository does to itself.

  cargo xtask test            everything that must hold before a change is taken: builds the release
                              binary, runs all tests, then lints
  cargo xtask lint            formatting, clippy with every warning an error, and `cargo deny check`
                              where cargo-deny is installed (it is not installed for you: building it
                              takes minutes; `cargo install cargo-deny` does it)
  cargo xtask bench           measures everything that Rialto must reach, beside the disk and a
                              PostgreSQL of its own, and writes the table into benches/README.md
      --quick                 a twentieth of the volumes, in about a minute; the table is printed
                              and benches/README.md stays as it is
      --row NAME              one row alone (may be given again); likewise only printed
      --rows                  the names of the rows

Where a Debian package is missing that a task needs, the task says which and installs it (as root, or by
sudo). The PostgreSQL is a throw-away one in a temporary folder, durable as it comes, and is stopped
whatever happens.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match task {
        "test" => no_more(rest).and_then(|()| steps::test()),
        "lint" => no_more(rest).and_then(|()| steps::lint()),
        "bench" => bench::run(rest),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        unknown => Err(format!("there is no task {unknown}\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn no_more(rest: &[String]) -> Done {
    match rest.first() {
        None => Ok(()),
        Some(argument) => Err(format!("this task takes no {argument}\n\n{HELP}")),
    }
}

/// How a task ends: well, or with a sentence that says what to do.
type Done = Result<(), String>;
