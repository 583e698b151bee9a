//! Pace: calls wait here rather than be refused by Stripe.
//!
//! Stripe counts calls a second, all together and by endpoint. No second sees more calls than it takes; who comes first
//! goes first, and an endpoint that is busy does not keep the others waiting.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// A bucket of tokens: each call takes one, and they come back at a steady rate.
///
/// Times are counted from any moment, the same for all.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// After how long one token comes back.
    interval: Duration,
    /// How many there can be.
    burst: u32,
    /// When all of them are back.
    full_at: Duration,
}

impl Bucket {
    /// A bucket that lets through `most` calls in any second, and at least one.
    ///
    /// One in twenty-five of them may come at once; so many fewer come back in a second that both together are no more
    /// than that. What may come at once is lost to the rate of those who have much to do.
    pub fn per_second(most: u32) -> Bucket {
        let burst = (most / 25).max(1);
        let back = most.saturating_sub(burst).max(1);
        // Rounded up: a nanosecond later, and never one too early.
        let interval = Duration::from_nanos(1_000_000_000_u64.div_ceil(back.into()));
        Bucket { interval, burst, full_at: Duration::ZERO }
    }

    /// How long there is no token yet.
    pub fn wait(&self, now: Duration) -> Duration {
        // Saturated only by centuries.
        let spare = self.interval.saturating_mul(self.burst - 1);
        self.full_at.saturating_sub(spare).saturating_sub(now)
    }

    /// Takes a token, which is there.
    pub fn take(&mut self, now: Duration) {
        self.full_at = self.full_at.max(now).saturating_add(self.interval);
    }
}

/// The paces of an account: of all calls together, and of each endpoint.
pub struct Paces {
    begun: Instant,
    total: Mutex<Bucket>,
    per_endpoint: u32,
    /// An endpoint's bucket is held by the one of its calls that is next, until it goes.
    endpoints: std::sync::Mutex<HashMap<String, Arc<Mutex<Bucket>>>>,
}

impl Paces {
    /// Lets through `total` calls in any second, and `per_endpoint` of each endpoint.
    pub fn new(total: u32, per_endpoint: u32) -> Paces {
        let total = Mutex::new(Bucket::per_second(total));
        Paces { begun: Instant::now(), total, per_endpoint, endpoints: std::sync::Mutex::default() }
    }

    /// Waits until a call of `endpoint` may go. A call that is given up while it waits has taken nothing.
    pub async fn turn(&self, endpoint: &str) {
        let bucket = self.bucket(endpoint);
        // tokio's locks are handed on in the order in which they were asked for.
        let mut own = bucket.lock().await;
        self.until_there_is_one(&own).await;
        let mut total = self.total.lock().await;
        self.until_there_is_one(&total).await;
        let now = self.begun.elapsed();
        own.take(now);
        total.take(now);
    }

