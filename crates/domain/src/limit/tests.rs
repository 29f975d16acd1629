use super::*;
use crate::clock::{Clock, SystemClock};

const HERE: Attempt = Attempt { key: [1; 32], name: "account", limit: Limit::Guesses };
const IN_ALL: Attempt = Attempt { key: [3; 32], name: "account", limit: Limit::GuessesInAll };
const ANYWHERE: Attempt = Attempt { key: [4; 32], name: "address", limit: Limit::GuessesAnywhere };

fn quota(most: u32) -> Attempt {
    let within = TimeDelta::hours(1);
    Attempt { key: [2; 32], name: "codes", limit: Limit::Quota { most, within } }
}

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

/// All counters, and the time.
struct World {
    now: Timestamp,
    counters: std::collections::BTreeMap<Digest, Counter>,
}

impl World {
    fn new() -> Self {
        Self { now: SystemClock.now(), counters: std::collections::BTreeMap::new() }
    }

    fn take(&mut self, attempts: &[Attempt]) -> Result<(), TooMany> {
        let taken = take_all(attempts, |key| self.counters.get(key).copied(), self.now)?;
        self.counters.extend(taken);
        Ok(())
    }

    fn settle(&mut self, attempts: &[Attempt], settled: Settled) {
        for (key, counter) in settle_all(attempts, |key| self.counters.get(key).copied(), settled, self.now) {
            match counter {
                Some(counter) => self.counters.insert(key, counter),
                None => self.counters.remove(&key),
            };
        }
    }

    /// Guesses wrong as often as it may at once. How often, and the wait.
    fn guess(&mut self, attempts: &[Attempt]) -> (u32, i64) {
        let mut count = 0;
        loop {
            match self.take(attempts) {
                Ok(()) => self.settle(attempts, Settled::Wrong),
                Err(too_many) => return (count, too_many.retry_after.num_seconds()),
            }
            count += 1;
        }
    }

    fn wait(&mut self, time: i64) {
        self.now += seconds(time);
    }
}

/// Guesses at the first account from the n-th network.
fn from(n: u8) -> [Attempt; 2] {
    [Attempt { key: [n; 32], ..HERE }, IN_ALL]
}

/// Guesses at the n-th account from one network.
fn at(n: u8) -> [Attempt; 2] {
    [Attempt { key: [n; 32], ..HERE }, ANYWHERE]
}

#[test]
fn ten_guesses_are_free_and_then_each_waits_longer() {
    let mut world = World::new();
    assert_eq!(world.guess(&[HERE]), (10, 1));
    for (waited, next) in [(1, 2), (2, 4), (4, 15), (15, 60), (60, 900), (900, 900), (900, 900)] {
        world.wait(waited);
        assert_eq!(world.guess(&[HERE]), (1, next));
    }
    world.wait(900);
    world.take(&[HERE]).unwrap();
    world.settle(&[HERE], Settled::Right);
    assert_eq!(world.guess(&[HERE]), (10, 1), "the right one starts anew");
    world.wait(24 * 3600);
    assert_eq!(world.guess(&[HERE]), (10, 1), "a day later all is forgotten");
}

#[test]
fn a_refused_guess_does_not_make_the_wait_longer() {
    let mut world = World::new();
    world.guess(&[HERE]);
    for _ in 0..100 {
        let too_many = world.take(&[HERE]).unwrap_err();
        assert_eq!((too_many.quota, too_many.within, too_many.is_under_way), (1, seconds(1), false));
    }
    world.wait(1);
    world.take(&[HERE]).unwrap();
}

#[test]
fn guesses_at_once_count_one_by_one() {
    let mut world = World::new();
    for _ in 0..10 {
        world.take(&[HERE]).unwrap();
    }
    let too_many = world.take(&[HERE]).unwrap_err();
    assert!(too_many.is_under_way, "whoever is beyond them waits for their end");
    for _ in 0..9 {
        world.settle(&[HERE], Settled::Wrong);
        assert!(world.take(&[HERE]).unwrap_err().is_under_way);
    }
    world.settle(&[HERE], Settled::Wrong);
    assert!(!world.take(&[HERE]).unwrap_err().is_under_way);
    world.wait(1);
    world.take(&[HERE]).unwrap();
    assert!(!world.take(&[HERE]).unwrap_err().is_under_way, "its wait began before it was looked at");
    world.settle(&[HERE], Settled::Wrong);
    world.wait(2);
    assert_eq!(world.guess(&[HERE]), (1, 4));
}

