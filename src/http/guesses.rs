//! Guesses: tokens that nobody knows, counted by the address that sends them, and slowed.
//!
//! A token has 256 random bits, so that nobody finds one by guessing; what is bounded here is what guessing costs us: the
//! log, and the answers. So only what is wrong is ever slowed. On a loopback address all agents of a machine share one, and
//! whoever guesses there must not keep out the engine, which knows its token, or needs none.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many wrong tokens may come at once,
const AT_ONCE: u32 = 30;
/// and one more after each of these.
const EACH: Duration = Duration::from_secs(2);
/// So many addresses are remembered: whoever has more of them takes the place of those that were quiet for longest.
const ADDRESSES: usize = 1024;
/// How often the log has that an address guesses.
const SELDOM: Duration = Duration::from_secs(60);

/// Whoever guessed lately.
#[derive(Debug, Default)]
pub struct Guesses(Mutex<HashMap<IpAddr, Guesser>>);

#[derive(Debug)]
struct Guesser {
    /// When all that came from there will be forgotten.
    forgotten: Instant,
    /// When the log last had it, and how many came since.
    told: Option<Instant>,
    since: u64,
}

impl Guesses {
    /// A wrong token came from `peer`: how long to wait, where that was one too many.
    pub fn wrong(&self, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        let peer = neighbourhood(peer);
        let mut guessers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !guessers.contains_key(&peer) && ADDRESSES <= guessers.len() {
            let quiet = guessers.iter().min_by_key(|(_, guesser)| guesser.forgotten).map(|(peer, _)| *peer);
            quiet.and_then(|quiet| guessers.remove(&quiet));
        }
        let guesser = guessers.entry(peer).or_insert(Guesser { forgotten: now, told: None, since: 0 });
        guesser.since += 1;
        if guesser.told.is_none_or(|told| SELDOM <= now.saturating_duration_since(told)) {
            tracing::warn!(%peer, wrong = guesser.since, "a token was sent that is not known");
            (guesser.told, guesser.since) = (Some(now), 0);
        }
        let after = guesser.forgotten.max(now) + EACH;
        let owed = after.saturating_duration_since(now);
        match owed.checked_sub(EACH * AT_ONCE).filter(|wait| !wait.is_zero()) {
            // What is refused for coming too soon makes nothing worse.
            Some(wait) => Err(wait),
            None => {
                guesser.forgotten = after;
                Ok(())
            }
        }
    }
}

/// Whoever has one address of a network of IPv6 has 64 bits of them.
fn neighbourhood(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn so_many_may_come_at_once_and_then_one_after_another_however_often_it_is_tried() {
        let (guesses, now, peer) = (Guesses::default(), Instant::now(), address("192.0.2.1"));
        (0..AT_ONCE).for_each(|_| assert_eq!(guesses.wrong(peer, now), Ok(())));
        (0..1000).for_each(|_| assert_eq!(guesses.wrong(peer, now), Err(EACH)));
        assert_eq!(guesses.wrong(address("::ffff:192.0.2.1"), now), Err(EACH), "it is the same, written otherwise");
        assert_eq!(guesses.wrong(address("192.0.2.2"), now), Ok(()), "a neighbour is another");
        let later = now + EACH;
        assert_eq!((guesses.wrong(peer, later), guesses.wrong(peer, later)), (Ok(()), Err(EACH)));
        let rested = later + EACH * AT_ONCE;
        (0..AT_ONCE).for_each(|_| assert_eq!(guesses.wrong(peer, rested), Ok(())));
    }

    #[test]
    fn a_network_of_ipv6_is_one_and_no_number_of_addresses_takes_up_more_room() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for host in 0..AT_ONCE {
            assert_eq!(guesses.wrong(address(&format!("2001:db8::{host:x}")), now), Ok(()));
        }
        assert_eq!(guesses.wrong(address("2001:db8::ffff"), now), Err(EACH));
        for network in 0..10 * ADDRESSES {
            let peer = format!("2001:db8:{:x}:{:x}::1", network / 0xffff + 1, network % 0xffff);
            assert_eq!(guesses.wrong(address(&peer), now), Ok(()));
        }
        assert_eq!(guesses.0.lock().unwrap().len(), ADDRESSES);
        assert_eq!(guesses.wrong(address("2001:db8::ffff"), now), Err(EACH), "who guesses most is remembered longest");
    }
}
