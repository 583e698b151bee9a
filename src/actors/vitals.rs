//! Vitals: whether the whole is alive. When somebody dies who owns money, everything stops.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

/// The state of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It was told to stop.
    Draining,
    /// It stopped.
    Stopped(Cause),
}

/// Why everything stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause(Arc<str>);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The vitals; clones are the same.
#[derive(Clone, Debug)]
pub struct Vitals(Arc<watch::Sender<State>>);

impl Default for Vitals {
    fn default() -> Vitals {
        Vitals(Arc::new(watch::Sender::new(State::Running)))
    }
}

impl Vitals {
    /// The state now.
    pub fn state(&self) -> State {
        self.0.borrow().clone()
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        *self.0.borrow() == State::Running
    }

    /// Stops the whole because of `cause`; the first cause stays.
    pub fn stop(&self, cause: &str) {
        self.0.send_if_modified(|state| {
            let is_first = !matches!(state, State::Stopped(_));
            if is_first {
                tracing::error!(cause, "everything stops");
                *state = State::Stopped(Cause(cause.into()));
            }
            is_first
        });
    }

    /// Begins to stop in good order.
    pub fn drain(&self) {
        self.0.send_if_modified(|state| {
            std::mem::replace(state, if *state == State::Running { State::Draining } else { state.clone() })
                == State::Running
        });
    }

    /// Ends in good order.
    pub fn end(&self) {
        self.0.send_if_modified(|state| {
            let is_first = !matches!(state, State::Stopped(_));
            if is_first {
                *state = State::Stopped(Cause("it was told to".into()));
            }
            is_first
        });
    }

    /// Waits until it is about to stop, or has.
    pub async fn stopping(&self) {
        // The sender lives in `self`, so that the wait ends only with what it waits for.
        let _ = self.0.subscribe().wait_for(|state| *state != State::Running).await;
    }

    /// Waits until it has stopped, and tells why.
    pub async fn stopped(&self) -> Cause {
        let mut watching = self.0.subscribe();
        loop {
            if let State::Stopped(cause) = &*watching.borrow_and_update() {
                return cause.clone();
            }
            // The sender lives in `self`, so that there always is another change to wait for.
            let _ = watching.changed().await;
        }
    }

    /// A guard for somebody who owns money: dropped without leave, it stops the whole.
    pub fn guard(&self, who: &'static str) -> Guard {
        Guard { vitals: self.clone(), who, has_leave: false }
    }
}

/// See [`Vitals::guard`].
#[derive(Debug)]
pub struct Guard {
    vitals: Vitals,
    who: &'static str,
    has_leave: bool,
}

impl Guard {
    /// Its owner may go now.
    pub fn give_leave(&mut self) {
        self.has_leave = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.has_leave {
            self.vitals.stop(&format!("{} died", self.who));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_dies_without_leave_stops_the_whole_and_the_first_cause_stays() {
        let vitals = Vitals::default();
        let mut careful = vitals.guard("the careful one");
        careful.give_leave();
        drop(careful);
        assert!(vitals.is_running());
        drop(vitals.guard("the bookkeeper"));
        vitals.stop("something else");
        assert!(matches!(vitals.state(), State::Stopped(cause) if cause.to_string() == "the bookkeeper died"));
    }
}
