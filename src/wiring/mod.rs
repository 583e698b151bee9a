//! The whole, put together: the handle of a running Rialto.
//!
//! In process Rialto is a guest: it has threads and an actix system of its own, and touches no global
//! recorder, subscriber, panic hook or signal.

pub mod backup;
mod biller;
mod billing;
mod found;
mod images;
pub mod onlooker;
mod operating;
mod people;
mod planning;
mod queries;
mod queue;
pub mod recover;
mod scrape;
mod scrubbing;
mod settings;
mod start;
pub mod verify;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use actix::prelude::*;
use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot, watch};

use self::biller::Hired;
use self::planning::Planner;
use crate::actors::bookkeeper::Bookkeeper;
use crate::actors::clerk::Clerk;
use crate::actors::door::{Closed, Door, Reserved};
use crate::actors::halt::Halt;
use crate::actors::messages::{Flush, Leave, TakeSnapshot};
use crate::actors::registry::Registries;
use crate::actors::vitals::{Cause, State, Vitals};
use crate::clock::Clock;
use crate::domain::activity::Activity;
use crate::domain::calendar::Calendar;
use crate::domain::money::Currency;
use crate::domain::orders::Order;
use crate::domain::rows::Row;
use crate::domain::tariff::Tariff;
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::time::Moment;
use crate::folder::DataFolder;
use crate::journal::reader::Reader;
use crate::ledger::entry::Receipt;
use crate::ledger::orders::Obeyed;
use crate::ledger::view::{Dashboard, View};
use crate::metrics::Meters;

pub use crate::folder::{Details, PeopleError};
pub use biller::{Collecting, Done, Reconciling, Resting};
pub use billing::{AdoptError, Billed, NoticeError};
pub use found::{Correction, Disputed, Fate, HeldPage, Ordered, QueryError, Transaction, Undecided, Wanted};
pub use people::EraseError;
pub use planning::Planned;
pub use recover::Opened;
pub use settings::{OrderError, RecordError, Settings, StartError};

/// A running Rialto. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Rialto(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    biller: Option<Hired>,
    door: Arc<Door>,
    registries: Registries,
    bookkeeper: Addr<Bookkeeper>,
    view: Arc<ArcSwap<View>>,
    news: watch::Receiver<u64>,
    calendar: Calendar,
    clock: Clock,
    clerk: Clerk,
    reader: Reader,
    vitals: Vitals,
    meters: Meters,
    images: images::Imaging,
    submitted: mpsc::Sender<queue::Told>,
    opened: Opened,
    folder: DataFolder,
    planner: Arc<Planner>,
    /// By the machine's clock.
    started: Moment,
    system: Mutex<Option<(System, JoinHandle<()>)>>,
}

impl Rialto {
    /// Starts a Rialto: reads its folder back, and takes events from then on.
    pub fn start(settings: Settings) -> Result<Rialto, StartError> {
        start::start(settings).map(|inner| Rialto(Arc::new(inner)))
    }

    /// Records one event, and waits until it is durable.
    pub async fn record(&self, activity: Activity) -> Result<Receipt, RecordError> {
        let receipts = self.record_batch(vec![activity]).await?;
        receipts.into_iter().next().ok_or_else(|| self.lost())
    }

    /// Records a batch, and waits until all of it is durable. The receipts are in order.
    pub async fn record_batch(&self, activities: Vec<Activity>) -> Result<Vec<Receipt>, RecordError> {
        let answer = self.0.door.take(activities)?;
        answer.await.map(|answer| answer.receipts).map_err(|_| self.lost())
    }

    /// Reserves room for a batch of `count` events, so that it can be refused before it is even read.
    pub fn reserve(&self, count: usize) -> Result<Reserved, Closed> {
        self.0.door.reserve(count)
    }

    /// [`Rialto::record_batch`], for a batch that has a reservation.
    ///
    /// # Panics
    /// Where it has more events than were reserved for.
    pub async fn record_reserved(
        &self,
        reserved: Reserved,
        activities: Vec<Activity>,
    ) -> Result<Vec<Receipt>, RecordError> {
        let answer = self.0.door.take_reserved(reserved, activities);
        answer.await.map(|answer| answer.receipts).map_err(|_| self.lost())
    }

