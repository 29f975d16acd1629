//! What has expired, and whether the database can be used.

use async_trait::async_trait;

use super::erasure::Erasure;
use super::error::{StoreError, WriteError};
use crate::clock::Timestamp;
use crate::user::User;

/// What is of no use once it has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expirable {
    /// One-time codes, used or not, with their messages.
    Challenges,
    /// First answers to requests that came under a key.
    StoredAnswers,
    /// Sign-ins that were not renewed.
    Sessions,
    /// Counters of attempts.
    Attempts,
    /// Networks from which somebody was signed in.
    Networks,
}

impl Expirable {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Challenges, Self::StoredAnswers, Self::Sessions, Self::Attempts, Self::Networks];
}

/// Clearing away what has expired.
#[async_trait]
pub trait HousekeepingStore: Send + Sync {
    /// Takes the housekeeping until `until`, unless another instance has it at
    /// `now`. Answers whether it did.
    async fn take_housekeeping(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError>;

    /// Removes at most `limit` rows that expired before `before`, the longest
    /// expired first. Answers how many.
    async fn remove_expired(&self, kind: Expirable, before: Timestamp, limit: u64) -> Result<u64, StoreError>;

    /// How many messages wait in the outbox.
    async fn count_messages(&self) -> Result<u64, StoreError>;

    /// At most `limit` sign-ups from before `before` that nobody has approved, the oldest first.
    async fn list_unapproved(&self, before: Timestamp, limit: u64) -> Result<Vec<User>, StoreError>;

    /// Erases somebody as [`ErasureStore::erase_user`](super::erasure::ErasureStore::erase_user) does, if nobody has approved their sign-up until then;
    /// [`WriteError::Stale`] otherwise.
    async fn forget_signup(&self, erasure: &Erasure) -> Result<(), WriteError>;
}

/// The state of the database.
#[async_trait]
pub trait HealthStore: Send + Sync {
    /// Whether the database answers and its schema has all that this program needs.
    async fn check_ready(&self) -> Result<(), StoreError>;
}
