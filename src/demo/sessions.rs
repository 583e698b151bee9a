//! Paid services, and the brief's own form of events.
//!
//! What is billed stands in Notes, declared: the engine rewrites start and end, so hours are never read off
//! them, and a destination is left empty because it would have the engine rewrite the end as well.

use std::fmt;

use super::activities::{Concluded, Times};
use super::almanac::{Hand, MICROS_PER_SECOND, Stamp};
use super::buildings::Building;
use super::citizens::Citizen;
use super::dice::Dice;
use super::names::{CLIENTS, SERVICES};
use super::phrases::{Letter, REMARKS};
use super::record::{Number, Registry};
use super::sheet::{Form, Sheet};
use super::town::Town;

/// A citizen's paid service for a client from outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session<'a> {
    citizen: &'a Citizen,
    business: &'a Building,
    client: &'static str,
    service: &'static str,
    remark: &'static str,
    minutes: i64,
    expertise: Option<Tenths>,
    times: Times,
    number: Number,
}

/// A decimal of one place, as text.
#[derive(Clone, Copy, Debug)]
struct Tenths(u32);

impl fmt::Display for Tenths {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

const LENGTHS_MINUTES: [(u32, i64); 6] = [(8, 30), (8, 45), (62, 60), (12, 90), (7, 120), (3, 180)];

impl<'a> Session<'a> {
    /// A session that ended at an instant, by someone who runs a business.
    pub(super) fn some(town: &'a Town, ended_micros: i64, dice: &mut Dice, registry: &mut Registry) -> Session<'a> {
        let (business, citizen) = town.business(dice);
        let minutes = dice.weigh(&LENGTHS_MINUTES);
        Session {
            citizen,
            business,
            client: dice.pick(&CLIENTS),
            service: dice.pick(&SERVICES),
            remark: dice.pick(&REMARKS),
            minutes,
            expertise: (!dice.chance(120)).then_some(Tenths(citizen.expertise_tenths)),
            times: Times::before(ended_micros, minutes, dice),
            number: registry.number(),
        }
    }

    /// The same session with another length: the row of a run that contradicts an earlier one.
    pub(super) fn contradicted(self, dice: &mut Dice) -> Session<'a> {
        Session { minutes: self.minutes + 15 * dice.between(1, 4), ..self }
    }

    /// The session as an activity of the engine.
    pub(super) fn concluded(self) -> Concluded {
        let Session { citizen, business, client, service, remark, minutes, expertise, times, number } = self;
        let mut sheet = Sheet::row(Form::Airtable, number.record(), times.created_micros);
        let seconds = times.created_micros / MICROS_PER_SECOND;
        sheet.text("ActivityId", format_args!("paid_service_{}_{seconds}", citizen.username));
        sheet.text("Type", "paid_service");
        sheet.text("Citizen", citizen.username);
        sheet.text("Title", format_args!("Paid service: {service}"));
        sheet.text("Description", format_args!("{} works for {client} at {}.", citizen.first_name, business.name));
        let mut terms = Sheet::object();
        terms.text("client", client);
        terms.bare("minutes", minutes);
        if let Some(expertise) = expertise {
            terms.text("expertise", expertise);
        }
        terms.text("business", &business.id);
        let mut notes = Sheet::object();
        notes.bare("revenue", terms.close());
        sheet.text("Notes", notes.close());
        sheet.text("Thought", remark);
        sheet.bare("Priority", 20);
        Concluded { sheet, times }
    }

    /// The session in the brief's own form.
    pub(super) fn flat_row(self) -> String {
        let Session { citizen, business, client, service, minutes, expertise, times, number, .. } = self;
        let mut sheet = Sheet::object();
        sheet.text("activity_id", format_args!("paid_service_{}", number.uuid()));
        sheet.text("citizen_id", citizen.username);
        sheet.text("business_id", &business.id);
        sheet.text("type", "paid_service");
        sheet.text("timestamp", Stamp { micros: times.ended_micros, hand: times.hand });
        sheet.text("client_id", client);
        sheet.text("service_type", service);
        sheet.bare("duration", minutes);
        if let Some(expertise) = expertise {
            sheet.bare("skills", format_args!("{{\"expertise\":\"{expertise}\"}}"));
        }
        sheet.text("status", "processed");
        sheet.close()
    }
}

/// A message to someone outside, sent as an activity in the brief's own form.
pub(super) fn notice(town: &Town, sent_micros: i64, dice: &mut Dice, registry: &mut Registry) -> String {
    let (business, citizen) = town.business(dice);
    let mut sheet = Sheet::object();
    sheet.text("activity_id", format_args!("send_message_{}", registry.number().uuid()));
    sheet.text("citizen_id", citizen.username);
    sheet.text("business_id", &business.id);
    sheet.text("type", "send_message");
    sheet.text("recipient_type", "external");
    sheet.text("recipient", format_args!("{}@example.org", dice.pick(&CLIENTS)));
    sheet.text("timestamp", Stamp { micros: sent_micros, hand: Hand::Utc });
    sheet.text("content", Letter::drawn(dice));
    sheet.text("status", "processed");
    sheet.close()
}
