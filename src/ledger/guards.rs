//! Guards: limits on how much an hour, and how much a day, in an economy whose actors are programs.
//!
//! Everything is measured by when it happened, so that a burst after an outage trips nothing. What trips a
//! guard is posted all the same, and held.
//!
//! The newest hour of everybody lies in a row of its own, found by number; what comes for an hour before that is
//! counted apart, from nothing: so an hour may let pass twice its limit, and never more before [`KEPT`] hours have
//! passed in which nothing came for it. Who was not charged for as long is forgotten, as far as he is not held.

use std::hint::black_box;

use hashbrown::HashMap;

use crate::domain::charge::Hold;
use crate::domain::money::Money;
use crate::domain::time::Moment;

use super::pages::Pages;
use super::roll::NameNo;

/// How much is let pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of one citizen.
    pub citizen: Limit,
    /// For one business.
    pub business: Limit,
    /// To one payer.
    pub payer: Limit,
    /// So many messages an hour between two who write to each other are a conversation; more are not.
    pub pair_an_hour: u32,
    /// So many times as many charges as in an usual hour are a jump,
    pub jump: u32,
    /// once there are at least so many.
    pub jump_from: u32,
    /// After so many held charges somebody is parked: everything is held until he is released.
    pub park_after: u32,
}

/// How much is let pass of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Charges an hour.
    pub charges_an_hour: u32,
    /// An amount a day.
    pub amount_a_day: Money,
}

impl Limits {
    /// Everything is let pass.
    pub const OFF: Limits = {
        let all = Limit { charges_an_hour: u32::MAX, amount_a_day: Money::from_millionths(i64::MAX) };
        Limits {
            citizen: all,
            business: all,
            payer: all,
            pair_an_hour: u32::MAX,
            jump: u32::MAX,
            jump_from: u32::MAX,
            park_after: u32::MAX,
        }
    };
}

impl Default for Limits {
    fn default() -> Limits {
        let limit = |charges_an_hour, units: i64| Limit {
            charges_an_hour,
            amount_a_day: Money::from_millionths(units * Money::PER_UNIT),
        };
        Limits {
            citizen: limit(1_000, 1_000),
            business: limit(6_000, 10_000),
            payer: limit(12_000, 20_000),
            pair_an_hour: 120,
            jump: 50,
            jump_from: 300,
            park_after: 1_000,
        }
    }
}

/// In which capacity somebody is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Capacity {
    /// As the citizen who did it.
    Citizen = 0,
    /// As the business that it counts for.
    Business = 1,
    /// As who is to pay.
    Payer = 2,
}

impl Capacity {
    /// All of them.
    pub const ALL: [Capacity; 3] = [Capacity::Citizen, Capacity::Business, Capacity::Payer];

    /// `citizen`, `business` or `payer`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Capacity::Citizen => "citizen",
            Capacity::Business => "business",
            Capacity::Payer => "payer",
        }
    }
}

/// What a charge is to the guards.
#[derive(Clone, Copy, Debug)]
pub struct Charge {
    /// Who is watched, by capacity; [`NameNo::NONE`] where nobody is.
    pub who: [NameNo; 3],
    /// Who wrote it and to whom, where both are citizens: the digests of their names.
    pub pair: Option<(u64, u64)>,
    /// When it happened.
    pub at: Moment,
    /// How much.
    pub amount: Money,
}

/// What the guards have seen.
#[derive(Clone, Debug, Default)]
pub struct Guards {
    /// By capacity, then by number on the roll.
    watched: [Pages<Watch>; 3],
    /// What came for an hour before somebody's newest: charges by hour, and amounts by day; and in which newest hour of
    /// any it was last added to.
    late: HashMap<(NameNo, u8, u32), (i64, u32)>,
    /// Messages by writer, receiver and hour.
    pairs: HashMap<(u64, u64, u32), u32>,
    /// The newest hour of any.
    newest: u32,
    /// How many are parked.
    parked: usize,
}

/// What was seen of one in the newest hour that he was charged in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// The hour, counted from 1970 on.
    pub hour: u32,
    /// Charges in it.
    pub count: u32,
    /// What they came to on that hour's day.
    pub amount: i64,
    /// Charges in an usual hour before it, in sixteenths: a mean that forgets an eighth each hour.
    pub usual: u32,
    /// How many were held since the last release; [`PARKED`] where everything is.
    pub held: u32,
}

