//! What a rule asks: a price for a quantity, exact until the one rounding at its end.
//!
//! Where a price depends on what was used before, it is the difference between two totals, each rounded
//! once: so many small steps come to the same as one large one.

use ethnum::U256;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::domain::activity::{Activity, Stated};
use crate::domain::charge::Free;
use crate::domain::money::Money;

/// Quantities and multipliers count to this many decimal places, half to even: a named rounding, for what a
/// float left behind them. Half a unit of it changes no charge by a millionth.
pub const PLACES: u32 = 12;
/// One of whatever is counted.
pub const ONE: u64 = 10_u64.pow(PLACES);
/// Declared minutes are taken up to a week; more is a slip of somebody's pen.
pub const MINUTES_MAX: u64 = 7 * 24 * 60;
/// Expertise counts up to this.
pub const EXPERTISE_MAX: u64 = 10;
/// A declared amount is taken up to this many units of the currency.
pub const DECLARED_MAX: u64 = 1_000_000;

/// What a rule asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asks {
    /// How the price follows from the quantity.
    pub model: Model,
    /// What the quantity is.
    pub unit: Unit,
    /// Whether the price is multiplied by the expertise that is stated: 0 to 10, and 1 where none is.
    pub times_expertise: bool,
    /// The first of these in each period cost nothing: a quantity.
    pub free: u128,
    /// A charge is never less than this,
    pub minimum: Option<Money>,
    /// nor more than this.
    pub maximum: Option<Money>,
}

/// What a quantity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Each event is one.
    Event,
    /// The minutes that are declared.
    Minute,
    /// The same, in hours.
    Hour,
    /// The amount that is declared, in units of the currency.
    Declared,
}

/// How a price follows from a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Model {
    /// So much for each.
    PerUnit(Rate),
    /// So much for each, by the tier that each falls into.
    Graduated(Vec<Tier>),
    /// So much for each, and for all of them by the tier that the last falls into.
    Volume(Vec<Tier>),
    /// So much for each package that is begun.
    Package {
        /// How much is in one: a quantity.
        size: u128,
        /// What one costs.
        price: Money,
    },
}

/// Where a tier ends, and what it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The last quantity in it; `None` in the last tier.
    pub up_to: Option<u128>,
    /// For each.
    pub rate: Rate,
    /// Once, where anything falls into it.
    pub flat: Money,
}

/// A price of one: a decimal number of units of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    mantissa: u64,
    scale: u32,
}

/// The finest price of one that there is: a thousandth of a millionth.
pub const RATE_PLACES_MAX: u32 = 9;
/// The highest.
pub const RATE_MAX: u64 = 1_000_000;

/// What is priced of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// How much: a quantity.
    pub quantity: u64,
    /// By what the price is multiplied, to [`PLACES`] places.
    pub factor: u64,
}

/// What was counted in a period before an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// By all rules that count together: a quantity.
    pub all: u128,
    /// By this rule of this tariff alone: a quantity.
    pub own: u128,
    /// As much of its own was not free: a quantity.
    pub billable: u128,
    /// What was posted for its own, in millionths.
    pub posted: i128,
}

/// What an event comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// For the event itself.
    pub charge: Money,
    /// What becomes of earlier charges by it, never above nothing: only volume prices do that.
    pub adjustment: Money,
}

impl Rate {
    /// The rate of this decimal; `None` where it is below zero, above [`RATE_MAX`] or finer than
    /// [`RATE_PLACES_MAX`] places.
    pub fn new(rate: Decimal) -> Option<Rate> {
        let rate = rate.normalize();
        let is_sound = !rate.is_sign_negative() || rate.is_zero();
        let fits = is_sound && rate.scale() <= RATE_PLACES_MAX && rate <= Decimal::from(RATE_MAX);
        fits.then(|| u64::try_from(rate.mantissa()).ok())
            .flatten()
            .map(|mantissa| Rate { mantissa, scale: rate.scale() })
    }

    /// The decimal.
    pub fn decimal(self) -> Decimal {
        Decimal::from_i128_with_scale(self.mantissa.into(), self.scale)
    }

