//! Keys that all instances share.

use async_trait::async_trait;

use super::MemoryStore;
use crate::clock::Timestamp;
use crate::key::StoredKey;
use crate::store::{KeyStore, StoreError};

#[async_trait]
impl KeyStore for MemoryStore {
    async fn list_keys(&self, now: Timestamp) -> Result<Vec<StoredKey>, StoreError> {
        let mut keys = self.read(|state| state.keys.clone());
        keys.retain(|key| key.retired_at.is_none_or(|retired_at| now < retired_at));
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(keys)
    }

    async fn add_missing_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError> {
        self.write(|state| {
            for key in keys {
                if state.keys.iter().all(|other| other.purpose != key.purpose) {
                    state.keys.push(key.clone());
                }
            }
            Ok(())
        })
    }
}
