//! Keys that all instances share.

use async_trait::async_trait;

use super::error::StoreError;
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::key::StoredKey;

/// Keys that all instances share.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Every key that is not retired at `now`, oldest first.
    async fn list_keys(&self, now: Timestamp) -> Result<Vec<StoredKey>, StoreError>;

    /// Stores each key whose purpose has none yet. Two instances that start at
    /// once end with the same keys.
    async fn add_missing_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError>;

    /// Stores a key that takes over from all others of its purpose: those
    /// that have no end yet are retired at `retire_at`.
    async fn rotate_key(&self, key: &StoredKey, retire_at: Timestamp, event: &Event) -> Result<(), StoreError>;

    /// Writes sealed keys over the same ones unsealed. One that is sealed already stays as it is.
    async fn seal_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError>;
}
