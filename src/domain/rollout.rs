//! The rollout: for whom charges are only tracked, for whom they are real, and who rests.
//!
//! What is paused for all is paused for everybody; else a business's own phase decides, else its citizen's,
//! else that of all. Going live reaches nothing that happened before it, and neither does losing a phase of one's own.
//! Pausing all ends every live phase of somebody's own: whoever is to be live after it goes live again.

use hashbrown::HashMap;
use thiserror::Error;

use super::charge::Stage;
use super::names::Name;
use super::time::Moment;

/// Whom a move is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Everybody who has no phase of his own.
    All,
    /// A business.
    Business(Name),
    /// A citizen, where no business with a phase of its own is charged.
    Citizen(Name),
}

impl Subject {
    /// The id, where it is somebody's.
    pub fn id(self) -> Option<Name> {
        match self {
            Subject::All => None,
            Subject::Business(id) | Subject::Citizen(id) => Some(id),
        }
    }

    /// `all`, `business` or `citizen`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Subject::All => "all",
            Subject::Business(_) => "business",
            Subject::Citizen(_) => "citizen",
        }
    }
}

/// A phase of the rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Phase {
    /// Tracked, never collected.
    Shadow = 0,
    /// Collectable.
    Live = 1,
    /// Tracked, and shadow for ever for what comes meanwhile.
    Paused = 2,
}

impl Phase {
    /// All of them, in the order in which they are gone through.
    pub const ALL: [Phase; 3] = [Phase::Shadow, Phase::Live, Phase::Paused];

    /// The stable text of the phase.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Shadow => "shadow",
            Phase::Live => "live",
            Phase::Paused => "paused",
        }
    }
}

/// A phase, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The phase.
    pub phase: Phase,
    /// Since then.
    pub since: Moment,
}

/// How far the rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phases {
    /// How many have each [`Phase`] of their own; the whole counts as one.
    pub counts: [u64; Phase::ALL.len()],
    /// When anybody last changed his.
    pub moved: Moment,
}

impl Default for Phases {
    fn default() -> Phases {
        Rollout::default().phases()
    }
}

/// A move from one phase to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Whose.
    pub subject: Subject,
    /// To which; `None` takes a phase of its own away.
    pub to: Option<Phase>,
}

/// Why a move is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// It changes nothing.
    #[error("that is so already")]
    Same,
    /// All have some phase.
    #[error("all have a phase: shadow, live or paused")]
    All,
    /// It is live only in name.
    #[error("all is paused: make it `shadow` or `live` first, then somebody of his own")]
    Paused,
}

/// Everybody's phase.
#[derive(Clone, Debug)]
pub struct Rollout {
    all: Standing,
    own: HashMap<Subject, Own>,
}

/// A phase of somebody's own, or that he has none any more; and since when.
#[derive(Clone, Copy, Debug)]
struct Own {
    phase: Option<Phase>,
    since: Moment,
}

/// Everybody in shadow, from the beginning.
impl Default for Rollout {
    fn default() -> Rollout {
        Rollout { all: Standing { phase: Phase::Shadow, since: Moment::OLDEST }, own: HashMap::new() }
    }
}

impl Rollout {
    /// The stage of a charge for this business, of this citizen, of what happened at `occurred_at` and comes in now.
    pub fn stage(&self, business: Option<Name>, citizen: Option<Name>, occurred_at: Moment) -> Stage {
        let Standing { phase, since } = self.effective(business, citizen);
        if phase == Phase::Live && since <= occurred_at { Stage::Live } else { Stage::Shadow }
    }

    /// The phase of charges for this business, of this citizen; and since when it reaches them.
    fn effective(&self, business: Option<Name>, citizen: Option<Name>) -> Standing {
        if self.all.phase == Phase::Paused || self.own.is_empty() {
            return self.all;
        }
        let mut reached = Moment(i64::MIN);
        for subject in [business.map(Subject::Business), citizen.map(Subject::Citizen)].into_iter().flatten() {
            if let Some(Own { phase, since }) = self.own.get(&subject) {
                reached = reached.max(*since);
                if let Some(phase) = *phase {
                    return Standing { phase, since: reached };
                }
            }
        }
        Standing { phase: self.all.phase, since: reached.max(self.all.since) }
    }

    /// Whether a move makes somebody live who is not: the gate is asked then.
    pub fn makes_live(&self, moved: Move) -> bool {
        let phase = |rollout: &Rollout| match moved.subject {
            Subject::All => rollout.all.phase,
            Subject::Business(id) => rollout.effective(Some(id), None).phase,
            Subject::Citizen(id) => rollout.effective(None, Some(id)).phase,
        };
        let mut after = self.clone();
        after.make(moved, Moment::NEWEST);
        phase(self) != Phase::Live && phase(&after) == Phase::Live
    }

    /// The phase of a subject of its own.
    pub fn standing(&self, subject: Subject) -> Option<Standing> {
        match subject {
            Subject::All => Some(self.all),
            own => self.own.get(&own).and_then(|own| Some(Standing { phase: own.phase?, since: own.since })),
        }
    }

    /// Those who have a phase of their own, in order.
    pub fn own(&self) -> Vec<(Subject, Standing)> {
        let standing = |(subject, phase, since)| Some((subject, Standing { phase: phase?, since }));
        self.all_own().into_iter().filter_map(standing).collect()
    }

    /// How many have each phase, the whole among them, and when anybody last changed his.
    pub fn phases(&self) -> Phases {
        let mut phases = Phases { counts: [0; Phase::ALL.len()], moved: self.all.since };
        phases.counts[self.all.phase as usize] += 1;
        for own in self.own.values() {
            own.phase.into_iter().for_each(|phase| phases.counts[phase as usize] += 1);
            phases.moved = phases.moved.max(own.since);
        }
        phases
    }

