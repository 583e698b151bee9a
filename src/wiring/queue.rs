//! The queue of what is submitted: many single events become few batches.
//!
//! What was accepted here is recorded, also when everything is about to stop: stopping waits for it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::RecordError;
use crate::actors::door::{BATCH_MAX, Closed, Door};
use crate::domain::activity::Activity;
use crate::ledger::entry::Receipt;

/// How many submitted events may wait for the door.
pub(super) const LENGTH: usize = 65_536;

/// An event that was handed over.
#[derive(Debug)]
pub(super) struct Submitted {
    pub(super) activity: Activity,
    pub(super) reply: oneshot::Sender<Result<Receipt, RecordError>>,
}

/// What the queue is told.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are events, and a box would cost each an allocation")]
pub(super) enum Told {
    /// An event.
    Event(Submitted),
    /// That was all: what came before is to be taken in, and then whoever asks be told.
    End(oneshot::Sender<()>),
}

/// Takes what was submitted to the door, as much at once as there is, until the end.
pub(super) async fn run(door: Arc<Door>, mut told: mpsc::Receiver<Told>) {
    let batch = (BATCH_MAX / 4).min(door.batch_max());
    let mut waiting = Vec::new();
    while 0 < told.recv_many(&mut waiting, batch).await {
        let mut end = None;
        let (mut activities, mut replies) = (Vec::with_capacity(waiting.len()), Vec::with_capacity(waiting.len()));
        for told in waiting.drain(..) {
            match told {
                Told::Event(Submitted { activity, reply }) => {
                    activities.push(activity);
                    replies.push(reply);
                }
                Told::End(ended) => end = Some(ended),
            }
        }
        if !activities.is_empty() {
            take(&door, activities, replies).await;
        }
        if let Some(ended) = end {
            told.close();
            let _ = ended.send(());
        }
    }
}

async fn take(door: &Door, activities: Vec<Activity>, replies: Vec<oneshot::Sender<Result<Receipt, RecordError>>>) {
    // A full disk is waited out, unless everything is to stop.
    if door.check() == Err(Closed::DiskFull) {
        door.roomy().await;
    }
    match door.reserve_waiting(activities.len()).await {
        Ok(reserved) => {
            let answer = door.take_reserved(reserved, activities);
            actix::spawn(async move {
                // Where no receipts come, the replies are dropped, and whoever waits asks why.
                let receipts = answer.await.map(|answer| answer.receipts).unwrap_or_default();
                for (reply, receipt) in replies.into_iter().zip(receipts) {
                    let _ = reply.send(Ok(receipt));
                }
            });
        }
        Err(closed) => {
            for reply in replies {
                let _ = reply.send(Err(RecordError::Closed(closed.clone())));
            }
        }
    }
}
