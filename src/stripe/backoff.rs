//! Backing off: how long to wait before a call is made again.

use std::time::Duration;

/// The longest first wait; each one after it may be twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait of all, where Stripe asks for no longer one.
const LONGEST: Duration = Duration::from_secs(60);

/// How long to wait before trying again for the `attempt`th time, from 0; `jitter` is 64 random bits.
///
/// The whole wait is left to chance, so that callers who failed together do not come back together; what Stripe asks
/// for with `Retry-After` comes first, and chance after it.
pub fn backoff(attempt: u32, jitter: u64, retry_after_s: Option<u32>) -> Duration {
    let factor = 2_u32.checked_pow(attempt).unwrap_or(u32::MAX);
    let most = FIRST.checked_mul(factor).map_or(LONGEST, |most| most.min(LONGEST));
    let share = (most.as_nanos() * u128::from(jitter)) >> 64;
    let asked = Duration::from_secs(retry_after_s.unwrap_or(0).into());
    // A share is less than `LONGEST`, whose nanoseconds are few enough.
    asked + Duration::from_nanos(u64::try_from(share).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wait_is_twice_as_long_each_time_until_a_minute() {
        let longest = |attempt| backoff(attempt, u64::MAX, None).as_millis() + 1;
        let waits: Vec<u128> = [0, 1, 2, 6, 7, 8, 40, u32::MAX].map(longest).into();
        assert_eq!(waits, [500, 1000, 2000, 32_000, 60_000, 60_000, 60_000, 60_000]);
        assert_eq!(backoff(3, 1 << 63, None), Duration::from_secs(2));
    }

    proptest! {
        #[test]
        fn nobody_comes_back_before_he_was_asked_to(attempt: u32, jitter: u64, asked: u32) {
            let wait = backoff(attempt, jitter, Some(asked));
            let asked = Duration::from_secs(asked.into());
            prop_assert!(asked <= wait && wait < asked + LONGEST);
        }
    }
}
