//! Inputs that nobody chose: any event that the types can hold, and stories in which ids come again.

use std::sync::Arc;

use compact_str::CompactString;
use proptest::prelude::*;
use proptest::sample::select;
use rialto::domain::activity::{Activity, Basis, Body, Occurred, Outcome, Stated};
use rialto::domain::bills::{
    Account, Amounts, Ask, Attempt, BillNo, Deed, Detail, Drawn, Fault, Notice, Outcome as Came, Refusal, Sight,
    Status, Step, Takings,
};
use rialto::domain::calendar::Day;
use rialto::domain::charge::{Draft, Free, Hold, Price, Stage};
use rialto::domain::external::{Class, Receiver, Ruling};
use rialto::domain::ids::{Feed, SourceId, TransactionId};
use rialto::domain::money::{Currency, Money, Sum};
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, Reverse, What};
use rialto::domain::payers::{Collection, Payer, Tax};
use rialto::domain::rollout::{Move, Phase, Subject};
use rialto::domain::rows::{Building, Citizen, Row};
use rialto::domain::tariff::{RuleId, TariffVersion};
use rialto::domain::time::Moment;
use rialto::ledger::entry::{Entry, Event, Telling};
use rialto::ledger::meters::Used;
use rust_decimal::Decimal;

use super::scribe::name;

/// Any entry of a journal.
pub fn entry() -> impl Strategy<Value = Entry<'static>> {
    prop_oneof![
        1 => any_name().prop_map(Entry::Name),
        // Boxed, because a tree of strategies by value is more than a test's stack holds.
        4 => event().prop_map(Entry::Event).boxed(),
        2 => event().prop_map(Entry::Conflict).boxed(),
        1 => (row(), moment()).prop_map(|(row, at)| Entry::Row(row, at)),
        1 => (any_name(), maybe_name(), moment()).prop_map(|(id, customer, at)| Entry::Payer(id, customer, at)),
        1 => (order(), moment()).prop_map(|(order, at)| Entry::Order(order, at)).boxed(),
        2 => (deed(), moment()).prop_map(|(deed, at)| Entry::Deed(deed, at)).boxed(),
    ]
}

fn bill() -> impl Strategy<Value = BillNo> {
    (1..=u32::MAX).prop_map(BillNo)
}

fn id() -> impl Strategy<Value = CompactString> {
    "[a-z]{2}_[A-Za-z0-9]{0,40}".prop_map(CompactString::from)
}

/// Any step of a bill, whether or not any bill could be so far.
pub fn deed() -> impl Strategy<Value = Deed> {
    let step = prop_oneof![
        Just(Step::Create),
        (0..8_u8).prop_map(Step::Lines),
        select(&[Step::Finalise, Step::Send, Step::Pay, Step::Delete, Step::Void]),
    ];
    let attempt = (step, any::<u16>()).prop_map(|(step, number)| Attempt { step, number });
    let attempt = attempt.boxed();
    let ask = (attempt.clone(), "/v1/[a-z_/]{0,60}", "[ -~]{0,300}")
        .prop_map(|(attempt, path, form)| Box::new(Ask { attempt, path, form }));
    let refused = (any::<u16>(), id()).prop_map(|(status, code)| Came::Refused(Refusal { status, code })).boxed();
    let outcome = prop_oneof![sight().prop_map(Came::Done), refused];
    let notice = (id(), "[a-z.]{0,30}", id(), any::<u64>(), prop::option::of(bill()));
    let notice = notice.prop_map(|(event, kind, object, digest, bill)| Notice {
        event,
        kind: kind.into(),
        object,
        digest,
        bill,
    });
    prop_oneof![
        (id(), any::<bool>()).prop_map(|(id, is_live)| Deed::Bind(Account { id, is_live })),
        drawn().prop_map(|drawn| Deed::Draw(Box::new(drawn))).boxed(),
        (bill(), ask).prop_map(|(bill, ask)| Deed::Ask(bill, ask)),
        (bill(), attempt, outcome).prop_map(|(bill, attempt, outcome)| Deed::Answer(bill, attempt, outcome)).boxed(),
        (bill(), sight()).prop_map(|(bill, sight)| Deed::See(bill, sight)).boxed(),
        (bill(), id()).prop_map(|(bill, why)| Deed::Drop(bill, why)),
        (bill(), any::<i64>()).prop_map(|(bill, offset)| Deed::Offset(bill, offset)),
        bill().prop_map(Deed::Vouch),
        notice.prop_map(Deed::Notice),
        (id(), prop::option::of(bill())).prop_map(|(event, bill)| Deed::Place(event, bill)),
    ]
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let sums = (any::<i64>(), any::<i64>(), any::<i64>());
    let lines = (select(&Detail::ALL), any_name(), any::<u16>(), any::<u64>());
    (id(), payer(), any::<u32>(), (prop::option::of(bill()), prop::option::of(bill())), lines, sums).prop_map(
        |(mark, payer, to, (reissues, credits), (detail, zone, items, digest), (total, carried, rest))| Drawn {
            mark,
            payer,
            to,
            reissues,
            credits,
            detail,
            zone,
            items,
            digest,
            total,
            carried: Sum(carried.into()),
            rest: Sum(rest.into()),
        },
    )
}

