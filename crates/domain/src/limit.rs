//! How often something may be tried. The counters are in the database, so that all instances share them.

mod guesses;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv6Addr};

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::session::Digest;

/// What is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Guesses at one account from one network. Ten are free. After that, the next guess waits, longer each time.
    Guesses,
    /// Guesses at one account from all networks that the account does not know. After ten wrong guesses within an hour,
    /// each network may make one guess in 20 seconds, which its own [`Limit::Guesses`] enforces. After a hundred,
    /// nobody may make one.
    GuessesInAll,
    /// Guesses from one network at all accounts that do not know it. Wrong guesses at thirty accounts within ten
    /// minutes are free. After that, the next guess waits, longer each time, up to a minute.
    GuessesAnywhere,
    /// A number of attempts within a time that begins with the first.
    Quota {
        /// How many.
        most: u32,
        /// Within how long.
        within: TimeDelta,
    },
    /// A number of wrong attempts within a time that begins with the first. Only wrong ones are written, since many
    /// people attempt this at once. So a few more than `most` may be checked at the same moment.
    Failures {
        /// How many.
        most: u32,
        /// Within how long.
        within: TimeDelta,
    },
    /// No limit. The counter remembers when it was last done, and expires `kept` after that.
    Latest {
        /// How long it is remembered.
        kept: TimeDelta,
    },
}

impl Limit {
    /// Whether an attempt is written before its outcome is known.
    #[must_use]
    pub fn counts_at_once(self) -> bool {
        match self {
            Self::Guesses | Self::GuessesInAll | Self::GuessesAnywhere | Self::Quota { .. } | Self::Latest { .. } => {
                true
            }
            Self::Failures { .. } => false,
        }
    }

    /// How many attempts may be under way at once, for limits that make further attempts wait for those.
    #[must_use]
    pub fn at_once(self) -> Option<u32> {
        match self {
            Self::Guesses => Some(guesses::ACCOUNT.free),
            Self::GuessesAnywhere => Some(guesses::NETWORK.free),
            Self::GuessesInAll | Self::Quota { .. } | Self::Failures { .. } | Self::Latest { .. } => None,
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

/// The outcome of an attempt that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The guess was right. It and all guesses before it are forgotten.
    Right,
    /// The guess was wrong.
    Wrong,
    /// The guess was never checked.
    Untried,
}

impl Settled {
    /// Whether this outcome begins a counter where there is none.
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
    /// How many attempts are allowed within `within`.
    pub quota: u32,
    /// The time in which `quota` attempts are allowed.
    pub within: TimeDelta,
    /// How long from now until the next attempt is allowed.
    pub retry_after: TimeDelta,
    /// Whether attempts that are under way are the reason. Then one more may be allowed at any moment.
    pub is_under_way: bool,
}

/// What is remembered of the attempts under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// How many attempts there were. Of guesses, only wrong ones count.
    pub count: u32,
    /// Guesses that are being checked.
    pub pending: u32,
    /// No attempt is allowed before.
    pub not_before: Timestamp,
    /// From this moment on, all attempts are forgotten.
    pub expires_at: Timestamp,
}

impl Counter {
    /// The counter of no attempts.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { count: 0, pending: 0, not_before: now, expires_at: now }
    }

    /// Counts one more attempt if it is allowed now, and otherwise nothing. `is_spaced` tells whether so many guesses
    /// at the account were wrong that each network has to leave time between two.
    fn take(self, attempt: &Attempt, is_spaced: bool, now: Timestamp) -> Result<Self, TooMany> {
        let counter = self.unless_expired(now);
        match attempt.limit {
            Limit::Guesses => guesses::ACCOUNT.take(counter, attempt.name, is_spaced, now),
            Limit::GuessesInAll => guesses::take_in_all(counter, attempt.name, now),
            Limit::GuessesAnywhere => guesses::NETWORK.take(counter, attempt.name, false, now),
            Limit::Quota { most, within } if counter.count < most => Ok(counter.one_more(within, now)),
            Limit::Failures { most, .. } if counter.count < most => Ok(counter),
            Limit::Latest { kept } => Ok(Self { expires_at: now + kept, ..counter.one_more(kept, now) }),
            Limit::Quota { most, within } | Limit::Failures { most, within } => {
                let retry_after = counter.expires_at - now;
                Err(TooMany { name: attempt.name, quota: most, within, retry_after, is_under_way: false })
            }
        }
    }

