//! What the bookkeeper is asked: where an event stands, and the rows for whoever wants to read many.
//!
//! Every answer is of what is durable. Whoever asks for something that is not durable yet waits until
//! it is.

use actix::prelude::*;
use tokio::sync::oneshot;

use super::bookkeeper::Bookkeeper;
use crate::domain::calendar::{Day, Period};
use crate::domain::ids::{EventKey, TransactionId};
use crate::domain::money::Currency;
use crate::domain::names::Name;
use crate::domain::payers::Payer;
use crate::domain::rollout::{Phase, Rollout, Standing, Subject};
use crate::domain::rows::Row;
use crate::domain::time::Moment;
use crate::ledger::bills::Bills;
use crate::ledger::book::ConflictRow;
use crate::ledger::chunks::Chunks;
use crate::ledger::guards::Capacity;
use crate::ledger::invoices::Invoices;
use crate::ledger::orders::{Closing, Link};
use crate::ledger::payers::Payers;
use crate::ledger::receivables::Receivables;
use crate::ledger::rows::{ChargeRow, Fact, FactRow, Place};
use crate::ledger::totals::{ByStage, Role};

/// Where is this event?
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Find {
    /// Its identity.
    pub key: EventKey,
    /// Who asks.
    pub reply: oneshot::Sender<Option<Known>>,
}

/// An event that is known.
#[derive(Debug)]
pub struct Known {
    /// What memory has of it.
    pub fact: Fact,
    /// Its charge, if it earned.
    pub charge: Option<(TransactionId, ChargeRow)>,
    /// What contradicted it.
    pub conflicts: Vec<ConflictRow>,
    /// The names that its record speaks of.
    pub names: Chunks<Name>,
}

/// All rows, as they are now.
#[derive(Debug, Message)]
#[rtype(result = "Rows")]
pub struct Share;

/// The rows of the book, of which those up to the durable heights may be shown.
#[derive(Debug, MessageResponse)]
pub struct Rows {
    /// The facts.
    pub facts: Chunks<FactRow>,
    /// The charges.
    pub charges: Chunks<ChargeRow>,
    /// How many of the charges are durable.
    pub durable_charges: usize,
    /// The conflicts.
    pub conflicts: Chunks<ConflictRow>,
    /// How many of the conflicts are durable.
    pub durable_conflicts: usize,
    /// The names.
    pub names: Chunks<Name>,
    /// Transactions that speak of earlier ones, in their order.
    pub links: Chunks<Link>,
    /// The months that were closed, in order.
    pub closings: Vec<Closing>,
    /// Where orders stand, in their order; not all may be durable.
    pub orders: Chunks<Place>,
    /// As much of the journal is durable.
    pub durable: u64,
}

/// How does the house stand, as operators see it? The answer waits until all that is in it is durable.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Operating {
    /// Who waits.
    pub reply: oneshot::Sender<Operations>,
}

/// What operators look at.
#[derive(Clone, Debug)]
pub struct Operations {
    /// Who is in which phase.
    pub rollout: Rollout,
    /// Whether everything is halted besides, in memory alone: a pause of all could not be made durable.
    pub is_halted: bool,
    /// The rows of charges that are held, in order.
    pub held: Vec<u32>,
    /// Who is parked.
    pub parked: Vec<(Capacity, Name)>,
    /// The numbers of the conflicts that were accepted, in order.
    pub accepted: Vec<u32>,
    /// Who pays.
    pub payers: Vec<Payer>,
    /// Who did, and was taken off the list.
    pub former_payers: Vec<Payer>,
    /// The first day that is not closed, where any is.
    pub open_from: Option<Day>,
}

/// How does the house stand, at a glance? The answer waits until all that is in it is durable.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Surveying {
    /// Of which currency the invoices are told.
    pub currency: Currency,
    /// Who waits.
    pub reply: oneshot::Sender<Survey>,
}

/// How the house stands, for whoever looks at its page.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The phase of all who have none of their own.
    pub all: Standing,
    /// How many have one of their own and are live.
    pub own_live: usize,
    /// Whether everything is halted besides, in memory alone.
    pub is_halted: bool,
    /// The invoices.
    pub invoices: Invoices,
}

/// What is owed, and by whom? The answer waits until all that is in it is durable.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Owing {
    /// Who waits.
    pub reply: oneshot::Sender<Owed>,
}

/// What is owed, and by whom.
#[derive(Debug)]
pub struct Owed {
    /// The rows, of which all are durable.
    pub rows: Rows,
    /// What is owed.
    pub receivables: Receivables,
    /// Who pays.
    pub payers: Payers,
    /// What was billed.
    pub bills: Bills,
    /// Where the last record ends that was durable when it was asked; there may be more in it.
    pub recorded: u64,
}

/// What is known of a citizen or business?
#[derive(Debug, Message)]
#[rtype(result = "Option<Account>")]
pub struct Describing {
    /// Whose id.
    pub id: Name,
    /// What day it is.
    pub today: Day,
}

