//! Limits: how many calls are taken in a second, in all and by each endpoint; and how many came.

use std::collections::{HashMap, VecDeque};

/// How many calls a second are taken, each limit with as many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In all.
    pub all: u32,
    /// By each endpoint.
    pub endpoint: u32,
}

impl Default for Rate {
    fn default() -> Rate {
        Rate { all: 100, endpoint: 25 }
    }
}

/// A bucket in thousandths of a call: a call takes a thousand, and time brings more.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    level: u64,
    at_ms: u64,
}

impl Bucket {
    fn full(rate: u32, now_ms: u64) -> Bucket {
        Bucket { level: u64::from(rate) * 1_000, at_ms: now_ms }
    }

    /// Lets what came by time in.
    fn fill(&mut self, rate: u32, now_ms: u64) {
        let rate = u64::from(rate);
        let gone = now_ms.saturating_sub(self.at_ms);
        self.level = self.level.saturating_add(gone.saturating_mul(rate)).min(rate * 1_000);
        self.at_ms = self.at_ms.max(now_ms);
    }
}

/// How often something was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// So many calls were taken,
    pub taken: u64,
    /// and so many were too many.
    pub refused: u64,
    /// So many came within one second, at most.
    pub most_per_s: usize,
}

/// The calls of one endpoint, or of all.
#[derive(Clone, Debug)]
struct Counter {
    bucket: Bucket,
    called: Called,
    /// When those of the last second came.
    last_ms: VecDeque<u64>,
}

impl Counter {
    fn new(rate: u32, now_ms: u64) -> Counter {
        Counter { bucket: Bucket::full(rate, now_ms), called: Called::default(), last_ms: VecDeque::new() }
    }

    /// One more came.
    fn come(&mut self, rate: u32, now_ms: u64) {
        self.bucket.fill(rate, now_ms);
        self.last_ms.push_back(now_ms);
        while self.last_ms.front().is_some_and(|came_ms| came_ms + 1_000 <= now_ms) {
            self.last_ms.pop_front();
        }
        self.called.most_per_s = self.called.most_per_s.max(self.last_ms.len());
    }

    fn go(&mut self, is_taken: bool) {
        match is_taken {
            true => {
                self.bucket.level -= 1_000;
                self.called.taken += 1;
            }
            false => self.called.refused += 1,
        }
    }
}

/// The buckets, and what is counted.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    rate: Rate,
    all: Counter,
    /// By the name of the endpoint.
    endpoints: HashMap<String, Counter>,
}

impl Limits {
    pub(super) fn new(rate: Rate) -> Limits {
        Limits { rate, all: Counter::new(rate.all, 0), endpoints: HashMap::new() }
    }

    /// How often it was called in all, and each endpoint by its name.
    pub(super) fn called(&self) -> (Called, Vec<(String, Called)>) {
        let endpoints = self.endpoints.iter().map(|(name, counter)| (name.clone(), counter.called));
        (self.all.called, endpoints.collect())
    }

    /// Whether a call is taken now.
    pub(super) fn take(&mut self, method: &str, path: &str, now_ms: u64) -> bool {
        let Limits { rate, all, endpoints } = self;
        let name = endpoint(method, path);
        let endpoint = endpoints.entry(name).or_insert_with(|| Counter::new(rate.endpoint, now_ms));
        all.come(rate.all, now_ms);
        endpoint.come(rate.endpoint, now_ms);
        let is_taken = 1_000 <= all.bucket.level && 1_000 <= endpoint.bucket.level;
        all.go(is_taken);
        endpoint.go(is_taken);
        is_taken
    }
}

/// What a path is of, without the id in it. Whoever makes paths up gets one endpoint for all of them.
fn endpoint(method: &str, path: &str) -> String {
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    match *parts {
        [of] if of.len() <= 30 => format!("{method} {of}"),
        [of, _] if of.len() <= 30 => format!("{method} {of}/*"),
        [of, _, step] if of.len() + step.len() <= 60 => format!("{method} {of}/*/{step}"),
        _ => "other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_takes_its_rate_and_then_as_much_as_time_brings() {
        let mut limits = Limits::new(Rate::default());
        let mut take = |path: &str, now_ms| limits.take("POST", path, now_ms);
        for call in 0..25 {
            assert!(take(&format!("/v1/invoices/in_{call}/finalize"), 0));
        }
        assert!(!take("/v1/invoices/in_1/finalize", 0));
        assert!(take("/v1/invoices/in_1/send", 0), "another endpoint has its own");
        assert!(take("/v1/invoices/in_1/finalize", 40));
        assert!(!take("/v1/invoices/in_1/finalize", 79));
        assert!(take("/v1/invoices/in_1/finalize", 1_050));
        let (all, endpoints) = limits.called();
        assert_eq!(all, Called { taken: 28, refused: 2, most_per_s: 29 });
        assert!(
            endpoints
                .contains(&("POST invoices/*/finalize".to_owned(), Called { taken: 27, refused: 2, most_per_s: 28 }))
        );
    }

    #[test]
    fn all_endpoints_together_take_no_more_than_the_account_may() {
        let mut limits = Limits::new(Rate { all: 30, endpoint: 25 });
        let taken = (0..60).filter(|call| limits.take("GET", ["/v1/invoices", "/v1/events"][call % 2], 0)).count();
        assert_eq!(taken, 30);
    }
}
