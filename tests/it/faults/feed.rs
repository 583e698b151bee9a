//! What is fed while something breaks, and what came of each event.
//!
//! Whoever feeds keeps what was sent and what was answered, and holds the next sidecar to it before anything is sent
//! again: what was acknowledged is there, once, at the amount that it was acknowledged with; what was refused is not
//! there; of what nobody answered, it is one or the other; and the dashboard has to the millionth what is there, and
//! never showed more before.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::sidecar::{JSON, LINES, Line, Sidecar, path, rialto, verify};

const CITIZENS: u64 = 7;
/// How many events each line hands in at once.
const BATCHES: [usize; 3] = [12, 36, 1];
/// Small enough that segments are sealed and snapshots taken while something is broken.
pub const BYTES: &str = "16384";

/// A request that was sent, and where each of its events is asked for.
#[derive(Clone)]
struct Request {
    path: &'static str,
    content_type: &'static str,
    body: String,
    events: Vec<String>,
}

/// What became of a request.
enum Came {
    /// It was acknowledged.
    Told(Vec<Told>),
    /// It was refused as a whole, before anything of it was taken.
    Refused(Vec<String>),
    /// Nobody knows.
    Doubtful(Vec<String>),
}

/// What was acknowledged of an event: where it is asked for, its amount and its transaction.
struct Told {
    event: String,
    amount: Value,
    transaction: Value,
    /// Whether that was after the dark began.
    is_late: bool,
}

/// The dark: from then on the test's own kernel goes on where a machine would be dead, and is not believed.
#[derive(Default)]
pub struct Dark(AtomicBool);

impl Dark {
    /// It begins.
    pub fn begins(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// All that was fed into one folder.
#[derive(Default)]
pub struct Fed {
    sent: Vec<Request>,
    told: Vec<Told>,
    /// So many of those were asked for already.
    asked: usize,
    refused: Vec<String>,
    doubtful: Vec<String>,
    shown: Decimal,
    /// So many were acknowledged in the dark, and are not there.
    lost_late: usize,
}

/// How a sidecar is loaded while it breaks.
pub struct Load<'a> {
    /// What the names of its events begin with; never the same twice in a folder.
    pub name: &'a str,
    /// After so many answers something is broken.
    pub answers: usize,
    /// So many requests at most go over each line.
    pub requests: usize,
}

/// A sidecar that seals segments and takes snapshots again and again.
pub fn serve(data: &Path) -> std::process::Command {
    let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(data)]);
    command.env("RIALTO_SEGMENT_BYTES", BYTES).env("RIALTO_SNAPSHOT_BYTES", BYTES);
    command
}

impl Fed {
    /// How many events were acknowledged, or were found to be there.
    pub fn told(&self) -> usize {
        self.told.len()
    }

    /// How many were acknowledged in the [dark](Dark), and were not there after it.
    pub fn lost_late(&self) -> usize {
        self.lost_late
    }

    /// Feeds over three lines at once while a fourth one looks at the dashboard, until nobody answers any more, or as much
    /// as `load` says was fed. In between `breaks` breaks something.
    pub fn under_load(&mut self, sidecar: &mut Sidecar, load: &Load<'_>, breaks: impl FnOnce(&mut Sidecar, &Dark)) {
        let (acknowledge, acknowledged) = channel();
        let lines = [(); 4].map(|()| sidecar.line());
        let (is_over, dark) = (AtomicBool::new(false), Dark::default());
        std::thread::scope(|scope| {
            let [one, two, three, reader] = &lines;
            let feeders = (0..).zip([one, two, three]).map(|(number, line)| {
                let (acknowledge, dark) = (acknowledge.clone(), &dark);
                scope.spawn(move || feed_until_dead(line, load, number, (&acknowledge, dark)))
            });
            let feeders = feeders.collect::<Vec<_>>();
            drop(acknowledge);
            let looking = scope.spawn(|| look_until_dead(reader, &is_over, &dark));
            let before: Vec<Came> = acknowledged.iter().take(load.answers).collect();
            breaks(sidecar, &dark);
            for came in before.into_iter().chain(&acknowledged) {
                match came {
                    Came::Told(told) => self.told.extend(told),
                    Came::Refused(events) => self.refused.extend(events),
                    Came::Doubtful(events) => self.doubtful.extend(events),
                }
            }
            self.sent.extend(feeders.into_iter().flat_map(|feeder| feeder.join().unwrap()));
            is_over.store(true, Ordering::Release);
            self.shown = self.shown.max(looking.join().unwrap());
        });
    }

