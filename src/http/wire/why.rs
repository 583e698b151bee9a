//! Why an event came to its price, in words: the rule and its arithmetic, and what became of the charge.

use rust_decimal::Decimal;

use super::invoices::status as status_of;
use crate::domain::activity::Stated;
use crate::domain::charge::{Free, Price, Stage};
use crate::domain::external::Ruling;
use crate::domain::money::{Currency, Money};
use crate::domain::tariff::RuleId;
use crate::domain::tariff::asks::{self, Model};
use crate::domain::tariff::timeline::Tariffs;
use crate::ledger::entry::Event;
use crate::wiring::Transaction;

/// The fate of an event in a sentence; `own` is its charge, if it earned.
pub(super) fn why(event: &Event<'_>, own: Option<&Transaction>, tariffs: &Tariffs) -> String {
    let outside = match event.draft.ruling {
        Ruling::NotAMessage => String::new(),
        ruling => format!(" (the message is {})", external_rule(ruling, event, tariffs).replacen('_', ", ", 1)),
    };
    match event.draft.price {
        Price::Charge { rule, amount, currency } => format!(
            "rule {} of tariff {} charges {amount} {currency}{}{outside}; stage {}: {}",
            tariffs.rule_name(rule),
            event.draft.tariff.0,
            arithmetic(event, tariffs, rule),
            event.stage.as_str(),
            became(event.stage, own),
        ),
        Price::Counted { rule } => format!("rule {} counts it{outside}", tariffs.rule_name(rule)),
        Price::Free(reason) => format!(
            "recorded at zero: {}{outside}",
            match reason {
                Free::NoRule => "no rule of the tariff is about it",
                Free::NotProcessed => "only what is processed earns",
                Free::NotExternal if event.draft.ruling == Ruling::Undecided => {
                    "nothing says whether its receiver is outside, and in doubt nobody is charged"
                }
                Free::NotExternal => "it stayed inside",
                Free::NoDuration => "a paid service that declares no minutes",
                Free::BadDuration => "a paid service whose minutes are no figure",
                Free::BadExpertise => "a paid service whose expertise is no figure",
                Free::Nothing => "the rule comes to nothing",
                Free::Allowance => "it is within what is free in this period",
                Free::TooMuch => "it comes to more than an amount can be",
                Free::NoDeclared => "the rule takes a declared amount, and there is none",
                Free::BadDeclared => "the rule takes a declared amount, and it is no figure",
            }
        ),
    }
}

/// Whether a charge is collected, and what an operator did about it.
fn became(stage: Stage, own: Option<&Transaction>) -> String {
    let done = match own {
        Some(Transaction { reversed_by: Some(by), .. }) => Some(format!("taken back by {by}")),
        Some(Transaction { released_by: Some(by), .. }) => Some(format!("it was held, and {by} released it")),
        Some(own) if own.is_held() => Some("held, and in no sum until it is released".to_owned()),
        _ => None,
    };
    let is_back = own.is_some_and(|own| own.reversed_by.is_some());
    let is_held = own.is_some_and(Transaction::is_held);
    match (stage, done) {
        (Stage::Shadow, None) => "tracked, never collected".to_owned(),
        (Stage::Shadow, Some(done)) => format!("tracked, never collected; {done}"),
        (Stage::Live, None) => match own.and_then(|own| own.bill.as_ref()) {
            None => "collectable".to_owned(),
            Some(bill) if bill.is_dead() => format!("it was on {}, which came to nothing", bill.no),
            Some(bill) => format!("on {}, which is {}", bill.no, status_of(bill)),
        },
        (Stage::Live, Some(done)) if is_back => format!("{done}, so that nothing of it is collected"),
        (Stage::Live, Some(done)) if is_held => format!("{done}, and then collectable"),
        (Stage::Live, Some(done)) => format!("collectable; {done}"),
    }
}

