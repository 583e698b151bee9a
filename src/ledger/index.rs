//! Finds the newest fact of a key: a hash table of row numbers, which looks the keys up in the rows.
//!
//! It is cut into shards, so that growing is never a pause that anybody notices. A table doubles when it
//! is full; if all shards were alike, all would double at once. So the largest gets twice as many keys as
//! the smallest, and they double one after another.

use std::hint::black_box;

use hashbrown::HashTable;

use crate::domain::ids::EventKey;

use super::chunks::Chunks;
use super::rows::{FactNo, FactRow};

const SHARDS: usize = 256;
/// Keys are dealt out by twelve bits of theirs.
const LOTS: usize = 4096;
/// A table is probed in so many places at once.
const GROUP: usize = 16;

/// The newest fact of every key.
#[derive(Debug)]
pub struct Index {
    shards: Vec<HashTable<u32>>,
    /// Which shard each lot belongs to.
    dealt: Box<[u8; LOTS]>,
}

impl Default for Index {
    fn default() -> Index {
        Index { shards: (0..SHARDS).map(|_| HashTable::new()).collect(), dealt: deal() }
    }
}

/// Deals the lots out: the share of a shard grows evenly from the first to the last, to twice the first's.
fn deal() -> Box<[u8; LOTS]> {
    let share = |shard: usize| SHARDS + shard;
    let all: usize = (0..SHARDS).map(share).sum();
    let mut dealt = Box::new([0; LOTS]);
    let (mut shard, mut taken) = (0, share(0));
    for (lot, owner) in dealt.iter_mut().enumerate() {
        while taken * LOTS <= lot * all && shard + 1 < SHARDS {
            shard += 1;
            taken += share(shard);
        }
        *owner = shard as u8;
    }
    dealt
}

impl Index {
    /// The newest fact of `key`.
    pub fn find(&self, key: EventKey, facts: &Chunks<FactRow>) -> Option<FactNo> {
        let shard = &self.shards[self.shard(key)];
        shard.find(key.hash64(), |&number| is_of(facts, number, key)).map(|&number| FactNo(number))
    }

    /// Looks where each of `keys` would be, and at nothing else, so that the memory is waited for at once, and not
    /// for one after another.
    pub fn touch(&self, keys: impl Iterator<Item = EventKey> + Clone) {
        for key in keys.clone() {
            black_box(self.shards[self.shard(key)].find(key.hash64(), |_| false));
        }
        // A number lies far from the byte that says whether its place is taken. It will be written to the first free
        // place of those from here on, and only those that are taken can be looked at.
        for key in keys {
            let shard = &self.shards[self.shard(key)];
            let home = key.hash64() as usize & shard.num_buckets().wrapping_sub(1);
            black_box((home..home + GROUP).find_map(|place| shard.get_bucket(place)).copied());
            black_box((home..home + GROUP).rev().find_map(|place| shard.get_bucket(place)).copied());
        }
    }

    /// From now on, `number` is the newest fact of its key. It must already be among `facts`.
    pub fn put(&mut self, number: FactNo, facts: &Chunks<FactRow>) {
        let Some(row) = facts.get(number.0 as usize) else { return };
        let key = row.key();
        let shard = self.shard(key);
        let shard = &mut self.shards[shard];
        match shard.find_mut(key.hash64(), |&known| known != number.0 && is_of(facts, known, key)) {
            Some(known) => *known = number.0,
            None => {
                let hash_of = |&known: &u32| facts.get(known as usize).map_or(0, |row| row.key().hash64());
                shard.insert_unique(key.hash64(), number.0, hash_of);
            }
        }
    }

    // The tables take their bits from the first eight bytes; the lots are dealt by others.
    fn shard(&self, key: EventKey) -> usize {
        let [.., high, low] = key.0;
        usize::from(self.dealt[(usize::from(high) << 8 | usize::from(low)) % LOTS])
    }
}

fn is_of(facts: &Chunks<FactRow>, number: u32, key: EventKey) -> bool {
    facts.get(number as usize).is_some_and(|row| row.key() == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_gets_its_share_and_the_last_twice_the_first() {
        let mut shares = [0; SHARDS];
        deal().iter().for_each(|&shard| shares[usize::from(shard)] += 1);
        assert!(shares.iter().all(|share| (9..=23).contains(share)), "{shares:?}");
        let [first, last] = [&shares[..16], &shares[SHARDS - 16..]].map(|shares| shares.iter().sum::<usize>());
        assert!((18..=22).contains(&(last * 10 / first)), "{first} {last}");
    }
}
