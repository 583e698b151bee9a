//! Guards: limits on how much an hour, and how much a day, in an economy whose actors are programs.
//!
//! Everything is measured by when it happened, so that a burst after an outage trips nothing. What trips a
//! guard is posted all the same, and held.
//!
//! The newest hour of everybody lies in a row of its own, found by number; what comes for an hour before that is
//! counted apart, from nothing: so an hour may let pass twice its limit, and never more.

use hashbrown::HashMap;

use crate::domain::charge::Hold;
use crate::domain::money::Money;
use crate::domain::time::Moment;

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
    /// By number on the roll, then by capacity.
    watched: Vec<[Watch; 3]>,
    /// What came for an hour before somebody's newest: charges by hour, and amounts by day.
    late: HashMap<(NameNo, u8, u32), i64>,
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
            let (count, amount) = self.so_far(capacity, who, &watch, hour);
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

    /// Takes a charge that was posted into account, held or not.
    pub fn see(&mut self, charge: &Charge, hold: Option<Hold>, park_after: u32) {
        let hour = hour_of(charge.at);
        self.pass_to(hour);
        if let Some((from, to)) = charge.pair.filter(|_| self.newest - KEPT.min(self.newest) <= hour) {
            *self.pairs.entry((from, to, hour)).or_default() += 1;
        }
        for (capacity, who) in Capacity::ALL.into_iter().zip(charge.who) {
            if who == NameNo::NONE {
                continue;
            }
            let place = who.0 as usize;
            if self.watched.len() <= place {
                self.watched.resize(place + 1, Default::default());
            }
            let watch = &mut self.watched[place][capacity as usize];
            // What is held is no part of what was let pass.
            if hold.is_some() {
                let is_tripped = matches!(hold, Some(Hold::Rate | Hold::Amount | Hold::Pair | Hold::Jump));
                if is_tripped && capacity == Capacity::Citizen && watch.held != PARKED {
                    watch.held = if park_after <= watch.held + 1 { PARKED } else { watch.held + 1 };
                    self.parked += usize::from(watch.held == PARKED);
                }
                continue;
            }
            if hour < watch.hour {
                *self.late.entry((who, capacity as u8, hour)).or_default() += 1;
                if hour / 24 != watch.hour / 24 {
                    let amount = self.late.entry((who, capacity as u8 | AMOUNTS, hour / 24)).or_default();
                    *amount = amount.saturating_add(charge.amount.millionths());
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
        let from = hour.saturating_sub(KEPT);
        self.pairs.retain(|(_, _, known), _| from <= *known);
        self.late.retain(|(_, kind, time), _| if kind & AMOUNTS == 0 { from <= *time } else { from / 24 <= *time });
    }

    fn watch(&self, capacity: Capacity, who: NameNo) -> Watch {
        self.watched.get(who.0 as usize).map_or_else(Watch::default, |watched| watched[capacity as usize])
    }

    /// Charges in this hour and their amount on its day, as far as they are known.
    fn so_far(&self, capacity: Capacity, who: NameNo, watch: &Watch, hour: u32) -> (u32, i64) {
        let late =
            |kind: u8, time: u32| self.late.get(&(who, capacity as u8 | kind, time)).copied().unwrap_or_default();
        let is_its_day = hour / 24 == watch.hour / 24;
        let amount = match hour < watch.hour && !is_its_day {
            true => late(AMOUNTS, hour / 24),
            false if is_its_day => watch.amount,
            false => 0,
        };
        let count = match hour.cmp(&watch.hour) {
            std::cmp::Ordering::Less => u32::try_from(late(0, hour)).unwrap_or(u32::MAX),
            std::cmp::Ordering::Equal => watch.count,
            std::cmp::Ordering::Greater => 0,
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
        for watch in self.watched.get_mut(who.0 as usize).into_iter().flatten() {
            self.parked -= usize::from(watch.held == PARKED);
            watch.held = 0;
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
        let from = self.newest.saturating_sub(KEPT);
        let each = (0..).zip(&self.watched).flat_map(|(number, watched)| {
            Capacity::ALL.into_iter().zip(*watched).map(move |(capacity, watch)| (capacity, NameNo(number), watch))
        });
        each.filter(move |(_, _, watch)| watch.held != 0 || (watch.hour != 0 && from <= watch.hour))
    }

    /// What came late, in order: whose, its kind, its time, and how much.
    pub fn late(&self) -> Vec<(u32, u8, u32, i64)> {
        let mut late: Vec<_> = self.late.iter().map(|((who, kind, time), sum)| (who.0, *kind, *time, *sum)).collect();
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

    /// What an image has of one.
    pub fn put(&mut self, capacity: Capacity, who: NameNo, watch: Watch) {
        let place = who.0 as usize;
        if self.watched.len() <= place {
            self.watched.resize(place + 1, Default::default());
        }
        self.newest = self.newest.max(watch.hour);
        self.parked += usize::from(watch.held == PARKED);
        self.watched[place][capacity as usize] = watch;
    }

    /// What an image has of what came late.
    pub fn put_late(&mut self, (who, kind, time, sum): (u32, u8, u32, i64)) {
        self.late.insert((NameNo(who), kind, time), sum);
    }

    /// What an image has of a pair.
    pub fn put_pair(&mut self, (from, to, hour, count): (u64, u64, u32, u32)) {
        self.newest = self.newest.max(hour);
        self.pairs.insert((from, to, hour), count);
    }
}

impl Watch {
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