#[test]
fn right_guesses_at_once_make_room_for_others_only() {
    let mut world = World::new();
    for _ in 0..10 {
        world.take(&[HERE]).unwrap();
    }
    for _ in 0..30 {
        world.settle(&[HERE], Settled::Right);
        world.take(&[HERE]).unwrap();
        assert!(world.take(&[HERE]).unwrap_err().is_under_way, "ten are under way");
    }
    for _ in 0..10 {
        world.settle(&[HERE], Settled::Right);
    }
    assert!(world.counters.is_empty());
}

#[test]
fn guesses_that_nobody_settles_keep_others_waiting_for_seconds_only() {
    for (attempt, at_once) in [(HERE, 10), (ANYWHERE, 30), (IN_ALL, 100)] {
        let mut world = World::new();
        for _ in 0..at_once {
            world.take(&[attempt]).unwrap();
        }
        world.wait(30);
        assert!(world.take(&[attempt]).unwrap_err().is_under_way, "{attempt:?}");
        world.now += TimeDelta::microseconds(1);
        world.take(&[attempt]).unwrap();
    }
}

#[test]
fn who_read_the_clock_earlier_may_be_counted_later() {
    let mut world = World::new();
    world.take(&[HERE]).unwrap();
    world.now -= TimeDelta::milliseconds(1);
    world.take(&[HERE]).unwrap();
    world.settle(&[HERE], Settled::Wrong);
    world.settle(&[HERE], Settled::Wrong);
    let counter = world.counters[&HERE.key];
    assert_eq!((counter.count, counter.pending), (2, 0), "each is counted");
    world.take(&[HERE]).unwrap();
}

#[test]
fn what_was_never_looked_at_is_not_counted() {
    let mut world = World::new();
    let all = [HERE, IN_ALL, ANYWHERE];
    world.take(&all).unwrap();
    world.settle(&all, Settled::Untried);
    assert!(world.counters.is_empty());
    world.guess(&[HERE]);
    world.wait(1);
    world.take(&[HERE]).unwrap();
    world.settle(&[HERE], Settled::Untried);
    assert_eq!(world.guess(&[HERE]), (1, 2), "nor is its wait");
    let quota = quota(3);
    for (settled, count) in [(Settled::Right, 0), (Settled::Wrong, 1), (Settled::Untried, 0)] {
        let taken = Counter::new(world.now).take(&quota, false, world.now).unwrap();
        assert_eq!(taken.settle(quota.limit, settled, true, world.now).unwrap().count, count, "{settled:?}");
    }
}

#[test]
fn after_ten_wrong_ones_each_network_has_its_own_turn_whatever_others_do() {
    let mut world = World::new();
    assert_eq!(world.guess(&from(10)), (10, 1));
    for n in 11..15 {
        assert_eq!(world.guess(&from(n)), (1, 20), "one guess each");
        world.wait(1);
        assert_eq!(world.guess(&from(n)), (0, 19));
    }
    world.wait(16);
    assert_eq!(world.guess(&from(11)), (1, 20));
    assert_eq!(world.guess(&from(14)), (0, 3));
    assert_eq!(world.guess(&[HERE]), (10, 1), "where the account is known, nothing of it counts");
    world.wait(3600);
    assert_eq!(world.guess(&from(20)), (10, 1), "an hour later it is as at first");
}

#[test]
fn clients_that_are_right_wait_for_each_other_while_strangers_guess() {
    let mut world = World::new();
    world.guess(&from(10));
    world.take(&from(11)).unwrap();
    assert!(world.take(&from(11)).unwrap_err().is_under_way);
    world.settle(&from(11), Settled::Right);
    world.take(&from(11)).unwrap();
}

#[test]
fn a_hundred_wrong_guesses_in_an_hour_are_all_that_strangers_have() {
    let mut world = World::new();
    let mut count = 0;
    for n in 10..210 {
        count += world.guess(&from(n)).0;
    }
    assert_eq!(count, 100);
    let too_many = world.take(&from(250)).unwrap_err();
    assert_eq!((too_many.quota, too_many.within, too_many.retry_after), (100, seconds(3600), seconds(3600)));
    let mut world = World::new();
    for n in 10..110 {
        world.take(&from(n)).unwrap();
    }
    assert!(world.take(&from(110)).unwrap_err().is_under_way, "at once too");
}

