//! The price of a rule: exactly one of `amount`, `percent`, `declared`, `graduated`, `volume` and `package`.

use rust_decimal::Decimal;

use super::keys::{Item, Keys};
use crate::domain::money::{Currency, Money};
use crate::domain::tariff::asks::{Asks, Model, PLACES, RATE_MAX, RATE_PLACES_MAX, Rate, Tier, Unit};

const KEYS: [&str; 11] =
    ["amount", "per", "times", "percent", "declared", "graduated", "volume", "package", "minimum", "maximum", "free"];
const MODELS: [&str; 6] = ["amount", "percent", "declared", "graduated", "volume", "package"];
const TIER_KEYS: [&str; 3] = ["up_to", "amount", "flat"];
const PACKAGE_KEYS: [&str; 2] = ["size", "amount"];

const PRICE: &str = "write { amount = 0.10 }, { amount = 50, per = \"hour\", times = \"expertise\" }, { percent = 2.5 }, \
                     { declared = true, minimum = 0, maximum = 100 }, { graduated = [{ up_to = 100, amount = 0.10 }, \
                     { amount = 0.05 }] }, { volume = … }, or { package = { size = 100, amount = 5 } }";
const AMOUNT: &str = "write a price of 0 or more: amount = 0.10";
const QUANTITY: &str = "write a number above 0";

pub(super) fn read(item: Item<'_, '_>, currency: Currency) -> Option<Asks> {
    let keys = item.table(&KEYS, PRICE)?;
    let models: Vec<&str> = MODELS.into_iter().filter(|model| keys.has(model)).collect();
    let &[model] = models.as_slice() else {
        let what = if models.is_empty() {
            "a price is missing".to_owned()
        } else {
            format!("a price is one of {}", models.join(", "))
        };
        keys.file.error(keys.at, what, PRICE);
        return None;
    };
    let units = [("event", Unit::Event), ("minute", Unit::Minute), ("hour", Unit::Hour), ("declared", Unit::Declared)];
    let unit = keys.get("per").map_or(Some(Unit::Event), |item| item.word(&units));
    let times_expertise = keys.get("times").map_or(Some(false), |item| item.word(&[("expertise", true)]));
    let [minimum, maximum] = ["minimum", "maximum"].map(|key| match keys.get(key) {
        Some(item) => money(item).map(Some),
        None => Some(None),
    });
    let free = keys.get("free").map_or(Some(0), |item| quantity(item, unit.unwrap_or(Unit::Event)));
    let (model, unit) = match model {
        "amount" => (keys.get("amount").and_then(rate).map(Model::PerUnit), unit),
        "percent" => (keys.get("percent").and_then(percent).map(Model::PerUnit), Some(Unit::Declared)),
        "declared" => (declared(&keys), Some(Unit::Declared)),
        "graduated" => (tiers(&keys, "graduated", unit).map(Model::Graduated), unit),
        "volume" => (tiers(&keys, "volume", unit).map(Model::Volume), unit),
        _ => (package(&keys, unit), unit),
    };
    let asks = Asks {
        model: model?,
        unit: unit?,
        times_expertise: times_expertise?,
        free: free?,
        minimum: minimum?,
        maximum: maximum?,
    };
    agree(&keys, &asks, currency);
    Some(asks)
}

/// What does not go together.
fn agree(keys: &Keys<'_, '_>, asks: &Asks, currency: Currency) {
    let is_plain = matches!(asks.model, Model::PerUnit(_));
    for key in ["minimum", "maximum"] {
        if let Some(item) = keys.get(key).filter(|_| !is_plain) {
            let what = format!("`{key}` is about one charge, and this price is about all of a period together");
            keys.file.error(item.at(), what, "leave it out, or take a price by `amount`");
        }
    }
    if let (Some(minimum), Some(maximum)) = (asks.minimum, asks.maximum)
        && maximum < minimum
    {
        keys.file.error(
            keys.at,
            format!("the minimum {minimum} is above the maximum {maximum}"),
            "write the lower one as the minimum",
        );
    }
    if asks.times_expertise && (!is_plain || !matches!(asks.unit, Unit::Minute | Unit::Hour)) {
        keys.file.error(
            keys.at,
            "only what is priced by the minute or the hour is worth more by expertise",
            "leave `times` out, or write per = \"hour\"",
        );
    }
    if keys.has("per") && (keys.has("percent") || keys.has("declared")) {
        keys.file.error(
            keys.at,
            "`per` has nothing to say here: the price follows the declared amount",
            "leave `per` out",
        );
    }
    if keys.has("declared") && (keys.has("free") || asks.minimum.is_none() || asks.maximum.is_none()) {
        keys.file.error(
            keys.at,
            "the engine's own figure is taken only within bounds, and whole",
            "write { declared = true, minimum = 0, maximum = 100 }",
        );
    }
    let digits = currency.minor_digits();
    if digits != 2
        && let Some(money) = smallest(asks).filter(|money| money.millionths() % 10_i64.pow(6 - digits) != 0)
    {
        let what = format!(
            "{money} {currency} is no whole number of its smallest coin: {currency} has {digits} decimal places, not 2"
        );
        let help = "invoices round down to whole coins, and carry the rest over; write a whole number of them where that is not meant";
        keys.file.warning(keys.at, what, help);
    }
}