/// What is known of a citizen or business.
#[derive(Debug)]
pub struct Account {
    /// What the engine's rows say.
    pub rows: Vec<Row>,
    /// On which terms it pays, if it is on the list of those who pay.
    pub payer: Option<Payer>,
    /// By role: how many charges, and what was earned in each current [`Period`].
    pub earned: Vec<(Role, u64, [ByStage; 4])>,
}

/// A question that waits for its answer to be durable.
pub(super) struct Finding(Find);

impl Bookkeeper {
    /// Answers what waited for the last sync.
    pub(super) fn answer_findings(&mut self) {
        for Finding(find) in std::mem::take(&mut self.findings) {
            self.find(find);
        }
    }

    fn find(&mut self, Find { key, reply }: Find) {
        match self.find_now(key) {
            Some(fact) if !self.is_durable(fact) => self.findings.push(Finding(Find { key, reply })),
            found => {
                let known = found.map(|fact| Known {
                    fact: self.book.fact(fact),
                    charge: self.book.charge_of(fact),
                    conflicts: self.conflicts_of(key),
                    names: self.book.roll().names().share(),
                });
                // Whoever asked may have gone.
                let _ = reply.send(known);
            }
        }
    }

    fn conflicts_of(&self, key: EventKey) -> Vec<ConflictRow> {
        let known = self.book.conflicts_of(key);
        known.filter(|(number, _)| *number < self.durable.conflicts).map(|(_, conflict)| conflict).collect()
    }
}

impl Handler<Find> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, find: Find, _: &mut Self::Context) {
        self.find(find);
    }
}

impl Handler<Share> for Bookkeeper {
    type Result = Rows;

    fn handle(&mut self, _: Share, _: &mut Self::Context) -> Rows {
        self.rows()
    }
}

impl Handler<Owing> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, Owing { reply }: Owing, _: &mut Self::Context) {
        let owed = Owed {
            rows: self.rows(),
            receivables: self.book.receivables().clone(),
            payers: self.book.payers().clone(),
            bills: self.book.bills().clone(),
            recorded: self.durable.recorded,
        };
        self.open.owing.push((reply, owed));
        self.pass_on();
    }
}

impl Bookkeeper {
    fn rows(&self) -> Rows {
        Rows {
            facts: self.book.facts().share(),
            charges: self.book.charges().share(),
            durable_charges: self.durable.charges,
            conflicts: self.book.conflicts().share(),
            durable_conflicts: self.durable.conflicts,
            names: self.book.roll().names().share(),
            links: self.book.links().share(),
            closings: self.book.closings().to_vec(),
            orders: self.book.orders().share(),
            durable: self.durable.position,
        }
    }

    fn operations(&self) -> Operations {
        let parked = self.book.guards().parked();
        Operations {
            rollout: self.book.rollout().clone(),
            is_halted: self.outside.halt.is_lasting(),
            held: self.book.held().collect(),
            parked: parked.filter_map(|(as_what, number)| Some((as_what, self.book.roll().name(number)?))).collect(),
            accepted: self.book.accepted().iter().copied().collect(),
            payers: self.book.payers().listed(),
            former_payers: self.book.payers().struck(),
            open_from: self.book.open_from(),
        }
    }
}

impl Handler<Operating> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, Operating { reply }: Operating, _: &mut Self::Context) {
        let operations = self.operations();
        self.open.operations.push((reply, operations));
        self.pass_on();
    }
}

impl Handler<Surveying> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, Surveying { currency, reply }: Surveying, _: &mut Self::Context) {
        let rollout = self.book.rollout();
        let mut invoices = Invoices::by_currency(self.book.bills().iter(), self.outside.clock.now());
        let beginning = Standing { phase: Phase::Shadow, since: Moment::OLDEST };
        let survey = Survey {
            all: rollout.standing(Subject::All).unwrap_or(beginning),
            own_live: rollout.own().iter().filter(|(_, own)| own.phase == Phase::Live).count(),
            is_halted: self.outside.halt.is_lasting(),
            invoices: invoices.remove(&currency).unwrap_or_default(),
        };
        self.open.surveys.push((reply, survey));
        self.pass_on();
    }
}

impl Handler<Describing> for Bookkeeper {
    type Result = Option<Account>;

    fn handle(&mut self, Describing { id, today }: Describing, _: &mut Self::Context) -> Option<Account> {
        let directory = &self.shown;
        let citizen = directory.citizen(id).map(Row::Citizen);
        let building = directory.building(id).map(Row::Building);
        let number = self.book.roll().number(id);
        let listing = number.and_then(|number| self.payers.get(number)).filter(|listing| listing.is_listed());
        let payer = listing.map(|listing| listing.payer);
        let mut earned = Vec::new();
        for sums in self.totals.currencies() {
            for role in Role::ALL {
                let earner = number.and_then(|number| sums.earner(role, number));
                earned.extend(
                    earner.map(|earner| (role, earner.count, Period::ALL.map(|period| earner.made(period, today)))),
                );
            }
        }
        let account = Account { rows: citizen.into_iter().chain(building).collect(), payer, earned };
        let is_known = !account.rows.is_empty() || account.payer.is_some() || !account.earned.is_empty();
        is_known.then_some(account)
    }
}
