//! A host that embeds Rialto and is killed: what it was given a receipt for is there when it is started again.
//!
//! The host is this very binary, run for one test that is no test. It writes on a pipe what it hands in before it does,
//! and what it was told after the receipt came; a line that is not whole was never written.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rialto::domain::activity::{Activity, Occurred};
use rialto::domain::money::Currency;
use rialto::domain::names::Name;
use rialto::domain::time::Moment;
use rialto::ledger::entry::{Receipt, Status};
use rialto::ledger::guards::Limits;
use rialto::ledger::totals::both;
use rialto::wiring::{Rialto, Settings};
use rust_decimal::Decimal;

use super::{FOLDER, KILLS, tell, times, within};
use crate::dice::Dice;
use crate::sidecar::verify;
use crate::support::{letter, service};

/// The host's folder, what its events are named after, and a file of the events that it is to look for first.
const DATA: &str = "RIALTO_FAULTS_HOST_DATA";
const NAME: &str = "RIALTO_FAULTS_HOST_NAME";
const KNOWN: &str = "RIALTO_FAULTS_HOST_KNOWN";
/// Small enough that segments are sealed and snapshots taken between the kills.
const BYTES: u64 = 16_384;
const BATCH: usize = 24;
/// How many receipts of single events are waited for together.
const SUBMITTED: usize = 8;

#[test]
fn what_a_host_has_a_receipt_for_survives_every_kill_of_it() {
    let dice = Dice::seeded("RIALTO_CRASH_SEED");
    let kills = times(KILLS, 500);
    let (mut acknowledged, mut at_start, mut starts) = (0, 0, Vec::new());
    for first in (0..kills).step_by(FOLDER) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let known = folder.path().join("known");
        let mut kept = Kept::default();
        for kill in first..kills.min(first + FOLDER) {
            kept.write(&known);
            let is_at_start = dice.below(6) == 0;
            let mut host = Host::start(host(&data, &known, kill));
            if is_at_start {
                let usual = starts.last().copied().unwrap_or(Duration::from_millis(100));
                // No wait for anything: the moment of the kill is what is tried here.
                std::thread::sleep(Duration::from_micros(dice.below(usual.as_micros() as u64)));
                host.kill();
                // It may have been faster than usual, and hand in already.
                kept.rest(&host);
                at_start += 1;
                continue;
            }
            starts.push(host.open());
            kept.are_there(&host, &format!("kill {kill}, {dice}"));
            kept.more(&mut host, &dice);
            if kill % 5 == 0 {
                verify(&data);
            }
        }
        verify(&data);
        kept.come_to_the_same(&data, &dice);
        acknowledged += kept.told.len();
    }
    assert!(0 < acknowledged, "nothing was ever acknowledged, {dice}");
    tell(
        "the process, embedded in a host",
        format!("`kill -9` {kills} times at random moments under load, {at_start} of them while it started ({dice})"),
        format!(
            "all {acknowledged} events with a receipt were there, once and at their amounts, before anything was handed in \
             again; sums to the millionth; `rialto verify` clean; it was open again {}",
            within(&mut starts)
        ),
    );
}

/// What is known of the events of one folder.
#[derive(Default)]
struct Kept {
    /// By its name, what each came to: an amount and a transaction, or that there was none.
    told: BTreeMap<String, String>,
    /// Handed in, and not answered.
    doubtful: BTreeSet<String>,
    /// All that was ever handed in, in order.
    sent: Vec<String>,
}

impl Kept {
    fn write(&self, known: &Path) {
        let names = self.told.keys().chain(&self.doubtful);
        std::fs::write(known, names.map(|name| name.clone() + "\n").collect::<String>()).unwrap();
    }

    /// Reads what the host found of what it was asked for, before it hands anything in.
    fn are_there(&mut self, host: &Host, when: &str) {
        let mut found = BTreeMap::new();
        let sum = loop {
            let line = host.line().expect("the host died while it looked");
            match line.split_once(' ') {
                Some(("there", fate)) => {
                    let (name, fate) = fate.split_once(' ').unwrap();
                    found.insert(name.to_owned(), fate.to_owned());
                }
                Some(("sum", sum)) => break sum.to_owned(),
                _ => panic!("{line}"),
            }
        };
        for (name, fate) in &self.told {
            assert_eq!(found.get(name), Some(fate), "{name} was acknowledged; {when}");
        }
        for name in std::mem::take(&mut self.doubtful) {
            if let Some(fate) = found.remove(&name) {
                self.told.insert(name, fate);
            }
        }
        assert_eq!(sum, self.sum(), "the dashboard has another sum than the events that are there; {when}");
    }