    /// Hands one event over and goes on; the receipt comes to whoever awaits what is returned, and the
    /// event is recorded also if nobody does.
    pub fn submit(&self, activity: Activity) -> Result<Pending, Closed> {
        self.0.door.check()?;
        let (reply, receipt) = oneshot::channel();
        let submitted = queue::Told::Event(queue::Submitted { activity, reply });
        self.0.submitted.try_send(submitted).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Closed::Busy,
            mpsc::error::TrySendError::Closed(_) => self.0.door.check().err().unwrap_or(Closed::Draining),
        })?;
        Ok(Pending { receipt, rialto: self.clone() })
    }

    /// Takes in rows of citizens and buildings; tells for each whether it was news.
    pub async fn describe(&self, rows: Vec<Row>) -> Result<Vec<bool>, RecordError> {
        let told = self.0.door.describe(rows)?;
        told.await.map_err(|_| self.lost())
    }

    /// Gives an order, and waits until it is durable.
    pub async fn order(&self, order: Order) -> Result<Obeyed, OrderError> {
        let is_pause = Halt::is_called_for_by(&order);
        let obeyed = self.0.door.order(order)?;
        // Who pulls the emergency brake is not left waiting for room on a disk.
        let stuck = async { if is_pause { self.0.door.disk_full().await } else { std::future::pending().await } };
        tokio::select! {
            biased;
            obeyed = obeyed => Ok(obeyed.map_err(|_| self.lost())??),
            () = stuck => Err(OrderError::Halted(Closed::DiskFull)),
        }
    }

    /// What was earned, as of now, and what may come of it: a look at numbers that are ready.
    pub fn dashboard(&self, currency: Currency) -> Dashboard {
        let (view, now) = (self.0.view.load(), self.0.clock.now());
        let outlook = self.0.planner.outlook(currency, view.recorded, now);
        Dashboard { outlook, ..view.dashboard(currency, now, &self.0.calendar) }
    }

    /// Has what may come of it worked out anew where nobody looked for a minute, and waits for that, a second at most.
    pub async fn look_ahead(&self) {
        self.0.planner.look_ahead(self.0.view.load().recorded, self.0.clock.now()).await;
    }

    /// All that readers see.
    pub fn view(&self) -> Arc<View> {
        self.0.view.load_full()
    }

    /// Tells where the last record ends that the view has, each time that there is another one.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.0.news.clone()
    }

    /// Whether events are taken.
    pub fn check(&self) -> Result<(), Closed> {
        self.0.door.check()
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The calendar that its days are counted by.
    pub fn calendar(&self) -> &Calendar {
        &self.0.calendar
    }

    /// The tariff in force now.
    pub fn tariff(&self) -> Arc<Tariff> {
        Arc::clone(self.0.clerk.tariffs().at(self.0.clock.now()))
    }

    /// All tariffs, those of the past and those still to come.
    pub fn tariffs(&self) -> Arc<Tariffs> {
        Arc::clone(&self.0.clerk.tariffs())
    }

    /// Its data folder.
    pub fn folder(&self) -> &DataFolder {
        &self.0.folder
    }

    /// What its start found.
    pub fn opened(&self) -> &Opened {
        &self.0.opened
    }

    /// Its meters, for counting.
    pub fn meters(&self) -> &Meters {
        &self.0.meters
    }

    /// How many citizens and businesses have an actor that is awake.
    pub fn awake(&self) -> usize {
        self.0.registries.awake()
    }

    /// Retires every actor that was idle for longer than `idle`.
    pub fn retire(&self, idle: Duration) {
        self.0.registries.retire(idle);
    }

    /// Asks for a snapshot now; it is taken in the background.
    pub fn take_snapshot(&self) {
        // His mailbox holds more than anybody asks for; if he is gone, there is nothing to take.
        let _ = self.0.bookkeeper.try_send(TakeSnapshot);
    }

    /// Waits until it stopped, and tells why.
    pub async fn stopped(&self) -> Cause {
        self.0.vitals.stopped().await
    }

    /// Stops in good order: takes no more, makes everything durable, takes a snapshot, and ends its
    /// threads. An error tells why that could not be, or why it had stopped before.
    pub async fn stop(&self) -> Result<(), Cause> {
        if self.0.system.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).is_none() {
            // Another handle's stop was first.
            return Ok(());
        }
        if let Some(biller) = &self.0.biller {
            biller.end();
        }
        self.0.vitals.drain();
        let (ended, queued) = oneshot::channel();
        if self.0.submitted.send(queue::Told::End(ended)).await.is_ok() {
            // What was submitted is on its way now, or the queue is gone with the rest.
            let _ = queued.await;
        }
        let is_flushed = self.0.door.emptied().await && self.flush().await;
        if !is_flushed {
            self.0.vitals.stop("what was under way could not be made durable");
        }
        self.0.end();
        match self.0.vitals.state() {
            State::Stopped(cause) if !is_flushed => Err(cause),
            _ => {
                self.0.vitals.end();
                Ok(())
            }
        }
    }

    async fn flush(&self) -> bool {
        let (done, flushed) = oneshot::channel();
        self.0.bookkeeper.try_send(Flush { done }).is_ok() && flushed.await.is_ok()
    }

    fn lost(&self) -> RecordError {
        match self.0.vitals.state() {
            State::Stopped(cause) => RecordError::Stopped(cause),
            State::Running | State::Draining => {
                self.0.vitals.stop("a batch was lost on its way");
                self.lost()
            }
        }
    }
}

impl Inner {
    /// Ends all threads, whatever is under way. None of that was acknowledged.
    fn end(&self) {
        let system = self.system.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        let Some((system, thread)) = system else { return };
        if let Some(biller) = &self.biller {
            biller.end();
        }
        // He may be gone already; his thread ends with the system in any case.
        let _ = self.bookkeeper.try_send(Leave);
        self.images.finish();
        system.stop();
        let _ = thread.join();
        self.folder.release();
    }
}

/// Whoever lets the last handle go without stopping leaves what a crash would leave, but no thread that
/// goes on writing.
impl Drop for Inner {
    fn drop(&mut self) {
        self.end();
        self.vitals.end();
    }
}

/// A receipt that is still to come.
#[derive(Debug)]
pub struct Pending {
    receipt: oneshot::Receiver<Result<Receipt, RecordError>>,
    rialto: Rialto,
}

impl Future for Pending {
    type Output = Result<Receipt, RecordError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let receipt = Pin::new(&mut self.receipt).poll(context);
        receipt.map(|receipt| receipt.unwrap_or_else(|_| Err(self.rialto.lost())))
    }
}
