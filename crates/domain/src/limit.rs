//! How often something may be tried. The counters live in the database, so
//! that all instances share them.

use std::net::{IpAddr, Ipv6Addr};

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::session::Digest;

/// Wrong guesses that cost nothing.
const FREE_GUESSES: u32 = 5;
/// Guesses that may be looked at together while they cost nothing: many clients
/// of one account sign in at once. Passwords are hashed more slowly than that.
const MAX_PENDING: u32 = 256;
/// No guess is looked at for longer than this. One that still seems to be is one whose instance died.
const LONGEST_LOOK: TimeDelta = TimeDelta::seconds(30);
/// How long the next guess has to wait after the fifth, sixth, … one, in seconds.
const WAITS: [i64; 5] = [1, 2, 4, 15, 60];
/// And after the tenth and any later one: it gets no worse, so that nobody is locked out for good.
const LONGEST_WAIT: i64 = 15 * 60;
/// Guesses are forgotten after so long without another.
const MEMORY: TimeDelta = TimeDelta::hours(24);

/// What is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Guesses of a secret. The more were wrong, the longer the next one waits.
    Guesses,
    /// So many within a time that begins with the first.
    Quota {
        /// How many.
        most: u32,
        /// Within how long.
        within: TimeDelta,
    },
    /// So many that turn out to be wrong, within a time that begins with the first. What many do at
    /// once is so written only when it was wrong; a few more may be looked at together.
    Failures {
        /// How many.
        most: u32,
        /// Within how long.
        within: TimeDelta,
    },
    /// No limit: remembers when it was done last. Its counter ends so long after that.
    Latest {
        /// How long it is remembered.
        kept: TimeDelta,
    },
}

impl Limit {
    /// Whether an attempt is written down before it is known what becomes of it.
    #[must_use]
    pub fn counts_at_once(self) -> bool {
        match self {
            Self::Guesses | Self::Quota { .. } | Self::Latest { .. } => true,
            Self::Failures { .. } => false,
        }
    }
}

/// Something to be counted before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Keyed hash of what is counted: an e-mail, a phone, an address, and what for.
    pub key: Digest,
    /// What the limit is called in answers.
    pub name: &'static str,
    /// What is allowed.
    pub limit: Limit,
}

/// What became of an attempt that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The guess was right: it and all before it are forgotten.
    Right,
    /// The guess was wrong.
    Wrong,
    /// It was never looked at.
    Untried,
}

impl Settled {
    /// Whether this alone is what is counted, though nothing was before.
    #[must_use]
    pub fn begins(self, limit: Limit) -> bool {
        self == Self::Wrong && !limit.counts_at_once()
    }
}

/// It was tried too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// What the limit is called in answers.
    pub name: &'static str,
    /// How many are allowed,
    pub quota: u32,
    /// within how long.
    pub within: TimeDelta,
    /// When the next attempt is allowed, from now.
    pub retry_after: TimeDelta,
}

/// What is remembered of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// How many there were, of guesses those that were wrong.
    pub count: u32,
    /// Guesses that are being looked at.
    pub pending: u32,
    /// No attempt is allowed before.
    pub not_before: Timestamp,
    /// From here on it is as if there had been none.
    pub expires_at: Timestamp,
}