/// As many held charges as nobody has.
pub const PARKED: u32 = u32::MAX;
/// A late amount is told from a late count by this.
const AMOUNTS: u8 = 4;
/// What is late, and pairs, are kept for so many hours.
const KEPT: u32 = 24 * 8;

fn hour_of(at: Moment) -> u32 {
    u32::try_from(at.0.div_euclid(3_600_000_000)).unwrap_or_default()
}

impl Limits {
    fn of(&self, capacity: Capacity) -> Limit {
        match capacity {
            Capacity::Citizen => self.citizen,
            Capacity::Business => self.business,
            Capacity::Payer => self.payer,
        }
    }
}

impl Guards {
    /// Why a charge is to be held, if it is. Nothing is changed.
    pub fn judge(&self, limits: &Limits, charge: &Charge) -> Option<Hold> {
        let hour = hour_of(charge.at);
        let mut found = None;
        for (capacity, who) in Capacity::ALL.into_iter().zip(charge.who) {
            if who == NameNo::NONE {
                continue;
            }
            let limit = limits.of(capacity);
            let watch = self.watch(capacity, who);
            if watch.held == PARKED {
                return Some(Hold::Parked);
            }
            let (count, amount) = match hour == watch.hour {
                true => (watch.count, watch.amount),
                false => self.so_far(capacity, who, &watch, hour),
            };
            let is_jump = || {
                let usual = u64::from(watch.usual);
                let is_more = 16 * u64::from(count) >= usual * u64::from(limits.jump);
                capacity == Capacity::Citizen && hour == watch.hour && 0 < usual && limits.jump_from <= count && is_more
            };
            let hold = if limit.charges_an_hour <= count {
                Some(Hold::Rate)
            } else if limit.amount_a_day.millionths() < amount.saturating_add(charge.amount.millionths()) {
                Some(Hold::Amount)
            } else if is_jump() {
                Some(Hold::Jump)
            } else {
                None
            };
            found = found.or(hold);
        }
        if self.between(charge, hour).is_some_and(|count| limits.pair_an_hour <= count) {
            return Some(Hold::Pair);
        }
        found
    }

    /// Looks at what was seen of them, and at nothing else.
    pub fn touch(&self, who: impl Iterator<Item = NameNo>) {
        for who in who {
            black_box(Capacity::ALL.map(|capacity| self.watched[capacity as usize].get(who.0 as usize).hour));
        }
    }

    /// Takes a charge that was posted into account, held or not.
    pub fn see(&mut self, charge: &Charge, hold: Option<Hold>, park_after: u32) {
        let hour = hour_of(charge.at);
        self.pass_to(hour);
        if let Some((from, to)) = charge.pair {
            *self.pairs.entry((from, to, hour)).or_default() += 1;
        }
        for (capacity, who) in Capacity::ALL.into_iter().zip(charge.who) {
            if who == NameNo::NONE {
                continue;
            }
            let oldest = self.oldest();
            let watch = self.watched[capacity as usize].get_mut(who.0 as usize);
            watch.forget_before(oldest);
            // What is held is no part of what was let pass.
            if hold.is_some() {
                let is_tripped = matches!(hold, Some(Hold::Rate | Hold::Amount | Hold::Pair | Hold::Jump));
                if is_tripped && capacity == Capacity::Citizen && watch.held != PARKED {
                    watch.held = if park_after <= watch.held + 1 { PARKED } else { watch.held + 1 };
                    self.parked += usize::from(watch.held == PARKED);
                }
                continue;
            }
            if hour < watch.hour.max(oldest) {
                let mut add = |kind: u8, time: u32, more: i64| {
                    let (sum, at) = self.late.entry((who, capacity as u8 | kind, time)).or_default();
                    (*sum, *at) = (sum.saturating_add(more), self.newest);
                };
                add(0, hour, 1);
                if hour / 24 != watch.hour / 24 {
                    add(AMOUNTS, hour / 24, charge.amount.millionths());
                    continue;
                }
            } else {
                watch.pass_to(hour);
                watch.count = watch.count.saturating_add(1);
            }
            watch.amount = watch.amount.saturating_add(charge.amount.millionths());
        }
    }

    /// Forgets what nobody asks for any more.
    fn pass_to(&mut self, hour: u32) {
        if hour <= self.newest {
            return;
        }
        self.newest = hour;
        let from = self.oldest();
        self.pairs.retain(|(_, _, known), _| from <= *known);
        self.late.retain(|_, (_, at)| from <= *at);
    }

