//! How often something may be tried. The counters live in the database, so
//! that all instances share them.

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
    /// Guesses at one account from one network. Ten are free; then the next one waits, longer each time.
    Guesses,
    /// Guesses at one account from all networks that the account does not know. After ten wrong ones within an
    /// hour each network has one in 20 seconds, by its own [`Limit::Guesses`]; after a hundred there are none.
    GuessesInAll,
    /// Guesses from one network at all accounts that do not know it. Wrong ones at thirty accounts within ten
    /// minutes are free; then the next one waits, longer each time, up to a minute.
    GuessesAnywhere,
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
            Self::Guesses | Self::GuessesInAll | Self::GuessesAnywhere | Self::Quota { .. } | Self::Latest { .. } => {
                true
            }
            Self::Failures { .. } => false,
        }
    }

    /// How many may be under way at once, for limits that make those beyond wait for them.
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
    /// Whether that depends on attempts that are under way: one more may be allowed at any moment.
    pub is_under_way: bool,
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
        self.take_beside(attempt, false, now)
    }

    /// `is_spaced`: whether so many guesses at the account were wrong that each network has to leave time between two.
    fn take_beside(self, attempt: &Attempt, is_spaced: bool, now: Timestamp) -> Result<Self, TooMany> {
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

    /// The counter after it is known what became of an attempt; `None` when there is nothing to remember.
    #[must_use]
    pub fn settle(self, limit: Limit, settled: Settled, now: Timestamp) -> Option<Self> {
        self.settle_beside(limit, settled, true, now)
    }

    /// `is_first`: whether no guess at the account from this network was known to be wrong before.
    fn settle_beside(self, limit: Limit, settled: Settled, is_first: bool, now: Timestamp) -> Option<Self> {
        match (limit, settled) {
            // Others that are under way stay so.
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

/// The counters that are to be written before these attempts, if every one is allowed.
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
            .take_beside(attempt, is_spaced, now)
            .map(|taken| attempt.limit.counts_at_once().then_some((attempt.key, taken)))
    };
    let (taken, refused): (Vec<_>, Vec<_>) = attempts.iter().map(take).partition(Result::is_ok);
    // A limit that says when comes before one that does not know.
    let longest = |too_many: &TooMany| (!too_many.is_under_way, too_many.retry_after);
    match refused.into_iter().filter_map(Result::err).max_by_key(longest) {
        Some(too_many) => Err(too_many),
        None => Ok(taken.into_iter().flatten().flatten().collect()),
    }
}

/// What becomes of the counters of these attempts once it is known what became of them; `None` for one that is
/// forgotten. One that is not there any more was forgotten meanwhile, and stays so.
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
        Some((attempt.key, counter.settle_beside(attempt.limit, settled, is_first, now)))
    };
    attempts.iter().filter_map(settle).collect()
}

/// What counts as one address. Whoever has one of IPv6 has the other 2⁶⁴ of its network too.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}
