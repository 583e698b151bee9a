//! Citizens, and their rows as the engine keeps them.
//!
//! A row has no profession and no skills, because the engine's has none: who runs a business is told by the
//! buildings, and how good they are by what they were paid for.

use std::fmt;

use super::City;
use super::almanac::{Hand, MICROS_PER_DAY, MICROS_PER_HOUR, Stamp};
use super::dice::Dice;
use super::names::{CLASSES, FIRST_NAMES, LAST_NAMES};
use super::record::Number;
use super::sheet::{Form, Sheet};
use super::spot::Spot;
use super::usernames::{PLAYERS, USERNAMES};

const STRENGTHS: [&str; 8] =
    ["Patient", "Thrifty", "Well-travelled", "Exact", "Warm", "Stubborn", "Quick-witted", "Devout"];
const FLAWS: [&str; 8] = ["Vain", "Suspicious", "Hasty", "Secretive", "Idle", "Quarrelsome", "Proud", "Greedy"];
const DRIVES: [&str; 6] = ["Security", "Renown", "Knowledge", "Family", "Freedom", "Order"];
const MINDS: [&str; 8] = ["ISTJ", "ENTP", "INFJ", "ESFP", "INTJ", "ISFP", "ENFJ", "ESTJ"];
const CITIES: [&str; 6] = ["Candia", "Ragusa", "Costantinopoli", "Zara", "Ancona", "Alessandria"];

/// Someone who lives in the city.
#[derive(Clone, Debug)]
pub(super) struct Citizen {
    pub(super) username: &'static str,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) is_ai: bool,
    /// How well they do what they are paid for, in tenths: 10 is as well as anyone.
    pub(super) expertise_tenths: u32,
    class: &'static str,
}

impl Citizen {
    pub(super) fn all(dice: &mut Dice) -> Vec<Citizen> {
        USERNAMES.into_iter().map(|username| Citizen::new(username, dice)).collect()
    }

    fn new(username: &'static str, dice: &mut Dice) -> Citizen {
        Citizen {
            username,
            first_name: dice.pick(&FIRST_NAMES),
            last_name: dice.pick(&LAST_NAMES),
            is_ai: !PLAYERS.contains(&username),
            // The lower of two draws, because masters are rarer than journeymen.
            expertise_tenths: 8 + dice.below(23).min(dice.below(23)),
            class: dice.weigh(&CLASSES),
        }
    }

    pub(super) fn row(&self, dice: &mut Dice, number: Number) -> String {
        let Citizen { username, first_name, last_name, is_ai, class, .. } = self;
        let arrived = City::START_MICROS - dice.between(5 * MICROS_PER_DAY, 55 * MICROS_PER_DAY);
        let active = City::START_MICROS - dice.between(0, 4 * MICROS_PER_DAY);
        let foreign = *class == "Forestieri";
        let mut sheet = Sheet::row(Form::Airtable, number.record(), arrived);
        sheet.text("CitizenId", username);
        sheet.text("Username", username);
        sheet.text("FirstName", first_name);
        sheet.text("LastName", last_name);
        sheet.text("SocialClass", class);
        sheet.bare("Ducats", Ducats::drawn(dice));
        sheet.bare("IsAI", is_ai);
        sheet.bare("InVenice", !foreign || dice.chance(600));
        sheet.text("HomeCity", if foreign { dice.pick(&CITIES) } else { "Venezia" });
        sheet.text("Position", Spot::drawn(dice));
        sheet.text("CorePersonality", personality(dice));
        sheet.text(
            "Description",
            format_args!(
                "{first_name} {last_name} keeps to the {class} and is known for a ledger that is never behind."
            ),
        );
        sheet.bare("DailyIncome", Ducats::drawn(dice));
        sheet.bare("WeeklyIncome", Ducats::drawn(dice));
        sheet.bare("Influence", dice.below(3_000));
        if dice.chance(300) {
            sheet.text("GuildId", format_args!("ART{:03}", dice.below(40)));
        }
        sheet.text("CreatedAt", Stamp { micros: arrived, hand: Hand::Zulu });
        sheet
            .text("LastActiveAt", Stamp { micros: active - active.rem_euclid(MICROS_PER_HOUR / 60), hand: Hand::Zulu });
        sheet.close()
    }
}

/// JSON, as the engine keeps it inside a text field.
fn personality(dice: &mut Dice) -> String {
    let mut sheet = Sheet::object();
    sheet.text("Strength", dice.pick(&STRENGTHS));
    sheet.text("Flaw", dice.pick(&FLAWS));
    sheet.text("Drive", dice.pick(&DRIVES));
    sheet.text("MBTI", dice.pick(&MINDS));
    sheet.bare("TrustThreshold", format_args!("0.{}", 1 + dice.below(9)));
    sheet.bare("RiskTolerance", format_args!("0.{}", 1 + dice.below(9)));
    sheet.close()
}

/// Game money as the engine has it: a binary float with the noise of one, written digit by digit.
struct Ducats {
    minus: bool,
    whole: i64,
    fraction: i64,
    digits: usize,
}

impl Ducats {
    fn drawn(dice: &mut Dice) -> Ducats {
        let magnitude = dice.pick(&[100, 10_000, 500_000, 2_500_000]);
        let digits = dice.pick(&[2_usize, 10, 12, 15]);
        Ducats {
            minus: dice.chance(20),
            whole: dice.between(0, magnitude),
            fraction: dice.between(1, 10_i64.pow(digits as u32) - 1),
            digits,
        }
    }
}

impl fmt::Display for Ducats {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ducats { minus, whole, fraction, digits } = self;
        write!(out, "{}{whole}.{fraction:0digits$}", if *minus { "-" } else { "" })
    }
}
