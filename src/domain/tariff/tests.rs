//! Prices against sums worked out by hand, and the laws that all of them keep.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::asks::{Amounts, Asks, Counted, MINUTES_MAX, Measure, Model, ONE, Rate, Tier, Unit, quantity_of};
use crate::domain::activity::{Activity, Stated};
use crate::domain::charge::Free;
use crate::domain::ids::{Feed, SourceId};
use crate::domain::money::Money;
use crate::domain::names::Name;

fn rate(text: &str) -> Rate {
    Rate::new(text.parse().expect("a decimal")).expect("a rate")
}

fn plain(model: Model, unit: Unit) -> Asks {
    Asks { model, unit, times_expertise: false, free: 0, minimum: None, maximum: None }
}

fn millionths(text: &str) -> Money {
    let amount: Decimal = text.parse().expect("a decimal");
    Money::from_millionths((amount * Decimal::from(Money::PER_UNIT)).try_into().expect("an amount"))
}

fn tiers(tiers: &[(Option<u64>, &str, &str)]) -> Vec<Tier> {
    let tier = |&(up_to, each, flat): &(Option<u64>, &str, &str)| Tier {
        up_to: up_to.map(|up_to| u128::from(up_to) * u128::from(ONE)),
        rate: rate(each),
        flat: millionths(flat),
    };
    tiers.iter().map(tier).collect()
}

/// What one event after another of one unit comes to: charges and adjustments.
fn one_by_one(asks: &Asks, events: u64) -> Vec<Result<Amounts, Free>> {
    let measure = Measure { quantity: ONE, factor: ONE };
    let mut counted = Counted::default();
    let price = |_| {
        let amounts = asks.price(counted, measure);
        counted = asks.counting(counted, ONE, posted(amounts));
        amounts
    };
    (0..events).map(price).collect()
}

fn posted(amounts: Result<Amounts, Free>) -> i128 {
    amounts.map_or(0, |amounts| i128::from(amounts.charge.millionths()) + i128::from(amounts.adjustment.millionths()))
}

#[test]
fn every_model_comes_to_the_sums_worked_out_by_hand() {
    let graduated =
        || Model::Graduated(tiers(&[(Some(2), "0.10", "0"), (Some(4), "0.05", "1.00"), (None, "0.01", "0")]));
    let volume = || Model::Volume(tiers(&[(Some(2), "0.10", "0"), (None, "0.05", "0")]));
    let dearer = || Model::Volume(tiers(&[(Some(2), "0.10", "0"), (None, "0.20", "0")]));
    let flat = || Model::Volume(tiers(&[(Some(2), "0", "7"), (None, "0.50", "0")]));
    let package = Model::Package { size: 3 * u128::from(ONE), price: millionths("5") };
    let allowance = |model| Asks { free: 2 * u128::from(ONE), ..plain(model, Unit::Event) };
    let bounded = |minimum, maximum| Asks {
        minimum: Some(millionths(minimum)),
        maximum: Some(millionths(maximum)),
        ..plain(Model::PerUnit(rate("0.10")), Unit::Event)
    };
    // For each event in turn: what it is charged, and what is adjusted.
    type Case<'a> = (&'a str, Asks, &'a [(&'a str, &'a str)]);
    let cases: Vec<Case<'_>> = vec![
        ("flat", plain(Model::PerUnit(rate("0.10")), Unit::Event), &[("0.10", "0"), ("0.10", "0")]),
        ("a minimum", bounded("0.25", "9"), &[("0.25", "0"), ("0.25", "0")]),
        ("a maximum", bounded("0", "0.04"), &[("0.04", "0")]),
        // 0.10 + 0.10, then 1.00 for the tier and 0.05 each, then 0.01 each.
        (
            "graduated",
            plain(graduated(), Unit::Event),
            &[("0.10", "0"), ("0.10", "0"), ("1.05", "0"), ("0.05", "0"), ("0.01", "0")],
        ),
        // The third makes all three 0.05: 0.15 in all, of which 0.20 were charged.
        ("volume", plain(volume(), Unit::Event), &[("0.10", "0"), ("0.10", "0"), ("0.05", "-0.10"), ("0.05", "0")]),
        // The third makes all three 0.20, and asks for that itself.
        ("volume that grows dearer", plain(dearer(), Unit::Event), &[("0.10", "0"), ("0.10", "0"), ("0.40", "0")]),
        // What is asked once is asked of the first, and given back once there are more.
        ("volume with a flat", plain(flat(), Unit::Event), &[("7", "0"), ("0", "nothing"), ("0.50", "-6")]),
        ("package", plain(package.clone(), Unit::Event), &[("5", "0"), ("0", "nothing"), ("0", "nothing"), ("5", "0")]),
        (
            "an allowance",
            allowance(Model::PerUnit(rate("0.10"))),
            &[("0", "allowance"), ("0", "allowance"), ("0.10", "0")],
        ),
        (
            "an allowance before tiers",
            allowance(volume()),
            &[("0", "allowance"), ("0", "allowance"), ("0.10", "0"), ("0.10", "0"), ("0.05", "-0.10")],
        ),
        // A third of a cent, rounded in the total and not in each: 0.003333, 0.006667, 0.01.
        (
            "tiers of an hour",
            plain(Model::Graduated(tiers(&[(None, "0.2", "0")])), Unit::Hour),
            &[("0.003333", "0"), ("0.003334", "0"), ("0.003333", "0")],
        ),
    ];
    for (name, asks, expected) in cases {
        for (number, (found, (charge, adjustment))) in
            one_by_one(&asks, expected.len() as u64).into_iter().zip(expected).enumerate()
        {
            let expected = match *adjustment {
                "allowance" => Err(Free::Allowance),
                "nothing" => Err(Free::Nothing),
                adjustment => Ok(Amounts { charge: millionths(charge), adjustment: millionths(adjustment) }),
            };
            assert_eq!(found, expected, "{name}, event {number}");
        }
    }
}