    /// Asks for each event of which anything was heard since the last time, before anything is sent again, and whether the
    /// sums are those of all that is there.
    pub fn is_there(&mut self, sidecar: &Sidecar, when: impl Display) {
        for told in self.told.split_off(self.asked) {
            let Told { event, amount, transaction, is_late } = &told;
            let (status, fate) = sidecar.get(event);
            if *is_late && status == 404 {
                self.lost_late += 1;
                continue;
            }
            assert_eq!(status, 200, "{event} was acknowledged and is gone; {when}");
            assert_eq!((&fate["amount"], &fate["transaction_id"]), (amount, transaction), "{event}; {when}");
            self.told.push(Told { is_late: false, ..told });
        }
        for event in std::mem::take(&mut self.refused) {
            assert_eq!(sidecar.get(&event).0, 404, "{event} was refused and is there; {when}");
        }
        for event in std::mem::take(&mut self.doubtful) {
            match sidecar.get(&event) {
                (404, _) => {}
                (200, mut fate) => {
                    let [amount, transaction] = ["amount", "transaction_id"].map(|key| fate[key].take());
                    self.told.push(Told { event, amount, transaction, is_late: false });
                }
                (status, answer) => panic!("{event}: {status} {answer}; {when}"),
            }
        }
        self.asked = self.told.len();
        let transactions: Vec<&str> = self.told.iter().filter_map(|told| told.transaction.as_str()).collect();
        let distinct: BTreeSet<&str> = transactions.iter().copied().collect();
        assert_eq!(transactions.len(), distinct.len(), "two events have one transaction; {when}");
        let sum: Decimal = self.told.iter().map(|told| decimal(&told.amount)).sum();
        let shown = earned(&sidecar.get("/api/revenue/dashboard").1).expect("a dashboard");
        assert_eq!(shown, sum, "the dashboard has another sum than the events that are there; {when}");
        assert_eq!(facts(sidecar), self.told.len(), "there are others than those that were acknowledged; {when}");
        assert!(self.shown <= shown, "{} was shown, and {shown} was durable; {when}", self.shown);
    }

    /// Sends everything once more, here and into another folder that nothing ever happened to: it comes to the same.
    pub fn comes_to_the_same(&mut self, data: &Path, when: impl Display) {
        let sidecar = Sidecar::start(serve(data));
        self.asked = 0;
        self.is_there(&sidecar, &when);
        let disturbed = self.again(&sidecar);
        self.is_there(&sidecar, &when);
        sidecar.stop();
        let calm = tempfile::tempdir().unwrap();
        let sidecar = Sidecar::start(serve(calm.path()));
        let undisturbed = self.again(&sidecar);
        sidecar.stop();
        assert_eq!(disturbed, undisturbed, "{when}");
        let (disturbed, undisturbed) = (verify(data), verify(calm.path()));
        for key in ["facts", "transactions", "conflicts", "charged"] {
            assert_eq!(disturbed[key], undisturbed[key], "{key}; {when}");
        }
    }

    /// Sends everything, remembers what it was told of what it did not know, and tells all sums that follow.
    fn again(&mut self, sidecar: &Sidecar) -> BTreeMap<String, Value> {
        let known: BTreeSet<String> = self.told.iter().map(|told| told.event.clone()).collect();
        for Request { path, content_type, body, .. } in &self.sent {
            let (status, answer) = sidecar.post(path, content_type, body);
            assert_eq!((status, &answer["rejected"], &answer["conflict"]), (200, &json!(0), &json!(0)), "{answer}");
            self.told.extend(told(path, &answer, false).into_iter().filter(|told| !known.contains(&told.event)));
        }
        let board = sidecar.get("/api/revenue/dashboard").1;
        let citizens = (0..CITIZENS).map(|number| {
            let path = format!("/v1/entities/citizen_{number}");
            let (_, entity) = sidecar.get(&path);
            (path, json!([entity["as_citizen"]["charges"], entity["as_citizen"]["all_time"]]))
        });
        let sums =
            [("all".to_owned(), json!([board["live"]["all_time"], board["shadow"]["all_time"], board["top_earners"]]))];
        citizens.chain(sums).collect()
    }
}

