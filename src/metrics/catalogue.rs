//! The catalogue: every metric there is, declared once. What is counted, rendered, documented and tested is what stands
//! here, and nothing else.
//!
//! Amounts of money are in units of their currency, times in seconds, sizes in bytes. A label is of a closed set, or of
//! so many values at most as its declaration says: no metric has a series for each citizen, activity or invoice.

use metrics::Unit;

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// What it is called: `rialto`, the floor, the thing, its unit, and `total` where it only grows.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [Label],
    /// What it tells.
    pub help: &'static str,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, but for restarts.
    Counter,
    /// It goes up and down.
    Gauge,
    /// So many of each size.
    Histogram,
}

impl Kind {
    /// As Prometheus calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// A label, and what values it has.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Its values.
    pub values: &'static str,
}

impl Metric {
    /// Its unit, where it has one that is not the thing itself.
    pub fn unit(&self) -> Option<Unit> {
        let base = self.name.trim_end_matches("_total");
        [Unit::Seconds, Unit::Bytes].into_iter().find(|unit| base.ends_with(unit.as_str()))
    }

    /// The floor that it is of.
    pub fn floor(&self) -> &'static str {
        self.name.split('_').nth(1).unwrap_or_default()
    }

    const fn new(kind: Kind, name: &'static str, labels: &'static [Label], help: &'static str) -> Metric {
        Metric { name, kind, labels, help }
    }
}

const fn label(name: &'static str, values: &'static str) -> Label {
    Label { name, values }
}

const FEED: Label = label("feed", "`activity`, `message`");
const RESULT: Label = label("result", "`recorded`, `priced`, `duplicate`, `conflict`, `rejected`");
const CURRENCY: Label = label("currency", "such as `EUR`: those that anything was charged in");
const STAGE: Label = label("stage", "`shadow`, `live`");
const PERIOD: Label =
    label("period", "`day`, `week`, `month`, `all_time`: the current ones, in the configured time zone");
const RULE: Label = label("rule", "the rules of the tariffs, each by its name");
const TARGET: Label = label("target", "the configured targets, each by its name");
const ENTRY: Label = label("entry", "`house`, `webhooks` (the address for Stripe alone)");
const ROUTE: Label = label("route", "the paths of the API with `{id}` for ids, and `other`");

macro_rules! catalogue {
    ($($constant:ident = $kind:ident $name:literal [$($label:expr),*] $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: Metric = Metric::new(Kind::$kind, $name, &[$($label),*], $help);)*

        /// All of them, floor by floor.
        pub const ALL: &[Metric] = &[$($constant),*];
    };
}