#[test]
fn an_hour_of_service_is_priced_by_minutes_and_expertise() {
    let asks = Asks { times_expertise: true, ..plain(Model::PerUnit(rate("50")), Unit::Hour) };
    for (minutes, expertise, amount) in [
        ("60", None, "50"),
        ("60", Some("1.2"), "60"),
        ("90", Some("0.8"), "60"),
        ("1", None, "0.833333"),
        ("5", None, "4.166667"),
        ("0.5", Some("1.2000000000000002"), "0.5"),
        ("47.333333333333336", None, "39.444444"),
        ("90.10000000000001", Some("0.0070000000000000001"), "0.525583"),
        ("60", Some("11"), "500"),
        ("60", Some("-3"), "50"),
        ("100000", None, "8400"),
        ("10080", Some("10"), "84000"),
    ] {
        let mut activity = Activity::new(Feed::Activity, SourceId::new("recA").expect("an id"));
        activity.kind = Name::new("paid_service");
        let figure = |text: &str| Stated::Is(text.parse().expect("a decimal"));
        (activity.minutes, activity.expertise) = (figure(minutes), expertise.map_or(Stated::Absent, figure));
        let measure = asks.measure(&activity).expect("sound figures");
        assert_eq!(
            asks.price(Counted::default(), measure),
            Ok(Amounts { charge: millionths(amount), adjustment: Money::ZERO }),
            "{minutes} {expertise:?}"
        );
    }
}

#[test]
fn a_declared_amount_is_taken_to_the_millionth() {
    let percent = plain(Model::PerUnit(rate("0.025")), Unit::Declared);
    for (declared, amount) in [
        ("100", Ok("2.5")),
        ("0.01", Ok("0.00025")),
        ("0.00001", Err(Free::Nothing)),
        // Held, both of them.
        ("-1", Err(Free::Nothing)),
        ("1000001", Ok("25000")),
    ] {
        let mut activity = Activity::new(Feed::Activity, SourceId::new("recA").expect("an id"));
        activity.declared = Stated::Is(declared.parse().expect("a decimal"));
        let found = percent.measure(&activity).and_then(|measure| percent.price(Counted::default(), measure));
        assert_eq!(found.map(|amounts| amounts.charge), amount.map(millionths), "{declared}");
    }
}

