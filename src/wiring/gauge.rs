//! The gauges: what metrics show of the book as it stands.

use super::{Inner, Rialto};
use crate::actors::door::Closed;
use crate::domain::targets;

impl Rialto {
    pub(super) fn gauge(&self) {
        let Inner { meters, view, door, registries, images, calendar, clock, .. } = &*self.0;
        let tariffs = self.tariffs();
        let view = view.load();
        let set = |name, value: f64| meters.gauge(name, &[]).set(value);
        set("rialto_door_under_way", door.under_way() as f64);
        set("rialto_actors_mailbox_depth", door.mailbox_depth() as f64);
        set("rialto_ledger_facts", view.facts as f64);
        set("rialto_ledger_conflicts", view.conflicts as f64);
        set("rialto_ledger_conflicts_open", view.open_conflicts as f64);
        set("rialto_journal_bytes", view.position as f64);
        set("rialto_journal_disk_full", if door.check() == Err(Closed::DiskFull) { 1.0 } else { 0.0 });
        set("rialto_actors_awake", registries.awake() as f64);
        set("rialto_snapshot_age_seconds", images.age().as_secs_f64());
        set("rialto_snapshot_position_bytes", images.position() as f64);
        // A metric is a float; the exact amounts are the API's.
        let units = |millionths: i128| millionths as f64 / 1e6;
        for (currency, sum) in view.rules() {
            let labels = [
                ("currency", currency.to_string()),
                ("stage", sum.stage.as_str().to_owned()),
                ("rule", tariffs.rule_name(sum.rule).to_owned()),
            ];
            meters.gauge("rialto_ledger_money", &labels).set(units(sum.sum.0));
            meters.gauge("rialto_ledger_charges", &labels).set(sum.count as f64);
        }
        set("rialto_rollout_halted", if door.is_halted() { 1.0 } else { 0.0 });
        set("rialto_guards_held", view.held as f64);
        set("rialto_guards_parked", view.parked as f64);
        for (currency, held) in view.held_money() {
            for (stage, sum) in ["shadow", "live"].into_iter().zip(held) {
                let labels = [("currency", currency.to_string()), ("stage", stage.to_owned())];
                meters.gauge("rialto_ledger_held", &labels).set(units(sum.0));
            }
        }
        let dashboard = view.dashboard(self.tariff().currency(), clock.now(), calendar);
        for (number, target) in dashboard.targets.all.iter().enumerate() {
            let gauge = |name, value: f64| meters.gauge(name, &[("target", target.name.clone())]).set(value);
            let progress = dashboard.progress.get(number);
            gauge("rialto_targets_goal", units(target.goal.millionths().into()));
            gauge("rialto_targets_reached", units(progress.map_or(0, |progress| progress.reached.0)));
            gauge("rialto_targets_rate", units(progress.map_or(0, |progress| progress.rate_a_day.0)));
            let is_behind = progress
                .is_some_and(|progress| matches!(progress.state, targets::State::Behind | targets::State::Missed));
            gauge("rialto_targets_behind", if is_behind { 1.0 } else { 0.0 });
        }
        for (period, stages) in ["day", "week", "month", "all_time"].into_iter().zip(dashboard.periods) {
            for (stage, sum) in ["shadow", "live"].into_iter().zip(stages) {
                let labels = [
                    ("currency", dashboard.currency.to_string()),
                    ("stage", stage.to_owned()),
                    ("period", period.to_owned()),
                ];
                meters.gauge("rialto_ledger_earned", &labels).set(units(sum.0));
            }
        }
    }
}
