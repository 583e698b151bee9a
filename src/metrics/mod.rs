//! The meters: what Prometheus is told. Handles are held, so that counting costs a few nanoseconds,
//! and labels are closed sets: never an id.
//!
//! What happens is counted as it does, by the recorder of `metrics-exporter-prometheus`; how things stand is worked out for
//! each [page](page::Samples), so that what is not there any more is no series any more.

pub mod catalogue;
pub mod heard;
pub mod page;
pub mod process;
mod visitors;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Histogram, Key, KeyName, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use self::catalogue::{Kind, Metric};
use self::heard::Heard;
use self::page::{Format, Samples};
pub use self::visitors::{Entry, Visitors};
use crate::domain::activity::Basis;
use crate::domain::external::Ruling;
use crate::domain::ids::Feed;
use crate::domain::kinds::Class;
use crate::ledger::entry::Status;

/// The meters of one Rialto. There is no global recorder: in process it is a guest.
#[derive(Clone)]
pub struct Meters(Arc<Inner>);

struct Inner {
    handle: PrometheusHandle,
    recorder: PrometheusRecorder,
    heard: Heard,
    visitors: [Arc<Visitors>; Entry::ALL.len()],
    events: [[Counter; Status::ALL.len()]; Feed::ALL.len()],
    activities: [[Counter; Status::ALL.len()]; Class::ALL.len()],
    messages: [Counter; Reach::ALL.len()],
    times: [Counter; Basis::ALL.len()],
    sync: Histogram,
    stripe: Histogram,
    webhooks: Histogram,
    tokens: [Counter; TokenRefused::ALL.len()],
}

static METADATA: Metadata<'static> = Metadata::new("rialto", Level::INFO, None);

/// Bounds of how long things take that a disk or a neighbour does,
const LATENCIES: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
/// of answers over HTTP, which there are many kinds of,
const ANSWERS: [f64; 8] = [0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1.0, 5.0];
/// of what comes from Stripe,
const CALLS: [f64; 8] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0];
/// and of how late it comes.
const DELAYS: [f64; 8] = [1.0, 5.0, 15.0, 60.0, 300.0, 1_800.0, 10_800.0, 86_400.0];

/// Whether a message left the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
enum Reach {
    External = 0,
    Internal = 1,
    Undecided = 2,
}

impl Reach {
    const ALL: [Reach; 3] = [Reach::External, Reach::Internal, Reach::Undecided];

    const fn as_str(self) -> &'static str {
        match self {
            Reach::External => "external",
            Reach::Internal => "internal",
            Reach::Undecided => "undecided",
        }
    }

    /// Of what is no message there is none.
    fn of(ruling: Ruling) -> Option<Reach> {
        match ruling {
            Ruling::NotAMessage => None,
            Ruling::Undecided => Some(Reach::Undecided),
            ruling if ruling.is_external() => Some(Reach::External),
            _ => Some(Reach::Internal),
        }
    }
}

/// Why a request was refused for its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefused {
    /// None was sent where one is needed.
    None = 0,
    /// It is not known.
    Unknown = 1,
    /// It is for something else.
    Scope = 2,
    /// It is not known, and too many such came from that address.
    Slowed = 3,
}

impl TokenRefused {
    const ALL: [TokenRefused; 4] =
        [TokenRefused::None, TokenRefused::Unknown, TokenRefused::Scope, TokenRefused::Slowed];

    const fn as_str(self) -> &'static str {
        match self {
            TokenRefused::None => "none",
            TokenRefused::Unknown => "unknown",
            TokenRefused::Scope => "scope",
            TokenRefused::Slowed => "slowed",
        }
    }
}

impl Default for Meters {
    fn default() -> Meters {
        let bounds = [
            (&catalogue::JOURNAL_SYNC, &LATENCIES[..]),
            (&catalogue::HTTP_REQUEST_SECONDS, &ANSWERS),
            (&catalogue::STRIPE_REQUEST_SECONDS, &CALLS),
            (&catalogue::WEBHOOKS_DELAY, &DELAYS),
        ];
        let builder = bounds.into_iter().fold(PrometheusBuilder::new(), |builder, (metric, bounds)| {
            // The list is not empty, which is all that could be refused.
            builder
                .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)
                .unwrap_or_else(|_| PrometheusBuilder::new())
        });
        let recorder = builder.build_recorder();
        for metric in catalogue::ALL {
            let (name, help) = (KeyName::from(metric.name), metric.help.into());
            match metric.kind {
                Kind::Counter => recorder.describe_counter(name, metric.unit(), help),
                Kind::Histogram => recorder.describe_histogram(name, metric.unit(), help),
                Kind::Gauge => {}
            }
        }
        let counter =
            |metric: &Metric, labels: &[&'static str]| recorder.register_counter(&key(metric, labels), &METADATA);
        let histogram = |metric: &Metric| recorder.register_histogram(&key(metric, &[]), &METADATA);
        let events = Feed::ALL
            .map(|feed| Status::ALL.map(|status| counter(&catalogue::DOOR_EVENTS, &[feed.as_str(), status.as_str()])));
        let activities = Class::ALL.map(|class| {
            Status::ALL.map(|status| counter(&catalogue::DOOR_ACTIVITIES, &[class.as_str(), status.as_str()]))
        });
        let messages = Reach::ALL.map(|reach| counter(&catalogue::DOOR_MESSAGES, &[reach.as_str()]));
        let times = Basis::ALL.map(|basis| counter(&catalogue::DOOR_TIMES, &[basis.as_str()]));
        let [sync, stripe, webhooks] =
            [&catalogue::JOURNAL_SYNC, &catalogue::STRIPE_REQUEST_SECONDS, &catalogue::WEBHOOKS_DELAY].map(histogram);
        let tokens = TokenRefused::ALL.map(|reason| counter(&catalogue::HTTP_TOKENS_REFUSED, &[reason.as_str()]));
        let (handle, heard, visitors) = (recorder.handle(), Heard::default(), Default::default());
        Meters(Arc::new(Inner {
            handle,
            recorder,
            heard,
            visitors,
            events,
            activities,
            messages,
            times,
            sync,
            stripe,
            webhooks,
            tokens,
        }))
    }
}

