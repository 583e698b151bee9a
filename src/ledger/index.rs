//! Finds the newest fact of a key: a hash table of row numbers, which looks the keys up in the rows.
//!
//! It is cut into shards, so that growing one of them is never a pause that anybody notices.

use hashbrown::HashTable;

use crate::domain::ids::EventKey;

use super::chunks::Chunks;
use super::rows::{FactNo, FactRow};

const SHARDS: usize = 256;

/// The newest fact of every key.
#[derive(Debug)]
pub struct Index {
    shards: Vec<HashTable<u32>>,
}

impl Default for Index {
    fn default() -> Index {
        Index { shards: (0..SHARDS).map(|_| HashTable::new()).collect() }
    }
}

impl Index {
    /// The newest fact of `key`.
    pub fn find(&self, key: EventKey, facts: &Chunks<FactRow>) -> Option<FactNo> {
        self.shards[Index::shard(key)]
            .find(key.hash64(), |&number| is_of(facts, number, key))
            .map(|&number| FactNo(number))
    }

    /// From now on, `number` is the newest fact of its key. It must already be among `facts`.
    pub fn put(&mut self, number: FactNo, facts: &Chunks<FactRow>) {
        let Some(row) = facts.get(number.0 as usize) else { return };
        let key = row.key();
        let shard = &mut self.shards[Index::shard(key)];
        match shard.find_mut(key.hash64(), |&known| known != number.0 && is_of(facts, known, key)) {
            Some(known) => *known = number.0,
            None => {
                let hash_of = |&known: &u32| facts.get(known as usize).map_or(0, |row| row.key().hash64());
                shard.insert_unique(key.hash64(), number.0, hash_of);
            }
        }
    }

    // The table takes its bits from both ends of the hash; the shard is chosen by other bytes.
    fn shard(key: EventKey) -> usize {
        usize::from(key.0[15]) % SHARDS
    }
}

fn is_of(facts: &Chunks<FactRow>, number: u32, key: EventKey) -> bool {
    facts.get(number as usize).is_some_and(|row| row.key() == key)
}