fn sight() -> impl Strategy<Value = Sight> {
    // Larger ones are none of any invoice, and refused.
    let amounts =
        prop::array::uniform5(i64::MIN / 8 + 1..=i64::MAX / 8).prop_map(|amounts| Amounts::of(amounts).unwrap());
    let takings = any::<[i64; 3]>().prop_map(|[refunded, disputed, fees]| Takings { refunded, disputed, fees });
    let maybe = (any::<Option<u8>>(), prop::option::of(takings), prop::option::of(moment()));
    (prop::option::of(id()), select(&Status::ALL), amounts, maybe, prop::option::of(select(&Fault::ALL))).prop_map(
        |(invoice, status, amounts, (parts, takings, paid_at), fault)| Sight {
            invoice,
            status,
            amounts,
            parts,
            takings,
            paid_at,
            fault,
        },
    )
}

/// Any order, whether or not anybody could give it.
pub fn order() -> impl Strategy<Value = Order> {
    let transaction = || any::<u64>().prop_map(TransactionId);
    let day = || any::<i32>().prop_map(Day);
    let subject =
        prop_oneof![Just(Subject::All), any_name().prop_map(Subject::Business), any_name().prop_map(Subject::Citizen),];
    let tariff = moment().prop_map(|at| What::Tariff(Arc::new(rialto::tariffs::built_in().from_then_on(at))));
    let what = prop_oneof![
        tariff,
        (subject, prop::option::of(select(&Phase::ALL))).prop_map(|(subject, to)| What::Move(Move { subject, to })),
        transaction().prop_map(What::Release),
        any_name().prop_map(What::ReleaseAll),
        any::<u32>().prop_map(What::Accept),
        (transaction(), prop::option::of((day(), any::<u64>())))
            .prop_map(|(transaction, used)| What::Reverse(Reverse { transaction, used })),
        day().prop_map(What::Close),
        payer().prop_map(What::List),
        any_name().prop_map(What::Strike),
        bill().prop_map(What::Cancel),
        bill().prop_map(What::Rebill),
    ];
    ("\\PC{0,60}", "\\PC{0,60}", what).prop_map(|(by, why, what)| Order { by: by.into(), why: why.into(), what })
}

/// Any event, whether or not anything could have made it.
pub fn event() -> impl Strategy<Value = Event<'static>> {
    let used = (any::<u16>(), any::<i32>(), any::<u64>());
    let used = used.prop_map(|(rule, start, quantity)| Used { rule: RuleId(rule), start: Day(start), quantity });
    let adjustment = any::<i64>().prop_map(Money::from_millionths);
    let counted = (prop::option::of(used), prop::option::of(adjustment), any::<bool>());
    let resolved = (any::<u64>(), draft(), counted, select(&Stage::ALL), moment(), moment(), any::<bool>());
    (activity().boxed(), resolved.boxed()).prop_map(|(activity, resolved)| {
        let (content, draft, (used, adjustment, is_disputed), stage, occurred_at, recorded_at, is_upgrade) = resolved;
        Event {
            key: activity.key(),
            activity: Telling::Read(Box::new(activity)),
            content,
            draft,
            used,
            adjustment,
            is_disputed,
            stage,
            occurred_at,
            recorded_at,
            is_upgrade,
        }
    })
}

