//! Places: how many connections there may be, and who gives his up to a newcomer when all are taken.
//!
//! It is whoever keeps the sidecar waiting longest: for his next request, for the rest of one, or with reading what he
//! asked for. Nobody loses his place while the sidecar works for him; so ten thousand visitors who say nothing keep
//! nobody out, and whoever asks at once has his answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::metrics::Visitors;

/// So long nobody has waited who only just came, or was answered: even where others come all the time, a request that was
/// sent at once is read.
const SILENT: Duration = Duration::from_millis(100);
/// So many are looked for at once, where somebody has to go: where ten thousand come together, nobody looks at all who are
/// there for each of them.
const GO: usize = 64;

/// The places at an address.
#[derive(Debug)]
pub struct Places {
    free: Arc<Semaphore>,
    seats: Arc<Mutex<Seats>>,
    next: AtomicU64,
    opened: Instant,
    visitors: Arc<Visitors>,
}

/// Who sits where.
#[derive(Debug, Default)]
struct Seats {
    all: HashMap<u64, Arc<Seat>>,
    /// Those who kept the sidecar waiting longest when they were last looked for, the longest at the end: since when, and
    /// their numbers. Whoever was heard of since is none of them any more; and whoever came since came later.
    longest: Vec<(u64, u64)>,
}

/// A connection's place.
#[derive(Debug)]
pub struct Seat {
    opened: Instant,
    /// Since when the sidecar waits for its other end, in microseconds from then on. A byte now and then is no news.
    heard: AtomicU64,
    is_served: AtomicBool,
    leave: Notify,
}

/// A place that is taken, until this is dropped.
#[derive(Debug)]
pub struct Taken {
    number: u64,
    seat: Arc<Seat>,
    seats: Arc<Mutex<Seats>>,
    visitors: Arc<Visitors>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// So many places.
    pub fn new(count: usize, visitors: Arc<Visitors>) -> Places {
        let (free, seats) = (Arc::new(Semaphore::new(count)), Arc::default());
        Places { free, seats, next: AtomicU64::new(0), opened: Instant::now(), visitors }
    }

    /// Takes a place, for which somebody may have to go; where the sidecar works for everybody who is there, this waits
    /// until it is done with one of them.
    pub async fn take(&self) -> Taken {
        let permit = loop {
            if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
                break permit;
            }
            let freed = Arc::clone(&self.free).acquire_owned();
            if let Ok(Ok(permit)) = tokio::time::timeout(self.give_one_up(), freed).await {
                break permit;
            }
        };
        let seat = Seat {
            opened: self.opened,
            heard: AtomicU64::new(0),
            is_served: AtomicBool::new(false),
            leave: Notify::new(),
        };
        seat.hear();
        let (seat, number) = (Arc::new(seat), self.next.fetch_add(1, Ordering::Relaxed));
        seats(&self.seats).all.insert(number, Arc::clone(&seat));
        self.visitors.comes();
        Taken { number, seat, seats: Arc::clone(&self.seats), visitors: Arc::clone(&self.visitors), _permit: permit }
    }

    /// Has that connection go which keeps the sidecar waiting longest, if the sidecar waits for any; and tells after how long
    /// to ask again, where none went, or it takes its time to go.
    pub fn give_one_up(&self) -> Duration {
        let now = u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut seats = seats(&self.seats);
        let Some((heard, number)) = seats.longest() else { return SILENT };
        let silent = Duration::from_micros(now.saturating_sub(heard));
        if silent < SILENT {
            return SILENT - silent;
        }
        // Whoever goes is no longer found by the next who asks.
        if let Some(seat) = seats.all.remove(&number) {
            seat.leave.notify_one();
            self.visitors.gives_up();
        }
        SILENT
    }
}

impl Seats {
    /// Who keeps the sidecar waiting longest, and since when.
    fn longest(&mut self) -> Option<(u64, u64)> {
        let Seats { all, longest } = self;
        while let Some((heard, number)) = longest.last()
            && all.get(number).is_none_or(|seat| seat.waits_since() != Some(*heard))
        {
            longest.pop();
        }
        if longest.is_empty() {
            longest.extend(all.iter().filter_map(|(number, seat)| Some((seat.waits_since()?, *number))));
            if GO < longest.len() {
                longest.select_nth_unstable(GO);
                longest.truncate(GO);
            }
            longest.sort_unstable_by(|one, other| other.cmp(one));
        }
        longest.last().copied()
    }
}

