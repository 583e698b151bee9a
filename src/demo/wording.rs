//! What an activity's row says: places, paths, goods, titles, notes and thoughts.
//!
//! The texts matter by their shape: JSON inside a string, markdown, prose, or nothing at all, in the same
//! field from one row to the next.

use std::fmt::{self, Display};

use super::buildings::Building;
use super::citizens::Citizen;
use super::dice::Dice;
use super::names::{CLIENTS, GOODS};
use super::phrases::{Letter, MUSINGS, REMARKS};
use super::sheet::Sheet;
use super::spot::Spot;
use super::town::Town;
use super::trades::{Manner, Trade};

/// Writes everything between an activity's citizen and its outcome.
pub(super) fn fill(sheet: &mut Sheet, trade: Trade, citizen: &Citizen, other: &Citizen, town: &Town, dice: &mut Dice) {
    match trade.manner {
        Manner::Walk => walk(sheet, trade, citizen, town, dice),
        Manner::Haul => haul(sheet, trade, citizen, town, dice),
        Manner::Home => {
            let home = town.home(dice);
            stay(sheet, trade, citizen, home, dice);
        }
        Manner::Stay => {
            let (business, _) = town.business(dice);
            stay(sheet, trade, citizen, business, dice);
        }
        Manner::Idle => idle(sheet, citizen, dice),
        Manner::Paper => paper(sheet, trade, citizen, town, dice),
        Manner::Talk => talk(sheet, trade, citizen, other, dice),
        Manner::Answer => answer(sheet, citizen, other, dice),
        Manner::Envoy => envoy(sheet, dice),
    }
    if dice.chance(200) {
        sheet.text("Thought", dice.pick(&MUSINGS));
    }
}

fn walk(sheet: &mut Sheet, trade: Trade, citizen: &Citizen, town: &Town, dice: &mut Dice) {
    let (from, to) = (dice.among(&town.buildings), dice.among(&town.buildings));
    route(sheet, from, to, dice);
    sheet.text("Title", format_args!("{} {}", Spoken(trade.kind), to.name));
    sheet.text("Description", format_args!("{} comes from {}.", citizen.first_name, from.name));
    match dice.below(10) {
        0..6 => {
            let mut notes = Sheet::object();
            notes.text("activityType", trade.kind);
            notes.text("targetBuildingId", &to.id);
            notes.bare("distanceMetres", 40 + dice.below(2_400));
            notes.bare("nextStep", if dice.chance(400) { "null" } else { "\"secure_contract\"" });
            sheet.text("Notes", notes.close());
        }
        6..8 => sheet.text("Notes", dice.pick(&REMARKS)),
        _ => {}
    }
}

fn haul(sheet: &mut Sheet, trade: Trade, citizen: &Citizen, town: &Town, dice: &mut Dice) {
    let (from, to) = (dice.among(&town.buildings), dice.among(&town.buildings));
    let (id, called) = dice.pick(&GOODS);
    let amount = 1 + dice.below(40);
    route(sheet, from, to, dice);
    sheet.text("Resources", format_args!("[{{\"ResourceId\": \"{id}\", \"Amount\": {amount}.0}}]"));
    if dice.chance(400) {
        sheet.text("ContractId", format_args!("contract_sell_{}_{id}_{:06x}", from.id, dice.below(1 << 24)));
    }
    sheet.text("Title", format_args!("{}: {amount} × {called}", Spoken(trade.kind)));
    sheet.text("Description", format_args!("{} carries it from {}.", citizen.first_name, from.name));
    match dice.below(10) {
        0..3 => sheet.text("Notes", format_args!("🚚 **{called}**: {amount} asked for, {amount} loaded")),
        3..6 => sheet.text("Notes", dice.pick(&REMARKS)),
        _ => {}
    }
}

fn stay(sheet: &mut Sheet, trade: Trade, citizen: &Citizen, place: &Building, dice: &mut Dice) {
    sheet.text_or_list("FromBuilding", &place.id, dice.chance(30));
    if dice.chance(500) {
        sheet.text_or_list("ToBuilding", &place.id, dice.chance(30));
    }
    sheet.text("Title", format_args!("{} at {}", Spoken(trade.kind), place.name));
    sheet.text("Description", format_args!("{} {} does so in peace.", citizen.first_name, citizen.last_name));
    match dice.below(10) {
        0..5 => sheet.text("Notes", dice.pick(&REMARKS)),
        5..7 => {
            sheet.text("Notes", format_args!("🕯️ **{}**\n\n- place: _{}_\n- no hurry", Spoken(trade.kind), place.name))
        }
        _ => {}
    }
}