    /// The counter once the outcome of an attempt is known; `None` when there is nothing to remember. `is_first` tells
    /// whether this network has made no wrong guess at the account before.
    fn settle(self, limit: Limit, settled: Settled, is_first: bool, now: Timestamp) -> Option<Self> {
        match (limit, settled) {
            // Other guesses stay under way.
            (Limit::Guesses, Settled::Right) => {
                guesses::unless_empty(Self { count: 0, ..guesses::ACCOUNT.take_back(self, now) })
            }
            (Limit::Guesses, Settled::Wrong) => Some(guesses::ACCOUNT.settle_wrong(self, true, now)),
            (Limit::Guesses, Settled::Untried) => guesses::unless_empty(guesses::ACCOUNT.take_back(self, now)),
            (Limit::GuessesInAll, _) => guesses::unless_empty(guesses::settle_in_all(self, settled)),
            (Limit::GuessesAnywhere, Settled::Wrong) => {
                guesses::unless_empty(guesses::NETWORK.settle_wrong(self, is_first, now))
            }
            (Limit::GuessesAnywhere, _) => guesses::unless_empty(guesses::NETWORK.take_back(self, now)),
            (Limit::Failures { within, .. }, Settled::Wrong) => Some(self.unless_expired(now).one_more(within, now)),
            (Limit::Quota { .. }, Settled::Wrong) | (Limit::Failures { .. } | Limit::Latest { .. }, _) => Some(self),
            (Limit::Quota { .. }, Settled::Right | Settled::Untried) => {
                Some(Self { count: self.count.saturating_sub(1), ..self })
            }
        }
    }

    fn unless_expired(self, now: Timestamp) -> Self {
        if now >= self.expires_at { Self::new(now) } else { self }
    }

    fn one_more(self, within: TimeDelta, now: Timestamp) -> Self {
        let expires_at = if self.count == 0 { now + within } else { self.expires_at };
        Self { count: self.count.saturating_add(1), expires_at, ..self }
    }
}

/// The counters to write before these attempts, if every attempt is allowed.
///
/// # Errors
/// The [`TooMany`] with the longest wait.
pub fn take_all(
    attempts: &[Attempt],
    counter: impl Fn(&Digest) -> Option<Counter>,
    now: Timestamp,
) -> Result<Vec<(Digest, Counter)>, TooMany> {
    let known = |attempt: &Attempt| counter(&attempt.key).unwrap_or_else(|| Counter::new(now));
    let in_all = attempts.iter().filter(|attempt| attempt.limit == Limit::GuessesInAll).map(known);
    let is_spaced = in_all.into_iter().any(|counter| guesses::is_spaced(&counter, now));
    let take = |attempt: &Attempt| {
        known(attempt)
            .take(attempt, is_spaced, now)
            .map(|taken| attempt.limit.counts_at_once().then_some((attempt.key, taken)))
    };
    let (taken, refused): (Vec<_>, Vec<_>) = attempts.iter().map(take).partition(Result::is_ok);
    // A limit that knows the moment of the next attempt takes precedence over one that waits for other attempts.
    let longest = |too_many: &TooMany| (!too_many.is_under_way, too_many.retry_after);
    match refused.into_iter().filter_map(Result::err).max_by_key(longest) {
        Some(too_many) => Err(too_many),
        None => Ok(taken.into_iter().flatten().flatten().collect()),
    }
}

/// The counters once the outcome of these attempts is known; `None` for a counter to be removed. A counter that is no
/// longer there was removed meanwhile, and is not written again.
#[must_use]
pub fn settle_all(
    attempts: &[Attempt],
    counter: impl Fn(&Digest) -> Option<Counter>,
    settled: Settled,
    now: Timestamp,
) -> Vec<(Digest, Option<Counter>)> {
    let here = attempts.iter().filter(|attempt| attempt.limit == Limit::Guesses);
    let is_first = here.filter_map(|attempt| counter(&attempt.key)).all(|counter| counter.count == 0);
    let settle = |attempt: &Attempt| {
        let fresh = settled.begins(attempt.limit).then(|| Counter::new(now));
        let counter = counter(&attempt.key).or(fresh)?;
        Some((attempt.key, counter.settle(attempt.limit, settled, is_first, now)))
    };
    attempts.iter().filter_map(settle).collect()
}

/// The network that an address is counted as: an IPv4 address, or a /64 of IPv6, which one subscriber usually has.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}
