//! The bookkeeper owns the book and its journal; nobody else holds either.
//!
//! Batches are posted in the order of the door's tickets, whichever came first. What is posted goes
//! into the open group; when the writer is free, the group goes to the disk, and the next one fills
//! meanwhile. Nobody sees anything of a group, and nobody gets a receipt, before it is synced.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::oneshot;

use super::clerk::Clerk;
use super::filing::{Filed, Standing};
use super::messages::{Describe, Flush, Found, Leave, Obey, Outcome, Outside, Post, Synced, TakeSnapshot};
use super::queries::{Finding, Operations, Owed, Survey};
use super::sheet::{Answer, Sheet};
use super::vitals::Guard;
use crate::domain::calendar::Calendar;
use crate::domain::ids::EventKey;
use crate::domain::kinds::Classes;
use crate::domain::rollout::Phases;
use crate::domain::rows::Row;
use crate::domain::tariff::timeline::Tariffs;
use crate::journal::frame;
use crate::journal::writer::{Writer, Written};
use crate::ledger::book::Book;
use crate::ledger::collected::Collected;
use crate::ledger::directory::Directory;
use crate::ledger::payers::Payers;
use crate::ledger::rows::{ChargeRow, FactNo, FactRow};
use crate::ledger::totals::Totals;
use crate::ledger::view::View;
use crate::metrics::Tally;
use crate::snapshot::Image;

/// There is more to post.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct GoOn;

/// The bookkeeper.
pub struct Bookkeeper {
    pub(super) book: Book,
    pub(super) totals: Totals,
    collected: Arc<Collected>,
    /// How far the rollout is.
    pub(super) phases: Phases,
    /// The classes of the types of activities that came before.
    pub(super) classes: Classes,
    /// The directory, as far as it is durable.
    pub(super) shown: Directory,
    /// The same of those who pay.
    pub(super) payers: Payers,
    pub(super) clerk: Clerk,
    pub(super) calendar: Calendar,
    next_ticket: u64,
    early: BTreeMap<u64, Work>,
    /// Where in the stream the open group begins.
    pub(super) position: u64,
    pub(super) group: Vec<u8>,
    spare: Option<Vec<u8>>,
    pub(super) open: Promise,
    written: Option<Promise>,
    pub(super) durable: Heights,
    /// Whether a later group names the last durable position as synced.
    is_marked: bool,
    flushing: Vec<oneshot::Sender<()>>,
    pub(super) findings: Vec<Finding>,
    writer: Writer,
    pub(super) outside: Outside,
    /// The end of the last group that has any record in it.
    recorded: u64,
    /// Up to where an image was taken.
    imaged: u64,
    image_due: bool,
    guard: Guard,
}

enum Work {
    Post(Box<Sheet>),
    Describe(Describe),
    Obey(Box<Obey>),
}

/// What is promised to happen once a group is durable.
#[derive(Default)]
pub(super) struct Promise {
    pub(super) answers: Vec<(oneshot::Sender<Answer>, Answer, OwnedSemaphorePermit)>,
    pub(super) tally: Tally,
    pub(super) news: Vec<(oneshot::Sender<Vec<bool>>, Vec<bool>, OwnedSemaphorePermit)>,
    pub(super) rows: Vec<Row>,
    pub(super) obeyed: Vec<(oneshot::Sender<Outcome>, Outcome, OwnedSemaphorePermit)>,
    pub(super) operations: Vec<(oneshot::Sender<Operations>, Operations)>,
    pub(super) surveys: Vec<(oneshot::Sender<Survey>, Survey)>,
    pub(super) owing: Vec<(oneshot::Sender<Owed>, Owed)>,
    pub(super) filed: Vec<(oneshot::Sender<Filed>, Filed)>,
    pub(super) standing: Vec<(oneshot::Sender<Standing>, Standing)>,
    /// The tariffs, where one came into force.
    pub(super) tariffs: Option<Tariffs>,
    /// The list of those who pay, where it changed.
    pub(super) payers: Option<Payers>,
    heights: Heights,
}

/// How far the book has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heights {
    pub(super) facts: usize,
    /// As many of the facts as are events.
    pub(super) events: usize,
    pub(super) charges: usize,
    pub(super) conflicts: usize,
    /// As many of the conflicts as nobody accepted.
    open_conflicts: usize,
    held: usize,
    parked: usize,
    takings: usize,
    phases: Phases,
    pub(super) position: u64,
    /// The end of the last group that has any record in it.
    pub(super) recorded: u64,
}

/// A group is handed over at this size; what comes meanwhile waits.
const GROUP_BYTES: usize = 4 << 20;
/// How long a quiet journal waits for its mark.
const QUIET: Duration = Duration::from_secs(1);

