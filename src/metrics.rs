//! The meters: what Prometheus is told. Handles are held, so that counting costs a few nanoseconds,
//! and labels are closed sets: never an id.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::domain::activity::Basis;
use crate::domain::ids::Feed;
use crate::ledger::entry::Status;

/// The meters of one Rialto. There is no global recorder: in process it is a guest.
#[derive(Clone)]
pub struct Meters(Arc<Inner>);

struct Inner {
    handle: PrometheusHandle,
    recorder: PrometheusRecorder,
    events: [[Counter; Status::ALL.len()]; Feed::ALL.len()],
    undecided: Counter,
    doubtful_times: [Counter; Basis::ALL.len()],
    sync: Histogram,
}

static METADATA: Metadata<'static> = Metadata::new("rialto", Level::INFO, None);

impl Default for Meters {
    fn default() -> Meters {
        let latencies = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
        let builder = PrometheusBuilder::new();
        // The list is not empty, which is all that could be refused.
        let builder = match builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &latencies) {
            Ok(builder) => builder,
            Err(_) => PrometheusBuilder::new(),
        };
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        let describe = |name: &'static str, unit, help: &'static str| match name.ends_with("_total") {
            true => recorder.describe_counter(KeyName::from(name), unit, help.into()),
            false if name == "rialto_journal_sync_seconds" || name == "rialto_http_request_seconds" => {
                recorder.describe_histogram(KeyName::from(name), unit, help.into());
            }
            false => recorder.describe_gauge(KeyName::from(name), unit, help.into()),
        };
        for (name, unit, help) in CATALOGUE {
            describe(name, *unit, help);
        }
        let counter = |name: &'static str, labels: Vec<Label>| {
            recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
        };
        let events = Feed::ALL.map(|feed| {
            Status::ALL.map(|status| {
                let labels = vec![Label::new("feed", feed.as_str()), Label::new("result", status.as_str())];
                counter("rialto_door_events_total", labels)
            })
        });
        let undecided = counter("rialto_door_undecided_messages_total", vec![]);
        let doubtful_times =
            Basis::ALL.map(|basis| counter("rialto_door_times_total", vec![Label::new("basis", basis.as_str())]));
        let sync = recorder.register_histogram(&Key::from_name("rialto_journal_sync_seconds"), &METADATA);
        Meters(Arc::new(Inner { handle, events, undecided, doubtful_times, sync, recorder }))
    }
}

/// What is counted of many events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    events: [[u64; Status::ALL.len()]; Feed::ALL.len()],
    times: [u64; Basis::ALL.len()],
    undecided: u64,
}

impl Tally {
    /// Adds an event of a feed: its fate, how its time was come by, and whether no rule knew if it left the
    /// simulation.
    pub fn add(&mut self, feed: Feed, status: Status, basis: Basis, is_undecided: bool) {
        self.events[feed as usize][status as usize] += 1;
        if matches!(status, Status::Recorded | Status::Priced) {
            self.times[basis as usize] += 1;
            self.undecided += u64::from(is_undecided);
        }
    }
}