    fn watch(&self, capacity: Capacity, who: NameNo) -> Watch {
        let mut watch = self.watched[capacity as usize].get(who.0 as usize);
        watch.forget_before(self.oldest());
        watch
    }

    /// The first hour that is not too long ago.
    fn oldest(&self) -> u32 {
        self.newest.saturating_sub(KEPT)
    }

    /// Charges in this hour and their amount on its day, as far as they are known.
    fn so_far(&self, capacity: Capacity, who: NameNo, watch: &Watch, hour: u32) -> (u32, i64) {
        let late = |kind: u8, time: u32| self.late.get(&(who, capacity as u8 | kind, time)).map_or(0, |(sum, _)| *sum);
        let is_its_day = hour / 24 == watch.hour / 24;
        let newest = watch.hour.max(self.oldest());
        let amount = match hour < newest && !is_its_day {
            true => late(AMOUNTS, hour / 24),
            false if is_its_day => watch.amount,
            false => 0,
        };
        let count = match () {
            () if hour < newest => u32::try_from(late(0, hour)).unwrap_or(u32::MAX),
            () if hour == watch.hour => watch.count,
            () => 0,
        };
        (count, amount)
    }

    /// How many messages went back and forth in this hour, where both wrote.
    fn between(&self, charge: &Charge, hour: u32) -> Option<u32> {
        let (from, to) = charge.pair?;
        let back = self.pairs.get(&(to, from, hour)).copied()?;
        let there = self.pairs.get(&(from, to, hour)).copied().unwrap_or_default();
        Some(there.saturating_add(back))
    }

    /// Lets a citizen, business or payer go on.
    pub fn release(&mut self, who: NameNo) {
        for watched in &mut self.watched {
            let held = watched.get(who.0 as usize).held;
            if held != 0 {
                self.parked -= usize::from(held == PARKED);
                watched.get_mut(who.0 as usize).held = 0;
            }
        }
    }

    /// How many are parked.
    pub fn parked_count(&self) -> usize {
        self.parked
    }

    /// Those who are parked, in order.
    pub fn parked(&self) -> impl Iterator<Item = (Capacity, NameNo)> + '_ {
        self.of_use().filter(|(_, _, watch)| watch.held == PARKED).map(|(capacity, who, _)| (capacity, who))
    }

    /// What was seen of those who still count: lately, or held.
    pub fn of_use(&self) -> impl Iterator<Item = (Capacity, NameNo, Watch)> + '_ {
        let oldest = self.oldest();
        let each = Capacity::ALL.into_iter().zip(&self.watched).flat_map(|(capacity, watched)| {
            watched.iter().map(move |(number, watch)| (capacity, NameNo(number as u32), watch))
        });
        let remembered = each.map(move |(capacity, who, mut watch)| {
            watch.forget_before(oldest);
            (capacity, who, watch)
        });
        remembered.filter(|(_, _, watch)| *watch != Watch::default())
    }

    /// The newest hour that anything was charged in, counted from 1970 on.
    pub fn newest(&self) -> u32 {
        self.newest
    }

    /// What came late, in order: whose, its kind, its time, how much, and the newest hour when it was added to.
    pub fn late(&self) -> Vec<(u32, u8, u32, i64, u32)> {
        let row = |(&(who, kind, time), &(sum, at)): (&(NameNo, u8, u32), &(i64, u32))| (who.0, kind, time, sum, at);
        let mut late: Vec<_> = self.late.iter().map(row).collect();
        late.sort_unstable();
        late
    }

    /// What was seen of pairs, in order: writer, receiver, hour and count.
    pub fn pairs(&self) -> Vec<(u64, u64, u32, u32)> {
        let mut pairs: Vec<_> =
            self.pairs.iter().map(|((from, to, hour), count)| (*from, *to, *hour, *count)).collect();
        pairs.sort_unstable();
        pairs
    }

    /// Goes on from the newest hour that an image has.
    pub fn put_newest(&mut self, hour: u32) {
        self.newest = hour;
    }

    /// What an image has of one.
    pub fn put(&mut self, capacity: Capacity, who: NameNo, watch: Watch) {
        self.parked += usize::from(watch.held == PARKED);
        *self.watched[capacity as usize].get_mut(who.0 as usize) = watch;
    }

    /// What an image has of what came late.
    pub fn put_late(&mut self, (who, kind, time, sum, at): (u32, u8, u32, i64, u32)) {
        self.late.insert((NameNo(who), kind, time), (sum, at));
    }

    /// What an image has of a pair.
    pub fn put_pair(&mut self, (from, to, hour, count): (u64, u64, u32, u32)) {
        self.pairs.insert((from, to, hour), count);
    }
}

