//! Token buckets in a memory of fixed size.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use domain::Timestamp;

use super::headers::RateLimit;

/// How many seconds' worth of requests may come at once.
const BURST_SECONDS: u32 = 20;
/// Buckets that share a lock; the fullest of them makes room for a newcomer.
const WAYS: usize = 8;
/// With 16 bytes for each bucket, 512 KiB.
const SETS: usize = 4096;
const MICROSECONDS: i64 = 1_000_000;

/// One bucket for each key, as far as there is room.
///
/// A client with very many addresses can push out the buckets of others. Those are then full again, so nobody is
/// refused because of another's requests.
pub(super) struct Buckets {
    name: &'static str,
    /// How long one request takes to be forgotten, in microseconds.
    interval: i64,
    /// How long a whole burst takes, in microseconds.
    capacity: i64,
    hasher: RandomState,
    sets: Box<[Mutex<[Bucket; WAYS]>]>,
}

/// All that the generic cell rate algorithm (ITU-T I.371) needs.
#[derive(Clone, Copy, Default)]
struct Bucket {
    key: u64,
    /// When the bucket is full again, in microseconds since 1970.
    full_at: i64,
}

impl Buckets {
    /// Buckets that fill at this rate.
    pub(super) fn new(name: &'static str, per_second: u32) -> Self {
        let interval = (MICROSECONDS / i64::from(per_second.max(1))).max(1);
        Self {
            name,
            interval,
            capacity: interval * i64::from(per_second.max(1)) * i64::from(BURST_SECONDS),
            hasher: RandomState::new(),
            sets: (0..SETS).map(|_| Mutex::default()).collect(),
        }
    }

    /// Takes one token out of the bucket of this key.
    pub(super) fn take(&self, key: &impl Hash, now: Timestamp) -> Result<RateLimit, RateLimit> {
        let (key, now) = (self.hasher.hash_one(key), now.timestamp_micros());
        let set = usize::try_from(key % SETS as u64).unwrap_or_default();
        let mut set = self.sets[set].lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = bucket_of(&mut set, key);
        // When the clock was set back, nobody waits longer than for an empty bucket.
        let used = (bucket.full_at - now).clamp(0, self.capacity);
        if used + self.interval > self.capacity {
            return Err(self.state(0, used + self.interval - self.capacity));
        }
        let used = used + self.interval;
        bucket.full_at = now + used;
        Ok(self.state((self.capacity - used) / self.interval, used))
    }

    fn state(&self, remaining: i64, reset: i64) -> RateLimit {
        let seconds = |micros: i64| u64::try_from((micros + MICROSECONDS - 1) / MICROSECONDS).unwrap_or_default();
        RateLimit {
            name: self.name,
            quota: u64::try_from(self.capacity / self.interval).unwrap_or_default(),
            window: seconds(self.capacity),
            remaining: u64::try_from(remaining).unwrap_or_default(),
            reset: seconds(reset),
        }
    }
}

/// The bucket of the key; a new one in place of the fullest, which remembers least.
fn bucket_of(set: &mut [Bucket; WAYS], key: u64) -> &mut Bucket {
    let found = set.iter().position(|bucket| bucket.key == key);
    let place = found.unwrap_or_else(|| {
        let fullest = (0..WAYS).min_by_key(|&way| set[way].full_at).unwrap_or_default();
        set[fullest] = Bucket { key, full_at: 0 };
        fullest
    });
    &mut set[place]
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::{Clock, SystemClock};

    use super::*;

    fn drain(buckets: &Buckets, key: u32, now: Timestamp) -> u64 {
        let mut taken = 0;
        while buckets.take(&key, now).is_ok() {
            taken += 1;
        }
        taken
    }

    #[test]
    fn a_burst_goes_through_and_then_as_many_as_come_in_again() {
        let (buckets, mut now) = (Buckets::new("user", 50), SystemClock.now());
        let first = buckets.take(&1, now).unwrap();
        assert_eq!((first.quota, first.window, first.remaining, first.reset), (1000, 20, 999, 1));
        assert_eq!(drain(&buckets, 1, now), 999);
        let refused = buckets.take(&1, now).unwrap_err();
        assert_eq!((refused.remaining, refused.reset), (0, 1));
        assert_eq!(drain(&buckets, 2, now), 1000, "another one has a bucket of their own");
        now += TimeDelta::milliseconds(100);
        assert_eq!(drain(&buckets, 1, now), 5);
        now += TimeDelta::hours(1);
        assert_eq!(drain(&buckets, 1, now), 1000);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let (buckets, now) = (Buckets::new("user", 1), SystemClock.now());
        drain(&buckets, 1, now);
        let earlier = now - TimeDelta::days(365);
        assert_eq!(buckets.take(&1, earlier).unwrap_err().reset, 1);
        assert_eq!(drain(&buckets, 1, earlier + TimeDelta::seconds(1)), 0);
    }

    #[test]
    fn more_keys_than_there_is_room_for_take_no_more_memory_and_refuse_nobody() {
        let (buckets, now) = (Buckets::new("user", 1), SystemClock.now());
        for key in 0..200_000_u32 {
            buckets.take(&key, now).unwrap();
        }
        assert_eq!(buckets.sets.len() * WAYS, 32_768);
    }

    #[test]
    fn the_fullest_bucket_makes_room() {
        let mut set = [Bucket::default(); WAYS];
        for (key, full_at) in (1..=8).zip([100, 99, 98, 97, 96, 95, 94, 93]) {
            bucket_of(&mut set, key).full_at = full_at;
        }
        bucket_of(&mut set, 77);
        let mut keys: Vec<_> = set.iter().map(|bucket| bucket.key).collect();
        keys.sort_unstable();
        assert_eq!(keys, [1, 2, 3, 4, 5, 6, 7, 77]);
    }
}
