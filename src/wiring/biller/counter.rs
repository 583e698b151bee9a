//! The counter: what operators ask is answered here, one after another, beside the rounds, which may take long.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::office::{Stopped, Wire};
use super::{Employer, Resting};
use crate::billing::customers::{Person, customer};
use crate::billing::marks::House;
use crate::billing::preflight::{Found, ask};
use crate::domain::names::Name;
use crate::domain::payers::Payer;

/// What is asked at the counter.
#[derive(Debug)]
pub(in crate::wiring) enum Question {
    /// What does Stripe have of a payer?
    Check(Box<Payer>, oneshot::Sender<Result<Found, Resting>>),
    /// Which customer is somebody? One is made, where there is none.
    Customer(Person, oneshot::Sender<Result<Name, Resting>>),
}

pub(super) struct Counter {
    pub(super) employer: Arc<Employer>,
    pub(super) stripe: Wire,
}

impl Counter {
    /// Answers until nobody can ask any more. Whoever asked may be gone by then.
    pub(super) async fn run(self, mut questions: mpsc::UnboundedReceiver<Question>) {
        while let Some(question) = questions.recv().await {
            match question {
                Question::Check(payer, reply) => drop(reply.send(self.found(&payer).await)),
                Question::Customer(person, reply) => drop(reply.send(self.customer(&person).await)),
            }
        }
    }

    /// What Stripe has of a payer.
    async fn found(&self, payer: &Payer) -> Result<Found, Resting> {
        self.is_at_home().await?;
        Ok(ask(&self.stripe, payer).await?)
    }

    /// The customer that somebody is.
    async fn customer(&self, person: &Person) -> Result<Name, Resting> {
        self.is_at_home().await?;
        // A payer is the same customer for all copies of a folder.
        let house = House::new(&self.employer.folder, None);
        Ok(customer(&self.stripe, &house, person).await??)
    }

    /// Whether the key is of the account whose the folder's bills are, where there is one.
    async fn is_at_home(&self) -> Result<(), Resting> {
        let own = self.stripe.account().await?;
        let bills = self.employer.standing().await?.bills;
        match bills.account() {
            Some(bound) if *bound != own && !bills.is_empty() => {
                Err(Resting::Shut(format!("the bills of this folder are of the account {}", bound.id)))
            }
            _ => Ok(()),
        }
    }
}

impl From<Stopped> for Resting {
    fn from(_: Stopped) -> Resting {
        Resting::Gone
    }
}
