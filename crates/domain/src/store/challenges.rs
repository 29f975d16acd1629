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
    /// The attempts that a wrong code counts as. When these are used up, no code is checked.
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

/// Everything that a redeemed code does, in one transaction. Parts that are not given do not happen.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// A new account to write. The challenge belongs to it afterwards.
    pub account: Option<Account>,
    /// A person whose contact is proven now. If it was proven before, nothing about them changes.
    pub verified: Option<UserId>,
    /// A person's new password. All their sessions end, and every open challenge that depends on the old password is
    /// closed. Unless it is their first password, notices are written with the first event.
    pub password: Option<(UserId, PasswordHash)>,
    /// A session to start.
    pub session: Option<Session>,
    /// What to record.
    pub events: Vec<Event>,
}

/// One-time codes and the messages that carry them.
#[async_trait]
pub trait ChallengeStore: Send + Sync {
    /// Opens the challenge and puts its message into the outbox. If there is an open challenge of the same purpose and
    /// subject that is younger than `quiet_since`, nothing is written and that one is answered. An older one is
    /// replaced, if [`AttemptStore::take_attempts`] allows `attempts`. [`WriteError::Gone`] when its owner was erased.
    async fn open_challenge(
        &self,
        challenge: &Challenge,
        message: &Message,
        quiet_since: Timestamp,
        attempts: &[Attempt],
    ) -> Result<Challenge, WriteError>;

    /// Counts a try and answers the challenge as it is afterwards; `None` when it is not open. A wrong code counts as
    /// the guess says, in the same transaction. [`WriteError::TooMany`] when those attempts are used up; then nothing
    /// was tried. A code whose message was not sent yet is wrong.
    async fn take_try(
        &self,
        id: ChallengeId,
        now: Timestamp,
        guess: &CodeGuess<'_>,
    ) -> Result<Option<Tried>, WriteError>;

    /// Takes a counted try back. The code was right, but its purpose could not be carried out.
    async fn return_try(&self, id: ChallengeId) -> Result<(), StoreError>;

    /// Uses the challenge up and writes its outcome, in one transaction. [`WriteError::Stale`] when it was used before
    /// or was erased with its owner, and when it would sign in somebody who is not active now. [`WriteError::Gone`]
    /// when another person of the outcome was erased.
    async fn redeem(&self, id: ChallengeId, now: Timestamp, outcome: &Outcome) -> Result<(), WriteError>;
}

/// Counters of attempts, and the networks that are exempt from some of them.
#[async_trait]
pub trait AttemptStore: Send + Sync {
    /// Counts all of the attempts or none, as [`take_all`](crate::limit::take_all) says. [`WriteError::TooMany`] has
    /// the longest wait.
    async fn take_attempts(&self, attempts: &[Attempt], now: Timestamp) -> Result<(), WriteError>;

    /// Notes the outcome of attempts that were counted, as [`settle_all`](crate::limit::settle_all) says.
    async fn settle_attempts(&self, attempts: &[Attempt], settled: Settled, now: Timestamp) -> Result<(), StoreError>;

    /// Whether it is remembered at `now` that this person was signed in from this network. `network` is a keyed hash of
    /// the network and the person.
    async fn knows_network(&self, user: UserId, network: &Digest, now: Timestamp) -> Result<bool, StoreError>;

    /// Remembers until `until` that a person was signed in from a network. Writes nothing if that is remembered until
    /// `enough` or longer already, or if the person was erased. It is erased with the person.
    async fn remember_network(
        &self,
        user: UserId,
        network: &Digest,
        until: Timestamp,
        enough: Timestamp,
    ) -> Result<(), StoreError>;
}
