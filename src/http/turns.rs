//! Turns: who hands events in waits until those before him had theirs, and is refused where that takes too long.
//!
//! Whatever comes is taken in as fast as it is read, and then it is the processors that have a queue, which nobody
//! sees: every visitor in it is late, and the longer it is the later are all. So each waits for his turn once, and
//! looks at the clock. Where many are waiting, with much, and it took long, he is told to come again: that is little
//! work, and those who get in have their answers nearly as fast as on a quiet day.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::reply::Refused;
use crate::actors::door::Closed;

/// A turn may take so long to come,
const LONG: Duration = Duration::from_millis(5);
/// or longer, where no more requests than these wait,
const FEW: usize = 32;
/// or no more bytes. So a few who send much are never refused, nor are hundreds who send an event each.
const LITTLE: usize = 2 << 20;

/// Those who wait for their turn.
#[derive(Debug, Default)]
pub struct Turns {
    requests: AtomicUsize,
    bytes: AtomicUsize,
}

impl Turns {
    /// Waits for the turn of a request that brings so many bytes.
    pub async fn wait(&self, bytes: usize) -> Result<(), Refused> {
        let since = Instant::now();
        let _waiting = Waiting::new(self, bytes);
        tokio::task::yield_now().await;
        if LONG < since.elapsed() && self.are_many() { Err(Refused::Closed(Closed::Busy)) } else { Ok(()) }
    }

    fn are_many(&self) -> bool {
        FEW < self.requests.load(Ordering::Relaxed) && LITTLE < self.bytes.load(Ordering::Relaxed)
    }
}

/// Somebody who waits; he may also leave.
struct Waiting<'t> {
    turns: &'t Turns,
    bytes: usize,
}

impl<'t> Waiting<'t> {
    fn new(turns: &'t Turns, bytes: usize) -> Waiting<'t> {
        turns.requests.fetch_add(1, Ordering::Relaxed);
        turns.bytes.fetch_add(bytes, Ordering::Relaxed);
        Waiting { turns, bytes }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.turns.requests.fetch_sub(1, Ordering::Relaxed);
        self.turns.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// What becomes of so many who come together, each with so many bytes and so much to do.
    async fn refused(count: usize, bytes: usize, work: Duration) -> usize {
        let turns = Arc::new(Turns::default());
        let come = |_| {
            let turns = Arc::clone(&turns);
            tokio::spawn(async move {
                let turn = turns.wait(bytes).await;
                if turn.is_ok() {
                    let start = Instant::now();
                    while start.elapsed() < work {
                        std::hint::spin_loop();
                    }
                }
                turn.is_err()
            })
        };
        let visitors: Vec<_> = (0..count).map(come).collect();
        let mut refused = 0;
        for visitor in visitors {
            refused += usize::from(visitor.await.expect("no panic"));
        }
        assert_eq!((turns.requests.load(Ordering::Relaxed), turns.bytes.load(Ordering::Relaxed)), (0, 0));
        refused
    }

    #[tokio::test]
    async fn of_many_who_come_together_the_late_are_refused_and_the_first_and_the_last_few_are_not() {
        let millisecond = Duration::from_millis(1);
        let late = refused(100, 1 << 17, millisecond).await;
        assert!((1..=100 - FEW).contains(&late), "{late}");
        assert_eq!(refused(FEW, 1 << 20, millisecond).await, 0, "they are few");
        assert_eq!(refused(200, 1 << 10, Duration::from_micros(100)).await, 0, "they bring little");
    }
}
