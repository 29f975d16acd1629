//! How guesses of passwords are counted and slowed down (ADR 25).
//!
//! A guess counts as wrong from the moment in which it is begun until it is known to be right: as
//! many as are free may be under way at once, and no more.

use chrono::TimeDelta;

use super::{Counter, Settled, TooMany};
use crate::clock::Timestamp;

/// No guess is under way for longer than this. One that seems to be belongs to an instance that died.
const LONGEST_LOOK: TimeDelta = TimeDelta::seconds(30);
/// When one of those that are under way may have ended.
const SOON: TimeDelta = TimeDelta::seconds(1);
/// Wrong guesses at one account from all networks together, after which each network has one guess in [`SPACING`].
const FREE_IN_ALL: u32 = 10;
/// Wrong guesses at one account from all networks together,
const MOST_IN_ALL: u32 = 100;
/// within this time, which begins with the first.
const WITHIN_IN_ALL: TimeDelta = TimeDelta::hours(1);
/// The time that one network has to leave between two guesses at an account that many networks guess at.
const SPACING: TimeDelta = TimeDelta::seconds(20);

/// How guesses from one network are slowed down.
pub(super) struct Pace {
    /// Wrong guesses that cost nothing, and guesses that may be under way at once.
    pub(super) free: u32,
    /// Seconds that the next guess waits after the last free one, the one after it, and so on. The last one stays.
    waits: &'static [i64],
    /// After how long the free ones are forgotten, and from which one on that is.
    free_memory: Memory,
    /// After how long without another all are forgotten.
    memory: TimeDelta,
}

/// When free guesses are forgotten.
enum Memory {
    SinceFirst(TimeDelta),
    SinceLast(TimeDelta),
}

/// Guesses at one account.
pub(super) const ACCOUNT: Pace = Pace {
    free: 10,
    waits: &[1, 2, 4, 15, 60, 15 * 60],
    free_memory: Memory::SinceLast(TimeDelta::hours(24)),
    memory: TimeDelta::hours(24),
};

/// Guesses at all accounts. Of those that are free, the first at each account counts.
pub(super) const NETWORK: Pace = Pace {
    free: 30,
    waits: &[1, 2, 4, 8, 15, 30, 60],
    free_memory: Memory::SinceFirst(TimeDelta::minutes(10)),
    memory: TimeDelta::hours(1),
};

impl Pace {
    /// Counts a guess as under way, or, once the free ones are spent, as wrong.
    pub(super) fn take(
        &self,
        counter: Counter,
        name: &'static str,
        is_spaced: bool,
        now: Timestamp,
    ) -> Result<Counter, TooMany> {
        if counter.count >= self.free {
            return self.take_turn(counter, name, now);
        }
        let pending = self.pending(&counter, now);
        if is_spaced {
            space(&counter, pending, name, now)?;
        }
        if counter.count + pending >= self.free {
            return Err(under_way(name, self.free));
        }
        let expires_at = match self.free_memory {
            Memory::SinceFirst(_) if counter.count > 0 => counter.expires_at,
            Memory::SinceFirst(memory) | Memory::SinceLast(memory) => now + memory,
        };
        Ok(Counter { pending: pending + 1, not_before: now.max(counter.not_before), expires_at, ..counter })
    }

    /// One guess for each wait, which begins before the guess is looked at.
    fn take_turn(&self, counter: Counter, name: &'static str, now: Timestamp) -> Result<Counter, TooMany> {
        if now < counter.not_before {
            return Err(one_in(self.wait(counter.count), counter.not_before - now, name));
        }
        Ok(self.wrong(Counter { pending: 0, ..counter }, now))
    }

    /// Notes a wrong guess. `is_counted`: whether one that is free counts.
    pub(super) fn settle_wrong(&self, counter: Counter, is_counted: bool, now: Timestamp) -> Counter {
        if counter.count >= self.free {
            // It was counted when it was begun.
            return counter;
        }
        let counter = less_pending(counter);
        match is_counted {
            true if counter.count + 1 >= self.free => self.wrong(counter, now),
            true => Counter { count: counter.count + 1, ..counter },
            false => counter,
        }
    }

