//! Orders that were given, and messages that nobody decided about.

use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Value, json};

use super::payer::shown;
use crate::domain::external::Class;
use crate::domain::names::Name;
use crate::domain::orders::{Act, What};
use crate::domain::rollout::Subject;
use crate::wiring::{Ordered, Undecided};

/// Orders, the newest first.
#[derive(Debug, Serialize)]
pub struct Orders {
    orders: Vec<Value>,
    next: Option<u64>,
}

impl Orders {
    /// These orders, of which a page has `limit`; times are in `zone`.
    pub fn new(found: &[Ordered], limit: usize, zone: Tz) -> Orders {
        let last = found.last().filter(|last| found.len() == limit && 1 < last.number);
        Orders {
            orders: found.iter().map(|ordered| order(ordered, zone)).collect(),
            next: last.map(|last| last.number),
        }
    }
}

fn order(ordered: &Ordered, zone: Tz) -> Value {
    let (what, about) = match &ordered.order.what {
        What::Tariff(tariff) => {
            ("tariff", json!({ "version": tariff.version().0, "effective": tariff.effective().in_zone(zone) }))
        }
        What::Move(moved) => {
            let to = moved.to.map_or("none", |phase| phase.as_str());
            let mut about = json!({ "to": to, "kind": moved.subject.as_str() });
            if moved.subject != Subject::All {
                about["id"] = moved.subject.id().map(Name::as_str).into();
            }
            ("rollout", about)
        }
        What::Release(transaction) => ("release", json!({ "transaction": transaction.to_string() })),
        What::ReleaseAll(name) => ("release", json!({ "name": name.as_str() })),
        What::Accept(number) => ("accept", json!({ "conflict": number })),
        What::Reverse(reverse) => ("reverse", json!({ "transaction": reverse.transaction.to_string() })),
        What::List(payer) => ("payer", shown(payer)),
        What::Strike(id) => ("payer", json!({ "id": id.as_str(), "removed": true })),
        What::Cancel(bill) => ("bill", json!({ "bill": bill.to_string(), "cancelled": true })),
        What::Rebill(bill) => ("bill", json!({ "bill": bill.to_string(), "billed_again": true })),
        What::Adopt(byname) => ("adopt", json!({ "byname": byname.as_str() })),
        What::Act(Act::Snapshot) => ("snapshot", json!({})),
        What::Act(Act::Run) => ("run", json!({})),
        What::Act(Act::Reconcile) => ("reconcile", json!({})),
        What::Act(Act::TokenAdded(name, allows)) => {
            ("token", json!({ "token": name.as_str(), "allows": allows.as_str() }))
        }
        What::Act(Act::TokenRemoved(name)) => ("token", json!({ "token": name.as_str(), "removed": true })),
        What::Act(Act::Erased(id)) => ("erase", json!({ "id": id.as_str() })),
        What::Close(open) => ("close", json!({ "open_from": open.date().to_string() })),
    };
    json!({
        "number": ordered.number,
        "at": ordered.at.in_zone(zone),
        "by": ordered.order.by.as_str(),
        "why": ordered.order.why.as_str(),
        "what": what,
        "about": about,
    })
}

/// Messages of which no rule says whether they left the simulation, the newest first.
#[derive(Debug, Serialize)]
pub struct Doubtful {
    undecided: Vec<Value>,
    next: Option<u32>,
}

impl Doubtful {
    /// These messages, times in `zone`; and where to go on.
    pub fn new(found: &[Undecided], next: Option<u32>, zone: Tz) -> Doubtful {
        let told = |undecided: &Undecided| {
            let event = &undecided.event;
            let receiver = event.activity.receiver;
            json!({
                "feed": event.activity.feed.as_str(),
                "source_id": event.activity.source_id.as_str(),
                "type": event.activity.kind.map(Name::as_str),
                "citizen": event.activity.citizen.map(Name::as_str),
                "occurred_at": event.occurred_at.in_zone(zone),
                "recorded_at": event.recorded_at.in_zone(zone),
                // Names of receivers are not kept: the same digest is the same one.
                "receiver": if receiver.class == Class::Absent { "none" } else { "unknown" },
                "receiver_digest": (receiver.digest != 0).then(|| format!("{:016x}", receiver.digest)),
            })
        };
        Doubtful { undecided: found.iter().map(told).collect(), next }
    }
}
