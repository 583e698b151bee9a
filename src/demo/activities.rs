//! Activities: what a citizen did, from where to where, and how it ended.

use super::almanac::{Hand, MICROS_PER_MINUTE, MICROS_PER_SECOND, Stamp};
use super::citizens::Citizen;
use super::dice::Dice;
use super::record::{Number, Registry};
use super::sheet::{Form, Sheet};
use super::town::Town;
use super::trades::{Manner, TRADES, Trade};
use super::wording;

/// An activity that concluded, its outcome not yet written: the same one can be handed over as unfinished
/// now and as processed later, alike in everything that could price it.
#[derive(Clone, Debug)]
pub(super) struct Concluded {
    pub(super) sheet: Sheet,
    pub(super) times: Times,
}

/// When an activity was planned, began and ended, and the hand its writer put that down in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) created_micros: i64,
    pub(super) started_micros: i64,
    pub(super) ended_micros: i64,
    pub(super) hand: Hand,
}

/// How the engine left an activity at the end of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Processed,
    Failed,
    Error,
    InProgress,
    Created,
}

impl Outcome {
    const USUAL: [(u32, Outcome); 5] = [
        (9_350, Outcome::Processed),
        (450, Outcome::Failed),
        (60, Outcome::Error),
        (90, Outcome::InProgress),
        (50, Outcome::Created),
    ];
    /// The engine stores a conversation and then stumbles over its own record of it, most of the time.
    const OF_TALK: [(u32, Outcome); 3] = [(15, Outcome::Processed), (82, Outcome::Failed), (3, Outcome::Error)];

    /// How something ends that fails no more often than most.
    pub(super) fn usual(dice: &mut Dice) -> Outcome {
        dice.weigh(&Outcome::USUAL)
    }

    fn of(manner: Manner, dice: &mut Dice) -> Outcome {
        match manner {
            Manner::Talk | Manner::Answer => dice.weigh(&Outcome::OF_TALK),
            Manner::Walk
            | Manner::Haul
            | Manner::Home
            | Manner::Stay
            | Manner::Idle
            | Manner::Paper
            | Manner::Envoy => Outcome::usual(dice),
        }
    }

    /// Whether the row comes again once the engine got round to it.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Outcome::InProgress | Outcome::Created)
    }

    fn word(self) -> &'static str {
        match self {
            Outcome::Processed => "processed",
            Outcome::Failed => "failed",
            Outcome::Error => "error",
            Outcome::InProgress => "in_progress",
            Outcome::Created => "created",
        }
    }
}

impl Times {
    /// The times of something that took so long, planned up to twenty minutes before it began.
    pub(super) fn before(ended_micros: i64, minutes: i64, dice: &mut Dice) -> Times {
        let started_micros = ended_micros - minutes * MICROS_PER_MINUTE;
        Times {
            created_micros: started_micros - dice.between(0, 20 * MICROS_PER_MINUTE),
            started_micros,
            ended_micros,
            hand: dice.weigh(&[(80, Hand::Zulu), (10, Hand::Utc), (10, Hand::Rome)]),
        }
    }
}

impl Concluded {
    /// Some activity that ended at an instant, and how.
    pub(super) fn some(
        town: &Town,
        ended_micros: i64,
        dice: &mut Dice,
        registry: &mut Registry,
    ) -> (Concluded, Outcome) {
        let trade = dice.weigh(&TRADES);
        let citizen = match trade.manner {
            Manner::Envoy => town.envoy(),
            _ => dice.among(&town.citizens),
        };
        let times = Times::before(ended_micros, dice.between(trade.minutes.0, trade.minutes.1), dice);
        let number = registry.number();
        let form = if dice.chance(150) { Form::Rest } else { Form::Airtable };
        let mut sheet = Sheet::row(form, number.record(), times.created_micros);
        let other = dice.among(&town.citizens);
        name(&mut sheet, trade, citizen, other, times.created_micros, dice, number);
        sheet.text("Type", trade.kind);
        sheet.text_or_list("Citizen", citizen.username, dice.chance(30));
        wording::fill(&mut sheet, trade, citizen, other, town, dice);
        sheet.bare("Priority", 1 + dice.below(10));
        (Concluded { sheet, times }, Outcome::of(trade.manner, dice))
    }

    /// The row, with its outcome.
    pub(super) fn row(self, outcome: Outcome) -> String {
        let Concluded { mut sheet, times: Times { created_micros, started_micros, ended_micros, hand } } = self;
        let stamp = |micros| Stamp { micros, hand };
        sheet.text("Status", outcome.word());
        sheet.text("CreatedAt", stamp(created_micros));
        sheet.text("StartDate", stamp(started_micros));
        sheet.text("EndDate", stamp(ended_micros));
        sheet.text("UpdatedAt", Stamp { micros: ended_micros, hand: Hand::Zulu });
        sheet.close()
    }

    /// The row as it will be handed over once the engine has processed it after all.
    pub(super) fn row_processed_at(self, ended_micros: i64) -> String {
        let times = Times { ended_micros, ..self.times };
        Concluded { times, ..self }.row(Outcome::Processed)
    }
}

/// Writes an `ActivityId`, in one of the forms the engine's creators use; a few use none.
fn name(
    sheet: &mut Sheet,
    trade: Trade,
    citizen: &Citizen,
    other: &Citizen,
    created_micros: i64,
    dice: &mut Dice,
    number: Number,
) {
    let (kind, who) = (trade.kind, citizen.username);
    let seconds = created_micros / MICROS_PER_SECOND;
    if matches!(trade.manner, Manner::Talk | Manner::Answer) {
        return sheet.text("ActivityId", format_args!("{kind}_{who}_{}_{seconds}", other.username));
    }
    match dice.below(100) {
        0..50 => sheet.text("ActivityId", format_args!("{kind}_{who}_{seconds}")),
        50..62 => sheet.text("ActivityId", format_args!("{kind}-{}-{:08x}", who.to_lowercase(), number.short())),
        62..76 => sheet.text("ActivityId", format_args!("{kind}_{who}_{}", number.uuid())),
        76..86 => sheet.text("ActivityId", number.uuid()),
        86..98 => sheet.text("ActivityId", format_args!("{kind}_{who}_{}", created_micros / 1_000)),
        _ => {}
    }
}
