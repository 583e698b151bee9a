//! Faults: how often what goes wrong between us and Stripe goes wrong.

use super::form::Form;
use super::problem::Problem;

/// How many times in a thousand something goes wrong. Nothing does, by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The call is lost on its way: no effect, no answer.
    pub lost_before: u32,
    /// The call has its effect, and the answer is lost.
    pub lost_after: u32,
    /// The answer takes seconds, up to most of a minute.
    pub slow: u32,
    /// Too many calls (429 `rate_limit`), before any key is looked at.
    pub limited: u32,
    /// Somebody else holds the object (429 `lock_timeout`): no effect, and the key remembers the answer.
    pub lock_timeout: u32,
    /// Another call with the same key is in progress (409); only calls with a key meet this.
    pub conflict: u32,
    /// 500 without an effect, and the key remembers it.
    pub error_before: u32,
    /// 500 although the effect is there, and the key remembers the 500.
    pub error_after: u32,
    /// A webhook is never delivered.
    pub dropped: u32,
    /// A webhook is delivered twice.
    pub duplicated: u32,
    /// A webhook comes up to ten minutes late, and so out of order.
    pub delayed: u32,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Faults = Faults {
        lost_before: 0,
        lost_after: 0,
        slow: 0,
        limited: 0,
        lock_timeout: 0,
        conflict: 0,
        error_before: 0,
        error_after: 0,
        dropped: 0,
        duplicated: 0,
        delayed: 0,
    };

    /// Much more goes wrong than at Stripe, of every kind.
    pub const ROUGH: Faults = Faults {
        lost_before: 20,
        lost_after: 20,
        slow: 20,
        limited: 30,
        lock_timeout: 10,
        conflict: 20,
        error_before: 10,
        error_after: 10,
        dropped: 50,
        duplicated: 100,
        delayed: 200,
    };

    /// Those of a form: a `preset`, and what is otherwise than there.
    pub(super) fn read(form: &mut Form) -> Result<Faults, Problem> {
        let preset = form.choice("preset", &["none", "rough"])?;
        let mut faults = if preset == Some("rough") { Faults::ROUGH } else { Faults::NONE };
        let Faults {
            lost_before,
            lost_after,
            slow,
            limited,
            lock_timeout,
            conflict,
            error_before,
            error_after,
            dropped,
            duplicated,
            delayed,
        } = &mut faults;
        let rates = [
            ("lost_before", lost_before),
            ("lost_after", lost_after),
            ("slow", slow),
            ("limited", limited),
            ("lock_timeout", lock_timeout),
            ("conflict", conflict),
            ("error_before", error_before),
            ("error_after", error_after),
            ("dropped", dropped),
            ("duplicated", duplicated),
            ("delayed", delayed),
        ];
        for (name, rate) in rates {
            if let Some(asked) = form.within(name, 0, 1_000)? {
                *rate = u32::try_from(asked).unwrap_or_default();
            }
        }
        Ok(faults)
    }
}
