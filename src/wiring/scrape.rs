//! What a look at the metrics shows of how things stand: numbers that are ready, so that nobody is kept waiting by it.

use super::biller::{Hired, Reconciled};
use super::planning::Prospect;
use super::{Inner, Rialto};
use crate::actors::door::Closed;
use crate::clock::Clock;
use crate::domain::charge::Stage;
use crate::domain::ids::Feed;
use crate::domain::money::Sum;
use crate::domain::rollout::Phase;
use crate::domain::targets::{Progress, State};
use crate::domain::time::Moment;
use crate::ledger::invoices::{Age, Invoices, State as Stands};
use crate::ledger::view::{Dashboard, View};
use crate::metrics::Entry;
use crate::metrics::catalogue::{self as all, Metric};
use crate::metrics::page::{Format, Samples};
use crate::metrics::process::{Process, disk};

const PERIODS: [&str; 4] = ["day", "week", "month", "all_time"];
const OTHER: &str = "other";
const STAGES: [&str; 2] = [Stage::Shadow.as_str(), Stage::Live.as_str()];

impl Rialto {
    /// Its metrics as of now.
    pub fn metrics(&self, format: Format) -> String {
        let Inner { meters, view, clock, planner, .. } = &*self.0;
        let (view, now) = (view.load_full(), clock.now());
        let mut samples = Samples::default();
        self.doors(&mut samples);
        self.money(&view, now, &mut samples);
        self.operating(&view, now, &mut samples);
        let dashboard = view.dashboard(self.tariff().currency(), now, &self.0.calendar);
        self.targets(&dashboard, &mut samples);
        let prospect = planner.prospect(view.recorded, now);
        self.billing(&view, prospect.as_deref(), &mut samples);
        self.machine(&view, &mut samples);
        meters.upkeep();
        meters.page(samples, format)
    }

    fn doors(&self, samples: &mut Samples) {
        let Inner { meters, door, registries, .. } = &*self.0;
        let heard = meters.heard();
        samples.put(&all::DOOR_UNDER_WAY, &[], door.under_way() as f64);
        for feed in Feed::ALL {
            samples.put(&all::DOOR_LAST_EVENT, &[feed.as_str()], heard.last_event(feed));
        }
        for feed in Feed::ALL {
            samples.put(&all::DOOR_LAST_PRICED, &[feed.as_str()], heard.last_priced(feed));
        }
        samples.put(&all::DOOR_LAST_MESSAGE, &[], heard.last_message());
        samples.put(&all::DOOR_LAST_REQUEST, &[], heard.last_request());
        samples.put(&all::ACTORS_MAILBOX_DEPTH, &[], door.mailbox_depth() as f64);
        samples.put(&all::ACTORS_AWAKE, &[], registries.awake() as f64);
    }

    fn money(&self, view: &View, now: Moment, samples: &mut Samples) {
        let tariffs = self.tariffs();
        samples.put(&all::LEDGER_FACTS, &[], view.facts as f64);
        samples.put(&all::LEDGER_CONFLICTS, &[], view.conflicts as f64);
        samples.put(&all::LEDGER_CONFLICTS_OPEN, &[], view.open_conflicts as f64);
        let rules = || {
            view.rules().map(|(currency, sum)| {
                (sum, [currency.to_string(), sum.stage.as_str().to_owned(), tariffs.rule_name(sum.rule).to_owned()])
            })
        };
        for (sum, labels) in rules() {
            samples.put(&all::LEDGER_MONEY, &labels.each_ref().map(String::as_str), units(sum.sum));
        }
        for (sum, labels) in rules() {
            samples.put(&all::LEDGER_CHARGES, &labels.each_ref().map(String::as_str), sum.count as f64);
        }
        let today = self.0.calendar.day(now);
        for earners in view.earners(today) {
            let currency = earners.currency.to_string();
            let earned = view.dashboard(earners.currency, now, &self.0.calendar).periods;
            for (period, stages) in PERIODS.into_iter().zip(earned) {
                for (stage, sum) in STAGES.into_iter().zip(stages) {
                    samples.put(&all::LEDGER_EARNED, &[&currency, stage, period], units(sum));
                }
            }
        }
        for (currency, held) in view.held_money() {
            for (stage, sum) in STAGES.into_iter().zip(held) {
                samples.put(&all::LEDGER_HELD, &[&currency.to_string(), stage], units(sum));
            }
        }
        for earners in view.earners(today) {
            let currency = earners.currency.to_string();
            let mut other = earners.all.0;
            // One that is called like the rest is among the rest.
            for (business, sum) in earners.businesses.iter().filter(|(business, _)| business.as_str() != OTHER) {
                other -= i128::from(*sum);
                samples.put(&all::LEDGER_BUSINESS_MONEY, &[&currency, business.as_str()], units(Sum((*sum).into())));
            }
            samples.put(&all::LEDGER_BUSINESS_MONEY, &[&currency, OTHER], units(Sum(other)));
        }
        for earners in view.earners(today) {
            let currency = earners.currency.to_string();
            for (period, citizens) in PERIODS.into_iter().zip(earners.citizens) {
                for (citizen, sum) in citizens {
                    let labels = [&*currency, period, citizen.as_str()];
                    samples.put(&all::LEDGER_TOP_EARNERS, &labels, units(Sum((*sum).into())));
                }
            }
        }
    }

