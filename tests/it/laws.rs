//! The ledger's laws, on stories that nobody chose.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike};
use proptest::prelude::*;
use rialto::domain::calendar::{Calendar, Period};
use rialto::domain::charge::{Price, Stage};
use rialto::domain::money::Currency;
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, What};
use rialto::domain::payers::Payer;
use rialto::domain::time::Moment;
use rialto::ledger::accounts::{Balances, Kind};
use rialto::ledger::book::Book;
use rialto::ledger::digest::digest;
use rialto::ledger::entry::{Event, Status};
use rialto::ledger::rows::Place;
use rialto::ledger::totals::{Role, Totals};
use rialto::ledger::view::View;

use super::any::{self, Told};
use super::scribe::{Scribe, name};

const ROME: chrono_tz::Tz = chrono_tz::Europe::Rome;

fn tell(scribe: &mut Scribe, told: &Told) -> Option<Status> {
    match told {
        Told::Event(event) => Some(scribe.post(event.clone()).status),
        Told::Row(row) => {
            scribe.describe(*row);
            None
        }
    }
}

fn told(story: &[Told]) -> Scribe {
    let mut scribe = Scribe::at(Book::default(), 0);
    for told in story {
        tell(&mut scribe, told);
    }
    scribe
}

fn counted(book: &Book) -> Totals {
    let mut totals = Totals::new(Calendar::new(ROME));
    totals.advance(book, book.charges().len(), Moment::NEWEST);
    totals
}

/// Every sum, as text: the totals keep no order that a reader could rely on, so that it is made here.
fn shown(totals: &Totals, book: &Book) -> Vec<String> {
    let mut lines = Vec::new();
    for sums in totals.currencies() {
        let currency = sums.currency;
        lines.push(format!("{currency} {:?} {:?} {:?}", sums.all_time(), sums.newest, sums.tops));
        for day in &sums.days {
            lines.push(format!("{currency} {:?} {:?}", day.day, day.stages));
            lines.extend(day.rules.iter().map(|rule| format!("{currency} {:?} {rule:?}", day.day)));
        }
        lines.extend(sums.rules.iter().map(|rule| format!("{currency} {rule:?}")));
        for role in Role::ALL {
            let earner = |(number, earner)| format!("{currency} {role:?} {:?} {earner:?}", book.roll().name(number));
            lines.extend(sums.earners(role).map(earner));
        }
    }
    lines.push(format!("{:?}", Balances::of(book).sorted()));
    lines.sort();
    lines
}

/// A charge as the scan sees it: nothing of it comes from the book or the totals.
struct Charge {
    currency: Currency,
    stage: Stage,
    rule: u16,
    citizen: Name,
    business: Option<Name>,
    client: Option<Name>,
    amount: i128,
    /// Day, week, month and all time, by their first days.
    periods: [String; 4],
}