fn activity() -> impl Strategy<Value = Activity> {
    let who = (select(&Feed::ALL), "[^\\x00]{1,32}|.{100}", prop::option::of("\\PC{0,60}"));
    let names = prop::array::uniform7(maybe_name());
    let figures = prop::array::uniform3(stated());
    let message = (receiver(), prop_oneof![Just(0), any::<u64>()], prop::option::of((any::<u32>(), any::<u64>())));
    let time = (prop::option::of(moment()), select(&Basis::ALL), prop::option::of("\\PC{0,60}"));
    (who, select(&Outcome::ALL), names, figures, message, time).prop_map(
        |((feed, id, second_id), outcome, names, figures, (receiver, channel, body), (at, basis, text))| {
            let id = &id[..id.floor_char_boundary(SourceId::BYTES_MAX)];
            let [kind, citizen, business, from_building, to_building, client, service] = names;
            let [minutes, expertise, declared] = figures;
            Activity {
                feed,
                source_id: SourceId::new(id).expect("an id"),
                second_id: second_id.map(CompactString::from),
                kind,
                outcome,
                occurred: Occurred { at, basis, text: text.map(CompactString::from) },
                citizen,
                business,
                from_building,
                to_building,
                client,
                service,
                minutes,
                expertise,
                declared,
                receiver,
                channel,
                body: body.map(|(length, digest)| Body { length, digest }),
                address: None,
            }
        },
    )
}

fn draft() -> impl Strategy<Value = Draft> {
    let charge = (any::<u16>(), any::<i64>(), "[A-Z]{3}").prop_map(|(rule, amount, code)| Price::Charge {
        rule: RuleId(rule),
        amount: Money::from_millionths(amount),
        currency: Currency::parse(&code).expect("three letters"),
    });
    let euros = any::<i64>().prop_map(|amount| Price::Charge {
        rule: RuleId(1),
        amount: Money::from_millionths(amount),
        currency: Currency::EUR,
    });
    let price = prop_oneof![charge, euros, select(&Free::ALL).prop_map(Price::Free)];
    let hold = prop::option::of(select(Hold::ALL));
    let ruling = prop_oneof![
        3 => select(Ruling::ALL),
        1 => (0..64_u8, any::<bool>()).prop_map(|(number, is_external)| Ruling::listed(number, is_external)),
    ];
    (maybe_name(), ruling, any::<u16>(), price, hold).prop_map(|(business, ruling, tariff, price, hold)| Draft {
        business,
        ruling,
        tariff: TariffVersion(tariff),
        price,
        hold,
    })
}

/// Any instant, the very first and last among them.
fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        any::<i64>(),
        select(vec![i64::MIN, i64::MAX, 0, -1, Moment::OLDEST.0, Moment::NEWEST.0]),
        1_700_000_000_000_000..1_800_000_000_000_000_i64,
    ]
    .prop_map(Moment)
}

fn stated() -> impl Strategy<Value = Stated> {
    prop_oneof![
        Just(Stated::Absent),
        any::<u64>().prop_map(Stated::Unreadable),
        decimal().prop_map(Stated::Is),
        select(vec![Decimal::MAX, Decimal::MIN, Decimal::ZERO, Decimal::new(1, 28)]).prop_map(Stated::Is),
    ]
}

fn decimal() -> impl Strategy<Value = Decimal> {
    let limit = 79_228_162_514_264_337_593_543_950_335_i128;
    (-limit..=limit, 0..=28_u32).prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale))
}

fn receiver() -> impl Strategy<Value = Receiver> {
    let classes = [
        Class::Absent,
        Class::DeclaredExternal,
        Class::DeclaredInternal,
        Class::Telegram,
        Class::Email,
        Class::Place,
        Class::System,
        Class::Oneself,
        Class::Username,
    ];
    let any = (select(classes.to_vec()), any::<u64>()).prop_map(|(class, digest)| Receiver { class, digest });
    prop_oneof![Just(Receiver::ABSENT), any]
}