impl Counter {
    /// Of no attempts.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { count: 0, pending: 0, not_before: now, expires_at: now }
    }

    /// Counts one more attempt, if it is allowed now. The one place that decides so.
    ///
    /// # Errors
    /// [`TooMany`]; then nothing is counted.
    pub fn take(self, attempt: &Attempt, now: Timestamp) -> Result<Self, TooMany> {
        let counter = if now >= self.expires_at { Self::new(now) } else { self };
        match attempt.limit {
            Limit::Guesses => counter.take_guess(attempt.name, now),
            Limit::Quota { most, within } if counter.count < most => Ok(counter.one_more(within, now)),
            Limit::Failures { most, .. } if counter.count < most => Ok(counter),
            Limit::Latest { kept } => Ok(Self { expires_at: now + kept, ..counter.one_more(kept, now) }),
            Limit::Quota { most, within } | Limit::Failures { most, within } => {
                Err(TooMany { name: attempt.name, quota: most, within, retry_after: counter.expires_at - now })
            }
        }
    }

    /// The first few guesses may be looked at together. After that there is one
    /// for each wait, which begins before its guess is looked at.
    fn take_guess(self, name: &'static str, now: Timestamp) -> Result<Self, TooMany> {
        let too_many = |within, retry_after| TooMany { name, quota: 1, within, retry_after };
        if self.is_waiting(now) {
            return Err(too_many(wait(self.count), self.not_before - now));
        }
        let expires_at = now + MEMORY;
        if self.count >= FREE_GUESSES {
            return Ok(Self { expires_at, ..self }.wrong(now));
        }
        let pending = self.pending(now);
        if pending >= MAX_PENDING {
            return Err(too_many(wait(FREE_GUESSES), wait(FREE_GUESSES)));
        }
        Ok(Self { pending: pending + 1, expires_at, ..self })
    }

    /// The counter after it is known what became of an attempt; `None` when there is nothing to remember.
    #[must_use]
    pub fn settle(self, limit: Limit, settled: Settled, now: Timestamp) -> Option<Self> {
        match (limit, settled) {
            (Limit::Guesses, Settled::Right) => None,
            // Its wait has begun already.
            (Limit::Guesses, Settled::Wrong) if self.pending == 0 => Some(self),
            (Limit::Guesses, Settled::Wrong) => {
                let counter = Self { pending: self.pending - 1, ..self };
                // One that was looked at together with others, of which enough were wrong, makes nobody wait longer.
                Some(if self.is_waiting(now) { counter } else { counter.wrong(now) })
            }
            (Limit::Guesses, Settled::Untried) if self.pending > 0 => Some(Self { pending: self.pending - 1, ..self }),
            (Limit::Failures { within, .. }, Settled::Wrong) => {
                let counter = if now >= self.expires_at { Self::new(now) } else { self };
                Some(counter.one_more(within, now))
            }
            (Limit::Quota { .. }, Settled::Wrong) | (Limit::Failures { .. } | Limit::Latest { .. }, _) => Some(self),
            (Limit::Guesses, Settled::Untried) | (Limit::Quota { .. }, Settled::Right | Settled::Untried) => {
                Some(Self { count: self.count.saturating_sub(1), ..self })
            }
        }
    }

    /// The guesses that can still be under way: the last one was taken when its memory began.
    fn pending(self, now: Timestamp) -> u32 {
        if now - (self.expires_at - MEMORY) > LONGEST_LOOK { 0 } else { self.pending }
    }

    /// Before that many guesses there is no wait: who read the clock first need not be counted first.
    fn is_waiting(self, now: Timestamp) -> bool {
        self.count >= FREE_GUESSES && now < self.not_before
    }

    fn one_more(self, within: TimeDelta, now: Timestamp) -> Self {
        let expires_at = if self.count == 0 { now + within } else { self.expires_at };
        Self { count: self.count.saturating_add(1), expires_at, ..self }
    }

    fn wrong(self, now: Timestamp) -> Self {
        let count = self.count.saturating_add(1);
        Self { count, not_before: now + wait(count), ..self }
    }
}

/// The counters that are to be written before these attempts, if every one is allowed.
///
/// # Errors
/// The [`TooMany`] with the longest wait.
pub fn take_all(
    attempts: &[Attempt],
    counter: impl Fn(&Digest) -> Option<Counter>,
    now: Timestamp,
) -> Result<Vec<(Digest, Counter)>, TooMany> {
    let take = |attempt: &Attempt| {
        let counter = counter(&attempt.key).unwrap_or_else(|| Counter::new(now));
        counter.take(attempt, now).map(|taken| attempt.limit.counts_at_once().then_some((attempt.key, taken)))
    };
    let (taken, refused): (Vec<_>, Vec<_>) = attempts.iter().map(take).partition(Result::is_ok);
    match refused.into_iter().filter_map(Result::err).max_by_key(|too_many| too_many.retry_after) {
        Some(too_many) => Err(too_many),
        None => Ok(taken.into_iter().flatten().flatten().collect()),
    }
}