impl Taken {
    /// The place itself.
    pub fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        seats(&self.seats).all.remove(&self.number);
        self.visitors.goes();
    }
}

impl Seat {
    /// The other end came, or asked for something, or was answered.
    pub fn hear(&self) {
        let now = u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.heard.store(now, Ordering::Relaxed);
    }

    /// Since when the sidecar waits for the other end, where it does.
    fn waits_since(&self) -> Option<u64> {
        (!self.is_served.load(Ordering::Acquire)).then(|| self.heard.load(Ordering::Relaxed))
    }

    /// The sidecar works for who sits here, until what is returned is dropped.
    pub fn serve(self: &Arc<Seat>) -> Serving {
        self.is_served.store(true, Ordering::Release);
        Serving(Arc::clone(self))
    }

    /// Waits until the place is to be given up.
    pub async fn left(&self) {
        self.leave.notified().await;
    }
}

/// Work for somebody.
#[derive(Debug)]
pub struct Serving(Arc<Seat>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.hear();
        self.0.is_served.store(false, Ordering::Release);
    }
}

fn seats(seats: &Mutex<Seats>) -> MutexGuard<'_, Seats> {
    seats.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_was_silent_longest_goes_and_nobody_who_is_served() {
        let visitors = Arc::new(Visitors::default());
        let mut places = Places::new(3, Arc::clone(&visitors));
        // Long enough ago that everybody could have been silent.
        places.opened -= 10 * SILENT;
        let [served, silent, other] = [places.take().await, places.take().await, places.take().await];
        for (seat, heard) in [(&served, 1), (&silent, 2), (&other, 3)] {
            seat.seat().heard.store(heard, Ordering::Relaxed);
        }
        let serving = served.seat().serve();
        let newcomer = async {
            tokio::join!(places.take(), async {
                silent.seat().left().await;
                drop(silent)
            })
            .0
        };
        let newcomer = newcomer.await;
        assert_eq!((visitors.open(), visitors.given_up()), (3, 1));
        // Served again and again, he is heard of as late as he was served last.
        drop(serving);
        places.give_one_up();
        other.seat().left().await;
        assert!(places.give_one_up() <= SILENT, "the others were just heard of");
        assert_eq!(visitors.given_up(), 2);
        // Later, they were silent as well.
        places.opened -= 10 * SILENT;
        for _ in 0..2 {
            places.give_one_up();
        }
        tokio::join!(served.seat().left(), newcomer.seat().left());
        assert_eq!(visitors.given_up(), 4);
    }

    #[tokio::test]
    async fn of_many_they_go_in_the_order_of_their_silence_whoever_was_heard_of_meanwhile() {
        const COUNT: usize = 3 * GO;
        let visitors = Arc::new(Visitors::default());
        let mut places = Places::new(COUNT, Arc::clone(&visitors));
        places.opened -= 10 * SILENT;
        let mut all = Vec::new();
        for number in 0..COUNT {
            let taken = places.take().await;
            // In another order than they came.
            taken.seat().heard.store((number * 7 % COUNT) as u64, Ordering::Relaxed);
            all.push(taken);
        }
        let went = |taken: &Taken| !seats(&places.seats).all.contains_key(&taken.number);
        let mut order: Vec<&Taken> = all.iter().collect();
        order.sort_by_key(|taken| taken.seat().heard.load(Ordering::Relaxed));
        // Those who were looked for, and then asked for something: their turn is later.
        places.give_one_up();
        let (heard, others): (Vec<&Taken>, Vec<&Taken>) = order[1..].iter().partition(|taken| taken.number % 5 == 0);
        for (later, taken) in heard.iter().enumerate() {
            taken.seat().heard.store((COUNT + later) as u64, Ordering::Relaxed);
        }
        for taken in others.into_iter().chain(heard) {
            assert!(!went(taken), "not before his turn");
            places.give_one_up();
            assert!(went(taken), "he, and nobody else");
        }
        assert_eq!(visitors.given_up(), COUNT as u64);
    }

    #[tokio::test]
    async fn where_all_are_served_a_newcomer_waits_for_one_of_them() {
        let visitors = Arc::new(Visitors::default());
        let places = Places::new(1, Arc::clone(&visitors));
        let only = places.take().await;
        let serving = only.seat().serve();
        let mut newcomer = std::pin::pin!(places.take());
        assert!(futures_util::poll!(newcomer.as_mut()).is_pending());
        drop(serving);
        drop(only);
        newcomer.await;
        assert_eq!(visitors.given_up(), 0);
    }
}
