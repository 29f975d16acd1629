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

    /// Stores each key whose purpose has no key yet. Two instances that start at the same time get the same keys.
    async fn add_missing_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError>;

    /// Stores a key that replaces all others of its purpose. The others are retired at `retire_at`, if they have no end
    /// yet.
    async fn rotate_key(&self, key: &StoredKey, retire_at: Timestamp, event: &Event) -> Result<(), StoreError>;

    /// Replaces unsealed keys by their sealed form. A key that is sealed already stays as it is.
    async fn seal_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError>;
}