fn key(metric: &Metric, values: &[&'static str]) -> Key {
    debug_assert_eq!(metric.labels.len(), values.len(), "{}", metric.name);
    let labels: Vec<Label> =
        metric.labels.iter().zip(values).map(|(label, value)| Label::new(label.name, *value)).collect();
    Key::from_parts(metric.name, labels)
}

/// What is counted of many events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    events: [[u64; Status::ALL.len()]; Feed::ALL.len()],
    activities: [[u64; Status::ALL.len()]; Class::ALL.len()],
    messages: [u64; Reach::ALL.len()],
    times: [u64; Basis::ALL.len()],
}

/// What is counted of one event.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Its feed.
    pub feed: Feed,
    /// The class of its type.
    pub class: Class,
    /// What became of it.
    pub status: Status,
    /// How its time was come by.
    pub basis: Basis,
    /// Whether it is a message that left the simulation.
    pub ruling: Ruling,
}

impl Tally {
    /// Adds an event.
    pub fn add(&mut self, counted: Counted) {
        let Counted { feed, class, status, basis, ruling } = counted;
        self.events[feed as usize][status as usize] += 1;
        if feed == Feed::Activity {
            self.activities[class as usize][status as usize] += 1;
        }
        if matches!(status, Status::Recorded | Status::Priced) {
            self.times[basis as usize] += 1;
            if let Some(reach) = Reach::of(ruling) {
                self.messages[reach as usize] += 1;
            }
        }
    }

    fn is_any(&self, feed: Feed, of: &[Status]) -> bool {
        of.iter().any(|status| 0 < self.events[feed as usize][*status as usize])
    }
}

impl Meters {
    /// Counts events whose receipts are given out.
    pub fn count(&self, tally: &Tally) {
        let Inner { heard, events, activities, messages, times, .. } = &*self.0;
        let counters = events.iter().flatten().chain(activities.iter().flatten()).chain(messages).chain(times);
        let events = tally.events.iter().flatten().chain(tally.activities.iter().flatten());
        let counts = events.chain(&tally.messages).chain(&tally.times);
        for (counter, count) in counters.zip(counts).filter(|(_, count)| 0 < **count) {
            counter.increment(*count);
        }
        for feed in Feed::ALL {
            // What is sent once more says that the engine is alive, too.
            if tally.is_any(feed, &[Status::Recorded, Status::Priced, Status::Duplicate, Status::Conflict]) {
                heard.event(feed, tally.is_any(feed, &[Status::Priced]));
            }
        }
        if tally.messages.iter().any(|count| 0 < *count) {
            heard.message();
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

    /// Counts a request for a route that ended in a class of statuses.
    pub fn requested(&self, route: &'static str, class: &'static str, took: Duration) {
        let Inner { recorder, .. } = &*self.0;
        recorder.register_counter(&key(&catalogue::HTTP_REQUESTS, &[route, class]), &METADATA).increment(1);
        recorder.register_histogram(&key(&catalogue::HTTP_REQUEST_SECONDS, &[route]), &METADATA).record(took);
    }

    /// Counts a request that was refused for its token, or for want of one.
    pub fn token_refused(&self, reason: TokenRefused) {
        self.0.tokens[reason as usize].increment(1);
    }

    /// Counts a request that was refused, by the code that it was told.
    pub fn refused(&self, code: &'static str) {
        self.0.recorder.register_counter(&key(&catalogue::HTTP_REFUSALS, &[code]), &METADATA).increment(1);
    }

    /// Those who come in at an address.
    pub fn visitors(&self, entry: Entry) -> Arc<Visitors> {
        Arc::clone(&self.0.visitors[entry as usize])
    }

    /// Counts a call to Stripe, and how long its answer took where there was one.
    pub fn called(&self, endpoint: &str, result: &'static str, took: Option<Duration>) {
        let labels = catalogue::STRIPE_REQUESTS.labels.iter().zip([endpoint.to_owned(), result.to_owned()]);
        let labels: Vec<Label> = labels.map(|(label, value)| Label::new(label.name, value)).collect();
        let key = Key::from_parts(catalogue::STRIPE_REQUESTS.name, labels);
        self.0.recorder.register_counter(&key, &METADATA).increment(1);
        if let Some(took) = took {
            self.0.stripe.record(took);
        }
    }

    /// Counts a webhook.
    pub fn webhook(&self, result: &'static str) {
        self.0.recorder.register_counter(&key(&catalogue::WEBHOOKS_EVENTS, &[result]), &METADATA).increment(1);
    }

    /// A webhook came so long after what it tells.
    pub fn webhook_late(&self, delay: Duration) {
        self.0.webhooks.record(delay);
    }

    /// When anything was last heard of the engine.
    pub fn heard(&self) -> &Heard {
        &self.0.heard
    }

    /// Everything: what was counted, and these samples of how things stand.
    pub fn page(&self, samples: Samples, format: Format) -> String {
        samples.page(&self.0.handle.render(), format)
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