fn payer() -> impl Strategy<Value = Payer> {
    let collection = prop_oneof![Just(Collection::Charge), (1_u16..400).prop_map(|days| Collection::Send { days })];
    let rates = prop::array::uniform5(maybe_name()).prop_map(Tax::Rates);
    let tax = prop_oneof![Just(Tax::None), Just(Tax::Automatic), rates];
    let minimum = prop::option::of((0..i64::MAX).prop_map(Money::from_millionths));
    let currency = select(&["EUR", "JPY", "KWD"]).prop_map(|code| Currency::parse(code).expect("a currency"));
    (any_name(), maybe_name(), currency, collection, minimum, tax).prop_map(
        |(id, customer, currency, collection, minimum, tax)| Payer { id, customer, currency, collection, minimum, tax },
    )
}

fn row() -> impl Strategy<Value = Row> {
    let citizen = (any_name(), any::<Option<bool>>()).prop_map(|(id, is_ai)| Row::Citizen(Citizen { id, is_ai }));
    let building = (any_name(), maybe_name(), any::<Option<bool>>(), maybe_name());
    let building =
        building.prop_map(|(id, kind, is_business, run_by)| Row::Building(Building { id, kind, is_business, run_by }));
    prop_oneof![citizen, building]
}

fn maybe_name() -> impl Strategy<Value = Option<Name>> {
    prop::option::of(any_name())
}

// A few, because names are never freed; the longest among them.
fn any_name() -> impl Strategy<Value = Name> {
    (0_u8..40).prop_map(|number| match number {
        0 => name(&"é".repeat(64)),
        1 => name("RGRP"),
        number => name(&format!("name_{number}")),
    })
}

/// What happens in a story.
#[derive(Clone, Debug)]
pub enum Told {
    Event(Event<'static>),
    Row(Row),
}

/// A story of up to `length` events in which ids, contents and outcomes come again: there are repeats,
/// upgrades and conflicts in it, two stages and two currencies, over some weeks in no order.
pub fn story(length: usize) -> impl Strategy<Value = Vec<Told>> {
    let day = 86_400_000_000_i64;
    let id = (select(&Feed::ALL), 0..30_u8);
    let who = (0..14_u8, prop::option::of(0..4_u8), prop::option::of(0..3_u8));
    let price = prop_oneof![3 => (0..3_u16, 1..5_000_000_i64, any::<bool>()).prop_map(Some), 1 => Just(None)];
    let how = (select(vec![Outcome::Processed, Outcome::Processed, Outcome::Failed, Outcome::Created]), any::<bool>());
    let event = (id, who, price, how, 0..60 * day, 0..100_i64, any::<bool>()).prop_map(
        move |((feed, id), (citizen, business, client), price, (outcome, is_plain), since, later, is_live)| {
            let mut activity = Activity::new(feed, SourceId::new(&format!("rec{id}")).expect("an id"));
            activity.outcome = outcome;
            // Plain events of one id have the same content.
            let (citizen, business, client) =
                if is_plain { (id % 14, None, None) } else { (citizen, business, client) };
            activity.citizen = Some(name(&format!("citizen_{citizen}")));
            activity.business = business.map(|number| name(&format!("building_{number}")));
            activity.client = client.map(|number| name(&format!("client_{number}")));
            let at = Moment(1_765_000_000_000_000 + since);
            activity.occurred = Occurred::at(at);
            let price = price.filter(|_| outcome == Outcome::Processed).map(|(rule, amount, is_euro)| Price::Charge {
                rule: RuleId(rule),
                amount: Money::from_millionths(amount),
                currency: if is_euro { Currency::EUR } else { Currency::parse("CHF").expect("three letters") },
            });
            Event {
                key: activity.key(),
                content: activity.content(),
                draft: Draft {
                    business: activity.business,
                    ruling: Ruling::NotAMessage,
                    tariff: TariffVersion(1),
                    price: price.unwrap_or(Price::Free(Free::Nothing)),
                    hold: None,
                },
                used: None,
                adjustment: None,
                is_disputed: false,
                stage: Stage::ALL[usize::from(is_live)],
                occurred_at: at,
                recorded_at: Moment(at.0 + later),
                is_upgrade: false,
                activity: Telling::Read(Box::new(activity)),
            }
        },
    );
    prop::collection::vec(prop_oneof![9 => event.prop_map(Told::Event), 1 => row().prop_map(Told::Row)], 0..length)
}
