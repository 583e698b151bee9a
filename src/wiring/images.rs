//! The thread that makes snapshots of the images that the bookkeeper takes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::chain::Chain;
use crate::disk::Shelf;
use crate::journal::segment::FolderId;
use crate::snapshot::{self, Image, SnapshotError};

/// The snapshots' thread, and how far they have come.
#[derive(Debug)]
pub(super) struct Imaging {
    images: Mutex<Option<mpsc::Sender<Image>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    state: Arc<Last>,
}

#[derive(Debug)]
struct Last {
    position: AtomicU64,
    taken: Mutex<Instant>,
    durable: Arc<AtomicU64>,
    is_ending: AtomicBool,
}

impl Imaging {
    /// Starts the thread for the snapshots in `folder`, of which the last was taken at `position`.
    pub(super) fn start(
        folder: Shelf,
        id: FolderId,
        position: u64,
        durable: Arc<AtomicU64>,
    ) -> std::io::Result<Imaging> {
        let (sender, images) = mpsc::channel::<Image>();
        let state = Arc::new(Last {
            position: AtomicU64::new(position),
            taken: Mutex::new(Instant::now()),
            durable,
            is_ending: AtomicBool::new(false),
        });
        let last = Arc::clone(&state);
        let thread = std::thread::Builder::new().name("rialto-snapshots".into()).spawn(move || {
            while let Ok(image) = images.recv() {
                // Only the newest is worth writing.
                let image = images.try_iter().last().unwrap_or(image);
                if let Err(error) = make(&folder, id, &image, &last) {
                    tracing::warn!(error = %Chain(&error), "a snapshot failed; the journal has it all");
                }
            }
        })?;
        Ok(Imaging { images: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), state })
    }

    /// A sender of images for the bookkeeper.
    pub(super) fn taker(&self) -> Box<dyn FnMut(Image) + Send> {
        let images = self.images.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        Box::new(move |image| {
            if let Some(images) = &images {
                // The thread ends only after the bookkeeper has left.
                let _ = images.send(image);
            }
        })
    }

    /// How long ago the last snapshot was taken, or the start if there is none.
    pub(super) fn age(&self) -> Duration {
        self.state.taken.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).elapsed()
    }

    /// What the last snapshot covers.
    pub(super) fn position(&self) -> u64 {
        self.state.position.load(Ordering::Acquire)
    }

    /// Writes what is still to be written, and ends the thread. The bookkeeper must have left.
    pub(super) fn finish(&self) {
        self.images.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        self.state.is_ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take() {
            let _ = thread.join();
        }
    }
}

fn make(folder: &Shelf, id: FolderId, image: &Image, last: &Last) -> Result<(), SnapshotError> {
    let start = Instant::now();
    let mut pace = Pace { last, begun: start };
    let aside = snapshot::write(folder, id, image, || pace.rest())?;
    let path = loop {
        let at = (image.position(), last.durable.load(Ordering::Acquire));
        match snapshot::commit(folder, id, &aside, at, || pace.rest())? {
            Some(path) => break path,
            None if last.is_ending.load(Ordering::Acquire) => return Ok(()),
            None => std::thread::park_timeout(Duration::from_millis(2)),
        }
    };
    last.position.store(image.position(), Ordering::Release);
    *last.taken.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Instant::now();
    tracing::info!(path = %path.display(), position = image.position(), took_ms = start.elapsed().as_millis() as u64, "snapshot taken");
    Ok(())
}

/// Nobody waits for a snapshot, and events need the processors and the disk: it rests for three quarters of
/// its time. At 80 % of what two cores can do, one of ten million events held answers up for 263 ms without.
struct Pace<'a> {
    last: &'a Last,
    begun: Instant,
}

impl Pace<'_> {
    /// How long it works before it rests.
    const STRETCH: Duration = Duration::from_millis(2);

    fn rest(&mut self) {
        let worked = self.begun.elapsed();
        if worked < Pace::STRETCH {
            return;
        }
        // Whoever stops does wait for it.
        if !self.last.is_ending.load(Ordering::Acquire) {
            std::thread::sleep(3 * worked);
        }
        self.begun = Instant::now();
    }
}