impl Bookkeeper {
    /// A bookkeeper who goes on from what a start found.
    pub fn new(found: Found, clerk: Clerk, writer: Writer, outside: Outside) -> Bookkeeper {
        let Found { book, mut totals, position, recorded, imaged } = found;
        totals.advance(&book, book.charges().len(), outside.clock.now());
        book.directory().rows().for_each(|row| outside.atlas.put(row));
        let guard = outside.vitals.guard("the bookkeeper");
        let mut bookkeeper = Bookkeeper {
            shown: book.directory().clone(),
            payers: book.payers().clone(),
            phases: book.rollout().phases(),
            classes: Classes::default(),
            book,
            totals,
            collected: Arc::default(),
            calendar: clerk.calendar().clone(),
            clerk,
            next_ticket: 0,
            early: BTreeMap::new(),
            position,
            group: frame::start(),
            spare: None,
            open: Promise::default(),
            written: None,
            durable: Heights::default(),
            // What was found is durable, but nothing in the journal says so yet.
            is_marked: false,
            flushing: Vec::new(),
            findings: Vec::new(),
            writer,
            outside,
            recorded,
            imaged,
            image_due: false,
            guard,
        };
        bookkeeper.durable = bookkeeper.heights();
        bookkeeper.publish();
        bookkeeper
    }

    fn heights(&self) -> Heights {
        Heights {
            facts: self.book.facts().len(),
            events: self.book.events(),
            charges: self.book.charges().len(),
            conflicts: self.book.conflicts().len(),
            open_conflicts: self.book.conflicts().len() - self.book.accepted().len(),
            held: self.book.held().len(),
            parked: self.book.guards().parked_count(),
            takings: self.book.bills().takings().len(),
            phases: self.phases,
            position: self.position,
            recorded: self.recorded,
        }
    }

    /// Passes on what there is, and posts the next batch, if there is room for it.
    ///
    /// One batch at a time: between two of them he hears whether the writer is free again. Posting all that
    /// waited in one go kept the disk idle for up to 14 ms, and the next batches for as long.
    fn work(&mut self, ctx: &mut Context<Bookkeeper>) {
        self.pass_on();
        if self.group.len() < GROUP_BYTES
            && let Some(work) = self.early.remove(&self.next_ticket)
        {
            self.next_ticket += 1;
            self.outside.posted.store(self.next_ticket, std::sync::atomic::Ordering::Relaxed);
            match work {
                Work::Post(sheet) => self.post(*sheet),
                Work::Describe(rows) => self.describe(rows),
                Work::Obey(order) => self.obey(*order),
            }
            self.pass_on();
            if self.early.contains_key(&self.next_ticket) {
                ctx.notify(GoOn);
            }
        }
    }

    /// If the writer is free, gives it the open group; where nothing had to be written, all of it was known
    /// already, and durable.
    pub(super) fn pass_on(&mut self) {
        self.hand_over_if_free();
        if self.written.is_none() {
            let known = std::mem::take(&mut self.open);
            self.redeem(known);
        }
    }

