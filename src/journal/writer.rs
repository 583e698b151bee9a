//! The journal's one writer: a thread that writes a group, syncs it, and says so.
//!
//! A failed sync is final: the kernel may have dropped the pages, so that nothing short of reading
//! the journal again tells what is on the disk. A full disk is not: the group waits until there is
//! room, and nobody is told that it is durable before it is.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::frame::{self, Salt};
use super::segment::{self, FolderId, Segment, Segments};
use crate::disk::{DiskFile, Shelf};

/// What the writer tells after each group.
#[derive(Debug)]
pub enum Written {
    /// The stream is durable up to here; the buffer can be used again.
    Synced {
        /// The end of the stream.
        end: u64,
        /// How long the sync took.
        took: Duration,
        /// The group's buffer.
        buffer: Vec<u8>,
    },
    /// It is not known any more what is durable. Nothing is written from here on.
    Failed(io::Error),
}

/// How a journal is written.
#[derive(Clone, Debug)]
pub struct Options {
    /// The journal's folder.
    pub folder: Shelf,
    /// Whose it is.
    pub id: FolderId,
    /// A segment is closed before it grows past this many bytes.
    pub segment_bytes: u64,
}

/// How far ahead noughts are written, and how much at once.
const AHEAD: u64 = 4 << 20;
const STEP: u64 = 1 << 18;
/// Groups from this size on go to the disk as fast as it takes them; noughts before them would only
/// double the work.
const LARGE: usize = 1 << 18;
/// A group that takes the disk this long is told of in the log, for whoever looks there.
const SLOW: Duration = Duration::from_millis(5);
/// How long to wait for room on a full disk before trying again.
const RETRY: Duration = Duration::from_millis(200);

/// The writer's handle. Dropping it ends the thread once all groups are written.
#[derive(Debug)]
pub struct Writer {
    groups: Option<mpsc::Sender<Vec<u8>>>,
    room: Arc<Room>,
    threads: Vec<JoinHandle<()>>,
}

/// Whether there is room on the disk, for whoever decides to take more.
#[derive(Debug, Default)]
pub struct Room {
    is_full: watch::Sender<bool>,
    is_stopping: AtomicBool,
    ahead: Mutex<Ahead>,
    changed: Condvar,
}

/// What is filled with noughts ahead of the writer.
#[derive(Debug, Default)]
struct Ahead {
    /// The segment that is filled.
    segment: u32,
    /// Its file, opened once more: the system tells each opener once that something was not written,
    /// and what the filler was told, the writer would never hear.
    file: Option<Arc<dyn DiskFile>>,
    /// Noughts, or records, up to here.
    filled: u64,
    /// The filler is at work on the step from `filled` on.
    is_filling: bool,
    /// It should fill up to here.
    wanted: u64,
}

impl Room {
    /// Whether the disk was full when it was last tried.
    pub fn is_full(&self) -> bool {
        *self.is_full.borrow()
    }

    /// Waits until the disk is full.
    pub async fn full(&self) {
        // The sender lives in `self`, so that the wait ends only with what it waits for.
        let _ = self.is_full.subscribe().wait_for(|is_full| *is_full).await;
    }

    /// Waits until it is not.
    pub async fn free(&self) {
        let _ = self.is_full.subscribe().wait_for(|is_full| !*is_full).await;
    }

    fn set_full(&self, is_full: bool) {
        self.is_full.send_if_modified(|known| std::mem::replace(known, is_full) != is_full);
    }

    fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Writer {
    /// Starts writing behind `end`, into the last of `segments`. Each group is told of by `tell`.
    pub fn start(
        options: Options,
        segments: Segments,
        end: u64,
        tell: impl FnMut(Written) + Send + 'static,
    ) -> io::Result<Writer> {
        let (groups, waiting) = mpsc::channel();
        let room = Arc::new(Room::default());
        let filler = {
            let room = Arc::clone(&room);
            std::thread::Builder::new().name("rialto-filler".into()).spawn(move || fill(&room))?
        };
        let mut pen = Pen { options, segments, end, room: Arc::clone(&room), tell: Box::new(tell) };
        let writer = std::thread::Builder::new().name("rialto-journal".into()).spawn(move || pen.run(&waiting))?;
        Ok(Writer { groups: Some(groups), room, threads: vec![writer, filler] })
    }

    /// A writer without threads, and the hand that moves its pen: for simulations, in which one thing happens after another.
    pub fn by_hand(
        options: Options,
        segments: Segments,
        end: u64,
        tell: impl FnMut(Written) + Send + 'static,
    ) -> (Writer, Hand) {
        let (groups, waiting) = mpsc::channel();
        let room = Arc::new(Room::default());
        let pen = Pen { options, segments, end, room: Arc::clone(&room), tell: Box::new(tell) };
        (Writer { groups: Some(groups), room, threads: Vec::new() }, Hand { pen, waiting })
    }

    /// Hands a group over, begun with [`frame::start`].
    ///
    /// # Panics
    /// Where it is larger than a group can be: it would be written, and never be read again.
    pub fn write(&self, group: Vec<u8>) {
        assert!(group.len() <= frame::HEADER + frame::PAYLOAD_MAX, "a group of {} bytes is too large", group.len());
        // The thread ends only after it told of a failure; then nobody waits for this group any more.
        let _ = self.groups.as_ref().map(|groups| groups.send(group));
    }

    /// Whether there is room.
    pub fn room(&self) -> &Arc<Room> {
        &self.room
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.groups = None;
        {
            let _held = self.room.ahead();
            self.room.is_stopping.store(true, Ordering::Release);
            self.room.changed.notify_all();
        }
        for thread in self.threads.drain(..) {
            // The last one may be dropped by the writer itself, while it tells.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

struct Pen {
    options: Options,
    segments: Segments,
    end: u64,
    room: Arc<Room>,
    tell: Box<dyn FnMut(Written) + Send>,
}

impl Pen {
    fn run(&mut self, waiting: &mpsc::Receiver<Vec<u8>>) {
        while let Ok(group) = waiting.recv()
            && self.take(group)
        {}
    }

    /// Writes a group, and tells what came of it; whether it can write on.
    fn take(&mut self, mut group: Vec<u8>) -> bool {
        frame::seal(&mut group, self.end, self.end, Salt::of(self.options.id));
        let written = match self.write(&group) {
            Ok(took) => {
                self.end += group.len() as u64;
                Written::Synced { end: self.end, took, buffer: group }
            }
            Err(error) => Written::Failed(error),
        };
        let can_go_on = matches!(written, Written::Synced { .. });
        (self.tell)(written);
        can_go_on
    }

    fn write(&mut self, group: &[u8]) -> io::Result<Duration> {
        let begun = Instant::now();
        let segment = self.retry_while_full(|pen| pen.segment_for(group.len() as u64))?;
        let offset = segment::HEADER + self.end - segment.base;
        let end = offset + group.len() as u64;
        self.pass(&segment, end);
        self.retry_while_full(|_| segment.file.write_all_at(group, offset))?;
        let start = Instant::now();
        segment.file.sync_data()?;
        let took = start.elapsed();
        self.room.set_full(false);
        let whole = begun.elapsed();
        if SLOW <= whole {
            let (took_us, sync_us) = (whole.as_micros() as u64, took.as_micros() as u64);
            tracing::debug!(took_us, sync_us, bytes = group.len(), "the disk took long for a group");
        }
        if group.len() < LARGE {
            self.want(&segment, end);
        }
        Ok(took)
    }

    /// The segment that the next `length` bytes go to.
    fn segment_for(&mut self, length: u64) -> io::Result<Segment> {
        let last = self.segments.read().unwrap_or_else(|poisoned| poisoned.into_inner()).last().cloned();
        let number = match last {
            Some(last) => {
                let used = segment::HEADER + self.end - last.base;
                if used == segment::HEADER || used + length <= self.options.segment_bytes {
                    return Ok(last);
                }
                last.number + 1
            }
            None => 1,
        };
        let file = segment::create(&self.options.folder, number)?;
        segment::write_header(&*file, number, self.end, self.end, self.options.id)?;
        let path = segment::path(&self.options.folder, number);
        let begun = Segment { path, number, base: self.end, file };
        self.segments.write().unwrap_or_else(|poisoned| poisoned.into_inner()).push(begun.clone());
        Ok(begun)
    }

    fn retry_while_full<T>(&mut self, mut attempt: impl FnMut(&mut Pen) -> io::Result<T>) -> io::Result<T> {
        loop {
            match attempt(self) {
                Err(error) if is_full(&error) && !self.room.is_stopping.load(Ordering::Acquire) => {
                    self.room.set_full(true);
                    std::thread::sleep(RETRY);
                }
                result => return result,
            }
        }
    }

    /// Waits until the filler is not at work before `end`, and takes everything up to there from it.
    fn pass(&self, segment: &Segment, end: u64) {
        let mut ahead = self.room.ahead();
        // In another segment, it has to leave the old one altogether.
        while ahead.is_filling && (ahead.filled < end || ahead.segment != segment.number) {
            ahead = self.room.changed.wait(ahead).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        if ahead.segment != segment.number {
            // Without noughts ahead a sync only takes longer.
            let file = self.options.folder.disk().open_to_write(&segment.path).ok();
            *ahead = Ahead { segment: segment.number, file, filled: end, is_filling: false, wanted: end };
        }
        ahead.filled = ahead.filled.max(end);
    }

    fn want(&self, segment: &Segment, end: u64) {
        let mut ahead = self.room.ahead();
        if ahead.segment == segment.number && ahead.filled < end + AHEAD / 2 {
            ahead.wanted = (end + AHEAD).min(self.options.segment_bytes);
            self.room.changed.notify_all();
        }
    }
}

/// The filler: writes noughts ahead of the writer, a step at a time, never where the writer has been.
fn fill(room: &Room) {
    let noughts = vec![0; STEP as usize];
    while !room.is_stopping.load(Ordering::Acquire) {
        match room.fill(&noughts) {
            Filled::Step => {}
            // Told to stop it is with `ahead` held, so that it cannot miss that between looking and waiting.
            Filled::Nothing(ahead) if !room.is_stopping.load(Ordering::Acquire) => drop(room.changed.wait(ahead)),
            Filled::Nothing(_) => {}
            Filled::DiskFull => drop(room.changed.wait_timeout(room.ahead(), RETRY)),
        }
    }
}

/// What came of a step of the filler.
enum Filled<'a> {
    /// There are noughts, or will not be here.
    Step,
    /// Nothing is wanted of it.
    Nothing(MutexGuard<'a, Ahead>),
    /// It is to be tried again.
    DiskFull,
}

impl Room {
    /// Fills the next step with noughts, where that is wanted.
    fn fill(&self, noughts: &[u8]) -> Filled<'_> {
        let mut ahead = self.ahead();
        let Some(file) = ahead.file.clone().filter(|_| ahead.filled < ahead.wanted) else {
            return Filled::Nothing(ahead);
        };
        let (from, length) = (ahead.filled, (noughts.len() as u64).min(ahead.wanted - ahead.filled));
        ahead.is_filling = true;
        drop(ahead);
        let filled = file.write_all_at(&noughts[..length as usize], from).and_then(|()| file.sync_data());
        let mut ahead = self.ahead();
        ahead.is_filling = false;
        let is_full = filled.as_ref().is_err_and(is_full);
        match filled {
            Ok(()) => {
                ahead.filled = ahead.filled.max(from + length);
                self.set_full(false);
            }
            // Whether the disk is full is told before anything more is taken; other failures show themselves to the
            // writer.
            Err(_) => {
                ahead.wanted = if is_full { from + length } else { 0 };
                if is_full {
                    self.set_full(true);
                }
            }
        }
        self.changed.notify_all();
        if is_full { Filled::DiskFull } else { Filled::Step }
    }
}

/// Moves the pen of a writer that has no threads.
pub struct Hand {
    pen: Pen,
    waiting: mpsc::Receiver<Vec<u8>>,
}

impl Hand {
    /// Writes the next group, if one was handed over, and tells what came of it.
    pub fn write(&mut self) {
        if let Ok(group) = self.waiting.try_recv() {
            self.pen.take(group);
        }
    }

    /// Writes so many noughts ahead, where they are wanted.
    pub fn fill(&mut self, bytes: usize) {
        drop(self.pen.room.fill(&vec![0; bytes]));
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