    fn operating(&self, view: &View, now: Moment, samples: &mut Samples) {
        samples.put(&all::ROLLOUT_HALTED, &[], flag(self.0.door.is_halted()));
        for (phase, count) in Phase::ALL.into_iter().zip(view.phases.counts) {
            samples.put(&all::ROLLOUT_SUBJECTS, &[phase.as_str()], count as f64);
        }
        if Moment::OLDEST < view.phases.moved {
            samples.put(&all::ROLLOUT_MOVED, &[], self.since()(view.phases.moved));
        }
        let tariff = self.tariffs();
        let tariff = tariff.at(now);
        let effective = tariff.effective().max(Moment(0));
        samples.put(&all::TARIFFS_IN_FORCE, &[&tariff.version().0.to_string()], self.since()(effective));
        samples.put(&all::GUARDS_HELD, &[], view.held as f64);
        samples.put(&all::GUARDS_PARKED, &[], view.parked as f64);
    }

    fn targets(&self, dashboard: &Dashboard, samples: &mut Samples) {
        let targets =
            || dashboard.targets.all.iter().zip(dashboard.progress.iter().map(Some).chain(std::iter::repeat(None)));
        for (target, _) in targets() {
            samples.put(&all::TARGETS_GOAL, &[&target.name], units(Sum(target.goal.millionths().into())));
        }
        type Of = fn(&Progress) -> f64;
        let sums: [(&Metric, Of); 5] = [
            (&all::TARGETS_REACHED, |progress| units(progress.reached)),
            (&all::TARGETS_RATE, |progress| units(progress.rate_a_day)),
            (&all::TARGETS_NEEDED, |progress| units(progress.needed_a_day)),
            (&all::TARGETS_BEHIND, |progress| flag(matches!(progress.state, State::Behind | State::Missed))),
            (&all::TARGETS_MISSED, |progress| flag(progress.state == State::Missed)),
        ];
        for (metric, of) in sums {
            for (target, progress) in targets() {
                samples.put(metric, &[&target.name], progress.map_or(0.0, of));
            }
        }
        for (target, progress) in targets() {
            if let Some(day) = progress.and_then(|progress| progress.projected[0]) {
                samples.put(&all::TARGETS_PROJECTED, &[&target.name], self.since()(self.0.calendar.start(day)));
            }
        }
    }

