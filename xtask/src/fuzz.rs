//! Fuzzing: whatever comes from outside or from the disk, made up by libFuzzer, which watches what it reaches.
//!
//! cargo-fuzz needs flags of the compiler that are not stable, and gets them from the one toolchain that there is. What is
//! found is left in `fuzz/artifacts/`; it is mended, and comes into `fuzz/corpus/`, which `cargo test` tries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::{Done, apt, needs, places, steps};

/// Named, so that what is run does not change by itself.
const VERSION: &str = "cargo-fuzz@0.13.1";
/// How long all targets are fuzzed together, where nobody says otherwise.
pub const MINUTES: u64 = 60;
/// So many at once.
const AT_ONCE: usize = 2;
/// Names are interned for as long as a process lives, so that none fuzzes for longer than this.
const SLICE: Duration = Duration::from_secs(120);
/// What a target may take: memory in all, and at once; and seconds for one input.
const LIMITS: [&str; 4] = ["-rss_limit_mb=1024", "-malloc_limit_mb=256", "-timeout=10", "-max_len=16384"];

/// What is wanted of the task.
pub struct Wish {
    minutes: u64,
    target: Option<String>,
}

impl Wish {
    /// Reads the task's arguments.
    pub fn parse(rest: &[String]) -> Result<Wish, String> {
        let mut wish = Wish { minutes: MINUTES, target: None };
        let mut rest = rest.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--minutes" => {
                    let minutes = rest.next().and_then(|minutes| minutes.parse().ok()).filter(|minutes| 0 < *minutes);
                    wish.minutes = minutes.ok_or("--minutes takes a whole number, such as 10")?;
                }
                name if targets()?.iter().any(|target| target == name) => wish.target = Some(name.to_owned()),
                other => {
                    let targets = targets()?.join(", ");
                    return Err(format!("`cargo xtask fuzz` takes --minutes N, and one of {targets}; not {other}"));
                }
            }
        }
        Ok(wish)
    }
}

/// What came of a target.
#[derive(Clone, Copy, Debug, Default)]
struct Came {
    inputs: u64,
    peak_mb: u64,
    seconds: u64,
}

/// Fuzzes, and prints what came of it.
pub fn run(wish: &Wish) -> Done {
    fuzz(wish).map(|(tried, came)| println!("\n{tried}: {came}"))
}

/// Fuzzes everything for as long as FAULTS.md says; its line in the table there, as the tests write theirs.
pub fn row() -> Result<String, String> {
    let (tried, came) = fuzz(&Wish { minutes: MINUTES, target: None })?;
    Ok(serde_json::json!({ "fault": "what nobody would think of", "tried": tried, "came": came }).to_string())
}

fn fuzz(wish: &Wish) -> Result<(String, String), String> {
    apt::install(needs::BUILD)?;
    let program = program()?;
    let targets = wish.target.clone().map_or_else(targets, |target| Ok(vec![target]))?;
    done(cargo_fuzz(&program, "build"))?;
    let scratch = scratch()?;
    let share = Duration::from_secs(wish.minutes * 60 / targets.len() as u64);
    let (left, came) = (Mutex::new(targets.clone()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(target) = { left.lock().expect("no panic").pop() } {
                    let ended = fuzz_one(&program, &target, share, &scratch);
                    came.lock().expect("no panic").push(ended);
                }
            });
        }
    });
    fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let came: Vec<Came> = came.into_inner().expect("no panic").into_iter().collect::<Result<_, _>>()?;
    let inputs: u64 = came.iter().map(|came| came.inputs).sum();
    let minutes = came.iter().map(|came| came.seconds).sum::<u64>() as f64 / 60.0;
    let most = came.iter().map(|came| came.peak_mb).max().unwrap_or_default();
    let tried = format!("{} targets fuzzed for {minutes:.0} minutes in all, {inputs} inputs", targets.len());
    Ok((tried, format!("no panic, no input that took 10 s or 256 MB at once; at most {most} MB, sanitizer and all")))
}

fn fuzz_one(program: &Path, target: &str, share: Duration, scratch: &Path) -> Result<Came, String> {
    // What is made up stays between runs; what is committed is only read.
    let own = places::made(places::target().join("fuzz/corpus").join(target))?;
    let committed = places::root().join("fuzz/corpus").join(target);
    let (begun, mut came) = (Instant::now(), Came::default());
    while let Some(left) = share.checked_sub(begun.elapsed()).filter(|left| 1 <= left.as_secs()) {
        let mut command = cargo_fuzz(program, "run");
        command.arg(target).args([&own, &committed]).arg("--").args(LIMITS);
        command.arg(format!("-max_total_time={}", left.min(SLICE).as_secs())).arg("-print_final_stats=1");
        let words = places::root().join("fuzz/words").join(target);
        if words.is_file() {
            command.arg(format!("-dict={}", words.display()));
        }
        // Whatever was interned is still known, and no leak.
        command.env("ASAN_OPTIONS", "detect_leaks=0:quarantine_size_mb=64").env("RIALTO_FUZZ_FOLDER", scratch);
        let ended = command.stdout(Stdio::null()).output().map_err(|error| format!("cargo-fuzz: {error}"))?;
        let said = String::from_utf8_lossy(&ended.stderr);
        let stat = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim().parse::<u64>().unwrap_or_default()
        };
        if !ended.status.success() {
            let last: Vec<&str> = said.lines().rev().take(60).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            return Err(format!("{target} found something, which is in fuzz/artifacts/{target}:\n{}", last.join("\n")));
        }
        came.inputs += stat("stat::number_of_executed_units:");
        came.peak_mb = came.peak_mb.max(stat("stat::peak_rss_mb:"));
    }
    came.seconds = begun.elapsed().as_secs();
    println!("{target}: {} inputs in {} s, at most {} MB", came.inputs, came.seconds, came.peak_mb);
    Ok(came)
}

/// The targets, by the programs that there are.
fn targets() -> Result<Vec<String>, String> {
    let folder = places::root().join("fuzz/fuzz_targets");
    let files = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let names = files.filter_map(|file| Some(file.ok()?.path().file_stem()?.to_str()?.to_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort_unstable_by(|one, other| other.cmp(one));
    Ok(names)
}

fn cargo_fuzz(program: &Path, task: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(places::root()).env("RUSTC_BOOTSTRAP", "1").stdin(Stdio::null());
    command.arg(task).arg("--target-dir").arg(places::target().join("fuzz"));
    command
}

/// Where targets have their files: in memory, where there is room.
fn scratch() -> Result<PathBuf, String> {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { places::target().join("fuzz") };
    places::made(place.join(format!("rialto-fuzz-{}", std::process::id())))
}

fn program() -> Result<PathBuf, String> {
    let found = [places::tool("cargo-fuzz"), PathBuf::from("cargo-fuzz")].into_iter().find(|program| {
        let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    });
    if let Some(found) = found {
        return Ok(found);
    }
    let tools = places::made(places::target().join("tools"))?;
    steps::cargo(&["install", VERSION, "--locked", "--root", &tools.display().to_string()])?;
    Ok(places::tool("cargo-fuzz"))
}

fn done(mut command: Command) -> Done {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the targets could not be built: {status}")),
        Err(error) => Err(format!("cargo-fuzz did not start: {error}")),
    }
}
