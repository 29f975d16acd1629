//! How guesses of passwords are counted and slowed down (ADR 25).
//!
//! A guess counts as wrong from its beginning until it is known to be right. So no more guesses can be under way at
//! once than are free.

use chrono::TimeDelta;

use super::{Counter, Settled, TooMany};
use crate::clock::Timestamp;

/// No guess is under way for longer than this. A guess that seems to be belongs to an instance that died.
const LONGEST_LOOK: TimeDelta = TimeDelta::seconds(30);
/// After this time, one of the guesses that are under way may have ended.
const SOON: TimeDelta = TimeDelta::seconds(1);
/// After so many wrong guesses at one account from all networks together, each network has one guess in [`SPACING`].
const FREE_IN_ALL: u32 = 10;
/// The most wrong guesses at one account from all networks together within [`WITHIN_IN_ALL`].
const MOST_IN_ALL: u32 = 100;
/// The time in which guesses from all networks are counted. It begins with the first.
const WITHIN_IN_ALL: TimeDelta = TimeDelta::hours(1);
/// The time that one network has to leave between two guesses at an account that many networks guess at.
const SPACING: TimeDelta = TimeDelta::seconds(20);

/// How guesses from one network are slowed down.
pub(super) struct Pace {
    /// How many wrong guesses cost no wait. So many guesses may also be under way at once.
    pub(super) free: u32,
    /// How many seconds the next guess waits after the last free guess, after the guess that follows it, and so on. The
    /// last number holds for all later guesses.
    waits: &'static [i64],
    /// When free guesses are forgotten.
    free_memory: Memory,
    /// All guesses are forgotten when none is made for this long.
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

/// Guesses at all accounts. While guesses are free, only the first at each account counts.
pub(super) const NETWORK: Pace = Pace {
    free: 30,
    waits: &[1, 2, 4, 8, 15, 30, 60],
    free_memory: Memory::SinceFirst(TimeDelta::minutes(10)),
    memory: TimeDelta::hours(1),
};

impl Pace {
    /// Counts a guess as under way. Once the free guesses are spent, counts it as wrong.
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

    /// Allows one guess for each wait. The next wait begins before the guess is checked.
    fn take_turn(&self, counter: Counter, name: &'static str, now: Timestamp) -> Result<Counter, TooMany> {
        if now < counter.not_before {
            return Err(one_in(self.wait(counter.count), counter.not_before - now, name));
        }
        Ok(self.wrong(Counter { pending: 0, ..counter }, now))
    }

    /// Notes a wrong guess. `is_counted` tells whether it counts while guesses are free.
    pub(super) fn settle_wrong(&self, counter: Counter, is_counted: bool, now: Timestamp) -> Counter {
        if counter.count >= self.free {
            // It was counted at its beginning.
            return counter;
        }
        let counter = less_pending(counter);
        match is_counted {
            true if counter.count + 1 >= self.free => self.wrong(counter, now),
            true => Counter { count: counter.count + 1, ..counter },
            false => counter,
        }
    }

    /// Takes back a guess that was right or was not checked.
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

    /// How long the next guess waits after `count` wrong guesses.
    fn wait(&self, count: u32) -> TimeDelta {
        let Some(step) = count.checked_sub(self.free) else { return TimeDelta::zero() };
        let seconds = self.waits.get(step as usize).or(self.waits.last()).copied().unwrap_or_default();
        TimeDelta::seconds(seconds)
    }

    fn pending(&self, counter: &Counter, now: Timestamp) -> u32 {
        if counter.count >= self.free { 0 } else { still_pending(counter, now) }
    }
}

/// Whether so many guesses at an account were wrong that each network has to leave time between its guesses.
pub(super) fn is_spaced(counter: &Counter, now: Timestamp) -> bool {
    now < counter.expires_at && counter.count >= FREE_IN_ALL
}

/// Allows a guess of a network that has made none, or whose last guess was long enough ago. What other networks do does
/// not matter.
fn space(counter: &Counter, pending: u32, name: &'static str, now: Timestamp) -> Result<(), TooMany> {
    let next = counter.not_before + SPACING;
    match (pending, counter.count) {
        (0, 0) => Ok(()),
        (0, _) if now < next => Err(one_in(SPACING, next - now, name)),
        (0, _) => Ok(()),
        _ => Err(under_way(name, 1)),
    }
}

/// Counts a guess at an account as under way, whatever network it comes from.
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

/// Notes the outcome of a guess at an account, whatever network it came from.
pub(super) fn settle_in_all(counter: Counter, settled: Settled) -> Counter {
    let counter = less_pending(counter);
    Counter { count: counter.count + u32::from(settled == Settled::Wrong), ..counter }
}

/// `None` when there is nothing to remember.
pub(super) fn unless_empty(counter: Counter) -> Option<Counter> {
    Some(counter).filter(|counter| counter.count > 0 || counter.pending > 0)
}

/// How many guesses can still be under way. While guesses are free, the last one began at `not_before`.
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