    /// How many there are, and what they earned.
    fn sum(&self) -> String {
        let amounts = self.told.values().filter_map(|fate| fate.split(' ').next()?.parse::<Decimal>().ok());
        let transactions = self.told.values().filter_map(|fate| fate.split_once("tx_"));
        let distinct: BTreeSet<&str> = transactions.clone().map(|(_, number)| number).collect();
        assert_eq!(distinct.len(), transactions.count(), "two events have one transaction");
        format!("{} {}", amounts.sum::<Decimal>().normalize(), self.told.len())
    }

    /// Reads what the host hands in and has receipts for, and kills it at some moment.
    fn more(&mut self, host: &mut Host, dice: &Dice) {
        let mut receipts = 1 + dice.below(200);
        while 0 < receipts {
            let line = host.line().expect("the host died by itself");
            receipts -= u64::from(line.starts_with("kept "));
            self.take(&line);
        }
        // No wait for anything: the moment of the kill is what is tried here.
        std::thread::sleep(Duration::from_micros(dice.below(8000)));
        host.kill();
        self.rest(host);
    }

    /// Reads what a host that is dead handed in, and had receipts for.
    fn rest(&mut self, host: &Host) {
        while let Some(line) = host.line() {
            if line.starts_with("sent ") || line.starts_with("kept ") {
                self.take(&line);
            }
        }
    }

    fn take(&mut self, line: &str) {
        let mut parts = line.splitn(3, ' ');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("sent"), Some(name), None) => {
                self.sent.push(name.to_owned());
                self.doubtful.insert(name.to_owned());
            }
            (Some("kept"), Some(name), Some(fate)) => {
                assert!(self.doubtful.remove(name), "{name} was acknowledged twice, or never handed in");
                self.told.insert(name.to_owned(), fate.to_owned());
            }
            _ => panic!("{line}"),
        }
    }

    /// Hands everything in once more, here and where nothing ever happened: it comes to the same.
    fn come_to_the_same(&mut self, data: &Path, dice: &Dice) {
        let calm = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let [disturbed, undisturbed] = [data, calm.path()].map(|data| {
            let rialto = Rialto::start(settings(data)).unwrap();
            for batch in self.sent.chunks(BATCH) {
                let events = batch.iter().map(|name| event(name)).collect();
                for (name, receipt) in batch.iter().zip(runtime.block_on(rialto.record_batch(events)).unwrap()) {
                    let told = self.told.get(name).filter(|_| data != calm.path());
                    assert!(told.is_none_or(|told| *told == fate(&receipt)), "{name}: {told:?} {receipt:?}; {dice}");
                }
            }
            let sums = sums(&rialto);
            runtime.block_on(rialto.stop()).unwrap();
            sums
        });
        assert_eq!(disturbed, undisturbed, "{dice}");
        let [disturbed, undisturbed] = [data, calm.path()].map(verify);
        for key in ["facts", "transactions", "conflicts", "charged"] {
            assert_eq!(disturbed[key], undisturbed[key], "{key}; {dice}");
        }
    }
}

/// A host that runs, and what it says.
struct Host {
    child: Child,
    lines: Receiver<String>,
    began: Instant,
}

fn host(data: &Path, known: &Path, kill: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "faults::crashes::embedded::the_host"]);
    command.env(DATA, data).env(KNOWN, known).env(NAME, kill.to_string()).stdin(Stdio::null());
    command
}

impl Host {
    fn start(mut command: Command) -> Host {
        let began = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let lines = read(child.stdout.take().expect("piped"));
        Host { child, lines, began }
    }

    /// Waits until its book is open; how long that took.
    fn open(&mut self) -> Duration {
        while self.line().expect("the host did not start") != "open" {}
        self.began.elapsed()
    }

