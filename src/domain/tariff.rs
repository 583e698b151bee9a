//! The tariff: an ordered list of rules, the first of which that matches prices the event.
//!
//! The built-in tariff charges EUR 0.10 for a message to somebody outside, and EUR 50 an hour, times
//! the expertise, for a paid service. Everything else is recorded at zero.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

use super::activity::{Activity, Outcome, Stated};
use super::charge::{Draft, Free, Price};
use super::external::Ruling;
use super::ids::Feed;
use super::money::{Currency, Money};
use super::names::Name;

/// The version of a tariff; every charge names the one that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TariffVersion(pub u16);

/// The number of a rule within its tariff, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u16);

/// A tariff.
#[derive(Clone, Debug)]
pub struct Tariff {
    version: TariffVersion,
    currency: Currency,
    rules: Vec<Rule>,
}

/// One rule: what it is about, and what it asks.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its number.
    pub id: RuleId,
    /// Its name, as charges and metrics show it.
    pub name: &'static str,
    /// What it is about.
    pub matches: Matches,
    /// What it asks.
    pub asks: Asks,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matches {
    /// Activities of one type.
    Activity(&'static str),
    /// Messages that left the simulation.
    ExternalMessage,
}

/// What a rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The same each time.
    Flat(Money),
    /// So much an hour, times the expertise (0 to 10, 1 where none is stated), for the declared minutes.
    Hourly(Money),
}

/// Declared minutes are taken up to a week; more is a slip of somebody's pen.
const MINUTES_MAX: u32 = 7 * 24 * 60;
/// Minutes and expertise count to this many decimal places, half to even: a named rounding, for what a
/// float left behind them. Half a unit of it changes no charge by a millionth.
const PLACES: u32 = 12;
/// Expertise counts up to this.
const EXPERTISE_MAX: u32 = 10;

impl Tariff {
    /// The tariff that is in force where nobody made another.
    pub fn built_in() -> Tariff {
        let rules = vec![
            Rule {
                id: RuleId(1),
                name: "paid_service",
                matches: Matches::Activity("paid_service"),
                asks: Asks::Hourly(Money::from_millionths(50_000_000)),
            },
            Rule {
                id: RuleId(2),
                name: "external_message",
                matches: Matches::ExternalMessage,
                asks: Asks::Flat(Money::from_millionths(100_000)),
            },
        ];
        Tariff { version: TariffVersion(1), currency: Currency::EUR, rules }
    }

    /// Its version.
    pub fn version(&self) -> TariffVersion {
        self.version
    }

    /// Its currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Its rules, in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The name of a rule.
    pub fn rule_name(&self, id: RuleId) -> &'static str {
        self.rules.iter().find(|rule| rule.id == id).map_or("unknown", |rule| rule.name)
    }

    /// Prices an event whose business and ruling are resolved.
    pub fn draft(&self, activity: &Activity, business: Option<Name>, ruling: Ruling) -> Draft {
        Draft { business, ruling, tariff: self.version, price: self.price(activity, ruling) }
    }

    fn price(&self, activity: &Activity, ruling: Ruling) -> Price {
        let Some(rule) = self.rules.iter().find(|rule| rule.matches.applies(activity, ruling)) else {
            let inside = activity.feed == Feed::Message || ruling != Ruling::NotAMessage;
            return Price::Free(if inside { Free::NotExternal } else { Free::NoRule });
        };
        if activity.outcome != Outcome::Processed {
            return Price::Free(Free::NotProcessed);
        }
        match rule.asks.amount(activity) {
            Ok(amount) if amount.is_positive() => Price::Charge { rule: rule.id, amount, currency: self.currency },
            Ok(_) => Price::Free(Free::Nothing),
            Err(reason) => Price::Free(reason),
        }
    }
}

impl Matches {
    fn applies(self, activity: &Activity, ruling: Ruling) -> bool {
        match self {
            Matches::Activity(kind) => {
                activity.feed == Feed::Activity && activity.kind.is_some_and(|name| name.as_str() == kind)
            }
            Matches::ExternalMessage => ruling.is_external(),
        }
    }
}

impl Asks {
    fn amount(self, activity: &Activity) -> Result<Money, Free> {
        match self {
            Asks::Flat(amount) => Ok(amount),
            Asks::Hourly(rate) => hourly(rate, activity.minutes, activity.expertise),
        }
    }
}

/// rate × expertise × minutes / 60, exact until the one rounding at its end.
fn hourly(rate: Money, minutes: Stated, expertise: Stated) -> Result<Money, Free> {
    let minutes = match minutes {
        Stated::Absent => return Err(Free::NoDuration),
        Stated::Is(minutes) if minutes <= Decimal::from(MINUTES_MAX) => minutes,
        Stated::Is(_) | Stated::Unreadable(_) => return Err(Free::BadDuration),
    };
    let expertise = match expertise {
        Stated::Absent => Decimal::ONE,
        Stated::Is(expertise) => expertise.clamp(Decimal::ZERO, Decimal::from(EXPERTISE_MAX)),
        Stated::Unreadable(_) => return Err(Free::BadExpertise),
    };
    let minutes = quantity(minutes).ok_or(Free::BadDuration)?;
    let expertise = quantity(expertise).ok_or(Free::BadExpertise)?;
    // 26 bits of rate, 44 of expertise and 54 of minutes: 124 at the most, unless a tariff asks more
    // than EUR 800 an hour, which the checks then find.
    let rate = u128::try_from(rate.millionths()).map_err(|_| Free::Nothing)?;
    let product =
        rate.checked_mul(expertise).and_then(|product| product.checked_mul(minutes)).ok_or(Free::BadDuration)?;
    let denominator = 60 * 10_u128.pow(2 * PLACES);
    Money::from_ratio(product, denominator).ok_or(Free::BadDuration)
}

