//! The answers as they are written: types of the wire, which the inside does not know.

use serde::Serialize;

use crate::actors::queries::Account;
use crate::domain::charge::{Free, Price, Stage};
use crate::domain::external::Ruling;
use crate::domain::ids::Feed;
use crate::domain::money::{Currency, Money, Sum};
use crate::domain::names::Name;
use crate::domain::rows::Row;
use crate::domain::tariff::Tariff;
use crate::ledger::entry::{Event, Receipt, Status};
use crate::ledger::totals::{ByStage, Role, both};
use crate::ledger::view::{Dashboard, TARGETS};
use crate::reading::Refusal;
use crate::wiring::{Fate, Transaction};

/// The answer to a batch of events.
#[derive(Debug, Default, Serialize)]
pub struct Batch<'a> {
    recorded: usize,
    priced: usize,
    duplicate: usize,
    conflict: usize,
    rejected: usize,
    results: Vec<Outcome<'a>>,
}

/// What became of one event of a batch.
#[derive(Debug, Serialize)]
pub struct Outcome<'a> {
    index: usize,
    id: Option<&'a str>,
    status: &'static str,
    amount: Option<String>,
    currency: Option<String>,
    stage: Option<&'static str>,
    transaction_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    upgraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Fault<'a>>,
}

/// Why one event was refused.
#[derive(Debug, Serialize)]
pub struct Fault<'a> {
    code: &'a str,
    message: &'a str,
}

impl<'a> Batch<'a> {
    /// Room for `count` results.
    pub fn with_capacity(count: usize) -> Batch<'a> {
        Batch { results: Vec::with_capacity(count), ..Batch::default() }
    }

    /// The next event was taken, with this receipt.
    pub fn receipt(&mut self, id: &'a str, receipt: &Receipt, currency: Currency) {
        *self.count(receipt.status) += 1;
        let is_refused = receipt.status == Status::Rejected;
        let (amount, stage) =
            receipt.charge.map_or((Money::ZERO, Stage::Shadow), |charge| (charge.amount, charge.stage));
        let currency = receipt.charge.map_or(currency, |charge| charge.currency);
        self.results.push(Outcome {
            index: self.results.len(),
            id: Some(id),
            status: receipt.status.as_str(),
            amount: (!is_refused).then(|| amount.to_string()),
            currency: (!is_refused).then(|| currency.to_string()),
            stage: (!is_refused).then(|| stage.as_str()),
            transaction_id: receipt.charge.map(|charge| charge.transaction.to_string()),
            upgraded: receipt.upgraded,
            error: is_refused
                .then_some(Fault { code: "book_full", message: "the book takes no more: see ARCHITECTURE.md, Limits" }),
        });
    }

    /// The next event was refused.
    pub fn refusal(&mut self, refusal: &'a Refusal) {
        self.rejected += 1;
        self.results.push(Outcome {
            index: self.results.len(),
            id: refusal.id.as_deref(),
            status: Status::Rejected.as_str(),
            amount: None,
            currency: None,
            stage: None,
            transaction_id: None,
            upgraded: false,
            error: Some(Fault { code: refusal.code.as_str(), message: &refusal.message }),
        });
    }

    /// The next row was taken; whether it was news.
    pub fn row(&mut self, id: &'a str, is_news: bool) {
        let status = if is_news { Status::Recorded } else { Status::Duplicate };
        *self.count(status) += 1;
        self.results.push(Outcome {
            index: self.results.len(),
            id: Some(id),
            status: status.as_str(),
            amount: None,
            currency: None,
            stage: None,
            transaction_id: None,
            upgraded: false,
            error: None,
        });
    }

    fn count(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Recorded => &mut self.recorded,
            Status::Priced => &mut self.priced,
            Status::Duplicate => &mut self.duplicate,
            Status::Conflict => &mut self.conflict,
            Status::Rejected => &mut self.rejected,
        }
    }
}

/// The dashboard: the brief's own keys first.
#[derive(Debug, Serialize)]
pub struct Board {
    today: String,
    week: String,
    month: String,
    top_earners: Vec<Earning>,
    currency: String,
    as_of: String,
    live: Periods,
    shadow: Periods,
    held: String,
    top_earners_by_period: TopByPeriod,
    targets: Vec<Goal>,
}

/// What one citizen earned.
#[derive(Debug, Serialize)]
pub struct Earning {
    citizen_id: &'static str,
    amount: String,
}

/// Sums of the current periods.
#[derive(Debug, Serialize)]
pub struct Periods {
    today: String,
    week: String,
    month: String,
    all_time: String,
}

#[derive(Debug, Serialize)]
struct TopByPeriod {
    today: Vec<Earning>,
    week: Vec<Earning>,
    month: Vec<Earning>,
}

#[derive(Debug, Serialize)]
struct Goal {
    name: &'static str,
    goal: String,
    reached: String,
    done: bool,
}