pub(super) fn figure(stated: Stated) -> Option<String> {
    match stated {
        Stated::Absent => None,
        Stated::Is(figure) => Some(figure.to_string()),
        Stated::Unreadable(_) => Some("unreadable".to_owned()),
    }
}

pub(super) fn price(event: &Event<'_>, tariffs: &Tariffs) -> (Money, Option<&'static str>, &'static str) {
    match event.draft.price {
        Price::Charge { rule, amount, .. } => (amount, Some(tariffs.rule_name(rule)), "charged"),
        Price::Free(reason) => (Money::ZERO, None, reason.as_str()),
        // No event is posted before its price is settled.
        Price::Counted { rule } => (Money::ZERO, Some(tariffs.rule_name(rule)), "counted"),
    }
}

/// How the rule came to its price, as far as the event alone tells.
fn arithmetic(event: &Event<'_>, tariffs: &Tariffs, id: RuleId) -> String {
    let rule = tariffs.version(event.draft.tariff).and_then(|tariff| tariff.rule(id));
    let Some((rule, measure)) = rule.and_then(|rule| Some((rule, rule.asks.measure(&event.activity).ok()?))) else {
        return String::new();
    };
    let quantity = asks::decimal_of(measure.quantity.into()) / Decimal::from(rule.asks.unit.size());
    let quantity = shown(quantity);
    let one_or_many = if quantity == Decimal::ONE { "" } else { "s" };
    let unit = format!("{}{one_or_many}", rule.asks.unit.as_str());
    let times = if rule.asks.times_expertise { expertise(event, measure.factor) } else { String::new() };
    match (&rule.asks.model, event.used) {
        (Model::PerUnit(rate), None) => {
            let bounds = [(rule.asks.minimum, "at least"), (rule.asks.maximum, "at most")];
            let bounds = bounds.into_iter().filter_map(|(bound, words)| Some(format!(", {words} {}", bound?)));
            format!(" ({} × {} {unit}{times}{})", rate.decimal(), quantity, bounds.collect::<String>())
        }
        _ => format!(
            " ({} {unit}{times}, counted by meter {} of its {} in the {} from {})",
            quantity,
            rule.meter.name,
            rule.meter.scope.as_str(),
            rule.meter.period.as_str().replace('_', " "),
            event.used.map(|used| used.start.date().to_string()).unwrap_or_default(),
        ),
    }
}

/// The factor that counts, and what was stated where that is another.
fn expertise(event: &Event<'_>, factor: u64) -> String {
    let factor = shown(asks::decimal_of(factor.into()));
    match event.activity.expertise {
        Stated::Is(stated) if shown(stated) != factor => {
            format!(" × expertise {factor} ({} is stated, and 0 to {} counts)", shown(stated), asks::EXPERTISE_MAX)
        }
        Stated::Absent => format!(" × expertise {factor} (none is stated)"),
        _ => format!(" × expertise {factor}"),
    }
}

/// A figure for people: to six places, where money ends.
fn shown(figure: Decimal) -> Decimal {
    figure.round_dp(6).normalize()
}

/// Which rule said whether it left the simulation: an entry of the tariff's own list by its name.
pub(super) fn external_rule(ruling: Ruling, event: &Event<'_>, tariffs: &Tariffs) -> String {
    let (side, number) = match ruling {
        Ruling::ListedExternal(number) => ("external", number),
        Ruling::ListedInternal(number) => ("internal", number),
        other => return other.as_str().to_owned(),
    };
    let tariff = tariffs.version(event.draft.tariff);
    let name = tariff.and_then(|tariff| tariff.listed().get(usize::from(number))).map(|listed| listed.name.as_str());
    format!("{side}_{}", name.unwrap_or("listed"))
}

pub(super) fn currency(event: &Event<'_>, tariffs: &Tariffs) -> Currency {
    match event.draft.price {
        Price::Charge { currency, .. } => currency,
        Price::Counted { .. } | Price::Free(_) => {
            tariffs.version(event.draft.tariff).map_or(Currency::EUR, |tariff| tariff.currency())
        }
    }
}
