//! The biller: draws what is due, and walks every bill to its end, on a thread and with a runtime of its own.
//!
//! It holds no truth: all that it knows is asked of the bookkeeper when a round begins, and all that it does is filed
//! with him before and after. So it can be stopped at any point, and the next one goes on.

mod counter;
mod inquiries;
mod office;
mod rounds;

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use actix::Addr;
use thiserror::Error;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::actors::bookkeeper::Bookkeeper;
use crate::actors::clerk::Clerk;
use crate::billing::customers::NoCustomer;
use crate::billing::marks::House;
use crate::billing::policy::Policy;
use crate::billing::reconcile::Report;
use crate::billing::signature::Secrets;
use crate::billing::walk::Unsure;
use crate::clock::Clock;
use crate::domain::calendar::Calendar;
use crate::domain::money::Money;
use crate::domain::time::Moment;
use crate::folder::Home;
use crate::ledger::bills::Bills;
use crate::metrics::Meters;
use crate::stripe::gateway::{self, Gateway};

use counter::Counter;
use office::Wire;

pub(super) use counter::Question;
pub use rounds::Done;

use super::settings::StartError;

/// How money is collected.
#[derive(Clone, Debug)]
pub struct Collecting {
    /// Where Stripe is, and the key.
    pub gateway: gateway::Settings,
    /// By which its webhooks are told from others'; none of them is believed without one.
    pub secrets: Secrets,
    /// At which hour of the day what is due is invoiced.
    pub hour: u32,
    /// From how much on an invoice does not wait for that hour.
    pub threshold: Money,
}

/// What the biller is asked for.
#[derive(Debug)]
pub(super) enum Wish {
    /// Look around: something was told.
    Look,
    /// Bill what is due, now.
    Bill(oneshot::Sender<Result<Done, Resting>>),
    /// Compare everything with what there is at Stripe, and [tell](Reconciling) how far that is.
    Reconcile(Taking),
}

/// Whether what Stripe has and the book has not is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taking {
    /// It is told.
    Nothing,
    /// It is taken over.
    All,
}

/// How far a reconciliation is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reconciling {
    /// There was none since the start.
    #[default]
    None,
    /// So many bills are compared, of so many.
    Under {
        /// So many are compared,
        done: usize,
        /// of so many.
        of: usize,
    },
    /// It is done.
    Done(Report),
    /// It could not be done.
    Failed(Resting),
}

/// What the last reconciliation came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reconciled {
    /// So much was not the same.
    pub(super) differences: usize,
    /// It ended then.
    pub(super) at: Moment,
}

/// What the biller tells without being asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// Why he rests, if he does.
    shut: Arc<Mutex<Option<String>>>,
    reconciling: Arc<Mutex<Reconciling>>,
    reconciled: Arc<Mutex<Option<Reconciled>>>,
}

impl Told {
    /// He rests for this reason, or for none any more; the log has each reason once.
    fn rest(&self, why: Option<String>) {
        let mut shut = lock(&self.shut);
        if *shut != why {
            if let Some(why) = &why {
                tracing::warn!(why, "the biller rests");
            }
            *shut = why;
        }
    }
}

/// Why nothing is billed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Resting {
    /// There is no biller.
    #[error("nothing is collected: `stripe_mode` is off")]
    Off,
    /// All is paused.
    #[error("all is paused, and the biller rests")]
    Paused,
    /// Stripe does not let him in, or it is another account's.
    #[error("the biller rests: {0}")]
    Shut(String),
    /// Stripe could not be asked.
    #[error("Stripe could not be asked: {0}")]
    Unsure(String),
    /// There is no customer to bill.
    #[error(transparent)]
    NoCustomer(#[from] NoCustomer),
    /// It is stopping.
    #[error("the sidecar is stopping")]
    Gone,
}

/// So long a start waits for Stripe to say whose key it is; a sidecar that takes events is worth more than an answer.
const GREETING: Duration = Duration::from_secs(5);
impl From<Unsure> for Resting {
    fn from(unsure: Unsure) -> Resting {
        Resting::Unsure(unsure.why.into())
    }
}

/// Whom the biller works for.
pub(super) struct Employer {
    pub(super) bookkeeper: Addr<Bookkeeper>,
    pub(super) clerk: Clerk,
    pub(super) clock: Clock,
    pub(super) calendar: Calendar,
    pub(super) policy: Policy,
    pub(super) folder: String,
    pub(super) home: Home,
    /// The latest instant of the book before it was opened: what happened since was told to nobody.
    pub(super) closed_at: Moment,
}