    async fn until_there_is_one(&self, bucket: &Bucket) {
        // A timer counts whole milliseconds, so that it may take two.
        loop {
            let wait = bucket.wait(self.begun.elapsed());
            if wait.is_zero() {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    fn bucket(&self, endpoint: &str) -> Arc<Mutex<Bucket>> {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = endpoints.get(endpoint) {
            return Arc::clone(bucket);
        }
        let bucket = Arc::new(Mutex::new(Bucket::per_second(self.per_endpoint)));
        endpoints.insert(endpoint.to_owned(), Arc::clone(&bucket));
        bucket
    }
}

/// The endpoint of a path: what is left when its ids are replaced, such as `/v1/invoices/:id/finalize`.
///
/// In a path, names and ids take turns. Where they do not, a name is taken for an id, and endpoints are paced together
/// that Stripe counts apart; what looks like an id is always taken for one, so that there are only so many endpoints.
pub fn endpoint(path: &str) -> String {
    let segments = path.trim_matches('/').split('/').enumerate();
    let is_id = |place: usize, segment: &str| {
        let looks_like_one = segment.bytes().any(|byte| !byte.is_ascii_lowercase() && byte != b'_');
        1 < place && (place.is_multiple_of(2) || looks_like_one)
    };
    segments
        .map(|(place, segment)| if is_id(place, segment) { "/:id".to_owned() } else { format!("/{segment}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_bucket_gives_a_few_at_once_and_the_rest_at_a_steady_rate() {
        let mut bucket = Bucket::per_second(50);
        for _ in 0..2 {
            assert_eq!(bucket.wait(Duration::ZERO), Duration::ZERO);
            bucket.take(Duration::ZERO);
        }
        // 48 come back in a second.
        let interval = Duration::from_nanos(20_833_334);
        assert_eq!(bucket.wait(Duration::ZERO), interval);
        assert_eq!(bucket.wait(Duration::from_millis(10)), interval - Duration::from_millis(10));
        bucket.take(interval);
        assert_eq!(bucket.wait(interval), interval);
        assert_eq!(bucket.wait(SECOND), Duration::ZERO);
    }

    #[test]
    fn nearly_all_of_a_rate_is_used() {
        for most in [25, 100] {
            let mut bucket = Bucket::per_second(most);
            let mut now = Duration::ZERO;
            let calls = 60 * most;
            for _ in 0..calls {
                now += bucket.wait(now);
                bucket.take(now);
            }
            let per_s = f64::from(calls) / now.as_secs_f64();
            assert!(0.95 * f64::from(most) < per_s && per_s <= f64::from(most), "{per_s} of {most}");
        }
    }

    #[test]
    fn ids_are_no_part_of_an_endpoint() {
        for (path, expected) in [
            ("/v1/invoices", "/v1/invoices"),
            ("/v1/invoices/in_1/finalize", "/v1/invoices/:id/finalize"),
            ("/v1/invoices/in_abc/lines/il_abc", "/v1/invoices/:id/lines/:id"),
            ("/v1/billing/meters/mtr_1A", "/v1/billing/:id/:id"),
            ("/v1/credit_notes", "/v1/credit_notes"),
        ] {
            assert_eq!(endpoint(path), expected);
        }
    }

    proptest! {
        #[test]
        fn no_second_sees_more_calls_than_it_takes(
            most in 2..200_u32,
            pauses_ms in prop::collection::vec(prop_oneof![4 => Just(0_u64), 1 => 0..700_u64], 1..400),
        ) {
            let mut bucket = Bucket::per_second(most);
            let mut now = Duration::ZERO;
            let mut gone: Vec<Duration> = Vec::new();
            for pause_ms in pauses_ms {
                now += Duration::from_millis(pause_ms);
                now += bucket.wait(now);
                prop_assert!(bucket.wait(now).is_zero());
                bucket.take(now);
                gone.push(now);
            }
            for (first, from) in gone.iter().enumerate() {
                let seen = gone[first..].iter().take_while(|at| **at < *from + SECOND).count();
                prop_assert!(seen <= most as usize, "{} in a second that takes {}", seen, most);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_endpoint_is_slowed_down_and_the_others_are_not() {
        let paces = Arc::new(Paces::new(100, 25));
        let begun = Instant::now();
        let busy = tokio::spawn({
            let paces = Arc::clone(&paces);
            async move {
                for _ in 0..65 {
                    paces.turn("POST /v1/invoiceitems").await;
                }
                begun.elapsed()
            }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = begun.elapsed();
        paces.turn("POST /v1/invoices").await;
        assert_eq!(begun.elapsed(), before);
        // One at once, and sixty-four at twenty-four a second.
        let took = busy.await.expect("it ends");
        assert!(Duration::from_millis(2666) <= took && took < Duration::from_millis(2800), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn all_endpoints_together_keep_to_the_total_and_none_is_left_behind() {
        let paces = Arc::new(Paces::new(25, 25));
        let begun = Instant::now();
        let callers = ["a", "b", "c", "d"].map(|endpoint| {
            let paces = Arc::clone(&paces);
            tokio::spawn(async move {
                for _ in 0..20 {
                    paces.turn(endpoint).await;
                }
                begun.elapsed()
            })
        });
        let mut ends = Vec::new();
        for caller in callers {
            ends.push(caller.await.expect("it ends"));
        }
        // Eighty calls: one at once, and the others at twenty-four a second.
        let (first, last) = (ends.iter().min().expect("four"), ends.iter().max().expect("four"));
        assert!(Duration::from_millis(3291) <= *last && *last < Duration::from_millis(3450), "{ends:?}");
        assert!(*last - *first < Duration::from_secs(1), "{ends:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_has_taken_nothing() {
        let paces = Paces::new(5, 5);
        paces.turn("a").await;
        for _ in 0..10 {
            assert!(tokio::time::timeout(Duration::from_millis(10), paces.turn("a")).await.is_err());
        }
        let begun = Instant::now();
        paces.turn("a").await;
        assert!(begun.elapsed() <= Duration::from_millis(250));
    }
}