fn feed_until_dead(
    line: &Line,
    load: &Load<'_>,
    feeder: usize,
    (acknowledge, dark): (&Sender<Came>, &Dark),
) -> Vec<Request> {
    let mut sent = Vec::new();
    while sent.len() < load.requests {
        let request = request(load.name, feeder, sent.len());
        sent.push(request.clone());
        let Request { path, content_type, body, events } = request;
        let (came, is_over) = match line.post(path, content_type, &body) {
            Some((200, answer)) => (Came::Told(told(path, &answer, dark.has_begun())), false),
            Some((503, answer)) => match answer["error"]["code"].as_str() {
                Some("busy" | "disk_full") => {
                    // As whoever is told to come again in a moment does.
                    std::thread::sleep(Duration::from_millis(5));
                    (Came::Refused(events), false)
                }
                Some("stopped" | "stopping") => (Came::Refused(events), true),
                _ => (Came::Doubtful(events), true),
            },
            Some((status, answer)) => panic!("{status}: {answer}"),
            None => (Came::Doubtful(events), true),
        };
        // Nobody listens any more only where the test has failed.
        let _ = acknowledge.send(came);
        if is_over {
            break;
        }
    }
    sent
}

/// The most that the dashboard showed.
fn look_until_dead(line: &Line, is_over: &AtomicBool, dark: &Dark) -> Decimal {
    let mut most = Decimal::ZERO;
    while !is_over.load(Ordering::Acquire) {
        let Some((200, board)) = line.get("/api/revenue/dashboard") else { break };
        if dark.has_begun() {
            break;
        }
        most = most.max(earned(&board).unwrap_or_default());
    }
    most
}

/// What a dashboard has, of all time.
fn earned(board: &Value) -> Option<Decimal> {
    let [live, shadow] = ["live", "shadow"].map(|stage| board[stage]["all_time"].as_str());
    Some(live?.parse::<Decimal>().ok()? + shadow?.parse::<Decimal>().ok()?)
}

/// How many events there are.
fn facts(sidecar: &Sidecar) -> usize {
    let metrics = sidecar.get("/metrics").1;
    let lines = metrics.as_str().unwrap_or_default().lines();
    { lines }.find_map(|line| line.strip_prefix("rialto_ledger_facts_total ")?.parse().ok()).expect("a number of facts")
}

fn decimal(amount: &Value) -> Decimal {
    amount.as_str().map_or(Decimal::ZERO, |amount| amount.parse().unwrap())
}

/// The same name is the same request.
fn request(name: &str, feeder: usize, place: usize) -> Request {
    let batch = BATCHES[feeder];
    let names = (0..batch).map(|event| format!("{name}-{feeder}-{place}-{event}"));
    let (path, record): (_, fn(&str) -> String) =
        if place.is_multiple_of(2) { ("/v1/activities", activity) } else { ("/v1/messages", message) };
    let (content_type, end) = if batch == 1 { (JSON, "") } else { (LINES, "\n") };
    let body = names.clone().map(|name| record(&name) + end).collect();
    Request { path, content_type, body, events: names.map(|name| format!("{path}/rec-{name}")).collect() }
}

/// One of four kinds, and an amount, by what is in its name: the same name is the same record.
fn activity(name: &str) -> String {
    let number = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let citizen = format!("citizen_{}", number % CITIZENS);
    let (kind, status) = match number / CITIZENS % 4 {
        0 => ("goto_work", "processed"),
        1 => ("paid_service", "failed"),
        _ => ("paid_service", "processed"),
    };
    let notes = json!({ "revenue": { "minutes": 1 + number % 97, "expertise": 1.1, "service": "advice" } });
    json!({ "id": format!("rec-{name}"), "createdTime": "2025-07-02T08:00:00.000Z", "fields": {
        "Type": kind, "Citizen": citizen, "Status": status, "EndDate": "2025-07-02T09:30:00+00:00",
        "Notes": notes.to_string(),
    }})
    .to_string()
}

fn message(name: &str) -> String {
    let number = name.bytes().map(u64::from).sum::<u64>();
    let receiver = if number % 3 == 0 { "citizen_0" } else { "@somebody" };
    json!({ "id": format!("rec-{name}"), "fields": {
        "Sender": format!("citizen_{}", 1 + number % (CITIZENS - 1)), "Receiver": receiver, "Content": "Salve",
        "CreatedAt": "2025-07-02T09:30:00Z",
    }})
    .to_string()
}

fn told(path: &str, answer: &Value, is_late: bool) -> Vec<Told> {
    let results = answer["results"].as_array().expect("results");
    let one = |result: &Value| {
        let status = result["status"].as_str().unwrap();
        assert!(["recorded", "priced", "duplicate"].contains(&status), "{result}");
        let id = result["id"].as_str().unwrap();
        let [amount, transaction] = ["amount", "transaction_id"].map(|key| result[key].clone());
        Told { event: format!("{path}/{id}"), amount, transaction, is_late }
    };
    results.iter().map(one).collect()
}