fn models() -> impl Strategy<Value = Model> {
    let rates = || {
        (0_u64..1_000_000, 0_u32..7).prop_map(|(mantissa, scale)| {
            Rate::new(Decimal::from_i128_with_scale(mantissa.into(), scale)).expect("a rate")
        })
    };
    let tiers = || {
        (prop::collection::vec((1_u64..400, rates(), 0_i64..5_000_000), 0..4), rates()).prop_map(|(parts, last)| {
            let mut up_to = 0;
            let mut tiers: Vec<Tier> = parts
                .into_iter()
                .map(|(width, rate, flat)| {
                    up_to += u128::from(width) * u128::from(ONE) / 4;
                    Tier { up_to: Some(up_to), rate, flat: Money::from_millionths(flat) }
                })
                .collect();
            tiers.push(Tier { up_to: None, rate: last, flat: Money::ZERO });
            tiers
        })
    };
    prop_oneof![
        rates().prop_map(Model::PerUnit),
        tiers().prop_map(Model::Graduated),
        tiers().prop_map(Model::Volume),
        (1_u64..100, 0_i64..9_000_000).prop_map(|(size, price)| Model::Package {
            size: u128::from(size) * u128::from(ONE) / 3,
            price: Money::from_millionths(price)
        }),
    ]
}

/// What these quantities come to, one after another.
fn sum(asks: &Asks, quantities: impl IntoIterator<Item = u64>) -> i64 {
    let count = |counted, quantity| {
        asks.counting(counted, quantity, posted(asks.price(counted, Measure { quantity, factor: ONE })))
    };
    quantities.into_iter().fold(Counted::default(), count).posted as i64
}

proptest! {
    #[test]
    fn splitting_and_reordering_change_no_sum(
        model in models(), free in 0_u64..20, mut quantities in prop::collection::vec(1_u64..90_000_000_000_000, 1..30), seed: u64,
    ) {
        for unit in [Unit::Minute, Unit::Hour] {
            // Counted from the first on, also where the model alone would not need it.
            let asks = Asks { free: u128::from(free) * u128::from(ONE) + 1, ..plain(model.clone(), unit) };
            let in_order = sum(&asks, quantities.iter().copied());
            let whole: u64 = quantities.iter().sum();
            prop_assert_eq!(sum(&asks, [whole]), in_order);
            let halves = quantities.iter().flat_map(|quantity| [quantity / 2, quantity - quantity / 2]).filter(|quantity| 0 < *quantity);
            prop_assert_eq!(sum(&asks, halves.collect::<Vec<_>>()), in_order);
            let length = quantities.len();
            quantities.rotate_left((seed % length as u64) as usize);
            prop_assert_eq!(sum(&asks, quantities.iter().copied()), in_order);
        }
    }

    #[test]
    fn no_figure_makes_pricing_panic_or_pay_out(mantissa: i128, scale in 0_u32..=28, other: i64, model in models(), all: u128, own: u128, posted: i128) {
        let limit = 79_228_162_514_264_337_593_543_950_335;
        let figure = Stated::Is(Decimal::from_i128_with_scale(mantissa % limit, scale));
        for (minutes, expertise) in [(figure, Stated::Is(other.into())), (Stated::Is(other.into()), figure), (figure, figure)] {
            for unit in [Unit::Event, Unit::Minute, Unit::Hour, Unit::Declared] {
                let mut activity = Activity::new(Feed::Activity, SourceId::new("recA").expect("an id"));
                (activity.minutes, activity.expertise, activity.declared) = (minutes, expertise, minutes);
                let asks = Asks { times_expertise: matches!(model, Model::PerUnit(_)), ..plain(model.clone(), unit) };
                if let Ok(Amounts { charge, adjustment }) = asks.measure(&activity).and_then(|measure| asks.price(Counted { all, own, billable: own, posted }, measure)) {
                    prop_assert!(Money::ZERO <= charge);
                    prop_assert!(adjustment == Money::ZERO || adjustment < Money::ZERO && matches!(model, Model::Volume(_)));
                }
            }
        }
    }

    #[test]
    fn a_quantity_is_a_figure_to_twelve_places(minutes in 0_u64..=MINUTES_MAX, places in 0_u32..=12) {
        let figure = Decimal::from_i128_with_scale(minutes.into(), places);
        prop_assert_eq!(quantity_of(figure), Some(minutes * 10_u64.pow(12 - places)));
    }
}