impl Watch {
    /// What is too long ago is as if it had never been; but who is held stays held.
    fn forget_before(&mut self, oldest: u32) {
        if self.hour < oldest {
            *self = Watch { held: self.held, ..Watch::default() };
        }
    }

    /// Goes on to an hour that is not before this one.
    fn pass_to(&mut self, hour: u32) {
        if hour == self.hour {
            return;
        }
        if self.hour != 0 {
            let passed = (hour - self.hour).min(64);
            // This hour was one, and those between it and the next had none.
            let mean = |usual: u32, count: u32| usual - usual / 8 + count.min(1 << 20) * 2;
            self.usual = (1..passed).fold(mean(self.usual, self.count), |usual, _| mean(usual, 0)).max(1);
        }
        if hour / 24 != self.hour / 24 {
            self.amount = 0;
        }
        (self.hour, self.count) = (hour, 0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        citizen: Limit { charges_an_hour: 3, amount_a_day: Money::from_millionths(20) },
        business: Limit { charges_an_hour: 5, amount_a_day: Money::from_millionths(30) },
        payer: Limit { charges_an_hour: 6, amount_a_day: Money::from_millionths(40) },
        pair_an_hour: 4,
        jump: 2,
        jump_from: 2,
        park_after: 3,
    };

    /// Charges whose hours lie close together, or so many apart.
    fn some_charge(apart: &'static [i64]) -> impl Strategy<Value = Charge> {
        let hours = (prop::sample::select(apart), 0_i64..3).prop_map(|(apart, hours)| apart + hours);
        let who = prop::array::uniform3(prop::sample::select(vec![0, 1, 300, NameNo::NONE.0]));
        (hours, who, prop::option::of((0_u64..2, 0_u64..2)), 0_i64..9).prop_map(|(hours, who, pair, amount)| Charge {
            who: who.map(NameNo),
            pair,
            at: Moment((500_000 - hours) * 3_600_000_000),
            amount: Money::from_millionths(amount),
        })
    }

    fn judged(guards: &mut Guards, charges: &[Charge]) -> Vec<Option<Hold>> {
        let judge = |charge: &Charge| {
            let hold = guards.judge(&LIMITS, charge);
            guards.see(charge, hold, LIMITS.park_after);
            hold
        };
        charges.iter().map(judge).collect()
    }

    /// The same guards, by what an image has of them.
    fn restored(guards: &Guards) -> Guards {
        let mut restored = Guards::default();
        restored.put_newest(guards.newest());
        guards.of_use().for_each(|(capacity, who, watch)| restored.put(capacity, who, watch));
        guards.late().into_iter().for_each(|late| restored.put_late(late));
        guards.pairs().into_iter().for_each(|pair| restored.put_pair(pair));
        restored
    }

    proptest! {
        #[test]
        fn an_image_taken_anywhere_changes_no_judgement(
            // Days apart, and longer than anybody remembers.
            before in prop::collection::vec(some_charge(&[0, 30, 150, 400]), 0..60),
            after in prop::collection::vec(some_charge(&[0, 30, 150, 400]), 0..60),
        ) {
            let mut guards = Guards::default();
            judged(&mut guards, &before);
            let mut restored = restored(&guards);
            prop_assert_eq!(restored.parked_count(), guards.parked_count());
            prop_assert_eq!(judged(&mut restored, &after), judged(&mut guards, &after));
        }

        #[test]
        fn an_hour_lets_pass_at_most_twice_its_limit(
            charges in prop::collection::vec(some_charge(&[0, 30, 150]), 0..300),
        ) {
            let mut guards = Guards::default();
            let holds = judged(&mut guards, &charges);
            let mut passed: HashMap<(u32, u32), u32> = HashMap::new();
            for (charge, _) in charges.iter().zip(holds).filter(|(_, hold)| hold.is_none()) {
                *passed.entry((charge.who[0].0, hour_of(charge.at))).or_default() += 1;
            }
            let most = passed.iter().filter(|((who, _), _)| *who != NameNo::NONE.0).map(|(_, count)| *count).max();
            prop_assert!(most.unwrap_or(0) <= 2 * LIMITS.citizen.charges_an_hour);
        }
    }
}
