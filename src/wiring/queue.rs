//! The queue of what is submitted: many single events become few batches.

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

/// Takes what was submitted to the door, as much at once as there is, until nobody can submit more.
pub(super) async fn run(door: Arc<Door>, mut submitted: mpsc::Receiver<Submitted>) {
    let mut waiting = Vec::new();
    while 0 < submitted.recv_many(&mut waiting, BATCH_MAX / 4).await {
        let (activities, replies): (Vec<_>, Vec<_>) =
            waiting.drain(..).map(|Submitted { activity, reply }| (activity, reply)).unzip();
        door.free(activities.len()).await;
        match door.take(activities) {
            Ok(receipts) => {
                actix::spawn(async move {
                    // Where no receipts come, the replies are dropped, and whoever waits asks why.
                    for (reply, receipt) in replies.into_iter().zip(receipts.await.unwrap_or_default()) {
                        let _ = reply.send(Ok(receipt));
                    }
                });
            }
            Err(closed) => replies.into_iter().for_each(|reply| tell(reply, &closed)),
        }
    }
}

fn tell(reply: oneshot::Sender<Result<Receipt, RecordError>>, closed: &Closed) {
    let _ = reply.send(Err(RecordError::Closed(closed.clone())));
}