/// Every metric there is: its name, unit and help.
pub const CATALOGUE: &[(&str, Option<Unit>, &str)] = &[
    ("rialto_door_events_total", None, "Events by feed and result."),
    (
        "rialto_door_undecided_messages_total",
        None,
        "Messages that no rule knew to be external or internal; not charged.",
    ),
    ("rialto_door_times_total", None, "Events by how their time was come by."),
    ("rialto_door_under_way", None, "Events that were taken in and are not durable yet."),
    (
        "rialto_actors_mailbox_depth",
        None,
        "Batches that wait in the mailboxes of citizens, businesses and the bookkeeper.",
    ),
    ("rialto_ledger_money", None, "Money charged to date, by currency, stage and rule, in units of the currency."),
    ("rialto_ledger_charges", None, "Charges to date, by currency, stage and rule."),
    ("rialto_ledger_earned", None, "Money charged in the current period, by currency, stage and period."),
    ("rialto_ledger_held", None, "Money that is held and in no other sum, by currency and stage."),
    ("rialto_ledger_facts", None, "Events taken to date."),
    (
        "rialto_rollout_halted",
        None,
        "1 while everything is halted in memory alone, until a restart: a pause of all could not be made durable.",
    ),
    ("rialto_guards_held", None, "Charges that are held."),
    ("rialto_guards_parked", None, "Citizens of whom everything is held until somebody releases them."),
    ("rialto_targets_goal", None, "What is to be earned, by target, in units of the currency."),
    ("rialto_targets_reached", None, "What counts towards it already, by target."),
    ("rialto_targets_rate", None, "What was earned a day lately, by target."),
    ("rialto_targets_behind", None, "1 while the pace is not enough, or the time is over; by target."),
    (
        "rialto_ledger_conflicts",
        None,
        "Events that contradicted an earlier one of the same id, or declare another amount than is charged, to date.",
    ),
    ("rialto_ledger_conflicts_open", None, "As many of those as nobody accepted."),
    ("rialto_journal_sync_seconds", Some(Unit::Seconds), "How long a sync of the journal took."),
    ("rialto_journal_bytes", Some(Unit::Bytes), "Length of the journal."),
    ("rialto_journal_disk_full", None, "1 while the disk that holds the journal is full."),
    ("rialto_snapshot_age_seconds", Some(Unit::Seconds), "Time since the last snapshot was taken."),
    ("rialto_snapshot_position_bytes", Some(Unit::Bytes), "How much of the journal the last snapshot covers."),
    ("rialto_actors_awake", None, "Citizens and businesses whose actor is awake."),
    ("rialto_http_requests_total", None, "HTTP requests by route and status class."),
    ("rialto_http_request_seconds", Some(Unit::Seconds), "How long an HTTP request took, by route."),
];

impl Meters {
    /// Counts events whose receipts are given out.
    pub fn count(&self, tally: &Tally) {
        let Inner { events, doubtful_times, undecided, .. } = &*self.0;
        let counters = events.iter().flatten().chain(doubtful_times).chain([undecided]);
        let counts = tally.events.iter().flatten().chain(&tally.times).chain([&tally.undecided]);
        for (counter, count) in counters.zip(counts).filter(|(_, count)| 0 < **count) {
            counter.increment(*count);
        }
    }

    /// Counts events that were refused before they got in.
    pub fn rejected(&self, feed: Feed, count: usize) {
        self.0.events[feed as usize][Status::Rejected as usize].increment(count as u64);
    }

    /// Counts a sync.
    pub fn synced(&self, took: Duration) {
        self.0.sync.record(took);
    }

    /// A gauge of the [catalogue](CATALOGUE).
    pub fn gauge(&self, name: &'static str, labels: &[(&'static str, String)]) -> Gauge {
        let labels: Vec<Label> = labels.iter().map(|(key, value)| Label::new(*key, value.clone())).collect();
        self.0.recorder.register_gauge(&Key::from_parts(name, labels), &METADATA)
    }

    /// The counter and the histogram of requests for a route that ended in a class of statuses.
    pub fn requests(&self, route: &'static str, class: &'static str) -> (Counter, Histogram) {
        let labels = vec![Label::new("route", route), Label::new("status", class)];
        let counter =
            self.0.recorder.register_counter(&Key::from_parts("rialto_http_requests_total", labels), &METADATA);
        let route = vec![Label::new("route", route)];
        (counter, self.0.recorder.register_histogram(&Key::from_parts("rialto_http_request_seconds", route), &METADATA))
    }

    /// Everything, in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.0.handle.render()
    }

    /// Folds what histograms collected; to be called every few seconds.
    pub fn upkeep(&self) {
        self.0.handle.run_upkeep();
    }
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meters")
    }
}