    /// The rate × a quantity × a factor, in millionths.
    fn of(self, unit: Unit, quantity: u128, factor: u64) -> Option<Money> {
        let (quantity, quantity_scale) = lean(quantity, PLACES);
        let (factor, factor_scale) = lean(factor.into(), PLACES);
        let scale = self.scale + quantity_scale + factor_scale;
        let product = u128::from(self.mantissa).checked_mul(quantity);
        match product.and_then(|product| product.checked_mul(factor)) {
            Some(product) => ratio(product, scale, unit),
            // Three figures with all the digits that they may have.
            None => {
                let product = U256::from(quantity).checked_mul(factor.into())?.checked_mul(self.mantissa.into())?;
                let parts = U256::new(10).checked_pow(scale)?.checked_mul(unit.size().into())?;
                Money::from_wide_ratio(product.checked_mul(U256::from(Money::PER_UNIT as u64))?, parts)
            }
        }
    }
}

/// Fewer digits for the same number: `mantissa / 10^scale`.
fn lean(mantissa: u128, mut scale: u32) -> (u128, u32) {
    let Ok(mut small) = u64::try_from(mantissa) else { return lean_large(mantissa, scale) };
    while 6 <= scale && small.is_multiple_of(1_000_000) {
        small /= 1_000_000;
        scale -= 6;
    }
    while 0 < scale && small.is_multiple_of(10) {
        small /= 10;
        scale -= 1;
    }
    (small.into(), scale)
}

fn lean_large(mut mantissa: u128, mut scale: u32) -> (u128, u32) {
    while 0 < scale && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        scale -= 1;
    }
    (mantissa, scale)
}

/// `product / 10^scale` of a price for the base unit, in millionths.
fn ratio(product: u128, scale: u32, unit: Unit) -> Option<Money> {
    let base = u128::from(unit.size());
    match scale.checked_sub(6) {
        Some(scale) => Money::from_ratio(product, base.checked_mul(10_u128.checked_pow(scale)?)?),
        None => Money::from_ratio(product.checked_mul(10_u128.pow(6 - scale))?, base),
    }
}

impl Unit {
    /// How many of what is counted make one: hours are counted in minutes.
    pub const fn size(self) -> u64 {
        match self {
            Unit::Event | Unit::Minute | Unit::Declared => 1,
            Unit::Hour => 60,
        }
    }

    /// Its name, for one and for many.
    pub const fn as_str(self) -> &'static str {
        match self {
            Unit::Event => "event",
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Declared => "declared unit",
        }
    }

    /// How much of it an event has, within its bounds.
    fn of(self, activity: &Activity) -> Result<u64, Free> {
        match self {
            Unit::Event => Ok(ONE),
            Unit::Minute | Unit::Hour => bounded(activity.minutes, MINUTES_MAX, [Free::NoDuration, Free::BadDuration]),
            Unit::Declared => bounded(activity.declared, DECLARED_MAX, [Free::NoDeclared, Free::BadDeclared]),
        }
    }
}

impl Asks {
    /// What there is to price of an event. A figure that is out of its bounds counts as the nearest that is not;
    /// an expertise below nothing counts as none at all. Either leaves doubt, and the charge is held.
    pub fn measure(&self, activity: &Activity) -> Result<Measure, Free> {
        let quantity = self.unit.of(activity)?;
        let factor = match activity.expertise {
            _ if !self.times_expertise => ONE,
            Stated::Absent => ONE,
            Stated::Is(expertise) if expertise < Decimal::ZERO => ONE,
            Stated::Is(expertise) => {
                quantity_of(expertise.min(Decimal::from(EXPERTISE_MAX))).ok_or(Free::BadExpertise)?
            }
            Stated::Unreadable(_) => return Err(Free::BadExpertise),
        };
        Ok(Measure { quantity, factor })
    }

    /// Whether the price of an event depends on those before it.
    pub fn is_counted(&self) -> bool {
        0 < self.free || !matches!(self.model, Model::PerUnit(_))
    }

