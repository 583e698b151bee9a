//! When anything was last heard of the engine: by the machine's own clock, so that silence is the same for whoever looks,
//! also where the sidecar's time is simulated.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use crate::clock::Clock;
use crate::domain::ids::Feed;

/// When what was last heard, in microseconds since 1970.
#[derive(Debug)]
pub struct Heard {
    machine: Clock,
    events: [AtomicI64; Feed::ALL.len()],
    priced: [AtomicI64; Feed::ALL.len()],
    message: AtomicI64,
    request: AtomicI64,
}

impl Default for Heard {
    /// Everything just now: silence is counted from a start on, unless somebody [knows better](Heard::begin).
    fn default() -> Heard {
        let machine = Clock::system();
        let now = || AtomicI64::new(machine.now().0);
        let [events, priced] = [[now(), now()], [now(), now()]];
        Heard { events, priced, message: now(), request: now(), machine }
    }
}

impl Heard {
    /// No event was taken for so long before this start, and none that was priced for so long.
    pub fn begin(&self, silent: Duration, without_price: Duration) {
        let before = |ago: Duration| self.now().saturating_sub(i64::try_from(ago.as_micros()).unwrap_or(i64::MAX));
        let [event, priced] = [silent, without_price].map(before);
        self.events.iter().chain([&self.message, &self.request]).for_each(|heard| heard.store(event, Relaxed));
        self.priced.iter().for_each(|heard| heard.store(priced, Relaxed));
    }

    /// Events of a feed were taken, some of them priced.
    pub fn event(&self, feed: Feed, is_priced: bool) {
        let now = self.now();
        self.events[feed as usize].store(now, Relaxed);
        // In process nobody knocks before.
        self.request.store(now, Relaxed);
        if is_priced {
            self.priced[feed as usize].store(now, Relaxed);
        }
    }

    /// Messages were taken.
    pub fn message(&self) {
        self.message.store(self.now(), Relaxed);
    }

    /// Something came to the door, whatever becomes of it.
    pub fn request(&self) {
        self.request.store(self.now(), Relaxed);
    }

    /// When events of a feed were last taken, in seconds since 1970,
    pub fn last_event(&self, feed: Feed) -> f64 {
        seconds(&self.events[feed as usize])
    }

    /// when some that were priced,
    pub fn last_priced(&self, feed: Feed) -> f64 {
        seconds(&self.priced[feed as usize])
    }

    /// when messages,
    pub fn last_message(&self) -> f64 {
        seconds(&self.message)
    }

    /// and when anything came to the door.
    pub fn last_request(&self) -> f64 {
        seconds(&self.request)
    }

    /// For how long no event of any feed was taken.
    pub fn silence(&self) -> Duration {
        let last = self.events.iter().map(|heard| heard.load(Relaxed)).max().unwrap_or_default();
        Duration::from_micros(u64::try_from(self.now().saturating_sub(last)).unwrap_or_default())
    }

    fn now(&self) -> i64 {
        self.machine.now().0
    }
}

fn seconds(micros: &AtomicI64) -> f64 {
    micros.load(Relaxed) as f64 / 1e6
}
