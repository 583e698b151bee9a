//! Messages, to each other and to the world outside.
//!
//! No field says which is which. About 35 in a hundred leave the simulation here, many more than in the
//! engine, because a demo should have something to show.

use std::fmt::{self, Display};

use super::almanac::{Hand, Stamp, compact};
use super::dice::Dice;
use super::phrases::Letter;
use super::record::Registry;
use super::sheet::{Form, Sheet};
use super::town::Town;
use super::usernames::SYSTEM_ACCOUNTS;

/// Whom a message is for.
#[derive(Clone, Copy, Debug)]
enum Receiver<'a> {
    /// A citizen, a building (all who are there), everyone, or an account of the state.
    Named(&'a str),
    /// A handle on Telegram; there are forty.
    Handle(u32),
    /// A number on Telegram; there are thirty. No real one begins with zero.
    Telegram(u32),
}

impl Display for Receiver<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Receiver::Named(name) => out.write_str(name),
            Receiver::Handle(which) => write!(out, "@example_guest_{which:02}"),
            Receiver::Telegram(which) => write!(out, "TG_0{:09}", 100_000_007 + which * 1_234_577),
        }
    }
}

/// The kinds of receivers, and how many in a thousand messages go to each.
#[derive(Clone, Copy, Debug)]
enum Way {
    Citizen,
    Oneself,
    Building,
    Public,
    State,
    Handle,
    Telegram,
    Player,
}

const WAYS: [(u32, Way); 8] = [
    (480, Way::Citizen),
    (70, Way::Oneself),
    (55, Way::Building),
    (35, Way::Public),
    (10, Way::State),
    (150, Way::Handle),
    (110, Way::Telegram),
    (90, Way::Player),
];

/// The spellings of a message's keys that are met beside the table's own.
const SPELLINGS: [[&str; 4]; 4] = [
    ["sender", "receiver", "content", "timestamp"],
    ["sender", "recipient", "message", "timestamp"],
    ["senderUsername", "receiverUsername", "content", "createdAt"],
    ["senderUsername", "recipientUsername", "content", "createdAt"],
];

/// A message written at an instant.
pub(super) fn row(town: &Town, micros: i64, dice: &mut Dice, registry: &mut Registry) -> String {
    let sender = town.played_by_engine(dice).username;
    let receiver = match dice.weigh(&WAYS) {
        Way::Citizen => Receiver::Named(town.played_by_engine(dice).username),
        Way::Oneself => Receiver::Named(sender),
        Way::Building => Receiver::Named(&dice.among(&town.buildings).id),
        Way::Public => Receiver::Named("public"),
        Way::State => Receiver::Named(dice.pick(&SYSTEM_ACCOUNTS)),
        Way::Handle => Receiver::Handle(dice.below(40)),
        Way::Telegram => Receiver::Telegram(dice.below(30)),
        Way::Player => Receiver::Named(town.played_by_person(dice).username),
    };
    let letter = Letter::drawn(dice);
    let record = registry.number().record();
    let written = Stamp { micros, hand: dice.weigh(&[(80, Hand::Zulu), (10, Hand::Utc), (10, Hand::Rome)]) };
    if dice.chance(60) {
        let [from, to, body, at] = dice.pick(&SPELLINGS);
        let mut sheet = Sheet::row(Form::Flat, record, micros);
        sheet.text(from, sender);
        sheet.text(to, receiver);
        sheet.text(body, letter);
        sheet.text(at, written);
        return sheet.close();
    }
    let mut sheet = Sheet::row(Form::Airtable, record, micros);
    // Both main writers leave it empty.
    if dice.chance(80) {
        sheet.text("MessageId", format_args!("msg_{sender}_{receiver}_{}", compact(micros)));
    }
    sheet.text("Sender", sender);
    sheet.text("Receiver", receiver);
    sheet.text("Content", letter);
    sheet.text("Type", dice.weigh(&[(6, "message"), (3, "conversation_reply"), (1, "message_ai_augmented")]));
    match receiver {
        Receiver::Handle(_) | Receiver::Telegram(_) => sheet.text("Channel", "telegram"),
        Receiver::Named(name) if dice.chance(600) => {
            let (first, second) = if sender < name { (sender, name) } else { (name, sender) };
            sheet.text("Channel", format_args!("{first}_{second}"));
        }
        Receiver::Named(_) => {}
    }
    sheet.text("CreatedAt", written);
    sheet.close()
}