    /// The same, and those who lost theirs, each with when that was.
    pub fn all_own(&self) -> Vec<(Subject, Option<Phase>, Moment)> {
        let mut own: Vec<_> = self.own.iter().map(|(subject, own)| (*subject, own.phase, own.since)).collect();
        own.sort_unstable_by_key(|(subject, ..)| *subject);
        own
    }

    /// Whether a move changes anything. Nothing is changed.
    pub fn admit(&self, moved: Move) -> Result<(), Refused> {
        let now = self.standing(moved.subject).map(|standing| standing.phase);
        match (moved.subject, moved.to) {
            (Subject::All, None) => Err(Refused::All),
            _ if now == moved.to => Err(Refused::Same),
            (Subject::Business(_) | Subject::Citizen(_), Some(Phase::Live)) if self.all.phase == Phase::Paused => {
                Err(Refused::Paused)
            }
            _ => Ok(()),
        }
    }

    /// Makes an admitted move, at this instant.
    pub fn make(&mut self, moved: Move, at: Moment) {
        match (moved.subject, moved.to) {
            (Subject::All, None) => {}
            (Subject::All, Some(phase)) => {
                self.all = Standing { phase, since: at };
                if phase == Phase::Paused {
                    let live = self.own.values_mut().filter(|own| own.phase == Some(Phase::Live));
                    live.for_each(|own| *own = Own { phase: None, since: at });
                }
            }
            (own, phase) => drop(self.own.insert(own, Own { phase, since: at })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_paused_beats_everything_and_then_the_specific_beats_the_general() {
        let [bakery, lucid] = ["bakery", "Lucid"].map(Name::new);
        let business = Subject::Business(bakery.expect("a name"));
        let citizen = Subject::Citizen(lucid.expect("a name"));
        let (shadow, live, paused) = (Some(Phase::Shadow), Some(Phase::Live), Some(Phase::Paused));
        for (all, of_business, of_citizen, stage) in [
            (None, None, None, Stage::Shadow),
            (live, None, None, Stage::Live),
            (None, live, None, Stage::Live),
            (None, None, live, Stage::Live),
            (live, shadow, None, Stage::Shadow),
            (live, paused, None, Stage::Shadow),
            (live, shadow, live, Stage::Shadow),
            (live, live, paused, Stage::Live),
            (paused, live, live, Stage::Shadow),
        ] {
            let mut rollout = Rollout::default();
            for (subject, to) in [(Subject::All, all), (business, of_business), (citizen, of_citizen)] {
                if to.is_some() {
                    rollout.make(Move { subject, to }, Moment(1));
                }
            }
            assert_eq!(rollout.stage(bakery, lucid, Moment(1)), stage, "{all:?} {of_business:?} {of_citizen:?}");
        }
    }

    #[test]
    fn going_live_reaches_nothing_that_happened_before_it() {
        let mut rollout = Rollout::default();
        rollout.make(Move { subject: Subject::All, to: Some(Phase::Live) }, Moment(100));
        assert_eq!(rollout.stage(None, None, Moment(99)), Stage::Shadow);
        assert_eq!(rollout.stage(None, None, Moment(100)), Stage::Live);
    }

    #[test]
    fn who_loses_his_own_phase_is_reached_from_then_on() {
        let bakery = Name::new("bakery");
        let own = |to| Move { subject: Subject::Business(bakery.expect("a name")), to };
        let mut rollout = Rollout::default();
        rollout.make(own(Some(Phase::Paused)), Moment(1));
        rollout.make(Move { subject: Subject::All, to: Some(Phase::Live) }, Moment(2));
        assert!(rollout.makes_live(own(None)));
        rollout.make(own(None), Moment(5));
        assert_eq!(rollout.stage(bakery, None, Moment(4)), Stage::Shadow);
        assert_eq!(rollout.stage(bakery, None, Moment(5)), Stage::Live);
        assert_eq!(rollout.stage(None, None, Moment(2)), Stage::Live);
        assert_eq!(rollout.own(), []);
    }

    #[test]
    fn pausing_all_ends_every_live_phase_and_nobody_goes_live_meanwhile() {
        let bakery = Name::new("bakery");
        let subject = Subject::Business(bakery.expect("a name"));
        let all = |phase| Move { subject: Subject::All, to: Some(phase) };
        let live = Move { subject, to: Some(Phase::Live) };
        let mut rollout = Rollout::default();
        rollout.make(live, Moment(1));
        rollout.make(all(Phase::Paused), Moment(2));
        assert_eq!(rollout.admit(live), Err(Refused::Paused));
        assert!(!rollout.makes_live(all(Phase::Shadow)));
        rollout.make(all(Phase::Shadow), Moment(3));
        assert_eq!(rollout.stage(bakery, None, Moment(4)), Stage::Shadow);
        assert_eq!(rollout.admit(live), Ok(()));
    }

    #[test]
    fn a_move_that_changes_nothing_is_refused() {
        let mut rollout = Rollout::default();
        let to = |to| Move { subject: Subject::All, to };
        assert_eq!(rollout.admit(to(Some(Phase::Shadow))), Err(Refused::Same));
        assert_eq!(rollout.admit(to(None)), Err(Refused::All));
        assert_eq!(rollout.admit(to(Some(Phase::Live))), Ok(()));
        rollout.make(to(Some(Phase::Live)), Moment(1));
        assert_eq!(rollout.admit(to(Some(Phase::Live))), Err(Refused::Same));
    }
}