#[test]
fn one_network_guesses_at_thirty_accounts_and_then_waits() {
    let mut world = World::new();
    for n in 10..39 {
        assert_eq!(world.guess(&at(n)), (10, 1), "{n}");
    }
    assert_eq!(world.guess(&at(39)), (1, 1));
    for (waited, next) in [(1, 2), (2, 4), (4, 8), (8, 15), (15, 30), (30, 60), (60, 60)] {
        world.wait(waited);
        assert_eq!(world.guess(&at(100)), (1, next));
    }
    // A right one does not end it: whoever guesses may have an account of their own.
    world.wait(60);
    world.take(&at(101)).unwrap();
    world.settle(&at(101), Settled::Right);
    assert_eq!(world.guess(&at(102)), (1, 60));
    world.wait(3600);
    assert_eq!(world.guess(&at(103)), (10, 1), "an hour without a wrong one ends it");
}

#[test]
fn thirty_accounts_are_free_in_each_ten_minutes() {
    let mut world = World::new();
    for n in 10..210 {
        world.take(&at(n)).unwrap();
        world.settle(&at(n), Settled::Wrong);
        world.wait(21);
    }
}

#[test]
fn guesses_at_many_accounts_at_once_count_one_by_one() {
    let mut world = World::new();
    for n in 10..40 {
        world.take(&at(n)).unwrap();
    }
    assert!(world.take(&at(40)).unwrap_err().is_under_way);
    for n in 10..40 {
        world.settle(&at(n), Settled::Wrong);
    }
    assert!(!world.take(&at(40)).unwrap_err().is_under_way);
}

#[test]
fn a_quota_begins_with_its_first_use_and_ends_as_a_whole() {
    let start = SystemClock.now();
    let mut counter = Counter::new(start - TimeDelta::days(1));
    for minutes in [0, 10, 20] {
        counter = counter.take(&quota(3), false, start + TimeDelta::minutes(minutes)).unwrap();
    }
    let too_many = counter.take(&quota(3), false, start + TimeDelta::minutes(45)).unwrap_err();
    assert_eq!((too_many.quota, too_many.retry_after), (3, TimeDelta::minutes(15)));
    assert_eq!(counter.take(&quota(3), false, start + TimeDelta::hours(1)).unwrap().count, 1);
}

#[test]
fn failures_count_when_they_are_known() {
    let start = SystemClock.now();
    let attempt = Attempt { limit: Limit::Failures { most: 2, within: TimeDelta::hours(1) }, ..quota(0) };
    let fresh = Counter::new(start);
    assert_eq!(take_all(&[attempt], |_| None, start), Ok(Vec::new()), "nothing to write");
    assert_eq!(fresh.settle(attempt.limit, Settled::Right, true, start), Some(fresh));
    let once = fresh.settle(attempt.limit, Settled::Wrong, true, start).unwrap();
    once.take(&attempt, false, start).unwrap();
    let twice = once.settle(attempt.limit, Settled::Wrong, true, start + TimeDelta::minutes(20)).unwrap();
    let too_many = twice.take(&attempt, false, start + TimeDelta::minutes(45)).unwrap_err();
    assert_eq!((too_many.quota, too_many.retry_after), (2, TimeDelta::minutes(15)));
    let later = start + TimeDelta::hours(1);
    twice.take(&attempt, false, later).unwrap();
    assert_eq!(twice.settle(attempt.limit, Settled::Wrong, true, later).unwrap().count, 1);
}

#[test]
fn an_address_is_its_network() {
    for (address, expected) in [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("2001:db8:1:3:3:4:5:6", "2001:db8:1:3::"),
    ] {
        assert_eq!(network(address.parse().unwrap()), expected.parse::<IpAddr>().unwrap(), "{address}");
    }
}

#[test]
fn what_is_only_remembered_is_never_refused_and_ends_after_the_last_time() {
    let start = SystemClock.now();
    let attempt = Attempt { limit: Limit::Latest { kept: TimeDelta::hours(1) }, ..quota(0) };
    let mut counter = Counter::new(start);
    for minutes in 0..90 {
        let now = start + TimeDelta::minutes(minutes);
        counter = counter.take(&attempt, false, now).unwrap();
        assert_eq!(counter.expires_at, now + TimeDelta::hours(1));
        assert_eq!(counter.settle(attempt.limit, Settled::Untried, true, now), Some(counter));
    }
}
