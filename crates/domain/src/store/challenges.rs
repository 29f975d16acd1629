//! One-time codes, counters of attempts, and known networks.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use super::users::Account;
use crate::audit::Event;
use crate::challenge::{Challenge, Message};
use crate::clock::Timestamp;
use crate::id::{ChallengeId, UserId};
use crate::limit::{Attempt, Settled};
use crate::session::{Digest, Session};
use crate::user::PasswordHash;

/// A code that somebody gives, and what it counts as when it is wrong.
pub struct CodeGuess<'a> {
    /// Whether it is the code of this challenge. A code that was never sent is none.
    pub is_right: &'a (dyn Fn(&Challenge) -> bool + Send + Sync),
    /// What a wrong one counts as. Where that is used up, no code is looked at.
    pub if_wrong: &'a [Attempt],
}

/// A challenge after a code was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// As it is now, this try counted.
    pub challenge: Challenge,
    /// Whether the code was right, and had been sent.
    pub is_right: bool,
}

/// Everything that a redeemed code does, in one transaction. Parts that are
/// not given do not happen.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// A new account to write, whose the challenge is after that.
    pub account: Option<Account>,
    /// A person whose contact is proven now; when it was before, nothing about them changes.
    pub verified: Option<UserId>,
    /// A person's new password; all their sessions end, and every open
    /// challenge that has to do with the old one is closed. Unless it is their
    /// first one, they are told, beside the first of the events.
    pub password: Option<(UserId, PasswordHash)>,
    /// A session to start.
    pub session: Option<Session>,
    /// What to record.
    pub events: Vec<Event>,
}

/// One-time codes and the messages that carry them.
#[async_trait]
pub trait ChallengeStore: Send + Sync {
    /// Opens the challenge and puts its message into the outbox. If the open
    /// one of the same purpose and subject is younger than `quiet_since`,
    /// nothing is written and that one is answered; an older one is replaced,
    /// if [`AttemptStore::take_attempts`] allows `attempts`. [`WriteError::Gone`] when whose it would be is.
    async fn open_challenge(
        &self,
        challenge: &Challenge,
        message: &Message,
        quiet_since: Timestamp,
        attempts: &[Attempt],
    ) -> Result<Challenge, WriteError>;

    /// Counts a try, for good, and answers the challenge as it is after that. `None` when it is not open. A wrong
    /// code is counted as the guess says, one by one, in the same transaction; [`WriteError::TooMany`] when that is
    /// used up, and then nothing was tried. A code whose message was not sent yet is wrong.
    async fn take_try(
        &self,
        id: ChallengeId,
        now: Timestamp,
        guess: &CodeGuess<'_>,
    ) -> Result<Option<Tried>, WriteError>;

    /// Takes a counted try back: the code was right, and what it was for could not be done.
    async fn return_try(&self, id: ChallengeId) -> Result<(), StoreError>;

    /// Uses the challenge up and does what it was for, in one transaction.
    /// [`WriteError::Stale`] when it was used before or went with its person,
    /// and when it would sign somebody in who is not active at that moment;
    /// [`WriteError::Gone`] when the person went otherwise.
    async fn redeem(&self, id: ChallengeId, now: Timestamp, outcome: &Outcome) -> Result<(), WriteError>;
}

/// Counters of what must not be tried too often, and the networks that are exempt from some of them.
#[async_trait]
pub trait AttemptStore: Send + Sync {
    /// Counts the attempts, as [`take_all`](crate::limit::take_all) says, all of them or none. [`WriteError::TooMany`] tells the longest wait.
    async fn take_attempts(&self, attempts: &[Attempt], now: Timestamp) -> Result<(), WriteError>;

    /// Notes what became of attempts that were counted, as [`settle_all`](crate::limit::settle_all) says.
    async fn settle_attempts(&self, attempts: &[Attempt], settled: Settled, now: Timestamp) -> Result<(), StoreError>;

    /// Whether it is remembered at `now` that this person was signed in from a network. The
    /// network is a keyed hash of it and the person.
    async fn knows_network(&self, user: UserId, network: &Digest, now: Timestamp) -> Result<bool, StoreError>;

    /// Remembers until `until` that a person was signed in from a network. Writes nothing when that
    /// is remembered until `enough` or longer, and when the person is gone. It goes with the person.
    async fn remember_network(
        &self,
        user: UserId,
        network: &Digest,
        until: Timestamp,
        enough: Timestamp,
    ) -> Result<(), StoreError>;
}