catalogue! {
    DOOR_EVENTS = Counter "rialto_door_events_total" [FEED, RESULT]
        "Events by feed and result.";
    DOOR_ACTIVITIES = Counter "rialto_door_activities_total" [
        label("class", "`service`, `message`, `movement`, `transport`, `production`, `trade`, `property`, `daily`, `culture`, `other`"),
        RESULT
    ] "Activities that could be read, by the class of their type and result.";
    DOOR_MESSAGES = Counter "rialto_door_messages_total" [label("reach", "`external`, `internal`, `undecided`")]
        "Messages taken, by whether they left the simulation; what no rule decides is not charged.";
    DOOR_TIMES = Counter "rialto_door_times_total" [label("basis", "`exact`, `naive`, `absent`, `before_2000`, `unreadable`")]
        "Events taken, by how their time was come by.";
    DOOR_UNDER_WAY = Gauge "rialto_door_under_way" []
        "Events that were taken in and are not durable yet.";
    DOOR_LAST_EVENT = Gauge "rialto_door_last_event_timestamp_seconds" [FEED]
        "When the last event was taken: since 1970, by the machine's clock. After a start, when the book had its last one.";
    DOOR_LAST_PRICED = Gauge "rialto_door_last_priced_timestamp_seconds" [FEED]
        "When the last event was taken that was priced above nothing.";
    DOOR_LAST_MESSAGE = Gauge "rialto_door_last_message_timestamp_seconds" []
        "When the last message was taken, by whichever feed.";
    DOOR_LAST_REQUEST = Gauge "rialto_door_last_request_timestamp_seconds" []
        "When anything last came to the door, be it an empty batch: the engine's heartbeat.";

    ACTORS_MAILBOX_DEPTH = Gauge "rialto_actors_mailbox_depth" []
        "Batches that wait in the mailboxes of citizens, businesses and the bookkeeper.";
    ACTORS_AWAKE = Gauge "rialto_actors_awake" []
        "Citizens and businesses whose actor is awake.";

    LEDGER_FACTS = Counter "rialto_ledger_facts_total" []
        "Events in the book.";
    LEDGER_CONFLICTS = Counter "rialto_ledger_conflicts_total" []
        "Events that contradicted an earlier one of the same id, or declare another amount than is charged.";
    LEDGER_CONFLICTS_OPEN = Gauge "rialto_ledger_conflicts_open" []
        "As many of those as nobody accepted.";
    LEDGER_MONEY = Gauge "rialto_ledger_money" [CURRENCY, STAGE, RULE]
        "Money charged to date, net of what was taken back.";
    LEDGER_CHARGES = Gauge "rialto_ledger_charges" [CURRENCY, STAGE, RULE]
        "Charges to date.";
    LEDGER_EARNED = Gauge "rialto_ledger_earned" [CURRENCY, STAGE, PERIOD]
        "Money charged in the current period. A float; the exact amount is the API's.";
    LEDGER_HELD = Gauge "rialto_ledger_held" [CURRENCY, STAGE]
        "Money that is held, and in no other sum.";
    LEDGER_BUSINESS_MONEY = Gauge "rialto_ledger_business_money" [
        CURRENCY,
        label("business", "the ten that earned most of all time, and `other`: all the rest, and what was for no business")
    ] "Money charged to date, by business.";
    LEDGER_TOP_EARNERS = Gauge "rialto_ledger_top_earners" [
        CURRENCY,
        PERIOD,
        label("citizen", "the ten that earned most in the period; who leaves the list leaves the series")
    ] "Money charged in the current period, by citizen.";

    ROLLOUT_HALTED = Gauge "rialto_rollout_halted" []
        "1 while everything is halted in memory alone, until a restart: a pause of all could not be made durable.";
    ROLLOUT_SUBJECTS = Gauge "rialto_rollout_subjects" [label("phase", "`shadow`, `live`, `paused`")]
        "Citizens, businesses and the whole that have a phase of their own, by phase.";
    ROLLOUT_MOVED = Gauge "rialto_rollout_moved_timestamp_seconds" []
        "When anything last changed its phase.";
    TARIFFS_IN_FORCE = Gauge "rialto_tariffs_in_force_timestamp_seconds" [label("version", "of the tariff that is in force, alone")]
        "Since when the tariff is in force.";
    GUARDS_HELD = Gauge "rialto_guards_held" []
        "Charges that are held.";
    GUARDS_PARKED = Gauge "rialto_guards_parked" []
        "Citizens of whom everything is held until somebody releases them.";

    TARGETS_GOAL = Gauge "rialto_targets_goal" [TARGET]
        "What is to be earned, in the tariff's currency.";
    TARGETS_REACHED = Gauge "rialto_targets_reached" [TARGET]
        "What counts towards it already.";
    TARGETS_RATE = Gauge "rialto_targets_rate" [TARGET]
        "What was earned a day, over the last seven days that are over.";
    TARGETS_NEEDED = Gauge "rialto_targets_needed" [TARGET]
        "What is needed a day for the days that are left.";
    TARGETS_BEHIND = Gauge "rialto_targets_behind" [TARGET]
        "1 while the pace is not enough, or the time is over.";
    TARGETS_MISSED = Gauge "rialto_targets_missed" [TARGET]
        "1 where the time is over and the goal was not reached.";
    TARGETS_PROJECTED = Gauge "rialto_targets_projected_timestamp_seconds" [TARGET]
        "When it would be reached at the pace of the last days; none where never.";

    BILLING_PIPELINE = Gauge "rialto_billing_pipeline" [
        CURRENCY,
        label(
            "stage",
            "`shadow`, `earned` (live), `held`, `without_payer`, `waiting`, `due`, `invoiced`, `collectable`, `collected`, `refunded`, `disputed`, `uncollectible`, `fees`"
        )
    ] "Money to date by how far it came, without taxes: from what was earned to what was collected.";
    BILLING_TAX = Gauge "rialto_billing_tax" [CURRENCY, label("stage", "`invoiced`, `collected`")]
        "Taxes beside what is invoiced and collected, in none of the other sums.";
    BILLING_BILLS = Gauge "rialto_billing_bills" [
        label("status", "`on_its_way`, `open`, `paid`, `uncollectible`, `void`, `credit_note`")
    ] "Bills by how they stand: on their way out, to be paid, paid, given up, come to nothing, or giving back what is on another.";
    BILLING_OPEN = Gauge "rialto_billing_open" [
        CURRENCY,
        label("age", "`week`, `month`, `quarter`, `older`: up to 7, 30, 90 days since they were drawn, and more")
    ] "What is invoiced and not paid, by age.";
    BILLING_OLDEST = Gauge "rialto_billing_oldest_open_timestamp_seconds" []
        "When the oldest invoice was drawn that is not paid; none where all are.";
    BILLING_FAILING = Gauge "rialto_billing_failing" [label("why", "`refused` (a step failed), `fault` (it is not as it was drawn)")]
        "Bills that do not get on.";
    BILLING_RESTS = Gauge "rialto_billing_rests" []
        "1 while the biller rests because Stripe does not let it in, or the folder is a copy.";
    BILLING_UNPLACED = Gauge "rialto_billing_unplaced_events" []
        "Events of Stripe's that are noted and not looked into yet.";
    BILLING_DIFFERENCES = Gauge "rialto_billing_differences" []
        "What the last reconciliation found that is not the same at Stripe and in the book; none before the first.";
    BILLING_RECONCILED = Gauge "rialto_billing_reconciled_timestamp_seconds" []
        "When the last reconciliation ended.";
    STRIPE_REQUESTS = Counter "rialto_stripe_requests_total" [
        label("endpoint", "Stripe's paths, with `:id` for ids"),
        label("result", "`ok`, `refused` (4xx), `limited` (429), `failed` (5xx), `lost` (no answer)")
    ] "Calls to Stripe.";
    STRIPE_REQUEST_SECONDS = Histogram "rialto_stripe_request_seconds" []
        "How long Stripe took for an answer.";
    WEBHOOKS_EVENTS = Counter "rialto_webhooks_events_total" [label("result", "`taken`, `refused`, `unreadable`, `failed`")]
        "Webhooks that came.";
    WEBHOOKS_DELAY = Histogram "rialto_webhooks_delay_seconds" []
        "How long after it happened a webhook came.";

    JOURNAL_SYNC = Histogram "rialto_journal_sync_seconds" []
        "How long a sync of the journal took.";
    JOURNAL_BYTES = Gauge "rialto_journal_bytes" []
        "Length of the journal.";
    JOURNAL_DISK_FULL = Gauge "rialto_journal_disk_full" []
        "1 while the disk that holds the journal is full.";
    JOURNAL_DISK_FREE = Gauge "rialto_journal_disk_free_bytes" []
        "What is free on the disk that holds the data folder.";
    JOURNAL_DISK_SIZE = Gauge "rialto_journal_disk_size_bytes" []
        "How large that disk is.";
    SNAPSHOT_AGE = Gauge "rialto_snapshot_age_seconds" []
        "Time since the last snapshot was taken.";
    SNAPSHOT_POSITION = Gauge "rialto_snapshot_position_bytes" []
        "How much of the journal the last snapshot covers.";

    HTTP_REQUESTS = Counter "rialto_http_requests_total" [ROUTE, label("status", "`ok`, `refused` (4xx), `failed` (5xx)")]
        "HTTP requests.";
    HTTP_REQUEST_SECONDS = Histogram "rialto_http_request_seconds" [ROUTE]
        "How long an HTTP request took.";
    HTTP_TOKENS_REFUSED = Counter "rialto_http_tokens_refused_total" [
        label("reason", "`none` was sent where one is needed, `unknown`, `scope` (it allows something else), `slowed` (too many unknown ones from one address)")
    ] "Requests that were refused for the token that they brought, or did not bring.";
    HTTP_REFUSALS = Counter "rialto_http_refusals_total" [label("code", "the codes of errors, as the answer has them, such as `busy`")]
        "HTTP requests that were refused as a whole, by the code that they were told.";
    HTTP_CONNECTIONS = Gauge "rialto_http_connections" [ENTRY]
        "Connections that are open.";
    HTTP_GIVEN_UP = Counter "rialto_http_connections_given_up_total" [ENTRY]
        "Connections that were closed because all places were taken and another came: those that were silent longest.";
    PROCESS_CPU = Counter "rialto_process_cpu_seconds_total" []
        "Processor time, the kernel's and its own; Linux alone.";
    PROCESS_RESIDENT = Gauge "rialto_process_resident_bytes" []
        "Memory that is resident; Linux alone.";
    PROCESS_START = Gauge "rialto_process_start_timestamp_seconds" []
        "When it started.";
    BUILD_INFO = Gauge "rialto_build_info" [label("version", "of this Rialto")]
        "1.";
}