    /// The price of an event, before which so much was `counted` in its period.
    pub fn price(&self, counted: Counted, measure: Measure) -> Result<Amounts, Free> {
        let Measure { quantity, factor } = measure;
        let all = counted.all.checked_add(quantity.into()).ok_or(Free::TooMuch)?;
        let (before, after) = (self.beyond(counted.all), self.beyond(all));
        if before == after && quantity != 0 {
            return Err(Free::Allowance);
        }
        let alone = |rate: Rate| rate.of(self.unit, after - before, factor);
        let amounts = || {
            Some(match &self.model {
                _ if quantity == 0 => (Money::ZERO, Money::ZERO),
                // Nothing that a multiplier differs in adds up to a total.
                Model::PerUnit(rate) if self.times_expertise || !self.is_counted() => (alone(*rate)?, Money::ZERO),
                Model::PerUnit(_) | Model::Graduated(_) | Model::Package { .. } => {
                    (self.total(after)?.checked_sub(self.total(before)?)?, Money::ZERO)
                }
                Model::Volume(tiers) => {
                    let own = counted.billable.checked_add(after - before)?.min(after);
                    let step = volume(tiers, self.unit, after, own)?;
                    let step = money(i128::from(step.millionths()).checked_sub(counted.posted)?)?;
                    // What makes all the earlier ones dearer is asked of the event that does it.
                    let charge = step.max(alone(tier_of(tiers, after)?.rate)?);
                    (charge, step.checked_sub(charge)?)
                }
            })
        };
        let (charge, adjustment) = amounts().ok_or(Free::TooMuch)?;
        let charge = self.minimum.map_or(charge, |minimum| charge.max(minimum));
        let charge = self.maximum.map_or(charge, |maximum| charge.min(maximum));
        if charge == Money::ZERO && adjustment == Money::ZERO {
            return Err(Free::Nothing);
        }
        Ok(Amounts { charge, adjustment })
    }

    /// What is counted after so much more, for which so much was posted.
    pub fn counting(&self, counted: Counted, quantity: u64, posted: i128) -> Counted {
        let all = counted.all.saturating_add(quantity.into());
        let own = counted.own.saturating_add(quantity.into());
        let more = self.beyond(all) - self.beyond(counted.all);
        Counted { all, own, billable: counted.billable.saturating_add(more), posted: counted.posted + posted }
    }

    /// What is counted after so much less, of which so much that was posted is taken back.
    pub fn uncounting(&self, counted: Counted, quantity: u64, posted: i128) -> Counted {
        let all = counted.all.saturating_sub(quantity.into());
        let own = counted.own.saturating_sub(quantity.into());
        // What of it was free depends on what came before; there is never more than is counted.
        let less = self.beyond(counted.all) - self.beyond(all);
        let billable = counted.billable.saturating_sub(less).min(own).min(self.beyond(all));
        Counted { all, own, billable, posted: counted.posted - posted }
    }

    /// How much of so much is not free.
    fn beyond(&self, counted: u128) -> u128 {
        counted.saturating_sub(self.free)
    }

    /// What is to be posted by this rule of this tariff alone once so much is counted, where it can be told: where
    /// prices add up to a total and nothing else is counted with them, where all of them are of one tier, and where
    /// nothing of its own is left.
    fn due(&self, Counted { all, own, billable, .. }: Counted) -> Option<Money> {
        let is_total = !self.times_expertise && self.minimum.is_none() && self.maximum.is_none();
        match &self.model {
            _ if own == 0 => Some(Money::ZERO),
            Model::Volume(tiers) => volume(tiers, self.unit, self.beyond(all), billable),
            _ if is_total && all == own => self.total(self.beyond(all)),
            _ => None,
        }
    }

    /// What is to remain posted by this rule of this tariff alone after something was taken back, where that can be told:
    /// nothing, where nothing of its own is left; else what is due, if just that was posted before.
    pub fn remains(&self, was: Counted, counted: Counted) -> Option<Money> {
        let is_volume = matches!(self.model, Model::Volume(_));
        let is_even = || self.due(was).is_some_and(|due| i128::from(due.millionths()) == was.posted);
        if counted.own == 0 || is_volume || is_even() { self.due(counted) } else { None }
    }

