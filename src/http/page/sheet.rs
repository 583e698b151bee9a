//! The page in words: every figure as it is written, ready for the templates, which only lay it out.

use std::time::Duration;

use askama::Template;
use twox_hash::XxHash3_64;

use super::chart::Chart;
use super::figures::Figures;
use super::gallery::{PERIODS, Selection};
use super::words::{Time, column, many, money, shown};
use super::written;
use crate::actors::door::Closed;
use crate::domain::calendar::Period;
use crate::domain::charge::Stage;
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::domain::rollout::Phase;
use crate::domain::targets::{Progress, State};
use crate::domain::time::Moment;
use crate::ledger::invoices::{Invoices, State as Stands};
use crate::ledger::totals::{ByStage, both};
use crate::wiring::Transaction;

/// A part of the page.
#[derive(Clone, Debug)]
pub struct Part {
    /// The id of the element that it is in.
    pub id: &'static str,
    /// What is in it.
    pub html: String,
    /// A digest of that.
    pub digest: u64,
    /// A digest of what has to change for it to be worth telling by itself.
    pub counts: u64,
}

/// The page in words.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The title of the page.
    pub title: String,
    /// The totals in a sentence.
    pub spoken: String,
    /// As of when.
    pub as_of: Time,
    /// What somebody has to know before anything else.
    pub notices: Vec<Notice>,
    /// The phase of all: the word, and what it means.
    pub phase: Option<(&'static str, String)>,
    /// The periods.
    pub totals: Vec<Total>,
    /// What was earned in all time, live and in shadow.
    pub all_time: [String; 2],
    /// What is held, where anything is.
    pub held: Option<String>,
    /// The last hours.
    pub chart: Chart,
    /// The targets.
    pub targets: Vec<Goal>,
    /// From earned to collected.
    pub collecting: Collecting,
    /// The invoices; none where they cannot be told.
    pub invoices: Option<Papers>,
    /// Which earners are shown.
    pub periods: Vec<Choice>,
    /// In which period.
    pub period: &'static str,
    /// The citizens who earned most, and the businesses.
    pub earners: [Vec<Earner>; 2],
    /// The latest charges; none where they cannot be told.
    pub charges: Option<Vec<Charge>>,
}

/// Something to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub words: String,
    /// Whether it is about something that does not work.
    pub is_grave: bool,
}

/// A period and its sums.
#[derive(Clone, Debug)]
pub struct Total {
    /// `today`.
    pub id: &'static str,
    /// `Today`.
    pub name: &'static str,
    /// Live.
    pub live: String,
    /// In shadow.
    pub shadow: String,
    /// Both together.
    pub both: String,
    /// What was collected.
    pub collected: String,
    /// How long the longest of them is, in steps: long amounts are written smaller.
    pub size: &'static str,
}

/// A target.
#[derive(Clone, Debug)]
pub struct Goal {
    /// Its name.
    pub name: String,
    /// What is reached of it.
    pub reached: String,
    /// The goal.
    pub goal: String,
    /// What counts towards it.
    pub basis: &'static str,
    /// In how many days.
    pub days: String,
    /// How far along it is, in thousandths: a bar that looks full is a target that is reached.
    pub thousandths: i128,
    /// `on pace`.
    pub state: &'static str,
    /// A class for it.
    pub class: &'static str,
    /// Pace and projection, where there are any.
    pub pace: Option<String>,
    /// See `pace`.
    pub projection: Option<String>,
}

/// What was earned, what may be collected of it, and what was; taxes beside each.
#[derive(Clone, Debug)]
pub struct Collecting {
    /// Live, in all time.
    pub earned: String,
    /// None where it is still being worked out.
    pub collectable: Option<Collectable>,
    /// What was collected, without taxes.
    pub collected: String,
    /// The taxes that were collected, where they are known.
    pub collected_tax: Option<String>,
    /// How it is collected.
    pub mode: &'static str,
}

