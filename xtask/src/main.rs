//! What the repository does to itself: test, lint, live, bench.

mod apt;
mod bench;
mod boards;
mod contract;
mod demo;
mod deny;
mod doors;
mod engine;
mod exports;
mod faults;
mod fuzz;
mod guard;
mod http;
mod kept;
mod live;
mod needs;
mod page;
mod places;
mod postgres;
mod promql;
mod promtool;
mod python;
mod readme;
mod rules;
mod steps;
mod tasks;
mod unpacked;
mod wheel;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask: what the repository does to itself.

  cargo xtask test            everything that must hold before a change is taken: formatting, clippy, all
                              tests, the contract, the exports, the doors, the rules, the example, the wheel,
                              the dependencies, `live`, `engine` and `boards`. Money is collected in 10,000 worlds made of seeds;
                              RIALTO_SIM_SEEDS=100000 in the environment makes more of them, and
                              RIALTO_SIM_SEED=n replays one alone
  cargo xtask lint            formatting, clippy with every warning an error, and the dependencies
      --deny                  (of both) installs cargo-deny and cargo-audit into target/audit where they are
                              missing; without it, the dependencies are checked only where they are
                              there. CI=true in the environment does the same
  cargo xtask live            the README's first command for real: the demo earns money, its page shows
                              it in a headless Chromium, live, in light and dark, on a desk and on a
                              phone, with nothing for axe-core to complain of; promtool likes its metrics,
                              every curl of the README works, and it stops in good order with a book that
                              is whole
  cargo xtask rules           the alarms of grafana/prometheus: promtool lives simulated weeks with each, in
                              which it fires when it must and stays quiet when it must; each has a
                              runbook, and is about metrics that there are
  cargo xtask boards          the boards of Grafana for real: held against Grafana's schema; a demo lives four weeks,
                              a real Prometheus with the rules has all of it, every query of every board and
                              rule is asked; then the city falls silent, and a real Alertmanager tells somebody
      --write                 instead: draws grafana/dashboards anew from grafana/boards
  cargo xtask contract        what is sent to Stripe and taken from it, and the sandbox that stands in for
                              it, held against Stripe's official library for Python, which is
                              installed into target/contract
  cargo xtask doors           every operation of the API, with what schemathesis (installed into target/doors) makes of its
                              description: no request of it may find anything but what is described
  cargo xtask exports         what `rialto export` writes, read by hledger and by DuckDB (which is
                              installed into target/exports), and held against the dashboard of a
                              running sidecar
  cargo xtask engine          the engine's side: the Python hook with ruff, mypy and its tests, and a third of a day of a
                              stand-in for the engine and Airtable beside the release binary, in which the
                              sidecar is killed, stopped, slow, refusing, unreachable and deaf, and the
                              engine is killed too: every event is in the book once, and no call waits
      --days N                so many days instead, and nothing else; 28 take three quarters of an hour
      --cost                  instead: what a call of the hook costs
  cargo xtask wheel           Rialto in process from Python: maturin (installed into target/wheel) builds the
                              wheel of engine/wheel, which is installed into a new environment and tried
                              there; on python3, and on Python 3.9 and 3.13 where they are there
  cargo xtask faults          everything is broken on purpose, as often as FAULTS.md says: kills, power cuts, disks, rot, clocks,
                              simulated worlds, overload, soaking; takes hours, and writes the table of FAULTS.md
      --row NAME              what has this in its name alone (such as crashes); only printed
      --mutants               mistakes in the core alone, made in a copy of the tree: the tests notice each
  cargo xtask fuzz            what comes from outside and from the disk, made up by cargo-fuzz (built into target/tools where
                              it is missing), an hour for all targets together; a part of `faults`
      --minutes N             so many instead
      TARGET                  one of them alone
  cargo xtask bench           measures everything that Rialto must reach, beside the disk, a PostgreSQL
                              of its own and the brief's way in Python, and writes the table into
                              benches/README.md
      --quick                 a twentieth of the volumes, in about a minute; the table is printed
                              and benches/README.md stays as it is
      --row NAME              one row alone (may be given again); likewise only printed
      --rows                  the names of the rows
      --growth                another table: what the next activities cost after few and after many
      --steady                another: ten minutes of load at 80 % of what is possible over HTTP
        --minutes N           so many instead; only printed
      --cost                  another: what a million activities take, and a sidecar with nothing to do
      --sending               another: how long it takes to send 10,000 invoices, as fast as Stripe allows
      --guard                 instead: counts instructions of the hot path under valgrind, and fails where
                              any step takes more than what is committed allows; no clock is looked at
      --guard --accept        the same, and commits the counts to benches/guard/counts.txt

Where a Debian package is missing that a task needs, the task says which and what for, and installs it (as
root, or by sudo). The PostgreSQL is a throw-away one in a temporary folder, durable as it comes, and is stopped
whatever happens.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match task {
        "test" => deny::Wish::parse(rest).and_then(tasks::test),
        "lint" => deny::Wish::parse(rest).and_then(tasks::lint),
        "live" => no_more(rest).and_then(|()| tasks::live()),
        "rules" => no_more(rest).and_then(|()| tasks::rules()),
        "boards" => boards::Wish::parse(rest).and_then(tasks::boards),
        "contract" => no_more(rest).and_then(|()| tasks::contract()),
        "engine" => engine::Wish::parse(rest).and_then(tasks::engine),
        "faults" => faults::Wish::parse(rest).and_then(|wish| faults::run(&wish)),
        "doors" => no_more(rest).and_then(|()| tasks::doors()),
        "fuzz" => fuzz::Wish::parse(rest).and_then(|wish| fuzz::run(&wish)),
        "exports" => no_more(rest).and_then(|()| tasks::exports()),
        "wheel" => no_more(rest).and_then(|()| tasks::wheel()),
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