impl Board {
    /// The board of a dashboard, whose times are shown in `zone`.
    pub fn new(dashboard: &Dashboard, zone: chrono_tz::Tz) -> Board {
        let [today, week, month, _] = dashboard.periods.map(|stages| both(stages).to_string());
        let [top_today, top_week, top_month, top_earners] = dashboard.top_earners.each_ref().map(|earners| {
            let earning = |&(name, sum): &(Name, Sum)| Earning { citizen_id: name.as_str(), amount: sum.to_string() };
            earners.iter().map(earning).collect::<Vec<_>>()
        });
        let goals = TARGETS.into_iter().zip(dashboard.reached);
        Board {
            today,
            week,
            month,
            top_earners,
            currency: dashboard.currency.to_string(),
            as_of: dashboard.as_of.in_zone(zone),
            live: Periods::of(dashboard.periods, Stage::Live),
            shadow: Periods::of(dashboard.periods, Stage::Shadow),
            // Nothing can be held before there are guards.
            held: Sum::default().to_string(),
            top_earners_by_period: TopByPeriod { today: top_today, week: top_week, month: top_month },
            targets: goals
                .map(|(target, reached)| Goal {
                    name: target.name,
                    goal: target.goal.to_string(),
                    reached: reached.to_string(),
                    done: i128::from(target.goal.millionths()) <= reached.0,
                })
                .collect(),
        }
    }
}

impl Periods {
    fn of(periods: [ByStage; 4], stage: Stage) -> Periods {
        let [today, week, month, all_time] = periods.map(|stages| stages[stage as usize].to_string());
        Periods { today, week, month, all_time }
    }
}

/// A transaction.
#[derive(Debug, Serialize)]
pub struct Posted {
    id: String,
    feed: &'static str,
    source_id: String,
    occurred_at: String,
    recorded_at: String,
    amount: String,
    currency: String,
    stage: &'static str,
    rule: &'static str,
    tariff: u16,
    citizen_id: Option<&'static str>,
    business_id: Option<&'static str>,
    client_id: Option<&'static str>,
}

/// A page of transactions.
#[derive(Debug, Serialize)]
pub struct Page {
    transactions: Vec<Posted>,
    next: Option<String>,
}

impl Page {
    /// A page, and where the next one begins.
    pub fn new(transactions: Vec<Posted>, next: Option<crate::domain::ids::TransactionId>) -> Page {
        Page { transactions, next: next.map(|id| id.to_string()) }
    }
}

impl Posted {
    /// A transaction, its times in `zone`.
    pub fn new(transaction: &Transaction, tariff: &Tariff, zone: chrono_tz::Tz) -> Posted {
        let Transaction { id, charge, event } = transaction;
        Posted {
            id: id.to_string(),
            feed: event.activity.feed.as_str(),
            source_id: event.activity.source_id.to_string(),
            occurred_at: event.occurred_at.in_zone(zone),
            recorded_at: event.recorded_at.in_zone(zone),
            amount: charge.amount.to_string(),
            currency: charge.currency.to_string(),
            stage: charge.stage.as_str(),
            rule: tariff.rule_name(charge.rule),
            tariff: charge.tariff.0,
            citizen_id: event.activity.citizen.map(Name::as_str),
            business_id: event.draft.business.map(Name::as_str),
            client_id: event.activity.client.map(Name::as_str),
        }
    }
}

/// What became of an event, and why.
#[derive(Debug, Serialize)]
pub struct Told {
    feed: &'static str,
    source_id: String,
    second_id: Option<String>,
    r#type: Option<&'static str>,
    outcome: &'static str,
    occurred_at: String,
    recorded_at: String,
    time_basis: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_given: Option<String>,
    citizen_id: Option<&'static str>,
    business_id: Option<&'static str>,
    from_building: Option<&'static str>,
    to_building: Option<&'static str>,
    client_id: Option<&'static str>,
    service_type: Option<&'static str>,
    external: bool,
    external_rule: &'static str,
    status: &'static str,
    amount: String,
    currency: String,
    stage: &'static str,
    rule: Option<&'static str>,
    tariff: u16,
    transaction_id: Option<String>,
    reason: &'static str,
    why: String,
    upgraded: bool,
    conflicts: Vec<Contradiction>,
}

/// An event that contradicted an earlier one.
#[derive(Debug, Serialize)]
pub struct Contradiction {
    feed: &'static str,
    source_id: String,
    outcome: &'static str,
    recorded_at: String,
    amount_if_accepted: String,
    why: String,
}

impl Contradiction {
    /// What a conflicting event said.
    pub fn new(event: &Event<'_>, tariff: &Tariff, zone: chrono_tz::Tz) -> Contradiction {
        let (amount, _, _) = price(event, tariff);
        Contradiction {
            feed: event.activity.feed.as_str(),
            source_id: event.activity.source_id.to_string(),
            outcome: event.activity.outcome.as_str(),
            recorded_at: event.recorded_at.in_zone(zone),
            amount_if_accepted: amount.to_string(),
            why: "the same id came before with other content, or as processed; the first stays".to_owned(),
        }
    }
}