/// What may be collected.
#[derive(Clone, Debug)]
pub struct Collectable {
    /// How much.
    pub amount: String,
    /// Of this much that is due,
    pub due: String,
    /// and this much that is invoiced,
    pub invoiced: String,
    /// less this for Stripe.
    pub fees: String,
    /// The taxes on what is invoiced.
    pub tax: String,
    /// What is not collectable now, where anything is not.
    pub not: Option<[String; 2]>,
    /// As of when.
    pub as_of: String,
}

/// The invoices.
#[derive(Clone, Debug)]
pub struct Papers {
    /// By state: its name, how many, and what they come to.
    pub states: Vec<(&'static str, usize, String)>,
    /// The oldest that is not paid.
    pub oldest: Option<Oldest>,
    /// How many somebody has to look at.
    pub stuck: Option<String>,
}

/// The oldest invoice that is not paid.
#[derive(Clone, Debug)]
pub struct Oldest {
    /// Its number.
    pub no: String,
    /// Who is to pay it.
    pub payer: String,
    /// What it comes to.
    pub total: String,
    /// When it was drawn.
    pub at: Time,
    /// For how long that was.
    pub age: String,
}

/// A choice among some.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Where it leads.
    pub href: String,
    /// Its name.
    pub name: &'static str,
    /// Whether it is the one that is shown.
    pub is_current: bool,
}

/// Somebody who earned.
#[derive(Clone, Debug)]
pub struct Earner {
    /// His id.
    pub id: String,
    /// What he earned.
    pub amount: String,
    /// Beside the first, in thousandths.
    pub share: i128,
}

/// A charge.
#[derive(Clone, Debug)]
pub struct Charge {
    /// Its number.
    pub id: String,
    /// When it happened.
    pub at: Time,
    /// Whose it is.
    pub citizen: String,
    /// For which business.
    pub business: Option<String>,
    /// By which rule.
    pub rule: String,
    /// The amount.
    pub amount: String,
    /// `live` or `shadow`.
    pub stage: &'static str,
    /// What it is or what became of it, where it is no plain charge.
    pub word: Option<&'static str>,
}

macro_rules! parts {
    ($($part:ident $path:literal)*) => {
        $(
            #[derive(Template)]
            #[template(path = $path)]
            struct $part<'a> {
                sheet: &'a Sheet,
            }
        )*
    };
}

parts! {
    PhasePart "phase.html"
    ClockPart "clock.html"
    NoticesPart "notices.html"
    TotalsPart "totals.html"
    HoursPart "hours.html"
    TargetsPart "targets.html"
    CollectingPart "collecting.html"
    InvoicesPart "invoices.html"
    EarnersPart "earners.html"
    ChargesPart "charges.html"
}