    fn hand_over_if_free(&mut self) {
        if self.written.is_none() && frame::HEADER < self.group.len() {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let group = std::mem::replace(&mut self.group, self.spare.take().unwrap_or_else(frame::start));
        self.is_marked = group.len() == frame::HEADER;
        self.position += group.len() as u64;
        if !self.is_marked {
            self.recorded = self.position;
        }
        let mut promise = std::mem::take(&mut self.open);
        promise.heights = self.heights();
        self.written = Some(promise);
        self.writer.write(group);
        if std::mem::take(&mut self.image_due) {
            (self.outside.images)(Image::take(&self.book, self.position));
            self.imaged = self.position;
        }
    }

    /// What was promised for when a group is durable.
    fn redeem(&mut self, promise: Promise) {
        for row in promise.rows {
            self.outside.atlas.put(row);
            self.shown.put(row);
        }
        if let Some(tariffs) = promise.tariffs {
            self.clerk.learn(tariffs);
        }
        if let Some(payers) = promise.payers {
            self.payers = payers;
        }
        self.outside.meters.count(&promise.tally);
        for (reply, answer, permit) in promise.answers {
            // Whoever has his answer finds room for as much again.
            drop(permit);
            // He may have gone; what he handed in stays.
            let _ = reply.send(answer);
        }
        for (reply, news, permit) in promise.news {
            drop(permit);
            let _ = reply.send(news);
        }
        for (reply, outcome, permit) in promise.obeyed {
            drop(permit);
            let _ = reply.send(outcome);
        }
        for (reply, operations) in promise.operations {
            let _ = reply.send(operations);
        }
        for (reply, survey) in promise.surveys {
            let _ = reply.send(survey);
        }
        for (reply, owed) in promise.owing {
            let _ = reply.send(owed);
        }
        for (reply, filed) in promise.filed {
            let _ = reply.send(filed);
        }
        for (reply, standing) in promise.standing {
            let _ = reply.send(standing);
        }
    }

    fn publish(&mut self) {
        // Of the book itself only rows that are durable are looked at: it is ahead by now.
        let Heights { events, conflicts, open_conflicts, held, parked, position, recorded, charges, .. } = self.durable;
        self.totals.advance(&self.book, charges, self.outside.clock.now());
        let mut view = View::new(&self.totals, events as u64, conflicts as u64, position, &self.outside.targets);
        view.recorded = recorded;
        view.open_conflicts = open_conflicts as u64;
        view.held = held as u64;
        view.parked = parked as u64;
        view.phases = self.durable.phases;
        if self.collected.is_behind(self.durable.takings) {
            let (takings, to) = (self.book.bills().takings(), self.durable.takings);
            Arc::make_mut(&mut self.collected).advance(takings, to, &mut self.calendar);
        }
        view.collected = Arc::clone(&self.collected);
        self.outside.view.store(Arc::new(view));
        self.outside.durable.store(position, std::sync::atomic::Ordering::Release);
        self.outside.news.send_if_modified(|known| std::mem::replace(known, recorded) != recorded);
    }

    fn snapshot_is_due(&self) -> bool {
        let fresh = self.position - self.imaged;
        let image = (self.durable.facts * FactRow::BYTES + self.durable.charges * ChargeRow::BYTES) as u64;
        self.outside.snapshot_bytes.max(image / 2) <= fresh
    }

    /// Writes an empty group, which says that everything before it was synced.
    fn mark(&mut self) {
        if self.written.is_none() && !self.is_marked && self.group.len() == frame::HEADER {
            self.hand_over();
        }
    }

    /// Tells those who wait for everything to be durable, once it is.
    fn finish_flushing(&mut self) {
        if self.flushing.is_empty() || self.written.is_some() || frame::HEADER < self.group.len() {
            return;
        }
        if !self.is_marked {
            return self.mark();
        }
        if self.imaged < self.recorded {
            (self.outside.images)(Image::take(&self.book, self.position));
            self.imaged = self.position;
        }
        for done in self.flushing.drain(..) {
            let _ = done.send(());
        }
    }

    pub(super) fn is_durable(&self, fact: FactNo) -> bool {
        (fact.0 as usize) < self.durable.facts
    }

    pub(super) fn find_now(&self, key: EventKey) -> Option<FactNo> {
        self.book.find(key)
    }
}

impl Actor for Bookkeeper {
    type Context = Context<Bookkeeper>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(QUIET, |bookkeeper, _| bookkeeper.mark());
    }
}

impl Handler<Post> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, Post(sheet): Post, ctx: &mut Self::Context) {
        self.early.insert(sheet.ticket, Work::Post(sheet));
        self.work(ctx);
    }
}

impl Handler<Describe> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, rows: Describe, ctx: &mut Self::Context) {
        self.early.insert(rows.ticket, Work::Describe(rows));
        self.work(ctx);
    }
}

impl Handler<Obey> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, order: Obey, ctx: &mut Self::Context) {
        self.early.insert(order.ticket, Work::Obey(Box::new(order)));
        self.work(ctx);
    }
}

impl Handler<Synced> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, Synced(written): Synced, ctx: &mut Self::Context) {
        let (end, took, mut buffer) = match written {
            Written::Synced { end, took, buffer } => (end, took, buffer),
            Written::Failed(error) => {
                self.outside.vitals.stop(&format!("the journal could not be made durable: {error}"));
                return ctx.stop();
            }
        };
        let Some(promise) = self.written.take() else { return };
        assert_eq!(promise.heights.position, end, "the writer and the bookkeeper count differently");
        buffer.truncate(frame::HEADER);
        self.spare = Some(buffer);
        self.durable = promise.heights;
        // The disk goes on first: all the rest can be done while it is busy.
        self.hand_over_if_free();
        self.publish();
        self.outside.meters.synced(took);
        self.redeem(promise);
        self.answer_findings();
        self.image_due |= self.snapshot_is_due();
        self.work(ctx);
        self.finish_flushing();
    }
}

impl Handler<GoOn> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, _: GoOn, ctx: &mut Self::Context) {
        self.work(ctx);
    }
}

impl Handler<Flush> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, Flush { done }: Flush, _: &mut Self::Context) {
        self.flushing.push(done);
        self.finish_flushing();
    }
}

impl Handler<TakeSnapshot> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, _: TakeSnapshot, _: &mut Self::Context) {
        self.image_due |= self.imaged < self.recorded;
        // It is taken with the next group; on a quiet journal that is a mark.
        self.is_marked &= !self.image_due;
        self.mark();
    }
}

impl Handler<Leave> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, _: Leave, ctx: &mut Self::Context) {
        self.guard.give_leave();
        ctx.stop();
    }
}