impl Employer {
    pub(super) fn house(&self, bills: &Bills) -> House {
        House::new(&self.folder, bills.byname())
    }
}

/// A biller at work.
#[derive(Debug)]
pub(super) struct Hired {
    wishes: mpsc::UnboundedSender<Wish>,
    questions: mpsc::UnboundedSender<Question>,
    told: Told,
    home: Arc<Notify>,
    thread: Mutex<Option<JoinHandle<()>>>,
    pub(super) secrets: Secrets,
    pub(super) is_live: bool,
    /// Whether it is no Stripe at all that he calls.
    pub(super) is_stand_in: bool,
    /// Of the house by whose name webhooks are told from others'.
    pub(super) folder: String,
}

impl Hired {
    /// Hires one, unless there is no way to Stripe, or the folder's bills are of another account than his key.
    pub(super) fn hire(employer: Employer, collecting: Collecting, meters: Meters) -> Result<Hired, StartError> {
        let (wishes, waiting) = mpsc::unbounded_channel();
        let (questions, asked) = mpsc::unbounded_channel();
        let (secrets, is_live) = (collecting.secrets.clone(), collecting.gateway.key.is_live());
        let is_stand_in = collecting.gateway.base != gateway::STRIPE;
        let told = Told::default();
        let tell = told.clone();
        let folder = employer.folder.clone();
        let home = Arc::new(Notify::new());
        let sent_home = Arc::clone(&home);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let (greet, greeted) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name("rialto-biller".into()).spawn(move || {
            runtime.block_on(async {
                match Gateway::new(&collecting.gateway, meters) {
                    Ok(gateway) => {
                        let employer = Arc::new(employer);
                        let stripe = Wire { gateway, is_live: collecting.gateway.key.is_live() };
                        let counter = Counter { employer: Arc::clone(&employer), stripe: stripe.clone() };
                        let biller = rounds::Biller::new(employer, collecting, stripe, tell);
                        let stranger = tokio::time::timeout(GREETING, biller.is_strangers()).await.ok().flatten();
                        let refused = stranger.map(StartError::Account);
                        let is_refused = refused.is_some();
                        if greet.send(refused).is_err() || is_refused {
                            return;
                        }
                        // Whatever he is at is filed, or will be looked at by the next one.
                        tokio::select! {
                            () = biller.run(waiting) => {}
                            () = counter.run(asked) => {}
                            () = sent_home.notified() => {}
                        }
                    }
                    // Who hires him is told, and nobody waits any more if not.
                    Err(error) => drop(greet.send(Some(StartError::Stripe(error)))),
                }
            });
        });
        let thread = thread.map_err(StartError::Thread)?;
        if let Ok(Some(refused)) = greeted.recv() {
            return Err(refused);
        }
        Ok(Hired {
            wishes,
            questions,
            told,
            home,
            thread: Mutex::new(Some(thread)),
            secrets,
            is_live,
            is_stand_in,
            folder,
        })
    }

    /// Why he rests, if he does.
    pub(super) fn shut(&self) -> Option<String> {
        lock(&self.told.shut).clone()
    }

    /// How far the last reconciliation is.
    pub(super) fn reconciling(&self) -> Reconciling {
        lock(&self.told.reconciling).clone()
    }

    /// What the last one came to that ended.
    pub(super) fn reconciled(&self) -> Option<Reconciled> {
        *lock(&self.told.reconciled)
    }

    /// Has everything compared with what there is at Stripe; what the last time came to is forgotten.
    pub(super) fn reconcile(&self, taking: Taking) -> Result<(), Resting> {
        let mut reconciling = lock(&self.told.reconciling);
        if taking == Taking::All || !matches!(*reconciling, Reconciling::Under { .. }) {
            self.wish(Wish::Reconcile(taking))?;
            *reconciling = Reconciling::Under { done: 0, of: 0 };
        }
        Ok(())
    }

    /// Wishes something of him.
    pub(super) fn wish(&self, wish: Wish) -> Result<(), Resting> {
        self.wishes.send(wish).map_err(|_| Resting::Gone)
    }

    /// Asks something at his counter.
    pub(super) fn ask(&self, question: Question) -> Result<(), Resting> {
        self.questions.send(question).map_err(|_| Resting::Gone)
    }

    /// Sends him home, whatever he is at.
    pub(super) fn end(&self) {
        self.home.notify_one();
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
