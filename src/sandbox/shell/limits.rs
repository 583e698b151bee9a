//! Limits: how many calls are taken in a second, in all and by each endpoint.

use std::collections::HashMap;

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

/// The buckets.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    rate: Rate,
    all: Bucket,
    /// By the name of the endpoint.
    endpoints: HashMap<String, Bucket>,
}

impl Limits {
    pub(super) fn new(rate: Rate) -> Limits {
        Limits { rate, all: Bucket::full(rate.all, 0), endpoints: HashMap::new() }
    }

    /// Whether a call is taken now.
    pub(super) fn take(&mut self, method: &str, path: &str, now_ms: u64) -> bool {
        let Limits { rate, all, endpoints } = self;
        let new = Bucket::full(rate.endpoint, now_ms);
        let endpoint = endpoints.entry(endpoint(method, path)).or_insert(new);
        all.fill(rate.all, now_ms);
        endpoint.fill(rate.endpoint, now_ms);
        let is_taken = 1_000 <= all.level && 1_000 <= endpoint.level;
        if is_taken {
            all.level -= 1_000;
            endpoint.level -= 1_000;
        }
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
    }

    #[test]
    fn all_endpoints_together_take_no_more_than_the_account_may() {
        let mut limits = Limits::new(Rate { all: 30, endpoint: 25 });
        let taken = (0..60).filter(|call| limits.take("GET", ["/v1/invoices", "/v1/events"][call % 2], 0)).count();
        assert_eq!(taken, 30);
    }
}