impl Sheet {
    /// These figures in words.
    pub fn new(figures: &Figures) -> Sheet {
        let Figures { selection, zone, dashboard, .. } = figures;
        let currency = selection.currency;
        let amount = |sum: Sum| money(sum, currency);
        let stages = |stages: ByStage| [Stage::Live, Stage::Shadow].map(|stage| amount(stages[stage as usize]));
        let [today, week, month, all_time] = dashboard.periods;
        let sums = |period: Period| both(dashboard.periods[period as usize]);
        let words = [Period::Day, Period::Week, Period::Month].map(|period| amount(sums(period)));
        let total = |(id, name, period, own): (&'static str, &'static str, Period, ByStage)| {
            let [live, shadow] = stages(own);
            let size = match live.chars().count().max(shadow.chars().count()) {
                0..=10 => "",
                11..=14 => "long",
                _ => "longest",
            };
            let collected = amount(dashboard.collected[period as usize]);
            Total { id, name, live, shadow, both: amount(both(own)), collected, size }
        };
        let earners = |earners: &[Vec<(Name, Sum)>; 4]| earners_of(&earners[selection.period as usize], currency);
        Sheet {
            title: format!("{} today · Rialto", words[0]),
            spoken: format!("Revenue today {}, this week {}, this month {}.", words[0], words[1], words[2]),
            as_of: Time::new(dashboard.as_of, *zone),
            notices: notices(figures),
            phase: figures.survey.as_ref().map(|survey| phase(survey.all.phase, survey.own_live)),
            totals: [
                ("today", "Today", Period::Day, today),
                ("week", "This week", Period::Week, week),
                ("month", "This month", Period::Month, month),
            ]
            .map(total)
            .into(),
            all_time: stages(all_time),
            held: Some(both(dashboard.held)).filter(|held| held.0 != 0).map(amount),
            chart: Chart::new(&figures.hours, currency, *zone),
            targets: goals(figures),
            collecting: collecting(figures),
            invoices: figures.survey.as_ref().map(|survey| papers(&survey.invoices, figures)),
            periods: PERIODS.map(|(period, word, name)| choice(*selection, period, word, name)).into(),
            period: PERIODS[selection.period as usize].2,
            earners: [earners(&dashboard.top_earners), earners(&dashboard.top_businesses)],
            charges: figures.charges.as_ref().map(|charges| charges_of(charges, figures)),
        }
    }

    /// Its parts, each as it stands in the page.
    pub fn parts(&self) -> Vec<Part> {
        let sheet = self;
        let mut parts = [
            ("phase", written(&PhasePart { sheet })),
            ("clock", written(&ClockPart { sheet })),
            ("notices", written(&NoticesPart { sheet })),
            ("totals", written(&TotalsPart { sheet })),
            ("hours", written(&HoursPart { sheet })),
            ("targets", written(&TargetsPart { sheet })),
            ("collecting", written(&CollectingPart { sheet })),
            ("invoices", written(&InvoicesPart { sheet })),
            ("earners", written(&EarnersPart { sheet })),
            ("charges", written(&ChargesPart { sheet })),
        ]
        .map(|(id, html)| {
            let digest = XxHash3_64::oneshot(html.as_bytes());
            Part { id, html, digest, counts: digest }
        });
        // That a second went by is nothing to tell by itself; a minute is.
        parts[1].counts = XxHash3_64::oneshot(self.as_of.minute.as_bytes());
        parts.into()
    }
}

fn notices(figures: &Figures) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut say = |is_grave: bool, words: String| notices.push(Notice { words, is_grave });
    match &figures.closed {
        Some(Closed::DiskFull) => {
            say(true, "The disk is full: no event is taken until there is room. What is shown is safe.".into());
        }
        Some(Closed::Stopped(cause)) => say(true, format!("Rialto has stopped: {}", shown(&cause.to_string()))),
        Some(Closed::Draining) => say(false, "Rialto is stopping, and takes no more events.".into()),
        Some(Closed::Busy | Closed::TooMany { .. }) | None => {}
    }
    if let Some(silence) = figures.silence {
        let words = "Whoever hands events in may have stopped, or cannot reach Rialto.";
        say(true, format!("No event for {}. {words}", length(silence)));
    }
    if let Some(survey) = &figures.survey {
        if survey.all.phase == Phase::Paused {
            say(false, "All is paused: nothing is live, whatever anybody’s own phase is.".into());
        } else if survey.is_halted {
            let words = "All is halted until Rialto restarts: a pause could not be made durable. Nothing is live.";
            say(true, words.into());
        }
    }
    if let Some(why) = &figures.rests {
        say(true, format!("Nothing is collected at the moment: {}", shown(why)));
    }
    notices
}