fn idle(sheet: &mut Sheet, citizen: &Citizen, dice: &mut Dice) {
    sheet.text(
        "Description",
        format_args!("{} looks out over the canal and waits for something to do.", citizen.username),
    );
    sheet.text(
        "Notes",
        format_args!("⏳ **Nothing to do**: {} handlers were asked and none had work", 10 + dice.below(30)),
    );
}

fn paper(sheet: &mut Sheet, trade: Trade, citizen: &Citizen, town: &Town, dice: &mut Dice) {
    let (business, _) = town.business(dice);
    let (id, called) = dice.pick(&GOODS);
    if dice.chance(400) {
        sheet.text_or_list("FromBuilding", &business.id, dice.chance(30));
    }
    sheet.text_or_list("ToBuilding", &business.id, dice.chance(30));
    sheet.text("Title", format_args!("{} for {}", Spoken(trade.kind), business.name));
    sheet.text("Description", format_args!("{} settles the matter of {called}.", citizen.username));
    // One kind of creator still writes into Details what all others put into Notes.
    let field = if dice.chance(100) { "Details" } else { "Notes" };
    let mut details = Sheet::object();
    details.text("resourceType", id);
    details.bare("targetAmount", 5 + dice.below(200));
    details.bare("pricePerResource", format_args!("{}.{:02}", 1 + dice.below(900), dice.below(100)));
    let mut terms = Sheet::object();
    terms.text("reasoning", dice.pick(&REMARKS));
    terms.bare("limits", format_args!("{{\"low\":{},\"high\":{}}}", dice.below(100), 100 + dice.below(900)));
    details.bare("terms", terms.close());
    sheet.text(field, details.close());
}

fn talk(sheet: &mut Sheet, trade: Trade, citizen: &Citizen, other: &Citizen, dice: &mut Dice) {
    sheet.text("Title", format_args!("{} to {}", Spoken(trade.kind), other.username));
    sheet.text("Description", format_args!("{} has something to tell {}.", citizen.username, other.first_name));
    let mut notes = Sheet::object();
    notes.text("receiverUsername", other.username);
    notes.text("content", Letter::drawn(dice));
    notes.text("messageType", "message");
    notes.bare("conversationLength", 1 + dice.below(6));
    sheet.text("Notes", notes.close());
}

fn answer(sheet: &mut Sheet, citizen: &Citizen, other: &Citizen, dice: &mut Dice) {
    sheet.text("Title", format_args!("Reply to {}", other.username));
    let mut details = Sheet::object();
    details.text("receiverUsername", other.username);
    details.text("content", Letter::drawn(dice));
    sheet.text("Details", details.close());
    sheet.text("Notes", format_args!("💬 {} answers {}, who had asked.", citizen.username, other.username));
}

fn envoy(sheet: &mut Sheet, dice: &mut Dice) {
    sheet.text("Title", "Send diplomatic email");
    let mut letter = Sheet::object();
    letter.text("to_email", format_args!("{}@example.org", dice.pick(&CLIENTS)));
    letter.text("subject", "Greetings from the Rialto");
    letter.text("body", Letter::drawn(dice));
    letter.text("category", "introduction");
    letter.text("research_area", "markets");
    sheet.text("Description", letter.close());
}

/// From, to, the means and the way.
fn route(sheet: &mut Sheet, from: &Building, to: &Building, dice: &mut Dice) {
    sheet.text_or_list("FromBuilding", &from.id, dice.chance(30));
    sheet.text_or_list("ToBuilding", &to.id, dice.chance(30));
    sheet.text("TransportMode", if dice.chance(300) { "gondola" } else { "walk" });
    if dice.chance(300) {
        sheet.text("Path", Path { from: from.spot, to: to.spot, steps: 2 + dice.below(2) });
    }
}

/// A straight way between two spots, as JSON.
struct Path {
    from: Spot,
    to: Spot,
    steps: u32,
}

impl Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Path { from, to, steps } = *self;
        let between = |first: u32, last: u32, step: u32| (first * (steps - step) + last * step) / steps;
        for step in 0..=steps {
            let spot = Spot {
                lat_millionths: between(from.lat_millionths, to.lat_millionths, step),
                lng_millionths: between(from.lng_millionths, to.lng_millionths, step),
            };
            write!(out, "{}{spot}", if step == 0 { "[" } else { ", " })?;
        }
        out.write_str("]")
    }
}

/// A type's name as people say it: `fetch_resource` is "Fetch resource".
struct Spoken(&'static str);

impl Display for Spoken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, word) in self.0.split('_').enumerate() {
            if place > 0 {
                out.write_str(" ")?;
                out.write_str(word)?;
            } else if let Some((first, rest)) = word.split_at_checked(1) {
                write!(out, "{}{rest}", first.to_ascii_uppercase())?;
            }
        }
        Ok(())
    }
}
