//! Buildings, and their rows as the engine keeps them: 109 businesses, as the audit counted them, and homes.

use std::collections::BTreeSet;

use super::City;
use super::almanac::{Hand, MICROS_PER_DAY, Stamp};
use super::citizens::Citizen;
use super::dice::Dice;
use super::kinds::{BUSINESSES, DWELLINGS, Kind};
use super::names::STREETS;
use super::record::Number;
use super::sheet::{Form, Sheet};
use super::spot::Spot;
use super::usernames::SYSTEM_ACCOUNTS;

const HOMES: usize = 60;
/// Businesses nobody runs at present.
const UNRUN: usize = 6;
/// Citizens who might run one; the others work, pray, paint or sail.
const OPERATORS: usize = 68;

/// Something that stands, and who has to do with it, by their place among the citizens.
#[derive(Clone, Debug)]
pub(super) struct Building {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) spot: Spot,
    /// Who runs the business; homes, and a few businesses, have nobody.
    pub(super) run_by: Option<usize>,
    kind: Kind,
    pub(super) is_business: bool,
    occupant: usize,
}

impl Building {
    pub(super) fn all(dice: &mut Dice, citizens: usize) -> Vec<Building> {
        let businesses = BUSINESSES.iter().flat_map(|kind| std::iter::repeat_n((kind, true), kind.count));
        let homes = DWELLINGS.iter().cycle().take(HOMES).map(|kind| (kind, false));
        let mut taken = BTreeSet::new();
        let mut buildings: Vec<Building> = businesses
            .chain(homes)
            .map(|(kind, is_business)| Building::new(*kind, is_business, free_spot(&mut taken, dice), dice, citizens))
            .collect();
        appoint(&mut buildings, dice, citizens);
        buildings
    }

    fn new(kind: Kind, is_business: bool, spot: Spot, dice: &mut Dice, citizens: usize) -> Building {
        let Kind { ground, name, .. } = kind;
        // Some points were measured more finely than others.
        let fine = if dice.chance(120) { dice.between(10_000_000, 99_999_999).to_string() } else { String::new() };
        Building {
            id: format!("{ground}_{}{fine}_{}{fine}", spot.lat(), spot.lng()),
            name: format!("{name} at {}", dice.pick(&STREETS)),
            spot,
            run_by: None,
            kind,
            is_business,
            occupant: dice.below(citizens as u32) as usize,
        }
    }

    pub(super) fn row(&self, citizens: &[Citizen], dice: &mut Dice, number: Number) -> String {
        let built = City::START_MICROS - dice.between(8 * MICROS_PER_DAY, 50 * MICROS_PER_DAY);
        let checked = Stamp { micros: City::START_MICROS - dice.between(0, 20 * MICROS_PER_DAY), hand: Hand::Zulu };
        let built_at = Stamp { micros: built, hand: Hand::Zulu };
        let someone = citizens[self.occupant].username;
        let mut sheet = Sheet::row(Form::Airtable, number.record(), built);
        sheet.text("BuildingId", &self.id);
        sheet.text("Name", &self.name);
        sheet.text("Type", self.kind.id);
        sheet.text("Category", if self.is_business { "business" } else { "home" });
        sheet.text("SubCategory", self.kind.sub_category);
        sheet.text("LandId", format_args!("polygon-1746{:09}", dice.below(99_999_999)));
        sheet.text("Point", &self.id);
        sheet.text("Position", self.spot);
        sheet.text("Owner", if dice.chance(200) { dice.pick(&SYSTEM_ACCOUNTS) } else { dice.among(citizens).username });
        if let Some(operator) = self.run_by {
            sheet.text("RunBy", citizens[operator].username);
        }
        sheet.text("Occupant", someone);
        sheet.bare("LeasePrice", 50 + 10 * dice.below(200));
        sheet.bare("RentPrice", 100 + 5 * dice.below(400));
        sheet.bare("Wages", if self.is_business { 400 + 5 * dice.below(300) } else { 0 });
        sheet.bare("IsConstructed", true);
        sheet.text("ConstructionDate", built_at);
        sheet.text("CheckedAt", checked);
        if self.is_business && dice.chance(500) {
            let mut notes = Sheet::object();
            notes.text("WagesReasoning", "Pay what the next street pays, and a little more for whoever can read.");
            notes.bare(
                "runByAssignment",
                format_args!("{{\"score\":{},\"timestamp\":\"{built_at}\"}}", dice.below(20_000)),
            );
            sheet.text("Notes", notes.close());
        } else {
            sheet.text("Notes", format_args!("Put up for {someone}, who asked for it twice."));
        }
        sheet.text("CreatedAt", built_at);
        sheet.close()
    }
}

/// Gives every business but a few somebody to run it; some run several.
fn appoint(buildings: &mut [Building], dice: &mut Dice, citizens: usize) {
    let mut able: Vec<usize> = (0..citizens).collect();
    dice.shuffle(&mut able);
    able.truncate(OPERATORS);
    let mut businesses: Vec<&mut Building> = buildings.iter_mut().filter(|building| building.is_business).collect();
    dice.shuffle(&mut businesses);
    for business in businesses.into_iter().skip(UNRUN) {
        business.run_by = Some(dice.pick(&able));
    }
}

fn free_spot(taken: &mut BTreeSet<Spot>, dice: &mut Dice) -> Spot {
    loop {
        let spot = Spot::drawn(dice);
        if taken.insert(spot) {
            return spot;
        }
    }
}