fn phase(all: Phase, own_live: usize) -> (&'static str, String) {
    let meaning = match (all, own_live) {
        (Phase::Shadow, 0) => "Shadow: tracked, not charged".to_owned(),
        (Phase::Shadow, 1) => "Shadow: tracked, not charged, but one who is live".to_owned(),
        (Phase::Shadow, own) => format!("Shadow: tracked, not charged, but {own} who are live"),
        (Phase::Live, _) => "Live: charged".to_owned(),
        (Phase::Paused, _) => "Paused: tracked, not charged".to_owned(),
    };
    (all.as_str(), meaning)
}

/// How long something was: `17 minutes`, `3 hours`, `2 days`.
fn between(from: Moment, to: Moment) -> Duration {
    Duration::from_micros(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or_default())
}

fn length(time: Duration) -> String {
    let minutes = usize::try_from(time.as_secs() / 60).unwrap_or(usize::MAX);
    match minutes {
        0..120 => many(minutes, "minute"),
        120..2880 => many(minutes / 60, "hour"),
        _ => many(minutes / 1440, "day"),
    }
}

fn goals(figures: &Figures) -> Vec<Goal> {
    let (dashboard, currency) = (&figures.dashboard, figures.selection.currency);
    let targets = dashboard.targets.all.iter().enumerate();
    let goal = |(number, target): (usize, &crate::domain::targets::Target)| {
        let progress = dashboard.progress.get(number);
        let state = progress.map_or(State::Waiting, |progress| progress.state);
        let reached = progress.map_or(Sum::default(), |progress| progress.reached);
        let whole = i128::from(target.goal.millionths());
        let thousandths = match state {
            State::Reached => 1000,
            _ => (reached.0.max(0) * 1000).checked_div(whole).unwrap_or(0).min(990),
        };
        let (words, class) = match state {
            State::Waiting => ("waiting for the first charge", "waiting"),
            State::Reached => ("reached", "reached"),
            State::On => ("on pace", "on"),
            State::Behind => ("behind", "behind"),
            State::Missed => ("missed", "missed"),
        };
        let goes_on = progress.filter(|_| matches!(state, State::On | State::Behind));
        Goal {
            name: shown(&target.name),
            reached: money(reached, currency),
            goal: money(Sum(whole), currency),
            basis: target.basis.as_str(),
            days: many(target.days as usize, "day"),
            thousandths,
            state: words,
            class,
            pace: goes_on.map(|progress| {
                let [rate, needed] = [progress.rate_a_day, progress.needed_a_day].map(|sum| money(sum, currency));
                format!("{rate} a day, of {needed} needed")
            }),
            projection: goes_on.map(projection),
        }
    };
    targets.map(goal).collect()
}

fn projection(progress: &Progress) -> String {
    let [expected, best, worst] =
        progress.projected.map(|day| day.map(|day| day.date().format("%-d %b %Y").to_string()));
    match (expected, best, worst) {
        (None, ..) => "never reached at this rate".to_owned(),
        (Some(expected), Some(best), Some(worst)) if best == worst => format!("expected on {expected}"),
        (Some(expected), Some(best), Some(worst)) => format!("expected on {expected}, between {best} and {worst}"),
        (Some(expected), Some(best), None) => format!("expected on {expected}, at best on {best}"),
        (Some(expected), None, _) => format!("expected on {expected}"),
    }
}

fn collecting(figures: &Figures) -> Collecting {
    let (dashboard, currency) = (&figures.dashboard, figures.selection.currency);
    let amount = |sum: Sum| money(sum, currency);
    let outlook = dashboard.outlook;
    Collecting {
        earned: amount(dashboard.periods[Period::AllTime as usize][Stage::Live as usize]),
        collectable: outlook.map(|(outlook, as_of)| Collectable {
            amount: amount(outlook.collectable()),
            due: amount(outlook.due),
            invoiced: amount(outlook.invoiced),
            fees: amount(outlook.fees),
            tax: amount(outlook.invoiced_tax),
            not: Some([outlook.waiting, outlook.without_payer])
                .filter(|sums| sums.iter().any(|sum| sum.0 != 0))
                .map(|sums| sums.map(amount)),
            as_of: Time::new(as_of, figures.zone).clock,
        }),
        collected: amount(dashboard.collected[Period::AllTime as usize]),
        collected_tax: outlook.map(|(outlook, _)| amount(outlook.collected_tax)),
        mode: match figures.collects {
            None => "Nothing is collected: no account at Stripe is set.",
            Some(false) => "Collected at a test of Stripe: no real money moves.",
            Some(true) => "Collected by Stripe: real money moves.",
        },
    }
}

