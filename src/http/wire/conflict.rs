//! An event that contradicted an earlier one, or the tariff: what was charged, what it says instead, and in what
//! the two differ. Accepting it keeps what was charged.

use serde::Serialize;

use super::why::{currency, figure, price};
use crate::domain::activity::{Activity, Stated};
use crate::domain::names::Name;
use crate::domain::tariff::timeline::Tariffs;
use crate::wiring::Disputed;

/// A conflict or a discrepancy.
#[derive(Debug, Serialize)]
pub struct Contradiction {
    number: u32,
    kind: &'static str,
    accepted: bool,
    feed: &'static str,
    source_id: String,
    outcome: &'static str,
    recorded_at: String,
    charged: String,
    other_amount: String,
    currency: String,
    differs: Vec<Difference>,
    why: String,
}

/// A figure or word in which the two differ; `null` where there is none, or where only a digest of it is kept.
#[derive(Debug, Serialize)]
struct Difference {
    field: &'static str,
    first: Option<String>,
    other: Option<String>,
}

impl Contradiction {
    /// One of the list, its times in `zone`.
    pub fn new(disputed: &Disputed, tariffs: &Tariffs, zone: chrono_tz::Tz) -> Contradiction {
        let Disputed { number, is_discrepancy, is_accepted, event, first } = disputed;
        let charged = price(first, tariffs).0.to_string();
        let currency = currency(first, tariffs).to_string();
        let (kind, other_amount, differs, why) = if *is_discrepancy {
            let declared = figure(event.activity.declared).unwrap_or_default();
            let why = format!("it declares {declared}, and the tariff charges {charged} {currency}; the tariff holds");
            ("discrepancy", declared, Vec::new(), why)
        } else {
            let differs = differences(&first.activity, &event.activity);
            let why = match differs.as_slice() {
                [] => "the same id came before in another way; the first stays".to_owned(),
                some => {
                    let fields: Vec<&str> = some.iter().map(|one| one.field).collect();
                    format!("the same id came before with another {}; the first stays", fields.join(", "))
                }
            };
            ("conflict", price(event, tariffs).0.to_string(), differs, why)
        };
        Contradiction {
            number: *number,
            kind,
            accepted: *is_accepted,
            feed: event.activity.feed.as_str(),
            source_id: event.activity.source_id.to_string(),
            outcome: event.activity.outcome.as_str(),
            recorded_at: event.recorded_at.in_zone(zone),
            charged,
            other_amount,
            currency,
            differs,
            why,
        }
    }
}

/// In what two events of one id differ, of all that their price depends on.
fn differences(first: &Activity, other: &Activity) -> Vec<Difference> {
    let name = |name: Option<Name>| name.map(|name| name.to_string());
    // 60 and 60.00 are the same figure.
    let figure = |stated: Stated| match stated {
        Stated::Is(figure) => Some(figure.normalize().to_string()),
        other => figure(other),
    };
    let shown = |activity: &Activity| {
        [
            ("outcome", Some(activity.outcome.as_str().to_owned())),
            ("type", name(activity.kind)),
            ("citizen", name(activity.citizen)),
            ("business", name(activity.business)),
            ("from_building", name(activity.from_building)),
            ("to_building", name(activity.to_building)),
            ("client", name(activity.client)),
            ("service", name(activity.service)),
            ("minutes", figure(activity.minutes)),
            ("expertise", figure(activity.expertise)),
            ("declared", figure(activity.declared)),
        ]
    };
    let pairs = shown(first).into_iter().zip(shown(other));
    let differ = pairs.filter(|((_, first), (_, other))| first != other);
    let told = differ.map(|((field, first), (_, other))| Difference { field, first, other });
    let kept = [("receiver", first.receiver != other.receiver), ("channel", first.channel != other.channel)];
    let unseen = kept.into_iter().filter(|(_, differs)| *differs);
    told.chain(unseen.map(|(field, _)| Difference { field, first: None, other: None })).collect()
}