    /// What so much comes to, from the first on; `None` past the largest amount.
    pub fn total(&self, quantity: u128) -> Option<Money> {
        match &self.model {
            Model::PerUnit(rate) => rate.of(self.unit, quantity, ONE),
            Model::Graduated(tiers) => graduated(tiers, self.unit, quantity),
            Model::Volume(tiers) => volume(tiers, self.unit, quantity, quantity),
            Model::Package { size, price } => {
                let begun = quantity.div_ceil((*size).max(1));
                i64::try_from(begun).ok()?.checked_mul(price.millionths()).map(Money::from_millionths)
            }
        }
    }
}

/// The tier that a quantity of more than nothing ends in; past the last bound, the last.
fn tier_of(tiers: &[Tier], quantity: u128) -> Option<&Tier> {
    tiers.iter().find(|tier| tier.up_to.is_none_or(|up_to| quantity <= up_to)).or(tiers.last())
}

/// So much of one rule at the rate of the tier that all of them end in.
fn volume(tiers: &[Tier], unit: Unit, all: u128, own: u128) -> Option<Money> {
    if own == 0 {
        return Some(Money::ZERO);
    }
    let tier = tier_of(tiers, all)?;
    tier.rate.of(unit, own, ONE)?.checked_add(tier.flat)
}

/// An amount, where it is one.
fn money(millionths: i128) -> Option<Money> {
    i64::try_from(millionths).ok().map(Money::from_millionths)
}

/// Each tier's part at its rate, rounded once over all of them.
fn graduated(tiers: &[Tier], unit: Unit, quantity: u128) -> Option<Money> {
    // All rates to the finest of them, so that they add up exactly.
    let scale = tiers.iter().map(|tier| tier.rate.scale).max()?;
    let (mut sum, mut flat, mut from) = (0_u128, Money::ZERO, 0);
    for (number, tier) in tiers.iter().enumerate() {
        if quantity <= from {
            break;
        }
        let is_last = number + 1 == tiers.len();
        let to = tier.up_to.filter(|_| !is_last).map_or(quantity, |up_to| quantity.min(up_to));
        let rate = u128::from(tier.rate.mantissa).checked_mul(10_u128.pow(scale - tier.rate.scale))?;
        sum = sum.checked_add(rate.checked_mul(to - from)?)?;
        flat = flat.checked_add(tier.flat)?;
        from = to;
    }
    let (sum, scale) = lean(sum, scale + PLACES);
    ratio(sum, scale, unit)?.checked_add(flat)
}

/// A figure, or the nearest from zero to `max`, as a quantity; why not, where it is absent or no figure.
fn bounded(figure: Stated, max: u64, [absent, bad]: [Free; 2]) -> Result<u64, Free> {
    match figure {
        Stated::Absent => Err(absent),
        Stated::Is(figure) => quantity_of(figure.clamp(Decimal::ZERO, Decimal::from(max))).ok_or(bad),
        Stated::Unreadable(_) => Err(bad),
    }
}

/// A figure of zero or more as a whole number of its [`PLACES`]th decimal; `None` below zero, or where it is
/// too large to hold.
pub fn quantity_of(figure: Decimal) -> Option<u64> {
    let figure = figure.round_dp_with_strategy(PLACES, RoundingStrategy::MidpointNearestEven).normalize();
    let mantissa = u64::try_from(figure.mantissa()).ok()?;
    mantissa.checked_mul(10_u64.pow(PLACES.checked_sub(figure.scale())?))
}

/// The decimal of a quantity.
pub fn decimal_of(quantity: u128) -> Decimal {
    i128::try_from(quantity)
        .ok()
        .and_then(|quantity| Decimal::try_from_i128_with_scale(quantity, PLACES).ok())
        .map_or(Decimal::MAX, |figure| figure.normalize())
}
