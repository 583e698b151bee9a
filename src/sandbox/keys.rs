//! Keys: what was answered to a call that had one, told again to whoever makes the same call with it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use twox_hash::XxHash3_64;

use crate::billing::call::Call;

/// How long a key is remembered.
const KEPT: i64 = 86_400;

/// What was answered.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    digest: Digest,
    pub(super) status: u16,
    pub(super) body: Arc<str>,
}

/// What tells calls apart. The order of their parameters does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest(u64, u64);

impl Digest {
    pub(super) fn of(call: &Call) -> Digest {
        let both = |part: &[u8]| (XxHash3_64::oneshot_with_seed(1, part), XxHash3_64::oneshot_with_seed(2, part));
        let head = format!("{} {}", call.method.as_str(), call.path);
        let parts = call.form.split('&').map(str::as_bytes).chain([head.as_bytes()]).map(both);
        let (one, two) =
            parts.fold((0_u64, 0_u64), |sum, part| (sum.0.wrapping_add(part.0), sum.1.wrapping_add(part.1)));
        Digest(one, two)
    }
}

/// The keys of the last day.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    saved: HashMap<Arc<str>, Saved>,
    /// When each was saved, the oldest first.
    ages: VecDeque<(i64, Arc<str>)>,
}

/// What a key is known for.
#[derive(Debug)]
pub(super) enum Known<'a> {
    /// Nothing.
    New,
    /// This very call.
    Same(&'a Saved),
    /// Another call.
    Other,
}

impl Keys {
    pub(super) fn look(&self, key: &str, digest: Digest) -> Known<'_> {
        match self.saved.get(key) {
            None => Known::New,
            Some(saved) if saved.digest == digest => Known::Same(saved),
            Some(_) => Known::Other,
        }
    }

    pub(super) fn save(&mut self, key: &str, digest: Digest, status: u16, body: &str, now: i64) {
        let key: Arc<str> = key.into();
        self.ages.push_back((now, Arc::clone(&key)));
        self.saved.insert(key, Saved { digest, status, body: body.into() });
    }

    /// Forgets what is older than a day.
    pub(super) fn forget(&mut self, now: i64) {
        while self.ages.front().is_some_and(|(at, _)| *at + KEPT <= now) {
            if let Some((_, key)) = self.ages.pop_front() {
                self.saved.remove(&key);
            }
        }
    }
}
