//! How many files may be open: every connection is one, and a system's first limit is often far below its last.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open besides connections: the journal, snapshots, the way to Stripe, a log, and what the runtime needs.
const BESIDES: u64 = 256;

/// Asks the system for as many open files as so many connections may take, and says so where it does not let that be.
pub(super) fn allow(connections: usize) {
    let wanted = connections as u64 + BESIDES;
    let limit = getrlimit(Resource::Nofile);
    let allowed = raised(limit, wanted);
    if allowed != limit.current
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: allowed, maximum: limit.maximum })
    {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    if let Some(files) = getrlimit(Resource::Nofile).current.filter(|files| *files < wanted) {
        tracing::warn!(
            files,
            connections,
            "there may be fewer open files than connections: once they are used up, a newcomer takes the place of who was \
             silent longest; allow {wanted} (ulimit -n, or LimitNOFILE in a unit of systemd), or set `connections` lower"
        );
    }
}

/// The limit that is asked for: never a lower one than there is, and none above the last.
fn raised(limit: Rlimit, wanted: u64) -> Option<u64> {
    let current = limit.current?;
    Some(current.max(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_raised_as_far_as_it_may_be_and_never_lowered() {
        for (current, maximum, allowed) in [
            (Some(1024), Some(524_288), Some(4352)),
            (Some(1024), None, Some(4352)),
            (Some(1024), Some(2048), Some(2048)),
            (Some(20_000), Some(20_000), Some(20_000)),
            (None, None, None),
        ] {
            assert_eq!(raised(Rlimit { current, maximum }, 4352), allowed, "{current:?} of {maximum:?}");
        }
    }
}
