//! The tasks that are made of steps: test, lint, contract, exports, wheel and live.

use std::process::{Command, Stdio};

use crate::deny::{self, Wish};
use crate::steps::{Steps, cargo, cargo_with};
use crate::{Done, apt, boards, contract, doors, engine, exports, live, needs, places, promtool, rules, wheel};

/// What the example prints last: an hour and a half at 60 EUR, and a letter to somebody outside.
const EARNED: &str = "today: 90.10 EUR";
/// In so many worlds money is collected before a change is taken; `cargo test` alone tries a few.
const WORLDS: (&str, &str) = ("RIALTO_SIM_SEEDS", "10000");

/// What the tests need of the machine was installed; none of them is skipped for want of it.
const TOOLS: (&str, &str) = ("RIALTO_FAULTS_TOOLS", "1");

/// Everything that must hold before a change is taken.
pub fn test(wish: Wish) -> Done {
    Steps::run("test", |steps| {
        packages(steps)?;
        check(steps)?;
        steps.step("tests", "every test of the workspace, those in the docs too", || {
            cargo_with(&[WORLDS, TOOLS], &["test", "--workspace"])
        })?;
        try_rules(steps)?;
        try_contract(steps)?;
        try_exports(steps)?;
        try_doors(steps)?;
        steps.step("example", "examples/embed.rs, run once", example)?;
        dependencies(steps, wish)?;
        release(steps)?;
        try_wheel(steps)?;
        try_live(steps)?;
        try_engine(steps)?;
        boards::steps(steps)
    })
}

/// Formatting, clippy, and the dependencies.
pub fn lint(wish: Wish) -> Done {
    Steps::run("lint", |steps| {
        check(steps)?;
        dependencies(steps, wish)
    })
}

/// What passes between us and Stripe.
pub fn contract() -> Done {
    Steps::run("contract", try_contract)
}

/// What others make of the exports.
pub fn exports() -> Done {
    Steps::run("exports", try_exports)
}

/// What schemathesis makes of the API.
pub fn doors() -> Done {
    Steps::run("doors", try_doors)
}

/// The engine's side.
pub fn engine(wish: engine::Wish) -> Done {
    Steps::run("engine", |steps| {
        release(steps)?;
        match wish {
            engine::Wish::All => try_engine(steps),
            engine::Wish::Days(days) => steps.step("weeks", "the stand-in beside a sidecar", || engine::weeks(&days)),
            engine::Wish::Cost => steps.step("cost", "what a call of the hook costs", engine::cost),
        }
    })
}

/// Rialto in process, from Python.
pub fn wheel() -> Done {
    Steps::run("wheel", try_wheel)
}

/// The README's first command, for real.
pub fn live() -> Done {
    Steps::run("live", |steps| {
        packages(steps)?;
        release(steps)?;
        try_live(steps)
    })
}

/// The rules of Prometheus, over simulated weeks.
pub fn rules() -> Done {
    Steps::run("rules", |steps| {
        steps.step("promtool", "unpacked where it is missing", promtool::unpack)?;
        try_rules(steps)
    })
}

/// The boards, for real; or drawn anew.
pub fn boards(wish: boards::Wish) -> Done {
    match wish {
        boards::Wish::Write => boards::write(),
        boards::Wish::Try => Steps::run("boards", |steps| {
            packages(steps)?;
            release(steps)?;
            boards::steps(steps)
        }),
    }
}

fn packages(steps: &mut Steps) -> Done {
    steps.step("packages", "what is missing from Debian", || {
        apt::install(&[needs::BUILD, needs::LIVE, needs::FAULTS].concat())?;
        boards::packages()
    })
}

/// Clippy comes before the tests: what it finds costs a minute, and what they find several.
fn check(steps: &mut Steps) -> Done {
    steps.step("components", "rustfmt and clippy", components)?;
    steps.step("format", "every file as rustfmt writes it", || cargo(&["fmt", "--all", "--check"]))?;
    steps.step("clippy", "every warning is an error", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
    })
}

fn dependencies(steps: &mut Steps, wish: Wish) -> Done {
    steps.step_with_remark("deny", "licences, bans, sources and advisories of the dependencies", || deny::check(wish))
}

fn try_contract(steps: &mut Steps) -> Done {
    steps.step("contract", "calls, signatures and the sandbox, held against Stripe's official library", contract::check)
}

fn try_exports(steps: &mut Steps) -> Done {
    steps.step("exports", "read by hledger and DuckDB, and held against the dashboard", exports::check)
}

fn try_doors(steps: &mut Steps) -> Done {
    steps.step("doors", "every operation, with what schemathesis makes of its description", doors::check)
}

fn try_wheel(steps: &mut Steps) -> Done {
    steps.step_with_remark("wheel", "built, installed and tried as a host in Python has it", wheel::check)
}

fn try_rules(steps: &mut Steps) -> Done {
    steps.step_with_remark(
        "rules",
        "every alarm over simulated weeks: it fires when it must, and no more",
        rules::check,
    )
}

fn try_live(steps: &mut Steps) -> Done {
    steps.step_with_remark("live", "the demo, looked at from outside", live::live)
}

fn try_engine(steps: &mut Steps) -> Done {
    steps.step("engine", "the hook, by itself and with pyairtable", engine::check)?;
    steps.step("weeks", "a stand-in for the engine beside a sidecar, with everything going wrong that can", || {
        engine::weeks(engine::DAYS)
    })
}

fn release(steps: &mut Steps) -> Done {
    // Both at once, so that what both are made of is the same, and is compiled once.
    steps.step("release", "the binary as users build it, and the extension", || {
        cargo(&["build", "--release", "--package", "rialto", "--package", "rialto-python"])
    })
}

/// A minimal toolchain comes without them.
fn components() -> Done {
    let is_there = |name: &str| {
        let mut command = Command::new(env!("CARGO"));
        command.args([name, "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if is_there("fmt") && is_there("clippy") {
        return Ok(());
    }
    println!("rustup component add rustfmt clippy");
    match Command::new("rustup").args(["component", "add", "rustfmt", "clippy"]).status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err("rustfmt or clippy is missing, and rustup could not add them".into()),
    }
}

fn example() -> Done {
    cargo(&["build", "--workspace", "--example", "embed"])?;
    let embed = places::target().join("debug/examples/embed");
    println!("{}", embed.display());
    let mut command = Command::new(embed);
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("it did not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    if output.status.success() && text.trim_end().ends_with(EARNED) {
        return Ok(());
    }
    Err(format!("the example should end well, with `{EARNED}`; it ended with {}", output.status))
}