    /// What it says next; nothing more once it is dead.
    fn line(&self) -> Option<String> {
        self.lines.recv().ok()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The whole lines of a pipe, as they come. What is said by those who run tests is left out.
fn read(out: ChildStdout) -> Receiver<String> {
    let (say, said) = channel();
    std::thread::spawn(move || {
        let mut out = BufReader::new(out);
        let mut line = String::new();
        while out.read_line(&mut line).is_ok_and(|read| 0 < read) && line.ends_with('\n') {
            let is_ours = ["open", "there ", "sum ", "sent ", "kept "].iter().any(|begin| line.starts_with(begin));
            if is_ours && say.send(line.trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    said
}

/// The host: opens the book, looks for what it is asked for, and hands in until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is no test, but what is killed in one, which runs it by its name"]
async fn the_host() {
    let [data, known] = [DATA, KNOWN].map(|key| std::env::var_os(key).map(PathBuf::from));
    let (Some(data), Some(known)) = (data, known) else { return };
    let name = std::env::var(NAME).unwrap();
    let rialto = Rialto::start(settings(&data)).unwrap();
    say(&["open".to_owned()]);
    for name in std::fs::read_to_string(known).unwrap().lines() {
        let feed = event(name).feed;
        let Some(found) = rialto.fate(feed, name).await.unwrap() else { continue };
        let charge = found.transactions.first().map(|first| (first.charge.amount, first.id));
        say(&[format!(
            "there {name} {}",
            charge.map_or("nothing".to_owned(), |(amount, id)| format!("{amount} {id}"))
        )]);
    }
    let all: Decimal = both(rialto.dashboard(Currency::EUR).periods[3]).to_string().parse().unwrap();
    say(&[format!("sum {} {}", all.normalize(), rialto.view().facts)]);
    let batches = [0, 1].map(|task| tokio::spawn(batches(rialto.clone(), format!("{name}-{task}"))));
    submits(rialto, format!("{name}-2")).await;
    for task in batches {
        task.await.unwrap();
    }
}

async fn batches(rialto: Rialto, name: String) {
    for place in 0.. {
        let names: Vec<String> = (0..BATCH).map(|event| format!("{name}-{place}-{event}")).collect();
        say(&names.iter().map(|name| format!("sent {name}")).collect::<Vec<_>>());
        let receipts = rialto.record_batch(names.iter().map(|name| event(name)).collect()).await.unwrap();
        say(&names.iter().zip(&receipts).map(|(name, receipt)| kept(name, receipt)).collect::<Vec<_>>());
    }
}

async fn submits(rialto: Rialto, name: String) {
    for place in 0.. {
        let names: Vec<String> = (0..SUBMITTED).map(|event| format!("{name}-{place}-{event}")).collect();
        say(&names.iter().map(|name| format!("sent {name}")).collect::<Vec<_>>());
        let pending: Vec<_> = names.iter().map(|name| rialto.submit(event(name)).unwrap()).collect();
        for (name, pending) in names.iter().zip(pending) {
            say(&[kept(name, &pending.await.unwrap())]);
        }
    }
}

fn kept(name: &str, receipt: &Receipt) -> String {
    assert!(matches!(receipt.status, Status::Priced | Status::Recorded), "{name}: {receipt:?}");
    format!("kept {name} {}", fate(receipt))
}

fn fate(receipt: &Receipt) -> String {
    receipt.charge.map_or("nothing".to_owned(), |charge| format!("{} {}", charge.amount, charge.transaction))
}

/// Writes whole lines, at once.
fn say(lines: &[String]) {
    let text: String = lines.iter().map(|line| line.clone() + "\n").collect();
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).unwrap();
}

fn settings(data: &Path) -> Settings {
    // What guards hold depends on the order of events.
    Settings { segment_bytes: BYTES, snapshot_bytes: BYTES, limits: Limits::OFF, ..Settings::new(data) }
}

/// The same name is the same event.
fn event(name: &str) -> Activity {
    let number = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let citizen = format!("citizen_{}", number % 7);
    let mut activity = match number / 7 % 4 {
        0 => letter(name, &citizen),
        1 => Activity { kind: Name::new("goto_work"), ..service(name, &citizen, 60) },
        _ => service(name, &citizen, 1 + (number % 97) as i64),
    };
    // 2025-07-02T09:30:00Z.
    activity.occurred = Occurred::at(Moment(1_751_448_600_000_000));
    activity
}

fn sums(rialto: &Rialto) -> Vec<String> {
    let board = rialto.dashboard(Currency::EUR);
    let earners = board.top_earners[3].iter().map(|(name, sum)| format!("{name} {sum}"));
    earners.chain([both(board.periods[3]).to_string(), rialto.view().facts.to_string()]).collect()
}
