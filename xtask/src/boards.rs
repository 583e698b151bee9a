//! The boards, tried for real: a demo lives four weeks, a real Prometheus has all of it and the rules, every query of every
//! board and rule is asked, the city falls silent, and a real Alertmanager tells somebody.

mod alertmanager;
mod board;
mod catalogue;
mod drawn;
mod history;
mod lint;
mod prometheus;
mod queries;
mod rules;
mod schema;
mod selectors;
mod silence;

use std::path::{Path, PathBuf};

use crate::demo::Demo;
use crate::steps::Steps;
use crate::{Done, apt, needs, places, promtool};
use alertmanager::Alertmanager;
use board::{Board, Query};
use prometheus::{Orders, Prometheus};

/// As `deploy/prometheus.yaml` calls it, and as the alerts do.
const JOB: &str = "rialto";
/// A day of the demo takes so long.
const DAY_SECONDS: u32 = 2;
const RECORDING: &str = "grafana/prometheus/recording.yaml";
const RULES: [&str; 3] = [RECORDING, "grafana/prometheus/alerts.yaml", "grafana/prometheus/targets.yaml"];

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Try everything.
    Try,
    /// Draw the boards anew from their source.
    Write,
}

impl Wish {
    /// What the arguments of the task wish.
    pub fn parse(arguments: &[String]) -> Result<Wish, String> {
        match arguments {
            [] => Ok(Wish::Try),
            [argument] if argument == "--write" => Ok(Wish::Write),
            [argument, ..] => Err(format!("this task takes --write and no {argument}; see `cargo xtask help`")),
        }
    }
}

/// Makes sure that everything is there that is needed.
pub fn packages() -> Done {
    apt::install(needs::BOARDS)?;
    promtool::unpack()?;
    alertmanager::PACKAGE.unpack()
}

/// Draws the committed boards anew.
pub fn write() -> Done {
    apt::install(needs::BOARDS)?;
    drawn::write()
}

/// The steps; the release binary has to be there.
pub fn steps(steps: &mut Steps) -> Done {
    steps.step("drawn", "the committed boards are what their source makes", drawn::check)?;
    let boards = Board::all()?;
    steps.step("board lint", "titles, units, matchers, intervals, places", || none(lint::faults(&boards)))?;
    steps.step("schema", "Grafana's own schema", || schema::check(&boards))?;
    steps.step("deploy", "what Prometheus and Alertmanager say about their configurations", configurations)?;
    steps.step_with_remark("boards", "a demo of four weeks, Prometheus, Alertmanager", || real(&boards))
}

fn configurations() -> Done {
    promtool::check_configuration(&places::root().join("deploy/prometheus.yaml"))?;
    alertmanager::check(&places::root().join(alertmanager::CONFIGURATION))
}

fn real(boards: &[Board]) -> Result<String, String> {
    let demo = Demo::with_days_of(DAY_SECONDS, &[("RIALTO_SILENCE_SECONDS", silence::SILENCE_S.to_string())])?;
    let seen = with_history(&demo, boards).map_err(|error| format!("{error}\nthe demo says:\n{}", demo.log()))?;
    demo.stop()?;
    Ok(seen)
}

fn with_history(demo: &Demo, boards: &[Board]) -> Result<String, String> {
    let folder = demo.folder.join("prometheus");
    places::made(folder.clone())?;
    let alertmanager = Alertmanager::start(&folder)?;
    let rules: Vec<PathBuf> = RULES.iter().map(|file| places::root().join(file)).collect();
    let rules = [rules, vec![silence::files(&folder)]].concat();
    let orders =
        Orders { folder: &folder, job: JOB, demo: &demo.address, rules: &rules, alertmanager: &alertmanager.address };
    past(demo, &folder, &orders)?;
    let prometheus = Prometheus::start(&orders)?;
    prometheus.looks()?;
    let remark = ask(&prometheus, boards)?;
    let silent = silence::try_it(demo, &folder, &prometheus, &alertmanager)?;
    Ok(format!("{remark}; {silent}"))
}

/// Four weeks, and what was recorded in them: some of what is recorded is made of what is recorded, hence twice.
fn past(demo: &Demo, folder: &Path, orders: &Orders<'_>) -> Done {
    // An operator would have compared book and bank.
    demo.run_command(&["bill", "reconcile"])?;
    let readings = history::live_through(demo, JOB, folder, &orders.blocks())?;
    println!("{} days were lived and told {readings} times", history::DAYS);
    let recording = places::root().join(RECORDING);
    for _ in 0..2 {
        let without_rules = Orders { rules: &[], ..*orders };
        let prometheus = Prometheus::start(&without_rules)?;
        history::record(&prometheus.address, &recording, &orders.blocks())?;
    }
    Ok(())
}

fn ask(prometheus: &Prometheus, boards: &[Board]) -> Result<String, String> {
    let asked: Vec<Query> = boards.iter().flat_map(Board::queries).collect();
    let rules = rules::rules(prometheus)?;
    none(catalogue::faults(&catalogue::declared()?, &asked, &rules))?;
    queries::tell(&queries::answers(prometheus, &asked, &rules))
}

/// Faults are an error, all of them at once.
fn none(faults: Vec<String>) -> Done {
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// A text in which every first of these stood, and the second stands instead.
fn replaced(text: &str, pairs: &[(&str, &str)]) -> Result<String, String> {
    pairs.iter().try_fold(text.to_owned(), |text, (old, new)| match text.matches(old).count() {
        1.. => Ok(text.replacen(old, new, 1)),
        0 => Err(format!("`{}` is not in it any more, and was to be replaced to try it", old.trim())),
    })
}