impl Told {
    /// The fate of an event, its times in `zone`.
    pub fn new(fate: &Fate, tariff: &Tariff, zone: chrono_tz::Tz) -> Told {
        let Fate { event, transaction, conflicts } = fate;
        let activity = &event.activity;
        let (amount, rule, reason) = price(event, tariff);
        let status = if transaction.is_some() { Status::Priced } else { Status::Recorded };
        let text = |name: Option<Name>| name.map(Name::as_str);
        Told {
            feed: activity.feed.as_str(),
            source_id: activity.source_id.to_string(),
            second_id: activity.second_id.as_ref().map(ToString::to_string),
            r#type: text(activity.kind),
            outcome: activity.outcome.as_str(),
            occurred_at: event.occurred_at.in_zone(zone),
            recorded_at: event.recorded_at.in_zone(zone),
            time_basis: activity.occurred.basis.as_str(),
            time_given: activity.occurred.text.as_ref().map(ToString::to_string),
            citizen_id: text(activity.citizen),
            business_id: text(event.draft.business),
            from_building: text(activity.from_building),
            to_building: text(activity.to_building),
            client_id: text(activity.client),
            service_type: text(activity.service),
            external: event.draft.ruling.is_external(),
            external_rule: event.draft.ruling.as_str(),
            status: status.as_str(),
            amount: amount.to_string(),
            currency: tariff.currency().to_string(),
            stage: event.stage.as_str(),
            rule,
            tariff: event.draft.tariff.0,
            transaction_id: transaction.map(|id| id.to_string()),
            reason,
            why: why(event, tariff),
            upgraded: event.is_upgrade,
            conflicts: conflicts.iter().map(|event| Contradiction::new(event, tariff, zone)).collect(),
        }
    }
}

fn price(event: &Event<'_>, tariff: &Tariff) -> (Money, Option<&'static str>, &'static str) {
    match event.draft.price {
        Price::Charge { rule, amount, .. } => (amount, Some(tariff.rule_name(rule)), "charged"),
        Price::Free(reason) => (Money::ZERO, None, reason.as_str()),
    }
}

/// The fate in a sentence.
fn why(event: &Event<'_>, tariff: &Tariff) -> String {
    let outside = match event.draft.ruling {
        Ruling::NotAMessage => String::new(),
        ruling => format!(" (the message is {})", ruling.as_str().replace('_', ", ")),
    };
    match event.draft.price {
        Price::Charge { rule, amount, currency } => format!(
            "rule {} of tariff {} charges {amount} {currency}{outside}; stage {}: {}",
            tariff.rule_name(rule),
            event.draft.tariff.0,
            event.stage.as_str(),
            match event.stage {
                Stage::Shadow => "tracked, never collected",
                Stage::Live => "collectable",
            }
        ),
        Price::Free(reason) => format!(
            "recorded at zero: {}{outside}",
            match reason {
                Free::NoRule => "no rule of the tariff is about it",
                Free::NotProcessed => "it was not processed",
                Free::NotExternal => "it stayed inside",
                Free::NoDuration => "a paid service that declares no minutes",
                Free::BadDuration => "a paid service whose minutes are no figure, or out of bounds",
                Free::BadExpertise => "a paid service whose expertise is no figure",
                Free::Nothing => "the rule comes to nothing",
            }
        ),
    }
}

/// A citizen or business.
#[derive(Debug, Serialize)]
pub struct Entity {
    id: &'static str,
    citizen: Option<Citizen>,
    building: Option<Building>,
    as_citizen: Option<Earned>,
    as_business: Option<Earned>,
}

#[derive(Debug, Serialize)]
struct Citizen {
    is_ai: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Building {
    r#type: Option<&'static str>,
    is_business: Option<bool>,
    run_by: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Earned {
    charges: u64,
    today: String,
    week: String,
    month: String,
    all_time: String,
}

impl Entity {
    /// What is known of `id`.
    pub fn new(id: Name, account: &Account) -> Entity {
        let earned = |role: Role| {
            account.earned.iter().find(|(of, ..)| *of == role).map(|(_, charges, periods)| {
                let [today, week, month, all_time] = periods.map(|stages| both(stages).to_string());
                Earned { charges: *charges, today, week, month, all_time }
            })
        };
        let mut entity = Entity {
            id: id.as_str(),
            citizen: None,
            building: None,
            as_citizen: earned(Role::Citizen),
            as_business: earned(Role::Business),
        };
        for row in &account.rows {
            match row {
                Row::Citizen(citizen) => entity.citizen = Some(Citizen { is_ai: citizen.is_ai }),
                Row::Building(building) => {
                    entity.building = Some(Building {
                        r#type: building.kind.map(Name::as_str),
                        is_business: building.is_business,
                        run_by: building.run_by.map(Name::as_str),
                    });
                }
            }
        }
        entity
    }
}

/// The word for a feed's events in messages.
pub fn events_of(feed: Feed) -> &'static str {
    match feed {
        Feed::Activity => "activities",
        Feed::Message => "messages",
    }
}
