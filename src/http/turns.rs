//! Turns: so many who hand events in are attended to at once, and who comes beyond is told to come again.
//!
//! What is taken in waits for all that was taken in before it: for the processors, the bookkeeper and the disk. Bodies,
//! connections and events are bounded, too, but all of those together are seconds of work, and then everybody is late. So
//! no more is under way than is done in some milliseconds: those who get in have their answers nearly as fast as on a
//! quiet day, and those who do not are told so, which is little work. There is no clock in it: what waits is what makes
//! late, whatever the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::reply::Refused;
use crate::actors::door::Closed;

/// So many are attended to at once, however much each brings;
const FEW: usize = 24;
/// and so many bytes, however many bring them: of small events a thousand who have one each.
const LITTLE: usize = 384 << 10;
/// Who is refused hears so after a while: whoever asks again at once, whatever he is told, has less of the processors then.
pub const LATER: Duration = Duration::from_millis(50);

/// Those who are attended to.
#[derive(Debug, Default)]
pub struct Turns {
    requests: AtomicUsize,
    bytes: AtomicUsize,
}

/// The turn of one of them, until he has his answer.
#[derive(Debug)]
pub struct Turn {
    turns: Arc<Turns>,
    bytes: usize,
}

impl Turns {
    /// The turn of a request that brings so many bytes, where there is one for it.
    pub fn take(self: &Arc<Turns>, bytes: usize) -> Result<Turn, Refused> {
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        let after = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        // Given back wherever it ends, here too.
        let turn = Turn { turns: Arc::clone(self), bytes };
        if FEW <= before && LITTLE < after { Err(Refused::Closed(Closed::Busy)) } else { Ok(turn) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.requests.fetch_sub(1, Ordering::Relaxed);
        self.turns.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of those who come together, each with so many bytes, have a turn.
    fn attended(turns: &Arc<Turns>, count: usize, bytes: usize) -> usize {
        let taken: Vec<Turn> = (0..count).filter_map(|_| turns.take(bytes).ok()).collect();
        taken.len()
    }

    #[test]
    fn a_few_who_bring_much_have_their_turn_and_many_who_bring_little_and_all_of_them_give_it_back() {
        let turns = Arc::new(Turns::default());
        for (count, bytes, expected) in [
            (100, 8 << 20, FEW),
            (FEW, usize::MAX / 100, FEW),
            (1_000, 256, 1_000),
            (2_000, 256, 1_536),
            (100, 20 << 10, FEW),
            (100, 4 << 10, 96),
        ] {
            assert_eq!(attended(&turns, count, bytes), expected, "{count} with {bytes}");
        }
        assert_eq!((turns.requests.load(Ordering::Relaxed), turns.bytes.load(Ordering::Relaxed)), (0, 0));
    }
}