    fn billing(&self, view: &View, prospect: Option<&Prospect>, samples: &mut Samples) {
        let Some(Prospect { outlook, invoices, unplaced, .. }) = prospect else { return };
        let now = self.0.clock.now();
        for earners in view.earners(self.0.calendar.day(now)) {
            let currency = earners.currency.to_string();
            let dashboard = view.dashboard(earners.currency, now, &self.0.calendar);
            let [shadow, live] = dashboard.periods[3];
            let held = Sum(dashboard.held.iter().map(|sum| sum.0).sum());
            let outlook = outlook.get(&earners.currency).copied().unwrap_or_default();
            let came = invoices.get(&earners.currency).cloned().unwrap_or_default();
            for (stage, sum) in [
                ("shadow", shadow),
                ("earned", live),
                ("held", held),
                ("without_payer", outlook.without_payer),
                ("waiting", outlook.waiting),
                ("due", outlook.due),
                ("invoiced", outlook.invoiced),
                ("collectable", outlook.collectable()),
                ("collected", outlook.collected),
                ("refunded", came.refunded),
                ("disputed", came.disputed),
                ("uncollectible", came.uncollectible),
                ("fees", came.fees),
            ] {
                samples.put(&all::BILLING_PIPELINE, &[&currency, stage], units(sum));
            }
        }
        for (currency, outlook) in outlook {
            let taxes = [("invoiced", outlook.invoiced_tax), ("collected", outlook.collected_tax)];
            for (stage, sum) in taxes {
                samples.put(&all::BILLING_TAX, &[&currency.to_string(), stage], units(sum));
            }
        }
        for state in Stands::ALL {
            let count: usize = invoices.values().map(|of| of.states[state as usize].0).sum();
            samples.put(&all::BILLING_BILLS, &[state.as_str()], count as f64);
        }
        for (currency, came) in invoices {
            for (age, sum) in Age::ALL.into_iter().zip(came.open) {
                samples.put(&all::BILLING_OPEN, &[&currency.to_string(), age.as_str()], units(sum));
            }
        }
        if let Some(oldest) = invoices.values().filter_map(|of| of.oldest).map(|oldest| oldest.at).min() {
            samples.put(&all::BILLING_OLDEST, &[], self.since()(oldest));
        }
        let sum = |of: fn(&Invoices) -> usize| invoices.values().map(of).sum::<usize>() as f64;
        samples.put(&all::BILLING_FAILING, &["refused"], sum(|of| of.refused));
        samples.put(&all::BILLING_FAILING, &["fault"], sum(|of| of.stuck));
        samples.put(&all::BILLING_RESTS, &[], flag(self.biller_rests().is_some()));
        samples.put(&all::BILLING_UNPLACED, &[], *unplaced as f64);
        if let Some(Reconciled { differences, at }) = self.0.biller.as_ref().and_then(Hired::reconciled) {
            samples.put(&all::BILLING_DIFFERENCES, &[], differences as f64);
            samples.put(&all::BILLING_RECONCILED, &[], self.since()(at));
        }
    }

    fn machine(&self, view: &View, samples: &mut Samples) {
        let Inner { door, images, folder, started, meters, .. } = &*self.0;
        for entry in Entry::ALL {
            samples.put(&all::HTTP_CONNECTIONS, &[entry.as_str()], meters.visitors(entry).open() as f64);
        }
        for entry in Entry::ALL {
            samples.put(&all::HTTP_GIVEN_UP, &[entry.as_str()], meters.visitors(entry).given_up() as f64);
        }
        samples.put(&all::JOURNAL_BYTES, &[], view.position as f64);
        samples.put(&all::JOURNAL_DISK_FULL, &[], flag(door.check() == Err(Closed::DiskFull)));
        if let Some((free, size)) = disk(folder.path()) {
            samples.put(&all::JOURNAL_DISK_FREE, &[], free);
            samples.put(&all::JOURNAL_DISK_SIZE, &[], size);
        }
        samples.put(&all::SNAPSHOT_AGE, &[], images.age().as_secs_f64());
        samples.put(&all::SNAPSHOT_POSITION, &[], images.position() as f64);
        if let Some(process) = Process::own() {
            samples.put(&all::PROCESS_CPU, &[], process.cpu_seconds);
            samples.put(&all::PROCESS_RESIDENT, &[], process.resident_bytes);
        }
        samples.put(&all::PROCESS_START, &[], started.0 as f64 / 1e6);
        samples.put(&all::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1.0);
    }

    /// Tells an instant of the sidecar's clock in seconds since 1970 by the machine's, which is the one that Prometheus
    /// has: they differ where time is simulated.
    fn since(&self) -> impl Fn(Moment) -> f64 + use<> {
        let ahead = self.0.clock.now().0 - Clock::system().now().0;
        // The same clock, looked at twice.
        let ahead = if ahead.abs() < 1_000_000 { 0 } else { ahead };
        move |moment| moment.0.saturating_sub(ahead) as f64 / 1e6
    }
}

fn flag(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

/// A metric is a float; the exact amounts are the API's.
fn units(sum: Sum) -> f64 {
    sum.0 as f64 / 1e6
}