/// The charges of a story, decided again in the simplest way: the first processed event of an id
/// counts, unless its content differs from the first of that id.
fn scan(story: &[Told]) -> Vec<Charge> {
    let mut first: BTreeMap<_, (&Event<'_>, bool)> = BTreeMap::new();
    let mut charges = Vec::new();
    for told in story {
        let Told::Event(event) = told else { continue };
        let is_processed = event.activity.outcome.as_str() == "processed";
        let (known, is_done) = first.entry(event.key).or_insert((event, false));
        if *is_done || !is_processed || known.content != event.content {
            continue;
        }
        *is_done = true;
        let Price::Charge { rule, amount, currency } = event.draft.price else { continue };
        charges.push(Charge {
            currency,
            stage: event.stage,
            rule: rule.0,
            citizen: event.activity.citizen.unwrap(),
            business: event.draft.business,
            client: event.activity.client,
            amount: amount.millionths().into(),
            periods: periods(known.occurred_at),
        });
    }
    charges
}

fn periods(moment: Moment) -> [String; 4] {
    let date = DateTime::from_timestamp_micros(moment.0).unwrap().with_timezone(&ROME).date_naive();
    let week = date.iso_week();
    [date.to_string(), format!("{}-W{}", week.year(), week.week()), date.format("%Y-%m").to_string(), "all".into()]
}

fn sums<K: Ord>(charges: &[Charge], key: impl Fn(&Charge) -> Option<K>) -> BTreeMap<K, i128> {
    let mut sums = BTreeMap::new();
    for charge in charges {
        if let Some(key) = key(charge) {
            *sums.entry(key).or_default() += charge.amount;
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn posting_everything_twice_changes_nothing(story in any::story(120)) {
        let mut scribe = told(&story);
        let (once, totals) = (digest(&scribe.book), shown(&counted(&scribe.book), &scribe.book));
        let written = scribe.groups.len();
        scribe.close();
        for told in story.iter().filter(|told| matches!(told, Told::Event(_))) {
            let status = tell(&mut scribe, told);
            prop_assert!(matches!(status, Some(Status::Duplicate | Status::Conflict)), "{:?}", status);
        }
        scribe.close();
        let (digest, totals_again) = (digest(&scribe.book), shown(&counted(&scribe.book), &scribe.book));
        // A first failure sent again after its upgrade contradicts it, once; that is a conflict more
        // and nothing else, and the third time there is none.
        if scribe.groups[written + 1].len() == rialto::journal::frame::HEADER {
            prop_assert_eq!(digest, once);
        }
        prop_assert_eq!(totals_again, totals);
        for told in story.iter().filter(|told| matches!(told, Told::Event(_))) {
            tell(&mut scribe, told);
        }
        scribe.close();
        prop_assert_eq!(scribe.digests.last(), Some(&digest));
        prop_assert_eq!(scribe.groups.last().unwrap().len(), rialto::journal::frame::HEADER);
    }

    #[test]
    fn totals_do_not_depend_on_when_they_were_counted(
        story in any::story(120),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..9),
    ) {
        let scribe = told(&story);
        let book = &scribe.book;
        let mut totals = Totals::new(Calendar::new(ROME));
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(book.charges().len() + 1)).collect();
        cuts.sort_unstable();
        cuts.into_iter().for_each(|cut| totals.advance(book, cut, Moment::NEWEST));
        totals.advance(book, usize::MAX, Moment::NEWEST);
        prop_assert_eq!(shown(&totals, book), shown(&counted(book), book));
    }

    #[test]
    fn every_sum_is_what_a_scan_of_the_story_finds(story in any::story(120)) {
        let scribe = told(&story);
        let (book, charges) = (&scribe.book, scan(&story));
        let totals = counted(book);
        prop_assert_eq!(totals.counted(), charges.len());
        for sums_in in totals.currencies() {
            let currency = sums_in.currency;
            let ours: Vec<&Charge> = charges.iter().filter(|charge| charge.currency == currency).collect();
            let of = |key: &dyn Fn(&Charge) -> bool| ours.iter().filter(|charge| key(charge)).map(|charge| charge.amount).sum::<i128>();
            for stage in Stage::ALL {
                prop_assert_eq!(sums_in.all_time()[stage as usize].0, of(&|charge| charge.stage == stage));
                for day in &sums_in.days {
                    let date = day.day.date().to_string();
                    prop_assert_eq!(day.stages[stage as usize].0, of(&|charge| charge.stage == stage && charge.periods[0] == date));
                }
            }
            let of_days: i128 = sums_in.days.iter().flat_map(|day| day.stages).map(|sum| sum.0).sum();
            prop_assert_eq!(of_days, of(&|_| true));
            for sum in &sums_in.rules {
                let is_his = |charge: &Charge| charge.rule == sum.rule.0 && charge.stage == sum.stage;
                prop_assert_eq!(sum.sum.0, of(&is_his));
                prop_assert_eq!(sum.count as usize, ours.iter().filter(|charge| is_his(charge)).count());
            }
            prop_assert_eq!(sums_in.rules.iter().map(|rule| rule.sum.0).sum::<i128>(), of(&|_| true));
            let newest = sums_in.days.last().unwrap().day;
            let newest_names = periods(Calendar::new(ROME).start(newest));
            for role in Role::ALL {
                let who = |charge: &Charge| match role {
                    Role::Citizen => Some(charge.citizen),
                    Role::Business => charge.business,
                };
                for period in Period::ALL {
                    let is_now = |charge: &Charge| charge.periods[period as usize] == newest_names[period as usize];
                    let key = |charge: &Charge| who(charge).filter(|_| charge.currency == currency && is_now(charge));
                    let earned = sums(&charges, key);
                    let mut best: Vec<(Name, i64)> = earned.iter().map(|(name, sum)| (*name, *sum as i64)).collect();
                    best.sort_by_key(|(name, sum)| (-sum, name.as_str()));
                    best.truncate(10);
                    prop_assert_eq!(sums_in.tops[role as usize][period as usize].earners(), &best, "{:?} {:?}", role, period);
                    for (name, sum) in earned {
                        let earner = sums_in.earner(role, book.roll().number(name).unwrap()).unwrap();
                        let made: i128 = earner.made(period, newest).iter().map(|sum| sum.0).sum();
                        prop_assert_eq!(made, sum, "{} {:?}", name, period);
                    }
                }
            }
            // The dashboard, asked on the newest day.
            let view = View::new(&totals, 0, 0, 0, &Default::default());
            let noon = Moment(Calendar::new(ROME).start(newest).0 + 43_200_000_000);
            let dashboard = view.dashboard(currency, noon, &Calendar::new(ROME));
            for period in Period::ALL {
                let is_now = |charge: &Charge| charge.periods[period as usize] == newest_names[period as usize];
                let shown: i128 = dashboard.periods[period as usize].iter().map(|sum| sum.0).sum();
                prop_assert_eq!(shown, of(&is_now), "{:?}", period);
            }
        }
        prop_assert_eq!(totals.currencies().len(), sums(&charges, |charge| Some(charge.currency)).len());
    }

    #[test]
    fn the_trial_balance_is_nothing_and_each_kind_of_account_holds_what_was_charged(story in any::story(120)) {
        // A client, a business and a citizen are on the list of those who pay.
        let mut book = Book::default();
        for id in ["client_0", "building_1", "citizen_2"] {
            let what = What::List(Payer::new(name(id)));
            book.obey(&Order { by: "".into(), why: "".into(), what }, Moment(0), Place(0));
        }
        let mut scribe = Scribe::at(book, 0);
        for told in &story {
            tell(&mut scribe, told);
        }
        let balances = Balances::of(&scribe.book);
        prop_assert!(balances.trial().values().all(|sum| *sum == 0));
        let charges = scan(&story);
        for currency in sums(&charges, |charge| Some(charge.currency)).into_keys() {
            let of = |key: &dyn Fn(&Charge) -> bool| {
                charges.iter().filter(|charge| charge.currency == currency && key(charge)).map(|charge| charge.amount).sum::<i128>()
            };
            let is_live = |charge: &Charge| charge.stage == Stage::Live;
            let is_paid = |charge: &Charge| match charge.client {
                Some(client) => client == name("client_0"),
                None => charge.business == Some(name("building_1")) || charge.citizen == name("citizen_2"),
            };
            let open = scribe.book.receivables().all().filter(|(_, owed, _)| *owed == currency);
            prop_assert_eq!(open.map(|(.., open)| open.sum.0).sum::<i128>(), of(&|charge| is_live(charge) && is_paid(charge)));
            for (kind, sum) in [
                (Kind::Revenue, of(&is_live)),
                (Kind::Unbilled, of(&|charge| is_live(charge) && is_paid(charge))),
                (Kind::NoPayer, of(&|charge| is_live(charge) && !is_paid(charge))),
                (Kind::ShadowRevenue, of(&|charge| !is_live(charge))),
                (Kind::ShadowReceivable, of(&|charge| !is_live(charge))),
            ] {
                prop_assert_eq!(balances.of_kind(kind, currency).0, sum, "{}", kind.as_str());
            }
        }
    }

    #[test]
    fn the_digest_knows_nothing_of_cuts_or_of_when_things_were_recorded(story in any::story(80), cuts: [bool; 80], later: u32) {
        let plain = told(&story);
        let mut cut = Scribe::at(Book::default(), 12_345);
        for (told, is_cut) in story.iter().zip(cuts) {
            let mut told = told.clone();
            if let Told::Event(event) = &mut told {
                event.recorded_at.0 += i64::from(later);
            }
            tell(&mut cut, &told);
            if is_cut {
                cut.close();
            }
        }
        prop_assert_eq!(digest(&plain.book), digest(&cut.book));
        // But of everything else: one event less is another story.
        let last = story.iter().rposition(|told| matches!(told, Told::Event(_)));
        if let Some(last) = last {
            let mut shorter = told(&story[..last]);
            let before = digest(&shorter.book);
            let changes = matches!(tell(&mut shorter, &story[last]), Some(Status::Priced | Status::Recorded));
            prop_assert_eq!(changes, changes && before != digest(&shorter.book));
        }
    }

    #[test]
    fn a_conflict_changes_no_sum(story in any::story(80), place: prop::sample::Index) {
        let mut scribe = told(&story);
        let events: Vec<&Event<'_>> =
            story.iter().filter_map(|told| if let Told::Event(event) = told { Some(event) } else { None }).collect();
        if events.is_empty() {
            return Ok(());
        }
        let before = (shown(&counted(&scribe.book), &scribe.book), scribe.book.facts().len(), scribe.book.conflicts().len());
        let mut other = (*place.get(&events)).clone();
        other.content ^= 1;
        prop_assert_eq!(scribe.post(other.clone()).status, Status::Conflict);
        prop_assert_eq!(scribe.post(other).status, Status::Conflict);
        let after = (shown(&counted(&scribe.book), &scribe.book), scribe.book.facts().len(), scribe.book.conflicts().len() - 1);
        prop_assert_eq!(after, before);
    }
}