/// How long the next guess waits after so many.
fn wait(guesses: u32) -> TimeDelta {
    let Some(step) = guesses.checked_sub(FREE_GUESSES) else { return TimeDelta::zero() };
    let seconds = WAITS.get(step as usize).copied().unwrap_or(LONGEST_WAIT);
    TimeDelta::seconds(seconds)
}

/// What counts as one address. Whoever has one of IPv6 has the other 2⁶⁴ of its network too.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    const GUESS: Attempt = Attempt { key: [1; 32], name: "account", limit: Limit::Guesses };

    fn quota(most: u32) -> Attempt {
        let within = TimeDelta::hours(1);
        Attempt { key: [2; 32], name: "codes", limit: Limit::Quota { most, within } }
    }

    fn wrong(counter: Counter, now: Timestamp) -> Counter {
        counter.take(&GUESS, now).unwrap().settle(GUESS.limit, Settled::Wrong, now).unwrap()
    }

    #[test]
    fn the_more_guesses_the_longer_the_next_one_waits() {
        let mut now = SystemClock.now();
        let mut counter = Counter::new(now);
        let waits = [0, 0, 0, 0, 1, 2, 4, 15, 60, 900, 900, 900];
        for seconds in waits {
            counter = wrong(counter, now);
            assert_eq!((counter.pending, counter.not_before - now), (0, TimeDelta::seconds(seconds)));
            if seconds > 0 {
                let too_many = counter.take(&GUESS, counter.not_before - TimeDelta::microseconds(1)).unwrap_err();
                assert_eq!(too_many.retry_after, TimeDelta::microseconds(1));
                assert_eq!((too_many.quota, too_many.within), (1, TimeDelta::seconds(seconds)));
            }
            now = counter.not_before;
        }
        let later = wrong(counter, now + MEMORY);
        assert_eq!(later.count, 1, "guesses are forgotten");
    }

    #[test]
    fn a_refused_guess_does_not_make_the_wait_longer() {
        let now = SystemClock.now();
        let counter = (0..5).fold(Counter::new(now), |counter, _| wrong(counter, now));
        for _ in 0..100 {
            counter.take(&GUESS, now).unwrap_err();
        }
        counter.take(&GUESS, now + TimeDelta::seconds(1)).unwrap();
    }

    #[test]
    fn who_read_the_clock_earlier_may_be_counted_later() {
        let now = SystemClock.now();
        let earlier = now - TimeDelta::milliseconds(1);
        let counter = Counter::new(now).take(&GUESS, now).unwrap().take(&GUESS, earlier).unwrap();
        let counter = counter.settle(GUESS.limit, Settled::Wrong, now).unwrap();
        let counter = counter.settle(GUESS.limit, Settled::Wrong, earlier).unwrap();
        assert_eq!((counter.count, counter.pending), (2, 0), "each is counted");
        counter.take(&GUESS, earlier).unwrap();
    }

    #[test]
    fn many_may_be_looked_at_together_once_and_then_one_by_one() {
        let now = SystemClock.now();
        let mut counter = Counter::new(now);
        for _ in 0..MAX_PENDING {
            counter = counter.take(&GUESS, now).unwrap();
        }
        counter.take(&GUESS, now).unwrap_err();
        for _ in 0..MAX_PENDING {
            counter = counter.settle(GUESS.limit, Settled::Wrong, now).unwrap();
        }
        assert_eq!((counter.count, counter.pending), (FREE_GUESSES, 0), "the wait is that after the fifth");
        let later = counter.not_before;
        let counter = counter.take(&GUESS, later).unwrap();
        counter.take(&GUESS, later).unwrap_err();
        let settled = counter.settle(GUESS.limit, Settled::Wrong, later).unwrap();
        assert_eq!(settled, counter, "its wait began before it was looked at");
    }

    #[test]
    fn guesses_that_nobody_settles_keep_others_waiting_for_seconds_only() {
        let now = SystemClock.now();
        let lost = (0..MAX_PENDING).fold(Counter::new(now), |counter, _| counter.take(&GUESS, now).unwrap());
        lost.take(&GUESS, now + LONGEST_LOOK).unwrap_err();
        let after = lost.take(&GUESS, now + LONGEST_LOOK + TimeDelta::microseconds(1)).unwrap();
        assert_eq!((after.count, after.pending), (0, 1));
    }

    #[test]
    fn what_was_right_or_never_looked_at_is_not_counted() {
        let now = SystemClock.now();
        let fresh = Counter::new(now);
        let taken = fresh.take(&GUESS, now).unwrap();
        assert_eq!(taken.settle(GUESS.limit, Settled::Right, now), None);
        assert_eq!(taken.settle(GUESS.limit, Settled::Untried, now).unwrap().pending, 0);
        let slow = (0..5).fold(fresh, |counter, _| wrong(counter, now));
        let taken = slow.take(&GUESS, slow.not_before).unwrap();
        assert_eq!(taken.settle(GUESS.limit, Settled::Untried, now).unwrap().count, 5);
        let quota = quota(3);
        let taken = fresh.take(&quota, now).unwrap();
        for (settled, count) in [(Settled::Right, 0), (Settled::Wrong, 1), (Settled::Untried, 0)] {
            assert_eq!(taken.settle(quota.limit, settled, now).unwrap().count, count, "{settled:?}");
        }
    }

    #[test]
    fn a_quota_begins_with_its_first_use_and_ends_as_a_whole() {
        let start = SystemClock.now();
        let mut counter = Counter::new(start - TimeDelta::days(1));
        for minutes in [0, 10, 20] {
            counter = counter.take(&quota(3), start + TimeDelta::minutes(minutes)).unwrap();
        }
        let too_many = counter.take(&quota(3), start + TimeDelta::minutes(45)).unwrap_err();
        assert_eq!((too_many.quota, too_many.retry_after), (3, TimeDelta::minutes(15)));
        assert_eq!(counter.take(&quota(3), start + TimeDelta::hours(1)).unwrap().count, 1);
    }

    #[test]
    fn failures_count_when_they_are_known() {
        let start = SystemClock.now();
        let attempt = Attempt { limit: Limit::Failures { most: 2, within: TimeDelta::hours(1) }, ..quota(0) };
        let fresh = Counter::new(start);
        assert_eq!(take_all(&[attempt], |_| None, start), Ok(Vec::new()), "nothing to write");
        assert_eq!(fresh.settle(attempt.limit, Settled::Right, start), Some(fresh));
        let once = fresh.settle(attempt.limit, Settled::Wrong, start).unwrap();
        once.take(&attempt, start).unwrap();
        let twice = once.settle(attempt.limit, Settled::Wrong, start + TimeDelta::minutes(20)).unwrap();
        let too_many = twice.take(&attempt, start + TimeDelta::minutes(45)).unwrap_err();
        assert_eq!((too_many.quota, too_many.retry_after), (2, TimeDelta::minutes(15)));
        let later = start + TimeDelta::hours(1);
        twice.take(&attempt, later).unwrap();
        assert_eq!(twice.settle(attempt.limit, Settled::Wrong, later).unwrap().count, 1);
    }

    #[test]
    fn what_is_only_remembered_is_never_refused_and_ends_after_the_last_time() {
        let start = SystemClock.now();
        let attempt = Attempt { limit: Limit::Latest { kept: TimeDelta::hours(1) }, ..quota(0) };
        let mut counter = Counter::new(start);
        for minutes in 0..90 {
            let now = start + TimeDelta::minutes(minutes);
            counter = counter.take(&attempt, now).unwrap();
            assert_eq!(counter.expires_at, now + TimeDelta::hours(1));
            assert_eq!(counter.settle(attempt.limit, Settled::Untried, now), Some(counter));
        }
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
}