    /// Takes a guess back that was right or was not looked at.
    pub(super) fn take_back(&self, counter: Counter, now: Timestamp) -> Counter {
        if counter.count >= self.free {
            Counter { count: counter.count - 1, not_before: now, ..counter }
        } else {
            less_pending(counter)
        }
    }

    fn wrong(&self, counter: Counter, now: Timestamp) -> Counter {
        let count = counter.count.saturating_add(1);
        Counter { count, not_before: now + self.wait(count), expires_at: now + self.memory, ..counter }
    }

    /// How long the next guess waits after so many wrong ones.
    fn wait(&self, count: u32) -> TimeDelta {
        let Some(step) = count.checked_sub(self.free) else { return TimeDelta::zero() };
        let seconds = self.waits.get(step as usize).or(self.waits.last()).copied().unwrap_or_default();
        TimeDelta::seconds(seconds)
    }

    fn pending(&self, counter: &Counter, now: Timestamp) -> u32 {
        if counter.count >= self.free { 0 } else { still_pending(counter, now) }
    }
}

/// Whether so many guesses at an account were wrong that each network has to leave time between its own.
pub(super) fn is_spaced(counter: &Counter, now: Timestamp) -> bool {
    now < counter.expires_at && counter.count >= FREE_IN_ALL
}

/// A network whose last guess was long enough ago, or that has made none, has its turn whatever others do.
fn space(counter: &Counter, pending: u32, name: &'static str, now: Timestamp) -> Result<(), TooMany> {
    let next = counter.not_before + SPACING;
    match (pending, counter.count) {
        (0, 0) => Ok(()),
        (0, _) if now < next => Err(one_in(SPACING, next - now, name)),
        (0, _) => Ok(()),
        _ => Err(under_way(name, 1)),
    }
}

/// Counts a guess at an account, from whatever network, as under way.
pub(super) fn take_in_all(counter: Counter, name: &'static str, now: Timestamp) -> Result<Counter, TooMany> {
    if counter.count >= MOST_IN_ALL {
        let retry_after = counter.expires_at - now;
        return Err(TooMany { name, quota: MOST_IN_ALL, within: WITHIN_IN_ALL, retry_after, is_under_way: false });
    }
    let pending = still_pending(&counter, now);
    if counter.count + pending >= MOST_IN_ALL {
        return Err(under_way(name, MOST_IN_ALL));
    }
    let expires_at = if counter.count == 0 { now + WITHIN_IN_ALL } else { counter.expires_at };
    Ok(Counter { pending: pending + 1, not_before: now.max(counter.not_before), expires_at, ..counter })
}

/// Notes what a guess at an account was, from whatever network.
pub(super) fn settle_in_all(counter: Counter, settled: Settled) -> Counter {
    let counter = less_pending(counter);
    Counter { count: counter.count + u32::from(settled == Settled::Wrong), ..counter }
}

/// `None` when there is nothing to remember.
pub(super) fn unless_empty(counter: Counter) -> Option<Counter> {
    Some(counter).filter(|counter| counter.count > 0 || counter.pending > 0)
}

/// The guesses that can still be under way: while some are free, the last one was begun at `not_before`.
fn still_pending(counter: &Counter, now: Timestamp) -> u32 {
    if now - counter.not_before > LONGEST_LOOK { 0 } else { counter.pending }
}

fn less_pending(counter: Counter) -> Counter {
    Counter { pending: counter.pending.saturating_sub(1), ..counter }
}

fn one_in(within: TimeDelta, retry_after: TimeDelta, name: &'static str) -> TooMany {
    TooMany { name, quota: 1, within, retry_after, is_under_way: false }
}

fn under_way(name: &'static str, quota: u32) -> TooMany {
    TooMany { name, quota, within: SOON, retry_after: SOON, is_under_way: true }
}
