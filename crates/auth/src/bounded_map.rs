//! A map of bounded weight that threads share. What was not used for long goes first.
//!
//! Each shard has two generations. What is used moves to the young one; when that has half of the shard's weight, or has
//! lived long enough, it becomes the old one, and what was the old one until then is gone. Nothing is sorted or counted.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const SHARDS: usize = 16;

pub(crate) struct BoundedMap<K, V> {
    shards: [Mutex<Shard<K, V>>; SHARDS],
    hasher: RandomState,
    /// Most weight of one generation of a shard.
    most: usize,
    lifetime: Duration,
}

struct Shard<K, V> {
    young: HashMap<K, Weighed<V>>,
    old: HashMap<K, Weighed<V>>,
    /// Of the young generation.
    weight: usize,
    /// When the young generation began.
    began: Instant,
}

struct Weighed<V> {
    value: V,
    weight: usize,
}

impl<K: Hash + Eq, V: Clone> BoundedMap<K, V> {
    /// An empty map. What is not used for twice the `lifetime` is gone.
    pub(crate) fn new(most_weight: usize, lifetime: Duration) -> Self {
        let shards = [const { None::<()> }; SHARDS].map(|_| Mutex::new(Shard::new()));
        Self { shards, hasher: RandomState::new(), most: most_weight / SHARDS / 2, lifetime }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut shard = self.shard(key);
        if let Some(found) = shard.young.get(key) {
            return Some(found.value.clone());
        }
        let (key, found) = shard.old.remove_entry(key)?;
        let value = found.value.clone();
        shard.insert(key, found, self.most);
        Some(value)
    }

    /// Puts it in place of what was there. What weighs more than all that one generation may have is not kept.
    pub(crate) fn insert(&self, key: K, value: V, weight: usize) {
        let mut shard = self.shard(&key);
        shard.remove(&key);
        if weight <= self.most {
            shard.insert(key, Weighed { value, weight }, self.most);
        }
    }

    pub(crate) fn remove(&self, key: &K) {
        self.shard(key).remove(key);
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K, V>> {
        let place = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        let mut shard = self.shards[place].lock().unwrap_or_else(PoisonError::into_inner);
        let age = shard.began.elapsed();
        if age >= self.lifetime {
            shard.turn();
        }
        if age >= self.lifetime * 2 {
            shard.turn();
        }
        shard
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let shards = self.shards.iter().map(|shard| shard.lock().unwrap());
        shards.map(|shard| shard.young.len() + shard.old.len()).sum()
    }
}

impl<K: Hash + Eq, V> Shard<K, V> {
    fn new() -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), weight: 0, began: Instant::now() }
    }

    fn turn(&mut self) {
        self.old = mem::take(&mut self.young);
        (self.weight, self.began) = (0, Instant::now());
    }

    fn insert(&mut self, key: K, value: Weighed<V>, most: usize) {
        if self.weight + value.weight > most {
            self.turn();
        }
        self.weight += value.weight;
        self.young.insert(key, value);
    }

    fn remove(&mut self, key: &K) {
        if let Some(removed) = self.young.remove(key) {
            self.weight -= removed.weight;
        }
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let map = BoundedMap::new(SHARDS * 200, LONG);
        map.insert("used", 0, 1);
        for number in 0..100_000 {
            let key: &'static str = Box::leak(number.to_string().into_boxed_str());
            map.insert(key, number, 1);
            assert_eq!(map.get(&"used"), Some(0), "{number}");
        }
        assert!(map.len() <= SHARDS * 200, "{}", map.len());
        assert!(map.len() >= SHARDS * 90, "{}", map.len());
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_used_is_gone_after_two_lives() {
        let map = BoundedMap::new(1000, Duration::from_secs(1));
        map.insert(1, "one", 1);
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert_eq!(map.get(&1), Some("one"));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(map.get(&1), None);
        assert_eq!(map.len(), 0);
    }

    #[test]
    fn what_is_too_heavy_is_not_kept_and_leaves_nothing_older_in_its_place() {
        let map = BoundedMap::new(SHARDS * 2 * 10, LONG);
        map.insert(1, "light", 10);
        map.insert(1, "heavy", 11);
        assert_eq!(map.get(&1), None);
    }

    proptest! {
        /// Whatever is done, it answers what was put there last or nothing, and never weighs more than it may.
        #[test]
        fn it_is_a_map_that_may_forget(acts in prop::collection::vec((0..3_u8, 0..40_u16, 0..9_usize), 0..400)) {
            let (map, mut model) = (BoundedMap::new(SHARDS * 2 * 8, LONG), HashMap::new());
            for (number, (act, key, weight)) in acts.into_iter().enumerate() {
                match act {
                    0 => {
                        map.insert(key, number, weight);
                        model.insert(key, number);
                    }
                    1 => {
                        map.remove(&key);
                        model.remove(&key);
                    }
                    _ => {
                        let got = map.get(&key);
                        prop_assert!(got.is_none() || got == model.get(&key).copied());
                    }
                }
                for shard in &map.shards {
                    let shard = shard.lock().unwrap();
                    let sum = |generation: &HashMap<u16, Weighed<usize>>| {
                        generation.values().map(|value| value.weight).sum::<usize>()
                    };
                    prop_assert_eq!(sum(&shard.young), shard.weight);
                    prop_assert!(shard.weight <= 8 && sum(&shard.old) <= 8);
                }
            }
        }
    }
}