/// The catalogue as a page for people.
pub fn markdown() -> String {
    let mut page = String::from(HEAD);
    let mut floor = "";
    for metric in ALL {
        if metric.floor() != floor {
            floor = metric.floor();
            page += &format!("\n## {floor}\n\n| metric | type | labels | what it tells |\n| --- | --- | --- | --- |\n");
        }
        let labels: Vec<String> =
            metric.labels.iter().map(|label| format!("`{}`: {}", label.name, label.values)).collect();
        let labels = labels.join("; ");
        page += &format!("| `{}` | {} | {labels} | {} |\n", metric.name, metric.kind.as_str(), metric.help);
    }
    page
}

const HEAD: &str = "\
# What Rialto tells Prometheus

This page is made from `src/metrics/catalogue.rs`, where every metric is declared; a test holds the two together
(`RIALTO_WRITE_METRICS=1 cargo test --test it metrics` writes it anew).

`GET /metrics` answers in the text format of Prometheus, and in OpenMetrics where the `Accept` header asks for that. Amounts of
money are floats in units of their currency: for looking at and for alarms. The exact amounts, to the millionth, are those of
`GET /api/revenue/dashboard`. Times are seconds, sizes bytes. Labels are closed sets, or bounded as said below.
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_say_what_a_metric_is() {
        let names: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len(), "no two have one name");
        for Metric { name, kind, help, labels } in ALL {
            assert!(name.starts_with("rialto_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert!(help.ends_with('.') && !help.contains(['\n', '|']), "{name}: {help}");
            let unbounded =
                labels.iter().find(|label| ["activity", "invoice", "payer", "client"].contains(&label.name));
            assert!(unbounded.is_none(), "{name} has a series for each of {unbounded:?}");
        }
    }

    #[test]
    fn a_unit_is_part_of_the_name() {
        for (name, unit) in [
            ("rialto_journal_sync_seconds", Some(Unit::Seconds)),
            ("rialto_process_cpu_seconds_total", Some(Unit::Seconds)),
            ("rialto_journal_bytes", Some(Unit::Bytes)),
            ("rialto_ledger_money", None),
        ] {
            let metric = ALL.iter().find(|metric| metric.name == name).expect("it is there");
            assert_eq!(metric.unit(), unit, "{name}");
        }
    }
}
