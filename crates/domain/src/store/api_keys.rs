//! API keys.

use async_trait::async_trait;

use super::error::{StoreError, WriteError};
use super::sessions::Generation;
#[cfg(doc)]
use super::sessions::SessionStore;
use crate::actor::Authority;
use crate::actor::FreshProof;
use crate::api_key::ApiKey;
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::id::{ApiKeyId, UserId};
use crate::user::User;

/// API keys of staff. They go with their owner.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Stores a key of whoever makes it, if they have fewer than `most`. [`WriteError::NotFresh`];
    /// [`WriteError::TooManyKeys`].
    async fn create_api_key(
        &self,
        by: &Authority,
        proof: &FreshProof,
        key: &ApiKey,
        most: u64,
        event: &Event,
    ) -> Result<(), WriteError>;

    /// The key and its owner, if the key has not been revoked and not expired at `now`, and the owner is active and in
    /// the role in which they made it. One query by primary key, since every request asks.
    async fn find_key_caller(&self, id: ApiKeyId, now: Timestamp) -> Result<Option<(User, ApiKey)>, StoreError>;

    /// Where a key and its owner stand, in the sense of [`SessionStore::generation`]: what [`Self::find_key_caller`]
    /// answered may be used again as long as it is the one from before the question.
    fn key_generation(&self, _key: ApiKeyId, _owner: UserId) -> Option<Generation> {
        None
    }

    /// The key, expired or not.
    async fn find_api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// The keys of a person, or of all, newest first, expired ones included.
    async fn list_api_keys(&self, owner: Option<UserId>) -> Result<Vec<ApiKey>, StoreError>;

    /// Removes the key. Answers whether it was there; records the event if so.
    async fn revoke_api_key(&self, by: &Authority, id: ApiKeyId, event: &Event) -> Result<bool, WriteError>;

    /// Notes that the key was used now, unless a use after `unless_after` is noted already.
    async fn note_key_use(&self, id: ApiKeyId, now: Timestamp, unless_after: Timestamp) -> Result<(), StoreError>;
}
