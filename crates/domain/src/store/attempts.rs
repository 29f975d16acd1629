//! Counters of attempts, and known networks.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::limit::{Attempt, Settled};
use crate::session::Digest;

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