/// A price that is asked each time it is due.
fn smallest(asks: &Asks) -> Option<Money> {
    match &asks.model {
        Model::PerUnit(_) if asks.unit != Unit::Declared => {
            asks.total(u128::from(crate::domain::tariff::asks::ONE) * u128::from(asks.unit.size()))
        }
        Model::Package { price, .. } => Some(*price),
        _ => None,
    }
}

fn rate(item: Item<'_, '_>) -> Option<Rate> {
    let rate = Rate::new(item.decimal(AMOUNT)?);
    if rate.is_none() {
        item.wrong(&format!("write a price from 0 to {RATE_MAX}, to at most {RATE_PLACES_MAX} decimal places"));
    }
    rate
}

fn percent(item: Item<'_, '_>) -> Option<Rate> {
    const MUST: &str = "write a percentage from 0 to 100: percent = 2.5";
    let percent = item.decimal(MUST)?;
    let rate = Rate::new(percent / Decimal::ONE_HUNDRED).filter(|_| percent <= Decimal::ONE_HUNDRED);
    if rate.is_none() {
        item.wrong(MUST);
    }
    rate
}

fn declared(keys: &Keys<'_, '_>) -> Option<Model> {
    let item = keys.get("declared")?;
    if item.flag("write declared = true") != Some(true) {
        item.wrong("write declared = true, or leave it out");
        return None;
    }
    Rate::new(Decimal::ONE).map(Model::PerUnit)
}

fn money(item: Item<'_, '_>) -> Option<Money> {
    const MUST: &str = "write an amount from 0 to 1000000, to at most 6 decimal places: 1.50";
    let amount = item.decimal(MUST)?;
    let is_sound = Decimal::ZERO <= amount && amount <= Decimal::from(RATE_MAX) && amount.normalize().scale() <= 6;
    let millionths = is_sound.then(|| i64::try_from(amount * Decimal::from(Money::PER_UNIT)).ok()).flatten();
    if millionths.is_none() {
        item.wrong(MUST);
    }
    millionths.map(Money::from_millionths)
}

/// A number of whatever is counted, as a quantity.
fn quantity(item: Item<'_, '_>, unit: Unit) -> Option<u128> {
    let number = item.decimal(QUANTITY)?.normalize();
    let is_sound = Decimal::ZERO < number && number <= Decimal::from(1_000_000_000_000_u64) && number.scale() <= 6;
    if !is_sound {
        item.wrong("write a number above 0, to at most 6 decimal places");
        return None;
    }
    let mantissa = u128::try_from(number.mantissa()).ok()?;
    Some(mantissa * 10_u128.pow(PLACES - number.scale()) * u128::from(unit.size()))
}

fn tiers(keys: &Keys<'_, '_>, key: &'static str, unit: Option<Unit>) -> Option<Vec<Tier>> {
    const MUST: &str = "write a list of tiers: [{ up_to = 100, amount = 0.10 }, { amount = 0.05 }]";
    let tables = keys.get(key)?.tables(&TIER_KEYS, MUST);
    let (mut tiers, mut last) = (Vec::new(), 0);
    let count = tables.len();
    if count == 0 {
        keys.file.error(keys.at, format!("`{key}` has no tiers"), MUST);
    }
    for (number, tier) in tables.into_iter().enumerate() {
        let up_to = match tier.get("up_to") {
            Some(item) => Some(quantity(item, unit?)?),
            None => None,
        };
        match up_to {
            None if number + 1 < count => {
                let what = "this tier has no end, and there is one after it that nothing can reach";
                tier.file.error(tier.at, what, "write up_to in every tier but the last");
            }
            Some(_) if number + 1 == count => {
                let what = "what goes beyond the last tier has no price";
                tier.file.error(tier.at, what, "leave up_to out of the last tier: { amount = 0.05 }");
            }
            Some(up_to) if up_to <= last => {
                let what = "this tier ends before it begins";
                tier.file.error(tier.at, what, "write the tiers in order, each up_to higher than the one before");
            }
            _ => {}
        }
        last = up_to.unwrap_or(last);
        let rate = tier.need("amount", AMOUNT).and_then(rate)?;
        let flat = tier.get("flat").map_or(Some(Money::ZERO), money)?;
        tiers.push(Tier { up_to, rate, flat });
    }
    (tiers.len() == count && 0 < count).then_some(tiers)
}

fn package(keys: &Keys<'_, '_>, unit: Option<Unit>) -> Option<Model> {
    let table = keys.get("package")?.table(&PACKAGE_KEYS, "write package = { size = 100, amount = 5 }")?;
    let size = table.need("size", "write how many are in one: size = 100").and_then(|item| quantity(item, unit?));
    let price = table.need("amount", AMOUNT).and_then(money);
    Some(Model::Package { size: size?, price: price? })
}