fn papers(invoices: &Invoices, figures: &Figures) -> Papers {
    let currency = figures.selection.currency;
    let states = Stands::ALL.map(|state| {
        let name = match state {
            Stands::OnItsWay => "on its way",
            Stands::Open => "to be paid",
            Stands::Paid => "paid",
            Stands::Uncollectible => "uncollectible",
            Stands::Void => "void",
            Stands::Credit => "credit note",
        };
        let (count, sum) = invoices.states[state as usize];
        (name, count, sum)
    });
    let states: Vec<_> = states.into_iter().filter(|(_, count, _)| *count != 0).collect();
    let mut sums: Vec<String> = states.iter().map(|(.., sum)| money(*sum, currency)).collect();
    column(&mut sums);
    Papers {
        states: states.into_iter().zip(sums).map(|((name, count, _), sum)| (name, count, sum)).collect(),
        oldest: invoices.oldest.map(|oldest| Oldest {
            no: oldest.no.to_string(),
            payer: shown(oldest.payer.as_str()),
            total: money(oldest.total, currency),
            at: Time::new(oldest.at, figures.zone),
            age: length(between(oldest.at, figures.dashboard.as_of)),
        }),
        stuck: Some(invoices.stuck).filter(|stuck| *stuck != 0).map(|stuck| many(stuck, "invoice")),
    }
}

fn choice(selection: Selection, period: Period, word: &str, name: &'static str) -> Choice {
    let Selection { currency, period: current } = selection;
    Choice { href: format!("?period={word}&currency={currency}"), name, is_current: period == current }
}

fn earners_of(earners: &[(Name, Sum)], currency: Currency) -> Vec<Earner> {
    let most = earners.first().map_or(0, |(_, sum)| sum.0);
    let mut amounts: Vec<String> = earners.iter().map(|(_, sum)| money(*sum, currency)).collect();
    column(&mut amounts);
    let earner = |((name, sum), amount): (&(Name, Sum), String)| Earner {
        id: shown(name.as_str()),
        amount,
        share: (sum.0.max(0) * 1000).checked_div(most).unwrap_or(0).clamp(0, 1000),
    };
    earners.iter().zip(amounts).map(earner).collect()
}

fn charges_of(charges: &[Transaction], figures: &Figures) -> Vec<Charge> {
    let amount = |charge: &Transaction| money(Sum(charge.charge.amount.millionths().into()), charge.charge.currency);
    let mut amounts: Vec<String> = charges.iter().map(amount).collect();
    column(&mut amounts);
    let charge = |(transaction, amount): (&Transaction, String)| {
        let Transaction { id, charge, event, released_by, reversed_by, .. } = transaction;
        let kind = charge.sort().as_str();
        let word = match () {
            () if kind != "charge" => Some(kind),
            () if reversed_by.is_some() => Some("taken back"),
            () if released_by.is_some() => Some("released"),
            () => transaction.is_held().then_some("held"),
        };
        Charge {
            id: id.to_string(),
            at: Time::new(event.occurred_at, figures.zone),
            citizen: event.activity.citizen.map_or_else(|| "–".to_owned(), |name| shown(name.as_str())),
            business: event.draft.business.map(|name| shown(name.as_str())),
            rule: shown(figures.tariffs.rule_name(charge.rule)),
            amount,
            stage: charge.stage().as_str(),
            word,
        }
    };
    charges.iter().zip(amounts).map(charge).collect()
}