/// A figure of zero or more as a whole number of its [`PLACES`]th decimal; `None` below zero.
fn quantity(figure: Decimal) -> Option<u128> {
    let figure = figure.round_dp_with_strategy(PLACES, RoundingStrategy::MidpointNearestEven).normalize();
    let mantissa = u128::try_from(figure.mantissa()).ok()?;
    mantissa.checked_mul(10_u128.pow(PLACES.checked_sub(figure.scale())?))
}

/// The tariff as a person reads it.
impl fmt::Display for Tariff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "tariff {} in {}; the first rule that matches prices a processed event",
            self.version.0, self.currency
        )?;
        for rule in &self.rules {
            let about = match rule.matches {
                Matches::Activity(kind) => format!("activities of type {kind}"),
                Matches::ExternalMessage => "messages to an external receiver".to_owned(),
            };
            let price = match rule.asks {
                Asks::Flat(amount) => format!("{amount} each"),
                Asks::Hourly(rate) => {
                    format!(
                        "{rate} an hour × expertise (held between 0 and {EXPERTISE_MAX}, 1 where none is stated) × declared minutes / 60 (at most {MINUTES_MAX} minutes); at zero where a figure cannot be read"
                    )
                }
            };
            writeln!(f, "{:>3}  {:<18} {about}: {price}", rule.id.0, rule.name)?;
        }
        writeln!(f, "     everything else    recorded at zero")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::SourceId;
    use proptest::prelude::*;

    fn service(minutes: Stated, expertise: Stated) -> Activity {
        let mut activity = Activity::new(Feed::Activity, SourceId::new("recA").expect("an id"));
        activity.kind = Name::new("paid_service");
        activity.minutes = minutes;
        activity.expertise = expertise;
        activity
    }

    fn is(figure: &str) -> Stated {
        Stated::Is(figure.parse().expect("a decimal"))
    }

    fn price(activity: &Activity, ruling: Ruling) -> Price {
        Tariff::built_in().draft(activity, None, ruling).price
    }

    #[test]
    fn a_paid_service_costs_50_an_hour_times_expertise() {
        for (minutes, expertise, millionths) in [
            (is("60"), Stated::Absent, 50_000_000),
            (is("60"), is("1.2"), 60_000_000),
            (is("90"), is("0.8"), 60_000_000),
            (is("1"), Stated::Absent, 833_333),
            (is("5"), Stated::Absent, 4_166_667),
            (is("0.5"), is("1.2000000000000002"), 500_000),
            (is("47.333333333333336"), Stated::Absent, 39_444_444),
            (is("90.10000000000001"), is("0.0070000000000000001"), 525_583),
            (is("60"), is("11"), 500_000_000),
            (is("10080"), is("10"), 84_000_000_000),
        ] {
            let Price::Charge { rule, amount, currency } = price(&service(minutes, expertise), Ruling::NotAMessage)
            else {
                panic!("{minutes:?} {expertise:?} earns nothing");
            };
            assert_eq!(
                (rule, amount.millionths(), currency),
                (RuleId(1), millionths, Currency::EUR),
                "{minutes:?} {expertise:?}"
            );
        }
    }

    #[test]
    fn a_service_without_sound_figures_is_recorded_at_zero_with_the_reason() {
        for (minutes, expertise, reason) in [
            (Stated::Absent, Stated::Absent, Free::NoDuration),
            (Stated::Unreadable(1), Stated::Absent, Free::BadDuration),
            (is("-60"), Stated::Absent, Free::BadDuration),
            (is("10080.1"), Stated::Absent, Free::BadDuration),
            (is("0.00000001"), Stated::Absent, Free::Nothing),
            (is("60"), Stated::Unreadable(1), Free::BadExpertise),
            (is("60"), is("-1"), Free::Nothing),
            (is("0"), Stated::Absent, Free::Nothing),
        ] {
            assert_eq!(
                price(&service(minutes, expertise), Ruling::NotAMessage),
                Price::Free(reason),
                "{minutes:?} {expertise:?}"
            );
        }
    }

    #[test]
    fn a_message_costs_ten_cents_if_it_left_the_simulation() {
        let message = Activity::new(Feed::Message, SourceId::new("recM").expect("an id"));
        for ruling in Ruling::ALL {
            let expected = if ruling.is_external() {
                Price::Charge { rule: RuleId(2), amount: Money::from_millionths(100_000), currency: Currency::EUR }
            } else {
                Price::Free(Free::NotExternal)
            };
            assert_eq!(price(&message, *ruling), expected, "{ruling:?}");
        }
    }

    #[test]
    fn only_what_was_processed_earns() {
        for outcome in Outcome::ALL {
            let mut activity = service(is("60"), Stated::Absent);
            activity.outcome = outcome;
            let earns = matches!(price(&activity, Ruling::NotAMessage), Price::Charge { .. });
            assert_eq!(earns, outcome == Outcome::Processed, "{outcome:?}");
        }
    }

    proptest! {
        #[test]
        fn no_figure_makes_pricing_panic_or_pay_out(mantissa: i128, scale in 0_u32..=28, other: i64) {
            let limit = 79_228_162_514_264_337_593_543_950_335;
            let figure = Stated::Is(Decimal::from_i128_with_scale(mantissa % limit, scale));
            for activity in [service(figure, Stated::Is(other.into())), service(Stated::Is(other.into()), figure), service(figure, figure)] {
                if let Price::Charge { amount, .. } = price(&activity, Ruling::NotAMessage) {
                    prop_assert!(amount.is_positive());
                }
            }
        }
    }
}
